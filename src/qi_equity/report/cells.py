"""Tables as the rows of a worksheet's XML, cell by cell; no sheet is made or laid out here.

A library writes a cell in some twenty microseconds, and the tables of ten sites hold a million.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any

import pandas as pd

# A spreadsheet knows no infinity; the word is that of findings.json.
INFINITE = "infinity"
# Days from the epoch of spreadsheets to that of computers (ECMA-376, 18.17.4.1).
EPOCH = 25569
DAY = 86_400.0  # seconds
# What XML cannot hold, written as spreadsheets do (ECMA-376, 22.4.2.4).
FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_x[0-9A-Fa-f]{4}_")
BLANK = re.compile(r'<c r="([A-Z]+)2" s="(\d+)"/>')
DIMENSION = re.compile(r'<dimension ref="[^"]*"/>')


def letters(column: int) -> str:
    """The name of a column, counted from 0.

    >>> letters(0), letters(25), letters(26), letters(702)
    ('A', 'Z', 'AA', 'AAA')
    """
    name = ""
    while column >= 0:
        name = chr(65 + column % 26) + name
        column = column // 26 - 1
    return name


def rows(table: pd.DataFrame, looks: Mapping[str, str]) -> str:
    """All rows of a table from the second of the sheet on; looks: the style of a column's days.

    >>> rows(pd.DataFrame({"a": [1.5, float("nan")], "b": ["x<y", ""]}), {})
    '<row r="2"><c r="A2"><v>1.5</v></c><c r="B2" t="inlineStr"><is><t xml:space="preserve">\
x&lt;y</t></is></c></row><row r="3"></row>'
    """
    held = [
        [
            cell(value, f"{name}{row}", style) if value is not None else ""
            for row, value in enumerate(table[head].tolist(), 2)
        ]
        for name, head, style, cell in _columns(table, looks)
    ]
    lines = zip(*held, strict=True) if held else ()
    return "".join(f'<row r="{row}">{"".join(cells)}</row>' for row, cells in enumerate(lines, 2))


def _columns(
    table: pd.DataFrame, looks: Mapping[str, str]
) -> Iterator[tuple[str, Any, str, Callable[[Any, str, str], str]]]:
    for place, head in enumerate(table.columns):
        numeric = pd.api.types.is_float_dtype(table[head].dtype)
        name = letters(place)
        yield name, head, looks.get(name, ""), _number if numeric else _cell


def _number(value: Any, place: str, style: str) -> str:
    """A number to its last digit; where nothing is known there is no cell."""
    if value is pd.NA or math.isnan(value):
        return ""
    if math.isinf(value):
        return _text(INFINITE if value > 0 else f"-{INFINITE}", place)
    return f'<c r="{place}"><v>{value!r}</v></c>'


def _cell(value: Any, place: str, style: str) -> str:
    """A number, a day, a yes or no, or text, whatever it begins with."""
    if isinstance(value, (tuple, list)):
        value = ", ".join(map(str, value))
    elif isinstance(value, dict):
        value = ", ".join(f"{key}={one}" for key, one in value.items())
    elif hasattr(value, "item"):
        value = value.item()
    if value is None or value is pd.NaT or value is pd.NA or value == "":
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, pd.Timestamp):
        days = value.timestamp() / DAY + EPOCH
        return f'<c r="{place}" s="{style}"><v>{days:.16G}</v></c>'
    if isinstance(value, (int, float)):
        return _number(value, place, style)
    return _text(str(value), place)


def _text(text: str, place: str) -> str:
    told = escape(FORBIDDEN.sub(_written, text), quote=False)
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{told}</t></is></c>'


def _written(found: re.Match[str]) -> str:
    text = found[0]
    return f"_x{ord(text):04X}_" if len(text) == 1 else f"_x005F{text}"


def styles(sheet: str) -> dict[str, str]:
    """The style of each column whose second row is blank but has one."""
    return dict(BLANK.findall(sheet))


def filled(sheet: str, inside: str, last: str) -> str:
    """A worksheet of a header with the rows of its table below, to its last cell."""
    head, _, after = sheet.partition("</row>")
    _, _, foot = after.partition("</sheetData>")
    return DIMENSION.sub(f'<dimension ref="A1:{last}"/>', f"{head}</row>{inside}</sheetData>{foot}")
