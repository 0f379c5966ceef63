"""What must hold of a definition: reasons, thresholds, sums of measures, and what is made up."""

from __future__ import annotations

from collections.abc import Iterable

from qi_equity.answers import is_reason
from qi_equity.errors import did_you_mean
from qi_equity.project_file.draft import Draft
from qi_equity.project_file.strata_checks import Found, names_of
from qi_equity.vocabulary import EquityRule

SHORTEST_REASON = 20  # letters: room for a reason, not only for "n/a" or "usual"
RULES = [rule.value for rule in EquityRule]


def equity_reasons(project: Draft) -> Found:
    """A reason departs from a rule there is, and is one."""
    for rule, reason in (project.equity_reasons or {}).items():
        place = (*project.at("equity_reasons"), rule)
        if rule not in RULES:
            told = f"check --equity has no rule called '{rule}'{did_you_mean(rule, RULES)}"
            yield place, told
        elif len(reason) < SHORTEST_REASON or not is_reason(reason):
            yield place, f"'{rule}': say why in words that a reviewer can weigh, not '{reason}'"


def read_beside(project: Draft) -> Found:
    """A measure of recording, and the parts of a sum, are other measures of the project."""
    names = names_of(project.measures)
    for measure in project.measures or ():
        summed = [("sum_of", (at,), one) for at, one in enumerate(measure.sum_of or ())]
        beside = [("recording_shown_by", (), measure.recording_shown_by), *summed]
        for key, where, name in beside:
            if name is None or names is None:
                continue
            place = (*measure.at(key), *where)
            if name not in names:
                yield place, f"there is no measure called '{name}'{did_you_mean(name, names)}"
            elif name == measure.id:
                yield place, f"'{name}' is this measure itself; name another"
        yield from _sum(project, measure)


def _sum(project: Draft, measure: Draft) -> Found:
    """Counts are added up where there are counts, of the same stretches of time."""
    if not measure.sum_of:
        return
    if measure.has("records"):
        yield measure.at("records"), "a sum of measures (sum_of) has no rule of its own: leave out"
    if measure.data not in ("proportion", "rate", None):
        yield measure.at("data"), f"{measure.data} data cannot be a sum of measures (sum_of)"
    for at, name in enumerate(measure.sum_of):
        part = next((one for one in project.measures or () if one.id == name), None)
        if part is None or part.id == measure.id:
            continue
        if part.sum_of:
            yield (*measure.at("sum_of"), at), f"'{name}' is a sum itself; name its parts"
        elif None not in (part.subgroup, measure.subgroup) and part.subgroup != measure.subgroup:
            told = f"'{name}' is counted by the {part.subgroup}, and this by the {measure.subgroup}"
            yield (*measure.at("sum_of"), at), told


def signal_systems(project: Draft) -> Found:
    """A chart of a signal system counts events out of births, against a rate that can be."""
    for measure in project.measures or ():
        system = measure.signal_system
        if not system:
            continue
        place, data = measure.at("signal_system"), measure.data
        if data and data not in ("proportion", "rate"):
            told = f"{data} data have no rate; a signal system needs data: proportion or rate"
            yield place, told
        elif measure.overlapping_windows:
            told = (
                "points share births (overlapping_windows), so they cannot be added up; leave out"
            )
            yield place, told
        reference = system.reference
        if data == "proportion" and reference is not None and reference >= 1:
            example = f"; {reference:g}% is {reference / 100:g}" if reference < 100 else ""
            told = f"'reference' must be below 1, a part of one, not {reference:g}{example}"
            yield system.at("reference"), told
        else:
            yield from _beside_aim(project, measure, system)
        if system.ratio == 1:
            told = "'ratio' 1 is no change; 2 looks for twice the odds, 0.5 for half"
            yield system.at("ratio"), told


# An aim and a reference so many times apart are a slip of the point, or not of the same thing.
FAR_APART = 5.0


def _beside_aim(project: Draft, measure: Draft, system: Draft) -> Found:
    """The reference is of the size that the aim says the measure has now."""
    aim, reference = project.aim, system.reference
    if not aim or not aim.from_ or not reference or aim.measure != measure.id:
        return
    apart = aim.from_ / reference
    if aim.from_ > 0 and not 1 / FAR_APART < apart < FAR_APART:
        told = f"'reference' is {reference:g} where the aim begins at {aim.from_:g}: one of them is"
        yield system.at("reference"), f"{told} a slip, or they are not of the same thing"


def practice(project: Draft) -> Found:
    """Made-up records are of measures, groups and weeks that there are."""
    made = project.practice
    if not made:
        return
    groups = names_of(project.strata.groups if project.strata else None, "name")
    ruled = [measure.id for measure in project.measures or () if measure.has("records")]
    if not project.data or project.data.kind != "records":
        told = "made-up records need data: with kind: records, which says what their columns are"
        yield project.at("practice"), told
    levels = made.levels or {}
    yield from _each(made, "levels", levels, ruled, "measure with a records rule")
    for name, level in levels.items():
        place = (*made.at("levels"), name, "ratios")
        for group in level.ratios:
            if groups is not None and group not in groups:
                yield (*place, group), _nothing("group", group, groups)
    if groups is not None:
        yield from _each(made, "mix", made.mix or {}, groups, "group")
        for at, group in enumerate((made.change.strata if made.change else None) or ()):
            if group not in groups:
                yield (*made.change.at("strata"), at), _nothing("group", group, groups)
    change = made.change
    if change and change.measure and change.measure not in levels:
        yield change.at("measure"), _nothing("level", change.measure, list(levels))
    if change and change.week and made.weeks and change.week >= made.weeks:
        yield change.at("week"), f"week {change.week} is not among the {made.weeks} weeks made up"


def _each(part: Draft, key: str, named: Iterable[str], known: list[str], what: str) -> Found:
    for name in named:
        if name not in known:
            yield (*part.at(key), name), _nothing(what, name, known)


def _nothing(what: str, name: str, known: list[str]) -> str:
    return f"there is no {what} called '{name}'{did_you_mean(name, known)}"
