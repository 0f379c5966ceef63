"""What a team writes down beside its counts: annotations, sessions, their notes and actions."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from qi_equity.parts import Id, Name, Part, Text, Whole, YesNo
from qi_equity.project import Cycle
from qi_equity.vocabulary import Topic


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


Entry = Cycle | Annotation | SessionNote | Action | Session

# The kind under which each is kept.
KINDS: dict[type[Part], str] = {
    Cycle: "cycle",
    Annotation: "annotation",
    SessionNote: "note",
    Action: "action",
    Session: "session",
}
