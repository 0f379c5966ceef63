"""What can change without being seen: more here, fewer there, and all that is told stays as it is.

A step is what changes together in one cell (see `board`); it is taken alone, or in exchange with
other strata, sites and subgroups. Which counts must be able to change is for `twins`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np

from qi_equity.arrays import BoolArray
from qi_equity.disclosure.board import Board, Step, Told
from qi_equity.disclosure.release import Count, Release

Place = tuple[int, int]  # site and stratum; -1 is the total
Way = int  # 1: one more; -1: one fewer
TOTAL = -1


@dataclass(frozen=True, eq=False)
class Moves:
    """A step and its reverse: where it would change no released number, and may be taken."""

    up: BoolArray  # (site, stratum, subgroup), totals last
    down: BoolArray
    add: BoolArray  # where the counts allow it; strata and sites alone
    sub: BoolArray
    alone: tuple[BoolArray, BoolArray]  # where each can be taken with nothing in exchange
    told: tuple[tuple[Told, BoolArray, BoolArray], ...]  # with the room for the step, its reverse
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
                ids, free = one.ids[at], one.free[at]
                fit = up[at] if down[at][time] else np.zeros(len(ids), bool)
                if not free[time]:
                    fit = fit | (~free & (ids == ids[time]))
                found &= fit
            self.known[at, time, back] = found
        return found

    def moved(self, at: Place, time: int, back: bool) -> BoolArray:
        """The same of a stratum at a site, where the counts themselves allow it."""
        down, up = (self.add, self.sub) if back else (self.sub, self.add)
        if not down[at][time]:
            return np.zeros(self.up.shape[2], bool)
        return np.asarray(up[at] & self.fits(at, time, back))


def _with_room(one: Told, sign: int) -> tuple[Told, BoolArray, BoolArray]:
    """What is told, with where it has room for a step and for its reverse."""
    more, less = np.asarray(one.above >= 1), np.asarray(one.below >= 1)
    return (one, more, less) if sign > 0 else (one, less, more)


def moves_of(board: Board, step: Step, measure: str | None) -> Moves:
    """A step, and what is told of all that it changes."""
    told = tuple(
        _with_room(one, sign) for key, sign in step.items() for one in board.told(key, measure)
    )
    shape = told[0][0].true.shape
    up, down = np.ones(shape, bool), np.ones(shape, bool)
    inner = tuple(size - 1 for size in shape[:2])
    single = [np.ones((*inner, shape[2]), bool) for _ in range(2)]
    regular = np.ones((*inner, shape[2]), bool)
    for one, *ways in told:
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


def changes_of(moves: Sequence[Moves], partners: int) -> Changes:
    """Where a count can be more: in its cell alone, or in exchange with others of the same time."""
    sites, strata, times = moves[0].up.shape
    anywhere = np.zeros((sites, strata, times), bool)
    by_site = np.zeros((sites - 1, strata, times), bool)
    for one in moves:
        more, less = one.add & one.up[:-1, :-1], one.sub & one.down[:-1, :-1]
        up, down = one.up, one.down
        strata_ = exchanged(more & up[-1:, :-1], less & down[-1:, :-1], axis=1)
        sites_ = exchanged(more & up[:-1, -1:], less & down[:-1, -1:], axis=0, partners=partners)
        alone = one.alone[0]
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


def found(moves: Sequence[Moves], place: Place, time: int, partners: int) -> bool:
    """Whether a count at a site can be more in exchange for others, of other subgroups too."""
    strata = moves[0].up.shape[1] - 1
    inner = range(strata) if place[1] == strata else [place[1]]
    others: set[int] = set()
    for one, stratum in product(moves, inner):
        over = (True, place[1] < strata)
        for partner in _exchanges(one.reverse, (place[0], stratum), time, over):
            others.add(partner)
            if partner == place[0] or len(others) >= partners:
                return True
    return False


def sites_of_exchanges(
    moves: Sequence[Moves], stratum: int, time: int, known: BoolArray
) -> BoolArray:
    """The sites through which a total over sites can be more by other subgroups; two will do."""
    strata = moves[0].up.shape[1] - 1
    inner = range(strata) if stratum == strata else [stratum]
    found = known.copy()
    for site in np.flatnonzero(~known).tolist():
        if found.sum() > 1:
            break
        over = (False, stratum < strata)
        found[site] = any(
            next(_exchanges(one.reverse, (site, at), time, over), None) is not None
            for one in moves
            for at in inner
        )
    return found


def _exchanges(way: Moves, place: Place, time: int, over: tuple[bool, bool]) -> Iterator[int]:
    """The sites with which a count of one subgroup can be exchanged; its own where with none.

    `over` says whether other sites and other strata may take part.
    """
    yield from _other_times(way, place, time, over)
    if all(over):
        yield from _corners(way, place, time)


def _corners(way: Moves, place: Place, time: int) -> Iterator[int]:
    """One fewer here and at another site's other stratum, one more at the two other corners."""
    site, stratum = place
    down = (way.sub & way.down[:-1, :-1])[..., time]
    if not down[place]:
        return
    up = (way.add & way.up[:-1, :-1])[..., time]
    corners = up[:, stratum, np.newaxis] & up[site] & down
    corners[site], corners[:, stratum] = False, False
    yield from np.flatnonzero(corners.any(axis=1)).tolist()


def _other_times(way: Moves, place: Place, time: int, over: tuple[bool, bool]) -> Iterator[int]:
    """One fewer now and one more in another subgroup, the other way round elsewhere if need be."""
    site, stratum = place
    sites, strata, _ = way.add.shape
    if not way.sub[place][time]:
        return

    here = way.moved(place, time, False).copy()
    here[time] = False
    here &= way.fits((TOTAL, stratum), time, False)
    if over[1]:
        for other in range(strata):
            if (
                other != stratum
                and (
                    here
                    & way.moved((site, other), time, True)
                    & way.fits((TOTAL, other), time, True)
                ).any()
            ):
                yield site
                return
    of_site = way.fits((site, TOTAL), time, False)
    alone = here & of_site & way.fits((TOTAL, TOTAL), time, False)
    if alone.any():
        yield site
        return
    here = way.moved(place, time, False) & of_site
    here[time] = False
    if over[0] and here.any():
        for other in range(sites):
            back = way.moved((other, stratum), time, True)
            if other != site and (here & back & way.fits((other, TOTAL), time, True)).any():
                yield other


def room(releases: Sequence[Release], count: Count) -> tuple[BoolArray, BoolArray]:
    """Where one more, and one fewer, round to the same in every release."""
    up = np.ones(releases[0].grid.logged.shape, bool)
    down = up.copy()
    for each in releases:
        true, free = each.true(count), each.free
        least, most = each.policy.between(true)
        up &= free | (true < most)
        down &= free | (true > least)
    return up, down
