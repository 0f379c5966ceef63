"""What the released counts give away, and withholding until they give away no small count.

A count is safe if it has a twin: other true counts, differing in it, that would be released as
the very same numbers. Whatever an attacker does with those numbers, both stay possible.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from qi_equity.disclosure.policy import FIRST_SHOWN, FloatArray
from qi_equity.disclosure.release import BoolArray, Count, Release

Place = tuple[int, int]  # site and stratum; -1 is the total
TOTAL = -1


def secured(releases: Sequence[Release]) -> list[Release]:
    """The releases with series widened or withheld until every small count has a twin."""
    made = list(releases)
    todo = [(index, count) for index, one in enumerate(made) for count in one.sums]
    while todo:
        index, count = todo.pop()
        fellows = _fellows(made, index)
        found = next(exposed([made[one] for one in fellows], count), None)
        if found is not None:
            made[index] = _without(made[index], found)
            todo += [(one, each) for one in fellows for each in made[one].sums]
    return made


def _fellows(releases: list[Release], index: int) -> list[int]:
    """Releases of the very same denominators, the one asked about first: measures share births."""
    one = releases[index]
    if "denominator" not in one.sums:
        return [index]
    held = _count(one, "denominator")
    same = [
        other
        for other, each in enumerate(releases)
        if other != index
        and "denominator" in each.sums
        and each.grid.sites == one.grid.sites
        and each.grid.strata == one.grid.strata
        and each.grid.subgroups.equals(one.grid.subgroups)
        and np.array_equal(_count(each, "denominator"), held)
    ]
    return [index, *same]


def _count(one: Release, count: Count) -> FloatArray:
    held = one.grid.of(count)
    assert held is not None  # asked only of counts that there are
    return held


def _without(one: Release, place: Place) -> Release:
    """A small count is withheld; else what is told most finely of it is told less so."""
    site, stratum = place
    if one.small[place]:
        return one.wider(site, stratum)
    over = [(site, stratum), (site, TOTAL), (TOTAL, stratum), (TOTAL, TOTAL)]
    shown = [at for at in over if not one.withheld[at]]
    assert shown, "a count has no twin though nothing is released"
    return one.wider(*min(shown, key=lambda at: one.rung[at]))


@dataclass(frozen=True, slots=True, eq=False)
class _Moves:
    """Where one more, or one fewer, would change no released number of that series."""

    up: BoolArray  # (site, stratum, subgroup), totals last
    down: BoolArray
    add: BoolArray  # where a count can be one more at all; strata and sites alone
    sub: BoolArray
    alone: tuple[BoolArray, BoolArray]  # add and sub with the other count as it is


def exposed(releases: Sequence[Release], count: Count) -> Iterator[Place]:
    """Where a small count of the first release, of one subgroup or released, has no twin.

    The other releases are of measures with the very same denominators.
    """
    one = releases[0]
    limit = max(FIRST_SHOWN, one.policy.first)
    counts = _count(one, count)
    moves = _moves(releases, count)
    releases = releases[:1] if count == "numerator" else releases
    single, over_strata, over_sites = _changes(moves)
    changes = _levels(single, over_strata, over_sites)
    # First the small counts that are released: their block must have a twin.
    true = one.true(count)
    small = (true > 0) & (true < limit) & ~one.withheld[..., np.newaxis]
    for place in _places(small):
        blocks = one.ids[place]
        for block in np.unique(blocks[small[place]]):
            if not changes[place][blocks == block].any():
                yield place
    # Then those of single subgroups, which are nowhere released.
    small = (counts > 0) & (counts < limit) & ~changes
    for site, stratum in _places(small):
        inner = [
            (inner_site, inner_stratum)
            for inner_site in (range(site) if site == len(single) else [site])
            for inner_stratum in (range(stratum) if stratum == single.shape[1] else [stratum])
        ]
        times = np.flatnonzero(small[site, stratum]).tolist()
        if not all(any(_exchanges(releases, moves, at, time) for at in inner) for time in times):
            yield site, stratum


def _moves(releases: Sequence[Release], count: Count) -> _Moves:
    one = releases[0]
    inner = _count(one, count)[:-1, :-1]
    up, down = _room(releases if count == "denominator" else releases[:1], count)
    logged = one.grid.logged[:-1, :-1]
    add, sub = logged.copy(), logged & (inner > 0)
    if one.grid.measure.data != "proportion":
        return _Moves(up, down, add, sub, (add, sub))
    # Of so many births no more can have the event, unless there is one more birth as well.
    if count == "numerator":
        alone = add & (inner < _count(one, "denominator")[:-1, :-1]), sub
        return _Moves(
            up, down, alone[0] | (add & _all_four(_room(releases, "denominator")[0])), sub, alone
        )
    numerators = [_count(each, "numerator")[:-1, :-1] for each in releases]
    alone = add, sub & np.logical_and.reduce([inner > each for each in numerators])
    joint = sub & (len(releases) == 1) & (numerators[0] > 0)
    return _Moves(
        up, down, add, alone[1] | (joint & _all_four(_room(releases, "numerator")[1])), alone
    )


def _room(releases: Sequence[Release], count: Count) -> tuple[BoolArray, BoolArray]:
    """Where one more, and one fewer, rounds to the same in every release."""
    up = np.ones(releases[0].grid.logged.shape, bool)
    down = up.copy()
    for each in releases:
        true, free = each.true(count), each.withheld[..., np.newaxis]
        least, most = each.policy.between(true)
        up &= free | (true < most)
        down &= free | (true > least)
    return up, down


def _all_four(room: BoolArray) -> BoolArray:
    """Room in a stratum at a site and in the three totals over it."""
    return np.asarray(room[:-1, :-1] & room[:-1, -1:] & room[-1:, :-1] & room[-1:, -1:])


def _changes(moves: _Moves) -> tuple[BoolArray, BoolArray, BoolArray]:
    """Where a stratum's count at a site can differ: alone, or with another stratum's or site's."""
    more = moves.add & moves.up[:-1, :-1]
    less = moves.sub & moves.down[:-1, :-1]
    up, down = moves.up, moves.down
    single = (moves.add & _all_four(up)) | (moves.sub & _all_four(down))
    over_strata = _exchanged(more & up[-1:, :-1], less & down[-1:, :-1], axis=1)
    over_sites = _exchanged(more & up[:-1, -1:], less & down[:-1, -1:], axis=0)
    return single, over_strata, over_sites


