"""Rules that a project file alone can be judged by: a function a rule; no data, no sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from qi_equity import ethnicity
from qi_equity.frames.watch import OTHERS_OF_BASELINE, WEEKS_OF_BASELINE
from qi_equity.project import EquityAim, Measure, Project
from qi_equity.strata import Dimension, Group
from qi_equity.vocabulary import EquityRule as Rule

PRINCIPLES = 7
# Reasons for a White reference that are custom or size, and so no reason why it is the norm.
CUSTOM = ("largest", "biggest", "majority", "usual", "default", "standard practice", "most women")
# Names that add groups together whose figures may go apart.
TOGETHER = (
    "bame", "bme", "ethnic minorit", "minority ethnic", "minoritised", "global majority",
    "non-white", "non white", "people of colour", "black and asian", "asian and black",
)  # fmt: skip
# What is found more often where it is looked for better.
LOOKED_FOR = (
    "loss",
    "measured",
    "weighed",
    "score",
    "asked",
    "answers",
    "screen",
    "diagnos",
    "smok",
)
# Words of a driver that rests on people understanding each other.
SPOKEN = (
    "interpreter", "language", "heard", "listen", "told", "explain", "communicat", "words",
    "translat", "leaflet", "asked",
)  # fmt: skip
BY_LANGUAGE = ("language", "interpreter", "english")
ROLLING = ("rolling", "moving average", "12-month ending", "12 months to", "cumulative", "year to")
BY_ORIGIN = ("ethnic", "family origin", "race")
CODES_OF_2001 = "nhs_16_plus_1"


@dataclass(frozen=True, slots=True)
class Found:
    """One thing a rule found: which case of it, and what is needed to say so."""

    rule: Rule
    case: str = "found"
    facts: Mapping[str, object] = field(default_factory=dict)


def _says(text: str | None, words: Sequence[str]) -> bool:
    """Whether a text has a word that begins so: race, and not trace."""
    return any(re.search(rf"\b{re.escape(word)}", (text or "").casefold()) for word in words)


def _sides(project: Project) -> list[Dimension]:
    """The dimensions that are of ethnicity: other ones have no such rules."""
    first = project.strata
    sides = [first, *([first.crossed_with] if first.crossed_with else [])]
    return [side for side in sides if _says(side.dimension, BY_ORIGIN)]


def _aimed(project: Project) -> list[Measure]:
    """The measures an aim speaks of."""
    named = [project.aim.measure, *(aim.measure for aim in project.aim.equity)]
    return [measure for measure in project.measures if measure.id in named]


def equity_aim(project: Project) -> Iterator[Found]:
    """An equity aim is of an outcome, or of the measure the project is judged by."""
    outcomes = {m.id for m in project.measures if m.role == "outcome"} | {project.aim.measure}
    if not any(aim.measure in outcomes for aim in project.aim.equity):
        yield Found(Rule.EQUITY_AIM)


def white_reference(project: Project) -> Iterator[Found]:
    """White is compared with for a reason of its own, and not for custom or size."""
    for side in _sides(project):
        chosen = side.reference
        if chosen.compare_with.casefold().startswith("white") and _says(chosen.reason, CUSTOM):
            yield Found(Rule.WHITE_REFERENCE, facts={"name": chosen.compare_with})


def pooled_groups(project: Project) -> Iterator[Found]:
    """A group that adds others together says why in its note."""
    for side in _sides(project):
        for group in side.groups:
            if not group.unknown and group.note is None and _pooled(side, group):
                yield Found(Rule.POOLED_GROUPS, facts={"name": group.name})


def _pooled(side: Dimension, group: Group) -> bool:
    """Whether every list of broad groups would tell some of its members apart."""
    if _says(group.name, TOGETHER):
        return True
    if side.code_system == ethnicity.OWN:
        return False
    scheme = ethnicity.SCHEMES[side.code_system]
    words = group.codes or (group.name,)
    codes = [c for word in words for c in ethnicity.members(word, scheme.name, side.roll_up)]
    homes = [{scheme.codes[code].groups.get(to) for code in codes} for to in scheme.roll_ups]
    return bool(homes) and all(len(found) > 1 for found in homes)


def balancing_measure(project: Project) -> Iterator[Found]:
    """Something is watched that a change could make worse."""
    if all(measure.role != "balancing" for measure in project.measures):
        yield Found(Rule.BALANCING_MEASURE)


def co_production(project: Project) -> Iterator[Found]:
    """Who of the communities decides with the team is written down."""
    if project.co_production is None:
        yield Found(Rule.CO_PRODUCTION)


def eligibility_by_ethnicity(project: Project) -> Iterator[Found]:
    """Where who counts depends on ethnicity, a gap mixes who is counted with how they fare."""
    if not _sides(project):
        return
    if project.clinical_area == "gestational diabetes":
        yield Found(Rule.ELIGIBILITY_BY_ETHNICITY, "diabetes")
        return
    stratum = getattr(project.data, "stratum", None)
    for measure in project.measures:
        columns = measure.records.eligible if measure.records else {}
        if stratum in columns or _says(measure.denominator, BY_ORIGIN):
            yield Found(Rule.ELIGIBILITY_BY_ETHNICITY, facts={"name": measure.name})


def changes_with_recording(project: Project) -> Iterator[Found]:
    """An outcome that is found by looking has beside it how well it is looked for."""
    for measure in project.measures:
        shown = measure.recording_shown_by is not None or measure.data == "cases between"
        looked = _says(f"{measure.name} {measure.numerator}", LOOKED_FOR)
        if measure.role == "outcome" and looked and not shown:
            yield Found(Rule.CHANGES_WITH_RECORDING, facts={"name": measure.name})


def principles_answered(project: Project) -> Iterator[Found]:
    """Each of the seven principles is asked, and answered."""
    answered = sum(principle.answer is not None for principle in project.principles)
    if answered < PRINCIPLES:
        yield Found(Rule.PRINCIPLES_ANSWERED, facts={"answered": answered, "asked": PRINCIPLES})


def language_recorded(project: Project) -> Iterator[Found]:
    """Where a driver rests on being understood, language is recorded."""
    first = project.strata
    sides = [first, *([first.crossed_with] if first.crossed_with else [])]
    recorded = project.language is not None or any(
        _says(f"{side.dimension} {side.code_system}", BY_LANGUAGE) for side in sides
    )
    if recorded or any(_says(measure.numerator, BY_LANGUAGE[:2]) for measure in project.measures):
        return
    for driver in project.drivers:
        names = [driver.name, *(idea.name for idea in driver.change_ideas)]
        if any(_says(name, SPOKEN) for name in names):
            yield Found(Rule.LANGUAGE_RECORDED, facts={"name": driver.name})
            return


def levelling_down(project: Project) -> Iterator[Found]:
    """A gap is not called smaller because somebody is worse off.

    That is ruled out where everyone is to improve on the same measure, or, beside a gap, the group
    itself is; an aim for one group alone says nothing of the others.
    """
    for aim in project.aim.equity:
        if aim.measure != project.aim.measure and not _beside(project, aim):
            yield Found(Rule.LEVELLING_DOWN, facts={"name": aim.stratum, "measure": aim.measure})
            return


def _beside(project: Project, aim: EquityAim) -> bool:
    others = [one for one in project.aim.equity if one is not aim and one.measure == aim.measure]
    if aim.kind == "rate":
        return any(one.stratum != aim.stratum for one in others)
    return any(one.kind == "rate" and one.stratum == aim.stratum for one in others)


def rolling_windows(project: Project) -> Iterator[Found]:
    """Points that share births are marked so, or runs are seen that nobody made."""
    source = getattr(project.data, "source", None)
    for measure in project.measures:
        told = " ".join(filter(None, (measure.name, measure.numerator, measure.note, source)))
        if _says(told, ROLLING) and not measure.overlapping_windows:
            yield Found(Rule.ROLLING_WINDOWS, facts={"name": measure.name})


# Days of a subgroup, roughly: only whether a baseline is long enough rests on them.
DAYS = {"week": 7, "fortnight": 14, "month": 30.4, "quarter": 91.3, "half-year": 182.6}
YEAR = 365.25


def short_baseline(project: Project) -> Iterator[Found]:
    """The measures aimed at have a baseline as long as their charts and verdicts rest on."""
    for measure in _aimed(project):
        needed = WEEKS_OF_BASELINE if measure.subgroup == "week" else OTHERS_OF_BASELINE
        known = _length(measure, project.start)
        facts = {"name": measure.name, "needed": needed}
        if measure.baseline is None:
            yield Found(Rule.SHORT_BASELINE, "none", facts)
        elif known is not None and known < needed:
            yield Found(Rule.SHORT_BASELINE, facts={**facts, "known": known})


def _length(measure: Measure, start: date | None) -> int | None:
    """Subgroups of a baseline; None where it ends on a day and nobody knows when it began."""
    baseline = measure.baseline
    if baseline is None or baseline.subgroups is not None:
        return None if baseline is None else baseline.subgroups
    if start is None or baseline.until is None:
        return None
    return int((baseline.until - start).days / DAYS.get(measure.subgroup, YEAR)) + 1


def codes_of_2001(project: Project) -> Iterator[Found]:
    """New work is in the groups of the 2021 census."""
    if any(side.code_system == CODES_OF_2001 for side in _sides(project)):
        yield Found(Rule.CODES_OF_2001)


def whose_ethnicity(project: Project) -> Iterator[Found]:
    """Whose ethnicity it is stands in the file, though mostly it is the mother's."""
    if any("whose" not in side.model_fields_set for side in _sides(project)):
        yield Found(Rule.WHOSE_ETHNICITY)


