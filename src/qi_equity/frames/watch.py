"""Charts watched week by week: what is established in each, however often it was looked at.

The sums are done in qi_equity.spc.watch. Emerging, what one look shows, is frames.evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.frames.counts import as_column
from qi_equity.frames.evidence import rows_of
from qi_equity.sequential import Lines
from qi_equity.spc.watch import LEAST_EVENTS, LEAST_VALUES, watch
from qi_equity.vocabulary import NotWatched

# Chance in a year, shared by all charts of a network, that anything is established although
# nothing happens. Where weeks vary beyond chance (rho .02) up to 0.10 are measured.
ALARMS_A_YEAR = 0.08
DAYS_A_YEAR, DAYS_A_WEEK = 364.0, 7.0
# Without a declared baseline: half a year of weeks, a year of anything longer.
WEEKS_OF_BASELINE, OTHERS_OF_BASELINE = 26, 12
SIDES = np.array(["", "rising", "falling"], dtype=object)  # by -1 as the last


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """Watched charts as tables: a row a chart, and a row a point."""

    charts: pd.DataFrame
    points: pd.DataFrame


def watched(
    charts: pd.DataFrame,
    points: pd.DataFrame,
    by: list[str],
    *,
    data: ArrayLike = "proportion",
    baseline: ArrayLike | str = "baseline",
    charts_watched: ArrayLike | None = None,
    alarms: float = ALARMS_A_YEAR,
    row: IntArray | None = None,
) -> Watch:
    """What is established in every chart, from its baseline on.

    `charts` and `points` are the summary and the points of chart(), a row of charts for each `by`
    and phase. `data` says of each chart what it holds: proportion, rate or value. `baseline` is a
    column of the points, a number of subgroups, or 0 for half a year of weeks or a year of
    anything longer. It is drawn out until it holds five events. All charts together have a chance
    of `alarms` a year, shared by the number `charts_watched`: as many as were declared, or, if
    left out, as had begun when the chart's own baseline was over. What is established stays so:
    neither later subgroups nor other charts change it. `row` is the chart of each point, where
    that is known already (rows_of).

    >>> from qi_equity.frames.chart import chart
    >>> weeks = pd.DataFrame({"site": "A", "week": pd.date_range("2024-01-01", periods=60,
    ...     freq="W-MON"), "births": 20, "pph": [2] * 40 + [7] * 20})
    >>> drawn = chart(weeks, kind="p", subgroup="week", numerator="pph", denominator="births",
    ...               by="site")
    >>> found = watched(drawn.summary, drawn.points, ["site"], baseline=26).charts
    >>> found[["established", "direction", "change_estimate", "first_established"]]
       established direction change_estimate first_established
    0         True    rising      2024-10-07        2024-10-21
    """
    keys = [*by, "phase"]
    wide = _wide(len(charts), points, rows_of(charts, points, keys) if row is None else row)
    kinds = np.broadcast_to(np.asarray(data, dtype=object), len(charts))
    declared = baseline if isinstance(baseline, str) else np.broadcast_to(baseline, len(charts))
    year = _periods_a_year(wide.labels)
    early, late, why = _stretches(wide, kinds, declared, year)
    shares = alarms / _family(wide.labels, late, charts_watched)
    found = [np.full((3, *wide.known.shape), np.nan)]
    side, first, change = (np.full(shape, fill) for shape, fill in _blank(wide))
    for kind in pd.unique(kinds):
        here = np.flatnonzero((kinds == kind) & (why == NotWatched.WATCHED))
        if here.size:
            events, size = _counts(wide, kind, here, early[here])
            got: Lines = watch(
                str(kind), events, size, early[here], late[here] & (size > 0), shares[here],
                year[here],
            )  # fmt: skip
            found[0][:, here] = got.rising, got.falling, got.limit
            side[here], first[here], change[here] = got.side, got.first, got.change
    return Watch(
        _charts(charts[keys], wide, found[0], side, first, change, why, shares),
        _points(points, keys, wide, found[0]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Wide:
    """Points as a row a chart: what was counted, where it stands and what it is called."""

    numerator: FloatArray
    denominator: FloatArray
    value: FloatArray
    baseline: BoolArray
    known: BoolArray
    labels: NDArray[Any]
    row: IntArray  # of each point, its chart (-1: none) and its place in it
    place: IntArray


def _blank(wide: _Wide) -> list[tuple[Any, int]]:
    rows, periods = wide.known.shape
    return [((rows, periods), 0), (rows, -1), (rows, -1)]


def _wide(charts: int, points: pd.DataFrame, row: IntArray) -> _Wide:
    # The place of each point among those of its chart, in the order they come in.
    order = np.argsort(row, kind="stable")
    many = np.bincount(row + 1, minlength=charts + 1)
    place = np.empty(len(row), dtype=np.int64)
    place[order] = np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many)
    held = row >= 0
    shape = (charts, int(place[held].max(initial=-1)) + 1)

    def spread(name: str, fill: object, dtype: Any) -> NDArray[Any]:
        table = np.full(shape, fill, dtype=dtype)
        if name in points:
            table[row[held], place[held]] = points[name].astype(dtype).to_numpy()[held]
        return table

    value = spread("value", np.nan, float)
    # As objects dates are Timestamps, whatever the resolution they are kept in.
    code, subgroups = pd.factorize(points["subgroup"])
    names = np.array([*pd.Series(subgroups).astype(object), None], dtype=object)
    labels = np.full(shape, None, dtype=object)
    labels[row[held], place[held]] = names[code[held]]
    return _Wide(
        numerator=spread("numerator", np.nan, float),
        denominator=spread("denominator", np.nan, float),
        value=value,
        baseline=spread("baseline", False, bool),
        known=np.isfinite(value) & ~spread("excluded", False, bool),
        labels=labels,
        row=row,
        place=place,
    )


def _periods_a_year(labels: NDArray[Any]) -> FloatArray:
    """Subgroups in a year of every chart, by its first few; numbered ones count as weeks."""
    answer = np.full(len(labels), DAYS_A_YEAR / DAYS_A_WEEK)
    told: dict[tuple[Any, ...], float] = {}  # charts of one calendar begin alike
    for row, held in enumerate(map(tuple, labels[:, : OTHERS_OF_BASELINE + 1])):
        if len(held) > 1 and all(isinstance(one, pd.Timestamp) for one in held[:2]):
            if held not in told:
                days = np.array([one for one in held if one is not None], dtype="datetime64[D]")
                apart = float(np.median(np.diff(days).astype(float)))
                told[held] = DAYS_A_YEAR / max(apart, 1.0)
            answer[row] = told[held]
    return answer


def _stretches(
    wide: _Wide, kinds: NDArray[Any], declared: Any, year: FloatArray
) -> tuple[BoolArray, BoolArray, NDArray[Any]]:
    """The baseline of every chart and what is watched after it; or why nothing is."""
    number = np.cumsum(wide.known, axis=-1)
    if isinstance(declared, str):
        within = np.maximum.accumulate((wide.baseline & wide.known)[:, ::-1], axis=-1)[:, ::-1]
    else:
        usual = np.where(year > 50, WEEKS_OF_BASELINE, OTHERS_OF_BASELINE)
        within = number <= np.where(declared > 0, declared, usual)[:, None]
    events = np.where(wide.known, np.nan_to_num(wide.numerator), 0.0)
    others = np.where(wide.known, np.nan_to_num(wide.denominator), 0.0) - events
    is_share, is_value = (kinds == "proportion")[:, None], (kinds == "value")[:, None]
    fewest = np.where(is_share, np.minimum(events.cumsum(-1), others.cumsum(-1)), events.cumsum(-1))
    enough = np.where(is_value, number >= LEAST_VALUES, fewest >= LEAST_EVENTS)
    # The period that brings the fifth event belongs to the baseline still.
    enough = np.concatenate([np.zeros((len(enough), 1), bool), enough[:, :-1]], axis=-1)
    early = wide.known & (within | ~enough)
    late = wide.known & ~early
    over = (wide.known & ~within).any(axis=-1)
    why = np.where(over, NotWatched.TOO_FEW, NotWatched.IN_BASELINE).astype(object)
    why[late.any(axis=-1)] = NotWatched.WATCHED
    return early, late, why


def _family(labels: NDArray[Any], late: BoolArray, given: ArrayLike | None) -> FloatArray:
    """How many charts share the alarms of each."""
    if given is not None:
        return np.array(np.broadcast_to(given, len(labels)), dtype=np.float64)
    if not labels.size:
        return np.ones(len(labels))
    begun = labels[:, 0]
    starts = labels[np.arange(len(labels)), late.argmax(axis=-1)]
    ordered = pd.Series(begun).sort_values().to_numpy()
    begun_by = np.searchsorted(ordered, starts, side="right")
    return np.asarray(np.maximum(begun_by, 1), dtype=np.float64)


def _counts(
    wide: _Wide, kind: str, rows: IntArray, early: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Events and their size as the likelihood asks for them."""
    if kind != "value":
        size = wide.denominator[rows]
        # Counts without a denominator are of equal exposure.
        size = np.where(np.isnan(size) & np.isfinite(wide.numerator[rows]), 1.0, size)
        return np.nan_to_num(wide.numerator[rows]), np.nan_to_num(size)
    value = wide.value[rows]
    middle = np.nanmedian(np.where(early, value, np.nan), axis=-1, keepdims=True)
    return (value > middle).astype(float), (np.isfinite(value) & (value != middle)).astype(float)


