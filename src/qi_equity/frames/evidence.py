"""Many charts at once: one p-value a chart, and how many would stand out by chance alone.

The sums are done in qi_equity.spc; nothing is highlighted on a bare rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qi_equity.chance import q_values
from qi_equity.equity.verdict import CHANGED
from qi_equity.spc.scan import scan

# Highlighted charts of a family: one in ten of them false at most (Benjamini & Hochberg 1995).
HIGHLIGHT = 0.10
LEVEL = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Charts with their evidence, and the count that chance alone would have brought."""

    charts: pd.DataFrame
    family: str
    expected: float
    seen: int
    highlighted: int


def evidence(
    charts: pd.DataFrame,
    points: pd.DataFrame,
    by: list[str],
    *,
    events_per_birth: NDArray[np.bool_] | None = None,
    totals: NDArray[np.bool_] | None = None,
) -> Evidence:
    """The charts with p_scan, p_value, q_value and highlight over the family in view.

    `charts` and `points` are the summary and points of chart(), a row of charts for each `by`
    and phase. Where counts with a denominator were charted the p-value is the exact scan for a
    step; elsewhere it is that of the runs, which stays as p_runs. `events_per_birth` says of each
    chart that a birth has one event at most. `totals` marks charts that add others up: they are a
    family of their own, since they say nothing that is not in the charts they add up.
    """
    charts = charts.reset_index(drop=True).rename(columns={"p_value": "p_runs"})
    keys = [*by, "phase"]
    counted = points[points["denominator"].notna() & points["numerator"].notna()]
    if "excluded" in counted:
        counted = counted[~counted["excluded"].astype(bool)]
    place = counted.groupby(keys, sort=False).cumcount()
    wide = (
        counted.assign(place=place)
        .set_index([*keys, "place"])[["numerator", "denominator"]]
        .unstack("place")
    )
    rows = wide.index.get_indexer(pd.MultiIndex.from_frame(charts[keys]))
    charts["p_scan"] = np.nan
    single = np.ones(len(charts), bool) if events_per_birth is None else events_per_birth
    for at_most_one in (True, False):
        chosen = np.flatnonzero((rows >= 0) & (single == at_most_one))
        if chosen.size:
            found = scan(
                wide["numerator"].to_numpy()[rows[chosen]],
                wide["denominator"].to_numpy()[rows[chosen]],
                at_most_one=at_most_one,
            )
            charts.loc[chosen, "p_scan"] = found.p_value
    charts["p_value"] = charts["p_scan"].fillna(charts["p_runs"])
    total = np.zeros(len(charts), bool) if totals is None else totals
    charts["q_value"] = np.nan
    for family in (total, ~total):
        charts.loc[family, "q_value"] = q_values(charts.loc[family, "p_value"].to_numpy(float))
    charts["highlight"] = charts["q_value"] <= HIGHLIGHT
    own = charts[~total]
    judged = int(own["p_value"].notna().sum())
    return Evidence(
        charts,
        family=f"{judged} charts of single strata",
        expected=LEVEL * judged,
        seen=int((own["p_value"] <= LEVEL).sum()),
        highlighted=int(own["highlight"].sum()),
    )


def in_family(gaps: pd.DataFrame, *, totals: pd.Series, declared: pd.Series) -> pd.DataFrame:
    """The gaps with q_trend over the family in view, and whether each change stands out.

    A contrast declared before looking is judged by itself. Totals over sites are a family of
    their own.
    """
    if "p_trend" not in gaps:
        return gaps.assign(verdict="", highlight=False)
    gaps = gaps.assign(q_trend=np.nan, declared=declared, verdict=gaps["verdict"].fillna(""))
    for family in (totals & ~declared, ~totals & ~declared):
        gaps.loc[family, "q_trend"] = q_values(gaps.loc[family, "p_trend"].to_numpy(float))
    changed = gaps["verdict"].isin(CHANGED)
    return gaps.assign(highlight=changed & (declared | (gaps["q_trend"] <= HIGHLIGHT)))
