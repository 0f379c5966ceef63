"""What must hold of strata: groups, their codes and labels, and two dimensions that are crossed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qi_equity import ethnicity
from qi_equity.errors import UserError, did_you_mean
from qi_equity.project_file.draft import Draft
from qi_equity.project_file.tree import Path
from qi_equity.strata import CROSSED

Found = Iterator[tuple[Path, str]]

VALUES = ("continuous", "time between", "cases between")
LONGEST_CELL = 110  # letters of the names of two groups that stand together
UNKNOWN = ("not stated", "not known", "missing")  # kinds of code that are no ethnicity


def names_of(parts: Any, name: str = "id") -> list[str] | None:
    """The names parts go by; None where one cannot be read, for then any word may be right."""
    names = None if parts is None else [getattr(part, name) for part in parts]
    return None if names is None or None in names else names


def sides_of(project: Draft) -> list[Draft]:
    """The dimensions strata are told apart by: one, or two that are crossed."""
    first = project.strata
    return [side for side in (first, first and first.crossed_with) if side]


def groups(project: Draft) -> Found:
    """Groups can be told apart, and a code belongs to one of them."""
    for side in sides_of(project):
        yield from _groups(side)


def _groups(strata: Draft) -> Found:
    if not strata.groups:
        return
    known = [group for group in strata.groups if group.unknown is False]
    if len(known) < 2 and None not in [group.unknown for group in strata.groups]:
        told = f"needs at least two groups whose {strata.dimension or 'group'} is known, to compare"
        yield strata.at("groups"), told
    if strata.code_system == ethnicity.OWN:
        yield from _own_codes(strata)
    if strata.ordered and (strata.dimension or "").casefold() == "ethnicity":
        yield strata.at("ordered"), "ethnicity is not a ladder: its groups have no order"
    if sum(bool(group.missing) for group in strata.groups) > 1:
        yield strata.at("groups"), "only one group can hold the records left empty (missing: true)"


def _own_codes(strata: Draft) -> Found:
    homes: dict[str, str] = {}
    for group in strata.groups:
        for position, code in enumerate(group.codes or ()):
            first = homes.setdefault(code.casefold(), group.name or "another group")
            if first != (group.name or "another group"):
                told = f"'{code}' belongs to '{first}' already; a code can be in one group only"
                yield (*group.at("codes"), position), told


def crossing(project: Draft) -> Found:
    """Two dimensions can be told apart, and their counts add up."""
    sides = sides_of(project)
    if len(sides) < 2:
        if project.data and project.data.crossed_with:
            told = "there is no second dimension: say it under strata, as crossed_with"
            yield project.data.at("crossed_with"), told
        return
    first, second = sides
    if first.dimension and second.dimension and first.dimension == second.dimension:
        yield second.at("dimension"), f"'{second.dimension}' is the first dimension already"
    taken = {name.casefold() for name in names_of(first.groups, "name") or ()}
    for group in second.groups or ():
        if group.name and group.name.casefold() in taken:
            told = "a group of the first dimension has this name too; give each its own"
            yield group.at("name"), told
        if group.name and CROSSED.strip() in group.name:
            yield (
                group.at("name"),
                f"cannot hold '{CROSSED.strip()}', which joins two groups' names",
            )
        if group.name and max(map(len, taken), default=0) + len(group.name) > LONGEST_CELL:
            yield group.at("name"), "is too long to stand beside the first dimension's; shorten it"
    for measure in project.measures or ():
        if measure.data in VALUES:
            told = f"{measure.data} data cannot be added up over crossed groups; take one dimension"
            yield measure.at("data"), told
    data = project.data
    wide = data and data.kind == "table" and (data.columns or data.indicators)
    if data and not wide and not data.has("crossed_with"):
        told = f"'crossed_with' is missing: name the column of {second.dimension}"
        yield data.at("crossed_with"), told


def labels(project: Draft) -> Found:
    """Every label of a file's own belongs to a group of the project."""
    strata = project.strata
    if strata is None or not strata.labels:
        return
    names = [group.name for group in strata.groups or () if group.name]
    for label, group in strata.labels.items():
        if group not in names:
            told = f"no stratum called '{group}'{did_you_mean(group, names)}"
            yield (*strata.at("labels"), label), told


def code_system(project: Draft) -> Found:
    """Every code of a named code system has one group, so that nobody goes uncounted."""
    for side in sides_of(project):
        yield from _code_system(side)


def _code_system(strata: Draft) -> Found:
    if strata.code_system is None:
        return
    scheme = ethnicity.SCHEMES.get(strata.code_system)
    if strata.code_system == ethnicity.OWN:
        if strata.roll_up:
            told = "a team's own codes have no roll-up; name the codes of each group"
            yield strata.at("roll_up"), told
        return
    if scheme is None:
        known = [ethnicity.OWN, *ethnicity.SCHEMES]
        hint = did_you_mean(strata.code_system, known)
        told = f"there is no code system called '{strata.code_system}'{hint}"
        yield strata.at("code_system"), told
        return
    try:
        ethnicity.check_roll_up(scheme, strata.roll_up)
    except UserError as wrong:
        yield strata.at("roll_up"), str(wrong)
        return
    yield from _homes_of_codes(strata, scheme)


def _homes_of_codes(strata: Draft, scheme: ethnicity.Scheme) -> Found:
    homes: dict[str, str] = {}
    groups = strata.groups or ()
    for group in groups:
        for position, word in enumerate(group.codes or (group.name,)):
            path = (*group.at("codes"), position) if group.codes else group.at("name")
            members = ethnicity.members(word, scheme.name, strata.roll_up) if word else ()
            if not members and word and not (group.missing and not group.codes):
                choices = [*scheme.codes, *scheme.groups_of(strata.roll_up)]
                told = f"there is no code '{word}' in {scheme.name}"
                yield path, f"{told}{did_you_mean(word, choices)}"
            for code in members:
                yield from _one_home(path, scheme.codes[code], group, homes)
    complete = all(group.codes is not None and group.name for group in groups)
    left = [f"{c.code} ({c.label})" for c in scheme.codes.values() if c.code not in homes]
    if complete and left:
        told = "whoever has one of these codes would go uncounted; put each into a group: "
        yield strata.at("groups"), told + ", ".join(left)
    if complete and not any(group.missing for group in groups):
        told = "say which group holds the records left empty (missing: true), so that they are seen"
        yield strata.at("groups"), told


def _one_home(path: Path, code: ethnicity.Code, group: Draft, homes: dict[str, str]) -> Found:
    first = homes.setdefault(code.code, group.name or "another group")
    if first != group.name and group.name:
        told = f"'{code.code}' ({code.label}) belongs to '{first}' already"
        yield path, f"{told}; a code can be in one group only"
    if group.unknown is False and code.status in UNKNOWN:
        told = f"'{code.code}' means {code.status}: put it into a group with unknown: true"
        yield path, f"{told}, or it would be compared as if it were an ethnicity"
