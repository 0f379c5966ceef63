"""Dates as people write them, read one way or refused: never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pandas as pd

from qi_equity.sources.date_formats import (
    AROUND,
    DAY,
    DAYS,
    FINANCIAL_WEEK,
    FIRST_SERIAL,
    FIRST_YEAR,
    FORMATS,
    LAST_SERIAL,
    LAST_YEAR,
    MONTH,
    MONTH_AND_TWO,
    MONTHS,
    NEXT,
    NUMBERED,
    NUMERIC,
    RANGE,
    SERIALS,
    WEEK,
    YEARLESS_DAY,
    YEARLESS_NUMERIC,
    YEARLESS_WEEK,
    is_month,
    month_of,
    year_of,
)
from qi_equity.sources.date_orders import Order, year_first

HALF_YEAR = 183  # days back in a column past which a year has begun
SHOWN = 3  # values of a cause in its line
KNOWN = 8192  # texts whose reading alone is remembered: headers are looked at again and again

NO_YEAR_WEEK = (
    "'{}' says no year: say data.year, the year of the first week; or data.week_1, the day that "
    "week 1 begins on"
)
NO_FIRST_DAY = (
    "'{}' is a week of a year that does not begin in January: say data.week_1, the day that week 1 "
    "begins on"
)
NO_YEAR_DAY = "'{}' says no year: say data.year, the year of the first of them"


@dataclass(frozen=True, slots=True)
class Known:
    """What the project says of its dates, where the cells leave it open."""

    order: Order | None = None
    year: int | None = None
    week_1: pd.Timestamp | None = None
    latest: pd.Timestamp | None = None  # a later date cannot be right


@dataclass(frozen=True, slots=True, eq=False)
class Dates:
    """Dates read from cells, and for the cells that were refused the reason, one for each cause."""

    dates: pd.Series
    refused: pd.Series  # the reason, or None
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Reading:
    """A column's distinct cells on their way: dates found, and causes with what each says."""

    known: Known
    found: dict[object, pd.Timestamp] = field(default_factory=dict)
    causes: dict[object, tuple[str, str]] = field(default_factory=dict)  # cell -> kind, sentence
    numeric: dict[object, tuple[int, int, int]] = field(default_factory=dict)
    ends: dict[object, tuple[int, int, int]] = field(default_factory=dict)  # of ranges: proofs only
    yearless: dict[object, tuple[str, tuple[int, ...]]] = field(default_factory=dict)
    serials: int = 0
    weeks: int = 0

    def refuse(self, cell: object, kind: str, said: str) -> None:
        self.found.pop(cell, None)
        self.causes[cell] = kind, said

    def reasons(self, shown: Mapping[object, str]) -> dict[object, str]:
        """One sentence for each cause, whatever the number of its cells."""
        kinds: dict[str, list[object]] = {}
        for cell, (kind, _) in self.causes.items():
            kinds.setdefault(kind, []).append(cell)
        told: dict[object, str] = {}
        for alike in kinds.values():
            first = self.causes[alike[0]][1]
            others = [f"'{shown[cell]}'" for cell in alike[1:]]
            more = f" and {len(others) - SHOWN:,} more" if len(others) > SHOWN else ""
            said = f"{first}; so too {', '.join(others[:SHOWN])}{more}" if others else first
            told |= dict.fromkeys(alike, said)
        return told


