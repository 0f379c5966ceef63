"""People who give care: the standard's nine indicators over years, and whom a team is made up of.

Users of the app are on the page of people; here are numbers of staff, and never a name.
"""

from __future__ import annotations

from typing import Any, get_args

import pandas as pd

from qi_equity.app.gathering import PEOPLE
from qi_equity.app.pages.page import Context, Page, told
from qi_equity.app.pages.voices import interval_of, may_write, newest, places, served
from qi_equity.app.received import LARGEST
from qi_equity.network import workforce as room
from qi_equity.sources.grid import READERS
from qi_equity.store import Desk
from qi_equity.store.gathered import Makes, Makeup, Staff
from qi_equity.view.panels import Figure
from qi_equity.view.table import Table
from qi_equity.view.years_figure import years_figure
from qi_equity.words import say
from qi_equity.words.grammar import called, listed
from qi_equity.words.numbers import fixed, interval, missing, share, whole
from qi_equity.words.workforce import ALL_STAFF, careful, said

LIKELIHOODS, POINTS = (2, 3, 4), (5, 6, 7, 8, 9)
YEAR = 365  # days of births that a team is laid beside


def staff(context: Context) -> Page:
    """The newest numbers of the standard, and the team beside its three references."""
    desk, title = context.desk, say("labels.page.staff")
    if desk is None:
        return told(title, [say("workforce.page.findings_only")])
    if not desk.user.may("read entries"):
        return told(title, [say("workforce.page.not_yours")])
    project = context.choice.project
    kept = desk.entries(project.id, Staff).values()
    last = max(kept, key=lambda one: one.revision, default=None)
    found = room.wres(room.table_of(last.content)) if last else pd.DataFrame(columns=room.COLUMNS)
    figures = _figures(found)
    values: dict[str, Any] = {
        "heading": title,
        "of": _of(context, last.content) if last else "",
        "protected": bool(last and not last.content.team),
        "drawn": list(figures),
        "indicators": [_indicator(n, rows) for n, rows in found.groupby("indicator")],
        "bands": _bands(found),
        "team": _team(context, desk),
        "may": may_write(context, desk),
        "places": places(context, desk),
        "makes": [(one, say(f"workforce.page.makes.{one}")) for one in get_args(Makes)],
        "groups": [(f"{PEOPLE}{n}", g.name) for n, g in enumerate(project.strata.groups)],
        "largest": LARGEST,
        "kinds": ",".join(READERS),
    }
    return Page("staff.html", values, figures, title)


def _of(context: Context, one: Staff) -> str:
    where = listed(context.choice.site_name(site) for site in one.sites)
    return say("workforce.page.of", title=one.title, where=where or say("session.network"))


def _whole_staff(found: pd.DataFrame) -> pd.DataFrame:
    """Rows of all staff and all recruits, a year each."""
    of_all = (found["part"] == ALL_STAFF) & (found["recruits"] == room.RECRUITS[0])
    return found[of_all & ~found["years"].astype(str).str.contains(" to ")]


def _figures(found: pd.DataFrame) -> dict[str, Figure]:
    """The years of each indicator that has more than one; a year alone is no chart."""
    rows = _whole_staff(found).dropna(subset=["estimate", "lower", "upper"])
    rows = rows.sort_values(["indicator", "years"])
    figures = {}
    for name, numbers, middle in (("likelihoods", LIKELIHOODS, 1.0), ("points", POINTS, 0.0)):
        own = rows[rows["indicator"].isin(numbers)]
        own = own[own.groupby("indicator")["years"].transform("nunique") > 1]
        if own.empty:
            continue
        names = {
            str(n): say("workforce.page.short", number=n, words=say(f"workforce.short.{n}"))
            for n in own["indicator"].unique()
        }
        figures[name] = years_figure(own, "indicator", "years", names, middle=middle)
    return figures


def _indicator(number: Any, rows: pd.DataFrame) -> dict[str, Any]:
    """One indicator in words: its definition, each year, the years together, what to mind."""
    lines = []
    for row in rows[rows["form"] != room.BANDS].to_dict("records"):
        parts = [one for one in (row["part"], row["recruits"]) if one not in (ALL_STAFF, "all")]
        if parts:
            line = say("workforce.part", part=", ".join(parts), years=row["years"], said=said(row))
        else:
            together = "pooled" if " to " in row["years"] else "year"
            line = say(f"workforce.{together}", years=row["years"], said=said(row))
        lines.append(line)
        if row["unknown"]:
            lines.append(say("workforce.unknown", count=int(row["unknown"])))
    return {
        "number": number,
        "definition": say(f"workforce.definition.{number}"),
        "lines": lines,
        "careful": list(careful(rows)),
        "bands": bool((rows["form"] == room.BANDS).any()),
    }


def _bands(found: pd.DataFrame) -> Table | None:
    rows = found[found["form"] == room.BANDS]
    if rows.empty:
        return None
    lines = tuple((row["part"], row["years"], said(row)) for row in rows.to_dict("records"))
    heads = ("part", "years", "difference")
    header = tuple(say(f"workforce.page.head.{name}") for name in heads)
    return Table(say("workforce.page.bands"), header, lines)


def _team(context: Context, desk: Desk) -> dict[str, Any]:
    """The team beside those cared for, the community and the organisation, each by its name."""
    team = newest(context, desk, "team")
    if team is None:
        return {}
    until = context.today
    since = until - pd.Timedelta(days=YEAR)
    cared, period = served(context, desk, team.sites, (since, until))
    tables, lacking = [], []
    if cared.sum() > 0 and period.startswith(say("voices.births")):
        name = interval_of(since, until)
        tables.append(_beside(team, cared, say("workforce.page.cared_for", name=name)))
    else:
        lacking.append(say("workforce.page.cared_for", name=interval_of(since, until)))
    for of in ("community", "organisation"):
        one = newest(context, desk, of)
        if one is None:
            lacking.append(say(f"workforce.page.makes.{of}"))
            continue
        people = pd.Series({g.stratum: g.people for g in one.groups}, dtype=float)
        tables.append(_beside(team, people, say(f"workforce.page.{of}", name=one.name)))
    return {
        "tables": tables,
        "lacking": [say("workforce.page.no_reference", what=what) for what in lacking],
    }


def _beside(team: Makeup, reference: pd.Series, name: str) -> Table:
    rows = room.represented(team, reference)
    nothing = say("language.nothing")
    lines = []
    for row in rows.to_dict("records"):
        ratio = more = nothing
        if not missing(row["ratio"]):
            limits = interval(row["lower"], row["upper"], 2)
            ratio = say("voices.page.ratio", ratio=fixed(row["ratio"], 2), interval=limits)
            more = whole(row["more"])
        lines.append((
            called(row["stratum"]),
            say("voices.page.few") if missing(row["team"]) else whole(row["team"]),
            nothing if missing(row["share"]) else share(row["share"]),
            nothing if missing(row["reference_share"]) else share(row["reference_share"]),
            ratio,
            more,
        ))  # fmt: skip
    heads = ("group", "team", "share", "reference", "ratio", "more")
    header = tuple(say(f"workforce.page.head.{head}") for head in heads)
    caption = say("workforce.page.with", name=team.name, reference=name)
    return Table(caption, header, tuple(lines), frozenset(range(1, len(heads))))
