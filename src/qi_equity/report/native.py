"""Panels as native charts of Office files: their data stand in a workbook inside; editable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from pptx.chart.data import CategoryChartData, XyChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import (
    XL_CHART_TYPE,
    XL_LABEL_POSITION,
    XL_MARKER_STYLE,
    XL_TICK_LABEL_POSITION,
)
from pptx.enum.dml import MSO_LINE
from pptx.oxml.ns import qn
from pptx.util import Emu, Pt

from qi_equity.report.parts import Cloud, Forest, Line, Panel
from qi_equity.report.scales import LABELS, date_format, ends, months_apart, ratio_ends, step
from qi_equity.view.theme import LIGHT
from qi_equity.words import say

# How wide a line of each look is, and whether it is broken.
WIDTHS = {"value": 1.75, "centre": 2.25, "limit": 1.25, "target": 1.75, "grid": 1.25}
BROKEN = {"target": MSO_LINE.DASH, "grid": MSO_LINE.DASH}
SHAPES = {
    "diamond": (XL_MARKER_STYLE.DIAMOND, 11),
    "triangle-up": (XL_MARKER_STYLE.TRIANGLE, 11),
    "square": (XL_MARKER_STYLE.SQUARE, 10),
    "dot": (XL_MARKER_STYLE.CIRCLE, 4),
    "above": (XL_MARKER_STYLE.TRIANGLE, 8),
}
Place = tuple[int, int, int, int]
MANY = 60  # points, above which their dots are small
DATE = 4.2  # letters' heights that a date takes along an axis, and what parts it from the next
UP = 3.5  # of the labels up an axis
# A half is told to its last digit; of what a log scale makes of one, no more than its place.
RATIO = '[>0.75]"×"0;"×"0.0##'


def colour(look: str) -> RGBColor:
    """A colour of the app's theme."""
    return RGBColor.from_string(LIGHT[look][1:].upper())


def data_of(panel: Panel) -> CategoryChartData:
    """The panel's times and series as a chart takes them."""
    data = CategoryChartData()
    data.categories = [_day(when) for when in panel.times]
    for line in panel.lines:
        data.add_series(line.name, line.values)
    return data


def _day(when: Any) -> date:
    return date(when.year, when.month, when.day)


def add_panel(shapes: Any, panel: Panel, place: Place, size: float, dated: bool = True) -> Any:
    """A line chart over dates at a place of a slide; its graphic frame."""
    kind = XL_CHART_TYPE.LINE_MARKERS
    frame = shapes.add_chart(kind, *map(Emu, place), data_of(panel))
    told(frame, panel.title, panel.alt)
    dressed(frame.chart, panel, size, labels_in(place[2], size))
    if not dated:
        frame.chart.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.NONE
    return frame


def labels_in(wide: int, size: float) -> int:
    """How many dates a chart of a width (in EMU) has room for.

    >>> labels_in(Pt(296), 18), labels_in(Pt(888), 18)
    (3, 4)
    """
    return max(1, min(LABELS, int((Emu(wide).pt / size - UP) / DATE)))


def add(
    shapes: Any, panel: Panel | Cloud | Forest, place: Place, size: float, dated: bool = True
) -> Any:
    """A native chart of whatever kind at a place of a slide; its graphic frame.

    One that stands above another of the same times needs no dates of its own.
    """
    if isinstance(panel, Forest):
        return add_forest(shapes, panel, place, size)
    if isinstance(panel, Cloud):
        return add_cloud(shapes, panel, place, size)
    return add_panel(shapes, panel, place, size, dated)


def told(frame: Any, name: str, alt: str) -> None:
    """A shape's name and what it shows, for those who do not see it."""
    about = frame._element.xpath(".//p:cNvPr")[0]
    about.set("name", name)
    about.set("descr", alt)


def dressed(chart: Any, panel: Panel, size: float, labels: int = LABELS) -> None:
    """The look of a chart: the colours and marks of the app, labels of a size that can be read."""
    _frame(chart, panel.title, size)
    for series, line in zip(chart.plots[0].series, panel.lines, strict=True):
        _drawn(series, line)
    across, up = chart.category_axis, chart.value_axis
    _axis(across, size)
    _axis(up, size)
    _dates(across, panel, labels)
    across.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    up.major_gridlines.format.line.color.rgb = colour("grid")
    up.tick_labels.number_format_is_linked = False
    if panel.ratio:
        _ratio_axis(up, panel)
    else:
        _value_axis(up, panel)


def _value_axis(axis: Any, panel: Panel) -> None:
    """Two labels above the lowest are enough to read a height by."""
    if panel.low is not None and panel.high is not None:
        axis.minimum_scale, axis.maximum_scale = panel.low, panel.high
        axis.major_unit = step(panel.high - panel.low)
    unit = '"%"' if panel.unit == "%" else ""
    axis.tick_labels.number_format = f"General{unit}" if unit else "General"


