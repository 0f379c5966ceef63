"""All that is told of every count, in this release and earlier ones, on one set of axes.

A count that several measures share (births, the events that another measure is out of) stands
here once, with everything that is told of it. What may change without being seen is asked of
`twins`; nothing is widened or withheld here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.disclosure.relations import Key, Relation, related
from qi_equity.disclosure.release import COUNTS, Count, Grid, Release

Step = Mapping[Key, int]  # what changes together in one cell: more or fewer of each count
# Relations are followed so far: a change that needs more others than this is not tried.
LONGEST_STEP = 4


Pair = tuple[Key, Key]  # a numerator and the denominator it is among


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """How cells are told of as strata: each by itself, or as sums over a second dimension."""

    project: str  # of this dimension
    strata: tuple[str, ...]  # the total last
    home: IntArray  # the stratum of each cell
    single: bool  # whether each cell is a stratum

    def members(self, stratum: int) -> IntArray:
        """The cells of a stratum, or of the total."""
        whole = stratum in (-1, len(self.strata) - 1)
        return np.arange(len(self.home)) if whole else np.flatnonzero(self.home == stratum)

    def apart(self, cell: int) -> IntArray:
        """The cells of other strata."""
        return np.flatnonzero(self.home != self.home[cell])

    def series(self, at: tuple[int, int]) -> tuple[int, int]:
        """The series that tells of a cell at a site; -1 is the total of either."""
        return at if at[1] == -1 else (at[0], int(self.home[at[1]]))

    def spread(self, told: BoolArray) -> BoolArray:
        """What holds of each stratum, and of the total, at each of its cells."""
        return told if self.single else np.asarray(told[:, [*self.home, -1]])

    def any_of(self, cells: BoolArray) -> BoolArray:
        """Whether it holds of any cell of each stratum: (site, stratum, subgroup)."""
        if self.single:
            return cells
        many = range(len(self.strata) - 1)
        return np.stack([cells[:, self.home == one].any(axis=1) for one in many], axis=1)

    def summed(self, cells: FloatArray) -> FloatArray:
        """The sum over the cells of each stratum: (site, stratum, subgroup)."""
        if self.single:
            return cells
        many = range(len(self.strata) - 1)
        return np.stack([cells[:, self.home == one].sum(axis=1) for one in many], axis=1)


Number = tuple[IntArray, float, float]  # its cells, and the room below and above it


@dataclass(frozen=True, eq=False)
class Told:
    """What one release tells of one count, on the axes of a board: (site, stratum, subgroup)."""

    side: Side
    true: FloatArray  # the true sum of the block that each subgroup is in
    ids: IntArray  # that block
    free: BoolArray  # where nothing is told
    held: FloatArray  # the true counts of the cells, without totals; nan: not logged
    above: FloatArray  # how many more would be told as the same number
    below: FloatArray  # how many fewer
    small: BoolArray  # where the sum told is a small one

    @cached_property
    def numbers(self) -> dict[object, Number]:
        """Each number that is told; a cell that this release did not have yet is no part of it."""
        return {name: number for name, number in self._numbers() if len(number[0])}

    def _numbers(self) -> Iterator[tuple[object, Number]]:
        there = np.isfinite(self.held)
        every = np.arange(there.size).reshape(there.shape)
        for site, stratum in np.argwhere(~self.free.all(axis=-1)).tolist():
            rows = np.arange(len(there)) if site == len(there) else np.array([site])
            own = np.ix_(rows, self.side.members(stratum))
            cells, logged = every[own], there[own]
            starts = np.flatnonzero(np.diff(self.ids[site, stratum], prepend=-2)).tolist()
            for start, end in pairwise([*starts, there.shape[-1]]):
                if self.free[site, stratum, start]:
                    continue
                held = logged[..., start:end]
                lacks = b"" if held.all() else held.tobytes()
                yield (self.side.project, site, stratum, start, end, lacks), (
                    cells[..., start:end][held], float(self.below[site, stratum, start]),
                    float(self.above[site, stratum, start]),
                )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Axes:
    """The sites, cells and subgroups of several grids, and the ways they are told of as strata.

    Of one dimension the cells are the strata; of two that are crossed, both tell of the same cells.
    """

    sites: tuple[str, ...]
    cells: tuple[str, ...]
    subgroups: pd.DatetimeIndex
    sides: tuple[Side, ...]

    @classmethod
    def of(cls, all_grids: Iterable[Grid]) -> Axes:
        """Every site, stratum and subgroup of these; totals stay last."""
        grids = list(all_grids)
        sites = dict.fromkeys(name for one in grids for name in one.sites[:-1])
        days = pd.DatetimeIndex(sorted({day for one in grids for day in one.subgroups}))
        cells = tuple(dict.fromkeys(name for one in grids for name in _homes(one)))
        names = dict.fromkeys(one.reading.project.id for one in grids)
        sides = []
        for name in names:
            own = [one for one in grids if one.reading.project.id == name]
            strata = tuple(dict.fromkeys(label for one in own for label in one.strata[:-1]))
            homes = {cell: home for one in own for cell, home in _homes(one).items()}
            home = np.array([strata.index(homes[cell]) for cell in cells], np.int64)
            single = np.array_equal(home, np.arange(len(strata)))
            sides.append(Side(name, (*strata, own[0].strata[-1]), home, single))
        return cls((*sites, grids[0].sites[-1]), cells, days, tuple(sides))

    def side(self, grid: Grid) -> Side:
        """The way in which a grid tells of the cells."""
        return next(one for one in self.sides if one.project == grid.reading.project.id)

    def _places(
        self, grid: Grid, strata: Sequence[str], own: Sequence[str]
    ) -> tuple[IntArray, ...]:
        """Where the grid's rows are, as an index of arrays on these axes; totals go last."""
        return np.ix_(
            pd.Index(self.sites).get_indexer(pd.Index(grid.sites)),
            pd.Index(strata).get_indexer(pd.Index(own)),
            self.subgroups.get_indexer(grid.subgroups),
        )

    def told(self, one: Release, count: Count, limit: int) -> Told:
        """What a release tells of a count, on these axes."""
        side = self.side(one.grid)
        shape = (len(self.sites), len(side.strata), len(self.subgroups))
        at = self._places(one.grid, side.strata, one.grid.strata)
        true, ids, free = np.zeros(shape), np.full(shape, -1), np.ones(shape, bool)
        true[at], ids[at], free[at] = one.true(count), one.ids, one.free
        least, most = one.policy.between(true)
        small = (true > 0) & (true < limit) & ~free
        above, below = (np.where(free, np.inf, left) for left in (most - true, true - least))
        return Told(side, true, ids, free, self._held(one.grid, count), above, below, small)

    def _held(self, grid: Grid, count: Count) -> FloatArray:
        """The true counts of the cells; of one dimension those of the strata."""
        if grid.cells is None:
            counts, names = grid.of(count), grid.strata[:-1]
            assert counts is not None  # asked only of counts that there are
            own = np.where(grid.logged, counts, np.nan)[:-1, :-1]
        else:
            own, names = getattr(grid.cells, count), grid.cells.names
        held = np.full((len(self.sites) - 1, len(self.cells), len(self.subgroups)), np.nan)
        sites, cells, times = self._places(grid, self.cells, names)
        held[sites[:-1], cells, times] = own
        return held


