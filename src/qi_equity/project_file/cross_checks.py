"""What must hold between the parts of a project; each check reads whatever could be read."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from qi_equity import ethnicity
from qi_equity.errors import UserError, did_you_mean
from qi_equity.project import ALL_SITES, BEST_AT_BASELINE, EVERYONE, EVERYONE_ELSE
from qi_equity.project_file.draft import Draft
from qi_equity.project_file.tree import Path
from qi_equity.strata import CROSSED, crossed

Found = Iterator[tuple[Path, str]]

# Charts by the kinds of data they are made for (Provost & Murray, The Health Care Data Guide).
FITS = {
    "proportion": ("run", "p", "pp", "i", "mr"),
    "rate": ("run", "u", "up", "i", "mr"),
    "count": ("run", "c", "i", "mr"),
    "continuous": ("run", "i", "mr", "xbar", "s"),
    "time between": ("run", "t", "i", "mr"),
    "cases between": ("run", "g", "i", "mr"),
}
OF_READINGS = ("xbar", "s")  # charts of several readings a subgroup
NEEDS_DENOMINATOR = ("proportion", "rate")
VALUES = ("continuous", "time between", "cases between")
LONGEST_CELL = 110  # letters of the names of two groups that stand together
UNKNOWN = ("not stated", "not known", "missing")  # kinds of code that are no ethnicity
SHORTEST_REASON = 20  # letters: room for a reason, not only for "n/a" or "usual"


def _measures(project: Draft) -> dict[str, Draft]:
    return {measure.id: measure for measure in project.measures or () if measure.id}


def _names(parts: Any, name: str = "id") -> list[str] | None:
    """The names parts go by; None where one cannot be read, for then any word may be right."""
    names = None if parts is None else [getattr(part, name) for part in parts]
    return None if names is None or None in names else names


def unique(project: Draft) -> Found:
    """No two parts of a kind share a name."""
    kinds: tuple[tuple[Any, str, str], ...] = (
        (project.sites, "id", "site"),
        (project.sites, "name", "site"),
        (project.measures, "id", "measure"),
        (project.measures, "name", "measure"),
        *((side.groups, "name", "group") for side in _sides(project)),
        (project.drivers, "id", "driver"),
        (_change_ideas(project), "id", "change idea"),
        (project.cycles, "id", "cycle"),
    )
    for parts, key, kind in kinds:
        seen: set[str] = set()
        for part in parts or ():
            value = getattr(part, key)
            if value is not None and value.casefold() in seen:
                yield part.at(key), f"another {kind} has the {key} '{value}'; give each its own"
            seen.add((value or "").casefold())


def _change_ideas(project: Draft) -> list[Draft] | None:
    ideas = None if project.drivers is None else [each.change_ideas for each in project.drivers]
    unread = ideas is None or None in ideas
    return None if unread else [idea for each in ideas or () for idea in each]


def names_taken(project: Draft) -> Found:
    """No group or site is called what the charts call all of them together."""
    named = [group for side in _sides(project) for group in side.groups or ()]
    for parts, taken in (
        (named, (EVERYONE, EVERYONE_ELSE, BEST_AT_BASELINE)),
        (project.sites or (), (ALL_SITES,)),
    ):
        for part in parts:
            if part.name and part.name.casefold() in {word.casefold() for word in taken}:
                yield part.at("name"), f"'{part.name}' has a meaning of its own here; use another"


def known_words(project: Draft) -> Found:
    """Every measure, site, stratum, driver and change idea that is named exists."""
    measures, sites = _names(project.measures), _names(project.sites)
    strata, ideas = _strata(project), _names(_change_ideas(project))
    drivers = _names(project.drivers)
    aim = project.aim
    if aim:
        yield from _known(aim, "measure", "measure", measures)
        for each in aim.equity or ():
            yield from _known(each, "measure", "measure", measures)
            yield from _known(each, "stratum", "group", strata)
    for driver in project.drivers or ():
        yield from _known(driver, "moves", "driver", drivers)
        yield from _all_known(driver, "measures", "measure", measures)
        if driver.id and driver.moves == driver.id:
            yield driver.at("moves"), f"'{driver.id}' cannot move itself; name the driver above it"
    for cycle in project.cycles or ():
        yield from _all_known(cycle, "sites", "site", sites)
        yield from _all_known(cycle, "strata", "group", strata)
        yield from _known(cycle, "change_idea", "change idea", ideas)


def _sides(project: Draft) -> list[Draft]:
    """The dimensions strata are told apart by: one, or two that are crossed."""
    first = project.strata
    return [side for side in (first, first and first.crossed_with) if side]


def _cells(project: Draft) -> list[tuple[str, bool]] | None:
    """The groups of both dimensions together, and whether one is not known; None where unread."""
    sides = _sides(project)
    if len(sides) < 2 or any(_names(side.groups, "name") is None for side in sides):
        return None
    one, two = (side.groups for side in sides)
    return [(crossed(a.name, b.name), bool(a.unknown or b.unknown)) for a in one for b in two]


def _strata(project: Draft) -> list[str] | None:
    """Every stratum that an aim or a cycle may name; None where one cannot be read."""
    first = project.strata
    if first and first.has("crossed_with") and _cells(project) is None:
        return None
    names = [_names(side.groups, "name") for side in _sides(project)]
    if not names or any(found is None for found in names):
        return None
    cells = [name for name, _ in _cells(project) or ()]
    return [name for found in (*names, cells) for name in found or ()]


def _known(part: Draft, key: str, kind: str, choices: list[str] | None) -> Found:
    word = getattr(part, key)
    if word is not None and choices is not None and word not in choices:
        yield part.at(key), _nothing_called(word, kind, choices)


def _all_known(part: Draft, key: str, kind: str, choices: list[str] | None) -> Found:
    for position, word in enumerate(getattr(part, key) or ()):
        if choices is not None and word not in choices:
            yield (*part.at(key), position), _nothing_called(word, kind, choices)


def _nothing_called(word: str, kind: str, choices: list[str]) -> str:
    hint = did_you_mean(word, choices) if choices else f"; the project has no {kind} yet"
    return f"there is no {kind} called '{word}'{hint}"


def reference(project: Draft) -> Found:
    """Whom strata are compared with is a choice the team makes and gives its reason for."""
    for side in _sides(project):
        unknown = [group.name for group in side.groups or () if group.unknown]
        yield from _reference(project, side.reference, _names(side.groups, "name"), unknown)
        if both := getattr(side, "both", None):
            cells = _cells(project)
            names = None if cells is None else [name for name, _ in cells]
            hidden = [name for name, unsure in cells or () if unsure]
            yield from _reference(project, both, names, hidden)


def _reference(
    project: Draft, chosen: Draft | None, names: list[str] | None, unknown: list[str]
) -> Found:
    if not chosen or chosen.compare_with is None:
        return
    word, place = chosen.compare_with, chosen.at("compare_with")
    try:
        # A group called "5" is a group, and no target of 500 per cent.
        rate = 0.0 if word in (names or ()) else float(word)
        kinds = [measure.data for measure in project.measures or ()]
        if not (0 <= rate < math.inf) or (rate > 1 and "proportion" in kinds):
            yield place, f"a target rate is between 0 and 1, a part of one, not {word}"
    except ValueError:
        if names is not None and word not in (*names, EVERYONE_ELSE, BEST_AT_BASELINE):
            choices = [*names, EVERYONE_ELSE, BEST_AT_BASELINE]
            hint = did_you_mean(word, choices)
            yield place, f"there is nobody called '{word}' to compare with{hint}, or a target rate"
    if word in unknown:
        yield place, f"'{word}' is marked unknown: true; nobody can be compared with it"
    white = word.casefold().startswith("white")
    if white and chosen.reason is not None and len(chosen.reason) < SHORTEST_REASON:
        told = "say in the reason why the team chose this; White is not the usual reference here"
        yield chosen.at("reason"), told


def groups(project: Draft) -> Found:
    """Groups can be told apart, and a code belongs to one of them."""
    for side in _sides(project):
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


def aims(project: Draft) -> Found:
    """Aims go the way their measures call better; gaps get smaller."""
    aim = project.aim
    if not aim:
        return
    measures = _measures(project)
    yield from _towards(aim, measures.get(aim.measure or ""))
    for each in aim.equity or ():
        if each.kind == "rate":
            yield from _towards(each, measures.get(each.measure or ""))
        elif each.kind and each.from_ is not None and each.to is not None:
            yield from _smaller(each)


def _smaller(aim: Draft) -> Found:
    if aim.kind == "ratio" and min(aim.from_, aim.to) <= 0:
        yield aim.at("to"), "a ratio is above 0; 1 means no gap"
        return
    before, after = (_size(gap, aim.kind) for gap in (aim.from_, aim.to))
    if after >= before:
        told = f"the gap would not get smaller: {aim.to:g} is no nearer to no gap than"
        yield aim.at("to"), f"{told} {aim.from_:g}"


def _size(gap: float, kind: str) -> float:
    """How far from no gap, which is a difference of 0 and a ratio of 1."""
    return abs(math.log(gap)) if kind == "ratio" else abs(gap)


def contrasts(project: Draft) -> Found:
    """Equity is aimed at for groups that can be compared, one contrast declared the primary one."""
    aim = project.aim
    if not aim or not aim.equity:
        return
    sides = _sides(project)
    unknown = [group.name for side in sides for group in side.groups or () if group.unknown]
    unknown += [name for name, unsure in _cells(project) or () if unsure]
    chosen = [c for side in sides for c in (side.reference, getattr(side, "both", None)) if c]
    compared = [one.compare_with for one in chosen]
    for each in aim.equity:
        if each.stratum in unknown:
            told = f"'{each.stratum}' is marked unknown: true; aim at a group that is known"
            yield each.at("stratum"), told
        elif each.stratum and each.stratum in compared and each.kind in ("difference", "ratio"):
            told = f"'{each.stratum}' is the group the others are compared with, so it has no gap"
            yield each.at("stratum"), told
    primary = [each for each in aim.equity if each.primary]
    for second in primary[1:]:
        yield second.at("primary"), "only one equity aim can be the primary one"
    if len(aim.equity) > 1 and not primary and None not in [each.primary for each in aim.equity]:
        told = "say which of these is the primary one (primary: true), before the data are seen"
        yield aim.at("equity"), told


# Data whose strata are not held side by side, and the way out.
NO_GAP = {
    "count": "count the events out of a number (data: rate, with a denominator)",
    "time between": "count the events out of a number (data: rate, with a denominator)",
    "cases between": "count the events out of the cases (data: proportion, with a denominator)",
}


def gaps_that_can_be(project: Draft) -> Found:
    """A gap is aimed at only where strata can be held side by side."""
    named = _measures(project)
    strata = project.strata
    target = strata and strata.reference and strata.reference.compare_with
    for each in (project.aim and project.aim.equity) or ():
        measure = named.get(each.measure) if each.measure else None
        if measure is None or each.kind not in ("difference", "ratio"):
            continue
        data = measure.data
        if data in NO_GAP:
            told = f"'{measure.id}' ({data} data) has no gap, for more may only mean more people"
            yield each.at("kind"), f"{told}: {NO_GAP[data]}, or aim at the stratum's rate"
        elif data == "continuous" and _is_number(target):
            told = f"'{measure.id}' is measured in its own unit and not held against a target rate"
            yield each.at("kind"), f"{told}: compare with a stratum or everyone else"


def _is_number(text: object) -> bool:
    try:
        float(str(text))
    except ValueError:
        return False
    return True


def _towards(aim: Draft, measure: Draft | None) -> Found:
    start, end = aim.from_, aim.to
    if measure is None or start is None or end is None:
        return
    better = {"increase": end > start, "decrease": end < start}.get(measure.direction, True)
    if not better:
        told = f"goes from {start:g} to {end:g}, but '{measure.id}' is better when it"
        yield aim.at("to"), f"{told} goes {UP_OR_DOWN[measure.direction]}; change one of them"
    for key, value in (("from", start), ("to", end)):
        yield from _in_range(aim.at(key), value, measure)


UP_OR_DOWN = {"increase": "up", "decrease": "down"}


def _in_range(path: Path, value: float, measure: Draft) -> Found:
    if measure.data == "proportion" and not 0 <= value <= 1:
        example = f"; {value:g}% is {value / 100:g}" if 1 < value <= 100 else ""
        yield path, f"'{path[-1]}' must be between 0 and 1, a part of one, not {value:g}{example}"
    elif measure.data and measure.data != "continuous" and value < 0:
        yield path, f"'{path[-1]}' cannot be below 0 ({measure.data} data), but is {value:g}"


def measures(project: Draft) -> Found:
    """Each measure's chart, denominator and target suit its kind of data."""
    for measure in project.measures or ():
        data, chart = measure.data, measure.chart
        if data in NEEDS_DENOMINATOR and not measure.has("denominator"):
            told = f"'denominator' is missing: {data} data count events out of something; say what"
            yield measure.at("denominator"), told
        if data and chart and chart != "auto" and chart not in FITS[data]:
            fits = ", ".join(FITS[data])
            told = f"a {chart} chart does not suit {data} data; choose from: auto, {fits}"
            yield measure.at("chart"), told
        if data == "continuous" and chart in OF_READINGS and not project.data:
            told = f"an {chart} chart needs every reading, and a log that is typed has their mean"
            yield measure.at("chart"), f"{told}: say where they are with data:, or choose i or run"
        if data and measure.target is not None:
            yield from _in_range(measure.at("target"), measure.target, measure)
        if data == "proportion" and measure.unit == "%" and measure.multiply not in (None, 100):
            told = f"per cent is a proportion times 100, not {measure.multiply:g}"
            yield measure.at("multiply"), told
        yield from _records_rule(measure, project.data)
    outcome = [measure.role for measure in project.measures or ()]
    if outcome and None not in outcome and "outcome" not in outcome:
        yield ("measures",), "no measure has the role outcome; say which one the aim is judged by"


