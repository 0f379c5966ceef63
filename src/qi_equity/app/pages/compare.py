"""One measure across the sites: the same stratum side by side, and every gap in one table.

Sites stand in the order of the project and are never ranked: this is for learning, not a league.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from qi_equity.app.pages.page import TITLE, Context, Page, nothing_logged
from qi_equity.findings import Gap, SiteRow, Within, of
from qi_equity.project import ALL_SITES, EVERYONE
from qi_equity.view import icons
from qi_equity.view.figure import ABOVE, chart_figure, groups
from qi_equity.view.funnel_figure import funnel_figure
from qi_equity.view.panels import Figure
from qi_equity.view.table import Table
from qi_equity.words import say
from qi_equity.words.grammar import called, listed
from qi_equity.words.numbers import amount, interval, missing, number
from qi_equity.words.report import clipped
from qi_equity.words.verdicts import verdict_word

Groups = list[tuple[str, list[str]]]  # what is said of some sites, and the sites


def compare(context: Context) -> Page:
    """Small multiples of one stratum, a panel a site, and the matrix of gaps."""
    choice, measure, address = context.choice, context.measure, context.choice.address
    points = context.findings.points
    points = points[points["measure"] == measure.id] if len(points) else points
    if points.empty:
        return nothing_logged(context)
    strata = [name for name in context.strata() if (points["stratum"] == name).any()]
    stratum = address.stratum if address.stratum in strata else EVERYONE
    if stratum not in strata:
        stratum = strata[0]
    ideas = _ideas(context)
    idea = address.idea if address.idea in ideas else ""
    beside = _groups(context, ideas[idea]) if idea else [("", list(choice.sites))]
    sites = [site for _, group in beside for site in group]
    names = {site: choice.site_name(site) for site in choice.sites}
    shown = _in_order(points[points["stratum"] == stratum], sites)
    figure = chart_figure(
        shown, ["site"], unit=measure.unit, names=_titles(names, beside), columns=4, legend=False
    )
    lead = _lead(context, stratum, ideas[idea].name if idea else "")
    values: dict[str, Any] = {
        "verdicts_late": context.late_words if context.failed else "",
        "heading": say("compare.heading", measure=measure.name),
        "lead": lead,
        "strata": [(name, called(name)) for name in strata],
        "stratum": stratum,
        "label": say("compare.label", lead=lead),
        "key": _key(figure, shown),
        "matrix": _matrix(context, beside),
        "ideas": [_tried(context, one) for one in ideas.values()],
        "idea": idea,
        "tried": [("", say("compare.whatever"))] + [(key, one.name) for key, one in ideas.items()],
    }
    own = [row for row in context.findings.rows(SiteRow, measure) if row.stratum == stratum]
    values["borrowed"] = _borrowed(context, [row for row in own if row.site in sites], names)
    figures = {"compare": figure}
    curve = of(context.findings.funnels, measure)
    curve = curve[curve["stratum"] == stratum]
    if len(curve):
        figures["funnel"] = funnel_figure(own, curve, measure, names)
    values["funnel"] = bool(len(curve))
    values["within"] = _within(context)
    where = say("compare.title", measure=measure.name)
    return Page("compare.html", values, figures, where, lead, waiting=context.waiting)


def _in_order(points: pd.DataFrame, sites: Sequence[str]) -> pd.DataFrame:
    """The points of some sites, in the order in which these stand."""
    rank = {site: place for place, site in enumerate(sites)}
    shown = points[points["site"].isin(sites)]
    shown = shown.assign(_place=shown["site"].map(rank))
    return shown.sort_values(["_place", "subgroup"], kind="stable").drop(columns="_place")


def _titles(names: Mapping[str, str], beside: Groups) -> dict[str, str]:
    """What stands over each site's panel: its name, and what is said of its group, if anything."""
    return {
        site: say("compare.panel", site=clipped(names[site], TITLE), words=words)
        if words
        else clipped(names[site], TITLE)
        for words, group in beside
        for site in group
    }


def _key(figure: Figure, shown: pd.DataFrame) -> list[tuple[str, str]]:
    """What the lines and marks of the panels mean: those that are drawn."""
    drawn = groups(figure)
    return icons.key(
        sorted({str(name) for name in shown["meaning"].unique()}),
        target="target" in drawn,
        limits="limits" in drawn,
        cycles=False,
        above=ABOVE in drawn,
        baseline=True,
    )


