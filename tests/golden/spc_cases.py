"""Read the packed reference figures of the SPC tools: a table for each file of a case."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).parent


@cache
def _table(tool: str, name: str) -> dict[str, pd.DataFrame]:
    cells = pd.read_csv(HERE / f"{tool}_{name}.csv.gz", dtype=str, keep_default_na=False)
    return dict(iter(cells.groupby("case", sort=False)))


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
    found = _table(tool, name)[case].drop(columns="case").reset_index(drop=True)
    found = found.loc[:, (found != "").any()]  # columns that other cases have
    return found.apply(_read)


def _read(column: pd.Series) -> pd.Series:
    known = column.where(~column.isin(["NA", "NaN"]), np.nan)
    if known.isin(["TRUE", "FALSE"]).any():
        return known.map({"TRUE": True, "FALSE": False})
    numbers = pd.to_numeric(known, errors="coerce")
    if (numbers.notna() == known.notna()).all():
        return numbers.astype(float)
    dates = pd.to_datetime(known, errors="coerce", format="ISO8601")
    return dates if (dates.notna() == known.notna()).all() else known


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def same(ours: Any, theirs: Any, what: str) -> None:
    """Floats to 1e-9 relative, or to a rounding of numbers of their size about zero."""
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    size = np.nanmax(np.abs(theirs), initial=0.0)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-15 + 1e-13 * size, err_msg=what)
