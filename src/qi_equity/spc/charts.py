"""The charts: one row a kind, each an estimate of centre, spread and limits; no rules here.

Sums and means run over the baseline, missing values left out. Sources, unless a line says
otherwise: Montgomery, Introduction to Statistical Quality Control, ch. 6 and 7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import gammaln

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.spc.chart import Band, Chart, Lines, Subgroups, Zone
from qi_equity.spc.limits import BINOMIAL, POISSON, Distribution, poisson_limits
from qi_equity.vocabulary import Limits, MadeOf

# Mean moving range of two, and its upper limit, as multiples of sigma and of itself
# (Montgomery, appendix VI).
D2 = 1.128
D4 = 3.267
# Limits of an individuals chart, in mean moving ranges: 3 sigma; Making Data Count rounds it.
PER_RANGE = 3 / D2
# The power that makes exponential times between events nearly normal (Nelson 1994).
NELSON = 3.6


@dataclass(frozen=True, slots=True)
class How:
    """How the lines are to be drawn, for every row alike."""

    limits: Limits = Limits.NORMAL
    zones: tuple[Zone, ...] = (Zone.LIMITS,)  # the bands to work out
    screen: bool = True
    per_range: float = PER_RANGE
    centre: FloatArray | None = None  # given from outside: one number a row, or one a point
    lowest: float = -np.inf
    highest: float = np.inf


LinesOf = Callable[[Subgroups, How], Lines]
PointsOf = Callable[[Subgroups], FloatArray]


def _as_logged(s: Subgroups) -> FloatArray:
    return s.value


def _ranges(s: Subgroups) -> FloatArray:
    return moving_ranges(s.value, s.logged)


def _spread(s: Subgroups) -> FloatArray:
    assert s.spread is not None
    return s.spread


@dataclass(frozen=True, slots=True)
class ChartKind:
    """A kind of chart: its lines, and what it asks of the data."""

    name: str
    lines: LinesOf
    points: PointsOf = _as_logged  # what it draws of what was logged, before there are lines
    made_of: MadeOf = MadeOf.VALUE
    needs_denominator: bool = False
    takes_denominator: bool = False  # may be drawn of a ratio
    whole: bool = False  # counts: whole numbers, never below 0
    at_most_denominator: bool = False
    above_zero: bool = False
    exact: bool = False  # has exact limits
    limited: bool = True  # has limits at all
    centre_is_median: bool = False  # so that half of the points are expected on either side
    runs: bool = True  # whether a runs test means anything


# -- estimates over the baseline ---------------------------------------------------------------


def _over(s: Subgroups, values: FloatArray) -> FloatArray:
    return np.where(s.baseline, values, np.nan)


def _sum(values: FloatArray) -> FloatArray:
    """Sum along time, missing left out; nan where there is nothing to add."""
    held = np.isfinite(values)
    total = np.where(held, values, 0.0).sum(axis=-1, keepdims=True)
    return np.where(held.any(axis=-1, keepdims=True), total, np.nan)


def _mean(values: FloatArray) -> FloatArray:
    held = np.isfinite(values).sum(axis=-1, keepdims=True)
    return _divide(_sum(values), held.astype(float))


def median(values: FloatArray) -> FloatArray:
    """Median along time, missing left out (np.nanmedian warns of empty rows, and loops)."""
    held = np.isfinite(values)
    count = held.sum(axis=-1, keepdims=True)
    if values.shape[-1] == 0:
        return np.full(count.shape, np.nan)
    ordered = np.sort(np.where(held, values, np.inf), axis=-1)
    low = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0), axis=-1)
    high = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[-1] - 1), axis=-1)
    with np.errstate(invalid="ignore"):
        return np.where(count > 0, (low + high) / 2, np.nan)


def _divide(one: FloatArray, other: FloatArray) -> FloatArray:
    # A denominator of zero is a subgroup with nobody eligible: not a rate of 0, but no rate.
    share = np.full(np.broadcast_shapes(one.shape, other.shape), np.nan)
    np.divide(one, other, out=share, where=other > 0)
    return share


def moving_ranges(values: FloatArray, among: BoolArray) -> FloatArray:
    """Step from the point before, among the points of ``among``; nan where there is none.

    Points left out are bridged, a missing value breaks the two ranges it would be part of.

    >>> moving_ranges(np.array([[1.0, 9.0, 4.0, np.nan, 5.0]]),
    ...               np.array([[True, False, True, True, True]]))
    array([[nan, nan,  3., nan, nan]])
    """
    slots = values.shape[-1]
    latest = np.where(among, np.arange(slots), -1)
    latest = np.maximum.accumulate(latest, axis=-1)
    before = np.concatenate([np.full_like(latest[..., :1], -1), latest[..., :-1]], axis=-1)
    step = np.abs(values - np.take_along_axis(values, np.maximum(before, 0), axis=-1))
    return np.where(among & (before >= 0), step, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """The mean moving range of each row, and how it was come by."""

    mean: FloatArray
    screened: IntArray  # ranges left out
    from_spread: BoolArray  # rows whose ranges are mostly 0, and speak through their values


def mean_moving_range(values: FloatArray, among: BoolArray, screen: bool) -> Steps:
    """Mean moving range, once leaving out those too large to be common cause (Nelson 1982).

    Where at least half of the ranges are zero, those that are not are all too large: with them
    or without them the limits would collapse about the centre. There the standard deviation of
    the values stands in, as the range it would give.

    >>> values = np.array([[1.0, 2.0, 1.0, 2.0, 1.0, 31.0, 30.0]])
    >>> found = mean_moving_range(values, np.isfinite(values), screen=True)
    >>> found.mean, found.screened
    (array([[1.]]), array([[1]]))
    """
    ranges = moving_ranges(values, among)
    held = np.isfinite(ranges)
    mean = _mean(ranges)
    with np.errstate(invalid="ignore"):
        keep = held & (ranges < D4 * mean)
    zeros = (ranges == 0).sum(axis=-1, keepdims=True)
    left_out = (held & ~keep).sum(axis=-1, keepdims=True)
    lost = (left_out > 0) & (2 * zeros >= held.sum(axis=-1, keepdims=True)) & (mean > 0)
    if screen:
        mean = np.where(lost, mean, _mean(np.where(keep, ranges, np.nan)))
    if lost.any():
        rows = lost[..., 0]
        apart = np.where(among[rows], values[rows], np.nan)
        square = _sum((apart - _mean(apart)) ** 2)
        count = np.isfinite(apart).sum(axis=-1, keepdims=True)
        mean[rows] = D2 * np.sqrt(square / (count - 1))
    return Steps(mean, np.where(lost, 0, left_out) * screen, lost)


def _not_zero(spread: FloatArray) -> FloatArray:
    """A spread of zero is no estimate of how much common cause varies."""
    return np.where(spread > 0, spread, np.nan)


# -- lines ------------------------------------------------------------------------------------


def _band(
    centre: FloatArray,
    sigma: FloatArray,
    how: How,
    lowest: float = -np.inf,
    highest: float = np.inf,
    steps: Steps | None = None,
) -> Lines:
    """Centre plus and minus so many sigmas, cut where values cannot go."""
    low, high = max(lowest, how.lowest), min(highest, how.highest)
    # Sigma before centre times sigmas: one product a point, and no rounding between zones.
    bands = {
        k: (np.maximum(centre - k * sigma, low), np.minimum(centre + k * sigma, high))
        for k in how.zones
    }
    return _lines(centre, bands, steps)


def _lines(centre: FloatArray, bands: dict[Zone, Band], steps: Steps | None = None) -> Lines:
    lower, upper = bands[Zone.LIMITS]
    shape = np.broadcast_shapes(centre.shape, lower.shape)
    return Lines(
        np.broadcast_to(centre, shape),
        np.broadcast_to(lower, shape),
        np.broadcast_to(upper, shape),
        {zone: band for zone, band in bands.items() if zone is not Zone.LIMITS},
        None if steps is None else steps.screened[..., 0],
        None if steps is None else steps.from_spread[..., 0],
    )


def _bands(lines: Lines, how: How) -> Iterator[tuple[Zone, Band]]:
    """The limits and every nearer band of lines drawn already."""
    return ((zone, lines.band(zone)) for zone in how.zones)


def _centre(how: How, estimate: Callable[[], FloatArray]) -> FloatArray:
    """The centre given from outside, or the estimate where none is given."""
    if how.centre is None:
        return estimate()
    given = how.centre
    return np.where(np.isfinite(given), given, estimate()) if np.isnan(given).any() else given


def run_lines(s: Subgroups, how: How) -> Lines:
    """Median, no limits (Anhøj & Olesen 2014; Perla, Provost & Murray 2011)."""
    centre = np.broadcast_to(_centre(how, lambda: median(_over(s, s.value))), s.value.shape)
    none: FloatArray = np.full(centre.shape, np.nan)
    return _lines(centre, dict.fromkeys(how.zones, (none, none)))


def i_lines(s: Subgroups, how: How) -> Lines:
    """Individuals: mean, and sigma from the mean moving range over d2."""
    centre = _centre(how, lambda: _mean(_over(s, s.value)))
    steps = mean_moving_range(s.value, s.baseline, how.screen)
    sigma = np.broadcast_to(_not_zero(steps.mean) * how.per_range / 3, s.value.shape)
    return _band(centre, sigma, how, steps=steps)


def mr_lines(s: Subgroups, how: How) -> Lines:
    """Moving ranges themselves (``value`` holds them): mean, 0, and D4 means above it."""
    # Not screened: a chart of ranges is there to show the large ones.
    mean = _centre(how, lambda: _mean(_over(s, s.value)))
    centre = np.broadcast_to(mean, s.value.shape)
    bands = {
        k: (0.0 * centre, np.where(centre > 0, D4 * centre * k / 3, np.nan)) for k in how.zones
    }
    return _lines(centre, bands)


def _c4(size: FloatArray) -> FloatArray:
    """Expected standard deviation of ``size`` normal readings, in sigmas."""
    with np.errstate(invalid="ignore", divide="ignore"):
        known = np.where(size > 1, size, np.nan)
        ratio = np.exp(gammaln(known / 2) - gammaln((known - 1) / 2))
        return np.sqrt(2 / (known - 1)) * ratio


def _typical_spread(s: Subgroups) -> FloatArray:
    """Mean standard deviation where all subgroups are of one size, else the pooled one."""
    assert s.readings is not None
    assert s.spread is not None
    size = np.where(s.logged, s.readings, np.nan)
    with np.errstate(invalid="ignore"):
        top = np.where(np.isfinite(size), size, -np.inf).max(axis=-1, keepdims=True, initial=-1)
        low = np.where(np.isfinite(size), size, np.inf).min(axis=-1, keepdims=True, initial=np.inf)
    spread = _over(s, s.spread)
    weight = np.where(np.isfinite(spread), _over(s, s.readings) - 1, np.nan)
    pooled = np.sqrt(_divide(_sum(weight * spread**2), _sum(weight)))
    return np.where(top == low, _mean(spread), pooled)


def xbar_lines(s: Subgroups, how: How) -> Lines:
    """Means of readings: grand mean, and A3 standard deviations for each subgroup's size."""
    assert s.readings is not None
    size = _over(s, s.readings)

    def grand_mean() -> FloatArray:
        held = np.where(np.isfinite(s.value), size, np.nan)
        return _divide(_sum(held * s.value), _sum(held))

    centre = _centre(how, grand_mean)
    with np.errstate(invalid="ignore", divide="ignore"):
        sigma = _not_zero(_typical_spread(s)) / (_c4(s.readings) * np.sqrt(s.readings))
    return _band(centre, sigma, how)


