"""Networks looked at every week: what is established by chance, and how soon a change is.

Each function plays one criterion, as in equity_cells.py. Strata are small, three births a week and
up; weeks vary by chance alone, or beyond it (beta-binomial, correlation rho within a week).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from equity_cells import counts, share
from measured import Figure, Play
from network_cells import alike
from scipy.special import expit, logit

from qi_equity.equity.contrast import Contrast, contrast
from qi_equity.equity.gap_chart import GapChart, gap_charts
from qi_equity.frames.watch import ALARMS_A_YEAR
from qi_equity.sequential import Lines
from qi_equity.spc.monitor import cusum, cusum_limit
from qi_equity.spc.scan import scan
from qi_equity.spc.watch import watch

YEAR, HALF = 52, 26
# Births a week of a site's six strata, as shares of all.
STRATA = np.array([0.45, 0.2, 0.15, 0.1, 0.06, 0.04])
RATES = (0.06, 0.86)
NETWORKS = {"1 site": (90,), "3 sites": (72, 90, 100), "12 sites": (72, 90, 100) * 4}
FAMILY, MOST = ALARMS_A_YEAR, 0.10


def watched(events: np.ndarray, births: np.ndarray, baseline: int, alarms: float) -> Lines:
    """Own charts watched from their baseline on, once it holds five events and five without."""
    weeks = np.arange(events.shape[1])
    known = births > 0
    fewest = np.minimum(events.cumsum(axis=1), (births - events).cumsum(axis=1))
    enough = np.concatenate([np.zeros((len(events), 1), bool), fewest[:, :-1] >= 5], axis=1)
    late = known & (weeks >= baseline) & enough
    series = len(events)
    return watch(
        "proportion", events, births, known & ~late, late, np.full(series, alarms),
        np.full(series, 52.0),
    )  # fmt: skip


def network(seed: int, sites: tuple[int, ...], rho: float, networks: int, baseline: int) -> float:
    """Share of networks with any own chart established in a year after the baseline."""
    rng = np.random.default_rng([20, seed, round(rho * 100), len(sites), baseline])
    mean = np.tile(np.outer(sites, STRATA).ravel(), len(RATES))
    rate = np.repeat(RATES, len(mean) // len(RATES))
    any_ = []
    for _ in range(networks):
        births = rng.poisson(mean[:, None], (mean.size, baseline + YEAR)).astype(float)
        events = counts(rng, births, rate[:, None], rho, births.shape)
        any_.append((watched(events, births, baseline, FAMILY / mean.size).first >= 0).any())
    return share(np.array(any_))


def a20(networks: int) -> Iterator[Figure]:
    """A year of weekly looks with nothing happening: any own chart established."""
    for name, sites in NETWORKS.items():
        played = max(networks // len(sites), 2)
        for rho in (0.0, 0.02):
            for baseline in (HALF, YEAR):
                cell = f"{name}, baseline {baseline}, rho {rho:g}: anything established in a year"
                found = network(1, sites, rho, played, baseline)
                yield Figure("A20", cell, found, played, 0, MOST)


# ------------------------------------------------------------------ rates and values

# What one chart may do for each 5 % of its own: the family's bound for each of its alarms.
SLACK = MOST / FAMILY


def a24(charts: int) -> Iterator[Figure]:
    """A year of weekly looks at one chart of a rate, or of values, with nothing happening."""
    shape = (charts, HALF + YEAR)
    for mean in (1, 3, 10, 60):
        for spread in (0.0, 0.05):
            rng = np.random.default_rng([24, mean, round(100 * spread)])
            weeks = rng.gamma(1 / spread, spread, shape) if spread else np.ones(shape)
            events = rng.poisson(mean * weeks).astype(float)
            cell = f"rate, {mean} events a week, variance {spread:g} of the log: established"
            yield _alone("rate", events, np.ones(shape), cell, 0.05 * SLACK)
    # Neighbouring weeks that resemble one another are not allowed for in counts: what they do is
    # told, and not bound. Values allow for it.
    births = np.full(shape, 60.0)
    sway = 0.25 * alike(np.random.default_rng([24, 60]), shape, 0.6)
    events = np.random.default_rng([24, 61]).binomial(60, expit(logit(0.1) + sway)).astype(float)
    cell = "60 births a week, p .1, likeness .6 of neighbours (sd .25): established"
    yield _alone("proportion", events, births, cell, 1.0)
    for likeness, most in ((0.0, 0.05 * SLACK), (0.3, 0.075), (0.6, 0.15)):
        value = alike(np.random.default_rng([24, round(100 * likeness)]), shape, likeness)
        middle = np.median(value[:, :HALF], axis=-1, keepdims=True)
        above, known = (value > middle).astype(float), (value != middle).astype(float)
        cell = f"values, likeness {likeness:g} of neighbours: established"
        yield _alone("value", above, known, cell, most)


def _alone(data: str, events: np.ndarray, size: np.ndarray, cell: str, most: float) -> Figure:
    """How often anything is established in one chart with a chance of 5 % a year of its own."""
    late = np.broadcast_to(np.arange(events.shape[1]) >= HALF, events.shape)
    found = watch(
        data, events, size, ~late, late & (size > 0), np.full(len(events), 0.05),
        np.full(len(events), 52.0),
    )  # fmt: skip
    return Figure("A24", cell, share(found.first >= 0), len(events), 0, most)


# ------------------------------------------------------------------ the gap

# Births a week and rate of the stratum and of its reference, weeks of baseline.
GAP_CELLS = [
    (3, 0.1, 60, 0.1, 52),
    (5, 0.1, 50, 0.1, 26),
    (10, 0.1, 60, 0.1, 26),
    (10, 0.03, 50, 0.03, 52),
    (20, 0.16, 50, 0.1, 52),
    (20, 0.3, 50, 0.3, 52),
    (12, 0.86, 60, 0.86, 26),
]


def gap_weeks(
    seed: int,
    charts: int,
    cell: tuple[int, float, int, float, int],
    *,
    rho: float = 0.0,
    late: int = 0,
    times: float = 1.0,
) -> tuple[GapChart, Contrast]:
    """Gaps watched for a year after the change, which comes `late` weeks after the baseline."""
    size, rate, reference_size, reference_rate, baseline = cell
    rng = np.random.default_rng([21, seed, size, round(rate * 100), round(rho * 100), late])
    shape = (charts, baseline + late + YEAR)
    moved = np.where(np.arange(shape[1]) < baseline + late, rate, rate * times)
    data = contrast(
        counts(rng, size, moved, rho, shape), size,
        counts(rng, reference_size, reference_rate, rho, shape), reference_size,
    )  # fmt: skip
    return gap_charts(data, baseline), data


def a21(charts: int) -> Iterator[Figure]:
    """A year of weekly looks at a gap that does not change."""
    for cell in GAP_CELLS:
        for rho, most in ((0.0, 0.05), (0.02, 0.05), (0.05, 0.06)):
            chart, _ = gap_weeks(1, charts, cell, rho=rho)
            seen = np.isfinite(chart.limit).any(axis=-1)
            name = "n {}, p {}, reference {} at {}, baseline {}".format(*cell)
            found = share(chart.first[seen] >= 0)
            said = f"{name}, rho {rho:g}: change established in a year"
            yield Figure("A21", said, found, int(seen.sum()), 0, most)


def soon(chart: GapChart, start: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Weeks from the change to its being established (99: not within a year); and the wrong way."""
    at = np.maximum(chart.first, 0)[:, None]
    right = (chart.first >= start) & (np.take_along_axis(chart.signal, at, 1)[:, 0] == side)
    wrong = (chart.signal[:, start:] == -side).any(axis=-1)
    return np.where(right, chart.first - start + 1, 99), wrong


