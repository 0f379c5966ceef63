"""Findings as an Excel workbook: every table as it is, a codebook, native charts; no formula."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
import xlsxwriter

from qi_equity.findings import TABLES, Findings, columns
from qi_equity.report.parts import Drawn, Listed, Pack, Panel, Said
from qi_equity.report.steady import steady
from qi_equity.view.export import document
from qi_equity.view.theme import LIGHT
from qi_equity.words import say

# A spreadsheet knows no infinity; the word is that of findings.json.
INFINITE = "infinity"
MARKS = {"diamond": "diamond", "triangle-up": "triangle", "square": "square", "dot": "circle"}
ROWS_A_CHART = 16  # rows of cells that a chart covers
ACROSS = 8  # columns that it covers
LETTERS = 31  # of a sheet's name, at most
CODEBOOK = ["table", "column", "unit", "meaning"]


class Exact(float):
    """A number that is written to its last digit: the library rounds others to sixteen.

    >>> f"{Exact(0.1 + 0.2):.16G}"
    '0.30000000000000004'
    """

    def __format__(self, form: str) -> str:
        return repr(float(self))


def written(pack: Pack, findings: Findings, template: object = None) -> bytes:
    """The pack's words, its charts and all tables of the findings, as the bytes of an .xlsx."""
    tables = {name: findings.table(kind) for name, kind in TABLES.items()}
    held = {name: table for name, table in tables.items() if len(table)}
    held["cautions"] = pd.DataFrame(document(findings)["cautions"])
    return of_tables(pack, held, _codebook(findings))


def of_tables(pack: Pack, tables: Mapping[str, pd.DataFrame], codebook: pd.DataFrame) -> bytes:
    """The pack's words, its charts, any tables and what their columns mean."""
    kept = io.BytesIO()
    book = xlsxwriter.Workbook(kept, {"in_memory": True, "default_date_format": "dd mmm yyyy"})
    book.set_properties(
        {
            "title": pack.title, "subject": pack.subject, "author": say("labels.product"),
            "created": pack.day.to_pydatetime(),
        }
    )  # fmt: skip
    looks = {
        "head": book.add_format({"bold": True, "bg_color": LIGHT["grid"], "text_wrap": True}),
        "title": book.add_format({"bold": True, "font_size": 14}),
        "day": book.add_format({"num_format": "dd mmm yyyy"}),
        "said": book.add_format({"text_wrap": True, "valign": "top"}),
    }
    _said(book, pack, looks)
    _charts(book, pack, looks)
    for name, table in tables.items():
        _table(book, name, table, looks)
    _table(book, say("report.codebook.sheet"), codebook, looks)
    book.close()
    return steady(kept.getvalue(), pack.day)


def _said(book: Any, pack: Pack, looks: dict[str, Any]) -> None:
    """All that the pages say, one under the other: verdicts in words among them."""
    sheet = book.add_worksheet(say("report.codebook.said"))
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 6, 28)
    row = 0
    for page in pack.pages:
        sheet.write_string(row, 0, page.title, looks["title"])
        row += 1
        for block in page.blocks:
            row = _block(sheet, row, block, looks)
        for note in page.notes:
            row = _line(sheet, row, note, looks)
        row = _line(sheet, row, page.footer, looks) + 1


def _block(sheet: Any, row: int, block: Said | Drawn | Listed, looks: dict[str, Any]) -> int:
    if isinstance(block, Drawn):
        return row
    if isinstance(block, Said):
        for line in ([block.heading] if block.heading else []) + list(block.lines):
            row = _line(sheet, row, line, looks)
        return row
    for number, cells in enumerate((block.table.header, *block.table.rows)):
        for column, cell in enumerate(cells):
            sheet.write_string(row, column, cell, looks["said" if number else "head"])
        row += 1
    return row