def _borrowed(context: Context, rows: list[SiteRow], names: dict[str, str]) -> Table | None:
    """Each site's own rate and gap beside what they are with what the other sites say of them."""
    measure, order = context.measure, {site: place for place, site in enumerate(names)}
    told = [row for row in rows if not missing(row.rate_shrunk)]
    if not told:
        return None

    def rate(value: float, low: float, high: float) -> str:
        shown = amount(value * measure.multiply, measure.unit)
        ends = interval(low * measure.multiply, high * measure.multiply)
        return say("compare.with_interval", value=shown, interval=ends)

    def gap(value: float, low: float, high: float) -> str:
        if missing(value):
            return say("language.nothing")
        return say("compare.sized", ratio=number(value, 2), interval=interval(low, high, 2))

    lines = [
        (
            names.get(row.site, row.site),
            rate(row.rate, row.rate_lower, row.rate_upper),
            rate(row.rate_shrunk, row.rate_shrunk_lower, row.rate_shrunk_upper),
            gap(row.ratio, row.ratio_lower, row.ratio_upper),
            gap(row.ratio_shrunk, row.ratio_shrunk_lower, row.ratio_shrunk_upper),
        )
        for row in sorted(told, key=lambda row: order.get(row.site, len(order)))
    ]
    heads = ("site", "own_rate", "borrowed_rate", "own_gap", "borrowed_gap")
    header = tuple(say(f"compare.{name}") for name in heads)
    caption = say("compare.borrowed", stratum=called(told[0].stratum))
    return Table(caption, header, tuple(lines), frozenset({1, 2, 3, 4}))


def _lead(context: Context, stratum: str, idea: str) -> str:
    """What stands side by side, for those who see it and those who do not."""
    sites = context.choice.sites
    if idea:
        return say("compare.lead_idea", stratum=called(stratum), idea=idea)
    if ALL_SITES in sites:
        return say("compare.lead_all", stratum=called(stratum), number=number(len(sites) - 1))
    return say("compare.lead", stratum=called(stratum), number=number(len(sites)))


def _matrix(context: Context, groups: Groups) -> dict[str, Any]:
    """Sites down, strata across: each cell a verdict, a size and a link, in the project's order."""
    choice, measure = context.choice, context.measure
    cells = {(row.site, row.stratum): row for row in context.findings.rows(Gap, measure)}
    strata = [name for name in context.strata() if any(key[1] == name for key in cells)]
    lines = []
    for words, group in groups:
        for site in group:
            line = [_cell(context, site, cells.get((site, stratum))) for stratum in strata]
            lines.append((choice.site_name(site), words, line))
    return {"strata": strata, "rows": lines}


def _cell(context: Context, site: str, row: Gap | None) -> dict[str, str]:
    if row is None or missing(row.ratio):
        return {"verdict": "", "words": "", "text": "", "link": "", "icon": ""}
    return {
        "verdict": row.verdict,
        "words": verdict_word(row.verdict) or say("compare.gap"),
        "text": _sized(row),
        "link": context.choice.address.link(page="charts", site=site, stratum=row.stratum),
        "icon": icons.verdict(row.verdict),
    }


def _within(context: Context) -> list[str]:
    """The pooled gap beside the gap within sites, in a sentence a stratum."""
    pooled = {row.stratum: row for row in context.typed(Gap, site=ALL_SITES)}
    said = []
    for row in context.findings.rows(Within, context.measure):
        if missing(row.ratio) or row.stratum not in pooled:
            continue
        said.append(
            say(
                "compare.within_agree" if row.agree else "compare.within_differ",
                stratum=called(row.stratum),
                pooled=_sized(pooled[row.stratum]),
                within=_sized(row),
            )
        )
    return said


def _sized(row: Gap | Within) -> str:
    ends = interval(row.ratio_lower, row.ratio_upper, 2)
    return say("compare.sized", ratio=number(row.ratio, 2), interval=ends)


@dataclass(frozen=True, slots=True)
class Idea:
    """A change idea that was tried: at these sites, or at every one."""

    name: str
    sites: frozenset[str]
    everywhere: bool


def _ideas(context: Context) -> dict[str, Idea]:
    """Which sites tried which change idea: where to ask what was different."""
    project = context.choice.project
    tried: dict[str, Idea] = {}
    for idea in (idea for driver in project.drivers for idea in driver.change_ideas):
        cycles = [cycle for cycle in project.cycles if cycle.change_idea == idea.id]
        if cycles:
            sites = frozenset(site for cycle in cycles for site in cycle.sites)
            tried[idea.id] = Idea(idea.name, sites, any(not cycle.sites for cycle in cycles))
    return tried


def _tried(context: Context, idea: Idea) -> str:
    every = [say("compare.every_site")] if idea.everywhere else []
    named = [site.name for site in context.choice.project.sites if site.id in idea.sites]
    return say("compare.tried_at", idea=idea.name, sites=listed(every + named))


def _groups(context: Context, idea: Idea) -> Groups:
    """The sites that tried an idea, then those that did not, each in the project's order."""
    sites = [site for site in context.choice.sites if site != ALL_SITES]
    tried = [site for site in sites if idea.everywhere or site in idea.sites]
    others = [site for site in sites if site not in tried]
    return [(say("compare.tried"), tried), (say("compare.did_not"), others)]
