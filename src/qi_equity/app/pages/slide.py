"""One item of an agenda for the room: a sentence, a figure as large as the screen, and what is
written down beside it. A part of the page of a session; no page of its own.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from qi_equity.agenda import Item
from qi_equity.app.pages.page import Context, Page, cycle_words
from qi_equity.findings import Gap, GapPoint, Point
from qi_equity.project import ALL_SITES, Cycle
from qi_equity.view.figure import chart_figure
from qi_equity.view.gap_figure import gap_figure
from qi_equity.view.panels import Figure, Marker
from qi_equity.vocabulary import Topic
from qi_equity.words import say
from qi_equity.words.grammar import sentence

SAID = 2  # sentences beside the figure


def slide(
    context: Context, item: Item, told: list[dict[str, Any]], place: int, written: dict[str, Any]
) -> Page:
    """One item: what there is to say, its figure with the cycles of its site, and forms."""
    this = told[place]
    cycles = _cycles(context, item)
    figures = _figures(context, item, _markers(cycles))
    mine = {
        name: [one for one in written[name] if one["item"] == this["id"]]
        for name in ("notes", "actions")
    }
    values = written | mine | this | {
        "said": this["said"][:SAID],
        "place": place + 1,
        "total": len(told),
        "label": " ".join(map(sentence, (this["kind"], this["where"], *this["said"]))),
        "drawn": bool(figures),
        "cycle_key": [cycle_words(cycle) for cycle in cycles] if figures else [],
        "writes_at": _writes_at(context, item),
        "previous": told[place - 1]["link"] if place else "",
        "next": told[place + 1]["link"] if place + 1 < len(told) else "",
        "agenda": context.choice.address.link(slide=""),
    }  # fmt: skip
    title = say("session.slide.title", kind=this["kind"], where=this["where"])
    return Page("slide.html", values, figures, title, this["kind"])


def _cycles(context: Context, item: Item) -> list[Cycle]:
    """The cycles of the item's own site; of all sites together those that every site ran."""
    if item.kind == Topic.LATE:
        return []
    every = {site.id for site in context.choice.project.sites}
    here = [
        cycle
        for cycle in context.choice.project.cycles
        if (not cycle.sites or item.site in cycle.sites or every == set(cycle.sites))
        and (not cycle.strata or item.stratum in cycle.strata)
    ]
    return sorted(here, key=lambda cycle: (cycle.start, cycle.id))


def _markers(cycles: list[Cycle]) -> list[Marker]:
    return [
        Marker(pd.Timestamp(cycle.start), str(number), cycle_words(cycle))
        for number, cycle in enumerate(cycles, 1)
    ]


def _figures(context: Context, item: Item, markers: list[Marker]) -> dict[str, Figure]:
    measure, findings = context.choice.project.measure(item.measure), context.findings
    gap = isinstance(item.row, Gap)
    points = findings.of(GapPoint if gap else Point, measure, item.site)
    points = points[points["stratum"] == item.stratum] if len(points) else points
    if points.empty:
        return {}
    if gap:
        rows = [item.row] if isinstance(item.row, Gap) else []
        return {"slide": for_the_room(gap_figure(points, measure, markers, rows))}
    figure = chart_figure(
        points,
        ["stratum"],
        unit=measure.unit,
        columns=1,
        legend=False,
        markers=markers,
    )
    return {"slide": for_the_room(figure)}


def for_the_room(figure: Figure) -> Figure:
    """The figure as high as a wide screen has place for, and with letters for a room there.

    >>> for_the_room({"data": [], "layout": {"meta": {"columns": 1}}})["layout"]["meta"]
    {'columns': 1, 'fill': True}
    """
    figure["layout"]["meta"]["fill"] = True
    return figure


def _writes_at(context: Context, item: Item) -> str:
    """Where a note of this item is kept: with its site where one may write there, else with all."""
    desk = context.desk
    if desk is None or item.site == ALL_SITES:
        return ""
    consented = frozenset(desk.consented(context.choice.project.id))
    return item.site if desk.user.where("write entries", frozenset({item.site}), consented) else ""
