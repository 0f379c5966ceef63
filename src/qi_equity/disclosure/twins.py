"""What the released counts give away, and withholding until they give away no small count.

A count is safe if it has twins: other true counts, differing in it, that would be released as
the very same numbers, now and in every release before. Whatever an attacker does with those
numbers, all stay possible; and so they do for whoever knows all the counts of one other site.
Two dimensions that are crossed are sums over the same cells: both are told of one set of counts.
Three values are left of each, each shown by a twin: one or two more, one or two fewer in a cell or
in exchange with its neighbours, or, where these do not do, another table altogether (see `others`).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from qi_equity.arrays import BoolArray, FloatArray
from qi_equity.disclosure.board import Board, Side, Told
from qi_equity.disclosure.moves import (
    TOTAL,
    Changes,
    Moves,
    Place,
    Way,
    changes_of,
    found,
    moves_of,
    of_others,
    sites_of_exchanges,
)
from qi_equity.disclosure.policy import VALUES
from qi_equity.disclosure.relations import Key, Relation
from qi_equity.disclosure.release import Release

if TYPE_CHECKING:
    from qi_equity.disclosure.others import Others

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
    """The releases with series widened or withheld until every small count has its twins.

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
    hopeless: dict[Asked, set[Place]] = {}
    clean = False
    while not clean:  # what helps one count may harm another, so all are looked at again
        clean = True
        for asked in _asked(board):
            lost = hopeless.setdefault(asked, set())
            for place in dict.fromkeys(exposed(board, asked, apart_from=lost)):
                clean = False
                if not _told_less(board, asked, place):
                    lost.add(place)


@dataclass(frozen=True, slots=True)
class Asked:
    """A count that is asked about, as one dimension's strata tell of it.

    `measure` looks at what is told of one measure alone.
    """

    key: Key
    measure: str | None = None
    side: int = 0


def _asked(board: Board) -> Iterator[Asked]:
    sides = range(len(board.axes.sides))
    alone = dict.fromkeys((one.grid.measure.id, count) for one in board.now for count in one.sums)
    for (measure, count), side in product(alone, sides):
        yield Asked(board.stands_for(measure, count), measure, side)
    if len({measure for measure, _ in alone}) > 1:
        for key, side in product(board.counts, sides):
            yield Asked(key, None, side)


def _told_less(board: Board, asked: Asked, place: Place) -> bool:
    """Widen or withhold what tells of one series' small counts until each has its twins."""
    key, measure = asked.key, asked.measure
    keys = {one for step in board.steps(key, measure) for one in step} | {key}
    group = [
        n for n in board.places_of(keys) if measure in (None, board.now[n].grid.measure.id)
    ]  # fmt: skip
    while any(exposed(board, asked, only=place)):
        told = _most_told(board, group, board.axes.sides[asked.side], place)
        if told is None:
            return False
        index, at = told
        board.now[index] = board.now[index].wider(*at)
        board.renewed(index)
    return True


def _most_told(
    board: Board, group: list[int], side: Side, place: Place
) -> tuple[int, Place] | None:
    """The series to tell less of: one that is small, else the one that is told most finely.

    What tells of a count is its own series and the totals over it, and of a total its parts too;
    what the other of two dimensions tells of it are its totals, then all that it has.
    """
    sites = len(board.axes.sites) - 1
    rows = list(range(sites)) if place[0] in (TOTAL, sites) else [place[0]]
    for nth in range(3):
        told = [
            (index, at)
            for index in group
            for one in _telling(nth, board.axes.side(board.now[index].grid), side, place, rows)
            if (at := board.at(index, one)) is not None
            and not board.now[index].withheld[at]
            and (nth or board.now[index].small[at])
        ]
        if told:
            return min(told, key=lambda one: board.now[one[0]].rung[one[1]])
    return None


def _telling(
    nth: int, side: Side, asked: Side, place: Place, rows: Sequence[int]
) -> Iterator[Place]:
    """Of one dimension, the series that tell of a place of another: its own, those over it, all."""
    site, stratum = place
    last = len(side.strata) - 1
    whole = stratum in (TOTAL, len(asked.strata) - 1)
    columns = list(range(last)) if whole or side is not asked else [stratum]
    own = last if whole else stratum
    if nth == 0:
        yield from [(site, own)] if whole or side is asked else []
    elif nth == 1:
        columns = [last] if whole or side is not asked else [stratum, last]
        yield from product(dict.fromkeys((site, TOTAL)), columns)
    else:
        yield from product(rows, columns)


