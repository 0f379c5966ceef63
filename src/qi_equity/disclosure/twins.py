"""What the released counts give away, and withholding until they give away no small count.

A count is safe if it has a twin: other true counts, differing in it, that would be released as
the very same numbers, now and in every release before. Whatever an attacker does with those
numbers, both stay possible; and so they do for whoever knows all the counts of one other site.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np

from qi_equity.arrays import BoolArray
from qi_equity.disclosure.board import Board, Step, Told
from qi_equity.disclosure.relations import Key, Relation
from qi_equity.disclosure.release import Count, Release

Place = tuple[int, int]  # site and stratum; -1 is the total
TOTAL = -1
# Of three sites or more, one may be the attacker's own: what changes in exchange with other sites
# must be able to do so with two of them.
SITES_OF_INSIDERS = 3


@dataclass(frozen=True, slots=True)
class Secured:
    """Releases that give nothing away, and the relations that were reckoned with."""

    releases: list[Release]
    relations: tuple[Relation, ...]


def secured(
    releases: Sequence[Release],
    earlier: Sequence[Sequence[Release]] = (),
    told: Iterable[Relation] = (),
) -> Secured:
    """The releases with series widened or withheld until every small count has a twin.

    `earlier` are the releases that went out before, as they were made; `told` the relations that
    the project declares.
    """
    made = list(releases)
    used: list[Relation] = []
    for period in dict.fromkeys(one.grid.measure.subgroup for one in made):
        places = [n for n, one in enumerate(made) if one.grid.measure.subgroup == period]
        before = [[one for one in group if one.grid.measure.subgroup == period]
                  for group in earlier]  # fmt: skip
        board = Board([made[n] for n in places], before, tuple(told))
        _secure(board)
        for n, one in zip(places, board.now, strict=True):
            made[n] = one
        used += board.relations
    return Secured(made, tuple(used))


def _secure(board: Board) -> None:
    """Each measure for itself, then all that is told of the same people together."""
    # What could not be helped by telling less now was given away before: it is not tried again.
    hopeless: set[tuple[Key, str | None, Place]] = set()
    clean = False
    while not clean:  # what helps one count may harm another, so all are looked at again
        clean = True
        for key, measure in _asked(board):
            for place in list(exposed(board, key, measure)):
                if (key, measure, place) in hopeless:
                    continue
                clean = False
                if not _told_less(board, key, measure, place):
                    hopeless.add((key, measure, place))


def _asked(board: Board) -> Iterator[tuple[Key, str | None]]:
    for one in board.now:
        for count in one.sums:
            yield board.stands_for(one.grid.measure.id, count), one.grid.measure.id
    if len(board.now) > 1:
        for key in board.counts:
            yield key, None


def _told_less(board: Board, key: Key, measure: str | None, place: Place) -> bool:
    """Widen or withhold what tells of one series' small counts until each has a twin."""
    keys = {one for step in board.steps(key, measure) for one in step} | {key}
    group = [
        n for n in board.places_of(keys) if measure in (None, board.now[n].grid.measure.id)
    ]  # fmt: skip
    while any(exposed(board, key, measure, only=place)):
        told = _most_told(board, group, place)
        if told is None:
            return False
        index, at = told
        board.now[index] = board.now[index].wider(*at)
        board.renewed(index)
    return True


def _most_told(board: Board, group: list[int], place: Place) -> tuple[int, Place] | None:
    """The series to tell less of: one that is small, else the one that is told most finely.

    What tells of a count is its own series and the totals over it, and of a total its parts too.
    """
    last = (len(board.axes.sites) - 1, len(board.axes.strata) - 1)
    rows, columns = (
        list(range(end)) if at in (TOTAL, end) else [at]
        for at, end in zip(place, last, strict=True)
    )
    own = [place]
    over = product(dict.fromkeys((place[0], last[0])), dict.fromkeys((place[1], last[1])))
    tried = [own, list(over), list(product(rows, columns))]
    for nth, series in enumerate(tried):
        told = [
            (index, at)
            for index in group
            for at in (board.at(index, one) for one in series)
            if at is not None
            and not board.now[index].withheld[at]
            and (nth or board.now[index].small[at])
        ]
        if told:
            return min(told, key=lambda one: board.now[one[0]].rung[one[1]])
    return None


@dataclass(frozen=True, eq=False)
class _Moves:
    """A step and its reverse: where it would change no released number, and may be taken."""

    up: BoolArray  # (site, stratum, subgroup), totals last
    down: BoolArray
    add: BoolArray  # where the counts allow it; strata and sites alone
    sub: BoolArray
    alone: BoolArray  # where either can be taken with nothing in exchange
    told: tuple[tuple[Told, int], ...]
    known: dict[tuple[Place, int, bool], BoolArray] = field(default_factory=dict)

    @cached_property
    def reverse(self) -> _Moves:
        """The step the other way."""
        told = tuple((one, -sign) for one, sign in self.told)
        return _Moves(self.down, self.up, self.sub, self.add, self.alone, told)

    def fits(self, at: Place, time: int, back: bool) -> BoolArray:
        """The subgroups with which one of a series can be exchanged, by all that is told of it.

        One fewer then and one more in the other; the other way round if `back`.
        """
        found = self.known.get((at, time, back))
        if found is None:
            found = np.ones(self.up.shape[2], bool)
            for one, sign in self.told:
                up, down = (one.up, one.down)[:: -sign if back else sign]
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


