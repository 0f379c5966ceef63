"""Closed vocabularies: every word that a finding may hold, spelled here and nowhere else."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What can be said of a gap; no word claims more than its test has shown."""

    WIDENING = "widening"
    NARROWING = "narrowing"
    REVERSED = "reversed"  # the sides changed: who was better off is worse off now
    CLOSED = "closed"
    STEADY = "steady"  # a change that matters would have been seen, on both scales
    GAP = "gap"  # there is one; too early to say whether it changes
    NO_GAP = "no gap"
    TOO_FEW = "too few"
    ONE_LOOK = "one look"  # there is one period: a level, and nothing about change
    ECHO = "echo"  # another group's rate moved, and this gap with it


class NotWatched(StrEnum):
    """Why a chart is not watched week by week."""

    WATCHED = ""
    IN_BASELINE = "in baseline"  # the baseline is not over, or nothing has come after it
    TOO_FEW = "too few"  # too little in the baseline to know a level by


class Meaning(StrEnum):
    """What a marked point means for patients."""

    NONE = "none"
    IMPROVEMENT = "improvement"
    CONCERN = "concern"
    HIGH = "high"
    LOW = "low"
    SPECIAL_CAUSE = "special cause"


class Status(StrEnum):
    """How a series leaves the sites."""

    SHOWN = "shown"
    SMALL = "small"
    WITHHELD = "withheld"
    NOT_COUNTED = "not counted"
