"""An agenda that holds still: kept item by item as somebody saw it, and shown as it was kept.

Nothing is ranked here; who may be told which item is the store's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from qi_equity.agenda import Item, agenda, recalled
from qi_equity.app.state import Choice
from qi_equity.errors import UserError
from qi_equity.findings import Findings
from qi_equity.project import ALL_SITES
from qi_equity.store import Desk, HeldItem, Session
from qi_equity.store.results import Kept
from qi_equity.words import say
from qi_equity.words.agenda import item_line, item_sentences

Fields = Mapping[str, Any]
SAID = 3  # sentences of an item that are kept: what is told first


@dataclass(frozen=True, slots=True)
class Shown:
    """One item as a page shows it; `since` is what the counts say since it was kept, if other."""

    item: Item
    line: str
    said: tuple[str, ...]
    minutes: int
    since: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """The agenda of a page: its items, what is left for another time, and whether it is held."""

    items: tuple[Shown, ...] = ()
    rest: tuple[Shown, ...] = ()
    kept: Kept[Session] | None = None
    key: str = ""

    @property
    def every(self) -> tuple[Shown, ...]:
        """All items, those left for another time last."""
        return (*self.items, *self.rest)


def newest(desk: Desk | None, project: str) -> tuple[str, Kept[Session]] | None:
    """The session that was written last, with its key; None where there is none to be read."""
    if desk is None or not desk.user.may("read entries"):
        return None
    # A crossed project keeps the sessions of all its parts together.
    found = {
        k: one for k, one in desk.entries(project, Session).items() if one.content.part == project
    }
    key = max(found, key=lambda one: found[one].revision, default="")
    return (key, found[key]) if key else None


def standing(desk: Desk | None, findings: Findings, today: pd.Timestamp | None) -> Standing:
    """What is on the agenda: the one that is held, else what the findings say now."""
    last = newest(desk, findings.project.id)
    key = last[0] if last else ""
    if last is not None and last[1].content.held:
        session = last[1].content
        parts = [tuple(_as_kept(some, findings, today)) for some in (session.items, session.rest)]
        if any(parts):
            return Standing(parts[0], parts[1], last[1], key)
    found = agenda(findings, today)
    parts = [tuple(_as_found(one, findings) for one in some) for some in (found.items, found.rest)]
    return Standing(parts[0], parts[1], None, key)


def _as_found(item: Item, findings: Findings) -> Shown:
    said = tuple(item_sentences(item, findings))
    return Shown(item, item_line(item, findings), said, item.minutes)


def _as_kept(
    items: Iterable[HeldItem], findings: Findings, today: pd.Timestamp | None
) -> Iterator[Shown]:
    """Items as they were kept; one of a measure that the project no longer has is left out."""
    measures = {one.id for one in findings.project.measures}
    now = {one.id: one for some in _parts(agenda(findings, today)) for one in some}
    for one in items:
        if one.measure not in measures:
            continue
        item = recalled(one.kind, one.place, findings)
        item = now.get(item.id, item)
        line = item_line(item, findings) if findings.judged else ""
        yield Shown(item, one.line, one.said, one.minutes, line if line != one.line else "")


def _parts(found: Any) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    return found.items, found.rest


def hold(desk: Desk, choice: Choice, findings: Findings, fields: Fields) -> str:
    """Keep the agenda as it stands, so that no save changes it until somebody lets it go."""
    _nobody_meanwhile(desk, choice, fields)
    if not findings.judged:
        raise UserError(say("session.held.too_soon"))
    today = None if choice.project.synthetic else pd.Timestamp.now().normalize()
    found = agenda(findings, today)
    if not found.items:
        raise UserError(say("session.held.nothing"))
    team = _true_sites(desk, choice)
    items, rest = (
        tuple(_kept(one, findings, one.site in team) for one in some) for some in _parts(found)
    )
    day, project = pd.Timestamp.now().date(), choice.project.id
    desk.write(project, Session(day=day, part=project, items=items, rest=rest))
    return say("session.held.done", count=len(items))


def let_go(desk: Desk, choice: Choice, findings: Findings, fields: Fields) -> str:
    """Have the agenda follow the counts again; what was held stays in the history."""
    _nobody_meanwhile(desk, choice, fields)
    day, project = pd.Timestamp.now().date(), choice.project.id
    desk.write(project, Session(day=day, part=project, held=False))
    return say("session.held.over")


def _nobody_meanwhile(desk: Desk, choice: Choice, fields: Fields) -> None:
    """Refuse what was asked of an agenda that is no longer the one on the page."""
    last = newest(desk, choice.project.id)
    if str(fields.get("standing") or "") != (last[0] if last else ""):
        raise UserError(say("session.held.meanwhile"))


def _true_sites(desk: Desk, choice: Choice) -> frozenset[str]:
    """The sites of which this user's findings are of true counts."""
    user, every = desk.user, frozenset(site.id for site in choice.project.sites) | {ALL_SITES}
    if user.may("see") == "every":
        return every
    if not user.may("see"):
        return frozenset()
    # Beside a release all sites together are the network's; without one they are one's own.
    released = any(not one.withdrawn for one in desk.releases(choice.project.id))
    return user.sites if released and user.may("see protected") else user.sites | {ALL_SITES}


def _kept(item: Item, findings: Findings, team: bool) -> HeldItem:
    return HeldItem(
        kind=item.kind,
        measure=item.measure,
        site=item.site,
        stratum=item.stratum,
        line=item_line(item, findings)[:400],
        said=tuple(text[:4000] for text in item_sentences(item, findings)[:SAID]),
        minutes=item.minutes,
        team=team,
    )


HOLDING: dict[str, Callable[[Desk, Choice, Findings, Fields], str]] = {
    "hold": hold,
    "let_go": let_go,
}
