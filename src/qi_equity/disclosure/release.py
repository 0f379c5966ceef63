"""True counts to the counts that leave the site: each series once, on subgroups wide enough.

A series (a stratum at a site, or a total) is released as one row of numbers: the sums of its
blocks of subgroups, rounded. The blocks are the narrowest of which none holds a small count. A
series whose whole time holds one is released as that, small; one that would give another away is
withheld. A later release keeps the blocks of the one before and adds to them, so that nothing is
cut anew. Every other number of the network's findings is worked out from these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal, Protocol

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
# Subgroups in a quarter of a year: on blocks no longer than that, stretches of time are told.
QUARTER = {
    "week": 12, "fortnight": 6, "month": 3, "quarter": 1, "half-year": 1, "financial year": 1,
}  # fmt: skip


class Shows(Protocol):
    """How counts are released, and which of those that are were small."""

    @property
    def first(self) -> int:
        """The least count that is not small."""

    def shown(self, counts: FloatArray) -> FloatArray:
        """The counts as they are released."""

    def is_small(self, counts: FloatArray) -> BoolArray:
        """Which counts are small."""

    def between(self, counts: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The least and the most that can be told of each count."""


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Ways to add subgroups up, a row a width, narrowest first; the last row is one block for all.

    `steps` are the subgroups in an ordinary block, 0 where the last block grows. `open` are
    subgroups at the end that fill no block yet: they wait for a later release.
    """

    subgroups: pd.DatetimeIndex
    ids: IntArray  # (rung, subgroup)
    open: BoolArray
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """What the strata of a grid are sums of, where two dimensions are crossed; nan: not logged."""

    names: tuple[str, ...]
    home: IntArray  # the stratum that each cell is in
    numerator: FloatArray  # (site, cell, subgroup)
    denominator: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """One measure's true counts: arrays of (site, stratum, subgroup), totals last on both axes."""

    reading: Reading
    sites: tuple[str, ...]
    strata: tuple[str, ...]
    subgroups: pd.DatetimeIndex
    numerator: FloatArray
    denominator: FloatArray | None
    before: Blocks | None = None  # of the last release, which this one adds to
    cells: Cells | None = None  # of two crossed dimensions; never released

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
        """The stretches that gaps are told for: all, then, now, and the two halves.

        Where blocks were cut for an earlier end, a stretch ends where a quarter's block does.
        """
        windows = self.windows
        made = {"": windows.within(slice(None))}
        if windows.judged:
            made |= {"_then": windows.within(windows.then), "_now": windows.within(windows.now)}
        made |= {"early": windows.within(windows.early), "late": windows.within(windows.late)}
        if self.before is None:
            return made
        return {name: self._to_blocks(name, held) for name, held in made.items()}

    def _to_blocks(self, name: str, stretch: BoolArray) -> BoolArray:
        """A stretch of whole blocks: each goes where the greater part of it lies."""
        held = self.blocks
        most = QUARTER[self.measure.subgroup]
        row = max((r for r, step in enumerate(held.steps) if 0 < step <= most), default=0)
        ids, least = held.ids[row], 0.5 if name != "late" else 0.5 + 1e-9
        share = np.bincount(ids, weights=stretch) / np.bincount(ids)
        return np.asarray((share >= least)[ids] & ~held.open[row])

    @property
    def blocks(self) -> Blocks:
        """The blocks each subgroup is in, those of the last release first.

        No block but the last crosses the end of a window or the beginning of a phase.
        """
        last = len(self.subgroups)
        if self.measure.overlapping_windows:  # to add these up would count births twice
            return Blocks(self.subgroups, np.arange(last)[np.newaxis], np.zeros((1, last), bool),
                          (1,))  # fmt: skip
        phases = [self.subgroups.searchsorted(pd.Timestamp(day)) for day in self.measure.phases]
        fixed = sorted({0, *map(int, phases), min(self.windows.baseline, last), last})
        ladder = LADDERS[self.measure.subgroup]
        if self.before is not None:
            return _continued(self.before, self.subgroups, fixed, ladder)
        cuts = sorted({*self.windows.cuts, *map(int, phases)})
        rows = [(_blocks(cuts, width), width) for width in ladder]
        rows += [(_blocks(cuts, last), 0), (np.zeros(last, np.int64), 0)]
        kept = [rows[0]]
        for row, step in rows[1:]:
            if not np.array_equal(row, kept[-1][0]):
                kept.append((row, step))
        if kept[-1][1]:  # one block for all: it grows
            kept[-1] = kept[-1][0], 0
        ids = np.stack([row for row, _ in kept])
        return Blocks(self.subgroups, ids, np.zeros(ids.shape, bool), tuple(s for _, s in kept))


