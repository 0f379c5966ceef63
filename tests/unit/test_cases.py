"""Files as teams keep them: each is read right, or refused with its place and the way out.

The files and what is special about each are described in tests/cases/README.md. The table in
docs/how-to/import.md is made here: run this file to write it again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qi_equity import project_file, sources
from qi_equity.cli import app
from qi_equity.errors import UserError
from qi_equity.sources import Imported
from qi_equity.sources.outline import outline

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"
GUIDE = ROOT / "docs" / "how-to" / "import.md"
BEGIN, END = "<!-- files as teams keep them: made by a test -->", "<!-- end -->"
ANSWERS = {"year": "2024", "week_1": "2024-04-01"}


@dataclass(frozen=True)
class Case:
    """A file, what is special about it, and what it comes to once a project is drawn from it."""

    file: str
    special: str
    taken: int
    numerator: float
    denominator: float
    asks: tuple[str, ...] = ()
    said: str = ""
    refused: str = ""


WEEKS = (120, 173, 2238)  # the same table of thirty weeks in every way of writing a week
SHARES = "put a column of how many beside 'Births', or both in a cell, as 3/25"
CASES_DRAWN = (
    Case("01_weeks_across_merged.xlsx", "weeks across, merged labels, a title", 210, 184, 2440),
    Case(
        "02_two_row_header_totals.xlsx", "a header of two rows, totals in both directions",
        210, 184, 2440, said="'Total' is a total over dates",
    ),
    Case(
        "03_two_tables_one_sheet.xlsx", "a second table below the first",
        72, 287, 4080, said="another table, from row 76 ('Table 2: Induction of labour')",
    ),
    Case("04_dates_dmy_unpadded.csv", "1.4.2024", *WEEKS),
    Case("04_dates_iso.csv", "2024-W14", *WEEKS),
    Case("04_dates_isoday.csv", "2024-W14-1", *WEEKS),
    Case("04_dates_ordinal.csv", "1st April, and no year", *WEEKS, asks=("year",)),
    Case("04_dates_range.csv", "01/04/2024 - 07/04/2024", *WEEKS),
    Case("04_dates_seq.csv", "weeks numbered 1, 2, 3 ...", *WEEKS, asks=("week_1",)),
    Case("04_dates_serial.csv", "a spreadsheet's day numbers, 45383", *WEEKS),
    Case("04_dates_wc.csv", "w/c 01/04/24", *WEEKS),
    Case("04_dates_we.csv", "w/e 07/04/2024", *WEEKS),
    Case("04_dates_week.csv", "Week 14, and no year", *WEEKS, asks=("year",)),
    Case("04_dates_wk.csv", "Wk 14, and no year", *WEEKS, asks=("year",)),
    Case("04_dates_wkyear.csv", "Wk 14 2024", *WEEKS),
    Case("05_fraction.csv", "4/38 in one cell, a column a group", 90, 156, 1907),
    Case("05_percent.csv", "6%: a share beside its births", 0, 0, 0, refused=SHARES),
    Case("05_percent_format.xlsx", "percentages by the format", 0, 0, 0, refused=SHARES),
    Case("06_codes_and_labels_blanks.xlsx", "codes and labels; blank, -, n/a, 0", 180, 167, 2440),
    Case("07_cp1252_newlines.csv", "Windows letters, lines within cells", *WEEKS),
    Case("07_semicolon_decimal_comma.csv", "semicolons and decimal commas", *WEEKS),
    Case("07_utf16_comma.csv", "UTF-16, commas", *WEEKS),
    Case("07_utf16_tab.csv", "UTF-16, tabs", *WEEKS),
    Case("07_utf16le_nobom.csv", "UTF-16 without its mark", *WEEKS),
    Case("08_mdc_template.xlsx", "Making Data Count: dates down, a measure a column", 72, 0, 0),
    Case("09_birth_records.csv", "a row a birth: 1,200, 440 ml, 38+2", 3000, 154, 3000),
    Case("09_birth_records.xlsx", "the same as a workbook", 600, 33, 600),
    Case("13_readme_table.csv", "week, ethnicity, pph, births", 80, 120, 2080),
    Case("15_records_ebl_comma.csv", "1,200 from a thousand only", 240, 48, 240),
    Case("16_records_gestation_36plus4.csv", "gestation as 36+4", 240, 48, 240),
    Case("17_minutes_continuous.csv", "minutes", 48, 0, 0),
)  # fmt: skip


def drawn(case: Case, folder: Path) -> tuple[Path, list[str]]:
    """A project drawn from the case's file, and what was asked for it."""
    asked: list[str] = []

    def answer(key: str, question: str) -> str:
        asked.append(key)
        return ANSWERS[key]

    target = folder / "drawn.yaml"
    target.write_text(outline(CASES / case.file, "drawn", folder, answer), encoding="utf-8")
    return target, asked


