"""Where an idea is tried, through the pages: a PDSA cycle is written down, and how it goes on."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from qi_equity.app.forms import Fields, made, text
from qi_equity.app.state import Choice
from qi_equity.errors import UserError
from qi_equity.project import Cycle
from qi_equity.store import Desk
from qi_equity.words import say

TICKED = "at."  # then the id of a site: the field of its tick box
STANDS = ("still_done", "stopped")


def _cycle(desk: Desk, choice: Choice, fields: Fields) -> str:
    """A new cycle of an idea at the sites that were ticked."""
    project = choice.project
    ideas = {idea.id for driver in project.drivers for idea in driver.change_ideas}
    idea = text(fields, "idea")
    if idea and idea not in ideas:
        raise UserError("choose an idea from the list")
    ticked = [name.removeprefix(TICKED) for name in fields if str(name).startswith(TICKED)]
    if not ticked:
        raise UserError("tick at least one site: where is it tried?")
    known = {site.id for site in project.sites}
    if not known.issuperset(ticked):
        raise UserError("one of these sites is no longer there; reload the page")
    one = made(
        Cycle,
        {
            "id": _new_id(text(fields, "title"), {cycle.id for cycle in project.cycles}),
            "title": text(fields, "title"), "start": text(fields, "start"),
            "plan": text(fields, "plan"), "adapted": text(fields, "adapted") or None,
            "change_idea": idea or None, "sites": tuple(ticked),
        },
    )  # fmt: skip
    desk.write(project.id, one)
    return say("spread.page.cycle_kept", title=one.title)


def _new_id(title: str, taken: set[str]) -> str:
    """An id that no cycle has, made of the title.

    >>> _new_id("Scales in every room", {"scales_in_every_room"})
    'scales_in_every_room_2'
    """
    stem = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:50]
    stem = stem if stem[:1].isalpha() else f"cycle_{stem}".rstrip("_")
    names = (stem, *(f"{stem}_{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _stands(desk: Desk, choice: Choice, fields: Fields) -> str:
    """That a cycle's change was seen still done on a day, or was given up."""
    kept = desk.entries(choice.project.id, Cycle)
    one = next((c for c in choice.project.cycles if c.id == text(fields, "cycle")), None)
    stands = text(fields, "stands")
    if one is None or stands not in STANDS:
        raise UserError("which cycle is meant, and how it stands, is not clear; reload the page")
    if text(fields, "day") > f"{date.today():%Y-%m-%d}":
        raise UserError("this day has not come yet")
    told = made(Cycle, one.model_dump() | {stands: text(fields, "day")})
    seen = kept[one.id].revision if one.id in kept else 0
    desk.write(choice.project.id, told, reason=say(f"spread.stands.{stands}"), seen=seen)
    return say("spread.page.stands_kept")


SPREADING: dict[str, Callable[[Desk, Choice, Fields], str]] = {
    "cycle": _cycle,
    "cycle_stands": _stands,
}
