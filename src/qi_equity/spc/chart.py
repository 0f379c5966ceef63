"""What passes between the rooms of spc: subgroups in, lines and charts out; no sums here.

A row is one phase of one series. The last axis is time. A phase after a break is simply another
row, so no rule can reach across it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from qi_equity.arrays import BoolArray, FloatArray, IntArray

Band = tuple[FloatArray, FloatArray]  # lower and upper


class Zone(IntEnum):
    """How many sigmas from the centre a band reaches: the zones C, B and A of the 1956 handbook."""

    ONE_SIGMA = 1
    TWO_SIGMA = 2
    LIMITS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Subgroups:
    """What was logged: counts or readings, and which subgroups make the lines and the tests.

    ``logged`` says that a subgroup has a record in this row (its value may still be nan),
    ``baseline`` that it helps to estimate the lines, ``tested`` that the rules look at it.
    """

    value: FloatArray
    logged: BoolArray
    baseline: BoolArray
    tested: BoolArray
    numerator: FloatArray | None = None
    denominator: FloatArray | None = None
    readings: FloatArray | None = None  # how many readings a subgroup holds (xbar, s)
    spread: FloatArray | None = None  # standard deviation of those readings (xbar, s)


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Centre and limits; ``nearer`` holds the bands inside them that some rules ask for."""

    centre: FloatArray
    lower: FloatArray
    upper: FloatArray
    nearer: dict[Zone, Band]
    screened: IntArray | None = None  # moving ranges left out, one number a row
    from_spread: BoolArray | None = None  # rows whose sigma is a standard deviation instead

    def band(self, zone: Zone) -> Band:
        """Lower and upper edge of a zone; the limits themselves are the outermost."""
        return (self.lower, self.upper) if zone is Zone.LIMITS else self.nearer[zone]


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """A drawn chart: values with the lines they are judged against."""

    value: FloatArray
    tested: BoolArray
    lines: Lines
