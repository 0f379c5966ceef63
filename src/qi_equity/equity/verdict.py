"""One word for the gap of each series, which claims no more than its tests have shown.

The word always comes with the smallest change that would have been seen and the periods to go.
Which way is better is not known here: groups have a higher and a lower rate, nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.equity.contrast import (
    Contrast,
    Pooled,
    difference_interval,
    first_half,
    information,
    pooled,
    ratio_interval,
    summed,
)
from qi_equity.equity.intervals import Interval
from qi_equity.equity.permutation import (
    SEED,
    Change,
    change,
    difference_scores,
    dispersion,
    ratio_scores,
)
from qi_equity.vocabulary import Verdict

# Words that say the gap has changed.
CHANGED = (Verdict.WIDENING, Verdict.NARROWING, Verdict.CLOSED, Verdict.REVERSED)

# The smallest ratio that matters, of a gap and of its change, where a project does not say.
PRACTICAL_RATIO = 1.25
LEVEL = 0.05
# Where only a change above threefold could be seen, a headline asks for more than 1 in 20.
COARSE_FACTOR, COARSE_LEVEL = 3.0, 0.01
# A gap is steady only where it would have been seen to double or to halve.
STEADY_FACTOR = 2.0
# A gap has changed sides where each half lies on its own, one-sided at LEVEL: both errors together
# are rarer than LEVEL (Berger 1982). At SURMISE it is enough if the two gaps are of a size (the
# lesser COMPARABLE of the greater, as logarithms): that the gap changed is shown already, and to
# call it widening is then the worse mistake (one change of sides in eight was called so). At one in
# eight as many true changes of sides are found as at one in five, and a third fewer of no gap at
# all (4 sizes of 1,000 simulated gaps: 1.2 % for 1.9 %).
SURMISE, COMPARABLE = 0.125, 0.4
# How much likelier the lesser half's ratio has to be without a gap than with one as great as the
# other half's, if a gap is to have opened or closed and not changed sides. Standard errors are the
# 95 % interval's width in these.
LIKELIER, WIDTH_IN_ERRORS = 5.0, 2 * 1.959963984540054
# Below this much information about the log ratio, or this many events, nothing is said.
LEAST_INFORMATION, LEAST_EVENTS = 4.0, 5.0
# 1.96 + 0.84: a two-sided 5% test that finds the change four times in five.
DETECTION = 2.8
# The change used to say how long it will take.
DESIGN_FACTOR = 1.5
# A group's own rate moved if chance alone would do as much one time in ten, either way.
MOVED = 1.6448536269514722


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """What can be said of the gap of each series, how sure it is, and what would have been seen."""

    verdict: NDArray[np.str_]
    ratio: Interval
    difference: Interval
    early_ratio: Interval
    late_ratio: Interval
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
    matters: BoolArray  # the change from early to late is of a size that matters
    smallest_factor: FloatArray
    periods_to_go: FloatArray
    information: FloatArray
    dispersion: FloatArray
    autocorrelation: FloatArray
    in_blocks: BoolArray
    seed: IntArray


def verdicts(data: Contrast, *, practical_ratio: float = PRACTICAL_RATIO) -> Verdicts:
    """Judge every series: change by permuted periods, level by an interval over-dispersion widens.

    >>> from qi_equity.equity.contrast import contrast
    >>> weeks = np.arange(104)
    >>> gap = contrast(np.where(weeks < 52, 2, 6), 20, 5, 50)
    >>> found = verdicts(gap)
    >>> str(found.verdict), float(found.ratio.estimate.round(2))
    ('widening', 2.0)
    """
    shape, periods = data.total.shape[:-1], data.total.shape[-1]
    flat = Contrast(*(part.reshape(math.prod(shape), periods) for part in data.parts))
    seen, whole, scores = change(flat), pooled(flat), ratio_scores(flat)
    # Where a group has no event the ratio's scores are nought; the difference's still tell.
    silent = ~(scores.variance > 0).any(axis=-1)
    phi, unsure = dispersion(scores), dispersion(scores, unsure=True)
    unsure = np.where(silent, dispersion(difference_scores(flat), unsure=True), unsure)
    halves = _halves(flat)
    early, late = (pooled(half) for half in halves)
    compared = flat.compared.sum(axis=-1)
    factor, to_go = _reach(early, late, whole, phi, compared)
    further = np.abs(np.nan_to_num(late.log_ratio)) > np.abs(np.nan_to_num(early.log_ratio))
    who: dict[str, Any] = dict(zip(WHO_MOVED, _movers(halves, further, early, late), strict=True))
    windows = Pooled.side_by_side([one.inflated(unsure) for one in (whole, early, late)])
    ratios = ratio_interval(windows)
    found = Verdicts(
        verdict=np.full(math.prod(shape), Verdict.TOO_FEW, dtype="<U9"),
        ratio=ratios[0],
        difference=difference_interval(whole.inflated(unsure)),
        early_ratio=ratios[1],
        late_ratio=ratios[2],
        early_difference=early.difference,
        late_difference=late.difference,
        p_overall_falling=_overall_falling(flat),
        **of_change(seen),
        **who,
        matters=_matters(early, late, practical_ratio),
        smallest_factor=factor,
        periods_to_go=to_go,
        information=whole.information,
        dispersion=phi,
    )
    few = (whole.information < LEAST_INFORMATION) | (_events(flat, whole) < LEAST_EVENTS)
    opposite = _opposite([half.inflated(unsure) for half in (early, late)])
    plain, _ = _reach(early.without, late.without, whole.without, phi, compared)
    would_see = np.fmax(factor, plain) <= max(STEADY_FACTOR, practical_ratio)
    found.verdict[:] = words_for(
        found, few, compared, opposite, further, would_see, practical_ratio
    )
    return _reshaped(found, shape)


# What is said of who moved: the stratum's rate is the higher one, and how each side moved.
WHO_MOVED = ("stratum_higher", "higher_moved", "lower_moved")


def of_change(seen: Change) -> dict[str, Any]:
    """What a verdict says of how sure a change is, and how that was worked out."""
    told = {each.name: getattr(seen, each.name) for each in fields(Change)}
    return told | {"seed": np.full(len(seen.p_trend), SEED)}


def words_for(
    found: Verdicts,
    few: BoolArray,
    compared: IntArray,
    opposite: BoolArray,
    further: BoolArray,
    would_see: BoolArray,
    practical_ratio: float,
) -> NDArray[np.str_]:
    """The first word whose condition holds; what nothing could be said of comes first."""
    ratio, coarse = found.ratio, found.smallest_factor > COARSE_FACTOR
    apart = _side(ratio) != 0
    changed = (found.p_trend <= np.where(coarse, COARSE_LEVEL, LEVEL)) & found.matters & ~few
    sized = changed & ~_astride(found, practical_ratio)
    least = np.minimum(np.minimum(found.p_trend, found.p_scan), found.p_difference)
    words: list[tuple[BoolArray, Verdict]] = [
        (np.isnan(ratio.lower) | np.isnan(ratio.upper) | (few & ~apart), Verdict.TOO_FEW),
        (compared <= 1, Verdict.ONE_LOOK),
        (changed & opposite, Verdict.REVERSED),
        (sized & further, Verdict.WIDENING),
        (changed & ~further & _within(found.late_ratio, practical_ratio), Verdict.CLOSED),
        (sized, Verdict.NARROWING),
        (apart & would_see & (least > LEVEL), Verdict.STEADY),
        (apart, Verdict.GAP),
        (_within(ratio, practical_ratio), Verdict.NO_GAP),
    ]
    return np.asarray(
        np.select(
            [holds for holds, _ in words], [str(word) for _, word in words], str(Verdict.TOO_FEW)
        )
    )


def _halves(data: Contrast) -> list[Contrast]:
    """The first and the second half of the periods in which both groups were at risk."""
    first = first_half(data.compared)
    return [data.only(first), data.only(data.compared & ~first)]


def _side(interval: Interval) -> IntArray:
    """1 where a ratio is above 1 beyond its interval, -1 where below, 0 where it may be either."""
    return (interval.lower > 1).astype(np.int64) - (interval.upper < 1).astype(np.int64)


def _astride(found: Verdicts, practical_ratio: float) -> BoolArray:
    """Whether the halves lie on either side of 1, so that no size of a gap grew or shrank.

    A half that is on the other side by less than matters, or that is LIKELIER times as likely with
    no gap as with one as great as the other half's, counts as none where there is a gap over the
    whole time: a gap that opens or closes is seen so every other time.
    """
    halves = found.early_ratio, found.late_ratio
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.log([half.estimate for half in halves])
        width = np.log([half.upper for half in halves]) - np.log([half.lower for half in halves])
        at = np.abs(log).argmin(axis=0)[np.newaxis]
        lesser, variance = (
            np.take_along_axis(part, at, axis=0)[0]
            for part in (np.abs(log), (width / WIDTH_IN_ERRORS) ** 2)
        )
        greater = np.abs(log).max(axis=0)
        # Two normal densities about nought and about the greater gap, the other way.
        likely_none = greater / 2 - variance * math.log(LIKELIER) / greater
    none = lesser < np.fmax(likely_none, math.log(practical_ratio))
    apart = np.sign(log[0]) * np.sign(log[1]) < 0
    return np.asarray(apart & ~(none & (_side(found.ratio) != 0)))


def _matters(early: Pooled, late: Pooled, practical_ratio: float) -> BoolArray:
    """Whether the ratio moved by more than the smallest that matters.

    Of something that happens to nearly all, the ratio of those it happens to cannot move much;
    the ratio of those it passes by can.
    """
    moved = [
        np.abs(np.nan_to_num(then.log_ratio - now.log_ratio))
        for then, now in ((early, late), (early.without, late.without))
    ]
    return np.asarray(np.maximum(*moved) >= math.log(practical_ratio))


def _opposite(halves: list[Pooled]) -> BoolArray:
    """Whether the gap of counts lay on the other side before."""
    both = Pooled.side_by_side(halves)

    def intervals(confidence: float) -> list[Interval]:
        found = ratio_interval(both, confidence)
        return [found[place] for place in range(len(halves))]

    return changed_sides(intervals, [half.log_ratio for half in halves])


def changed_sides(
    intervals: Callable[[float], Sequence[Interval]], log_ratios: Sequence[FloatArray]
) -> BoolArray:
    """Whether the gap lay on the other side before, by the intervals of its halves at a level."""

    def shown(level: float) -> BoolArray:
        one, other = map(_side, intervals(1 - 2 * level))
        return np.asarray(one * other < 0)

    gaps = np.abs(np.nan_to_num(np.stack(log_ratios)))
    of_a_size = gaps.min(axis=0) >= COMPARABLE * gaps.max(axis=0)
    return np.asarray(shown(LEVEL) | (shown(SURMISE) & of_a_size))


def _events(data: Contrast, whole: Pooled) -> FloatArray:
    """Events of the group with fewer, or those it would have had at the other's rate, if more."""
    own = np.fmax(summed(data.events), summed(data.total) * whole.reference_rate)
    other = np.fmax(summed(data.reference_events), summed(data.reference_total) * whole.rate)
    return np.asarray(np.fmin(own, other))


