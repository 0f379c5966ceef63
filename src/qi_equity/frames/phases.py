"""Where drawn charts would take a new centre line, as a table; none is ever taken by itself."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from qi_equity.errors import DataErrors
from qi_equity.frames.chart import Charts
from qi_equity.spc.rephase import FIRST, LENGTH, sustained_runs


def suggest_phases(
    charts: Charts,
    *,
    first: int = FIRST,
    length: int = LENGTH,
    side: Literal["above", "below", "both"] = "both",
) -> pd.DataFrame:
    """After each sustained run on one side of the median in force: the subgroup it began at.

    Returns a row a suggestion: by..., subgroup (where the phase would begin), until (the last
    subgroup of the run) and median (of the run). The first median is that of the ``first`` points,
    and a run is sustained from ``length`` points on. Nothing moves a centre line by itself: give
    the subgroups a team accepts to ``chart(phases=...)``. Raises DataErrors if given no charts.

    >>> from qi_equity import chart
    >>> log = pd.DataFrame({"week": range(1, 12), "minutes": [3, 5, 4, 6, 5, 8, 9, 8, 7, 9, 8]})
    >>> drawn = chart(log, kind="run", subgroup="week", value="minutes")
    >>> suggest_phases(drawn, first=5, length=4)
       subgroup  until  median
    0         6      9     8.0
    """
    if not isinstance(charts, Charts):
        raise DataErrors(
            ["suggest_phases takes what chart() returned, and not the data themselves"]
        )
    keys = list(charts.points.columns[: charts.points.columns.get_loc("subgroup")])
    points = charts.points.sort_values([*keys, "subgroup"], kind="stable")
    parts = points.groupby(keys, sort=True, dropna=False) if keys else [((), points)]
    rows = []
    for key, mine in parts:
        shown = mine["value"].where(~mine["excluded"].astype(bool)).to_numpy(float)
        found = sustained_runs(shown[None], first, length, side)
        at = mine["subgroup"].to_numpy()
        for begin, end, median in zip(
            found.start[0, 1:], found.end[0, 1:], found.median[0, 1:], strict=True
        ):
            if begin >= 0:
                rows.append((*key, at[begin], at[end], median))
    return pd.DataFrame(rows, columns=[*keys, "subgroup", "until", "median"])
