"""The gap of every stratum to the reference: the verdict, what is behind it, and the gap charts.

A part of the page of one measure at one site; no page of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qi_equity.app.pages.page import Context
from qi_equity.findings import CrossedRow, Gap, GapPoint
from qi_equity.project import Measure
from qi_equity.view.gap_figure import gap_figure
from qi_equity.view.panels import Figure, Marker
from qi_equity.view.table import gaps_table
from qi_equity.vocabulary import Verdict
from qi_equity.words import say
from qi_equity.words.cautions import code_text
from qi_equity.words.gaps import few_sentence, gap_sentence
from qi_equity.words.grammar import called, first_up, sentence
from qi_equity.words.numbers import missing, whole
from qi_equity.words.verdicts import (
    CHANGED,
    moved_words,
    verdict_sentences,
    verdict_word,
    verdicts_lead,
    weeks_words,
)


def gap_part(
    context: Context, gaps: Sequence[Gap], marks: Sequence[Marker]
) -> tuple[dict[str, Any], dict[str, Figure]]:
    """Verdict cards, then ratio and difference over time, then the same as a table."""
    choice, measure = context.choice, context.measure
    points = context.rows(GapPoint)
    judged = context.findings.judged
    figures = {}
    if len(points):
        figures["gaps"] = gap_figure(points, measure, marks, gaps)
    few = {row.stratum: few_sentence(row, measure) for row in context.typed(CrossedRow)}
    reference = choice.project.strata.reference
    lead = verdicts_lead(gaps) if judged else context.late_words
    before = None if judged else context.before()
    known = before.typed(Gap) if before is not None else []
    last = {row.stratum: verdict_word(row.verdict) for row in known if row.verdict}
    values: dict[str, Any] = {
        "lead": lead,
        "cards": [
            _card(row, measure, judged, few.get(row.stratum, ""))
            | {"last": last.get(row.stratum, "")}
            for row in gaps
        ],
        "drawn": bool(figures),
        "decided": "evidence_up" in points and bool(points["evidence_up"].notna().any()),
        "label": say(
            "gaps.page.label",
            where=context.where,
            reference=called(reference.compare_with),
            lead=lead,
        ),
        "table": gaps_table(gaps, measure, say("gaps.page.caption", where=context.where), judged),
        "unknown": [group.name for group in choice.project.strata.groups if group.unknown],
    }
    return values, figures


def _card(row: Gap, measure: Measure, judged: bool, few: str) -> dict[str, Any]:
    verdict = row.verdict if judged else ""
    facts: list[tuple[str, str]] = []
    if not missing(row.excess) and measure.data == "proportion":
        facts.append((say("gaps.page.events"), _excess(row)))
    if verdict in CHANGED and verdict != Verdict.REVERSED:
        who = moved_words(row, measure.direction)
        facts.append((say("gaps.page.who_moved"), first_up(who)))
    if not missing(row.weeks_to_go) and verdict == Verdict.TOO_FEW:
        facts.append((say("gaps.page.until"), first_up(weeks_words(row.weeks_to_go))))
    return {
        "stratum": called(row.stratum),
        "verdict": verdict,
        "declared": row.declared,
        "now": gap_sentence(row, measure),
        "said": verdict_sentences(row, measure.multiply, measure.direction),
        "few": few,
        "facts": facts,
        "cautions": [sentence(code_text(code)) for code in row.cautions],
    }


def _excess(row: Gap) -> str:
    """Events more or fewer than at the reference's rate."""
    more, size = "fewer" if row.excess < 0 else "more", whole(abs(row.excess))
    text = say(f"gaps.page.{more}", number=size)
    if missing(row.excess_lower):
        return text
    low, high = whole(row.excess_lower), whole(row.excess_upper)
    ends = say("language.interval", low=low, high=high)
    return say("gaps.page.with_interval", text=text, interval=ends)