def other_threshold(project: Project) -> Iterator[Found]:
    """A national figure beside a measure counts from the same threshold on."""
    for measure in project.measures:
        national = measure.national
        own = measure.threshold.value if measure.threshold else None
        if national is not None and national.threshold != own:
            facts = {"name": measure.name, "own": own, "national": national.threshold}
            yield Found(Rule.OTHER_THRESHOLD, facts=facts)


def share_back(project: Project) -> Iterator[Found]:
    """How results go back to those who gave them is written down."""
    if project.share_back is None:
        yield Found(Rule.SHARE_BACK)


OF_FILE: Mapping[Rule, Callable[[Project], Iterator[Found]]] = {
    Rule.EQUITY_AIM: equity_aim,
    Rule.WHITE_REFERENCE: white_reference,
    Rule.POOLED_GROUPS: pooled_groups,
    Rule.BALANCING_MEASURE: balancing_measure,
    Rule.CO_PRODUCTION: co_production,
    Rule.ELIGIBILITY_BY_ETHNICITY: eligibility_by_ethnicity,
    Rule.CHANGES_WITH_RECORDING: changes_with_recording,
    Rule.PRINCIPLES_ANSWERED: principles_answered,
    Rule.LANGUAGE_RECORDED: language_recorded,
    Rule.LEVELLING_DOWN: levelling_down,
    Rule.ROLLING_WINDOWS: rolling_windows,
    Rule.SHORT_BASELINE: short_baseline,
    Rule.CODES_OF_2001: codes_of_2001,
    Rule.WHOSE_ETHNICITY: whose_ethnicity,
    Rule.OTHER_THRESHOLD: other_threshold,
    Rule.SHARE_BACK: share_back,
}
