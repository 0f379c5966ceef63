"""Evidence of a change in a series of counts: a scan over split points, judged by chance alone.

Given the total, how the events fall over the subgroups depends on the denominators only: no rate
has to be known, and small counts are treated exactly. Subgroups may vary beyond chance; by how
much is weighed in scatter.py, and paths.py does the counting. Nothing is drawn at random.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.chance import density
from qi_equity.spc.paths import Walk, leaving
from qi_equity.spc.scatter import EXPOSURE, Scatter, scatter

# A split is looked at where at least this share of the denominators lies on either side.
LEAST_SHARE = 0.1
# How much higher the bar is towards the ends: with this the place of a step is as likely as
# share x (1 - share), in the middle nearly three times as likely as a tenth from either end
# (4 / 15: four logarithms, two of that and two of the bridge, per square of a height near 4).
BEND = 4 / 15
# Steps of Newton's method towards the level of rates that have a season.
NEWTON = 12


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """The largest step in each series, where it lies, and how often chance does as much."""

    statistic: FloatArray
    split: NDArray[np.int64]  # subgroup at which the second part begins; -1 where none stands out
    rising: BoolArray
    p_value: FloatArray
    scatter: FloatArray  # times the variance of chance that the p-value allows for


def scan(
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    at_most_one: bool = True,
    season: ArrayLike = 0.0,
    scattered: bool = True,
    together: IntArray | None = None,
) -> Scan:
    """Scan every series for one step in its rate; exact given the total and the scatter.

    `at_most_one` says that a unit of the denominator has at most one event (births with or
    without a haemorrhage); otherwise events spread over the denominator as over exposure time.
    `season` is what is known of each subgroup's rate: log odds, or log rates where a birth may
    have more events than one. `scattered=False` takes subgroups to vary by chance alone. Series of
    one number in `together` tell each other how much they scatter. A subgroup that is missing or
    has no denominator contributes nothing.

    >>> births = np.full(24, 20.0)
    >>> events = np.repeat([1.0, 5.0], 12)
    >>> found = scan(events, births)
    >>> int(found.split), bool(found.rising), float(found.p_value.round(8))
    (12, True, 8e-08)
    """
    y, n, known = np.broadcast_arrays(
        np.asarray(numerator, dtype=np.float64),
        np.asarray(denominator, dtype=np.float64),
        np.asarray(season, dtype=np.float64),
    )
    shape, subgroups = y.shape[:-1], y.shape[-1]
    rows = (math.prod(shape), subgroups)
    whole = None if together is None else np.broadcast_to(together, shape).ravel()
    data = series_of(y.reshape(rows), n.reshape(rows), known.reshape(rows), at_most_one)
    found = _scanned(data, scattered, whole)
    return Scan(
        found.statistic.reshape(shape),
        found.split.reshape(shape),
        found.rising.reshape(shape),
        found.p_value.reshape(shape),
        found.scatter.reshape(shape),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Counts with what chance alone makes of them given their totals, a row a series.

    `step` is the excess before each split that is looked at over `sd`, and 0 elsewhere.
    """

    used: BoolArray
    walk: Walk
    # Of the running sum at a split, and more towards the ends; infinite where none is looked at.
    sd: FloatArray
    step: FloatArray
    residual: FloatArray

    def __getitem__(self, rows: NDArray[np.intp]) -> Series:
        return Series(
            self.used[rows], self.walk[rows], self.sd[rows], self.step[rows], self.residual[rows]
        )

    def scatter(self, early: BoolArray, together: IntArray | None = None) -> Scatter:
        """How the subgroups scatter about the mean of the early ones and that of the others."""
        used = self.used & (self.walk.variance > 0)
        people = np.isfinite(self.walk.most)
        with np.errstate(divide="ignore", invalid="ignore"):
            kurtosis = 1 / self.walk.variance - np.where(people, 6 / self.walk.most, 0.0)
        size = np.where(people, self.walk.most - 1, EXPOSURE * self.walk.mean)
        of = _mean(size, used), _mean(kurtosis, used)
        return spread_of(self.residual, used, early, *of, together, given_totals=False)


def series_of(
    numerator: FloatArray, denominator: FloatArray, season: FloatArray, at_most_one: bool
) -> Series:
    """What is expected of each subgroup, and how far the running sum is from it."""
    used = np.isfinite(numerator) & np.isfinite(denominator) & (denominator > 0)
    y, n = np.where(used, numerator, 0.0), np.where(used, denominator, 0.0)
    if at_most_one:
        n = np.rint(n)
    events, total = y.sum(axis=-1, keepdims=True), n.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = _rates(events, total, n, np.where(used, season, 0.0), at_most_one)
        mean = n * rate
        variance = mean * (1 - rate) if at_most_one else mean
        share, held = np.cumsum(n, axis=-1) / total, np.cumsum(variance, axis=-1)
        whole = held[:, -1:]
        # Given its total a sum of people is hypergeometric: N / (N - 1) times as variable.
        given = total / (total - 1) if at_most_one else 1.0
        sd = np.sqrt(held * (whole - held) / whole * given)
        looked = (share >= LEAST_SHARE) & (share <= 1 - LEAST_SHARE) & (sd > 0)
        sd = np.where(looked, sd * _bent(share), np.inf)
        step = np.cumsum(y - mean, axis=-1) / sd
        residual = np.where(variance > 0, (y - mean) / np.sqrt(variance), 0.0)
    most = n if at_most_one else np.where(used, np.inf, 0.0)
    walk = Walk(np.nan_to_num(mean), np.nan_to_num(variance), most)
    return Series(used, walk, sd, np.where(looked, step, 0.0), residual)


