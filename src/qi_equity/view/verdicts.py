"""A verdict in sentences: what it says of the system, how sure, and what would have been missed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qi_equity.words.numbers import missing, number

Row = Mapping[Any, Any]

# A factor or a wait beyond these is no help to a team: it is said in words instead.
LARGEST_FACTOR = 20
LONGEST_WAIT = 520  # ten years of weeks


def verdict_sentences(row: Row) -> list[str]:
    """What can be said of one gap, the answer first.

    >>> row = {"verdict": "persistent", "stratum": "Black", "reference": "everyone else",
    ...        "ratio": 2.1, "ratio_lower": 1.4, "ratio_upper": 3.0, "smallest_change": 1.8}
    >>> said = verdict_sentences(row)
    >>> print(said[0].partition(",")[0])
    The gap is persistent: the rate for Black is 2.10 times that of everyone else (1.40 to 3.00)
    >>> said[-1]
    'A change smaller than 1.8-fold would have been missed.'
    """
    verdict = row.get("verdict")
    if missing(verdict) or verdict not in SENTENCES:
        return []
    said = [sentence for sentence in SENTENCES[str(verdict)](row) if sentence]
    if row.get("improving_while_widening") is True:
        scales = "on both scales" if row.get("difference_widening_too") is True else "as a ratio"
        said.append(f"Rates are improving overall while this gap widens {scales}.")
    if row.get("unknown_decides") is True and not _small(row, "unknown_ratio"):
        low, high = (_ratio(row.get(f"unknown_ratio_{end}")) for end in ("lower", "upper"))
        said.append(
            f"It hangs on who the {number(row.get('unknown_births'))} people whose group is not "
            "known are: shared out in other ways, the ratio would lie between "
            f"{low} and {high}."
        )
    scales_sentence = row.get("scales_sentence")
    if not missing(scales_sentence) and scales_sentence:
        said.append(str(scales_sentence))
    return said


def _between(row: Row, name: str) -> str:
    return f"({_ratio(row.get(f'{name}_lower'))} to {_ratio(row.get(f'{name}_upper'))})"


def _ratio(value: object) -> str:
    """A ratio with its two decimals even where they are noughts: 1.00 is the point of it."""
    if missing(value) or not np.isfinite(float(value)):  # type: ignore[arg-type]
        return number(value)
    return f"{float(value):.2f}"  # type: ignore[arg-type]


def _times(row: Row) -> str:
    return (
        f"the rate for {row.get('stratum')} is {_ratio(row.get('ratio'))} times that of "
        f"{row.get('reference')} {_between(row, 'ratio')}"
    )


def _moved(row: Row) -> str:
    early, late = row.get("early_ratio"), row.get("late_ratio")
    if missing(early) or missing(late):
        return ""
    who = row.get("who_moved")
    mover = "" if missing(who) or not who else f" Who moved: {who}."
    sides = (float(early) - 1) * (float(late) - 1)  # type: ignore[arg-type]
    turned = " It changed sides." if sides < 0 else ""
    return (
        f"The ratio went from {_ratio(early)} in the first half to {_ratio(late)} in the "
        f"second.{turned}{mover}"
    )


def _missed(row: Row) -> str:
    factor = row.get("smallest_change")
    if missing(factor) or not np.isfinite(float(factor)) or float(factor) > LARGEST_FACTOR:  # type: ignore[arg-type]
        return "No change of any plausible size would have been seen."
    return f"A change smaller than {number(factor, 1)}-fold would have been missed."


def weeks_words(weeks: object) -> str:
    """How long until an answer, in words.

    >>> weeks_words(1.0), weeks_words(float("inf"))
    ('about 1 more week', 'never at this pace')
    """
    if missing(weeks):
        return "not known how many more weeks"
    if float(weeks) > LONGEST_WAIT:  # type: ignore[arg-type]
        return "never at this pace"
    count = number(weeks)
    return f"about {count} more week" + ("" if count == "1" else "s")


def _too_few(row: Row) -> list[str]:
    wait = row.get("weeks_to_go")
    counts = f"{number(row.get('numerator'))} of {number(row.get('denominator'))}"
    said = [f"Too few to say: {counts} for {row.get('stratum')}."]
    if missing(wait):
        return said
    if not np.isfinite(float(wait)) or float(wait) > LONGEST_WAIT:  # type: ignore[arg-type]
        said.append(
            "At this pace a change of one half would not be seen within ten years: pool sites, "
            "count over longer periods, or follow a process measure that happens more often."
        )
    elif float(wait) > 0:  # type: ignore[arg-type]
        said.append(f"To see a gap change by half takes {weeks_words(wait)}.")
    return said


def _persistent(row: Row) -> list[str]:
    if _small(row):
        return [
            f"The gap is steady, and smaller than this project counts as mattering "
            f"({number(row.get('smallest_gap'), 2)}-fold): {_times(row)}.",
            "Read the difference beside it: of something that happens to most, a ratio near 1 can "
            "still be many people.",
        ]
    return [
        f"The gap is persistent: {_times(row)}, and nothing shows that it is changing.",
        "A steady gap is how the system ordinarily works, not bad luck: it is reliably unequal, "
        "and stays so until something is changed.",
        _missed(row),
    ]


def _small(row: Row, name: str = "ratio") -> bool:
    """Whether even the ends of the interval are nearer to 1 than the smallest gap that matters."""
    ends = (row.get(f"{name}_lower"), row.get(f"{name}_upper"), row.get("smallest_gap"))
    if any(missing(end) for end in ends):
        return False
    low, high, matters = (float(end) for end in ends)  # type: ignore[arg-type]
    return 1 / matters < low and high < matters


SENTENCES = {
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
