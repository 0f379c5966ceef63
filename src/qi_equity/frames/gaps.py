"""A table of counts in, a table of gaps out; the sums are done in qi_equity.equity, not here."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qi_equity.arrays import FloatArray
from qi_equity.chance import q_values
from qi_equity.equity.gaps import (
    SIZE_FLOOR,
    Gap,
    Methods,
    disagree,
    gap,
    gap_from_target,
)
from qi_equity.errors import DataErrors, did_you_mean
from qi_equity.frames.counts import (
    EVERYONE_ELSE,
    Counts,
    cells,
    check_columns,
    counted,
    reference_of,
)
from qi_equity.frames.given import any_table

# Said where "best at baseline" found none: chosen among small strata the best is the luckiest.
NO_BEST = "No stratum was large enough in the baseline to be the reference: nothing is compared."
# Which way is better.
DIRECTIONS = ("decrease", "increase")


class Intervals(TypedDict, total=False):
    """The method of each interval, where it is not the usual one."""

    rate: str
    difference: str
    ratio: str


@any_table
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
    intervals: Intervals | None = None,
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

    `intervals={"ratio": "miettinen-nurminen"}` asks for another method than the usual one, of the
    rate, the difference or the ratio; docs/decisions/gap-intervals.md has them all.

    `p_value` is the score test of no gap; `q_value` takes every gap in the table as one family
    (Benjamini-Hochberg). Where nothing happened on either side there is no estimate, only nan.

    Returns a row a series and stratum: by..., stratum, numerator, denominator, rate, reference,
    difference, ratio, excess and events_to_close, each with _lower and _upper, p_value, q_value.
    With a baseline, rates and gaps then and now too, disagree and sentence.

    Raises DataErrors naming columns, counts, a reference or arguments that are not right.

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
    methods = _methods(kind, intervals or {})
    _check_choices(direction, confidence)
    groups = [by] if isinstance(by, str) else list(by or [])
    check_columns(
        data, numerator, denominator, [*groups, *([subgroup] if subgroup else []), stratum]
    )
    counts = counted(data, numerator, denominator, stratum, groups, subgroup, kind)
    known = counts.baseline_length(baseline, subgroup)
    label, against = reference_of(
        reference, counts, known, direction, size_floor, multiply, kind, stratum
    )

    def compare(x: FloatArray, n: FloatArray, how: Methods = methods) -> Gap:
        if isinstance(against, float):
            return gap_from_target(x, n, against, confidence, how)
        return gap(x, n, against(x), against(n), confidence, how)

    shown = counts if each_subgroup else counts.as_one()
    now = compare(shown.numerator, shown.denominator)
    since: dict[str, Any] = {"disagree": False, "sentence": ""}
    if subgroup is not None:
        # What has moved is read off the estimates: of then and the latest no interval is asked.
        alone = replace(methods, ratio_alone=True)
        then = compare(*counts.over(slice(known)), alone)
        # As long as the baseline, at the end; nothing where the baseline is all there is.
        last = slice(max(known, len(counts.subgroups) - known), None)
        latest = now if each_subgroup else compare(*counts.over(last), alone)
        since = _since_baseline(latest, then, known if each_subgroup else 0, multiply)
    columns = _columns(shown, now, label, direction, multiply) | since
    # Series, then subgroup, then stratum, each in sorted order.
    timed = {subgroup: shown.subgroups} if subgroup and each_subgroup else {}
    labels = cells([*groups, *timed, stratum], shown.series, *timed.values(), shown.strata)
    table = _table(labels, columns, shown)
    table.attrs["family"] = f"{np.isfinite(now.p_value).sum()} gaps in this table"
    table.attrs["reference"] = reference
    return table


# ------------------------------------------------------------------ the arguments


def _methods(kind: str, chosen: Intervals) -> Methods:
    known = Intervals.__annotations__
    slips = [
        f"intervals: no '{name}'{did_you_mean(name, known)}" for name in set(chosen) - {*known}
    ]
    if slips:
        raise DataErrors(sorted(slips), source="the call of gaps()")
    try:
        return Methods(kind, **chosen)
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


# ------------------------------------------------------------------ writing the table


def _columns(
    shown: Counts, now: Gap, reference: Any, direction: str, multiply: float
) -> dict[str, Any]:
    """Every column of counts and estimates, cells as the counts have them."""
    return {
        "numerator": shown.numerator,
        "denominator": shown.denominator,
        **_three("rate", now.rate.times(multiply)),
        "reference": reference,
        **_three("difference", now.difference.times(multiply)),
        **_three("ratio", now.ratio),
        "excess": now.excess.estimate,
        "p_value": now.p_value,
        "q_value": q_values(now.p_value),
        "excess_lower": now.excess.lower,
        "excess_upper": now.excess.upper,
        **_three("events_to_close", now.to_close(worse_is_high=direction == "decrease")),
    }


def _table(labels: dict[str, Any], columns: dict[str, Any], shown: Counts) -> pd.DataFrame:
    """A row a cell that some row of the data is about; it says where there is no reference."""
    # Made in one go: to put on one column after another costs more than the sums.
    table = pd.DataFrame(labels | {name: _flat(each, shown) for name, each in columns.items()})
    # What no row of the data is about is not a missing count, and has no row here either.
    spoken: NDArray[np.bool_] = _flat(shown.present, shown)
    if not spoken.all():
        table = table[spoken].reset_index(drop=True)
    unnamed = table["reference"].isna()
    if unnamed.any():
        table.loc[unnamed, "sentence"] = NO_BEST
    return table


def _flat(values: Any, counts: Counts) -> Any:
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