def _homes(grid: Grid) -> Mapping[str, str]:
    """The stratum of each cell of a grid, by name."""
    if grid.cells is None:
        return {name: name for name in grid.strata[:-1]}
    return {
        name: grid.strata[home]
        for name, home in zip(grid.cells.names, grid.cells.home.tolist(), strict=True)
    }


@dataclass(slots=True, eq=False)
class Board:
    """Releases of measures with the same subgroups, now and earlier; `now` is told less of."""

    now: list[Release]
    earlier: Sequence[Sequence[Release]] = ()
    told_of: Iterable[Relation] = ()
    axes: Axes = field(init=False)
    relations: tuple[Relation, ...] = field(init=False)
    limit: int = field(init=False)
    # Of `others`: what was last made of what is told of counts.
    others: dict[tuple[str | Key | None, ...], object] = field(init=False, default_factory=dict)
    _old: dict[Key, list[Told]] = field(init=False, default_factory=dict)
    _new: dict[Key, dict[int, Told]] = field(init=False, default_factory=dict)
    _stands_for: dict[Key, Key] = field(init=False, default_factory=dict)
    _spares: dict[str, FloatArray] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.axes = Axes.of(one.grid for group in (self.now, *self.earlier) for one in group)
        self.limit = max(getattr(one.policy, "first", 0) for one in self.now)
        self.limit = max(self.limit, 8)
        for place in range(len(self.now)):
            self.renewed(place)
        for group in self.earlier:
            for one in group:
                for count in one.sums:
                    told = self.axes.told(one, count, self.limit)
                    self._old.setdefault((one.grid.measure.id, count), []).append(told)
        counts = {key: next(iter(one.values())).held for key, one in self._new.items()}
        self.relations = related(counts, self.told_of)
        self._stands_for = {key: key for key in (*self._new, *self._old)}
        for tie in self.relations:
            if len(tie.parts) == 1:
                keep, gone = self._stands_for[tie.whole], self._stands_for[tie.parts[0]]
                for key, stands in self._stands_for.items():
                    self._stands_for[key] = keep if stands == gone else stands

    def renewed(self, place: int) -> None:
        """Look again at what a release of now tells."""
        one = self.now[place]
        for count in one.sums:
            told = self.axes.told(one, count, self.limit)
            self._new.setdefault((one.grid.measure.id, count), {})[place] = told

    def stands_for(self, measure: str, count: Count) -> Key:
        """The count that this one is the same as, which stands for all of them."""
        return self._stands_for[measure, count]

    def at(self, place: int, series: tuple[int, int]) -> tuple[int, int] | None:
        """A series of the axes as a release of now has it; None where it has none such."""
        grid, (site, stratum) = self.now[place].grid, series
        name, group = self.axes.sites[site], self.axes.side(grid).strata[stratum]
        if name not in grid.sites or group not in grid.strata:
            return None
        return grid.sites.index(name), grid.strata.index(group)

    def allowed(self, step: Step, measure: str | None = None) -> tuple[BoolArray, BoolArray]:
        """Where the counts themselves allow a step, and its reverse: of each site and stratum.

        No count is below nought, and of so many births no more have the event.
        """
        inner = (len(self.axes.sites) - 1, len(self.axes.cells), len(self.axes.subgroups))
        ways = np.ones(inner, bool), np.ones(inner, bool)
        for key, sign in step.items():
            logged, least = np.zeros(inner, bool), np.full(inner, np.inf)
            for one in self.told(key, measure):
                logged |= np.isfinite(one.held)
                least = np.fmin(least, one.held)
            for way, taken in zip(ways, (sign, -sign), strict=True):
                way &= logged & (least + taken >= 0)
        for name, top, bottom in self.rated(measure):
            more = step.get(top, 0) - step.get(bottom, 0)
            if more:
                way = ways[0] if more > 0 else ways[1]
                way &= ~(self.spare(name) < abs(more))
        return ways

    def spare(self, measure: str) -> FloatArray:
        """The least number without the event, in any release; inf where not logged."""
        found = self._spares.get(measure)
        if found is None:
            tops, bottoms = (
                [*self._old.get((measure, count), ()), *self._new[measure, count].values()]
                for count in COUNTS
            )
            left = [
                np.where(np.isfinite(both), both, np.inf)
                for both in (b.held - t.held for t, b in zip(tops, bottoms, strict=True))
            ]
            found = self._spares[measure] = np.asarray(np.minimum.reduce(left))
        return found

    @property
    def counts(self) -> list[Key]:
        """Every count there is, each once."""
        return list(dict.fromkeys(self._stands_for.values()))

    def aliases(self, key: Key) -> list[Key]:
        """The counts that are the same as this one, itself among them."""
        return [one for one, stands in self._stands_for.items() if stands == key]

    def told(self, key: Key, measure: str | None = None) -> Iterator[Told]:
        """All that is told of a count; of one measure alone, if asked."""
        for one in self.aliases(key):
            if measure in (None, one[0]):
                yield from self._old.get(one, ())
                yield from self._new.get(one, {}).values()

    def rated(self, measure: str | None = None) -> Iterator[tuple[str, Key, Key]]:
        """Measures that are proportions, with their two counts: no birth has an event twice."""
        for one in self.now:
            name = one.grid.measure.id
            rated = one.grid.measure.data == "proportion" and "denominator" in one.sums
            if rated and measure in (None, name):
                top, bottom = (self._stands_for[name, count] for count in COUNTS)
                yield name, top, bottom

    def pairs(self, measure: str | None = None) -> list[Pair]:
        """Numerators and the denominators they are among."""
        return list(dict.fromkeys((top, bottom) for _, top, bottom in self.rated(measure)))

    def places_of(self, keys: Iterable[Key]) -> list[int]:
        """The releases of now that tell of any of these counts."""
        measures = {alias[0] for key in keys for alias in self.aliases(key)}
        return [n for n, one in enumerate(self.now) if one.grid.measure.id in measures]

    def steps(self, key: Key, measure: str | None = None) -> list[Step]:
        """The ways in which one more of a count fits every relation; of one measure: none else."""
        sums = [] if measure else self.sums()
        begun: list[dict[Key, int]] = [{key: 1}]
        begun += [
            {key: 1, other: 1}
            for pair in self.pairs(measure)
            if key in pair
            for other in pair
            if other != key
        ]
        found: list[Step] = []
        for start in begun:
            found += [one for one in _completed(start, sums) if one not in found]
        return sorted(found, key=len)

    def sums(self) -> list[dict[Key, int]]:
        """The relations of parts and wholes, as coefficients that add up to nought."""
        return [self._as_sum(one) for one in self.relations if len(one.keys) > 2]

    def _as_sum(self, one: Relation) -> dict[Key, int]:
        """A relation as coefficients that add up to nought."""
        made: dict[Key, int] = {}
        for key, sign in ((one.whole, -1), *((part, 1) for part in one.parts)):
            stands = self._stands_for[key]
            made[stands] = made.get(stands, 0) + sign
        return made


def _completed(step: dict[Key, int], sums: Sequence[Mapping[Key, int]]) -> Iterator[Step]:
    """The step with other counts changed until every relation holds again."""
    for one in sums:
        off = sum(sign * step.get(key, 0) for key, sign in one.items())
        if off:
            if len(step) < LONGEST_STEP:
                for key, sign in one.items():
                    if key not in step and abs(off) == abs(sign):
                        yield from _completed(step | {key: -off // sign}, sums)
            return
    yield step
