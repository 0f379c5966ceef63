"""Whose rate moved: one group's fall moves every gap that it is part of; arrays, no labels.

A gap that changed is an echo where the change is gone once the group that moved is left out. The
word for a gap stays with `verdict`; here it is only settled whose change it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

import numpy as np

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.equity.contrast import Contrast, contrast, summed
from qi_equity.equity.permutation import Trend, trend

# A change that is left must be surer, the more gaps it could have been picked from: together
# they err one time in twenty.
LEVEL = 0.05
# So many groups at most are sought whose own rates moved; more at once is a site that changed.
MOST_MOVERS = 3

# Weight below which nothing is known of how groups moved.
LITTLE = 1e-12


class Groups(Protocol):
    """Groups over time, each of which can be held against all others but some, or against one."""

    def moved(self) -> tuple[FloatArray, FloatArray]:
        """How far each group's own log level moved from first half to second, its variance."""

    def beside_others(self, strata: IntArray, movers: list[int]) -> Trend:
        """The trend of each stratum's ratio to all others but the movers."""

    def beside_one(self, strata: IntArray, other: int) -> Trend:
        """The trend of each stratum's ratio to one other."""


def echoes(events: FloatArray, total: FloatArray, changed: BoolArray, rising: IntArray) -> IntArray:
    """Which stratum each changed gap to everyone else is an echo of; -1 where of none.

    One row a stratum, over time. `changed` are the strata whose gap to all others changed, and
    `rising` which way (1 up, -1 down). The fewest groups are sought without which no other gap
    is seen to change; the rest, where they moved the other way, are echoes.

    >>> births, late = np.full((3, 60), 50.0), np.arange(60) >= 30
    >>> events = np.stack([np.where(late, 3, 9), np.full(60, 8.0), np.full(60, 8.0)])
    >>> echoes(events, births, np.full(3, True), np.array([-1, 1, 1])).tolist()
    [-1, 0, 0]
    """
    return echoes_among(_Counts(events, total), changed, rising)


def echoes_among(groups: Groups, changed: BoolArray, rising: IntArray) -> IntArray:
    """The same of any groups that can be left out of one another's references."""
    found, left = np.full(len(changed), -1), np.flatnonzero(changed)
    if left.size < 2:
        return found
    moved, variance = groups.moved()
    for size in range(1, min(left.size, MOST_MOVERS) + 1):
        movers = _best(moved, variance, left, size)
        others = np.setdiff1d(left, movers)
        sure = groups.beside_others(others, movers).p_value <= LEVEL / max(len(changed) - size, 1)
        if not sure.any():
            break
    for one in others[~sure]:
        # What moved the same way as the mover is no echo of it.
        against = [mover for mover in movers if rising[mover] != rising[one]]
        if against:
            alone = np.array([one])
            left_over = [groups.beside_others(alone, [each]).p_value[0] for each in against]
            found[one] = against[int(np.argmax(left_over))]
    return found


def echoes_of_reference(
    events: FloatArray, total: FloatArray, reference: int, changed: BoolArray
) -> IntArray:
    """The same for gaps to one stratum: it is the mover where others did not move without it.

    The clearest of the gaps that the reference moved is kept, the rest are its echoes.
    """
    return echoes_of_one(_Counts(events, total), reference, changed)


def echoes_of_one(groups: Groups, reference: int, changed: BoolArray) -> IntArray:
    """The same of any groups."""
    found, left = np.full(len(changed), -1), np.flatnonzero(changed)
    if left.size < 2:
        return found
    if groups.beside_others(np.array([reference]), []).p_value[0] > LEVEL:
        return found
    still = left[groups.beside_others(left, [reference]).p_value > LEVEL / left.size]
    if still.size:
        found[still] = reference
        found[still[np.argmax(np.abs(groups.beside_one(still, reference).z))]] = -1
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """Groups that are counted, a row a stratum over time."""

    events: FloatArray
    total: FloatArray

    def moved(self) -> tuple[FloatArray, FloatArray]:
        return _moved(self.events, self.total)

    def beside_others(self, strata: IntArray, movers: list[int]) -> Trend:
        return trend(_beside_others(self.events, self.total, strata, movers))

    def beside_one(self, strata: IntArray, other: int) -> Trend:
        y, n = self.events, self.total
        return trend(contrast(y[strata], n[strata], y[other], n[other]))


def _moved(events: FloatArray, total: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How far each group's own log rate moved from the first half to the second, its variance."""
    n = np.where(np.isfinite(events) & np.isfinite(total), total, 0.0)
    y = np.where(n > 0, events, 0.0)
    late = np.arange(n.shape[-1]) >= n.shape[-1] / 2
    # Half an event on either side: finite without events, hardly biased.
    x, x1, m, m1 = (
        summed(np.where(half, part, 0.0)) + 0.5 for part in (y, n) for half in (~late, late)
    )
    return np.log(x1 / m1 * m / x), 1 / x + 1 / x1 - 1 / m - 1 / m1


def _best(moved: FloatArray, variance: FloatArray, left: IntArray, size: int) -> list[int]:
    """The groups without which all others moved most nearly alike."""

    def unlike(chosen: Iterable[int]) -> tuple[float, float]:
        movers, weight = list(chosen), 1 / variance
        own = float(np.sum((moved**2 * weight)[movers]))
        weight[movers] = 0.0
        # Variances without end weigh nothing: where all are, the middle is as good as nought.
        total = np.sum(weight)
        middle = np.sum(weight * moved) / total if total > LITTLE else 0.0
        # Of two groups each leaves the other alone: the one whose own rate moved is the mover.
        return round(float(np.sum(weight * (moved - middle) ** 2)), 9), -own

    return list(min(combinations(map(int, left), size), key=unlike))


def _beside_others(
    events: FloatArray, total: FloatArray, strata: IntArray, movers: list[int]
) -> Contrast:
    left_out = np.zeros(len(events), dtype=bool)
    left_out[movers] = True
    y, n = (np.where(left_out[:, np.newaxis], 0.0, np.nan_to_num(part)) for part in (events, total))
    return contrast(
        events[strata], total[strata], y.sum(axis=0) - y[strata], n.sum(axis=0) - n[strata]
    )