def adds_up(imported: Imported) -> bool:
    refused, left_out = imported.refused["rows"].sum(), imported.left_out["rows"].sum()
    return bool(imported.read == imported.taken + refused + left_out)


def of(case: Case, imported: Imported) -> tuple[float, float]:
    """Numerator and denominator of the measure that the case is about."""
    table = imported.observations
    named = "preterm" if "gestation" in case.file else "blood_loss_1000"
    table = table[table["measure"] == named] if named in set(table["measure"]) else table
    return float(table["numerator"].sum()), float(table["denominator"].sum())


@pytest.mark.parametrize("case", CASES_DRAWN, ids=lambda case: case.file)
def test_a_project_drawn_from_the_file_reads_it_right(case: Case, tmp_path: Path) -> None:
    if case.refused:
        with pytest.raises(UserError, match=re.escape(case.refused)):
            drawn(case, tmp_path)
        return
    target, asked = drawn(case, tmp_path)
    assert tuple(asked) == case.asks
    assert project_file.check(target) == ()
    imported = sources.load(project_file.load(target), base=tmp_path)
    assert adds_up(imported)
    assert not len(imported.refused), imported.refused
    assert imported.taken == case.taken
    assert of(case, imported) == (case.numerator, case.denominator)
    assert case.said in str(imported)


def load(name: str, **data: object) -> Imported:
    """A case by the mapping written by hand for it."""
    path = CASES / "projects" / f"{name}.yaml"
    project = project_file.load(path)
    if data:
        assert project.data is not None
        project = project.model_copy(update={"data": project.data.model_copy(update=data)})
    imported = sources.load(project, base=path.parent)
    assert adds_up(imported)
    return imported


def sums(imported: Imported) -> dict[str, tuple[float, float]]:
    table = imported.observations.groupby("stratum")[["numerator", "denominator"]].sum()
    return {str(name): (n, d) for name, n, d in table.itertuples() if d}


def test_every_haemorrhage_is_found_and_every_group_that_was_stated() -> None:
    found = sums(load("rec_csv"))
    assert sum(events for events, _ in found.values()) == 154
    assert found["Asian"] == (9, 290)
    assert found["Black"] == (14, 316)
    assert found["Not stated"][1] == 187


def test_a_thousands_comma_is_no_blank() -> None:
    assert sums(load("ebl_comma")) == {"Black": (24, 72), "White British": (24, 168)}


def test_weeks_and_days_of_gestation_are_weeks() -> None:
    assert sums(load("ga_plus")) == {"Black": (24, 72), "White British": (24, 168)}


def test_labels_and_codes_of_one_group_are_one_group() -> None:
    found = sums(load("codes"))
    assert found == {
        "Asian": (41, 431),
        "Black": (29, 292),
        "Mixed": (9, 120),
        "Not stated": (2, 82),
        "White": (86, 1515),
    }


def test_a_part_of_a_whole_in_one_cell_is_split() -> None:
    assert sums(load("frac")) == {"Black": (29, 292), "White British": (86, 1184)}


def test_shares_are_refused_as_shares_the_zeros_with_the_rest() -> None:
    imported = load("pct_fmt")
    assert imported.taken == 0
    assert len(imported.refused) == 1
    assert "is a share and not a count: give the counts" in imported.refused["reason"][0]


def test_a_column_under_its_group_is_told_from_the_others() -> None:
    assert sums(load("two_row")) == {"Black": (29, 292), "White British": (86, 1184)}


