"""How far apart the values are that all told numbers leave of a count, bound by bound.

What is told of a count and of all that is tied to it is one system of whole numbers: how much more
or less each cell and each block may be. Each number bounds each of its parts by what the others are
at least and at most, until nothing moves any more. No value outside is possible; inside most are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise, product

import numpy as np

from qi_equity.arrays import FloatArray, IntArray
from qi_equity.disclosure.board import Board, Side, Told
from qi_equity.disclosure.relations import Key

# No cell is looked at further from its true count than this.
FARTHEST = 50.0
# Rounds of tightening: in the networks tried nothing moved after a few.
MOST_ROUNDS = 12

Line = tuple[Mapping[int, int], float, float]  # parts and their signs, the least and the most
Block = tuple[int, int]  # from this subgroup to before that one
Series = tuple[str, int, int]  # of a dimension, a site and a stratum


@dataclass(frozen=True, eq=False)
class Bounds:
    """Bounds on one count of a board, for anybody or for whoever knows all counts of a site."""

    board: Board
    key: Key
    measure: str | None
    side: Side

    def apart(self, series: tuple[list[int], int], times: slice, knows: int | None = None) -> float:
        """How far the least sum of a stratum at these sites is from the most, at most."""
        made, (sites, stratum) = self._system, series
        low, high = made.ends(knows)
        own = made.weekly[self._nth, self.side.project]
        whole = stratum == own.shape[1]
        within = own[sites, slice(None) if whole else stratum, times].ravel()
        found = float((high[within] - low[within]).sum())
        cells = made.cells_of(self._nth, sites, self.side, stratum)[..., times]
        same = made.blocks.get(np.sort(cells, axis=None).tobytes(), ())
        return min([found, *(float(high[at] - low[at]) for at in same)])

    def of_each(self, knows: int | None = None) -> FloatArray:
        """The same of every subgroup's count: (site, stratum, subgroup)."""
        low, high = self._system.ends(knows)
        own = self._system.weekly[self._nth, self.side.project]
        return np.asarray(high[own] - low[own])

    @property
    def _nth(self) -> int:
        return self._system.keys.index(self.key)

    @cached_property
    def _system(self) -> _System:
        """Once for counts that are tied, and for one measure and all if they are told the same."""
        board, keys = self.board, _tied(self.board, self.key, self.measure)
        told = [tuple(board.told(key, self.measure)) for key in keys]
        name = tuple(id(one) for each in told for one in each)
        kept = board.systems.get(name)
        if kept is None:
            kept = board.systems[name] = _System(board, self.measure, keys, told)
        assert isinstance(kept, _System)  # nothing else is kept there
        return kept


def _tied(board: Board, key: Key, measure: str | None) -> list[Key]:
    """A count and all that is tied to it, in order."""
    ties = [set(pair) for pair in board.pairs(measure)]
    ties += [set(tie) for tie in _sums(board, measure)]
    found = [key]
    for one in found:  # grows as it is walked
        found += [key for tie in ties if one in tie for key in sorted(tie) if key not in found]
    return sorted(found)


def _sums(board: Board, measure: str | None) -> list[dict[Key, int]]:
    return [] if measure else board.sums()


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Many lines as arrays: a place for each part of each."""

    row: IntArray
    at: IntArray
    sign: FloatArray
    least: FloatArray
    most: FloatArray

    @classmethod
    def of(cls, lines: list[Line]) -> Lines:
        """Lines as they were written down one by one."""
        many = [len(parts) for parts, *_ in lines]
        places = chain.from_iterable(parts for parts, *_ in lines)
        signs = chain.from_iterable(parts.values() for parts, *_ in lines)
        return cls(
            np.repeat(np.arange(len(lines)), many),
            np.fromiter(places, np.int64, sum(many)),
            np.fromiter(signs, float, sum(many)),
            np.array([line[1] for line in lines]),
            np.array([line[2] for line in lines]),
        )


def tightened(lines: Lines, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Each variable's bounds, by what each line leaves of it when the others are at their ends.

    >>> both = Lines.of([({0: 1, 1: 1}, 13.0, 17.0)])
    >>> [end.tolist() for end in tightened(both, np.array([1.0, 1.0]), np.array([7.0, 7.0]))]
    [[6.0, 6.0], [7.0, 7.0]]
    """
    row, at, many = lines.row, lines.at, len(lines.least)
    more = lines.sign > 0
    least, most = lines.least[row], lines.most[row]
    for _ in range(MOST_ROUNDS):
        own_low, own_high = low[at], high[at]
        small, large = np.where(more, own_low, -own_high), np.where(more, own_high, -own_low)
        rest_low = np.bincount(row, small, many)[row] - small
        rest_high = np.bincount(row, large, many)[row] - large
        ends = least - rest_high, most - rest_low
        below, above = np.where(more, ends[0], -ends[1]), np.where(more, ends[1], -ends[0])
        closer = (below > own_low) | (above < own_high)
        if not closer.any():
            break
        low, high = low.copy(), high.copy()
        np.maximum.at(low, at[closer], below[closer])
        np.minimum.at(high, at[closer], above[closer])
    return low, high


