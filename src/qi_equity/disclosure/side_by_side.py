"""Two dimensions released beside one another: what both together give away; no crossed count is.

Both are sums over the same cells, so a small count of one may be got at through the other. A count
is safe if it has a twin (see `twins`): here one more or fewer in a cell that leaves every released
number of either dimension as it is, alone or in exchange with one other cell. Fewer moves are tried
than for one dimension, so less may be told; what is told is as safe.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd

from qi_equity.arrays import BoolArray, FloatArray
from qi_equity.disclosure.moves import TOTAL, exchanged, room
from qi_equity.disclosure.policy import FIRST_SHOWN
from qi_equity.disclosure.release import COUNTS, Count, Release
from qi_equity.disclosure.twins import SITES_OF_INSIDERS, secured
from qi_equity.strata import crossed

Place = tuple[int, int, int]  # of which dimension (0 or 1), site, stratum; the last is the total
Sides = tuple[Release, Release]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """One measure's true counts of the cells, (site, first, second, subgroup); nan: not logged."""

    numerator: FloatArray
    denominator: FloatArray
    proportion: bool

    @property
    def logged(self) -> BoolArray:
        """Where both counts are logged."""
        return np.asarray(np.isfinite(self.numerator) & np.isfinite(self.denominator))


def secured_margins(
    observations: pd.DataFrame, first: Sequence[Release], second: Sequence[Release]
) -> tuple[list[Release], list[Release]]:
    """Both dimensions' releases, in the order of their measures, told less of until all is safe.

    A count without a denominator is released for the first dimension only: where a cell of it was
    not logged the two have different totals, and no one relation holds them together.
    """
    rated = [place for place, one in enumerate(first) if one.grid.denominator is not None]
    made = [(first[place], second[place]) for place in rated]
    cells = [_cells(observations, *sides) for sides in made]
    clean = False
    while not clean:
        clean = True
        for index, count in product(range(len(made)), COUNTS):
            fellows = _fellows(cells, index)
            for group in ([index], fellows)[: len(fellows)]:
                for place in list(_exposed(made, cells, group, count)):
                    clean = False
                    while any(_exposed(made, cells, group, count, only=place)):
                        _tell_less(made, group, place)
    safe = dict(zip(rated, made, strict=True))
    alone = secured([one for place, one in enumerate(first) if place not in safe]).releases
    rest = iter(alone)
    both = [
        safe[place] if place in safe else (next(rest), _withheld(second[place]))
        for place in range(len(first))
    ]
    return [one for one, _ in both], [two for _, two in both]


def _withheld(one: Release) -> Release:
    return replace(one, rung=np.full_like(one.rung, len(one.blocks)))


def _cells(observations: pd.DataFrame, one: Release, two: Release) -> Cells:
    """The counts of the cells, as the two releases have their sites, strata and subgroups."""
    names = [
        crossed(a, b) for a, b in product(one.grid.strata[:TOTAL], two.grid.strata[:TOTAL])
    ]  # fmt: skip
    sites = list(one.grid.sites[:TOTAL])
    rows = observations[observations["measure"] == one.grid.measure.id]
    rows = rows[rows["stratum"].isin(names)].dropna(subset=["numerator", "denominator"])
    times = one.grid.subgroups.searchsorted(pd.DatetimeIndex(rows["subgroup"]), side="right") - 1
    at = (
        pd.Index(sites).get_indexer(pd.Index(rows["site"])),
        pd.Index(names).get_indexer(pd.Index(rows["stratum"])),
        times,
    )
    shape = (len(sites), len(names), len(one.grid.subgroups))
    there = np.zeros(shape, bool)
    there[at] = True
    strata = (len(one.grid.strata) - 1, len(two.grid.strata) - 1)

    def summed(count: Count) -> FloatArray:
        sums = np.zeros(shape)
        np.add.at(sums, at, rows[count].to_numpy(float))
        return np.where(there, sums, np.nan).reshape(len(sites), *strata, -1)

    proportion = one.grid.measure.data == "proportion"
    return Cells(summed("numerator"), summed("denominator"), proportion)


