"""Rows to arrays, the only place: (series, subgroup), nan where nothing was logged.

Problems in the rows are collected and raised together, each with the rows it stands in.
Nothing is estimated here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.errors import DataErrors, did_you_mean
from qi_equity.spc.charts import ChartKind
from qi_equity.vocabulary import MadeOf

# Each period as so many days, months or years (numpy's letters).
PERIODS = {"day": ("D", 1), "week": ("D", 7), "month": ("M", 1), "quarter": ("M", 3),
           "year": ("Y", 1)}  # fmt: skip
AGGREGATES = ("mean", "median", "sum", "sd")
# A calendar is regular where at least this share of its slots is filled by some series.
REGULAR = 0.5
# A calendar of more slots than this has a slip of the pen in its dates, and is not drawn.
LONGEST = 10_000
# A problem names this many rows, and counts the others.
ROWS_NAMED = 5


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Every series of a call, side by side: a row each, the last axis in order of time."""

    keys: pd.DataFrame  # a row a series: the columns that tell them apart, sorted
    labels: Any  # subgroup of each slot: (slots,) on a shared calendar, else (series, slots)
    logged: BoolArray  # a record is there, whatever it holds
    shown: BoolArray  # logged, or a gap of a regular calendar between first and last
    columns: dict[str, FloatArray]  # numerator, denominator, value, readings, spread, ...


@dataclass(slots=True)
class Rows:
    """The rows as they were given, and every problem found in them so far."""

    data: pd.DataFrame
    subgroup: str
    by: list[str]
    problems: list[str] = field(default_factory=list)

    def refuse(self, bad: BoolArray, what: str, way_out: str) -> None:
        """Note a problem with the rows where ``bad`` holds, if there are any."""
        at = np.flatnonzero(bad)
        if at.size == 0:
            return
        named = "; ".join(self._name(int(i)) for i in at[:ROWS_NAMED])
        more = f"; and {at.size - ROWS_NAMED} more" if at.size > ROWS_NAMED else ""
        self.problems.append(f"{what} in {named}{more}: {way_out}")

    def _name(self, at: int) -> str:
        # The caller's own row label, and what the row is about.
        about = [
            str(self.data[column].iloc[at]).removesuffix(" 00:00:00")
            for column in (self.subgroup, *self.by)
        ]
        return f"row {self.data.index[at]} ({', '.join(about)})"

    def raise_if_any(self) -> None:
        """Raise every problem at once."""
        if self.problems:
            raise DataErrors(self.problems)


def arrange(
    data: pd.DataFrame,
    *,
    kind: ChartKind,
    subgroup: str,
    roles: Mapping[str, str],
    by: Sequence[str] = (),
    period: str | None = None,
    aggregate: str | None = None,
    extra: Sequence[str] = (),
) -> Series:
    """Arrange rows as series; ``roles`` says which column is numerator, denominator or value.

    ``extra`` names further columns of numbers to carry along (a target, an exclusion).

    >>> rows = pd.DataFrame({"week": [2, 1, 4], "births": [10, 12, 9], "pph": [1, 0, 2]})
    >>> from qi_equity.spc.charts import CHARTS
    >>> found = arrange(rows, kind=CHARTS["p"], subgroup="week",
    ...                 roles={"numerator": "pph", "denominator": "births"})
    >>> found.columns["numerator"], found.logged
    (array([[ 0.,  1., nan,  2.]]), array([[ True,  True, False,  True]]))
    """
    rows = Rows(data, subgroup, list(by))
    _check_names(rows, [subgroup, *by, *roles.values(), *extra])
    when = _moments(rows)
    for column in by:
        missing = data[column].isna().to_numpy()
        rows.refuse(missing, f"{column}: no value", "give them a label, such as 'Not stated'")
    numbers = {role: _numbers(rows, column) for role, column in roles.items()}
    _check_values(rows, kind, numbers, roles)
    rows.raise_if_any()

    if period is not None:
        when = _floor(when, period)
    series, keys = _series(data, list(by))
    labels, slot, logged = _slots(when, series, len(keys), period)
    place = series * logged.shape[1] + slot
    columns = _fill(rows, kind, numbers, place, logged, aggregate, summed=period is not None)
    rows.raise_if_any()
    for column in extra:
        held = np.full(logged.size, np.nan)
        held[place] = _codes(data[column])
        columns[column] = held.reshape(logged.shape)
    shown = logged if labels.ndim == 2 else _between_first_and_last(logged)
    if period is None:
        shown = shown & _own_rhythm(logged)
    return Series(keys, labels, logged, shown, columns)


