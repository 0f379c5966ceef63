"""Other true counts that would be released as the very same numbers, found whole and kept.

What is told of a count and of all that is tied to it is one system of whole numbers: how much more
or less each cell may be. A solution of it is a twin of the whole table, whatever it takes: many
cells, sites and subgroups at once. Each that was found is kept, since it leaves another value of
many counts; where none is found there is none, or none was found in the time allowed, which is the
same to whoever asks. Nothing is widened or withheld here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise, product

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csc_array, csr_array

from qi_equity.arrays import FloatArray, IntArray
from qi_equity.disclosure.board import Board, Told
from qi_equity.disclosure.relations import Key

# Values that are left of each small count.
VALUES = 3
# No cell is looked at further from its true count than this.
FARTHEST = 50
# Cells that may change in a search: so many of the nearest, and where that finds none, more.
SEARCHED = (60, 240)
# In these no cell changes by more than so many times what is asked for, but in the largest.
FAR = 2
# A search in whole numbers ends with a twin that is so near to the farthest there may be.
FAR_ENOUGH = 0.5
# Steps from cell to cell by which it is told which are near.
STEPS = 3
# Branches of a search; what takes more is held to have no twin. Nearly all take one.
MOST_BRANCHES = 20
# Rounds of tightening bounds: in the networks tried nothing moved after a few.
MOST_ROUNDS = 12


Twin = tuple[IntArray, IntArray]  # the cells that differ, and by how much


@dataclass(frozen=True, eq=False)
class Lines:
    """What is told: each line the sum of some cells, and how much less and more it may be."""

    sums: csr_array
    least: FloatArray
    most: FloatArray

    @cached_property
    def columns(self) -> csc_array:
        """What is told of each cell."""
        return self.sums.tocsc()

    @cached_property
    def walk(self) -> tuple[csr_array, csr_array]:
        """From cells to what is told of them, and from there to the cells it is told of."""
        there = abs(self.sums)
        each = csr_array(there / np.maximum(there.sum(axis=1), 1.0)[:, np.newaxis])
        return each, csr_array(there.T)

    def hold(self, twin: Twin) -> bool:
        """Whether a change of some cells leaves every number as it is."""
        cells, by = twin
        made = self.columns[:, cells] @ by
        return bool(((made >= self.least) & (made <= self.most)).all())

    def tightened(self, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Each cell's bounds, by what each line leaves of it when the others are at their ends.

        >>> both = Lines(csr_array([[1.0, 1.0]]), np.array([13.0]), np.array([17.0]))
        >>> [end.tolist() for end in both.tightened(np.array([1.0, 1.0]), np.array([7.0, 7.0]))]
        [[6.0, 6.0], [7.0, 7.0]]
        """
        at, sign, many = self.sums.indices, self.sums.data, len(self.least)
        row = np.repeat(np.arange(many), np.diff(self.sums.indptr))
        more, least, most = sign > 0, self.least[row], self.most[row]
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


