"""Vocabulary of an audit: what an area looks at, from which sources, and what it has heard.

No files, no data, no sums: those who read, count and compare are the modules beside this one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from qi_equity.mapping import Source as Mapping
from qi_equity.parts import Day, Id, Name, Number, Part, Text, YesNo
from qi_equity.project import Direction, RecordsRule
from qi_equity.strata import Dimension as Strata

Kind = Literal[
    "national file",
    "provider extract",
    "council table",
    "voluntary-sector survey",
    "free evidence",
]
# How counts were rounded before they came here: msds 1-7 as 5, else to 5; hes 1-7 hidden, else to
# 5; nearest 5; none: true counts. NHS England's and NHS Digital's rules (disclosure.policy).
Rounding = Literal["none", "msds", "hes", "nearest 5"]
Whose = Literal["mother", "baby", "person answering", "staff", "resident", "not recorded"]
# The chapters of the equity and equality analysis (NHS England, C0734, September 2021).
Chapter = Literal["population", "outcomes", "process", "experience", "assets", "staff"]
# Checked beside its message (audit.file); editors check it as one types.
Sha = Annotated[str, Field(json_schema_extra={"pattern": "^[0-9a-f]{64}$"})]


class Span(Part):
    """A stretch of days, both ends in it."""

    from_: Day = Field(alias="from")
    to: Day


class Area(Part):
    """Whose audit it is."""

    name: Name
    kind: Literal[
        "local maternity and neonatal system", "trust", "integrated care board", "region", "other"
    ]
    code: Name | None = Field(default=None, description="its code in the Organisation Data Service")


class Place(Part):
    """A place that gaps are looked at in: a unit, a trust, a district."""

    id: Id
    name: Name


class AuditDimension(Strata):
    """One way of telling women and babies apart, for all sources."""

    id: Id


class Reading(Part):
    """What is read from a source about one dimension, and how its codes become our groups."""

    dimension: Id
    code_set: Id = Field(default="own", description="the code system of this column")
    roll_up: Name | None = Field(default=None, description="a named roll-up of that code system")
    codes: dict[Name, tuple[str, ...]] = Field(
        default_factory=dict, description="of a group: its codes here, where its name is none"
    )
    labels: dict[Name, Name] = Field(
        default_factory=dict, description="labels that no code list knows, and the group of each"
    )
    data: Mapping
    indicators: tuple[Id, ...] = Field(default=(), description="none: all with a rule or a label")
    period: Literal["week", "month", "quarter", "half-year", "financial year"] = "month"


class BabyColumn(Part):
    """Both columns of a file that holds the mother's and the baby's ethnicity."""

    mother: Name
    baby: Name


class Link(Part):
    """A second extract of the same births: whose recorded group changes between the two."""

    with_: Id = Field(alias="with", description="the other source")
    key: Name = Field(description="the column that links them")
    column: Name = Field(description="this source's column of codes")
    other_column: Name | None = Field(default=None, description="the other's, if named otherwise")


class AuditSource(Part):
    """Where figures or words are from, with all that is needed to judge them."""

    id: Id
    name: Name
    kind: Kind
    publisher: Name
    period: Span
    geography: Text = Field(description="of whom: women living there, or births in units there")
    whose_ethnicity: Whose
    rounding: Rounding
    licence: Name
    got: Day = Field(description="the day that the file was fetched or given")
    synthetic: YesNo = Field(default=False, description="true: made up, and every page says so")
    optional: YesNo = Field(
        default=False, description="true: where its file is not here, the audit says so and goes on"
    )
    sha256: dict[Name, Sha] = Field(
        default_factory=dict, description="of each file: its SHA-256, from the day it was got"
    )
    records: dict[Id, RecordsRule] = Field(
        default_factory=dict, description="of birth records: how each indicator is counted"
    )
    reads: tuple[Reading, ...] = ()
    mother_and_baby: BabyColumn | None = None
    linked: Link | None = None
    says: Text | None = Field(default=None, description="free evidence: what it says, in words")
    note: Text | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that is read, once."""
        return tuple(dict.fromkeys(one.data.path for one in self.reads))


