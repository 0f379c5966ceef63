"""Dates whose year may stand first: 24/04/01 in a column that runs through April 2024."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import pandas as pd

from qi_equity.sources.date_formats import AROUND, year_of

Order = Literal["day first", "month first", "year first"]
Numeric = Mapping[object, tuple[int, int, int]]  # a cell -> its first, second and third number

SHORT = re.compile(r"\s*\d{2}[/.\- ]\d{1,2}[/.\- ]\d{2}\b.*")
FEWEST = 3  # dates, to tell by how close together they are
CLOSER = 4  # times as close together as read with the day or the month first


def year_first(numeric: Numeric, order: Order | None) -> dict[object, tuple[pd.Timestamp, str]]:
    """The dates with their year first, where that is said; or may be, with the doubt of each.

    Nothing where no date is written so, or another order is as likely.

    >>> column = {text: tuple(map(int, text.split("/"))) for text in
    ...     ("24/04/01", "24/04/08", "24/04/15", "24/04/22")}
    >>> year_first(column, None)["24/04/08"][1]
    '24/04/08 could be 24 April 2008 or 8 April 2024: say dates: day first, or year first'
    >>> year_first(column, "day first")
    {}
    """
    asked = order in (None, "year first")
    if not (numeric and asked and all(map(_is_short, numeric))):
        return {}
    dates = _read(numeric, "year first")
    if dates is None or (order is None and not _closer(numeric, dates)):
        return {}
    return {
        cell: (dates[cell], "" if order else _doubt(cell, numeric[cell], dates[cell]))
        for cell in numeric
    }


def _is_short(cell: object) -> bool:
    return SHORT.fullmatch(AROUND.sub("", str(cell).strip())) is not None


def _closer(numeric: Numeric, dates: Mapping[object, pd.Timestamp]) -> bool:
    ways: tuple[Order, ...] = ("day first", "month first")
    others = [other for way in ways if (other := _read(numeric, way)) is not None]
    spans = [max(other.values()) - min(other.values()) for other in others]
    own = max(dates.values()) - min(dates.values())
    return len(set(dates.values())) >= FEWEST and all(CLOSER * own < span for span in spans)


def _read(numeric: Numeric, order: Order) -> dict[object, pd.Timestamp] | None:
    """All of them in one order, or None where one is no date then."""
    found = {}
    for cell, (a, b, c) in numeric.items():
        day, month, year = {
            "day first": (a, b, c),
            "month first": (b, a, c),
            "year first": (c % 100, b, year_of({"year": f"{a:02}"})),
        }[order]
        try:
            found[cell] = pd.Timestamp(year_of({"year": str(year)}), month, day)
        except ValueError:
            return None
    return found


def _doubt(cell: object, numbers: tuple[int, int, int], date: pd.Timestamp) -> str:
    a, b, c = numbers
    year = year_of({"year": str(c)})
    other = f"{a} {pd.Timestamp(2000, b, 1).month_name()} {year}"
    return f"{cell} could be {other} or {date:%-d %B %Y}: say dates: day first, or year first"
