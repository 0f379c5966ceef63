"""Measures whose counts are those of others added up, such as all elements of a bundle of care."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from qi_equity.observations import KEY, UNKNOWN, UNREAD
from qi_equity.project import Project
from qi_equity.sources.account import Imported

ADDED = ("numerator", "denominator", UNKNOWN, UNREAD)


def added_up(project: Project, imported: Imported) -> Imported:
    """The same with a row for each sum that the project declares and the source did not hold."""
    table = imported.observations
    there = set(table["measure"].unique())
    sums = [measure for measure in project.measures if measure.sum_of and measure.id not in there]
    parts = [_sum(table, measure.id, measure.sum_of) for measure in sums]
    if not any(len(part) for part in parts):
        return imported
    whole = pd.concat([table, *parts], ignore_index=True)
    return replace(imported, observations=whole.sort_values(KEY, ignore_index=True))


def _sum(table: pd.DataFrame, name: str, parts: tuple[str, ...]) -> pd.DataFrame:
    own = table[table["measure"].isin(parts)].assign(measure=name)
    added = [column for column in ADDED if column in own]
    sums = own.groupby(list(KEY), as_index=False)[added].sum(min_count=1)
    return sums.assign(value=float("nan"))
