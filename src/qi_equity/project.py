"""Vocabulary: what a team set out to do. No files, no data, no sums."""

from __future__ import annotations

import re
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from qi_equity.definition import Cited, National, Practice, Threshold, filled_in
from qi_equity.mapping import Columns as Columns
from qi_equity.mapping import Indicator as Indicator
from qi_equity.mapping import RecordsSource as RecordsSource
from qi_equity.mapping import Source
from qi_equity.mapping import TableSource as TableSource
from qi_equity.parts import Day, Id, Name, Number, Part, Plain, Text, Whole, YesNo
from qi_equity.strata import Dimension as Dimension
from qi_equity.strata import Group as Group
from qi_equity.strata import Reference as Reference
from qi_equity.strata import Strata as Strata

ClinicalArea = Literal[
    "post-partum haemorrhage",
    "preterm birth",
    "perinatal mental health",
    "gestational diabetes",
    "other",
]
Role = Literal["outcome", "process", "balancing"]
DataKind = Literal["proportion", "rate", "count", "continuous", "time between", "cases between"]
Direction = Literal["increase", "decrease", "none"]
Period = Literal["week", "fortnight", "month", "quarter", "half-year", "financial year"]
ChartKind = Literal["auto", "run", "i", "mr", "xbar", "s", "t", "p", "pp", "c", "u", "up", "g"]
RuleSet = Literal["anhoej", "ihi", "making_data_count", "western_electric", "nelson"]

# The dimension's overall row, as shown; no group may take this name.
EVERYONE = "Everyone"
# The network's overall row beside its sites.
ALL_SITES = "All sites"
EVERYONE_ELSE = "everyone else"
BEST_AT_BASELINE = "best at baseline"


class EquityAim(Part):
    """What fair would look like, for one stratum or for the gap."""

    stratum: Name
    measure: Id
    kind: Literal["rate", "difference", "ratio"] = Field(
        default="rate", description="what from and to speak of: the stratum's rate, or its gap"
    )
    from_: Number = Field(
        alias="from", description="at baseline, as a fraction, difference or ratio"
    )
    to: Number
    by: Day
    primary: YesNo = Field(default=False, description="the contrast declared before looking")


class Aim(Part):
    """For whom, what, from where to where, by when; and the same for equity."""

    population: Text
    measure: Id
    from_: Number = Field(alias="from")
    to: Number
    by: Day
    equity: tuple[EquityAim, ...] = Field(
        min_length=1, description="at least one aim for a stratum or a gap"
    )

    @property
    def primary(self) -> EquityAim:
        """The contrast declared before looking: the one marked, or the first."""
        return next((aim for aim in self.equity if aim.primary), self.equity[0])


class Site(Part):
    """A place that logs: a unit, trust or state."""

    id: Id
    name: Name


class Baseline(Part):
    """The subgroups that later ones are judged against: a number of them, or a last date."""

    subgroups: Whole | None = Field(default=None, ge=2)
    until: Day | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.subgroups is None) == (self.until is None):
            raise ValueError("give either subgroups (a number) or until (a date)")
        return self


class Condition(Part):
    """What one column of a birth record must be; every part given must hold."""

    is_: Plain | None = Field(default=None, alias="is")
    in_: tuple[Plain, ...] | None = Field(default=None, alias="in")
    not_in: tuple[Plain, ...] | None = None
    below: Number | None = None
    at_most: Number | None = None
    above: Number | None = None
    at_least: Number | None = None
    known: YesNo | None = Field(default=None, description="true: filled in; false: empty")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say what this column must be, for example: known: true")
        if self.known is False and len(self.model_fields_set) > 1:
            raise ValueError("an empty field (known: false) cannot be anything else as well")
        lower = [each for each in (self.above, self.at_least) if each is not None]
        upper = [each for each in (self.below, self.at_most) if each is not None]
        if lower and upper and max(lower) > min(upper):
            raise ValueError(f"nothing is above {max(lower):g} and below {min(upper):g}")
        return self


Predicate = dict[str, Condition]  # column -> condition; all must hold


class RecordsRule(Part):
    """How a measure is counted from birth records."""

    eligible: Predicate = Field(default_factory=dict, description="who is in the denominator")
    numerator: Predicate = Field(default_factory=dict, description="whom of those it happened to")
    value: str | None = Field(default=None, description="column of a measurement, instead")


def _usual_unit(given: dict[str, Any]) -> str:
    """Parts of a whole are shown in per cent; minutes and counts have the unit that is said."""
    return "%" if given.get("data") == "proportion" else ""


