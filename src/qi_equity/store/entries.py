"""What a team writes down beside its counts: sessions, notes, actions, responses, whom it met."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from qi_equity.parts import Id, Name, Part, Text, Whole, YesNo
from qi_equity.project import Cycle
from qi_equity.store.gathered import Heard, Makeup, Staff
from qi_equity.vocabulary import Topic

# One address and nothing that could begin another header or a second address.
ADDRESS = r"^[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\"]+$"


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
    item: Text | None = Field(default=None, description="the item of an agenda it belongs to")


class Action(Part):
    """A next step: who does it, by when, and whether it is done."""

    text: Text
    owner: Name
    due: date | None = None
    done: bool = False
    cycle: Id | None = Field(default=None, description="the PDSA cycle it belongs to")
    sites: tuple[Id, ...] = ()
    item: Text | None = Field(default=None, description="the item of an agenda it belongs to")


class HeldItem(Part):
    """An item of an agenda as it stood when it was held still: what was said of it, and how long.

    team    told from true counts, so that only who sees those is told; else from a release
    """

    kind: Topic
    measure: Id
    site: Name
    stratum: Name
    line: str = Field(max_length=400)
    said: tuple[Text, ...] = ()
    minutes: Whole
    team: YesNo

    @property
    def place(self) -> tuple[str, str, str]:
        """Its measure, site and stratum."""
        return self.measure, self.site, self.stratum


class Session(Part):
    """An agenda that holds still from a day on; one that is not held lets it follow the counts."""

    day: date
    part: Name  # the project, or the part of a crossed one, that it was seen in
    held: YesNo = True
    items: tuple[HeldItem, ...] = ()
    rest: tuple[HeldItem, ...] = ()
    sites: tuple[Id, ...] = ()  # none: it belongs to the network

    def told(self, own: frozenset[str], released: frozenset[str], *, every: bool) -> Session:
        """What of it may be told to somebody: of true counts, who sees these; else of a release.

        own, every: the sites whose true counts they see; released: those of which, and all of
        them together, they see what was released.
        """

        def may(item: HeldItem) -> bool:
            return every or item.site in own or (not item.team and item.site in released)

        items, rest = (tuple(filter(may, some)) for some in (self.items, self.rest))
        return self.model_copy(update={"items": items, "rest": rest})


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
    email: str | None = Field(
        default=None, pattern=ADDRESS, max_length=200, description="the owner's, for reminders"
    )
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


class Assessment(Part):
    """How far somebody thinks the team has come, on the improvement scale of 0.5 to 5.0."""

    day: date
    score: float = Field(ge=0.5, le=5.0, multiple_of=0.5)
    by: Literal["team", "adviser"] = "team"
    why: Text
    sites: tuple[Id, ...] = ()


Entry = (
    Cycle | Annotation | SessionNote | Action | Session | Response | Engagement | Assessment
    | Heard | Staff | Makeup
)  # fmt: skip

# The kind under which each is kept.
KINDS: dict[type[Part], str] = {
    Cycle: "cycle",
    Annotation: "annotation",
    SessionNote: "note",
    Action: "action",
    Session: "session",
    Response: "response",
    Engagement: "engagement",
    Assessment: "assessment",
    Heard: "voices",
    Staff: "staff",
    Makeup: "makeup",
}
# Kinds that hold true numbers of people, whole: others read them as entries, which tell them less.
WHOLE = ("session", "voices", "staff", "makeup")