def s_lines(s: Subgroups, how: How) -> Lines:
    """Standard deviations of readings: B3 and B4 for each subgroup's size."""
    assert s.readings is not None
    centre = np.broadcast_to(_centre(how, lambda: _typical_spread(s)), s.value.shape)
    c4 = _c4(s.readings)
    with np.errstate(invalid="ignore"):
        sigma = _not_zero(centre) * np.sqrt(1 - c4**2) / c4
    return _band(centre, sigma, how, lowest=0.0)


def t_lines(s: Subgroups, how: How) -> Lines:
    """Time between events: an individuals chart of the 3.6th root (Nelson 1994)."""
    with np.errstate(invalid="ignore"):
        root = s.value ** (1 / NELSON)
    given = None if how.centre is None else how.centre ** (1 / NELSON)
    rooted = Subgroups(root, s.logged, s.baseline, s.tested)
    lines = i_lines(rooted, replace(how, centre=given, lowest=-np.inf, highest=np.inf))

    def back(line: FloatArray) -> FloatArray:
        # Below zero there is no time: the limit is 0, not a root of a negative number.
        return np.clip(np.maximum(line, 0.0) ** NELSON, how.lowest, how.highest)

    bands = {zone: (back(low), back(high)) for zone, (low, high) in _bands(lines, how)}
    drawn = _lines(back(lines.centre), bands)
    return replace(drawn, screened=lines.screened, from_spread=lines.from_spread)