# -- reading ----------------------------------------------------------------------------------


def _check_names(rows: Rows, wanted: Sequence[str]) -> None:
    known = [str(column) for column in rows.data.columns]
    for name in wanted:
        if name not in rows.data.columns:
            rows.problems.append(f"no column called '{name}'{did_you_mean(name, known)}")
    if len(rows.data) == 0:
        rows.problems.append("there are no rows: log at least one subgroup")
    rows.raise_if_any()


def _numbers(rows: Rows, column: str) -> FloatArray:
    given = rows.data[column]
    if pd.api.types.is_numeric_dtype(given.dtype):
        return given.to_numpy(dtype=float, na_value=np.nan)
    read = pd.to_numeric(given, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    unread = np.isnan(read) & given.notna().to_numpy()
    rows.refuse(unread, f"{column}: not a number", "write digits, or leave the cell empty")
    return read


def _codes(given: pd.Series) -> FloatArray:
    """A column of numbers as it is, any other as the number of each of its values."""
    if pd.api.types.is_numeric_dtype(given.dtype):
        return given.to_numpy(dtype=float, na_value=np.nan)
    codes = pd.factorize(given)[0].astype(float)
    return np.where(codes < 0, np.nan, codes)


def _moments(rows: Rows) -> Any:
    """The subgroup column as dates or numbers."""
    given = rows.data[rows.subgroup]
    name = rows.subgroup
    if isinstance(given.dtype, pd.CategoricalDtype):
        given = given.astype(given.cat.categories.dtype)
    given = given.infer_objects()  # whole numbers in a column of objects are numbers
    if isinstance(given.dtype, pd.PeriodDtype):
        given = given.dt.to_timestamp()
    if pd.api.types.is_bool_dtype(given.dtype):
        rows.problems.append(f"{name}: true or false cannot order the points; use dates or numbers")
        rows.raise_if_any()
    missing = given.isna().to_numpy()
    rows.refuse(missing, f"{name}: no value", "say which subgroup they belong to")
    if pd.api.types.is_numeric_dtype(given.dtype):
        when = given.to_numpy(dtype=float, na_value=np.nan)
        rows.refuse(np.isinf(when), f"{name}: not a number", "use dates or numbers")
        rows.raise_if_any()
        return when.astype(np.int64) if (when == np.floor(when)).all() else when
    if not pd.api.types.is_datetime64_any_dtype(given.dtype):
        read = pd.to_datetime(given, errors="coerce", format="ISO8601")
        unread = read.isna().to_numpy() & ~missing
        rows.refuse(unread, f"{name}: not a date", "write year-month-day, as 2024-01-29")
        given = read
    elif getattr(given.dt, "tz", None) is not None:
        given = given.dt.tz_localize(None)
    rows.raise_if_any()
    return given.to_numpy(dtype="datetime64[s]")


def _check_values(
    rows: Rows, kind: ChartKind, numbers: Mapping[str, FloatArray], roles: Mapping[str, str]
) -> None:
    counted = kind.made_of == MadeOf.COUNTS
    for role, values in numbers.items():
        column = roles[role]
        integers = pd.api.types.is_integer_dtype(rows.data[column].dtype)
        if not integers:
            words = "leave the cell empty if not known"
            rows.refuse(np.isinf(values), f"{column}: infinite", words)
        if counted or role != "value":
            rows.refuse(values < 0, f"{column}: below 0", "a count cannot be negative")
        if kind.whole and not integers and (role != "denominator" or kind.at_most_denominator):
            with np.errstate(invalid="ignore"):
                part = np.isfinite(values) & (values != np.floor(values))
            rows.refuse(part, f"{column}: not a whole number", "give counts, not rates")
        if kind.above_zero:
            rows.refuse(values <= 0, f"{column}: not above 0", "a time between events is")
    if "numerator" not in numbers or "denominator" not in numbers:
        return
    top, bottom = numbers["numerator"], numbers["denominator"]
    names = f"{roles['numerator']} above {roles['denominator']}"
    if kind.at_most_denominator:
        rows.refuse(top > bottom, names, "events are counted among those at risk")
    else:
        nobody = (bottom == 0) & (top > 0)
        rows.refuse(nobody, f"{names} of 0", "nobody can have an event where nobody was at risk")


# -- time -------------------------------------------------------------------------------------


def _floor(when: Any, period: str) -> Any:
    if period not in PERIODS:
        raise DataErrors([f"no period called '{period}'{did_you_mean(period, PERIODS)}"])
    if when.dtype.kind != "M":
        raise DataErrors([f"period '{period}' needs dates, and the subgroups are numbers"])
    days = when.astype("datetime64[D]")
    if period == "week":
        # 1970-01-01, day 0, was a Thursday: Mondays are days 4, 11, ...
        floored = days - (days.astype(np.int64) - 4) % 7
    elif period == "quarter":
        months = days.astype("datetime64[M]").astype(np.int64)
        floored = (months - months % 3).astype("datetime64[M]")
    else:
        unit, _ = PERIODS[period]  # numpy floors to a day, a month or a year by itself
        floored = days.astype(f"datetime64[{unit}]")
    return floored.astype("datetime64[s]")


def _calendar(moments: Any, period: str | None) -> Any:
    """Every subgroup from the first to the last, or None where they keep no regular distance."""
    if period is not None:
        return _every(moments, *PERIODS[period])
    if len(moments) < 3:
        return moments  # two subgroups show no rhythm that a third could have broken
    if moments.dtype.kind == "f":
        return None  # parts of a whole number are measurements, not places in a calendar
    if moments.dtype.kind != "M":
        return _evenly(moments)
    days = moments.astype("datetime64[D]")
    return _of_dates(days) if (days == moments).all() else _evenly(moments)


def _every(moments: Any, unit: str, step: int) -> Any:
    """Every period from the first to the last, unless there are too many to be meant."""
    place = moments.astype(f"datetime64[{unit}]").astype(np.int64)
    every = np.arange(place[0], place[-1] + 1, step)
    if len(every) > LONGEST:
        return None
    return every.astype(f"datetime64[{unit}]").astype("datetime64[s]")


def _of_dates(days: Any) -> Any:
    """The calendar that dates keep: months, weekdays, or so many days apart."""
    months = days.astype("datetime64[M]")
    for offset in (0, 1):  # first of the month; last of the month
        ends = (months + offset).astype("datetime64[D]") - offset
        if (ends == days).all():
            steady = _evenly(months)
            if steady is None:
                return None
            return ((steady + offset).astype("datetime64[D]") - offset).astype("datetime64[s]")
    if not (weekdays := _weekdays(days)):
        steady = _evenly(days)
    else:
        every = np.arange(days[0], days[-1] + 1)
        steady = every[np.isin((every.astype(np.int64) - 4) % 7, list(weekdays))]
    return None if steady is None else steady.astype("datetime64[s]")


def _weekdays(days: Any) -> set[int]:
    """The weekdays in use, where days are logged but some weekday never is."""
    numbers = days.astype(np.int64)
    used = set(((numbers - 4) % 7).tolist())
    daily = len(days) >= 10 and np.median(np.diff(numbers)) == 1
    return used if daily and len(used) < 7 else set()


def _evenly(moments: Any) -> Any:
    """Steps of the largest size that meets every moment, if enough of them are filled."""
    numbers = moments.astype(np.int64)
    steps = np.diff(numbers)
    step = int(np.gcd.reduce(steps)) if len(steps) else 1
    count = (numbers[-1] - numbers[0]) // step + 1
    if len(moments) < REGULAR * count:
        return None
    return (numbers[0] + step * np.arange(count)).astype(moments.dtype)


def _slots(
    when: Any, series: IntArray, count: int, period: str | None
) -> tuple[Any, IntArray, BoolArray]:
    """Labels of the slots, the slot of each row, and which slots of each series are filled."""
    factors: tuple[Any, Any] = pd.factorize(when, sort=True)
    found, moments = factors
    calendar = _calendar(moments, period)
    if calendar is not None:
        slot = np.asarray(np.searchsorted(calendar, moments))[found]
        logged = np.zeros((count, len(calendar)), dtype=bool)
        logged[series, slot] = True
        return calendar, slot, logged
    # No common calendar: each series has its own subgroups, one after another.
    pair = series * len(moments) + found
    distinct, at = _distinct(pair)
    owner = distinct // len(moments)
    start = np.searchsorted(owner, np.arange(count))
    rank = np.arange(len(distinct)) - start[owner]
    logged = np.zeros((count, int(rank.max()) + 1), dtype=bool)
    logged[owner, rank] = True
    labels = np.full(logged.shape, moments[-1])
    labels[owner, rank] = moments[distinct % len(moments)]
    return labels, rank[at], logged


def _between_first_and_last(logged: BoolArray) -> BoolArray:
    before = np.logical_or.accumulate(logged, axis=1)
    after = np.logical_or.accumulate(logged[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(before & after)


def _own_rhythm(logged: BoolArray) -> BoolArray:
    """Slots that each series keeps to by itself: it has the same gaps alone as among others."""
    slot = np.arange(logged.shape[1])
    count, first = logged.sum(axis=1), np.argmax(logged, axis=1)
    last = logged.shape[1] - 1 - np.argmax(logged[:, ::-1], axis=1)
    if (count == last - first + 1).all():
        return logged
    owner, at = np.nonzero(logged)
    steps = np.diff(at, prepend=at[0])
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    steps[starts] = 0  # no step leads to the first; every step is a multiple of the rhythm
    rhythm = np.maximum(np.gcd.reduceat(steps, starts), 1)
    regular = (count >= 3) & (count >= REGULAR * ((last - first) // rhythm + 1))
    in_step = (slot - first[:, None]) % rhythm[:, None] == 0
    return np.asarray(logged | (regular[:, None] & in_step))


# -- series -----------------------------------------------------------------------------------


def _series(data: pd.DataFrame, by: list[str]) -> tuple[IntArray, pd.DataFrame]:
    """Which series each row belongs to, and the series in sorted order."""
    if not by:
        return np.zeros(len(data), dtype=np.int64), pd.DataFrame(index=range(1))
    code = np.zeros(len(data), dtype=np.int64)
    levels = []
    for column in by:
        codes, values = pd.factorize(data[column])
        order = _in_order(values)
        rank = np.empty(len(values), dtype=np.int64)
        rank[order] = np.arange(len(values))
        code = code * len(values) + rank[codes]
        levels.append(values.take(order))
    used, series = _distinct(code)
    keys = {}
    for column, values in zip(reversed(by), reversed(levels), strict=True):
        keys[column] = values.take(used % len(values))
        used = used // len(values)
    return series, pd.DataFrame({column: keys[column] for column in by})


def _in_order(values: pd.Index) -> IntArray:
    """The places of the values, sorted; where 1 and 'A' stand side by side, as they are written."""
    try:
        return values.argsort()
    except TypeError:
        return np.argsort([str(value) for value in values], kind="stable")


def _distinct(code: IntArray) -> tuple[IntArray, IntArray]:
    """The codes in use, in order, and which of them each row has."""
    top = int(code.max(initial=0)) + 1
    if top > 4 * len(code):
        return np.unique(code, return_inverse=True)
    seen = np.zeros(top, dtype=bool)
    seen[code] = True
    return np.flatnonzero(seen), (np.cumsum(seen) - 1)[code]


# -- filling ----------------------------------------------------------------------------------


def _fill(
    rows: Rows,
    kind: ChartKind,
    numbers: Mapping[str, FloatArray],
    place: IntArray,
    logged: BoolArray,
    aggregate: str | None,
    summed: bool,
) -> dict[str, FloatArray]:
    if "readings" not in numbers:
        numbers = _pairs_complete(numbers)
    if kind.made_of == MadeOf.READINGS and "readings" not in numbers:
        return _readings(numbers["value"], place, logged.shape)
    shared = len(place) > np.count_nonzero(logged)
    if shared and "numerator" in numbers and (summed or aggregate == "sum"):
        return {role: _total(v, place, logged.shape) for role, v in numbers.items()}
    if shared and aggregate is not None and "value" in numbers and "readings" not in numbers:
        return {
            role: _aggregated(v, place, logged.shape, "sum" if role == "denominator" else aggregate)
            for role, v in numbers.items()
        }
    if shared:
        rows.refuse(
            _repeated(place),
            f"{rows.subgroup}: more than one row for a subgroup",
            "keep one, sum counts with period=, or combine readings with aggregate=",
        )
        rows.raise_if_any()
    filled = {}
    for role, values in numbers.items():
        held = np.full(logged.size, np.nan)
        held[place] = values
        filled[role] = held.reshape(logged.shape)
    return filled


def _pairs_complete(numbers: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """A numerator without its denominator tells nothing, nor the other way round."""
    if len(numbers) < 2:
        return dict(numbers)
    half = np.logical_or.reduce([np.isnan(values) for values in numbers.values()])
    if not half.any():
        return dict(numbers)
    return {role: np.where(half, np.nan, values) for role, values in numbers.items()}


def _repeated(place: IntArray) -> BoolArray:
    return pd.Series(place).duplicated(keep=False).to_numpy()


def _total(values: FloatArray, place: IntArray, shape: tuple[int, ...]) -> FloatArray:
    held = np.isfinite(values)
    size = int(np.prod(shape))
    total = np.bincount(place, np.where(held, values, 0.0), size)
    count = np.bincount(place[held], minlength=size)
    return np.where(count > 0, total, np.nan).reshape(shape)


def _aggregated(
    values: FloatArray, place: IntArray, shape: tuple[int, ...], how: str
) -> FloatArray:
    if how == "sum":
        return _total(values, place, shape)
    grouped = pd.Series(values).groupby(place)
    methods: dict[str, Callable[[], pd.Series]] = {
        "mean": grouped.mean, "median": grouped.median, "sd": grouped.std
    }  # fmt: skip
    found = methods[how]()
    filled = np.full(int(np.prod(shape)), np.nan)
    filled[found.index.to_numpy()] = found.to_numpy()
    return filled.reshape(shape)


def _readings(values: FloatArray, place: IntArray, shape: tuple[int, ...]) -> dict[str, FloatArray]:
    """Mean, standard deviation and number of the readings of each subgroup."""
    held = np.isfinite(values)
    count = np.bincount(place[held], minlength=int(np.prod(shape))).astype(float).reshape(shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(count > 0, _total(values, place, shape) / count, np.nan)
        apart = (values - mean.ravel()[place]) ** 2
        variance = _total(apart, place, shape) / (count - 1)
        spread = np.where(count > 1, np.sqrt(variance), np.nan)
    return {"value": mean, "readings": count, "spread": spread}
