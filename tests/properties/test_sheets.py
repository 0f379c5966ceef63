"""A table or birth records, with dates and numbers in any way of writing, come out as they were.

Each is written as CSV and as a workbook. HYPOTHESIS_PROFILE=long tries 2,000 files.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from qi_equity import project_file, sources
from qi_equity.sources import Imported
from qi_equity.sources.outline import outline

GROUPS = ("White British", "Black African", "Indian", "Not stated")
START = date(2024, 1, 1)
ANSWERS = {"year": "2024", "week_1": "2024-01-01", "dates": "day first", "decimal": "point"}
Sheet = list[list[str]]
Counts = dict[tuple[date, str], tuple[int, int]]
Write = Callable[[date], str]
Show = Callable[[int], str]


def some(share: float) -> settings:
    """A share of the profile's files: 2,000 of all kinds together in the long one."""
    return settings(max_examples=max(int(120 * share), int(settings().max_examples * share)))


def iso_week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


DATES: dict[str, Write] = {
    "iso": date.isoformat,
    "day first": lambda day: f"{day:%d/%m/%Y}",
    "w/c": lambda day: f"w/c {day:%d/%m/%y}",
    "text": lambda day: f"{day:%d %B %Y}",
    "iso week": iso_week,
    "week and year": lambda day: f"Wk {day.isocalendar()[1]} {day.isocalendar()[0]}",
    "serial": lambda day: str((day - date(1899, 12, 30)).days),
    "range": lambda day: f"{day:%d/%m/%Y} - {day + timedelta(6):%d/%m/%Y}",
    "no year": lambda day: f"{day:%d %b}",
    "week alone": lambda day: f"Week {day.isocalendar()[1]}",
}
NUMBERS: dict[str, Show] = {
    "plain": str,
    "thousands": lambda number: f"{number:,}",
    "spaces": lambda number: f"{number:,}".replace(",", " "),
    "decimals": lambda number: f"{number}.0",
    "padded": lambda number: f" {number} ",
}
HEAD = ("Week", "Ethnicity", "PPH", "Births")


def long(counts: Counts, when: Write, show: Show) -> Sheet:
    rows = [[when(day), group, show(n), show(d)] for (day, group), (n, d) in counts.items()]
    return [list(HEAD), *rows]


def wide(counts: Counts, when: Write, show: Show) -> Sheet:
    upper = ["", *(part for group in GROUPS for part in (group, ""))]
    lower = ["Week", *("PPH", "Births") * len(GROUPS)]
    days = dict.fromkeys(day for day, _ in counts)
    return [
        upper,
        lower,
        *([when(d), *(show(n) for g in GROUPS for n in counts[d, g])] for d in days),
    ]


def across(counts: Counts, when: Write, show: Show) -> Sheet:
    days = list(dict.fromkeys(day for day, _ in counts))
    rows = [["Ethnicity", "Count", *map(when, days)]]
    for group in GROUPS:
        rows.append([group, "PPH", *(show(counts[day, group][0]) for day in days)])
        rows.append(["", "Births", *(show(counts[day, group][1]) for day in days)])
    return rows


def fractions(counts: Counts, when: Write, show: Show) -> Sheet:
    days = list(dict.fromkeys(day for day, _ in counts))
    rows = [[when(d), *("{}/{}".format(*counts[d, g]) for g in GROUPS)] for d in days]
    return [["Week", *GROUPS], *rows]


LAYOUTS = {"long": long, "wide": wide, "across": across, "fractions": fractions}


@st.composite
def tables(draw: st.DrawFn) -> Counts:
    """Counts of four groups over some weeks, a thousand births and more among them."""
    weeks = draw(st.integers(4, 12))
    found: Counts = {}
    for week in range(weeks):
        for group in GROUPS:
            births = draw(st.integers(5, 3000))
            found[START + timedelta(7 * week), group] = draw(st.integers(0, births)), births
    return found


