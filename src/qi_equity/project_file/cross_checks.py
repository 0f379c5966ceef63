"""What must hold between the parts of a project; each check reads whatever could be read."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from typing import Any

from qi_equity.errors import did_you_mean
from qi_equity.project import ALL_SITES, BEST_AT_BASELINE, EVERYONE, EVERYONE_ELSE
from qi_equity.project_file.definition_checks import (
    SHORTEST_REASON,
    equity_reasons,
    practice,
    read_beside,
    signal_systems,
)
from qi_equity.project_file.draft import Draft
from qi_equity.project_file.strata_checks import (
    Found,
    code_system,
    crossing,
    groups,
    labels,
    names_of,
    sides_of,
)
from qi_equity.project_file.tree import Path
from qi_equity.strata import crossed
from qi_equity.vocabulary import COUNTS

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


def _measures(project: Draft) -> dict[str, Draft]:
    return {measure.id: measure for measure in project.measures or () if measure.id}


def unique(project: Draft) -> Found:
    """No two parts of a kind share a name."""
    kinds: tuple[tuple[Any, str, str], ...] = (
        (project.sites, "id", "site"),
        (project.sites, "name", "site"),
        (project.measures, "id", "measure"),
        (project.measures, "name", "measure"),
        *((side.groups, "name", "group") for side in sides_of(project)),
        (project.drivers, "id", "driver"),
        (_change_ideas(project), "id", "change idea"),
        (project.cycles, "id", "cycle"),
        (project.themes, "name", "theme"),
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
    named = [group for side in sides_of(project) for group in side.groups or ()]
    for parts, taken in (
        (named, (EVERYONE, EVERYONE_ELSE, BEST_AT_BASELINE)),
        (project.sites or (), (ALL_SITES,)),
    ):
        for part in parts:
            if part.name and part.name.casefold() in {word.casefold() for word in taken}:
                yield part.at("name"), f"'{part.name}' has a meaning of its own here; use another"


def known_words(project: Draft) -> Found:
    """Every measure, site, stratum, driver and change idea that is named exists."""
    measures, sites = names_of(project.measures), names_of(project.sites)
    strata, ideas = _strata(project), names_of(_change_ideas(project))
    drivers = names_of(project.drivers)
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
    for measure in project.measures or ():
        if measure.signal_system:
            yield from _all_known(measure.signal_system, "strata", "group", strata)
    for theme in project.themes or ():
        yield from _known(theme, "measure", "measure", measures)


def relations(project: Draft) -> Found:
    """Counts that are said to add up are counts of measures."""
    measures = names_of(project.measures)
    ties = project.disclosure.relations if project.disclosure else None
    for tie in ties or ():
        for key, words in (("whole", [tie.whole]), ("parts", tie.parts or ())):
            for position, word in enumerate(words):
                if word is None or measures is None:
                    continue
                measure, _, count = word.rpartition(".")
                where = (*tie.at(key), position) if key == "parts" else tie.at(key)
                if count not in COUNTS:
                    yield where, f"'{word}': write a measure's id, then .numerator or .denominator"
                elif measure not in measures:
                    yield where, _nothing_called(measure, "measure", measures)


def _cells(project: Draft) -> list[tuple[str, bool]] | None:
    """The groups of both dimensions together, and whether one is not known; None where unread."""
    sides = sides_of(project)
    if len(sides) < 2 or any(names_of(side.groups, "name") is None for side in sides):
        return None
    one, two = (side.groups for side in sides)
    return [(crossed(a.name, b.name), bool(a.unknown or b.unknown)) for a in one for b in two]


def _strata(project: Draft) -> list[str] | None:
    """Every stratum that an aim or a cycle may name; None where one cannot be read."""
    first = project.strata
    if first and first.has("crossed_with") and _cells(project) is None:
        return None
    names = [names_of(side.groups, "name") for side in sides_of(project)]
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
    for side in sides_of(project):
        unknown = [group.name for group in side.groups or () if group.unknown]
        yield from _reference(project, side.reference, names_of(side.groups, "name"), unknown)
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
    sides = sides_of(project)
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
    if from_records and not measure.has("records") and not measure.sum_of:
        told = "'records' is missing: say how this is counted from birth records"
        yield measure.at("records"), told
    elif rule and not rule.has("value") and rule.numerator == {} and not measure.threshold:
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
    names = names_of(project.measures)
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


CHECKS: tuple[Callable[[Draft], Found], ...] = (
    unique,
    names_taken,
    known_words,
    relations,
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
    equity_reasons,
    read_beside,
    signal_systems,
    practice,
)
