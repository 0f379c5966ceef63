"""Files of odd kinds: read right, or refused with the value and the way out; never otherwise."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook

from qi_equity import ethnicity, project_file, sources
from qi_equity.errors import UserError
from qi_equity.sources import Imported, grid
from qi_equity.sources.outline import outline

GROUPS = ("White British", "Black African", "Indian")
WEEKS = [date(2024, 4, 1) + timedelta(7 * week) for week in range(6)]
COUNTS = {(week, group): (at % 4, 20 + at) for at, week in enumerate(WEEKS) for group in GROUPS}
HEAD = "Week,Ethnicity,PPH,Births"
ANSWERS = {"year": "2024", "decimal": "comma", "dates": "day first"}


def read(
    tmp_path: Path, content: str | bytes, name: str = "ours.csv"
) -> tuple[Imported, list[str]]:
    """What a project drawn from a file takes of it, and what it asked for."""
    asked: list[str] = []

    def answer(key: str, _: str) -> str:
        asked.append(key)
        return ANSWERS[key]

    path, drawn = tmp_path / name, tmp_path / "drawn.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    drawn.write_text(outline(path, "drawn", tmp_path, answer), encoding="utf-8")
    imported = sources.load(project_file.load(drawn), base=tmp_path)
    left_out = imported.left_out["rows"].sum() if len(imported.left_out) else 0
    refused = imported.refused["rows"].sum() if len(imported.refused) else 0
    assert imported.read == imported.taken + refused + left_out
    return imported, asked


def long(when=date.isoformat, part=str, whole=str, separator: str = ",", more: str = "") -> str:
    rows = [
        separator.join((when(week), group, part(n), whole(d)))
        for (week, group), (n, d) in COUNTS.items()
    ]
    return "\n".join([HEAD.replace(",", separator), *rows, more])


def sums(imported: Imported) -> dict[str, tuple[float, float]]:
    table = imported.observations.groupby("stratum")[["numerator", "denominator"]].sum()
    return {str(name): (n, d) for name, n, d in table.itertuples()}


def of(*groups: str) -> dict[str, tuple[int, int]]:
    return {
        group: tuple(sum(COUNTS[week, group][k] for week in WEEKS) for k in (0, 1))
        for group in groups
    }


def days(week: date) -> str:
    last = week + timedelta(6)
    both = f"{week.day}-{last.day} {last:%b}"
    return both if week.month == last.month else f"{week.day} {week:%b} - {last.day} {last:%b}"


def test_days_of_a_range_without_a_year_are_asked_about_once(tmp_path):
    imported, asked = read(tmp_path, long(when=days))
    assert (sums(imported), asked) == (of(*GROUPS), ["year"])
    assert imported.observations["subgroup"].dt.date.unique().tolist() == WEEKS


def test_whole_numbers_with_a_decimal_comma_are_counts(tmp_path):
    text = long(part=lambda n: f"{n},0", whole=lambda n: f"{n},0", separator=";")
    imported, asked = read(tmp_path, text)
    assert (sums(imported), asked) == (of(*GROUPS), [])


def test_a_point_that_could_be_thousands_between_semicolons_is_asked_about(tmp_path):
    text = long(whole=lambda n: "1.083" if n == 20 else str(n), separator=";")
    imported, asked = read(tmp_path, text)
    assert asked == ["decimal"]
    first = imported.observations[imported.observations["subgroup"] == "2024-04-01"]
    assert set(first["denominator"]) == {1083}


def test_a_groups_column_that_became_dates_is_refused_and_never_unseen(tmp_path):
    book = Workbook()
    book.active.append(["Week", *GROUPS])
    for week in WEEKS:
        cells = ["{}/{}".format(*COUNTS[week, group]) for group in GROUPS[:2]]
        book.active.append([week.isoformat(), *cells, datetime(2024, 3, 25)])
    saved = io.BytesIO()
    book.save(saved)
    imported, _ = read(tmp_path, saved.getvalue(), "ours.xlsx")
    assert sums(imported) == of(*GROUPS[:2])
    (reason,) = imported.refused["reason"]
    assert "is a date and not a number (a spreadsheet makes one out of 3/25" in reason
    assert imported.refused["rows"].tolist() == [6]


def test_several_groups_together_are_neither_a_group_nor_everyone(tmp_path):
    more = "\n".join(f"{week},All BME,9,40\n{week},Grand Total,12,60" for week in WEEKS)
    imported, _ = read(tmp_path, long(more=more + "\n" + "2024-04-01,Not stated,1,9"))
    assert set(sums(imported)) == {*GROUPS, "Not stated"}
    assert imported.totals["denominator"].tolist() == [60] * 6
    assert "'All BME' adds up other groups" in imported.left_out["reason"][0]


def test_two_totals_of_one_week_are_never_added_up(tmp_path):
    imported, _ = read(tmp_path, long(more="2024-04-01,Total,1,60\n2024-04-01,All women,1,61"))
    assert imported.totals.empty
    assert "counts differ" in imported.refused["reason"][0]


@pytest.mark.parametrize("label", ["NS", "NR", "DK", "BA", "AB", "MX"])
def test_two_letters_are_no_code_with_a_character_of_the_trusts_own(label):
    assert ethnicity.recognise(label, "nhs_16_plus_1").status == "invalid"


def test_spellings_of_sixteen_groups_are_drafted_into_them_line_by_line(tmp_path):
    labels = (
        *("White - British", "White Brit.", "British White", "Any other white background", "A"),
        *("Afircan", "African (Black)", "Black or Black British - African", "Black Carribbean"),
        *("Asian - Indian", "Pakastani", "Patient refused", "NK", "White and Black Carribean"),
    )
    rows = [f"{week},{label},1,10" for week in WEEKS for label in labels]
    imported, _ = read(tmp_path, "\n".join([HEAD, *rows]))
    found = {name: total for name, (_, total) in sums(imported).items()}
    assert found == {"White": 300, "Black": 240, "Asian": 120, "Mixed": 60, "Not stated": 120}
    drawn = (tmp_path / "drawn.yaml").read_text(encoding="utf-8")
    assert "#   Afircan: 6, Black (a spelling that no list has: is this what was meant?)" in drawn


def test_a_footnote_below_births_is_no_birth_and_keeps_no_file_out(tmp_path):
    rows = [f"{at},{week},{GROUPS[at % 3]},{400 + at}" for at, week in enumerate(WEEKS * 9)]
    text = "\n".join(["Record,Date of birth,Ethnicity,Blood loss", *rows, '"Source: the ward",,,'])
    imported, _ = read(tmp_path, text)
    assert (imported.read, imported.taken, len(imported.refused)) == (55, 54, 0)
    assert imported.left_out["reason"].tolist() == ["a line of text and not a birth"]


def test_one_cause_is_one_line_with_its_values_and_counts(tmp_path):
    imported, _ = read(tmp_path, long(part=lambda n: f"{n}*" if n else "0"))
    (line,) = (str(imported.refused["reason"][0]),)
    assert len(imported.refused) == 1
    assert line == "'numerator': '1*' is not a number; so too '2*' (3), '3*' (3)"


PUBLISHED = """\
id: ours
title: Ours
clinical_area: other
network: N
sites: [{id: uk, name: United Kingdom}]
aim:
  {population: births, measure: stillbirth, from: 0.004, to: 0.003, by: 2030-12-31, equity: [
    {stratum: Black, measure: stillbirth, from: 0.006, to: 0.003, by: 2030-12-31}]}