def _bent(share: FloatArray) -> FloatArray:
    """How many times as high the bar is as in the middle."""
    return np.asarray(np.sqrt(1 - BEND * np.log(4 * share * (1 - share))))


def _rates(
    events: FloatArray, total: FloatArray, n: FloatArray, season: FloatArray, at_most_one: bool
) -> FloatArray:
    """The rate of every subgroup, with its season, such that the total comes out."""
    plain = events / total
    if not season.any():
        return np.broadcast_to(plain, n.shape)
    if not at_most_one:
        times = np.exp(season)
        return np.asarray(times * events / (n * times).sum(axis=-1, keepdims=True))
    level = logit(plain)
    # Newton's method on a curve with one root; seasons are mild, so a few steps are plenty.
    for _ in range(NEWTON):
        rate = expit(level + season)
        slope = (n * rate * (1 - rate)).sum(axis=-1, keepdims=True)
        level = level - np.where(
            slope > 0, ((n * rate).sum(axis=-1, keepdims=True) - events) / slope, 0
        )
    return np.asarray(expit(level + season))


def spread_of(
    residual: FloatArray,
    used: BoolArray,
    early: BoolArray,
    size: FloatArray,
    kurtosis: FloatArray,
    together: IntArray | None = None,
    *,
    given_totals: bool = True,
) -> Scatter:
    """The scatter of standardised residuals about the mean of either side of a step."""
    level = np.zeros_like(residual)
    for side in (early & used, ~early & used):
        level = np.where(side, _mean(residual, side)[:, np.newaxis], level)
    return scatter(residual - level, size, kurtosis, used, together, given_totals=given_totals)


def _mean(values: FloatArray, where: BoolArray) -> FloatArray:
    return np.asarray(values.sum(axis=-1, where=where) / np.maximum(where.sum(axis=-1), 1))


# Tail up to which amounts of scatter are averaged, and halvings of the interval it lies in.
RARE, HALVINGS = 0.005, 24


def _log_tails(height: FloatArray) -> FloatArray:
    """Log P(a Brownian bridge is ever above the bent bar of this height) (Miller & Siegmund 1982).

    Used to weigh amounts of scatter only; the p-value itself is counted.
    """
    share = np.linspace(LEAST_SHARE, 1 - LEAST_SHARE, 161)
    bar = height[:, np.newaxis] * _bent(share)
    passed = (bar - 1 / bar) * density(bar) / (share * (1 - share))
    within = ((passed[:, 1:] + passed[:, :-1]) / 2).sum(axis=-1) * (share[1] - share[0])
    return np.asarray(np.log(within + 4 * density(bar[:, 0]) / bar[:, 0]))


# Heights at which the tail of the scan is tabled; above the last one nothing is left of it.
HEIGHTS = np.linspace(1.0, 32.0, 3_101)


@cache
def _tails() -> FloatArray:
    return _log_tails(HEIGHTS)


def _weighed(statistic: FloatArray, found: Scatter) -> FloatArray:
    """The height that under chance alone has the tail this statistic has under the scatter.

    Beyond a tail of RARE the variance allowed for stays what it is there: further out the
    average is ruled by the largest amounts, however little weight they have earned.
    """
    low, high = np.ones_like(statistic), np.full_like(statistic, HEIGHTS[-1])
    bar = np.interp(-np.log(RARE), -_tails(), HEIGHTS)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        short = _of_equal_tail(middle, found) < bar
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    held = np.minimum(statistic, low)
    return np.asarray(np.minimum(statistic, statistic / held * _of_equal_tail(held, found)))


def _of_equal_tail(statistic: FloatArray, found: Scatter) -> FloatArray:
    height = statistic[:, np.newaxis] / np.sqrt(found.factor)
    tail = (found.weight * np.exp(np.interp(height, HEIGHTS, _tails()))).sum(axis=-1)
    return np.asarray(np.interp(-np.log(tail), -_tails(), HEIGHTS))


def _scanned(data: Series, scattered: bool, together: IntArray | None) -> Scan:
    rows, week = len(data.step), np.arange(data.step.shape[-1])
    statistic = np.abs(data.step).max(axis=-1, initial=0.0)
    p_value = np.where(data.used.any(axis=-1), 1.0, np.nan)
    split, rising, factor = np.full(rows, -1), np.zeros(rows, dtype=bool), np.ones(rows)
    # No event, nothing but events, or no room for a split: chance explains it all.
    told = np.flatnonzero(statistic > 0)
    if told.size:
        data, height = data[told], statistic[told]
        last = np.abs(data.step).argmax(axis=-1)[:, np.newaxis]
        if scattered:
            alike = None if together is None else together[told]
            height = _weighed(height, data.scatter(week <= last, alike))
        p_value[told] = leaving(data.walk, height[:, np.newaxis] * data.sd)
        # The second part begins where something was counted next.
        split[told] = (data.used & (week > last)).argmax(axis=-1)
        rising[told] = np.take_along_axis(data.step, last, axis=-1)[:, 0] < 0
        factor[told] = (statistic[told] / height) ** 2
    return Scan(np.where(statistic > 0, statistic, np.nan), split, rising, p_value, factor)
