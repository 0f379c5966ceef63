"""The numbers of a table's rows: in one unit, withheld or not given as nan, refused with why."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import cast

import numpy as np
import pandas as pd

from qi_equity.observations import COUNTS, KEY, READINGS, SPREAD, UNKNOWN, UNREAD
from qi_equity.project import Project, TableSource
from qi_equity.sources import blanks, cells, grid, taking
from qi_equity.sources.account import SUPPRESSED
from qi_equity.sources.labels import text_of
from qi_equity.sources.rows import NUMBERS, Rows

YES = frozenset({"true", "1", "yes", "y", "x"})


def cells_of(
    source: TableSource, found: grid.Grid, kind: str, name: str | None, key: str | None
) -> tuple[pd.Series | None, list[str]]:
    """The cells of a column of numbers as they were read, all in one unit; and what is said of it.

    kind: which of NUMBERS it is; name: what the file calls it; key: where the table has it.
    """
    if key is None or key not in found.table:
        return None, []
    tokens = {token.casefold(): cast(cells.Token, state) for token, state in source.tokens.items()}
    read = cells.column(
        found.table[key].tolist(),
        name or "",
        tokens=tokens,
        mark=found.mark,
        declared=source.mark,
        unit=source.units.get(name or ""),
    )
    unit = "%" if kind in COUNTS and taking.are_shares(read.cells) else read.unit
    taken = [
        replace(cell, unit=unit)
        if unit is not None and cell.unit is None and cell.state == "number"
        else cell
        for cell in read.cells
    ]
    told = [f"'{name}' is read in {read.unit}"] if read.said else []
    return pd.Series(taken, index=found.table.index, dtype=object), told


def numbers(project: Project, source: TableSource, rows: Rows) -> tuple[pd.DataFrame, list[str]]:
    """Counts, with what was withheld or not given as nan; says what was withheld or not given."""
    withheld, unsaid = [], []
    problems: list[str | None] = [None] * len(rows.table)
    known = {measure.id: measure for measure in project.measures}
    measures = [known[name] for name in rows.table["measure"]]
    flagged = _flagged(source, rows.table)
    read: dict[str, np.ndarray] = {}
    for name, given in _in_parts(rows.table).items():
        read[name] = np.full(len(measures), np.nan)
        if given is None:
            continue
        hidden, blank = [], []
        for at, (cell, measure) in enumerate(zip(given, measures, strict=True)):
            taken = taking.take(cell, name, measure)
            if flagged[at] and name == "numerator":
                taken = replace(taken, state="suppressed", number=math.nan)
            read[name][at] = taken.number
            if taken.state == "suppressed":
                hidden.append((at, taken.said))
            elif taken.state == "missing" and taken.said:
                blank.append(taken.said)
            if problems[at] is None:
                problems[at] = _problem(taken, name)
        places = [at for at, _ in hidden]
        withheld.append(
            rows.table.iloc[places][KEY].assign(column=name, token=[said for _, said in hidden])
        )
        unsaid += [
            f"{times:,} of '{name}' are '{token}': not given, never zero"
            for token, times in Counter(blank).most_common()
        ]
    told = pd.Series(problems, index=rows.table.index, dtype=object)
    rows.table = rows.table.assign(**read)
    told = _shares_once(_between(project, rows.table, told))
    rows.refuse(told.fillna(blanks.doubted(project, source, rows.table)))
    table = pd.concat(withheld) if withheld else pd.DataFrame(columns=SUPPRESSED)
    kept = table.index.isin(rows.table.index)
    return table.loc[kept, SUPPRESSED].reset_index(drop=True), unsaid


def _flagged(source: TableSource, table: pd.DataFrame) -> list[bool]:
    """Whether a column of its own says of a row that its count is withheld."""
    if source.suppressed is None:
        return [False] * len(table)
    return [text_of(cell).casefold() in YES for cell in table["flag_cell"]]


def _problem(taken: cells.Cell, name: str) -> str | None:
    """Why a cell that was taken is no number of its kind, or None."""
    if taken.state == "wrong":
        return f"'{name}': {taken.said}"
    if name == UNREAD:  # of whom it may only be known how many they are likely to be
        return f"'{name}' is below zero" if taken.number < 0 else None
    return cells.problem(taken.number, name) if name not in ("value", SPREAD) else None


def _between(project: Project, table: pd.DataFrame, problems: pd.Series) -> pd.Series:
    """The problems, with those between the numbers of a row."""
    parts = [measure.id for measure in project.measures if measure.data == "proportion"]
    over = table["measure"].isin(parts) & (table["numerator"] > table["denominator"])
    unknown = table[UNKNOWN] > table["denominator"]
    nobody = table["value"].notna() & (table[READINGS] == 0)
    for wrong, told in (
        (over, "more events than births: numerator above denominator"),
        (unknown, f"'{UNKNOWN}' is above the denominator, which holds them"),
        (nobody, "a mean of no reading: leave out the value, or count them"),
    ):
        problems = problems.mask(wrong & problems.isna(), told)
    return problems


def _in_parts(table: pd.DataFrame) -> dict[str, list[cells.Cell] | None]:
    """The cells of each number that the mapping asks for; 3/25 in one cell is split into its two.

    None stands for a number that no cell of the file is.
    """
    nothing = cells.Cell(math.nan, "missing")
    found: dict[str, list[cells.Cell] | None] = {}
    for name in NUMBERS:
        given = table[f"{name}_cell"].tolist()
        if any(isinstance(cell, cells.Cell) for cell in given):
            found[name] = [cell if isinstance(cell, cells.Cell) else nothing for cell in given]
        else:
            found[name] = [nothing] * len(given) if name in COUNTS else None
    parts, wholes = found["numerator"] or [], found["denominator"] or []
    if any(part.state == "fraction" for part in parts):
        split = [taking.split(*pair) for pair in zip(parts, wholes, strict=True)]
        found["numerator"] = [part for part, _ in split]
        found["denominator"] = [whole for _, whole in split]
    return found


def _shares_once(problems: pd.Series) -> pd.Series:
    """One line for all shares of a column: they have one cause and one way out."""
    told = problems.map(
        lambda text: text if isinstance(text, str) and taking.SHARE in text else None
    )
    shares = told.dropna()
    if shares.nunique() < 2:
        return problems
    return problems.mask(told.notna(), shares.iloc[0])
