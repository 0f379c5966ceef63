"""The ways in which people write dates, as patterns; how a column is judged is in dates."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
MONTH = r"(?P<name>[A-Za-z]{3,9})\.?"
YEAR = r"(?P<year>\d{4}|\d{2})"
DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
WEEKS = r"(?:w|wk|week|week no\.?|week number)\s*\.?\s*"
# What stands before or after a date and is not the date: "w/c", "week ending", a weekday, a time.
AROUND = re.compile(
    r"^(?:w/?[ceb]|week (?:commencing|ending|beginning)|(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*)"
    r"[\s:,.]+|[T\s]+\d{1,2}:\d{2}.*$",
    re.IGNORECASE,
)
NUMERIC = re.compile(r"(?P<a>\d{1,2})[/.\- ](?P<b>\d{1,2})[/.\- ](?P<year>\d{4}|\d{2})")
# Days between which something lies: 01/04/2024 - 07/04/2024, 1st to 7th April 2024.
RANGE = re.compile(r"(?P<first>.+?)\s*(?:\s-\s|–|—|\bto\b|\buntil\b)\s*(?P<last>.+)", re.IGNORECASE)
DAYS = re.compile(
    rf"(?P<first>\d{{1,2}})(?:st|nd|rd|th)?\s*(?:-|–|—|to)\s*"
    rf"(?P<last>{DAY}\s*{MONTH}(?:\s*{YEAR})?)",
    re.IGNORECASE,
)
# The days that spreadsheets count from, and the numbers of 2000 to 2050.
SERIALS, FIRST_SERIAL, LAST_SERIAL = pd.Timestamp(1899, 12, 30), 36526, 55153

FIRST_YEAR, LAST_YEAR = 1900, 2100  # of data; other numbers in its place are no years

Parts = dict[str, str]


def year_of(parts: Parts) -> int:
    """The year of a match; of two digits, from 69 on they are of the last century."""
    year = int(parts["year"])
    return year if year > 99 else year + (2000 if year < 69 else 1900)


def is_month(word: str, month: str) -> bool:
    """Whether a word is a month's name, or short for it; a decision is no December."""
    return len(word) > 2 and month.startswith(word.lower())


def month_of(parts: Parts) -> int:
    """The number of a month by its first three letters."""
    return next(at for at, month in enumerate(MONTHS, 1) if is_month(parts["name"], month))


def _ymd(parts: Parts) -> tuple[int, int, int]:
    return int(parts["year"]), int(parts["month"]), int(parts["day"])


def _financial(parts: Parts) -> tuple[int, int, int]:
    year = int(parts["year"])
    if (year + 1) % 100 != int(parts["next"]) % 100:
        raise ValueError("a financial year is two years in a row")
    return year, 4, 1


def _financial_quarter(parts: Parts) -> tuple[int, int, int]:
    year, month, day = _financial({**parts, "year": str(year_of(parts))})
    months = month - 1 + 3 * (int(parts["n"]) - 1)
    return year + months // 12, months % 12 + 1, day


# A financial year: 2023/24, 23/24, 2023-24, FY 2023/2024.
FINANCIAL = r"(?:FY\s*)?(?P<year>\d{4}|\d{2})\s*[/-]\s*(?P<next>\d{4}|\d{2})"

