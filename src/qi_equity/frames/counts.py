"""A table of counts as arrays by series, stratum and subgroup, and whom each is compared with.

What the tables of gaps and of gap charts share; no gap is worked out here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qi_equity.arrays import FloatArray
from qi_equity.equity.gaps import best_at_baseline, everyone_else, named
from qi_equity.errors import DataErrors, did_you_mean
from qi_equity.factorize import factorize

EVERYONE_ELSE = "everyone else"
A_STRATUM = "a stratum"
BEST = "best at baseline"
# What a row is called where nobody wrote down the stratum: shown as its own, never left out.
NOT_RECORDED = "not recorded"

# Where no baseline is named it is the first half of the subgroups, at most a year of weeks.
LONGEST_BASELINE = 52
# A problem names this many rows, and counts the others.
ROWS_NAMED = 5

# Columns that gaps() adds beside the labels.
RESULTS = (
    *("numerator", "denominator", "rate", "rate_lower", "rate_upper", "reference"),
    *("difference", "difference_lower", "difference_upper", "ratio", "ratio_lower", "ratio_upper"),
    *("excess", "p_value", "q_value", "excess_lower", "excess_upper"),
    *("events_to_close", "events_to_close_lower", "events_to_close_upper", "disagree", "sentence"),
)

STRATA = 1  # the axis of the strata in the arrays below: (series, strata, subgroups)


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Totals by series, stratum and subgroup, with the labels of each axis."""

    numerator: FloatArray
    denominator: FloatArray
    present: NDArray[np.bool_]  # cells with a row in the data, whole or not
    series: list[tuple[Any, ...]]
    strata: list[Any]
    subgroups: list[Any]

    def over(self, subgroups: slice) -> tuple[FloatArray, FloatArray]:
        """Totals of some of the subgroups, as one; nan where none of them was recorded."""
        x, n = (
            np.where(np.isnan(part).all(axis=-1), np.nan, np.nansum(part, axis=-1))[..., None]
            for part in (self.numerator[..., subgroups], self.denominator[..., subgroups])
        )
        return x, n

    def as_one(self) -> "Counts":
        """The same counts with all subgroups added up."""
        present = np.asarray(self.present.any(axis=-1, keepdims=True))
        return Counts(*self.over(slice(None)), present, self.series, self.strata, [None])

    def baseline_length(self, baseline: object, subgroup: str | None) -> int:
        """How many of the first subgroups are the baseline: a number, the last of them, or None."""
        if subgroup is None:
            return 1
        subgroups = self.subgroups
        if baseline is None:
            return max(1, min(LONGEST_BASELINE, len(subgroups) // 2))
        if isinstance(baseline, int) and not isinstance(baseline, bool):
            if 1 <= baseline <= len(subgroups):
                return baseline
            problem = f"baseline={baseline}: there are {len(subgroups)} subgroups"
            raise DataErrors([problem], source="the call of gaps()")
        last = pd.Timestamp(baseline) if isinstance(subgroups[0], pd.Timestamp) else baseline  # type: ignore[arg-type]
        length = sum(bool(label <= last) for label in subgroups)
        if not length:
            problem = f"baseline={baseline!r} is before the first subgroup, {subgroups[0]}"
            raise DataErrors([problem], source="the call of gaps()")
        return length


def check_columns(
    data: pd.DataFrame, numerator: str, denominator: str, labels: Sequence[str]
) -> None:
    """Refuse columns that are missing, hold no counts, or carry a name that a result will have."""
    wanted = dict.fromkeys([numerator, denominator, *labels])
    problems = [
        f"no column called '{name}'{did_you_mean(name, map(str, data.columns))}"
        for name in wanted
        if name not in data.columns
    ]
    problems += [
        f"column '{name}' is named more than once: by, subgroup and stratum are three things"
        for name in dict.fromkeys(labels)
        if labels.count(name) > 1
    ]
    problems += [
        f"column '{name}' would be overwritten by a result; give it another name"
        for name in labels
        if name in RESULTS
    ]
    problems += [
        f"column '{name}' holds words or dates; it should hold counts"
        for name in dict.fromkeys([numerator, denominator])
        if name in data.columns and not pd.api.types.is_numeric_dtype(data[name].infer_objects())
    ]
    if not problems and not len(data):
        problems = ["there are no rows"]
    if problems:
        raise DataErrors(problems)


def counted(
    data: pd.DataFrame,
    numerator: str,
    denominator: str,
    stratum: str,
    groups: list[str],
    subgroup: str | None,
    kind: str,
) -> Counts:
    """Counts added up within each series, stratum and subgroup; what is wrong is named."""
    x = data[numerator].to_numpy(dtype=float, na_value=np.nan)
    n = data[denominator].to_numpy(dtype=float, na_value=np.nan)
    _check_counts(data, x, n, numerator, denominator, kind)
    recorded = np.isfinite(x) & np.isfinite(n)
    series, series_labels = _levels([data[name] for name in groups], len(data))
    place, strata = _levels([data[stratum]], len(data))
    time, subgroups = _levels([data[subgroup]] if subgroup else [], len(data))
    shape = (len(series_labels), len(strata), len(subgroups))
    cell = np.ravel_multi_index((series, place, time), shape)

    def total(values: FloatArray) -> FloatArray:
        # A row that lacks either count adds to neither; a cell with no whole row is missing.
        size = int(np.prod(shape))
        kept = np.bincount(cell[recorded], minlength=size)
        sums = np.bincount(cell[recorded], weights=values[recorded], minlength=size)
        return np.where(kept > 0, sums, np.nan).reshape(shape)

    return Counts(
        total(x),
        total(n),
        np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape) > 0,
        series_labels,
        [label for (label,) in strata],
        [label[0] if label else None for label in subgroups],
    )


def _check_counts(
    data: pd.DataFrame,
    x: FloatArray,
    n: FloatArray,
    numerator: str,
    denominator: str,
    kind: str,
) -> None:
    faults = {
        f"'{numerator}' is below 0": x < 0,
        f"'{denominator}' is below 0": n < 0,
        f"'{numerator}' is infinite": np.isinf(x),
        f"'{denominator}' is infinite": np.isinf(n),
    }
    if kind == "proportion":
        faults[
            f"'{numerator}' is above '{denominator}'; if this is a count over an exposure, "
            'pass kind="rate"'
        ] = (x > n) & np.isfinite(x)
    labels = data.index.tolist()
    problems = []
    for text, wrong in faults.items():
        rows = np.flatnonzero(wrong)
        problems += [f"row {labels[row]}: {text}" for row in rows[:ROWS_NAMED]]
        if rows.size > ROWS_NAMED:
            problems.append(f"and {rows.size - ROWS_NAMED} more rows where {text}")
    if problems:
        raise DataErrors(problems)


def _levels(columns: list[pd.Series], rows: int) -> tuple[np.ndarray, list[tuple[Any, ...]]]:
    """The place of each row among the sorted labels, whatever order the rows came in."""
    if not columns:
        return np.zeros(rows, dtype=np.intp), [()]
    parts = [factorize(column) for column in columns]
    labels = [
        [NOT_RECORDED if gone else one for one, gone in zip(names, pd.isna(names), strict=True)]
        for _, names in parts
    ]
    shape = tuple(map(len, labels))
    if not rows:
        return np.zeros(0, dtype=np.intp), []
    joint = np.ravel_multi_index(tuple(place for place, _ in parts), shape)
    there = np.bincount(joint, minlength=int(np.prod(shape))) > 0
    seen = np.unravel_index(np.flatnonzero(there), shape)
    place = (np.cumsum(there) - 1)[joint]
    return place, [
        tuple(names[int(code)] for names, code in zip(labels, each, strict=True))
        for each in zip(*seen, strict=True)
    ]


def cells(
    names: Sequence[str], series: Sequence[tuple[Any, ...]], *axes: Sequence[Any]
) -> dict[str, Any]:
    """The label columns of a table with a row a cell: series first, then each axis in its order.

    >>> columns = cells(["site", "ethnicity"], [("A",), ("B",)], ["Asian", "Black"])
    >>> columns["site"].tolist(), columns["ethnicity"].tolist()
    (['A', 'A', 'B', 'B'], ['Asian', 'Black', 'Asian', 'Black'])
    """
    of_series, *places = np.indices((len(series), *map(len, axes))).reshape(1 + len(axes), -1)
    keys = [*zip(*series, strict=True)] or [()] * (len(names) - len(axes))
    at = [*[of_series] * len(keys), *places]
    return {
        name: pd.Series(list(labels)).array.take(place)
        for name, labels, place in zip(names, [*keys, *axes], at, strict=True)
    }


def as_column(labels: NDArray[np.object_], like: object) -> NDArray[Any]:
    """Labels of subgroups, with None among them, as a column: of dates where subgroups are dates.

    A table has the same type then, whether or not any of its labels is known.
    """
    if not isinstance(like, pd.Timestamp):
        return labels
    return pd.to_datetime(pd.Series(labels)).to_numpy("datetime64[ns]")


def whom(reference: object, strata: Sequence[Any]) -> str:
    """How a word names whom strata are held against: one of them, all others, the best; or not.

    A stratum's own name comes before all else it could mean, a number among them.

    >>> [whom(word, ["5", "Black"]) for word in ("5", "everyone else", "best at baseline", 0.05)]
    ['a stratum', 'everyone else', 'best at baseline', '']
    """
    if reference in strata:
        return A_STRATUM
    return str(reference) if reference in (EVERYONE_ELSE, BEST) else ""


def reference_of(
    reference: object,
    counts: Counts,
    known: int,
    direction: str,
    floor: float,
    multiply: float,
    kind: str,
    stratum: str,
) -> tuple[Any, float | Callable[[FloatArray], FloatArray]]:
    """The reference's label for every cell, and how to find its counts (or its number)."""
    shape, named_by = counts.numerator.shape, whom(reference, counts.strata)
    if named_by == A_STRATUM:
        index = np.full((shape[0], 1), counts.strata.index(reference))
        return reference, lambda values: named(values, index, STRATA)
    if named_by == EVERYONE_ELSE:
        return EVERYONE_ELSE, lambda values: everyone_else(values, STRATA)
    if named_by == BEST:
        best = best_at_baseline(
            *counts.over(slice(known)), STRATA, best_is_low=direction == "decrease", floor=floor
        )
        chosen = np.array([*counts.strata, None], dtype=object)[best][:, None]
        return chosen, lambda values: named(values, best, STRATA)
    if isinstance(reference, Real) and not isinstance(reference, bool):
        target = float(reference) / multiply
        if target > 0 and (kind == "rate" or target <= 1):
            return reference, target
        problem = f"reference={reference}: a target rate is above 0" + (
            "" if kind == "rate" else f" and at most {multiply:g}"
        )
    else:
        choices = [*map(str, counts.strata), EVERYONE_ELSE, BEST]
        problem = f"reference: no {stratum} called {reference!r}{did_you_mean(reference, choices)}"
    raise DataErrors([problem], source="the call of gaps()")
