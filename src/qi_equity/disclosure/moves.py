"""What can change without being seen: more here, fewer there, and all that is told stays as it is.

A step is what changes together in one cell (see `board`); it is taken alone, or in exchange with
other cells, sites and subgroups. Which counts must be able to change is for `twins`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np

from qi_equity.arrays import BoolArray, IntArray
from qi_equity.disclosure.board import Board, Side, Step, Told

Place = tuple[int, int]  # site and stratum; -1 is the total
Way = int  # 1: one more; -1: one fewer
TOTAL = -1


@dataclass(frozen=True, eq=False)
class Moves:
    """A step and its reverse: where it would change no released number, and may be taken."""

    up: BoolArray  # (site, cell, subgroup), totals last
    down: BoolArray
    add: BoolArray  # where the counts allow it; cells and sites alone
    sub: BoolArray
    alone: tuple[BoolArray, BoolArray]  # where each can be taken with nothing in exchange
    # Each with the room for the step and for its reverse, series by series.
    told: tuple[tuple[Told, BoolArray, BoolArray], ...]
    known: dict[tuple[Place, int, bool], BoolArray] = field(default_factory=dict)

    @cached_property
    def reverse(self) -> Moves:
        """The step the other way."""
        told = tuple((one, down, up) for one, up, down in self.told)
        return Moves(self.down, self.up, self.sub, self.add, self.alone[::-1], told)

    def fits(self, at: Place, time: int, back: bool) -> BoolArray:
        """The subgroups with which some of a series can be exchanged, by all that is told of it.

        Fewer then and more in the other; the other way round if `back`.
        """
        found = self.known.get((at, time, back))
        if found is None:
            found = np.ones(self.up.shape[2], bool)
            for one, *ways in self.told:
                up, down = ways[::-1] if back else ways
                series = one.side.series(at)
                ids, free = one.ids[series], one.free[series]
                fit = up[series] if down[series][time] else np.zeros(len(ids), bool)
                if not free[time]:
                    fit = fit | (~free & (ids == ids[time]))
                found &= fit
            self.known[at, time, back] = found
        return found

    def moved(self, at: Place, time: int, back: bool) -> BoolArray:
        """The same of a cell at a site, where the counts themselves allow it."""
        down, up = (self.add, self.sub) if back else (self.sub, self.add)
        if not down[at][time]:
            return np.zeros(self.up.shape[2], bool)
        return np.asarray(up[at] & self.fits(at, time, back))


def _with_room(one: Told, sign: int) -> tuple[Told, BoolArray, BoolArray]:
    """What is told, with where it has room for a step and for its reverse."""
    more, less = np.asarray(one.above >= abs(sign)), np.asarray(one.below >= abs(sign))
    return (one, more, less) if sign > 0 else (one, less, more)


def moves_of(board: Board, step: Step, measure: str | None) -> Moves:
    """A step, and what is told of all that it changes."""
    told = tuple(
        _with_room(one, sign) for key, sign in step.items() for one in board.told(key, measure)
    )
    inner = told[0][0].held.shape
    up, down = (np.ones((inner[0] + 1, inner[1] + 1, inner[2]), bool) for _ in range(2))
    single = [np.ones(inner, bool) for _ in range(2)]
    regular = np.ones(inner, bool)
    for one, *room in told:
        ways = [one.side.spread(way) for way in room]
        up &= ways[0]
        down &= ways[1]
        there = np.isfinite(one.held)
        for own, way in zip(single, ways, strict=True):
            own &= _all_four(way) | ~there
        # In exchange with others only what every release holds, that holds the subgroup at all.
        regular &= there | ~there.any(axis=(0, 1))
    add, sub = board.allowed(step, measure)
    alone = (add & single[0]), (sub & single[1])
    return Moves(up, down, add & regular, sub & regular, alone, told)


def _all_four(room: BoolArray) -> BoolArray:
    """Room in a stratum at a site and in the three totals over it."""
    return np.asarray(room[:-1, :-1] & room[:-1, -1:] & room[-1:, :-1] & room[-1:, -1:])


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Where counts and totals can be more: (site, stratum, subgroup), totals last.

    `by_site` says of the totals over sites, through which of them: whoever knows that site's
    counts knows that they are not.
    """

    anywhere: BoolArray
    by_site: BoolArray


