"""Events of a stratum given all events of a period: the non-central hypergeometric distribution.

With both denominators and the total fixed, only the log odds ratio is left to be unknown, however
small the counts and whatever the overall rate. Periods are the last axis, series come before, and
outcomes come first: they are added up one after the other, so that a series has the same digits
in any company.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from qi_equity.arrays import FloatArray
from qi_equity.equity.contrast import Contrast, summed
from qi_equity.roots import quick_root

# How far the table of outcomes reaches: log odds ratios this far from the crude one (and ten of
# its standard errors more), and this many standard deviations beyond the outcomes likely there.
FAR = 3.0
STANDARD_ERRORS = 10.0
DEVIATIONS = 12.0
# How close to the estimate a step of Newton's from the crude one comes, as a rule.
CLOSE = 0.05
# Logarithms between which a double keeps all its digits, with room on either side.
FURTHEST = 600.0
# Whole numbers up to this have their log factorials in a table.
TABLED = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Every outcome a period can have: lowest count, and log weight of each count from there."""

    lowest: FloatArray  # (..., periods)
    middle: FloatArray  # of the counts that are there, above the lowest
    log_weight: FloatArray  # (outcomes, ..., periods), -inf beyond the last
    least: FloatArray  # (...): log odds ratios between which the table holds all that matters
    most: FloatArray

    def __getitem__(self, series: NDArray[np.intp]) -> Outcomes:
        """Some of the series."""
        return Outcomes(
            self.lowest[series],
            self.middle[series],
            self.log_weight[:, series],
            self.least[series],
            self.most[series],
        )

    def first(self, periods: int) -> Outcomes:
        """The first so many periods."""
        lowest, middle, weight = (
            part[..., :periods] for part in (self.lowest, self.middle, self.log_weight)
        )
        return Outcomes(lowest, middle, weight, self.least, self.most)

    def log_totals(self, theta: FloatArray) -> FloatArray:
        """Log of the sum of all weights, log K(theta), at a row of log odds ratios a series.

        By value, series and period. About the middle of a row the sum is a polynomial in the odds
        ratio, worked out from its highest power down (Horner): one exponential a weight in place of
        one for each value.
        """
        middle = theta[:, theta.shape[1] // 2]
        away = (theta - middle[:, np.newaxis]).T
        weight, top = self._weights(middle)
        odds = np.exp(away)[..., np.newaxis]
        total = np.zeros((*away.shape, self.lowest.shape[-1]))
        with np.errstate(over="ignore"):
            for one in weight[::-1]:
                total *= odds
                total += one
        with np.errstate(divide="ignore"):
            found = np.log(total) + top + theta.T[..., np.newaxis] * self.lowest
        # Powers so far apart that a double cannot hold them are taken about two middles.
        far = np.abs(away).max(axis=0) * (2 * self.middle).max(axis=-1, initial=0.0) > FURTHEST
        if far.any():
            some, half = np.flatnonzero(far), theta.shape[1] // 2
            parts = (theta[some, :half], theta[some, half:])
            found[:, some] = np.concatenate([self[some].log_totals(part) for part in parts])
        return found

    def moments(self, theta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Mean, variance and third central moment of each series and period.

        >>> from qi_equity.equity.contrast import contrast
        >>> one = outcomes(contrast([2], [10], [3], [40]))
        >>> [round(float(part), 6) for (part,) in one.moments(0.0)]
        [1.0, 0.734694, 0.367347]
        """
        weight, _ = self._weights(np.asarray(theta, dtype=np.float64))
        weight /= weight.sum(axis=0)
        # About the middle of the table, so that no digits are lost where counts are large.
        shape = (-1, *(1,) * (weight.ndim - 1))
        away = np.arange(len(weight), dtype=np.float64).reshape(shape) - self.middle
        moments = []
        for _ in range(3):
            weight *= away
            moments.append(weight.sum(axis=0))
        mean, square, cube = moments
        variance = square - mean**2
        return mean + self.middle + self.lowest, variance, cube - 3 * mean * variance - mean**3

    def _weights(self, at: FloatArray) -> tuple[FloatArray, FloatArray]:
        many, *shape = self.log_weight.shape
        wide = at.ndim - (len(shape) - 1)  # axes of theta that come before those of the series
        weight = self.log_weight.reshape(many, *(1,) * wide, *shape)
        steps = np.arange(many, dtype=np.float64).reshape(many, *(1,) * (at.ndim + 1))
        weight = weight + at[..., np.newaxis] * steps
        top = weight.max(axis=0)
        weight -= top
        return np.exp(weight, out=weight), top


def outcomes(data: Contrast, about: Contrast | None = None) -> Outcomes:
    """Tabulate what each period of each series could have been, given its total of events.

    `about` are the periods that say which log odds ratios matter: all of them, if left out.
    """
    y, n, y0, n0 = data.parts
    m = y + y0
    crude, error = _crude(data if about is None else about)
    least, most = crude - FAR - STANDARD_ERRORS * error, crude + FAR + STANDARD_ERRORS * error
    floor, ceiling = np.maximum(0.0, m - n0), np.minimum(n, m)
    low, high = (_likeliest(n, n0, m, theta[..., np.newaxis]) for theta in (least, most))
    spread = DEVIATIONS * (1 + np.sqrt(np.minimum(n, m)) / 2)
    low = np.clip(np.floor(low - spread), floor, ceiling)
    high = np.clip(np.ceil(high + spread), floor, ceiling)
    low, high = np.minimum(low, y), np.maximum(high, y)
    width = int((high - low).max(initial=0.0)) + 1
    at = low + np.arange(width).reshape(width, *(1,) * low.ndim)
    possible = at <= high
    at = np.where(possible, at, low)
    weight = _log_choose(n, at) + _log_choose(n0, m - at)
    weight = np.where(possible, weight - weight.max(axis=0), -np.inf)
    return Outcomes(low, (high - low) / 2, weight, least, most)


def estimate(observed: FloatArray, told: Outcomes) -> FloatArray:
    """Log odds ratio with Jeffreys' correction (Firth 1993): finite even with no events at all.

    >>> from qi_equity.equity.contrast import contrast
    >>> week = contrast([0] * 26, [10] * 26, [5] * 26, [50] * 26)
    >>> estimate(week.events, outcomes(week)).round(3)
    np.float64(-4.04)
    """
    shape, periods = observed.shape[:-1], observed.shape[-1]
    flat = Outcomes(
        told.lowest.reshape(-1, periods),
        told.middle.reshape(-1, periods),
        told.log_weight.reshape(len(told.log_weight), -1, periods),
        told.least.ravel(),
        told.most.ravel(),
    )
    seen = observed.reshape(-1, periods)

    def slope(theta: FloatArray, rows: NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
        some = flat if rows.size == len(seen) else flat[rows]
        mean, variance, third = some.moments(theta)
        held = summed(variance)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = summed(seen[rows] - mean) + 0.5 * summed(third) / held
        return np.where(held > 0, found, 0.0), held

    # From the crude one a step of Newton's, and a little to either side of where it ends.
    crude = (flat.least + flat.most) / 2
    found, held = slope(crude, np.arange(len(seen)))
    with np.errstate(divide="ignore", invalid="ignore"):
        step = found / held
        reach = CLOSE * (np.abs(step) + CLOSE / np.sqrt(held))
    near = crude + step - reach, crude + step + reach
    answer = quick_root(lambda at, rows: slope(at, rows)[0], flat.least, flat.most, near)
    return answer.reshape(shape)


def _crude(data: Contrast) -> tuple[FloatArray, FloatArray]:
    """Log odds ratio of all periods together, and its standard error.

    Half an event more in each cell (Haldane 1956, Anscombe 1956), so that none is empty.
    """
    y, n, y0, n0 = (part.sum(axis=-1) + 0.5 for part in data.parts)
    n, n0 = np.maximum(n, y + 0.5), np.maximum(n0, y0 + 0.5)
    log_odds = np.log(y / (n - y + 0.5)) - np.log(y0 / (n0 - y0 + 0.5))
    error = np.sqrt(1 / y + 1 / (n - y + 0.5) + 1 / y0 + 1 / (n0 - y0 + 0.5))
    return np.asarray(log_odds), np.asarray(error)


def _likeliest(n: FloatArray, n0: FloatArray, m: FloatArray, theta: FloatArray) -> FloatArray:
    """Where y (n0 - m + y) = odds ratio (n - y) (m - y): of the two roots, the possible one."""
    # Written as 2c / (b + root): the usual form loses its digits where the odds ratio nears 1.
    r = np.exp(theta)
    b, c = n0 - m + r * (n + m), r * n * m
    root = np.sqrt(np.maximum(b**2 + 4 * (1 - r) * c, 0.0))
    return np.asarray(2 * c / np.maximum(b + root, 1e-12))


def _log_choose(n: FloatArray, k: FloatArray) -> FloatArray:
    return _log_factorial(n) - _log_factorial(k) - _log_factorial(n - k)


@cache
def _log_factorials() -> FloatArray:
    return np.asarray(special.gammaln(np.arange(TABLED) + 1.0))


def _log_factorial(n: FloatArray) -> FloatArray:
    if n.size and n.min() >= 0 and n.max() < TABLED:
        whole = n.astype(np.intp)
        if np.array_equal(whole, n):
            return _log_factorials()[whole]
    return np.asarray(special.gammaln(n + 1))
