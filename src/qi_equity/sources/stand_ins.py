"""Numbers that stand for something else: 9999 for 'not recorded', litres for millilitres.

They are refused, or brought into the unit that is meant; nothing here reads a cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from qi_equity.sources import units
from qi_equity.sources.cells import Cell, into

ENOUGH = 4  # different numbers, to tell one that stands apart from the others by
NINES = re.compile(r"9{2,}")
BEYOND = 1.5  # times the next largest, from which on nines are no reading of a record
# Times between all numbers and what they are held against, past which they are in another unit:
# hours are 60 minutes and litres 1,000 millilitres.
FAR = 20
NEVER = 60  # weeks: real records of the 1960s have dates that make 50, and nothing has more
AGE = re.compile(r"gestation(?!al)|gest\w*[ _.-]*(?:age|w|d)|\bga\b", re.IGNORECASE)
BLANK = "and may stand for 'not recorded': leave the cell blank"


def refused(cells: Sequence[Cell], beyond: float = BEYOND) -> list[Cell]:
    """The cells, without numbers that stand apart from the others as signs for nothing do.

    >>> from qi_equity.sources.cells import read
    >>> found = refused([read(str(loss)) for loss in (300, 450, 500, 600, 1200, 2100, 9999, -1)])
    >>> [cell.said for cell in found if cell.state == "wrong"][0]
    "'9999' stands far above the others, and may stand for 'not recorded': leave the cell blank"
    """
    odd = _apart({cell.number for cell in cells if cell.state == "number"}, beyond)
    return [
        _wrong(cell, odd[cell.number]) if cell.state == "number" and cell.number in odd else cell
        for cell in cells
    ]


def _apart(numbers: Iterable[float], beyond: float) -> dict[float, str]:
    ordered = sorted(numbers)
    some = [number for number in ordered if number >= 0]
    odd = {}
    if len(some) >= ENOUGH and len(ordered) == len(some) + 1:
        odd[ordered[0]] = f"is the only number below zero, {BLANK}"
    if len(some) > ENOUGH and NINES.fullmatch(f"{some[-1]:.15g}") and some[-1] > beyond * some[-2]:
        odd[some[-1]] = f"stands far above the others, {BLANK}"
    return odd


def of_gestation(cells: Sequence[Cell], *, days: bool) -> list[Cell]:
    """The cells, without what no pregnancy lasts: 0, 99, or days where weeks are asked."""
    named, longest = ("days", 7 * NEVER) if days else ("weeks", NEVER)
    told = f"is no gestation in {named}: leave the cell blank, or say units: {{the column: ...}}"
    return [
        _wrong(cell, told) if cell.state == "number" and not 0 < cell.number <= longest else cell
        for cell in cells
    ]


def as_asked(
    cells: Sequence[Cell], unit: str | None, ends: Sequence[float], enough: int = ENOUGH
) -> tuple[list[Cell], str | None]:
    """The cells in a unit in which they can be held against these ends; else they are refused.

    enough: of how many different numbers, to tell by.
    """
    if not ends or not _far(cells, ends, enough):
        return list(cells), unit
    if unit is not None:
        base = units.family(unit)
        other = [into(cell, unit, base) for cell in cells]
        if base != unit and not _far(other, ends, 1):
            return other, base
    told = f"is far from {min(ends):g}, which it is held against: say units: {{the column: ...}}"
    return [_wrong(cell, told) if cell.state == "number" else cell for cell in cells], unit


def _far(cells: Iterable[Cell], ends: Sequence[float], enough: int) -> bool:
    """Whether all numbers are many times below, or above, all that they are held against."""
    numbers = {cell.number for cell in cells if cell.state == "number"}
    if len(numbers) < enough or min(ends) <= 0:
        return False
    return max(numbers) * FAR < min(ends) or min(numbers) > max(ends) * FAR


def _wrong(cell: Cell, why: str) -> Cell:
    said = cell.said or f"{cell.number:g}"
    return replace(cell, number=float("nan"), state="wrong", said=f"'{said}' {why}")
