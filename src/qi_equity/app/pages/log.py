"""One subgroup's counts at one site: every measure and stratum, by keyboard or thumb."""

from __future__ import annotations

from typing import Any

import pandas as pd

from qi_equity.app.pages import weeks as calendar
from qi_equity.app.pages.page import Context, Page
from qi_equity.app.received import LARGEST
from qi_equity.crossed import base
from qi_equity.findings import Point
from qi_equity.observations import COUNTS
from qi_equity.project import Group, Measure
from qi_equity.sources.calendar import floor
from qi_equity.sources.grid import READERS
from qi_equity.view.figure import chart_figure
from qi_equity.words import say
from qi_equity.words.charts import counted
from qi_equity.words.grammar import first_up, listed, sentence
from qi_equity.words.numbers import day, missing

USUAL = 12  # subgroups whose range says what is usual
COUNTED = ("proportion", "rate")


def log(context: Context) -> Page:
    """This week beside the last one logged, what is overdue, and the chart the counts go to."""
    project, desk = context.choice.project, context.desk
    title = say("log.heading")
    if desk is None:
        lines = [
            say("log.findings_only"),
            say("log.start_store", command="qi-equity serve --database FILE"),
        ]
        return Page("empty.html", {"heading": title, "lines": lines}, title=title)
    sites = list(desk.sites(project.id)) if desk.user.may("log") else []
    if not sites:
        line = say("log.not_yours", role=say(f"people.roles.{desk.user.role}"))
        return Page("empty.html", {"heading": title, "lines": [line]}, title=title)
    site = context.choice.site if context.choice.site in sites else sites[0]
    table = desk.observations(project.id, site=site)
    # A date that has not come is a slip of an older file: it must not hide the weeks before it.
    here = table[table["subgroup"] <= context.today]
    period, asked = context.measure.subgroup, context.choice.address.week
    # What was refused of a file stands alone where nothing was logged, and is no log of it.
    logged = here.dropna(subset=[*COUNTS, "value"], how="all")
    weeks = calendar.subgroups(logged["subgroup"], period, context.today)
    chosen, wrong = calendar.opened_on(asked, weeks, period, context.today)
    groups = desk.project(base(project.id)).strata.cells
    sections = [_section(measure, here, chosen, context, groups) for measure in project.measures]
    late = _overdue(context, logged, site)
    # All else is of the store, and is made while what was saved is judged.
    points = context.rows(Point, site=site)
    figures = {}
    if len(points):
        figures["log"] = chart_figure(points, ["stratum"], unit=context.measure.unit, legend=False)
    values: dict[str, Any] = {
        "heading": title,
        "site": site,
        "log_sites": [(one, context.choice.site_name(one)) for one in sites],
        "weeks": [(f"{week:%Y-%m-%d}", day(week)) for week in weeks],
        "week": f"{chosen:%Y-%m-%d}",
        "not_this": say(f"log.week.{wrong}", asked=asked[:40]) if wrong else "",
        "sections": _with_births(sections),
        **late,
        "period": period,
        "user": desk.user.name,
        "drawn": bool(figures),
        "largest": LARGEST,
        "kinds": ",".join(READERS),
        "label": say("log.label", measure=context.measure.name),
    }
    window = say("log.title", site=context.choice.site_name(site))
    return Page("log.html", values, figures, window)


def _overdue(context: Context, here: pd.DataFrame, site: str) -> dict[str, Any]:
    """What is overdue in words, and as a list to tap."""
    period = context.measure.subgroup
    names = {one.id: one.name for one in context.choice.project.measures if one.subgroup == period}
    late = calendar.overdue(here, period, context.today, names)
    if here.empty:
        said = say("log.nothing_yet")
    elif late:
        said = say("log.overdue", count=len(late), periods=counted(len(late), period))
    else:
        said = say("log.up_to_date", periods=say(f"charts.many.{period}"))
    listing = [
        {
            "link": context.choice.address.link(site=site, week=f"{one.subgroup:%Y-%m-%d}"),
            "text": _late_words(one, period),
        }
        for one in late[: calendar.TAPPED]
    ]
    more = len(late) - len(listing)
    return {
        "late": said,
        "overdue": listing,
        "overdue_more": say("log.overdue_more", count=more) if more else "",
    }


