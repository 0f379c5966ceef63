"""One measure at one site: the answer, then every chart on one y axis, the gaps, and the tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from qi_equity.app import explore
from qi_equity.app.pages.answer import answer_part
from qi_equity.app.pages.gap import gap_part
from qi_equity.app.pages.page import Context, Page, nothing_logged
from qi_equity.findings import Chart, Gap, rows
from qi_equity.project import EVERYONE, Measure
from qi_equity.reading import Reading
from qi_equity.view import icons
from qi_equity.view.figure import ABOVE, chart_figure, groups
from qi_equity.view.table import points_table, summary_table
from qi_equity.words import say
from qi_equity.words.charts import (
    assurance_words,
    chart_sentences,
    lead_sentence,
    variation_words,
)
from qi_equity.words.grammar import called, first_up, listed, sentence
from qi_equity.words.numbers import number
from qi_equity.words.watched import standing_sentences


def charts(context: Context) -> Page:
    """The answer, small multiples with the sentence under each, gaps, and the same as tables."""
    choice, measure, address = context.choice, context.measure, context.choice.address
    points = context.rows(context.findings.points)
    if points.empty:
        return nothing_logged(context)
    summary = context.rows(context.findings.charts)
    if explore.asked(address):
        drawn = explore.explored(points, Reading(choice.project, measure), address)
        points, summary = context.in_order(drawn.points), context.in_order(drawn.summary)
        measure = explore.as_asked(measure, address)
    last = list(rows(summary.drop_duplicates("stratum", keep="last"), Chart))
    hidden = address.hide.split(",")
    markers = [] if "cycles" in hidden else context.markers()
    figure = chart_figure(
        points,
        summary,
        ["stratum"],
        unit=measure.unit,
        markers=markers,
        legend=False,
        show=[part for part in ("limits", "centre", "target", "baseline") if part not in hidden],
    )
    signals = (
        points["signal"].astype(bool) if "signal" in points else points["value"] != points["value"]
    )
    judged = context.findings.judged and not explore.asked(address)
    signalling = set(points.loc[signals, "stratum"])
    if context.waiting:  # signals before all is weighed together would be taken for news
        lead = say("charts.lead.weighing")
    else:
        lead = lead_sentence(last, judged, signalling, measure.direction)
    strata = list(points["stratum"].unique())
    reference = choice.project.strata.reference
    compared = [row for row in context.typed(Gap) if row.stratum != EVERYONE]
    values: dict[str, Any] = {
        "heading": measure.name,
        "lead": lead,
        "meaning": say(f"charts.direction.{measure.direction}"),
        "label": say(
            "charts.page.label",
            count=number(len(strata)),
            where=context.where,
            strata=listed(map(called, strata)),
            lead=lead,
        ),
        "key": _key(points, figure, bool(markers), hidden),
        "cycles": markers,
        "cards": [
            _card(context, measure, row, points)
            | {"standing": standing_sentences(row, measure.direction) if judged else []}
            for row in last
        ],
        "reference": reference.compare_with,
        "reason": reference.reason,
        "not_compared": say("gaps.page.no_gap"),
        "summary": summary_table(
            last, points, measure, say("charts.page.by_stratum", where=context.where)
        ),
        "points": None,
        "hidden": hidden,
        "explored": explore.caution(context.measure, address),
        "verdicts_late": context.late_words if context.failed else "",
    }
    if address.stratum in strata:
        chosen = points[points["stratum"] == address.stratum]
        caption = say(
            "charts.page.of_stratum", where=context.where, stratum=called(address.stratum)
        )
        values["points"] = points_table(chosen, measure, caption)
    figures = {"charts": figure}
    # What was asked to be drawn otherwise is drawn so here too; the words rest on what was judged.
    whole = list(rows(context.in_order(_last(context)), Chart))
    values["answer"], more = answer_part(context, points, whole, compared)
    figures |= more
    values["gap"] = None
    if compared:
        values["gap"], more = gap_part(context, compared)
        figures |= more
    status = values["answer"]["said"]
    return Page("charts.html", values, figures, context.where, status, waiting=context.waiting)


def _last(context: Context) -> pd.DataFrame:
    """The last phase of each chart as it was judged."""
    return context.rows(context.findings.charts).drop_duplicates("stratum", keep="last")


def _key(
    points: pd.DataFrame, figure: dict[str, Any], cycles: bool, hidden: list[str]
) -> list[tuple[str, str]]:
    drawn = groups(figure)
    meanings = {str(name) for name in points["meaning"].unique()} if "meaning" in points else set()
    return icons.key(
        sorted(meanings),
        target="target" in drawn,
        limits="limits" in drawn,
        cycles=cycles,
        above=ABOVE in drawn,
        baseline="baseline" not in hidden and bool(figure["layout"]["shapes"]),
    )


def _card(context: Context, measure: Measure, row: Chart, points: pd.DataFrame) -> dict[str, Any]:
    stratum, variation, assurance = row.stratum, row.variation, row.assurance
    latest = say("charts.page.latest", variation=variation_words(variation))
    return {
        "stratum": stratum,
        "variation": _sign(icons.variation(variation, measure.direction), latest),
        "assurance": _sign(icons.assurance(assurance), assurance_words(assurance)),
        "sentences": chart_sentences(row, points[points["stratum"] == stratum], measure),
        "cautions": [sentence(text) for text in context.cautions(stratum)],
        "link": context.choice.address.link(stratum=stratum) + "#points",
    }


def _sign(drawing: str, words: str) -> str:
    """A drawing with its words; both are ours, so both are safe."""
    return f'<span class="sign">{drawing}{first_up(words)}</span>' if drawing else ""
