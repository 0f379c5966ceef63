"""Findings as small tables of text, for a page or a report; every number is read off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from qi_equity.findings import Chart, Gap, Point, rows
from qi_equity.project import Measure
from qi_equity.view.theme import MEANINGS
from qi_equity.words import say
from qi_equity.words.charts import variation_words
from qi_equity.words.gaps import counts, difference_unit
from qi_equity.words.grammar import called
from qi_equity.words.numbers import amount, day, interval, missing, number
from qi_equity.words.verdicts import verdict_word

# Columns of the summary, after the stratum and how many points it has.
SUMMARY = (
    "centre_line", "last_value", "longest_run", "crossings", "beyond_limits", "variation",
)  # fmt: skip


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
    header = [say(f"charts.period.{measure.subgroup}")]
    counts = ("numerator", "denominator") if counted else ()
    header += [say(f"charts.table.{name}") for name in counts]
    header.append(say("charts.table.value", unit=measure.unit))
    header += [say(f"charts.table.{name}") for name in ("centre", "lower", "upper", "signal")]
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
                called(row.stratum),
                number(row.subgroups),
                amount(row.centre, measure.unit),
                say("charts.table.latest", amount=amount(value, measure.unit), day=day(when)),
                _of("at_most", row.longest_run, row.longest_run_limit),
                _of("at_least", row.crossings, row.crossings_limit),
                number(row.beyond_limits),
                variation_words(row.variation) or say("language.nothing"),
            )
        )
    header = (
        say("charts.table.stratum"),
        say(f"charts.periods.{measure.subgroup}"),
        *(say(f"charts.table.{name}") for name in SUMMARY),
    )
    return Table(caption, header, tuple(lines), frozenset({1, 2, 3, 4, 5, 6}))


def gaps_table(gaps: Iterable[Gap], measure: Measure, caption: str, judged: bool) -> Table:
    """One row a stratum: rate, reference, difference and ratio with their intervals, verdict."""
    times, lines, of_means = measure.multiply, [], False
    for row in gaps:
        of_means = of_means or row.of_means
        cells = [
            called(row.stratum),
            number(row.readings) if row.of_means else counts(row),
            amount(row.rate * times, measure.unit),
            called(row.reference) or say("language.nothing"),
            number(row.difference * times),
            interval(row.difference_lower * times, row.difference_upper * times),
            number(row.ratio, 2),
            interval(row.ratio_lower, row.ratio_upper, 2),
        ]
        lines.append(
            tuple(
                cells + ([verdict_word(row.verdict) or say("language.nothing")] if judged else [])
            )
        )
    unit = difference_unit(measure)
    told = ("readings", "mean") if of_means else ("counts", "rate")
    header = [say(f"gaps.table.{name}") for name in ("stratum", *told, "reference")]
    header.append(say("gaps.table.difference", unit=unit))
    header += [say(f"gaps.table.{name}") for name in ("interval", "ratio", "interval")]
    header += [say("gaps.table.verdict")] if judged else []
    return Table(caption, tuple(header), tuple(lines), frozenset({1, 2, 4, 5, 6, 7}))


def meaning_words(meaning: object) -> str:
    """A point's meaning as words; nothing where there is none."""
    return say(f"charts.meaning.{meaning}") if meaning in MEANINGS else ""


def _of(end: str, value: object, limit: object) -> str:
    if missing(limit):
        return number(value)
    return say(f"charts.table.{end}", number=number(value), limit=number(limit))
