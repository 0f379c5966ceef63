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


class Answer(StrEnum):
    """When a question can have an answer."""

    WEEKS = "weeks"  # after so many
    MET = "met"  # already
    NEVER = "never"  # with this baseline, whatever the wait
    CANNOT = "cannot"  # be planned: see the reason


class Question(StrEnum):
    """What a plan is for: a stratum's rate beside its own past, or its gap to the reference."""

    RATE_TARGET = "target"
    RATE_AIM = "aim"
    RATE_MOVES = "level moves"  # where nothing is aimed at and no gap is compared
    GAP_MOVES = "gap moves by half"
    GAP_AIM = "gap when the aim is met"
