"""The CUSUM against a fixed rate, as national maternity signal systems draw it; no limits by eye.

It asks whether a rate has become so many times as high as one reference, adds up the log
likelihood from birth to birth, and starts again after a signal. What it does not do is learn the
level: for that see spc.watch. The last axis is time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qi_equity.arrays import BoolArray, FloatArray, IntArray

# The change a signal system is tuned to: twice the odds.
DOUBLING = 2.0
# Units drawn for a limit, and one seed for all: the same sizes give the same limit.
UNITS, SEED = 4_000, 0
# Years until it matters no more that the sum began from nought, and those that are counted then.
SETTLING, YEARS = 2, 6
# Sums of the same counts in another order differ by rounding: what stands on the limit is a signal,
# and no more than the share allowed stands there.
SAME = 1e-9

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


WEIGHTS: dict[str, Weight] = {"proportion": bernoulli_weight, "rate": poisson_weight}


@dataclass(frozen=True, slots=True, eq=False)
class Cusum:
    """The sum of every series, where it signals, and the slot its present climb began in."""

    value: FloatArray
    signal: BoolArray
    since: IntArray


def cusum(
    events: FloatArray,
    size: FloatArray,
    rate: FloatArray,
    limit: FloatArray,
    data: str = "proportion",
    ratio: float = DOUBLING,
) -> Cusum:
    """Evidence for a rate ``ratio`` times the reference; from nought again after each signal.

    A ratio below one looks for a fall. A subgroup without a value changes nothing.

    >>> events, size = np.array([[0.0, 3.0, 2.0, 1.0]]), np.full((1, 4), 10.0)
    >>> found = cusum(events, size, np.array([0.1]), np.array([1.5]))
    >>> found.value.round(3), found.signal
    (array([[0.   , 1.126, 1.56 , 0.   ]]), array([[False, False,  True, False]]))
    """
    step = WEIGHTS[data](events, size, np.asarray(rate)[..., np.newaxis], ratio)
    step = np.where(np.isfinite(step), step, 0.0)
    value, since = np.zeros(step.shape), np.zeros(step.shape, dtype=np.int64)
    level, start = np.zeros(step.shape[:-1]), np.zeros(step.shape[:-1], dtype=np.int64)
    signal = np.zeros(step.shape, dtype=bool)
    for slot in range(step.shape[-1]):  # along time only; every series at once
        level = np.maximum(level + step[..., slot], 0.0)
        start = np.where(level > 0, start, slot + 1)
        over = level >= limit
        value[..., slot], since[..., slot], signal[..., slot] = level, start, over
        level, start = np.where(over, 0.0, level), np.where(over, slot + 1, start)
    return Cusum(value, signal, since)


# Of a log likelihood ratio, added up: where births are so many that chance alone hardly ever lifts
# the sum from nought, counts still have to fit the change e times as well as the reference.
LEAST = 1.0


@lru_cache(maxsize=1024)  # asked again at every analysis, for the same sizes
def cusum_limit(
    size: float,
    rate: float,
    periods: int,
    alarms: float,
    data: str = "proportion",
    ratio: float = DOUBLING,
) -> float:
    """The limit that a steady rate crosses with chance ``alarms`` in a year of ``periods``.

    In any year: later ones do not begin from nought, so that what only the first keeps is broken
    then, most where events are rarest. The rate is taken as known and ``size`` as that of every
    period: it states a horizon, and does not know how much births cluster within a week. Where so
    many births are looked at together that chance signals less often at a limit of 1, it is 1.

    >>> bool(4.0 < cusum_limit(20.0, 0.1, 52, 0.05) < 7.0)
    True
    """
    generator = np.random.default_rng(SEED)
    level, top, highest = np.zeros(UNITS), np.zeros(UNITS), []
    for _ in range(SETTLING + YEARS):
        for step in _steady(generator, size, rate, periods, data, ratio):
            level = np.maximum(level + step, 0.0)
            top = np.maximum(top, level)
        highest.append(top)
    return max(_passed(np.array(highest[SETTLING - 1 :]), alarms), LEAST)


def _steady(
    generator: np.random.Generator, size: float, rate: float, periods: int, data: str, ratio: float
) -> FloatArray:
    """Steps of a year of every unit, at the reference rate: (period, unit)."""
    shape = (periods, UNITS)
    if data == "proportion":
        sizes = np.floor(size + generator.random(shape))
        events = generator.binomial(sizes.astype(np.int64), min(rate, 1.0)).astype(float)
    else:
        sizes = np.full(shape, size)
        events = generator.poisson(sizes * rate).astype(float)
    return WEIGHTS[data](events, sizes, np.asarray(rate), ratio)


def _passed(highest: FloatArray, share: float) -> float:
    """Least height that in a year no more than a share passes of those that never did before.

    ``highest`` is what each unit has reached by the end of each year (year, unit).
    """
    below = [np.sort(year) for year in highest]
    height = np.unique(np.append(highest[-1], 0.0)) + SAME
    stayed = np.array([np.searchsorted(year, height) for year in below])
    over = np.flatnonzero(stayed[0] - stayed[-1] > share * stayed[:-1].sum(axis=0))
    return float(height[over[-1] + 1 if over.size else 0])