# Each way of writing a date that can be read one way only; more specific ones first.
FORMATS: tuple[tuple[re.Pattern[str], Callable[[Parts], tuple[int, int, int]]], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})", _ymd),
        (r"(?P<year>[12]\d{3})(?P<month>\d{2})(?P<day>\d{2})", _ymd),
        (
            rf"{DAY}[\s\-/]*(?:of\s+)?{MONTH}[\s\-/,']*{YEAR}",
            lambda p: (year_of(p), month_of(p), int(p["day"])),
        ),
        (
            rf"{MONTH}[\s\-]+{DAY},?\s*(?P<year>\d{{4}})",
            lambda p: (year_of(p), month_of(p), int(p["day"])),
        ),
        (rf"{MONTH}[\s\-/']*{YEAR}", lambda p: (year_of(p), month_of(p), 1)),
        (rf"(?P<year>\d{{4}})[\s\-/]+{MONTH}", lambda p: (year_of(p), month_of(p), 1)),
        (r"(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])", lambda p: (*_ymd({**p, "day": "1"}),)),
        # Of years before 2012 it could be a financial year: 201011.
        (
            r"(?P<year>20(?:1[2-9]|[2-9]\d))(?P<month>0[1-9]|1[0-2])",
            lambda p: (*_ymd({**p, "day": "1"}),),
        ),
        (r"(?P<month>0?[1-9]|1[0-2])/(?P<year>20\d{2})", lambda p: (*_ymd({**p, "day": "1"}),)),
        (r"(?P<year>\d{4})\s*[-/]\s*(?P<next>\d{4}|\d{2})", _financial),
        (
            r"(?P<year>\d{4})[\s\-]*[Qq](?P<n>[1-4])",
            lambda p: (int(p["year"]), 3 * int(p["n"]) - 2, 1),
        ),
        (
            r"[Qq](?P<n>[1-4])[\s\-]*(?P<year>\d{4})",
            lambda p: (int(p["year"]), 3 * int(p["n"]) - 2, 1),
        ),
        (rf"[Qq](?P<n>[1-4])(?:\s*[,:\-]\s*|\s+|\s*\(){FINANCIAL}\)?", _financial_quarter),
        (rf"{FINANCIAL}(?:\s*[,:\-]\s*|\s+)[Qq](?P<n>[1-4])", _financial_quarter),
        (
            r"(?P<year>\d{4})[\s\-]*[Hh](?P<n>[12])",
            lambda p: (int(p["year"]), 6 * int(p["n"]) - 5, 1),
        ),
    )
)
# A year and the two digits after it that could also be its month: 2010-11.
NEXT = re.compile("|".join(f"20{year:02}-{year + 1:02}" for year in range(12)))
# Weeks of ISO 8601 with their year: 2024-W14, 2024-W14-1, Wk 14 2024, Week 14, 2024.
WEEK = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<year>\d{4})[\s\-/]*(?:W|Wk|Week)[\s\-.]*(?P<week>\d{1,2})(?:-(?P<day>[1-7]))?",
        r"(?P<year>\d{4})W(?P<week>\d{2})(?P<day>[1-7])",
        rf"{WEEKS}(?P<week>\d{{1,2}})(?:[\s,/\-]+|\s+of\s+|\s*\(\s*)'?{YEAR}\)?",
    )
)
# What leaves its year open.
YEARLESS_WEEK = re.compile(rf"{WEEKS}(?P<week>\d{{1,2}})|(?P<number>\d{{1,2}})", re.IGNORECASE)
# Weeks of a year that begins in April, on a day that only the team knows: Wk 1 24/25.
FINANCIAL_WEEK = re.compile(
    rf"{WEEKS}(?P<a>\d{{1,2}})[\s,(]*(?:FY\s*)?\d{{2,4}}\s*[/-]\s*\d{{2,4}}\)?"
    rf"|(?:FY\s*)?\d{{2,4}}\s*[/-]\s*\d{{2,4}}[\s,]*{WEEKS}(?P<b>\d{{1,2}})",
    re.IGNORECASE,
)
# A week's number with its date after it: Week 14 (01/04/2024), Wk 14 - 1 Apr 2024.
NUMBERED = re.compile(
    rf"{WEEKS}\d{{1,2}}\s*[-:,(]+\s*(?:w/?c\s*)?(?P<date>[^()]{{6,}}?)\)?", re.IGNORECASE
)
YEARLESS_DAY = (
    re.compile(rf"{DAY}[\s\-/]*(?:of\s+)?{MONTH}"),
    re.compile(rf"{MONTH}[\s\-]+(?P<day>\d{{1,2}})(?:st|nd|rd|th)"),
    re.compile(MONTH),
)
YEARLESS_NUMERIC = re.compile(r"(?P<a>\d{1,2})/(?P<b>\d{1,2})")
MONTH_AND_TWO = re.compile(rf"{MONTH}[\s\-/]+(?P<two>\d{{2}})")
