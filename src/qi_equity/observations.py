"""Vocabulary: the tidy table of observations, one row a measure, site, stratum and subgroup.

Counts are numerator and denominator; a measurement is a value. Missing is nan and stays nan:
a blank is never a zero. What is known beside them (BESIDE) has columns only where it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from qi_equity.arrays import IntArray
from qi_equity.errors import DataErrors
from qi_equity.factorize import factorize
from qi_equity.vocabulary import COUNTS as COUNTS

# What tells one series from another, and one observation.
SERIES_KEY = ["measure", "site", "stratum"]
KEY = [*SERIES_KEY, "subgroup"]
COLUMNS = [*KEY, *COUNTS, "value"]
# What a source may tell beside them: how many of those counted have no outcome recorded, of how
# many readings a value is the mean, with their standard deviation, and how many more were refused,
# since what stands there cannot be read: those are not among the counted.
UNKNOWN, READINGS, SPREAD, UNREAD = "outcome_unknown", "readings", "spread", "unread"
BESIDE = [UNKNOWN, READINGS, SPREAD, UNREAD]
SUMMED = (UNKNOWN, UNREAD)  # of those beside, what is added up over strata, sites and days

ZONED = r"\d[T ].*(?:[zZ]|[+-]\d{2}:?\d{2})$"
SHOWN = 5  # rows named in a message before the rest are counted


def observations(rows: pd.DataFrame | Iterable[dict[str, object]]) -> pd.DataFrame:
    """The rows as a checked table with the columns of COLUMNS, sorted by KEY.

    Columns of BESIDE follow where any row has them. Raises DataErrors naming every row that cannot
    be an observation.

    >>> row = {"measure": "pph", "site": "A", "stratum": "Black", "subgroup": "2025-01-06",
    ...        "numerator": 1, "denominator": 9}
    >>> observations([row])[["subgroup", "numerator", "value"]]
        subgroup  numerator  value
    0 2025-01-06        1.0    NaN
    """
    table = rows.copy() if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    if table.empty and not len(table.columns):
        table = pd.DataFrame(columns=COLUMNS)
    missing = [name for name in KEY if name not in table.columns]
    if missing:
        raise DataErrors([f"there is no column called '{name}'" for name in missing])
    for name in (*COUNTS, "value"):
        if name not in table.columns:
            table[name] = np.nan
    problems: list[str] = []
    for name in (*COUNTS, "value", *beside(table)):
        problems += _read_numbers(table, name)
    problems += _read_dates(table)
    for name in SERIES_KEY:
        problems += _named(table, table[name].isna(), f"'{name}' is empty")
        table[name] = _texts(table[name])
    problems += problems_of_counts(table)
    if UNKNOWN in table:
        more = table[UNKNOWN] > table["denominator"]
        problems += _named(table, more, f"'{UNKNOWN}' is above 'denominator', which holds them")
    if SPREAD in table:
        problems += _named(table, table[SPREAD] < 0, f"'{SPREAD}' is below zero")
    place, _ = placed(table, KEY)
    sole = np.bincount(place, minlength=1)[place] == 1
    problems += _named(table, ~sole, "stands more than once; keep one row of it")
    if problems:
        raise DataErrors(problems)
    return in_order(table[[*COLUMNS, *beside(table)]], place)


def _read_numbers(table: pd.DataFrame, name: str) -> list[str]:
    """Make a column one of numbers; what is none, by name."""
    if table[name].dtype == np.float64:
        return []
    numbers = pd.to_numeric(table[name], errors="coerce")
    unread = numbers.isna() & table[name].notna()
    table[name] = numbers.astype(float)
    return _named(table, unread, f"'{name}' is not a number")


def _read_dates(table: pd.DataFrame) -> list[str]:
    """Make the subgroups dates; what is none, by name."""
    given = table["subgroup"]
    dates = given
    if not pd.api.types.is_datetime64_dtype(given.dtype):
        dates = pd.to_datetime(given, errors="coerce", format="ISO8601", utc=True)
        # A moment in a time zone may be another day here.
        zoned = given.astype(str).str.contains(ZONED, regex=True)
        dates = dates.dt.tz_localize(None).where(~zoned)
    if dates.dtype != "datetime64[ns]":
        # Years far off do not fit.
        fits = dates.between(pd.Timestamp.min, pd.Timestamp.max)
        dates = dates.where(fits).astype("datetime64[ns]")
    table["subgroup"] = dates
    missing = table["subgroup"].isna()
    shown = table.assign(subgroup=given) if missing.any() else table
    return _named(shown, missing, "'subgroup' is not a date (write 2025-01-31)")


def _texts(labels: pd.Series) -> pd.Series:
    """A column of labels as texts, each a plain Python object."""
    if labels.dtype == object and pd.api.types.infer_dtype(labels, skipna=False) == "string":
        return labels
    return labels.astype("string").astype(object)


def placed(table: pd.DataFrame, keys: Sequence[str]) -> tuple[IntArray, IntArray]:
    """The place of each row among the sorted keys, the same for the same key; each one's first row.

    >>> placed(pd.DataFrame({"site": ["B", "A", "B"], "week": [1, 2, 1]}), ["site", "week"])
    (array([1, 0, 1]), array([1, 0]))
    """
    joint = _joint(table, keys)
    steps = np.diff(joint, prepend=joint[:1] - 1)
    if (steps >= 0).all():  # sorted already, as most tables are
        new = steps > 0
        return np.cumsum(new) - 1, np.flatnonzero(new)
    top = int(joint.max()) + 1
    if top > 4 * len(joint):
        _, first, place = np.unique(joint, return_index=True, return_inverse=True)
        return place.reshape(-1), first
    # Few keys for so many rows: none has to be sorted. Of a key's rows the first is written last.
    first = np.full(top, -1)
    first[joint[::-1]] = np.arange(len(joint))[::-1]
    there = first >= 0
    return (np.cumsum(there) - 1)[joint], first[there]


def _joint(table: pd.DataFrame, keys: Sequence[str]) -> IntArray:
    """The keys of each row as one number, that orders rows as their keys do."""
    joint = np.zeros(len(table), dtype=np.int64)
    for key in keys:
        code, names = factorize(table[key])
        joint = joint * max(len(names), 1) + code
    return joint


def in_order(table: pd.DataFrame, place: IntArray) -> pd.DataFrame:
    """The rows by their places, those that share one as they came, numbered anew."""
    if (np.diff(place) >= 0).all():
        return table.reset_index(drop=True)
    return table.take(np.argsort(place, kind="stable")).reset_index(drop=True)


def beside(table: pd.DataFrame) -> list[str]:
    """The columns of BESIDE that a table has, and something in.

    >>> beside(pd.DataFrame({"value": [3.0], "readings": [2.0], "spread": [float("nan")]}))
    ['readings']
    """
    return [name for name in BESIDE if name in table.columns and table[name].notna().any()]


def side_by_side(
    left: pd.DataFrame, right: pd.DataFrame, *more: pd.DataFrame, on: Sequence[str]
) -> pd.DataFrame:
    """A table with the columns that others have for the same keys; nothing where one has none.

    >>> rates = pd.DataFrame({"site": ["A", "B"], "rate": [0.1, 0.2]})
    >>> side_by_side(rates, pd.DataFrame({"site": ["A", "B"], "gap": [1.5, 2.0]}), on=["site"])
      site  rate  gap
    0    A   0.1  1.5
    1    B   0.2  2.0
    """
    # Mostly the rows are those of the same keys in the same order, and need not be looked for.
    tables = (right, *more)
    if not all(_alike(left, table, on) for table in tables):
        for table in tables:
            left = left.merge(table, on=list(on), how="left")
        return left
    others = [table[[name for name in table if name not in on]] for table in tables]
    return pd.concat([table.reset_index(drop=True) for table in (left, *others)], axis=1)


def _alike(left: pd.DataFrame, right: pd.DataFrame, on: Sequence[str]) -> bool:
    """Whether two tables hold the same in some columns, row by row."""
    if len(left) != len(right):
        return False
    both = ((left[name], right[name]) for name in on)
    return all(
        # Texts are not made objects for it.
        bool((one.array == two.array).all())
        if one.dtype == "str" == two.dtype
        else bool((one.to_numpy() == two.to_numpy()).all())
        for one, two in both
    )


def with_totals(table: pd.DataFrame, over: str, label: str) -> pd.DataFrame:
    """The table with, beside the rows of each `over` (stratum or site), their total.

    Only whole rows are added up: a numerator without its denominator would bend the rate. A count
    without a denominator has a total only where every row of it was logged; a measurement only
    where it is known how many readings each mean is of.

    >>> row = {"measure": "pph", "site": "A", "stratum": "Black", "subgroup": "2025-01-06",
    ...        "numerator": 1, "denominator": 9}
    >>> both = observations([row, row | {"stratum": "White", "numerator": 2}])
    >>> with_totals(both, "stratum", "Everyone")[["stratum", "numerator", "denominator"]]
        stratum  numerator  denominator
    0     Black        1.0          9.0
    1  Everyone        3.0         18.0
    2     White        2.0          9.0
    """
    keys = [key for key in KEY if key != over]
    whole = np.isfinite(table[[*COUNTS]].to_numpy(float)).all(axis=1)
    counted = table if whole.all() else table[whole]
    alone = table.iloc[:0] if whole.all() else table[~table["measure"].isin(counted["measure"])]
    added = [*COUNTS, *(name for name in beside(table) if name in SUMMED)]
    parts = [_added(counted, keys, added)]
    if len(alone):
        summed = alone.groupby(keys)["numerator"].agg(["sum", "count"])
        members = alone.groupby("measure")[over].nunique()
        whole = summed["count"].to_numpy() == members[summed.index.get_level_values("measure")]
        parts.append(summed.loc[np.asarray(whole), "sum"].rename("numerator").reset_index())
    parts += [together(table, keys)] if READINGS in beside(table) else []
    totals = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    totals = _with_refused(totals, table, keys).assign(**{over: label})
    both = pd.concat([table, totals], ignore_index=True)[[*table.columns]]
    both = in_order(both, _joint(both, KEY))
    other = [name for name in (*COUNTS, "value") if both[name].dtype != np.float64]
    return both.astype(dict.fromkeys(other, float)) if other else both


def _with_refused(totals: pd.DataFrame, table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The totals with what was refused of rows that have no count, and so are in none of them."""
    if UNREAD not in beside(table):
        return totals
    blank = table["numerator"].isna() & table["value"].isna() & (table[UNREAD] > 0)
    if not blank.any():
        return totals
    both = pd.concat([totals, table.loc[blank, [*keys, UNREAD]]], ignore_index=True)
    return both.groupby(keys).sum(min_count=1).reset_index()


