"""Cautions as sentences: a text for each code, with the numbers of the finding in their places."""

from __future__ import annotations

import pandas as pd

from qi_equity.findings import Caution, Number
from qi_equity.words import say
from qi_equity.words.grammar import called
from qi_equity.words.numbers import day, share, whole

DATES = ("since", "last")
# Numbers that are a share of those counted, by code; all others are counts.
SHARES = {
    "unknown": ("share",),
    "unknown_between_sites": ("share", "least", "most"),
    "unknown_rose": ("was", "now"),
    "excluded_unequally": ("most", "least"),
    "outcome_unknown": ("share",),
    "value_unknown": ("share",),
    "outcome_unknown_unequally": ("most", "least"),
}


def caution_text(one: Caution) -> str:
    """A caution in words, without its place.

    >>> caution_text(Caution("filling_up", "pph", numbers=(("weeks", 2.0),)))
    'the last 2 weeks are still filling up and will change'
    """
    fields = {name: _told(one.code, name, value) for name, value in one.numbers}
    period = dict(one.numbers).get("period")
    if period:
        fields |= {"period": say(f"charts.one.{period}"), "periods": say(f"charts.many.{period}")}
    return say(f"cautions.{one.code}", **{"stratum": called(one.stratum)} | fields)


def code_text(code: str) -> str:
    """A caution that needs no number, in words."""
    return say(f"cautions.{code}")


def _told(code: str, name: str, value: Number) -> str:
    if isinstance(value, str):
        return day(pd.Timestamp(value)) if name in DATES else called(value)
    return share(value) if name in SHARES.get(code, ()) else whole(value)
