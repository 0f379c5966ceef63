"""Simulated networks whose truth is known, judged by the sums that `analyse` does.

Three sites and all of them, six strata, two measures; in every row of the table but those of power
no stratum changes on its own. The tests play few networks; `benchmarks/trust.py` plays them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from measured import Figure, Play
from scipy.special import expit, logit

from qi_equity.chance import HIGHLIGHT, q_values
from qi_equity.equity.contrast import contrast
from qi_equity.equity.verdict import CHANGED, verdicts
from qi_equity.simulation.scenario import GROUPS, MIX
from qi_equity.spc.apart import apart
from qi_equity.spc.paths import leaving
from qi_equity.spc.scan import _bent, scan, series_of
from qi_equity.spc.season import season as season_of

SITES = {"site_a": (100, "city"), "site_b": (72, "town"), "site_c": (90, "city")}
RATES = {
    "pph_1000": (0.06, {"Asian": 1.15, "Black": 2.0, "Mixed": 1.2, "White": 0.9}),
    "risk_assessed": (0.86, {"Asian": 0.97, "Black": 0.96}),
}
YEAR = 52
HIGHEST = 0.98


@dataclass(frozen=True)
class Weeks:
    """How weeks go, with no group changing on its own."""

    weeks: int = 78
    rho: float = 0.0  # correlation of births of one stratum, site and week
    season: bool = False  # 25 % up and down in haemorrhage, 5 % in assessment
    declared: bool = False
    likeness: float = 0.6  # of neighbouring weeks, where they are alike
    by_site: float = 0.0  # standard deviation of the log odds of all strata of a site
    by_stratum: float = 0.0  # that of each stratum
    of_the_log: bool = False  # these are of the logarithm of the rate instead
    step: tuple[int, int, float] | None = None  # site, stratum, times its haemorrhage rate
    at: float = 0.5  # share of the weeks before that step
    drift: bool = False  # haemorrhage down by 30 %, assessment up by a tenth, in everyone
    growth: bool = False  # 50 % more births, 15 points of mix move, 35 % of codes are lost


def alike(rng: np.random.Generator, shape: tuple[int, ...], likeness: float) -> np.ndarray:
    """Standard normal series of which neighbours are alike (autoregression of order 1)."""
    noise = rng.normal(size=shape)
    for week in range(1, shape[-1]):
        fresh = np.sqrt(1 - likeness**2) * noise[..., week]
        noise[..., week] = likeness * noise[..., week - 1] + fresh
    return noise


@dataclass(frozen=True)
class Logged:
    """Counts of many networks: (network, measure, site, stratum, week), totals as the last."""

    events: np.ndarray
    births: np.ndarray

    @property
    def totals(self) -> np.ndarray:
        """Marks every chart of a measure that adds others up."""
        marked = np.zeros(self.births.shape[2:4], dtype=bool)
        marked[-1], marked[:, -1] = True, True
        return marked


def networks_of(rng: np.random.Generator, how: Weeks, many: int) -> Logged:
    """Many networks with their totals."""
    shape = (many, len(SITES), len(GROUPS), how.weeks)
    size = np.array([births for births, _ in SITES.values()], dtype=float)
    mix = np.array([[MIX[place][group] for group in GROUPS] for _, place in SITES.values()])
    at = np.arange(how.weeks) / (how.weeks - 1)
    expected = size[:, None, None] * np.repeat(mix[..., None], how.weeks, axis=-1)
    lost = np.zeros(how.weeks)
    if how.growth:
        moved = 0.15 * at * (np.eye(len(GROUPS))[0] - np.eye(len(GROUPS))[3])[:, None]
        expected = (size[:, None, None] * (mix[..., None] + moved)) * (1 + 0.5 * at)
        lost = 0.35 * at
    births = rng.poisson(expected, shape)
    logged = []
    for level, ratios in RATES.values():
        base = level * np.array([ratios.get(group, 1.0) for group in GROUPS])
        log = np.broadcast_to(np.log(base)[:, None], shape).copy()
        if how.season:
            swing = 0.25 if level < 0.5 else 0.05
            log += np.log1p(swing * np.cos(2 * np.pi * np.arange(how.weeks) / YEAR))
        if how.drift:
            log += np.log(0.7 if level < 0.5 else 1.1) * at
        if how.step and level < 0.5:
            site, stratum, times = how.step
            log[:, site, stratum, round(how.at * how.weeks) :] += np.log(times)
        sway = np.zeros(shape)
        if how.by_site:
            sway += how.by_site * alike(rng, (*shape[:2], 1, how.weeks), how.likeness)
        if how.by_stratum:
            sway += how.by_stratum * alike(rng, shape, how.likeness)
        if how.of_the_log:
            rate = np.minimum(np.exp(log + sway), HIGHEST)
        else:
            rate = expit(logit(np.minimum(np.exp(log), HIGHEST)) + sway)
        if how.rho:
            spread = (1 - how.rho) / how.rho
            rate = rng.beta(rate * spread, (1 - rate) * spread)
        logged.append(_as_logged(rng, rng.binomial(births, rate), births, lost))
    events, people = (np.stack(part, axis=1).astype(float) for part in zip(*logged, strict=True))
    return Logged(_with_totals(events), _with_totals(people))


def _as_logged(
    rng: np.random.Generator, events: np.ndarray, births: np.ndarray, lost: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Some women's ethnicity is not recorded, and they are Unknown."""
    gone = rng.binomial(births, lost)
    went = rng.hypergeometric(events, births - events, gone)
    events, births = events - went, births - gone
    events[:, :, -1] += went.sum(axis=2)
    births[:, :, -1] += gone.sum(axis=2)
    return events, births