def _ratio_axis(axis: Any, panel: Panel) -> None:
    """A log scale to the base of two: each line is twice the one below."""
    _doublings(axis, *ratio_ends(panel))
    # The times stand at the foot, and not where the ratio is one.
    crosses = axis._element.getparent().find(qn("c:dateAx"))
    if crosses is not None:
        place = crosses.find(qn("c:crosses"))
        if place is not None:
            place.set("val", "min")


def _frame(chart: Any, title: str, size: float) -> None:
    chart.has_legend = False
    chart.has_title = True
    chart.font.size = Pt(size)
    chart.font.color.rgb = colour("muted")
    frame = chart.chart_title.text_frame
    frame.text = title
    run = frame.paragraphs[0].runs[0]
    run.font.size, run.font.bold = Pt(size), True
    run.font.color.rgb = colour("ink")
    chart.chart_title.include_in_layout = False


def _drawn(series: Any, line: Line) -> None:
    series.smooth = False
    marks_only = line.mark not in ("", "dot")
    if marks_only:
        series.format.line.fill.background()
    else:
        series.format.line.width = Pt(WIDTHS.get(line.look, 1.5))
        series.format.line.color.rgb = colour(line.look)
        if line.look in BROKEN:
            series.format.line.dash_style = BROKEN[line.look]
    if not line.mark:
        series.marker.style = XL_MARKER_STYLE.NONE
        return
    shape, wide = SHAPES[line.mark]
    if line.mark == "dot" and len(line.values) > MANY:
        wide = 2
    series.marker.style, series.marker.size = shape, wide
    series.marker.format.line.color.rgb = colour(line.look)
    fill = series.marker.format.fill
    if line.mark == "above":
        fill.background()
    else:
        fill.solid()
        fill.fore_color.rgb = colour(line.look)


def _axis(axis: Any, size: float) -> None:
    axis.tick_labels.font.size = Pt(size)
    axis.tick_labels.font.color.rgb = colour("muted")
    axis.format.line.color.rgb = colour("limit")


def _dates(axis: Any, panel: Panel, labels: int) -> None:
    """A few dates, spaced so that they do not run into one another."""
    axis.has_major_gridlines = False
    months = months_apart(panel, labels)
    axis.tick_labels.number_format = date_format(months)
    axis.tick_labels.number_format_is_linked = False
    element = axis._element
    if element.tag != qn("c:dateAx"):
        return
    axis.minimum_scale, axis.maximum_scale = map(_serial, ends(panel))
    for name in ("c:baseTimeUnit", "c:majorUnit", "c:majorTimeUnit"):
        for held in element.findall(qn(name)):
            element.remove(held)
    for name, value in (
        ("c:baseTimeUnit", "days"), ("c:majorUnit", str(months)), ("c:majorTimeUnit", "months"),
    ):  # fmt: skip
        element.append(element.makeelement(qn(name), {"val": value}))


def _serial(when: Any) -> float:
    """A date as a spreadsheet counts it."""
    return float((_day(when) - date(1899, 12, 30)).days)


def add_cloud(shapes: Any, cloud: Cloud, place: Place, size: float) -> Any:
    """Sites as named points inside the curves of chance; its graphic frame."""
    data = XyChartData()
    for one in _strokes(cloud):
        series = data.add_series(one.name)
        for across, up in one.pairs:
            series.add_data_point(across, up)
    frame = shapes.add_chart(XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS, *map(Emu, place), data)
    told(frame, cloud.title, cloud.alt)
    chart = frame.chart
    _frame(chart, cloud.title, size)
    _cloud_series(chart, cloud, size)
    for axis in (chart.category_axis, chart.value_axis):
        _axis(axis, size)
        axis.has_major_gridlines = False
    chart.category_axis.has_title = True
    chart.category_axis.axis_title.text_frame.text = cloud.across
    run = chart.category_axis.axis_title.text_frame.paragraphs[0].runs[0]
    run.font.size, run.font.bold = Pt(size), False
    chart.category_axis.tick_labels.number_format = "#,##0"
    chart.category_axis.tick_labels.number_format_is_linked = False
    chart.value_axis.tick_labels.number_format = 'General"%"' if cloud.unit == "%" else "General"
    chart.value_axis.tick_labels.number_format_is_linked = False
    return frame


@dataclass(frozen=True, slots=True)
class _Stroke:
    """One series of a cloud: a curve, or the sites within or beyond the outer limits."""

    name: str
    look: str
    pairs: tuple[tuple[float, float], ...]
    mark: str = ""
    numbers: tuple[int, ...] = ()


def _strokes(cloud: Cloud) -> list[_Stroke]:
    found = [_Stroke(name, look, pairs) for name, look, pairs in cloud.curves]
    for beyond, look, mark in ((False, "value", "dot"), (True, "other", "square")):
        here = [(n, site) for n, site in enumerate(cloud.sites, 1) if site[3] is beyond]
        pairs = tuple((across, up) for _, (_, across, up, _) in here)
        if here:
            found.append(_Stroke("sites", look, pairs, mark, tuple(n for n, _ in here)))
    # LibreOffice draws no series that stands before one of more points.
    return sorted(found, key=lambda one: -len(one.pairs))