def changes_of(moves: Sequence[Moves], partners: int, side: Side) -> Changes:
    """Where a count can be more: in a cell of it alone, or in exchange with others, at its time."""
    sites, _, times = moves[0].up.shape
    anywhere = np.zeros((sites, len(side.strata), times), bool)
    by_site = np.zeros((sites - 1, len(side.strata), times), bool)
    for one in moves:
        more, less = one.add & one.up[:-1, :-1], one.sub & one.down[:-1, :-1]
        up, down = one.up, one.down
        # Between two cells of one stratum its count would stay as it is.
        strata_ = exchanged(
            side.any_of(more & up[-1:, :-1]), side.any_of(less & down[-1:, :-1]), axis=1
        )
        sites_ = side.any_of(
            exchanged(more & up[:-1, -1:], less & down[:-1, -1:], axis=0, partners=partners)
        )
        alone = side.any_of(one.alone[0])
        anywhere[:-1, :-1] |= alone | strata_ | sites_
        anywhere[:-1, -1] |= (alone | sites_).any(axis=1)
        by_site[:, :-1] |= alone | strata_
        by_site[:, -1] |= alone.any(axis=1)
    anywhere[-1] = by_site.any(axis=0)
    return Changes(anywhere, by_site)


def exchanged(more: BoolArray, less: BoolArray, axis: int, partners: int = 1) -> BoolArray:
    """More here and fewer elsewhere along an axis.

    `partners` is how many places elsewhere there must be to choose from.
    """
    elsewhere = less.sum(axis=axis, keepdims=True) - less.astype(np.int64)
    return np.asarray(more & (elsewhere >= partners))


def of_others(by_site: BoolArray) -> BoolArray:
    """Where it holds of any site but this one."""
    return np.asarray(by_site.sum(axis=0) - by_site.astype(np.int64) > 0)


def found(moves: Sequence[Moves], place: Place, time: int, partners: int, side: Side) -> bool:
    """Whether a count at a site can be more in exchange for others, of other subgroups too."""
    others: set[int] = set()
    for one, cell in product(moves, side.members(place[1]).tolist()):
        over = (True, place[1] < len(side.strata) - 1)
        for partner in _exchanges(one.reverse, (place[0], cell), time, over, side):
            others.add(partner)
            if partner == place[0] or len(others) >= partners:
                return True
    return False


def sites_of_exchanges(
    moves: Sequence[Moves], stratum: int, time: int, known: BoolArray, side: Side
) -> BoolArray:
    """The sites through which a total over sites can be more by other subgroups; two will do."""
    inner = side.members(stratum).tolist()
    found = known.copy()
    for site in np.flatnonzero(~known).tolist():
        if found.sum() > 1:
            break
        over = (False, stratum < len(side.strata) - 1)
        found[site] = any(
            next(_exchanges(one.reverse, (site, at), time, over, side), None) is not None
            for one in moves
            for at in inner
        )
    return found


def _exchanges(
    way: Moves, place: Place, time: int, over: tuple[bool, bool], side: Side
) -> Iterator[int]:
    """The sites with which a cell's count of one subgroup can be exchanged; its own if with none.

    `over` says whether other sites and other strata may take part.
    """
    apart = side.apart(place[1])
    yield from _other_times(way, place, time, over[0], apart if over[1] else apart[:0])
    if all(over):
        yield from _corners(way, place, time, apart)


def _corners(way: Moves, place: Place, time: int, apart: IntArray) -> Iterator[int]:
    """One fewer here and at another site's other cell, one more at the two other corners."""
    site, cell = place
    down = (way.sub & way.down[:-1, :-1])[..., time]
    if not down[place]:
        return
    up = (way.add & way.up[:-1, :-1])[..., time]
    corners = (up[:, cell, np.newaxis] & up[site] & down)[:, apart]
    corners[site] = False
    yield from np.flatnonzero(corners.any(axis=1)).tolist()


def _other_times(
    way: Moves, place: Place, time: int, sites: bool, apart: IntArray
) -> Iterator[int]:
    """One fewer now and one more in another subgroup, the other way round elsewhere if need be."""
    site, cell = place
    if not way.sub[place][time]:
        return

    here = way.moved(place, time, False).copy()
    here[time] = False
    here &= way.fits((TOTAL, cell), time, False)
    for other in apart.tolist():
        back = way.moved((site, other), time, True)
        if (here & back & way.fits((TOTAL, other), time, True)).any():
            yield site
            return
    of_site = way.fits((site, TOTAL), time, False)
    alone = here & of_site & way.fits((TOTAL, TOTAL), time, False)
    if alone.any():
        yield site
        return
    here = way.moved(place, time, False) & of_site
    here[time] = False
    if sites and here.any():
        for other in range(len(way.add)):
            back = way.moved((other, cell), time, True)
            if other != site and (here & back & way.fits((other, TOTAL), time, True)).any():
                yield other
