"""What sessions wrote down: notes, decisions and next steps, as every page shows them."""

from __future__ import annotations

from typing import Any

from qi_equity.app.pages.page import Context
from qi_equity.store import Action, SessionNote
from qi_equity.words import say
from qi_equity.words.grammar import listed
from qi_equity.words.numbers import day, missing


def captured(context: Context) -> dict[str, Any]:
    """What sessions wrote down, newest first, as the page, the slide and the project show it."""
    desk, project = context.desk, context.choice.project
    values: dict[str, Any] = {"notes": [], "actions": [], "may_write": False, "cycle_choices": []}
    values["today"] = f"{context.today:%Y-%m-%d}"
    if desk is None:
        return values
    values["may_write"] = desk.user.may("write entries") is not None
    values["cycle_choices"] = [("", say("session.no_cycle"))] + [
        (cycle.id, cycle.title) for cycle in project.cycles
    ]
    if desk.user.may("read entries"):
        titles = {cycle.id: cycle.title for cycle in project.cycles}
        names = {site.id: site.name for site in project.sites}
        notes, actions = desk.entries(project.id, SessionNote), desk.entries(project.id, Action)
        values["notes"] = [_kept(one, key, names) for key, one in notes.items()][::-1]
        values["actions"] = [
            _kept(one, key, names) | {"part_of": titles.get(one.content.cycle or "", "")}
            for key, one in actions.items()
        ][::-1]
    return values


def _kept(one: Any, key: str, names: dict[str, str]) -> dict[str, Any]:
    content: dict[str, Any] = one.content.model_dump()
    when = content.get("day") or content.get("due")
    return content | {
        "key": key,
        "who": one.who,
        "when": "" if missing(when) else day(when),
        "where": listed(names.get(site, site) for site in content["sites"]),
    }
