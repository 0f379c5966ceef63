"""The gap itself as a chart: the odds that it has changed, week by week, and limits for them.

Each week is judged given its total of events, so a drift of both groups is not a signal. What the
baseline does not know, and how much weeks vary beyond chance, is averaged over.
High and low only: better and worse are not known here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.equity.contrast import Contrast, summed
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
# Which way the odds may have moved: not at all, up, down.
MOVES = np.array([0.0, 1.0, -1.0])
# Periods of a series that are multiplied at once.
BLOCK = 16
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
    watched = watched[np.argsort(_widest(early)[watched], kind="stable")]
    for start in range(0, len(watched), CHUNK):
        chosen = watched[start : start + CHUNK]
        series = _all_series(early[chosen], baseline, float(np.log(design_ratio)))
        information = series.information * np.log(design_ratio) ** 2 / 4
        level[:, chosen] = series.theta, series.tau2
        found = lines(series.told, information, alarms, periods_a_year)
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
    """Likelihood of no change, rising and falling of every series; level and scatter before."""

    told: Hypotheses
    information: FloatArray
    theta: FloatArray
    tau2: FloatArray


def _widest(data: Contrast) -> FloatArray:
    """A class of each series by how wide its table of outcomes has to be; two double the width."""
    events = data.events + data.reference_events
    widest = np.minimum(np.minimum(data.total, data.reference_total), events)
    return np.asarray(np.ceil(2 * np.log2(1 + widest.max(axis=-1, initial=0.0))))


def _all_series(data: Contrast, baseline: int, design: float) -> _Series:
    """The series (rows), in the order of their width: those of one width share a table."""
    size, told = _widest(data), data.compared
    likely = np.zeros((len(MOVES), *told.shape, len(CORRELATIONS) * LEVELS))
    parts = []
    for one in np.unique(size):
        [rows] = np.nonzero(size == one)
        here = slice(rows[0], rows[-1] + 1)
        parts.append(_series(data[rows], baseline, design, likely[:, here]))
    watched = told & (np.arange(told.shape[-1]) >= baseline)
    before = likely[0, :, :baseline].sum(axis=1)
    none, rising, falling = likely
    known = Hypotheses(none, rising, falling, before, watched)
    return _Series(known, *(np.concatenate(part) for part in zip(*parts, strict=True)))


def _told(data: Contrast) -> BoolArray:
    """Periods that can say something of the odds: both groups there, and not all alike."""
    events = data.events + data.reference_events
    alike = (events == 0) | (events == data.total + data.reference_total)
    return np.asarray(data.compared & ~alike)


def _series(
    data: Contrast, baseline: int, design: float, likely: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Put down the likelihoods of series whose periods that can say nothing are empty.

    What each period can say comes back, and the level and scatter before anything changed.
    """
    told = data.compared
    first = Contrast(*(part[:, :baseline] for part in data.parts))
    table = outcomes(data, about=first)
    theta = estimate(first.events, table.first(baseline))
    mean, variance, _ = table.moments(theta)
    early = variance[:, :baseline]
    held, square = summed(early), summed(early**2)
    excess = summed((first.events - mean[:, :baseline]) ** 2 - early)
    states = _states(theta, held, square / held, _scatters(first), design, table)
    totals = np.moveaxis(table.log_totals(states.node), 0, -1)
    for row, told_of in enumerate(told):
        likely[:, row, told_of] = _likelihoods(
            data.events[row, told_of],
            totals[row, told_of],
            states,
            row,
            int(np.count_nonzero(told_of[:baseline])),
        )
    return variance, theta, excess / square


def _scatters(data: Contrast) -> FloatArray:
    """Standard deviation of the log odds ratio between weeks that each correlation comes to."""
    y, n, y0, n0 = (part.sum(axis=-1, keepdims=True) for part in data.parts)
    p, p0 = (y + 0.5) / (n + 1), (y0 + 0.5) / (n0 + 1)
    return np.asarray(np.sqrt(np.array(CORRELATIONS) * (1 / (p * (1 - p)) + 1 / (p0 * (1 - p0)))))


@dataclass(frozen=True, slots=True, eq=False)
class _States:
    """Log odds ratios of every series at which weeks are worked out, and what they are worth.

    Without scatter a state is one log odds ratio, found between the nodes by a spline (`exact` and
    its `place`); with scatter it is a mean over the points `between`, by `weight`.
    """

    node: FloatArray  # (series, node)
    exact: FloatArray  # (series, hypothesis, level)
    place: FloatArray  # (series, hypothesis, level, node)
    between: FloatArray  # (series, point)
    weight: FloatArray  # (series, hypothesis, scatter and level, point)


