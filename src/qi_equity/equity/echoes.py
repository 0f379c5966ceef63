"""Whose rate moved: one group's fall moves every gap that it is part of; arrays, no labels.

A gap that changed is an echo where the change is gone once the group that moved is left out. The
word for a gap stays with `verdict`; here it is only settled whose change it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import numpy as np

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.equity.contrast import Contrast, contrast, summed
from qi_equity.equity.permutation import trend

# A change that is left must be surer, the more gaps it could have been picked from: together
# they err one time in twenty.
LEVEL = 0.05
# So many groups at most are sought whose own rates moved; more at once is a site that changed.
MOST_MOVERS = 3

# Weight below which nothing is known of how groups moved.
LITTLE = 1e-12


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
    found = np.full(len(events), -1)
    left = np.flatnonzero(changed)
    if left.size < 2:
        return found
    moved, variance = _moved(events, total)
    for size in range(1, min(left.size, MOST_MOVERS) + 1):
        movers = _best(moved, variance, left, size)
        others = np.setdiff1d(left, movers)
        sure = _sure(events, total, others, movers) <= LEVEL / max(len(events) - size, 1)
        if not sure.any():
            break
    for one in others[~sure]:
        # What moved the same way as the mover is no echo of it.
        against = [mover for mover in movers if rising[mover] != rising[one]]
        if against:
            left_over = [_sure(events, total, np.array([one]), [each])[0] for each in against]
            found[one] = against[int(np.argmax(left_over))]
    return found


def echoes_of_reference(
    events: FloatArray, total: FloatArray, reference: int, changed: BoolArray
) -> IntArray:
    """The same for gaps to one stratum: it is the mover where others did not move without it.

    The clearest of the gaps that the reference moved is kept, the rest are its echoes.
    """
    found = np.full(len(events), -1)
    left = np.flatnonzero(changed)
    if left.size < 2:
        return found
    if _sure(events, total, np.array([reference]), [])[0] > LEVEL:
        return found
    still = left[_sure(events, total, left, [reference]) > LEVEL / left.size]
    if still.size:
        beside = contrast(events[still], total[still], events[reference], total[reference])
        found[still] = reference
        found[still[np.argmax(np.abs(trend(beside).z))]] = -1
    return found


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


def _sure(events: FloatArray, total: FloatArray, strata: IntArray, movers: list[int]) -> FloatArray:
    """The p-value of a change of each of the strata against all others but the movers."""
    return trend(_beside_others(events, total, strata, movers)).p_value


def _beside_others(
    events: FloatArray, total: FloatArray, strata: IntArray, movers: list[int]
) -> Contrast:
    left_out = np.zeros(len(events), dtype=bool)
    left_out[movers] = True
    y, n = (np.where(left_out[:, np.newaxis], 0.0, np.nan_to_num(part)) for part in (events, total))
    return contrast(
        events[strata], total[strata], y.sum(axis=0) - y[strata], n.sum(axis=0) - n[strata]
    )
