"""A table of counts in, a table of gaps out; the sums are done in qi_equity.equity, not here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qi_equity.equity.gaps import (
    SIZE_FLOOR,
    Gap,
    Methods,
    best_at_baseline,
    disagree,
    everyone_else,
    gap,
    gap_from_target,
    named,
    q_values,
)
from qi_equity.equity.scores import FloatArray
from qi_equity.errors import DataErrors, did_you_mean

EVERYONE_ELSE = "everyone else"
BEST = "best at baseline"
# What a row is called where nobody wrote down the stratum: shown as its own, never left out.
NOT_RECORDED = "not recorded"

# Where no baseline is named it is the first half of the subgroups, at most a year of weeks.
LONGEST_BASELINE = 52
# Said where "best at baseline" found none: chosen among small strata the best is the luckiest.
NO_BEST = "No stratum was large enough in the baseline to be the reference: nothing is compared."
# Which way is better.
DIRECTIONS = ("decrease", "increase")
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
class _Counts:
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

    def as_one(self) -> "_Counts":
        """The same counts with all subgroups added up."""
        present = np.asarray(self.present.any(axis=-1, keepdims=True))
        return _Counts(*self.over(slice(None)), present, self.series, self.strata, [None])


def gaps(
    data: pd.DataFrame,
    *,
    numerator: str,
    denominator: str,
    stratum: str = "ethnicity",
    reference: object = EVERYONE_ELSE,
    by: str | Sequence[str] | None = None,
    subgroup: str | None = None,
    baseline: object = None,
    each_subgroup: bool = False,
    direction: Literal["increase", "decrease"] = "decrease",
    confidence: float = 0.95,
    kind: Literal["proportion", "rate"] = "proportion",
    rate_interval: str | None = None,
    difference_interval: str | None = None,
    ratio_interval: str | None = None,
    size_floor: float = SIZE_FLOOR,
    multiply: float = 1,
) -> pd.DataFrame:
    """Each stratum's rate beside its reference: difference, ratio and excess, with intervals.

    The reference is a stratum's name, "everyone else" (each stratum against all the others),
    "best at baseline" (chosen once, on the baseline, among strata large enough) or a target rate
    on the scale of `multiply`. All rows of one stratum are added up, within `by`.

    With `subgroup` there is a baseline: the first half of the subgroups, at most 52, unless
    `baseline` is a number of subgroups or the last of them. Then `disagree` marks the strata whose
    difference and ratio have moved opposite ways from the baseline to as many subgroups at the
    end, and `sentence` says so. `each_subgroup` gives a row to each subgroup, held against the
    baseline.

    `p_value` is the score test of no gap; `q_value` takes every gap in the table as one family
    (Benjamini-Hochberg). Where nothing happened on either side there is no estimate, only nan.

    >>> births = pd.DataFrame({
    ...     "ethnicity": ["Asian", "Black", "White"],
    ...     "pph": [4, 9, 10],
    ...     "births": [80, 90, 200],
    ... })
    >>> found = gaps(births, numerator="pph", denominator="births", stratum="ethnicity",
    ...              reference="White", multiply=100)
    >>> found[["ethnicity", "difference", "ratio", "events_to_close"]].round(2)
      ethnicity  difference  ratio  events_to_close
    0     Asian         0.0    1.0              0.0
    1     Black         5.0    2.0              4.5
    2     White         NaN    NaN              NaN
    """
    methods = _methods(kind, rate_interval, difference_interval, ratio_interval)
    _check_choices(direction, confidence)
    groups = [by] if isinstance(by, str) else list(by or [])
    _check_columns(
        data, numerator, denominator, [*groups, *([subgroup] if subgroup else []), stratum]
    )
    counts = _counted(data, numerator, denominator, stratum, groups, subgroup, kind)
    known = _baseline_length(baseline, counts.subgroups, subgroup)
    label, against = _reference(
        reference, counts, known, direction, size_floor, multiply, kind, stratum
    )

    def compare(x: FloatArray, n: FloatArray) -> Gap:
        if isinstance(against, float):
            return gap_from_target(x, n, against, confidence, methods)
        return gap(x, n, against(x), against(n), confidence, methods)

    then = compare(*counts.over(slice(known)))
    shown = counts if each_subgroup else counts.as_one()
    now = compare(shown.numerator, shown.denominator)
    if each_subgroup:
        latest, length = now, known
    else:
        # As long as the baseline, at the end; nothing where the baseline is all there is.
        latest = compare(*counts.over(slice(max(known, len(counts.subgroups) - known), None)))
        length = 0
    close = now.to_close(worse_is_high=direction == "decrease")
    columns = {
        "numerator": shown.numerator,
        "denominator": shown.denominator,
        **_three("rate", now.rate.times(multiply)),
        "reference": label,
        **_three("difference", now.difference.times(multiply)),
        **_three("ratio", now.ratio),
        "excess": now.excess.estimate,
        "p_value": now.p_value,
        "q_value": q_values(now.p_value),
        "excess_lower": now.excess.lower,
        "excess_upper": now.excess.upper,
        **_three("events_to_close", close),
        **_since_baseline(latest, then, length, multiply),
    }
    timed = [subgroup] if subgroup and each_subgroup else []
    table = _labels(shown, [*groups, *timed, stratum])
    for name, values in columns.items():
        table[name] = _flat(values, shown)
    # What no row of the data is about is not a missing count, and has no row here either.
    spoken: NDArray[np.bool_] = _flat(shown.present, shown)
    table = table[spoken].reset_index(drop=True)
    table.loc[table["reference"].isna(), "sentence"] = NO_BEST
    table.attrs["family"] = f"{np.isfinite(now.p_value).sum()} gaps in this table"
    table.attrs["reference"] = reference
    return table


# ------------------------------------------------------------------ reading the table


def _check_columns(
    data: pd.DataFrame, numerator: str, denominator: str, labels: Sequence[str]
) -> None:
    wanted = [numerator, denominator, *labels]
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
        for name in (numerator, denominator)
        if name in data.columns and not pd.api.types.is_numeric_dtype(data[name].infer_objects())
    ]
    if not problems and not len(data):
        problems = ["there are no rows"]
    if problems:
        raise DataErrors(problems)


def _counted(
    data: pd.DataFrame,
    numerator: str,
    denominator: str,
    stratum: str,
    groups: list[str],
    subgroup: str | None,
    kind: str,
) -> _Counts:
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

    return _Counts(
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
    parts = [pd.factorize(column, sort=True, use_na_sentinel=False) for column in columns]
    labels = [[NOT_RECORDED if pd.isna(one) else one for one in list(names)] for _, names in parts]
    joint = np.stack([codes for codes, _ in parts])
    seen, place = np.unique(joint, axis=1, return_inverse=True)
    return place.reshape(-1), [
        tuple(names[int(code)] for names, code in zip(labels, codes, strict=True))
        for codes in seen.T
    ]


# ------------------------------------------------------------------ the arguments


def _methods(kind: str, rate: str | None, difference: str | None, ratio: str | None) -> Methods:
    try:
        return Methods(kind, rate, difference, ratio)
    except ValueError as problem:
        raise DataErrors([str(problem)], source="the call of gaps()") from None


def _check_choices(direction: str, confidence: float) -> None:
    problems = []
    if direction not in DIRECTIONS:
        problems.append(f"direction: no '{direction}'{did_you_mean(direction, DIRECTIONS)}")
    if not 0 < confidence < 1:
        problems.append(f"confidence={confidence}: a share between 0 and 1, such as 0.95")
    if problems:
        raise DataErrors(problems, source="the call of gaps()")


def _baseline_length(baseline: object, subgroups: list[Any], subgroup: str | None) -> int:
    """How many of the first subgroups are the baseline."""
    if subgroup is None:
        return 1
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


def _reference(
    reference: object,
    counts: _Counts,
    known: int,
    direction: str,
    floor: float,
    multiply: float,
    kind: str,
    stratum: str,
) -> tuple[Any, float | Callable[[FloatArray], FloatArray]]:
    """The reference's label for every cell, and how to find its counts (or its number)."""
    shape = counts.numerator.shape
    if reference in counts.strata:
        index = np.full((shape[0], 1), counts.strata.index(reference))
        return reference, lambda values: named(values, index, STRATA)
    if reference == EVERYONE_ELSE:
        return EVERYONE_ELSE, lambda values: everyone_else(values, STRATA)
    if reference == BEST:
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


