"""Sums of births by site, code and subgroup, as observations; what has no place is refused.

Here nothing is asked of an engine any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from qi_equity.observations import READINGS, SPREAD, UNKNOWN
from qi_equity.observations import UNREAD as NOT_READ
from qi_equity.project import Measure, Project, RecordsSource
from qi_equity.sources.account import CODES, EXCLUDED, REFUSED
from qi_equity.sources.labels import Sites, place
from qi_equity.sources.labels import shown as as_read
from qi_equity.sources.rows import NUMBERS

# Means are rounded here, since engines add numbers up in different orders.
DECIMALS = 6
# The names that counts have in the engine: births, then for each measure by number.
BIRTHS, ELIGIBLE, UNSURE, EVENTS, BLANK, SUM = "births", "e{}", "u{}", "n{}", "b{}", "s{}"
SQUARES = "q{}"
UNREAD = "r{}"  # births of which something was recorded that cannot be read
UNUSED = "unused"  # births that no measure can use because of it


@dataclass(slots=True)
class Refusals:
    """Reasons, each with how many births it kept out and one place to look."""

    found: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, reason: str, births: int, where: str = "") -> None:
        """So many more births for this reason."""
        before = self.found.get(reason, (0, where))
        self.found[reason] = before[0] + int(births), before[1]

    @property
    def births(self) -> int:
        """How many births were refused."""
        return sum(count for count, _ in self.found.values())

    def table(self) -> pd.DataFrame:
        """A row a reason, the most births first."""
        rows = [(reason, count, where) for reason, (count, where) in self.found.items()]
        rows.sort(key=lambda row: (-row[1], row[0]))
        return pd.DataFrame(rows, columns=REFUSED)


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """Sums over (site, stratum, subgroup): a site's week with births has every stratum in it."""

    sites: list[str]
    strata: list[str]
    subgroups: pd.DatetimeIndex
    cells: np.ndarray
    sums: pd.DataFrame

    def __getitem__(self, name: str) -> np.ndarray:
        shape = len(self.sites), len(self.strata), len(self.subgroups)
        weights = self.sums[name].to_numpy(float)
        return np.bincount(self.cells, weights, minlength=int(np.prod(shape))).reshape(shape)

    def get(self, name: str, otherwise: np.ndarray) -> np.ndarray:
        return self[name] if name in self.sums else otherwise


def placed(
    project: Project, source: RecordsSource, sums: pd.DataFrame, refused: Refusals
) -> pd.DataFrame:
    """The sums that have a site and a group of the project; the others are refused by reason."""
    codes = place(sums["code_"].unique(), project.strata)
    sites = Sites(project)
    labels = {label: sites.find(label) for label in sums["site_"].unique()}
    site = sums["site_"].map(labels) if source.site is not None else sites.only
    sums = sums.assign(site=site, code=sums["code_"].map(codes))
    for label, births in _births(sums[sums["site"].isna()], "site_"):
        refused.add(sites.remedy(label), births)
    kept = sums[sums["site"].notna()]
    without = kept["code"].map(lambda placed: placed.group is None or placed.status == "total")
    without = without.astype(bool)  # where no site is one of the project's, of no row at all
    for label, births in _births(kept[without], "code_"):
        remedy = codes[label].remedy or f"'{as_read(label)}' is a total and no birth's own"
        refused.add(remedy, births)
    kept = kept[~without]
    return kept.assign(stratum=kept["code"].map(lambda placed: placed.group))


def codes_of(project: Project, sums: pd.DataFrame) -> pd.DataFrame:
    """How ethnicity was recorded, code by code: not stated, not known and missing stay apart."""
    placed = place(sums["code_"].unique(), project.strata)
    rows = [
        (as_read(label), placed[label].group, placed[label].status, births)
        for label, births in _births(sums, "code_")
    ]
    return pd.DataFrame(rows, columns=CODES)


def _births(sums: pd.DataFrame, column: str) -> list[tuple[str, int]]:
    counts = sums.groupby(column)[BIRTHS].sum()
    return [(str(label), int(births)) for label, births in counts.items()]


