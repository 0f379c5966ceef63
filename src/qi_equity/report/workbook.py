"""Findings as an Excel workbook: every table as it is, a codebook, native charts; no formula."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import xlsxwriter

from qi_equity.findings import TABLES, Findings, columns
from qi_equity.report import cells
from qi_equity.report.fitting import EMU, lines_of
from qi_equity.report.parts import Drawn, Listed, Pack, Said
from qi_equity.report.steady import steady
from qi_equity.report.workbook_charts import A4, add_charts, by_days
from qi_equity.view.export import cautions
from qi_equity.view.theme import LIGHT
from qi_equity.words import say

LETTERS = 31  # of a sheet's name, at most
SAID_COLUMNS = (30, 24, 24, 24, 28)  # widths of the sheet of words, in letters
LETTER, TITLE, LINE = 11, 14, 15  # points: letters, those of a title, and a line of a row
EM = 5.25  # points to a letter of a column's width
CALIBRI = 0.93  # its letters beside those of Arial, which are measured


def written(pack: Pack, findings: Findings, template: object = None) -> bytes:
    """The pack's words, its charts and all tables of the findings, as the bytes of an .xlsx."""
    tables = {name: findings.table(kind) for name, kind in TABLES.items()}
    tables = {name: table for name, table in tables.items() if len(table)}
    tables["cautions"] = pd.DataFrame(cautions(findings))
    return of_tables(pack, tables, _codebook(findings), findings)


def of_tables(
    pack: Pack, named: dict[str, pd.DataFrame], codebook: pd.DataFrame, owner: object
) -> bytes:
    """The pack's words, its charts, any tables of one owner and what their columns mean."""
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
        "title": book.add_format({"bold": True, "font_size": TITLE, "text_wrap": True}),
        "heading": book.add_format({"bold": True, "valign": "top"}),
        "day": book.add_format({"num_format": "dd mmm yyyy"}),
        "said": book.add_format({"text_wrap": True, "valign": "top"}),
    }
    _said(book, pack, looks)
    add_charts(book, pack, looks)
    tables = named | {say("report.codebook.sheet"): codebook}
    for name, table in tables.items():
        _table(book, name, table, looks)
    book.close()
    made = kept.getvalue()
    return steady(made, pack.day, _with_rows(made, owner, tables))


def _said(book: Any, pack: Pack, looks: dict[str, Any]) -> None:
    """All that the pages say, one under the other: verdicts in words among them."""
    sheet = book.add_worksheet(say("report.codebook.said"))
    _on_paper(sheet)
    for column, wide in enumerate(SAID_COLUMNS):
        sheet.set_column(column, column, wide)
    row = 0
    for page in pack.pages:
        row = _line(sheet, row, page.title, looks["title"], TITLE)
        for block in page.blocks:
            row = _block(sheet, row, block, looks)
        if page.beside:
            row = _line(sheet, row, say("report.notes"), looks["heading"])
        for text in (*page.beside, page.footer):
            row = _line(sheet, row, text, looks["said"])
        row += 1


def _on_paper(sheet: Any) -> None:
    """Printed on A4, as wide as a sheet of paper."""
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)


def _block(sheet: Any, row: int, block: Said | Drawn | Listed, looks: dict[str, Any]) -> int:
    if isinstance(block, Drawn):
        return row
    if isinstance(block, Said):
        if block.heading:
            row = _line(sheet, row, block.heading, looks["heading"])
        for line in block.lines:
            row = _line(sheet, row, line, looks["said"])
        return row
    for number, told in enumerate((block.table.header, *block.table.rows)):
        for column, cell in enumerate(told):
            sheet.write_string(row, column, cell, looks["said" if number else "head"])
        lines = (
            lines_of(cell, int(wide * EM * EMU), LETTER * CALIBRI)
            for cell, wide in zip(told, SAID_COLUMNS, strict=False)
        )
        sheet.set_row(row, LINE * max(lines, default=1))
        row += 1
    return row


def _line(sheet: Any, row: int, text: str, look: Any, size: int = LETTER) -> int:
    """A text across the page, its row as high as its lines."""
    sheet.merge_range(row, 0, row, len(SAID_COLUMNS) - 1, "", look)
    sheet.write_string(row, 0, text, look)
    lines = lines_of(text, int(sum(SAID_COLUMNS) * EM * EMU), size * CALIBRI)
    sheet.set_row(row, LINE * size / LETTER * lines)
    return row + 1


def _table(book: Any, name: str, table: pd.DataFrame, looks: dict[str, Any]) -> None:
    """A sheet for a table: its header and how it looks; its rows are put in once it is written."""
    sheet = book.add_worksheet(name[:LETTERS])
    sheet.freeze_panes(1, 0)
    for column, head in enumerate(table.columns):
        sheet.write_string(0, column, str(head), looks["head"])
        if pd.api.types.is_datetime64_any_dtype(table[head].dtype):
            sheet.write_blank(1, column, None, looks["day"])
    sheet.set_column(0, max(0, len(table.columns) - 1), 14)
    if len(table) and len(table.columns):
        sheet.autofilter(0, 0, len(table), len(table.columns) - 1)


@dataclass(slots=True)
class _Last:
    """The rows of the tables of the findings that were written last: packs share them."""

    owner: object = None
    rows: dict[tuple[Any, ...], str] = field(default_factory=dict)

    def of(self, owner: object, name: str, table: pd.DataFrame, sheet: str) -> str:
        """The rows of a table of these findings."""
        if self.owner is not owner:
            self.owner, self.rows = owner, {}
        # A style has another number in each book: rows are shared by those that agree.
        looks = cells.styles(sheet)
        key = (name, *looks.items())
        if key not in self.rows:
            self.rows[key] = cells.rows(table, looks)
        return self.rows[key]


_last = _Last()


def _with_rows(book: bytes, owner: object, tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    """The sheets of the tables, which stand last in the book, with their rows; the charts."""
    made: dict[str, str] = {}
    with zipfile.ZipFile(io.BytesIO(book)) as held:
        charts = {
            part: held.read(part).decode()
            for part in held.namelist()
            if part.startswith("xl/charts/chart")
        }
        made |= {part: by_days(one) for part, one in charts.items() if "<c:dateAx>" in one}
        sheets = [name for name in held.namelist() if name.startswith("xl/worksheets/sheet")]
        first = len(sheets) - len(tables) + 1
        for number, (name, table) in enumerate(tables.items(), first):
            if not len(table.columns):
                continue
            part = f"xl/worksheets/sheet{number}.xml"
            sheet = held.read(part).decode()
            inside = _last.of(owner, name, table, sheet)
            last = f"{cells.letters(max(0, len(table.columns) - 1))}{len(table) + 1}"
            made[part] = cells.filled(sheet, inside, last)
    return made


def _codebook(findings: Findings) -> pd.DataFrame:
    """What each column of each table means, and its unit."""
    lines = [
        (name, column.name, column.unit, column.meaning)
        for name, kind in TABLES.items()
        if len(findings.table(kind))
        for column in columns(kind).values()
        if column.name in findings.table(kind)
    ]
    return pd.DataFrame(lines, columns=["table", "column", "unit", "meaning"])
