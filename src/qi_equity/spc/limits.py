"""Exact probability limits of counts: binomial and Poisson, by mid-P; never a normal curve.

A count is beyond a limit when its mid-P tail (everything further out, and half of the count
itself) is smaller than the tail of a normal curve beyond the same number of sigmas: 0.00135 at
three. The limits are counts: the smallest and the largest that are not beyond.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, gammainc, gammaincc, ndtr

from qi_equity.arrays import FloatArray
from qi_equity.spc.chart import Band

Tail = Callable[..., FloatArray]
# Of so many at risk, at this rate, beyond so many sigmas: the smallest and largest count inside.
CountLimits = Callable[[FloatArray, FloatArray, float], Band]


def binomial_limits(denominator: FloatArray, proportion: FloatArray, sigma: float = 3.0) -> Band:
    """Smallest and largest number of events in ``denominator`` that are not beyond a limit.

    >>> low, high = binomial_limits(np.array([8.0, 60.0]), np.array([0.03, 0.3]))
    >>> low.tolist(), high.tolist()
    ([0.0, 8.0], [2.0, 29.0])
    """
    n, p = (np.ravel(a) for a in np.broadcast_arrays(denominator, proportion))
    known = np.isfinite(n) & (n > 0) & (p > 0) & (p < 1)
    low, high = np.full(n.shape, np.nan), np.full(n.shape, np.nan)
    n, p = n[known], p[known]
    spread = np.sqrt(n * p * (1 - p))
    low[known] = _smallest(_binomial_below, n * p, spread, (n, p), sigma)
    # The upper limit of the events is the lower limit of the non-events.
    high[known] = n - _smallest(_binomial_below, n * (1 - p), spread, (n, 1 - p), sigma)
    shape = np.broadcast_shapes(np.shape(denominator), np.shape(proportion))
    return low.reshape(shape), high.reshape(shape)


def poisson_limits(mean: FloatArray, sigma: float = 3.0) -> Band:
    """Smallest and largest Poisson count of this mean that are not beyond a limit.

    >>> low, high = poisson_limits(np.array([0.5, 20.0]))
    >>> low.tolist(), high.tolist()
    ([0.0, 8.0], [3.0, 34.0])
    """
    known = np.isfinite(mean) & (mean > 0)
    low, high = np.full(mean.shape, np.nan), np.full(mean.shape, np.nan)
    m = mean[known]
    low[known] = _smallest(_poisson_below, m, np.sqrt(m), (m,), sigma)
    high[known] = -_smallest(_poisson_above, -m, np.sqrt(m), (m,), sigma, floor=-np.inf)
    return low, high


@dataclass(frozen=True, slots=True)
class Distribution:
    """What chance does to a count: how much a rate varies, and which counts are inside limits."""

    variance: Callable[[FloatArray], FloatArray]  # of the rate, with one at risk
    limits: CountLimits
    highest_rate: float  # a rate cannot lie above it


# An event or none for each one at risk; above a centre of 1 (given by hand) nothing varies.
BINOMIAL = Distribution(
    variance=lambda rate: rate * np.maximum(1 - rate, 0.0),
    limits=binomial_limits,
    highest_rate=1.0,
)
# Events over an exposure, as many as may be.
POISSON = Distribution(
    variance=lambda rate: rate,
    limits=lambda exposure, rate, sigma: poisson_limits(exposure * rate, sigma),
    highest_rate=np.inf,
)


# -- tails, and the search for a limit --------------------------------------------------------


def _binomial_below(count: FloatArray, n: FloatArray, p: FloatArray) -> FloatArray:
    """P(X <= count), as an incomplete beta function."""
    inside = (count >= 0) & (count < n)
    k = np.where(inside, count, 0.0)
    tail = betainc(np.where(inside, n - k, 1.0), k + 1.0, 1 - p)
    return np.where(inside, tail, np.where(count < 0, 0.0, 1.0))


def _poisson_below(count: FloatArray, mean: FloatArray) -> FloatArray:
    return np.where(count >= 0, gammaincc(np.maximum(count, 0.0) + 1.0, mean), 0.0)


def _poisson_above(count: FloatArray, mean: FloatArray) -> FloatArray:
    """P(X >= -count): the upper tail, on a mirrored axis."""
    return np.where(count < 0, gammainc(np.maximum(-count, 1.0), mean), 1.0)


def _smallest(
    below: Tail,
    mean: FloatArray,
    spread: FloatArray,
    parameters: tuple[FloatArray, ...],
    sigma: float,
    floor: float = 0.0,
) -> FloatArray:
    """Smallest count whose mid-P lower tail reaches the nominal one: guess, then step to it."""
    nominal = 2 * float(ndtr(-sigma))
    # A skewed curve's quantile (Cornish & Fisher): for counts the skewness is the spread's share.
    skewness = np.divide(2 * spread**2 - mean, mean, out=np.zeros_like(mean), where=mean > 0)
    count = np.floor(mean - sigma * spread + (sigma**2 - 1) / 6 * skewness)
    np.maximum(count, floor, out=count)
    # Twice the mid-P tail of a count is the tail up to it and the tail up to the one before.
    here, before = below(count, *parameters), below(count - 1.0, *parameters)
    which = np.flatnonzero((here + before >= nominal) & (count > floor))
    while which.size:  # step out while the next count out still reaches it
        at, held = count[which] - 1.0, tuple(array[which] for array in parameters)
        inner, outer = before[which], below(at - 1.0, *held)
        reaches = inner + outer >= nominal
        which = which[reaches]
        count[which], here[which], before[which] = at[reaches], inner[reaches], outer[reaches]
        which = which[count[which] > floor]
    which = np.flatnonzero(here + before < nominal)
    while which.size:  # step in until one does
        count[which] += 1.0
        before[which] = here[which]
        here[which] = below(count[which], *(array[which] for array in parameters))
        which = which[here[which] + before[which] < nominal]
    return count
