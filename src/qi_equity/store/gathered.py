"""What a team gathers beside births, kept as numbers of people: voices, staff, who makes up what.

Never a person's mark or words: those are counted first, and stay in the file that they came in.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from qi_equity.parts import Day, Id, Name, Part, Text, Whole, YesNo

Makes = Literal["team", "community", "organisation"]


class Counted(Part):
    """People of one group; none where they are too few to be told."""

    stratum: Name
    people: Whole | None = Field(default=None, ge=0)
    asked: Whole | None = Field(default=None, ge=0, description="how many were asked to speak")


class Raised(Part):
    """How many people of a group raised a theme, of how many heard; Everyone is a group too."""

    theme: Text
    stratum: Name
    people: Whole | None = Field(default=None, ge=0)
    heard: Whole | None = Field(default=None, ge=0)


class Staffed(Part):
    """One row of the Workforce Race Equality Standard, in people."""

    indicator: Whole = Field(ge=1, le=9)
    year: Name
    part: Name
    recruits: Name
    group: Name
    events: Whole | None = Field(default=None, ge=0)
    out_of: Whole | None = Field(default=None, ge=0)


class Heard(Part):
    """One round of voices: whom it reached, when, and what they raised.

    shown: the same as the disclosure policy lets it out; who sees no true counts is told these.
    """

    title: Name
    since: Day
    until: Day
    groups: tuple[Counted, ...]
    themes: tuple[Raised, ...] = ()
    shown_groups: tuple[Counted, ...]
    shown_themes: tuple[Raised, ...] = ()
    team: YesNo = True
    sites: tuple[Id, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until < self.since:
            raise ValueError("it cannot have ended before it began")
        return self

    def to_others(self) -> Heard:
        """The same for whoever sees no true counts there."""
        told = {"groups": self.shown_groups, "themes": self.shown_themes, "team": False}
        return self.model_copy(update=told)


class Staff(Part):
    """The standard's numbers as a file brought them, and as they may be shown to others."""

    title: Name
    rows: tuple[Staffed, ...] = Field(min_length=1)
    shown: tuple[Staffed, ...]
    team: YesNo = True
    sites: tuple[Id, ...] = ()

    def to_others(self) -> Staff:
        """The same for whoever sees no true counts there."""
        return self.model_copy(update={"rows": self.shown, "team": False})


class Makeup(Part):
    """Who makes up the team, the community or the organisation, by the project's groups."""

    of: Makes
    name: Name = Field(description="what it is, such as: Census 2021, women aged 15 to 44")
    day: Day
    groups: tuple[Counted, ...] = Field(min_length=1)
    shown: tuple[Counted, ...]
    team: YesNo = True
    sites: tuple[Id, ...] = ()

    def to_others(self) -> Makeup:
        """The same for whoever sees no true counts there."""
        return self.model_copy(update={"groups": self.shown, "team": False})


Gathered = Heard | Staff | Makeup
