"""True counts to the counts that leave the site: each series once, on subgroups wide enough.

A series (a stratum at a site, or a total) is released as one row of numbers: the sums of its
blocks of subgroups, rounded. The blocks are the narrowest of which none holds a small count. A
series whose whole time holds one is released as that, small; one that would give another away is
withheld. Every other number of the network's findings is worked out from these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.disclosure.policy import Policy
from qi_equity.project import ALL_SITES, EVERYONE, Measure, Project
from qi_equity.reading import Reading, Windows

Count = Literal["numerator", "denominator"]
COUNTS: tuple[Count, ...] = ("numerator", "denominator")

# Subgroups in a block, narrowest first; each is made of whole blocks of the one before.
LADDERS = {
    "week": (1, 2, 4, 12, 24, 48),
    "fortnight": (1, 2, 6, 12, 24),
    "month": (1, 3, 6, 12),
    "quarter": (1, 2, 4),
    "half-year": (1, 2),
    "financial year": (1,),
}


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """One measure's true counts: arrays of (site, stratum, subgroup), totals last on both axes."""

    reading: Reading
    sites: tuple[str, ...]
    strata: tuple[str, ...]
    subgroups: pd.DatetimeIndex
    numerator: FloatArray
    denominator: FloatArray | None

    @property
    def measure(self) -> Measure:
        """The measure counted."""
        return self.reading.measure

    @property
    def there(self) -> BoolArray:
        """Which series there are: (site, stratum)."""
        return np.asarray(self.logged.any(axis=-1))

    @property
    def logged(self) -> BoolArray:
        """Where both counts, or the only one, are logged."""
        known: BoolArray = np.isfinite(self.numerator)
        if self.denominator is not None:
            known &= np.isfinite(self.denominator)
        return known

    def of(self, count: Count) -> FloatArray | None:
        """One of the two counts, nought where nothing is logged."""
        held: FloatArray | None = getattr(self, count)
        return None if held is None else np.where(self.logged, held, 0.0)

    def alike(self, other: Grid) -> bool:
        """Whether two grids have the same sites, strata and subgroups."""
        same = self.sites == other.sites and self.strata == other.strata
        return same and self.subgroups.equals(other.subgroups)

    @property
    def windows(self) -> Windows:
        """The windows of the measure over these subgroups."""
        return self.reading.windows(self.subgroups)

    @property
    def stretches(self) -> dict[str, BoolArray]:
        """The stretches that gaps are told for: all, then, now, and the two halves."""
        windows = self.windows
        made = {"": windows.within(slice(None))}
        if windows.judged:
            made |= {"_then": windows.within(windows.then), "_now": windows.within(windows.now)}
        return made | {"early": windows.within(windows.early), "late": windows.within(windows.late)}

    @property
    def blocks(self) -> IntArray:
        """The block each subgroup is in, a row for each width, the last row one block for all.

        No block but the last crosses the end of a window or the beginning of a phase.
        """
        last = len(self.subgroups)
        if self.measure.overlapping_windows:  # to add these up would count births twice
            return np.arange(last)[np.newaxis]
        phases = (self.subgroups.searchsorted(pd.Timestamp(day)) for day in self.measure.phases)
        cuts = sorted({*self.windows.cuts, *map(int, phases)})
        rows = [_blocks(cuts, width) for width in (*LADDERS[self.measure.subgroup], last)]
        return np.unique(np.stack([*rows, np.zeros(last, np.int64)])[::-1], axis=0)[::-1]


