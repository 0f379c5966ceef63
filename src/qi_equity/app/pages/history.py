"""Who changed which count when, and why; any change can be taken back, and that is kept too."""

from __future__ import annotations

import json
from typing import Any

from qi_equity.app.pages.page import Context, Page
from qi_equity.store.intake import named, shown

READ, SHOWN = 2000, 100  # changes read, and at most shown
WORDS = {
    "observation": "Count",
    "import": "Import of a file",
    "plan": "Project file",
    "cycle": "PDSA cycle",
    "annotation": "Annotation",
    "note": "Session note",
    "action": "Action",
    "consent": "Consent",
}
CAN_UNDO = ("observation", "import", "annotation", "note", "action", "cycle")


def history(context: Context) -> Page:
    """The versions of one cell where one is named, else the newest changes of the project."""
    address, desk, project = context.choice.address, context.desk, context.choice.project
    if desk is None:
        lines = ["This server keeps no history: it shows findings only."]
        return Page("empty.html", {"heading": "History", "lines": lines}, title="History")
    one_cell = bool(address.stratum and address.week)
    cell = (address.measure, address.site, address.stratum, address.week)
    found = desk.history(project.id, cell if one_cell else None, most=READ)
    if one_cell:
        found = tuple(reversed(found))
    else:  # an import is one line here, not a line for each of its counts
        found = tuple(one for one in found if not (one.kind == "observation" and one.file_hash))
    rows = [_row(one) for one in found[:SHOWN]]
    where = " · ".join(
        [context.measure.name, context.choice.site_name(address.site), address.stratum]
    )
    values: dict[str, Any] = {
        "heading": "History",
        "about": f"{where}, {address.week}"
        if one_cell
        else f"The newest changes, {len(rows)} shown.",
        "rows": rows,
        "back": address.link(page="log", stratum="") if one_cell else "",
    }
    return Page("history.html", values, title="History")


def _row(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "what": WORDS.get(one.kind, one.kind),
        "key": named(one.key) if one.kind == "observation" else "",
        "says": _says(one),
        "who": one.who,
        "at": one.at[:16].replace("T", " "),
        "why": one.why or "",
        "version": one.version,
        "undo": one.kind in CAN_UNDO,
    }


def _says(one: Any) -> str:
    """What a version says, in a few words; an import says how much it brought."""
    if one.kind != "import" or one.body is None:
        return shown(one.body)
    told = json.loads(one.body)
    return f"{told['taken']} rows taken, {len(told['refused'])} refused"
