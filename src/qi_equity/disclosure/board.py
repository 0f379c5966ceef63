"""All that is told of every count, in this release and earlier ones, on one set of axes.

A count that several measures share (births, the events that another measure is out of) stands
here once, with everything that is told of it. What may change without being seen is asked of
`twins`; nothing is widened or withheld here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

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
class Told:
    """What one release tells of one count, on the axes of a board: (site, stratum, subgroup)."""

    true: FloatArray  # the true sum of the block that each subgroup is in
    ids: IntArray  # that block
    free: BoolArray  # where nothing is told
    held: FloatArray  # the true counts, without totals; nan: not logged
    above: FloatArray  # how many more would be told as the same number
    below: FloatArray  # how many fewer
    small: BoolArray  # where the sum told is a small one


@dataclass(frozen=True, slots=True)
class Axes:
    """The sites, strata and subgroups of several grids."""

    sites: tuple[str, ...]
    strata: tuple[str, ...]
    subgroups: pd.DatetimeIndex

    @classmethod
    def of(cls, all_grids: Iterable[Grid]) -> Axes:
        """Every site, stratum and subgroup of these; totals stay last."""
        grids = list(all_grids)
        sites = dict.fromkeys(name for one in grids for name in one.sites[:-1])
        strata = dict.fromkeys(name for one in grids for name in one.strata[:-1])
        days = pd.DatetimeIndex(sorted({day for one in grids for day in one.subgroups}))
        last = grids[0]
        return cls((*sites, last.sites[-1]), (*strata, last.strata[-1]), days)

    def places(self, grid: Grid) -> tuple[IntArray, ...]:
        """Where the grid's rows are, as an index of arrays on these axes."""
        return np.ix_(
            pd.Index(self.sites).get_indexer(pd.Index(grid.sites)),
            pd.Index(self.strata).get_indexer(pd.Index(grid.strata)),
            self.subgroups.get_indexer(grid.subgroups),
        )

    def told(self, one: Release, count: Count, limit: int) -> Told:
        """What a release tells of a count, on these axes."""
        shape = (len(self.sites), len(self.strata), len(self.subgroups))
        at = self.places(one.grid)
        true, ids, free = np.zeros(shape), np.full(shape, -1), np.ones(shape, bool)
        true[at], ids[at], free[at] = one.true(count), one.ids, one.free
        held = np.full(shape, np.nan)
        counts = one.grid.of(count)
        assert counts is not None  # asked only of counts that there are
        held[at] = np.where(one.grid.logged, counts, np.nan)
        least, most = one.policy.between(true)
        small = (true > 0) & (true < limit) & ~free
        above, below = (np.where(free, np.inf, left) for left in (most - true, true - least))
        return Told(true, ids, free, held[:-1, :-1], above, below, small)


@dataclass(slots=True, eq=False)
class Board:
    """Releases of measures with the same subgroups, now and earlier; `now` is told less of."""

    now: list[Release]
    earlier: Sequence[Sequence[Release]] = ()
    told_of: Iterable[Relation] = ()
    axes: Axes = field(init=False)
    relations: tuple[Relation, ...] = field(init=False)
    limit: int = field(init=False)
    systems: dict[tuple[int, ...], object] = field(init=False, default_factory=dict)  # of `bounds`
    _old: dict[Key, list[Told]] = field(init=False, default_factory=dict)
    _new: dict[Key, Told] = field(init=False, default_factory=dict)
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
        counts = {key: one.held for key, one in self._new.items()}
        self.relations = related(counts, self.told_of)
        self._stands_for = {key: key for key in (*self._new, *self._old)}
        for tie in self.relations:
            if len(tie.parts) == 1:
                keep, gone = self._stands_for[tie.whole], self._stands_for[tie.parts[0]]
                for key, stands in self._stands_for.items():
                    self._stands_for[key] = keep if stands == gone else stands

    def renewed(self, place: int) -> None:
        """Look again at what a release of now tells."""
        self.systems.clear()
        one = self.now[place]
        for count in one.sums:
            self._new[one.grid.measure.id, count] = self.axes.told(one, count, self.limit)

    def stands_for(self, measure: str, count: Count) -> Key:
        """The count that this one is the same as, which stands for all of them."""
        return self._stands_for[measure, count]

    def at(self, place: int, series: tuple[int, int]) -> tuple[int, int] | None:
        """A series of the axes as a release of now has it; None where it has none such."""
        grid, (site, stratum) = self.now[place].grid, series
        name, group = self.axes.sites[site], self.axes.strata[stratum]
        if name not in grid.sites or group not in grid.strata:
            return None
        return grid.sites.index(name), grid.strata.index(group)

    def allowed(self, step: Step, measure: str | None = None) -> tuple[BoolArray, BoolArray]:
        """Where the counts themselves allow a step, and its reverse: of each site and stratum.

        No count is below nought, and of so many births no more have the event.
        """
        shape = tuple(len(one) for one in (self.axes.sites, self.axes.strata))
        inner = (shape[0] - 1, shape[1] - 1, len(self.axes.subgroups))
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
                [*self._old.get((measure, count), ()), self._new[measure, count]]
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
                if one in self._new:
                    yield self._new[one]

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
