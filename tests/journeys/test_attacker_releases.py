"""Whoever keeps every release, knows one site, and writes there what they like, learns no count.

The attacker of `test_attacker` with a year of releases in hand: each is a system of integers over
the same true counts, and all are solved at once. They know every count of their own site, choose
it anew before each release, know which counts are parts of which, and how it all works. The same
attacks on what is protected anew at each save, or measure by measure, must succeed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from attacker import COUNTS, Attack, Rounding
from test_attacker import ROUNDINGS, STRATA, Network
from test_attacker import project as project_of

import qi_equity
from qi_equity.disclosure.numbers import block_table
from qi_equity.disclosure.policy import policy_of
from qi_equity.disclosure.published import from_record, published
from qi_equity.disclosure.release import Release, grids
from qi_equity.disclosure.release import release as on_blocks
from qi_equity.disclosure.released import Made, made_of, policy_in
from qi_equity.disclosure.twins import secured
from qi_equity.observations import observations, with_totals
from qi_equity.project import ALL_SITES, EVERYONE, Disclosure, Project

SMALL = 7
Counts = Mapping[str, np.ndarray]  # of a measure, or births: (site, stratum, week)


@dataclass(frozen=True)
class Play:
    """A network with releases as its weeks come in, and what a writer at its first site does.

    `knows` is the attacker's site: the writer's own, or one that only looks on.
    """

    sites: int = 3
    weeks: int = 10
    releases: int = 6
    whole: bool = True  # x and y add up to the births
    writes: bool = True
    policy: str = "hes"
    seed: int = 0
    knows: int = 0

    @property
    def project(self) -> Project:
        plain = project_of(Network(self.sites, self.weeks, (), (0.1, 0.1), 1))
        x = plain.measures[0].model_copy(update={"id": "x", "name": "x"})
        y = x.model_copy(update={"id": "y", "name": "y"})
        aim = plain.aim.model_copy(update={"measure": "x"})
        told = {"measures": (x, y), "aim": aim, "disclosure": ROUNDINGS[self.policy][0]}
        return plain.model_copy(update=told)

    @property
    def names(self) -> list[str]:
        return [f"site_{place}" for place in range(self.sites)]

    def unknown(self, release: int) -> list[str]:
        """The sites that the attacker does not know; the writer's is another at each release."""
        return [
            f"{name} at release {release}" if self.writes and site == 0 else name
            for site, name in enumerate(self.names)
            if site != self.knows
        ]

    @property
    def honest(self) -> list[int]:
        """The sites to learn of."""
        return [site for site in range(1, self.sites) if site != self.knows]

    @property
    def mondays(self) -> list[pd.Timestamp]:
        return list(pd.date_range("2025-01-06", periods=self.weeks, freq="W-MON"))

    @property
    def ends(self) -> list[int]:
        """The weeks that there are at each release."""
        if self.releases == 1:
            return [self.weeks]
        half = self.weeks // 2
        many = max(1, self.releases - 1)
        return [half + nth * (self.weeks - half) // many for nth in range(self.releases)]

    def counts(self) -> list[Counts]:
        """The true counts at each release: those of the first site are chosen anew each time."""
        random = np.random.default_rng(7000 + self.seed)
        shape = (self.sites, len(STRATA), self.weeks)
        means = random.choice([0.5, 1, 2, 4, 8, 16, 40], 3)[:, np.newaxis]
        rate = random.choice([0.1, 0.3, 0.5, 0.8])
        births = random.poisson(np.broadcast_to(means, shape))
        x = random.binomial(births, rate)
        y = births - x if self.whole else random.binomial(births, 0.3)
        made = []
        for nth in range(self.releases):
            if self.writes and nth:
                births, x, y = births.copy(), x.copy(), y.copy()
                x[0] = random.integers(0, 30, shape[1:])
                births[0] = x[0] + random.integers(0, 10, shape[1:])
                y[0] = births[0] - x[0] if self.whole else np.minimum(y[0], births[0])
            made.append({"x": x, "y": y, "births": births})
        return made

    def table(self, counts: Counts, weeks: int) -> pd.DataFrame:
        return observations(
            {"measure": name, "site": self.names[site], "stratum": STRATA[stratum],
             "subgroup": self.mondays[week], "numerator": counts[name][site, stratum, week],
             "denominator": counts["births"][site, stratum, week]}
            for name, site, stratum, week in product(
                "xy", range(self.sites), range(len(STRATA)), range(weeks)
            )
        )  # fmt: skip


# What goes out at one release, given those before: a table of released blocks.
Lets = Callable[[Project, pd.DataFrame, list[Any]], tuple[pd.DataFrame, Any]]


def by_release(project: Project, table: pd.DataFrame, before: list[Any]) -> tuple[Any, Made]:
    """What the package does: each release reckons with those before."""
    made = made_of(project, table, project.disclosure, [one.held for one in before])
    return told(project, made.record), made


def told(project: Project, record: Mapping[str, Any]) -> pd.DataFrame:
    """All counts that are public of a release."""
    policy = policy_in(record)
    parts = [
        block_table(from_record(one, project, policy))
        for part in record["parts"].values()
        for one in part["measures"]
    ]
    return pd.concat(parts, ignore_index=True)


def by_save(project: Project, table: pd.DataFrame, _: list[Any]) -> tuple[Any, None]:
    """What was done before there were releases: each save protected for itself, any two sites."""
    return blocks(secured(released_alone(project, table)).releases, project), None


def by_measure(project: Project, table: pd.DataFrame, _: list[Any]) -> tuple[Any, None]:
    """Each measure protected as if the other were not released."""
    alone = [secured([one]).releases[0] for one in released_alone(project, table)]
    return blocks(alone, project), None


def released_alone(project: Project, table: pd.DataFrame) -> list[Release]:
    points = with_totals(with_totals(table, "stratum", EVERYONE), "site", ALL_SITES)
    policy = policy_of(project.disclosure)
    assert policy is not None
    return [on_blocks(grid, policy) for grid in grids(points, project)]


def blocks(releases: Sequence[Release], project: Project) -> pd.DataFrame:
    policy = policy_of(project.disclosure)
    assert policy is not None
    return pd.concat([block_table(published(one, policy)) for one in releases], ignore_index=True)


def informed(play: Play, lets: Lets) -> tuple[Attack, Counts]:
    """All that the attacker knows in the end, and the true counts of the last release."""
    sites = dict.fromkeys(name for nth in range(play.releases) for name in play.unknown(nth))
    attack = Attack([*sites], list(STRATA), play.weeks, ["x", "y"])
    if play.whole:
        births, x, y = (attack.start[name] for name in ("births", "x", "y"))
        attack.lines = [
            *attack.lines,
            *(([x + at, y + at, births + at], [1, 1, -1], 0, 0) for at in range(attack.size)),
        ]
    before: list[Any] = []
    rounding = ROUNDINGS[play.policy][1]
    for nth, (counts, weeks) in enumerate(zip(play.counts(), play.ends, strict=True)):
        seen, made = lets(play.project, play.table(counts, weeks), before)
        before.append(made)
        learn(attack, play, nth, seen, rounding, counts)
    return attack, counts


def learn(
    attack: Attack, play: Play, nth: int, seen: pd.DataFrame, rounding: Rounding, true: Counts
) -> None:
    """Every count of a release, less what the attacker's own site has in it."""
    own = play.names[play.knows]
    rest = [name for name in play.names if name != own]
    for row in seen[seen["site"] != own].to_dict("records"):
        first = play.mondays.index(pd.Timestamp(row["subgroup"]))
        weeks = range(first, first + int(row["subgroups"]))
        every, total = row["stratum"] == EVERYONE, row["site"] == ALL_SITES
        strata = range(len(STRATA)) if every else [STRATA.index(row["stratum"])]
        unknown = play.unknown(nth)
        sites = unknown if total else [unknown[rest.index(row["site"])]]
        for count in COUNTS:
            name = row["measure"] if count == "numerator" else "births"
            ends = rounding.between(row[count], bool(row["small"]))
            mine = true[name][play.knows][np.ix_(strata, weeks)].sum() if total else 0
            cells = [
                cell for site in sites for cell in attack.cells(name, site, row["stratum"], weeks)
            ]
            attack.learn(cells, ends[0] - mine, ends[1] - mine)


Target = tuple[str, str, str, list[int], int]  # count, site, stratum, weeks; the true sum


def targets(play: Play, counts: Counts, most: int) -> list[Target]:
    """Small counts of the others: of a week, of halves and all; of a site and of all of them."""
    half = play.weeks // 2
    stretches = [[week] for week in range(play.weeks)]
    stretches += [list(range(play.weeks)), list(range(half)), list(range(half, play.weeks))]
    return small(play, counts, stretches, most)


def sums(play: Play, counts: Counts, most: int) -> list[Target]:
    """Small sums of the others over any stretch of two weeks and more, released or not."""
    stretches = [
        list(range(first, end))
        for first in range(play.weeks - 1)
        for end in range(first + 2, play.weeks + 1)
    ]
    return small(play, counts, stretches, most)


def small(play: Play, counts: Counts, stretches: list[list[int]], most: int) -> list[Target]:
    """Some of the small sums over these weeks, of sites and strata that are not the attacker's."""
    found = []
    # All others together are told of through the sites that the attacker does not know.
    sums = [None] if play.knows == 0 else []
    for name, site, stratum, weeks in product(
        ("x", "y", "births"), (*play.honest, *sums), (*range(len(STRATA)), None), stretches
    ):
        sites = play.honest if site is None else [site]
        strata = range(len(STRATA)) if stratum is None else [stratum]
        true = int(counts[name][np.ix_(sites, strata, weeks)].sum())
        if 1 <= true <= SMALL:
            place = ALL_SITES if site is None else play.names[site]
            found.append(
                (name, place, EVERYONE if stratum is None else STRATA[stratum], weeks, true)
            )
    chosen = np.random.default_rng(play.seed).permutation(len(found))[:most]
    return [found[at] for at in chosen]


@dataclass(frozen=True)
class Won:
    """What an attack came to: counts tried, recovered, and left with two values."""

    tried: int
    recovered: int
    narrowed: int
    lost: tuple[str, ...] = ()  # which


def attacked(play: Play, lets: Lets = by_release, most: int = 12) -> Won:
    attack, counts = informed(play, lets)
    return tried(attack, targets(play, counts, most))


def tried(attack: Attack, asked: Sequence[Target]) -> Won:
    left, lost = [], []
    for name, site, stratum, weeks, true in asked:
        low, high = attack.values(attack.cells(name, site, stratum, np.array(weeks)))
        assert low <= true <= high
        left.append(high - low)
        if high - low < 2:
            lost.append(f"{name} of {stratum} at {site} in weeks {weeks}: {low} to {high}")
    return Won(len(asked), left.count(0), left.count(1), tuple(lost))


# -- a participant who writes, an insider, a year of releases, parts of a whole -------------------

FAST = {
    "writes, parts of a whole": Play(releases=5, seed=2),
    "writes, msds": Play(whole=False, policy="msds", releases=4, seed=5),
    "looks only, four sites": Play(sites=4, writes=False, releases=3, seed=3),
    "looks on while another writes": Play(weeks=8, releases=4, seed=6, knows=2),
}


@pytest.mark.parametrize("play", FAST.values(), ids=FAST)
def test_nobody_learns_a_count_of_another_site_from_many_releases(play: Play) -> None:
    won = attacked(play)
    assert won.tried >= 8
    assert won.recovered == won.narrowed == 0


# What was done before: two sites, each save protected for itself.
TWO_SITES = Play(sites=2, weeks=3, releases=6, whole=False, seed=7)


class OnEdges(Play):
    """One week in which x and y add up to births that are shown as another number than the next."""

    def counts(self) -> list[Counts]:
        random = np.random.default_rng(self.seed)
        shape = (self.sites, len(STRATA), 1)
        x, y = random.choice([1, 6, 7, 12], shape), random.choice([1, 7, 8, 12], shape)
        return [{"x": x, "y": y, "births": x + y}]


PARTS = OnEdges(sites=2, weeks=1, releases=1, writes=False)


def test_a_writer_wins_where_every_save_is_protected_for_itself() -> None:
    won = attacked(TWO_SITES, by_save)
    assert won.recovered >= won.tried / 3 > 0
    assert attacked(TWO_SITES).recovered == 0


def test_parts_of_a_whole_give_counts_away_where_measures_are_protected_apart() -> None:
    plays = [replace(PARTS, seed=seed) for seed in range(6)]
    assert sum(attacked(play, by_measure).recovered for play in plays) > 0
    assert sum(attacked(play).recovered for play in plays) == 0


@pytest.mark.parametrize("sites", [2, 3])
def test_counts_on_the_edges_of_what_is_shown_have_three_values_left(sites: int) -> None:
    """x and y of 7 are 14 births, shown as 15: told together they would be 6 or 7."""
    for seed in range(2):
        won = attacked(replace(PARTS, sites=sites, seed=seed), most=60)
        assert won.tried > 10
        assert won.recovered == won.narrowed == 0


# Of the 60 small counts of this network bounds, number by number, left each three values; all
# numbers of both releases together left one of them two.
BOUNDED = Play(sites=3, weeks=5, releases=2, seed=0)


def test_a_third_value_is_one_that_all_numbers_of_all_releases_leave_together() -> None:
    won = attacked(BOUNDED, most=60)
    assert won.tried == 60
    assert won.recovered == won.narrowed == 0


def a_year(seed: int) -> Play:
    """A made-up network of any shape, with a release as each month ends."""
    random = np.random.default_rng(9000 + seed)
    return Play(
        sites=int(random.integers(2, 5)),
        weeks=int(random.integers(8, 25)),
        releases=13,
        whole=bool(seed % 2),
        writes=seed % 5 != 4,
        policy=list(ROUNDINGS)[seed % 4],
        seed=seed,
    )


def attack_in_full(play: Play) -> None:
    attack, counts = informed(play, by_release)
    # Counts of a week, halves and all; then sums over any stretch, which no twin is asked for.
    for asked in (targets(play, counts, 40), sums(play, counts, 20)):
        won = tried(attack, asked)
        print(f"seed {play.seed}: {won}", flush=True)
        assert won.recovered == 0
        assert won.narrowed <= max(1, won.tried // 1000)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40))
def test_a_year_of_releases_of_any_network_leaves_every_count_open(seed: int) -> None:
    attack_in_full(a_year(seed))


@pytest.mark.long
@pytest.mark.parametrize(
    "seed", [seed for seed in range(40) if a_year(seed).writes and a_year(seed).sites > 2]
)
def test_a_year_of_releases_leaves_counts_open_to_who_looks_on_while_another_writes(
    seed: int,
) -> None:
    attack_in_full(replace(a_year(seed), knows=2))


# -- what is public: all that is said is made of it, as test_attacker holds ----------------------


@cache
def first_release() -> tuple[Play, Made]:
    play = Play(weeks=12, releases=1, writes=False, whole=False, seed=11)
    table = play.table(play.counts()[0], play.weeks)
    return play, made_of(play.project, table, play.project.disclosure)


def test_the_public_record_holds_no_number_but_those_shown() -> None:
    play, made = first_release()
    policy = policy_in(made.record)
    for one, true in zip(made.record["parts"]["network"]["measures"], made.held, strict=True):
        public = from_record(one, play.project, policy)
        for count, sums in public.sums.items():
            kept = sums[np.isfinite(sums)]
            assert (kept % 5 == 0).all()
            assert not np.array_equal(true.sums[count], sums)
        assert set(np.unique(public.grid.numerator[np.isfinite(public.grid.numerator)])) <= {0.0}


# -- totals over sites, corrections, what is withheld and why ------------------------------------


def test_two_sites_have_no_total_over_sites_and_are_told_why() -> None:
    play = Play(sites=2, releases=1, writes=False, seed=1)
    made = qi_equity.release(play.project, play.table(play.counts()[0], play.weeks), judge=False)
    assert ALL_SITES not in set(made.points["site"])
    few = {one.stratum for one in made.withheld if one.why == "few_sites"}
    assert few == {*STRATA, EVERYONE}
    assert [str(one) for one in made.relations] == [
        "denominator of x = numerator of x + numerator of y",
        "denominator of x = denominator of y",
    ]


def test_a_week_that_is_corrected_late_is_not_the_difference_of_two_releases() -> None:
    """The same blocks stand in every release, and a correction moves none of their neighbours."""
    play = Play(releases=2, writes=False, whole=False, seed=8)
    counts = play.counts()[0]
    first = qi_equity.release(play.project, play.table(counts, 8), judge=False)
    later = {name: held.copy() for name, held in counts.items()}
    later["x"][1, 2, 3] += 1
    later["births"][1, 2, 3] += 1
    second = qi_equity.release(play.project, play.table(later, 9), previous=first, judge=False)
    attack = Attack(play.unknown(0), list(STRATA), play.weeks, ["x", "y"])
    learn(attack, play, 0, told(play.project, first.record), Rounding(), counts)
    # To the attacker the corrected week is one more unknown: the others are not.
    seen = told(play.project, second.record)
    at = play.mondays[3]
    ends = seen["subgroup"] + pd.to_timedelta(7 * seen["subgroups"], unit="D")
    learn(attack, play, 1, seen[(seen["subgroup"] > at) | (ends <= at)], Rounding(), later)
    for name, site, stratum, weeks, true in targets(play, counts, 12):
        if 3 not in weeks:
            low, high = attack.values(attack.cells(name, site, stratum, np.array(weeks)))
            assert low <= true <= high
            assert low < high


def test_declared_relations_are_reckoned_with_and_said() -> None:
    play = Play(releases=1, writes=False, seed=2)
    ties = {"relations": [{"whole": "x.denominator", "parts": ["x.numerator", "y.numerator"]}]}
    asked = Disclosure.model_validate({"policy": "hes"} | ties)
    made = qi_equity.release(
        play.project.model_copy(update={"disclosure": asked}),
        play.table(play.counts()[0], play.weeks), judge=False,
    )  # fmt: skip
    assert any(one.declared for one in made.relations)


def test_the_blocks_of_a_release_stand_in_the_next() -> None:
    play = Play(weeks=16, releases=2, writes=False, whole=False, seed=1)
    counts = play.counts()[0]
    before: list[Any] = []
    seen = []
    for weeks in (10, 16):
        points, made = by_release(play.project, play.table(counts, weeks), before)
        before.append(made)
        seen.append(points.set_index(["measure", "site", "stratum", "subgroup"])["subgroups"])
    old, new = (dict(one.items()) for one in seen)

    def of(blocks: Mapping[Any, Any], series: Any) -> set[Any]:
        return {(key, n) for key, n in blocks.items() if key[:3] == series}

    series = {key[:3] for key in old}
    kept = [one for one in series if of(old, one) <= of(new, one)]
    assert len(kept) >= len(series) / 2
