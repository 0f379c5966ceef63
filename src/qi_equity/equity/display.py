"""How wide a point of a small stratum has to be: chosen once, from the baseline, never after.

Widening is for the eye and for runs rules. It decides nothing: the evidence always comes from
the counts as they were logged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qi_equity.arrays import FloatArray
from qi_equity.vocabulary import DecidedBy, Display

# Week, fortnight, four weeks, quarter, as multiples of a week.
LADDER = (1, 2, 4, 13)
# A point is wide enough when it is expected to hold this many events...
ENOUGH_PER_POINT = 2.0
# ...and below this many a week even a quarter is thin: count what lies between events instead.
RARE = 0.25
# With fewer events than this in the baseline nothing can be judged by it.
LEAST_BASELINE_EVENTS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Suited:
    """The chart that suits each series, how many periods make a point, and what decides."""

    kind: NDArray[np.str_]  # words of Display
    periods: NDArray[np.int64]
    expected: FloatArray  # events per period in the baseline
    decided_by: NDArray[np.str_]  # words of DecidedBy


def display(numerator: ArrayLike, denominator: ArrayLike, baseline: int) -> Suited:
    """Choose chart and width of every series from its first `baseline` periods.

    >>> chosen = display([[0, 1, 0, 1], [0, 0, 1, 0]], 30, 4)
    >>> chosen.kind.tolist(), chosen.periods.tolist()
    (['counts', 'counts'], [4, 13])
    >>> chosen = display(np.tile([[2, 3], [0, 1]], 13), 30, 26)
    >>> chosen.kind.tolist(), chosen.periods.tolist(), chosen.decided_by.tolist()
    (['p', 'widened p'], [1, 4], ['runs and points', 'cusum'])
    """
    y, n = np.broadcast_arrays(
        np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    )
    y, n = y[..., :baseline], n[..., :baseline]
    recorded = np.isfinite(y) & (np.nan_to_num(n) > 0)
    events = np.where(recorded, y, 0.0).sum(axis=-1)
    expected = events / np.maximum(recorded.sum(axis=-1), 1)
    rungs = expected[..., np.newaxis] * np.array(LADDER) >= ENOUGH_PER_POINT
    wide = np.array(LADDER)[np.where(rungs.any(axis=-1), rungs.argmax(axis=-1), -1)]
    too_few, often = events < LEAST_BASELINE_EVENTS, expected >= ENOUGH_PER_POINT
    kind = np.select(
        [too_few, often, expected >= RARE],
        [Display.COUNTS.value, Display.PROPORTION.value, Display.WIDENED.value],
        default=Display.BETWEEN_EVENTS.value,
    )
    # A widened point comes late, and a run of such points later still: a cusum sees every period.
    decided = np.select(
        [too_few, often],
        [DecidedBy.NOTHING_YET.value, DecidedBy.RUNS_AND_POINTS.value],
        default=DecidedBy.CUSUM.value,
    )
    return Suited(kind, wide, expected, decided)
