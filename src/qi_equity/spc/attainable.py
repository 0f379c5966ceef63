"""The level a discrete test attains: the largest p-value at most a level that data can have.

A chart of one point cannot signal at all, and one of three events seldom: what chance alone would
bring is the sum of what each chart attains. No chart is judged here.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from qi_equity.arrays import FloatArray
from qi_equity.spc.paths import Steps, leaving
from qi_equity.spc.runs import runs_p_value
from qi_equity.spc.scan import series_of

# Counts whose variance is above this attain the level to within 2 % of it.
MANY = 12.0
# Heights of the scan between which the level lies, and halvings of the interval (to 0.001).
LOWEST, HIGHEST, HALVINGS = 0.5, 12.0, 13


def attained_by_scan(
    numerator: FloatArray, denominator: FloatArray, level: float, *, at_most_one: bool = True
) -> FloatArray:
    """The level each row's scan attains, given its total; 0 where it can never signal.

    >>> births = np.full((2, 4), 5.0)
    >>> events = np.array([[1.0, 0, 0, 0], [2, 3, 2, 3]])
    >>> attained_by_scan(events, births, 0.05).round(3)
    array([0.   , 0.023])
    """
    data = series_of(numerator, denominator, np.zeros_like(numerator), at_most_one)
    answer = np.full(len(numerator), level)
    room = np.isfinite(data.sd).any(axis=-1)
    answer[~room] = 0.0
    few = np.flatnonzero(room & (data.walk.variance.sum(axis=-1) <= MANY))
    if few.size == 0:
        return answer
    data = data[few]
    low, high = np.full(few.size, LOWEST), np.full(few.size, HIGHEST)
    attained, known = np.zeros(few.size), dict[tuple[bool, int], Steps]()
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        p = leaving(data.walk, middle[:, np.newaxis] * data.sd, known)
        rare = p <= level
        attained = np.where(rare, p, attained)
        low, high = np.where(rare, low, middle), np.where(rare, middle, high)
    # What remains of a difference from 1 is rounding: nothing is ever so high.
    answer[few] = np.where(attained > 1e-9, attained, 0.0)
    return answer


@lru_cache(maxsize=512)
def attained_by_runs(points: int, level: float) -> float:
    """The level the runs test attains with so many useful points, half of them on each side.

    >>> attained_by_runs(1, 0.05), round(attained_by_runs(24, 0.05), 3)
    (0.0, 0.038)
    """
    if points < 2:
        return 0.0
    runs = np.arange(1, points + 1)
    half = np.full(points, points // 2)
    sides = half, points - half
    never_long, never_few = np.ones_like(runs), np.full(points, points)
    p = np.concatenate(
        [runs_p_value(*sides, never_few, runs), runs_p_value(*sides, runs - 1, never_long)]
    )
    return float(p[p <= level].max(initial=0.0))
