"""Counts that add up all since a first day, and so hold those before them again: refused."""

from __future__ import annotations

import pandas as pd

from qi_equity.observations import COUNTS
from qi_equity.sources.labels import texts

STEPS = 16  # from one date to the next, over all strata: so many by chance never go one way
MOSTLY = 0.8  # of those steps go up; births of a small group may stay as they are
ANEW = 0.125  # of dates at most may begin again at once in all strata, as each April does
WHY = (
    "the counts never fall from one date to the next in any group, as if each added up all before "
    "it: give the count of each date by itself"
)


def added_up(table: pd.DataFrame) -> pd.Series:
    """Why rows are refused whose counts are running totals; None elsewhere."""
    reasons = pd.Series(None, index=table.index, dtype=object)
    for _, rows in table.dropna(subset=[*COUNTS, "day"]).groupby(["measure", "site"]):
        if _is_running(rows):
            reasons[rows.index] = WHY
    return reasons


def _is_running(rows: pd.DataFrame) -> bool:
    in_order = rows.sort_values("day", kind="stable")
    each = in_order.groupby(["stratum", texts(in_order["stratum_cell"])], sort=False)
    steps = each[list(COUNTS)].diff().dropna()
    dates = in_order.loc[steps.index, "day"]
    anew = steps["denominator"].lt(0).groupby(dates).all()
    steps = steps[~dates.map(anew).astype(bool)]
    never_falls = bool(steps.ge(0).all(axis=None)) and bool(steps["numerator"].gt(0).any())
    rises = steps["denominator"].gt(0).mean()
    return len(steps) >= STEPS and never_falls and rises >= MOSTLY and anew.mean() <= ANEW
