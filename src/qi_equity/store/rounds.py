"""What sessions wrote down, as it may be sent round: all of it to a team, a network in part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qi_equity.project import ALL_SITES
from qi_equity.store.desk import Desk
from qi_equity.store.entries import Action, Session, SessionNote
from qi_equity.store.results import Kept


def written_down(desk: Desk, project: str, *, network: bool) -> dict[str, Any]:
    """The actions, the notes and the session held still (None where none is) of a project.

    network: of entries those alone whose sites all share their counts, of the session what was
    told of a release; whoever asks may see more.
    """
    shared = frozenset(desk.consented(project))

    def may(kept: Iterable[Kept[Any]]) -> tuple[Any, ...]:
        told = (one.content for one in kept)
        return tuple(one for one in told if not network or shared.issuperset(one.sites))

    session = held(desk, project)
    if session is not None and network:
        session = session.told(frozenset(), shared | {ALL_SITES}, every=False)
    return {
        "actions": may(desk.entries(project, Action).values()),
        "notes": may(desk.entries(project, SessionNote).values()),
        "session": session,
    }


def held(desk: Desk, project: str) -> Session | None:
    """The agenda that is held still, as this user may be told it."""
    every = [one for one in desk.entries(project, Session).values() if one.content.part == project]
    last = max(every, key=lambda one: one.revision, default=None)
    return last.content if last is not None and last.content.held else None
