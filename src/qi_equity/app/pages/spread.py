"""What is worth spreading: each change idea over the sites, what became of it, what is not known.

What is found is an association; the counts are those that this page's reader may see.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from qi_equity.app.pages.page import Context, Page
from qi_equity.app.pages.voices import places
from qi_equity.app.spreading import TICKED
from qi_equity.network.ledger import OUTCOME, PROCESS, THE_GAP, Tried, ledger_sites, tried
from qi_equity.network.ledger import ledger as ledger_of
from qi_equity.project import ALL_SITES, EVERYONE, Cycle
from qi_equity.words import say
from qi_equity.words.grammar import first_up, listed
from qi_equity.words.ledger import ANSWERED, became_words, interval_words, rest_lines, said_of
from qi_equity.words.numbers import day, fixed

ASKED = (PROCESS, OUTCOME, THE_GAP)


def spread(context: Context) -> Page:
    """Every idea that was tried: where, how it goes on, what it did, and what nobody knows."""
    project, title = context.choice.project, say("labels.page.spread")
    ideas = tried(project)
    points = _points(context)
    values: dict[str, Any] = {
        "heading": title,
        "ideas": [],
        "rest": [],
        "nothing": "" if ideas else say("spread.page.nothing"),
        **_forms(context),
    }
    if ideas and len(points):
        table, by_site = ledger_of(project, points), ledger_sites(project, points)
        values["ideas"] = [_idea(context, one, table, by_site) for one in ideas]
        values["rest"] = [line.strip() for line in rest_lines(project, table) if line]
    elif ideas:
        values["nothing"] = say("spread.page.no_counts")
    return Page("spread.html", values, title=title)


def _points(context: Context) -> pd.DataFrame:
    """The counts of each site and group that this reader may see, true or released."""
    points = context.findings.points
    if points.empty:
        return points
    return points[(points["site"] != ALL_SITES) & (points["stratum"] != EVERYONE)]


def _idea(
    context: Context, one: Tried, table: pd.DataFrame, by_site: pd.DataFrame
) -> dict[str, Any]:
    project = context.choice.project
    rows = table[(table["idea"] == one.idea.id) & table["question"].isin(ASKED)]
    found = rows.to_dict("records")
    return {
        "name": one.idea.name,
        "answers": [
            {
                "question": say(f"ledger.question.{row['question']}"),
                "said": said_of(project, row),
                "told": row["became"] in ANSWERED,
            }
            for row in sorted(found, key=lambda row: ASKED.index(row["question"]))
        ],
        "sites": list(_sites(context, one, by_site)),
        "unknown": list(_unknown(context, one, found)),
    }


def _sites(context: Context, one: Tried, by_site: pd.DataFrame) -> Iterator[dict[str, str]]:
    """Each site of the network: since when, adapted how, still done, and its own effect."""
    own = by_site[by_site["idea"] == one.idea.id].set_index("site").to_dict("index")
    nothing = say("language.nothing")
    for site in context.choice.project.sites:
        cycles = [c for c in one.cycles if not c.sites or site.id in c.sites]
        row = own.get(site.id)
        effect = say("spread.page.not_told") if cycles else nothing
        if row is not None and cycles:
            limits = interval_words(row)
            effect = say("voices.page.ratio", ratio=fixed(row["shrunk"], 2), interval=limits)
        yield {
            "name": site.name,
            "since": day(one.began[site.id])
            if site.id in one.began
            else say("spread.page.not_yet"),
            "adapted": listed(c.adapted for c in cycles if c.adapted) or nothing,
            "still": _still(cycles) if cycles else nothing,
            "effect": effect,
        }


def _still(cycles: list[Cycle]) -> str:
    stopped = [c.stopped for c in cycles if c.stopped]
    if stopped:
        return say("spread.page.stopped", day=day(max(stopped)))
    seen = [c.still_done for c in cycles if c.still_done]
    return say("spread.page.seen", day=day(max(seen))) if seen else say("spread.page.unsaid")


def _unknown(context: Context, one: Tried, rows: list[dict[Any, Any]]) -> Iterator[str]:
    """What nobody knows of an idea: what cannot be told, who has not said, what is mixed up."""
    project = context.choice.project
    asked = {row["question"] for row in rows}
    for question in ASKED:
        if question not in asked:
            words = say(f"ledger.question.{question}")
            yield say("spread.page.unasked", question=words)
    for row in rows:
        if row["became"] not in ANSWERED:
            words = say(f"ledger.question.{row['question']}")
            yield say("spread.page.cannot", question=words, said=first_up(became_words(row)))
    unsaid = [
        site.name
        for site in project.sites
        if site.id in one.began and not _said_since(one, site.id)
    ]
    if unsaid:
        yield say("ledger.unknown_since", sites=listed(unsaid))
    names = {idea.id: idea.name for driver in project.drivers for idea in driver.change_ideas}
    also = rows[0]["also"] if rows else ()
    if also:
        yield say("ledger.also", ideas=listed(names[each] for each in also))


def _said_since(one: Tried, site: str) -> bool:
    return any((not c.sites or site in c.sites) and (c.still_done or c.stopped) for c in one.cycles)


def _forms(context: Context) -> dict[str, Any]:
    """What can be written down: where an idea is tried, and how a cycle goes on."""
    desk, project = context.desk, context.choice.project
    mine = {site for site, _ in places(context, desk) if site} if desk is not None else set()
    ideas = [(idea.id, idea.name) for driver in project.drivers for idea in driver.change_ideas]
    own = [c for c in project.cycles if c.sites and mine.issuperset(c.sites)]
    return {
        "may": bool(mine),
        "ideas_known": [*ideas, ("", say("board.no_idea"))],
        "ticks": [(TICKED + site.id, site.name) for site in project.sites if site.id in mine],
        "cycles_known": [(c.id, c.title) for c in own if c.stopped is None],
        "stands": [(name, say(f"spread.stands.{name}")) for name in ("still_done", "stopped")],
        "today": f"{context.today:%Y-%m-%d}",
    }
