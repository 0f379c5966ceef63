"""Dates as people write them, read one way or refused: never guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

Order = Literal["day first", "month first"]

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
MONTH = r"(?P<name>[A-Za-z]{3,9})\.?"
YEAR = r"(?P<year>\d{4}|\d{2})"
# What stands before or after a date and is not the date: "w/c", "week ending", a weekday, a time.
AROUND = re.compile(
    r"^(?:w/?[ce]|week (?:commencing|ending|beginning)|(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*)"
    r"[\s:,.]+|[T\s]+\d{1,2}:\d{2}.*$",
    re.IGNORECASE,
)

NUMERIC = re.compile(r"(?P<a>\d{1,2})[/.\- ](?P<b>\d{1,2})[/.\- ](?P<year>\d{4}|\d{2})")

Parts = dict[str, str]


def _year(parts: Parts) -> int:
    year = int(parts["year"])
    return year if year > 99 else year + (2000 if year < 69 else 1900)


def _month(parts: Parts) -> int:
    return 1 + next(place for place, month in enumerate(MONTHS) if _short(parts["name"], month))


def _ymd(parts: Parts) -> tuple[int, int, int]:
    return int(parts["year"]), int(parts["month"]), int(parts["day"])


def _financial(parts: Parts) -> tuple[int, int, int]:
    year = int(parts["year"])
    if (year + 1) % 100 != int(parts["next"]) % 100:
        raise ValueError("a financial year is two years in a row")
    return year, 4, 1


# Each way of writing a date that can be read one way only; more specific ones first.
FORMATS: tuple[tuple[re.Pattern[str], Callable[[Parts], tuple[int, int, int]]], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})", _ymd),
        (r"(?P<year>[12]\d{3})(?P<month>\d{2})(?P<day>\d{2})", _ymd),
        (
            rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s\-/]+{MONTH}[\s\-/,]+{YEAR}",
            lambda p: (_year(p), _month(p), int(p["day"])),
        ),
        (
            rf"{MONTH}[\s\-]+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,\s*(?P<year>\d{{4}})",
            lambda p: (_year(p), _month(p), int(p["day"])),
        ),
        (rf"{MONTH}[\s\-/']*{YEAR}", lambda p: (_year(p), _month(p), 1)),
        (rf"(?P<year>\d{{4}})[\s\-/]+{MONTH}", lambda p: (_year(p), _month(p), 1)),
        (r"(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])", lambda p: (*_ymd({**p, "day": "1"}),)),
        (r"(?P<year>\d{4})\s*[-/]\s*(?P<next>\d{4}|\d{2})", _financial),
        (
            r"(?P<year>\d{4})[\s\-]*[Qq](?P<n>[1-4])",
            lambda p: (int(p["year"]), 3 * int(p["n"]) - 2, 1),
        ),
        (
            r"(?P<year>\d{4})[\s\-]*[Hh](?P<n>[12])",
            lambda p: (int(p["year"]), 6 * int(p["n"]) - 5, 1),
        ),
    )
)
# A year and the two digits after it that could also be its month: 2010-11.
NEXT = re.compile("|".join(f"20{year:02}-{year + 1:02}" for year in range(12)))
WEEK = re.compile(r"(?P<year>\d{4})-?W(?P<week>\d{1,2})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class Dates:
    """Dates read from cells, and for the cells that were refused the reason."""

    dates: pd.Series
    refused: pd.Series  # the reason, or None


def read(cells: pd.Series, order: Order | None = None) -> Dates:
    """Every cell as a date, or refused with a reason; a column is judged as a whole.

    >>> read(pd.Series(["31/01/2025", "07/02/2025"])).dates.dt.strftime("%d %b").tolist()
    ['31 Jan', '07 Feb']
    >>> read(pd.Series(["03/02/2025", "10/02/2025"])).refused[0]
    '03/02/2025 could be 3 February or 2 March: say which with dates: day first, or month first'
    """
    distinct = pd.Series(cells.dropna().unique(), dtype=object)
    found: dict[object, pd.Timestamp] = {}
    reasons: dict[object, str] = {}
    numeric: dict[object, tuple[int, int, int]] = {}
    bare = {cell: _bare(cell) for cell in distinct}
    years = _are_financial(bare.values())
    for cell, text in bare.items():
        if NEXT.fullmatch(text) and years is None:
            reasons[cell] = f"{text} could be a month or a financial year: write it in full"
            continue
        if NEXT.fullmatch(text) and years:
            text = text.replace("-", "/")
        match = NUMERIC.fullmatch(text)
        if match:
            numeric[cell] = int(match["a"]), int(match["b"]), _year(match.groupdict())
            continue
        try:
            found[cell] = _one_way(text)
        except ValueError as problem:
            reasons[cell] = str(problem)
    if order is None and numeric:
        _beside_text(found, reasons, next(iter(numeric)))
    _either_way(numeric, order, found, reasons)
    _swapped(found, reasons)
    dates = pd.to_datetime(cells.map(found)).astype("datetime64[ns]")
    blank = cells.isna() | (cells.astype(str).str.strip() == "")
    refused = cells.map(reasons).astype(object)
    refused = refused.where(refused.notna(), None)
    refused[blank] = "no date"
    return Dates(dates, refused)


def month_in(name: str) -> pd.Timestamp | None:
    """The month a file's name speaks of, or None.

    >>> month_in("msds_apr2025_cqim_rates.csv")
    Timestamp('2025-04-01 00:00:00')
    """
    for word, year in re.findall(r"([a-z]+)[\W_]*(\d{4}|\d{2})(?!\d)", name.lower()):
        if _named(word):
            parts = {"name": word, "year": year}
            return pd.Timestamp(_year(parts), _month(parts), 1)
    numbered = re.search(r"(?<!\d)(20\d{2})[\W_]?(0[1-9]|1[0-2])(?!\d)", name)
    return pd.Timestamp(int(numbered[1]), int(numbered[2]), 1) if numbered else None


def _bare(cell: object) -> str:
    if isinstance(cell, pd.Timestamp) or hasattr(cell, "isoformat"):
        return str(cell)[:10]
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = re.sub(r"\s+", " ", str(cell).strip())
    return AROUND.sub("", AROUND.sub("", text)).strip()


def _one_way(text: str) -> pd.Timestamp:
    week = WEEK.fullmatch(text)
    if week:
        return pd.Timestamp.fromisocalendar(int(week["year"]), int(week["week"]), 1)
    for pattern, parts_of in FORMATS:
        match = pattern.fullmatch(text)
        if match and ("name" not in match.groupdict() or _named(match["name"])):
            try:
                return pd.Timestamp(*parts_of(match.groupdict()))
            except ValueError as impossible:
                raise ValueError(f"there is no such day as '{text}'") from impossible
    if re.fullmatch(r"\d{5}", text):
        raise ValueError(
            f"'{text}' is a spreadsheet's day number, not a date: format the column as a date"
        )
    raise ValueError(f"'{text}' is not a date (write 2025-01-31)")


def _are_financial(texts: Iterable[str]) -> bool | None:
    """Whether 2010-11 in this column is a financial year; None where nothing else tells."""
    others = [text for text in texts if re.fullmatch(r"\d{4}-\d{2}", text)]
    others = [text for text in others if not NEXT.fullmatch(text)]
    if not others:
        return None
    return all(int(text[2:4]) + 1 == int(text[5:]) for text in others)


def _short(word: str, month: str) -> bool:
    """Whether a word is a month's name, or short for it; a decision is no December."""
    return len(word) > 2 and month.startswith(word.lower())


