"""Counts as people type or paste them, cell by cell: read as files are, or refused with the reason.

No page, terminal or browser reads a number on its own: each asks here.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

from qi_equity.project import Measure
from qi_equity.sources import cells, taking
from qi_equity.sources.cells import LETTERS, Cell
from qi_equity.sources.labels import text_of

# Only these states give a number; a blank gives none, and the others are refused.
BLANK = "leave the cell empty where nothing is known"


def read(given: object, name: str, measure: Measure) -> Cell:
    """One typed cell of a measure; name is numerator, denominator or value.

    A cell has no column beside it that would prove its decimal mark, so a comma that could be
    either is refused, where a count cannot settle it.

    >>> from qi_equity.project_file import examples, load
    >>> measure = load(examples()["pph_reduction"]).measures[0]
    >>> read("1,200", "denominator", measure).number
    1200.0
    >>> read("12,5", "denominator", measure).said, read("<5", "numerator", measure).state
    ("'12,5' is 12.5, and a count is a whole number", 'wrong')
    """
    text = text_of(given)
    if not text:
        return Cell(math.nan, "missing")
    counted = name != "value"
    # A count has no decimals, so 1,200 is 1200; as a measurement it could be 1.2 as well.
    found = cells.read(text, mark="." if counted and _grouped(text) else None)
    if "could be" in found.said:
        return replace(found, said=f"{found.said.partition(': say')[0]}: write it without the mark")
    if found.state in ("missing", "suppressed", "bound"):
        return _wrong(text, f"is not one number: {BLANK}")
    if found.state == "fraction":
        return _wrong(text, "is two numbers: write each in its own cell")
    taken = taking.take(found, name, measure)
    if taken.state == "wrong":
        return taken
    if counted and taken.number != math.floor(taken.number):
        return _wrong(text, f"is {taken.number:g}, and a count is a whole number")
    if taken.number < 0:
        return _wrong(text, "is below zero")
    return replace(taken, said=text)


def number(given: object, name: str, measure: Measure) -> float | None:
    """The number of a cell that was read, or None for a blank one; raises ValueError with why."""
    found = read(given, name, measure)
    if found.state == "wrong":
        raise ValueError(found.said)
    return None if found.state == "missing" else found.number


def _grouped(text: str) -> bool:
    """Whether the marks of a text stand for thousands, such as 1,200 and 12,000,000."""
    return re.search(r"(?<![\d,.])[1-9]\d{0,2}(?:,\d{3})+(?![\d,])", text) is not None


def _wrong(text: str, why: str) -> Cell:
    return Cell(math.nan, "wrong", f"'{text[:LETTERS]}' {why}")
