"""Whose voices were heard beside those served, what they raised, and what was done about it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from qi_equity.app.gathering import ASKED
from qi_equity.app.pages.page import Context, Page, told
from qi_equity.app.received import LARGEST
from qi_equity.network import voices as room
from qi_equity.project import EVERYONE
from qi_equity.sources.grid import READERS
from qi_equity.store import Desk
from qi_equity.store.entries import Engagement
from qi_equity.store.gathered import Heard, Makeup
from qi_equity.view.panels import Figure
from qi_equity.view.table import Table
from qi_equity.view.years_figure import years_figure
from qi_equity.words import say
from qi_equity.words.grammar import called, listed
from qi_equity.words.numbers import day, fixed, interval, missing, share, whole

MOST_THEMES = 30


def voices(context: Context) -> Page:
    """The newest round of voices, all rounds over time, the themes, and whom a team met."""
    desk, title = context.desk, say("labels.page.voices")
    if desk is None:
        return told(title, [say("voices.page.findings_only")])
    if not desk.user.may("read entries"):
        return told(title, [say("voices.page.not_yours")])
    project = context.choice.project
    rounds = [one.content for one in desk.entries(project.id, Heard).values()]
    rounds.sort(key=lambda one: (one.until, one.since), reverse=True)
    over_time, figures = _over_time(rounds)
    values: dict[str, Any] = {
        "heading": title,
        "rounds": [_round(context, desk, one) for one in rounds[:1]],
        "themes": _themes(context, rounds[0]) if rounds else [],
        "over_time": over_time,
        "charted": bool(figures),
        "met": _met(context, desk),
        "today": f"{context.today:%Y-%m-%d}",
        "places": places(context, desk),
        "may": may_write(context, desk),
        "measures_known": [("", say("voices.page.no_measure"))]
        + [(one.id, one.name) for one in project.measures],
        "groups": [(f"{ASKED}{n}", g.name) for n, g in enumerate(project.strata.groups)],
        "largest": LARGEST,
        "kinds": ",".join(READERS),
    }
    return Page("voices.html", values, figures, title)


def may_write(context: Context, desk: Desk) -> bool:
    """Whether there is anywhere that this user may write of."""
    return bool(places(context, desk))


def places(context: Context, desk: Desk) -> list[tuple[str, str]]:
    """Where this user may write: the network, if they may, and the sites they may write of."""
    project = context.choice.project
    known = frozenset(site.id for site in project.sites)
    own = desk.user.where("write entries", known, frozenset(desk.consented(project.id)))
    network = [("", say("session.network"))] * bool(desk.user.may("write network entries"))
    return network + [(site.id, site.name) for site in project.sites if site.id in own]


def served(
    context: Context, desk: Desk, sites: tuple[str, ...], days: tuple[Any, Any]
) -> tuple[pd.Series, str]:
    """Those served there in these days, and who they are: births first, else a named table."""
    project = context.choice.project
    true = set(desk.sites(project.id)) if desk.user.may("see") else set()
    asked = set(sites) or {site.id for site in project.sites}
    found = room.served_here(context.findings, sites, days, released=not asked <= true)
    if found.sum() > 0:
        period = interval_of(*days)
        name = say("voices.births")
        return found, say("voices.page.among", name=name, period=period)
    other = newest(context, desk, "community")
    if other is None:
        return found, ""
    people = {one.stratum: one.people for one in other.groups}
    return pd.Series(people, dtype=float), other.name


def newest(context: Context, desk: Desk, of: str) -> Makeup | None:
    """The newest table of who makes up the team, the community or the organisation."""
    kept = desk.entries(context.choice.project.id, Makeup).values()
    own = [one for one in kept if one.content.of == of]
    return max(own, key=lambda one: one.revision).content if own else None


def interval_of(since: Any, until: Any) -> str:
    """Two days, as they are read aloud."""
    return say("language.interval", low=day(since), high=day(until))


def _round(context: Context, desk: Desk, one: Heard) -> dict[str, Any]:
    """Each group's share of the voices beside its share of those served, as sentences and table."""
    project = context.choice.project
    births, name = served(context, desk, one.sites, (one.since, one.until))
    rows = room.voices_of(project, one.groups, births)
    heard = rows["voices"].sum(skipna=False)
    lead = say(
        "voices.page.round", title=one.title, period=interval_of(one.since, one.until),
        where=_where(context, one.sites),
    )  # fmt: skip
    lines = [lead, say("voices.page.beside", name=name) if name else say("voices.page.no_served")]
    if not missing(heard):
        lines.insert(1, say("voices.page.people", count=int(heard)))
    if not one.team:
        lines.append(say("voices.page.protected"))
    return {"lines": lines, "table": _beside(rows)}