def read(
    cells: pd.Series,
    order: Order | None = None,
    *,
    year: int | None = None,
    week_1: object = None,
    latest: pd.Timestamp | None = None,
) -> Dates:
    """Every cell as a date, or refused with a reason; a column is judged as a whole.

    >>> read(pd.Series(["31/01/2025", "07/02/2025"])).dates.dt.strftime("%d %b").tolist()
    ['31 Jan', '07 Feb']
    >>> read(pd.Series(["03/02/2025"])).refused[0]
    '03/02/2025 could be 3 February or 2 March: say which with dates: day first, or month first'
    >>> read(pd.Series(["Wk 51", "Wk 1"]), year=2024).dates.dt.strftime("%d %b %Y").tolist()
    ['16 Dec 2024', '30 Dec 2024']
    """
    first = None if week_1 is None else pd.Timestamp(str(week_1))
    known = Known(order, year, first, latest)
    reading, bare = _judged(dict.fromkeys(cells.dropna()), known)
    dates = pd.to_datetime(cells.map(reading.found)).astype("datetime64[ns]")
    blank = cells.isna() | (cells.astype(str).str.strip() == "")
    refused = cells.map(reading.reasons(bare)).astype(object)
    refused = refused.where(refused.notna(), None)
    refused[blank] = "no date"
    return Dates(dates, refused, tuple(_notes(reading)))


@lru_cache(maxsize=KNOWN)
def why_not(text: str) -> str | None:
    """Why a text alone is no date, or None where it is one.

    >>> why_not("31 May 2025"), why_not("Births")
    (None, "'Births' is not a date (write 2025-01-31)")
    """
    reading, bare = _judged([text], Known())
    return reading.reasons(bare).get(text) if bare else "no date"


def _judged(distinct: Iterable[object], known: Known) -> tuple[_Reading, dict[object, str]]:
    """The distinct cells of a column, judged together; and the text of each, bared."""
    reading = _Reading(known)
    bare = {cell: text for cell in distinct if (text := _bare(cell))}
    years = _are_financial(bare.values())
    days = _are_days(bare.values())
    for cell, text in bare.items():
        _place(reading, cell, text, years, days)
    if known.order is None and reading.numeric:
        _beside_text(reading)
    _either_way(reading)
    _without_year(reading)
    _swapped(reading)
    _in_time(reading)
    return reading, bare


def is_year(text: str) -> bool:
    """Whether a text is a year, or a financial one.

    >>> is_year("2024"), is_year("2024/25"), is_year("Q1")
    (True, True, False)
    """
    return re.fullmatch(r"(?:19|20)\d{2}(?:\.0)?(?:\s*[/-]\s*\d{2,4})?", text) is not None


def with_year(cell: object, year: object) -> object:
    """A week, month or day with the year that stands in another cell; April begins a financial one.

    >>> with_year("Wk 14", 2024), with_year(14, "2024"), with_year("Jan", "2024/25")
    ('Wk 14 2024', 'Wk 14 2024', 'Jan 2025')
    """
    text, said = _bare(cell), str(year).strip().removesuffix(".0")
    open_year = _yearless(text)
    if open_year is None or not is_year(said):
        return cell
    kind, parts = open_year
    first = int(said[:4])
    financial = len(said) > 4
    if kind == "week":
        return f"Wk {parts[0]} {said}"
    return f"{text} {first + (financial and kind == 'day' and parts[0] < 4)}"


def latest() -> pd.Timestamp:
    """The last day that data can be from: a week's end may still be ahead."""
    return pd.Timestamp.today().normalize() + pd.Timedelta(days=7)


def _notes(reading: _Reading) -> Iterable[str]:
    if reading.serials:
        yield "dates are a spreadsheet's day numbers, counted from 1900"
    if reading.weeks:
        yield "weeks are numbered as in ISO 8601, from a Monday"


def month_in(name: str) -> pd.Timestamp | None:
    """The month a file's name speaks of, or None.

    >>> month_in("msds_apr2025_cqim_rates.csv")
    Timestamp('2025-04-01 00:00:00')
    """
    for named in re.finditer(r"([a-z]{3,9})[\W_]*(\d{4}|\d{2})(?!\d)", name.lower()):
        parts = {"name": named[1], "year": named[2]}
        if not _unnamed(named[1]):
            return pd.Timestamp(year_of(parts), month_of(parts), 1)
    numbered = re.search(r"(?<!\d)(20\d{2})[\W_]?(0[1-9]|1[0-2])(?!\d)", name)
    return pd.Timestamp(int(numbered[1]), int(numbered[2]), 1) if numbered else None


