"""The share whose group is not known, as a series of its own: read off points, true or released."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from qi_equity.frames.chart import Charts, chart
from qi_equity.project import EVERYONE, Measure


def unknown_share(points: pd.DataFrame, unknown: Collection[str]) -> pd.DataFrame:
    """Of everyone counted in a subgroup at a site, how many had no known group.

    Columns: site, subgroup, all, unknown.
    """
    keys = ["site", "subgroup"]
    counted = points[points["denominator"].notna()]
    every = counted[counted["stratum"] == EVERYONE].set_index(keys)["denominator"]
    without = counted[counted["stratum"].isin(unknown)].groupby(keys)["denominator"].sum()
    both = pd.DataFrame({"all": every, "unknown": without}).dropna(subset=["all"])
    return both.fillna({"unknown": 0.0}).reset_index() if len(without) else both.iloc[:0]


def unknown_charts(shares: pd.DataFrame, measure: Measure, by: str = "site") -> Charts:
    """The share as a p chart a site (or stratum); by the month where counts are by the week."""
    return chart(
        shares,
        kind="p",
        subgroup="subgroup",
        numerator="unknown",
        denominator="all",
        by=[by],
        period="month" if measure.subgroup == "week" else None,
        direction="decrease",
        multiply=100,
    )
