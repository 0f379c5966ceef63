"""Whether a step in one series is still there when it is held against the rest of its whole.

Given the totals of every week, how many of the events are a stratum's depends on its share of the
births and on the gap, not on the rate: a season, a drift or a policy that all strata share takes
no part. The null is a gap that stays what it is, as a ratio of rates or as one of odds: a step is
a stratum's own where it is there on both. No gap is reported here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.chance import density
from qi_equity.spc.scan import series_of, spread_of
from qi_equity.spc.scatter import EXPOSURE, Scatter

# The way and the place of the step are chosen by the series itself: that is worth as much as a
# scan of its own (40 times the tail, where it is 1 in 10,000); and twice as much and more, since
# p-values of what all share would be exact otherwise, and exact ones light up one network in ten.
CHOSEN = 100
# Belief beforehand that the rest stands still when a stratum steps, and how far all move (log odds,
# standard deviation) where they move together: by a fifth or a third.
STILL, SHARED = 0.985, np.array([0.2, 0.3])
# What a gap makes of the counts of a group: means and variances, given the totals of the weeks.
Scale = Callable[[FloatArray, FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
# Log gaps between which the gap is looked for, and how often the interval is halved (to 1e-9).
WIDEST, HALVINGS = 12.0, 34


@dataclass(frozen=True, slots=True, eq=False)
class Apart:
    """Of each series' step: is it there against the rest, and did the rest step the same way?"""

    # Allows for the choice of split and side, and for how likely it is that the rest stands still.
    p_own: FloatArray
    p_rest: FloatArray  # one-sided


