"""The verdict on a gap of measurements: the words, tests and sizes that a gap of counts has.

What is tested is the ratio of two means, and beside it their difference, by shuffling whole
subgroups; the level is that of `values`. Which way is better is not known here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtr

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.equity.contrast import first_half, summed
from qi_equity.equity.permutation import (
    Trend,
    changed,
    dispersion,
    trend_of,
)
from qi_equity.equity.values import (
    Means,
    Values,
    difference_scores,
    everyone_else,
    intervals,
    level,
    ratio_scores,
)
from qi_equity.equity.verdict import (
    DESIGN_FACTOR,
    DETECTION,
    LEAST_EVENTS,
    LEAST_INFORMATION,
    MOVED,
    PRACTICAL_RATIO,
    STEADY_FACTOR,
    WHO_MOVED,
    Verdicts,
    changed_sides,
    of_change,
    words_for,
)
from qi_equity.vocabulary import Verdict


def value_verdicts(data: Values, *, practical_ratio: float = PRACTICAL_RATIO) -> Verdicts:
    """Judge every series (rows) of measurements, as `verdict.verdicts` judges counts.

    >>> from qi_equity.equity.values import means
    >>> rng, late = np.random.default_rng(1), np.arange(24) >= 12
    >>> def of(level): return means(rng.normal(level, 4, (1, 24)), np.full((1, 24), 9.0),
    ...                             np.full((1, 24), 12.0))
    >>> found = value_verdicts(Values(of(np.where(late, 50, 80)), of(np.full(24, 48.0))))
    >>> str(found.verdict[0]), found.ratio.estimate.round(1).tolist()
    ('narrowing', [1.4])
    """
    compared = data.compared
    first = first_half(compared)
    windows = (np.ones_like(compared), first, compared & ~first)
    whole, early, late = (level(data, window) for window in windows)
    scores = ratio_scores(data, whole)
    phi, unsure = dispersion(scores), dispersion(scores, unsure=True)
    difference, ratio = intervals(data, whole, unsure)
    halves = [intervals(data, half, unsure)[1] for half in (early, late)]
    opposite = changed_sides(
        lambda confidence: [intervals(data, half, unsure, confidence)[1] for half in (early, late)],
        [early.log_ratio, late.log_ratio],
    )
    with np.errstate(invalid="ignore"):
        signs = np.sign(whole.log_ratio), np.sign(whole.difference)
    seen = changed((scores, data.positive), (difference_scores(data, whole), data.compared), signs)
    factor, to_go = _reach(early.information, late.information, phi, compared.sum(axis=-1))
    further = np.abs(np.nan_to_num(late.log_ratio)) > np.abs(np.nan_to_num(early.log_ratio))
    moved = _movers(data, first, further, early.log_ratio, late.log_ratio)
    who: dict[str, Any] = dict(zip(WHO_MOVED, moved, strict=True))
    found = Verdicts(
        verdict=np.full(len(compared), Verdict.TOO_FEW, dtype="<U9"),
        ratio=ratio,
        difference=difference,
        early_ratio=halves[0],
        late_ratio=halves[1],
        early_difference=early.difference,
        late_difference=late.difference,
        p_overall_falling=_overall_falling(data),
        **of_change(seen),
        **who,
        matters=np.abs(np.nan_to_num(early.log_ratio - late.log_ratio))
        >= math.log(practical_ratio),
        smallest_factor=factor,
        periods_to_go=to_go,
        information=whole.information,
        dispersion=phi,
    )
    few = (whole.information < LEAST_INFORMATION) | (_readings(data) < LEAST_EVENTS)
    would_see = factor <= max(STEADY_FACTOR, practical_ratio)
    found.verdict[:] = words_for(
        found, few, compared.sum(axis=-1), opposite, further, would_see,
        practical_ratio,
    )  # fmt: skip
    return found


def _readings(data: Values) -> FloatArray:
    """Readings of the side with fewer; subgroups where readings are not known."""
    own, other = (
        np.where(data.compared, side.size, 0.0).sum(axis=-1) for side in (data.own, data.reference)
    )
    return np.asarray(np.minimum(own, other))


def _reach(
    early: FloatArray, late: FloatArray, phi: FloatArray, periods: IntArray
) -> tuple[FloatArray, FloatArray]:
    """The smallest change factor between the halves that would be seen, and periods to go."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        held = np.nan_to_num(1 / (1 / early + 1 / late) / phi, posinf=0.0)
        needed = (DETECTION / np.log(DESIGN_FACTOR)) ** 2
        to_go = np.maximum(0.0, np.ceil(periods * (needed / held - 1)))
        return np.exp(DETECTION / np.sqrt(held)), np.where(held > 0, to_go, np.inf)


