"""Blank cells below a filled one, as merged cells leave them; what a cell says is not read here."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from qi_equity.sources.labels import texts
from qi_equity.sources.rows import Rows

MANY = 1 / 3  # of cells that are blank, from which on it is a layout and no slip


def filled_down(rows: Rows, column: str, apart: Sequence[str], called: str) -> list[str]:
    """Blanks of a column filled from above, where nothing of `apart` stands twice in a block.

    Where something does, as two rows of one group on one date, a blank is a row of its own.
    """
    table = rows.table
    blank = texts(table[column]) == ""
    if not blank.any() or blank.mean() < MANY or blank.iloc[0]:
        return []
    blocks = (~blank).cumsum()
    key = [texts(table[name]) for name in apart if name in table]
    if pd.concat([blocks, *key], axis=1).duplicated().any():
        return []
    rows.table = table.assign(**{column: table[column].where(~blank).ffill()})
    told = f"{int(blank.sum()):,} rows without a {called} are of the {called} above them"
    return [f"{told} (merged cells)"]