def _continued(
    before: Blocks, subgroups: pd.DatetimeIndex, cuts: list[int], ladder: tuple[int, ...]
) -> Blocks:
    """The blocks of the last release as they were, and whole new ones after them."""
    at = np.maximum(before.subgroups.searchsorted(subgroups, side="right") - 1, 0)
    new = np.asarray(subgroups > before.subgroups[-1])
    rows: list[tuple[int, IntArray, BoolArray]] = []
    for step, ids, waiting in zip(before.steps, before.ids, before.open, strict=True):
        kept, later = ids[at], np.asarray(new | waiting[at])
        if step and later.any():
            start = int(np.argmax(later))
            added, open_ = _whole_blocks([start, *(c for c in cuts if c > start)], step)
            first = kept[start - 1] + 1 if start else 0
            kept = np.concatenate([kept[:start], first + added])
            rows.append((step, kept, np.concatenate([np.zeros(start, bool), open_])))
        else:
            rows.append((step, kept, np.zeros(len(at), bool)))
    for width in ladder:  # widths that there was not enough time for
        if width not in before.steps:
            narrower = [row for row in rows if 0 < row[0] < width]
            if narrower:
                rows.append((width, *_merged(*narrower[-1][1:], cuts, width)))
                rows.sort(key=lambda row: row[0] or len(at) + 1)
    kept_rows = [row for place, row in enumerate(rows) if not _same(rows, place)]
    ids = np.stack([np.cumsum(np.diff(row, prepend=row[0]) != 0) for _, row, _ in kept_rows])
    return Blocks(
        subgroups, ids, np.stack([w for _, _, w in kept_rows]), tuple(s for s, _, _ in kept_rows)
    )


def _same(rows: list[tuple[int, IntArray, BoolArray]], place: int) -> bool:
    """Whether a row only says again what the one before it does; the last one stays."""
    if place in (0, len(rows) - 1):
        return False
    (_, row, waits), (_, before, waited) = rows[place], rows[place - 1]
    return np.array_equal(row, before) and np.array_equal(waits, waited)


def _merged(
    ids: IntArray, waiting: BoolArray, cuts: list[int], width: int
) -> tuple[IntArray, BoolArray]:
    """Neighbouring blocks together until each has so many subgroups, not over a cut."""
    sizes, starts = np.bincount(ids), np.flatnonzero(np.diff(ids, prepend=-1))
    made, size, label = np.zeros(len(sizes), np.int64), 0, 0
    for block, start in enumerate(starts.tolist()):
        if block and (size >= width or start in cuts or waiting[start]):
            label, size = label + 1, 0
        made[block], size = label, size + int(sizes[block])
    merged = made[ids]
    if waiting.all():
        return merged, waiting
    # The last block waits until it is whole, unless it is the only one.
    short = np.asarray((merged == merged[~waiting][-1]) & ~waiting)
    if short.sum() < width and label > 0:
        return merged, np.asarray(waiting | short)
    return merged, waiting


