"""The share whose group is not known, as a series of its own: read off points, true or released."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from qi_equity.frames.chart import Charts, chart
from qi_equity.observations import READINGS
from qi_equity.project import EVERYONE, Measure

BASELINE = pd.DateOffset(months=12)
LEAST_AFTER = pd.DateOffset(months=3)  # with less after it there is nothing to set it against


def unknown_share(points: pd.DataFrame, unknown: Collection[str]) -> pd.DataFrame:
    """Of everyone counted in a subgroup at a site, how many had no known group.

    Columns: site, subgroup, all, unknown.
    """
    keys = ["site", "subgroup"]
    size = of_whom(points)
    counted = points[size.notna()].assign(size=size)
    every = counted[counted["stratum"] == EVERYONE].set_index(keys)["size"]
    without = counted[counted["stratum"].isin(unknown)].groupby(keys)["size"].sum()
    both = pd.DataFrame({"all": every, "unknown": without}).dropna(subset=["all"])
    return both.fillna({"unknown": 0.0}).reset_index() if len(without) else both.iloc[:0]


def of_whom(rows: pd.DataFrame) -> pd.Series:
    """Those counted among; of a measurement, its readings.

    >>> rows = pd.DataFrame({"denominator": [9.0, float("nan")], "readings": [float("nan"), 4.0]})
    >>> of_whom(rows).tolist()
    [9.0, 4.0]
    """
    size: pd.Series = rows["denominator"]
    return size.fillna(rows[READINGS]) if READINGS in rows else size


def unknown_charts(shares: pd.DataFrame, measure: Measure, by: str = "site") -> Charts:
    """The share as a p chart a site (or stratum); by the month where counts are by the week.

    Its lines are of the first year, where there is more: a share that rises later would else lift
    the centre, and the good months before it be marked as an improvement.
    """
    over = shares["subgroup"].min() + BASELINE
    return chart(
        shares,
        kind="p",
        subgroup="subgroup",
        numerator="unknown",
        denominator="all",
        by=[by],
        freeze=over if shares["subgroup"].max() >= over + LEAST_AFTER else None,
        period="month" if measure.subgroup == "week" else None,
        direction="decrease",
        multiply=100,
    )
