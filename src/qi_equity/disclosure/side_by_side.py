"""Two dimensions released beside one another: the cells that both are sums of; none is released.

A small count of one dimension may be got at through the other. So both are told of one set of
cells, and `twins` looks for other counts of these, that leave every number of either as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from qi_equity.arrays import FloatArray
from qi_equity.disclosure.relations import Relation
from qi_equity.disclosure.release import COUNTS, Cells, Count, Grid, Release
from qi_equity.disclosure.twins import Secured, secured
from qi_equity.strata import sides_of


def with_cells(grid: Grid, observations: pd.DataFrame, side: int) -> Grid:
    """A grid of one dimension's strata with the cells they are sums of.

    A count without a denominator has none: where a cell of it was not logged, the two dimensions
    have different totals, and no one set of cells holds them together.
    """
    if grid.denominator is None:
        return grid
    rows = observations[observations["measure"] == grid.measure.id]
    rows = rows[rows["site"].isin(grid.sites)].dropna(subset=list(COUNTS))
    names = tuple(dict.fromkeys(rows["stratum"]))
    pairs = [sides_of(name) or (name, name) for name in names]
    at = (
        pd.Index(grid.sites[:-1]).get_indexer(pd.Index(rows["site"])),
        pd.Index(names).get_indexer(pd.Index(rows["stratum"])),
        grid.subgroups.get_indexer(pd.DatetimeIndex(rows["subgroup"])),
    )

    def placed(count: Count) -> FloatArray:
        held = np.full((len(grid.sites) - 1, len(names), len(grid.subgroups)), np.nan)
        held[at] = rows[count].to_numpy(float)
        return held

    home = np.array([grid.strata.index(pair[side]) for pair in pairs], np.int64)
    return replace(grid, cells=Cells(names, home, placed("numerator"), placed("denominator")))


def secured_sides(
    first: Sequence[Release],
    second: Sequence[Release],
    earlier: Sequence[Sequence[Release]] = (),
    told: Iterable[Relation] = (),
) -> tuple[list[Release], list[Release], tuple[Relation, ...]]:
    """Both dimensions' releases, in the order of their measures, told less of until all is safe.

    What has no cells is released for the first dimension only.
    """
    held = [each for side in (first, second) for each in side if each.grid.cells is not None]
    alone = [each for each in first if each.grid.cells is None]
    before = [[one for one in group if one.grid.cells is not None] for group in earlier]
    safe = secured(held, before, told)
    first_alone = secured(alone, [_alone(group, first) for group in earlier], told)
    found = iter(safe.releases)
    made = [
        [each if each.grid.cells is None else next(found) for each in side]
        for side in (first, second)
    ]
    rest = iter(first_alone.releases)
    one = [next(rest) if each.grid.cells is None else each for each in made[0]]
    two = [_withheld(each) if each.grid.cells is None else each for each in made[1]]
    return one, two, _both(safe, first_alone)


def _alone(group: Sequence[Release], first: Sequence[Release]) -> list[Release]:
    """Of an earlier release, what has no cells, of the first dimension."""
    name = first[0].grid.reading.project.id if first else ""
    return [one for one in group if one.grid.cells is None and one.grid.reading.project.id == name]


def _withheld(one: Release) -> Release:
    return replace(one, rung=np.full_like(one.rung, len(one.blocks)))


def _both(*safe: Secured) -> tuple[Relation, ...]:
    return tuple(dict.fromkeys(tie for one in safe for tie in one.relations))
