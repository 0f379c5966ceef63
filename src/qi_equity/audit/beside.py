"""One indicator from two sources, side by side, and what may make them differ; no gap here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations

import numpy as np
import pandas as pd

from qi_equity.audit.model import Audit, AuditIndicator, AuditSource, readings
from qi_equity.audit.register import ROUNDED
from qi_equity.audit.taken import Taken
from qi_equity.equity.intervals import newcombe

KEYS = ["place", "group"]
# Sources that count so many more people than one another do not count the same ones.
OTHER_PEOPLE = 0.05
# A group whose share of all is so much smaller in one source is coded otherwise there.
PLACED_ELSEWHERE = 0.10
# Half the step that counts are rounded by.
HALF = 2.5


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """What two sources say of one indicator, a row a group over the places that both have.

    `reasons` are codes of why they may differ; `differ` the groups for which they differ by more
    than rounding and chance; `rounding_alone` whether rounding could be all of it.
    """

    dimension: str
    indicator: AuditIndicator
    first: AuditSource
    second: AuditSource
    table: pd.DataFrame
    reasons: tuple[str, ...]
    rounding_alone: bool

    @property
    def differ(self) -> list[str]:
        """The groups whose rates differ."""
        return [str(name) for name in self.table.loc[self.table["differs"], "group"]]

    @property
    def placed_elsewhere(self) -> pd.DataFrame:
        """The groups of which one source has many fewer women than the other."""
        return self.table[self.table["placed_elsewhere"]]

    @property
    def turned(self) -> list[str]:
        """The groups that one source puts above everyone else, and the other below."""
        return [str(name) for name in self.table.loc[self.table["turned"], "group"]]


def pairs(audit: Audit, taken: Taken) -> tuple[Pair, ...]:
    """Every two sources of an indicator that speak of the same places and groups."""
    if all(len(one.sources) < 2 for one in audit.indicators):
        return ()
    now = _as_far_as_it_goes(audit, taken)
    found = []
    for dimension in audit.dimensions:
        known = now[(now["dimension"] == dimension.id) & now["group"].isin(dimension.known)]
        every = now[now["dimension"] == dimension.id]
        for indicator in audit.indicators:
            if indicator.data == "count":
                continue
            mine = known[known["indicator"] == indicator.id]
            for one, two in combinations(indicator.sources, 2):
                both = _both(mine, one, two)
                if len(both):
                    whole = every[every["indicator"] == indicator.id]
                    found.append(_pair(audit, dimension.id, indicator, one, two, both, whole))
    return tuple(found)


def _as_far_as_it_goes(audit: Audit, taken: Taken) -> pd.DataFrame:
    """The counts of the audit's period; of a source that has none of it, all that it has."""
    now = taken.within(audit)
    other = taken.counts[~taken.counts["source"].isin(now["source"])]
    keys = ["source", "dimension", "indicator", *KEYS]
    sums = other.groupby(keys, sort=False)[["numerator", "denominator"]].sum(skipna=False)
    return pd.concat([now, taken.shown(sums.reset_index())], ignore_index=True)


def _both(table: pd.DataFrame, one: str, two: str) -> pd.DataFrame:
    first, second = (table[table["source"] == name].set_index(KEYS) for name in (one, two))
    counts = ["numerator", "denominator"]
    joined = first[counts].merge(
        second[counts], left_index=True, right_index=True, suffixes=("_1", "_2")
    )
    return joined.dropna().reset_index()


def _pair(
    audit: Audit,
    dimension: str,
    indicator: AuditIndicator,
    one: str,
    two: str,
    both: pd.DataFrame,
    whole: pd.DataFrame,
) -> Pair:
    first, second = audit.source(one), audit.source(two)
    cells = both.groupby("group")["place"].count()
    sums = both.drop(columns="place").groupby("group").sum()
    x, n, y, m = (sums[f"{name}_{k}"].to_numpy(float) for k in (1, 2) for name in COUNTED)
    apart = newcombe(x, n, y, m)
    # As if they were two groups of women: of the same births any difference is a difference.
    beyond = (apart.lower > 0) | (apart.upper < 0)
    slack = HALF * cells.loc[sums.index].to_numpy() * _roundings(first, second)
    rounds = (np.abs(x - y) <= slack) & (np.abs(n - m) <= slack)
    # On which side of everyone else each source puts a group, where it is clear of them.
    sides = [
        np.where(gap.lower > 0, 1, np.where(gap.upper < 0, -1, 0))
        for gap in (newcombe(a, b, a.sum() - a, b.sum() - b) for a, b in ((x, n), (y, m)))
    ]
    # Another share of all: one of the two puts the same women into another group.
    size = max(n.sum(), m.sum())
    shares = (n / n.sum(), m / m.sum())
    far = PLACED_ELSEWHERE * np.maximum(*shares) + slack / size
    moved = (np.abs(shares[0] - shares[1]) > far) & (
        _counted(audit, first) == _counted(audit, second)
    )
    table = sums.assign(
        placed_elsewhere=moved, difference=apart.estimate, lower=apart.lower, upper=apart.upper,
        differs=beyond & ~rounds,
        turned=(sides[0] * sides[1] < 0) & (indicator.direction != "none"),
    ).reset_index()  # fmt: skip
    alone = bool(slack.max(initial=0.0) > 0 and rounds.all())
    reasons = tuple(_reasons(audit, dimension, first, second, (n.sum(), m.sum()), whole))
    reasons += ("placing",) if moved.any() else ()
    return Pair(dimension, indicator, first, second, table, reasons, alone)


COUNTED = ("numerator", "denominator")


def _roundings(*sources: AuditSource) -> int:
    return sum(one.rounding in ROUNDED for one in sources)


def _reasons(
    audit: Audit,
    dimension: str,
    first: AuditSource,
    second: AuditSource,
    people: tuple[float, float],
    whole: pd.DataFrame,
) -> Iterator[str]:
    """Codes of what is not the same in the two sources."""
    if first.rounding != second.rounding:
        yield "rounding"
    if _counted(audit, first) != _counted(audit, second):
        yield "period"
    if first.geography != second.geography:
        yield "geography"
    if first.whose_ethnicity != second.whose_ethnicity:
        yield "whose"
    codes = [
        {r.reading.code_set for r in readings(audit)
         if r.source is source and r.reading.dimension == dimension}
        for source in (first, second)
    ]  # fmt: skip
    if codes[0] != codes[1]:
        yield "codes"
    if abs(people[0] - people[1]) > OTHER_PEOPLE * max(people):
        yield "people"
    shares = [_unknown(audit, dimension, source, whole) for source in (first, second)]
    if abs(shares[0] - shares[1]) > OTHER_PEOPLE / 2:
        yield "unknown"


def _counted(audit: Audit, source: AuditSource) -> tuple[date, date]:
    """The days that a source's counts are from: its own within the audit's, where it has any."""
    begin, end = source.period.from_, source.period.to
    first, last = max(begin, audit.period.from_), min(end, audit.period.to)
    return (first, last) if first <= last else (begin, end)


def _unknown(audit: Audit, dimension: str, source: AuditSource, whole: pd.DataFrame) -> float:
    unknown = {g.name for g in audit.dimension(dimension).groups if g.unknown}
    mine = whole[whole["source"] == source.id]
    total = mine["denominator"].sum()
    without = mine.loc[mine["group"].isin(unknown), "denominator"].sum()
    return float(without / total) if total else 0.0