def test_the_first_of_two_tables_is_read_and_the_second_named() -> None:
    imported = load("two_tables")
    assert sums(imported)["Asian"] == (63, 720)
    assert imported.left_out["rows"].sum() == 74


def test_minutes_stay_minutes() -> None:
    imported = load("mins")
    measure = project_file.load(CASES / "projects" / "mins.yaml").measures[0]
    assert measure.multiply == 1
    assert imported.observations.groupby("stratum")["value"].median().to_dict() == {
        "Black": 43.0,
        "White British": 31.0,
    }


@pytest.mark.parametrize("name", ["mdc"])
def test_rates_in_per_cent_are_shown_times_a_hundred(name: str) -> None:
    measure = project_file.load(CASES / "projects" / f"{name}.yaml").measures[0]
    assert measure.multiply == 100
    assert load(name).observations["value"].max() < 1


@pytest.mark.parametrize("command", ["analyse", "quality", "plan"])
def test_a_command_ends_in_an_error_where_nothing_could_be_taken(command: str) -> None:
    ran = CliRunner().invoke(app, [command, str(CASES / "projects" / "pct_fmt.yaml")])
    assert ran.exit_code == 1
    assert "is a share and not a count" in ran.output


def test_a_question_that_nobody_answers_is_marked_and_named_by_check(tmp_path: Path) -> None:
    target = tmp_path / "ours.yaml"
    target.write_text(outline(CASES / "04_dates_wk.csv", "ours", tmp_path), encoding="utf-8")
    text = target.read_text(encoding="utf-8")
    assert "# TO ANSWER: In which year is the first date, 'Wk 14'?\n  year: '?'" in text
    (problem,) = project_file.check(target)
    assert "'year' is still to be answered: see the question above it" in problem.message


ASKED = r"\bWrite \w|^ *(?:- )?(?:stratum|from|direction): "


@pytest.mark.parametrize(
    "file", ["04_dates_iso.csv", "17_minutes_continuous.csv", "09_birth_records.csv"]
)
def test_all_that_a_drawn_file_leaves_to_its_team_is_named_by_check(
    file: str, tmp_path: Path
) -> None:
    target = tmp_path / "ours.yaml"
    target.write_text(outline(CASES / file, "ours", tmp_path), encoding="utf-8")
    text = target.read_text(encoding="utf-8")
    to_write = {
        n
        for n, line in enumerate(text.partition("\ndata:")[0].splitlines(), 1)
        if re.search(ASKED, line)
    }
    ran = CliRunner().invoke(app, ["check", str(target)])
    assert ran.exit_code == 0
    assert {int(n) for n in re.findall(r"ours\.yaml:(\d+):", ran.output)} == to_write
    assert f"no mistake; still as they came: {len(to_write)} lines." in ran.output


def test_a_file_that_is_mostly_refused_says_so_before_anything_else(tmp_path: Path) -> None:
    rows = "".join(
        f"2025-0{month}-01,Black,{events},9\n" for month in range(1, 7) for events in "1x?x"
    )
    (tmp_path / "t.csv").write_text(f"month,ethnicity,pph,births\n{rows}", encoding="utf-8")
    rows += "".join(f"2025-0{month}-01,White,1,9\n" for month in range(1, 3))
    (tmp_path / "t.csv").write_text(f"month,ethnicity,pph,births\n{rows}", encoding="utf-8")
    with pytest.raises(UserError):
        outline(tmp_path / "t.csv", "Bad Name")
    plan = project_file.load(CASES / "projects" / "codes.yaml")
    mapping = {"path": "t.csv", "subgroup": "month", "stratum": "ethnicity", "numerator": "pph"}
    assert plan.data is not None
    data = plan.data.model_copy(update={**mapping, "denominator": "births"})
    imported = sources.load(plan.model_copy(update={"data": data}), base=tmp_path)
    assert adds_up(imported)
    assert "WARNING: only" in str(imported).splitlines()[-1]


GROUPS = ("White British", "Black African")
DAYS = [f"2025-{month:02}-{day:02}" for month in range(1, 6) for day in (6, 20)]


def sheet(folder: Path, header: str, cell: Callable[[int, str], str]) -> Path:
    """A sheet of two groups over ten dates; what stands after date and group is the caller's."""
    lines = [
        f"{day},{group},{cell(number, group)}"
        for number, (day, group) in enumerate((day, group) for day in DAYS for group in GROUPS)
    ]
    (folder / "sheet.csv").write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return folder / "sheet.csv"