def _with_totals(counts: np.ndarray) -> np.ndarray:
    counts = np.concatenate([counts, counts.sum(axis=3, keepdims=True)], axis=3)
    return np.concatenate([counts, counts.sum(axis=2, keepdims=True)], axis=2)


@dataclass(frozen=True)
class Found:
    """p-values of every chart: of its step, and of a step of its own."""

    step: np.ndarray
    own: np.ndarray


def judged(
    log: Logged, *, season: bool = False, totals: bool = False, scattered: bool = True
) -> Found:
    """The evidence of every chart, as frames/evidence.py puts it together; of totals if asked."""
    ends = None if totals else -1
    events, births = (part[:, :, :ends] for part in (log.events, log.births))
    weeks, wholes = events.shape[-1], events.shape[:3]
    strata = (*wholes, events.shape[3] - 1)
    known = np.zeros(events.shape)
    if season:
        year = np.arange(weeks) * 7 / 365.25
        sums = [part[..., -1, :].reshape(-1, weeks) for part in (events, births)]
        taken = np.stack([season_of(y, n, year) for y, n in zip(*sums, strict=True)])
        known = np.broadcast_to(taken.reshape(*wholes, 1, weeks), events.shape)
    scanned, of, seasons = (part[..., :ends, :] for part in (events, births, known))
    charts = np.arange(scanned[..., 0].size).reshape(scanned.shape[:-1])
    place = charts[..., :1] + np.where(np.arange(scanned.shape[-2]) < strata[-1], 0, 1)
    found = scan(scanned, of, season=seasons, scattered=scattered, together=place)
    own, site = (
        tuple(
            np.broadcast_to(part[..., which, :], (*strata, weeks)).reshape(-1, weeks)
            for part in (events, births)
        )
        for which in (slice(None, -1), slice(-1, None))
    )
    many = strata[-1]
    held = apart(
        own, site, found.split[..., :many].ravel(), found.rising[..., :many].ravel(),
        at_most_one=True, together=place[..., :many].ravel(),
    )  # fmt: skip
    p_own = found.p_value.copy()
    p_own[..., :many] = np.fmax(p_own[..., :many], held.p_own.reshape(strata))
    return Found(found.p_value, p_own)


def called_changed(log: Logged) -> np.ndarray:
    """Whether the gap of each stratum to everyone else, at each site and all, is said to change."""
    changed = []
    for counts in zip(log.events, log.births, strict=True):
        own = [part[..., :-1, :] for part in counts]
        others = [part[..., -1:, :] - part[..., :-1, :] for part in counts]
        changed.append(np.isin(verdicts(contrast(*own, *others)).verdict, CHANGED))
    return np.stack(changed)


def lit(p_value: np.ndarray) -> np.ndarray:
    """What is highlighted: a row a network, a family."""
    return np.stack([q_values(row) <= HIGHLIGHT for row in p_value])


PLAIN = Weeks()
ROWS: dict[str, Weeks] = {
    "weeks by chance alone": PLAIN,
    "rho .01": replace(PLAIN, rho=0.01),
    "rho .02": replace(PLAIN, rho=0.02),
    "rho .03": replace(PLAIN, rho=0.03),
    "season": replace(PLAIN, season=True),
    "season, declared": replace(PLAIN, season=True, declared=True, weeks=2 * YEAR),
    "neighbours alike by site": replace(PLAIN, by_site=0.2),
    "neighbours alike by stratum": replace(PLAIN, by_stratum=0.25),
    "neighbours alike by stratum, logs": replace(PLAIN, by_stratum=0.25, of_the_log=True),
    "all groups drift": replace(PLAIN, drift=True),
    "growth, mix and coding": replace(PLAIN, growth=True),
}


# Networks of ten with a highlight that means nothing, at most: one, and two where the weeks of a
# stratum resemble one another, since so slow a swing and a step look alike.
ALIKE = ("neighbours alike by stratum", "neighbours alike by stratum, logs")
MOST_NETWORKS = dict.fromkeys(ALIKE, 0.20)
# Charts of one stratum at one site with p <= .05: as the level says, or a little fewer.
LOW, HIGH = 0.02, 0.07
MOST_LOW = dict.fromkeys(("neighbours alike by site", *ALIKE), 0.10)