def _added(rows: pd.DataFrame, keys: list[str], columns: list[str]) -> pd.DataFrame:
    """The sums of whole numbers over the rows of each key, in the order of the keys."""
    place, first = placed(rows, keys)
    sums = {
        name: np.bincount(place, np.nan_to_num(rows[name].to_numpy(float)), len(first))
        for name in columns
    }
    return rows.take(first)[keys].reset_index(drop=True).assign(**sums)


def together(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Readings of several rows as one: their mean, number and standard deviation.

    The sum of squares is that within the rows and that between them. A measure that has a mean of
    nobody knows how many readings is left out.

    >>> rows = pd.DataFrame({"measure": "m", "value": [30.0, 50.0], "readings": 1.0})
    >>> together(rows, ["measure"]).round(1)
      measure  value  readings  spread
    0       m   40.0       2.0    14.1
    """
    valued = table[table["value"].notna()]
    open_ = set(valued.loc[~(valued[READINGS] > 0), "measure"])
    valued = valued[~valued["measure"].isin(open_)]
    number, value = valued[READINGS], valued["value"]
    spread = valued[SPREAD] if SPREAD in valued else pd.Series(np.nan, valued.index)
    within = ((number - 1) * spread**2).mask(number == 1, 0.0)
    sums = valued[keys].assign(n=number, total=number * value, within=within)
    whole = sums.groupby(keys)[["n", "total"]].transform("sum")
    sums["between"] = number * (value - whole["total"] / whole["n"]) ** 2
    unknown = {name: valued[name] for name in beside(table) if name in SUMMED}
    grouped = sums.assign(**unknown).groupby(keys)
    found = grouped[["n", "total", "between", *unknown]].sum()
    # A mean of several whose standard deviation is not known leaves that of them all open.
    found["within"] = grouped["within"].agg(lambda part: part.sum(skipna=False))
    variance = (found["within"] + found["between"]) / (found["n"] - 1).where(found["n"] > 1)
    found = found.assign(value=found["total"] / found["n"], spread=variance**0.5)
    named = found.rename(columns={"n": READINGS, "spread": SPREAD})
    return named[["value", READINGS, SPREAD, *unknown]].reset_index()


def problems_of_counts(table: pd.DataFrame) -> list[str]:
    """What cannot be counts: negative, infinite, parts of a person, more events than births."""
    problems: list[str] = []
    for name in (*COUNTS, *(each for each in beside(table) if each != SPREAD)):
        column = table[name]
        problems += _named(table, np.isinf(column), f"'{name}' is infinite")
        problems += _named(table, column < 0, f"'{name}' is below zero")
        part = np.isfinite(column) & (column >= 0) & (column != np.floor(column))
        # Of a refused row it may only be known how many it is likely to be.
        part &= name != UNREAD
        problems += _named(table, part, f"'{name}' is not a whole number")
    return problems


def _named(table: pd.DataFrame, wrong: pd.Series | np.ndarray, what: str) -> list[str]:
    """One sentence for all the rows that share a problem, the first few by name."""
    found = np.asarray(wrong, bool)
    if not found.any():
        return []
    rows = table.loc[found]
    names = [" / ".join(str(row[key]) for key in KEY) for _, row in rows.head(SHOWN).iterrows()]
    more = f" and {len(rows) - SHOWN} more rows" if len(rows) > SHOWN else ""
    return [f"{what}: {'; '.join(names)}{more}"]
