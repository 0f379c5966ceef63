"""An item of an agenda in words: what it is, where, and what to say of it; nothing is ranked."""

from __future__ import annotations

import math

from qi_equity.agenda import Item, levels
from qi_equity.findings import Chart, Findings, Gap
from qi_equity.findings.sides import WAYS
from qi_equity.vocabulary import Topic
from qi_equity.words import say
from qi_equity.words.charts import chart_sentences
from qi_equity.words.grammar import called, inside, listed, sentence
from qi_equity.words.numbers import amount, day, fixed, missing
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


def item_line(item: Item, findings: Findings) -> str:
    """From then to now in one line: the rate, and of a gap its size; of a late site its last day.

    >>> from qi_equity.findings import row
    >>> from qi_equity.project_file import examples, load
    >>> from qi_equity.vocabulary import Topic
    >>> project = load(examples()["pph_reduction"])
    >>> gap = row(Gap, stratum="Black", reference="everyone else", rate_then=0.08, rate_now=0.11,
    ...           ratio_then=1.5, ratio_now=2.1)
    >>> item_line(Item(Topic.WIDENING, project.measures[0].id, "", "Black", gap), Findings(project))
    'Gap ×1.50 → ×2.10'
    """
    if item.kind == Topic.LATE:
        return "" if missing(item.last) else say("session.line.last", day=day(item.last))
    row = item.row
    rate = _rates(item, findings)
    if not isinstance(row, Gap) or not math.isfinite(row.ratio_then + row.ratio_now):
        return rate
    gap = say("session.line.gap", then=fixed(row.ratio_then, 2), now=fixed(row.ratio_now, 2))
    return say("session.line.both", rate=rate, gap=gap) if rate else sentence(gap, stop="")


def _rates(item: Item, findings: Findings) -> str:
    """From which rate to which, where that it moved is established and they lie the way it went.

    Anywhere else two rates beside each other would be read as news.
    """
    moved = [row for row in item.rows if isinstance(row, Chart) and row.stratum == item.stratum]
    then, now = levels(item, findings)
    if not any(row.established and (now - then) * WAYS.get(row.direction, 0) > 0 for row in moved):
        return ""
    unit = findings.project.measure(item.measure).unit
    return say("session.line.rate", then=amount(then, unit), now=amount(now, unit))


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