def _fellows(cells: Sequence[Cells], index: int) -> list[int]:
    """Measures of the same births, the one asked about first."""
    one, found = cells[index], [index]
    for other, each in enumerate(cells):
        if other == index or each.denominator.shape != one.denominator.shape:
            continue
        both = one.logged & each.logged
        same = (one.denominator[both] == each.denominator[both]).all()
        if same and 2 * both.sum() > one.logged.sum():
            found.append(other)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Moves:
    """Where a cell's count can be one more (up) or one fewer, and which series have room for it.

    `can` says it of the cells; `own`, `total` and `all_sites` of each dimension's series over them:
    the stratum at the site, the site's total, and the two series of all sites.
    """

    can: tuple[BoolArray, BoolArray]  # one more, one fewer: (site, first, second, subgroup)
    rooms: tuple[tuple[BoolArray, BoolArray], ...]  # of each dimension: (site, stratum, subgroup)

    def over(self, way: int, side: int, *, site: bool, total: bool) -> BoolArray:
        """Room in one series over each cell, on the shape of the cells."""
        found = self.rooms[side][way]
        found = found[:TOTAL] if site else found[TOTAL:]
        found = found[:, TOTAL:] if total else found[:, :TOTAL]
        return np.expand_dims(found, 2 if side == 0 else 1)

    def at_site(self, way: int, side: int) -> BoolArray:
        """Room in the stratum at its site and in the site's total."""
        stratum = self.over(way, side, site=True, total=False)
        return np.asarray(stratum & self.over(way, side, site=True, total=True))

    def of_all(self, way: int, side: int) -> BoolArray:
        """Room in the stratum and in the total of all sites."""
        stratum = self.over(way, side, site=False, total=False)
        return np.asarray(stratum & self.over(way, side, site=False, total=True))


def _moves(made: Sequence[Sides], cells: Sequence[Cells], group: list[int], count: Count) -> _Moves:
    one = cells[group[0]]
    logged = np.logical_and.reduce([cells[each].logged for each in group])
    if count == "numerator":
        most = one.denominator if one.proportion else np.inf
        can = (logged & (one.numerator < most), logged & (one.numerator > 0))
    else:
        spare = one.denominator > 0
        for each in (cells[at] for at in group if cells[at].proportion):
            spare = spare & (one.denominator > each.numerator)
        can = logged, logged & spare
    asked = group[:1] if count == "numerator" else group
    rooms = tuple(room([made[each][side] for each in asked], count) for side in (0, 1))
    return _Moves(can, rooms)


def _changes(moves: _Moves) -> tuple[BoolArray, BoolArray]:
    """Of each dimension, where counts and totals can differ: (site, stratum, subgroup)."""
    ways = []
    for way in (0, 1):
        here = moves.can[way] & moves.at_site(way, 0) & moves.at_site(way, 1)
        everywhere = here & moves.of_all(way, 0) & moves.of_all(way, 1)
        ways.append((np.asarray(here), np.asarray(everywhere)))
    alone = ways[0][1] | ways[1][1]
    # Whoever knows one site knows whether it is that one: there must be another.
    partners = 2 if len(moves.can[0]) >= SITES_OF_INSIDERS else 1
    here, there = ways[0][0], ways[1][0]
    sites = exchanged(here, there, 0, partners) | exchanged(there, here, 0, partners)
    found = []
    for side in (0, 1):
        # Between two strata of one dimension, the other's and all totals stay as they are.
        more, less = (
            np.asarray(
                moves.can[way]
                & moves.over(way, side, site=True, total=False)
                & moves.over(way, side, site=False, total=False)
            )
            for way in (0, 1)
        )
        strata = exchanged(more, less, 1 + side) | exchanged(less, more, 1 + side)
        found.append(_levels(alone, strata, sites, other=2 - side))
    return found[0], found[1]


