"""Blank counts in a column without a 0: some teams leave the cell empty, or dash it, for none.

Taken for not known, the weeks without an event would be lost, most of all of small groups, whose
rates would then seem high. Taken for none, a week that nobody counted would. The file's owner says.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from qi_equity.project import Measure, Project, TableSource
from qi_equity.sources.cells import Cell

# So seldom has a column of counts no 0 by chance that its blanks are asked about.
SELDOM = 0.05
SIGNS = ("", "-", "–", "—")  # that may stand for none, and for not known
WHY = (
    "'numerator' is {sign}, and no 0 stands in its column where about {zeros:,.0f} are likely: say "
    "below data what that is: tokens: {{'{token}': zero}} if there was none, else missing or "
    "suppressed"
)


def doubted(project: Project, source: TableSource, table: pd.DataFrame) -> pd.Series:
    """Why a blank numerator is refused that may well mean none; None elsewhere."""
    reasons = pd.Series(None, index=table.index, dtype=object)
    open_ = [sign for sign in SIGNS if sign not in source.tokens]
    for measure in project.measures:
        mine = table[table["measure"] == measure.id]
        signs = mine["numerator_cell"].map(_sign)
        blank = signs.isin(open_)
        events = mine["numerator"].dropna()
        if (
            measure.data == "continuous"
            or not blank.any()
            or not events.any()
            or events.eq(0).any()
        ):
            continue
        none = _none(measure, mine)
        known = none[events.index].fillna(0.0)
        if np.prod(1 - known) < SELDOM:
            zeros = none[blank].sum() + known.sum()
            for sign in signs[blank].unique():
                said = f"'{sign}'" if sign else "blank"
                told = WHY.format(sign=said, token=sign, zeros=zeros)
                reasons[mine.index[signs == sign]] = told
    return reasons


def _sign(cell: object) -> str | None:
    """What stands in place of a count, as it is written; None where a count stands."""
    return cell.said if isinstance(cell, Cell) and cell.state == "missing" else None


def _none(measure: Measure, rows: pd.DataFrame) -> pd.Series:
    """How likely each row has no event at all, were it as those whose number is known."""
    known = rows[rows["numerator"].notna()]
    if measure.data == "count":
        return pd.Series(np.exp(-known["numerator"].mean()), index=rows.index)
    known = known[known["denominator"] > 0]
    if known.empty:
        return pd.Series(0.0, index=rows.index)
    rate = max(0.0, float(known["numerator"].sum() / known["denominator"].sum()))
    of = rows["denominator"].to_numpy(float)
    none = max(0.0, 1 - rate) ** of if measure.data == "proportion" else np.exp(-rate * of)
    return pd.Series(none, index=rows.index)
