"""What to be careful of: a code, where, and the numbers a sentence needs; no sentence is here."""

from __future__ import annotations

from dataclasses import dataclass, field

Number = str | float
# The codes that every team may share, since they tell of no count; all others stay with the team.
SHARED = frozenset(
    {
        "not_declared",
        "no_value",
        "no_limits_no_event",
        "no_limits_too_alike",
        "provisional_limits",
        "runs_guarded",
        "sigma_from_spread",
        "missing_subgroups",
        "readings_not_known",
        "counts_not_compared",
        "times_not_compared",
        "target_not_compared",
        "few_readings",
        "means_alike",
        "target_reference",
        "windows_overlap",
        "reference_not_logged",
        "few_events",
        "blocks",
        "overdispersed",
        "odds_not_ratio",
        "difference_narrowed_ratio_widened",
        "ratio_narrowed_difference_widened",
        "stands_twice",
        "shares_births",
        "series_small",
        "series_withheld",
        "series_not_counted",
        "series_widened",
        "protected",
        "not_protected",
        "cells_kept",
    }
)


@dataclass(frozen=True, slots=True, order=True)
class Caution:
    """Something to be careful of, and where; empty places mean all of them.

    >>> Caution("stands_twice", "pph", "site_a").shared
    True
    """

    code: str
    measure: str = ""
    site: str = ""
    stratum: str = ""
    numbers: tuple[tuple[str, Number], ...] = field(default=())

    @property
    def shared(self) -> bool:
        """Whether it may leave the team."""
        return is_shared(self.code)

    @property
    def series(self) -> tuple[str, str, str]:
        """Where it applies, as the key of a series."""
        return self.measure, self.site, self.stratum


def caution(code: str, place: tuple[str, str, str] = ("", "", ""), **numbers: Number) -> Caution:
    """A caution with its numbers in a stable order.

    >>> caution("series_widened", ("pph", "site_a", "Black"), width=4.0, period="week").numbers
    (('period', 'week'), ('width', 4.0))
    """
    return Caution(code, *place, numbers=tuple(sorted(numbers.items())))


def is_shared(code: str) -> bool:
    """Whether a caution with this code may leave the team; one that nobody classified may not."""
    return code in SHARED
