"""Who did what and who looked: the store's audit trail, for an admin, with a filter."""

from __future__ import annotations

from datetime import date
from typing import Any

from qi_equity.app.pages.page import Context, Page, told
from qi_equity.app.state import Address
from qi_equity.store import Desk, Forbidden, Line
from qi_equity.vocabulary import Act
from qi_equity.words import say, words_of

SHOWN = 200  # lines at most; the command line gives more


def trail(context: Context) -> Page:
    """The newest lines that fit the filter."""
    return trail_page(context.desk, context.choice.address)


def trail_page(desk: Desk | None, address: Address) -> Page:
    """The same, which needs no project."""
    title = say("labels.page.trail")
    if desk is None:
        return told(title, [say("trail.findings_only")])
    since, until = _day(address.since), _day(address.until)
    acts = [(act.value, say(f"trail.act.{act.name.lower()}")) for act in Act]
    what = address.what if address.what in dict(acts) else ""
    try:
        found = desk.trail(address.who, what, since, until, most=SHOWN)
    except Forbidden:
        return told(title, [say("trail.not_yours")])
    values: dict[str, Any] = {
        "heading": title,
        "acts": [("", say("trail.every")), *acts],
        "asked": {
            "who": address.who, "what": what, "since": since or "", "until": until or "",
        },
        "address": address,
        "rows": [_row(one, dict(acts)) for one in found],
        "about": say("trail.newest", count=len(found)),
    }  # fmt: skip
    return Page("trail.html", values, title=title)


def _row(one: Line, acts: dict[str, str]) -> dict[str, Any]:
    parts = words_of("trail.about")
    about = [(parts.get(name, name), _said(value)) for name, value in one.told.items()]
    return {
        "at": one.at[:19].replace("T", " "),
        "who": one.who,
        "what": acts.get(one.what, one.what),
        "project": one.project or "",
        "about": about,
        "origin": one.origin,
    }


def _said(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