def _movers(
    data: Values, first: BoolArray, widened: BoolArray, early: FloatArray, late: FloatArray
) -> tuple[BoolArray, IntArray, IntArray]:
    """Which group had the higher mean, and which way each moved from the early to the late half."""
    at = np.where(widened, late, early)
    halves = first, data.compared & ~first
    stratum, reference = (_moved(side, *halves) for side in (data.own, data.reference))
    higher = np.nan_to_num(at) > 0
    return higher, np.where(higher, stratum, reference), np.where(higher, reference, stratum)


def _moved(group: Means, early: BoolArray, late: BoolArray) -> IntArray:
    """1 if a group's own mean rose between the halves by more than chance, -1 if it fell."""
    apart, variance = _change(group, early, late)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.nan_to_num(apart / np.sqrt(variance), posinf=0.0, neginf=0.0)
    return np.where(np.abs(z) > MOVED, np.sign(z), 0).astype(np.int64)


def _change(group: Means, early: BoolArray, late: BoolArray) -> tuple[FloatArray, FloatArray]:
    """From the early to the late mean, and its variance by how subgroups scatter within each."""
    sums, number, apart = [], [], np.zeros(early.shape)
    for half in (early, late):
        n = np.where(half, group.size, 0.0)
        total = n.sum(axis=-1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = (n * np.where(half, group.mean, 0.0)).sum(axis=-1, keepdims=True) / total
        apart = np.where(half, n * (group.mean - mean) ** 2, apart)
        sums.append(mean[..., 0])
        number.append(total[..., 0])
    freedom = np.maximum((early | late).sum(axis=-1) - 2, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = apart.sum(axis=-1) / freedom
        return sums[1] - sums[0], each * (1 / number[0] + 1 / number[1])


def _overall_falling(data: Values) -> FloatArray:
    """One-sided p that the mean of both groups together falls (weighted least squares)."""
    use = data.compared
    n, n0 = (np.where(use, side.size, 0.0) for side in (data.own, data.reference))
    weight = n + n0
    y = n * np.where(use, data.own.mean, 0.0) + n0 * np.where(use, data.reference.mean, 0.0)
    at = np.cumsum(use, axis=-1).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.where(use, y / weight, 0.0)
        middle, level_ = (summed(weight * part) / summed(weight) for part in (at, y))
        centred = np.where(use, at - middle[..., np.newaxis], 0.0)
        away = np.where(use, y - level_[..., np.newaxis], 0.0)
        held = summed(weight * centred**2)
        slope = summed(weight * centred * away) / held
        left = summed(weight * (away - slope[..., np.newaxis] * centred) ** 2)
        freedom = np.maximum(use.sum(axis=-1) - 2, 1)
        p_value = stdtr(freedom, slope / np.sqrt(left / freedom / held))
    return np.where(np.isnan(p_value), 1.0, p_value)


@dataclass(frozen=True, slots=True, eq=False)
class MeanGroups:
    """Groups that are measured, a row a stratum over time, as `echoes` asks of them."""

    means: Means

    def moved(self) -> tuple[FloatArray, FloatArray]:
        """How far each group's own log mean moved from first half to second, its variance."""
        there = np.isfinite(self.means.mean)
        late = np.arange(there.shape[-1]) >= there.shape[-1] / 2
        apart, variance = _change(self.means, there & ~late, there & late)
        with np.errstate(divide="ignore", invalid="ignore"):
            size = np.where(there, self.means.size, 0.0)
            mean = summed(size * np.where(there, self.means.mean, 0.0)) / summed(size)
            moved, held = apart / mean, variance / mean**2
        known = np.isfinite(moved) & (held > 0)
        return np.where(known, moved, 0.0), np.where(known, held, np.inf)

    def beside_others(self, strata: IntArray, movers: list[int]) -> Trend:
        """The trend of each stratum's ratio to all others but the movers."""
        others = everyone_else(self.means, movers)
        return _trend(Values(self.means[strata], others[strata]))

    def beside_one(self, strata: IntArray, other: int) -> Trend:
        """The trend of each stratum's ratio to one other."""
        one = self.means[np.full(len(strata), other)]
        return _trend(Values(self.means[strata], one))


def _trend(data: Values) -> Trend:
    return trend_of(ratio_scores(data, level(data, data.compared)), data.positive)
