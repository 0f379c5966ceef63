"""Read the packed reference figures of the SPC tools: a table for each file of a case."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).parent


@cache
def _table(tool: str, name: str) -> dict[str, dict[str, list[str]]]:
    """Each case's cells by column; as lists, since frames of a few rows each take far longer."""
    cells = pd.read_csv(HERE / f"{tool}_{name}.csv.gz", dtype=str, keep_default_na=False)
    columns = {column: cells[column].tolist() for column in cells if column != "case"}
    places: dict[str, list[int]] = {}
    for at, case in enumerate(cells["case"].tolist()):
        places.setdefault(case, []).append(at)
    return {
        case: {column: [values[at] for at in rows] for column, values in columns.items()}
        for case, rows in places.items()
    }


@cache
def cases(tool: str) -> pd.DataFrame:
    return pd.read_csv(HERE / f"{tool}_cases.csv.gz", keep_default_na=False).set_index("case")


def names(tool: str, must: str = "yes") -> list[str]:
    listed = cases(tool)
    return list(listed.index[listed["must"] == must])


def args(tool: str, case: str) -> dict[str, Any]:
    return json.loads(cases(tool).loc[case, "args"])


def table(tool: str, case: str, name: str) -> pd.DataFrame:
    """One file of a case: numbers as numbers, dates as dates, NA and NaN as missing."""
    found = _table(tool, name)[case]
    # Without the columns that other cases have.
    return pd.DataFrame({column: _read(cells) for column, cells in found.items() if any(cells)})


TRUTH = {"TRUE": True, "FALSE": False}


def _read(cells: list[str]) -> pd.Series:
    known = [np.nan if cell in ("NA", "NaN") else cell for cell in cells]
    if any(cell in TRUTH for cell in known):
        return pd.Series([TRUTH.get(cell, np.nan) for cell in known])
    try:
        return pd.Series([float(cell) for cell in known], dtype=float)
    except ValueError:  # words, or dates
        text = pd.Series(known, dtype=str)
    dates = pd.to_datetime(text, errors="coerce", format="ISO8601")
    return dates if (dates.notna() == text.notna()).all() else text


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def same(ours: Any, theirs: Any, what: str) -> None:
    """Floats to 1e-9 relative, or to a rounding of numbers of their size about zero."""
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    size = np.nanmax(np.abs(theirs), initial=0.0)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-15 + 1e-13 * size, err_msg=what)