def _moves(board: Board, step: Step, measure: str | None) -> _Moves:
    told = tuple((one, sign) for key, sign in step.items() for one in board.told(key, measure))
    shape = told[0][0].true.shape
    up, down = np.ones(shape, bool), np.ones(shape, bool)
    inner = tuple(size - 1 for size in shape[:2])
    single = [np.ones((*inner, shape[2]), bool) for _ in range(2)]
    regular = np.ones((*inner, shape[2]), bool)
    for one, sign in told:
        ways = (one.up, one.down)[::sign]
        up &= ways[0]
        down &= ways[1]
        there = np.isfinite(one.held)
        for alone, way in zip(single, ways, strict=True):
            alone &= _all_four(way) | ~there
        # In exchange with others only what every release holds, that holds the subgroup at all.
        regular &= there | ~there.any(axis=(0, 1))
    add, sub = board.allowed(step, measure)
    alone = (add & single[0]) | (sub & single[1])
    return _Moves(up, down, add & regular, sub & regular, alone, told)


def _all_four(room: BoolArray) -> BoolArray:
    """Room in a stratum at a site and in the three totals over it."""
    return np.asarray(room[:-1, :-1] & room[:-1, -1:] & room[-1:, :-1] & room[-1:, -1:])


@dataclass(frozen=True, slots=True, eq=False)
class _Changes:
    """Where counts and totals can differ: (site, stratum, subgroup), totals last.

    `by_site` says of the totals over sites, through which of them: whoever knows that site's
    counts knows that they do not.
    """

    anywhere: BoolArray
    by_site: BoolArray


def _changes(moves: Sequence[_Moves], partners: int) -> _Changes:
    sites, strata, times = moves[0].up.shape
    anywhere = np.zeros((sites, strata, times), bool)
    by_site = np.zeros((sites - 1, strata, times), bool)
    for one in moves:
        more, less = one.add & one.up[:-1, :-1], one.sub & one.down[:-1, :-1]
        up, down = one.up, one.down
        strata_ = exchanged(more & up[-1:, :-1], less & down[-1:, :-1], axis=1)
        sites_ = exchanged(more & up[:-1, -1:], less & down[:-1, -1:], axis=0, partners=partners)
        anywhere[:-1, :-1] |= one.alone | strata_ | sites_
        anywhere[:-1, -1] |= (one.alone | sites_).any(axis=1)
        by_site[:, :-1] |= one.alone | strata_
        by_site[:, -1] |= one.alone.any(axis=1)
    anywhere[-1] = by_site.any(axis=0)
    return _Changes(anywhere, by_site)


def exchanged(more: BoolArray, less: BoolArray, axis: int, partners: int = 1) -> BoolArray:
    """One more here and one fewer elsewhere along an axis, or the other way round.

    `partners` is how many places elsewhere there must be to choose from.
    """

    def elsewhere(moves: BoolArray) -> BoolArray:
        return np.asarray(moves.sum(axis=axis, keepdims=True) - moves.astype(np.int64) >= partners)

    return (more & elsewhere(less)) | (less & elsewhere(more))


def exposed(
    board: Board, key: Key, measure: str | None = None, only: Place | None = None
) -> Iterator[Place]:
    """Where a small count, of one subgroup or released, has no twin.

    `measure` looks at what is told of one measure alone; `only` asks of one series.
    """
    told = list(board.told(key, measure))
    insiders = len(board.axes.sites) > SITES_OF_INSIDERS
    partners = 2 if insiders else 1
    moves = [_moves(board, step, measure) for step in board.steps(key, measure)]
    if not moves:
        return
    changes = _changes(moves, partners)
    if only is not None:
        only = tuple(at % size for at, size in zip(only, changes.anywhere.shape, strict=False))
    limit = board.limit if insiders else 0
    yield from _released(told, changes, limit, only)
    small, others = _small(told, board.limit, insiders)
    hidden = small & ~changes.anywhere
    if insiders:
        known = changes.by_site.sum(axis=0) - changes.by_site.astype(np.int64) > 0
        hidden[-1] |= (others & ~known).any(axis=0)
    for place in _places(hidden, only):
        for time in np.flatnonzero(hidden[place]).tolist():
            if place[0] < len(small) - 1:
                safe = _found(moves, place, time, partners)
            else:
                through = changes.by_site[:, place[1], time].copy()
                through |= _sites_of_exchanges(moves, place[1], time, through)
                asked = others[:, place[1], time] if insiders else np.zeros(len(through), bool)
                safe = (through.any() or not small[(*place, time)]) and not (
                    asked & (through.sum() - through.astype(int) < 1)
                ).any()
            if not safe:
                yield place
                break


