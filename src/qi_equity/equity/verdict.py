"""Widening, narrowing, closed, persistent, no gap seen, or too few to say: one word a series.

The word always comes with the smallest change that would have been seen and the periods to go.
Which way is better is not known here: groups have a higher and a lower rate, nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.equity.contrast import (
    Contrast,
    Pooled,
    difference_interval,
    information,
    pooled,
    ratio_interval,
)
from qi_equity.equity.intervals import Interval
from qi_equity.equity.permutation import (
    AUTOCORRELATED,
    Change,
    change,
    dispersion,
    ratio_scores,
)

WIDENING, NARROWING, CLOSED = "widening", "narrowing", "closed"
PERSISTENT, NO_GAP, TOO_FEW = "persistent", "no gap seen", "too few to say"

# The smallest ratio that matters, where a project does not say otherwise.
PRACTICAL_RATIO = 1.25
LEVEL = 0.05
# Where only a change above threefold could be seen, a headline asks for more than 1 in 20.
COARSE_FACTOR, COARSE_LEVEL = 3.0, 0.01
# Below this much information about the log ratio, or this many events, nothing is said.
LEAST_INFORMATION, LEAST_EVENTS = 4.0, 5.0
# 1.96 + 0.84: a two-sided 5% test that finds the change four times in five.
DETECTION = 2.8
# The change used to say how long it will take.
DESIGN_FACTOR = 1.5
# A group's own rate moved if chance alone would do as much one time in ten, either way.
MOVED = 1.6448536269514722


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What can be said of the gap of each series, how sure it is, and what would have been seen."""

    verdict: NDArray[np.str_]
    ratio: Interval
    difference: Interval
    early_ratio: FloatArray
    late_ratio: FloatArray
    early_difference: FloatArray
    late_difference: FloatArray
    p_trend: FloatArray
    p_scan: FloatArray
    p_difference: FloatArray
    p_away: FloatArray
    p_apart: FloatArray
    p_overall_falling: FloatArray
    split: IntArray
    higher_moved: IntArray  # -1 fell, 0 cannot tell, 1 rose: the group with the higher rate
    lower_moved: IntArray
    stratum_higher: BoolArray
    smallest_factor: FloatArray
    periods_to_go: FloatArray
    information: FloatArray
    dispersion: FloatArray
    autocorrelation: FloatArray
    in_blocks: BoolArray
    seed: IntArray


def verdicts(data: Contrast, *, practical_ratio: float = PRACTICAL_RATIO) -> Verdict:
    """Judge every series: change by permuted periods, level by an interval over-dispersion widens.

    >>> from qi_equity.equity.contrast import contrast
    >>> weeks = np.arange(104)
    >>> gap = contrast(np.where(weeks < 52, 2, 6), 20, 5, 50)
    >>> found = verdicts(gap)
    >>> str(found.verdict), float(found.ratio.estimate.round(2))
    ('widening', 2.0)
    """
    shape, periods = data.total.shape[:-1], data.total.shape[-1]
    series = math.prod(shape)
    flat = Contrast(*(part.reshape(series, periods) for part in data.parts))
    changes = [change(flat[row]) for row in range(series)]
    whole, phi = pooled(flat), dispersion(ratio_scores(flat))
    order = np.cumsum(flat.compared, axis=-1)
    first_half = order <= np.ceil(order[..., -1:] / 2)
    parts = [flat.only(half & flat.compared) for half in (first_half, ~first_half)]
    early, late = (pooled(part) for part in parts)
    factor, to_go = _reach(
        _information_of(early, whole), _information_of(late, whole), phi, flat.compared.sum(axis=-1)
    )
    ratio = ratio_interval(whole.inflated(phi))
    p_trend = _column(changes, "p_trend")
    further = np.abs(np.nan_to_num(late.log_ratio)) > np.abs(np.nan_to_num(early.log_ratio))
    changed = p_trend <= np.where(factor > COARSE_FACTOR, COARSE_LEVEL, LEVEL)
    too_few = (whole.information < LEAST_INFORMATION) | (_events(flat, whole) < LEAST_EVENTS)
    words = np.select(
        [
            too_few | np.isnan(ratio.lower) | np.isnan(ratio.upper),
            changed & further,
            changed & _within(ratio_interval(late.inflated(phi)), practical_ratio),
            changed,
            (ratio.lower > 1) | (ratio.upper < 1),
            _within(ratio, practical_ratio),
        ],
        [TOO_FEW, WIDENING, CLOSED, NARROWING, PERSISTENT, NO_GAP],
        default=TOO_FEW,
    )
    higher, higher_moved, lower_moved = _movers(parts, further, early, late)
    autocorrelation = _column(changes, "autocorrelation")
    found = Verdict(
        verdict=words,
        ratio=ratio,
        difference=difference_interval(whole.inflated(phi)),
        early_ratio=np.exp(early.log_ratio),
        late_ratio=np.exp(late.log_ratio),
        early_difference=early.difference,
        late_difference=late.difference,
        p_trend=p_trend,
        p_scan=_column(changes, "p_scan"),
        p_difference=_column(changes, "p_difference"),
        p_away=_column(changes, "p_away"),
        p_apart=_column(changes, "p_apart"),
        p_overall_falling=_overall_falling(flat),
        split=_column(changes, "split").astype(np.int64),
        higher_moved=higher_moved,
        lower_moved=lower_moved,
        stratum_higher=higher,
        smallest_factor=factor,
        periods_to_go=to_go,
        information=whole.information,
        dispersion=phi,
        autocorrelation=autocorrelation,
        in_blocks=autocorrelation > AUTOCORRELATED,
        seed=_column(changes, "seed").astype(np.int64),
    )
    return _reshaped(found, shape)