def _records_rule(measure: Draft, source: Draft | None) -> Found:
    from_records = source is not None and source.kind == "records"
    rule = measure.records
    if from_records and not measure.has("records"):
        told = "'records' is missing: say how this is counted from birth records"
        yield measure.at("records"), told
    elif rule and not rule.has("value") and rule.numerator == {}:
        told = "'numerator' is missing: say which births count, such as gestation_days: below: 259"
        yield rule.at("numerator"), told
    elif rule and rule.has("value") and rule.numerator:
        yield rule.at("value"), "give either a numerator (a count) or a value (a measurement)"


def source(project: Draft) -> Found:
    """The data say which site and measure each row is of, where there is more than one."""
    data, sites = project.data, project.sites or ()
    if not data:
        return
    if len(sites) > 1 and not data.has("site"):
        told = f"'site' is missing: the project has {len(sites)} sites; name the column of sites"
        yield data.at("site"), told
    if data.kind != "table":
        return
    names = _names(project.measures)
    for label, indicator in (data.indicators or {}).items():
        if names is not None and indicator.measure not in names:
            told = _nothing_called(indicator.measure, "measure", names)
            yield (*data.at("indicators"), label, "measure"), told
    for columns in data.columns or ():
        yield from _known(columns, "measure", "measure", names)
    several = names is not None and len(names) > 1
    if several and not data.has("measure") and not data.columns:
        told = (
            "'measure' is missing: the project has several; name the column that tells them apart"
        )
        yield data.at("measure"), told


