"""Two extracts of the same births, linked by a key: whose recorded ethnicity changes between them.

Only a table of agreement leaves the engine, never a key or a record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from qi_equity.crossed import margins
from qi_equity.errors import DataErrors, did_you_mean
from qi_equity.project import Project
from qi_equity.sources import predicates
from qi_equity.sources.engine import Table, ibis_here, read_file
from qi_equity.sources.labels import place, text_of

NO_GROUP = "no group"


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """How two sources record the same births.

    table   a row for each pair of groups: first, second, births
    linked  births found in both; alone births found in one only, first and second
    repeated births whose key stands more than once in a source, and were not linked
    """

    table: pd.DataFrame
    linked: int
    alone: tuple[int, int]
    repeated: tuple[int, int]

    @property
    def agreed(self) -> float:
        """The share of linked births that both sources put into the same group."""
        same = self.table["first"] == self.table["second"]
        return float(self.table.loc[same, "births"].sum() / self.linked) if self.linked else 0.0

    def __str__(self) -> str:
        """The account in plain lines, most frequent change first."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterable[str]:
        yield f"{self.linked:,} births are in both sources; {self.agreed:.1%} in the same group"
        if any(self.alone):
            yield f"  only in the first: {self.alone[0]:,}; only in the second: {self.alone[1]:,}"
        if any(self.repeated):
            yield (
                f"  not linked, since their key stands more than once: {self.repeated[0]:,} and "
                f"{self.repeated[1]:,}"
            )
        moved = self.table[self.table["first"] != self.table["second"]]
        of = self.table.groupby("first")["births"].sum()
        for row in moved.sort_values("births", ascending=False).to_dict("records"):
            share = row["births"] / of[row["first"]]
            yield (
                f"  {row['first']} in the first is {row['second']} in the second: "
                f"{row['births']:,} ({share:.1%} of {row['first']})"
            )


def agreement(
    project: Project,
    first: Path,
    second: Path,
    *,
    key: str,
    stratum: str,
    second_stratum: str | None = None,
) -> Agreement:
    """Link two files by a key and count, for each pair of groups, the births recorded so.

    stratum is the column of codes; second_stratum its name in the second file where it differs.
    """
    connection = ibis_here().duckdb.connect()
    columns = (stratum, second_stratum or stratum)
    tables = [
        read_file(connection, path, (key, column))
        for path, column in zip((first, second), columns, strict=True)
    ]
    problems = [
        f"{path}: no column called '{name}'{did_you_mean(name, table.columns)}"
        for path, table, column in zip((first, second), tables, columns, strict=True)
        for name in (key, column)
        if name not in table.columns
    ]
    if problems:
        raise DataErrors(problems, "what is linked")
    found = [_once(table, key, column) for table, column in zip(tables, columns, strict=True)]
    repeated = [many for _, many in found]
    sums = _paired(found[0][0], found[1][0])
    both = sums[sums["in_first"] & sums["in_second"]]
    alone = [int(sums.loc[~sums[name], "births"].sum()) for name in ("in_second", "in_first")]
    codes = pd.concat([both["first"], both["second"]])
    placed = place(codes, margins(project)[0].strata)
    groups = both.assign(
        **{
            name: both[name].map(lambda code: placed[text_of(code)].group or NO_GROUP)
            for name in ("first", "second")
        }
    )
    table = groups.groupby(["first", "second"], as_index=False).agg({"births": "sum"})
    return Agreement(
        table, int(both["births"].sum()), (alone[0], alone[1]), (repeated[0], repeated[1])
    )


def _once(table: Table, key: str, column: str) -> tuple[Table, int]:
    """Key and code of the births that stand once; and how many rows are of keys that do not."""
    pairs = table.select(
        key=predicates.recorded(table[key]).cast("string"),
        code=predicates.recorded(table[column]).cast("string"),
    )
    pairs = pairs.filter(pairs["key"].notnull())
    single = pairs.group_by("key").aggregate(code=pairs["code"].max(), times=pairs.count())
    many = single.filter(single["times"] > 1)["times"].sum()
    return single.filter(single["times"] == 1).drop("times"), int(_number(many))


def _paired(first: Table, second: Table) -> pd.DataFrame:
    """Births by the code in each, and which of the two they stand in."""
    joined = first.outer_join(second, "key", rname="{name}_2")
    counted = joined.group_by(
        first=joined["code"],
        second=joined["code_2"],
        in_first=joined["key"].notnull(),
        in_second=joined["key_2"].notnull(),
    ).aggregate(births=joined.count())
    sums: pd.DataFrame = counted.to_pyarrow().to_pandas()
    return sums


def _number(expression: object) -> int:
    value = expression.to_pyarrow().as_py()  # type: ignore[attr-defined]
    return int(value or 0)
