"""Rules that a project file alone can be judged by: a function a rule; no data, no sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from qi_equity.answers import is_answer, is_reason, telling
from qi_equity.equity_lint import figures, groups, wording
from qi_equity.equity_lint.wording import says
from qi_equity.frames.watch import OTHERS_OF_BASELINE, WEEKS_OF_BASELINE
from qi_equity.project import EquityAim, Measure, Project
from qi_equity.vocabulary import EquityRule as Rule

PRINCIPLES = 7


@dataclass(frozen=True, slots=True)
class Found:
    """One thing a rule found: which case of it, and what is needed to say so."""

    rule: Rule
    case: str = "found"
    facts: Mapping[str, object] = field(default_factory=dict)


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
    """White is compared with to answer something, and not for custom or size."""
    for side, chosen in groups.references(project):
        white = groups.is_white(side, chosen.compare_with)
        if white and not wording.says_what_for(chosen.reason):
            case = "found" if wording.of_custom(chosen.reason) else "unsaid"
            yield Found(Rule.WHITE_REFERENCE, case, {"name": chosen.compare_with})


def pooled_groups(project: Project) -> Iterator[Found]:
    """A group that adds others together says why in its note."""
    for side in groups.sides(project):
        for group in side.groups:
            if not group.unknown and not is_reason(group.note) and groups.pooled(side, group):
                yield Found(Rule.POOLED_GROUPS, facts={"name": group.name})


def balancing_measure(project: Project) -> Iterator[Found]:
    """Something is watched that a change could make worse."""
    if not any(m.role == "balancing" and telling(m.numerator) for m in project.measures):
        yield Found(Rule.BALANCING_MEASURE)


def co_production(project: Project) -> Iterator[Found]:
    """Who of the communities decides with the team is written down."""
    if not is_answer(project.co_production):
        yield Found(Rule.CO_PRODUCTION)


def eligibility_by_ethnicity(project: Project) -> Iterator[Found]:
    """Where who counts depends on ethnicity, a gap mixes who is counted with how they fare."""
    if not groups.sides(project):
        return
    told = " ".join(f"{m.name} {m.numerator} {m.denominator}" for m in project.measures)
    if project.clinical_area == "gestational diabetes" or says(told, wording.OF_DIABETES):
        yield Found(Rule.ELIGIBILITY_BY_ETHNICITY, "diabetes")
        return
    stratum = getattr(project.data, "stratum", None)
    for measure in project.measures:
        columns = measure.records.eligible if measure.records else {}
        counted = (measure.denominator or "").casefold()
        named = says(counted, wording.BY_ORIGIN) or wording.OF_AN_ORIGIN.search(counted)
        if stratum in columns or named:
            yield Found(Rule.ELIGIBILITY_BY_ETHNICITY, facts={"name": measure.name})


def changes_with_recording(project: Project) -> Iterator[Found]:
    """An outcome that is found by looking has beside it how well it is looked for."""
    told = {measure.id for measure in project.measures if telling(measure.numerator)}
    for measure in project.measures:
        shown = measure.recording_shown_by in told or measure.data == "cases between"
        looked = says(f"{measure.name} {measure.numerator}", wording.LOOKED_FOR)
        if measure.role == "outcome" and looked and not shown:
            yield Found(Rule.CHANGES_WITH_RECORDING, facts={"name": measure.name})


def principles_answered(project: Project) -> Iterator[Found]:
    """Each of the seven principles is asked, and answered."""
    answered = sum(is_answer(principle.answer) for principle in project.principles)
    if answered < PRINCIPLES:
        yield Found(Rule.PRINCIPLES_ANSWERED, facts={"answered": answered, "asked": PRINCIPLES})


def language_recorded(project: Project) -> Iterator[Found]:
    """Where a driver rests on being understood, language is recorded."""
    named = [f"{side.dimension} {side.code_system}" for side in groups.dimensions(project)]
    counted = [measure.numerator for measure in project.measures]
    if is_answer(project.language) or any(map(_of_language, [*named, *counted])):
        return
    for driver in project.drivers:
        names = [driver.name, *(idea.name for idea in driver.change_ideas)]
        if any(map(_rests_on_words, names)):
            yield Found(Rule.LANGUAGE_RECORDED, facts={"name": driver.name})
            return


def _of_language(text: str) -> bool:
    """Whether a dimension or a measure tells languages apart: English made easy does not."""
    return says(wording.EASY_ENGLISH.sub("", text.casefold()), wording.BY_LANGUAGE)


def _rests_on_words(name: str) -> bool:
    """Whether something works only where people understand each other."""
    return says(name, wording.SPOKEN) or (
        says(name, wording.SAID_AROUND) and not wording.among_staff(name)
    )


def levelling_down(project: Project) -> Iterator[Found]:
    """A gap is not called smaller because somebody is worse off.

    That is ruled out where everyone is to improve on the same measure, where another group is, or
    where a group's own rate stands beside its gap and leaves the others no worse. An aim for one
    group alone says nothing of the others, and the project's own is one where its population is.
    """
    for aim in project.aim.equity:
        for_all = aim.measure == project.aim.measure and not _of_one_group(project)
        if not for_all and not _beside(project, aim):
            yield Found(Rule.LEVELLING_DOWN, facts={"name": aim.stratum, "measure": aim.measure})
            return


def _of_one_group(project: Project) -> bool:
    """Whether the project's own aim is for one group: its population names it, and not the rest."""
    for side in groups.dimensions(project):
        named = [name for name in side.known if _named(name, project.aim.population)]
        if named and len(named) < len(side.known):
            return True
    return False


