"""A release: what the network sees of a project, made once, dated, and never changed by a save.

`release` makes one from true counts inside the sites' boundary; `recalled` and `opened` read one
from the log. What is public of it is `record`; `held` is not, and never leaves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from qi_equity.arrays import BoolArray
from qi_equity.crossed import counts, margins
from qi_equity.disclosure.policy import Policy, policy_of
from qi_equity.disclosure.published import as_record, from_record, published
from qi_equity.disclosure.relations import Relation, declared
from qi_equity.disclosure.release import Blocks, Grid, Release, grids
from qi_equity.disclosure.release import release as on_blocks
from qi_equity.disclosure.seen import Beside, seen
from qi_equity.disclosure.side_by_side import secured_sides, with_cells
from qi_equity.disclosure.twins import secured
from qi_equity.findings import Findings, caution
from qi_equity.observations import COUNTS, SERIES_KEY, with_totals
from qi_equity.observations import observations as checked
from qi_equity.project import ALL_SITES, EVERYONE, Disclosure, Project
from qi_equity.quality.outcome import too_little
from qi_equity.reading import Reading

if TYPE_CHECKING:
    from qi_equity.store.releases import Past

# A total over two sites tells each of them the other's counts (NHS practice: no table of two).
LEAST_SITES = 3
FEW_SITES, GIVES_AWAY = "few_sites", "gives_away"


@dataclass(frozen=True, slots=True)
class Withheld:
    """A series of which nothing is released, and why, as a code: few_sites or gives_away."""

    measure: str
    site: str
    stratum: str
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Released(Findings):
    """The findings of a release, with what was withheld and which relations were reckoned with.

    record   all that is public of it, as plain numbers and texts; the findings are made of this
    held     the true counts behind it, for the next release to reckon with; they never leave
    """

    withheld: tuple[Withheld, ...] = ()
    relations: tuple[Relation, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)
    held: tuple[Release, ...] = field(default=(), repr=False)


def release(
    project: Project,
    observations: pd.DataFrame,
    policy: Disclosure | str | Policy | None = None,
    previous: Released | Sequence[Released] = (),
    *,
    judge: bool = True,
    part: str = "",
) -> Released:
    """What the network may see of these counts, given what it saw before.

    `observations` are of the sites that consent; `previous` every release before, oldest first.
    Fewer than three sites have no total. `part` is the dimension asked for of a project that
    crosses two: both are made, and told beside each other.

    Returns Released: findings of what may be seen, ``withheld`` and ``relations``. Raises
    DataErrors naming what is wrong in the observations.

    >>> from qi_equity import project_file
    >>> from qi_equity.simulation import synthetic
    >>> project = project_file.load(project_file.examples()["pph_reduction"])
    >>> counts = synthetic.network([project]).observations[project.id]
    >>> counts = counts[counts["site"] == counts["site"].iloc[0]]
    >>> first = release(project, counts, judge=False)
    >>> len(release(project, counts, previous=first, judge=False).points) == len(first.points)
    True
    """
    before = [previous] if isinstance(previous, Released) else list(previous)
    told = project.disclosure if policy is None else policy
    made = made_of(project, checked(observations), told, [one.held for one in before])
    return opened(project, made.record, judge=judge, part=part, held=made.held)


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A release as it is made: what is public of it, and the true counts behind it."""

    record: dict[str, Any]
    held: tuple[Release, ...]


def made_of(
    project: Project,
    table: pd.DataFrame,
    told: Disclosure | str | Policy,
    earlier: Sequence[Sequence[Release]] = (),
) -> Made:
    """A release of a checked table of counts, beside `earlier` ones."""
    policy = policy_of(told) or UNPROTECTED
    reason = told.reason if isinstance(told, Disclosure) and policy is UNPROTECTED else None
    parts, held, withheld, ties = {}, [], [], set()
    every, table = table, _counted(table)
    for name, made in _secured(project, table, policy, earlier):
        kept = []
        for one, few in made.releases:
            kept.append(as_record(published(one, policy)))
            held.append(one)
            withheld += _withheld(one, few)
        ties |= {(one, name) for one in made.relations}
        known = counts(project, made.project, every)
        parts[name] = {
            "measures": kept,
            "not_counted": _not_counted(made.project, made.table),
            "unrecorded": _unrecorded(made.project, known),
        }
    record: dict[str, Any] = {
        "policy": {"name": policy.name, "first": policy.first, "base": policy.base,
                   "small": None if np.isnan(policy.small) else policy.small, "reason": reason},
        "sites": sorted(table["site"].unique()),
        "counts_to": f"{table['subgroup'].max():%Y-%m-%d}" if len(table) else None,
        "parts": parts,
        "withheld": sorted([w.measure, w.site, w.stratum, w.why] for w in withheld),
        "relations": sorted(
            [[list(one.whole), *map(list, one.parts)], one.declared] for one, _ in ties
        ),
    }  # fmt: skip
    return Made(record | {"content": digest(record)}, tuple(held))


