"""Longest run and crossings: what they are, their critical values, and their exact p-value.

A run is an unbroken series of points on one side of the centre line, a crossing is where one run
gives way to the next. Points on the line belong to neither side and are left out ("useful"
points are the others). Signals are for rules.py.

The joint distribution counts compositions: ways to cut the m points of one side into k runs,
none longer than l, N(m, k) = N(m-1, k) + N(m-1, k-1) - N(m-1-l, k-1).
Sources: Swed & Eisenhart 1943; Schilling 2012 (longest run); Chen 2010 (crossings);
Anhøj & Olesen 2014 PLoS ONE 9:e113825; Wentzel-Larsen & Anhøj 2019 PLoS ONE 14:e0223233.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import bdtr, bdtrik, gammaln

from qi_equity.arrays import BoolArray, FloatArray, IntArray

# Fewer than this share of the useful points on one side: their arrangement says too little.
SMALLEST_SIDE = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Runs of each row: counts of points on each side, longest run, crossings, run lengths."""

    above: IntArray
    below: IntArray
    longest: IntArray
    crossings: IntArray
    length: IntArray  # at each point, the length of the run it belongs to (0: to none)

    @property
    def useful(self) -> IntArray:
        """Points that lie on either side."""
        return self.above + self.below

    def of(self, rows: BoolArray) -> Runs:
        """The runs of some rows."""
        return Runs(
            self.above[rows],
            self.below[rows],
            self.longest[rows],
            self.crossings[rows],
            self.length[rows],
        )


def find_runs(side: IntArray, passing: bool = True) -> Runs:
    """Runs of +1 and -1 along the last axis; points of 0 are passed over, or break a run.

    >>> found = find_runs(np.array([[1, 1, 0, 1, -1, 0, -1, 1]]))
    >>> found.longest.tolist(), found.crossings.tolist(), found.length.tolist()
    ([3], [2], [[3, 3, 0, 3, 2, 0, 2, 1]])
    """
    rows, slots = side.shape
    held = side != 0
    borrowed = carried(side) if passing else side
    begins = np.empty(side.shape, dtype=bool)
    begins[:, :1] = True  # each row starts afresh
    np.not_equal(borrowed[:, 1:], borrowed[:, :-1], out=begins[:, 1:])
    run = np.cumsum(begins.ravel(), dtype=np.int64) - 1
    lengths = np.bincount(run, weights=held.ravel(), minlength=1).astype(np.int32)
    length = np.where(held, lengths[run].reshape(side.shape), 0)
    # A row that opens on the line opens with an empty run, which is no run.
    first_empty = (borrowed[:, 0] == 0) & held.any(axis=1) if slots else np.zeros(rows, bool)
    crossings = begins.sum(axis=1) - 1 - first_empty
    above, below = (side > 0).sum(axis=1), (side < 0).sum(axis=1)
    longest = length.max(axis=1, initial=0)
    return Runs(above, below, longest, np.maximum(crossings, 0), length)


def carried(side: IntArray) -> IntArray:
    """Each point's side, or that of the latest point before it that has one.

    >>> carried(np.array([[0, 1, 0, -1, 0]]))
    array([[ 0,  1,  1, -1, -1]])
    """
    held = side != 0
    if held.all():
        return side
    latest = np.where(held, np.arange(side.shape[1], dtype=np.int32), np.int32(0))
    np.maximum.accumulate(latest, axis=1, out=latest)
    return np.take_along_axis(side, latest, axis=1)


def longest_run_limit(useful: IntArray) -> FloatArray:
    """Longest run still expected of common cause: round(log2 n) + 3 (Anhøj & Olesen 2014).

    >>> longest_run_limit(np.array([24, 104]))
    array([ 8., 10.])
    """
    with np.errstate(divide="ignore"):
        limit = np.round(np.log2(useful)) + 3
    return np.where(useful > 0, limit, np.nan)


def crossings_limit(useful: IntArray) -> FloatArray:
    """Fewest crossings still expected: the 5 % point of Binomial(n - 1, 1/2) (Chen 2010).

    >>> crossings_limit(np.array([24, 104]))
    array([ 8., 43.])
    """
    sizes, back = np.unique(useful, return_inverse=True)
    steps = np.maximum(sizes - 1, 0)
    limit = np.where(steps > 0, np.ceil(bdtrik(0.05, steps, 0.5)), 0.0)
    # The inverse is of a function made smooth, and may lie one too high.
    limit -= (limit > 0) & (bdtr(np.maximum(limit - 1, 0), steps, 0.5) >= 0.05)
    return np.where(sizes > 0, limit, np.nan)[back].reshape(np.shape(useful))


