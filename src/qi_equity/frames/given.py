"""Tables as people have them, made the pandas table that the sums are read from; no sum is here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import pandas as pd

from qi_equity.errors import DataErrors

P = ParamSpec("P")
R = TypeVar("R")


def any_table(
    function: Callable[Concatenate[pd.DataFrame, P], R],
) -> Callable[Concatenate[Any, P], R]:
    """A function of a pandas table as one of any table that `frame` takes."""

    @wraps(function)
    def of_any(data: Any, *args: P.args, **named: P.kwargs) -> R:
        return function(frame(data), *args, **named)

    return cast(Callable[Concatenate[Any, P], R], of_any)


def frame(data: Any) -> pd.DataFrame:
    """A table as pandas: pandas itself, a dictionary of columns, polars, Arrow, a list of rows.

    What is no table is refused with what would be.

    >>> frame({"week": [1, 2], "pph": [3, 4]}).shape
    (2, 2)
    >>> frame("counts.csv")
    Traceback (most recent call last):
    ...
    qi_equity.errors.DataErrors: the data has 1 thing to put right:
      1. a table was expected, and this is a str; give a pandas, polars or Arrow table, a
    dictionary of columns or a list of dictionaries; a file is read first (pandas.read_csv)
    """
    table = _table(data)
    if not table.columns.is_unique:  # refused where such a column is asked for
        return table
    plain = {name: _plain(table[name]) for name in table.columns}
    other = {name: one for name, one in plain.items() if one.dtype != table[name].dtype}
    if other:
        table = table.copy(deep=False)
        table[list(other)] = pd.DataFrame(other)
    return table


def _plain(column: pd.Series) -> pd.Series:
    """Days and decimals as pandas has them; a moment in a time zone as its clocks wrote it."""
    if column.dtype == object or isinstance(column.dtype, pd.ArrowDtype):
        held = pd.api.types.infer_dtype(column, skipna=True)
        if held in ("date", "decimal"):
            return pd.to_datetime(column) if held == "date" else column.astype(float)
    zoned = pd.api.types.is_datetime64_any_dtype(column.dtype) and column.dt.tz is not None
    return column.dt.tz_localize(None) if zoned else column


def _table(data: Any) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        return data
    if isinstance(data, Mapping):
        try:
            return pd.DataFrame(data)
        except ValueError as wrong:  # columns that are not equally long, or no lists
            raise DataErrors([f"these columns make no table: {wrong}"]) from wrong
    if isinstance(data, list) and data and all(isinstance(row, Mapping) for row in data):
        return pd.DataFrame(data)
    import narwhals as nw  # reads every other kind of table, and is seldom needed

    try:
        known = nw.from_native(data, eager_only=True)
        columns = known.to_dict(as_series=False)
    except (TypeError, AttributeError) as wrong:  # no table, one not worked out yet, or a series
        raise DataErrors(
            [
                f"a table was expected, and this is a {type(data).__name__}; give a pandas, polars "
                "or Arrow table, a dictionary of columns or a list of dictionaries; a file is read "
                "first (pandas.read_csv)"
            ]
        ) from wrong
    return pd.DataFrame(columns)
