"""The Workforce Race Equality Standard in words: each indicator with its direction."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from qi_equity.equity.workforce import cumulative
from qi_equity.network.workforce import BANDS, BOARD, LIKELIHOOD, RECRUITS
from qi_equity.vocabulary import Favours
from qi_equity.words import say
from qi_equity.words.numbers import fixed, missing, share, whole

Row = Mapping[Hashable, Any]
ALL_STAFF, YEARS_ASKED, STEPS = "all staff", 3, 3


def wres_lines(table: pd.DataFrame) -> Iterator[str]:
    """Every indicator, its years in order and then together; what is indented stands under it."""
    yield say("workforce.lead")
    if table.empty:
        yield say("workforce.nothing")
    for number, rows in table.groupby("indicator", sort=True):
        yield ""
        definition = say(f"workforce.definition.{number}")
        yield say("workforce.indicator", number=number, definition=definition)
        yield from (f"  {line}" for line in _indicator(rows))


def _indicator(rows: pd.DataFrame) -> Iterator[str]:
    for row in rows.to_dict("records"):
        told, together = said(row), " to " in row["years"]
        if row["part"] != ALL_STAFF or row["recruits"] != RECRUITS[0]:
            names = [one for one in (row["part"], row["recruits"]) if one not in (ALL_STAFF, "all")]
            yield say("workforce.part", part=", ".join(names), years=row["years"], said=told)
        elif together:
            yield say("workforce.pooled", years=row["years"], said=told)
        else:
            yield say("workforce.year", years=row["years"], said=told)
        if row["unknown"]:
            yield "  " + say("workforce.unknown", count=int(row["unknown"]))
    yield from careful(rows)


def careful(rows: pd.DataFrame) -> Iterator[str]:
    """What to be careful of in one indicator: few years, few people, recruits from abroad."""
    alone = rows[~rows["years"].str.contains(" to ")]
    last = rows.iloc[-1]
    years = alone["years"].nunique()
    if years == 1:
        yield say("workforce.single")
    elif years < YEARS_ASKED:
        yield say("workforce.few_years")
    if last["form"] != BANDS and alone["few"].any():
        yield say("workforce.few")
    if last["indicator"] == 2:  # who is appointed, where many come from abroad
        if RECRUITS[1] not in set(rows["recruits"]):
            yield say("workforce.no_split")
        if last["favours"] == Favours.WHITE:
            three = fixed(float(cumulative(last["estimate"], STEPS)), 2)
            yield say("workforce.compounds", three=three)


def said(row: Row) -> str:
    """One estimate with its limits, the people behind it, and whom it favours."""
    if missing(row["estimate"]):
        return say("workforce.hidden")
    ratio = row["form"] == LIKELIHOOD
    low, high = (_signed(row[name], ratio=ratio) for name in ("lower", "upper"))
    fields: dict[str, object] = {
        "estimate": _signed(row["estimate"], ratio=ratio), "low": low, "high": high,
        "favours": say(f"workforce.favours.{row['favours']}"),
    }  # fmt: skip
    if row["form"] in (BANDS, BOARD):
        fields |= {"b": whole(row["bme"]), "band": whole(row["bme"] + row["white"])}
    elif not ratio:
        fields |= {
            "bme": share(row["bme_share"]), "white": share(row["white_share"]),
            "b": whole(row["bme"]), "m": whole(row["bme_of"]),
            "w": whole(row["white"]), "n": whole(row["white_of"]),
        }  # fmt: skip
    return say(f"workforce.said.{row['form']}", **fields)


def _signed(value: float, *, ratio: bool) -> str:
    """A ratio to two places; percentage points to one, with their sign."""
    return fixed(value, 2) if ratio else f"{'+' if value > 0 else ''}{fixed(value, 1)}"
