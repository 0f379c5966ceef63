"""Simulated networks whose truth is known, judged along the path that `analyse` takes.

Three sites and all of them, six strata, two measures; in every row of the table but those of power
no stratum changes on its own. The tests play few networks; `benchmarks/trust.py` plays them all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from qi_equity.frames.chart import chart
from qi_equity.frames.evidence import Evidence, evidence
from qi_equity.observations import SERIES_KEY, with_totals
from qi_equity.project import ALL_SITES, EVERYONE
from qi_equity.simulation.scenario import GROUPS, MIX

SITES = {"site_a": (100, "city"), "site_b": (72, "town"), "site_c": (90, "city")}
RATES = {
    "pph_1000": (0.06, {"Asian": 1.15, "Black": 2.0, "Mixed": 1.2, "White": 0.9}),
    "risk_assessed": (0.86, {"Asian": 0.97, "Black": 0.96}),
}
START = pd.Timestamp(2023, 1, 2)
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
    by_site: float = 0.0  # standard deviation of the log rate of all strata of a site
    by_stratum: float = 0.0  # that of each stratum
    drift: bool = False  # haemorrhage down by 30 %, assessment up by a tenth, in everyone
    growth: bool = False  # 50 % more births, 15 points of mix move, 35 % of codes are lost


def alike(rng: np.random.Generator, shape: tuple[int, ...], likeness: float) -> np.ndarray:
    """Standard normal series of which neighbours are alike (autoregression of order 1)."""
    noise = rng.normal(size=shape)
    for week in range(1, shape[-1]):
        fresh = np.sqrt(1 - likeness**2) * noise[..., week]
        noise[..., week] = likeness * noise[..., week - 1] + fresh
    return noise


def network(rng: np.random.Generator, how: Weeks) -> pd.DataFrame:
    """One network as a table of observations."""
    shape = (len(SITES), len(GROUPS), how.weeks)
    size = np.array([births for births, _ in SITES.values()], dtype=float)
    mix = np.array([[MIX[place][group] for group in GROUPS] for _, place in SITES.values()])
    at = np.arange(how.weeks) / (how.weeks - 1)
    expected = size[:, None, None] * np.repeat(mix[..., None], how.weeks, axis=-1)
    lost = np.zeros(how.weeks)
    if how.growth:
        moved = 0.15 * at * (np.eye(len(GROUPS))[0] - np.eye(len(GROUPS))[3])[:, None]
        expected = (size[:, None, None] * (mix[..., None] + moved)) * (1 + 0.5 * at)
        lost = 0.35 * at
    births = rng.poisson(expected)
    tables = []
    for measure, (level, ratios) in RATES.items():
        base = level * np.array([ratios.get(group, 1.0) for group in GROUPS])
        log = np.broadcast_to(np.log(base)[:, None], shape).copy()
        if how.season:
            swing = 0.25 if level < 0.5 else 0.05
            log += np.log1p(swing * np.cos(2 * np.pi * np.arange(how.weeks) / YEAR))
        if how.drift:
            log += np.log(0.7 if level < 0.5 else 1.1) * at
        if how.by_site:
            log += how.by_site * alike(rng, shape[::2], how.likeness)[:, None]
        if how.by_stratum:
            log += how.by_stratum * alike(rng, shape, how.likeness)
        rate = np.minimum(np.exp(log), HIGHEST)
        if how.rho:
            spread = (1 - how.rho) / how.rho
            rate = rng.beta(rate * spread, (1 - rate) * spread)
        events = rng.binomial(births, rate)
        tables.append(_table(rng, measure, events, births, lost))
    return pd.concat(tables, ignore_index=True)


def _table(
    rng: np.random.Generator,
    measure: str,
    events: np.ndarray,
    births: np.ndarray,
    lost: np.ndarray,
) -> pd.DataFrame:
    """The counts as logged: some women's ethnicity is not recorded, and they are Unknown."""
    gone = rng.binomial(births, lost)
    went = rng.hypergeometric(events, births - events, gone)
    events, births = events - went, births - gone
    events[:, -1] += went.sum(axis=1)
    births[:, -1] += gone.sum(axis=1)
    weeks = pd.date_range(START, periods=births.shape[-1], freq="7D")
    index = pd.MultiIndex.from_product([[measure], SITES, GROUPS, weeks])
    table = index.to_frame(index=False, name=[*SERIES_KEY, "subgroup"])
    return table.assign(numerator=events.ravel().astype(float), denominator=births.ravel() * 1.0)


def judged(table: pd.DataFrame, *, season: bool = False) -> Evidence:
    """The charts with their evidence, as `analyse` has them made."""
    table = with_totals(table.assign(value=np.nan), "stratum", EVERYONE)
    table = with_totals(table, "site", ALL_SITES)
    drawn = chart(
        table, kind="p", subgroup="subgroup", numerator="numerator", denominator="denominator",
        by=SERIES_KEY, period="week",
    )  # fmt: skip
    charts = drawn.summary.reset_index(drop=True)
    single = charts["stratum"].ne(EVERYONE)
    place = pd.MultiIndex.from_frame(charts[SERIES_KEY])
    whole = place.get_indexer(pd.MultiIndex.from_frame(charts[SERIES_KEY].assign(stratum=EVERYONE)))
    return evidence(
        charts,
        drawn.points,
        SERIES_KEY,
        totals=(~single | charts["site"].eq(ALL_SITES)).to_numpy(bool),
        whole=np.where(single, whole, -1),
        season=np.full(len(charts), season),
    )


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
    "all groups drift": replace(PLAIN, drift=True),
    "growth, mix and coding": replace(PLAIN, growth=True),
}


@dataclass
class Tally:
    """What came of the networks of one row."""

    own: int = 0
    any_own: int = 0
    low: int = 0
    low_rate: int = 0
    charts: int = 0
    networks: int = 0
    totals: int = 0
    total_lit: int = 0
    shared: int = 0
    expected: float = 0.0

    def add(self, found: Evidence) -> None:
        charts = found.charts
        total = charts["stratum"].eq(EVERYONE) | charts["site"].eq(ALL_SITES)
        own = charts[~total]
        self.own += int(own["highlight"].sum())
        self.any_own += bool(own["highlight"].any())
        self.low += int((own["p_own"] <= 0.05).sum())
        self.low_rate += int((own["p_value"] <= 0.05).sum())
        self.shared += int(own["shared"].eq("shared").sum())
        self.charts += len(own)
        self.totals += int(total.sum())
        self.total_lit += int(charts.loc[total, "highlight"].sum())
        self.networks += 1
        self.expected += found.expected


def tally(name: str, how: Weeks, networks: int, seed: int = 20) -> Tally:
    rng = np.random.default_rng([seed, *name.encode()])
    seen = Tally()
    for _ in range(networks):
        seen.add(judged(network(rng, how), season=how.declared))
    return seen
