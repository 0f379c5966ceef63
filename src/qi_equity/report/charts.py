"""Points of the findings as native charts: every number is read off, none is worked out here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from qi_equity.findings import Chart, Findings, Gap, SiteRow, of, rows
from qi_equity.project import EVERYONE, Measure
from qi_equity.report.parts import Cloud, Drawn, Line, Panel, Value, parted
from qi_equity.view.figure import chart_figure, span
from qi_equity.view.funnel_figure import funnel_figure
from qi_equity.view.gap_figure import WIDEST_RATIO, gap_figure
from qi_equity.view.panels import Marker, stamps
from qi_equity.view.theme import MEANINGS
from qi_equity.words import say
from qi_equity.words.charts import chart_sentences
from qi_equity.words.gaps import difference_unit
from qi_equity.words.grammar import called
from qi_equity.words.numbers import day, missing
from qi_equity.words.report import clipped

PANELS = 6  # to a page: each can be read at a third of its size
# The lines of a chart: column, what it is called, its look.
LINES = (
    ("value", "value", "value"),
    ("centre", "centre", "centre"),
    ("lower", "limits", "limit"),
    ("upper", "limits", "limit"),
    ("target", "target", "target"),
)
GAP_LINES = (("", "gap", "value"), ("_lower", "interval", "limit"), ("_upper", "interval", "limit"))
DOT, ABOVE = "dot", "above"


def values(column: pd.Series) -> tuple[Value, ...]:
    """A column as it stands, nothing where nothing was logged.

    >>> values(pd.Series([4.0, float("nan")]))
    (4.0, None)
    """
    return tuple(None if missing(one) else float(one) for one in column)


def times(column: pd.Series) -> tuple[pd.Timestamp, ...]:
    """The first days of subgroups."""
    return tuple(pd.Timestamp(one) for one in column)


def strata_charts(
    findings: Findings,
    measure: Measure,
    site: str,
    strata: Sequence[str],
    markers: Sequence[Marker] = (),
) -> list[Drawn]:
    """The charts of the strata of one measure at one site, so many to a page, on one scale."""
    points = of(findings.points, measure, site)
    # A stratum of which nothing may be shown, or nothing was logged, has no chart.
    valued: set[str] = set()
    if len(points):
        valued.update(points.loc[points["value"].notna(), "stratum"])
    there = [name for name in strata if name in valued]
    if not there:
        return []
    points = points[points["stratum"].isin(there)]
    latest = {row.stratum: row for row in findings.rows(Chart, measure, site)}
    top, made = span(points), []
    ends = (points["subgroup"].min(), points["subgroup"].max())
    for _, here in parted(there, PANELS):
        panels = [
            _panel(points[points["stratum"] == name], measure, latest.get(name), top, ends)
            for name in here
        ]
        shown = points[points["stratum"].isin(here)]
        across = {1: 1, 2: 2, 4: 2}.get(len(panels), 3)
        # Each page has a key of its own under its charts.
        figure = chart_figure(
            _in_order(shown, here), ["stratum"], unit=measure.unit,
            markers=markers, columns=across, legend=False,
        )  # fmt: skip
        if ends[0] == ends[1]:  # one look has one day
            axis = {"tickvals": [stamps(points["subgroup"])[0]], "ticktext": [day(ends[0])]}
            axes = [name for name in figure["layout"] if name.startswith("xaxis")]
            figure["layout"] |= {name: figure["layout"][name] | axis for name in axes}
        made.append(Drawn(tuple(panels), figure, _key(panels), across))
    return made


def _in_order(points: pd.DataFrame, strata: Sequence[str]) -> pd.DataFrame:
    rank = {name: place for place, name in enumerate(strata)}
    return points.sort_values("stratum", key=lambda names: names.map(rank), kind="stable")


def _panel(
    rows_: pd.DataFrame,
    measure: Measure,
    chart: Chart | None,
    top: list[float] | None,
    ends: tuple[pd.Timestamp, pd.Timestamp],
) -> Panel:
    """One stratum's chart: values, lines, and each kind of mark as a series of its own."""
    name = called(str(rows_["stratum"].iloc[0]))
    lines = [
        Line(say(f"charts.drawn.{words}"), values(rows_[column]), look, DOT * (column == "value"))
        for column, words, look in LINES
        if column in rows_ and rows_[column].notna().any()
    ]
    value = values(rows_["value"])
    meanings = rows_["meaning"].astype(str) if "meaning" in rows_ else pd.Series("", rows_.index)
    for meaning, (look, mark) in MEANINGS.items():
        seen = tuple(
            one if meant == meaning else None for one, meant in zip(value, meanings, strict=True)
        )
        if any(one is not None for one in seen):
            lines.append(Line(say(f"charts.meaning.{meaning}"), seen, look, mark))
    if top is not None:
        over = tuple(top[1] if one is not None and one > top[1] else None for one in value)
        if any(one is not None for one in over):
            lines.append(Line(say("charts.drawn.above"), over, "value", ABOVE))
    said = chart_sentences(chart, rows_, measure) if chart is not None else []
    alt = say("report.chart_alt", stratum=name, measure=measure.name, said=" ".join(said))
    low, high = (top[0], top[1]) if top is not None else (None, None)
    return Panel(
        clipped(name), times(rows_["subgroup"]), tuple(lines), alt, measure.unit, low, high,
        first=ends[0], last=ends[1],
    )  # fmt: skip


