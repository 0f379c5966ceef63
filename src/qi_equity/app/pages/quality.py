"""How far the data can be trusted: ethnicity coding first, then what is missing, then cautions."""

from __future__ import annotations

from typing import Any

import pandas as pd

from qi_equity.app.pages.page import Context, Page, nothing_logged
from qi_equity.findings import Caution
from qi_equity.project import ALL_SITES, EVERYONE
from qi_equity.quality.coding import unknown_charts, unknown_share
from qi_equity.quality.outcome import outcome_charts, shares
from qi_equity.view import icons
from qi_equity.view.figure import ABOVE, chart_figure, groups
from qi_equity.view.panels import Figure
from qi_equity.view.table import Table
from qi_equity.words import say
from qi_equity.words.cautions import caution_text
from qi_equity.words.grammar import called, first_up, sentence
from qi_equity.words.numbers import amount, day, month, number
from qi_equity.words.terminal import some

NAMED = 6  # places a caution names before the rest are counted
FIRST = 3  # cautions before "all of them"
# What can make or hide a gap comes first; what bears on how lines are drawn comes last.
WORST = (
    "unknown_rose", "outcome_unknown_unequally", "excluded_unequally", "outcome_unknown",
    "more_events_than_births", "stands_twice", "copied", "no_event_running", "no_event",
    "births_moved", "births_jump", "unfinished", "filling_up", "behind", "not_logged",
    "unknown_between_sites", "unknown",
)  # fmt: skip


def quality(context: Context) -> Page:
    """The share without a known ethnicity as charts, completeness by site, cautions by kind."""
    choice, measure = context.choice, context.measure
    points = context.findings.points
    points = points[points["measure"] == measure.id] if len(points) else points
    if points.empty:
        return nothing_logged(context)
    unknown = unknown_share(points, [g.name for g in choice.project.strata.groups if g.unknown])
    names = {site: choice.site_name(site) for site in choice.sites}
    figures: dict[str, Figure] = {}
    key: list[tuple[str, str]] = []
    if len(unknown):
        drawn = unknown_charts(unknown, measure)
        rank = {site: place for place, site in enumerate(choice.sites)}
        shares = drawn.points.assign(_place=drawn.points["site"].map(rank))
        shares = shares.sort_values(["_place", "subgroup"], kind="stable").drop(columns="_place")
        figure = chart_figure(shares, ["site"], unit="%", names=names, columns=4, legend=False)
        figures["unknown"] = figure
        key = icons.key(
            sorted({str(name) for name in shares["meaning"].unique()}),
            target=False,
            limits=True,
            cycles=False,
            above=ABOVE in groups(figure),
            baseline=False,
        )
    values: dict[str, Any] = {
        "heading": say("quality.heading", measure=measure.name),
        "drawn": bool(figures),
        "key": key,
        "label": say("quality.label"),
        "complete": _complete(context, points, unknown),
        **_outcome(context, points, figures),
        "lead": _lead(context, unknown),
        "cautions": _cautions(context),
        "first": FIRST,
    }
    title = say("quality.title", measure=measure.name)
    return Page("quality.html", values, figures, title, values["lead"])


def _lead(context: Context, unknown: pd.DataFrame) -> str:
    """The answer: where recording has got worse, else where much is not known, else how much is."""
    here = [one for one in context.findings.cautions if one.measure in ("", context.measure.id)]
    rose = [one for one in here if one.code == "unknown_rose"]
    if rose:
        return " ".join(_rose(context, one) for one in rose)
    for code in ("unknown_between_sites", "unknown"):
        found = [one for one in here if one.code == code]
        if found:
            sites = (context.choice.site_name(one.site or ALL_SITES) for one in found)
            said = zip(sites, map(caution_text, found), strict=True)
            return " ".join(
                sentence(say("quality.at", site=site, text=text)) for site, text in said
            )
    births = float(unknown["all"].sum()) if len(unknown) else 0.0
    if not births:
        return say("quality.no_count")
    part = 100 * float(unknown["unknown"].sum()) / births
    what = first_up(context.choice.project.strata.dimension)
    return say("quality.known", dimension=what, share=amount(part))


def _rose(context: Context, one: Caution) -> str:
    """Where recording got worse, by how much and since when."""
    numbers = dict(one.numbers)
    return say(
        "quality.rose",
        site=context.choice.site_name(one.site or ALL_SITES),
        dimension=str(numbers["dimension"]),
        was=amount(100 * float(numbers["was"]), "%"),
        now=amount(100 * float(numbers["now"]), "%"),
        month=month(pd.Timestamp(numbers["since"])),
    )


def _complete(context: Context, points: pd.DataFrame, unknown: pd.DataFrame) -> Table:
    """A row a site: subgroups logged out of those there could be, the last one, unknown share."""
    choice, measure = context.choice, context.measure
    every = points["subgroup"].nunique()
    rows = []
    for site in choice.sites:
        own = points[(points["site"] == site) & (points["stratum"] == EVERYONE)]
        own = own[own["value"].notna()]
        shares = unknown[unknown["site"] == site] if len(unknown) else unknown
        births = float(shares["all"].sum()) if len(shares) else 0.0
        share = 100 * float(shares["unknown"].sum()) / births if births else float("nan")
        rows.append(
            (
                choice.site_name(site),
                say("language.count_of", numerator=number(len(own)), denominator=number(every)),
                day(own["subgroup"].max()) if len(own) else say("language.nothing"),
                amount(share),
            )
        )
    header = (
        say("quality.table.site"),
        say(f"quality.logged.{measure.subgroup}"),
        say("quality.table.last"),
        say("quality.table.unknown"),
    )
    return Table(say("quality.table.caption"), header, tuple(rows), frozenset({1, 2, 3}))


def _outcome(context: Context, points: pd.DataFrame, figures: dict[str, Figure]) -> dict[str, Any]:
    """The outcomes that are not recorded, by stratum over the network: charts, and a table."""
    sites = context.choice.sites
    here = points[points["site"] == (ALL_SITES if len(sites) > 1 else sites[0])]
    here = context.in_order(here)
    drawn = outcome_charts(here, context.measure)
    if drawn is None:
        return {"outcome": None}
    figures["outcome"] = chart_figure(
        context.in_order(drawn.points), ["stratum"], unit="%", columns=4,
        legend=False,
    )  # fmt: skip
    rows = tuple(
        (
            called(row["stratum"]),
            say(
                "language.count_of", numerator=number(row["unknown"]), denominator=number(row["of"])
            ),
            amount(100 * row["share"], "%"),
        )
        for row in context.in_order(shares(here, ["stratum"])).to_dict("records")
    )
    header = tuple(say(f"quality.outcome.{name}") for name in ("stratum", "counts", "share"))
    caption = say("quality.outcome.caption")
    measured = context.measure.data == "continuous"
    lead = say("quality.outcome.lead_value" if measured else "quality.outcome.lead")
    return {"outcome": Table(caption, header, rows, frozenset({1, 2})), "outcome_lead": lead}


def _cautions(context: Context) -> list[tuple[str, str]]:
    """Each caution once, with the places it was found in."""
    by_text: dict[str, list[str]] = {}
    rank = {code: place for place, code in enumerate(WORST)}
    for one in sorted(context.findings.cautions, key=lambda one: rank.get(one.code, len(rank))):
        if one.measure in ("", context.measure.id):
            site = context.choice.site_name(one.site or ALL_SITES)
            place = say("quality.place", site=site, stratum=called(one.stratum or EVERYONE))
            by_text.setdefault(caution_text(one), []).append(place)
    return [(sentence(text), some(places, NAMED)) for text, places in by_text.items()]