@pytest.mark.parametrize(
    "cell",
    [
        lambda number, _: "nil,20" if number % 3 else "2,20",
        lambda number, _: f"{number % 4}*,20" if number % 2 else "1,20",
        lambda number, _: "1,20 (p)" if number % 2 else "2,20",
        lambda number, _: "25,20" if number % 9 == 0 else "2,20",
        lambda number, _: "2,-20" if number % 7 == 0 else "2,20",
    ],
    ids=["words for none", "marks of notes", "notes beside births", "more than all", "below zero"],
)
def test_counts_some_of_which_cannot_be_right_stay_counts_and_those_are_refused(
    cell: Callable[[int, str], str], tmp_path: Path
) -> None:
    path = sheet(tmp_path, "Week,Ethnicity,PPH,Births", cell)
    text = outline(path, "drawn", tmp_path)
    assert "numerator: PPH" in text
    assert "denominator: Births" in text
    (tmp_path / "drawn.yaml").write_text(text, encoding="utf-8")
    imported = sources.load(project_file.load(tmp_path / "drawn.yaml"), base=tmp_path)
    assert adds_up(imported)
    assert len(imported.refused)
    assert imported.taken == imported.read - imported.refused["rows"].sum()


def test_quarters_of_a_financial_year_are_dates_and_small_counts_are_none(tmp_path: Path) -> None:
    quarters = [f"Q{n} {year}/{year + 1 - 2000}" for year in (2022, 2023) for n in (1, 2, 3, 4)]
    lines = [f"{quarter},{group},{3},{90}" for quarter in quarters for group in GROUPS]
    rows = "\n".join(["Quarter,Ethnicity,PPH,Births", *lines, ""])
    (tmp_path / "sheet.csv").write_text(rows, encoding="utf-8")
    text = outline(tmp_path / "sheet.csv", "drawn", tmp_path)
    assert "subgroup: Quarter" in text
    assert "numerator: PPH" in text


def test_a_sheet_without_groups_is_said_to_have_none_and_ends_in_an_error(tmp_path: Path) -> None:
    lines = [f"{day},{minutes}" for day, minutes in zip(DAYS, ["45 min", "1h20"] * 5, strict=True)]
    rows = "\n".join(["Date,Time to antibiotics", *lines, ""])
    (tmp_path / "sheet.csv").write_text(rows, encoding="utf-8")
    (tmp_path / "drawn.yaml").write_text(
        outline(tmp_path / "sheet.csv", "drawn", tmp_path), encoding="utf-8"
    )
    ran = CliRunner().invoke(app, ["analyse", str(tmp_path / "drawn.yaml")])
    assert ran.exit_code == 1
    assert "no column says of which group they are" in ran.output


def made() -> str:
    """The table of the guide: each file, and the steps to an answer."""
    lines = ["| file | what is special | what comes of it | questions |", "|---|---|---|---|"]
    for case in CASES_DRAWN:
        asks = {"year": "the year", "week_1": "the day week 1 begins"}
        question = ", ".join(asks[key] for key in case.asks) or "none"
        counted = f"{case.numerator:,.0f} of {case.denominator:,.0f}" if case.denominator else ""
        taken = f"{case.taken:,} taken" + (f": {counted}" if counted else ", as measurements")
        taken = f"refused: {case.refused}" if case.refused else taken
        said = f"; said: {case.said}" if case.said else ""
        lines.append(f"| {case.file} | {case.special} | {taken}{said} | {question} |")
    return "\n".join(lines)


def test_the_guide_says_what_comes_of_each_file() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    found = re.search(f"{re.escape(BEGIN)}\n(.*?)\n{re.escape(END)}", text, re.DOTALL)
    assert found is not None
    assert found[1] == made(), "run: python tests/unit/test_cases.py"


if __name__ == "__main__":
    whole = GUIDE.read_text(encoding="utf-8")
    before, _, rest = whole.partition(f"{BEGIN}\n")
    GUIDE.write_text(f"{before}{BEGIN}\n{made()}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
