"""The anti-racism principles of a project, asked again at each session; answers are notes.

A part of the page of a session; no page of its own.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from qi_equity.app.pages.page import Context
from qi_equity.app.pages.voices import places
from qi_equity.words import say

OF = "principle/"  # then its prompt, quoted: the item of a note that answers one


def principles(context: Context, notes: list[dict[str, Any]]) -> dict[str, Any]:
    """Each principle with its newest answer and whether it is of today, and who may answer.

    notes: newest first, as `captured` gives them; those that answer no principle are given back.
    """
    asked = []
    for one in context.choice.project.principles:
        item = f"{OF}{quote(one.prompt, safe='')}"
        own = [note for note in notes if note["item"] == item]
        last = own[0] if own else None
        asked.append({
            "item": item,
            "prompt": one.prompt,
            "answer": last["text"] if last else one.answer or "",
            "when": say("session.principles.said", day=last["when"], who=last["who"])
            if last else "",
            "now": last is not None and f"{last['day']:%Y-%m-%d}" == f"{context.today:%Y-%m-%d}",
        })  # fmt: skip
    desk = context.desk
    mine = places(context, desk) if desk is not None else []
    return {
        "principles": asked,
        "unasked": sum(not one["now"] for one in asked),
        "answers_at": mine[0][0] if mine else None,
        "notes": [note for note in notes if not str(note["item"] or "").startswith(OF)],
    }
