"""What leaves the team: an audit's counts by policy, no small one told by what is beside it.

The policy is that of disclosure, and so is the way bounds are tightened; nothing is compared here.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from qi_equity import ethnicity
from qi_equity.arrays import BoolArray, FloatArray
from qi_equity.audit.model import Audit
from qi_equity.disclosure import POLICIES
from qi_equity.disclosure.others import Lines

POLICY = POLICIES["msds"]  # the rule of England's published files of maternity
COUNTS = ("numerator", "denominator")
BLOCK = ["source", "dimension", "indicator", "place"]
VALUES = 3  # that are left of each small count
# No count is more: the bound of one that is not told.
MOST = 1e6
LETTERS = 10  # of a release's name


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Counts as they are told; `withheld` are the rows that are not, beside small ones."""

    counts: pd.DataFrame
    withheld: int


# A group of one dimension that is groups of another added up: Black; African and Caribbean.
Nest = tuple[tuple[str, str], tuple[tuple[str, str], ...]]


def nests(audit: Audit) -> tuple[Nest, ...]:
    """The groups of one dimension that are groups of another added up, by (dimension, group).

    Fine and broad ethnic groups of one code system: whoever has both can subtract.
    """
    codes = {
        (one.id, group.name): frozenset(
            (one.code_system, code)
            for each in group.codes or (group.name,)
            for code in ethnicity.members(each, one.code_system, one.roll_up)
        )
        for one in audit.dimensions
        for group in one.groups
    }
    found = []
    for (dimension, group), whole in codes.items():
        for other in audit.dimensions:
            inside = [
                (key, held) for key, held in codes.items()
                if key[0] == other.id != dimension and held and held <= whole
            ]  # fmt: skip
            if len(inside) > 1 and sum(len(held) for _, held in inside) == len(whole):
                found.append(((dimension, group), tuple(key for key, _ in inside)))
    return tuple(found)


def told(sums: pd.DataFrame, nested: Sequence[Nest] = ()) -> Told:
    """Counts to the nearest 5, 1 to 7 as 5; more is left out where a small one could be told.

    Whoever reads knows that the same women are counted by ethnicity, by age and by deprivation, so
    that all these have one total; and which groups of one are those of another added up (`nested`).
    Where rounding happens to leave a small count fewer than three values, all counts of another
    dimension that are tied to it there are withheld.

    >>> rows = [("a", d, "i", "p", g, x, n) for d, g, x, n in (
    ...     ("one", "A", 2, 48), ("one", "B", 12, 52), ("two", "C", 7, 48), ("two", "D", 7, 52))]
    >>> told(pd.DataFrame(rows, columns=[*BLOCK, "group", *COUNTS])).counts["numerator"].tolist()
    [5.0, 10.0, 5.0, 5.0]
    """
    true = sums.reset_index(drop=True)
    hidden = np.zeros(len(true), dtype=bool)
    for _, rows in true.groupby("place", sort=False):
        at = rows.index.to_numpy()
        hidden[at] = _hidden(rows, nested)
    shown = {
        one: np.where(hidden, np.nan, POLICY.shown(true[one].to_numpy(float))) for one in COUNTS
    }
    return Told(true.assign(**shown).set_index(sums.index), int(hidden.sum()))


def _hidden(rows: pd.DataFrame, nested: Sequence[Nest]) -> BoolArray:
    """The rows of one place that are withheld so that each small count keeps its values."""
    counts = np.stack([rows[one].to_numpy(float) for one in COUNTS])
    known = np.isfinite(counts)
    small = POLICY.is_small(np.where(known, counts, 0.0))
    hidden = ~known.all(axis=0)
    if not small.any():
        return np.zeros(len(rows), dtype=bool)
    lines = _as_lines([*_lines(rows, counts), *_nested(rows, counts, nested)], counts.size)
    blocks = rows.groupby(BLOCK, sort=False).ngroup().to_numpy()
    while True:
        low, high = _bounds(counts, hidden, lines)
        open_ = small & (high - low + 1 < VALUES) & known.all(axis=0) & ~hidden
        if not open_.any() and hidden[known.all(axis=0)].any():
            # What is withheld may still follow from several relations together.
            open_ = _told_by_all(counts, hidden, lines, small & known.all(axis=0) & ~hidden)
        if not open_.any():
            return np.asarray(hidden & known.all(axis=0))
        # A whole block of what is tied to it goes: one count of it would follow from the others.
        first = int(np.flatnonzero(open_.any(axis=0))[0])
        beside = _beside(lines, first, len(rows)) & ~hidden & (blocks != blocks[first])
        tied = np.unique(blocks[beside])
        size = {block: np.nansum(counts[1, (blocks == block) & ~hidden]) for block in tied}
        hidden |= blocks == (min(size, key=lambda one: (size[one], one)) if size else blocks[first])


