"""Tables of counts: what a cell, a date and a label mean, and a row number for what is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from openpyxl import Workbook

from qi_equity import sources
from qi_equity.errors import DataErrors, UserError
from qi_equity.project import Project
from qi_equity.project_file import load as load_project
from qi_equity.sources import Imported, cells, dates
from qi_equity.sources.outline import outline

STRATA = {
    "code_system": "own",
    "groups": [
        {"name": "Black", "codes": ["nhblack", "Black NH"]},
        {"name": "White", "codes": ["nhwhite"]},
        {"name": "Not recorded", "unknown": True, "missing": True},
    ],
    "reference": {"compare_with": "everyone else", "reason": "no group is the norm"},
}
MAPPING = {
    "kind": "table",
    "path": "counts.csv",
    "subgroup": "week",
    "stratum": "group",
    "site": "unit",
    "numerator": "events",
    "denominator": "births",
}


def project(mapping: Mapping[str, object] | None = None, **measure: object) -> Project:
    def named(name: str) -> dict[str, object]:
        words = {"id": name, "name": name.upper(), "role": "outcome", "numerator": "n"}
        return {**words, "direction": "decrease", **measure}

    aim = {"stratum": "Black", "measure": "pph", "from": 0.2, "to": 0.1, "by": "2026-01-01"}
    return Project.model_validate(
        {
            "id": "trial",
            "title": "A trial",
            "clinical_area": "other",
            "network": "N",
            "sites": [{"id": "north", "name": "North Unit"}, {"id": "south", "name": "South Unit"}],
            "aim": {
                "population": "women",
                **{key: aim[key] for key in ("measure", "from", "to", "by")},
                "equity": [aim],
            },
            "strata": STRATA,
            "measures": [named("pph")]
            if not (mapping or {}).get("measure")
            else [named("pph"), named("tears")],
            "data": {**MAPPING, **(mapping or {})},
        }
    )


HEADER = "week,unit,group,events,births"


def load(
    tmp_path: Path,
    rows: str,
    mapping: Mapping[str, object] | None = None,
    header: str = HEADER,
    encoding: str = "utf-8",
) -> Imported:
    (tmp_path / "counts.csv").write_bytes(f"{header}\n{rows}".encode(encoding))
    return sources.load(project(mapping), base=tmp_path)


def refused(imported: Imported) -> dict[str, str]:
    return dict(zip(imported.refused["reason"], imported.refused["where"], strict=True))


@pytest.mark.parametrize(
    ("cell", "state"),
    [
        ("*", "suppressed"),
        ("c", "suppressed"),
        ("[c]", "suppressed"),
        ("Suppressed", "suppressed"),
        ("<5", "bound"),
        ("< 10", "bound"),
        ("≤7", "bound"),
        ("1-4", "bound"),
        ("fewer than 5", "bound"),
        ("DNS", "missing"),
        ("Low DQ", "missing"),
        ("-", "missing"),
        ("[x]", "missing"),
        ("", "missing"),
        (None, "missing"),
        (float("nan"), "missing"),
        ("N/A", "missing"),
        ("O", "wrong"),
        ("12,5", "wrong"),
        ("1e999", "wrong"),
        (True, "wrong"),
        (float("inf"), "wrong"),
    ],
)
def test_a_token_is_never_a_number_and_never_zero(cell: object, state: str) -> None:
    read = cells.read(cell, {})
    assert read.state == state
    assert read.number != read.number


@pytest.mark.parametrize(
    ("cell", "number"),
    [("0", 0), (0, 0), (" 12 ", 12), ("1,204", 1204), ("12.0", 12), (7.0, 7), ("1,000,000", 1e6)],
)
def test_numbers_as_people_write_them(cell: object, number: float) -> None:
    read = cells.read(cell)
    assert (read.number, read.state) == (number, "number")


@pytest.mark.parametrize(
    ("cell", "number", "unit"),
    [
        ("1 200", 1200, None),
        ("1\u00a0200", 1200, None),
        ("1,234.5", 1234.5, None),
        ("1.234,5", 1234.5, None),
        ("1200 ml", 1200, "ml"),
        ("1200mls", 1200, "mls"),
        ("1.2 L", 1.2, "l"),
        ("~450", 450, None),
        ("approx 1,000 ml", 1000, "ml"),
        ("3 (12%)", 3, None),
        ("12%", 12, "%"),
        ("36+4", 36 + 4 / 7, "weeks"),
        ("38w2d", 38 + 2 / 7, "weeks"),
        ("38 weeks and 2 days", 38 + 2 / 7, "weeks"),
    ],
)
def test_numbers_with_units_and_words(cell: str, number: float, unit: str | None) -> None:
    read = cells.read(cell)
    assert (read.number, read.unit, read.state) == (pytest.approx(number), unit, "number")


@pytest.mark.parametrize(
    ("cell", "low", "high"),
    [("<5", -math.inf, 5), (">1000", 1000, math.inf), ("1000+", 1000, math.inf), ("1-4", 1, 4)],
)
def test_what_a_cell_bounds_is_kept_as_bounds(cell: str, low: float, high: float) -> None:
    read = cells.read(cell)
    assert (read.low, read.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    ("column", "usual", "numbers"),
    [
        (["0,450", "1,200"], ".", [0.45, 1.2]),  # 0,450 can never be thousands
        (["400,0", "12,5"], None, [400, 12.5]),
        (["1,200", "450"], ".", [1200, 450]),
        (["1.200,5", "1.200"], None, [1200.5, 1200]),  # both marks in one number prove both
        (["1,200", "450"], None, [None, 450]),  # between semicolons it could be either
        (["12,5", "1,200"], ".", [12.5, None]),
        (["1,234,567", "1,200"], None, [1234567, 1200]),
        (["12.5", "1,200"], None, [12.5, 1200]),
    ],
)
def test_a_column_proves_its_decimal_mark_or_what_could_be_either_is_refused(
    column: list[str], usual: cells.Mark | None, numbers: list[float | None]
) -> None:
    read = cells.column(column, mark=usual).cells
    assert [cell.number if cell.state == "number" else None for cell in read] == numbers
    assert all("could be" in cell.said for cell in read if cell.state == "wrong")


@pytest.mark.parametrize(
    ("column", "name", "unit", "numbers"),
    [
        (["450", "440 ml"], "EBL", "ml", [450, 440]),
        (["450", "1.2 l", "440 ml"], "EBL", "ml", [450, 1200, 440]),
        (["450", "1.2 l"], "EBL (ml)", "ml", [450, 1200]),
        (["450", "460", "1.2 l"], "EBL", "ml", [450, 460, None]),  # 450 what?
        (["1.2 l", "0.4 l", "450"], "EBL", "l", [1.2, 0.4, None]),
        (["450", "30 min"], "EBL (ml)", "ml", [450, None]),
        (["36+4", "39"], "ga", "weeks", [36 + 4 / 7, 39]),
        (["36+4", "273"], "gestation_days", "days", [256, 273]),
        (["450", "460", "36+4"], "ebl", "weeks", [450, 460, None]),  # no pregnancy lasts so long
    ],
)
def test_a_column_is_brought_into_one_unit_or_refused(
    column: list[str], name: str, unit: str, numbers: list[float | None]
) -> None:
    read = cells.column(column, name)
    assert read.unit == unit
    found = [cell.number if cell.state == "number" else None for cell in read.cells]
    assert found == [pytest.approx(number) if number is not None else None for number in numbers]


def test_a_file_may_have_tokens_of_its_own() -> None:
    assert cells.read("0", {"0": "suppressed"}).state == "suppressed"


def test_withheld_counts_are_kept_as_not_known(tmp_path: Path) -> None:
    rows = "2025-01-06,north,nhblack,*,20\n2025-01-06,north,nhwhite,DNS,60\n"
    imported = load(tmp_path, rows)
    assert imported.observations["numerator"].isna().all()
    assert imported.observations["denominator"].tolist() == [20, 60]
    assert imported.suppressed[["stratum", "column", "token"]].values.tolist() == [
        ["Black", "numerator", "*"]
    ]
    assert "1 counts: not known, never zero" in str(imported)
    assert "1 of 'numerator' are 'DNS': not given, never zero" in str(imported)


def test_a_column_that_marks_withheld_counts(tmp_path: Path) -> None:
    rows = "2025-01-06,north,nhblack,3,20,True\n2025-01-06,north,nhwhite,2,60,False\n"
    imported = load(tmp_path, rows, {"suppressed": "hidden"}, f"{HEADER},hidden")
    assert imported.observations["numerator"].isna().tolist() == [True, False]


def test_every_problem_at_once_with_its_row(tmp_path: Path) -> None:
    imported = load(
        tmp_path,
        "2025-01-06,north,nhblack,2,20\n"
        "2025-13-06,north,nhwhite,2,60\n"
        "2025-01-06,nroth,nhwhite,2,60\n"
        "2025-01-06,north,Purple,2,60\n"
        "2025-01-13,north,nhwhite,two,60\n"
        "2025-01-13,north,nhblack,-1,20\n"
        "2025-01-13,south,nhblack,2.5,20\n"
        "2025-01-20,south,nhblack,21,20\n"
        "2025-01-27,south,nhblack,1,20\n"
        "2025-01-27,south,nhblack,2,20\n",
    )
    why = refused(imported)
    assert why["there is no such day as '2025-13-06'"] == "row 3"
    assert why["'numerator': 'two' is not a number"] == "row 6"
    assert why["'numerator' is below zero"] == "row 7"
    assert why["'numerator' is 2.5, not a whole number"] == "row 8"
    assert why["more events than births: numerator above denominator"] == "row 9"
    differ = "counts differ between rows for the same measure, site, stratum and date"
    assert why[differ] == "rows 10, 11"
    assert any("'nroth'; did you mean 'north'" in reason for reason in why)
    assert (imported.read, imported.taken, imported.refused["rows"].sum()) == (10, 1, 9)


def test_a_label_that_nobody_mapped_is_refused_by_name_and_never_not_stated(tmp_path: Path) -> None:
    imported = load(tmp_path, "2025-01-06,north,Purple,2,60\n2025-01-06,north,,2,60\n")
    assert imported.observations["stratum"].tolist() == ["Not recorded"]
    assert imported.observations["denominator"].tolist() == [60]
    assert "no group has the ethnicity 'Purple'" in imported.refused["reason"][0]
    assert imported.codes.set_index("code")["count"].to_dict() == {"": 1, "Purple": 1}


def test_copies_are_dropped_and_said(tmp_path: Path) -> None:
    imported = load(tmp_path, "2025-01-06,north,nhblack,2,20\n" * 3)
    assert refused(imported) == {"a copy of an earlier row": "rows 3, 4"}
    assert len(imported.observations) == 1


def test_days_of_one_week_are_added_up_and_an_unknown_day_makes_the_week_unknown(
    tmp_path: Path,
) -> None:
    imported = load(
        tmp_path,
        "2025-01-06,north,nhblack,2,20\n2025-01-08,north,nhblack,1,10\n"
        "2025-01-06,north,nhwhite,*,20\n2025-01-08,north,nhwhite,1,10\n",
    )
    table = imported.observations.set_index("stratum")
    assert table.loc["Black", ["numerator", "denominator"]].tolist() == [3, 30]
    assert pd.isna(table.loc["White", "numerator"])
    assert any("added up" in note for note in imported.notes)


def test_codes_that_roll_up_to_one_group_are_added_up(tmp_path: Path) -> None:
    """A table by the sixteen codes, in a project of five groups."""
    groups = [
        {"name": "Asian", "codes": ["H", "J", "K", "L"]},
        {"name": "Black", "codes": ["M", "N", "P"]},
    ]
    strata = {**STRATA, "code_system": "nhs_16_plus_1", "groups": groups}
    plan = Project.model_validate(
        project().model_dump(by_alias=True, mode="json") | {"strata": strata}
    )
    rows = "2025-01-06,north,H,1,20\n2025-01-06,north,j,2,30\n2025-01-06,north,M,*,9\n"
    rows += "2025-01-06,north,N,1,8\n2025-01-06,north,H,1,20\n"
    (tmp_path / "counts.csv").write_text(f"{HEADER}\n{rows}", encoding="utf-8")
    imported = sources.load(plan, base=tmp_path)
    table = imported.observations.set_index("stratum")
    assert table.loc["Asian", ["numerator", "denominator"]].tolist() == [3, 50]
    assert pd.isna(table.loc["Black", "numerator"])  # a part of it is withheld
    assert table.loc["Black", "denominator"] == 17
    assert refused(imported) == {"a copy of an earlier row": "row 6"}


def test_labels_that_have_drifted_are_matched_and_said(tmp_path: Path) -> None:
    rows = "2025-01-06,north,Black NH,1,20\n2025-01-13,NORTH UNIT,Black  nh,1,20\n"
    imported = load(tmp_path, rows)
    assert imported.observations["stratum"].tolist() == ["Black", "Black"]
    assert imported.observations["site"].tolist() == ["north", "north"]
    assert any("look like one group" in note for note in imported.notes)


def test_totals_are_kept_apart_and_reconciled(tmp_path: Path) -> None:
    rows = (
        "2025-01-06,north,nhblack,1,20\n2025-01-06,north,nhwhite,2,60\n"
        "2025-01-06,north,Total,3,80\n"
        "2025-01-13,north,nhblack,*,20\n2025-01-13,north,nhwhite,2,60\n"
        "2025-01-13,north,All groups,4,80\n"
        "2025-01-13,England,nhwhite,4,80\n"
    )
    imported = load(tmp_path, rows, {"totals": ["All groups"]})
    assert set(imported.observations["stratum"]) == {"Black", "White"}
    assert imported.totals["denominator"].tolist() == [80, 80]
    notes = "\n".join(imported.notes)
    assert "numerators of the strata add up to the file's total in 1 of 1" in notes
    assert "denominators of the strata add up to the file's total in 2 of 2" in notes
    assert "in 1 site-periods a single numerator is withheld beside its total" in notes
    assert imported.left_out["reason"].tolist() == ["'England' is a total over sites"]


def test_rows_are_chosen_by_where(tmp_path: Path) -> None:
    rows = "2025-01-06,north,nhblack,1,20,Provider\n2025-01-06,south,nhblack,9,90,Region\n"
    imported = load(tmp_path, rows, {"where": {"level": ["provider"]}}, f"{HEADER},level")
    assert imported.observations["site"].tolist() == ["north"]
    assert imported.left_out.values.tolist() == [["level is 'Region'", 1, "row 3"]]


def test_a_column_of_measures(tmp_path: Path) -> None:
    rows = "2025-01-06,north,nhblack,1,20,pph\n2025-01-06,north,nhblack,2,20,TEARS\n"
    rows += "2025-01-06,north,nhblack,2,20,tars\n"
    imported = load(tmp_path, rows, {"measure": "what"}, f"{HEADER},what")
    assert imported.observations["measure"].tolist() == ["pph", "tears"]
    assert "did you mean 'tears'" in imported.refused["reason"][0]


def test_strata_inside_the_indicators_name(tmp_path: Path) -> None:
    mapping = {
        "measure": "what",
        "stratum": None,
        "indicators": {
            "PPH_Black": {"measure": "pph", "stratum": "nhblack"},
            "PPH": {"measure": "pph"},
        },
    }
    rows = "2025-01-06,north,PPH_Black,1,20\n2025-01-06,north,PPH,4,80\n2025-01-06,north,Q,4,80\n"
    imported = load(tmp_path, rows, mapping, "week,unit,what,events,births")
    assert imported.observations["stratum"].tolist() == ["Black"]
    assert imported.totals["stratum"].tolist() == ["Everyone"]
    assert imported.left_out["reason"].tolist() == ["indicator 'Q' is not in the mapping"]


def test_a_wide_table_has_columns_for_each_stratum(tmp_path: Path) -> None:
    mapping = {
        "stratum": None,
        "numerator": None,
        "denominator": None,
        "columns": [
            {"stratum": "nhblack", "numerator": "Black events", "denominator": "Black births"},
            {"stratum": "nhwhite", "numerator": "White events", "denominator": "White births"},
        ],
    }
    header = "week,unit,Black events,Black births,White events,White births"
    imported = load(tmp_path, "2025-01-06,north,1,20,2,60\n", mapping, header)
    assert imported.observations["numerator"].tolist() == [1, 2]
    assert (imported.unit, imported.read, imported.taken) == ("cells", 2, 2)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators(tmp_path: Path, encoding: str, separator: str) -> None:
    rows = "2025-01-06,north,nhblack,1,20,café\n".replace(",", separator)
    header = f"{HEADER},note".replace(",", separator)
    assert load(tmp_path, rows, None, header, encoding).taken == 1


def test_a_title_above_and_notes_below_the_table(tmp_path: Path) -> None:
    header = f"Maternity dashboard,,,,\n\n{HEADER}"
    imported = load(tmp_path, "2025-01-06,north,nhblack,1,20\n\nSource: us,,,,\n", None, header)
    assert imported.taken == 1
    assert imported.left_out.values.tolist() == [
        ["a line of text and not a row of the table", 1, "row 6"]
    ]


def test_a_workbook(tmp_path: Path) -> None:
    book = Workbook()
    book.active.title = "Notes"
    page = book.create_sheet("Counts")
    page.append(["Weekly log"])
    page.append(["Week", "Unit", "Group", "Events", "Births"])
    page.append([pd.Timestamp(2025, 1, 6).to_pydatetime(), "North Unit", "Black", 1, 20.0])
    page.append([pd.Timestamp(2025, 1, 6).to_pydatetime(), "North Unit", "White", "<5", 60])
    book.save(tmp_path / "counts.xlsx")
    imported = sources.load(project({"sheet": "Counts"}), tmp_path / "counts.xlsx")
    assert imported.observations["numerator"].tolist()[0] == 1
    assert imported.suppressed["token"].tolist() == ["<5"]
    with pytest.raises(UserError, match="no sheet called 'Count'; did you mean 'Counts'"):
        sources.load(project({"sheet": "Count"}), tmp_path / "counts.xlsx")


def test_parquet(tmp_path: Path) -> None:
    columns = ["week", "unit", "group", "events", "births"]
    table = pd.DataFrame([[pd.Timestamp(2025, 1, 6), "north", "Black", 1, 20]], columns=columns)
    table.to_parquet(tmp_path / "counts.parquet")
    assert sources.load(project(), tmp_path / "counts.parquet").taken == 1


def test_our_own_tidy_table_needs_no_mapping(tmp_path: Path) -> None:
    rows = "2025-01-06,north,nhblack,1,20\n2025-01-06,south,nhwhite,2,60\n"
    table = load(tmp_path, rows).observations
    table.to_csv(tmp_path / "tidy.csv", index=False)
    plain = project().model_copy(update={"data": None})
    again = sources.load(plain, tmp_path / "tidy.csv")
    pd.testing.assert_frame_equal(again.observations, table)


def test_what_is_not_known_in_our_own_table_stays_so_though_no_0_stands_beside_it(
    tmp_path: Path,
) -> None:
    days = pd.date_range("2025-01-06", periods=30, freq="7D").astype(str)
    lines = "".join(f"{day},north,nhblack,{1 + at % 2},20\n" for at, day in enumerate(days))
    table = load(tmp_path, lines).observations
    table.loc[::3, "numerator"] = np.nan
    table.to_csv(tmp_path / "tidy.csv", index=False)
    plain = project().model_copy(update={"data": None})
    again = sources.load(plain, tmp_path / "tidy.csv")
    pd.testing.assert_frame_equal(again.observations, table)
    assert "30 of 600, where 200 stand beside a number that is not known" in str(again)


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["2025-01-06", "20250107", "2025-01-08 00:00:00"], ["06 Jan", "07 Jan", "08 Jan"]),
        (["31/01/2025", "07/02/2025"], ["31 Jan", "07 Feb"]),
        (["01/31/2025", "02/07/2025"], ["31 Jan", "07 Feb"]),
        (["6 January 2025", "7-Jan-25", "Jan 8, 2025"], ["06 Jan", "07 Jan", "08 Jan"]),
        (["w/c 13/01/2025", "week ending 19 Jan 2025"], ["13 Jan", "19 Jan"]),
        (["Jan-25", "March 2025", "2025-02"], ["01 Jan", "01 Mar", "01 Feb"]),
        (["2020-21", "2021/22"], ["01 Apr", "01 Apr"]),
        (["2025-W05", "2025W06"], ["27 Jan", "03 Feb"]),
        (["2025 Q2", "2025H2"], ["01 Apr", "01 Jul"]),
        (["05/05/2025"], ["05 May"]),
        (["Wk 14 2024", "Week 15, 2024"], ["01 Apr", "08 Apr"]),
        (["2024-W14-1", "2024-W14-3"], ["01 Apr", "03 Apr"]),
        (["45383", 45390], ["01 Apr", "08 Apr"]),
        (["01/04/2024 - 07/04/2024", "08/04/2024 - 14/04/2024"], ["01 Apr", "08 Apr"]),
        (["1st to 7th April 2024", "8-14 April 2024"], ["01 Apr", "08 Apr"]),
        (["29 April - 5 May 2024"], ["29 Apr"]),
        (["Jun-24", "Jul-24"], ["01 Jun", "01 Jul"]),
        (["10th June 2024"], ["10 Jun"]),
    ],
)
def test_dates_in_the_formats_met_in_practice(cells: list[str], days: list[str]) -> None:
    read = dates.read(pd.Series(cells, dtype=object))
    assert read.dates.dt.strftime("%d %b").tolist() == days
    assert read.refused.isna().all()


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["03/04/2025"], "could be 3 April or 4 March"),
        (["13/01/2025", "01/14/2025", "02/03/2025"], "mixes dates like"),
        (["31/02/2025"], "is not a date"),
        (["2025-02-30"], "no such day"),
        (["2062-01-06"], "has not come yet"),
        (["Wk 14"], "data.year"),
        (["10th June"], "data.year"),
        (["24-Jun"], "data.year"),
        (["2024-W60"], "no week 60 in 2024"),
        (["2010-11"], "month or a financial year"),
        (["soon"], "is not a date"),
        ([pd.Timestamp(2025, 4, 3), "30/04/2025"], "may have swapped"),
    ],
)
def test_dates_that_could_be_two_things_are_refused(cells: list[object], reason: str) -> None:
    read = dates.read(pd.Series(cells, dtype=object), latest=dates.latest())
    assert any(reason in str(text) for text in read.refused)


def test_one_cause_is_one_line() -> None:
    read = dates.read(pd.Series([f"Wk {week}" for week in range(14, 44)]))
    assert read.refused.nunique() == 1
    assert "so too 'Wk 15', 'Wk 16', 'Wk 17' and 26 more" in read.refused[0]


@pytest.mark.parametrize(
    ("cells", "said", "days"),
    [
        (["Wk 51", "Wk 52", "Wk 1"], {"year": 2024}, ["2024-12-16", "2024-12-23", "2024-12-30"]),
        (["51", "52", "1"], {"week_1": "2024-04-01"}, ["2025-03-17", "2025-03-24", "2025-03-31"]),
        (["30th Dec", "6th Jan"], {"year": 2024}, ["2024-12-30", "2025-01-06"]),
        (["30/12", "06/01"], {"year": 2024}, ["2024-12-30", "2025-01-06"]),
        (["Jun-24", "Jul-01", "Jul-08", "Jul-15"], {"year": 2024}, ["2024-06-24", "2024-07-01"]),
    ],
)
def test_a_year_that_is_said_settles_the_weeks_and_days_without_one(
    cells: list[str], said: dict[str, object], days: list[str]
) -> None:
    read = dates.read(pd.Series(cells), **said)  # type: ignore[arg-type]
    assert read.dates.dt.strftime("%Y-%m-%d").tolist()[: len(days)] == days


def test_a_declared_order_settles_it() -> None:
    cells = pd.Series(["03/04/2025"])
    assert dates.read(cells, "day first").dates[0] == pd.Timestamp(2025, 4, 3)
    assert dates.read(cells, "month first").dates[0] == pd.Timestamp(2025, 3, 4)


def test_one_swapped_date_among_mondays_is_refused() -> None:
    mondays = [f"{day:%Y-%m-%d}" for day in pd.date_range("2025-01-06", periods=20, freq="7D")]
    swapped = mondays.index("2025-04-07")
    cells = pd.Series([*mondays[:swapped], "2025-07-04", *mondays[swapped + 1 :]])
    read = dates.read(cells)
    assert read.refused.notna().tolist() == [place == swapped for place in range(20)]
    assert "day and month look swapped (would be 7 April)" in read.refused[swapped]


def test_the_month_of_a_file_without_dates_is_in_its_name(tmp_path: Path) -> None:
    text = "unit,group,events,births\nnorth,nhblack,1,20\n"
    plan = project({"subgroup": None}, subgroup="month")
    for name, month in (("msds_apr2025_x.csv", 4), ("2025-06 counts.csv", 6)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        table = sources.load(plan, tmp_path / name).observations
        assert table["subgroup"].tolist() == [pd.Timestamp(2025, month, 1)]
    (tmp_path / "counts.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="subgroup_is"):
        sources.load(plan, base=tmp_path)


def test_every_column_that_is_missing_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "counts.csv").write_text("wek,unit,group,events\n", encoding="utf-8")
    with pytest.raises(DataErrors) as raised:
        sources.load(project(), base=tmp_path)
    assert "no column called 'week'; did you mean 'wek'" in str(raised.value)
    assert "no column called 'births'" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("counts.csv", b""),
        ("counts.csv", b"\x00\x01\x02"),
        ("counts.xlsx", b"not a workbook"),
        ("counts.parquet", b"PAR1 and no more"),
        ("counts.docx", b""),
        ("nowhere.csv", None),
    ],
)
def test_files_that_are_no_table_are_a_users_error(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError):
        sources.load(project(), tmp_path / name)


def test_a_project_is_drawn_from_a_table(tmp_path: Path) -> None:
    """Names of columns, levels of rows, strata in names, drift: all guessed, all loadable."""
    (tmp_path / "apr2025.csv").write_text(
        "Org_Level,Org_Code,Measure,Ethnic group,Numerator,Denominator\n"
        "Provider,7A4,PPH,Black NH,1,20\nProvider,7A4,PPH,Black Non-Hispanic,2,30\n"
        "Provider,RXX,PPH,White,<5,60\nRegion,Y56,PPH,White,9,90\n"
        "Provider,RXX,PPH,Not known,1,6\nProvider,RXX,PPH,Total,3,66\n",
        encoding="utf-8",
    )
    drawn = tmp_path / "ours.yaml"
    drawn.write_text(outline(tmp_path / "apr2025.csv", "ours"), encoding="utf-8")
    plan = load_project(drawn)
    assert [site.id for site in plan.sites] == ["site_7a4", "rxx"]
    assert [group.name for group in plan.strata.groups] == ["Black NH", "White", "Not known"]
    assert plan.strata.groups[0].codes == ("Black NH", "Black Non-Hispanic")
    assert plan.strata.groups[2].unknown
    imported = sources.load(plan, base=tmp_path)
    assert imported.left_out["reason"].tolist() == ["Org_Level is 'Region'"]
    black = imported.observations.query("stratum == 'Black NH'")
    assert black[["numerator", "denominator"]].to_numpy().tolist() == [[3, 50]]
    assert any("look like one group" in note for note in imported.notes)
    assert imported.totals["denominator"].tolist() == [66]


def test_a_name_or_a_table_that_cannot_be_drawn_from_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.csv").write_text("a,b\nx,y\n", encoding="utf-8")
    with pytest.raises(UserError, match="looks like a numerator"):
        outline(tmp_path / "words.csv", "ours")
    with pytest.raises(UserError, match="such as our_project"):
        outline(tmp_path / "words.csv", "Our Project")


@pytest.mark.parametrize(
    "rates", [("0", "0.105", "0.25"), ("0", "6.1", "12.5"), ("0%", "6%", "9%")]
)
def test_rates_called_counts_are_refused_with_their_zeros(
    tmp_path: Path, rates: tuple[str, ...]
) -> None:
    rows = "".join(
        f"2025-01-{6 + 7 * at:02},north,nhblack,{rate},20\n" for at, rate in enumerate(rates)
    )
    imported = load(tmp_path, rows)
    assert (imported.taken, imported.refused["rows"].tolist()) == (0, [3])
    assert "is a share and not a count" in imported.refused["reason"][0]


def test_readings_are_averaged_and_never_added_up(tmp_path: Path) -> None:
    plan = project({"numerator": None, "denominator": None, "value": "minutes"})
    plan = Project.model_validate(
        plan.model_dump(by_alias=True, mode="json")
        | {"measures": [{**plan.measures[0].model_dump(mode="json"), **MINUTES}]}
    )
    rows = (
        "2025-01-06,north,nhblack,30\n2025-01-06,north,nhblack,30\n2025-01-08,north,nhblack,1 hr\n"
    )
    (tmp_path / "counts.csv").write_text(f"week,unit,group,minutes\n{rows}", encoding="utf-8")
    imported = sources.load(plan, base=tmp_path)
    assert imported.observations["value"].tolist() == [40]
    assert (imported.taken, len(imported.refused)) == (3, 0)
    assert any("averaged" in note for note in imported.notes)


MINUTES = {"data": "continuous", "unit": "min", "multiply": 1}


def test_a_file_of_months_never_dates_weeks_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "pph_jun2024.csv").write_text("unit,group,events,births\nnorth,nhblack,1,20\n")
    with pytest.raises(UserError, match="a week is not in the file's name"):
        sources.load(project({"subgroup": None}), tmp_path / "pph_jun2024.csv")


def test_columns_of_everyone_in_a_wide_table_are_totals(tmp_path: Path) -> None:
    wide = [
        {"stratum": "nhblack", "numerator": "B", "denominator": "Bn"},
        {"numerator": "All", "denominator": "Alln"},
    ]
    mapping = {"stratum": None, "numerator": None, "denominator": None, "columns": wide}
    imported = load(tmp_path, "2025-01-06,north,1,20,9,90\n", mapping, "week,unit,B,Bn,All,Alln")
    assert imported.observations["denominator"].tolist() == [20]
    assert imported.totals["denominator"].tolist() == [90]
