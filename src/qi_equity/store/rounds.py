"""What sessions wrote down, as it may be sent round: all of it to a team, a network in part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qi_equity.project import ALL_SITES
from qi_equity.store.desk import Desk
from qi_equity.store.entries import (
    Action,
    Assessment,
    Engagement,
    Response,
    Session,
    SessionNote,
)
from qi_equity.store.gathered import Heard, Staff
from qi_equity.store.results import Kept


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside the charts: answers to signals, meetings, scores, voices and staff.

    Of voices and of the table of staff the last that was kept is meant.
    """

    responses: tuple[Response, ...] = ()
    met: tuple[Engagement, ...] = ()
    scores: tuple[Assessment, ...] = ()
    staff: Staff | None = None
    voices: Heard | None = None


def written_down(desk: Desk, project: str, *, network: bool) -> dict[str, Any]:
    """The actions, the notes, the session held still (None where none is), and what is beside.

    network: of entries those alone whose sites all share their counts, of the session what was
    told of a release; whoever asks may see more.
    """
    shared = frozenset(desk.consented(project))

    def may(kept: Mapping[str, Kept[Any]]) -> tuple[Any, ...]:
        told = (one.content for one in kept.values())
        return tuple(one for one in told if not network or shared.issuperset(one.sites))

    session = held(desk, project)
    if session is not None and network:
        session = session.told(frozenset(), shared | {ALL_SITES}, every=False)
    return {
        "actions": may(desk.entries(project, Action)),
        "notes": may(desk.entries(project, SessionNote)),
        "session": session,
        "beside": Beside(
            may(desk.entries(project, Response)),
            may(desk.entries(project, Engagement)),
            may(desk.entries(project, Assessment)),
            _last(may(desk.entries(project, Staff)), network=network),
            _last(may(desk.entries(project, Heard)), network=network),
        ),
    }


def _last(kept: Sequence[Any], *, network: bool) -> Any:
    """What was written last; for a network as it is told to others."""
    if not kept:
        return None
    return kept[-1].to_others() if network else kept[-1]


def held(desk: Desk, project: str) -> Session | None:
    """The agenda that is held still, as this user may be told it."""
    every = [one for one in desk.entries(project, Session).values() if one.content.part == project]
    last = max(every, key=lambda one: one.revision, default=None)
    return last.content if last is not None and last.content.held else None