def _exchanged(more: BoolArray, less: BoolArray, axis: int) -> BoolArray:
    """One more here and one fewer in another stratum or site, or the other way round."""

    def elsewhere(moves: BoolArray) -> BoolArray:
        return np.asarray(moves.sum(axis=axis, keepdims=True) - moves.astype(np.int64) > 0)

    return (more & elsewhere(less)) | (less & elsewhere(more))


def _levels(single: BoolArray, over_strata: BoolArray, over_sites: BoolArray) -> BoolArray:
    """Where counts and totals can differ: an exchange between strata leaves the site's total."""
    sites, strata, times = single.shape
    made = np.zeros((sites + 1, strata + 1, times), bool)
    made[:-1, :-1] = single | over_strata | over_sites
    made[:-1, -1] = (single | over_sites).any(axis=1)
    made[-1, :-1] = (single | over_strata).any(axis=0)
    made[-1, -1] = single.any(axis=(0, 1))
    return made


def _exchanges(releases: Sequence[Release], moves: _Moves, place: Place, time: int) -> bool:
    """Whether a count of one subgroup can differ in exchange for others, of other subgroups too."""
    added, fewer = moves.alone
    ways = (moves.down, moves.up, fewer, added), (moves.up, moves.down, added, fewer)
    return any(
        _with_both(*way, place, time) or _with_other_times(releases, way, place, time)
        for way in ways
    )


def _with_both(
    less: BoolArray, more: BoolArray, fewer: BoolArray, added: BoolArray, place: Place, time: int
) -> bool:
    """One fewer here and at another site's other stratum, one more at the two other corners."""
    site, stratum = place
    down = (fewer & less[:-1, :-1])[..., time]
    up = (added & more[:-1, :-1])[..., time]
    corners = up[:, stratum, np.newaxis] & up[site] & down
    corners[site], corners[:, stratum] = False, False
    return bool(down[place] and corners.any())


def _with_other_times(
    releases: Sequence[Release],
    ways: tuple[BoolArray, BoolArray, BoolArray, BoolArray],
    place: Place,
    time: int,
) -> bool:
    """One fewer now and one more in another subgroup, the other way round elsewhere if need be."""
    less, more, fewer, added = ways
    site, stratum = place

    def fits(at: Place, back: bool) -> BoolArray:
        same = np.logical_and.reduce(
            [each.withheld[at] | (each.ids[at] == each.ids[at][time]) for each in releases]
        )
        down, up = (more, less) if back else (less, more)
        return np.asarray(same | (down[at][time] & up[at]))

    def moved(at: Place, back: bool) -> BoolArray:
        down, up = (added, fewer) if back else (fewer, added)
        return np.asarray(down[at][time] & up[at] & fits(at, back))

    here = moved(place, False)
    here[time] = False
    if not here.any():
        return False
    totals = (site, TOTAL), (TOTAL, stratum), (TOTAL, TOTAL)
    of_site, of_stratum, of_all = (fits(at, False) for at in totals)
    if (here & of_site & of_stratum & of_all).any():
        return True
    sites, strata = fewer.shape[:2]
    return any(
        (here & of_stratum & moved((site, other), True) & fits((TOTAL, other), True)).any()
        for other in range(strata)
        if other != stratum
    ) or any(
        (here & of_site & moved((other, stratum), True) & fits((other, TOTAL), True)).any()
        for other in range(sites)
        if other != site
    )


def _places(where: BoolArray) -> Iterator[Place]:
    """The series in which it holds of any subgroup."""
    for site, stratum in np.argwhere(where.any(axis=-1)).tolist():
        yield site, stratum
