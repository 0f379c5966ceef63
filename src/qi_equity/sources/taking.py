"""A cell that was read, as a measure's count or measurement: taken, withheld, blank or wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from qi_equity.observations import SPREAD, UNREAD
from qi_equity.project import Measure
from qi_equity.sources import units
from qi_equity.sources.cells import DECIMALS, LETTERS, Cell

SHARE = "is a share"
WAY_OUT = (
    f"{SHARE} and not a count: give the counts it is made of, or map the column as value, of a "
    "measure with data: continuous and unit: '%'"
)


def are_shares(cells: Sequence[Cell]) -> bool:
    """Whether a column called a count holds rates: then its zeros are rates as well.

    >>> from qi_equity.sources.cells import read
    >>> [are_shares([read(cell) for cell in column]) for column in (["0", "0.12"], ["0", "2"])]
    [True, False]
    """
    numbers = [cell.number for cell in cells if cell.state == "number" and cell.number]
    broken = [number for number in numbers if number % 1]
    return len(broken) > len(numbers) / 2


def split(part: Cell, whole: Cell) -> tuple[Cell, Cell]:
    """A numerator and denominator, of which 3/25 in one cell says both.

    >>> from qi_equity.sources.cells import read
    >>> [cell.number for cell in split(read("3/25"), read(""))]
    [3.0, 25.0]
    >>> split(read("3/25"), read("24"))[0].said
    "'3/25' is out of 25, and the denominator beside it is 24"
    """
    if part.state != "fraction":
        return part, whole
    count, of = _count(part, part.number), _count(part, part.of)
    if whole.state == "missing" or (whole.state == "fraction" and whole.of == part.of):
        return count, of
    if whole.state == "number" and whole.number != part.of:
        told = f"is out of {part.of:g}, and the denominator beside it is {whole.number:g}"
        return _wrong(part, told), whole
    return count, whole


def _count(cell: Cell, number: float) -> Cell:
    return Cell(number, "number", cell.said, None, number, number)


def take(cell: Cell, name: str, measure: Measure) -> Cell:
    """A cell as a count, or for the name value as a measurement in the measure's own unit."""
    if cell.state == "bound":
        # Fewer than five, or one to four, is a count that is withheld; more than five is no count.
        known = math.isfinite(cell.high)
        return replace(cell, state="suppressed") if known else _wrong(cell, "says only 'or more'")
    if cell.state == "fraction":
        told = f"is a part of a whole, and no {name}"
        return _wrong(cell, told if name != "denominator" else "is a part of a whole: map it once")
    if cell.state != "number":
        return cell
    if name == UNREAD:
        return cell
    return _measured(cell, measure) if name in ("value", SPREAD) else _counted(cell)


def _counted(cell: Cell) -> Cell:
    if cell.unit == "%":
        return _wrong(cell, WAY_OUT)
    if cell.unit is not None and units.family(cell.unit) != "count" and not _is_bare(cell):
        return _wrong(cell, f"is in {cell.unit}, and a count has no unit")
    return cell


def _is_bare(cell: Cell) -> bool:
    """Whether a cell's unit stands in its column's name alone: PPH over 1500 ml is a count."""
    return not any(letter.isalpha() for letter in cell.said)


def _measured(cell: Cell, measure: Measure) -> Cell:
    wanted = measure.unit.casefold()
    if wanted == "%":
        if cell.unit == "%" and (not _is_bare(cell) or "%" in cell.said):
            return _count(cell, round(cell.number / measure.multiply, DECIMALS))
        if measure.multiply > 1 and cell.number > 1:
            return _wrong(cell, "is above 1: write 12% or 0.12, or say multiply: 1")
        return cell
    if cell.unit is None or cell.unit == wanted:
        return cell
    if cell.unit == "%" or (wanted in units.UNITS and not _same(cell.unit, wanted)):
        return _wrong(cell, f"is in {cell.unit}, and {measure.id} is in {measure.unit}")
    if wanted not in units.UNITS:
        return cell
    return _count(cell, round(cell.number * units.factor(cell.unit, wanted), DECIMALS))


def _same(one: str, other: str) -> bool:
    return units.family(one) == units.family(other)


def _wrong(cell: Cell, why: str) -> Cell:
    said = cell.said or f"{cell.number:g}"
    return Cell(math.nan, "wrong", f"'{said[:LETTERS]}' {why}")
