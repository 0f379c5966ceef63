"""The mother's recorded ethnicity beside the baby's, where a file has both: counts by group alone.

A baby's group may rightly be another than the mother's; what is asked here is how often, for whom,
and for whom one of the two was never written down. No record leaves the engine.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from qi_equity.errors import DataErrors, did_you_mean
from qi_equity.project import Project
from qi_equity.sources import predicates
from qi_equity.sources.engine import ibis_here, read_file
from qi_equity.sources.labels import place, text_of

COLUMNS = ["mother", "births", "agree", "differ", "baby_missing", "mother_missing", "both_missing"]
NO_GROUP = "no group"


@dataclass(frozen=True, slots=True, eq=False)
class Both:
    """A row for each group of mothers: how many of their births agree, differ, or lack one."""

    table: pd.DataFrame

    def __str__(self) -> str:
        """The table in plain lines."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterable[str]:
        total = self.table[COLUMNS[1:]].sum()
        yield (
            f"Mother's and baby's ethnicity, {total['births']:,} births: {total['agree']:,} agree, "
            f"{total['differ']:,} differ, {total['baby_missing']:,} without the baby's, "
            f"{total['mother_missing']:,} without the mother's, {total['both_missing']:,} without "
            "either"
        )
        for row in self.table.to_dict("records"):
            yield (
                f"  {row['mother']}: {row['births']:,} births, {row['agree']:,} agree, "
                f"{row['differ']:,} differ, {row['baby_missing']:,} without the baby's"
            )
        yield "  A baby's group may rightly differ from the mother's; the charts take the mother's."


def mother_and_baby(project: Project, path: Path, *, mother: str, baby: str) -> Both:
    """Compare two columns of one file, in the groups of the project.

    Missing is left empty, not known or not stated: for those there is nothing to compare.
    """
    connection = ibis_here().duckdb.connect()
    table = read_file(connection, path, (mother, baby))
    problems = [
        f"no column called '{name}'{did_you_mean(name, table.columns)}"
        for name in (mother, baby)
        if name not in table.columns
    ]
    if problems:
        raise DataErrors(problems, str(path))
    pairs = table.select(
        mother=predicates.recorded(table[mother]).cast("string"),
        baby=predicates.recorded(table[baby]).cast("string"),
    )
    counted = pairs.group_by("mother", "baby").aggregate(births=pairs.count())
    sums = counted.to_pyarrow().to_pandas()
    return Both(_by_group(project, sums))


def _by_group(project: Project, sums: pd.DataFrame) -> pd.DataFrame:
    placed = place(pd.concat([sums["mother"], sums["baby"]]), project.strata)
    unknown = {group.name for group in project.strata.groups if group.unknown}

    def group(code: object) -> str:
        return placed[text_of(code)].group or NO_GROUP

    def missing(code: object) -> bool:
        known = placed[text_of(code)]
        return not text_of(code) or known.group in unknown or known.status != "stated"

    named = sums.assign(mother=sums["mother"].map(group), baby=sums["baby"].map(group))
    no_mother, no_baby = sums["mother"].map(missing), sums["baby"].map(missing)
    both = ~no_mother & ~no_baby
    same = named["mother"] == named["baby"]
    kinds = {
        "births": pd.Series(True, index=sums.index),
        "agree": both & same,
        "differ": both & ~same,
        "baby_missing": no_baby & ~no_mother,
        "mother_missing": no_mother & ~no_baby,
        "both_missing": no_mother & no_baby,
    }
    counts = {name: sums["births"].where(kind, 0).astype(int) for name, kind in kinds.items()}
    frame = pd.DataFrame({"mother": named["mother"], **counts})
    order = [group.name for group in project.strata.groups]
    found = frame.groupby("mother", as_index=False).sum()
    rank = found["mother"].map({name: at for at, name in enumerate(order)}).fillna(len(order))
    return found.loc[rank.sort_values(kind="stable").index, COLUMNS].reset_index(drop=True)