def dates(project: Draft) -> Found:
    """Things happen in the order they can."""
    start = project.start
    aim = project.aim
    for each in (aim, *(aim.equity or ())) if aim else ():
        yield from _after(each, "by", each.by, start, "the project's start")
    for cycle in project.cycles or ():
        yield from _after(cycle, "end", cycle.end, cycle.start, "the cycle's start", same=True)
        yield from _after(cycle, "start", cycle.start, start, "the project's start", same=True)
    for measure in project.measures or ():
        until = measure.baseline.until if measure.baseline else None
        if measure.baseline:
            yield from _after(measure.baseline, "until", until, start, "the project's start")
        previous, what = until or start, "the baseline" if until else "the project's start"
        for position, phase in enumerate(measure.phases or ()):
            if previous and phase <= previous:
                told = f"a phase that begins on {phase} is not after {what} ({previous})"
                yield (*measure.at("phases"), position), told
            previous, what = phase, "the phase before it"


def _after(
    part: Draft, key: str, day: date | None, before: date | None, what: str, same: bool = False
) -> Found:
    if day and before and (day < before or (day == before and not same)):
        yield part.at(key), f"{day} is {'before' if same else 'not after'} {what} ({before})"


def drivers_in_a_ring(project: Draft) -> Found:
    """Following what a driver moves ends at the aim."""
    above = {driver.id: driver.moves for driver in project.drivers or () if driver.id}
    for driver in project.drivers or ():
        seen, step = [driver.id], driver.moves
        while step in above and step not in seen:
            seen, step = [*seen, step], above[step]
        if step and step == driver.id and len(seen) > 1:
            yield driver.at("moves"), f"following what '{driver.id}' moves leads back to itself"


