"""Vocabulary: what a team set out to do. No files, no data, no sums."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
    model_validator,
)


def _as_day(value: object) -> object:
    """Only 2024-01-31 is a date: pydantic alone would read 2024 as seconds since 1970."""
    if isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError as impossible:
            raise ValueError(f"there is no such day as {value}") from impossible
    raise ValueError(f"'{value}' is not a date; write year, month and day like 2024-01-31")


def _as_text(value: object) -> object:
    """A target rate is kept as it was written."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if number else value


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Day = Annotated[date, BeforeValidator(_as_day)]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Whole = Annotated[int, Strict()]
YesNo = Annotated[bool, Strict()]
Plain = str | Number | YesNo  # what a cell of a record can hold

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


class Part(BaseModel):
    """A part of a project: unknown keys are refused, nothing changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


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


class Group(Part):
    """A stratum as the team names it, and the codes that belong to it."""

    name: Name
    codes: tuple[str, ...] = Field(default=(), description="codes or labels in the source")
    unknown: YesNo = Field(
        default=False, description="not stated, not known or missing: shown, never compared"
    )
    missing: YesNo = Field(default=False, description="records left empty belong here")
    note: Text | None = None


class Reference(Part):
    """Whom each stratum is compared with, and why; there is no default."""

    compare_with: Annotated[Name, BeforeValidator(_as_text)] = Field(
        description="a group's name, 'everyone else', 'best at baseline' or a target rate",
        json_schema_extra={"type": ["string", "number"]},
    )
    reason: Text = Field(description="why this comparison, in the team's words")

    @property
    def target(self) -> float | None:
        """The target rate compared with, where it is one.

        >>> Reference(compare_with=0.05, reason="the network's standard").target
        0.05
        """
        try:
            return float(self.compare_with)
        except ValueError:
            return None


class Strata(Part):
    """How the women and babies counted are told apart."""

    dimension: Name = "ethnicity"
    whose: Literal["mother", "baby", "staff"] = "mother"
    code_system: Id = Field(default="own", description="where the codes are from")
    roll_up: Name | None = Field(default=None, description="a named roll-up of the code system")
    groups: tuple[Group, ...] = Field(min_length=2)
    labels: dict[Name, Name] = Field(
        default_factory=dict,
        description="labels of your files that no code list knows, and the group of each",
    )
    reference: Reference

    @property
    def known(self) -> tuple[str, ...]:
        """The names of the groups that are compared, in the team's order."""
        return tuple(group.name for group in self.groups if not group.unknown)


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
    overlapping_windows: YesNo = Field(
        default=False, description="points share births: no run rules"
    )
    incomplete_weeks: Whole = Field(default=0, ge=0, description="last weeks still filling up")
    records: RecordsRule | None = None
    note: Text | None = None

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
    plan: Text
    do: Text | None = None
    study: Text | None = None
    act: Text | None = None


class Principle(Part):
    """One of the seven anti-racism principles, as a prompt with the team's answer."""

    prompt: Text
    answer: Text | None = None


class Indicator(Part):
    """What one label of a table's measure column means: a measure, and often a stratum too."""

    measure: Id
    stratum: str | None = Field(
        default=None, description="a code or label of a group; none: everyone, kept as a total"
    )


class Columns(Part):
    """The columns of one stratum, where a table has a row a week and columns a stratum."""

    stratum: str | None = Field(
        default=None, description="a code or label of a group; none: everyone, kept as a total"
    )
    measure: Id | None = Field(default=None, description="none: the only measure")
    numerator: Name | None = None
    denominator: Name | None = None
    value: Name | None = None


# A column's name, where a number could stand as well: no question mark, which awaits an answer.
Named = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120, pattern=r"^[^?]")]
Marks = Literal["point", "comma"]


def _mark(declared: Marks | None) -> Literal[".", ","] | None:
    return None if declared is None else "." if declared == "point" else ","