def _named(word: str) -> bool:
    return any(_short(word, month) for month in MONTHS)


def _beside_text(
    found: dict[object, pd.Timestamp], reasons: dict[object, str], text: object
) -> None:
    """Refuse real dates that stand among text ones, where day and month could be swapped.

    A spreadsheet that reads dates the other way round turns 03/04 into a real (wrong) date and
    leaves 31/04 as text: a mixture is the mark of it.
    """
    for cell, date in list(found.items()):
        if hasattr(cell, "isoformat") and date.day <= 12 and date.day != date.month:
            del found[cell]
            reasons[cell] = (
                f"{date:%-d %B %Y} is a real date in a column with text such as {text}: the "
                "spreadsheet may have swapped day and month; check it, then say dates: "
                "day first, or month first"
            )


def _either_way(
    numeric: dict[object, tuple[int, int, int]],
    order: Order | None,
    found: dict[object, pd.Timestamp],
    reasons: dict[object, str],
) -> None:
    """Dates like 03/04/2025: read by the order declared, or the one the column itself proves."""
    first = [cell for cell, (a, b, _) in numeric.items() if a > 12 >= b]
    second = [cell for cell, (a, b, _) in numeric.items() if b > 12 >= a]
    if order is None and bool(first) != bool(second):
        order = "day first" if first else "month first"
    for cell, (a, b, year) in numeric.items():
        both = max(a, b) <= 12 and a != b
        if both and order is None and (first or second):
            reasons[cell] = (
                f"the column mixes dates like {first[0]} and {second[0]}, so {cell} "
                "could be either: say which with dates: day first, or month first"
            )
        elif both and order is None:
            reasons[cell] = (
                f"{cell} could be {a} {_name(b)} or {b} {_name(a)}: "
                "say which with dates: day first, or month first"
            )
        else:
            day, month = (b, a) if order == "month first" or (order is None and b > 12) else (a, b)
            try:
                found[cell] = pd.Timestamp(year, month, day)
            except ValueError:
                reasons[cell] = f"{cell} is not a date when read {order or 'either way'}"


def _name(month: int) -> str:
    return pd.Timestamp(2000, month, 1).month_name()


def _swapped(found: dict[object, pd.Timestamp], reasons: dict[object, str]) -> None:
    """Refuse dates off the column's weekday that day and month swapped would put right."""
    if len(found) < 8:
        return
    weekdays = np.bincount([date.day_of_week for date in found.values()], minlength=7)
    usual = int(weekdays.argmax())
    if weekdays[usual] < 0.7 * len(found):
        return
    for cell, date in list(found.items()):
        if date.day_of_week == usual or date.day > 12:
            continue
        other = pd.Timestamp(date.year, date.day, date.month)
        if other.day_of_week == usual:
            del found[cell]
            reasons[cell] = (
                f"{date:%-d %B %Y} is a {date.day_name()} while the others are "
                f"{other.day_name()}s: day and month look swapped (would be {other:%-d %B})"
            )
