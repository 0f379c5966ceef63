"""Where sites lie by chance alone about one rate, by their size: funnel limits, one look, no time.

Sites are compared with the network's rate, never ranked. Limits are for a given baseline, so
a site is part of what it is held against only through that number.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from qi_equity.arrays import FloatArray
from qi_equity.equity.intervals import Interval, byar_or_exact, exact_rate

# The two pairs of limits that public health funnels draw: 95 % and 99.8 %.
WARNING, ACTION = 0.95, 0.998


def proportion_limits(
    baseline: ArrayLike, size: ArrayLike, confidence: float = WARNING
) -> Interval:
    """Proportions whose Wilson interval would just reach the baseline, at each size.

    >>> proportion_limits(0.1, [9, 900]).upper.round(3)
    array([0.296, 0.12 ])
    """
    p, n = np.broadcast_arrays(np.asarray(baseline, dtype=float), np.asarray(size, dtype=float))
    half = special.ndtri((1 + confidence) / 2) * np.sqrt(p * (1 - p) / n)
    return Interval(p, np.maximum(p - half, 0), np.minimum(p + half, 1))


def expected_limits(count: ArrayLike, confidence: float = WARNING) -> Interval:
    """Expected events at which seeing `count` would just lie on the lower, and the upper, limit.

    The curve of a funnel of counts: an expectation above `upper` makes the count low.
    """
    return exact_rate(count, np.ones_like(np.asarray(count, dtype=float)), confidence)


def beyond_proportion(
    numerator: ArrayLike, denominator: ArrayLike, baseline: ArrayLike, confidence: float = WARNING
) -> NDArray[np.int8]:
    """+1 where a site lies above the funnel, -1 below, 0 within or unknown."""
    x, n = (np.asarray(part, dtype=float) for part in (numerator, denominator))
    with np.errstate(all="ignore"):
        limits = proportion_limits(baseline, n, confidence)
        return _beyond(x / n > limits.upper, x / n < limits.lower)


def beyond_expected(
    count: ArrayLike, expected: ArrayLike, confidence: float = WARNING
) -> NDArray[np.int8]:
    """+1 where a count is more than its expectation would give by chance, -1 where it is less.

    >>> beyond_expected([40, 20, 3], [20, 20, 20]).tolist()
    [1, 0, -1]
    """
    seen = byar_or_exact(count, np.ones_like(np.asarray(count, dtype=float)), confidence)
    expectation: FloatArray = np.asarray(expected, dtype=float)
    return _beyond(seen.lower > expectation, seen.upper < expectation)


def _beyond(high: NDArray[np.bool_], low: NDArray[np.bool_]) -> NDArray[np.int8]:
    return high.astype(np.int8) - low.astype(np.int8)
