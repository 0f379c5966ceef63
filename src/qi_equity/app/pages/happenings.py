"""What a team wrote down of a day, as a letter on its charts, and what the form for more needs.

A part of the page of one measure at one site; no page of its own.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from qi_equity.app.pages.page import Context
from qi_equity.project import ALL_SITES
from qi_equity.store import Annotation
from qi_equity.view.panels import Marker
from qi_equity.words import say
from qi_equity.words.grammar import called, listed
from qi_equity.words.numbers import day

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def happened(context: Context) -> list[Marker]:
    """What happened here, lettered by its day: cycles have numbers, so neither moves the other."""
    desk = context.desk
    if desk is None or desk.user.may("read entries") is None:
        return []
    kept = desk.entries(context.choice.project.id, Annotation).values()
    here = [one.content for one in kept if _of_this_page(one.content, context)]
    here.sort(key=lambda one: (one.day, one.text))
    return [
        Marker(pd.Timestamp(one.day), letter(place), _words(one), one.strata)
        for place, one in enumerate(here)
    ]


def letter(place: int) -> str:
    """The letter of the first, second, ... note, as a list of the browser's counts on after z.

    >>> [letter(place) for place in (0, 25, 26, 52)]
    ['a', 'z', 'aa', 'ba']
    """
    before = letter(place // len(LETTERS) - 1) if place >= len(LETTERS) else ""
    return before + LETTERS[place % len(LETTERS)]


def _of_this_page(one: Annotation, context: Context) -> bool:
    """Of its measure, and of its site or the whole network: a site's own stays on its charts."""
    here = not one.sites or context.choice.site in one.sites
    return here and one.measure in (None, context.measure.id)


def _words(one: Annotation) -> str:
    words = say("happenings.one", text=one.text, day=day(one.day))
    if not one.strata:
        return words
    return say("happenings.of_strata", note=words, strata=listed(map(called, one.strata)))


def form(context: Context, points: pd.DataFrame) -> dict[str, Any] | None:
    """What the form offers whoever may write here; None for all others.

    The day offered is that of the last point, which is the one most often asked about.
    """
    desk, project, site = context.desk, context.choice.project, context.choice.site
    if desk is None:
        return None
    if site == ALL_SITES:
        may = desk.user.may("write network entries") is not None
    else:
        consented = frozenset(desk.consented(project.id))
        may = bool(desk.user.where("write entries", frozenset({site}), consented))
    if not may:
        return None
    return {
        "site": "" if site == ALL_SITES else site,
        "day": f"{points['subgroup'].max():%Y-%m-%d}",
        "measures": [(context.measure.id, context.measure.name), ("", say("happenings.every"))],
        "strata": [("", say("board.every_group"))]
        + [(group.name, group.name) for group in project.strata.groups],
    }
