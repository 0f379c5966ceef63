"""Measurements of a stratum beside its reference, subgroup by subgroup, and what a window says.

Where it is known of how many readings each mean is, and how they lie about it, what is said rests
on the readings; where it is not, on how the gap varies from subgroup to subgroup. No labels, and
nothing about change over time.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy import special

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.equity.intervals import Interval
from qi_equity.equity.permutation import Scores

# Readings more than subgroups, on either side, below which their variance is not known.
LEAST_FREEDOM = 4
# Gaps that differ by less than this share of their size are rounding.
FLAT = 1e-9


Chosen = IntArray | BoolArray | list[int]  # some of the series


@dataclass(frozen=True, slots=True, eq=False)
class Means:
    """Means by subgroup, how many readings each is of, and the sum of squares about it.

    A subgroup without a mean has nan. Where nobody knows of how many readings a mean is, its size
    is 1, so that each counts alike, and `within` is nan.
    """

    mean: FloatArray
    size: FloatArray
    within: FloatArray

    def __getitem__(self, key: Chosen) -> Means:
        """Some of the series."""
        return Means(self.mean[key], self.size[key], self.within[key])

    @property
    def known(self) -> BoolArray:
        """Subgroups whose readings are known, by number and spread."""
        return np.isfinite(self.within)


def means(value: FloatArray, readings: FloatArray, spread: FloatArray) -> Means:
    """Means with the number of their readings and their standard deviation, nan if not known.

    >>> found = means(np.array([30.0, 50.0]), np.array([3.0, np.nan]), np.array([4.0, np.nan]))
    >>> found.size.tolist(), found.within.tolist()
    ([3.0, 1.0], [32.0, nan])
    """
    held = np.isfinite(value)
    # One reading lies about its mean by nothing.
    within = np.where(readings == 1, 0.0, (readings - 1) * spread**2)
    size = np.where(readings > 0, readings, 1.0)
    return Means(value, np.where(held, size, np.nan), np.where(held, within, np.nan))


def everyone_else(all_: Means, left_out: list[int] | None = None) -> Means:
    """Of each series (axis -2), the readings of all others together, but for those left out."""
    series = all_.mean.shape[-2]
    keep = ~np.eye(series, dtype=bool)
    keep[:, left_out or []] = False
    there = np.isfinite(all_.mean)
    n, m, w = (np.where(there, part, 0.0) for part in (all_.size, all_.mean, all_.within))
    weight = keep.astype(float)
    size = weight @ n
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = weight @ (n * m) / size
        # About the mean of all rather than nought, so that no digits are lost.
        centre = np.sum(n * m, axis=-2, keepdims=True) / np.sum(n, axis=-2, keepdims=True)
        between = weight @ (n * (m - centre) ** 2) - size * (mean - centre) ** 2
        within = weight @ w + np.maximum(between, 0.0)
    none = size == 0
    return Means(*(np.where(none, np.nan, part) for part in (mean, size, within)))


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """A stratum's measurements beside its reference's: a row a series, time last."""

    own: Means
    reference: Means

    @property
    def compared(self) -> BoolArray:
        """Subgroups in which both have a mean."""
        return np.isfinite(self.own.mean) & np.isfinite(self.reference.mean)

    @property
    def by_readings(self) -> BoolArray:
        """Series of which enough is known of the readings themselves."""
        compared = self.compared
        enough = np.ones(compared.shape[:-1], dtype=bool)
        for side in (self.own, self.reference):
            freedom = np.where(compared, side.size - 1, 0.0).sum(axis=-1)
            enough &= (side.known | ~compared).all(axis=-1) & (freedom >= LEAST_FREEDOM)
        return enough

    @property
    def positive(self) -> BoolArray:
        """Subgroups whose ratio has a sense."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.compared & (self.own.mean > 0) & (self.reference.mean > 0))

    def __getitem__(self, key: Chosen) -> Values:
        """Some of the series."""
        return Values(self.own[key], self.reference[key])

    def variances(self) -> tuple[FloatArray, FloatArray]:
        """The variance of one reading of the stratum, and of the reference, about its subgroup."""
        found = []
        for side in (self.own, self.reference):
            freedom, within = (
                np.where(self.compared, part, 0.0).sum(axis=-1)
                for part in (side.size - 1, side.within)
            )
            with np.errstate(divide="ignore", invalid="ignore"):
                found.append(within / freedom)
        return found[0], found[1]


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """A window as one comparison: two means, how sure their difference and their ratio are."""

    mean: FloatArray
    reference_mean: FloatArray
    difference: FloatArray
    log_ratio: FloatArray
    variance: FloatArray  # of the difference
    log_variance: FloatArray  # of the log ratio
    freedom: FloatArray

    @property
    def information(self) -> FloatArray:
        """About the log ratio; 0 where nothing is known."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.nan_to_num(1 / self.log_variance, nan=0.0, posinf=0.0)


def level(data: Values, window: BoolArray) -> Level:
    """The comparison over some of the subgroups; the readings' variance is that of all of them.

    Subgroups weigh n m / (n + m), as their difference is known (Mantel-Haenszel; Cochran 1954);
    degrees of freedom are Welch's (1947), and the ratio's variance follows by the delta method.
    """
    own, other = data.own, data.reference
    use = data.compared & window
    n, n0 = (np.where(use, side.size, 1.0) for side in (own, other))
    w = np.where(use, n * n0 / (n + n0), 0.0)
    total = w.sum(axis=-1)
    s2, s02 = data.variances()
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, reference = (
            (w * np.where(use, side.mean, 0.0)).sum(axis=-1) / total for side in (own, other)
        )
        v, v0 = (
            part * (w**2 / size).sum(axis=-1) / total**2 for part, size in ((s2, n), (s02, n0))
        )
        f, f0 = (np.where(data.compared, side.size - 1, 0.0).sum(axis=-1) for side in (own, other))
        welch = (v + v0) ** 2 / (v**2 / f + v0**2 / f0)
        ratio = np.where((mean > 0) & (reference > 0), np.log(mean / reference), np.nan)
        told = Level(
            mean, reference, mean - reference, ratio, v + v0,
            np.where(np.isfinite(ratio), v / mean**2 + v0 / reference**2, np.nan), welch,
        )  # fmt: skip
    other_way = _by_subgroups(data, use)
    return Level(
        *(
            np.where(data.by_readings, getattr(told, each.name), getattr(other_way, each.name))
            for each in fields(Level)
        )
    )


def _by_subgroups(data: Values, use: BoolArray) -> Level:
    """The same where readings are not known: subgroups are the units, and each counts alike.

    The ratio is that of the means of all subgroups: the logarithm of a mean of few readings lies
    below that of the truth, and so do its mean and its median over subgroups.
    """
    mean, reference = (_mean_of(side.mean, use) for side in (data.own, data.reference))
    apart = data.own.mean - data.reference.mean
    positive = use & data.positive
    m, m0 = (_mean_of(side.mean, positive) for side in (data.own, data.reference))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.log(m / m0)
        linear = data.own.mean / m[..., np.newaxis] - data.reference.mean / m0[..., np.newaxis]
    return Level(
        mean, reference, mean - reference, ratio,
        _variance_of(apart, use, np.abs(mean) + np.abs(reference)),
        _variance_of(linear, positive, np.full(ratio.shape, 2.0)),
        np.asarray(use.sum(axis=-1) - 1.0),
    )  # fmt: skip


def _mean_of(values: FloatArray, use: BoolArray) -> FloatArray:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(use, values, 0.0).sum(axis=-1) / use.sum(axis=-1))


def _variance_of(values: FloatArray, use: BoolArray, size: FloatArray) -> FloatArray:
    """The variance of a mean, from how values lie about it; nought where they are all alike."""
    number = use.sum(axis=-1)
    away = np.where(use, values - _mean_of(values, use)[..., np.newaxis], 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        each = (away**2).sum(axis=-1) / (number - 1)
        return np.where(
            np.sqrt(each) > FLAT * size, each / number, np.where(number > 1, 0.0, np.nan)
        )


def intervals(
    data: Values, told: Level, dispersion: FloatArray, confidence: float = 0.95
) -> tuple[Interval, Interval]:
    """Of the difference and of the ratio; as wide as subgroups vary beyond their readings."""
    normal = special.ndtri((1 + confidence) / 2)
    with np.errstate(invalid="ignore"):
        # Few readings and few subgroups are two reasons to be unsure; the larger counts.
        student = special.stdtrit(told.freedom, (1 + confidence) / 2)
        beyond = np.where(data.by_readings, normal * np.sqrt(dispersion), 0.0)
        times = np.maximum(student, beyond)
        # Readings that are all alike tell nothing of how far another would lie.
        half, log_half = (
            np.where(part > 0, times * np.sqrt(part), np.nan)
            for part in (told.variance, told.log_variance)
        )
    ratio = (np.exp(told.log_ratio + part) for part in (0.0, -log_half, log_half))
    difference = told.difference
    return Interval(difference, difference - half, difference + half), Interval(*ratio)


def p_values(data: Values, told: Level, dispersion: FloatArray) -> FloatArray:
    """The chance of a difference so far from 0 where there is none: Welch's t, or one by subgroup.

    One by subgroup has the scatter of subgroups in its variance already.
    """
    wider = np.where(data.by_readings, dispersion, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(told.difference) / np.sqrt(told.variance * wider)
        return np.asarray(2 * special.stdtr(told.freedom, -t), dtype=np.float64)


def ratio_scores(data: Values, told: Level) -> Scores:
    """Scores whose null is a constant ratio of the means, and the variance of each."""
    m, m0 = (part[..., np.newaxis] for part in (told.mean, told.reference_mean))
    use, (w, v, v0) = data.positive, _weights(data)
    with np.errstate(invalid="ignore", divide="ignore"):
        score = w * (data.own.mean * m0 - data.reference.mean * m)
        variance = w**2 * (v * m0**2 + v0 * m**2)
        logs = np.log(data.own.mean / data.reference.mean)
    return _scores(data, use, score, variance, logs)


def difference_scores(data: Values, told: Level) -> Scores:
    """Scores whose null is a constant difference, and the variance of each."""
    apart = data.own.mean - data.reference.mean
    use, (w, v, v0) = data.compared, _weights(data)
    score = w * (apart - told.difference[..., np.newaxis])
    return _scores(data, use, score, w**2 * (v + v0), apart)


def _weights(data: Values) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What each subgroup weighs, and the variance of either mean."""
    n, n0 = data.own.size, data.reference.size
    s2, s02 = (part[..., np.newaxis] for part in data.variances())
    with np.errstate(invalid="ignore", divide="ignore"):
        return n * n0 / (n + n0), s2 / n, s02 / n0


def _scores(
    data: Values, use: BoolArray, score: FloatArray, variance: FloatArray, plain: FloatArray
) -> Scores:
    """Scores by readings; where these are not known, each subgroup's own gap, all alike sure."""
    held = np.where(use, plain, 0.0)
    number = np.maximum(use.sum(axis=-1, keepdims=True), 1)
    centred = np.where(use, held - held.sum(axis=-1, keepdims=True) / number, 0.0)
    spread = (centred**2).sum(axis=-1, keepdims=True) / np.maximum(number - 1, 1)
    known = data.by_readings[..., np.newaxis]
    found = np.where(known, score, centred), np.where(known, variance, spread)
    return Scores(*(np.where(use & np.isfinite(part), part, 0.0) for part in found))
