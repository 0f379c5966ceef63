"""Who changed which count when, and why; any change can be taken back, and that is kept too."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pandas as pd

from qi_equity.app.pages.page import Context, Page, told
from qi_equity.store.intake import named
from qi_equity.words import say
from qi_equity.words.grammar import called
from qi_equity.words.numbers import day, number

READ, SHOWN = 2000, 100  # changes read, and at most shown
CAN_UNDO = ("observation", "import", "annotation", "note", "action", "cycle", "session")


def history(context: Context) -> Page:
    """The versions of one cell where one is named, else the newest changes of the project."""
    address, desk, project = context.choice.address, context.desk, context.choice.project
    title = say("labels.page.history")
    if desk is None:
        return told(title, [say("history.findings_only")])
    one_cell = bool(address.stratum and address.week)
    cell = (address.measure, address.site, address.stratum, address.week)
    found = desk.history(project.id, cell if one_cell else None, most=READ)
    if one_cell:
        found = tuple(reversed(found))
    else:  # an import is one line here, not a line for each of its counts
        found = tuple(one for one in found if not (one.kind == "observation" and one.file_hash))
    rows = [_row(one) for one in found[:SHOWN]]
    values: dict[str, Any] = {
        "heading": title,
        "about": _one_cell(context) if one_cell else say("history.newest", count=len(rows)),
        "rows": rows,
        "back": address.link(page="log", stratum="") if one_cell else "",
    }
    return Page("history.html", values, title=title)


def _one_cell(context: Context) -> str:
    address = context.choice.address
    return say(
        "history.one_cell",
        measure=context.measure.name,
        site=context.choice.site_name(address.site),
        stratum=called(address.stratum),
        subgroup=address.week,
    )


def _row(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "what": say(f"history.kind.{one.kind}"),
        "key": named(one.key) if one.kind == "observation" else "",
        "says": _says(one),
        "who": one.who,
        "at": say("history.moment", day=day(pd.Timestamp(one.at)), time=one.at[11:16]),
        "why": one.why or "",
        "version": one.version,
        "undo": one.kind in CAN_UNDO,
    }


def _session(kept: dict[str, Any]) -> str:
    if not kept["held"]:
        return say("history.let_go")
    return say("history.session", count=len(kept["items"]))


def _step(kept: dict[str, Any]) -> str:
    fields = {"text": kept["text"], "owner": kept["owner"]}
    fields["due"] = day(pd.Timestamp(kept["due"])) if kept["due"] else say("language.nothing")
    return say("history.step_done" if kept["done"] else "history.step", **fields)


# What is said of an entry that is more than its text.
ENTRIES: dict[str, Callable[[dict[str, Any]], str]] = {"session": _session, "action": _step}


def _says(one: Any) -> str:
    """What a version says, in a few words; an import says how much it brought."""
    if one.body is None:
        return say("history.nothing_said")
    kept = json.loads(one.body)
    if one.kind == "import":
        taken, refused = number(kept["taken"]), number(len(kept["refused"]))
        return say("history.import", taken=taken, refused=refused)
    if one.kind in ENTRIES:
        return ENTRIES[one.kind](kept)
    if one.kind != "observation":
        return str(kept.get("text") or kept.get("title") or say("history.another_version"))
    if kept["numerator"] is None:
        return str(kept["value"])
    if kept["denominator"] is None:
        return str(kept["numerator"])
    return say("language.count_of", numerator=kept["numerator"], denominator=kept["denominator"])