def g_lines(s: Subgroups, how: How) -> Lines:
    """Cases between events: median drawn, limits from the geometric's mean (Benneyan 2001)."""
    value = _over(s, s.value)
    mean = _mean(value) if how.centre is None else _centre(how, lambda: _mean(value))
    sigma = np.broadcast_to(np.sqrt(mean * (mean + 1)), s.value.shape)
    lines = _band(mean, sigma, how, lowest=0.0)
    centre = _centre(how, lambda: median(value))
    return _lines(np.broadcast_to(centre, s.value.shape), dict(_bands(lines, how)))


def pooled(s: Subgroups) -> FloatArray:
    """All events of the baseline over all its denominators, pairs complete."""
    assert s.numerator is not None
    assert s.denominator is not None
    pair = s.baseline & np.isfinite(s.numerator) & np.isfinite(s.denominator)
    events = np.where(pair, s.numerator, np.nan)
    return _divide(_sum(events), _sum(np.where(pair, s.denominator, np.nan)))


def ratio_lines(chance: Distribution, laney: bool = False) -> LinesOf:
    """Proportions (p) and rates (u), and their Laney versions where sigma is scaled by z."""

    def lines(s: Subgroups, how: How) -> Lines:
        assert s.denominator is not None
        centre = _centre(how, lambda: pooled(s))
        if how.limits == Limits.EXACT and not laney:
            return _exact_ratio(s, how, centre, chance)
        # One root, as the reference tools take it: the last digit says on which side a tie lies.
        at_risk = np.where(s.denominator > 0, s.denominator, np.nan)
        sigma = np.sqrt(chance.variance(centre) / at_risk)
        steps = None
        if laney:
            # Laney 2002: the moving range of z says how much wider than theory the points lie.
            z = _divide(s.value - centre, sigma)
            steps = mean_moving_range(z, s.baseline, how.screen)
            sigma = sigma * _not_zero(steps.mean) / D2
        return _band(centre, sigma, how, 0.0, chance.highest_rate, steps)

    return lines


