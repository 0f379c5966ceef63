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

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csc_array, csr_array, vstack

from qi_equity.arrays import FloatArray, IntArray
from qi_equity.disclosure.board import Board, Told
from qi_equity.disclosure.policy import VALUES
from qi_equity.disclosure.relations import Key

# No cell is looked at further from its true count than this.
FARTHEST = 50
# Cells that may change in a search: so many of the nearest, where that finds none more, then all.
SEARCHED = (60, 240, 1000)
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
    def _columns(self) -> csc_array:
        """What is told of each cell."""
        return self.sums.tocsc()

    def told_of(self, cells: IntArray) -> tuple[IntArray, FloatArray, IntArray]:
        """What is told of some cells: the lines, with which sign, and how many of each cell."""
        of = self._columns
        starts = of.indptr[cells]
        many = of.indptr[cells + 1] - starts
        ends = np.cumsum(many)
        at = np.arange(ends[-1]) + np.repeat(starts - ends + many, many)
        return of.indices[at], of.data[at], many

    @cached_property
    def walk(self) -> tuple[csr_array, csr_array]:
        """From cells to what is told of them, and from there to the cells it is told of."""
        there = abs(self.sums)
        each = csr_array(there / np.maximum(there.sum(axis=1), 1.0)[:, np.newaxis])
        return each, csr_array(there.T)

    def hold(self, twin: Twin) -> bool:
        """Whether a change of some cells leaves every number as it is."""
        cells, by = twin
        lines, signs, many = self.told_of(cells)
        made = np.bincount(lines, signs * np.repeat(by, many))
        return bool(((made >= self.least[: len(made)]) & (made <= self.most[: len(made)])).all())

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
    keys: tuple[Key, ...]
    lines: Lines
    low: IntArray  # how far below and above its true count each cell may be
    high: IntArray
    told: tuple[tuple[Told, ...], ...] = ()  # of each count, what the lines are made of
    twins: list[Twin] = field(init=False, default_factory=list)
    _with: dict[int, set[int]] = field(init=False, default_factory=dict)  # twins of a cell
    _none: set[tuple[object, ...]] = field(init=False, default_factory=set)  # searched in vain
    # Searched in vain before less was told: likely in vain again, so among most cells at once.
    _doubtful: set[tuple[object, ...]] = field(init=False, default_factory=set)
    _walks: dict[bytes, IntArray] = field(init=False, default_factory=dict)
    _ends: dict[tuple[int, ...], tuple[FloatArray, FloatArray]] = field(
        init=False, default_factory=dict
    )

    @classmethod
    def of(cls, board: Board, key: Key, measure: str | None) -> Others:
        """Once for counts that are tied, and for one measure and all if they are told the same."""
        keys = tuple(_tied(board, key, measure))
        told = tuple(tuple(board.told(one, measure)) for one in keys)
        kept = board.others.get((measure, *keys))
        if not isinstance(kept, Others) or kept.told != told:
            same = (one for one in board.others.values() if isinstance(one, Others))
            made = next((one for one in same if (one.keys, one.told) == (keys, told)), None)
            if made is None:
                made = _others(board, measure, keys, told)
                if isinstance(kept, Others):
                    made._inherit(kept)
            kept = board.others[measure, *keys] = made
        return kept

    def _inherit(self, before: Others) -> None:
        """Go on from what was found when more, or something else, was told."""
        for twin in before.twins:  # as a rule they are twins still
            self.keep(twin)
        self._doubtful = before._doubtful | before._none

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
        near = self._near(cells)
        near = near[(low < high)[near]]
        sizes = [*dict.fromkeys(min(many, len(near)) for many in SEARCHED)]
        for many in [*sizes[-1:], *sizes[:-1]] if name in self._doubtful else sizes:
            possible, found = self._among(np.sort(near[:many]), cells, sign, least, (low, high))
            if found is not None:
                return found
            if many == sizes[-1] and not possible:
                break
        self._none.add(name)
        return None

    def _among(
        self, free: IntArray, cells: IntArray, sign: int, least: int,
        ends: tuple[FloatArray, FloatArray],
    ) -> tuple[bool, int | None]:  # fmt: skip
        """The same where no cell changes but these, and whether there is one in fractions."""
        low, high = (end[free] for end in ends)
        own = np.isin(free, cells)
        # Nearly always the answer in fractions is one in whole numbers.
        for whole in (0, 1) if len(free) <= SEARCHED[1] else (0,):
            found = milp(
                # As few changes as will do: fewer steps to take, and nearly always whole.
                np.ones(2 * len(free)),
                integrality=np.full(2 * len(free), whole),
                bounds=Bounds(0.0, np.concatenate([high, -low])),
                constraints=self._constraint(free, np.where(own, float(sign), 0.0), least),
                options={"presolve": bool(whole), "node_limit": MOST_BRANCHES,
                         "mip_rel_gap": FAR_ENOUGH},
            )  # fmt: skip
            if found.x is None:
                return bool(whole), None
            more, less = np.round(found.x).astype(np.int64).reshape(2, -1)
            by = more - less
            value = int(by[own].sum())
            if sign * value >= least and self.keep((free[by != 0], by[by != 0])):
                return True, value
        return True, None

    def _constraint(self, free: IntArray, asked: FloatArray, least: int) -> LinearConstraint:
        """What is told of some cells, and at least so much of what is asked.

        Of how much more each is, then of how much less.
        """
        lines, signs, many = self.lines.told_of(free)
        used = np.zeros(len(self.lines.least), np.int64)
        used[lines] = 1
        at = np.flatnonzero(used)
        used[at] = np.arange(len(at))
        ends = np.cumsum(many)
        own = np.flatnonzero(asked)
        rows = np.insert(used[lines], ends[own], len(at))
        signs = np.insert(signs, ends[own], asked[own])
        starts = np.concatenate([[0], np.cumsum(many + (asked != 0))])
        both = csc_array(
            (np.concatenate([signs, -signs]), np.concatenate([rows, rows]),
             np.concatenate([starts, len(rows) + starts[1:]])),
            shape=(len(at) + 1, 2 * len(free)),
        )  # fmt: skip
        return LinearConstraint(
            both, np.append(self.lines.least[at], least), np.append(self.lines.most[at], np.inf)
        )

    def _near(self, cells: IntArray) -> IntArray:
        """All cells, those first that are told of with these and few others.

        As who walks from cell to cell by way of a number that is told of both comes upon them.
        """
        name = cells.tobytes()
        if name in self._walks:
            return self._walks[name]
        there, near = np.zeros(self.low.size), np.zeros(self.low.size)
        there[cells] = 1.0
        out, back = self.lines.walk
        for _ in range(STEPS):
            there = back @ (out @ there)
            there /= there.sum()
            near += there
        near[cells] = np.inf
        self._walks[name] = found = np.argsort(-near, kind="stable")
        return found

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