def _line(sheet: Any, row: int, text: str, looks: dict[str, Any]) -> int:
    sheet.merge_range(row, 0, row, 6, "", looks["said"])
    sheet.write_string(row, 0, text, looks["said"])
    sheet.set_row(row, 15 * (1 + len(text) // 165))
    return row + 1


def _charts(book: Any, pack: Pack, looks: dict[str, Any]) -> None:
    """Each panel with its data beside it, as a native chart."""
    sheet = book.add_worksheet(say("report.codebook.charts"))
    data = book.add_worksheet(say("report.codebook.data"))
    data.freeze_panes(1, 0)
    column = 0
    panels = [
        (page.title, panel)
        for page in pack.pages
        for block in page.blocks
        if isinstance(block, Drawn)
        for panel in block.panels
        if isinstance(panel, Panel)
    ]
    for place, (title, panel) in enumerate(panels):
        chart = _chart(book, data, column, panel, looks, title)
        row, across = divmod(place, 3)
        sheet.insert_chart(
            row * ROWS_A_CHART, across * ACROSS, chart,
            {"description": panel.alt, "x_scale": 1.0, "y_scale": 1.0},
        )  # fmt: skip
        column += len(panel.lines) + 2


def _chart(
    book: Any, data: Any, column: int, panel: Panel, looks: dict[str, Any], title: str
) -> Any:
    """Write a panel's series to the sheet of data; the chart that reads them there."""
    sheet = data.get_name()
    data.write_string(0, column, panel.title, looks["head"])
    for row, when in enumerate(panel.times, 1):
        data.write_datetime(row, column, when.to_pydatetime(), looks["day"])
    chart = book.add_chart({"type": "line"})
    for place, line in enumerate(panel.lines, column + 1):
        data.write_string(0, place, line.name, looks["head"])
        for row, value in enumerate(line.values, 1):
            if value is not None:
                data.write_number(row, place, Exact(value))
        last = len(panel.times)
        chart.add_series(
            {
                "name": [sheet, 0, place],
                "categories": [sheet, 1, column, last, column],
                "values": [sheet, 1, place, last, place],
                "line": _stroke(line.look, line.mark),
                "marker": _mark(line.look, line.mark),
            }
        )
    chart.set_title({"name": f"{panel.title}: {title}", "name_font": {"size": 11}})
    chart.set_legend({"position": "bottom"})
    chart.set_x_axis({"date_axis": True, "num_format": "mmm yy", "label_position": "low"})
    axis: dict[str, Any] = {"major_gridlines": {"visible": True, "line": {"color": LIGHT["grid"]}}}
    if panel.ratio:
        axis |= {"log_base": 2, "crossing": "min"}
    elif panel.low is not None and panel.high is not None:
        axis |= {"min": panel.low, "max": panel.high}
    chart.set_y_axis(axis)
    chart.set_size({"width": 64 * ACROSS - 16, "height": 20 * ROWS_A_CHART - 12})
    return chart


def _stroke(look: str, mark: str) -> dict[str, Any]:
    if mark not in ("", "dot"):
        return {"none": True}
    return {"color": LIGHT[look], "width": 1.5} | (
        {"dash_type": "dash"} if look == "target" else {}
    )


def _mark(look: str, mark: str) -> dict[str, Any]:
    if not mark:
        return {"type": "none"}
    filled = {"none": True} if mark == "above" else {"color": LIGHT[look]}
    size = 3 if mark == "dot" else 8
    return {
        "type": MARKS.get(mark, "triangle"), "size": size, "fill": filled,
        "border": {"color": LIGHT[look]},
    }  # fmt: skip


def _table(book: Any, name: str, table: pd.DataFrame, looks: dict[str, Any]) -> None:
    """A table of findings cell by cell: text is text, whatever it begins with."""
    sheet = book.add_worksheet(name[:LETTERS])
    sheet.freeze_panes(1, 0)
    for column, head in enumerate(table.columns):
        sheet.write_string(0, column, str(head), looks["head"])
        held = table[head]
        if pd.api.types.is_float_dtype(held.dtype):
            _numbers(sheet, column, held)
            continue
        for row, value in enumerate(held.tolist(), 1):
            _cell(sheet, row, column, value, looks)
    sheet.set_column(0, max(0, len(table.columns) - 1), 14)
    if len(table) and len(table.columns):
        sheet.autofilter(0, 0, len(table), len(table.columns) - 1)


def _numbers(sheet: Any, column: int, held: pd.Series) -> None:
    """A column of numbers; where nothing is known the cell is empty."""
    for row, value in enumerate(held.tolist(), 1):
        if pd.isna(value):
            continue
        if math.isinf(value):
            sheet.write_string(row, column, INFINITE if value > 0 else f"-{INFINITE}")
        else:
            sheet.write_number(row, column, Exact(value))


def _cell(sheet: Any, row: int, column: int, value: Any, looks: dict[str, Any]) -> None:
    """One cell: a number, a day, a yes or no, or text; nothing where nothing is known."""
    if isinstance(value, (tuple, list)):
        value = ", ".join(map(str, value))
    elif isinstance(value, dict):
        value = ", ".join(f"{key}={one}" for key, one in value.items())
    if hasattr(value, "item"):
        value = value.item()
    if value is None or value is pd.NaT or value is pd.NA or value == "":
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, pd.Timestamp):
        sheet.write_datetime(row, column, value.to_pydatetime(), looks["day"])
    elif isinstance(value, (int, float)):
        if math.isinf(value):
            sheet.write_string(row, column, INFINITE if value > 0 else f"-{INFINITE}")
        elif not math.isnan(value):
            sheet.write_number(row, column, Exact(value))
    else:
        sheet.write_string(row, column, str(value))


def _codebook(findings: Findings) -> pd.DataFrame:
    """What each column of each table means, and its unit."""
    lines = [
        (name, column.name, column.unit, column.meaning)
        for name, kind in TABLES.items()
        if len(findings.table(kind))
        for column in columns(kind).values()
        if column.name in findings.table(kind)
    ]
    return pd.DataFrame(lines, columns=CODEBOOK)
