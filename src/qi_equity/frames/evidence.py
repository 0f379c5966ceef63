"""Many charts at once: one p-value a chart, and how many would stand out by chance alone.

The sums are done in qi_equity.spc; nothing is highlighted on a bare rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.chance import HIGHLIGHT, LEVEL, q_values
from qi_equity.equity.verdict import CHANGED
from qi_equity.factorize import factorize
from qi_equity.spc.apart import apart
from qi_equity.spc.attainable import attained_by_runs, attained_by_scan
from qi_equity.spc.scan import scan
from qi_equity.spc.season import season as season_of

# Whose change it is: the chart's alone, or one that the rest of the site shares.
OWN, SHARED = "own", "shared"
# What became of a declared season. In one year it cannot be told from a change: two years of
# weeks have 103 weeks between first and last, of months 23 months, of quarters 7 quarters.
TAKEN_OUT, TOO_SHORT = "taken out", "too short"
TWO_YEARS = 1.74
DAYS_A_YEAR = 365.25


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Charts with their evidence, and the count that chance alone would have brought."""

    charts: pd.DataFrame
    judged: int
    expected: float
    seen: int
    highlighted: int


def evidence(
    charts: pd.DataFrame,
    points: pd.DataFrame,
    by: list[str],
    *,
    events_per_birth: BoolArray | None = None,
    totals: BoolArray | None = None,
    whole: IntArray | None = None,
    season: BoolArray | None = None,
) -> Evidence:
    """The charts with their evidence of a change, and which stand out over the family in view.

    What `weighed` and `among` do, one after the other.
    """
    found = weighed(
        charts, points, by, events_per_birth=events_per_birth, whole=whole, season=season
    )
    return among(found, totals=np.zeros(len(charts), bool) if totals is None else totals)


def weighed(
    charts: pd.DataFrame,
    points: pd.DataFrame,
    by: list[str],
    *,
    events_per_birth: BoolArray | None = None,
    whole: IntArray | None = None,
    season: BoolArray | None = None,
    row: IntArray | None = None,
) -> pd.DataFrame:
    """The charts, each with its own evidence of a change; no other site's charts matter to it.

    `charts` and `points` are the summary and points of chart(), a row of charts for each `by`
    and phase. Arrays hold one value a chart: `events_per_birth` says that a birth has one event
    at most; `whole` is the place of the chart that adds up this one and the rest of its site, -1
    where there is none; `season` marks charts whose measure has a season, to be fitted on the
    whole and taken out. `row` is the chart of each point, where that is known already (rows_of).

    Columns put on: `p_scan` (counts: a step in the chart's rate), `p_runs` (its runs), `p_value`
    (the scan's, else that of the runs), `p_apart` and `p_rest` (against the rest of the site, and
    of that rest), `p_own` (a change that the rest of the site does not share), `split` and
    `rising` (the step), `scatter` (times the variance of chance allowed for), `season` ("taken
    out", "too short" or "") and `attainable` (the level at most 0.05 that the test attains).
    """
    many = len(charts)
    charts = charts.reset_index(drop=True).rename(columns={"p_value": "p_runs"})
    parts = _Judged(
        *_counts(charts, points, rows_of(charts, points, [*by, "phase"]) if row is None else row),
        np.ones(many, bool) if events_per_birth is None else events_per_birth,
        np.full(many, -1) if whole is None else whole,
        np.zeros(many, bool) if season is None else season,
    )
    found, p_runs = _scanned(parts), charts["p_runs"].to_numpy(float)
    p_value = np.where(np.isnan(found["p_scan"]), p_runs, found["p_scan"])
    return charts.assign(
        **found,
        p_value=p_value,
        # A change of its own: the rate moved, and not only as that of the rest did.
        p_own=np.fmax(p_value, found["p_apart"]),
        attainable=_attainable(found["p_scan"], p_runs, charts["useful"], parts),
    )


