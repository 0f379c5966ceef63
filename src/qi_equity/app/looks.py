"""What a page asks before anything is saved: how its cells are read, what a file comes to.

Nothing is written here: what is looked at is kept by an action, which reads it again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from qi_equity import crossed
from qi_equity.app import incoming
from qi_equity.app.clashes import standing
from qi_equity.app.gathering import look_staff, look_voices
from qi_equity.app.pages.log import columns_of
from qi_equity.app.pasted import pasted
from qi_equity.app.state import Choice
from qi_equity.errors import UserError
from qi_equity.observations import COUNTS
from qi_equity.project import Measure
from qi_equity.sources import typed
from qi_equity.store import Desk
from qi_equity.store.text import inert
from qi_equity.words import say
from qi_equity.words.releases import account

Fields = Mapping[str, Any]
Answer = dict[str, Any]
MOST_CELLS = 400  # of one question: a log page has fewer

STALE = "this page asked for something this server does not know; reload the page"


def look(name: str, desk: Desk | None, choice: Choice | None, fields: Fields) -> Answer:
    """The answer to a page's question; raises UserError with what to put right."""
    if name == "outline":
        return incoming.outlined(desk, fields)
    if name not in LOOKS or choice is None:
        raise UserError(STALE)
    return LOOKS[name](desk, choice, fields)


def _read(desk: Desk | None, choice: Choice, fields: Fields) -> Answer:
    """Each cell as the server reads it: its number, or why it is none."""
    asked = fields.get("cells")
    if not isinstance(asked, list) or len(asked) > MOST_CELLS:
        raise UserError(STALE)
    found = []
    for one in asked:
        if not isinstance(one, dict):
            raise UserError(STALE)
        measure, name, text = (str(one.get(part, "")) for part in ("measure", "name", "text"))
        cell = typed.read(text[:200], _column(name), _measure(choice, measure))
        number = cell.number if cell.state == "number" else None
        said = inert(cell.said, 300) if cell.state == "wrong" else ""
        found.append({"measure": measure, "name": name, "text": text, "number": number,
                      "said": said})  # fmt: skip
    return {"cells": found}


def _paste(desk: Desk | None, choice: Choice, fields: Fields) -> Answer:
    """Where the cells of a pasted block go, and what became of each row."""
    measure = _measure(choice, str(fields.get("measure", "")))
    subgroup = pd.to_datetime(str(fields.get("subgroup", "")), format="ISO8601", errors="coerce")
    if pd.isna(subgroup):
        raise UserError(STALE)
    at = str(fields.get("stratum", "")), _column(str(fields.get("name", "")))
    text = str(fields.get("text", ""))
    found = pasted(choice.project, measure, columns_of(measure), text, at=at, subgroup=subgroup)
    return {"measure": measure.id, "fill": found.fill, "told": found.told}


def _standing(desk: Desk | None, choice: Choice, fields: Fields) -> Answer:
    """What others saved of the rows that a browser kept, since it kept them."""
    asked, site = fields.get("rows"), str(fields.get("site", ""))
    if desk is None or not isinstance(asked, list) or len(asked) > MOST_CELLS:
        raise UserError(STALE)
    rows = []
    for one in asked:
        told = str(one.get("revision", "")) if isinstance(one, dict) else "?"
        if not re.fullmatch("[0-9]{0,18}", told):
            raise UserError(STALE)
        key = {part: str(one.get(part, "")) for part in ("measure", "stratum", "subgroup")}
        rows.append({**key, "site": site, "revision": int(told) if told else None})
    return {"clashes": standing(desk, choice.project.id, rows)}


def _upload(desk: Desk | None, choice: Choice, fields: Fields) -> Answer:
    return incoming.looked(desk, choice.project, fields)


def _release(desk: Desk | None, choice: Choice, fields: Fields) -> Answer:
    """What the next release would hold, for a person to look at: nothing goes out."""
    if desk is None:
        raise UserError(STALE)
    project = crossed.base(choice.project.id)
    would = desk.release(project, keep=False)
    if would is None:
        raise UserError(say("release.nothing_logged"))
    lines = account(would, choice.project, len(desk.releases(project)), out=False)
    return {"account": list(lines), "seen": would.mark}


def _measure(choice: Choice, name: str) -> Measure:
    found = next((one for one in choice.project.measures if one.id == name), None)
    if found is None:
        raise UserError(STALE)
    return found


def _column(name: str) -> str:
    if name not in (*COUNTS, "value"):
        raise UserError(STALE)
    return name


LOOKS: dict[str, Callable[[Desk | None, Choice, Fields], Answer]] = {
    "read": _read,
    "paste": _paste,
    "standing": _standing,
    "upload": _upload,
    "voices": look_voices,
    "staff": look_staff,
    "release": _release,
}
