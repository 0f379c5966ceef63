"""Counts of which only a range is known, because someone hid or rounded them before us.

A verdict on such counts is given only where every extreme of what they can have been gives the
same one. Nothing is filled in: a middle value would be a guess, and dropping small cells makes
gaps of its own (a third too wide at four or five events a month). No labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qi_equity.arrays import FloatArray
from qi_equity.equity.contrast import first_half


@dataclass(frozen=True, slots=True)
class Protection:
    """What a publisher did: counts it hid, the number it shows for them, and its rounding."""

    hidden: tuple[int, int]
    base: int = 1
    shown_as: int | None = None


# Maternity Services Data Set: 1-7 shown as 5, others to the nearest 5, nought as it is.
# Hospital Episode Statistics: 1-7 blank, others to the nearest 5, nought as it is.
# CDC WONDER below national level: 1-9 blank, others as they are.
PROTECTIONS = {
    "msds": Protection((1, 7), base=5, shown_as=5),
    "hes": Protection((1, 7), base=5),
    "cdc": Protection((1, 9)),
}


def below(threshold: int) -> Protection:
    """A publisher that hides every count from 1 up to, not including, a threshold."""
    return Protection((1, threshold - 1))


@dataclass(frozen=True, slots=True, eq=False)
class Range:
    """The least and the most that each count can have been; nan where nothing was logged."""

    low: FloatArray
    high: FloatArray

    @property
    def exact(self) -> NDArray[np.bool_]:
        """Counts that are known to the last event."""
        return np.asarray(self.low == self.high)


def counted(counts: ArrayLike) -> Range:
    """Counts that nobody protected."""
    values = np.asarray(counts, dtype=float)
    return Range(values, values)


def protected(shown: ArrayLike, protection: Protection, hidden: ArrayLike = False) -> Range:
    """What counts can have been, from what is shown; `hidden` marks the blanks that were hidden.

    >>> seen = protected([0, 5, 10, np.nan, np.nan], PROTECTIONS["msds"])
    >>> seen.low.tolist(), seen.high.tolist()
    ([0.0, 1.0, 8.0, nan, nan], [0.0, 7.0, 12.0, nan, nan])
    >>> seen = protected([12, np.nan, np.nan], below(5), hidden=[False, True, False])
    >>> seen.low.tolist(), seen.high.tolist()
    ([12.0, 1.0, nan], [12.0, 4.0, nan])
    """
    values, blank = np.broadcast_arrays(np.asarray(shown, dtype=float), np.asarray(hidden))
    least, most = protection.hidden
    reach = protection.base // 2
    # A rounded count was not one of those that would have been hidden.
    low = np.where(values > 0, np.maximum(values - reach, most + 1 if reach else 0), values)
    high = np.where(values > 0, values + reach, values)
    masked = blank | (values == protection.shown_as if protection.shown_as else False)
    return Range(np.where(masked, least, low), np.where(masked, most, high))


Counts = tuple[FloatArray, FloatArray, FloatArray, FloatArray]


def extremes(
    numerator: Range, denominator: Range, reference_numerator: Range, reference_denominator: Range
) -> list[Counts]:
    """Four tables of counts between which the truth lies: gap least and greatest, opening, closing.

    The last axis is time. The first two hold the gap as far down and as far up as it can have
    been throughout; the others let it rise, and fall, as fast as the ranges allow.

    >>> few = protected([5, 5], PROTECTIONS["msds"])
    >>> for x, n, x0, n0 in extremes(few, counted([50, 50]), counted([9, 9]), counted([99, 99])):
    ...     print(x.tolist())
    [1.0, 1.0]
    [7.0, 7.0]
    [1.0, 7.0]
    [7.0, 1.0]
    """
    bottom = (
        *_rate_low(numerator, denominator),
        *_rate_high(reference_numerator, reference_denominator),
    )
    top = (
        *_rate_high(numerator, denominator),
        *_rate_low(reference_numerator, reference_denominator),
    )
    periods = np.broadcast_shapes(*(part.shape for part in (*bottom, *top)))[-1]
    late = ~first_half(np.ones(periods, dtype=bool))

    def mixed(early: Counts, later: Counts) -> Counts:
        a, b, c, d = (np.where(late, two, one) for one, two in zip(early, later, strict=True))
        return a, b, c, d

    return [bottom, top, mixed(bottom, top), mixed(top, bottom)]


def agreed(answers: Sequence[ArrayLike], otherwise: object) -> NDArray[np.generic]:
    """The answer that every extreme gives, and what to say instead where they differ.

    >>> agreed([["narrowing", "no gap"], ["narrowing", "widening"]], "too few to say").tolist()
    ['narrowing', 'too few to say']
    """
    stacked = np.stack([np.asarray(answer) for answer in answers])
    same = (stacked == stacked[0]).all(axis=0)
    return np.where(same, stacked[0], np.asarray(otherwise))


def _rate_low(numerator: Range, denominator: Range) -> tuple[FloatArray, FloatArray]:
    return np.minimum(numerator.low, denominator.high), denominator.high


def _rate_high(numerator: Range, denominator: Range) -> tuple[FloatArray, FloatArray]:
    # However its size was rounded, no group has more events than people.
    size = np.maximum(denominator.low, np.minimum(numerator.high, denominator.high))
    return np.minimum(numerator.high, size), size
