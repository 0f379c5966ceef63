"""How each source records who people are: completeness, decay, conflicts; no gap is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from qi_equity.arrays import BoolArray, FloatArray
from qi_equity.audit.file import found
from qi_equity.audit.model import Audit, AuditSource, Read, readings
from qi_equity.audit.taken import Taken, as_project
from qi_equity.audit.withheld import POLICY
from qi_equity.chance import HIGHLIGHT, q_values
from qi_equity.equity.intervals import wilson
from qi_equity.equity.register import trend
from qi_equity.quality.linkage import Agreement, agreement
from qi_equity.quality.mother_and_baby import Both, mother_and_baby

COMPLETENESS = [
    "source", "dimension", "place", "unknown", "total", "share", "share_lower", "share_upper",
    "first", "last", "p_value", "q_value", "decays",
]  # fmt: skip
NUMBERS = COMPLETENESS[3:-1]
THIRDS = 3  # the first and the last third of the months say from where to where
# Completeness that falls by less than this many hundredths is no decay that anybody can act on.
LEAST_DECAY = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Coding:
    """A row a source, dimension and place; and what two extracts, or two columns, disagree in."""

    completeness: pd.DataFrame
    linked: tuple[tuple[AuditSource, AuditSource, Agreement], ...]
    both: tuple[tuple[AuditSource, Both], ...]

    @property
    def decayed(self) -> pd.DataFrame:
        """Where fewer and fewer have a group that is known."""
        return self.completeness[self.completeness["decays"].astype(bool)]


def coding(audit: Audit, taken: Taken, folders: Sequence[Path]) -> Coding:
    """All that the sources of an audit say about their own recording."""
    parts = [part for read in readings(audit) for part in _completeness(audit, read, taken)]
    # Where nobody stands under an unknown group there is no row: numbers all the same.
    table = pd.DataFrame(parts, columns=COMPLETENESS).astype(dict.fromkeys(NUMBERS, float))
    table["q_value"] = q_values(table["p_value"].to_numpy(float))
    worse = (table["last"] - table["first"]) > LEAST_DECAY
    table["decays"] = (table["q_value"] <= HIGHLIGHT) & worse
    if taken.protected:  # worked out of true months: whether it decays is told, and no more
        table[["p_value", "q_value"]] = np.nan
    return Coding(table, tuple(_linked(audit, folders)), tuple(_both(audit, folders)))


def _completeness(audit: Audit, read: Read, taken: Taken) -> Iterator[tuple[object, ...]]:
    """Each place of one reading: how many have no known group, and whether that rises."""
    unknown = {g.name for g in audit.dimension(read.reading.dimension).groups if g.unknown}
    counts = taken.counts
    span = audit.period
    mine = counts[
        (counts["source"] == read.source.id)
        & (counts["dimension"] == read.reading.dimension)
        & (counts["subgroup"] >= pd.Timestamp(span.from_))
        & (counts["subgroup"] <= pd.Timestamp(span.to))
    ]
    if not unknown or not mine["group"].isin(unknown).any():
        return
    size = mine["denominator"].fillna(mine["numerator"])
    mine = mine.assign(size=size, without=np.where(mine["group"].isin(unknown), size, 0.0))
    # Of all that a source counts, what is out of most people says most of its recording.
    widest = mine.groupby("indicator")["size"].sum().idxmax()
    sums = mine[mine["indicator"] == widest].groupby(["place", "subgroup"])[["without", "size"]]
    table = sums.sum().unstack("subgroup")
    y, n = (table[name].to_numpy(float) for name in ("without", "size"))
    _, p_value = trend(y, n)
    total, people = _totals(audit, read, taken, str(widest), unknown, table.index)
    first, last = _ends(y, n, taken.protected, np.isfinite(total))
    seen = wilson(total, people)
    for at, place in enumerate(table.index):
        yield (
            read.source.id, read.reading.dimension, place, total[at], people[at],
            float(seen.estimate[at]), float(seen.lower[at]), float(seen.upper[at]),
            first[at], last[at], p_value[at], np.nan, False,
        )  # fmt: skip


def _totals(
    audit: Audit, read: Read, taken: Taken, indicator: str, unknown: set[str], places: pd.Index
) -> tuple[FloatArray, FloatArray]:
    """Of each place those without a known group, and everybody, as the audience may have them.

    Sums of what is told by group: a total of its own would tell more of each.
    """
    now = taken.within(audit)
    mine = now[
        (now["source"] == read.source.id)
        & (now["dimension"] == read.reading.dimension)
        & (now["indicator"] == indicator)
    ]
    size = mine["denominator"].fillna(mine["numerator"])
    held = mine.assign(size=size, without=np.where(mine["group"].isin(unknown), size, 0.0))
    sums = held.groupby("place")[["without", "size"]].sum(skipna=False).reindex(places)
    return sums["without"].to_numpy(float), sums["size"].to_numpy(float)


def _ends(
    y: FloatArray, n: FloatArray, protected: bool, told: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """The share in the first and in the last third of the time, where the whole is told."""
    third = max(1, y.shape[-1] // THIRDS)
    shares = []
    for part in (slice(third), slice(-third, None)):
        sums = [np.nansum(one[:, part], axis=-1) for one in (y, n)]
        if protected:
            sums = [POLICY.shown(one) for one in sums]
        with np.errstate(all="ignore"):
            shares.append(np.where(told, sums[0] / sums[1], np.nan))
    return shares[0], shares[1]


def _linked(
    audit: Audit, folders: Sequence[Path]
) -> Iterator[tuple[AuditSource, AuditSource, Agreement]]:
    """Two extracts of the same births, linked by a key."""
    for read in _one_each(audit):
        link = read.source.linked
        if link is None:
            continue
        other = audit.source(link.with_)
        first, second = (found(one.files[0], folders) for one in (read.source, other))
        if first is None or second is None:
            continue
        agreed = agreement(
            as_project(audit, read),
            first,
            second,
            key=link.key,
            stratum=link.column,
            second_stratum=link.other_column,
        )
        yield read.source, other, agreed


def _both(audit: Audit, folders: Sequence[Path]) -> Iterator[tuple[AuditSource, Both]]:
    """The mother's beside the baby's, where a file has both."""
    for read in _one_each(audit):
        columns = read.source.mother_and_baby
        path = found(read.source.files[0], folders)
        if columns is not None and path is not None:
            project = as_project(audit, read)
            both = mother_and_baby(project, path, mother=columns.mother, baby=columns.baby)
            yield read.source, both


def _one_each(audit: Audit) -> Iterator[Read]:
    """Of each source the reading by ethnicity, or its first."""
    for source in audit.sources:
        mine = [read for read in readings(audit) if read.source is source]
        mine.sort(key=lambda read: audit.dimension(read.reading.dimension).dimension != "ethnicity")
        yield from mine[:1]
