"""What released counts are judged to say, by the same judging as a team's own; no true count here.

Each series is judged on the blocks it is released on. Its site's total is added up to the same
blocks, so that a change of its own is told from one of the whole site; a gap is judged on the
widest blocks among the strata of its site.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from qi_equity.disclosure import numbers
from qi_equity.disclosure.release import Release
from qi_equity.judging import KEYS, Work
from qi_equity.observations import SERIES_KEY
from qi_equity.project import EVERYONE, Project


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Charts with what each is judged by, and the words on each gap."""

    charts: pd.DataFrame
    gaps: pd.DataFrame = field(default_factory=pd.DataFrame)


def evidence(one: Release, project: Project, summary: pd.DataFrame) -> Told:
    """The charts of a release, `summary` as they are drawn, with their evidence and verdicts."""
    held = numbers.side_by_side(one, project)
    charts, gaps = [], []
    whole = one.grid.strata.index(EVERYONE) if EVERYONE in one.grid.strata else None
    for rung in np.unique(one.rung[one.counted]).tolist():
        own = one.counted & (one.rung == rung)
        series = own.copy()
        if whole is not None:
            finer = one.counted[:, whole] & (one.rung[:, whole] <= rung)
            series[:, whole] |= finer & own.any(axis=1)
        rows = numbers.on_blocks(one, rung, series)
        if rows.empty:
            continue
        work = Work(
            one.grid.reading,
            _of_rung(one, held, rung),
            numbers.draw(one, rows),
            _last_of_baseline(one, rung),
            dict.fromkeys(sorted(set(rows["site"])), ""),
        )
        names = _named(one, own)
        for done in work.done().values():
            there = pd.MultiIndex.from_frame(done.charts[["site", "stratum"]])
            charts.append(done.charts[there.isin(names)])
            if len(done.gaps):
                gaps.append(done.gaps)
    found = pd.concat(charts, ignore_index=True) if charts else pd.DataFrame(columns=KEYS)
    stale = [name for name in found if name in summary and name not in KEYS]
    both = summary.drop(columns=stale).merge(found, on=KEYS, how="left")
    return Told(both, pd.concat(gaps, ignore_index=True) if gaps else pd.DataFrame())


def _of_rung(one: Release, held: pd.DataFrame, rung: int) -> pd.DataFrame:
    """The rows that are held side by side on this row of blocks."""
    if held.empty:
        columns = [*SERIES_KEY, "subgroup", "numerator", "denominator", "value"]
        return pd.DataFrame(columns=columns)
    known = np.isin(one.grid.strata, one.grid.reading.project.strata.known)
    widest = np.where(one.counted & known, one.rung, -1).max(axis=1)
    sites = np.array(one.grid.sites, object)[widest == rung]
    return held[held["site"].isin(sites)].assign(value=np.nan)


def _named(one: Release, series: np.ndarray) -> list[tuple[str, str]]:
    return [
        (one.grid.sites[a], one.grid.strata[b]) for a, b in zip(*np.nonzero(series), strict=True)
    ]


def _last_of_baseline(one: Release, rung: int) -> pd.Timestamp:
    """The first day of the last block that the baseline holds the whole of, or of the first."""
    subgroups = one.grid.subgroups
    last = one.grid.reading.last_of_baseline(pd.DataFrame({"subgroup": subgroups}))
    ids = one.blocks[rung]
    ends = subgroups[np.flatnonzero(np.diff(ids, append=-1))]
    block = max(0, int((ends <= last).sum()) - 1)
    return pd.Timestamp(subgroups[int(np.argmax(ids == block))])