def apart(
    own: tuple[FloatArray, FloatArray],
    whole: tuple[FloatArray, FloatArray],
    split: NDArray[np.int64],
    rising: BoolArray,
    *,
    at_most_one: bool,
    together: IntArray | None = None,
) -> Apart:
    """Hold each series' step against the rest of the whole, week by week.

    `own` and `whole` are numerators and denominators, the whole holding the series itself; a row
    whose `split` is -1 has no step, and p-values of 1.

    >>> births, events = np.full((1, 40), 20.0), np.repeat([[2.0, 5.0]], 20, axis=-1)
    >>> everyone = (4 * events, 4 * births)  # all strata alike
    >>> held = apart((events, births), everyone, np.array([20]), np.array([True]), at_most_one=True)
    >>> held.p_own.round(3).tolist(), bool(held.p_rest < 0.01)
    ([1.0], True)
    """
    there = np.isfinite(own[0]) & np.isfinite(whole[0]) & (own[1] > 0) & (whole[1] > own[1])
    y, n, total, people = (np.where(there, part, 0.0) for part in (*own, *whole))
    early = np.arange(y.shape[-1]) < split[:, np.newaxis]
    way = np.where(rising, -1.0, 1.0)
    p_own = np.zeros(len(y))
    for of_scale in (_ratio, _odds) if at_most_one else (_exposure,):
        mean, variance = _given_totals(of_scale, y, n, total, people)
        used = variance > 0
        many = np.maximum(used.sum(axis=-1), 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            residual = np.where(used, (y - mean) / np.sqrt(variance), 0.0)
        kurtosis = (1 / np.where(used, variance, np.inf)).sum(axis=-1) / many
        size = (n - 1 if at_most_one else EXPOSURE * mean).sum(axis=-1, where=used) / many
        found = spread_of(residual, used, early, size, kurtosis, together)
        p_own = np.maximum(p_own, CHOSEN * _tail(way * _step(y - mean, variance, early), found))
    rest = series_of(total - y, np.where(there, people - n, np.nan), 0 * y, at_most_one)
    beside = way * _step(total - y - rest.walk.mean, rest.walk.variance, early)
    scattered = rest.scatter(early)
    p_own *= 1 - _still(beside, _room(rest.walk.variance, early), scattered)
    none = split < 0
    return Apart(
        np.where(none, 1.0, np.minimum(1.0, p_own)),
        np.where(none, 1.0, _tail(beside, scattered)),
    )


def _still(beside: FloatArray, information: FloatArray, found: Scatter) -> FloatArray:
    """The chance that the rest stands still, from its step the same way ."""
    spread = found.factor[..., np.newaxis]
    z, moved = (part[:, np.newaxis, np.newaxis] for part in (beside, information))
    moved = np.maximum(moved, 0.0) * SHARED**2  # rounding leaves a little less than none
    both = spread + moved
    none = density(z / np.sqrt(spread)) / np.sqrt(spread)
    # All moved the way the stratum did: half a normal, and the other half twice over.
    same = 2 * density(z / np.sqrt(both)) / np.sqrt(both)
    same = same * ndtr(z * np.sqrt(moved / (spread * both)))
    stood, went = ((found.weight * part.mean(axis=-1)).sum(axis=-1) for part in (none, same))
    stood, went = STILL * stood, (1 - STILL) * went
    return np.asarray(stood / np.maximum(stood + went, np.finfo(float).tiny))


def _step(excess: FloatArray, variance: FloatArray, early: BoolArray) -> FloatArray:
    """Standardised excess before the split; 0 where a side says nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        step = excess.sum(axis=-1, where=early) / np.sqrt(_room(variance, early))
    return np.where(np.isfinite(step), step, 0.0)


def _room(variance: FloatArray, early: BoolArray) -> FloatArray:
    """The variance of the excess before the split: what a step can be told by."""
    held, whole = variance.sum(axis=-1, where=early), variance.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.nan_to_num(held * (whole - held) / whole))


def _tail(step: FloatArray, found: Scatter) -> FloatArray:
    """P(a step so large or larger), weighed over the amounts of scatter; in the long run normal."""
    return np.asarray(
        (found.weight * ndtr(-step[:, np.newaxis] / np.sqrt(found.factor))).sum(axis=-1)
    )


def _given_totals(
    scale: Scale, y: FloatArray, n: FloatArray, total: FloatArray, people: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of the counts, given each week's total, at the gap that gives their sum."""
    low, high = (np.full((len(y), 1), side * WIDEST) for side in (-1, 1))
    events = y.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            mean, _ = scale(np.exp(middle), n, total, people)
            short = mean.sum(axis=-1, keepdims=True, where=people > 0) < events
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        mean, variance = scale(np.exp((low + high) / 2), n, total, people)
    known = np.isfinite(mean) & np.isfinite(variance)
    return np.where(known, mean, y), np.where(known, np.maximum(variance, 0.0), 0.0)


def _odds(
    gap: FloatArray, n: FloatArray, total: FloatArray, people: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Non-central hypergeometric: mean by Cornfield's quadratic (1956), variance by cells."""
    middle = people + (n + total) * (gap - 1)
    root = np.sqrt(np.maximum(middle**2 - 4 * (gap - 1) * gap * n * total, 0.0))
    mean = 2 * gap * n * total / (middle + root)
    cells = (mean, n - mean, total - mean, people - n - total + mean)
    precision = sum(1 / np.maximum(cell, 0.0) for cell in cells)
    return mean, np.asarray(people / (people - 1) / precision)


def _ratio(
    gap: FloatArray, n: FloatArray, total: FloatArray, people: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Both groups binomial, with rates in the ratio of the gap that give the week's total."""
    rest = people - n
    share = gap * n / (gap * n + rest)
    rate0 = np.minimum(total / (gap * n + rest), 1.0)
    rate = np.minimum(gap * rate0, 1.0)
    spread, spread0 = n * rate * (1 - rate), rest * rate0 * (1 - rate0)
    return share * total, (1 - share) ** 2 * spread + share**2 * spread0


def _exposure(
    gap: FloatArray, n: FloatArray, total: FloatArray, people: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Events over exposure: given their total, binomial with the group's share of them."""
    share = gap * n / (gap * n + people - n)
    return total * share, total * share * (1 - share)
