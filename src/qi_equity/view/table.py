"""Findings as small tables of text, for a page or a report; every number is read off."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from qi_equity.project import Measure
from qi_equity.view.narrative import VARIATION_WORDS
from qi_equity.view.theme import MEANINGS
from qi_equity.words import say
from qi_equity.words.numbers import amount, day, interval, missing, number

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
    rows = []
    for row in points.to_dict("records"):
        cells = [day(row["subgroup"])]
        if counted:
            cells += [number(row.get("numerator")), number(row.get("denominator"))]
        cells += [number(row.get(name)) for name in ("value", "centre", "lower", "upper")]
        cells.append(meaning_words(row.get("meaning")))
        rows.append(tuple(cells))
    return Table(caption, tuple(header), tuple(rows), frozenset(range(1, len(header) - 1)))


def summary_table(
    charts: pd.DataFrame, points: pd.DataFrame, measure: Measure, caption: str
) -> Table:
    """One row a stratum: the last value, the centre, the signals."""
    last = points[points["value"].notna()].drop_duplicates("stratum", keep="last")
    latest = {row["stratum"]: row for row in last.to_dict("records")}
    rows = []
    for row in charts.to_dict("records"):
        newest: dict[Any, Any] = latest.get(row["stratum"], {})
        rows.append(
            (
                str(row["stratum"]),
                number(row.get("subgroups")),
                amount(row.get("centre"), measure.unit),
                say(
                    "charts.table.latest",
                    amount=amount(newest.get("value"), measure.unit),
                    day=day(newest.get("subgroup")),
                ),
                _of("at_most", row.get("longest_run"), row.get("longest_run_limit")),
                _of("at_least", row.get("crossings"), row.get("crossings_limit")),
                number(row.get("beyond_limits")),
                VARIATION_WORDS.get(str(row.get("variation")), "–"),
            )
        )
    header = (
        say("charts.table.stratum"),
        say(f"charts.periods.{measure.subgroup}"),
        *(say(f"charts.table.{name}") for name in SUMMARY),
    )
    return Table(caption, header, tuple(rows), frozenset({1, 2, 3, 4, 5, 6}))


def gaps_table(gaps: pd.DataFrame, measure: Measure, caption: str) -> Table:
    """One row a stratum: rate, reference, difference and ratio with their intervals, verdict."""
    judged = "verdict" in gaps
    rows = []
    for row in gaps.to_dict("records"):
        scaled = {
            name: row.get(name, float("nan")) * measure.multiply
            for name in ("rate", "difference", "difference_lower", "difference_upper")
        }
        cells = [
            str(row["stratum"]),
            say(
                "gaps.table.count_of",
                numerator=number(row.get("numerator")),
                denominator=number(row.get("denominator")),
            ),
            amount(scaled["rate"], measure.unit),
            _word(row.get("reference")),
            number(scaled["difference"]),
            interval(scaled["difference_lower"], scaled["difference_upper"]),
            number(row.get("ratio"), 2),
            interval(row.get("ratio_lower"), row.get("ratio_upper"), 2),
        ]
        rows.append(tuple(cells + ([_word(row.get("verdict"))] if judged else [])))
    unit = say("gaps.percentage_points") if measure.unit == "%" else measure.unit
    header = [say(f"gaps.table.{name}") for name in ("stratum", "counts", "rate", "reference")]
    header.append(say("gaps.table.difference", unit=unit))
    header += [say(f"gaps.table.{name}") for name in ("interval", "ratio", "interval")]
    header += [say("gaps.table.verdict")] if judged else []
    return Table(caption, tuple(header), tuple(rows), frozenset({1, 2, 4, 5, 6, 7}))


def _word(value: object) -> str:
    return say("language.nothing") if missing(value) else str(value)


def meaning_words(meaning: object) -> str:
    """A point's meaning as words; nothing where there is none."""
    return say(f"charts.meaning.{meaning}") if meaning in MEANINGS else ""


def _of(end: str, value: object, limit: object) -> str:
    if missing(limit):
        return number(value)
    return say(f"charts.table.{end}", number=number(value), limit=number(limit))