def _bare(cell: object) -> str:
    if isinstance(cell, pd.Timestamp) or hasattr(cell, "isoformat"):
        return str(cell)[:10]
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = re.sub(r"\s+", " ", str(cell).strip())
    return AROUND.sub("", AROUND.sub("", text)).strip()


def _place(reading: _Reading, cell: object, text: str, years: bool | None, days: bool) -> None:
    """Where one cell goes: found, refused, or judged later with the rest of the column."""
    if NEXT.fullmatch(text) and years is None:
        said = f"{text} could be a month or a financial year: write it in full"
        return reading.refuse(cell, "month or year", said)
    if NEXT.fullmatch(text) and years:
        text = text.replace("-", "/")
    numbered = NUMBERED.fullmatch(text)
    if numbered and not FINANCIAL_WEEK.fullmatch(text):
        text = AROUND.sub("", numbered["date"].strip())
    text, last = _start(text)
    if last and (end := NUMERIC.fullmatch(last)):
        reading.ends[cell] = int(end["a"]), int(end["b"]), year_of(end.groupdict())
    match = NUMERIC.fullmatch(text)
    if match:
        reading.numeric[cell] = int(match["a"]), int(match["b"]), year_of(match.groupdict())
        return None
    two = MONTH_AND_TWO.fullmatch(text) if days else None
    if two and not _unnamed(two["name"]):
        reading.yearless[cell] = "day", (month_of(two.groupdict()), int(two["two"]))
        return None
    try:
        reading.found[cell] = _one_way(reading, text)
    except ValueError as problem:
        open_year = _yearless(text)
        if open_year is not None:
            reading.yearless[cell] = open_year
        else:
            reading.refuse(cell, str(problem).replace(text, ""), str(problem))
    return None


def _start(text: str) -> tuple[str, str]:
    """The first day of a range, with month and year as its last day has them; and the last day."""
    match = DAYS.fullmatch(text) or RANGE.fullmatch(text)
    if match is None:
        return text, ""
    first, last = match["first"].strip(), AROUND.sub("", match["last"].strip())
    first = AROUND.sub("", first)
    if re.fullmatch(r"\d{1,2}(?:st|nd|rd|th)?", first):  # 1 to 7 April 2024
        return re.sub(r"^\d{1,2}(?:st|nd|rd|th)?", first, last), last
    if re.fullmatch(rf"\d{{1,2}}[/.]\d{{1,2}}|{DAY}\s*{MONTH}", first):  # 29 April - 5 May 2024
        year = re.search(r"(\d{4}|(?<=\W)\d{2})$", last)
        return (f"{first}{'/' if '/' in first else ' '}{year[0]}", last) if year else (first, last)
    return first, last


def _one_way(reading: _Reading, text: str) -> pd.Timestamp:
    for pattern in WEEK:
        week = pattern.fullmatch(text)
        if week:
            number, day = int(week["week"]), int(week.groupdict().get("day") or 1)
            reading.weeks += 1
            return _iso(year_of(week.groupdict()), number, day)
    for pattern, parts_of in FORMATS:
        match = pattern.fullmatch(text)
        if match and not (match.groupdict().get("name") and _unnamed(match["name"])):
            try:
                return pd.Timestamp(*parts_of(match.groupdict()))
            except ValueError as impossible:
                raise ValueError(f"there is no such day as '{text}'") from impossible
    serial = re.fullmatch(r"(\d{5})(?:\.\d+)?", text)
    if serial and FIRST_SERIAL <= int(serial[1]) < LAST_SERIAL:
        reading.serials += 1
        return SERIALS + pd.Timedelta(days=int(serial[1]))
    if re.fullmatch(r"(?:19|20)\d{2}", text):
        raise ValueError(f"'{text}' is a year alone: write 2023/24, or the day it begins on")
    raise ValueError(f"'{text}' is not a date (write 2025-01-31)")