def _information_of(half: Pooled, whole: Pooled) -> FloatArray:
    """What half of the window says of the log ratio, at the rates of the whole window."""
    return information(whole.rate, half.size, whole.reference_rate, half.reference_size)


def _within(interval: Interval, practical_ratio: float) -> BoolArray:
    return np.asarray((interval.lower > 1 / practical_ratio) & (interval.upper < practical_ratio))


def _reach(
    early: Pooled, late: Pooled, whole: Pooled, phi: FloatArray, periods: IntArray
) -> tuple[FloatArray, FloatArray]:
    """The smallest change factor between the halves that would be seen, and periods to go."""
    one, two = _information_of(early, whole), _information_of(late, whole)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        held = np.nan_to_num(1 / (1 / one + 1 / two) / phi, posinf=np.inf)
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
    (x, n), (x1, n1) = ((summed(events), summed(total)) for events, total in (early, late))
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
        np.maximum(1.0, summed(np.where(used, z2, 0.0)) / np.maximum(used.sum(-1) - 1, 1))
    )


def _overall_falling(data: Contrast) -> FloatArray:
    """One-sided p that the rate of both groups together falls (quasi-binomial trend)."""
    events, total = data.events + data.reference_events, data.total + data.reference_total
    at = np.cumsum(data.compared, axis=-1).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = (summed(events) / summed(total))[..., np.newaxis]
        variance = total * p * (1 - p)
        centred = at - (summed(variance * at) / summed(variance))[..., np.newaxis]
        score = events - total * p
        z = summed(centred * score) / np.sqrt(summed(centred**2 * variance))
        # What is left once the trend is taken out says how much the periods vary.
        left = summed(np.where(variance > 0, score**2 / variance, 0.0)) - z**2
        freedom = np.maximum(data.compared.sum(axis=-1) - 2, 1)
        p_value = stdtr(freedom, z / np.sqrt(np.maximum(1.0, left / freedom)))
    return np.where(np.isnan(p_value), 1.0, p_value)


def _reshaped(found: Verdicts, shape: tuple[int, ...]) -> Verdicts:
    def put(value: Interval | NDArray[np.generic]) -> object:
        if isinstance(value, Interval):
            return Interval(*(getattr(value, f.name).reshape(shape) for f in fields(value)))
        return value.reshape(shape)

    return Verdicts(**{f.name: put(getattr(found, f.name)) for f in fields(found)})  # type: ignore[arg-type]