def highlights(networks: int) -> Iterator[Figure]:
    """Networks in which no stratum changes on its own: how many have a highlight all the same."""
    for name, how in ROWS.items():
        log = networks_of(np.random.default_rng([20, *name.encode()]), how, networks)
        found = judged(log, season=how.declared, totals=how.declared).own
        own = (found[:, :, ~log.totals] if how.declared else found).reshape(networks, -1)
        most = MOST_NETWORKS.get(name, 0.10)
        any_ = float(lit(own).any(axis=-1).mean())
        yield Figure("A18", f"{name}: networks with any highlight", any_, networks, 0, most)
        low = float((own <= 0.05).mean())
        # Charts of one network are correlated: they count as few.
        many, least = own.size // 4, 0.0 if how.season or how.by_site else LOW
        high = MOST_LOW.get(name, HIGH)
        yield Figure("A18", f"{name}: own charts with p <= .05", low, many, least, high)
        called = called_changed(log)
        cell = f"{name}: gaps called changed"
        yield Figure("A18", cell, float(called.mean()), called.size // 4, 0, 0.075)
        if how.declared:
            total = found[:, :, log.totals].reshape(networks, -1)
            share = float(lit(total).mean())
            yield Figure("A18", f"{name}: totals highlighted", share, total.size // 4, 0, 0.15)


def power(charts: int) -> Iterator[Figure]:
    """What allowing for scatter costs where there is none: steps found beside the exact scan."""
    for name, line in (("p <= .05", lambda p: p <= 0.05), ("q <= .10", _one_in_ten_changed)):
        found = []
        for size in (5, 12, 20, 60):
            for rate in (0.02, 0.05, 0.1, 0.3):
                for factor in (2.0, 0.5):
                    rng = np.random.default_rng([21, size, round(rate * 100), round(factor * 10)])
                    births = rng.poisson(size, (charts, YEAR))
                    late = np.arange(YEAR) >= YEAR // 2
                    now = np.minimum(np.where(late, rate * factor, rate), 0.95)
                    events = rng.binomial(births, now)
                    room, plain = scan(events, births).p_value, plainly(events, births)
                    found.append([line(room).mean(), line(plain).mean()])
        kept, exact = np.mean(found, axis=0)
        cell = f"steps found, {name}, as a share of the exact scan's"
        yield Figure("A19", cell, float(kept / exact), charts * 32, 0.9, 1)


# Stratum, times its haemorrhage rate, and the share of the weeks before that.
PLANTED = [
    (0, 1.6, 0.5), (1, 1.6, 0.5), (3, 1.5, 0.5), (2, 2.2, 0.5), (4, 2.5, 0.5), (1, 0.6, 0.5),
    (1, 1.6, 0.25), (0, 1.8, 0.75), (1, 2.0, 0.85),
]  # fmt: skip


def own_power(networks: int) -> Iterator[Figure]:
    """One group's haemorrhage rate changes: highlighted as its own, beside a plain exact scan."""
    seen = []
    for stratum, times, at in PLANTED:
        rng = np.random.default_rng([19, stratum, round(10 * times), round(100 * at)])
        log = networks_of(rng, replace(PLAIN, step=(0, stratum, times), at=at), networks)
        found = judged(log)
        plain = plainly(*(part[:, :, :-1, :-1] for part in (log.events, log.births)))
        shares = [
            float(lit(p.reshape(networks, -1))[:, stratum].mean())
            for p in (found.own, found.step, plain)
        ]
        seen.append(shares)
        name = f"{GROUPS[stratum]}, {times:g} times as many after {at:.0%} of the weeks"
        cell = f"{name}: highlighted as its own (its step {shares[1]:.2f}, plain exact scan"
        yield Figure("A19", f"{cell} {shares[2]:.2f})", shares[0], networks)
    own, _, plain = np.sum(seen, axis=0)
    cell = "all of these: highlighted as its own, as a share of the plain exact scan's"
    yield Figure("A19", cell, min(float(own / plain), 1.0), networks * len(PLANTED), 0.75)


def plainly(events: np.ndarray, births: np.ndarray) -> np.ndarray:
    """The exact scan of commit 4e81cc5: no scatter, no rest of the site, one bar at every split."""
    y, n = (part.reshape(-1, part.shape[-1]).astype(float) for part in (events, births))
    data = series_of(y, n, 0 * y, True)
    share = np.cumsum(n, axis=-1) / n.sum(axis=-1, keepdims=True)
    looked = np.isfinite(data.sd)
    bend = _bent(np.where(looked, share, 0.5))
    height = np.abs(data.step * bend).max(axis=-1)
    p_value, told = np.ones(len(y)), np.flatnonzero(height > 0)
    line = height[told, np.newaxis] * np.where(looked, data.sd / bend, np.inf)[told]
    p_value[told] = leaving(data.walk[told], line)
    return p_value.reshape(births.shape[:-1])


def _one_in_ten_changed(p_value: np.ndarray) -> np.ndarray:
    """Highlighted beside nine times as many charts in which nothing happens."""
    still = (np.arange(9 * len(p_value)) + 0.5) / (9 * len(p_value))
    return q_values(np.concatenate([p_value, still]))[: len(p_value)] <= 0.10


PLAYS: dict[str, Play] = {
    "A18": (highlights, 1000, 2),
    "A19": (power, 400, 10),
    "A19 own": (own_power, 100, 2),
}