def _beside(lines: Lines, row: int, many: int) -> BoolArray:
    """The rows that a relation ties to this one."""
    system = abs(lines.sums)
    own = np.zeros(system.shape[1])
    own[[row, many + row]] = 1.0
    tied = (system.T @ ((system @ own) > 0).astype(float)) > 0
    return np.asarray(tied[:many] | tied[many:])


def _told_by_all(
    counts: FloatArray, hidden: BoolArray, lines: Lines, asked: BoolArray
) -> BoolArray:
    """Which of the small counts have fewer than three values by all relations together, exactly."""
    low, high = _bounds(counts, hidden, lines)
    held = LinearConstraint(lines.sums, lines.least, lines.most)
    found = np.zeros(asked.shape, dtype=bool)
    for at in zip(*np.nonzero(asked), strict=True):
        aim = np.zeros(counts.size)
        aim[np.ravel_multi_index(at, counts.shape)] = 1.0
        ends = [
            milp(sign * aim, integrality=np.ones(counts.size, dtype=np.int64), constraints=held,
                 bounds=Bounds(low.ravel(), high.ravel()))
            for sign in (1.0, -1.0)
        ]  # fmt: skip
        least, most = (
            sign * one.fun if one.x is not None else end
            for sign, one, end in zip((1.0, -1.0), ends, (low[at], low[at]), strict=True)
        )
        found[at] = round(most) - round(least) + 1 < VALUES
    return found


def _bounds(counts: FloatArray, hidden: BoolArray, lines: Lines) -> tuple[FloatArray, FloatArray]:
    """The least and the most that each count can be, by all that is told of the place."""
    low, high = POLICY.between(np.nan_to_num(counts))
    low, high = np.where(hidden, 0.0, low), np.where(hidden, MOST, high)
    ends = lines.tightened(low.ravel(), high.ravel())
    return ends[0].reshape(counts.shape), ends[1].reshape(counts.shape)


Line = tuple[dict[int, int], float, float]  # counts and their signs, the least and the most


def _as_lines(lines: Sequence[Line], size: int) -> Lines:
    """Lines as they were written down one by one, of so many counts."""
    places = [place for parts, *_ in lines for place in parts]
    signs = [float(sign) for parts, *_ in lines for sign in parts.values()]
    ends = np.cumsum([0, *(len(parts) for parts, *_ in lines)])
    sums = csr_array((np.array(signs), np.array(places), ends), shape=(len(lines), size))
    return Lines(sums, np.array([line[1] for line in lines]), np.array([line[2] for line in lines]))


def _lines(rows: pd.DataFrame, counts: FloatArray) -> Iterable[Line]:
    """What anybody may know: no more events than women, and equal totals of the same women."""
    many = len(rows)
    for at in range(many):
        yield {many + at: 1, at: -1}, 0.0, MOST
    totals: dict[float, list[dict[int, int]]] = defaultdict(list)
    for _, block in rows.assign(at=np.arange(many)).groupby(BLOCK, sort=False):
        places = block["at"].to_numpy()
        for nth in range(len(COUNTS)):
            own = counts[nth, places]
            if np.isfinite(own).all() and own.sum() > 0:
                totals[float(own.sum())].append({nth * many + int(one): 1 for one in places})
    for equal in totals.values():
        for one, other in combinations(equal, 2):
            yield one | dict.fromkeys(other, -1), 0.0, 0.0


def _nested(rows: pd.DataFrame, counts: FloatArray, nested: Sequence[Nest]) -> Iterator[Line]:
    """A group of one dimension is the sum of others, wherever the counts of both are there."""
    if not nested:
        return
    many = len(rows)
    keys = list(zip(rows["dimension"], rows["group"], strict=True))
    for _, block in rows.assign(at=np.arange(many)).groupby(["indicator"], sort=False):
        at = dict[tuple[str, str], dict[str, int]]()  # the row of each source
        for place, source in zip(block["at"], block["source"], strict=True):
            at.setdefault(keys[place], {})[source] = int(place)
        for whole, parts in nested:
            every = [at.get(part, {}) for part in parts]
            both = product(at.get(whole, {}).values(), set(every[0]).intersection(*every[1:]))
            for (place, source), nth in product(both, range(len(COUNTS))):
                inside = [held[source] for held in every]
                if counts[nth, inside].sum() == counts[nth, place]:
                    line = {nth * many + one: -1 for one in inside}
                    yield line | {nth * many + place: 1}, 0.0, 0.0


def name_of(counts: Iterable[pd.DataFrame]) -> str:
    """A name that only these counts have: two reports of one release have the same."""
    digest = hashlib.sha256()
    for table in counts:
        digest.update(table.to_csv(index=False).encode())
    return digest.hexdigest()[:LETTERS]
