"""The gap itself as a chart: two CUSUMs of its likelihood, and limits that spend an alarm budget.

Each week is judged given its total of events, so a drift of both groups is not a signal. What the
baseline does not know, and how much weeks vary beyond chance, goes into the limits by simulation.
High and low only: better and worse are not known here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from qi_equity.arrays import FloatArray, IntArray
from qi_equity.chance import seed_of
from qi_equity.equity.contrast import Contrast
from qi_equity.equity.hypergeometric import Outcomes, estimate, outcomes

# In-control paths drawn for each chart: fine enough for a budget of 1 in 2 000 a week.
PATHS = 10_000
# The change the chart is tuned to: odds half as high again, or a third lower.
DESIGN_RATIO = 1.5
# Chance of a false alarm in a year, on each side.
ALARMS_A_YEAR = 0.025
WEEKS_A_YEAR = 52.0
# With fewer events than this in the baseline of either group, no limit is drawn.
LEAST_BASELINE_EVENTS = 5
# The posterior of the log odds ratio is tabulated this many standard errors either way.
GRID, GRID_REACH = 61, 6.0
# Outcomes are drawn from tables at log odds ratios this close, in standard deviations.
NODE_STEP, FEWEST_NODES, MOST_NODES = 0.25, 24, 240
THUMBS = 64
# The mean over a normal scatter, as a weighted sum (Gauss-Hermite), at this many scatters.
SCATTERS, OFFSET_GRID = 24, 81
NORMAL_AT, NORMAL_WEIGHT = np.polynomial.hermite_e.hermegauss(31)
NORMAL_WEIGHT = NORMAL_WEIGHT / NORMAL_WEIGHT.sum()
# A path lies outside only if it does so by more than the dust of rounding.
DUST = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """What the baseline of one series says of its log odds ratio, and of how far weeks vary."""

    theta: float
    theta_at: FloatArray  # grid, and the posterior's cumulative probability there
    cumulative: FloatArray
    stretch: float  # how much a unit of between-week variance adds to the posterior's variance
    tau2: float  # variance of the log odds ratio between weeks, beyond chance
    tau2_error: float
    scatter_at: FloatArray  # grid of standard deviations between weeks, and how far the level
    offset: FloatArray  # has to move for weeks that scatter so to have the same mean


# Log odds ratio of each in-control path, and how far its weeks scatter about it.
InControl = Callable[[Baseline, int, np.random.Generator], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, slots=True, eq=False)
class GapChart:
    """Both CUSUMs of every series with their limits; nan in the baseline and without limits."""

    up: FloatArray  # odds of the stratum rising against the reference
    down: FloatArray
    limit_up: FloatArray
    limit_down: FloatArray
    signal: IntArray  # 1 above the upper chart's limit, -1 above the lower chart's, 0 neither
    first: IntArray  # period of the first signal, -1 if none
    change: IntArray  # period in which the change began as far as can be told, -1 if none
    log_odds_ratio: FloatArray
    tau2: FloatArray
    seed: IntArray


def baseline_of(observed: FloatArray, told: Outcomes) -> Baseline:
    """Posterior of the log odds ratio (Jeffreys) and the variance between weeks (moments)."""
    theta = estimate(observed, told)
    mean, variance, _ = told.moments(theta)
    held, square = variance.sum(), (variance**2).sum()
    reach = GRID_REACH / np.sqrt(held)
    grid = theta + np.linspace(-reach, reach, GRID)
    fit = grid * observed.sum() - told.log_total(grid).sum(axis=-1)
    density = np.exp(fit - fit.max()) * np.sqrt(told.moments(grid)[1].sum(axis=-1))
    # Trapezium rule, so that the cumulative curve is exact at both ends.
    cumulative = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    tau2, tau2_error = (
        float(((observed - mean) ** 2 - variance).sum() / square),
        float(np.sqrt((2 * variance**2 + variance).sum()) / square),
    )
    scatter = np.linspace(0.0, np.sqrt(max(0.0, tau2 + 4 * tau2_error)), SCATTERS)
    return Baseline(
        theta=theta,
        theta_at=grid,
        cumulative=cumulative / cumulative[-1],
        stretch=float(square / held),
        tau2=tau2,
        tau2_error=tau2_error,
        scatter_at=scatter,
        offset=_offset(theta, scatter, told),
    )


def _offset(theta: float, scatter: FloatArray, told: Outcomes) -> FloatArray:
    """What to add to a level for weeks scattering about it to have the baseline's mean again.

    The baseline's level is that of its mean; odds that scatter evenly on the log scale have a
    higher mean, and in-control paths would drift up for no reason.
    """
    grid = np.linspace(told.least, told.most, OFFSET_GRID)
    mean = told.moments(grid)[0].sum(axis=-1)
    wanted = np.interp(theta, grid, mean)
    low, high = np.full(scatter.size, -5.0), np.full(scatter.size, 5.0)
    for _ in range(40):
        middle = (low + high) / 2
        at = theta + middle[:, np.newaxis] + scatter[:, np.newaxis] * NORMAL_AT
        over = np.interp(at, grid, mean) @ NORMAL_WEIGHT > wanted
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    return np.asarray((low + high) / 2)


def predictive(
    base: Baseline, paths: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Paths that differ by all the baseline leaves open: its level and its over-dispersion."""
    level = (np.arange(paths) + 0.5) / paths
    theta = np.interp(level, base.cumulative, base.theta_at)
    between = rng.permutation(special.ndtri(level))
    tau2 = np.maximum(0.0, base.tau2 + base.tau2_error * between)
    theta = base.theta + (theta - base.theta) * np.sqrt(1 + tau2 * base.stretch)
    tau = np.sqrt(tau2)
    return theta + np.interp(tau, base.scatter_at, base.offset), tau


