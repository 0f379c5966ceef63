"""One measure at one site: the answer, then every chart on one y axis, the gaps, and the tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from qi_equity.app import explore
from qi_equity.app.pages.answer import answer_part
from qi_equity.app.pages.gap import gap_part
from qi_equity.app.pages.happenings import form, happened
from qi_equity.app.pages.page import TITLE, Context, Page, nothing_logged
from qi_equity.findings import Chart, Gap, Point, rows
from qi_equity.project import EVERYONE, Measure
from qi_equity.reading import Reading
from qi_equity.view import icons
from qi_equity.view.figure import ABOVE, chart_figure, groups
from qi_equity.view.panels import Marker
from qi_equity.view.table import points_table, summary_table
from qi_equity.words import say
from qi_equity.words.charts import (
    assurance_words,
    chart_sentences,
    is_short,
    lead_sentence,
    variation_words,
)
from qi_equity.words.grammar import called, first_up, listed, sentence
from qi_equity.words.numbers import number
from qi_equity.words.report import clipped
from qi_equity.words.watched import standing_sentences

ROOM = 0.1  # of the time drawn: how far from the first and last point a mark may stand
LEAST_ROOM = pd.Timedelta(weeks=4)


@dataclass(frozen=True, slots=True)
class Shown:
    """The points and charts of a page, as the project declared them or as the address asks."""

    points: pd.DataFrame
    summary: pd.DataFrame
    measure: Measure
    last: list[Chart]  # the last phase of each chart
    hidden: list[str]  # parts of a chart that are left out
    marks: list[Marker]  # cycles by number, notes by letter

    @property
    def drawn(self) -> list[Marker]:
        """The marks that lie among the points: one years away would leave these no room."""
        first, last = self.points["subgroup"].min(), self.points["subgroup"].max()
        room = max((last - first) * ROOM, LEAST_ROOM)
        return [mark for mark in self.marks if first - room <= mark.when <= last + room]

    @property
    def strata(self) -> list[str]:
        """The strata that are charted, in the team's order."""
        return list(self.points["stratum"].unique())


def charts(context: Context) -> Page:
    """The answer, small multiples with the sentence under each, gaps, and the same as tables."""
    if context.rows(Point).empty:
        return nothing_logged(context)
    shown = _shown(context)
    figure = chart_figure(
        shown.points,
        ["stratum"],
        unit=shown.measure.unit,
        markers=shown.drawn,
        names={name: clipped(called(name), TITLE) for name in shown.strata},
        legend=False,
        show=[part for part in explore.PARTS if part not in shown.hidden],
    )
    compared = [row for row in context.typed(Gap) if row.stratum != EVERYONE]
    # What was asked to be drawn otherwise is drawn so here too; the words rest on what was judged.
    judged = _last(context)
    answer, large = answer_part(context, shown.points, judged, compared, shown.drawn)
    gap, over_time = gap_part(context, compared, shown.drawn) if compared else (None, {})
    values = _sentences(context, shown) | _tables(context, shown) | {
        "answer": answer,
        "gap": gap,
        "key": _key(shown, figure),
        "cycles": [mark for mark in shown.marks if mark.label.isdecimal()],
        "notes": [mark for mark in shown.marks if not mark.label.isdecimal()],
        "form": form(context, shown.points),
        "hidden": shown.hidden,
    }  # fmt: skip
    figures = {"charts": figure, **large, **over_time}
    status = answer["said"]
    return Page("charts.html", values, figures, context.where, status, waiting=context.waiting)


def _shown(context: Context) -> Shown:
    address, measure = context.choice.address, context.measure
    points = context.rows(Point)
    summary = context.rows(Chart)
    last = _last(context)
    if explore.asked(address):
        drawn = explore.explored(points, Reading(context.choice.project, measure), address)
        points, summary = context.in_order(drawn.points), context.in_order(drawn.summary)
        measure = explore.as_asked(measure, address)
        last = list(rows(summary.drop_duplicates("stratum", keep="last"), Chart))
    points = _without_limits(points, [row.stratum for row in last if is_short(row)])
    hidden = address.hide.split(",")
    marks = [] if "cycles" in hidden else [*context.markers(), *happened(context)]
    return Shown(points, summary, measure, last, hidden, marks)


def _without_limits(points: pd.DataFrame, strata: list[str]) -> pd.DataFrame:
    """The points with no limits in these strata: lines of a few points look surer than they are."""
    ends = [name for name in ("lower", "upper") if name in points]
    if not strata or not ends:
        return points
    drawn = points.astype(dict.fromkeys(ends, float))
    drawn.loc[drawn["stratum"].isin(strata), ends] = float("nan")
    return drawn


def _sentences(context: Context, shown: Shown) -> dict[str, Any]:
    """What is said above the charts, and under each."""
    address, measure = context.choice.address, shown.measure
    judged = context.findings.judged and not explore.asked(address)
    reference = context.choice.project.strata.reference
    lead = _lead(context, shown, judged)
    return {
        "heading": measure.name,
        "lead": lead,
        "meaning": say(f"charts.direction.{measure.direction}"),
        "label": say(
            "charts.page.label",
            count=number(len(shown.strata)),
            where=context.where,
            strata=listed(map(called, shown.strata)),
            lead=lead,
        ),
        "cards": [
            _card(context, measure, row, shown.points)
            | {"standing": standing_sentences(row, measure.direction) if judged else []}
            for row in shown.last
        ],
        "reference": reference.compare_with,
        "reason": reference.reason,
        "not_compared": say("gaps.page.no_gap"),
        "explored": explore.caution(context.measure, address),
        "verdicts_late": context.late_words if context.failed else "",
    }


def _lead(context: Context, shown: Shown, judged: bool) -> str:
    """Which strata stand out; nothing of it while all is weighed: it would be taken for news."""
    if context.waiting:
        return say("charts.lead.weighing")
    points = shown.points
    signals = points[points["signal"].astype(bool)] if "signal" in points else points.iloc[:0]
    signalling = set(signals["stratum"])
    return lead_sentence(shown.last, judged, signalling, shown.measure.direction)


def _tables(context: Context, shown: Shown) -> dict[str, Any]:
    """The same as tables: every stratum in a row, and the points of the one that was chosen."""
    stratum, where = context.choice.address.stratum, context.where
    caption = say("charts.page.by_stratum", where=where)
    tables = {
        "summary": summary_table(shown.last, shown.points, shown.measure, caption),
        "points": None,
    }
    if stratum in shown.strata:
        chosen = shown.points[shown.points["stratum"] == stratum]
        caption = say("charts.page.of_stratum", where=where, stratum=called(stratum))
        tables["points"] = points_table(chosen, shown.measure, caption)
    return tables


def _last(context: Context) -> list[Chart]:
    """The last phase of each chart as it was judged."""
    return list({row.stratum: row for row in context.typed(Chart)}.values())


def _key(shown: Shown, figure: dict[str, Any]) -> list[tuple[str, str]]:
    drawn, points = groups(figure), shown.points
    meanings = {str(name) for name in points["meaning"].unique()} if "meaning" in points else set()
    return icons.key(
        sorted(meanings),
        target="target" in drawn,
        limits="limits" in drawn,
        cycles=any(mark.label.isdecimal() for mark in shown.drawn),
        above=ABOVE in drawn,
        baseline="baseline" not in shown.hidden and bool(figure["layout"]["shapes"]),
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