def _usual_times(given: dict[str, Any]) -> float:
    """A measurement is shown as it is: 30 minutes are not 3,000."""
    unit = given.get("unit") or ""
    each = re.search(r"per (\d[\d,]*)", unit)
    if each:
        return float(each[1].replace(",", ""))
    return 100.0 if unit == "%" or given.get("data") == "proportion" else 1.0


class SignalSystem(Part):
    """A CUSUM against a rate from outside, as national signal systems draw it of a whole unit."""

    reference: Number = Field(
        gt=0, description="the rate it is held against, as a part of one; from outside the unit"
    )
    source: Text = Field(description="who says that this is the rate, and when")
    ratio: Number = Field(
        default=2.0, ge=0.1, le=10,
        description="the change it looks for: so many times the odds of the reference (of a "
        "rate: so many times the rate); below 1 for a fall",
    )  # fmt: skip
    alarms_a_year: Number = Field(
        default=0.05, ge=0.01, le=0.5,
        description="the chance that a year at the reference rate has a signal",
    )  # fmt: skip
    strata: tuple[Name, ...] = Field(
        default=(), description="groups with a chart of their own, beside that of the whole unit"
    )


# More than a fifth lost to follow-up puts a finding in doubt (Sackett and others, Evidence-Based
# Medicine, 2000: the rule of 5 and 20).
MOST_OUTCOME_UNKNOWN = 0.2


class Measure(Part):
    """One thing that is counted or measured, and how it is charted."""

    id: Id
    name: Name
    role: Role
    numerator: Text = Field(description="in words: what is counted")
    denominator: Text | None = Field(default=None, description="in words: out of whom")
    data: DataKind = "proportion"
    unit: str = Field(default_factory=_usual_unit, description="none: % of a proportion")
    multiply: Number = Field(
        default_factory=_usual_times,
        gt=0,
        description="what a part of one is shown times: 100 for %, 1000 for a unit such as "
        "per 1,000 births, else 1",
    )
    direction: Direction
    target: Number | None = None
    subgroup: Period = "week"
    chart: ChartKind = "auto"
    rules: RuleSet = "anhoej"
    baseline: Baseline | None = None
    phases: tuple[Day, ...] = ()
    smallest_gap: Number = Field(default=1.25, gt=1, description="the smallest ratio that matters")
    season: Literal["month"] | None = Field(
        default=None, description="month: taken out of the charts' evidence, with two years of data"
    )
    signal_system: SignalSystem | None = Field(
        default=None,
        description="a CUSUM of each unit against a rate from outside; none: not drawn",
    )
    overlapping_windows: YesNo = Field(
        default=False, description="points share births: no run rules"
    )
    most_outcome_unknown: Number = Field(
        default=MOST_OUTCOME_UNKNOWN, gt=0, le=1,
        description="the share without a recorded outcome above which no verdict on a gap is given",
    )  # fmt: skip
    incomplete_weeks: Whole = Field(default=0, ge=0, description="last weeks still filling up")
    records: RecordsRule | None = None
    threshold: Threshold | None = Field(
        default=None, description="from where on it counts; write {threshold} in name and words"
    )
    national: National | None = Field(
        default=None, description="a national figure it is shown beside, and its threshold"
    )
    recording_shown_by: Id | None = Field(
        default=None, description="the measure of how well this one is recorded, read beside it"
    )
    sum_of: tuple[Id, ...] = Field(
        default=(), description="measures whose counts are added up, such as a bundle's elements"
    )
    exclusions: tuple[Text, ...] = Field(
        default=(), description="who is not counted, and why; logged for each group"
    )
    chart_reason: Text | None = Field(default=None, description="why this chart and this subgroup")
    note: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _with_its_threshold(cls, given: Any) -> Any:
        return filled_in(given)

    @property
    def kind(self) -> str:
        """The chart drawn: the one named, or the usual one for this kind of data."""
        return USUAL_CHART[self.data] if self.chart == "auto" else self.chart


# The textbook chart of each kind of data (Provost & Murray, The Health Care Data Guide).
USUAL_CHART: dict[str, str] = {
    "proportion": "p",
    "rate": "u",
    "count": "c",
    "continuous": "i",
    "time between": "t",
    "cases between": "g",
}


class ChangeIdea(Part):
    """Something a team thinks will help."""

    id: Id
    name: Text


class Driver(Part):
    """What moves the aim, and the ideas that would move it."""

    id: Id
    name: Text
    moves: Id | None = Field(default=None, description="the driver above; none: the aim itself")
    measures: tuple[Id, ...] = ()
    change_ideas: tuple[ChangeIdea, ...] = ()