def gap_charts(
    data: Contrast,
    baseline: int,
    *,
    alarms: float = ALARMS_A_YEAR,
    periods_a_year: float = WEEKS_A_YEAR,
    design_ratio: float = DESIGN_RATIO,
    paths: int = PATHS,
    in_control: InControl = predictive,
) -> GapChart:
    """Chart the gap of every series from its baseline on; the last axis is time.

    A period without an event, or without a group, moves no line and spends no budget.

    >>> from qi_equity.equity.contrast import contrast
    >>> week = np.arange(80)
    >>> chart = gap_charts(contrast(np.where(week < 60, 2, 8), 20, 5, 50), baseline=52)
    >>> int(chart.change), int(chart.first), int(chart.signal[-1])
    (60, 62, 1)
    """
    shape, periods = data.total.shape[:-1], data.total.shape[-1]
    rows = (math.prod(shape), periods)
    flat = Contrast(*(part.reshape(rows) for part in data.parts))
    charts = [
        _chart(flat[row], baseline, alarms, periods_a_year, design_ratio, paths, in_control)
        for row in range(rows[0])
    ]
    lines = np.array([one.lines for one in charts]).reshape(*shape, 4, periods)

    def each(name: str) -> FloatArray:
        return np.array([getattr(one, name) for one in charts], dtype=np.float64).reshape(shape)

    signal = np.array([one.signal for one in charts], dtype=np.int64).reshape(*shape, periods)
    return GapChart(
        up=lines[..., 0, :],
        down=lines[..., 1, :],
        limit_up=lines[..., 2, :],
        limit_down=lines[..., 3, :],
        signal=signal,
        first=each("first").astype(np.int64),
        change=each("change").astype(np.int64),
        log_odds_ratio=each("log_odds_ratio"),
        tau2=each("tau2"),
        seed=each("seed").astype(np.int64),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """One series: up, down and their limits by period, and what they tell."""

    lines: FloatArray
    signal: IntArray
    first: int
    change: int
    log_odds_ratio: float
    tau2: float
    seed: int


def _chart(
    data: Contrast,
    baseline: int,
    alarms: float,
    periods_a_year: float,
    design_ratio: float,
    paths: int,
    in_control: InControl,
) -> _Drawn:
    events = data.events + data.reference_events
    at_risk = data.total + data.reference_total
    told = np.flatnonzero(data.compared & (events > 0) & (events < at_risk))
    used = data[told]
    known = int(np.searchsorted(told, baseline))
    seed = seed_of(*used.parts, np.array([known]))
    lines = np.full((4, data.total.size), np.nan)
    theta, tau2 = np.nan, np.nan
    fewest = min(used.events[:known].sum(), used.reference_events[:known].sum())
    if fewest >= LEAST_BASELINE_EVENTS and known < told.size:
        table = outcomes(used)
        base = baseline_of(used.events[:known], table[:known])
        theta, tau2 = base.theta, base.tau2
        rng = np.random.default_rng(seed)
        budget = 1 - (1 - alarms) ** (np.arange(1, told.size - known + 1) / periods_a_year)
        drawn = _walk(
            used.events[known:],
            table[known:],
            base,
            np.log(design_ratio),
            np.floor(budget * (paths + 1) + DUST).astype(int),
            in_control(base, paths, rng),
            rng,
        )
        lines[:, told[known:]] = drawn
        lines[:, baseline:] = _carried(lines[:, baseline:])
    # Should both stand outside at once, the one further out gives the direction.
    above = np.where(lines[:2] > lines[2:] + DUST, lines[:2] - lines[2:], 0.0)
    signal = np.sign(above[0] - above[1]).astype(np.int64)
    alarms_at = np.flatnonzero(signal)
    first = int(alarms_at[0]) if alarms_at.size else -1
    rising = first >= 0 and signal[first] > 0
    return _Drawn(
        lines=lines,
        signal=signal,
        first=first,
        change=_began(lines[0 if rising else 1], first, baseline),
        log_odds_ratio=theta,
        tau2=tau2,
        seed=seed,
    )


def _walk(
    observed: FloatArray,
    told: Outcomes,
    base: Baseline,
    design: float,
    budget: IntArray,
    in_control: tuple[FloatArray, FloatArray],
    rng: np.random.Generator,
) -> FloatArray:
    """Observed CUSUMs and their limits: (up, down, limit up, limit down) by period."""
    theta, tau = in_control
    nodes = _nodes(theta, tau, told)
    varying = np.flatnonzero(tau)
    place, tau = theta.copy(), tau[varying]
    step, last = nodes[1] - nodes[0], nodes.size - 1
    change = np.array([design, -design])[:, np.newaxis]
    still = told.log_total(base.theta)
    toll = told.log_total(base.theta + change[:, 0]) - still  # (side, period)
    own, walked, floor = np.zeros((2, 1)), np.zeros((2, theta.size)), np.zeros((2, theta.size))
    spent, lines = [0, 0], np.full((4, observed.size), np.nan)
    for at in range(observed.size):
        score = change * (told.lowest[at] + told.steps) - toll[:, [at]]  # (side, outcome)
        likely = np.cumsum(told[at : at + 1].probability(nodes)[:, 0], axis=-1)
        likely[:, -1] = 1.0
        place[varying] = theta[varying] + tau * rng.standard_normal(varying.size)
        # Between two nodes, one of them by chance: on average right, and as quick as a table.
        node = np.floor((place - nodes[0]) / step + rng.random(theta.size))
        outcome = _look_up(likely, np.clip(node, 0, last), rng.random(theta.size))
        for side in (0, 1):
            walked[side] += score[side].take(outcome)
        np.maximum(walked, floor, out=walked)
        own = np.maximum(0.0, own + score[:, [int(observed[at] - told.lowest[at])]])
        lines[:2, at] = own[:, 0]
        for side in (0, 1):
            # A limit that leaves k of the paths outside costs (k + 1) in (paths + 1).
            outside = budget[at] - spent[side] - 1
            if outside < 0:
                continue
            limit = np.partition(walked[side], -1 - outside)[-1 - outside]
            beyond = walked[side] > limit + DUST
            # Where several stand on the limit, one path more would have stood there with them.
            shared = np.count_nonzero(walked[side] >= limit - DUST) - np.count_nonzero(beyond) > 1
            spent[side] += int(np.count_nonzero(beyond)) + (not shared)
            # A path that has had its alarm never comes back.
            walked[side, beyond] = floor[side, beyond] = -np.inf
            lines[2 + side, at] = limit
    return lines


def _look_up(cumulative: FloatArray, node: FloatArray, chance: FloatArray) -> IntArray:
    """The outcome at each node whose stretch of the cumulative probability holds the chance.

    A guide says where in the table to begin, as a thumb index does; few steps are left to go.
    """
    nodes, outcomes_ = cumulative.shape
    table = (cumulative + np.arange(nodes)[:, np.newaxis]).ravel()
    guide = np.searchsorted(table, np.arange(nodes * THUMBS) / THUMBS, side="right")
    key = node + chance
    at = guide.take((key * THUMBS).astype(np.int64), mode="clip")
    going = np.flatnonzero(key >= table.take(at, mode="clip"))
    while going.size:
        at[going] += 1
        going = going[key[going] >= table.take(at[going], mode="clip")]
    first = node.astype(np.int64) * outcomes_
    return np.asarray(np.minimum(at - first, outcomes_ - 1), dtype=np.int64)


def _nodes(theta: FloatArray, tau: FloatArray, told: Outcomes) -> FloatArray:
    """Log odds ratios at which outcomes are tabulated, close enough to go between them."""
    least = max(float((theta - 4 * tau).min()), told.least)
    most = max(min(float((theta + 4 * tau).max()), told.most), least + 1e-6)
    spread = np.sqrt(told.moments(np.linspace(least, most, 9))[1].max())
    wanted = math.ceil((most - least) * spread / NODE_STEP)
    return np.linspace(least, most, min(max(wanted, FEWEST_NODES), MOST_NODES) + 1)


def _carried(lines: FloatArray) -> FloatArray:
    """The last value before an empty period stands through it; CUSUMs start from nought."""
    seen = np.where(np.isnan(lines), -1, np.arange(lines.shape[-1]))
    last = np.maximum.accumulate(seen, axis=-1)
    start = np.array([[0.0], [0.0], [np.nan], [np.nan]])
    held = np.take_along_axis(lines, np.maximum(last, 0), axis=-1)
    return np.where(last >= 0, held, start)


def _began(cusum: FloatArray, first: int, baseline: int) -> int:
    """The period after the last zero of the CUSUM before its signal (-1 without a signal)."""
    if first < 0:
        return -1
    at_rest = np.flatnonzero(cusum[baseline : first + 1] == 0)
    return baseline + (int(at_rest[-1]) + 1 if at_rest.size else 0)
