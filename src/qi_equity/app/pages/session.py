"""A network session: what to look at, what was learnt, and who does what next."""

from __future__ import annotations

from typing import Any

import pandas as pd

from qi_equity.agenda import Item
from qi_equity.app.holding import Shown, Standing, standing
from qi_equity.app.pages.captured import captured
from qi_equity.app.pages.page import Context, Page, nothing_words
from qi_equity.app.pages.principles import principles
from qi_equity.app.pages.responses import still_open
from qi_equity.app.pages.slide import slide
from qi_equity.app.rounds import MEETING, ROUNDS, audiences
from qi_equity.view import icons
from qi_equity.vocabulary import Topic, Variation, Verdict
from qi_equity.words import say
from qi_equity.words.agenda import item_kind, item_place
from qi_equity.words.numbers import day


def session(context: Context) -> Page:
    """The agenda with its notes and actions; with a slide named, that item alone and large."""
    # Made-up data end on a made-up day: nobody is late for them today.
    today = None if context.choice.project.synthetic else context.today
    found = standing(context.desk, context.findings, today)
    address = context.choice.address
    place = _place(found, address.slide)
    written = captured(context)
    if place is not None:
        told = [_told(context, one) for one in found.every]
        return slide(context, found.every[place].item, told, place, written)
    values: dict[str, Any] = {
        "heading": say("session.heading", project=context.choice.project.title),
        "items": [_told(context, one) for one in found.items],
        "rest": [_told(context, one) for one in found.rest],
        "minutes": sum(one.minutes for one in found.items),
        "waiting": "" if found.kept else _waiting(context),
        "quiet": _quiet(context),
        "stored": context.desk is not None,
        **_held(context, found),
        **written,
        **principles(context, written["notes"]),
        "round": _round(context),
        "responses": still_open(context),
        "places": [("", say("session.network"))]
        + [(site.id, site.name) for site in context.choice.project.sites],
    }
    title = say("session.title", project=context.choice.project.title)
    waiting = (context.waiting and found.kept is None) or values["round"].get("going", False)
    return Page("session.html", values, title=title, waiting=waiting)


def _place(found: Standing, asked: str) -> int | None:
    """Where the item of a link stands: by its lasting name, or by its number on the agenda."""
    names = [one.item.link for one in found.every]
    if asked in names:
        return names.index(asked)
    number = int(asked) if asked.isdecimal() else 0
    return number - 1 if 1 <= number <= len(names) else None


def _held(context: Context, found: Standing) -> dict[str, Any]:
    """Whether the agenda is held, by whom and since when, and who may hold it or let it go."""
    desk = context.desk
    by = ""
    if found.kept is not None:
        when = pd.Timestamp(found.kept.at)
        by = say("session.held.by", who=found.kept.who, day=day(when), time=f"{when:%H:%M}")
    may = desk is not None and desk.user.may("write network entries") is not None
    # What is held needs no verdicts to be let go, and the page of it waits for none.
    ready = found.kept is not None or context.findings.judged
    return {"held": by, "standing": found.key, "may_hold": may and ready}


def _round(context: Context) -> dict[str, Any]:
    """What can be sent round, for whom, and how far what was asked for has come."""
    desk = context.desk
    offered = audiences(desk, context.choice) if desk is not None else []
    if desk is None or not offered:
        return {}
    from qi_equity.report import FORMATS, PACKS  # no other page needs what makes packs

    told: dict[str, Any] = {
        "state": "",
        "going": False,
        "link": "",
        "for": [(name, say(f"round.for.{name}")) for name in offered],
        "packs": [(name, _pack(name), name in MEETING) for name in PACKS],
        "formats": [(name, say(f"round.format.{name}"), True) for name in FORMATS],
    }
    last = ROUNDS.of(desk.user.name, context.choice.project.id)
    if last is None or not last.still():
        return told
    if not last.future.done():
        made = say("round.going", made=last.made, count=last.total)
        return told | {"going": True, "state": made, "made": last.made, "total": last.total}
    if last.future.exception() is not None:
        return told | {"state": say("round.failed")}
    state = say("round.there", count=last.total, audience=say(f"round.for.{last.audience}"))
    return told | {"state": state, "link": f"round/{last.token}"}


def _pack(name: str) -> str:
    """What a pack is called, and when one is for that is not for a meeting."""
    title = say(f"report.pack.{name}")
    return title if name in MEETING else say("round.yearly", pack=title)


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


def _told(context: Context, one: Shown) -> dict[str, Any]:
    """An agenda line: the kind, where, from then to now, and the first things to say of it."""
    item, address = one.item, context.choice.address
    measure = context.choice.project.measure(item.measure)
    since = say("session.since", line=one.since) if one.since else ""
    return {
        "id": item.id,
        "kind": item_kind(item),
        "icon": _icon(item, measure.direction),
        "where": item_place(item, context.findings),
        "line": one.line,
        "since": since,
        "minutes": say("session.minutes", count=one.minutes),
        "said": one.said,
        "link": address.link(page="session", slide=item.link),
        "open": address.link(
            page="charts", measure=item.measure, site=item.site, stratum=item.stratum, slide=""
        ),
    }


def _icon(item: Item, direction: str) -> str:
    if item.kind == Topic.LATE:
        return icons.verdict(Verdict.TOO_FEW)
    if item.kind == Topic.CHANGED:
        return icons.variation(Variation.SPECIAL_CAUSE, direction)
    return icons.verdict(item.kind) or icons.variation(item.kind, direction)


def _waiting(context: Context) -> str:
    """Why the agenda lacks verdicts; nothing where it has them."""
    if context.failed:
        return context.late_words
    return say("session.waiting") if context.waiting else ""