def _iso(year: int, week: int, day: int = 1) -> pd.Timestamp:
    try:
        return pd.Timestamp.fromisocalendar(year, week, day)
    except ValueError as impossible:
        raise ValueError(f"there is no week {week} in {year}") from impossible


def _yearless(text: str) -> tuple[str, tuple[int, ...]] | None:
    """A week's number, or a month and day, of a text that says everything but its year."""
    financial = FINANCIAL_WEEK.fullmatch(text)
    if financial:
        number = int(next(each for each in financial.group("a", "b") if each))
        return ("financial week", (number,)) if 1 <= number <= 53 else None
    week = YEARLESS_WEEK.fullmatch(text)
    if week:
        number = int(week["week"] or week["number"])
        return ("week", (number,)) if 1 <= number <= 53 else None
    for pattern in YEARLESS_DAY:
        match = pattern.fullmatch(text)
        if match and not _unnamed(match["name"]):
            return "day", (month_of(match.groupdict()), int(match.groupdict().get("day") or 1))
    numeric = YEARLESS_NUMERIC.fullmatch(text)
    if numeric:
        return "numeric", (int(numeric["a"]), int(numeric["b"]))
    return None


def _are_financial(texts: Iterable[str]) -> bool | None:
    """Whether 2010-11 in this column is a financial year; None where nothing else tells."""
    others = [text for text in texts if re.fullmatch(r"\d{4}-\d{2}", text)]
    others = [text for text in others if not NEXT.fullmatch(text)]
    if not others:
        return None
    return all(int(text[2:4]) + 1 == int(text[5:]) for text in others)


def _are_days(texts: Iterable[str]) -> bool:
    """Whether Jun-24, Jul-01, Jul-08 are days: years would not change from one to the next."""
    two = [match["two"] for text in texts if (match := MONTH_AND_TWO.fullmatch(text))]
    return len(set(two)) > len(two) / 6 + 2


def _unnamed(word: str) -> bool:
    return not any(is_month(word, month) for month in MONTHS)


def _without_year(reading: _Reading) -> None:
    """Weeks and days that leave their year open: counted from what the project says, or asked."""
    year, week_1 = reading.known.year, reading.known.week_1
    before, turned = 0, 0  # the last number met, and how far the years before it reach
    order = reading.known.order or _proven(parts for kind, parts in _numbered(reading))
    for cell, (kind, parts) in reading.yearless.items():
        shown = str(cell).strip()
        if kind == "numeric" and order is None and year is not None and parts[0] != parts[1]:
            said = f"{shown} could be a day and month or a month and day: say which with dates:"
            reading.refuse(cell, "either order", f"{said} day first, or month first")
            continue
        if kind == "numeric":
            parts = parts if order == "month first" else parts[::-1]
        financial = kind == "financial week"
        kind = "week" if financial and week_1 is not None else kind
        if kind == "week" and (year is not None or week_1 is not None):
            number = parts[0]
            if week_1 is None and number < before - HALF_YEAR // 7:
                turned += 1
            elif number < before - HALF_YEAR // 7:
                turned += before
            before = number
            _week(reading, cell, number, turned)
        elif kind not in ("week", "financial week") and year is not None:
            day = 31 * parts[0] + parts[1]
            turned += day < before - HALF_YEAR
            before = day
            try:
                reading.found[cell] = pd.Timestamp(year + turned, parts[0], parts[1])
            except ValueError:
                reading.refuse(cell, "no such day", f"there is no such day as '{shown}'")
        else:
            asks = {"week": NO_YEAR_WEEK, "financial week": NO_FIRST_DAY}
            said = asks.get(kind, NO_YEAR_DAY).format(shown)
            reading.refuse(cell, f"no year for a {kind}", said)


def _numbered(reading: _Reading) -> list[tuple[str, tuple[int, ...]]]:
    return [given for given in reading.yearless.values() if given[0] == "numeric"]


def _proven(pairs: Iterable[tuple[int, ...]]) -> Order | None:
    """The order that days above 12 prove, where they all prove the same."""
    met: list[tuple[int, ...]] = list(pairs)
    first, second = (any(pair[at] > 12 for pair in met) for at in (0, 1))
    return None if first == second else "day first" if first else "month first"


