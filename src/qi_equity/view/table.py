"""Findings as small tables of text, for a page or a report; every number is read off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from qi_equity.findings import Chart, Gap, Point, rows
from qi_equity.project import Measure
from qi_equity.view.narrative import VARIATION_WORDS
from qi_equity.view.theme import MEANINGS, amount, day, missing, number


@dataclass(frozen=True, slots=True)
class Table:
    """A caption, a header and rows of text; the first cell of a row names it."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = field(default=frozenset())


def points_table(points: pd.DataFrame, measure: Measure, caption: str) -> Table:
    """Every point of one chart: the alternative to looking at it."""
    counted = "denominator" in points and points["denominator"].notna().any()
    header = [measure.subgroup.capitalize()]
    header += ["Numerator", "Denominator"] if counted else []
    header += [f"Value ({measure.unit})", "Centre", "Lower limit", "Upper limit", "Signal"]
    lines = []
    for row in rows(points, Point):
        cells = [day(row.subgroup)]
        if counted:
            cells += [number(row.numerator), number(row.denominator)]
        cells += [number(cell) for cell in (row.value, row.centre, row.lower, row.upper)]
        cells.append(meaning_words(row.meaning))
        lines.append(tuple(cells))
    return Table(caption, tuple(header), tuple(lines), frozenset(range(1, len(header) - 1)))


def summary_table(
    charts: Iterable[Chart], points: pd.DataFrame, measure: Measure, caption: str
) -> Table:
    """One row a stratum: the last value, the centre, the signals."""
    last = points[points["value"].notna()].drop_duplicates("stratum", keep="last")
    latest = {row.stratum: row for row in rows(last, Point)}
    lines = []
    for row in charts:
        newest = latest.get(row.stratum)
        value, when = (newest.value, newest.subgroup) if newest else (None, None)
        lines.append(
            (
                row.stratum,
                number(row.subgroups),
                amount(row.centre, measure.unit),
                f"{amount(value, measure.unit)} ({day(when)})",
                _of(row.longest_run, row.longest_run_limit, "at most"),
                _of(row.crossings, row.crossings_limit, "at least"),
                number(row.beyond_limits),
                VARIATION_WORDS.get(row.variation, "–"),
            )
        )
    header = (
        "Stratum",
        f"{measure.subgroup.capitalize()}s",
        "Centre line",
        "Last value",
        "Longest run",
        "Crossings",
        "Beyond limits",
        "Variation",
    )
    return Table(caption, header, tuple(lines), frozenset({1, 2, 3, 4, 5, 6}))


def gaps_table(gaps: Iterable[Gap], measure: Measure, caption: str, judged: bool) -> Table:
    """One row a stratum: rate, reference, difference and ratio with their intervals, verdict."""
    times, lines = measure.multiply, []
    for row in gaps:
        cells = [
            row.stratum,
            f"{number(row.numerator)} of {number(row.denominator)}",
            amount(row.rate * times, measure.unit),
            row.reference or "–",
            number(row.difference * times),
            f"{number(row.difference_lower * times)} to {number(row.difference_upper * times)}",
            number(row.ratio, 2),
            f"{number(row.ratio_lower, 2)} to {number(row.ratio_upper, 2)}",
        ]
        lines.append(tuple(cells + ([row.verdict or "–"] if judged else [])))
    unit = "percentage points" if measure.unit == "%" else measure.unit
    header = ["Stratum", "Counts", "Rate", "Compared with", f"Difference ({unit})"]
    header += ["95% interval", "Ratio", "95% interval"] + (["Verdict"] if judged else [])
    return Table(caption, tuple(header), tuple(lines), frozenset({1, 2, 4, 5, 6, 7}))


def meaning_words(meaning: object) -> str:
    """A point's meaning as words; nothing where there is none."""
    return MEANINGS[str(meaning)][2] if not missing(meaning) and str(meaning) in MEANINGS else ""


def _of(value: object, limit: object, words: str) -> str:
    return number(value) if missing(limit) else f"{number(value)} ({words} {number(limit)})"