strata:
  groups:
    - {name: White, codes: [White]}
    - {name: Black, codes: [Black]}
    - {name: Asian, codes: [Asian]}
    - {name: Not recorded, unknown: true, missing: true}
  reference: {compare_with: everyone else, reason: no group is the norm}
measures:
  - {id: stillbirth, name: Stillbirth, role: outcome, numerator: stillbirths,
     denominator: total births, direction: decrease, subgroup: quarter}
data:
  kind: table
  path: published.csv
  stratum: Ethnic group
  numerator: Stillbirths
  denominator: Total births
  subgroup_is: 2023-01-01
"""


def test_a_published_table_of_births_deaths_and_rates_takes_five_lines(tmp_path):
    """Synthetic: no header line of the published files is known to us for certain."""
    rows = [
        '"Table 5: a synthetic example"',
        'Ethnic group,Total births,Stillbirths,"Rate per 1,000 total births (95% CI)"',
        '"White","450,123","1,400","3.11 (2.95 to 3.28)"',
        '"Black","30,456",190,"6.24 (5.41 to 7.19)"',
        '"Asian","80,001",377,"4.71 (4.26 to 5.21)"',
        '"All","560,580","1,967","3.51 (3.36 to 3.67)"',
        "Rates are per 1000 total births",
    ]
    (tmp_path / "published.csv").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "ours.yaml").write_text(PUBLISHED, encoding="utf-8")
    project = project_file.load(tmp_path / "ours.yaml")
    imported = sources.load(project, base=tmp_path)
    assert sums(imported) == {"Asian": (377, 80001), "Black": (190, 30456), "White": (1400, 450123)}
    assert imported.totals["denominator"].tolist() == [560580]
    assert (imported.taken, imported.left_out["rows"].sum()) == (4, 1)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "Date,Ethnicity,Time to theatre\n2024-01-01,Indian,01:20\n2024-01-02,Indian,00:45",
            "1h20",
        ),
        (
            "Week,Count,Indian,Black African\n"
            + "\n".join(f"{week},PPH,1,2\n{week},Births,20,30" for week in WEEKS),
            "told apart by 'Count'",
        ),
    ],
)
def test_what_is_not_read_says_how_to_write_it(tmp_path, text, why):
    with pytest.raises(UserError, match=why):
        read(tmp_path, text)


def with_sheet(path: Path, content: bytes) -> Path:
    """A workbook whose first sheet's XML is what is given."""
    book = Workbook()
    book.save(path)
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    parts["xl/worksheets/sheet1.xml"] = content
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, part in parts.items():
            packed.writestr(name, part)
    return path


SHEET = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b'<dimension ref="A1:B2"/><sheetData>%b</sheetData></worksheet>'
)


def row_of(number: int) -> bytes:
    return b'<row r="%d"><c r="A%d"><v>1</v></c><c r="B%d"><v>2</v></c></row>' % ((number,) * 3)


def test_a_sheet_that_says_it_is_smaller_than_it_is_is_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(grid, "WHOLE", 0)  # as a large workbook is read
    rows = b"".join(map(row_of, range(1, 31)))
    found = grid.READERS[".xlsx"](with_sheet(tmp_path / "counts.xlsx", SHEET % rows), None)
    assert len(found.rows) == 30


@pytest.mark.parametrize("limit", ["MOST_CELLS", "MOST_ROWS"])
def test_a_sheet_that_is_too_large_is_refused_before_a_row_of_it_is_read(
    tmp_path, monkeypatch, limit
):
    monkeypatch.setattr(grid, "WHOLE", 0)
    monkeypatch.setattr(grid, limit, 500)
    monkeypatch.setattr(grid, "_page", None)
    path = with_sheet(tmp_path / "counts.xlsx", SHEET % b"".join(map(row_of, range(1, 600))))
    with pytest.raises(
        UserError, match=r"more than .* (cells; save the table alone|rows; save it as CSV)"
    ):
        grid.READERS[".xlsx"](path, None)