def _blocks(cuts: list[int], width: int) -> IntArray:
    """Blocks between the cuts; what is left over at the end of a stretch joins its last block.

    >>> _blocks([0, 5, 7], 2).tolist()
    [0, 0, 1, 1, 1, 2, 2]
    """
    made: list[IntArray] = []
    first = 0
    for start, end in pairwise(cuts):
        many = max(1, (end - start) // width)
        made.append(first + np.minimum(np.arange(end - start) // width, many - 1))
        first += many
    return np.concatenate(made).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """How each series of a grid is released: `rung` is its row of blocks, or WITHHELD."""

    grid: Grid
    policy: Policy
    blocks: IntArray  # (rung, subgroup)
    rung: IntArray  # (site, stratum)
    sums: dict[Count, FloatArray] = field(repr=False)  # of each block: (rung, site, stratum, time)

    @property
    def withheld(self) -> BoolArray:
        """Series of which nothing is released, or that are not there: (site, stratum)."""
        return np.asarray(self.rung == len(self.blocks))

    @property
    def ids(self) -> IntArray:
        """The block of each subgroup: (site, stratum, subgroup); all one where withheld."""
        return np.asarray(np.concatenate([self.blocks, self.blocks[-1:]])[self.rung])

    @property
    def widths(self) -> IntArray:
        """Subgroups in an ordinary block of each series: (site, stratum)."""
        usual = [int(np.median(np.bincount(ids))) for ids in self.blocks]
        return np.array([*usual, 1])[self.rung]

    def true(self, count: Count) -> FloatArray:
        """The true sum of the block that each subgroup is in: (site, stratum, subgroup)."""
        sums = self.sums[count]
        places = np.minimum(self.rung, len(self.blocks) - 1)
        sites, strata = np.ogrid[: places.shape[0], : places.shape[1]]
        return np.asarray(sums[places, sites, strata])

    @property
    def small(self) -> BoolArray:
        """Series released as a small count or as out of a small number: (site, stratum)."""
        found = [self.policy.is_small(self.true(count)).any(axis=-1) for count in self.sums]
        return np.asarray(np.logical_or.reduce(found) & ~self.withheld)

    @property
    def counted(self) -> BoolArray:
        """Series released in full, no block of them small: (site, stratum)."""
        return np.asarray(~self.withheld & ~self.small)

    def wider(self, site: int, stratum: int) -> Release:
        """The same with one series on the next wider blocks that will do, or withheld."""
        rung = self.rung.copy()
        will_do = np.append(_will_do(self.policy, self.sums)[:, site, stratum], True)
        rung[site, stratum] += 1 + int(np.argmax(will_do[rung[site, stratum] + 1 :]))
        return replace(self, rung=rung)


def _will_do(policy: Policy, sums: dict[Count, FloatArray]) -> BoolArray:
    """Where no block is small: (rung, site, stratum)."""
    small = [policy.is_small(found).any(axis=-1) for found in sums.values()]
    return np.asarray(~np.logical_or.reduce(small))


def release(grid: Grid, policy: Policy) -> Release:
    """Each series on its narrowest blocks without a small count, else as one small whole."""
    blocks = grid.blocks
    sums: dict[Count, FloatArray] = {}
    for count in COUNTS:
        held = grid.of(count)
        if held is not None:
            sums[count] = np.stack([_summed(held, row) for row in blocks])
    will_do = _will_do(policy, sums)
    rung = np.where(will_do.any(axis=0), will_do.argmax(axis=0), len(blocks) - 1)
    if grid.measure.overlapping_windows:
        rung = np.where(will_do.any(axis=0), rung, len(blocks))
    return Release(grid, policy, blocks, np.where(grid.there, rung, len(blocks)), sums)


def _summed(counts: FloatArray, blocks: IntArray) -> FloatArray:
    starts = np.flatnonzero(np.diff(blocks, prepend=-1))
    return np.asarray(np.add.reduceat(counts, starts, axis=-1)[..., blocks])


def grids(points: pd.DataFrame, project: Project) -> Iterator[Grid]:
    """The true counts of every measure that is counted, read off the points of the findings."""
    for measure in project.measures:
        reading = Reading(project, measure)
        rows = points[points["measure"] == measure.id] if len(points) else points
        if not reading.counted or rows.empty or rows["numerator"].isna().all():
            continue
        sites = _labels(rows["site"], ALL_SITES)
        strata = _labels(rows["stratum"], EVERYONE)
        subgroups = pd.DatetimeIndex(sorted(rows["subgroup"].unique()))
        place = (
            pd.Index(sites).get_indexer(pd.Index(rows["site"])),
            pd.Index(strata).get_indexer(pd.Index(rows["stratum"])),
            subgroups.get_indexer(pd.DatetimeIndex(rows["subgroup"])),
        )
        arrays = []
        for name in COUNTS:
            array = np.full((len(sites), len(strata), len(subgroups)), np.nan)
            array[place] = rows[name].to_numpy(float)
            arrays.append(array)
        rated = measure.data != "count" and bool(np.isfinite(arrays[1]).any())
        yield Grid(reading, sites, strata, subgroups, arrays[0], arrays[1] if rated else None)


def _labels(column: pd.Series, total: str) -> tuple[str, ...]:
    """The labels in order with that of the total last, which may have no rows."""
    return (*sorted(set(column) - {total}), total)