def among(charts: pd.DataFrame, *, totals: BoolArray) -> Evidence:
    """Weighed charts with what stands out among all of them.

    `totals` marks charts that add others up, a family of their own, since they say nothing that
    is not in the charts they add up. Columns put on: `q_value` (of p_own), `highlight`
    (and `emerging`, the same) and `shared` ("own", "shared" or "").
    """
    p_value, p_own, p_apart, p_rest = (
        charts[name].to_numpy(float) for name in ("p_value", "p_own", "p_apart", "p_rest")
    )
    q_scan, q_value = _by_family(p_value, totals), _by_family(p_own, totals)
    lit = q_value <= HIGHLIGHT
    alike = (q_scan <= HIGHLIGHT) & (p_apart > LEVEL) & (p_rest <= LEVEL)
    told = np.where(lit & np.isfinite(p_apart), OWN, np.where(alike, SHARED, ""))
    own = ~totals
    return Evidence(
        # One beside the other: a column is put where it is first named.
        charts.assign(q_value=q_value, emerging=lit, highlight=lit, shared=told),
        judged=int(np.isfinite(p_value[own]).sum()),
        expected=float(charts["attainable"][own].sum()),
        seen=int((p_own[own] <= LEVEL).sum()),
        highlighted=int(lit[own].sum()),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """Counts of every chart side by side, and what is declared of each chart."""

    numerator: FloatArray
    denominator: FloatArray
    year: FloatArray
    single: BoolArray
    whole: IntArray
    seasonal: BoolArray


def rows_of(charts: pd.DataFrame, points: pd.DataFrame, keys: list[str]) -> IntArray:
    """The place among the charts of the chart of each point; -1 where there is none."""
    # Points of a chart stand together as a rule: each stretch of them is looked up once.
    each = [factorize(points[name], sort=False)[0] for name in keys]
    begins = np.ones(len(points), bool)
    begins[1:] = np.any([one[1:] != one[:-1] for one in each], axis=0)
    first, stretch = np.flatnonzero(begins), np.cumsum(begins) - 1
    # ... and not even once where the charts are those of the stretches, in their order.
    if len(first) == len(charts) and all(
        bool((points[name].array.take(first) == charts[name].array).all()) for name in keys
    ):
        return stretch
    place = pd.MultiIndex.from_frame(charts[keys])
    found = place.get_indexer(pd.MultiIndex.from_frame(points[keys].take(first)))
    return np.asarray(found[stretch], dtype=np.int64)


def _counts(
    charts: pd.DataFrame, points: pd.DataFrame, row: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Numerators and denominators, a row a chart and a column a subgroup, and the year of each.

    A chart without counts is a row of nan; so is the time where subgroups are no dates.
    """
    told = (points["denominator"].notna() & points["numerator"].notna()).to_numpy(bool)
    if "excluded" in points:
        told = told & ~points["excluded"].to_numpy(bool)
    rows, counted = row[told], points[["subgroup", "numerator", "denominator"]][told]
    column, subgroups = pd.factorize(counted["subgroup"], sort=True)
    numerator, denominator = np.full((2, len(charts), len(subgroups)), np.nan)
    numerator[rows, column] = counted["numerator"]
    denominator[rows, column] = counted["denominator"]
    year = np.full(len(subgroups), np.nan)
    if isinstance(subgroups, pd.DatetimeIndex):
        days = subgroups.to_numpy("datetime64[D]").astype(np.int64)
        year = days / DAYS_A_YEAR
    return numerator, denominator, year


def _scanned(parts: _Judged) -> dict[str, NDArray[Any]]:
    """What the scan says of every chart, and what is left of it against the rest of the site."""
    many = len(parts.single)
    effect, word = _seasons(parts)
    number = {name: np.full(many, np.nan) for name in ("p_scan", "scatter", "p_apart", "p_rest")}
    split, rising = np.full(many, -1), np.zeros(many, bool)
    counted = np.isfinite(parts.numerator).any(axis=-1)
    # Strata of one site tell each other how much weeks scatter; a total needs nobody to tell it.
    site = np.where(parts.whole >= 0, parts.whole, -1 - np.arange(many))
    for at_most_one in (True, False):
        rows = np.flatnonzero(counted & (parts.single == at_most_one))
        if not rows.size:
            continue
        y, n = parts.numerator, parts.denominator
        found = scan(
            y[rows], n[rows], at_most_one=at_most_one, season=effect[rows], together=site[rows]
        )
        number["p_scan"][rows], number["scatter"][rows] = found.p_value, found.scatter
        split[rows], rising[rows] = found.split, found.rising
        rows = rows[parts.whole[rows] >= 0]
        if not rows.size:
            continue
        held = apart(
            (y[rows], n[rows]),
            (y[parts.whole[rows]], n[parts.whole[rows]]),
            split[rows],
            rising[rows],
            at_most_one=at_most_one,
            together=parts.whole[rows],
        )
        number["p_apart"][rows], number["p_rest"][rows] = held.p_own, held.p_rest
    return {**number, "split": split, "rising": rising, "season": word}


def _seasons(parts: _Judged) -> tuple[FloatArray, NDArray[np.str_]]:
    """Each chart's season as log odds a subgroup, and what became of it in words."""
    effect = np.zeros_like(parts.numerator)
    word = np.full(len(effect), "", dtype="<U9")
    source = np.where(parts.whole >= 0, parts.whole, np.arange(len(effect)))
    for one in np.unique(source[parts.seasonal]):
        rows = np.flatnonzero(parts.seasonal & (source == one))
        at = np.flatnonzero(np.isfinite(parts.numerator[one]) & np.isfinite(parts.year))
        span = np.ptp(parts.year[at]) if at.size else 0.0
        word[rows] = TAKEN_OUT if span >= TWO_YEARS else TOO_SHORT
        if span >= TWO_YEARS:
            y, n = parts.numerator[one, at], parts.denominator[one, at]
            effect[np.ix_(rows, at)] = season_of(
                y, n, parts.year[at], at_most_one=bool(parts.single[one])
            )
    return effect, word


def _attainable(
    p_scan: FloatArray, p_runs: FloatArray, useful: pd.Series, parts: _Judged
) -> FloatArray:
    """The level each chart's test attains; 0 where it is judged by nothing."""
    level = np.zeros(len(p_scan))
    scanned = np.isfinite(p_scan)
    for at_most_one in (True, False):
        rows = np.flatnonzero(scanned & (parts.single == at_most_one))
        level[rows] = attained_by_scan(
            parts.numerator[rows], parts.denominator[rows], LEVEL, at_most_one=at_most_one
        )
    by_runs = ~scanned & np.isfinite(p_runs)
    if by_runs.any():
        level[by_runs] = [attained_by_runs(int(points), LEVEL) for points in useful[by_runs]]
    return level


def _by_family(p_value: FloatArray, total: BoolArray) -> FloatArray:
    q = np.full(len(p_value), np.nan)
    for family in (total, ~total):
        q[family] = q_values(p_value[family])
    return q


def in_family(gaps: pd.DataFrame, *, totals: pd.Series, declared: pd.Series) -> pd.DataFrame:
    """The gaps with q-values over the family in view, and whether each change stands out.

    A contrast declared before looking is judged by itself. Totals over sites are a family of
    their own.
    """
    if "p_trend" not in gaps:
        return gaps.assign(verdict="", highlight=False)
    total, alone = totals.to_numpy(bool), declared.to_numpy(bool)
    q = {name: np.full(len(gaps), np.nan) for name in ("trend", "scan")}
    for name, column in q.items():
        p_value = gaps[f"p_{name}"].to_numpy(float)
        for family in (total & ~alone, ~total & ~alone):
            column[family] = q_values(p_value[family])
    verdict = gaps["verdict"].fillna("")
    changed = verdict.isin(CHANGED).to_numpy(bool)
    return gaps.assign(
        q_trend=q["trend"],
        q_scan=q["scan"],
        declared=declared,
        verdict=verdict,
        highlight=changed & (alone | (q["trend"] <= HIGHLIGHT)),
    )
