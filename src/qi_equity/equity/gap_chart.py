"""The gap itself as a chart: the odds that it has changed, week by week, and limits for them.

Each week is judged given its total of events, so a drift of both groups is not a signal. What the
baseline does not know, and how much weeks vary beyond chance, is averaged over.
High and low only: better and worse are not known here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import interpolate

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.equity.contrast import Contrast
from qi_equity.equity.hypergeometric import Outcomes, estimate, outcomes
from qi_equity.sequential import Hypotheses, lines

# The change the chart is tuned to: odds half as high again, or a third lower.
DESIGN_RATIO = 1.5
# Chance of a false alarm in a year, both sides together.
ALARMS_A_YEAR = 0.05
WEEKS_A_YEAR = 52.0
# With fewer events than this in the baseline of either group, nothing is watched.
LEAST_BASELINE_EVENTS = 5
# The log odds ratio is tabulated this many standard errors of the baseline either way.
REACH, LEVELS = 5.0, 21
# Correlation of births within a week of either group, each as likely as the next.
CORRELATIONS = (0.0, 0.01, 0.03, 0.08)
# Log odds ratios at which a week is worked out: few exactly, more between them by a spline.
NODES, BETWEEN = 33, 97
# Series held in memory together.
CHUNK = 64


@dataclass(frozen=True, slots=True, eq=False)
class GapChart:
    """Evidence of a change of every series either way, with its limit; nan where not watched.

    Evidence is the log odds of a change so far against none, and 0 where these are below evens.
    """

    up: FloatArray  # odds of the stratum rising against the reference
    down: FloatArray
    limit: FloatArray
    signal: IntArray  # 1 rising and above the limit, -1 falling and above it, 0 neither
    first: IntArray  # period of the first signal, -1 if none: from there on it is established
    change: IntArray  # period in which the change began as far as can be told, -1 if none
    log_odds_ratio: FloatArray
    tau2: FloatArray  # variance of the log odds ratio between weeks, beyond chance


def gap_charts(
    data: Contrast,
    baseline: int,
    *,
    alarms: float = ALARMS_A_YEAR,
    periods_a_year: float = WEEKS_A_YEAR,
    design_ratio: float = DESIGN_RATIO,
) -> GapChart:
    """Chart the gap of every series from its baseline on; the last axis is time.

    A period without an event, or without a group, moves no line. What was signalled stays so:
    later periods change no evidence and no limit before them.

    >>> from qi_equity.equity.contrast import contrast
    >>> week = np.arange(80)
    >>> chart = gap_charts(contrast(np.where(week < 60, 2, 8), 20, 5, 50), baseline=52)
    >>> int(chart.change), int(chart.first), int(chart.signal[-1])
    (60, 63, 1)
    """
    shape, periods = data.total.shape[:-1], data.total.shape[-1]
    rows = (math.prod(shape), periods)
    flat = Contrast(*(part.reshape(rows) for part in data.parts))
    drawn, signal = np.full((3, *rows), np.nan), np.zeros(rows, dtype=np.int64)
    first, change = np.full(rows[0], -1), np.full(rows[0], -1)
    level = np.full((2, rows[0]), np.nan)
    early = flat.only(_told(flat))
    enough = np.minimum(
        early.events[:, :baseline].sum(axis=-1), early.reference_events[:, :baseline].sum(axis=-1)
    )
    watched = np.flatnonzero((enough >= LEAST_BASELINE_EVENTS) & (baseline < periods))
    for start in range(0, len(watched), CHUNK):
        chosen = watched[start : start + CHUNK]
        series = [_series(flat[int(row)], baseline, np.log(design_ratio)) for row in chosen]
        told = _together(series)
        information = np.stack([one.information for one in series]) * np.log(design_ratio) ** 2 / 4
        level[:, chosen] = np.array([(one.theta, one.tau2) for one in series]).T
        found = lines(told, information, alarms, periods_a_year)
        drawn[:, chosen] = found.rising, found.falling, found.limit
        drawn[:2, chosen, baseline:] = np.nan_to_num(drawn[:2, chosen, baseline:])
        signal[chosen], first[chosen], change[chosen] = found.side, found.first, found.change
    everything = drawn.reshape(3, *shape, periods)
    return GapChart(
        up=everything[0],
        down=everything[1],
        limit=everything[2],
        signal=signal.reshape(*shape, periods),
        first=first.reshape(shape),
        change=change.reshape(shape),
        log_odds_ratio=level[0].reshape(shape),
        tau2=level[1].reshape(shape),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Series:
    """One series: likelihood of no change, rising and falling; level and scatter before."""

    likely: FloatArray  # (hypothesis, period, state)
    before: FloatArray
    watched: BoolArray
    information: FloatArray
    theta: float
    tau2: float


def _together(series: list[_Series]) -> Hypotheses:
    none, rising, falling = np.stack([one.likely for one in series], axis=1)
    before, watched = (
        np.stack([getattr(one, name) for one in series]) for name in ("before", "watched")
    )
    return Hypotheses(none, rising, falling, before, watched)


def _told(data: Contrast) -> BoolArray:
    """Periods that can say something of the odds: both groups there, and not all alike."""
    events = data.events + data.reference_events
    alike = (events == 0) | (events == data.total + data.reference_total)
    return np.asarray(data.compared & ~alike)


def _series(data: Contrast, baseline: int, design: float) -> _Series:
    told = np.flatnonzero(_told(data))
    used, known = data[told], int(np.searchsorted(told, baseline))
    table = outcomes(used, about=used[np.arange(known)])
    early = table[:known]
    theta = estimate(used.events[:known], early)
    mean, variance, _ = table.moments(theta)
    square = (variance[:known] ** 2).sum()
    excess = ((used.events - mean)[:known] ** 2 - variance[:known]).sum()
    likely = np.zeros((3, data.total.size, len(CORRELATIONS) * LEVELS))
    held = variance[:known].sum()
    likely[:, told] = _likelihoods(
        used.events, table, theta, design, held, square / held, _scatters(used[np.arange(known)])
    )
    information = np.zeros(data.total.size)
    information[told] = variance
    watched = np.zeros(data.total.size, dtype=bool)
    watched[told[known:]] = True
    before = likely[0, :baseline].sum(axis=0)
    return _Series(likely, before, watched, information, theta, float(excess / square))


def _scatters(data: Contrast) -> FloatArray:
    """Standard deviation of the log odds ratio between weeks that each correlation comes to."""
    y, n, y0, n0 = (part.sum() for part in data.parts)
    p, p0 = (y + 0.5) / (n + 1), (y0 + 0.5) / (n0 + 1)
    return np.asarray(np.sqrt(np.array(CORRELATIONS) * (1 / (p * (1 - p)) + 1 / (p0 * (1 - p0)))))


def _likelihoods(
    observed: FloatArray,
    told: Outcomes,
    theta: float,
    design: float,
    held: float,
    a_week: float,
    scatter: FloatArray,
) -> FloatArray:
    """Log likelihood (hypothesis, period, scatter and level): odds scatter about their level."""
    error = np.sqrt((1 + scatter**2 * a_week) / held)
    level = theta + error[:, None] * np.linspace(-REACH, REACH, LEVELS)
    moved = level + np.array([0.0, design, -design])[:, None, None]
    reach = (REACH * error + 3 * scatter).max() + design
    least, most = max(theta - reach, told.least), min(theta + reach, told.most)
    node = np.linspace(least, most, NODES)
    total = interpolate.CubicSpline(node, told.log_total(node))

    def fits(at: FloatArray) -> FloatArray:
        return np.asarray(np.multiply.outer(at, observed) - total(at))  # (..., period)

    between = np.linspace(least, most, BETWEEN)
    week = fits(between)
    top = week.max(axis=0)
    near = between - moved[:, 1:, :, None]
    weight = np.exp(-0.5 * (near / scatter[1:, None, None]) ** 2)
    weight /= weight.sum(axis=-1, keepdims=True)
    spread = np.log(np.maximum(weight @ np.exp(week - top), 1e-300)) + top
    exact = fits(np.clip(moved[:, :1], least, most))
    both = np.concatenate([exact, spread], axis=1)  # (hypothesis, scatter, level, period)
    return np.moveaxis(both.reshape(3, -1, observed.size), 1, 2)