def _counted(table: pd.DataFrame) -> pd.DataFrame:
    """Without the rows that have no count, and stand for what was refused alone."""
    return table.dropna(subset=[*COUNTS, "value"], how="all")


# Policy none: every count as it is, and a reason that every viewer reads.
UNPROTECTED = Policy("none", first=1, base=1)


def digest(record: Mapping[str, Any]) -> str:
    """The hash of all that is public of a release."""
    told = {name: value for name, value in record.items() if name in PUBLIC}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


PUBLIC = ("policy", "sites", "counts_to", "parts", "withheld", "relations")


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One dimension of a release: its releases, each with the series that too few sites have."""

    project: Project
    table: pd.DataFrame
    releases: list[tuple[Release, BoolArray]]
    relations: tuple[Relation, ...]


def _secured(
    project: Project, table: pd.DataFrame, policy: Policy, earlier: Sequence[Sequence[Release]]
) -> Iterable[tuple[str, _Part]]:
    """Each dimension of the project, by name; of one dimension, the project's own."""
    no_ties: tuple[Relation, ...] = ()
    if project.strata.crossed_with is None:
        made, few = _by_blocks(project, table, policy, earlier)
        found, ties = made, no_ties
        if policy is not UNPROTECTED:
            safe = secured(made, earlier, declared(project))
            found, ties = safe.releases, safe.relations
        yield project.id, _Part(project, table, list(zip(found, few, strict=True)), ties)
        return
    table = _of_cells(project, table)
    sides = margins(project)
    tables = [counts(project, side, table) for side in sides]
    both = [
        _by_blocks(side, own, policy, [[r for r in group if r.grid.reading.project.id == side.id]
                                       for group in earlier])
        for side, own in zip(sides, tables, strict=True)
    ]  # fmt: skip
    made_sides, relations = [made for made, _ in both], no_ties
    if policy is not UNPROTECTED:
        first, second = (
            [replace(one, grid=with_cells(one.grid, table, place)) for one in made]
            for place, made in enumerate(made_sides)
        )
        *made_sides, relations = secured_sides(first, second, earlier, declared(project))
    for side, own, made, (_, few) in zip(sides, tables, made_sides, both, strict=True):
        yield side.id, _Part(side, own, list(zip(made, few, strict=True)), relations)
        relations = no_ties  # they are of both, and told once


def _of_cells(project: Project, table: pd.DataFrame) -> pd.DataFrame:
    return table[table["stratum"].isin([cell.name for cell in project.strata.cells])]


def _by_blocks(
    project: Project, table: pd.DataFrame, policy: Policy, earlier: Sequence[Sequence[Release]]
) -> tuple[list[Release], list[BoolArray]]:
    """Every measure's counts on blocks, those of the last release first; totals of three sites."""
    points = with_totals(table, "stratum", EVERYONE)
    if table["site"].nunique() > 1:
        points = with_totals(points, "site", ALL_SITES)
    before: dict[str, Blocks] = {
        one.grid.measure.id: one.made_of for group in earlier for one in group
    }
    made, few = [], []
    for grid in grids(points, project, before):
        one = on_blocks(grid, policy)
        lacking = _few_sites(grid)
        made.append(one.without(lacking & grid.there))
        few.append(lacking & grid.there)
    return made, few


def _few_sites(grid: Grid) -> BoolArray:
    """Totals over sites that fewer than three of them have logged."""
    found = np.zeros(grid.there.shape, bool)
    found[-1] = grid.there[:-1].sum(axis=0) < LEAST_SITES
    return found


def _withheld(one: Release, few: BoolArray) -> list[Withheld]:
    grid = one.grid
    return [
        Withheld(grid.measure.id, grid.sites[site], grid.strata[stratum],
                 FEW_SITES if few[site, stratum] else GIVES_AWAY)
        for site, stratum in zip(*np.nonzero(one.withheld & grid.there), strict=True)
    ]  # fmt: skip


def _not_counted(project: Project, table: pd.DataFrame) -> list[list[str]]:
    """The series of measurements and times, of which nothing is released."""
    counted = {one.id for one in project.measures if _is_counted(one.data)}
    others = table[~table["measure"].isin(counted) & table["measure"].isin(
        [one.id for one in project.measures])]  # fmt: skip
    if len(others):
        others = with_totals(others, "stratum", EVERYONE)
        if table["site"].nunique() > 1:
            others = with_totals(others, "site", ALL_SITES)
    keys = others[SERIES_KEY].drop_duplicates().to_numpy().tolist() if len(others) else []
    return sorted(keys)


