"""An item of an agenda in words: what it is, where, and what to say of it; nothing is ranked."""

from __future__ import annotations

from qi_equity.agenda import Item
from qi_equity.findings import Findings, Gap
from qi_equity.words import say
from qi_equity.words.charts import chart_sentences
from qi_equity.words.grammar import called, inside, listed, sentence
from qi_equity.words.numbers import day
from qi_equity.words.verdicts import verdict_sentences
from qi_equity.words.watched import established_gap, established_sentence


def item_kind(item: Item) -> str:
    """What an item is about."""
    return say(f"session.item.{item.kind}")


def item_place(item: Item, findings: Findings) -> str:
    """Where it is: the site, and but for a site that is late the stratum and the measure."""
    names = {one.id: one.name for one in findings.project.sites}
    site = names.get(item.site, called(item.site))
    if item.row is None:
        return site
    name = inside(findings.project.measure(item.measure).name)
    return say("session.where_is", site=site, stratum=called(item.stratum), measure=name)


def item_sentences(item: Item, findings: Findings) -> list[str]:
    """What to say of it, what is established first."""
    measure = findings.project.measure(item.measure)
    said: list[str]
    if item.row is None:
        said = [say("session.late", day=day(item.last))]
    elif isinstance(item.row, Gap):
        # The agenda rests on what is established: that first, then the verdict.
        verdict = verdict_sentences(item.row, measure.multiply, measure.direction)
        said = list(dict.fromkeys([established_gap(item.row), *verdict]))
    else:
        points = findings.points
        own = points[
            (points["measure"] == item.measure)
            & (points["site"] == item.site)
            & (points["stratum"] == item.stratum)
        ]
        standing = established_sentence(item.row, measure.direction)
        said = [standing, *chart_sentences(item.row, own, measure)]
    said = [text for text in said if text]
    if item.others:
        said.insert(1, say("session.others", strata=listed(map(called, item.others))))
    return [sentence(text) for text in said]