def _states(
    theta: FloatArray,
    held: FloatArray,
    a_week: FloatArray,
    scatter: FloatArray,
    design: float,
    told: Outcomes,
) -> _States:
    """Levels that the baseline leaves open: odds scatter about them, before and after a change."""
    error = np.sqrt((1 + scatter**2 * a_week[:, None]) / held[:, None])
    level = theta[:, None, None] + error[..., None] * np.linspace(-REACH, REACH, LEVELS)
    moved = level[:, None] + design * MOVES[:, None, None]
    reach = (REACH * error + 3 * scatter).max(axis=-1) + design
    least, most = np.maximum(theta - reach, told.least), np.minimum(theta + reach, told.most)
    exact = np.clip(moved[:, :, 0], least[:, None, None], most[:, None, None])
    between = np.linspace(least, most, BETWEEN, axis=-1)
    near = between[:, None, None, None] - moved[:, :, 1:, :, None]
    weight = np.exp(-0.5 * (near / scatter[:, None, 1:, None, None]) ** 2)
    weight /= weight.sum(axis=-1, keepdims=True)
    along = (exact - least[:, None, None]) / (most - least)[:, None, None] * (NODES - 1)
    return _States(
        np.linspace(least, most, NODES, axis=-1),
        exact,
        _spline(along),
        between,
        weight.reshape(len(theta), len(MOVES), -1, BETWEEN),
    )


# The cubic spline through values at nodes one apart is a sum over the nodes: of each node's part.
def _bends() -> FloatArray:
    """Its second derivatives at the nodes: the first and the last two pieces are one cubic each.

    By elimination, a node at a time (Thomas 1949): the same digits on any machine.
    """
    bend = np.zeros((NODES, NODES))
    bend[1:-1] = np.diff(np.eye(NODES), n=2, axis=0)
    share = np.zeros(NODES)
    for node in range(2, NODES - 2):
        share[node] = 1 / (4 - share[node - 1])
        bend[node] = (6 * bend[node] - bend[node - 1]) * share[node]
    for node in reversed(range(2, NODES - 2)):
        bend[node] -= share[node] * bend[node + 1]
    bend[0], bend[-1] = 2 * bend[1] - bend[2], 2 * bend[-2] - bend[-3]
    return bend


BENDS = _bends()


def _spline(at: FloatArray) -> FloatArray:
    """Each node's part, on a last axis, at places from 0 to the last node."""
    node = np.clip(at.astype(np.int64), 0, NODES - 2)
    on = (at - node)[..., np.newaxis]
    back = 1 - on
    line = back * np.eye(NODES)[node] + on * np.eye(NODES)[node + 1]
    return np.asarray(line + ((back**3 - back) * BENDS[node] + (on**3 - on) * BENDS[node + 1]) / 6)


# The weights of the nodes at every level between them.
REFINED = _spline(np.linspace(0, NODES - 1, BETWEEN)).T


def _times(periods: FloatArray, other: FloatArray) -> FloatArray:
    """A matrix product, so many rows at a time: a period has the same digits in any company.

    A library may add up in another order where there are more rows, or let several threads share
    them where there are many; blocks of one size, and a small one, give it no occasion.
    """
    blocks, many = -(-len(periods) // BLOCK), periods.shape[1]
    padded = np.zeros((blocks, BLOCK, many))
    padded.reshape(blocks * BLOCK, many)[: len(periods)] = periods
    product = np.matmul(padded, other).reshape(blocks * BLOCK, other.shape[1])
    return np.asarray(product[: len(periods)])


def _likelihoods(
    observed: FloatArray, totals: FloatArray, states: _States, row: int, baseline: int
) -> FloatArray:
    """Log likelihood (hypothesis, period, scatter and level) of one series, told its totals.

    What a change would have made of the baseline, its first so many periods, nobody asks: nought.
    """
    week = np.multiply.outer(observed, states.between[row]) - _times(totals, REFINED)
    top = week.max(axis=1, keepdims=True)
    near = np.exp(week - top)
    likely = np.zeros((len(MOVES), observed.size, len(CORRELATIONS) * LEVELS))
    for move, here in enumerate(likely):
        periods = slice(baseline if MOVES[move] else 0, None)
        exact, place, weight = (
            part[row, move] for part in (states.exact, states.place, states.weight)
        )
        # By period and level: without scatter first.
        sharp = np.multiply.outer(observed[periods], exact)
        here[periods, :LEVELS] = sharp - _times(totals[periods], place.T)
        spread = _times(near[periods], weight.T)
        here[periods, LEVELS:] = np.log(np.maximum(spread, 1e-300)) + top[periods]
    return likely