# ------------------------------------------------------------------ writing the table


def _labels(counts: _Counts, names: list[str]) -> pd.DataFrame:
    """The label columns: series, then subgroup, then stratum, each in sorted order."""
    timed = len(names) > len(counts.series[0]) + 1
    rows = [
        (*series, *([time] if timed else []), place)
        for series in counts.series
        for time in counts.subgroups
        for place in counts.strata
    ]
    return pd.DataFrame(rows, columns=names)


def _flat(values: Any, counts: _Counts) -> Any:
    """Cells in the order of the labels; one value for all is left as it is."""
    if not isinstance(values, np.ndarray):
        return values
    return np.broadcast_to(values, counts.numerator.shape).swapaxes(1, 2).ravel()


def _three(name: str, interval: Any) -> dict[str, FloatArray]:
    return {
        name: interval.estimate,
        f"{name}_lower": interval.lower,
        f"{name}_upper": interval.upper,
    }


def _since_baseline(now: Gap, then: Gap, known: int, multiply: float) -> dict[str, np.ndarray]:
    """Whether difference and ratio moved opposite ways, and the sentence, after `known` columns."""
    before = (then.difference.estimate, then.ratio.estimate)
    opposite = disagree(now.difference.estimate, now.ratio.estimate, *before)
    opposite[..., :known] = False
    sentences = np.full(opposite.shape, "", dtype=object)
    for cell in zip(*np.nonzero(opposite), strict=True):
        start = (*cell[:2], 0)
        sentences[cell] = opposite_ways(
            float(before[0][start] * multiply),
            float(now.difference.estimate[cell] * multiply),
            float(before[1][start]),
            float(now.ratio.estimate[cell]),
        )
    return {"disagree": opposite, "sentence": sentences}


def opposite_ways(
    difference_then: float, difference_now: float, ratio_then: float, ratio_now: float
) -> str:
    """The sentence for a gap that narrowed on one scale and widened on the other.

    >>> print(opposite_ways(8.42, 6.99, 2.46, 2.62))
    The difference narrowed (8.42 to 6.99) while the ratio widened (2.46 to 2.62): the rates
    moved, and whether the gap is closing depends on the scale, so give both.
    """
    narrowed = abs(difference_now) < abs(difference_then)
    words = ("narrowed", "widened") if narrowed else ("widened", "narrowed")
    return (
        f"The difference {words[0]} ({difference_then:.3g} to {difference_now:.3g}) "
        f"while the ratio {words[1]} ({ratio_then:.3g} to {ratio_now:.3g}): the rates moved, "
        "and whether the gap is closing depends on the scale, so give both."
    )
