"""The rows of a table on their way: in use, refused or left out; nothing here reads a cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from qi_equity.observations import (
    COUNTS,
    KEY,
    READINGS,
    SPREAD,
    UNKNOWN,
    UNREAD,
    together,
)
from qi_equity.project import EVERYONE
from qi_equity.sources.labels import plain, texts

NUMBERS = (*COUNTS, "value", UNKNOWN, UNREAD, READINGS, SPREAD)


class Rows:
    """The rows still in use, and the ones refused or left out, with the reason."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table
        self.read = len(table)
        self.refused: dict[str, list[int]] = {}
        self.left_out: dict[str, list[int]] = {}
        self.lost: list[pd.DataFrame] = []

    def beyond(
        self,
        left_out: Mapping[str, list[int]],
        refused: Mapping[str, list[int]],
        measures: Sequence[str],
    ) -> None:
        """Rows of the file that no cell was read of; of an only measure they are lost."""
        for found, into in ((left_out, self.left_out), (refused, self.refused)):
            for reason, numbers in found.items():
                into[reason] = list(numbers)
                self.read += len(numbers)
        count = sum(map(len, refused.values()))
        if count and len(measures) == 1:
            names = [f"{name}_cell" for name in (*COUNTS, READINGS)]
            nothing: dict[str, object] = {"subgroup": pd.NaT, **dict.fromkeys(names)}
            self.lost.append(pd.DataFrame({"measure": measures[0], **nothing}, index=range(count)))

    def drop(self, reasons: pd.Series, into: dict[str, list[int]]) -> None:
        """Take out the rows that have a reason."""
        bad = reasons.notna()
        for reason, row in zip(reasons[bad], self.table.loc[bad, "row"], strict=True):
            into.setdefault(str(reason), []).append(int(row))
        self.table = self.table.loc[~bad]

    def refuse(self, reasons: pd.Series, *, lost: bool = True) -> None:
        """Rows that cannot be read, by why; lost, unless what they say is said by others too."""
        if lost and reasons.notna().any():
            self.lost.append(self.table.loc[reasons.notna()])
        self.drop(reasons, self.refused)

    def leave_out(self, reasons: pd.Series) -> None:
        """Rows that nobody asks for, by why."""
        self.drop(reasons, self.left_out)


def once(rows: Rows) -> Iterable[str]:
    """One row for each key: copies and contradictions are refused, parts of it are added up.

    Parts are days of one week, and codes that roll up to one group: 'H' and 'J' are both Asian.
    """
    table = rows.table
    # A label in capitals is the same label, and its row another copy or a contradiction.
    rows.table = table = table.assign(label=_as_one(table["stratum_cell"]))
    # Codes of one group are parts of it; two labels of everyone are the same people twice.
    same = table["label"].mask(table["stratum"] == EVERYONE, EVERYONE)
    rows.table = table = table.assign(label=same)
    key = [*KEY, "day", "label"]
    copies = table.duplicated([*key, *NUMBERS])
    reasons = pd.Series(None, index=table.index, dtype=object)
    again = pd.Series("a copy of an earlier row", index=table.index, dtype=object).where(copies)
    # Two readings of one day are two readings, alike or not.
    again[table["value"].notna()] = None
    reasons[table.duplicated(key, keep=False) & ~copies] = (
        "counts differ between rows for the same measure, site, stratum and date"
    )
    # A row whose only double is its own copy is not contradicted.
    alone = ~table[~copies].duplicated(key, keep=False)
    reasons[alone.index[alone]] = None
    reasons[table["value"].notna()] = None
    rows.refuse(again, lost=False)
    rows.refuse(reasons.loc[rows.table.index])
    table = rows.table
    if not table.duplicated(KEY).any():
        return
    # skipna is off: a week with a day withheld is not known, and must not look small.
    # Readings are not added up: their mean is the subgroup's, as it is of birth records, and how
    # many they were and how they lay about it goes with it.
    sums = table.groupby(KEY, as_index=False).agg(
        **{name: (name, lambda part: part.sum(skipna=False)) for name in (*COUNTS, UNKNOWN)},
        **{UNREAD: (UNREAD, lambda part: part.sum(min_count=1))},
    )
    readings = table["value"].notna().any()
    if readings:
        single = table[READINGS].fillna(1.0).where(table["value"].notna())
        means = together(table.assign(**{READINGS: single}).drop(columns=[UNKNOWN, UNREAD]), KEY)
        sums = sums.merge(means, on=KEY, how="left")
    sums = sums.reindex(columns=[*KEY, *NUMBERS])
    yield (
        f"{len(table):,} rows were {'averaged' if readings else 'added up'} to {len(sums):,}: "
        "several dates in one subgroup, or several codes in one group"
    )
    rows.table = sums


def _as_one(labels: pd.Series) -> pd.Series:
    written = texts(labels)
    return written.map({text: plain(text) or text for text in written.unique()})


def reconciled(kept: pd.DataFrame, totals: pd.DataFrame) -> Iterable[str]:
    """Whether the strata add up to the totals the file itself gives."""
    if totals.empty:
        return
    where = ["measure", "site", "subgroup"]
    for name in COUNTS:
        given = kept[where].assign(total=kept[name], withheld=kept[name].isna())
        parts = given.groupby(where).sum()
        both = parts.join(totals.set_index(where)[name].rename("given"), how="inner").dropna()
        if both.empty:
            continue
        whole = both[both["withheld"] == 0]
        same = int((whole["total"] == whole["given"]).sum())
        said = f"{name}s of the strata add up to the file's total in {same:,} of {len(whole):,}"
        yield f"{said} site-periods where none is withheld"
        one = int((both["withheld"] == 1).sum())
        if one:
            yield (
                f"in {one:,} site-periods a single {name} is withheld beside its total: "
                "subtraction would show it"
            )
