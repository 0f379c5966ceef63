"""What a team writes down beside its counts: annotations, session notes and actions."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from qi_equity.parts import Id, Name, Part, Text
from qi_equity.project import Cycle


class Annotation(Part):
    """Something that happened on a day, shown on the charts."""

    day: date
    text: Text
    measure: Id | None = Field(default=None, description="none: every measure")
    sites: tuple[Id, ...] = Field(default=(), description="none: the network")
    strata: tuple[Name, ...] = Field(default=(), description="none: every stratum")


class SessionNote(Part):
    """What was learnt or decided in a network session."""

    day: date
    text: Text
    about: Name = Field(default="learnt", description="learnt, decided, celebrated, ...")
    sites: tuple[Id, ...] = ()


class Action(Part):
    """A next step: who does it, by when, and whether it is done."""

    text: Text
    owner: Name
    due: date | None = None
    done: bool = False
    cycle: Id | None = Field(default=None, description="the PDSA cycle it belongs to")
    sites: tuple[Id, ...] = ()


Entry = Cycle | Annotation | SessionNote | Action

# The kind under which each is kept.
KINDS: dict[type[Part], str] = {
    Cycle: "cycle",
    Annotation: "annotation",
    SessionNote: "note",
    Action: "action",
}
