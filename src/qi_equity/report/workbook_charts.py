"""Charts of a pack as native charts of a workbook, their data on a sheet of it; no tables here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from qi_equity.report.native import parts_of
from qi_equity.report.parts import Cloud, Drawn, Forest, Pack, Panel
from qi_equity.report.scales import date_format, ends, months_apart, ratio_ends, step
from qi_equity.view.theme import LIGHT
from qi_equity.words import say
from qi_equity.words.report import clipped

MARKS = {"diamond": "diamond", "triangle-up": "triangle", "square": "square", "dot": "circle"}
HIGH, WIDE = 18, 9  # rows and columns of cells that a chart covers
CELL = (64, 20)  # pixels of a cell that nobody widened
ACROSS = 2  # charts side by side
A4 = 9  # as the format numbers paper
A_SHEET, SCALE = 2, 62  # rows of charts to a sheet of paper, and per cent of their size there
DAY, LAST = 12, 16_383  # letters of a column that holds a day; the last column of a sheet
TITLE = 90  # letters of a chart's title
SMALL = {"size": 8}
GRID = {"visible": True, "line": {"color": LIGHT["grid"]}}
RATIO = '"×"0.0##'
# Beside a name: what was seen and its ends, and the bars that the chart puts one on the other.
FOREST = ("estimate", "lower", "upper", "before", "below", "above")
Kind = Panel | Cloud | Forest


class Exact(float):
    """A number that is written to its last digit: the library rounds others to sixteen.

    >>> f"{Exact(0.1 + 0.2):.16G}"
    '0.30000000000000004'
    """

    def __format__(self, form: str) -> str:
        return repr(float(self))


def add_charts(book: Any, pack: Pack, looks: dict[str, Any]) -> None:
    """Each panel as a native chart, its data on the sheet after; no sheet where there is none."""
    panels = [
        (page.title, panel)
        for page in pack.pages
        for block in page.blocks
        if isinstance(block, Drawn)
        for panel in block.panels
    ]
    if not panels:
        return
    sheet = book.add_worksheet(say("report.codebook.charts"))
    _on_paper(sheet, -(-len(panels) // ACROSS))
    data = book.add_worksheet(say("report.codebook.data"))
    data.freeze_panes(1, 0)
    data.set_column(0, LAST, DAY)
    column = 0
    for place, (title, panel) in enumerate(panels):
        chart, taken = KINDS[type(panel)](book, Data(data, column, looks), panel)
        name = title if panel.title in title else f"{panel.title}: {title}"
        chart.set_title({"name": clipped(name, TITLE), "name_font": {"size": 11}})
        chart.set_size({"width": CELL[0] * WIDE - 16, "height": CELL[1] * HIGH - 12})
        row, across = divmod(place, ACROSS)
        sheet.insert_chart(row * HIGH, across * WIDE, chart, {"description": panel.alt})
        column += taken + 1


def _on_paper(sheet: Any, rows: int) -> None:
    """So many rows of charts to a sheet of A4 that none is cut in two."""
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.set_print_scale(SCALE)
    sheet.set_h_pagebreaks([place * HIGH for place in range(A_SHEET, rows, A_SHEET)])


class Data:
    """Columns of the sheet of data from one on: written, and named as a chart names them."""

    def __init__(self, sheet: Any, first: int, looks: dict[str, Any]):
        self.sheet, self.first, self.looks = sheet, first, looks

    def column(self, place: int, head: str, values: Sequence[Any]) -> dict[str, Any]:
        """Write a column under its head; where both stand. Where nothing is known is no cell."""
        across, name = self.first + place, self.sheet.get_name()
        self.sheet.write_string(0, across, head, self.looks["head"])
        for row, value in enumerate(values, 1):
            if isinstance(value, str):
                self.sheet.write_string(row, across, value)
            elif hasattr(value, "to_pydatetime"):
                self.sheet.write_datetime(row, across, value.to_pydatetime(), self.looks["day"])
            elif value is not None:
                self.sheet.write_number(row, across, Exact(value))
        return {"name": [name, 0, across], "values": [name, 1, across, len(values), across]}


def _over_time(book: Any, data: Data, panel: Panel) -> tuple[Any, int]:
    """A line chart over dates: a series a line, each name in the key once."""
    times = data.column(0, panel.title, panel.times)["values"]
    chart = book.add_chart({"type": "line"})
    for place, line in enumerate(panel.lines, 1):
        chart.add_series(
            {
                **data.column(place, line.name, line.values),
                "categories": times,
                "line": _stroke(line.look, line.mark),
                "marker": _mark(line.look, line.mark),
            }
        )
    names = [line.name for line in panel.lines]
    again = [place for place, name in enumerate(names) if name in names[:place]]
    chart.set_legend({"position": "bottom", "delete_series": again})
    chart.set_x_axis(_dates(panel))
    axis: dict[str, Any] = {"major_gridlines": GRID, "num_font": SMALL}
    if panel.ratio:
        low, high = ratio_ends(panel)
        axis |= {"log_base": 2, "min": low, "max": high, "crossing": "min", "num_format": RATIO}
    else:
        axis |= {"num_format": _unit(panel.unit)}
    if not panel.ratio and panel.low is not None and panel.high is not None:
        axis |= {"min": panel.low, "max": panel.high, "major_unit": step(panel.high - panel.low)}
    chart.set_y_axis(axis)
    return chart, len(panel.lines) + 1


def by_days(chart: str) -> str:
    """The XML of a chart whose dates are told by the day, which its library cannot ask for.

    Left to itself a spreadsheet takes months or years, and puts a day where the month begins.
    """
    return chart.replace("<c:majorUnit", '<c:baseTimeUnit val="days"/><c:majorUnit', 1)


def _dates(panel: Panel) -> dict[str, Any]:
    """The axis of times: from end to end of all panels beside it, with a date every some months."""
    months = months_apart(panel)
    first, last = ends(panel)
    return {
        "date_axis": True, "num_format": date_format(months), "label_position": "low",
        "min": first.to_pydatetime(), "max": last.to_pydatetime(), "num_font": SMALL,
        "major_unit": months, "major_unit_type": "months",
    }  # fmt: skip


def _unit(unit: str) -> str:
    return 'General"%"' if unit == "%" else "General"


def _sites(book: Any, data: Data, cloud: Cloud) -> tuple[Any, int]:
    """Sites by their size inside the curves of chance: points with their names."""
    chart = book.add_chart({"type": "scatter", "subtype": "straight"})
    sizes = data.column(0, cloud.across, [across for across, _ in cloud.curves[0][2]])["values"]
    for place, (name, look, pairs) in enumerate(cloud.curves, 1):
        curve = data.column(place, name, [up for _, up in pairs])
        line = _stroke("limit" if look == "grid" else look, "", broken=look == "grid")
        chart.add_series({**curve, "categories": sizes, "line": line, "marker": {"type": "none"}})
    taken = len(cloud.curves) + 1
    for beyond in (False, True):
        here = [site for site in cloud.sites if site[3] is beyond]
        if not here:
            continue
        look, mark = ("other", "square") if beyond else ("value", "dot")
        key = say("compare.key.beyond" if beyond else "compare.key.site")
        names = data.column(taken, key, [site[0] for site in here])["name"]
        along = data.column(taken + 1, cloud.across, [site[1] for site in here])["values"]
        rates = data.column(taken + 2, cloud.title, [site[2] for site in here])["values"]
        named = {"value": True, "custom": [{"value": site[0]} for site in here], "font": SMALL}
        chart.add_series(
            {
                "name": names, "categories": along, "values": rates,
                "line": {"none": True}, "marker": _mark(look, mark) | {"size": 7},
                **({"data_labels": named | {"position": "above"}} if cloud.numbered else {}),
            }
        )  # fmt: skip
        taken += 3
    said = [name for name, _, _ in cloud.curves]
    again = [place for place, name in enumerate(said) if name in said[:place]]
    chart.set_legend({"position": "bottom", "delete_series": again})
    chart.set_x_axis(
        {"name": cloud.across, "name_font": SMALL | {"bold": False}, "num_font": SMALL,
         "num_format": "#,##0", "major_gridlines": {"visible": False}}
    )  # fmt: skip
    chart.set_y_axis(
        {"major_gridlines": GRID, "num_format": _unit(cloud.unit), "num_font": SMALL, "min": 0}
    )
    return chart, taken


def _intervals(book: Any, data: Data, forest: Forest) -> tuple[Any, int]:
    """Bars one on the other: up to an interval unseen, to what was seen, and on to its end."""
    rows = forest.rows
    names = data.column(0, forest.title, [one.name for one in rows])["values"]
    seen = [[getattr(one, end) for one in rows] for end in FOREST[:3]]
    bars = [list(values) for _, values in parts_of(forest)]
    chart = book.add_chart({"type": "bar", "subtype": "stacked"})
    shown = {"fill": {"color": LIGHT[rows[0].look]}, "border": {"color": "white"}}
    unseen = {"fill": {"none": True}, "border": {"none": True}}
    for place, (name, values) in enumerate(zip(FOREST, [*seen, *bars], strict=True), 1):
        held = data.column(place, say(f"report.forest.{name}"), values)
        if place > len(seen):
            drawn = unseen if name == "before" else shown
            chart.add_series({**held, "categories": names, "gap": 100, **drawn})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True, "label_position": "low"})
    low, high = forest.ends
    axis: dict[str, Any] = {"major_gridlines": GRID}
    axis |= {"log_base": 2, "min": low, "max": high, "crossing": 1} if forest.ratio else {"min": 0}
    chart.set_x_axis(axis)
    return chart, len(FOREST) + 1


KINDS: dict[type[Kind], Callable[[Any, Data, Any], tuple[Any, int]]] = {
    Panel: _over_time,
    Cloud: _sites,
    Forest: _intervals,
}


def _stroke(look: str, mark: str, broken: bool = False) -> dict[str, Any]:
    if mark not in ("", "dot"):
        return {"none": True}
    dash = {"dash_type": "dash"} if broken or look == "target" else {}
    return {"color": LIGHT[look], "width": 1.5, **dash}


def _mark(look: str, mark: str) -> dict[str, Any]:
    if not mark:
        return {"type": "none"}
    filled = {"none": True} if mark == "above" else {"color": LIGHT[look]}
    size = 3 if mark == "dot" else 8
    return {
        "type": MARKS.get(mark, "triangle"), "size": size, "fill": filled,
        "border": {"color": LIGHT[look]},
    }  # fmt: skip
