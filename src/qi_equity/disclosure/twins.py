"""What the released counts give away, and withholding until they give away no small count.

A count is safe if it has a twin: other true counts, differing in it, that would be released as
the very same numbers. Whatever an attacker does with those numbers, both stay possible.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from qi_equity.arrays import BoolArray, FloatArray
from qi_equity.disclosure.policy import FIRST_SHOWN
from qi_equity.disclosure.release import Count, Release

Place = tuple[int, int]  # site and stratum; -1 is the total
TOTAL = -1


def secured(releases: Sequence[Release]) -> list[Release]:
    """The releases with series widened or withheld until every small count has a twin."""
    made = list(releases)
    clean = False
    while not clean:  # what helps one count may harm another, so all are looked at again
        clean = True
        for index, count in [
            (index, count) for index, one in enumerate(made) for count in one.sums
        ]:
            fellows = _fellows(made, index)
            for group in ([index], fellows)[: len(fellows)]:
                for place in list(exposed([made[one] for one in group], count)):
                    clean = False
                    _told_less(made, group, count, place)
    return made


def _told_less(releases: list[Release], group: list[int], count: Count, place: Place) -> None:
    """Widen or withhold what tells of one series' small counts until each has a twin."""
    while any(exposed([releases[one] for one in group], count, only=place)):
        index, at = _most_told(releases, group, place)
        releases[index] = releases[index].wider(*at)


def _most_told(releases: list[Release], group: list[int], place: Place) -> tuple[int, Place]:
    """The series to tell less of: one that is small, else the one that is told most finely.

    What tells of a count is its own series and the totals over it, and of a total its parts too.
    """
    site, stratum = place
    sites, strata = releases[group[0]].rung.shape
    own = [(index, place) for index in group if releases[index].small[place]]
    over = [*product(group, product(dict.fromkeys((site, TOTAL)), dict.fromkeys((stratum, TOTAL))))]
    parts = product(
        group,
        product(
            range(sites) if site in (TOTAL, sites - 1) else [site],
            range(strata) if stratum in (TOTAL, strata - 1) else [stratum],
        ),
    )
    for series in (own, over, parts):
        told = [(index, at) for index, at in series if not releases[index].withheld[at]]
        if told:
            return min(told, key=lambda one: releases[one[0]].rung[one[1]])
    raise AssertionError("a count has no twin though nothing that tells of it is released")


def _fellows(releases: list[Release], index: int) -> list[int]:
    """Releases of the same denominators, the one asked about first: measures share births.

    The same is the same wherever both are logged, which is in most subgroups.
    """
    one = releases[index]
    found = [index]
    for other, each in enumerate(releases):
        rated = "denominator" in one.sums and "denominator" in each.sums
        if other == index or not rated or not one.grid.alike(each.grid):
            continue
        # Sites and strata alone: a total lacks whatever was not logged for its measure.
        both = (one.grid.logged & each.grid.logged)[:-1, :-1]
        held, other_held = (_count(x, "denominator")[:-1, :-1][both] for x in (one, each))
        if (held == other_held).all() and 2 * both.sum() > one.grid.logged[:-1, :-1].sum():
            found.append(other)
    return found


def _count(one: Release, count: Count) -> FloatArray:
    held = one.grid.of(count)
    assert held is not None  # asked only of counts that there are
    return held


@dataclass(frozen=True, slots=True, eq=False)
class _Moves:
    """Where one more, or one fewer, would change no released number of that series."""

    up: BoolArray  # (site, stratum, subgroup), totals last
    down: BoolArray
    add: BoolArray  # where a count can be one more at all; strata and sites alone
    sub: BoolArray
    alone: tuple[BoolArray, BoolArray]  # add and sub with the other count as it is


def exposed(
    releases: Sequence[Release], count: Count, only: Place | None = None
) -> Iterator[Place]:
    """Where a small count of the first release, of one subgroup or released, has no twin.

    The other releases are of measures with the same denominators. `only` asks of one series.
    """
    one = releases[0]
    logged = np.logical_and.reduce([each.grid.logged for each in releases])
    limit = max(FIRST_SHOWN, one.policy.first)
    counts = _count(one, count)
    moves = _moves(releases, count)
    releases = releases[:1] if count == "numerator" else releases
    single, over_strata, over_sites = _changes(moves)
    changes = _levels(single, over_strata, over_sites)
    # First the small counts that are released: their block must have a twin.
    true = one.true(count)
    small = (true > 0) & (true < limit) & ~one.withheld[..., np.newaxis]
    for place in _places(small, only):
        blocks = one.ids[place]
        for block in np.unique(blocks[small[place]]):
            if not changes[place][blocks == block].any():
                yield place
    # Then those of single subgroups, which are nowhere released.
    small = logged & (counts > 0) & (counts < limit) & ~changes
    sites, strata = single.shape[:2]
    for site, stratum in _places(small, only):
        # An exchange between strata leaves their total as it is, and one between sites theirs.
        over = (site < sites, stratum < strata)
        inner = [
            (one_site, one_stratum)
            for one_site in ([site] if over[0] else range(sites))
            for one_stratum in ([stratum] if over[1] else range(strata))
        ]
        for time in np.flatnonzero(small[site, stratum]).tolist():
            if not any(_exchanges(releases, moves, at, time, over) for at in inner):
                yield site, stratum
                break