def _grid(project: Project, sums: pd.DataFrame) -> _Grid:
    sites = sorted(sums["site"].unique())
    strata = sorted(group.name for group in project.strata.cells)
    subgroups = pd.DatetimeIndex(np.sort(sums["subgroup"].unique()))
    cells: np.ndarray = np.ravel_multi_index(
        (
            pd.Index(sites).get_indexer(pd.Index(sums["site"])),
            pd.Index(strata).get_indexer(pd.Index(sums["stratum"])),
            subgroups.get_indexer(pd.DatetimeIndex(sums["subgroup"])),
        ),
        (len(sites), len(strata), len(subgroups)),
    )
    return _Grid(sites, strata, subgroups, np.asarray(cells), sums)


def observations_of(
    project: Project, sums: pd.DataFrame, measures: Sequence[Measure]
) -> dict[str, pd.DataFrame]:
    """The tidy table of each measure: zero where a site had births and none of them counted."""
    grid = _grid(project, sums)
    births = grid[BIRTHS]
    logged = np.broadcast_to(births.sum(axis=1, keepdims=True) > 0, births.shape)
    s, g, t = np.nonzero(logged)
    keys = {
        "site": pd.Series(np.array(grid.sites, object)[s], dtype=object),
        "stratum": pd.Series(np.array(grid.strata, object)[g], dtype=object),
        "subgroup": grid.subgroups[t],
    }
    blank = np.full(births.shape, np.nan)
    parts = {}
    for number, measure in enumerate(measures):
        eligible = grid[ELIGIBLE.format(number)]
        events = grid.get(EVENTS.format(number), eligible)
        columns = {"numerator": events, "denominator": eligible, "value": blank}
        if SUM.format(number) in sums:
            columns = {"numerator": blank, "denominator": blank} | _means(grid, number, events)
        elif measure.data == "count":
            columns["denominator"] = blank
        if (unknown := BLANK.format(number)) in sums:
            columns[UNKNOWN] = grid[unknown]
        if sums[UNREAD.format(number)].any():
            columns[NOT_READ] = grid[UNREAD.format(number)]
        counts = {name: columns[name][logged] for name in (*NUMBERS, NOT_READ) if name in columns}
        name = pd.Series(np.full(len(s), measure.id, object), dtype=object)
        parts[measure.id] = pd.DataFrame({"measure": name, **keys, **counts})
    return parts


def _means(grid: _Grid, number: int, readings: np.ndarray) -> dict[str, np.ndarray]:
    """Mean of a measurement, of how many readings it is, and their standard deviation."""
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = grid[SUM.format(number)] / readings
        # Rounding in the engine may leave readings that are all alike a hair below nothing.
        apart = np.maximum(grid[SQUARES.format(number)] - readings * mean**2, 0.0)
        spread = np.where(readings > 1, np.sqrt(apart / (readings - 1)), np.nan)
    return {
        "value": mean.round(DECIMALS),
        READINGS: readings,
        SPREAD: spread.round(DECIMALS),
    }


def exclusions_of(
    project: Project, sums: pd.DataFrame, measures: Sequence[Measure]
) -> pd.DataFrame:
    """Per stratum, how many births each measure does not count: exclusion can hide inequity."""
    whole = sums.groupby("stratum")[[name for name in sums if sums[name].dtype.kind in "iuf"]].sum()
    whole = whole.reindex([group.name for group in project.strata.cells], fill_value=0)
    parts = []
    for number, measure in enumerate(measures):
        births = whole[BIRTHS]
        eligible = whole[ELIGIBLE.format(number)]
        nobody = births * 0
        parts.append(
            pd.DataFrame(
                {
                    "measure": measure.id,
                    "stratum": whole.index,
                    "births": births,
                    "eligible": eligible,
                    "excluded": births - eligible,
                    "eligibility_not_known": whole.get(UNSURE.format(number), nobody),
                    "outcome_not_known": whole.get(BLANK.format(number), nobody),
                    "unread": whole[UNREAD.format(number)],
                }
            )[EXCLUDED]
        )
    table = pd.concat(parts, ignore_index=True)
    return table.astype(dict.fromkeys(EXCLUDED[2:], int))