def _charts(
    keys: pd.DataFrame,
    wide: _Wide,
    drawn: FloatArray,
    side: IntArray,
    first: IntArray,
    change: IntArray,
    why: NDArray[Any],
    shares: FloatArray,
) -> pd.DataFrame:
    rows = np.arange(len(keys))
    like = wide.labels[0, 0] if wide.labels.size else None
    labels = np.concatenate([wide.labels, np.full((len(keys), 1), None, dtype=object)], axis=-1)
    watched_ = why == NotWatched.WATCHED
    with np.errstate(invalid="ignore"):
        last = np.fmax.reduce(drawn, axis=-1, initial=np.nan)
    columns = {
        "established": first >= 0,
        "direction": SIDES[side[rows, first]] if side.size else "",
        "first_established": as_column(labels[rows, first], like),
        "change_estimate": as_column(labels[rows, change], like),
        "evidence": np.fmax(last[0], last[1]),
        "evidence_limit": last[2],
        "false_alarms_a_year": np.where(watched_, shares, 0.0),
        "not_watched": [str(one) for one in why],
    }
    return pd.DataFrame({name: keys[name].array for name in keys} | columns)


def _points(points: pd.DataFrame, keys: list[str], wide: _Wide, drawn: FloatArray) -> pd.DataFrame:
    held = wide.row >= 0
    named = [name for name in (*keys, "subgroup") if name in points]
    evidence: dict[str, FloatArray] = {}
    for name, values in zip(("evidence_up", "evidence_down", "evidence_limit"), drawn, strict=True):
        evidence[name] = column = np.full(len(points), np.nan)
        column[held] = values[wide.row[held], wide.place[held]]
    return pd.DataFrame({name: points[name].array for name in named} | evidence)