def _unrecorded(project: Project, table: pd.DataFrame) -> list[list[str]]:
    """The sites at which too little is recorded of a measure, or too much was refused."""
    whole = with_totals(table, "site", ALL_SITES) if table["site"].nunique() > 1 else table
    too_many = [
        [one.id, site]
        for one in project.measures
        for site in too_little(Reading(project, one), whole[whole["measure"] == one.id])
    ]
    return sorted(too_many)


def _is_counted(data: str) -> bool:
    return data in ("proportion", "rate", "count")


def policy_in(record: Mapping[str, Any]) -> Policy:
    """The policy that a release was made by."""
    told = record["policy"]
    small = np.nan if told["small"] is None else told["small"]
    return Policy(told["name"], told["first"], small, base=told["base"])


def opened(
    project: Project,
    record: Mapping[str, Any],
    *,
    judge: bool = True,
    part: str = "",
    sites: Iterable[str] | None = None,
    held: tuple[Release, ...] = (),
) -> Released:
    """The findings of a release, from what the log holds of it.

    `project` as it was when the release was made; `sites` those that still consent: of the others
    nothing is shown any more, nor of totals that they are in.
    """
    policy = policy_in(record)
    names = list(record["parts"])
    name = part if part in names else names[0]
    asked = next((one for one in _sides(project) if one.id == name), project)
    kept = record["parts"][name]
    public = [from_record(one, asked, policy) for one in kept["measures"]]
    if sites is not None:
        gone = set(record["sites"]) - set(sites)
        public = [one.without(_of_sites(one, gone)) for one in public]
    beside = Beside(
        tuple(map(tuple, kept["not_counted"])), tuple(map(tuple, kept["unrecorded"]))
    )  # fmt: skip
    found = seen(asked, public, policy, beside, judge=judge)
    if policy.name == "none":
        said = caution("not_protected", reason=record["policy"]["reason"] or "")
        others = tuple(one for one in found.cautions if one.code != "protected")
        found = replace(found, cautions=(*others, said))
    if len(names) > 1:
        found = replace(found, cautions=(*found.cautions, caution("cells_kept")))
    given = {each.name: getattr(found, each.name) for each in fields(Findings)}
    return Released(
        **given,
        withheld=tuple(Withheld(*one) for one in record["withheld"]),
        relations=tuple(
            Relation(tuple(keys[0]), tuple(map(tuple, keys[1:])), told)
            for keys, told in record["relations"]
        ),
        record=record,
        held=held,
    )


def _sides(project: Project) -> Sequence[Project]:
    return margins(project) if project.strata.crossed_with is not None else (project,)


def _of_sites(one: Release, gone: set[str]) -> BoolArray:
    """The series of sites that take part no longer, and the totals over them."""
    named = np.isin(one.grid.sites, sorted(gone))
    within = named | (np.array(one.grid.sites, object) == ALL_SITES) & bool(gone)
    return np.broadcast_to(within[:, np.newaxis], one.rung.shape)


def recalled(
    project: Project, table: pd.DataFrame, record: Mapping[str, Any]
) -> tuple[Release, ...]:
    """The true counts behind a release in the log, from the project and counts as they then were.

    They are what the next release reckons with; nothing is shown of them.
    """
    policy, found = policy_in(record), []
    table = _counted(table[table["site"].isin(record["sites"])])
    if project.strata.crossed_with is not None:
        table = _of_cells(project, table)
    for place, side in enumerate(_sides(project)):
        kept = record["parts"].get(side.id)
        if kept is None:
            continue
        own = table if side is project else counts(project, side, table)
        points = with_totals(own, "stratum", EVERYONE)
        if own["site"].nunique() > 1:
            points = with_totals(points, "site", ALL_SITES)
        public = {one["measure"]: from_record(one, side, policy) for one in kept["measures"]}
        for grid in grids(points, side):
            told = public.get(grid.measure.id)
            if told is None or told.rung.shape != grid.there.shape:
                continue
            if side is not project:
                grid = with_cells(grid, table, place)
            made = on_blocks(replace(grid, before=told.made_of), policy)
            found.append(replace(made, rung=told.rung))
    return tuple(found)


class Releases:
    """The releases of a store: made for its log, and read from it for the network."""

    def made(
        self, project: Project, observations: pd.DataFrame, earlier: Sequence[Past]
    ) -> Mapping[str, Any]:
        """What is public of a release of these counts, given what went out before."""
        held = [recalled(one.project, one.observations, one.record) for one in earlier]
        return made_of(project, checked(observations), project.disclosure, held).record

    def seen(self, project: Project, record: Mapping[str, Any], **options: Any) -> Any:
        """The findings of a release, as `opened` has them."""
        return opened(project, record, **options)
