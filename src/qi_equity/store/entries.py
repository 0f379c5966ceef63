"""What a team writes down beside its counts: notes and actions, responses, whom it met."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

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


class Asked(Part):
    """A question that a response looks into, and what was found."""

    question: Text
    answer: Text | None = None


class Response(Part):
    """What a signal opens: somebody looks at the care behind it, by a day, and says what was found.

    Nothing is closed without words.
    """

    about: Text = Field(description="the item that opened it, by its lasting id")
    opened: date
    due: date
    owner: Name
    asked: tuple[Asked, ...] = ()
    outcome: Literal["action", "cycle", "examined", "recording"] | None = Field(
        default=None,
        description="an action, a PDSA cycle, examined and none needed, or recording mended",
    )
    found: Text | None = Field(default=None, description="what was found, in words")
    evidence: Text | None = Field(default=None, description="where it is written down")
    closed: date | None = None
    sites: tuple[Id, ...] = Field(default=(), description="none: the network")

    @model_validator(mode="after")
    def _closed_with_words(self) -> Self:
        if self.due < self.opened:
            raise ValueError("it cannot be due before it was opened")
        if self.closed is None:
            return self
        if self.outcome is None or self.found is None:
            raise ValueError("say the outcome and what was found: nothing is closed without words")
        if self.closed < self.opened:
            raise ValueError("it cannot be closed before it was opened")
        return self


class Engagement(Part):
    """A meeting with those cared for: who, where, what was asked, and what changed since."""

    day: date
    met: Text = Field(description="who was met: a group, how many; never a person's name")
    where: Text
    said: Text = Field(description="what they asked for")
    did: Text | None = Field(default=None, description="what changed since")
    measure: Id | None = Field(default=None, description="what would show that it changed")
    sites: tuple[Id, ...] = ()


Entry = Cycle | Annotation | SessionNote | Action | Response | Engagement

# The kind under which each is kept.
KINDS: dict[type[Part], str] = {
    Cycle: "cycle",
    Annotation: "annotation",
    SessionNote: "note",
    Action: "action",
    Response: "response",
    Engagement: "engagement",
}
