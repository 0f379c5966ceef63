"""One subgroup's counts at one site: every measure and stratum in tables made for the keyboard."""

from __future__ import annotations

from typing import Any

import pandas as pd

from qi_equity.app.pages.page import Context, Page
from qi_equity.app.received import LARGEST
from qi_equity.crossed import base
from qi_equity.project import Group, Measure
from qi_equity.sources.calendar import DAYS, floor, starts
from qi_equity.sources.grid import READERS
from qi_equity.view.figure import chart_figure
from qi_equity.words import say
from qi_equity.words.charts import counted
from qi_equity.words.grammar import sentence
from qi_equity.words.numbers import day, missing

SHOWN_BEFORE = 9  # subgroups to choose from that are logged already
SHOWN_AFTER = 4
USUAL = 12  # subgroups whose range says what is usual
COUNTED = ("proportion", "rate")


def log(context: Context) -> Page:
    """Last week beside this week, what is overdue, and the chart that the counts go to."""
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
    period = context.measure.subgroup
    weeks = subgroups(here["subgroup"], period, context.today)
    chosen = _chosen(context.choice.address.week, weeks, here["subgroup"].max(), period)
    groups = desk.project(base(project.id)).strata.cells
    sections = [_section(measure, here, chosen, context, groups) for measure in project.measures]
    points = context.rows(context.findings.points, site=site)
    figures = {}
    if len(points):
        figures["log"] = chart_figure(
            points, points.iloc[:0], ["stratum"], unit=context.measure.unit, legend=False
        )
    late = overdue(here["subgroup"], period, context.today)
    values: dict[str, Any] = {
        "heading": title,
        "site": site,
        "log_sites": [(one, context.choice.site_name(one)) for one in sites],
        "weeks": [(f"{week:%Y-%m-%d}", _named(week, period)) for week in weeks],
        "week": f"{chosen:%Y-%m-%d}",
        "sections": sections,
        "late": late,
        "period": period,
        "user": desk.user.name,
        "drawn": bool(figures),
        "largest": LARGEST,
        "kinds": ",".join(READERS),
        "label": say("log.label", measure=context.measure.name),
    }
    window = say("log.title", site=context.choice.site_name(site))
    return Page("log.html", values, figures, window)


def subgroups(logged: pd.Series, period: Any, today: pd.Timestamp) -> list[pd.Timestamp]:
    """The subgroups to choose from, newest first: some that are logged, and the next ones."""
    days = DAYS[period]
    last = logged.max() if len(logged) else today
    first = last - pd.Timedelta(days=days * SHOWN_BEFORE)
    end = min(last + pd.Timedelta(days=days * SHOWN_AFTER), today)
    return list(starts(first, end, period))[::-1]


def overdue(logged: pd.Series, period: Any, today: pd.Timestamp) -> str:
    """What should have been logged by today and was not, in words; nothing where all is."""
    if logged.empty:
        return say("log.nothing_yet")
    last = logged.max()
    between = [one for one in starts(last, today, period) if last < one]
    complete = between[:-1]  # the one we are in is not over
    if not complete:
        return ""
    return say(
        "log.overdue",
        count=len(complete),
        periods=counted(len(complete), period),
        period=say(f"charts.one.{period}"),
        day=day(last),
    )


def _chosen(asked: str, weeks: list[pd.Timestamp], last: Any, period: Any) -> pd.Timestamp:
    """The subgroup asked for; else the first that is not logged yet."""
    try:
        wanted = pd.Timestamp(floor(pd.Series([pd.Timestamp(asked)]), period)[0]) if asked else None
    except (ValueError, OverflowError):
        wanted = None
    if wanted is not None and wanted in weeks:
        return wanted
    fresh = [week for week in weeks if missing(last) or week > last]
    return fresh[-1] if fresh else weeks[0]


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
        "heads": [_head(name, measure) for name in names],
        "about": _about(words, names),
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


def _head(name: str, measure: Measure) -> str:
    return measure.unit if name == "value" else say(f"charts.table.{name}")


def _about(words: dict[str, str], names: list[str]) -> str:
    """What is counted, and out of whom."""
    told = [sentence(words[name]) for name in names if words[name]]
    return say("log.out_of", counted=told[0], of=told[1]) if len(told) == 2 else "".join(told)


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
