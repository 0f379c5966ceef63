"""A figure measured by simulation, and the bounds it has to keep: what every `*_cells.py` yields.

A file `*_cells.py` beside this one has a table PLAYS; `benchmarks/trust.py` plays all of them and
writes the figures into docs/explanation/can-you-trust-it.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scipy import stats

# A fast run fails by chance one time in a thousand, at a share that stands on its bound.
SLACK = 0.0005


@dataclass(frozen=True)
class Figure:
    """One measured share, the bounds it has to keep, and how many charts it is of."""

    criterion: str
    cell: str
    measured: float
    charts: int
    at_least: float = 0.0
    at_most: float = 1.0

    @property
    def kept(self) -> bool:
        """Within its bounds as they stand."""
        return self.at_least <= self.measured <= self.at_most

    @property
    def credible(self) -> bool:
        """Within what chance makes of its bounds with so few charts."""
        low, high = stats.binom.ppf(
            [SLACK, 1 - SLACK], self.charts, [max(self.at_least, 0.0), min(self.at_most, 1.0)]
        )
        return bool(low <= round(self.measured * self.charts) <= high)


# What yields the figures, charts in each cell for the full figures, charts in the fast tests.
Play = tuple[Callable[[int], Iterator[Figure]], int, int]
