"""A table in any layout, with dates and numbers in any way of writing, comes out as it was.

HYPOTHESIS_PROFILE=long tries 2,000 sheets.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from qi_equity import project_file, sources
from qi_equity.sources.outline import outline

GROUPS = ("White British", "Black African", "Indian", "Not stated")
START = date(2024, 1, 1)
ANSWERS = {"year": "2024", "week_1": "2024-01-01", "dates": "day first"}
Sheet = list[list[str]]
Counts = dict[tuple[date, str], tuple[int, int]]
Write = Callable[[date], str]
Show = Callable[[int], str]


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
@settings(max_examples=max(100, settings().max_examples))
def test_what_a_sheet_holds_is_read_as_it_was_or_refused_with_a_reason(
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
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sheet.csv").write_bytes(text.getvalue().encode(encoding))
        drawn = folder / "drawn.yaml"
        asked = outline(folder / "sheet.csv", "drawn", folder, lambda key, question: ANSWERS[key])
        drawn.write_text(asked, encoding="utf-8")
        assert project_file.check(drawn) == ()
        found = sources.load(project_file.load(drawn), base=folder)
    refused, left_out = found.refused["rows"].sum(), found.left_out["rows"].sum()
    assert found.read == found.taken + refused + left_out
    table = found.observations
    keys = zip(table["subgroup"], table["stratum"], strict=True)
    pairs = zip(table["numerator"], table["denominator"], strict=True)
    read = {(day.date(), group): pair for (day, group), pair in zip(keys, pairs, strict=True)}
    # Nothing is another number, another date or another group.
    assert read == {key: pair for key, pair in counts.items() if key in read}
    # Only 1,200 between semicolons may be refused: it could be 1.2 there.
    if separator != ";" or numbers != "thousands":
        assert len(read) == len(counts)


def test_a_column_in_which_some_counts_need_a_comma_is_a_column_of_counts(tmp_path: Path) -> None:
    found = {(START + timedelta(7 * week), group): (0, 5) for week in range(9) for group in GROUPS}
    found[START, "Not stated"], found[START + timedelta(7), "Not stated"] = (0, 2606), (0, 1000)
    with (tmp_path / "sheet.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(wide(found, DATES["iso"], NUMBERS["thousands"]))
    assert "denominator: Not stated Births" in outline(tmp_path / "sheet.csv", "drawn", tmp_path)
