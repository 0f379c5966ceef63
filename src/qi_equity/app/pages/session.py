"""A network session: what to look at, shown large one after another, and what is decided."""

from __future__ import annotations

from typing import Any

import pandas as pd

from qi_equity.agenda import Item, agenda
from qi_equity.app.pages.page import Context, Page, nothing_words
from qi_equity.findings import Gap
from qi_equity.store import Action, SessionNote
from qi_equity.view import icons
from qi_equity.view.figure import chart_figure
from qi_equity.view.gap_figure import gap_figure
from qi_equity.vocabulary import Topic, Variation, Verdict
from qi_equity.words import say
from qi_equity.words.agenda import item_kind, item_place, item_sentences
from qi_equity.words.grammar import sentence
from qi_equity.words.numbers import day, missing


def session(context: Context) -> Page:
    """The agenda with its notes and actions; with a slide number, that item alone and large."""
    # Made-up data end on a made-up day: nobody is late for them today.
    today = None if context.choice.project.synthetic else context.today
    found = agenda(context.findings, today)
    items = list(found.items)
    address = context.choice.address
    place = int(address.slide) if address.slide.isdecimal() else 0
    if 1 <= place <= len(items):
        return _slide(context, items, place)
    desk = context.desk
    notes, actions, may_write = [], [], False
    if desk is not None:
        project = context.choice.project.id
        may_write = desk.user.may("write entries") is not None
        if desk.user.may("read entries"):
            notes = [_kept(one) for one in desk.entries(project, SessionNote).values()]
            actions = [
                _kept(one) | {"key": key} for key, one in desk.entries(project, Action).items()
            ]
    values: dict[str, Any] = {
        "heading": say("session.heading", project=context.choice.project.title),
        "items": [
            _told(context, item) | {"link": address.link(page="session", slide=number)}
            for number, item in enumerate(items, 1)
        ],
        "rest": [_told(context, item) | {"link": ""} for item in found.rest],
        "waiting": _waiting(context),
        "quiet": _quiet(context),
        "notes": notes[::-1],
        "actions": actions[::-1],
        "may_write": may_write,
        "stored": desk is not None,
        "today": f"{context.today:%Y-%m-%d}",
        "places": [("", say("session.network"))]
        + [(site.id, site.name) for site in context.choice.project.sites],
    }
    title = say("session.title", project=context.choice.project.title)
    return Page("session.html", values, title=title, waiting=context.waiting)


def _quiet(context: Context) -> list[str]:
    """Why the agenda is empty: nothing to see, too early, or nothing established; else nothing."""
    charts = context.findings.charts
    if charts.empty:
        return nothing_words(context)
    if context.waiting:
        return []
    # Only a team is told what is watched.
    told = "not_watched" in charts and charts["not_watched"].notna().any()
    if told and charts["not_watched"].fillna("").ne("").all():
        return [say("session.too_early")]
    return [say("session.quiet")]


def _told(context: Context, item: Item) -> dict[str, Any]:
    """An agenda line: the kind, where, and the first thing to say of it."""
    measure = context.choice.project.measure(item.measure)
    return {
        "kind": item_kind(item),
        "icon": _icon(item, measure.direction),
        "where": item_place(item, context.findings),
        "said": item_sentences(item, context.findings),
        "open": context.choice.address.link(
            page="charts", measure=item.measure, site=item.site, stratum=item.stratum, slide=""
        ),
    }


def _icon(item: Item, direction: str) -> str:
    if item.kind == Topic.LATE:
        return icons.verdict(Verdict.TOO_FEW)
    if item.kind == Topic.CHANGED:
        return icons.variation(Variation.SPECIAL_CAUSE, direction)
    return icons.verdict(item.kind) or icons.variation(item.kind, direction)


def _own(table: pd.DataFrame, item: Item) -> pd.DataFrame:
    if table.empty:
        return table
    return table[
        (table["measure"] == item.measure)
        & (table["site"] == item.site)
        & (table["stratum"] == item.stratum)
    ]


def _waiting(context: Context) -> str:
    """Why the agenda lacks verdicts; nothing where it has them."""
    if context.failed:
        return context.late_words
    return say("session.waiting") if context.waiting else ""


def _slide(context: Context, items: list[Item], place: int) -> Page:
    """One item for the room: a sentence, a figure, and the questions to ask."""
    item, address = items[place - 1], context.choice.address
    told = _told(context, item)
    measure = context.choice.project.measure(item.measure)
    figures = {}
    if isinstance(item.row, Gap):
        points = _own(context.findings.gap_points, item)
        if len(points):
            figures["slide"] = gap_figure(points, measure, context.markers(), [item.row])
    else:
        points = _own(context.findings.points, item)
        if len(points):
            figures["slide"] = chart_figure(
                points,
                points.iloc[:0],
                ["stratum"],
                unit=measure.unit,
                columns=1,
                legend=False,
                markers=[] if item.kind == Topic.LATE else context.markers(),
            )
    for figure in figures.values():
        figure["layout"]["meta"]["height"] = 400
        figure["layout"]["font"]["size"] = 15
    values = told | {
        "place": place,
        "total": len(items),
        "label": " ".join(map(sentence, (told["kind"], told["where"], *told["said"]))),
        "drawn": bool(figures),
        "previous": address.link(slide=place - 1) if place > 1 else "",
        "next": address.link(slide=place + 1) if place < len(items) else "",
        "agenda": address.link(slide=""),
    }
    title = say("session.slide.title", kind=told["kind"], where=told["where"])
    return Page("slide.html", values, figures, title, told["kind"])


def _kept(one: Any) -> dict[str, Any]:
    content: dict[str, Any] = one.content.model_dump()
    when = content.get("day") or content.get("due")
    return content | {"who": one.who, "when": "" if missing(when) else day(when)}
