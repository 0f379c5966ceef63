"""Cells of a table as counts: a number, withheld, or not given. Nothing becomes zero but zero."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Literal

from qi_equity.sources.labels import text_of

State = Literal["number", "suppressed", "missing", "wrong"]

# What public tables write where a count is not shown. GSS symbols: [c] confidential, [x] not
# available, [z] not applicable, [u] unreliable, [low] rounds to zero; DNS: did not submit.
TOKENS: Mapping[str, State] = {
    **dict.fromkeys(
        (
            *("*", "**", "†", "c", "[c]", "s", "suppressed", "supp", "withheld", "redacted"),
            *("low", "[low]", "counts suppressed"),
        ),
        "suppressed",
    ),
    **dict.fromkeys(
        (
            *("", "-", "–", "—", ".", "..", "...", ":", "x", "[x]", "z", "[z]", "u", "[u]"),
            *("na", "n/a", "n.a.", "#n/a", "nan", "null", "none", "nk", "dns", "low dq", "tbc"),
            *("missing", "unreliable", "not available", "not applicable", "not known", "no data"),
        ),
        "missing",
    ),
}
# "<5", "≤ 7", "under 10", "fewer than 5", "1-4", "1 to 7".
BELOW = re.compile(
    r"(?:[<≤]=?|less than|fewer than|under|up to)\s*\d+|\d+\s*(?:-|–|to)\s*\d+", re.IGNORECASE
)
THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
PERCENT = re.compile(rf"(?P<number>{NUMBER.pattern})\s*%")


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell says: a number, or why there is none."""

    number: float
    state: State
    said: str = ""


def read(cell: object, tokens: Mapping[str, State]) -> Cell:
    """One cell; tokens are the file's own, before the usual ones.

    >>> read("1,204", {}).number, read("<5", {}).state, read("DNS", {}).state
    (1204.0, 'suppressed', 'missing')
    >>> read("12,5", {})
    Cell(number=nan, state='wrong', said="'12,5' is not a number")
    """
    text = text_of(cell)
    own = tokens.get(text.casefold())
    if own is not None:
        return Cell(math.nan, own, text)
    if not text:
        return Cell(math.nan, "missing")
    if isinstance(cell, bool):
        return Cell(math.nan, "wrong", f"'{text}' is not a number")
    if isinstance(cell, Real):
        number = float(cell)
        known = math.isfinite(number)
        return Cell(number, "number") if known else Cell(math.nan, "wrong", f"'{text}' is no count")
    word = " ".join(text.casefold().split())
    if word in TOKENS:
        return Cell(math.nan, TOKENS[word], text)
    if BELOW.fullmatch(word):
        return Cell(math.nan, "suppressed", text)
    if THOUSANDS.fullmatch(text):
        return Cell(float(text.replace(",", "")), "number")
    if NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return Cell(float(text), "number")
    percent = PERCENT.fullmatch(text)
    if percent:
        return Cell(math.nan, "wrong", f"'{text}' is a percentage; give the counts it is made of")
    return Cell(math.nan, "wrong", f"'{text[:40]}' is not a number")


def problem(number: float, name: str) -> str | None:
    """Why a number cannot be a count, or None."""
    if math.isnan(number):
        return None
    if number < 0:
        return f"'{name}' is below zero"
    if number != math.floor(number):
        return f"'{name}' is {number:g}, not a whole number"
    return None
