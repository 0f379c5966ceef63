"""Rows of an audit's tables as typed ones, so that sentences ask each in one way; nothing else.

What each column means to a reader of the workbook stands in words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from qi_equity.findings.columns import column
from qi_equity.findings.columns import rows as typed


@dataclass(frozen=True, slots=True)
class GapRow:
    """One gap of the register."""

    dimension: str = column("of which groups it is one")
    indicator: str = column("what is counted")
    group: str = column("whose gap it is")
    place: str = column("where; empty: all places together")
    reference: str = column("whom the group is held against")
    numerator: float = column("people it happened to")
    denominator: float = column("people it could have happened to")
    least: float = column("the least that the numerator can be, where it was rounded")
    most: float = column("the most that it can be")
    rate: float = column("numerator over denominator")
    reference_rate: float = column("the reference's; of all places those of the group")
    reference_size: float = column("people that it is of")
    difference: float = column("the rate less the reference's")
    ratio: float = column("the rate over the reference's")
    ratio_lower: float = column("the lower end of its interval")
    ratio_upper: float = column("the upper end of its interval")
    people: float = column("events to the group's cost")
    people_lower: float = column("the lower end of its interval")
    people_upper: float = column("the upper end of its interval")
    standing: str = column("what can be said; see Standing")
    echo_of: str = column("the group whose surer gap it is an echo of")
    before: float = column("the difference in the period before, at the places of both")
    change: float = column("now less before, there")
    moved: str = column("what the gap did; see Moved")
    more: float = column("so many more people until a gap that matters would be seen")
    years: float = column("how long that takes")


@dataclass(frozen=True, slots=True)
class SlopeRow:
    """One of WHO's measures for groups in an order."""

    measure: str = column("sii or rii")
    estimate: float = column("the measure")
    lower: float = column("the lower end of its interval")
    upper: float = column("the upper end of its interval")


@dataclass(frozen=True, slots=True)
class CodingRow:
    """How far one source records who people are, at one place."""

    source: str = column("the source")
    dimension: str = column("of which groups")
    place: str = column("where")
    share: float = column("of all without a known group")
    first: float = column("the share in the first third of the period")
    last: float = column("the share in the last third")


@dataclass(frozen=True, slots=True)
class MoveRow:
    """Women who stand under one group in a source, and under another in the next."""

    first: str = column("the group in the first source")
    second: str = column("the group in the second")
    births: float = column("how many")
    of: float = column("of so many under the group in the first")


def gaps(table: pd.DataFrame) -> Iterator[GapRow]:
    """The rows of a register."""
    return typed(table, GapRow)


def slopes(table: pd.DataFrame) -> Iterator[SlopeRow]:
    """The rows of the measures for groups in an order."""
    return typed(table, SlopeRow)


def completeness(table: pd.DataFrame) -> Iterator[CodingRow]:
    """The rows of the account of recording."""
    return typed(table, CodingRow)


def moves(table: pd.DataFrame) -> Iterator[MoveRow]:
    """The rows of two linked sources."""
    return typed(table, MoveRow)
