"""Findings in sentences: what a chart or a gap shows, and what not to conclude from it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from qi_equity.project import EVERYONE, EVERYONE_ELSE, Measure
from qi_equity.words.numbers import amount, day, missing, number

Row = Mapping[Any, Any]

VARIATION_WORDS = {
    "improvement": "special cause, in the direction of improvement",
    "concern": "special cause, in the direction of concern",
    "mixed": "special causes in both directions",
    "high": "special cause: high",
    "low": "special cause: low",
    "special cause": "special cause",
    "common cause": "common cause only: no signal",
}
# What each rule of a chart has seen, where it has; long runs and crossings are told with numbers.
RULE_WORDS = {
    "shift": "a shift to one side of the centre line",
    "trend": "a trend in one direction",
    "two_of_three": "two of three points near a limit",
    "four_of_five": "four of five points well to one side",
    "near_limits": "two of three points near a limit",
    "hugging": "points hugging the centre line",
    "avoiding": "points avoiding the centre line",
    "alternating": "points going up and down in turn",
}
ASSURANCE_WORDS = {
    "consistent pass": "target met, week in, week out",
    "consistent fail": "target missed, week in, week out",
    "inconsistent": "target hit or miss by chance",
}
VERDICT_WORDS = {
    "widening": "The gap is widening.",
    "narrowing": "The gap is narrowing.",
    "closed": "The gap was there and has closed.",
    "persistent": "The gap is persistent: it is there, and it is not seen to change.",
    "no gap seen": "No gap is seen.",
    "too few to say": "It is too early to say: there are too few events.",
}


def chart_sentences(row: Row, points: pd.DataFrame, measure: Measure) -> list[str]:
    """What one chart shows and what not to conclude from it."""
    subgroups = row.get("subgroups")
    period = f"{number(subgroups)} {plural(measure.subgroup, subgroups)}"
    centre = row.get("centre")
    if missing(centre):
        return [f"{period}. There is no centre line yet: too little has been logged to judge by."]
    said = [f"Over {period} the centre line is {amount(centre, measure.unit)}."]
    signals = signal_words(row, points, measure.subgroup)
    said.append(signals or "No signal: the values vary as chance alone would have them vary.")
    said.append(_not_to_conclude(row, bool(signals), measure))
    return said


def signal_words(row: Row, points: pd.DataFrame, subgroup: str) -> str:
    """The signals of one chart in a sentence, or nothing where there is none."""
    parts = []
    outside = row.get("beyond_limits")
    if not missing(outside) and float(outside) > 0:  # type: ignore[arg-type]
        last = _last_marked(points, "beyond_limits")
        where = f", last on {day(last)}" if last is not None else ""
        parts.append(
            f"{number(outside)} {plural(subgroup, outside)} beyond the control limits{where}"
        )
    for rule, words in RULE_WORDS.items():
        last = _last_marked(points, rule)
        if last is not None:
            parts.append(f"{words}, up to {day(last)}")
    longest, limit = row.get("longest_run"), row.get("longest_run_limit")
    if _signalled(row) and not missing(longest) and not missing(limit) and longest > limit:  # type: ignore[operator]
        parts.append(
            f"a run of {number(longest)} on one side of the centre line "
            f"(chance alone: up to {number(limit)})"
        )
    crossings, fewest = row.get("crossings"), row.get("crossings_limit")
    if _signalled(row) and not missing(crossings) and not missing(fewest) and crossings < fewest:  # type: ignore[operator]
        parts.append(
            f"the line crosses the centre {number(crossings)} times "
            f"(chance alone: {number(fewest)} or more)"
        )
    return f"Signal: {'; '.join(parts)}." if parts else ""


def _signalled(row: Row) -> bool:
    signal = row.get("runs_signal")
    return not missing(signal) and bool(signal)


def _not_to_conclude(row: Row, signal: bool, measure: Measure) -> str:
    if signal and measure.direction == "none":
        return "Something changed; whether for better or worse is for the team to say."
    if signal:
        return (
            "Something changed at that time. The chart does not say what: ask what was different."
        )
    if not missing(row.get("useful")) and float(row["useful"]) < 10:
        return "With fewer than 10 useful points a change could easily go unseen."
    return "That is not to say that all is well: a steady system can be steadily unfair."


def _last_marked(points: pd.DataFrame, column: str) -> Any:
    if column not in points:
        return None
    marked = points.loc[points[column].fillna(0).astype(float) != 0, "subgroup"]
    return marked.iloc[-1] if len(marked) else None


def gap_sentence(row: Row, measure: Measure) -> str:
    """One stratum's gap with its interval, in words."""
    stratum = str(row.get("stratum"))
    rate = _scaled(row.get("rate"), measure)
    if missing(rate):
        return f"{stratum}: nothing to compare yet."
    unit = measure.unit
    counts = f"{number(row.get('numerator'))} of {number(row.get('denominator'))}"
    said = f"{stratum}: {amount(rate, unit)} ({counts})."
    difference = _scaled(row.get("difference"), measure)
    if missing(difference):
        return f"{said} Not compared."
    low, high = (_scaled(row.get(f"difference_{end}"), measure) for end in ("lower", "upper"))
    points = "percentage points" if unit == "%" else unit
    side = "higher" if difference > 0 else "lower"
    size = f"{number(abs(difference))} {points} {side} than {reference_words(row)}"
    between = f"95% interval {signed(low)} to {signed(high)}"
    said += f" That is {size} ({between})"
    ratio = row.get("ratio")
    if not missing(ratio):
        least, most = (number(row.get(f"ratio_{end}"), 2) for end in ("lower", "upper"))
        said += f", or {number(ratio, 2)} times the rate ({least} to {most})"
    said += "."
    if not missing(low) and not missing(high) and low <= 0 <= high:
        said += " The interval includes no difference, so chance could explain it."
    return said


