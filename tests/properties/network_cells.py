"""Simulated networks whose truth is known, judged along the path that `analyse` takes.

Three sites and all of them, six strata, two measures; in every row of the table but those of power
no stratum changes on its own. The tests play few networks; `benchmarks/trust.py` plays them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from measured import Figure, Play
from scipy.special import expit, logit

from qi_equity.chance import q_values
from qi_equity.frames.chart import chart
from qi_equity.frames.evidence import Evidence, evidence
from qi_equity.observations import SERIES_KEY, with_totals
from qi_equity.project import ALL_SITES, EVERYONE
from qi_equity.simulation.scenario import GROUPS, MIX
from qi_equity.spc.scan import scan

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
    by_site: float = 0.0  # standard deviation of the log odds of all strata of a site
    by_stratum: float = 0.0  # that of each stratum
    of_the_log: bool = False  # these are of the logarithm of the rate instead
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
        sway = np.zeros(shape)
        if how.by_site:
            sway += how.by_site * alike(rng, shape[::2], how.likeness)[:, None]
        if how.by_stratum:
            sway += how.by_stratum * alike(rng, shape, how.likeness)
        if how.of_the_log:
            rate = np.minimum(np.exp(log + sway), HIGHEST)
        else:
            rate = expit(logit(np.minimum(np.exp(log), HIGHEST)) + sway)
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
        rng = np.random.default_rng([20, *name.encode()])
        tables = [judged(network(rng, how), season=how.declared).charts for _ in range(networks)]
        owns = [table[~_totals(table)] for table in tables]
        lit = float(np.mean([table["highlight"].any() for table in owns]))
        most = MOST_NETWORKS.get(name, 0.10)
        yield Figure("A18", f"{name}: networks with any highlight", lit, networks, 0, most)
        own = pd.concat(owns)
        low = float((own["p_own"] <= 0.05).mean())
        # Charts of one network are correlated: they count as few.
        many, least = len(own) // 4, 0.0 if how.season or how.by_site else LOW
        high = MOST_LOW.get(name, HIGH)
        yield Figure("A18", f"{name}: own charts with p <= .05", low, many, least, high)
        if how.declared:
            total = pd.concat([table[_totals(table)] for table in tables])
            share = float(total["highlight"].mean())
            yield Figure("A18", f"{name}: totals highlighted", share, len(total) // 4, 0, 0.15)


def _totals(charts: pd.DataFrame) -> pd.Series:
    return charts["stratum"].eq(EVERYONE) | charts["site"].eq(ALL_SITES)


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
                    found.append(
                        [
                            line(scan(events, births, scattered=scattered).p_value).mean()
                            for scattered in (True, False)
                        ]
                    )
        kept, exact = np.mean(found, axis=0)
        cell = f"steps found, {name}, as a share of the exact scan's"
        yield Figure("A19", cell, float(kept / exact), charts * 32, 0.9, 1)


def own_power(networks: int) -> Iterator[Figure]:
    """What being held against the rest of the site costs: one group's haemorrhage rate changes."""
    late = np.arange(78) >= 39
    for stratum, times in ((0, 1.6), (1, 1.6), (3, 1.5), (2, 2.2), (1, 0.6)):
        rng = np.random.default_rng([19, stratum, round(10 * times)])
        found = []
        for _ in range(networks):
            table = network(rng, PLAIN)
            moved = (table["site"] == "site_a") & (table["stratum"] == GROUPS[stratum])
            moved &= table["measure"] == "pph_1000"
            rate = RATES["pph_1000"][0] * RATES["pph_1000"][1].get(GROUPS[stratum], 1.0)
            births = table.loc[moved, "denominator"].to_numpy(int)
            table.loc[moved, "numerator"] = rng.binomial(births, np.where(late, rate * times, rate))
            charts = judged(table).charts
            own = charts[~_totals(charts)]
            wide = table.pivot_table(index=SERIES_KEY, columns="subgroup")
            exact = q_values(scan(wide["numerator"], wide["denominator"], scattered=False).p_value)[
                wide.index.get_loc(("pph_1000", "site_a", GROUPS[stratum]))
            ]
            chart = own.set_index(SERIES_KEY).loc[("pph_1000", "site_a", GROUPS[stratum])]
            found.append((chart["highlight"], chart["p_value"] <= 0.05, exact <= 0.10))
        own_, step, exact_ = np.mean(np.array(found, dtype=float), axis=0)
        name = f"{GROUPS[stratum]}, times {times:g}"
        cell = f"{name}: highlighted as its own (exact scan alone: {exact_:.2f})"
        yield Figure("A19", cell, float(own_), networks)
        yield Figure("A19", f"{name}: its step has p <= .05", float(step), networks)


def _one_in_ten_changed(p_value: np.ndarray) -> np.ndarray:
    """Highlighted beside nine times as many charts in which nothing happens."""
    still = (np.arange(9 * len(p_value)) + 0.5) / (9 * len(p_value))
    return q_values(np.concatenate([p_value, still]))[: len(p_value)] <= 0.10


PLAYS: dict[str, Play] = {
    "A18": (highlights, 200, 2),
    "A19": (power, 400, 10),
    "A19 own": (own_power, 100, 2),
}