def one_sided(runs: Runs) -> BoolArray:
    """Whether too few useful points lie on one side for their order to tell anything."""
    return np.minimum(runs.above, runs.below) < SMALLEST_SIDE * runs.useful


# -- the exact joint p-value ----------------------------------------------------------------

# Below this the p-value is not told apart: the rounding of the sums is a little smaller.
SMALLEST_P = 1e-13


def runs_p_value(
    above: IntArray, below: IntArray, crossings: IntArray, longest: IntArray
) -> FloatArray:
    """How often chance alone gives so long a run or so few crossings, given points on each side.

    The statistic is the smaller of P(C <= c) and P(L >= l); the p-value is how often it is as
    small as here. Exact for points in random order; 1 where all points are on one side.

    >>> runs_p_value(*np.array([[12], [12], [8], [8]])).round(10)
    array([0.02179756])
    """
    sides = np.sort(np.stack([above, below], axis=-1), axis=-1)
    usable = sides[:, 0] > 0
    p = np.where(sides[:, 1] > 0, 1.0, np.nan)
    if not usable.any():
        return p
    low, high = sides[usable].T
    # Rows with as many points on each side share their tables.
    (lows, highs), back = _distinct(low, high)
    cdf, survival = _marginals(highs, lows)
    few, long = _as_extreme(cdf[back], survival[back], crossings[usable], longest[usable])
    ordinary = _joint(high, low, few, long)
    p[usable] = np.clip(1.0 - ordinary, SMALLEST_P, 1.0)
    return p


def runs_p_value_about(
    useful: IntArray,
    crossings: IntArray,
    longest: IntArray,
    before_above: IntArray | None = None,
    before_below: IntArray | None = None,
) -> FloatArray:
    """The p-value of points about a centre line they had no part in.

    ``before_above``, ``before_below``: where the baseline that gave the centre lies about it;
    the uncertainty of so small a baseline is part of the sum. None: a median that is known.

    >>> about = np.array([[24], [8], [8]])
    >>> runs_p_value_about(*about).round(10)
    array([0.09472299])
    >>> runs_p_value_about(*about, np.array([6]), np.array([6])).round(3)
    array([0.219])
    """
    p = np.full(useful.shape, np.nan)
    null: IntArray
    for points in np.unique(useful[useful > 0]).tolist():
        rows = np.flatnonzero(useful == points)
        if before_above is None or before_below is None:
            of_null, null = _known_median(points)[None, :], np.zeros(len(rows), dtype=np.int64)
        else:
            (above, below), null = _distinct(before_above[rows], before_below[rows])
            of_null = np.stack(
                [
                    _after_baseline(points, up, down)
                    for up, down in zip(above.tolist(), below.tolist(), strict=True)
                ]
            )
        ordinary = _ordinary(points, of_null, null, crossings[rows], longest[rows])
        p[rows] = np.clip(1.0 - ordinary, SMALLEST_P, 1.0)
    return p


def _ordinary(
    points: int, of_null: FloatArray, null: IntArray, crossings: IntArray, longest: IntArray
) -> FloatArray:
    """How often so many points are less extreme than each row, however many of them lie above.

    ``of_null``: how likely 0, 1, ... of them lie above, one row a null; ``null``: that of each row.
    """
    high = np.arange(points + 1)
    cdf, survival = _however_split(points)
    few, long = _as_extreme((of_null @ cdf)[null], (of_null @ survival)[null], crossings, longest)
    # Rows alike in all but the baseline share their sums.
    (fews, longs), back = _distinct(few, long)
    shape = (len(fews), points + 1)
    joint = _joint(
        np.broadcast_to(high, shape).ravel(),
        np.broadcast_to(points - high, shape).ravel(),
        np.repeat(fews, points + 1),
        np.repeat(longs, points + 1),
    ).reshape(shape)
    return np.asarray((joint[back] * of_null[null]).sum(axis=1))


