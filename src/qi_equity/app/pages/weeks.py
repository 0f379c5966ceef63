"""Which subgroups a log offers, which it opens on, which are overdue; no counts are read here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from qi_equity.sources.calendar import DAYS, floor, starts

SHOWN = 13  # subgroups to choose from that are over: a quarter of weeks
MOST = 60  # of them where nobody has logged for long
TAPPED = 6  # overdue ones that a page lists; the others are counted


@dataclass(frozen=True, slots=True)
class Overdue:
    """A subgroup that is over and not all logged; `lacking` says of what, where it is of a part."""

    subgroup: pd.Timestamp
    lacking: tuple[str, ...] = ()


def complete(period: Any, today: pd.Timestamp) -> pd.Timestamp:
    """The last subgroup that is over.

    >>> complete("week", pd.Timestamp("2025-06-20")).date().isoformat()
    '2025-06-09'
    """
    before = today - pd.Timedelta(days=2 * DAYS[period])
    return pd.Timestamp(starts(before, today, period)[-2])


def subgroups(logged: pd.Series, period: Any, today: pd.Timestamp) -> list[pd.Timestamp]:
    """The subgroups to choose from, newest first: this one, and those before it."""
    last = min(logged.max(), today) if len(logged) else today
    first = last - pd.Timedelta(days=DAYS[period] * SHOWN)
    return list(starts(first, today, period))[::-1][:MOST]


def opened_on(
    asked: str, weeks: list[pd.Timestamp], period: Any, today: pd.Timestamp
) -> tuple[pd.Timestamp, str]:
    """The subgroup asked for, else the last that is over; and the key of what is wrong with it.

    >>> today = pd.Timestamp("2025-06-20")
    >>> weeks = subgroups(pd.Series(dtype="datetime64[ns]"), "week", today)
    >>> opened_on("2025-07-01", weeks, "week", today)
    (Timestamp('2025-06-09 00:00:00'), 'not_yet')
    """
    usual = complete(period, today)
    if not asked:
        return usual, ""
    try:
        wanted = floor(pd.Series([pd.Timestamp(asked)]), period).iloc[0]
    except (ValueError, OverflowError):
        return usual, "no_day"
    if missing_day(wanted):
        return usual, "no_day"
    if wanted > today:
        return usual, "not_yet"
    if wanted not in weeks:  # older than those to choose from, and reached by a link
        weeks.append(wanted)
    return pd.Timestamp(wanted), ""


def missing_day(day: Any) -> bool:
    """Whether this is no day at all."""
    return bool(pd.isna(day))


def overdue(
    here: pd.DataFrame, period: Any, today: pd.Timestamp, names: Mapping[str, str]
) -> list[Overdue]:
    """What is over and not logged, newest first: since the last logged, and in the last quarter.

    here: what was logged at a site. names: of the measures of this period; one that was never
    logged here is not missed.
    """
    mine = here[here["measure"].isin(names)]
    if mine.empty:
        return []
    first, last = mine["subgroup"].min(), mine["subgroup"].max()
    since = max(first, min(last, today - pd.Timedelta(days=DAYS[period] * SHOWN)))
    latest = complete(period, today)
    over = [one for one in starts(since, today, period) if first <= one <= latest]
    begun = mine.groupby("measure")["subgroup"].min()
    there = set(zip(mine["measure"], mine["subgroup"], strict=True))
    found = []
    for week in over[::-1]:
        due = [name for name in names if name in begun.index and begun[name] <= week]
        lacking = [names[name] for name in due if (name, week) not in there]
        if lacking:
            found.append(Overdue(week, () if len(lacking) == len(due) else tuple(lacking)))
    return found