def _levels(alone: BoolArray, strata: BoolArray, sites: BoolArray, other: int) -> BoolArray:
    """What differs in one dimension's series: cells are seen through sums over the other."""
    alone, strata, sites = (np.asarray(one.any(axis=other)) for one in (alone, strata, sites))
    many, groups, times = alone.shape
    made = np.zeros((many + 1, groups + 1, times), bool)
    made[:TOTAL, :TOTAL] = alone | strata | sites
    made[:TOTAL, TOTAL] = (alone | sites).any(axis=1)
    made[TOTAL, :TOTAL] = (alone | strata).any(axis=0)
    made[TOTAL, TOTAL] = alone.any(axis=(0, 1))
    return made


def _exposed(
    made: Sequence[Sides],
    cells: Sequence[Cells],
    group: list[int],
    count: Count,
    only: Place | None = None,
) -> Iterator[Place]:
    """Where a small count of the group's first measure, of a subgroup or released, has no twin."""
    moves = _moves(made, cells, group, count)
    changes = _changes(moves)
    for side in (0, 1):
        one = made[group[0]][side]
        held = one.grid.of(count)
        assert held is not None
        limit = max(FIRST_SHOWN, one.policy.first)
        true = one.true(count)
        released = (true > 0) & (true < limit) & ~one.withheld[..., np.newaxis]
        hidden = (held > 0) & (held < limit) & ~changes[side]
        for site, stratum in np.argwhere((released | hidden).any(axis=-1)).tolist():
            place = (side, site, stratum)
            if only is not None and only != place:
                continue
            ids = one.ids[site, stratum]
            blocks = np.unique(ids[released[site, stratum]])
            told = all(changes[side][site, stratum][ids == block].any() for block in blocks)
            times = np.flatnonzero(hidden[site, stratum]).tolist()
            if not told or not all(_at_another_time(made, moves, group, place, t) for t in times):
                yield place


def _at_another_time(
    made: Sequence[Sides], moves: _Moves, group: list[int], place: Place, time: int
) -> bool:
    """Whether a cell of this count can have one fewer now and one more later, or the other way."""
    side, site, stratum = place
    sites, first, second, _ = moves.can[0].shape
    shape = (first, second)
    own = [range(sites) if site == sites else [site], range(first), range(second)]
    own[1 + side] = range(shape[side]) if stratum == shape[side] else [stratum]
    for cell in product(*own):
        for gain in (0, 1):
            moved = np.asarray(moves.can[1 - gain][cell][time] & moves.can[gain][cell])
            moved[time] = False
            for which in (0, 1):
                for series in product((cell[0], TOTAL), (cell[1 + which], TOTAL)):
                    more, less = moves.rooms[which][gain], moves.rooms[which][1 - gain]
                    fits = less[series][time] & more[series]
                    for each in group:
                        ids = made[each][which].ids[series]
                        free = made[each][which].withheld[series]
                        moved = np.asarray(moved & (free | (ids == ids[time]) | fits))
            if moved.any():
                return True
    return False


def _tell_less(made: list[Sides], group: list[int], place: Place) -> None:
    """Widen or withhold one series that tells of a count: a small one, else the finest told."""
    for series in _series_over(made[group[0]], place):
        told = [
            (index, which, at)
            for index in group
            for which, at in series
            if not made[index][which].withheld[at]
        ]
        if told:
            index, which, at = min(told, key=lambda one: made[one[0]][one[1]].rung[one[2]])
            sides = list(made[index])
            sides[which] = sides[which].wider(*at)
            made[index] = (sides[0], sides[1])
            return
    raise AssertionError("a count has no twin though nothing that tells of it is released")


def _series_over(sides: Sides, place: Place) -> Iterator[list[tuple[int, tuple[int, int]]]]:
    """The series that tell of a count: its own if small, those over it, then all of its sites."""
    side, site, stratum = place
    if sides[side].small[site, stratum]:
        yield [(side, (site, stratum))]
    last = len(sides[side].rung) - 1
    rows = list(dict.fromkeys((site, last)))
    ends = list(dict.fromkeys((stratum, sides[side].rung.shape[1] - 1)))
    yield [(side, at) for at in product(rows, ends)]
    rows = list(range(last + 1)) if site == last else rows
    yield [
        (which, at)
        for which in (0, 1)
        for at in product(rows, range(sides[which].rung.shape[1]))
    ]  # fmt: skip