def _distinct(one: IntArray, other: IntArray) -> tuple[tuple[IntArray, IntArray], IntArray]:
    """Every pair of two counts once, in order, and which of them each row has."""
    width = int(other.max(initial=0)) + 1
    # A pair as one whole number: far quicker to sort than rows of two.
    pairs, back = np.unique(one.astype(np.int64) * width + other, return_inverse=True)
    return (pairs // width, pairs % width), back


def _known_median(points: int) -> FloatArray:
    """How likely 0, 1, ... of the points lie above a median that is known: half of each."""
    ways = 1  # of the points, so many above: whole numbers, so the division alone is rounded
    chance = []
    for above in range(points + 1):
        chance.append(ways / 2**points)
        ways = ways * (points - above) // (above + 1)
    return np.array(chance)


def _after_baseline(points: int, above: int, below: int) -> FloatArray:
    """How likely 0, 1, ... of the later points lie above a centre that splits a baseline so.

    The centre lies between two neighbours of the baseline in order of size: half of each. Given
    one of them, the count of later points above it is negative hypergeometric, whatever the
    distribution of the values.
    """
    high = np.arange(points + 1)

    def given(up: int, down: int) -> FloatArray:
        if up == 0 or down == 0:
            return np.where(high == (0 if up == 0 else points), 1.0, 0.0)
        return np.asarray(
            np.exp(
                _log_choose(up - 1 + high, high)
                + _log_choose(down - 1 + points - high, points - high)
                - _log_choose(up + down - 1 + points, points)
            )
        )

    return (given(above, below + 1) + given(above + 1, below)) / 2


def _log_choose(n: FloatArray | IntArray | int, k: FloatArray | IntArray | int) -> FloatArray:
    return np.asarray(
        gammaln(np.add(n, 1.0)) - gammaln(np.add(k, 1.0)) - gammaln(np.subtract(n, k) + 1.0)
    )


@lru_cache(maxsize=256)
def _compositions(longest: int, points: int) -> FloatArray:
    """Ways to cut m points into k runs, none above ``longest``, over 2**m: [m, k]."""
    ways = np.zeros((points + 1, points // 2 + 3))
    ways[0, 0] = 1.0
    for m in range(1, points + 1):
        ways[m, 1:] = ways[m - 1, :-1] + ways[m - 1, 1:]
        if m > longest:
            ways[m, 1:] -= ways[m - 1 - longest, :-1] * 0.5**longest
        ways[m] *= 0.5
    ways = np.maximum(ways, 0.0)  # rounding may leave -1e-20 where there is no way
    ways.setflags(write=False)
    return ways


def _by_runs(longest: int, high: IntArray, low: IntArray, points: int) -> FloatArray:
    """Probability of 0, 1, 2, ... runs, none above ``longest``, given points on each side."""
    ways = _compositions(longest, points)
    one, other = ways[high], ways[low]
    runs = np.zeros((len(high), 2 * ways.shape[1] - 1))
    runs[:, 0::2] = 2 * one * other  # as many runs above as below, either first
    runs[:, 1::2] = one[:, 1:] * other[:, :-1] + one[:, :-1] * other[:, 1:]
    total = high + low
    orders = np.exp(_log_choose(total, high) - total * np.log(2.0))
    return np.asarray(runs / orders[:, None])


def _table_size(high: IntArray, low: IntArray) -> int:
    """Points the tables must hold, in steps of 32 so that they can be used again."""
    return int(-(-int((high + low).max()) // 32) * 32)


def _marginals(high: IntArray, low: IntArray) -> tuple[FloatArray, FloatArray]:
    """P(C <= c) for c = 0, 1, ... and P(L >= l) for l = 0, 1, ..., a row each."""
    points = _table_size(high, low)
    cdf = np.cumsum(_by_runs(points, high, low, points)[:, 1:], axis=1)
    survival = np.zeros((len(high), points + 2))
    survival[:, :2] = 1.0
    for length in range(1, int(np.maximum(high, low).max()) + 1):
        survival[:, length + 1] = 1.0 - _by_runs(length, high, low, points).sum(axis=1)
        if survival[:, length + 1].max() < SMALLEST_P:
            break
    return cdf, np.clip(survival, 0.0, 1.0)


@lru_cache(maxsize=64)
def _however_split(points: int) -> tuple[FloatArray, FloatArray]:
    """The marginals of so many points, a row for each number of them above."""
    high = np.arange(points + 1)
    cdf, survival = _marginals(high, points - high)
    cdf.setflags(write=False)
    survival.setflags(write=False)
    return cdf, survival


def _as_extreme(
    cdf: FloatArray, survival: FloatArray, crossings: IntArray, longest: IntArray
) -> tuple[IntArray, IntArray]:
    """The most crossings and the shortest run that are as unlikely as what was seen."""
    rows = np.arange(len(crossings))
    seen = np.minimum(cdf[rows, crossings], survival[rows, longest]) * (1 + 1e-9)
    few = (cdf <= seen[:, None]).sum(axis=1) - 1
    long = (survival > seen[:, None]).sum(axis=1)
    return few, long


def _joint(high: IntArray, low: IntArray, few: IntArray, long: IntArray) -> FloatArray:
    """P(C > few and L < long), row by row."""
    points = _table_size(high, low)
    share = np.zeros(len(high))
    for length in np.unique(long):
        rows = np.flatnonzero(long == length)
        runs = _by_runs(int(length) - 1, high[rows], low[rows], points)
        more = np.arange(runs.shape[1]) > few[rows, None] + 1
        share[rows] = np.where(more, runs, 0.0).sum(axis=1)
    return share
