"""One measure's rows as arrays that checks look at; nothing is judged or filled here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qi_equity.arrays import BoolArray, FloatArray
from qi_equity.factorize import factorize
from qi_equity.observations import COUNTS


@dataclass(frozen=True, slots=True, eq=False)
class Weeks:
    """One measure's rows as arrays (site, stratum, subgroup); nan where no count is known."""

    sites: list[str]
    days: pd.DatetimeIndex
    logged: BoolArray  # (site, subgroup): a row is there, whatever it holds
    events: FloatArray  # of whole rows alone, as their births are
    births: FloatArray
    size: FloatArray  # those counted among, whether or not the events are known
    known: FloatArray  # events, whether or not those counted among are

    def of_sites(self) -> Iterator[tuple[int, str]]:
        """The place and the name of every site."""
        return enumerate(self.sites)


def any_stratum(strata: BoolArray) -> BoolArray:
    """Whether it holds for any stratum: (site, stratum, subgroup) to (site, subgroup)."""
    found: BoolArray = np.any(strata, axis=1)
    return found


def weeks(rows: pd.DataFrame) -> Weeks:
    """The arrays of one measure's rows (measure, site, stratum, subgroup, and its counts)."""
    (site, sites), (stratum, strata), (day, days) = (
        factorize(rows[name]) for name in ("site", "stratum", "subgroup")
    )
    shape = len(sites), len(strata), len(days)
    cell, size = np.ravel_multi_index((site, stratum, day), shape), int(np.prod(shape))
    top, bottom = (rows[name].to_numpy(float) for name in COUNTS)
    whole = np.isfinite(top) & np.isfinite(bottom)

    def spread(values: FloatArray, held: BoolArray) -> FloatArray:
        sums = np.bincount(cell[held], values[held], size)
        return np.where(np.bincount(cell[held], minlength=size) > 0, sums, np.nan).reshape(shape)

    every = np.ones(len(rows), bool)
    return Weeks(
        [str(one) for one in sites],
        pd.DatetimeIndex(days),
        any_stratum(np.isfinite(spread(np.zeros(len(rows)), every))),
        spread(top, whole),
        spread(bottom, whole),
        spread(bottom, np.isfinite(bottom)),
        spread(top, np.isfinite(top)),
    )