def _small(told: Sequence[Told], limit: int, insiders: bool) -> tuple[BoolArray, BoolArray]:
    """Counts of 1 to 7 in any release, and what is so small of a total less one of its sites."""
    shape = told[0].true.shape
    small, others = np.zeros(shape, bool), np.zeros((shape[0] - 1, *shape[1:]), bool)
    for one in told:
        table = np.zeros(shape)
        table[:-1, :-1] = np.nan_to_num(one.held)
        table[:-1, -1] = table[:-1, :-1].sum(axis=1)
        table[-1] = table[:-1].sum(axis=0)
        small |= (table > 0) & (table < limit)
        if insiders:
            rest = table[-1] - table[:-1]
            others |= (rest > 0) & (rest < limit)
    return small, others


def _released(
    told: Sequence[Told], changes: _Changes, limit: int, only: Place | None
) -> Iterator[Place]:
    """Where the sum over a block is small, in any release, and no count in it can differ.

    `limit` is what is small to whoever knows one site; nought where nobody does.
    """
    for one in told:
        for place in _places(one.small, only):
            ids = one.ids[place]
            if not all(
                changes.anywhere[place][ids == block].any()
                for block in np.unique(ids[one.small[place]])
            ):
                yield place
    if not limit:
        return
    for one, stratum in product(told, range(changes.anywhere.shape[1])):
        place = (len(changes.anywhere) - 1, stratum)
        if (
            only in (None, place)
            and not one.free[-1, stratum].all()
            and not _open_to_insiders(one, changes, stratum, limit)
        ):
            yield place


def _open_to_insiders(one: Told, changes: _Changes, stratum: int, limit: int) -> bool:
    """Whether a small sum of all sites but one can differ, for whoever knows that one."""
    ids, free = one.ids[-1, stratum], one.free[-1, stratum]
    held = np.nan_to_num(one.held)
    counts = held.sum(axis=1) if stratum == held.shape[1] else held[:, stratum]
    starts = np.flatnonzero(np.diff(ids, prepend=-2))
    sums = np.add.reduceat(counts, starts, axis=-1)
    rest = sums.sum(axis=0) - sums
    by = np.add.reduceat(changes.by_site[:, stratum].astype(np.int64), starts, axis=-1) > 0
    can = by.sum(axis=0) - by.astype(np.int64) > 0
    small = (rest > 0) & (rest < limit) & ~free[starts]
    return not bool((small & ~can).any())


def _found(moves: Sequence[_Moves], place: Place, time: int, partners: int) -> bool:
    """Whether a count at a site can differ in exchange for others, of other subgroups too."""
    strata = moves[0].up.shape[1] - 1
    inner = range(strata) if place[1] == strata else [place[1]]
    others: set[int] = set()
    for one, stratum in product(moves, inner):
        for way in (one, one.reverse):
            for partner in _exchanges(way, (place[0], stratum), time, (True, place[1] < strata)):
                others.add(partner)
                if partner == place[0] or len(others) >= partners:
                    return True
    return False


def _sites_of_exchanges(
    moves: Sequence[_Moves], stratum: int, time: int, known: BoolArray
) -> BoolArray:
    """The sites at which a total over sites can differ through other subgroups; two will do."""
    strata = moves[0].up.shape[1] - 1
    inner = range(strata) if stratum == strata else [stratum]
    found = known.copy()
    for site in np.flatnonzero(~known).tolist():
        if found.sum() > 1:
            break
        found[site] = any(
            next(_exchanges(way, (site, at), time, (False, stratum < strata)), None) is not None
            for one in moves
            for way in (one, one.reverse)
            for at in inner
        )
    return found


def _exchanges(way: _Moves, place: Place, time: int, over: tuple[bool, bool]) -> Iterator[int]:
    """The sites with which a count of one subgroup can be exchanged; its own where with none.

    `over` says whether other sites and other strata may take part.
    """
    yield from _other_times(way, place, time, over)
    if all(over):
        yield from _corners(way, place, time)


def _corners(way: _Moves, place: Place, time: int) -> Iterator[int]:
    """One fewer here and at another site's other stratum, one more at the two other corners."""
    site, stratum = place
    down = (way.sub & way.down[:-1, :-1])[..., time]
    if not down[place]:
        return
    up = (way.add & way.up[:-1, :-1])[..., time]
    corners = up[:, stratum, np.newaxis] & up[site] & down
    corners[site], corners[:, stratum] = False, False
    yield from np.flatnonzero(corners.any(axis=1)).tolist()


def _other_times(way: _Moves, place: Place, time: int, over: tuple[bool, bool]) -> Iterator[int]:
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


def _places(where: BoolArray, only: Place | None) -> Iterator[Place]:
    """The series in which it holds of any subgroup."""
    if only is None:
        yield from map(tuple, np.argwhere(where.any(axis=-1)).tolist())
    elif where[only].any():
        yield only


def room(releases: Sequence[Release], count: Count) -> tuple[BoolArray, BoolArray]:
    """Where one more, and one fewer, rounds to the same in every release."""
    up = np.ones(releases[0].grid.logged.shape, bool)
    down = up.copy()
    for each in releases:
        true, free = each.true(count), each.free
        least, most = each.policy.between(true)
        up &= free | (true < most)
        down &= free | (true > least)
    return up, down