def _others(
    board: Board, measure: str | None, keys: tuple[Key, ...], told: tuple[tuple[Told, ...], ...]
) -> Others:
    """The system of what is told of these counts; no twin is known yet."""
    axes = board.axes
    shape = (len(keys), len(axes.sites) - 1, len(axes.cells), len(axes.subgroups))
    every = np.arange(np.prod(shape)).reshape(shape)
    lines = [
        *(_numbers(each, every[nth], every.size) for nth, each in enumerate(told)),
        *_within(board, measure, keys, every),
        *_related(board, measure, keys, every),
    ]
    ends = [_of_cells(each) for each in told]
    return Others(
        shape, keys,
        Lines(
            vstack([one.sums for one in lines], format="csr"),
            np.concatenate([one.least for one in lines]),
            np.concatenate([one.most for one in lines]),
        ),
        np.concatenate([low for low, _ in ends]), np.concatenate([high for _, high in ends]),
        told,
    )  # fmt: skip


def _of_cells(told: Sequence[Told]) -> tuple[IntArray, IntArray]:
    """No cell is below nought; one that is not logged is not there."""
    least = np.full(told[0].held.shape, np.inf)
    for one in told:
        least = np.fmin(least, one.held)
    there = np.isfinite(least)
    return (np.where(there, -np.minimum(least, FARTHEST), 0).astype(np.int64).ravel(),
            np.where(there, FARTHEST, 0).astype(np.int64).ravel())  # fmt: skip


def _numbers(told: Sequence[Told], every: IntArray, size: int) -> Lines:
    """Each number that is told of a count, of whose cells there is `every`.

    What several releases tell of the same cells leaves the least room of all.
    """
    found: dict[object, tuple[IntArray, float, float]] = {}
    for one in told:
        for name, (cells, below, above) in one.numbers.items():
            _, less, more = found.get(name, (cells, np.inf, np.inf))
            found[name] = cells, min(below, less), min(above, more)
    at = every.ravel()[np.concatenate([np.zeros(0, np.int64), *(one[0] for one in found.values())])]
    starts = np.cumsum([0, *(len(one[0]) for one in found.values())])
    return Lines(
        csr_array((np.ones(len(at)), at, starts), shape=(len(found), size)),
        -np.array([one[1] for one in found.values()]),
        np.array([one[2] for one in found.values()]),
    )


def _within(
    board: Board, measure: str | None, keys: Sequence[Key], every: IntArray
) -> Iterator[Lines]:
    """No birth has an event twice."""
    for name, top, bottom in board.rated(measure):
        if top in keys and bottom in keys:
            spare = board.spare(name)
            near = spare < 2 * FARTHEST
            pairs = np.stack([every[keys.index(one)][near] for one in (top, bottom)], axis=1)
            none = np.full(len(pairs), -np.inf)
            yield Lines(_sums(pairs, (1.0, -1.0), every.size), none, spare[near])


def _related(
    board: Board, measure: str | None, keys: Sequence[Key], every: IntArray
) -> Iterator[Lines]:
    """Parts stay parts of their whole, in every cell."""
    for tie in _relations(board, measure):
        if set(tie) <= set(keys):
            cells = np.stack([every[keys.index(key)].ravel() for key in tie], axis=1)
            none = np.zeros(len(cells))
            yield Lines(_sums(cells, [*map(float, tie.values())], every.size), none, none)


def _sums(cells: IntArray, signs: Sequence[float], size: int) -> csr_array:
    """A line for each row of cells."""
    many, each = cells.shape
    starts = np.arange(0, many * each + 1, each)
    return csr_array((np.tile(signs, many), cells.ravel(), starts), shape=(many, size))
