"""Findings as small tables of text, for a page or a report; every number is read off."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

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
                f"{amount(newest.get('value'), measure.unit)} ({day(newest.get('subgroup'))})",
                _of(row.get("longest_run"), row.get("longest_run_limit"), "at most"),
                _of(row.get("crossings"), row.get("crossings_limit"), "at least"),
                number(row.get("beyond_limits")),
                VARIATION_WORDS.get(str(row.get("variation")), "–"),
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
            f"{number(row.get('numerator'))} of {number(row.get('denominator'))}",
            amount(scaled["rate"], measure.unit),
            str(row.get("reference", "–")),
            number(scaled["difference"]),
            f"{number(scaled['difference_lower'])} to {number(scaled['difference_upper'])}",
            number(row.get("ratio"), 2),
            f"{number(row.get('ratio_lower'), 2)} to {number(row.get('ratio_upper'), 2)}",
        ]
        rows.append(tuple(cells + ([_word(row.get("verdict"))] if judged else [])))
    unit = "percentage points" if measure.unit == "%" else measure.unit
    header = ["Stratum", "Counts", "Rate", "Compared with", f"Difference ({unit})"]
    header += ["95% interval", "Ratio", "95% interval"] + (["Verdict"] if judged else [])
    return Table(caption, tuple(header), tuple(rows), frozenset({1, 2, 4, 5, 6, 7}))


def _word(value: object) -> str:
    return "–" if missing(value) else str(value)


def meaning_words(meaning: object) -> str:
    """A point's meaning as words; nothing where there is none."""
    return MEANINGS[str(meaning)][2] if not missing(meaning) and str(meaning) in MEANINGS else ""


def _of(value: object, limit: object, words: str) -> str:
    return number(value) if missing(limit) else f"{number(value)} ({words} {number(limit)})"
