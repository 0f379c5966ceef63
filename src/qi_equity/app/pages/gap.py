"""The gap of every stratum to the reference: the verdict, what is behind it, and the gap charts."""

from __future__ import annotations

from typing import Any

from qi_equity.app.pages.page import Context, Page, nothing_logged
from qi_equity.project import EVERYONE
from qi_equity.view.gap_figure import gap_figure
from qi_equity.view.narrative import gap_sentence
from qi_equity.view.table import gaps_table
from qi_equity.view.theme import missing, sentence, whole
from qi_equity.view.verdicts import verdict_sentences, weeks_words


def gap(context: Context) -> Page:
    """Verdict cards, then ratio and difference over time, then the same as a table."""
    choice, measure = context.choice, context.measure
    gaps = context.rows(context.findings.gaps)
    gaps = gaps[gaps["stratum"] != EVERYONE] if len(gaps) else gaps
    if gaps.empty:
        why = "No gap is worked out here: no stratum can be held against the reference."
        return nothing_logged(context, why)
    rows = gaps.to_dict("records")
    points = context.rows(context.findings.gap_points)
    judged = "verdict" in gaps
    figures = {}
    if len(points):
        figures["gaps"] = gap_figure(points, measure, context.markers())
    reference = choice.project.strata.reference
    lead = _lead(rows) if judged else "The verdicts are being worked out; the page will say so."
    values: dict[str, Any] = {
        "heading": f"Gap: {measure.name}",
        "lead": lead,
        "reference": reference.compare_with,
        "reason": reference.reason,
        "cards": [_card(row, measure, judged) for row in rows],
        "drawn": bool(figures),
        "decided": "evidence_up" in points and bool(points["evidence_up"].notna().any()),
        "label": f"Gap charts of {context.where}: for each stratum the ratio and the difference to "
        f"{reference.compare_with} over time. {lead} The table below holds the figures.",
        "table": gaps_table(gaps, measure, f"{context.where}: the gap of each stratum"),
        "unknown": [group.name for group in choice.project.strata.groups if group.unknown],
        "waiting": not judged,
    }
    return Page("gap.html", values, figures, f"Gap · {context.where}", lead, waiting=not judged)


def _lead(rows: list[dict[Any, Any]]) -> str:
    """How many gaps have which verdict, worst news first."""
    order = ("widening", "persistent", "narrowing", "closed", "no gap seen", "too few to say")
    by_verdict = {word: [r["stratum"] for r in rows if r["verdict"] == word] for word in order}
    parts = [f"{word}: {', '.join(strata)}" for word, strata in by_verdict.items() if strata]
    return sentence("; ".join(parts))


def _card(row: dict[Any, Any], measure: Any, judged: bool) -> dict[str, Any]:
    verdict = str(row.get("verdict", "")) if judged and not missing(row.get("verdict")) else ""
    facts: list[tuple[str, str]] = []
    excess = row.get("excess")
    if not missing(excess) and measure.data == "proportion":
        size = float(excess or 0)
        more = "fewer" if size < 0 else "more"
        text = f"{whole(abs(size))} {more} than at the reference’s rate"
        if not missing(row.get("excess_lower")):
            text += f" (95% interval {whole(row['excess_lower'])} to {whole(row['excess_upper'])})"
        facts.append(("Events", text))
    if not missing(row.get("who_moved")) and row.get("who_moved"):
        facts.append(("Who moved", sentence(str(row["who_moved"]), stop="")))
    wait = row.get("weeks_to_go")
    if not missing(wait) and verdict == "too few to say":
        facts.append(("Until an answer", sentence(weeks_words(wait), stop="")))
    cautions = row.get("cautions")
    return {
        "stratum": row["stratum"],
        "verdict": verdict,
        "declared": row.get("declared") is True,
        "now": gap_sentence(row, measure),
        "said": verdict_sentences(row),
        "facts": facts,
        "cautions": [sentence(text) for text in cautions] if isinstance(cautions, tuple) else [],
    }