@dataclass(eq=False)
class Others:
    """The twins of one table of counts that are tied to one another, as far as they are known."""

    shape: tuple[int, int, int, int]  # (count, site, cell, subgroup)
    keys: Sequence[Key]
    lines: Lines
    low: IntArray  # how far below and above its true count each cell may be
    high: IntArray
    twins: list[Twin] = field(init=False, default_factory=list)
    _with: dict[int, set[int]] = field(init=False, default_factory=dict)  # twins of a cell
    _none: set[tuple[object, ...]] = field(init=False, default_factory=set)  # searched in vain
    _ends: dict[tuple[int, ...], tuple[FloatArray, FloatArray]] = field(
        init=False, default_factory=dict
    )

    @classmethod
    def of(cls, board: Board, key: Key, measure: str | None) -> Others:
        """Once for counts that are tied, and for one measure and all if they are told the same."""
        keys = _tied(board, key, measure)
        told = [tuple(board.told(one, measure)) for one in keys]
        name = tuple(id(one) for each in told for one in each)
        kept = board.others.get(name)
        if kept is None:
            kept = board.others[name] = _others(board, measure, keys, told)
            # Twins of before, told finer elsewhere, are as a rule twins still.
            for twin in board.twins.get((measure, *keys), ()):
                kept.keep(twin)
        assert isinstance(kept, Others)  # nothing else is kept there
        board.twins[measure, *keys] = kept.twins
        return kept

    def cells(self, key: Key, sites: Sequence[int], inner: IntArray, times: slice) -> IntArray:
        """The cells of a count that a sum over sites, cells and subgroups is of."""
        every = np.arange(self.low.size).reshape(self.shape)
        return np.asarray(
            every[self.keys.index(key)][np.ix_(np.array(sites), inner)][..., times].ravel()
        )

    def keep(self, twin: Twin) -> bool:
        """Keep it, if it is a twin."""
        cells, by = twin
        within = ((by >= self.low[cells]) & (by <= self.high[cells])).all()
        if not within or not self.lines.hold(twin):
            return False
        for cell in cells.tolist():
            self._with.setdefault(cell, set()).add(len(self.twins))
        self.twins.append(twin)
        return True

    def may_leave(self, cells: IntArray, fixed: Sequence[int]) -> bool:
        """Whether by the bounds of each cell three values may be left; by all together, maybe not.

        `fixed` are the sites whose counts are known.
        """
        low, high = self._bounds(tuple(fixed))
        return bool(high[cells].sum() - low[cells].sum() >= VALUES - 1)

    def leave(self, cells: IntArray, known: set[int], fixed: Sequence[int]) -> bool:
        """Whether three values of the sum of these cells are left, some of them `known` already.

        Each is how far it is from the true one.
        """
        values = {0, *known, *self._of_twins(cells, fixed)}
        # Moves have been tried both ways: the way in which one was found is the likelier.
        for sign in (1, -1) if max(values) > 0 else (-1, 1):
            while len(values) < VALUES:
                least = max(sign * value for value in values) + 1
                found = self._searched(cells, sign, least, fixed)
                if found is None:
                    break
                values.add(found)
        return len(values) >= VALUES

    def _of_twins(self, cells: IntArray, fixed: Sequence[int]) -> set[int]:
        """The values by the twins that are known already."""
        own = set(cells.tolist())
        values = set()
        for nth in sorted(set().union(*(self._with.get(cell, set()) for cell in own))):
            changed, by = self.twins[nth]
            if not np.isin(self._site(changed), fixed).any():
                values.add(int(by[np.isin(changed, cells)].sum()))
        return values

    def _site(self, cells: IntArray) -> IntArray:
        return np.asarray(cells // (self.shape[2] * self.shape[3]) % self.shape[1])

    def _searched(self, cells: IntArray, sign: int, least: int, fixed: Sequence[int]) -> int | None:
        """A twin in which the sum is at least so much more, or less by `sign`; None: none."""
        low, high = self._bounds(tuple(fixed))
        most = high[cells].sum() if sign > 0 else -low[cells].sum()
        name = cells.tobytes(), sign, least, *fixed
        if most < least or name in self._none:
            return None
        near = self._near(cells, np.flatnonzero(low < high))
        tried = 0
        for many in SEARCHED:
            if len(near) > tried:
                found = self._among(np.sort(near[:many]), cells, sign, least, (low, high))
                if found is not None:
                    return found
            tried = many
        self._none.add(name)
        return None

    def _among(
        self, free: IntArray, cells: IntArray, sign: int, least: int,
        ends: tuple[FloatArray, FloatArray],
    ) -> int | None:  # fmt: skip
        """The same where no cell changes but these."""
        sums, (low, high) = self.lines.columns[:, free].tocsr(), (end[free] for end in ends)
        used = np.flatnonzero(np.diff(sums.indptr))
        asked = csr_array(np.isin(free, cells)[np.newaxis] * float(sign))
        if len(free) < SEARCHED[-1]:
            low, high = np.maximum(low, -FAR * least), np.minimum(high, FAR * least)
        for whole in (0, 1):  # nine in ten times the answer in fractions is one in whole numbers
            found = milp(
                # As far from what is true as each may be: so a twin is of use to many counts.
                -np.sign(low + high),
                integrality=np.full(len(free), whole),
                bounds=Bounds(low, high),
                constraints=[
                    LinearConstraint(sums[used], self.lines.least[used], self.lines.most[used]),
                    LinearConstraint(asked, least, np.inf),
                ],
                options={"node_limit": MOST_BRANCHES, "mip_rel_gap": FAR_ENOUGH},
            )
            if found.x is None:
                return None
            by = np.round(found.x).astype(np.int64)
            value = int(by[np.isin(free, cells)].sum())
            if sign * value >= least and self.keep((free[by != 0], by[by != 0])):
                return value
        return None

    def _near(self, cells: IntArray, free: IntArray) -> IntArray:
        """The cells that may change, those first that are told of with these and few others.

        As who walks from cell to cell by way of a number that is told of both comes upon them.
        """
        there, near = np.zeros(self.low.size), np.zeros(self.low.size)
        there[cells] = 1.0
        out, back = self.lines.walk
        for _ in range(STEPS):
            there = back @ (out @ there)
            there /= there.sum()
            near += there
        near[cells] = np.inf
        return np.asarray(free[np.argsort(-near[free], kind="stable")])

    def _bounds(self, fixed: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
        """The bounds of each cell by each line, where the counts of these sites are known."""
        found = self._ends.get(fixed)
        if found is None:
            # What nobody needs to know a site for is worked out once.
            ends = self._bounds(()) if fixed else (self.low.astype(float), self.high.astype(float))
            known = np.isin(self._site(np.arange(self.low.size)), fixed)
            low, high = (np.where(known, 0.0, end) for end in ends)
            found = self._ends[fixed] = self.lines.tightened(low, high)
        return found


def _tied(board: Board, key: Key, measure: str | None) -> list[Key]:
    """A count and all that is tied to it, in order."""
    ties = [set(pair) for pair in board.pairs(measure)]
    ties += [set(tie) for tie in _relations(board, measure)]
    found = {key}
    while more := {one for tie in ties if tie & found for one in tie} - found:
        found |= more
    return sorted(found)


def _relations(board: Board, measure: str | None) -> list[dict[Key, int]]:
    return [] if measure else board.sums()


Line = tuple[IntArray, FloatArray, float, float]  # cells, their signs, the least and the most


def _others(
    board: Board, measure: str | None, keys: list[Key], told: list[tuple[Told, ...]]
) -> Others:
    """The system of what is told of these counts; no twin is known yet."""
    axes = board.axes
    shape = (len(keys), len(axes.sites) - 1, len(axes.cells), len(axes.subgroups))
    every = np.arange(np.prod(shape)).reshape(shape)
    ends = [_of_cells(each) for each in told]
    lines: dict[object, Line] = {}
    for nth, each in enumerate(told):
        for one in each:
            for name, cells, less, more in _numbers(one, every[nth]):
                # What several releases tell of the same cells leaves the least of all.
                at = lines.get((nth, *name))
                lines[nth, *name] = (
                    cells, np.ones(len(cells)), max(less, at[2] if at else less),
                    min(more, at[3] if at else more),
                )  # fmt: skip
    rest = [*_within(board, measure, keys, every), *_related(board, measure, keys, every)]
    return Others(
        shape, tuple(keys), _as_array([*lines.values(), *rest], every.size),
        np.concatenate([low for low, _ in ends]), np.concatenate([high for _, high in ends]),
    )  # fmt: skip


def _as_array(lines: Sequence[Line], size: int) -> Lines:
    many = [len(line[0]) for line in lines]
    at = np.concatenate([line[0] for line in lines])
    signs = np.concatenate([line[1] for line in lines])
    indptr = np.concatenate([[0], np.cumsum(many)])
    sums = csr_array((signs, at, indptr), shape=(len(lines), size))
    return Lines(sums, np.array([line[2] for line in lines]), np.array([line[3] for line in lines]))


def _of_cells(told: Sequence[Told]) -> tuple[IntArray, IntArray]:
    """No cell is below nought; one that is not logged is not there."""
    least = np.full(told[0].held.shape, np.inf)
    for one in told:
        least = np.fmin(least, one.held)
    there = np.isfinite(least)
    return (np.where(there, -np.minimum(least, FARTHEST), 0).astype(np.int64).ravel(),
            np.where(there, FARTHEST, 0).astype(np.int64).ravel())  # fmt: skip


Name = tuple[object, ...]  # of the cells that a number is told of


def _numbers(one: Told, every: IntArray) -> Iterator[tuple[Name, IntArray, float, float]]:
    """Each number that a release tells of a count: its cells, and the room below and above it."""
    side, there = one.side, np.isfinite(one.held)
    sites, strata = every.shape[0], len(side.strata)
    for site, stratum in product(range(sites + 1), range(strata)):
        ids, free = one.ids[site, stratum], one.free[site, stratum]
        if free.all():
            continue
        rows = np.arange(sites) if site == sites else np.array([site])
        own = np.ix_(rows, side.members(stratum))
        cells, logged = every[own], there[own]
        starts = [*np.flatnonzero(np.diff(ids, prepend=-2)).tolist(), len(ids)]
        for start, end in pairwise(starts):
            if free[start]:
                continue
            # A cell that this release did not have yet is no part of its number.
            held = logged[..., start:end]
            parts = cells[..., start:end][held]
            if len(parts):
                lacks = b"" if held.all() else held.tobytes()
                yield ((side.project, site, stratum, start, end, lacks), parts,
                       -float(one.below[site, stratum, start]),
                       float(one.above[site, stratum, start]))  # fmt: skip


def _within(board: Board, measure: str | None, keys: list[Key], every: IntArray) -> Iterator[Line]:
    """No birth has an event twice."""
    signs = np.array([1.0, -1.0])
    for name, top, bottom in board.rated(measure):
        if top in keys and bottom in keys:
            spare = board.spare(name)
            first, second = every[keys.index(top)], every[keys.index(bottom)]
            for at in zip(*np.nonzero(spare < 2 * FARTHEST), strict=True):
                yield np.array([first[at], second[at]]), signs, -np.inf, float(spare[at])


def _related(board: Board, measure: str | None, keys: list[Key], every: IntArray) -> Iterator[Line]:
    """Parts stay parts of their whole, in every cell."""
    for tie in _relations(board, measure):
        if set(tie) <= set(keys):
            signs = np.array([*tie.values()], float)
            cells = np.stack([every[keys.index(key)].ravel() for key in tie], axis=1)
            for each in cells:
                yield each, signs, 0.0, 0.0