def _late_words(one: calendar.Overdue, period: str) -> str:
    named = _named(one.subgroup, period)
    if not one.lacking:
        return named
    return say("log.overdue_part", week=named, measures=listed(one.lacking))


def _with_births(sections: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each section with what its measures are counted out of, once before the first that share it.

    On a phone it is asked there and nowhere else; on a wider screen beside each count.
    """
    sharing: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for section in sections:
        if section["out_of"]:
            sharing.setdefault((section["out_of"], section["subgroup"]), []).append(section)
    for (words, _), together in sharing.items():
        if len(together) < 2:
            continue
        first = together[0]
        for section in together:
            section["shares"] = first["measure"].id
        first["births"] = {
            "words": words,
            "measures": len(together),
            "rows": [{"stratum": row["stratum"], "last": row["births"]} for row in first["rows"]],
        }
    return sections


def _section(
    measure: Measure,
    here: pd.DataFrame,
    chosen: pd.Timestamp,
    context: Context,
    groups: tuple[Group, ...],
) -> dict[str, Any]:
    """One measure: a row a stratum, this subgroup's cells, the last one's counts, what is usual."""
    subgroup = floor(pd.Series([chosen]), measure.subgroup).iloc[0]
    mine = here[here["measure"] == measure.id]
    before = mine.loc[mine["subgroup"] < subgroup, "subgroup"].max()
    names = columns_of(measure)
    words = {
        "numerator": measure.numerator,
        "denominator": measure.denominator or "",
        "value": measure.unit,
    }
    rows = []
    for group in groups:
        own = mine[mine["stratum"] == group.name].set_index("subgroup").sort_index()
        now = own.loc[subgroup].to_dict() if subgroup in own.index else {}
        last = own.loc[before].to_dict() if before in own.index else {}
        recent = own[own.index < subgroup].tail(USUAL)
        rows.append(
            {
                "stratum": group.name,
                "revision": "" if missing(now.get("revision")) else int(now["revision"]),
                "cells": [_cell(name, words[name], now, recent) for name in names],
                "last": _counts(last, names),
                "births": _counts(last, ["denominator"]),
                "history": context.choice.address.link(
                    page="history",
                    measure=measure.id,
                    site=str(here["site"].iloc[0]) if len(here) else context.choice.site,
                    stratum=group.name,
                    week=f"{subgroup:%Y-%m-%d}",
                ),
            }
        )
    return {
        "measure": measure,
        "subgroup": f"{subgroup:%Y-%m-%d}",
        "named": _named(subgroup, measure.subgroup),
        "heads": [_head(name, words[name]) for name in names],
        "about": sentence(words["numerator"]) if "numerator" in names else "",
        "out_of": words["denominator"] if "denominator" in names else "",
        "shares": "",
        "births": None,
        "before": "" if missing(before) else day(before),
        "rows": rows,
    }


def columns_of(measure: Measure) -> list[str]:
    """The columns that a measure is typed into."""
    if measure.data in COUNTED:
        return ["numerator", "denominator"]
    return ["numerator"] if measure.data == "count" else ["value"]


def _cell(name: str, words: str, now: dict[Any, Any], recent: pd.DataFrame) -> dict[str, Any]:
    usual = recent[name].dropna()
    return {
        "name": name,
        "words": words,
        "value": _plain(now.get(name)),
        "low": _plain(usual.min()) if len(usual) else "",
        "high": _plain(usual.max()) if len(usual) else "",
    }


def _head(name: str, words: str) -> dict[str, str]:
    """A column's heading: what is counted in the team's words, and in one word for a phone."""
    short = words if name == "value" else say(f"log.head.{name}")
    return {"name": name, "words": first_up(words), "short": short}


def _counts(row: dict[Any, Any], names: list[str]) -> str:
    told = [_plain(row.get(name)) for name in names]
    if not row or not all(told):
        return say("language.nothing")
    if len(told) == 1:
        return told[0]
    return say("language.count_of", numerator=told[0], denominator=told[1])


def _plain(value: Any) -> str:
    return "" if missing(value) else f"{float(value):g}"


def _named(subgroup: pd.Timestamp, period: str) -> str:
    return say("log.from", period=say(f"charts.period.{period}"), day=day(subgroup))
