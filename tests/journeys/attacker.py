"""An attacker with pencil, paper and an integer solver, who knows the policy and how it works.

Nothing here looks at true counts: what is put in is what a network viewer can obtain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from qi_equity.project import ALL_SITES, EVERYONE

COUNTS = ("numerator", "denominator")


@dataclass(frozen=True)
class Rounding:
    """How a released number is read: nought is nought, `first` on is to the nearest 5."""

    first: int = 8
    small: float | None = None  # what a small count is shown as; None: left out
    half: int = 2  # how far the true count can be from the number shown

    def between(self, shown: float, small: bool) -> tuple[float, float]:
        """The least and the most that the true count can be."""
        if np.isnan(shown) or (small and shown == self.small):
            return 1, self.first - 1
        return (
            (0, 0)
            if shown == 0
            else (
                max(shown - self.half, self.first),
                shown + self.half,
            )
        )


# Small counts left out, and the others as they are.
STARS_ALONE = Rounding(half=0)


class Attack:
    """All that is known of the true counts, as one system of integers.

    A variable for each count of a site, stratum and subgroup; a line for each released number.
    Measures of the same births share their denominators; no birth has an event twice.
    """

    def __init__(self, sites: list[str], strata: list[str], weeks: int, measures: list[str]):
        self.sites, self.strata, self.weeks = sites, strata, weeks
        self.shape = (len(sites), len(strata), weeks)
        self.size = int(np.prod(self.shape))
        self.start = {name: place * self.size for place, name in enumerate([*measures, "births"])}
        births = self.start["births"]
        self.lines: Sequence[tuple[list[int], list[float], float, float]] = [
            ([births + cell, self.start[name] + cell], [1, -1], 0, np.inf)
            for name in measures
            for cell in range(self.size)
        ]

    def cells(
        self, name: str, site: str, stratum: str, weeks: range | NDArray[np.int64]
    ) -> list[int]:
        """The variables that a released number adds up."""
        inner_sites = range(len(self.sites)) if site == ALL_SITES else [self.sites.index(site)]
        strata = range(len(self.strata)) if stratum == EVERYONE else [self.strata.index(stratum)]
        return [
            self.start[name] + int(np.ravel_multi_index(place, self.shape))
            for place in product(inner_sites, strata, weeks)
        ]

    def learn(self, cells: list[int], low: float, high: float) -> None:
        """One released number: the sum of its cells lies between the two."""
        self.lines = [*self.lines, (cells, [1.0] * len(cells), low, high)]

    def values(self, cells: list[int]) -> tuple[int, int]:
        """The least and the most that the sum of these cells can be, by integer programming."""
        goal = np.zeros(len(self.start) * self.size)
        goal[cells] = 1
        ends = []
        for sign in (1, -1):
            found = milp(
                sign * goal,
                integrality=np.ones(len(goal)),
                bounds=Bounds(0, 10_000),
                constraints=self.known,
            )
            assert found.success, found.message  # the true counts are always a solution
            ends.append(round(sign * found.fun))
        return ends[0], ends[1]

    @cached_property
    def known(self) -> LinearConstraint:
        """All that was learned; nothing can be learned afterwards."""
        self.lines = tuple(self.lines)
        rows = [row for row, line in enumerate(self.lines) for _ in line[0]]
        places = [cell for line in self.lines for cell in line[0]]
        weights = [weight for line in self.lines for weight in line[1]]
        shape = (len(self.lines), len(self.start) * self.size)
        low, high = zip(*(line[2:] for line in self.lines), strict=True)
        return LinearConstraint(csr_array((weights, (rows, places)), shape=shape), low, high)


def learn_points(
    attack: Attack, points: pd.DataFrame, rounding: Rounding, subgroups: list[pd.Timestamp]
) -> None:
    """Every released count of points.csv: strata, sites, totals and stretches of time at once."""
    for row in points.to_dict("records"):
        first = subgroups.index(pd.Timestamp(row["subgroup"]))
        weeks = range(first, first + int(row.get("subgroups", 1)))
        small = bool(np.isnan(row["value"]))
        for count in COUNTS:
            name = row["measure"] if count == "numerator" else "births"
            cells = attack.cells(name, row["site"], row["stratum"], weeks)
            attack.learn(cells, *rounding.between(row[count], small))


def pairs(low_high: tuple[tuple[float, float], tuple[float, float]]) -> NDArray[np.float64]:
    """Every (events, births) that two released counts leave open."""
    (x0, x1), (n0, n1) = low_high
    x, n = np.meshgrid(np.arange(x0, x1 + 1), np.arange(max(n0, 1), n1 + 1))
    both = np.stack([x.ravel(), n.ravel()], axis=1)
    return both[both[:, 0] <= both[:, 1]]


def of_rate(found: NDArray[np.float64], rate: float, half_digit: float) -> NDArray[np.float64]:
    """The pairs whose own rate is the released one."""
    return found[np.abs(found[:, 0] / found[:, 1] - rate) <= half_digit]


def of_interval(low: float, high: float, most: int = 600) -> NDArray[np.float64]:
    """Every (events, births) whose 95% Wilson interval is the released one (Wilson 1927)."""
    n = np.arange(1, most + 1)[:, np.newaxis]
    x = np.arange(0, most + 1)[np.newaxis]
    z2 = 3.841458820694124  # the square of 1.96
    middle = (x + z2 / 2) / (n + z2)
    inside = np.maximum(x * (1 - np.minimum(x, n) / n) + z2 / 4, 0)
    half = np.sqrt(z2) * np.sqrt(inside) / (n + z2)
    fits = (np.abs(middle - half - low) < 1e-9) & (np.abs(middle + half - high) < 1e-9) & (x <= n)
    return np.argwhere(fits)[:, ::-1] + np.array([0, 1])


def of_limit(centre: float, upper: float) -> float:
    """Births of a subgroup from the upper limit of its p chart: n = 9p(1-p)/(UCL-p)^2."""
    return 9 * centre * (1 - centre) / (upper - centre) ** 2