class _System:
    """The variables, cells first and then what they are told as, and the lines that tie them."""

    def __init__(
        self, board: Board, measure: str | None, keys: list[Key], told: list[tuple[Told, ...]]
    ) -> None:
        self.board, self.measure, self.keys, self.told = board, measure, keys, told
        axes = board.axes
        self.shape = (len(axes.sites) - 1, len(axes.cells), len(axes.subgroups))
        self.size = int(np.prod(self.shape))
        self.cells = self.size * len(keys)
        self._every = np.arange(self.cells).reshape(-1, *self.shape)
        self.lines: list[Line] = []
        self.blocks: dict[bytes, list[int]] = {}  # the cells of a block told -> its variables
        # Of a count and a dimension: the variable of each (site, stratum, subgroup).
        self.weekly: dict[tuple[int, str], IntArray] = {}
        self._of: dict[tuple[Key, int, Series], dict[Block, int]] = {}
        self._ends: dict[int | None, tuple[FloatArray, FloatArray]] = {}
        lows, highs = zip(*map(self._of_cells, told), strict=True)
        self._low, self._high = ([*np.concatenate(ends).tolist()] for ends in (lows, highs))
        for nth, side in product(range(len(keys)), axes.sides):
            self.weekly[nth, side.project] = self._sums(nth, side)
        for nth, each in enumerate(told):
            for place, one in enumerate(each):
                self._told(nth, place, one)
        self.lines += [*self._within(), *self._related()]
        self._made = Lines.of(self.lines)
        self.low, self.high = np.array(self._low), np.array(self._high)

    def cells_of(self, nth: int, sites: list[int] | slice, side: Side, stratum: int) -> IntArray:
        """The variables of a stratum's cells of a count: (site, cell, subgroup)."""
        own: IntArray = self._every[nth, sites]
        return own if stratum == len(side.strata) - 1 else own[:, side.members(stratum)]

    def _sums(self, nth: int, side: Side) -> IntArray:
        """The variable of each stratum's count; where it has several cells, one of its own."""
        sites, _, times = self.shape
        every: IntArray = self._every[nth]
        if side.single:
            return every
        made = np.empty((sites, len(side.strata) - 1, times), np.int64)
        for site, stratum in np.ndindex(made.shape[:2]):
            own = every[site, side.members(stratum)]
            for time in range(times):
                made[site, stratum, time] = self._sum(np.sort(own[:, time]))
        return made

    def _sum(self, cells: IntArray) -> int:
        """A variable for the sum of cells; of one, that one."""
        if len(cells) == 1:
            return int(cells[0])
        low, high = (sum(ends[at] for at in cells.tolist()) for ends in (self._low, self._high))
        number = self._variable(low, high)
        self.blocks.setdefault(cells.tobytes(), []).append(number)
        self.lines.append(({number: -1} | dict.fromkeys(cells.tolist(), 1), 0.0, 0.0))
        return number

    def _variable(self, low: float, high: float) -> int:
        self._low.append(low)
        self._high.append(high)
        return len(self._low) - 1

    def ends(self, knows: int | None) -> tuple[FloatArray, FloatArray]:
        """The bounds of each variable, for whoever knows all counts of a site."""
        found = self._ends.get(knows)
        if found is None:
            # What nobody needs to know a site for is worked out once.
            low, high = self.low, self.high
            if knows is not None:
                low, high = (end.copy() for end in self.ends(None))
                own = self._every[:, knows].ravel()
                low[own] = high[own] = 0.0
            found = self._ends[knows] = tightened(self._made, low, high)
        return found

    def _of_cells(self, told: tuple[Told, ...]) -> tuple[FloatArray, FloatArray]:
        """No cell is below nought; one that is not logged is not there."""
        least = np.full(self.shape, np.inf)
        for one in told:
            least = np.fmin(least, one.held)
        there = np.isfinite(least)
        return (np.where(there, -np.minimum(least, FARTHEST), 0.0).ravel(),
                np.where(there, FARTHEST, 0.0).ravel())  # fmt: skip

    def _told(self, nth: int, place: int, one: Told) -> None:
        """A variable for each block told of a count, and the lines that say what it adds up."""
        own = self.weekly[nth, one.side.project]
        sites, strata, times = own.shape
        inner = [(site, stratum) for site in range(sites) for stratum in range(strata)]
        of_sites = {(s, strata): [at for at in inner if at[0] == s] for s in range(sites)}
        of_strata = {(sites, k): [at for at in inner if at[1] == k] for k in range(strata)}
        parts: list[tuple[tuple[int, int], list[tuple[int, int]]]] = [(at, []) for at in inner]
        parts += [*of_sites.items(), *of_strata.items()]
        # The total of all is the sum of every series, and of either kind of total.
        parts += [((sites, strata), each) for each in (inner, [*of_sites], [*of_strata])]
        rows = {
            at: own[
                slice(None) if at[0] == sites else at[0], slice(None) if at[1] == strata else at[1]
            ].reshape(-1, times)
            for at, _ in parts
        }
        made: dict[tuple[int, int], dict[Block, int]] = {}
        starts: dict[tuple[int, int], dict[int, tuple[int, int]]] = {}  # -> its end, its variable
        for series, adds_up in parts:
            known = made.setdefault(series, {})
            began = starts.setdefault(series, {})
            for block in _blocks(one, series):
                if block not in known:
                    known[block] = self._block(nth, one, series, block, rows[series])
                    began[block[0]] = block[1], known[block]
                found = [cell for at in adds_up for cell in _inside(block, starts[at], rows[at])]
                if found:
                    self.lines.append(({known[block]: -1} | dict.fromkeys(found, 1), 0.0, 0.0))
        for series, found_blocks in made.items():
            self._of[self.keys[nth], place, (one.side.project, *series)] = found_blocks

    def _block(
        self, nth: int, one: Told, series: tuple[int, int], block: Block, own: IntArray
    ) -> int:
        """A variable for a block that is told; of two dimensions, totals are the same."""
        start, end = block
        sites = slice(None) if series[0] == self.shape[0] else slice(series[0], series[0] + 1)
        cells = self.cells_of(nth, sites, one.side, series[1])[..., start:end]
        name = np.sort(cells, axis=None).tobytes()
        number = self._variable(-float(one.below[series][start]), float(one.above[series][start]))
        if len(self.board.axes.sides) > 1:
            self.lines += [({number: -1, same: 1}, 0.0, 0.0) for same in self.blocks.get(name, ())]
        self.blocks.setdefault(name, []).append(number)
        within = own[:, start:end].ravel().tolist()
        self.lines.append(({number: -1} | dict.fromkeys(within, 1), 0.0, 0.0))
        return number

    def _within(self) -> Iterator[Line]:
        """No birth has an event twice."""
        for name, top, bottom in self.board.rated(self.measure):
            if top in self.keys and bottom in self.keys:
                spare = self.board.spare(name).ravel()
                first, second = (self.keys.index(key) * self.size for key in (top, bottom))
                for cell in np.flatnonzero(spare < FARTHEST).tolist():
                    yield {first + cell: 1, second + cell: -1}, -np.inf, float(spare[cell])

    def _related(self) -> Iterator[Line]:
        """Parts stay parts of their whole: in every cell, and in blocks that all of them have."""
        for tie in _sums(self.board, self.measure):
            if not set(tie) <= set(self.keys):
                continue
            starts = [(self.keys.index(key) * self.size, sign) for key, sign in tie.items()]
            for cell in range(self.size):
                yield {start + cell: sign for start, sign in starts}, 0.0, 0.0
            held = [
                {(series, block): number for (key, _, series), blocks in self._of.items()
                 if key == each for block, number in blocks.items()}
                for each in tie
            ]  # fmt: skip
            for told in set(held[0]).intersection(*held[1:]):
                numbers = [each[told] for each in held]
                yield dict(zip(numbers, tie.values(), strict=True)), 0.0, 0.0


def _blocks(one: Told, series: tuple[int, int]) -> Iterator[Block]:
    """The blocks of a series of which something is told."""
    ids, free = one.ids[series], one.free[series]
    starts = [*np.flatnonzero(np.diff(ids, prepend=-2)).tolist(), len(ids)]
    for start, end in pairwise(starts):
        if not free[start]:
            yield start, end


def _inside(block: Block, told: Mapping[int, tuple[int, int]], rows: IntArray) -> Iterator[int]:
    """What of a series adds up to a block: its own blocks that lie in it, else its cells."""
    time, end = block
    while time < end:
        there = told.get(time)
        if there is not None and there[0] <= end:
            time = there[0]
            yield there[1]
        else:
            yield from rows[:, time].tolist()
            time += 1
