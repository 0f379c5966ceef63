"""The days on which subgroups begin. Dates in, dates out; nothing here knows what is counted."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import pandas as pd

from qi_equity.project import Period

# Every fortnight begins a whole number of fortnights from this Monday.
FORTNIGHT_ANCHOR = pd.Timestamp(2001, 1, 1)


def _weeks(dates: pd.Series) -> pd.Series:
    mondays: pd.Series = dates - pd.to_timedelta(dates.dt.day_of_week, unit="D")
    return mondays


def _fortnights(dates: pd.Series) -> pd.Series:
    mondays = _weeks(dates)
    return mondays - pd.to_timedelta((mondays - FORTNIGHT_ANCHOR).dt.days % 14, unit="D")


def _months(length: int, first: int = 1) -> Callable[[pd.Series], pd.Series]:
    """Blocks of so many months, one of which begins in the month called first."""

    def floor(dates: pd.Series) -> pd.Series:
        months = dates.dt.year * 12 + dates.dt.month - first
        months -= months % length
        months += first - 1
        return pd.to_datetime({"year": months // 12, "month": months % 12 + 1, "day": 1})

    return floor


FLOORS: dict[Period, Callable[[pd.Series], pd.Series]] = {
    "week": _weeks,
    "fortnight": _fortnights,
    "month": _months(1),
    "quarter": _months(3),
    "half-year": _months(6),
    "financial year": _months(12, first=4),  # the NHS year, from 1 April
}

DAYS: dict[Period, float] = {
    "week": 7,
    "fortnight": 14,
    "month": 365.25 / 12,
    "quarter": 365.25 / 4,
    "half-year": 365.25 / 2,
    "financial year": 365.25,
}


def floor(dates: pd.Series, period: Period) -> pd.Series:
    """The first day of the subgroup each date falls in: weeks begin on a Monday.

    >>> days = pd.Series(pd.to_datetime(["2025-01-05", "2025-01-06"]))
    >>> floor(days, "week").dt.strftime("%d %B %Y").tolist()
    ['30 December 2024', '06 January 2025']
    """
    whole = dates.astype("datetime64[ns]").dt.normalize()
    return FLOORS[period](whole).astype("datetime64[ns]")


@lru_cache(maxsize=64)
def starts(first: pd.Timestamp, last: pd.Timestamp, period: Period) -> pd.DatetimeIndex:
    """The first day of every subgroup from the one first falls in to the one last falls in.

    >>> starts(pd.Timestamp("2025-01-31"), pd.Timestamp("2025-03-02"), "month").day.tolist()
    [1, 1, 1]
    """
    days = pd.Series(pd.date_range(first, last, freq="D"))
    return pd.DatetimeIndex(floor(days, period).unique())