def _exact_ratio(s: Subgroups, how: How, centre: FloatArray, chance: Distribution) -> Lines:
    """Exact limits, worked out once for each denominator of a row."""
    assert s.denominator is not None
    size = np.where(s.denominator > 0, s.denominator, 0.0)  # 0: nobody at risk, no limits
    whole = size.astype(np.int64)
    top = int(whole.max(initial=0)) + 1
    if centre.shape[-1] == 1 and (whole == size).all() and len(size) * top <= 4 * size.size:
        # A cell for each row and denominator; only those in use are worked out.
        cell = whole + top * np.arange(len(size))[:, None]
        used = np.zeros(len(size) * top, dtype=bool)
        used[cell] = True
        at = np.flatnonzero(used)
        n, rate = (at % top).astype(float), centre[at // top, 0]
    else:
        cell, at = np.arange(size.size).reshape(size.shape), np.arange(size.size)
        used = np.ones(size.size, dtype=bool)
        n, rate = size.ravel(), np.broadcast_to(centre, size.shape).ravel()
    n[n == 0] = np.nan

    def of_each_point(count: FloatArray) -> FloatArray:
        limit = np.empty(len(used))
        limit[at] = np.clip(count / n, how.lowest, how.highest)
        return np.asarray(limit[cell])

    bands = {}
    for k in how.zones:
        low, high = chance.limits(n, rate, k)
        bands[k] = (of_each_point(low), of_each_point(high))
    return _lines(centre, bands)


def c_lines(s: Subgroups, how: How) -> Lines:
    """Counts over equal areas of opportunity: Poisson about their mean."""
    centre = _centre(how, lambda: _mean(_over(s, s.value)))
    if how.limits != Limits.EXACT:
        return _band(centre, np.broadcast_to(np.sqrt(centre), s.value.shape), how, lowest=0.0)
    bands = {}
    for k in how.zones:
        low, high = (
            np.broadcast_to(np.clip(line, how.lowest, how.highest), s.value.shape)
            for line in poisson_limits(centre, k)
        )
        bands[k] = (low, high)
    return _lines(centre, bands)


# What counts ask of the data: whole numbers, with those at risk where there is a rate.
COUNTS: dict[str, Any] = {"made_of": MadeOf.COUNTS, "whole": True}
RATES: dict[str, Any] = {**COUNTS, "needs_denominator": True, "takes_denominator": True}
SHARES: dict[str, Any] = {**RATES, "at_most_denominator": True}

CHARTS = {
    kind.name: kind
    for kind in (
        ChartKind("run", run_lines, takes_denominator=True, limited=False, centre_is_median=True),
        ChartKind("i", i_lines, takes_denominator=True),
        ChartKind("mr", mr_lines, _ranges, takes_denominator=True, runs=False),
        ChartKind("xbar", xbar_lines, made_of=MadeOf.READINGS),
        ChartKind("s", s_lines, _spread, made_of=MadeOf.READINGS),
        ChartKind("t", t_lines, above_zero=True),
        ChartKind("p", ratio_lines(BINOMIAL), exact=True, **SHARES),
        ChartKind("pp", ratio_lines(BINOMIAL, laney=True), **SHARES),
        ChartKind("c", c_lines, exact=True, **COUNTS),
        ChartKind("u", ratio_lines(POISSON), exact=True, **RATES),
        ChartKind("up", ratio_lines(POISSON, laney=True), **RATES),
        ChartKind("g", g_lines, **COUNTS),
    )
}


def draw(kind: ChartKind, subgroups: Subgroups, how: How) -> Chart:
    """Draw a chart of a kind."""
    return Chart(subgroups.value, subgroups.tested, kind.lines(subgroups, how))