def _whole_blocks(cuts: list[int], width: int) -> tuple[IntArray, BoolArray]:
    """Blocks between the cuts; what is left over at the very end waits, in a block of its own.

    >>> [found.tolist() for found in _whole_blocks([0, 3, 8], 2)]
    [[0, 0, 0, 1, 1, 2, 2, 3], [False, False, False, False, False, False, False, True]]
    """
    start, end = cuts[-2:]
    whole = start + (end - start) // width * width
    made = [*cuts[:-1], whole] if whole > start else list(cuts[:-1])
    ids = _blocks(made, width) if len(made) > 1 else np.zeros(0, np.int64)
    waiting = np.arange(cuts[0], end) >= whole
    rest = np.full(end - whole, len(np.unique(ids)), np.int64)
    return np.concatenate([ids, rest]), waiting


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
    policy: Shows
    made_of: Blocks
    rung: IntArray  # (site, stratum)
    sums: dict[Count, FloatArray] = field(repr=False)  # of each block: (rung, site, stratum, time)

    @property
    def blocks(self) -> IntArray:
        """The block of each subgroup, a row a rung."""
        return self.made_of.ids

    @property
    def withheld(self) -> BoolArray:
        """Series of which nothing is released, or that are not there: (site, stratum)."""
        return np.asarray(self.rung == len(self.blocks))

    @property
    def ids(self) -> IntArray:
        """The block of each subgroup: (site, stratum, subgroup); all one where withheld."""
        return np.asarray(np.concatenate([self.blocks, self.blocks[-1:]])[self.rung])

    @property
    def free(self) -> BoolArray:
        """Where nothing is released, of the series or as yet: (site, stratum, subgroup)."""
        waiting = np.concatenate([self.made_of.open, np.ones((1, len(self.grid.subgroups)), bool)])
        return np.asarray(waiting[self.rung])

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
        free = self.free
        found = [
            (self.policy.is_small(self.true(count)) & ~free).any(axis=-1) for count in self.sums
        ]
        return np.asarray(np.logical_or.reduce(found) & ~self.withheld)

    @property
    def counted(self) -> BoolArray:
        """Series released in full, no block of them small: (site, stratum)."""
        return np.asarray(~self.withheld & ~self.small)

    def wider(self, site: int, stratum: int) -> Release:
        """The same with one series on the next wider blocks that will do, or withheld."""
        rung = self.rung.copy()
        found = _will_do(self.policy, self.sums, self.made_of.open)
        will_do = np.append(found[:, site, stratum], True)
        rung[site, stratum] += 1 + int(np.argmax(will_do[rung[site, stratum] + 1 :]))
        return replace(self, rung=rung)

    def without(self, series: BoolArray) -> Release:
        """The same with these series withheld: (site, stratum)."""
        return replace(self, rung=np.where(series, len(self.blocks), self.rung))


def _will_do(policy: Shows, sums: dict[Count, FloatArray], waiting: BoolArray) -> BoolArray:
    """Where no block is small, and something is released: (rung, site, stratum)."""
    out = waiting[:, np.newaxis, np.newaxis]
    small = [(policy.is_small(found) & ~out).any(axis=-1) for found in sums.values()]
    some = np.asarray(~waiting.all(axis=-1))
    return np.asarray(~np.logical_or.reduce(small) & some[:, np.newaxis, np.newaxis])


def release(grid: Grid, policy: Policy) -> Release:
    """Each series on its narrowest blocks without a small count, else as one small whole."""
    made_of = grid.blocks
    blocks = made_of.ids
    sums: dict[Count, FloatArray] = {}
    for count in COUNTS:
        held = grid.of(count)
        if held is not None:
            sums[count] = np.stack([_summed(held, row) for row in blocks])
    will_do = _will_do(policy, sums, made_of.open)
    rung = np.where(will_do.any(axis=0), will_do.argmax(axis=0), len(blocks) - 1)
    if grid.measure.overlapping_windows:
        rung = np.where(will_do.any(axis=0), rung, len(blocks))
    return Release(grid, policy, made_of, np.where(grid.there, rung, len(blocks)), sums)


def _summed(counts: FloatArray, blocks: IntArray) -> FloatArray:
    starts = np.flatnonzero(np.diff(blocks, prepend=-1))
    return np.asarray(np.add.reduceat(counts, starts, axis=-1)[..., blocks])


def grids(
    points: pd.DataFrame, project: Project, before: Mapping[str, Blocks] | None = None
) -> Iterator[Grid]:
    """The true counts of every measure that is counted, read off the points of the findings.

    `before` are the blocks of each measure in the last release.
    """
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
        yield Grid(
            reading, sites, strata, subgroups, arrays[0], arrays[1] if rated else None,
            (before or {}).get(measure.id),
        )  # fmt: skip


def _labels(column: pd.Series, total: str) -> tuple[str, ...]:
    """The labels in order with that of the total last, which may have no rows."""
    return (*sorted(set(column) - {total}), total)