def a22(charts: int) -> Iterator[Figure]:
    """A gap of ten births a week that doubles or halves, after half a year of baseline."""
    for name, rate, times, late, least in (
        ("doubling at once", 0.1, 2.0, 0, 0.80),
        ("doubling 26 weeks late", 0.1, 2.0, HALF, 0.85),
        ("halving at once", 0.2, 0.5, 0, 0.75),
    ):
        chart, _ = gap_weeks(2, charts, (10, rate, 60, 0.1, HALF), late=late, times=times)
        weeks, wrong = soon(chart, HALF + late, 1 if times > 1 else -1)
        yield Figure("A22", f"{name}: established in a year", share(weeks <= YEAR), charts, least)
        if late:
            in_time = share(weeks <= 24)
            yield Figure("A22", f"{name}: in 24 weeks (median at most)", in_time, charts, 0.5)
        yield Figure("A22", f"{name}: the wrong way", share(wrong), charts, 0, 0.04)


# ------------------------------------------------------------------ what it costs to look weekly


def a23(charts: int) -> Iterator[Figure]:
    """Ten births a week whose rate of 10 % doubles: looking weekly, once, or by a signal system."""
    rng = np.random.default_rng(23)
    births = np.full((charts, HALF + YEAR), 10.0)
    late = np.arange(HALF + YEAR) >= HALF
    steady = counts(rng, births, 0.1, 0.0, births.shape)
    events = counts(rng, births, np.where(late, 0.2, 0.1), 0.0, births.shape)
    one = (scan(events, births).p_value <= 0.05).mean()
    yield Figure("A23", "one look at the end of the year (5 %)", float(one), charts)
    for name, alarms in (("one chart (5 %)", 0.05), ("one of 36 (8 % together)", FAMILY / 36)):
        found = watched(events, births, HALF, alarms)
        rising = np.take_along_axis(found.side, np.maximum(found.first, 0)[:, None], 1)[:, 0] > 0
        weeks = np.where((found.first >= 0) & rising, found.first - HALF + 1, 99)
        yield Figure("A23", f"{name}: established in 26 weeks", share(weeks <= HALF), charts)
        least = 0.80 if alarms == 0.05 else 0.55
        yield Figure("A23", f"{name}: in a year", share(weeks <= YEAR), charts, least)
    limit = cusum_limit(10.0, 0.1, YEAR, 0.05)
    for name, log, within, least, most in (
        ("doubling: signal in 26 weeks", events, HALF, 0.8, 1.0),
        ("nothing: any signal in a year", steady, YEAR, 0.03, 0.07),
        ("nothing, reference a fifth too low: any signal", counts(
            rng, births, 0.125, 0.0, births.shape), YEAR, 0.10, 1.0),
        ("nothing, rho .05: any signal", counts(rng, births, 0.1, 0.05, births.shape), YEAR,
         0.08, 1.0),
    ):  # fmt: skip
        part = slice(HALF, HALF + within)
        rate, line = np.full(charts, 0.1), np.full(charts, limit)
        signal = cusum(log[:, part], births[:, part], rate, line).signal.any(axis=-1)
        yield Figure("A23", f"signal system, {name}", share(signal), charts, least, most)


PLAYS: dict[str, Play] = {
    "A20": (a20, 1200, 6),
    "A21": (a21, 1_000, 30),
    "A22": (a22, 500, 60),
    "A23": (a23, 1_000, 60),
    "A24": (a24, 1_000, 60),
}