def _key(panels: Iterable[Panel]) -> tuple[tuple[str, str, str], ...]:
    """The key to all marks that there are: how each looks and what it is, once."""
    lines = (line for panel in panels for line in panel.lines)
    return tuple(dict.fromkeys((line.look, line.mark, line.name) for line in lines))


def gap_charts(
    findings: Findings, measure: Measure, site: str, strata: Sequence[str]
) -> Drawn | None:
    """The gap of the strata over time, as a ratio and as a difference."""
    points = of(findings.gap_points, measure, site)
    points = points[points["stratum"].isin(strata)] if len(points) else points
    # One point is a level, which the table of gaps has already.
    if points.empty or not (points.groupby("stratum")["ratio"].count() > 1).any():
        return None
    gaps = [row for row in findings.rows(Gap, measure, site) if row.stratum in strata]
    reference = {row.stratum: called(row.reference) for row in gaps}
    panels: list[Panel] = []
    for name in strata:
        own = points[points["stratum"] == name]
        if own.empty:
            continue
        said = {"stratum": called(name), "reference": reference.get(name, "")}
        title = say(
            "gaps.drawn.panel", stratum=clipped(called(name)), title=say("gaps.drawn.ratio")
        )
        panels.append(
            Panel(
                title, times(own["subgroup"]), _gap_lines(own, "ratio", 1.0),
                say("report.gap_alt", measure=measure.name, **said),
                low=1 / WIDEST_RATIO, high=WIDEST_RATIO, ratio=True,
            )
        )  # fmt: skip
        unit = difference_unit(measure)
        title = say(
            "gaps.drawn.panel",
            stratum=clipped(called(name)),
            title=say("gaps.drawn.difference", unit=unit),
        )
        panels.append(
            Panel(
                title, times(own["subgroup"]), _gap_lines(own, "difference", measure.multiply),
                say("report.difference_alt", measure=measure.name, unit=unit, **said),
            )
        )  # fmt: skip
    return Drawn(tuple(panels), gap_figure(points, measure, gaps=gaps), _key(panels), 2)


def _gap_lines(own: pd.DataFrame, name: str, multiply: float) -> tuple[Line, ...]:
    level = 1.0 if name == "ratio" else 0.0
    lines = [
        Line(say(f"gaps.key.{words}"), values(own[f"{name}{end}"] * multiply), look)
        for end, words, look in GAP_LINES
    ]
    return (*lines, Line(say("gaps.key.none"), (level,) * len(own), "centre"))


def funnel(findings: Findings, measure: Measure, stratum: str = EVERYONE) -> Drawn | None:
    """All sites by their size inside the limits of chance, of one stratum."""
    curve = of(findings.funnels, measure)
    curve = curve[curve["stratum"] == stratum] if len(curve) else curve
    own = [row for row in rows(of(findings.sites, measure), SiteRow) if row.stratum == stratum]
    own = [row for row in own if not missing(row.rate)]
    if curve.empty or not own:
        return None
    names = {site.id: site.name for site in findings.project.sites}
    points = tuple(
        (
            names.get(row.site, row.site), row.denominator, row.rate * measure.multiply,
            row.beyond_998 != 0,
        )
        for row in own
    )  # fmt: skip
    alt = say("report.funnel_alt", measure=measure.name)
    across = measure.denominator or say("charts.drawn.counted")
    curves = _limits(curve, measure.multiply)
    cloud = Cloud(measure.name, points, curves, alt, measure.unit, across)
    return Drawn((cloud,), funnel_figure(own, curve, measure, names), _cloud_key(cloud), 1)


# The curves of a funnel: their column, their share or none, their look.
CURVES = (
    ("lower_95", "inner", "grid"), ("upper_95", "inner", "grid"),
    ("lower_998", "outer", "limit"), ("upper_998", "outer", "limit"),
    ("target", "", "centre"),
)  # fmt: skip


def _limits(
    curve: pd.DataFrame, multiply: float
) -> tuple[tuple[str, str, tuple[tuple[float, float], ...]], ...]:
    """The limits of chance and the rate of all sites, each as pairs of a size and a height."""
    sizes = [float(size) for size in curve["size"]]
    return tuple(
        (
            say("charts.drawn.share_limits", share=say(f"report.{share}"))
            if share
            else say("compare.key.all"),
            look,
            tuple(zip(sizes, (float(one) * multiply for one in curve[column]), strict=True)),
        )
        for column, share, look in CURVES
    )


def _cloud_key(cloud: Cloud) -> tuple[tuple[str, str, str], ...]:
    key = [("value", DOT, say("compare.key.site"))]
    if any(beyond for *_, beyond in cloud.sites):
        key.append(("other", "square", say("compare.key.beyond")))
    key += [(look, "", name) for name, look, _ in cloud.curves]
    if cloud.numbered:
        key += [
            ("ink", "none", say("report.numbered", number=place, site=clipped(name)))
            for place, (name, *_) in enumerate(cloud.sites, 1)
        ]
    return tuple(dict.fromkeys(key))
