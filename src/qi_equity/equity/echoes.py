"""Whose rate moved: one group's fall moves every gap that it is part of; arrays, no labels.

A gap that changed is an echo where the change is gone once the group that moved is left out. The
word for a gap stays with `verdict`; here it is only settled whose change it was.
"""

from __future__ import annotations

import numpy as np

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.equity.contrast import Contrast, contrast
from qi_equity.equity.permutation import rate_trend, trend

# A change that is left must be surer, the more gaps it could have been picked from: together
# they err one time in twenty.
LEVEL = 0.05


def echoes(events: FloatArray, total: FloatArray, changed: BoolArray, rising: IntArray) -> IntArray:
    """Which stratum each changed gap to everyone else is an echo of; -1 where of none.

    One row a stratum, over time. `changed` are the strata whose gap to all others changed, and
    `rising` which way (1 up, -1 down). The clearest change is kept; of the others, turned the
    other way, one is kept where it still stands without the strata that are known to have moved.

    >>> births, late = np.full((3, 60), 50.0), np.arange(60) >= 30
    >>> events = np.stack([np.where(late, 3, 9), np.full(60, 8.0), np.full(60, 8.0)])
    >>> echoes(events, births, np.full(3, True), np.array([-1, 1, 1])).tolist()
    [-1, 0, 0]
    """
    found = np.full(len(events), -1)
    left = np.flatnonzero(changed)
    movers: list[int] = []
    while left.size:
        p_value, clear = _without(events, total, left, movers)
        best = int(np.argmax(clear))
        level = 1.0 if not movers else LEVEL / max(len(events) - len(movers), 1)
        if p_value[best] > level:
            break
        movers.append(int(left[best]))
        left = np.delete(left, best)
    for one in left:
        # What moved the same way as the mover is no echo of it.
        against = [mover for mover in movers if rising[mover] != rising[one]]
        if against:
            found[one] = _hides(events, total, int(one), against)
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
    own, _ = _without(events, total, np.array([reference]), [])
    if own[0] > LEVEL:
        return found
    alone, _ = _without(events, total, left, [reference])
    still = left[alone > LEVEL / left.size]
    if still.size:
        beside = contrast(events[still], total[still], events[reference], total[reference])
        found[still] = reference
        found[still[np.argmax(np.abs(trend(beside).z))]] = -1
    return found


def _without(
    events: FloatArray, total: FloatArray, strata: IntArray, movers: list[int]
) -> tuple[FloatArray, FloatArray]:
    """How sure the change of each of the strata is against all others but the movers."""
    seen = trend(_beside_others(events, total, strata, movers))
    clear = np.abs(seen.z)
    if (np.nan_to_num(total).sum(axis=-1) > 0).sum() == 2:
        # Of two groups each is all the other's reference: who moved is told by their own rates.
        clear = np.abs(rate_trend(events[strata], total[strata]).z)
    return seen.p_value, clear


def _beside_others(
    events: FloatArray, total: FloatArray, strata: IntArray, movers: list[int]
) -> Contrast:
    left_out = np.zeros(len(events), dtype=bool)
    left_out[movers] = True
    y, n = (np.where(left_out[:, np.newaxis], 0.0, np.nan_to_num(part)) for part in (events, total))
    return contrast(
        events[strata], total[strata], y.sum(axis=0) - y[strata], n.sum(axis=0) - n[strata]
    )


def _hides(events: FloatArray, total: FloatArray, one: int, movers: list[int]) -> int:
    """The mover without which least of the change is left."""
    left = [_without(events, total, np.array([one]), [mover])[1][0] for mover in movers]
    return movers[int(np.argmin(left))]