def _column(changes: list[Change], name: str) -> FloatArray:
    return np.array([getattr(one, name) for one in changes], dtype=np.float64)


def _events(data: Contrast, whole: Pooled) -> FloatArray:
    """Events of the group with fewer, or those it would have had at the other's rate, if more."""
    own = np.fmax(data.events.sum(axis=-1), data.total.sum(axis=-1) * whole.reference_rate)
    other = np.fmax(
        data.reference_events.sum(axis=-1), data.reference_total.sum(axis=-1) * whole.rate
    )
    return np.asarray(np.fmin(own, other))


def _information_of(half: Pooled, whole: Pooled) -> FloatArray:
    """What half of the window says of the log ratio, at the rates of the whole window."""
    return information(whole.rate, half.size, whole.reference_rate, half.reference_size)


def _within(interval: Interval, practical_ratio: float) -> BoolArray:
    return np.asarray((interval.lower > 1 / practical_ratio) & (interval.upper < practical_ratio))


def _reach(
    early: FloatArray, late: FloatArray, phi: FloatArray, periods: IntArray
) -> tuple[FloatArray, FloatArray]:
    """The smallest change factor between the halves that would be seen, and periods to go."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        held = np.nan_to_num(1 / (1 / early + 1 / late) / phi, posinf=np.inf)
        needed = (DETECTION / np.log(DESIGN_FACTOR)) ** 2
        to_go = np.maximum(0.0, np.ceil(periods * (needed / held - 1)))
        return np.exp(DETECTION / np.sqrt(held)), np.where(held > 0, to_go, np.inf)


def _movers(
    halves: list[Contrast], widened: BoolArray, early: Pooled, late: Pooled
) -> tuple[BoolArray, IntArray, IntArray]:
    """Which group had the higher rate, and which way each moved from the early to the late half.

    The higher group is the higher one of the half in which the gap was larger.
    """
    at = np.where(widened, late.log_ratio, early.log_ratio)
    stratum = _moved(*((half.events, half.total) for half in halves))
    reference = _moved(*((half.reference_events, half.reference_total) for half in halves))
    higher = np.nan_to_num(at) > 0
    return higher, np.where(higher, stratum, reference), np.where(higher, reference, stratum)


def _moved(early: tuple[FloatArray, FloatArray], late: tuple[FloatArray, FloatArray]) -> IntArray:
    """1 if a group's own rate rose between the halves by more than chance, -1 if it fell."""
    (x, n), (x1, n1) = (
        (events.sum(axis=-1), total.sum(axis=-1)) for events, total in (early, late)
    )
    whole = (early[0] + late[0], early[1] + late[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        p = (x + x1) / (n + n1)
        phi = _spread(*whole, p)
        z = (x1 / n1 - x / n) / np.sqrt(phi * p * (1 - p) * (1 / n + 1 / n1))
    z = np.nan_to_num(z)
    return np.where(np.abs(z) > MOVED, np.sign(z), 0).astype(np.int64)


def _spread(events: FloatArray, total: FloatArray, p: FloatArray) -> FloatArray:
    variance = total * (p * (1 - p))[..., np.newaxis]
    used = variance > 0
    z2 = (events - total * p[..., np.newaxis]) ** 2 / np.where(used, variance, 1.0)
    return np.asarray(
        np.maximum(1.0, np.where(used, z2, 0.0).sum(-1) / np.maximum(used.sum(-1) - 1, 1))
    )


def _overall_falling(data: Contrast) -> FloatArray:
    """One-sided p that the rate of both groups together falls (quasi-binomial trend)."""
    events, total = data.events + data.reference_events, data.total + data.reference_total
    at = np.cumsum(data.compared, axis=-1).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = (events.sum(axis=-1) / total.sum(axis=-1))[..., np.newaxis]
        variance = total * p * (1 - p)
        centred = at - ((variance * at).sum(-1) / variance.sum(-1))[..., np.newaxis]
        score = events - total * p
        z = (centred * score).sum(-1) / np.sqrt((centred**2 * variance).sum(-1))
        # What is left once the trend is taken out says how much the periods vary.
        left = np.where(variance > 0, score**2 / variance, 0.0).sum(-1) - z**2
        freedom = np.maximum(data.compared.sum(axis=-1) - 2, 1)
        p_value = stats.t.cdf(z / np.sqrt(np.maximum(1.0, left / freedom)), freedom)
    return np.where(np.isnan(p_value), 1.0, p_value)


def _reshaped(found: Verdict, shape: tuple[int, ...]) -> Verdict:
    def put(value: Interval | NDArray[np.generic]) -> object:
        if isinstance(value, Interval):
            return Interval(*(getattr(value, f.name).reshape(shape) for f in fields(value)))
        return value.reshape(shape)

    return Verdict(**{f.name: put(getattr(found, f.name)) for f in fields(found)})  # type: ignore[arg-type]