class AuditIndicator(Part):
    """One thing that is counted in the same way from one or several sources."""

    id: Id
    name: Name
    chapter: Chapter
    library: Name | None = Field(
        default=None, description="a project and its measure, project.measure: words are its own"
    )
    numerator: Text
    denominator: Text | None = Field(default=None, description="none: a plain count of people")
    data: Literal["proportion", "rate", "count"] = "proportion"
    direction: Direction
    multiply: Number = Field(default=100.0, gt=0, description="100 for %, 1000 for per 1,000")
    smallest_gap: Number = Field(default=1.5, gt=1, description="the smallest ratio that matters")
    sources: tuple[Id, ...] = Field(min_length=1, description="the first that has a place is used")
    note: Text | None = None

    @property
    def unit(self) -> str:
        """What its rates are written in."""
        return "%" if self.multiply == 100 else f"per {self.multiply:,.0f}"


class Concern(Part):
    """What was heard, from whom, and what there is to hold beside it."""

    id: Id
    heard: Text = Field(description="in the words of those who said it")
    from_: Text = Field(alias="from", description="who said it, where and when")
    indicators: tuple[Id, ...] = ()
    group: Name | None = Field(default=None, description="the group it was said about, if one")
    no_data_yet: Text | None = Field(
        default=None, description="what would have to be recorded, where nothing is yet"
    )


class Asset(Part):
    """Something a community has that care can build on."""

    name: Name
    what: Text
    place: Id | None = None
    for_: tuple[Name, ...] = Field(default=(), alias="for", description="none: everybody")


class Outcome(Part):
    """A project that came out of last year's plan, and where its findings lie."""

    project: Id
    indicator: Id
    group: Name
    findings: Text = Field(description="its findings.json, of qi-equity analyse --out")


class Audit(Part):
    """All that an area set out to look at."""

    id: Id
    title: Name
    synthetic: YesNo = False
    area: Area
    period: Span
    previous: Span | None = Field(default=None, description="the period before, to compare with")
    population: Text
    places: tuple[Place, ...] = Field(min_length=1)
    dimensions: tuple[AuditDimension, ...] = Field(min_length=1)
    sources: tuple[AuditSource, ...] = Field(min_length=1)
    indicators: tuple[AuditIndicator, ...] = Field(min_length=1)
    concerns: tuple[Concern, ...] = ()
    assets: tuple[Asset, ...] = ()
    progress: tuple[Outcome, ...] = Field(default=(), description="projects of last year's plan")
    note: Text | None = None

    def source(self, name: str) -> AuditSource:
        """The source with this id."""
        return next(one for one in self.sources if one.id == name)

    def indicator(self, name: str) -> AuditIndicator:
        """The indicator with this id."""
        return next(one for one in self.indicators if one.id == name)

    def dimension(self, name: str) -> AuditDimension:
        """The dimension with this id."""
        return next(one for one in self.dimensions if one.id == name)

    def place(self, name: str) -> str:
        """A place's name; the area's own for all places together."""
        return next((one.name for one in self.places if one.id == name), self.area.name)


@dataclass(frozen=True, slots=True)
class Read:
    """One reading of one source."""

    source: AuditSource
    reading: Reading


def readings(audit: Audit) -> Iterator[Read]:
    """Every reading of every source, in the order of the file."""
    for source in audit.sources:
        for reading in source.reads:
            yield Read(source, reading)


def reads(audit: Audit, counted: AuditIndicator, dimension: str) -> list[Read]:
    """The readings of an indicator's sources by a dimension, its first source first."""
    rank = {name: at for at, name in enumerate(counted.sources)}
    every = [
        one
        for one in readings(audit)
        if one.reading.dimension == dimension
        and one.source.id in rank
        and counted.id in (one.reading.indicators or one.source.records or (counted.id,))
    ]
    return sorted(every, key=lambda one: rank[one.source.id])
