"""The spread ledger in words: each idea, where it was tried, and what became of it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from qi_equity.chance import LEVEL
from qi_equity.network.elsewhere import FEWEST_SITES, Elsewhere
from qi_equity.network.ledger import BESIDE, GAP, Tried, tried
from qi_equity.project import Project
from qi_equity.vocabulary import Became
from qi_equity.words import say, words_of
from qi_equity.words.grammar import called, listed
from qi_equity.words.numbers import day, fixed, month, number, share

Row = Mapping[Hashable, Any]
# What is an answer, and what says why there is none.
CLAIMS = (Became.BETTER, Became.WORSE, Became.CHANGED, Became.NARROWER, Became.WIDER)
ANSWERED = (*CLAIMS, Became.NOT_SHOWN)


def ledger_lines(
    project: Project,
    table: pd.DataFrame,
    by_site: pd.DataFrame,
    elsewhere: Sequence[Elsewhere] = (),
) -> Iterator[str]:
    """The whole ledger, an idea at a time; what is indented stands under its idea."""
    ideas = tried(project)
    if not ideas:
        yield say("ledger.nothing")
        return
    yield say("ledger.lead")
    for one in ideas:
        rows = table[table["idea"] == one.idea.id]
        yield ""
        yield say("ledger.idea", idea=one.idea.name)
        yield from (f"  {line}" for line in where_lines(project, one))
        yield from (f"  {line}" for line in _answers(project, rows))
        yield from (f"    {line}" for line in _sites(project, by_site, one))
    yield from rest_lines(project, table)
    if elsewhere:
        yield ""
        yield say("ledger.elsewhere")
        yield from (f"  {_elsewhere(one)}" for one in elsewhere)


def where_lines(project: Project, one: Tried) -> Iterator[str]:
    """Where an idea was tried and where not, how it was made to fit, and if it is still done."""
    names = {site.id: site.name for site in project.sites}
    first = month(min(one.began.values()))
    sites = listed(name for key, name in names.items() if key in one.began)
    others = listed(name for key, name in names.items() if key not in one.began)
    if others:
        yield say("ledger.where", sites=sites, first=first, others=others)
    else:
        yield say("ledger.where_all", sites=sites, first=first)
    unsaid = [name for key, name in names.items() if key in one.began]
    for cycle in one.cycles:
        at = [name for key, name in names.items() if not cycle.sites or key in cycle.sites]
        if cycle.adapted:
            yield say("ledger.adapted", sites=listed(at), how=cycle.adapted)
        for when, told in ((cycle.still_done, "still_done"), (cycle.stopped, "stopped")):
            if when is not None:
                yield say(f"ledger.{told}", sites=listed(at), day=day(when))
                unsaid = [name for name in unsaid if name not in at]
    if unsaid:
        yield say("ledger.unknown_since", sites=listed(unsaid))


def _answers(project: Project, rows: pd.DataFrame) -> Iterator[str]:
    for question, asked in words_of("ledger.question").items():
        found = rows[rows["question"] == question].to_dict("records")
        if found:
            yield str(asked)
        yield from (f"  {said_of(project, row)}" for row in found)
    names = {idea.id: idea.name for driver in project.drivers for idea in driver.change_ideas}
    also = rows["also"].iloc[0] if len(rows) else ()
    if also:
        yield say("ledger.also", ideas=listed(names[one] for one in also))


def said_of(project: Project, row: Row) -> str:
    """What became of one measure, or of the gap in it."""
    measure, said = project.measure(row["measure"]).name, became_words(row)
    if row["of"] == GAP:
        return say("ledger.gap_of", measure=measure, stratum=called(row["stratum"]), said=said)
    return say("ledger.measured", measure=measure, said=said)


def became_words(row: Row) -> str:
    """What became of one rate or gap.

    >>> became_words({"became": "too few"})
    'too few events to say anything.'
    """
    fields: dict[str, object] = {}
    if row["became"] in ANSWERED:
        fields = {"ratio": fixed(row["ratio"], 2), "interval": interval_words(row)}
    elif row["became"] == Became.EARLY:
        fields = {"settled": month(row["settled"])}
    elif row["became"] == Became.FEW_WAYS:
        fields = {"least": share(row["least_p"])}
    return say(f"ledger.became.{row['became']}", **fields)


def interval_words(row: Row) -> str:
    """Limits of a ratio; a limit that nothing bounds is said to be none."""
    return say(
        "ledger.interval",
        low=fixed(row["lower"], 2) if row["lower"] > 0 else say("ledger.unbounded"),
        high=fixed(row["upper"], 2) if row["upper"] < float("inf") else say("ledger.unbounded"),
    )


def _sites(project: Project, by_site: pd.DataFrame, one: Tried) -> Iterator[str]:
    names = {site.id: site.name for site in project.sites}
    for row in by_site[by_site["idea"] == one.idea.id].to_dict("records"):
        yield say(
            "ledger.site_own",
            site=names[row["site"]],
            own=fixed(row["ratio"], 2),
            shrunk=fixed(row["shrunk"], 2),
            interval=interval_words(row),
        )


def rest_lines(project: Project, table: pd.DataFrame) -> Iterator[str]:
    """How many questions there were, what chance alone brings, and what stands out beside them."""
    asked = table[(table["question"] != BESIDE) & table["became"].isin(ANSWERED)]
    if len(asked):
        yield ""
        chance = number(len(asked.groupby(["idea", "question"])) * LEVEL, 1)
        yield say("ledger.chance", count=len(asked.groupby(["idea", "question"])), chance=chance)
    beside = table[(table["question"] == BESIDE) & table["became"].isin(ANSWERED)]
    out = beside[beside["became"].isin(CLAIMS)]
    if len(beside) and out.empty:
        yield say("ledger.beside_none", count=len(beside))
    if len(out):
        yield say("ledger.beside", number=number(len(beside), 0))
    names = {idea.id: idea.name for driver in project.drivers for idea in driver.change_ideas}
    for row in out.to_dict("records"):
        yield "  " + say("ledger.beside_row", idea=names[row["idea"]], said=said_of(project, row))


def _elsewhere(one: Elsewhere) -> str:
    said = became_words(one.row)
    return say(
        "ledger.elsewhere_row", network=one.network, idea=one.idea, sites=one.sites, said=said
    )


def held_back_words(number_of_ideas: int) -> str:
    """How many ideas a file to pass on leaves out, and why."""
    return say("ledger.held_back", count=number_of_ideas, fewest=FEWEST_SITES)
