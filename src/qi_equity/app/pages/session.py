"""A network session: what to look at, shown large one after another, and what is decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from qi_equity.app.pages.page import Context, Page
from qi_equity.findings import Chart, Gap, rows
from qi_equity.observations import SERIES_KEY
from qi_equity.project import ALL_SITES, EVERYONE
from qi_equity.sources.calendar import DAYS
from qi_equity.store import Action, SessionNote
from qi_equity.view import icons
from qi_equity.view.figure import chart_figure
from qi_equity.view.gap_figure import gap_figure
from qi_equity.vocabulary import Verdict
from qi_equity.words import say
from qi_equity.words.charts import chart_sentences
from qi_equity.words.grammar import called, inside, sentence
from qi_equity.words.numbers import day, missing
from qi_equity.words.verdicts import verdict_sentences

OF_A_KIND = 4  # an agenda of more than an hour is no agenda
LATE = 2  # subgroups behind the newest of the network before a site is asked how it can be helped

KINDS = ("widening", "reversed", "concern", "improvement", "narrowing", "late")  # the hardest first


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to talk about: what it is, where, and the row it is read off."""

    kind: str
    measure: str
    site: str
    stratum: str
    row: Gap | Chart | None
    last: pd.Timestamp | None = None  # of a site that is late: what it logged last


def session(context: Context) -> Page:
    """The agenda with its notes and actions; with a slide number, that item alone and large."""
    items = agenda(context)
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
        "waiting": context.waiting,
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


def agenda(context: Context) -> list[Item]:
    """What the findings say is worth the session's time, the hardest first."""
    found: dict[str, list[Item]] = {kind: [] for kind in KINDS}
    gaps, charts = context.findings.gaps, context.findings.charts
    if context.findings.judged:
        for gap in sorted(rows(gaps, Gap), key=lambda row: _first(context, row)):
            kind = "narrowing" if gap.verdict == Verdict.CLOSED else gap.verdict
            if kind in found:
                found[kind].append(Item(kind, gap.measure, gap.site, gap.stratum, gap))
        latest = _latest_meanings(context.findings.points)
        order = charts.sort_values("q_value", kind="stable") if "q_value" in charts else charts
        for row in rows(order.drop_duplicates(SERIES_KEY), Chart):
            kind = latest.get((row.measure, row.site, row.stratum), "")
            if row.highlight and kind in found:
                found[kind].append(Item(kind, row.measure, row.site, row.stratum, row))
    found["late"] = _late(context)
    return [item for kind in KINDS for item in found[kind][:OF_A_KIND]]


def _first(context: Context, row: Gap) -> tuple[bool, bool, bool]:
    """What was declared before looking comes first, then the aim's measure, then all sites."""
    aim = context.choice.project.aim.measure
    return not row.declared, row.measure != aim, row.site != ALL_SITES


def _latest_meanings(points: pd.DataFrame) -> dict[tuple[str, str, str], str]:
    """The newest signal of each chart, as what it means."""
    if "meaning" not in points:
        return {}
    marked = points[points["meaning"].isin(["improvement", "concern"])]
    last = marked.drop_duplicates(SERIES_KEY, keep="last")
    keys = zip(last["measure"], last["site"], last["stratum"], strict=True)
    return dict(zip(keys, last["meaning"].astype(str), strict=True))


def _late(context: Context) -> list[Item]:
    """Sites whose last count of the aim's measure is well behind the newest of the network."""
    points = context.findings.points
    aim = context.choice.project.aim.measure
    if points.empty:
        return []
    own = points[
        (points["measure"] == aim) & (points["stratum"] == EVERYONE) & points["value"].notna()
    ]
    last = own.groupby("site", sort=False)["subgroup"].max()
    if last.empty:
        return []
    period = context.choice.project.measure(aim).subgroup
    limit = last.max() - pd.Timedelta(days=DAYS[period] * LATE)
    return [
        Item("late", aim, str(site), EVERYONE, None, when)
        for site, when in last.items()
        if when < limit
    ]


def _told(context: Context, item: Item) -> dict[str, Any]:
    """An agenda line: the kind, where, and the first thing to say of it."""
    measure = context.choice.project.measure(item.measure)
    site = context.choice.site_name(item.site)
    stratum, name = called(item.stratum), inside(measure.name)
    where = say("session.where_is", site=site, stratum=stratum, measure=name)
    said: list[str]
    if item.row is None:
        where = site
        said = [say("session.late", day=day(item.last))]
    elif isinstance(item.row, Gap):
        said = verdict_sentences(item.row, measure.multiply, measure.direction)
    else:
        points = _own(context.findings.points, item)
        said = chart_sentences(item.row, points, measure)
    page = "gap" if isinstance(item.row, Gap) else "charts"
    return {
        "kind": say(f"session.item.{item.kind}"),
        "icon": icons.verdict(item.kind)
        or icons.variation(item.kind, measure.direction)
        or icons.verdict(Verdict.TOO_FEW),
        "where": where,
        "said": [sentence(text) for text in said],
        "open": context.choice.address.link(
            page=page, measure=item.measure, site=item.site, stratum="", slide=""
        ),
    }


def _own(table: pd.DataFrame, item: Item) -> pd.DataFrame:
    if table.empty:
        return table
    return table[
        (table["measure"] == item.measure)
        & (table["site"] == item.site)
        & (table["stratum"] == item.stratum)
    ]


def _slide(context: Context, items: list[Item], place: int) -> Page:
    """One item for the room: a sentence, a figure, and the questions to ask."""
    item, address = items[place - 1], context.choice.address
    told = _told(context, item)
    measure = context.choice.project.measure(item.measure)
    figures = {}
    if isinstance(item.row, Gap):
        points = _own(context.findings.gap_points, item)
        if len(points):
            figures["slide"] = gap_figure(points, measure, context.markers())
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
                markers=[] if item.kind == "late" else context.markers(),
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