def crossing(project: Draft) -> Found:
    """Two dimensions can be told apart, and their counts add up."""
    sides = _sides(project)
    if len(sides) < 2:
        if project.data and project.data.crossed_with:
            told = "there is no second dimension: say it under strata, as crossed_with"
            yield project.data.at("crossed_with"), told
        return
    first, second = sides
    if first.dimension and second.dimension and first.dimension == second.dimension:
        yield second.at("dimension"), f"'{second.dimension}' is the first dimension already"
    names = {name.casefold() for name in _names(first.groups, "name") or ()}
    for group in second.groups or ():
        if group.name and group.name.casefold() in names:
            told = "a group of the first dimension has this name too; give each its own"
            yield group.at("name"), told
        if group.name and CROSSED.strip() in group.name:
            yield (
                group.at("name"),
                f"cannot hold '{CROSSED.strip()}', which joins two groups' names",
            )
        if group.name and max(map(len, names), default=0) + len(group.name) > LONGEST_CELL:
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
    for side in _sides(project):
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


CHECKS: tuple[Callable[[Draft], Found], ...] = (
    unique,
    names_taken,
    known_words,
    reference,
    groups,
    code_system,
    crossing,
    labels,
    aims,
    contrasts,
    gaps_that_can_be,
    measures,
    source,
    dates,
    drivers_in_a_ring,
)
