"""The gap of every stratum to the reference: the verdict, what is behind it, and the gap charts."""

from __future__ import annotations

from typing import Any

from qi_equity.app.pages.page import Context, Page, nothing_logged
from qi_equity.findings import Gap
from qi_equity.project import EVERYONE, Measure
from qi_equity.view.cautions import code_text
from qi_equity.view.gap_figure import gap_figure
from qi_equity.view.narrative import gap_sentence
from qi_equity.view.table import gaps_table
from qi_equity.view.verdicts import verdict_sentences, weeks_words
from qi_equity.words.grammar import sentence
from qi_equity.words.numbers import missing, whole


def gap(context: Context) -> Page:
    """Verdict cards, then ratio and difference over time, then the same as a table."""
    choice, measure = context.choice, context.measure
    gaps = [row for row in context.typed(Gap) if row.stratum != EVERYONE]
    if not gaps:
        why = "No gap is worked out here: no stratum can be held against the reference."
        return nothing_logged(context, why)
    points = context.rows(context.findings.gap_points)
    judged = context.findings.judged
    figures = {}
    if len(points):
        figures["gaps"] = gap_figure(points, measure, context.markers())
    reference = choice.project.strata.reference
    lead = _lead(gaps) if judged else "The verdicts are being worked out; the page will say so."
    values: dict[str, Any] = {
        "heading": f"Gap: {measure.name}",
        "lead": lead,
        "reference": reference.compare_with,
        "reason": reference.reason,
        "cards": [_card(row, measure, judged) for row in gaps],
        "drawn": bool(figures),
        "decided": "cusum_up" in points and bool(points["cusum_up"].notna().any()),
        "label": f"Gap charts of {context.where}: for each stratum the ratio and the difference to "
        f"{reference.compare_with} over time. {lead} The table below holds the figures.",
        "table": gaps_table(gaps, measure, f"{context.where}: the gap of each stratum", judged),
        "unknown": [group.name for group in choice.project.strata.groups if group.unknown],
        "waiting": not judged,
    }
    return Page("gap.html", values, figures, f"Gap · {context.where}", lead, waiting=not judged)


def _lead(gaps: list[Gap]) -> str:
    """How many gaps have which verdict, worst news first."""
    order = ("widening", "persistent", "narrowing", "closed", "no gap seen", "too few to say")
    by_verdict = {word: [row.stratum for row in gaps if row.verdict == word] for word in order}
    parts = [f"{word}: {', '.join(strata)}" for word, strata in by_verdict.items() if strata]
    return sentence("; ".join(parts))


def _card(row: Gap, measure: Measure, judged: bool) -> dict[str, Any]:
    verdict = row.verdict if judged else ""
    facts: list[tuple[str, str]] = []
    if not missing(row.excess) and measure.data == "proportion":
        more = "fewer" if row.excess < 0 else "more"
        text = f"{whole(abs(row.excess))} {more} than at the reference’s rate"
        if not missing(row.excess_lower):
            text += f" (95% interval {whole(row.excess_lower)} to {whole(row.excess_upper)})"
        facts.append(("Events", text))
    if row.who_moved:
        facts.append(("Who moved", sentence(row.who_moved, stop="")))
    if not missing(row.weeks_to_go) and verdict == "too few to say":
        facts.append(("Until an answer", sentence(weeks_words(row.weeks_to_go), stop="")))
    return {
        "stratum": row.stratum,
        "verdict": verdict,
        "declared": row.declared,
        "now": gap_sentence(row, measure),
        "said": verdict_sentences(row, measure.multiply),
        "facts": facts,
        "cautions": [sentence(code_text(code)) for code in row.cautions],
    }