def _moves(releases: Sequence[Release], count: Count) -> _Moves:
    one = releases[0]
    inner = _count(one, count)[:-1, :-1]
    up, down = room(releases if count == "denominator" else releases[:1], count)
    logged = np.logical_and.reduce([each.grid.logged[:-1, :-1] for each in releases])
    add, sub = logged.copy(), logged & (inner > 0)
    if one.grid.measure.data != "proportion":
        return _Moves(up, down, add, sub, (add, sub))
    # Of so many births no more can have the event, unless there is one more birth as well.
    if count == "numerator":
        alone = add & (inner < _count(one, "denominator")[:-1, :-1]), sub
        return _Moves(
            up, down, alone[0] | (add & _all_four(room(releases, "denominator")[0])), sub, alone
        )
    numerators = [_count(each, "numerator")[:-1, :-1] for each in releases]
    alone = add, sub & np.logical_and.reduce([inner > each for each in numerators])
    joint = sub & (len(releases) == 1) & (numerators[0] > 0)
    return _Moves(
        up, down, add, alone[1] | (joint & _all_four(room(releases, "numerator")[1])), alone
    )


def room(releases: Sequence[Release], count: Count) -> tuple[BoolArray, BoolArray]:
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
    over_strata = exchanged(more & up[-1:, :-1], less & down[-1:, :-1], axis=1)
    over_sites = exchanged(more & up[:-1, -1:], less & down[:-1, -1:], axis=0)
    return single, over_strata, over_sites


def exchanged(more: BoolArray, less: BoolArray, axis: int) -> BoolArray:
    """One more here and one fewer elsewhere along an axis, or the other way round."""

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


# Of a move one way: where it fits the released numbers, and where the counts allow it.
Way = tuple[BoolArray, BoolArray, BoolArray, BoolArray]


def _exchanges(
    releases: Sequence[Release], moves: _Moves, place: Place, time: int, over: tuple[bool, bool]
) -> bool:
    """Whether a count of one subgroup can differ in exchange for others, of other subgroups too.

    `over` says whether other sites and other strata may take part.
    """
    added, fewer = moves.alone
    ways: tuple[Way, Way] = (
        (moves.down, moves.up, fewer, added),
        (moves.up, moves.down, added, fewer),
    )
    return any(
        (all(over) and _corners(way, place, time)) or _other_times(releases, way, place, time, over)
        for way in ways
    )


def _corners(way: Way, place: Place, time: int) -> bool:
    """One fewer here and at another site's other stratum, one more at the two other corners."""
    less, more, fewer, added = way
    site, stratum = place
    down = (fewer & less[:-1, :-1])[..., time]
    up = (added & more[:-1, :-1])[..., time]
    corners = up[:, stratum, np.newaxis] & up[site] & down
    corners[site], corners[:, stratum] = False, False
    return bool(down[place] and corners.any())


def _other_times(
    releases: Sequence[Release], way: Way, place: Place, time: int, over: tuple[bool, bool]
) -> bool:
    """One fewer now and one more in another subgroup, the other way round elsewhere if need be."""
    less, more, fewer, added = way
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
    of_site, of_stratum = fits((site, TOTAL), False), fits((TOTAL, stratum), False)
    if (here & of_site & of_stratum & fits((TOTAL, TOTAL), False)).any():
        return True
    sites, strata = fewer.shape[:2]
    return any(
        (here & of_stratum & moved((site, other), True) & fits((TOTAL, other), True)).any()
        for other in range(strata)
        if over[1] and other != stratum
    ) or any(
        (here & of_site & moved((other, stratum), True) & fits((other, TOTAL), True)).any()
        for other in range(sites)
        if over[0] and other != site
    )


def _places(where: BoolArray, only: Place | None) -> Iterator[Place]:
    """The series in which it holds of any subgroup."""
    if only is None:
        yield from map(tuple, np.argwhere(where.any(axis=-1)).tolist())
    elif where[only].any():
        yield only
