"""What of a release is public: the numbers as shown, on which blocks; no true count is in it.

From this alone the network's findings are made, so that nothing in them, word or number, can say
more than it does. It is also what the log of releases keeps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from qi_equity.arrays import BoolArray, FloatArray
from qi_equity.disclosure.policy import Policy
from qi_equity.disclosure.release import COUNTS, Blocks, Count, Grid, Release
from qi_equity.project import Project
from qi_equity.reading import Reading


@dataclass(frozen=True, slots=True)
class AsShown:
    """The policy of numbers that are public already: they are shown as they are.

    >>> AsShown(POLICY).is_small(np.array([0.0, np.nan, 10.0])).tolist()
    [False, True, False]
    """

    policy: Policy

    @property
    def first(self) -> int:
        """The least count that is not small."""
        return self.policy.first

    def shown(self, counts: FloatArray) -> FloatArray:
        """The numbers."""
        return counts

    def is_small(self, counts: FloatArray) -> BoolArray:
        """Which numbers stand for a small count."""
        return np.asarray(np.isnan(counts) | (counts == self.policy.small))

    def between(self, counts: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The numbers: what they stand for is not asked of what is public."""
        return counts, counts


POLICY = Policy("hes")


def published(one: Release, policy: Policy) -> Release:
    """The same release of public numbers only."""
    grid, ids = one.grid, one.ids
    known = _any_in_block(grid.logged, ids) & ~one.free
    sums: dict[Count, FloatArray] = {}
    for count, held in one.sums.items():
        shown = np.where(known, policy.shown(one.true(count)), 0.0)
        sums[count] = np.where(_places(one.rung, len(held)), shown, 0.0)
    kept_back = (one.withheld & grid.there)[..., np.newaxis]
    told = np.where(known | kept_back, 0.0, np.nan)
    rated = grid.denominator is not None
    grid = replace(grid, numerator=told, denominator=told if rated else None, cells=None)
    return Release(grid, AsShown(policy), one.made_of, one.rung, sums)


def _places(rung: Any, many: int) -> BoolArray:
    """Of each row of blocks, the series that are released on it: (rung, site, stratum, 1)."""
    return np.asarray(np.arange(many)[:, None, None] == rung)[..., np.newaxis]


def _any_in_block(logged: BoolArray, ids: Any) -> BoolArray:
    """Whether anything is logged in the block of each subgroup."""
    many = int(ids.max()) + 1 if ids.size else 1
    held = np.zeros((*ids.shape[:2], many), bool)
    site, stratum, _ = np.nonzero(logged)
    held[site, stratum, ids[logged]] = True
    return np.asarray(np.take_along_axis(held, ids, axis=-1))


def as_record(one: Release) -> dict[str, Any]:
    """A public release as plain numbers and texts, for the log; `from_record` reads it."""
    grid, starts = one.grid, [np.flatnonzero(np.diff(ids, prepend=-1)) for ids in one.blocks]
    series = []
    for site, stratum in zip(*np.nonzero(~one.withheld), strict=True):
        rung = int(one.rung[site, stratum])
        at = starts[rung]
        known = np.isfinite(grid.numerator[site, stratum][at])
        told = {
            count: [_plain(value, there) for value, there in zip(held[rung, site, stratum][at],
                                                                  known, strict=True)]
            for count, held in one.sums.items()
        }  # fmt: skip
        series.append({"site": grid.sites[site], "stratum": grid.strata[stratum], "rung": rung}
                      | told)  # fmt: skip
    withheld = np.nonzero(one.withheld & grid.there)
    return {
        "measure": grid.measure.id,
        "sites": list(grid.sites),
        "strata": list(grid.strata),
        "subgroups": [f"{day:%Y-%m-%d}" for day in grid.subgroups],
        "rated": grid.denominator is not None,
        "blocks": [at.tolist() for at in starts],
        "open": [int(row.sum()) for row in one.made_of.open],
        "steps": list(one.made_of.steps),
        "series": series,
        "withheld": [[grid.sites[a], grid.strata[b]] for a, b in zip(*withheld, strict=True)],
    }


def _plain(value: float, known: bool) -> float | str | None:
    """A number; '*' for a small count that is left out; None where nothing was logged."""
    if not known:
        return None
    return "*" if math.isnan(value) else float(value)


def from_record(kept: Mapping[str, Any], project: Project, policy: Policy) -> Release:
    """A public release as the log kept it."""
    subgroups = pd.DatetimeIndex(np.array(kept["subgroups"], "datetime64[ns]"))
    many, last = len(kept["blocks"]), len(subgroups)
    ids = np.zeros((many, last), np.int64)
    for row, starts in zip(ids, kept["blocks"], strict=True):
        row[starts[1:]] = 1
    ids = np.cumsum(ids, axis=-1)
    waiting = np.arange(last) >= last - np.array(kept["open"])[:, np.newaxis]
    made_of = Blocks(subgroups, ids, waiting, tuple(kept["steps"]))
    sites, strata = tuple(kept["sites"]), tuple(kept["strata"])
    shape = (len(sites), len(strata))
    rung = np.full(shape, many)
    told = np.full((*shape, last), np.nan)
    names = COUNTS if kept["rated"] else COUNTS[:1]
    sums: dict[Count, FloatArray] = {count: np.zeros((many, *shape, last)) for count in names}
    for one in kept["series"]:
        at = sites.index(one["site"]), strata.index(one["stratum"])
        row = rung[at] = one["rung"]
        for count in names:
            values = np.array([math.nan if v == "*" else v for v in one[count]], float)
            known = np.array([v is not None for v in one[count]])
            sums[count][row][at] = np.where(known, values, 0.0)[ids[row]]
        told[at] = np.where(known[ids[row]] & ~waiting[row], 0.0, np.nan)
    for site, stratum in kept["withheld"]:
        told[sites.index(site), strata.index(stratum)] = 0.0
    reading = Reading(project, project.measure(kept["measure"]))
    denominator = told if kept["rated"] else None
    grid = Grid(reading, sites, strata, subgroups, told, denominator)
    return Release(grid, AsShown(policy), made_of, rung, sums)
