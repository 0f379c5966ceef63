"""Rates made comparable between places with different people, and places sorted into groups.

Direct and indirect standardisation over the last axis (ages, parities, gestations); leading axes
are places. Crude rates come first: what is adjusted for may be part of the cause.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from qi_equity.arrays import FloatArray
from qi_equity.equity.intervals import Interval, byar_or_exact

# A directly standardised rate of fewer events rests on one or two strata of people (OHID).
LEAST_EVENTS = 10


def direct(
    count: ArrayLike,
    population: ArrayLike,
    standard: ArrayLike,
    confidence: float = 0.95,
    least_events: int = LEAST_EVENTS,
) -> Interval:
    """Rate a place would have with the standard's people (Dobson et al. 1991).

    >>> direct([30, 20], [1000, 500], [2, 1]).estimate.round(4)
    np.float64(0.0333)
    """
    x, n, weight = (np.asarray(part, dtype=float) for part in (count, population, standard))
    total = x.sum(axis=-1)
    share = weight / weight.sum(axis=-1, keepdims=True)
    with np.errstate(all="ignore"):
        rate = (share * x / n).sum(axis=-1)
        # The interval of the total count, drawn in by how the weights spread it.
        scale = np.sqrt((share**2 * x / n**2).sum(axis=-1) / total)
    seen = byar_or_exact(total, np.ones_like(total), confidence)
    limits = (rate, rate + scale * (seen.lower - total), rate + scale * (seen.upper - total))
    return Interval(*(np.where(total >= least_events, part, np.nan)[()] for part in limits))


def expected(population: ArrayLike, reference_rate: ArrayLike) -> FloatArray:
    """Events a place would have had at the reference's rates."""
    return np.asarray(
        (np.asarray(population, dtype=float) * np.asarray(reference_rate, dtype=float)).sum(axis=-1)
    )


def indirect(
    count: ArrayLike, population: ArrayLike, reference_rate: ArrayLike, confidence: float = 0.95
) -> Interval:
    """Events seen over events expected, with Byar's interval (exact below ten events).

    What is expected is taken as known: rates of a large population, not of a few other places.

    >>> indirect([12, 8], [1000, 500], [0.01, 0.02]).estimate
    np.float64(1.0)
    """
    seen = np.asarray(count, dtype=float).sum(axis=-1)
    return byar_or_exact(seen, expected(population, reference_rate), confidence)


def mean_interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """Mean of readings on the last axis with Student's interval; nan readings are left out."""
    readings = np.asarray(values, dtype=float)
    known = np.isfinite(readings)
    count = known.sum(axis=-1)
    with np.errstate(all="ignore"):
        mean = np.sum(readings, axis=-1, where=known) / count
        squares = np.sum((readings - mean[..., None]) ** 2, axis=-1, where=known)
        half = special.stdtrit(count - 1, (1 + confidence) / 2) * np.sqrt(
            squares / (count - 1) / count
        )
    return Interval(mean, mean - half, mean + half)


def quantile_groups(
    values: ArrayLike, groups: int = 5, *, highest_first: bool = False
) -> FloatArray:
    """Places sorted into groups of equal size by a value (deprivation); ties stay together.

    >>> quantile_groups([3, 1, 2, 4], groups=2)
    array([2., 1., 1., 2.])
    """
    value = np.asarray(values, dtype=float)
    value = -value if highest_first else value
    known = np.isfinite(value)
    # Rank of the first of those alike, counted from nought.
    below = (value[..., None, :] < value[..., :, None]).sum(axis=-1)
    group = np.floor(below * groups / known.sum(axis=-1, keepdims=True)) + 1
    return np.where(known, group, np.nan)
