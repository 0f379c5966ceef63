"""The aim of a plan's line as it is written: drafted, and read back in full or not at all.

What a rate is, and which gap is aimed at, is said elsewhere.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from qi_equity.audit.model import AuditIndicator
from qi_equity.words import say

PER_CENT = 100.0
NUMBER = r"\d+(?:\.\d+)?"  # a decimal point, and no marks between thousands
UNIT = r" ?%| per \d+(?:,\d{3})*"
FORM = re.compile(
    rf"from (?P<from_>{NUMBER})(?P<unit_1>{UNIT})? to (?P<to>{NUMBER})(?P<unit_2>{UNIT})"
    rf"(?:, with .+ at (?P<others>{NUMBER})(?P<unit_3>{UNIT})?(?: or better)?)?\.?",
    re.IGNORECASE,
)
EXAMPLE = "from 12.0 to 6.0%, with everyone else at 5.0 or better"
HOW = (
    f"is written like: {EXAMPLE}. A decimal point, no marks between thousands, the unit, and "
    "nothing after it; what else there is to say of the aim belongs under Why"
)


@dataclass(frozen=True, slots=True)
class Aim:
    """From where to where, in the unit that is written: 100 of a per cent, 1000 of per 1,000."""

    from_: float
    to: float
    unit: float
    others: float | None


def read(text: str) -> Aim | None:
    """The aim in a text; None where anything of it cannot be read.

    >>> read("from 12.0 to 6.0 per 1,000, with everyone else at 5.0 or better")
    Aim(from_=12.0, to=6.0, unit=1000.0, others=5.0)
    >>> read("from 12.0 to 6,5%") is None, read("from 7.0 to 6.0-5.0%") is None
    (True, True)
    """
    found = FORM.fullmatch(text)
    if found is None:
        return None
    units = {_times(found[name]) for name in ("unit_1", "unit_2", "unit_3") if found[name]}
    if len(units) != 1:
        return None
    others = float(found["others"]) if found["others"] else None
    return Aim(float(found["from_"]), float(found["to"]), units.pop(), others)


def _times(unit: str) -> float:
    return PER_CENT if "%" in unit else float(unit.split()[1].replace(",", ""))


def unit_of(indicator: AuditIndicator) -> str:
    """An indicator's unit as it stands behind a number."""
    return indicator.unit if indicator.unit == "%" else f" {indicator.unit}"


def drafted(indicator: AuditIndicator, ends: tuple[float, float, float], reference: str) -> str:
    """An aim from and to a rate, with others at a third: digits enough to tell the three apart."""
    rates = [rate * indicator.multiply for rate in ends]
    places = _places(rates)
    was, will, others = (f"{rate:.{places}f}" for rate in rates)
    return say("audit.plan.aim", from_=was, to=will, unit=unit_of(indicator),
               others=others, reference=reference)  # fmt: skip


def _places(rates: list[float]) -> int:
    """Decimals that leave two digits of the smallest, and one of how far the aim goes."""
    two = [rate for rate in rates if rate > 0]
    one = abs(rates[0] - rates[1])
    needed = [1 - math.floor(math.log10(rate)) for rate in two]
    needed += [-math.floor(math.log10(one))] if one > 0 else []
    return max(1, *needed) if needed else 1
