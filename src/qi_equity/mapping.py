"""Vocabulary: which column of a file is what. No files, no data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from qi_equity.parts import Day, Id, Name, Part, Plain, Text, Whole, YesNo


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
    outcome_unknown: Name | None = None
    unread: Name | None = None
    readings: Name | None = None
    spread: Name | None = None


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
    dates: Literal["day first", "month first", "year first"] | None = Field(
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
    crossed_with: Name | None = Field(
        default=None, description="column of the second dimension, where strata are crossed"
    )
    site: Name | None = Field(default=None, description="column; none: the project's only site")
    measure: Name | None = Field(default=None, description="column; none: the only measure")
    indicators: dict[str, Indicator] = Field(
        default_factory=dict, description="what the labels in the measure column mean"
    )
    columns: tuple[Columns, ...] = Field(default=(), description="for a wide table")
    numerator: Name | None = None
    denominator: Name | None = None
    value: Name | None = None
    outcome_unknown: Name | None = Field(
        default=None, description="column: of the denominator, how many have no outcome recorded"
    )
    unread: Name | None = Field(
        default=None, description="column: how many more were refused, since they cannot be read"
    )
    readings: Name | None = Field(
        default=None, description="column: of how many readings the value is the mean"
    )
    spread: Name | None = Field(default=None, description="column: their standard deviation")
    suppressed: Name | None = Field(default=None, description="column that marks a withheld count")
    where: dict[Name, tuple[Plain, ...]] = Field(
        default_factory=dict, description="rows to take: column -> what it may say"
    )
    totals: tuple[str, ...] = Field(
        default=(), description="strata that are totals, besides Total, All and the like"
    )
    tokens: dict[str, Literal["suppressed", "missing", "zero"]] = Field(
        default_factory=dict,
        description="what stands in a cell for a count that is not given; or for zero",
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
    crossed_with: Name | None = Field(
        default=None, description="column of the second dimension, where strata are crossed"
    )
    site: Name | None = None
    key: Name | None = Field(default=None, description="column that no two records share")
    sheet: Name | None = Field(default=None, description="of a workbook; none: the first")
    dates: Literal["day first", "month first", "year first"] | None = Field(
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