def _named(name: str, population: str) -> bool:
    """Whether a group stands in a text as it is written: "Other", and no other women.

    >>> _named("Black", "Black women"), _named("A", "Women (A)"), _named("A", "A week of all")
    (True, True, False)
    """
    if not any(letter.isalpha() for letter in name):
        return False
    whole = rf"\({re.escape(name)}\)" if len(name) == 1 else rf"(?<!\w){re.escape(name)}(?!\w)"
    return re.search(whole, population) is not None


def _beside(project: Project, aim: EquityAim) -> bool:
    """Whether what is aimed at beside it keeps the others from getting worse."""
    others = [one for one in project.aim.equity if one is not aim and one.measure == aim.measure]
    if aim.kind == "rate" and any(one.stratum != aim.stratum for one in others):
        return True
    own = [one for one in others if one.stratum == aim.stratum]
    if aim.kind == "rate":
        return any(one.kind != "rate" and _others_no_worse(project, aim, one) for one in own)
    return any(one.kind == "rate" and _others_no_worse(project, one, aim) for one in own)


ROUNDED = 0.02  # aims are written in two or three figures: others may seem as much worse


def _others_no_worse(project: Project, rate: EquityAim, gap: EquityAim) -> bool:
    """Whether the others are where they were, or better, where a rate and its gap both are met."""
    if gap.kind == "ratio" and not (gap.from_ and gap.to):
        return True  # no ratio to say it by
    ends = ((rate.from_, gap.from_), (rate.to, gap.to))
    was, will = (one / of if gap.kind == "ratio" else one - of for one, of in ends)
    if project.measure(rate.measure).direction == "increase":
        return will >= was * (1 - ROUNDED)
    return will <= was * (1 + ROUNDED)


def rolling_windows(project: Project) -> Iterator[Found]:
    """Points that share births are marked so, or runs are seen that nobody made."""
    source = getattr(project.data, "source", None)
    for measure in project.measures:
        words = (measure.name, measure.numerator, measure.denominator, measure.note, source)
        told = ". ".join(filter(None, words))
        if figures.overlapping(told, measure.subgroup) and not measure.overlapping_windows:
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
    """New work is in the groups of the 2021 census, and not in codes of 2001 or their sums."""
    for side in groups.sides(project):
        case = groups.census_of_2001(side)
        if case is not None:
            yield Found(Rule.CODES_OF_2001, case)
            return


def whose_ethnicity(project: Project) -> Iterator[Found]:
    """Whose ethnicity it is stands in the file, though mostly it is the mother's."""
    if any("whose" not in side.model_fields_set for side in groups.sides(project)):
        yield Found(Rule.WHOSE_ETHNICITY)


def other_threshold(project: Project) -> Iterator[Found]:
    """A national figure beside a measure counts from the same threshold on."""
    for measure in project.measures:
        if measure.national is not None:
            own, national, same = _thresholds(measure)
            if not same:
                facts = {"name": measure.name, "own": own, "national": national}
                yield Found(Rule.OTHER_THRESHOLD, facts=facts)


def _thresholds(measure: Measure) -> tuple[float | None, float | None, bool]:
    """A measure's threshold, that of its national figure, and whether they are one.

    Where none is written under `threshold`, what the name and the words say counts; where none is
    under `national`, what its source says.
    """
    beside = measure.national
    told = figures.thresholds(f"{measure.name}. {measure.numerator}")
    own = measure.threshold.value if measure.threshold else told[0][0] if told else None
    if beside is None or beside.threshold is not None or own is None:
        national = beside.threshold if beside else None
        same = own == national or (measure.threshold is None and national in [t[0] for t in told])
        return own, national, same
    kinds = {kind: number for _, kind, number in told}
    cited = [one for one in figures.amounts(beside.source) if one[1] in kinds]
    same = bool(cited) and all(number == kinds[kind] for _, kind, number in cited)
    return own, cited[0][0] if cited else None, same


def share_back(project: Project) -> Iterator[Found]:
    """How results go back to those who gave them is written down."""
    if not is_answer(project.share_back):
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
