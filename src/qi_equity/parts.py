"""Vocabulary: what the parts of a project are made of; no part itself."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, StringConstraints

MOST_SHOWN = 60  # characters of what was typed that a message repeats: a field can hold a megabyte


def _as_day(value: object) -> object:
    """Only 2024-01-31 is a date: pydantic alone would read 2024 as seconds since 1970."""
    if isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError as impossible:
            raise ValueError(f"there is no such day as {value}") from impossible
    given = str(value)
    given = given if len(given) <= MOST_SHOWN else f"{given[:MOST_SHOWN]}…"
    raise ValueError(f"'{given}' is not a date; write year, month and day like 2024-01-31")


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Day = Annotated[date, BeforeValidator(_as_day)]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Whole = Annotated[int, Strict()]
YesNo = Annotated[bool, Strict()]
Plain = str | Number | YesNo  # what a cell of a record can hold


class Part(BaseModel):
    """A part of a project: unknown keys are refused, nothing changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)