def read_back(name: str, content: bytes) -> Imported:
    """What a project drawn from a file takes of that very file; its account adds up."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / name).write_bytes(content)
        drawn = folder / "drawn.yaml"
        asked = outline(folder / name, "drawn", folder, lambda key, question: ANSWERS[key])
        drawn.write_text(asked, encoding="utf-8")
        found = sources.load(project_file.load(drawn), base=folder)
    refused, left_out = (
        part["rows"].sum() if len(part) else 0 for part in (found.refused, found.left_out)
    )
    assert found.read == found.taken + refused + left_out, str(found)
    return found


def workbook(rows: Sequence[Sequence[str]], typed: bool) -> bytes:
    """The rows as a workbook; typed: numbers and days as the spreadsheet's own, where they are."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append([as_typed(cell) if typed else (cell or None) for cell in row])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def as_typed(cell: str) -> object:
    if cell.isdigit():
        return int(cell)
    try:
        return date.fromisoformat(cell) if len(cell) == 10 else cell or None
    except ValueError:
        return cell


@given(
    counts=tables(),
    layout=st.sampled_from(sorted(LAYOUTS)),
    dates=st.sampled_from(sorted(DATES)),
    numbers=st.sampled_from(sorted(NUMBERS)),
    typed=st.booleans(),
    above=st.sampled_from([[], [["PPH log 2024"]], [["PPH log 2024"], []]]),
    below=st.sampled_from(
        [[], [[], ["Source: the labour ward's book"]], [["Total", "", "9", "9"]]]
    ),
)
@some(0.3)
def test_what_a_workbook_holds_is_read_as_it_was(
    counts: Counts, layout: str, dates: str, numbers: str, typed: bool, above: Sheet, below: Sheet
) -> None:
    rows = LAYOUTS[layout](counts, DATES[dates], NUMBERS[numbers])
    table = read_back("sheet.xlsx", workbook([*above, *rows, *below], typed)).observations
    keys = zip(table["subgroup"], table["stratum"], strict=True)
    pairs = zip(table["numerator"], table["denominator"], strict=True)
    assert {(d.date(), g): pair for (d, g), pair in zip(keys, pairs, strict=True)} == counts


class Birth(NamedTuple):
    """One birth as it was, however it is written."""

    day: date
    group: str
    loss: int | None  # None: not recorded
    gestation: int  # days


# Of a day that says its year: a record has no sheet's title to say it.
DAYS = {name: DATES[name] for name in ("iso", "day first", "text")} | {
    "with a time": lambda day: f"{day:%d/%m/%Y} 21:45"
}
LOSSES: dict[str, Show] = {
    "plain": str,
    "thousands": lambda number: f"{number:,}",
    "unit": lambda number: f"{number} ml",
    "thousands and unit": lambda number: f"{number:,} ml",
    "decimals": lambda number: f"{number}.0",
}
GESTATIONS: dict[str, Show] = {
    "weeks and days": lambda days: f"{days // 7}+{days % 7}",
    "in words": lambda days: f"{days // 7}w{days % 7}d",
    "days": str,
}


@st.composite
def births(draw: st.DrawFn) -> list[Birth]:
    """Births of four groups over a year, a severe bleed and an early birth among them."""
    one = st.builds(
        Birth,
        st.dates(date(2024, 1, 1), date(2024, 12, 29)),
        st.sampled_from(GROUPS),
        st.one_of(st.integers(50, 3500), st.none()),
        st.integers(24 * 7, 42 * 7),
    )
    some = [Birth(START, group, 1200, 250) for group in GROUPS]
    usual = [Birth(START + timedelta(90), group, 300, 280) for group in GROUPS]
    return [*some, *usual, *draw(st.lists(one, min_size=20, max_size=60))]