@dataclass(frozen=True, eq=False)
class _Look:
    """What is told of one count, and where it can be one more or one fewer."""

    board: Board
    asked: Asked
    insiders: bool

    @property
    def side(self) -> Side:
        """The strata that are asked about."""
        return self.board.axes.sides[self.asked.side]

    @cached_property
    def told(self) -> list[Told]:
        """All that these strata are told of it."""
        every = self.board.told(self.asked.key, self.asked.measure)
        return [one for one in every if one.side is self.side]

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Sites, strata and subgroups, without totals."""
        sites, _, times = self.told[0].held.shape
        return sites, len(self.side.strata) - 1, times

    @property
    def partners(self) -> int:
        """The sites to choose from in an exchange."""
        return 2 if self.insiders else 1

    @cached_property
    def moves(self) -> dict[Way, list[Moves]]:
        """The steps by which it can be more, or fewer."""
        key, measure = self.asked.key, self.asked.measure
        more = [moves_of(self.board, step, measure) for step in self.board.steps(key, measure)]
        return {1: more, -1: [one.reverse for one in more]}

    @cached_property
    def changes(self) -> dict[Way, Changes]:
        """Where it can be more, or fewer, in a cell or in exchange with its neighbours."""
        return {way: self._changes(moves) for way, moves in self.moves.items()}

    def _changes(self, moves: list[Moves]) -> Changes:
        if moves:
            return changes_of(moves, self.partners, self.side)
        sites, strata, times = self.shape  # no step fits all relations: it must be searched for
        nowhere = np.zeros((sites + 1, strata + 1, times), bool)
        return Changes(nowhere, nowhere[:-1])

    @cached_property
    def values(self) -> dict[int, Changes]:
        """The same of one and of two more, or fewer: how far from its true value it can be."""
        key, measure = self.asked.key, self.asked.measure
        steps = [{k: 2 * n for k, n in one.items()} for one in self.board.steps(key, measure)]
        more = [moves_of(self.board, step, measure) for step in steps]
        two = {2: more, -2: [one.reverse for one in more]}
        return self.changes | {far: self._changes(moves) for far, moves in two.items()}

    @cached_property
    def wide(self) -> BoolArray:
        """Where three values are left of a count by these alone."""
        return np.asarray(sum(one.anywhere.astype(int) for one in self.values.values()) >= 2)

    def known(self, place: Place, times: slice) -> set[int]:
        """Which of these can be, of a sum over subgroups."""
        return {far for far, one in self.values.items() if one.anywhere[place][times].any()}

    def open(self, place: Place, times: slice, known: set[int], knows: int | None = None) -> bool:
        """Whether all that is told leaves three values of a sum over subgroups, some `known`.

        `knows`: for whoever knows all counts of that site; of a site's own, for each of the others.
        """
        sites, whole = self.shape[0], place[0] == self.shape[0]
        cells = self.others.cells(
            self.asked.key, range(sites) if whole else [place[0]],
            self.side.members(place[1]), times,
        )  # fmt: skip
        who: list[list[int]] = [[] if knows is None else [knows]]
        if not whole and self.insiders:
            rest = [at for at in range(sites) if at != place[0]]
            # What changes at its own site alone is possible to all who know another.
            if self.exact and self.others.leave(cells, known, rest):
                return True
            who = [[at] for at in rest]
        if not self.exact:
            return all(self.others.may_leave(cells, fixed) for fixed in who)
        return all(self.others.leave(cells, known, fixed) for fixed in who)

    @cached_property
    def exact(self) -> bool:
        """Whether nothing else is asked of the count: of one measure of several all together are.

        A twin of all is one of each.
        """
        measures = {one.grid.measure.id for one in self.board.now}
        return self.asked.measure is None or len(measures) == 1

    @cached_property
    def others(self) -> Others:
        """The twins of the whole table that are known, and how to find more."""
        from qi_equity.disclosure.others import Others  # its solver is for whoever makes a release

        return Others.of(self.board, self.asked.key, self.asked.measure)

    def found(self, way: Way, place: Place, time: int) -> bool:
        """Whether a count at a site can be more, or fewer, in exchange with other subgroups."""
        return found(self.moves[way], place, time, self.partners, self.side)


def exposed(
    board: Board, asked: Asked, only: Place | None = None, apart_from: Container[Place] = ()
) -> Iterator[Place]:
    """Where a small count, of one subgroup or released, has no twin, or not three values left.

    `only` asks of one series.
    """
    look = _Look(board, asked, len(board.axes.sites) > SITES_OF_INSIDERS)
    if not look.told:
        return
    more, less = (look.changes[way] for way in (1, -1))
    shape = more.anywhere.shape
    if only is not None:
        only = tuple(at % size for at, size in zip(only, shape, strict=False))
    yield from _released(look, only, apart_from)
    small, others = _small(look)
    hidden = small & ~look.wide
    if look.insiders:
        known = of_others(more.by_site) & of_others(less.by_site)
        hidden[-1] |= (others & ~known).any(axis=0)
    for place in _places(hidden, only, apart_from):
        for time in np.flatnonzero(hidden[place]).tolist():
            known_to = others[:, place[1], time]
            if not (
                _count_open(look, place, time) if place[0] < shape[0] - 1
                else _total_open(look, place[1], time, known_to, bool(small[(*place, time)]))
            ):  # fmt: skip
                yield place
                break


def _count_open(look: _Look, place: Place, time: int) -> bool:
    """Whether a count at a site has twins enough, in exchange with other subgroups too."""
    known = look.known(place, slice(time, time + 1))
    for way in (1, -1):
        if len(known) < VALUES - 1 and way not in known and look.found(way, place, time):
            known.add(way)
    return len(known) >= VALUES - 1 or look.open(place, slice(time, time + 1), known)


def _total_open(look: _Look, stratum: int, time: int, asked: BoolArray, small: bool) -> bool:
    """The same of a total over sites; `asked` of whoever knows that site."""
    more, less = (
        sites_of_exchanges(
            look.moves[way], stratum, time, change.by_site[:, stratum, time], look.side
        )
        for way, change in look.changes.items()
    )
    return _sum_open(look, stratum, slice(time, time + 1), (more, less), asked, small)


def _sum_open(
    look: _Look, stratum: int, times: slice, through: tuple[BoolArray, BoolArray],
    asked: BoolArray, small: bool = False,
) -> bool:  # fmt: skip
    """Whether a sum of all sites has twins enough: `through` which it can be more, and fewer.

    It is `small`, or the rest is to those who know a site that is `asked` about.
    """
    place = look.shape[0], stratum
    more, less = map(of_others, through)
    known = {way for way, sites in zip((1, -1), through, strict=True) if sites.any()}
    if small and len(known) < len(through) and not look.open(place, times, known):
        return False
    return all(
        look.open(place, times, {way for way, of in ((1, more), (-1, less)) if of[site]}, site)
        for site in np.flatnonzero(asked & ~(more & less)).tolist()
    )


def _small(look: _Look) -> tuple[BoolArray, BoolArray]:
    """Counts of 1 to 7 in any release, and what is so small of a total less one of its sites."""
    (sites, strata, times), limit = look.shape, look.board.limit
    small = np.zeros((sites + 1, strata + 1, times), bool)
    others = np.zeros((sites, strata + 1, times), bool)
    for one in look.told:
        table = np.zeros(small.shape)
        table[:-1, :-1] = _counts(one)
        table[:-1, -1] = table[:-1, :-1].sum(axis=1)
        table[-1] = table[:-1].sum(axis=0)
        small |= (table > 0) & (table < limit)
        if look.insiders:  # to whoever knows one site, the rest of a total may be a small count
            rest = table[-1] - table[:-1]
            others |= (rest > 0) & (rest < limit)
    return small, others


def _counts(one: Told) -> FloatArray:
    """The true counts of the strata, nought where not logged: (site, stratum, subgroup)."""
    return one.side.summed(np.nan_to_num(one.held))


def _released(look: _Look, only: Place | None, apart_from: Container[Place]) -> Iterator[Place]:
    """Where the sum over a block is small, in any release, and has not twins enough."""
    for one in look.told:
        for place in _places(one.small, only, apart_from):
            if not all(_block_open(look, place, block) for block in _blocks(one, place)):
                yield place
    if not look.insiders:
        return
    last = look.shape[0]
    for one, stratum in product(look.told, range(look.shape[1] + 1)):
        place = (last, stratum)
        wanted = only in (None, place) and place not in apart_from
        if wanted and not _open_to_insiders(one, look, stratum):
            yield place


def _blocks(one: Told, place: Place) -> Iterator[slice]:
    """The blocks of a series that are told as small."""
    starts = np.flatnonzero(np.diff(one.ids[place], prepend=-2))
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), None], strict=True):
        if one.small[place][start]:
            yield slice(start, end)


def _block_open(look: _Look, place: Place, times: slice) -> bool:
    known = look.known(place, times)
    return len(known) >= VALUES - 1 or look.open(place, times, known)


def _open_to_insiders(one: Told, look: _Look, stratum: int) -> bool:
    """Whether small sums of all sites but one have twins enough, for whoever knows that one."""
    ids, free = one.ids[-1, stratum], one.free[-1, stratum]
    held = _counts(one)
    counts = held.sum(axis=1) if stratum == held.shape[1] else held[:, stratum]
    starts = np.flatnonzero(np.diff(ids, prepend=-2))
    sums = np.add.reduceat(counts, starts, axis=-1)
    rest = sums.sum(axis=0) - sums
    small = (rest > 0) & (rest < look.board.limit) & ~free[starts]
    ends = [*starts[1:].tolist(), None]
    for block in np.flatnonzero(small.any(axis=0)).tolist():
        times = slice(int(starts[block]), ends[block])
        more, less = (
            np.asarray(look.changes[way].by_site[:, stratum, times].any(axis=-1)) for way in (1, -1)
        )
        if not _sum_open(look, stratum, times, (more, less), small[:, block]):
            return False
    return True


def _places(where: BoolArray, only: Place | None, apart_from: Container[Place]) -> Iterator[Place]:
    """The series in which it holds of any subgroup."""
    if only is None:
        every = zip(*(at.tolist() for at in np.nonzero(where.any(axis=-1))), strict=True)
        yield from (place for place in every if place not in apart_from)
    elif where[only].any():
        yield only
