"""Disclosure policies as a table: what is small, and how it is shown; no findings here."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qi_equity.arrays import FloatArray
from qi_equity.errors import UserError, did_you_mean
from qi_equity.project import Disclosure

# Counts are released to the nearest 5 (NHS England: HES, MSDS and the maternity statistics).
BASE = 5
# Counts of 1 to 7 are small below national level (the same sources).
FIRST_SHOWN = 8
# A released number that only this many counts, or fewer, round to would as good as say which.
NARROWEST = 3
# Values that are left of each small count.
VALUES = 3


@dataclass(frozen=True, slots=True)
class Policy:
    """Counts from 1 to `first - 1` are small and shown as `small`; others to the nearest 5.

    Nought is shown as nought under every policy.
    """

    name: str
    first: int = FIRST_SHOWN
    small: float = math.nan
    reason: str = ""
    base: int = BASE

    def shown(self, counts: FloatArray) -> FloatArray:
        """The counts as they are released.

        >>> POLICIES["hes"].shown(np.array([0, 1, 7, 8, 13])).tolist()
        [0.0, nan, nan, 10.0, 15.0]
        >>> POLICIES["msds"].shown(np.array([0, 1, 7, 8, 13])).tolist()
        [0.0, 5.0, 5.0, 10.0, 15.0]
        """
        return np.where(self.is_small(counts), self.small, self._rounded(counts))

    def _rounded(self, counts: FloatArray) -> FloatArray:
        return np.asarray(np.round(counts / self.base) * self.base)

    def is_small(self, counts: FloatArray) -> NDArray[np.bool_]:
        """Which counts are small."""
        return np.asarray((counts > 0) & (counts < self.first))

    def between(self, counts: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The least and the most that whoever reads what is released can tell of each count.

        >>> [end.tolist() for end in POLICIES["hes"].between(np.array([0, 3, 9]))]
        [[0.0, 1.0, 8.0], [0.0, 7.0, 12.0]]
        """
        small, middle = self.is_small(counts), self._rounded(counts)
        least = np.where(small, 1.0, np.maximum(middle - self.base // 2, self.first))
        most = np.where(small, self.first - 1.0, middle + self.base // 2)
        nought = counts == 0
        return np.where(nought, 0.0, least), np.where(nought, 0.0, most)


POLICIES = {
    "hes": Policy("hes"),
    "msds": Policy("msds", small=5.0),
}


def threshold(first: int) -> Policy:
    """Fewer than `first` is hidden, and the rest rounded: exact parts and totals would subtract.

    Where fewer than three counts would share the first number shown, the threshold is raised to
    the next number: with 7, only a 7 would be shown as 5.

    >>> threshold(5).first, threshold(7).first, threshold(10).first
    (5, 8, 10)
    """
    top = int(np.round(first / BASE)) * BASE + BASE // 2
    return Policy("threshold", first if top - first + 1 >= NARROWEST else top + 1)


def policy_of(disclosure: Disclosure | str | Policy) -> Policy | None:
    """The policy a project asks for; None where it asks for none, with a reason.

    >>> policy_of("msds").small
    5.0
    """
    if isinstance(disclosure, Policy):
        return disclosure
    if isinstance(disclosure, str):
        if disclosure not in POLICIES:
            ways = did_you_mean(disclosure, [*POLICIES, "threshold", "none"])
            raise UserError(
                f"disclosure: no policy called '{disclosure}' that needs nothing else{ways} "
                "(threshold needs a number and none a reason: give Disclosure(...))"
            )
        return POLICIES[disclosure]
    if disclosure.policy == "none":
        return None
    if disclosure.threshold is not None:
        return threshold(disclosure.threshold)
    return POLICIES[disclosure.policy]