def _cloud_series(chart: Any, cloud: Cloud, size: float) -> None:
    for series, one in zip(chart.plots[0].series, _strokes(cloud), strict=True):
        series.smooth = False
        if one.mark:
            _sites(series, one, size if cloud.numbered else 0)
            continue
        series.marker.style = XL_MARKER_STYLE.NONE
        series.format.line.width = Pt(1.5)
        series.format.line.color.rgb = colour("limit" if one.look == "grid" else one.look)
        if one.look == "grid":
            series.format.line.dash_style = MSO_LINE.DASH


def _sites(series: Any, one: _Stroke, size: float) -> None:
    """Points without a line, each with its number where there is a size for it."""
    series.format.line.fill.background()
    series.marker.style, series.marker.size = SHAPES[one.mark][0], 10 if size else 7
    series.marker.format.fill.solid()
    series.marker.format.fill.fore_color.rgb = colour(one.look)
    by_size = sorted(range(len(one.pairs)), key=lambda place: one.pairs[place][0])
    for rank, place in enumerate(by_size if size else ()):
        # A number each: names of that size would run into one another.
        label = series.points[place].data_label
        label.has_text_frame = True
        label.text_frame.text = str(one.numbers[place])
        label.text_frame.paragraphs[0].runs[0].font.size = Pt(size)
        label.position = (XL_LABEL_POSITION.ABOVE, XL_LABEL_POSITION.BELOW)[rank % 2]


def parts_of(forest: Forest) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """An interval as bars on top of one another: up to it unseen, then to what was seen, then on.

    >>> from qi_equity.report.parts import Reach
    >>> [values for _, values in parts_of(Forest("", (Reach("a", 3.0, 1.0, 6.0),), ""))]
    [(1.0,), (2.0,), (3.0,)]
    """
    rows = forest.rows
    return (
        (say("report.forest.before"), tuple(row.lower for row in rows)),
        (say("report.forest.below"), tuple(row.estimate - row.lower for row in rows)),
        (say("report.forest.above"), tuple(row.upper - row.estimate for row in rows)),
    )


def add_forest(shapes: Any, forest: Forest, place: Place, size: float) -> Any:
    """Intervals as bars, parted where the estimate lies, on one scale; the graphic frame."""
    data = CategoryChartData()
    data.categories = [row.name for row in forest.rows]
    for name, values in parts_of(forest):
        data.add_series(name, values)
    frame = shapes.add_chart(XL_CHART_TYPE.BAR_STACKED, *map(Emu, place), data)
    told(frame, forest.title, forest.alt)
    _frame(frame.chart, forest.title, size)
    _bars(frame.chart.plots[0], forest)
    _forest_axes(frame.chart, forest, size)
    return frame


def _bars(plot: Any, forest: Forest) -> None:
    """The first part of each bar unseen; the estimate is the gap between the two others."""
    plot.gap_width, plot.overlap = 120, 100
    for number, series in enumerate(plot.series):
        series.format.fill.background()
        for at, row in enumerate(forest.rows):
            bar = series.points[at].format
            if not number:
                bar.fill.background()
                bar.line.fill.background()
                continue
            bar.fill.solid()
            bar.fill.fore_color.rgb = colour(row.look)
            bar.line.color.rgb, bar.line.width = colour("paper"), Pt(2)


def _every_name(axis: Any) -> None:
    """Each name is shown, however long: whoever draws the chart would leave out every other."""
    skip = axis._element.makeelement(qn("c:tickLblSkip"), {"val": "1"})
    after = axis._element.find(qn("c:noMultiLvlLbl"))
    if after is not None:
        after.addprevious(skip)
    else:
        axis._element.append(skip)


def _forest_axes(chart: Any, forest: Forest, size: float) -> None:
    names, along = chart.category_axis, chart.value_axis
    for axis in (names, along):
        _axis(axis, size)
    names.reverse_order = True  # the first on top
    names.has_major_gridlines = False
    names.tick_labels.font.color.rgb = colour("ink")
    names.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    _every_name(names)
    along.major_gridlines.format.line.color.rgb = colour("grid")
    along.tick_labels.number_format_is_linked = False
    low, high = forest.ends
    if forest.ratio:
        _doublings(along, low, high)
        along.crosses_at = 1.0  # the names' line stands where there is no gap
    else:
        along.minimum_scale, along.tick_labels.number_format = 0, "General"
        along.major_unit = step(high)


def _doublings(axis: Any, low: float, high: float) -> None:
    scaling = axis._element.find(qn("c:scaling"))
    scaling.insert(0, scaling.makeelement(qn("c:logBase"), {"val": "2"}))
    axis.minimum_scale, axis.maximum_scale, axis.major_unit = low, high, 2.0
    axis.tick_labels.number_format = RATIO
