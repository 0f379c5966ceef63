"""Early detection: CUSUM, observed minus expected, and EWMA; for watching, not for looking back.

The last axis is time. A subgroup without a value adds nothing and changes nothing. Where control
charts ask whether a point is strange, these add up small differences in one direction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qi_equity.arrays import BoolArray, FloatArray, IntArray

Weight = Callable[[FloatArray, FloatArray, FloatArray, float], FloatArray]


def bernoulli_weight(
    events: FloatArray, size: FloatArray, rate: FloatArray, ratio: float
) -> FloatArray:
    """Log likelihood of odds ``ratio`` times as high against none (Steiner et al. 2000)."""
    return np.asarray(events * np.log(ratio) - size * np.log1p(rate * (ratio - 1)))


def poisson_weight(
    events: FloatArray, size: FloatArray, rate: FloatArray, ratio: float
) -> FloatArray:
    """Log likelihood of a rate ``ratio`` times as high against none (Lucas 1985)."""
    return np.asarray(events * np.log(ratio) - size * rate * (ratio - 1))


WEIGHTS: dict[str, Weight] = {"bernoulli": bernoulli_weight, "poisson": poisson_weight}


@dataclass(frozen=True, slots=True, eq=False)
class Cusum:
    """Two sums, for rising and for falling, each with the slot of its latest start from zero."""

    rising: FloatArray
    falling: FloatArray
    rising_since: IntArray
    falling_since: IntArray


def cusum(
    events: FloatArray,
    size: FloatArray,
    rate: FloatArray,
    kind: str = "bernoulli",
    ratio: float = 1.5,
) -> Cusum:
    """Evidence for a rate ``ratio`` times as high, and as low, as ``rate``, never below zero.

    >>> events, size = np.array([[0.0, 3.0, 2.0]]), np.array([[10.0, 10.0, 10.0]])
    >>> found = cusum(events, size, np.array([[0.1]]), ratio=2)
    >>> found.rising.round(3), found.rising_since
    (array([[0.   , 1.126, 1.56 ]]), array([[1, 1, 1]]))
    """
    both = []
    for tilt in (ratio, 1 / ratio):
        step = WEIGHTS[kind](events, size, rate, tilt)
        # max(0, C + w) all along: the walk less the lowest it has been.
        walk = np.cumsum(np.where(np.isfinite(step), step, 0.0), axis=-1)
        floor = np.minimum(np.minimum.accumulate(walk, axis=-1), 0.0)
        slot = np.arange(1, walk.shape[-1] + 1)
        lowest = np.where(walk <= floor, slot, 0)
        both.append((walk - floor, np.maximum.accumulate(lowest, axis=-1)))
    (rising, up), (falling, down) = both
    return Cusum(rising, falling, up, down)


def cusum_limit(
    size: FloatArray,
    rate: float,
    kind: str = "bernoulli",
    ratio: float = 1.5,
    alarms: float = 0.05,
    paths: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Limits that a steady rate crosses in a share ``alarms`` of series like this, both together.

    By simulation from the sizes themselves (one series); the seed is fixed, so the same data
    give the same limits. The rate is taken as known.

    >>> rising, falling = cusum_limit(np.full(52, 20.0), 0.1)
    >>> 2.0 < rising < 5.0, 2.0 < falling < 5.0
    (True, True)
    """
    generator = np.random.default_rng(seed)
    shape = (paths, len(size))
    steady = np.where(np.isfinite(size), size, 0.0)
    if kind == "bernoulli":
        events = generator.binomial(steady.astype(np.int64), rate, shape)
    else:
        events = generator.poisson(steady * rate, shape)
    found = cusum(
        events.astype(float), np.broadcast_to(steady, shape), np.array([[rate]]), kind, ratio
    )
    tops = (side.max(axis=-1) for side in (found.rising, found.falling))
    rising, falling = (float(np.quantile(top, 1 - alarms / 2, method="higher")) for top in tops)
    return rising, falling


def observed_less_expected(events: FloatArray, size: FloatArray, rate: FloatArray) -> FloatArray:
    """Events beyond those expected, added up: a picture, without limits of its own.

    >>> observed_less_expected(np.array([1.0, 3.0]), np.array([10.0, 10.0]), np.array([0.1]))
    array([0., 2.])
    """
    extra = events - size * rate
    return np.cumsum(np.where(np.isfinite(extra), extra, 0.0), axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class Ewma:
    """A moving average that forgets, with the limits its own variance gives."""

    value: FloatArray
    lower: FloatArray
    upper: FloatArray

    @property
    def outside(self) -> IntArray:
        """+1 above the limits, -1 below."""
        return (self.value > self.upper).astype(np.int8) - (self.value < self.lower).astype(np.int8)


def ewma(
    value: FloatArray, centre: FloatArray, sigma: FloatArray, weight: float = 0.2, reach: float = 3
) -> Ewma:
    """Exponentially weighted moving average about ``centre`` (Montgomery, ch. 9).

    ``sigma`` is that of each value, so unequal denominators are given their due.

    >>> found = ewma(np.array([[1.0, 1.0]]), np.array([[0.0]]), np.array([[1.0, 1.0]]), weight=0.5)
    >>> found.value, found.upper.round(3)
    (array([[0.5 , 0.75]]), array([[1.5  , 1.677]]))
    """
    sigma = np.broadcast_to(sigma, value.shape)
    centre = np.broadcast_to(centre, value.shape)
    known: BoolArray = np.isfinite(value) & np.isfinite(sigma)
    level = np.full(value.shape, np.nan)
    variance = np.zeros(value.shape)
    last, spread = centre[..., 0], np.zeros(value.shape[:-1])
    for slot in range(value.shape[-1]):  # along time only; every series at once
        here = known[..., slot]
        last = np.where(here, weight * value[..., slot] + (1 - weight) * last, last)
        fresh = weight**2 * sigma[..., slot] ** 2 + (1 - weight) ** 2 * spread
        spread = np.where(here, fresh, spread)
        level[..., slot], variance[..., slot] = last, spread
    width = reach * np.sqrt(variance)
    return Ewma(level, centre - width, centre + width)