def reference_words(row: Row) -> str:
    """The reference of a gap, as it is called in a sentence.

    >>> reference_words({"reference": "everyone else"}), reference_words({"reference": "White"})
    ('everyone else', 'White')
    """
    reference = row.get("reference")
    if missing(reference):
        return EVERYONE_ELSE
    return str(reference)


def signed(value: object) -> str:
    """A number with its sign, the sign being the point.

    >>> signed(1.25), signed(-3.0), signed(float("nan"))
    ('+1.2', '−3', 'unknown')
    """
    if missing(value):
        return "unknown"
    size = float(value)  # type: ignore[arg-type]
    text = number(abs(size))
    return f"+{text}" if size > 0 else f"−{text}" if size < 0 else text


def verdict_sentence(row: Row) -> str:
    """The verdict on a gap: the finding's own sentence where it has one."""
    own = row.get("sentence")
    if not missing(own) and str(own):
        return str(own)
    return VERDICT_WORDS.get(str(row.get("verdict")), "")


def lead_sentence(charts: pd.DataFrame, signalling: Collection[str] = ()) -> str:
    """The first thing to read on a page of charts: which strata stand out, or show a signal."""
    rows = charts[charts["stratum"] != EVERYONE]
    if "variation" not in rows or rows.empty:
        return ""
    total = len(rows)
    if "highlight" in rows:
        stand = rows[rows["highlight"].fillna(False).astype(bool)]
        if len(stand):
            named = [
                f"{row['stratum']} ({row['variation']})"
                if row["variation"] != "common cause"
                else str(row["stratum"])
                for row in stand.to_dict("records")
            ]
            return f"Standing out once every chart is looked at together: {', '.join(named)}."
        return (
            f"None of the {total} strata stands out once every chart is looked at together: "
            "single signals below may be chance."
        )
    marked = rows[rows["stratum"].isin(signalling)]
    if marked.empty:
        return f"None of the {total} strata shows a signal: what is seen is usual variation."
    return f"With a signal, by these rules: {', '.join(marked['stratum'])}."


def plural(word: str, count: object) -> str:
    """A word for one or for many.

    >>> plural("week", 1), plural("week", 3)
    ('week', 'weeks')
    """
    return word if not missing(count) and float(count) == 1 else f"{word}s"  # type: ignore[arg-type]


def _scaled(value: Any, measure: Measure) -> Any:
    return value if missing(value) else float(value) * measure.multiply
