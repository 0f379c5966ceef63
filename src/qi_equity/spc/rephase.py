"""Where a run chart would take a new median: after a sustained run on one side; a suggestion only.

A first median comes from the first points. Each run long enough on one side of the median in
force gives the next one, from its own points; the search goes on after it. Nothing else in the
toolkit moves a centre line by itself: a phase is a decision of the team.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qi_equity.arrays import FloatArray, IntArray
from qi_equity.spc.charts import median
from qi_equity.spc.runs import carried

# The side of the median that a run lies on, as a sign; 0 takes either.
SIDES = {"above": 1, "below": -1, "both": 0}
# Points that make the first median, and that make a run sustained (runcharter's, both).
FIRST, LENGTH = 13, 9


@dataclass(frozen=True, slots=True, eq=False)
class Sustained:
    """Medians one after another, a row a series; -1 and nan where a series has fewer."""

    start: IntArray  # slot of the first point of the run (of the baseline: 0)
    end: IntArray  # slot of the last point that made the median
    median: FloatArray


def sustained_runs(
    value: FloatArray, first: int = FIRST, length: int = LENGTH, side: str = "both"
) -> Sustained:
    """Successive medians of each series: the first points', then each sustained run's.

    Points on the median and missing points neither lengthen nor break a run.

    >>> value = np.array([[3.0, 5, 4, 6, 5, 8, 9, 8, 7, 9, 8]])
    >>> found = sustained_runs(value, first=5, length=4)
    >>> found.start, found.end, found.median
    (array([[0, 5]]), array([[4, 8]]), array([[5., 8.]]))
    """
    slot = np.arange(value.shape[1])
    present = np.isfinite(value)
    begun = np.argmax(present, axis=1)
    count = np.cumsum(present, axis=1)
    enough = count[:, -1] >= first
    end = np.where(enough, np.argmax(count >= first, axis=1), -1)
    start = np.where(enough, begun, -1)
    starts, ends, medians = [], [], []
    while (end >= 0).any():
        within = (slot >= start[:, None]) & (slot <= end[:, None]) & (end >= 0)[:, None]
        level = median(np.where(within, value, np.nan))
        starts.append(start)
        ends.append(end)
        medians.append(level[:, 0])
        start, end = _next_run(value - level, end, length, SIDES[side])
    if not starts:
        none = np.empty((len(value), 0))
        return Sustained(none.astype(int), none.astype(int), none)
    return Sustained(np.stack(starts, 1), np.stack(ends, 1), np.stack(medians, 1))


def _next_run(
    away: FloatArray, after: IntArray, length: int, side: int
) -> tuple[IntArray, IntArray]:
    """First and last slot of the next run of this length after a slot, or -1."""
    slot = np.arange(away.shape[1])
    fresh = (slot > after[:, None]) & (after >= 0)[:, None]
    sign = np.where(fresh, np.nan_to_num(np.sign(away)), 0.0).astype(np.int8)
    held = sign != 0
    borrowed = carried(sign)
    begins = np.ones(away.shape, dtype=bool)
    begins[:, 1:] = borrowed[:, 1:] != borrowed[:, :-1]
    opened = np.maximum.accumulate(np.where(begins, slot, 0), axis=1)
    count = np.cumsum(held, axis=1)
    before = np.take_along_axis(count - held, opened, axis=1)
    reached = held & (count - before == length) & ((borrowed == side) | (side == 0))
    found = reached.any(axis=1)
    end = np.argmax(reached, axis=1)
    start = opened[np.arange(len(away)), end]
    return np.where(found, start, -1), np.where(found, end, -1)
