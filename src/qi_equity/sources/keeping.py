"""What of an import is kept, and what its refusals read like: the same wherever a file comes in."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from qi_equity.observations import COUNTS, UNREAD
from qi_equity.project import Project
from qi_equity.sources.account import Imported


@dataclass(frozen=True, slots=True, eq=False)
class Keep:
    """What of an import goes into the store: its table, how many rows have a count, and have none.

    Beside the counts stand how many more were refused; where nothing else is known that stands
    alone, and is no row with a count.
    """

    table: pd.DataFrame
    counted: int
    without: int


def kept(project: Project, imported: Imported) -> Keep:
    """The counts that are known, and how many more were refused, to hold conclusions back by."""
    known, without = with_counts(project, imported.observations)
    table = imported.with_doubt
    if UNREAD not in table:
        return Keep(known, len(known), without)
    counts, _ = with_counts(project, table)
    rest = table.drop(counts.index)
    rest = rest[rest[UNREAD] > 0]
    # A part of a count is no count: what is refused stands alone then.
    rest = rest.assign(**dict.fromkeys((*COUNTS, "value"), float("nan")))
    return Keep(pd.concat([counts, rest]).sort_index(), len(counts), without)


def with_counts(project: Project, table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The observations whose count is known, and how many are without."""
    kinds = {measure.id: measure.data for measure in project.measures}
    data = table["measure"].map(kinds)
    value = data.isin(["continuous", "time between", "cases between"])
    both = data.isin(["proportion", "rate"])
    known = table["value"].notna().where(value, table["numerator"].notna())
    known &= table["denominator"].notna() | ~both
    return table[known], int((~known).sum())


def refusals(imported: Imported) -> list[str]:
    """A line for each reason that rows were refused, with how many and which."""
    return [
        f"{row['rows']}: {row['reason']} {row['where']}".strip()
        for row in imported.refused.to_dict("records")
    ]


def examples(imported: Imported, most: int = 3) -> list[str]:
    """Some rows as they were understood, a line each."""
    known = imported.observations.dropna(subset=["numerator", "value"], how="all")
    lines = []
    for row in known.head(most).to_dict("records"):
        counts = [row[name] for name in ("numerator", "denominator", "value")]
        said = " of ".join(f"{count:g}" for count in counts if count == count)
        lines.append(f"{row['subgroup']:%Y-%m-%d}, {row['stratum']}: {row['measure']} {said}")
    return lines
