"""The charts of one measure at one site: every stratum on one y axis, in words and as tables."""

from __future__ import annotations

from typing import Any

from qi_equity.app.pages.page import Context, Page
from qi_equity.project import EVERYONE
from qi_equity.view import icons
from qi_equity.view.figure import OFF_SCALE, chart_figure
from qi_equity.view.narrative import (
    ASSURANCE_WORDS,
    VARIATION_WORDS,
    chart_sentences,
    gap_sentence,
    lead_sentence,
)
from qi_equity.view.table import points_table, summary_table

MEANING = {
    "increase": "Higher is better.",
    "decrease": "Lower is better.",
    "none": "Neither higher nor lower is better as such.",
}


def charts(context: Context) -> Page:
    """Small multiples, the sentence under each, the gap in words, and the same as tables."""
    choice, measure = context.choice, context.measure
    points = context.rows(context.findings.points)
    where = f"{measure.name} · {choice.site_name(choice.site)}"
    if points.empty:
        lines = ["Nothing has been logged for this measure at this site yet."]
        return Page("empty.html", {"heading": where, "lines": lines}, title=where, status=lines[0])
    summary = context.rows(context.findings.charts)
    last = summary.drop_duplicates("stratum", keep="last")
    gaps = context.rows(context.findings.gaps)
    markers = context.markers()
    figure = chart_figure(
        points, summary, ["stratum"], unit=measure.unit, markers=markers, legend=False
    )
    lead = lead_sentence(context.findings, measure, choice.site)
    strata = list(points["stratum"].unique())
    reference = choice.project.strata.reference
    compared = [row for row in gaps.to_dict("records") if row["stratum"] != EVERYONE]
    drawn = {str(name) for name in points["meaning"].unique()} if "meaning" in points else set()
    values: dict[str, Any] = {
        "lead": lead,
        "meaning": MEANING[measure.direction],
        "label": f"{len(strata)} charts of {where}, one a stratum: {', '.join(strata)}. {lead} "
        "What each shows is written below, and the points stand in tables.",
        "key": icons.key(
            sorted(drawn),
            target="target" in points and bool(points["target"].notna().any()),
            limits="upper" in points and bool(points["upper"].notna().any()),
            cycles=bool(markers),
            above=any(trace["name"] == OFF_SCALE for trace in figure["data"]),
        ),
        "cycles": markers,
        "cards": [_card(context, row, points) for row in last.to_dict("records")],
        "reference": reference.compare_with,
        "reason": reference.reason,
        "gaps": [gap_sentence(row, measure) for row in compared],
        "summary": summary_table(last, points, measure, f"{where}: one row a stratum"),
        "points": None,
    }
    if choice.view.stratum in strata:
        chosen = points[points["stratum"] == choice.view.stratum]
        values["points"] = points_table(chosen, measure, f"{where}: {choice.view.stratum}")
    return Page("charts.html", values, {"charts": figure}, where, f"{where}. {lead}")


def _card(context: Context, row: dict[Any, Any], points: Any) -> dict[str, Any]:
    measure, stratum = context.measure, row["stratum"]
    variation, assurance = str(row.get("variation", "")), str(row.get("assurance", ""))
    return {
        "stratum": stratum,
        "variation": _sign(
            icons.variation(variation, measure.direction), VARIATION_WORDS.get(variation, "")
        ),
        "assurance": _sign(
            icons.assurance(assurance), f"Target: {ASSURANCE_WORDS.get(assurance, '')}"
        ),
        "sentences": chart_sentences(row, points[points["stratum"] == stratum], measure),
        "cautions": context.cautions(stratum),
        "link": context.choice.view.link(stratum=stratum) + "#points",
    }


def _sign(drawing: str, words: str) -> str:
    """A drawing with its words; both are ours, so both are safe."""
    words = words[:1].upper() + words[1:]
    return f'<span class="sign">{drawing}{words}</span>' if drawing else ""
