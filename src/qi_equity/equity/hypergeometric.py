"""Events of a stratum given all events of a period: the non-central hypergeometric distribution.

With both denominators and the total fixed, only the log odds ratio is left to be unknown, however
small the counts and whatever the overall rate. One series at a time, periods on the first axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from qi_equity.arrays import FloatArray
from qi_equity.equity.contrast import Contrast

# How far the table of outcomes reaches: log odds ratios this far from the crude one (and ten of
# its standard errors more), and this many standard deviations beyond the outcomes likely there.
FAR = 3.0
STANDARD_ERRORS = 10.0
DEVIATIONS = 12.0


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Every outcome a period can have: lowest count, and log weight of each count from there."""

    lowest: FloatArray  # (periods,)
    log_weight: FloatArray  # (periods, outcomes), -inf beyond the last
    least: float  # the log odds ratios between which the tables hold all that matters
    most: float

    @property
    def steps(self) -> FloatArray:
        """Counts above the lowest."""
        return np.arange(self.log_weight.shape[-1], dtype=np.float64)

    def __getitem__(self, periods: slice) -> Outcomes:
        """Some of the periods."""
        return Outcomes(self.lowest[periods], self.log_weight[periods], self.least, self.most)

    def log_total(self, theta: FloatArray | float) -> FloatArray:
        """Log of the sum of all weights, log K(theta), at each theta and period."""
        weight, top = self._weights(theta)
        rise = np.asarray(theta, dtype=np.float64)[..., np.newaxis] * self.lowest
        return np.asarray(np.log(weight.sum(axis=-1)) + top + rise)

    def probability(self, theta: FloatArray | float) -> FloatArray:
        """Of each outcome, at each theta and period."""
        weight, _ = self._weights(theta)
        return np.asarray(weight / weight.sum(axis=-1, keepdims=True))

    def moments(self, theta: FloatArray | float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Mean, variance and third central moment of each period, at each theta.

        >>> from qi_equity.equity.contrast import contrast
        >>> one = outcomes(contrast([2], [10], [3], [40]))
        >>> [round(float(part), 6) for (part,) in one.moments(0.0)]
        [1.0, 0.734694, 0.367347]
        """
        # About the middle of the table, so that no digits are lost where counts are large.
        middle = self.steps.mean()
        away = self.steps - middle
        raw = self.probability(theta) @ np.stack([away, away**2, away**3], axis=-1)
        mean, square, cube = raw[..., 0], raw[..., 1], raw[..., 2]
        variance = square - mean**2
        return mean + middle + self.lowest, variance, cube - 3 * mean * variance - mean**3

    def _weights(self, theta: FloatArray | float) -> tuple[FloatArray, FloatArray]:
        at = np.asarray(theta, dtype=np.float64)[..., np.newaxis, np.newaxis]
        exponent = self.log_weight + at * self.steps
        top = exponent.max(axis=-1, keepdims=True)
        return np.exp(exponent - top), top[..., 0]


def outcomes(data: Contrast, about: Contrast | None = None) -> Outcomes:
    """Tabulate what each period of one series could have been, given its total of events.

    `about` are the periods that say which log odds ratios matter: all of them, if left out.
    """
    y, n, y0, n0 = data.parts
    m = y + y0
    crude, error = _crude(data if about is None else about)
    least, most = crude - FAR - STANDARD_ERRORS * error, crude + FAR + STANDARD_ERRORS * error
    floor, ceiling = np.maximum(0.0, m - n0), np.minimum(n, m)
    low, high = (_likeliest(n, n0, m, theta) for theta in (least, most))
    spread = DEVIATIONS * (1 + np.sqrt(np.minimum(n, m)) / 2)
    low = np.clip(np.floor(low - spread), floor, ceiling)
    high = np.clip(np.ceil(high + spread), floor, ceiling)
    low, high = np.minimum(low, y), np.maximum(high, y)
    width = int((high - low).max(initial=0.0)) + 1
    at = low[:, np.newaxis] + np.arange(width)
    possible = at <= high[:, np.newaxis]
    at = np.where(possible, at, low[:, np.newaxis])
    weight = _log_choose(n[:, np.newaxis], at) + _log_choose(
        n0[:, np.newaxis], m[:, np.newaxis] - at
    )
    weight = weight - weight.max(axis=-1, keepdims=True, initial=-np.inf)
    return Outcomes(low, np.where(possible, weight, -np.inf), least, most)


def estimate(observed: FloatArray, told: Outcomes) -> float:
    """Log odds ratio with Jeffreys' correction (Firth 1993): finite even with no events at all.

    >>> from qi_equity.equity.contrast import contrast
    >>> week = contrast([0] * 26, [10] * 26, [5] * 26, [50] * 26)
    >>> round(estimate(week.events, outcomes(week)), 3)
    -4.04
    """

    def slope(theta: float) -> float:
        mean, variance, third = told.moments(theta)
        held = variance.sum()
        return float((observed - mean).sum() + 0.5 * third.sum() / held) if held > 0 else 0.0

    if slope(told.least) <= 0:
        return told.least if slope(told.least) < 0 else (told.least + told.most) / 2
    if slope(told.most) >= 0:
        return told.most
    return float(optimize.brentq(slope, told.least, told.most, xtol=1e-12))


def _crude(data: Contrast) -> tuple[float, float]:
    """Log odds ratio of all periods together, and its standard error.

    Half an event more in each cell (Haldane 1956, Anscombe 1956), so that none is empty.
    """
    y, n, y0, n0 = (part.sum() + 0.5 for part in data.parts)
    with np.errstate(divide="ignore", invalid="ignore"):
        n, n0 = max(n, y + 0.5), max(n0, y0 + 0.5)
        log_odds = np.log(y / (n - y + 0.5)) - np.log(y0 / (n0 - y0 + 0.5))
    error = np.sqrt(1 / y + 1 / (n - y + 0.5) + 1 / y0 + 1 / (n0 - y0 + 0.5))
    return float(log_odds), float(error)


def _likeliest(n: FloatArray, n0: FloatArray, m: FloatArray, theta: float) -> FloatArray:
    """Where y (n0 - m + y) = odds ratio (n - y) (m - y): of the two roots, the possible one."""
    # Written as 2c / (b + root): the usual form loses its digits where the odds ratio nears 1.
    r = np.exp(theta)
    b, c = n0 - m + r * (n + m), r * n * m
    root = np.sqrt(np.maximum(b**2 + 4 * (1 - r) * c, 0.0))
    return np.asarray(2 * c / np.maximum(b + root, 1e-12))


def _log_choose(n: FloatArray, k: FloatArray) -> FloatArray:
    return np.asarray(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))