class Cycle(Part):
    """One PDSA cycle."""

    id: Id
    title: Name
    start: Day
    end: Day | None = None
    sites: tuple[Id, ...] = Field(default=(), description="none: every site")
    strata: tuple[Name, ...] = Field(default=(), description="none: every stratum")
    change_idea: Id | None = None
    adapted: Text | None = Field(default=None, description="how the idea was changed to fit here")
    still_done: Day | None = Field(default=None, description="last known to be still done")
    stopped: Day | None = Field(default=None, description="given up on this day")
    plan: Text
    do: Text | None = None
    study: Text | None = None
    act: Text | None = None


class Theme(Part):
    """Something that people raise, and the measure that would show it."""

    name: Name
    measure: Id | None = Field(default=None, description="none: there is no data for this yet")


class Responses(Part):
    """How a signal is answered: how long it may take, what is looked into, since when it is due."""

    working_days: Whole = Field(default=8, ge=1, le=60, description="from a signal to its answer")
    questions: tuple[Text, ...] = Field(
        default=(
            "Was the care the same for everybody?",
            "What was different for this group?",
            "Is it how it is recorded?",
        ),
        min_length=1,
    )
    gaps_open_by: Day | None = Field(
        default=None, description="the declared gap still open on this day asks for an answer too"
    )
    holidays: tuple[Day, ...] = Field(default=(), description="days that do not count as working")


class Principle(Part):
    """One of the seven anti-racism principles, as a prompt with the team's answer."""

    prompt: Text
    answer: Text | None = None


class Tie(Part):
    """Counts that add up to another by what they mean, such as kinds of birth to all births."""

    whole: Name = Field(description="a count: a measure's id, a dot, numerator or denominator")
    parts: tuple[Name, ...] = Field(
        min_length=1, description="the counts that add up to it; one that is the same count"
    )


class Disclosure(Part):
    """How small numbers are kept from the network; the team itself sees its true counts."""

    policy: Literal["hes", "msds", "threshold", "none"] = "hes"
    threshold: Whole | None = Field(
        default=None, ge=5, le=1000, description="with policy threshold: fewer than this is hidden"
    )
    reason: Text | None = Field(
        default=None, description="why this policy; policy none cannot do without"
    )
    release: Literal["month", "approval"] = Field(
        default="month", description="made of the counts as they stood at the first of each month, "
        "or only when somebody of a site approves it",
    )  # fmt: skip
    relations: tuple[Tie, ...] = Field(
        default=(), description="counts that add up to others, beside those seen in the counts"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.policy == "threshold") != (self.threshold is not None):
            raise ValueError("policy threshold needs a threshold, and no other policy has one")
        if self.policy == "none" and self.reason is None:
            raise ValueError("policy none shows small numbers to the network: give the reason")
        return self


class Project(Part):
    """All that a team set out to do."""

    id: Id
    title: Name
    clinical_area: ClinicalArea
    synthetic: YesNo = Field(default=False, description="true: the data are made up, and say so")
    network: Name
    start: Day | None = Field(default=None, description="first day that counts")
    sites: tuple[Site, ...] = Field(min_length=1)
    aim: Aim
    strata: Strata
    measures: tuple[Measure, ...] = Field(min_length=1)
    drivers: tuple[Driver, ...] = ()
    cycles: tuple[Cycle, ...] = ()
    principles: tuple[Principle, ...] = ()
    responses: Responses = Field(default_factory=Responses)
    themes: tuple[Theme, ...] = Field(
        default=(), description="what people raise, each with the measure that would show it"
    )
    disclosure: Disclosure = Field(default_factory=Disclosure)
    data: Source | None = None
    co_production: Text | None = Field(
        default=None,
        description="who of the communities decides with the team, on what, and how they are paid",
    )
    share_back: Text | None = Field(
        default=None, description="how and when results go back to those who gave them"
    )
    language: Text | None = Field(
        default=None, description="how language and the need for an interpreter are recorded"
    )
    traps: tuple[Text, ...] = Field(default=(), description="how these figures mislead")
    sources: tuple[Cited, ...] = Field(default=(), description="what the definitions rest on")
    equity_reasons: dict[Name, Text] = Field(
        default_factory=dict,
        description="a rule of check --equity that this project departs from, and why",
    )
    practice: Practice | None = Field(
        default=None, description="what made-up records are drawn by, to rehearse with"
    )
    note: Text | None = None

    def measure(self, name: str) -> Measure:
        """The measure with this id."""
        return next(measure for measure in self.measures if measure.id == name)
