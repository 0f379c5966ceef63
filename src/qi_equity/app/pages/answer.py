"""The answer first: one stratum in a sentence, its chart large, its gap beside it, all others a
line each.

A part of the page of one measure at one site; no page of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from qi_equity.app import explore
from qi_equity.app.pages.page import TITLE, Context
from qi_equity.findings import Chart, Cusum, CusumPoint, Gap, GapPoint
from qi_equity.network.responding import signals
from qi_equity.project import EVERYONE
from qi_equity.reading import COUNTED, Reading
from qi_equity.view.cusum_figure import cusum_figure
from qi_equity.view.figure import chart_figure
from qi_equity.view.gap_figure import gap_figure
from qi_equity.view.panels import Figure, Marker
from qi_equity.words import cusums, say
from qi_equity.words.answers import answer_sentence
from qi_equity.words.grammar import called
from qi_equity.words.report import clipped

# Below so many at risk a week a weekly point jumps between none and one: a longer period is drawn.
READABLE = 10.0
# Events that a point should hold, as for the display ladder (equity.display.ENOUGH_PER_POINT).
ENOUGH = 2.0
WEEKS_A_MONTH = 52.1775 / 12
HEADROOM = 0.09  # of it, for the title
HIGHEST = 1.6  # times the axis of the values and most limits; a limit beyond it runs off the top
HEIGHT = 280  # pixels of the large chart: with the sentence it is within a phone's first screen


def answer_part(
    context: Context,
    points: pd.DataFrame,
    last: Sequence[Chart],
    gaps: Sequence[Gap],
    marks: Sequence[Marker],
) -> tuple[dict[str, Any], dict[str, Figure]]:
    """The sentence of the stratum in view, its figures, and a sentence for each of the others."""
    choice, measure, judged = context.choice, context.measure, context.findings.judged
    chart_of = {row.stratum: row for row in last}
    gap_of = {row.stratum: row for row in gaps}
    strata = list(dict.fromkeys(points["stratum"]))
    stratum = choice.address.stratum
    if stratum not in strata:
        stratum = _in_view(gaps, strata)
    rates = {row.stratum: row for row in context.typed(Gap)}  # of everyone too
    said = {
        name: answer_sentence(chart_of.get(name), rates.get(name), measure, judged=judged)
        for name in strata
        if name in chart_of or name in rates
    }
    own = points[points["stratum"] == stratum]
    figures, by = _figures(context, own, gap_of, stratum, marks)
    reference = called(choice.project.strata.reference.compare_with)
    values = {
        "said": said.get(stratum, ""),
        "before": _before(context, stratum),
        "stratum": stratum,
        "label": say(
            "answers.chart_label",
            stratum=called(stratum),
            where=context.where,
            answer=said.get(stratum, ""),
        ),
        "gap_label": say(
            "answers.gap_label", stratum=called(stratum), reference=reference, where=context.where
        ),
        "gap": "answer_gap" in figures,
        "by": by,
        "cusum": _cusum(context, stratum, chart_of, figures),
        "response": _response(context, stratum, chart_of.get(stratum), gap_of.get(stratum)),
        "others": [
            (called(name), text, choice.address.link(stratum=name))
            for name, text in said.items()
            if name != stratum
        ],
    }
    return values, figures


def _response(context: Context, stratum: str, chart: Chart | None, gap: Gap | None) -> str:
    """Where to open a response, where what is established here asks for one; else nothing."""
    settled = (chart is not None and chart.established) or gap is not None
    if context.desk is None or not context.findings.judged or not settled:
        return ""
    here = (context.measure.id, context.choice.site, stratum)
    found = signals(context.findings, context.today.date())
    asks = next((one for one in found if (one.measure, one.site, one.stratum) == here), None)
    return "" if asks is None else context.choice.address.link(page="responses", key=asks.link)


def _cusum(
    context: Context, stratum: str, chart_of: Mapping[str, Chart], figures: dict[str, Figure]
) -> dict[str, Any] | None:
    """The signal chart of the stratum in view, or of the whole unit; None where none is declared.

    Its figure is put among the `figures`.
    """
    measure, site, findings = context.measure, context.choice.site, context.findings
    if measure.signal_system is None or not findings.judged:
        return None
    rows = {row.stratum: row for row in context.typed(Cusum)}
    row = rows.get(stratum, rows.get(EVERYONE))
    if row is None:
        return {"heading": "", "sentences": [say("cusums.elsewhere")], "label": ""}
    points = context.rows(CusumPoint)
    own = points[points["stratum"] == row.stratum]
    figures["answer_cusum"] = _tall(cusum_figure(own, row, measure))
    every = list(findings.rows(Cusum, None, site))
    said = cusums.sentences(row, measure, chart_of.get(row.stratum), every)
    label = say(
        "cusums.label", stratum=called(row.stratum), where=context.where, said=" ".join(said[:1])
    )
    return {"heading": cusums.heading(row), "sentences": said, "label": label}


def _before(context: Context, stratum: str) -> str:
    """While the newest counts are weighed: what was last known, before them."""
    before = context.before() if context.waiting else None
    if before is None:
        return ""
    charts = {row.stratum: row for row in before.typed(Chart)}
    gaps = {row.stratum: row for row in before.typed(Gap)}
    if stratum not in charts:
        return ""
    said = answer_sentence(charts[stratum], gaps.get(stratum), context.measure)
    return say("answers.before", said=said)


def _in_view(gaps: Sequence[Gap], strata: Sequence[str]) -> str:
    """The stratum shown where none was chosen; it is chosen by no verdict, so that it holds still.

    The contrast that was declared before looking, else the worse-off group whose gap is surest,
    else everyone.
    """
    declared = [row.stratum for row in gaps if row.declared and row.stratum in strata]
    if declared:
        return declared[0]
    worse = [row for row in gaps if not row.better_off and row.stratum in strata]
    surest = max(worse, key=_least, default=None)
    if surest is not None and _least(surest) > 0:
        return surest.stratum
    return EVERYONE if EVERYONE in strata else strata[0]


def _least(row: Gap) -> float:
    """How far from no gap the nearer end of the interval lies; 0 where it includes none."""
    ends = (row.ratio_lower, row.ratio_upper)
    if not all(end > 0 for end in ends) or ends[0] <= 1 <= ends[1]:
        return 0.0
    return max(min(ends), 1 / max(ends)) - 1


def _figures(
    context: Context,
    points: pd.DataFrame,
    gap_of: Mapping[str, Gap],
    stratum: str,
    marks: Sequence[Marker],
) -> tuple[dict[str, Figure], dict[str, str]]:
    """The chart of one stratum, and its gap as a ratio; which period a point is, where widened."""
    choice, measure = context.choice, context.measure
    hidden = choice.address.hide.split(",")
    shown, by = points, {}
    period = _rung(context, points)
    if period:
        shown = _widened(context, points, period)
        logged = say(f"charts.one.{measure.subgroup}")
        by = {
            "text": say("answers.by", period=say(f"charts.one.{period}")),
            "more": say("answers.by_week", period=logged),
            "link": choice.address.link(stratum=stratum, period=explore.LOGGED),
        }
    show = [part for part in ("limits", "centre", "target", "baseline") if part not in hidden]
    large = chart_figure(
        shown,
        ["stratum"],
        unit=measure.unit,
        names={stratum: _titled(stratum, measure.unit)},
        columns=1,
        legend=False,
        markers=marks,
        show=show,
    )
    _whole_limits(large, shown)
    figures = {"answer": _tall(large)}
    gap_points = context.rows(GapPoint)
    if stratum in gap_of and len(gap_points):
        own = gap_points[gap_points["stratum"] == stratum]
        if len(own):
            ratio = gap_figure(own, measure, marks, [gap_of[stratum]], ratio_alone=True)
            against = called(choice.project.strata.reference.compare_with)
            title = say("answers.gap_title", reference=against)
            ratio["layout"]["annotations"][0]["text"] = f"<b>{title}</b>"
            figures["answer_gap"] = _tall(ratio)
    return figures, by


def _titled(stratum: str, unit: str) -> str:
    """The stratum, and what the axis is in where its numbers do not say so."""
    name = clipped(called(stratum), TITLE)
    return name if unit in ("", "%") else say("answers.chart_title", stratum=name, unit=unit)


def _whole_limits(figure: Figure, points: pd.DataFrame) -> None:
    """Limits drawn so that they can be read: the axis holds them, unless they flatten the line."""
    axis = figure["layout"]["yaxis"]
    upper = points["upper"].dropna() if "upper" in points else points["value"].iloc[:0]
    if "range" in axis and len(upper):
        top = min(1.04 * float(upper.max()), HIGHEST * axis["range"][1])
        axis["range"] = [0, max(axis["range"][1], float(f"{top:.4g}"))]


def _tall(figure: Figure) -> Figure:
    """One panel alone: larger than a small multiple, with no more room above than its title."""
    layout = figure["layout"]
    layout["meta"] |= {"height": HEIGHT, "headroom": HEADROOM}
    layout["yaxis"]["domain"] = [0, 1 - HEADROOM]
    return figure


def _rung(context: Context, points: pd.DataFrame) -> str:
    """The period that a small stratum is drawn by, unless another was asked for; else nothing."""
    measure, address = context.measure, context.choice.address
    released = "subgroups" in points and bool((points["subgroups"].fillna(1) > 1).any())
    small = measure.data in COUNTED and measure.subgroup == "week" and not released
    if not small or address.period or explore.asked(address):
        return ""
    counted = points[points["denominator"].notna()]
    if counted.empty or counted["denominator"].mean() >= READABLE:
        return ""
    return "month" if counted["numerator"].mean() * WEEKS_A_MONTH >= ENOUGH else "quarter"


def _widened(context: Context, points: pd.DataFrame, period: str) -> pd.DataFrame:
    """The counts by a longer period. It is for the eye: what marks a signal are the counts as
    they were logged, so no point of it is marked."""
    address = replace(context.choice.address, period=period)
    reading = Reading(context.choice.project, context.measure)
    drawn = explore.explored(points, reading, address).points
    return drawn.drop(columns=[name for name in ("meaning", "signal") if name in drawn])
