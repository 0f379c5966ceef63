"""A verdict in sentences: what it says of the system, how sure, and what would have been missed."""

from __future__ import annotations

import math
from collections.abc import Callable

from qi_equity.findings import Gap
from qi_equity.view.narrative import opposite_ways
from qi_equity.words.numbers import missing, number

# A factor or a wait beyond these is no help to a team: it is said in words instead.
LARGEST_FACTOR = 20
LONGEST_WAIT = 520  # ten years of weeks


def verdict_sentences(row: Gap, multiply: float = 1) -> list[str]:
    """What can be said of one gap, the answer first.

    >>> from qi_equity.findings import row
    >>> found = row(Gap, verdict="persistent", stratum="Black", reference="everyone else",
    ...             ratio=2.1, ratio_lower=1.4, ratio_upper=3.0, smallest_change=1.8)
    >>> said = verdict_sentences(found)
    >>> print(said[0].partition(",")[0])
    The gap is persistent: the rate for Black is 2.10 times that of everyone else (1.40 to 3.00)
    >>> said[-1]
    'A change smaller than 1.8-fold would have been missed.'
    """
    if row.verdict not in SENTENCES:
        return []
    said = [sentence for sentence in SENTENCES[row.verdict](row) if sentence]
    if row.improving_while_widening:
        scales = "on both scales" if row.difference_widening_too else "as a ratio"
        said.append(f"Rates are improving overall while this gap widens {scales}.")
    unknown = (row.unknown_ratio_lower, row.unknown_ratio_upper)
    if row.unknown_decides and not _small(row, *unknown):
        low, high = map(_ratio, unknown)
        said.append(
            f"It hangs on who the {number(row.unknown_births)} people whose group is not "
            "known are: shared out in other ways, the ratio would lie between "
            f"{low} and {high}."
        )
    if row.disagree and not missing(row.ratio_then) and not missing(row.ratio_now):
        said.append(opposite_ways(row, multiply))
    return said


def _ratio(value: float) -> str:
    """A ratio with its two decimals even where they are noughts: 1.00 is the point of it."""
    return f"{value:.2f}" if math.isfinite(value) else number(value)


def _times(row: Gap) -> str:
    return (
        f"the rate for {row.stratum} is {_ratio(row.ratio)} times that of {row.reference} "
        f"({_ratio(row.ratio_lower)} to {_ratio(row.ratio_upper)})"
    )


def _moved(row: Gap) -> str:
    if missing(row.early_ratio) or missing(row.late_ratio):
        return ""
    mover = f" Who moved: {row.who_moved}." if row.who_moved else ""
    turned = " It changed sides." if (row.early_ratio - 1) * (row.late_ratio - 1) < 0 else ""
    return (
        f"The ratio went from {_ratio(row.early_ratio)} in the first half to "
        f"{_ratio(row.late_ratio)} in the second.{turned}{mover}"
    )


def _missed(row: Gap) -> str:
    if not row.smallest_change <= LARGEST_FACTOR:
        return "No change of any plausible size would have been seen."
    return f"A change smaller than {number(row.smallest_change, 1)}-fold would have been missed."


def weeks_words(weeks: float) -> str:
    """How long until an answer, in words.

    >>> weeks_words(1.0), weeks_words(float("inf"))
    ('about 1 more week', 'never at this pace')
    """
    if missing(weeks):
        return "not known how many more weeks"
    if weeks > LONGEST_WAIT:
        return "never at this pace"
    count = number(weeks)
    return f"about {count} more week" + ("" if count == "1" else "s")


def _too_few(row: Gap) -> list[str]:
    counts = f"{number(row.numerator)} of {number(row.denominator)}"
    said = [f"Too few to say: {counts} for {row.stratum}."]
    if row.weeks_to_go > LONGEST_WAIT:
        said.append(
            "At this pace a change of one half would not be seen within ten years: pool sites, "
            "count over longer periods, or follow a process measure that happens more often."
        )
    elif row.weeks_to_go > 0:
        said.append(f"To see a gap change by half takes {weeks_words(row.weeks_to_go)}.")
    return said


def _persistent(row: Gap) -> list[str]:
    if _small(row, row.ratio_lower, row.ratio_upper):
        return [
            f"The gap is steady, and smaller than this project counts as mattering "
            f"({number(row.smallest_gap, 2)}-fold): {_times(row)}.",
            "Read the difference beside it: of something that happens to most, a ratio near 1 can "
            "still be many people.",
        ]
    return [
        f"The gap is persistent: {_times(row)}, and nothing shows that it is changing.",
        "A steady gap is how the system ordinarily works, not bad luck: it is reliably unequal, "
        "and stays so until something is changed.",
        _missed(row),
    ]


def _small(row: Gap, lower: float, upper: float) -> bool:
    """Whether even the ends of an interval are nearer to 1 than the smallest gap that matters."""
    return 1 / row.smallest_gap < lower and upper < row.smallest_gap


SENTENCES: dict[str, Callable[[Gap], list[str]]] = {
    "widening": lambda row: [
        f"The gap is widening: {_times(row)} over the whole time.",
        _moved(row),
    ],
    "narrowing": lambda row: [
        f"The gap is narrowing: {_times(row)} over the whole time.",
        _moved(row),
    ],
    "closed": lambda row: ["There was a gap, and it has closed.", _moved(row)],
    "persistent": _persistent,
    "no gap seen": lambda row: [
        f"No gap of a size that matters: {_times(row)}.",
        _missed(row),
    ],
    "too few to say": _too_few,
}
