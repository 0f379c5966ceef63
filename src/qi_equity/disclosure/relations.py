"""Which counts are tied to which: parts of a whole, told by the project or seen in the counts.

Whoever knows what a measure means knows these as well: spontaneous and assisted births add up to
all births, and those who bled are the denominator of those who were treated for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from qi_equity.arrays import FloatArray
from qi_equity.disclosure.release import Count
from qi_equity.project import Project

Key = tuple[str, Count]  # a measure's numerator or denominator
# More parts than this are looked for only where they are declared.
MOST_PARTS = 3
# With more counts than this, only two parts are looked for: there are too many threes.
MOST_COUNTS = 14


@dataclass(frozen=True, slots=True)
class Relation:
    """One count is the sum of others, in every cell of the table; of one other: it is the same.

    >>> str(Relation(("pph", "denominator"), (("tears", "denominator"),)))
    'denominator of pph = denominator of tears'
    """

    whole: Key
    parts: tuple[Key, ...]
    declared: bool = False

    @property
    def keys(self) -> tuple[Key, ...]:
        """Every count it ties."""
        return self.whole, *self.parts

    def __str__(self) -> str:
        whole, *parts = (f"{count} of {measure}" for measure, count in self.keys)
        return f"{whole} = {' + '.join(parts)}"


def declared(project: Project) -> tuple[Relation, ...]:
    """The relations that the project file declares."""
    return tuple(
        Relation(_key(one.whole), tuple(map(_key, one.parts)), True)
        for one in project.disclosure.relations
    )


def _key(text: str) -> Key:
    measure, _, count = text.rpartition(".")
    return measure, "denominator" if count == "denominator" else "numerator"


def related(
    counts: Mapping[Key, FloatArray], told: Iterable[Relation] = ()
) -> tuple[Relation, ...]:
    """The relations that hold between counts, nan where not logged: those told, and those seen.

    A relation is seen where it holds in every cell in which all its counts are logged, if those
    are at least half of the cells of each. Between small tables one may hold by chance: then a
    little less is released than could be.
    """
    alive = {key: held for key, held in counts.items() if np.nansum(held) > 0}
    found = [one for one in told if _holds(alive, one, least=0.0)]
    same = [
        Relation(one, (other,))
        for one, other in combinations(alive, 2)
        if _holds(alive, Relation(one, (other,)))
    ]
    # Of counts that are the same, one stands for all.
    repeated = {one.parts[0] for one in same}
    single = [key for key in alive if key not in repeated]
    sums = list(_sums(alive, single))
    known = {frozenset(one.keys) for one in found}
    return (*found, *(one for one in (*same, *sums) if frozenset(one.keys) not in known))


def _sums(counts: Mapping[Key, FloatArray], single: Sequence[Key]) -> Iterable[Relation]:
    """Counts that are the sum of two others, or of three."""
    logged = np.logical_and.reduce([np.isfinite(counts[key]) for key in single])
    if not single or not logged.any():
        return
    sums = {key: float(counts[key][logged].sum()) for key in single}
    for many in range(2, MOST_PARTS + 1 if len(single) <= MOST_COUNTS else 3):
        for parts in combinations(single, many):
            total = sum(sums[part] for part in parts)
            for whole in single:
                if whole in parts or sums[whole] != total:
                    continue
                one = Relation(whole, parts)
                if _holds(counts, one):
                    yield one


def _holds(counts: Mapping[Key, FloatArray], one: Relation, least: float = 0.5) -> bool:
    """Whether it holds wherever all its counts are logged, which is in so many of their cells."""
    if any(key not in counts for key in one.keys):
        return False
    held = [counts[key] for key in one.keys]
    there = [np.isfinite(each) for each in held]
    logged = np.logical_and.reduce(there)
    if not logged.any() or logged.sum() < least * max(each.sum() for each in there):
        return False
    return bool((held[0][logged] == sum(each[logged] for each in held[1:])).all())