def _week(reading: _Reading, cell: object, number: int, turned: int) -> None:
    year, week_1 = reading.known.year, reading.known.week_1
    if week_1 is not None:
        reading.found[cell] = week_1 + pd.Timedelta(days=7 * (turned + number - 1))
        return
    assert year is not None
    try:
        reading.found[cell] = _iso(year + turned, number)
        reading.weeks += 1
    except ValueError as problem:
        reading.refuse(cell, "no such week", str(problem))


def _beside_text(reading: _Reading) -> None:
    """Refuse real dates that stand among text ones, where day and month could be swapped.

    A spreadsheet that reads dates the other way round turns 03/04 into a real (wrong) date and
    leaves 31/04 as text: a mixture is the mark of it.
    """
    text = next(iter(reading.numeric))
    for cell, date in list(reading.found.items()):
        if hasattr(cell, "isoformat") and date.day <= 12 and date.day != date.month:
            reading.refuse(
                cell,
                "beside text",
                f"{date:%-d %B %Y} is a real date in a column with text such as {text}: the "
                "spreadsheet may have swapped day and month; check it, then say dates: "
                "day first, or month first",
            )


def _either_way(reading: _Reading) -> None:
    """Dates like 03/04/2025: read by the order declared, or the one the column itself proves."""
    order = reading.known.order
    first_year = year_first(reading.numeric, order)
    if first_year:
        for cell, (date, doubt) in first_year.items():
            if doubt:
                reading.refuse(cell, "year first", doubt)
            else:
                reading.found[cell] = date
        return
    proofs = [*reading.numeric.items(), *reading.ends.items()]
    first = [cell for cell, (a, b, _) in proofs if 31 >= a > 12 >= b >= 1]
    second = [cell for cell, (a, b, _) in proofs if 31 >= b > 12 >= a >= 1]
    if order is None and bool(first) != bool(second):
        order = "day first" if first else "month first"
    for cell, (a, b, year) in reading.numeric.items():
        both = 1 <= min(a, b) < max(a, b) <= 12
        if both and order is None and (first or second):
            said = (
                f"the column mixes dates like {first[0]} and {second[0]}, so {cell} "
                "could be either: say which with dates: day first, or month first"
            )
            reading.refuse(cell, "mixed orders", said)
        elif both and order is None:
            said = (
                f"{cell} could be {a} {_name(b)} or {b} {_name(a)}: "
                "say which with dates: day first, or month first"
            )
            reading.refuse(cell, "either order", said)
        else:
            day, month = (b, a) if order == "month first" or (order is None and b > 12) else (a, b)
            try:
                reading.found[cell] = pd.Timestamp(year, month, day)
            except ValueError:
                said = f"{cell} is not a date when read {order or 'either way'}"
                reading.refuse(cell, "no date in this order", said)


def _name(month: int) -> str:
    return pd.Timestamp(2000, month, 1).month_name()


def _swapped(reading: _Reading) -> None:
    """Refuse dates off the column's weekday that day and month swapped would put right."""
    found = reading.found
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
            said = (
                f"{date:%-d %B %Y} is a {date.day_name()} while the others are "
                f"{other.day_name()}s: day and month look swapped (would be {other:%-d %B})"
            )
            reading.refuse(cell, "swapped", said)


def _in_time(reading: _Reading) -> None:
    """Refuse days that have not come yet, and years that no birth recorded here can be from."""
    last = reading.known.latest
    for cell, date in list(reading.found.items()):
        if not FIRST_YEAR <= date.year <= LAST_YEAR:
            reading.refuse(cell, "no year", f"'{cell}' is not a date (write 2025-01-31)")
            continue
        if last is not None and date > last:
            said = f"{date:%-d %B %Y} has not come yet: check the year of '{cell}'"
            reading.refuse(cell, "still to come", said)
