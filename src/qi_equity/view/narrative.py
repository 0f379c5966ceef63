"""Findings in sentences: what a chart or a gap shows, and what not to conclude from it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from qi_equity.findings import Chance, Chart, Gap
from qi_equity.project import EVERYONE, EVERYONE_ELSE, Measure
from qi_equity.words.numbers import amount, day, missing, number

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


def chart_sentences(row: Chart, points: pd.DataFrame, measure: Measure) -> list[str]:
    """What one chart shows and what not to conclude from it."""
    period = f"{number(row.subgroups)} {plural(measure.subgroup, row.subgroups)}"
    if missing(row.centre):
        return [f"{period}. There is no centre line yet: too little has been logged to judge by."]
    said = [f"Over {period} the centre line is {amount(row.centre, measure.unit)}."]
    signals = signal_words(row, points, measure.subgroup)
    said.append(signals or "No signal: the values vary as chance alone would have them vary.")
    said.append(_not_to_conclude(row, bool(signals), measure))
    return said


def signal_words(row: Chart, points: pd.DataFrame, subgroup: str) -> str:
    """The signals of one chart in a sentence, or nothing where there is none."""
    parts = []
    outside = row.beyond_limits
    if outside > 0:
        last = _last_marked(points, "beyond_limits")
        where = f", last on {day(last)}" if last is not None else ""
        parts.append(
            f"{number(outside)} {plural(subgroup, outside)} beyond the control limits{where}"
        )
    for rule, words in RULE_WORDS.items():
        last = _last_marked(points, rule)
        if last is not None:
            parts.append(f"{words}, up to {day(last)}")
    if row.runs_signal and row.longest_run > row.longest_run_limit:
        parts.append(
            f"a run of {number(row.longest_run)} on one side of the centre line "
            f"(chance alone: up to {number(row.longest_run_limit)})"
        )
    if row.runs_signal and row.crossings < row.crossings_limit:
        parts.append(
            f"the line crosses the centre {number(row.crossings)} times "
            f"(chance alone: {number(row.crossings_limit)} or more)"
        )
    return f"Signal: {'; '.join(parts)}." if parts else ""


def _not_to_conclude(row: Chart, signal: bool, measure: Measure) -> str:
    if signal and measure.direction == "none":
        return "Something changed; whether for better or worse is for the team to say."
    if signal:
        return (
            "Something changed at that time. The chart does not say what: ask what was different."
        )
    if row.useful < 10:
        return "With fewer than 10 useful points a change could easily go unseen."
    return "That is not to say that all is well: a steady system can be steadily unfair."


def _last_marked(points: pd.DataFrame, column: str) -> object:
    if column not in points:
        return None
    marked = points.loc[points[column].fillna(0).astype(float) != 0, "subgroup"]
    return marked.iloc[-1] if len(marked) else None


def gap_sentence(row: Gap, measure: Measure) -> str:
    """One stratum's gap with its interval, in words."""
    times, unit = measure.multiply, measure.unit
    if missing(row.rate):
        return f"{row.stratum}: nothing to compare yet."
    counts = f"{number(row.numerator)} of {number(row.denominator)}"
    said = f"{row.stratum}: {amount(row.rate * times, unit)} ({counts})."
    difference = row.difference * times
    if missing(difference):
        return f"{said} Not compared."
    low, high = row.difference_lower * times, row.difference_upper * times
    points = "percentage points" if unit == "%" else unit
    side = "higher" if difference > 0 else "lower"
    size = f"{number(abs(difference))} {points} {side} than {reference_words(row)}"
    between = f"95% interval {signed(low)} to {signed(high)}"
    said += f" That is {size} ({between})"
    if not missing(row.ratio):
        least, most = number(row.ratio_lower, 2), number(row.ratio_upper, 2)
        said += f", or {number(row.ratio, 2)} times the rate ({least} to {most})"
    said += "."
    if low <= 0 <= high:
        said += " The interval includes no difference, so chance could explain it."
    return said


def reference_words(row: Gap) -> str:
    """The reference of a gap, as it is called in a sentence."""
    return row.reference or EVERYONE_ELSE


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


def lead_sentence(
    charts: Sequence[Chart], judged: bool = False, signalling: Collection[str] = ()
) -> str:
    """The first thing to read on a page of charts: which strata stand out, or show a signal.

    Before the charts are judged together nothing is said of which stand out.
    """
    own = [row for row in charts if row.stratum != EVERYONE]
    if not own:
        return ""
    if judged:
        stand = [row for row in own if row.highlight]
        if not stand:
            return (
                f"None of the {len(own)} strata stands out once every chart is looked at together: "
                "single signals below may be chance."
            )
        named = [
            f"{row.stratum} ({row.variation})" if row.variation != "common cause" else row.stratum
            for row in stand
        ]
        return f"Standing out once every chart is looked at together: {', '.join(named)}."
    marked = [row.stratum for row in own if row.stratum in signalling]
    if not marked:
        return f"None of the {len(own)} strata shows a signal: what is seen is usual variation."
    return f"With a signal, by these rules: {', '.join(marked)}."


def chance_sentence(found: Chance) -> str:
    """How many charts would stand out by chance alone.

    >>> chance_sentence(Chance(40, 3, 2.0, 1))[:49]
    '40 charts of single strata: 3 with p of at most 0'
    """
    many = f"{found.charts} charts of single strata"
    many += " are shown: " if found.released else ": "
    return (
        f"{many}{found.seen} with p of at most 0.05, where chance alone would bring "
        f"about {found.expected:.1f}; {found.highlighted} stand out once all are looked at "
        "together (at most one in ten of those by chance)."
    )


def opposite_ways(row: Gap, multiply: float) -> str:
    """The sentence for a gap that narrowed on one scale and widened on the other.

    >>> from qi_equity.findings import row
    >>> print(opposite_ways(row(Gap, difference_then=0.0842, difference_now=0.0699,
    ...                         ratio_then=2.46, ratio_now=2.62), 100))
    The difference narrowed (8.42 to 6.99) while the ratio widened (2.46 to 2.62): the rates
    moved, and whether the gap is closing depends on the scale, so give both.
    """
    then, now = row.difference_then * multiply, row.difference_now * multiply
    narrowed = abs(now) < abs(then)
    words = ("narrowed", "widened") if narrowed else ("widened", "narrowed")
    return (
        f"The difference {words[0]} ({then:.3g} to {now:.3g}) while the ratio {words[1]} "
        f"({row.ratio_then:.3g} to {row.ratio_now:.3g}): the rates moved, and whether the gap is "
        "closing depends on the scale, so give both."
    )


def plural(word: str, count: object) -> str:
    """A word for one or for many.

    >>> plural("week", 1), plural("week", 3)
    ('week', 'weeks')
    """
    return word if not missing(count) and float(count) == 1 else f"{word}s"  # type: ignore[arg-type]