def _beside(rows: pd.DataFrame) -> Table:
    heads = ("group", "voices", "share", "served_share", "ratio", "more")
    table = []
    for row in rows.to_dict("records"):
        if not (row["voices"] or row["served"] > 0 or missing(row["voices"])):
            continue
        table.append((called(row["stratum"]), *_cells(row)))
    caption = say("voices.page.beside_caption")
    header = tuple(say(f"voices.page.head.{name}") for name in heads)
    return Table(caption, header, tuple(table), frozenset(range(1, len(heads))))


def _cells(row: Any) -> tuple[str, ...]:
    nothing = say("language.nothing")
    hidden = say("voices.page.few")
    ratio = more = nothing
    if not missing(row["ratio"]):
        limits = interval(row["lower"], row["upper"], 2)
        ratio = say("voices.page.ratio", ratio=fixed(row["ratio"], 2), interval=limits)
        more = whole(row["more"])
    return (
        hidden if missing(row["voices"]) else whole(row["voices"]),
        nothing if missing(row["share"]) else share(row["share"]),
        nothing if missing(row["served_share"]) else share(row["served_share"]),
        ratio,
        more,
    )


def _where(context: Context, sites: tuple[str, ...]) -> str:
    names = [context.choice.site_name(site) for site in sites]
    return listed(names) or say("session.network")


def _themes(context: Context, one: Heard) -> list[dict[str, Any]]:
    """Each theme with how many people raised it, of how many, by group, and the measure of it."""
    rows = room.themes_of(context.choice.project, one.themes)
    names = {measure.id: measure.name for measure in context.choice.project.measures}
    found = []
    for theme, own in rows.groupby("theme", sort=False):
        every = own[own["stratum"] == EVERYONE].iloc[0]
        groups = own[(own["stratum"] != EVERYONE) & (own["people"] > 0)]
        measure = every["measure"]
        found.append({
            "name": theme,
            "people": _of(every),
            "groups": listed(
                say("voices.page.by_group", stratum=called(g["stratum"]), people=_of(g))
                for g in groups.to_dict("records")
            ),
            "measure": names.get(measure, ""),
            "link": context.choice.address.link(page="charts", measure=measure, key="")
            if measure in names else "",
        })  # fmt: skip
    return found[:MOST_THEMES]


def _of(row: Any) -> str:
    if missing(row["people"]) or missing(row["asked"]):
        return say("voices.page.few")
    return say("language.count_of", numerator=whole(row["people"]), denominator=whole(row["asked"]))


def _over_time(rounds: list[Heard]) -> tuple[Table | None, dict[str, Figure]]:
    """Who answered of those asked, round by round; a chart from two rounds on."""
    rows = room.answered(rounds)
    if rows.empty:
        return None, {}
    lines = tuple(
        (
            row["title"], called(row["stratum"]),
            say("language.count_of", numerator=whole(row["people"]),
                denominator=whole(row["asked"])),
            share(row["value"] / 100), interval(row["lower"], row["upper"], 1),
        )
        for row in rows.to_dict("records")
    )  # fmt: skip
    heads = ("round", "group", "answered", "share_answered", "interval")
    header = tuple(say(f"voices.page.head.{name}") for name in heads)
    table = Table(say("voices.page.answered"), header, lines, frozenset((2, 3, 4)))
    if rows["subgroup"].nunique() < 2:
        return table, {}
    drawn = rows.rename(columns={"value": "estimate"}).assign(
        along=rows["subgroup"].dt.strftime("%Y-%m-%d")
    )
    names = {name: called(name) for name in rows["stratum"]}
    figure = years_figure(drawn, "stratum", "along", names, unit="%")
    return table, {"answered": figure}


def _met(context: Context, desk: Desk) -> list[dict[str, Any]]:
    """You said, we did: every meeting, the newest first."""
    project = context.choice.project
    names = {one.id: one.name for one in project.measures}
    kept = desk.entries(project.id, Engagement)
    order = sorted(kept, key=lambda key: kept[key].content.day, reverse=True)
    known = dict(places(context, desk))
    return [
        {
            "key": key,
            "day": day(one.day),
            "met": one.met,
            "where": one.where,
            "said": one.said,
            "did": one.did or "",
            "measure": names.get(one.measure or "", ""),
            "link": context.choice.address.link(page="charts", measure=one.measure, key="")
            if one.measure in names else "",
            "may": all(site in known for site in one.sites or ("",)),
        }
        for key in order
        for one in (kept[key].content,)
    ]  # fmt: skip
