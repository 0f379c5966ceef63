"""Watching a series week by week: how likely its counts are, if its level stayed or changed.

Counts scatter from week to week beyond chance by an unknown amount, and the level is known as
far as the baseline tells it; both are averaged over. High and low only, and no limits here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import gammaln

from qi_equity.arrays import BoolArray, FloatArray
from qi_equity.sequential import Hypotheses, Lines, lines

# The level is tabulated this many standard errors of the baseline either way.
REACH, LEVELS = 5.0, 21
# Correlation of births within a week (proportions), and variance of the log rate between weeks.
CORRELATIONS = (0.0, 0.01, 0.03, 0.08)
VARIANCES = (0.0, 0.03, 0.1, 0.3)


# The change looked for: odds and rates three quarters as high again, or as much lower...
DESIGN_RATIO = 1.75
MOVED = np.log([1.0, DESIGN_RATIO, 1 / DESIGN_RATIO])[:, None, None]
# ...and where only the side of the median is known, three times the odds of being above it.
SIGN_RATIO = 3.0
# Likeness of neighbouring values, as a correlation of their sides, and the belief in each.
ALIKE, BELIEVED = (0.0, 0.15, 0.3, 0.5), (0.5, 0.25, 0.15, 0.1)
# In a baseline of fewer values likeness and a change cannot be told apart: a year of months would
# see a ratio double in .3 of years instead of all. They count as not alike.
LEAST_ALIKE = 24
# With fewer events than this (and, of proportions, fewer without one) there is no level to leave.
LEAST_EVENTS = 5
# Values of which a median is worth watching (NHS England, Making Data Count).
LEAST_VALUES = 12
# Series held in memory together.
CHUNK = 64

Told = tuple[Hypotheses, FloatArray]


def proportions(
    events: FloatArray, size: FloatArray, baseline: BoolArray, watched: BoolArray
) -> Told:
    """Beta-binomial weeks, on the scale of log odds."""
    known, held = (np.where(baseline, part, 0.0) for part in (events, size))
    rho = np.array(CORRELATIONS)
    hits, misses = known.sum(axis=-1) + 0.5, (held - known).sum(axis=-1) + 0.5
    clumped = 1 + np.maximum(_per(held**2, held) - 1, 0.0)[:, None] * rho
    level = _levels(np.log(hits / misses), (1 / hits + 1 / misses)[:, None] * clumped)
    moved = level[:, None] + MOVED
    none, rising, falling = _likely(_beta_binomial, events, size, moved, baseline, watched)
    rate = hits / (hits + misses)
    information = size * (rate * (1 - rate))[:, None] * np.log(DESIGN_RATIO) ** 2 / 4
    return _told(none, rising, falling, baseline, watched), information


def rates(events: FloatArray, size: FloatArray, baseline: BoolArray, watched: BoolArray) -> Told:
    """Gamma-Poisson weeks, on the scale of log rates."""
    known, held = (np.where(baseline, part, 0.0) for part in (events, size))
    hits = known.sum(axis=-1) + 0.5
    rate = hits / np.maximum(held.sum(axis=-1), np.finfo(float).tiny)
    clumped = 1 + (_per(held**2, held) * rate)[:, None] * np.array(VARIANCES)
    level = _levels(np.log(rate), (1 / hits)[:, None] * clumped)
    moved = level[:, None] + MOVED
    none, rising, falling = _likely(_gamma_poisson, events, size, moved, baseline, watched)
    information = size * rate[:, None] * np.log(DESIGN_RATIO) ** 2 / 4
    return _told(none, rising, falling, baseline, watched), information


def signs(above: FloatArray, known: FloatArray, baseline: BoolArray, watched: BoolArray) -> Told:
    """Values above the baseline's median or below it: no matter how they are distributed.

    A value may lie on the side of the one before it for no other reason than that (a chain of
    order 1), by an amount that is not known.
    """
    half = (known * baseline).sum(axis=-1) / 2 + 0.5
    alike = np.array(ALIKE)
    level = _levels(np.zeros(len(half)), (2 / half)[:, None] * (1 + alike) / (1 - alike))
    followed, before = (part[..., None, None] for part in _before(above, known))
    stays = np.where(followed, alike[:, None], 0.0)
    is_above, told = above[..., None, None] > 0, known[..., None, None] > 0
    likely = []
    for moved in np.log([1.0, SIGN_RATIO, 1 / SIGN_RATIO]):
        rate = 1 / (1 + np.exp(-(level + moved)))[:, None]
        rate = rate * (1 - stays) + stays * before
        likely.append(np.where(told, np.log(np.where(is_above, rate, 1 - rate)), 0.0))
    information = known / 4 * np.log(SIGN_RATIO) ** 2 / 4
    enough = (known * baseline).sum(axis=-1, keepdims=True) >= LEAST_ALIKE
    with np.errstate(divide="ignore"):
        believed = np.log(np.where(enough, BELIEVED, np.array(ALIKE) == 0))
    believed = np.repeat(believed, LEVELS, axis=-1)
    none, rising, falling = likely
    return _told(none, rising, falling, baseline, watched, believed), information


def _before(above: FloatArray, known: FloatArray) -> tuple[BoolArray, FloatArray]:
    """Whether a known value came before, and whether the last one lay above."""
    place = np.where(known > 0, np.arange(known.shape[-1]), -1)
    last = np.maximum.accumulate(place, axis=-1)
    last = np.concatenate([np.full((len(known), 1), -1), last[:, :-1]], axis=-1)
    return last >= 0, np.take_along_axis(above, np.maximum(last, 0), axis=-1)


LIKELIHOODS = {"proportion": proportions, "rate": rates, "value": signs}


def watch(
    data: str,
    events: FloatArray,
    size: FloatArray,
    baseline: BoolArray,
    watched: BoolArray,
    alarms: FloatArray,
    periods_a_year: FloatArray,
) -> Lines:
    """Watch every series of one sort of data; each is judged by itself.

    `events` of `size` are counts of those at risk (proportion), counts of an exposure (rate), or
    1 for a value above the baseline's median, of 1 for a value that is known (value).

    >>> weeks = np.arange(60)[None]
    >>> found = watch("proportion", np.where(weeks < 40, 2.0, 7.0), np.full((1, 60), 20.0),
    ...               weeks < 26, weeks >= 26, np.array([0.01]), np.array([52.0]))
    >>> int(found.first[0]), int(found.change[0]), int(found.side[0, -1])
    (43, 40, 1)
    """
    use = baseline | watched
    y, n = (np.where(use, part, 0.0) for part in (events, size))
    parts = []
    for start in range(0, len(y), CHUNK):
        here = slice(start, start + CHUNK)
        told, information = LIKELIHOODS[data](y[here], n[here], baseline[here], watched[here])
        parts.append(lines(told, information, alarms[here], periods_a_year[here]))
    names = ("rising", "falling", "limit", "side", "first", "change")
    return Lines(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _told(
    none: FloatArray,
    rising: FloatArray,
    falling: FloatArray,
    baseline: BoolArray,
    watched: BoolArray,
    believed: FloatArray | float = 0.0,
) -> Hypotheses:
    """The states flat; `believed` is their log weight before the baseline."""
    flat = (*baseline.shape, -1)
    none, rising, falling = none.reshape(flat), rising.reshape(flat), falling.reshape(flat)
    before = np.where(baseline[..., None], none, 0.0).sum(axis=1) + believed
    return Hypotheses(none, rising, falling, before, watched)


def _levels(centre: FloatArray, variance: FloatArray) -> FloatArray:
    """Levels the baseline leaves open, for each scatter: (series, scatter, level)."""
    steps = np.linspace(-REACH, REACH, LEVELS)
    return np.asarray(centre[:, None, None] + np.sqrt(variance)[..., None] * steps)


def _per(one: FloatArray, other: FloatArray) -> FloatArray:
    return np.asarray(one.sum(axis=-1) / np.maximum(other.sum(axis=-1), 1.0))


def _likely(
    of_one: Callable[[FloatArray, FloatArray, FloatArray], FloatArray],
    events: FloatArray,
    size: FloatArray,
    moved: FloatArray,
    baseline: BoolArray,
    watched: BoolArray,
) -> FloatArray:
    """Log likelihood (hypothesis, series, period, scatter, level); nought where nothing is told."""
    likely = np.zeros((len(MOVED), *events.shape, *moved.shape[-2:]))
    for row, told in enumerate(baseline | watched):
        at = np.flatnonzero(told)
        likely[:, row, at] = np.moveaxis(of_one(events[row, at], size[row, at], moved[row]), 1, 0)
    return likely


def _beta_binomial(y: FloatArray, n: FloatArray, level: FloatArray) -> FloatArray:
    """Log likelihood of one series, without the coefficients: (period, ..., scatter, level)."""
    out = np.empty((y.size, *level.shape))
    p = 1 / (1 + np.exp(-level))
    hits, misses = (part[:, None, None] for part in (y, n - y))
    with np.errstate(divide="ignore"):
        out[..., 0, :] = hits * np.log(p[..., 0, :]) + misses * np.log1p(-p[..., 0, :])
    rho = np.array(CORRELATIONS[1:])[:, None]
    whole = (1 - rho) / rho
    a, b = p[..., 1:, :] * whole, (1 - p[..., 1:, :]) * whole
    out[..., 1:, :] = _risen(y, a) + _risen(n - y, b) - _risen(n, whole[None])
    return out


def _gamma_poisson(y: FloatArray, n: FloatArray, level: FloatArray) -> FloatArray:
    """Log likelihood of one series, without what no level alters: (period, ..., scatter, level)."""
    count = y[:, None, None, None]
    mean = n[:, None, None, None] * np.exp(level)
    expected = count * level
    shape = 1 / np.array(VARIANCES[1:])[:, None]
    scattered = expected[..., 1:, :] - (count + shape) * np.log1p(mean[..., 1:, :] / shape)
    # The count's own part of the negative binomial depends on the scatter, not on the level.
    scattered = scattered + _risen(y, shape[None]) - count * np.log(shape)
    return np.concatenate([expected[..., :1, :] - mean[..., :1, :], scattered], axis=-2)


def _risen(count: FloatArray, start: FloatArray) -> FloatArray:
    """Log of start (start + 1) ... (start + count - 1), each count worked out once."""
    value, place = np.unique(count, return_inverse=True)
    value = value.reshape(-1, *(1,) * start.ndim)
    return np.asarray(np.take(gammaln(value + start) - gammaln(start), place, axis=0))