@given(
    found=births(),
    days=st.sampled_from(sorted(DAYS)),
    losses=st.sampled_from(sorted(LOSSES)),
    gestations=st.sampled_from(sorted(GESTATIONS)),
    blank=st.sampled_from(["", "n/a", "-"]),
    kind=st.sampled_from(["csv", "tsv", "xlsx", "typed xlsx"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@some(0.2)
def test_birth_records_are_counted_one_by_one(
    found: list[Birth],
    days: str,
    losses: str,
    gestations: str,
    blank: str,
    kind: str,
    encoding: str,
) -> None:
    rows = [["Date of birth", "Ethnicity", "EBL (ml)", "Gestation"]]
    for birth in found:
        loss = blank if birth.loss is None else LOSSES[losses](birth.loss)
        rows.append(
            [DAYS[days](birth.day), birth.group, loss, GESTATIONS[gestations](birth.gestation)]
        )
    if kind.endswith("xlsx"):
        read = read_back("births.xlsx", workbook(rows, kind.startswith("typed")))
    else:
        text = io.StringIO()
        csv.writer(text, delimiter="," if kind == "csv" else "\t").writerows(rows)
        read = read_back(f"births.{kind}", text.getvalue().encode(encoding))
    assert read.read == read.taken == len(found)
    table = read.observations.groupby(["measure", "stratum"])["numerator"].sum()
    severe = Counter(birth.group for birth in found if (birth.loss or 0) >= 1000)
    early = Counter(birth.group for birth in found if birth.gestation < 37 * 7)
    for measure, expected in (("blood_loss_1000", severe), ("preterm", early)):
        assert {group: table[measure].get(group, 0) for group in GROUPS} == {
            group: expected[group] for group in GROUPS
        }


@given(
    counts=tables(),
    layout=st.sampled_from(sorted(LAYOUTS)),
    dates=st.sampled_from(sorted(DATES)),
    numbers=st.sampled_from(sorted(NUMBERS)),
    separator=st.sampled_from(",\t;"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"]),
    above=st.sampled_from([[], [["PPH log 2024"]], [["PPH log 2024"], []]]),
    below=st.sampled_from(
        [[], [[], ["Source: the labour ward's book"]], [["Total", "", "9", "9"]]]
    ),
)
@some(0.5)
def test_what_a_sheet_holds_is_read_as_it_was(
    counts: Counts,
    layout: str,
    dates: str,
    numbers: str,
    separator: str,
    encoding: str,
    above: Sheet,
    below: Sheet,
) -> None:
    rows = LAYOUTS[layout](counts, DATES[dates], NUMBERS[numbers])
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows([*above, *rows, *below])
    found = read_back("sheet.csv", text.getvalue().encode(encoding))
    table = found.observations
    keys = zip(table["subgroup"], table["stratum"], strict=True)
    pairs = zip(table["numerator"], table["denominator"], strict=True)
    read = {(day.date(), group): pair for (day, group), pair in zip(keys, pairs, strict=True)}
    # Nothing is another number, another date or another group; of 1,200 between semicolons,
    # which could be 1.2 there, it is asked.
    assert read == counts


def test_a_column_in_which_some_counts_need_a_comma_is_a_column_of_counts(tmp_path: Path) -> None:
    found = {(START + timedelta(7 * week), group): (0, 5) for week in range(9) for group in GROUPS}
    found[START, "Not stated"], found[START + timedelta(7), "Not stated"] = (0, 2606), (0, 1000)
    with (tmp_path / "sheet.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(wide(found, DATES["iso"], NUMBERS["thousands"]))
    assert "denominator: Not stated Births" in outline(tmp_path / "sheet.csv", "drawn", tmp_path)


def test_parts_of_a_whole_beside_dates_are_no_header_of_dates(tmp_path: Path) -> None:
    found = {(START + timedelta(7 * week), group): (0, 5) for week in range(4) for group in GROUPS}
    found[START + timedelta(7), "Indian"] = (1, 198)
    rows = fractions(found, DATES["day first"], NUMBERS["plain"])
    assert len(read_back("sheet.xlsx", workbook(rows, typed=False)).observations) == len(found)