class TableSource(Part):
    """A table of counts and which of its columns is what."""

    kind: Literal["table"]
    path: Text
    sheet: Name | None = Field(default=None, description="of a workbook; none: the first")
    subgroup: Name | None = Field(
        default=None, description="column of dates; none: one date for the whole file"
    )
    subgroup_is: Day | None = Field(
        default=None, description="that one date; none: the month in the file's name"
    )
    dates: Literal["day first", "month first"] | None = Field(
        default=None, description="how to read 03/04/2025, which is otherwise refused"
    )
    year: Annotated[Whole, Field(ge=1990, le=2100)] | Named | None = Field(
        default=None,
        description="where the column of dates does not say it: the year of the first week or "
        "day, or the column of years",
    )
    week_1: Day | None = Field(
        default=None, description="the day that week 1 begins on, where weeks are only numbered"
    )
    decimal: Marks | None = Field(
        default=None, description="how to read 1,200 and 1.200 where the file leaves it open"
    )
    units: dict[Name, Name] = Field(
        default_factory=dict, description="the unit of a column's numbers: column -> ml, min ..."
    )
    dates_across: YesNo = Field(
        default=False, description="true: dates stand in the header, a column each"
    )
    rows_are: Name | None = Field(
        default=None,
        description="with dates across: the column that says what each row counts; numerator, "
        "denominator and value are then labels in it",
    )
    stratum: Name | None = Field(default=None, description="column; none: indicators or columns")
    site: Name | None = Field(default=None, description="column; none: the project's only site")
    measure: Name | None = Field(default=None, description="column; none: the only measure")
    indicators: dict[str, Indicator] = Field(
        default_factory=dict, description="what the labels in the measure column mean"
    )
    columns: tuple[Columns, ...] = Field(default=(), description="for a wide table")
    numerator: Name | None = None
    denominator: Name | None = None
    value: Name | None = None
    suppressed: Name | None = Field(default=None, description="column that marks a withheld count")
    where: dict[Name, tuple[Plain, ...]] = Field(
        default_factory=dict, description="rows to take: column -> what it may say"
    )
    totals: tuple[str, ...] = Field(
        default=(), description="strata that are totals, besides Total, All and the like"
    )
    tokens: dict[str, Literal["suppressed", "missing"]] = Field(
        default_factory=dict, description="what stands in a cell for a count that is not given"
    )
    source: Text | None = Field(default=None, description="where the figures are from")

    @property
    def mark(self) -> Literal[".", ","] | None:
        """The decimal mark declared, or None."""
        return _mark(self.decimal)


class RecordsSource(Part):
    """Birth records and which of their columns is what."""

    kind: Literal["records"]
    path: Text = Field(description="a CSV or Parquet file, or postgres://... or spark://...")
    table: Name | None = Field(default=None, description="of a database")
    date: Name
    stratum: Name
    site: Name | None = None
    key: Name | None = Field(default=None, description="column that no two records share")
    sheet: Name | None = Field(default=None, description="of a workbook; none: the first")
    dates: Literal["day first", "month first"] | None = Field(
        default=None, description="how to read 03/04/2025, which is otherwise refused"
    )
    decimal: Marks | None = Field(
        default=None, description="how to read 1,200 and 1.200 where the file leaves it open"
    )
    units: dict[Name, Name] = Field(
        default_factory=dict, description="the unit of a column's numbers: column -> ml, weeks ..."
    )
    source: Text | None = Field(default=None, description="where the figures are from")

    @property
    def mark(self) -> Literal[".", ","] | None:
        """The decimal mark declared, or None."""
        return _mark(self.decimal)


Source = Annotated[TableSource | RecordsSource, Field(discriminator="kind")]


class Disclosure(Part):
    """How small numbers are kept from the network; the team itself sees its true counts."""

    policy: Literal["hes", "msds", "threshold", "none"] = "hes"
    threshold: Whole | None = Field(
        default=None, ge=5, le=1000, description="with policy threshold: fewer than this is hidden"
    )
    reason: Text | None = Field(
        default=None, description="why this policy; policy none cannot do without"
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
    disclosure: Disclosure = Field(default_factory=Disclosure)
    data: Source | None = None
    note: Text | None = None

    def measure(self, name: str) -> Measure:
        """The measure with this id."""
        return next(measure for measure in self.measures if measure.id == name)
