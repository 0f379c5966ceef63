"""Vocabulary: where a definition is from, how it misleads, and what made-up records are drawn by.

No files, no data, no sums.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from qi_equity.parts import Id, Name, Number, Part, Text, Whole, YesNo

# In a measure's name and words, where its threshold is written; filled in as the file is read.
HERE = "{threshold}"
# The key of a condition that each kind of threshold is.
KEYS = {"at least": "at_least", "at most": "at_most", "below": "below", "above": "above"}


class Cited(Part):
    """Something a definition rests on: what it says, where that stands, and of when it is."""

    says: Text
    where: Text = Field(description="publisher and title, or an address")
    dated: Name = Field(description="the edition or date, such as May 2023")
    to_be_checked: YesNo = Field(
        default=False, description="true: written from memory; look it up before relying on it"
    )


class Threshold(Part):
    """From where on something counts: one line to change, written into name, words and rule."""

    column: Name = Field(description="of the birth records")
    is_: Literal["at least", "at most", "below", "above"] = Field(default="at least", alias="is")
    value: Number
    unit: Name

    def __str__(self) -> str:
        """As it is written in a name.

        >>> str(Threshold(column="loss", value=1500, unit="ml"))
        '1,500 ml'
        """
        return f"{self.value:,.6g} {self.unit}"


class National(Part):
    """A national figure that a measure is shown beside, and by which threshold it counts."""

    value: Number
    threshold: Number | None = Field(default=None, description="in the unit of the measure's own")
    period: Name
    source: Text


class Level(Part):
    """Where a made-up measure stands: a rate, and how many times that of each group is."""

    rate: Number = Field(gt=0, lt=1)
    ratios: dict[Name, Number] = Field(default_factory=dict, description="group -> times the rate")
    because: Text = Field(description="why this rate: a source, or that it is chosen")


class Made(Part):
    """What a made-up column holds, where no measure's own rule says it."""

    shares: dict[Name, Number] = Field(default_factory=dict, description="value -> its share")
    bands: tuple[tuple[Number, Number, Number], ...] = Field(
        default=(), description="whole numbers: from, to, share"
    )
    otherwise: Name | None = Field(
        default=None, description="what it says of those whom its measure does not ask about"
    )


class Planted(Part):
    """A change that is put into made-up records, to be found again."""

    measure: Id
    week: Whole = Field(ge=1, description="the first week of the change, counted from 0")
    factor: Number = Field(gt=0, description="what the rate is multiplied by from then on")
    strata: tuple[Name, ...] = Field(default=(), description="none: every stratum")


class Practice(Part):
    """What made-up records are drawn by: for a rehearsal before the real ones, never for care."""

    a_week: Number = Field(gt=0, le=1000, description="records a week, on average")
    weeks: Whole = Field(default=104, ge=8, le=520)
    mix: dict[Name, Number] = Field(
        default_factory=dict, description="group -> its share; none: as in a made-up town"
    )
    levels: dict[Id, Level] = Field(min_length=1, description="measure -> where it stands")
    columns: dict[Name, Made] = Field(default_factory=dict)
    change: Planted


def filled_in(given: Any) -> Any:
    """A measure as written, with its threshold in its words and its rule, where it has one.

    >>> given = filled_in({"name": "Loss of {threshold} or more", "records": {},
    ...                    "threshold": {"column": "loss", "value": 1000, "unit": "ml"}})
    >>> given["name"], given["records"]
    ('Loss of 1,000 ml or more', {'numerator': {'loss': {'at_least': 1000}}})
    """
    mark = given.get("threshold") if isinstance(given, dict) else None
    if not isinstance(mark, dict) or not {"column", "value", "unit"} <= set(mark):
        return given
    if not isinstance(mark["value"], int | float) or not isinstance(mark["column"], str):
        return given  # told of where the threshold itself is read
    written = f"{mark['value']:,.6g} {mark['unit']}"
    words = {
        key: text.replace(HERE, written)
        for key in ("name", "numerator", "denominator", "note")
        if isinstance(text := given.get(key), str)
    }
    rule = given.get("records")
    key = KEYS.get(mark.get("is", "at least"))
    if not isinstance(rule, dict) or key is None or not isinstance(rule.get("numerator", {}), dict):
        return {**given, **words}
    told = rule.get("numerator", {}).get(mark["column"], {})
    mine = {**told, key: mark["value"]} if isinstance(told, dict) else told
    numerator = {**rule.get("numerator", {}), mark["column"]: mine}
    return {**given, **words, "records": {**rule, "numerator": numerator}}
