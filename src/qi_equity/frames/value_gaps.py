"""A table of measurements in, gaps between strata out: a row a gap with its verdict, and points.

The columns are those of a gap of counts, so that all who read gaps read these; a mean stands where
a rate does, and there are no counts. The sums are done in qi_equity.equity.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.chance import q_values
from qi_equity.equity.echoes import echoes_among, echoes_of_one
from qi_equity.equity.gap_chart import ALARMS_A_YEAR
from qi_equity.equity.permutation import dispersion
from qi_equity.equity.value_verdict import MeanGroups, value_verdicts
from qi_equity.equity.values import (
    Means,
    Values,
    everyone_else,
    intervals,
    level,
    means,
    p_values,
    ratio_scores,
)
from qi_equity.equity.verdict import CHANGED, LEVEL, MOVED, PRACTICAL_RATIO, Verdicts
from qi_equity.frames.counts import A_STRATUM, BEST, EVERYONE_ELSE, as_column, whom
from qi_equity.frames.gap_chart import (
    SIDES,
    WEEK,
    WEEKS,
    WINDOW,
    Direction,
    GapCharts,
    as_codes,
    hints,
    moved_columns,
    settled,
    subgroup_days,
    three,
    usual_baseline,
)
from qi_equity.sequential import Lines
from qi_equity.spc.watch import LEAST_VALUES, watch
from qi_equity.vocabulary import Verdict

# Fewer readings than this in the baseline, and a stratum is not taken for its best: it may be the
# luckiest (as many as a baseline of a control chart has points; NHS England, Making Data Count).
LEAST_OF_BEST = 12
NUMBERS = ("value", "readings", "spread")


@dataclass(frozen=True, slots=True, eq=False)
class _Site:
    """One site's measurements: a row a stratum, time last, each beside whom it is held against."""

    keys: dict[str, Any]
    strata: list[str]
    subgroups: list[pd.Timestamp]
    all_: Means
    values: Values
    labels: NDArray[np.object_]  # of the reference of each stratum
    baseline: int

    @property
    def kept(self) -> IntArray:
        """Strata that were ever measured beside their reference."""
        return np.flatnonzero(self.values.compared.any(axis=-1))


def value_gaps(
    data: pd.DataFrame,
    *,
    reference: str,
    baseline: int | pd.Timestamp | None = None,
    declared: bool = False,
    direction: Direction | None = None,
    practical_ratio: float = PRACTICAL_RATIO,
    judge: bool = True,
) -> GapCharts:
    """The gap of every stratum's mean to its reference's, by measure and site.

    `data` has the columns of observations; where `readings` and `spread` are known, what is said
    rests on the readings. `baseline` is a number of subgroups or the last of them; where it was
    `declared`, the gap in it and the gap in as many subgroups at the end stand beside the whole.
    Each site is worked out by itself. `judge=False` leaves out verdicts, evidence and points.

    >>> months = pd.date_range("2024-01-01", periods=24, freq="MS")
    >>> log = pd.DataFrame({
    ...     "measure": "m", "site": "A", "subgroup": months.repeat(2),
    ...     "stratum": ["Black", "White"] * 24, "value": [60.0, 40, 66, 46] * 12})
    >>> found = value_gaps(log, reference="White").summary
    >>> found[["stratum", "rate", "difference", "ratio", "verdict"]].round(2)
      stratum  rate  difference  ratio verdict
    0   Black  63.0        20.0   1.47  steady
    """
    summaries, points = [], []
    for (measure, site), rows in data.groupby(["measure", "site"], sort=True):
        here = _site({"measure": measure, "site": site}, rows, reference, baseline, direction)
        if here is None or not here.kept.size:
            continue
        table = _crude(here, declared)
        if judge:
            found = value_verdicts(here.values[here.kept], practical_ratio=practical_ratio)
            watched = _watched(here)
            table = table.assign(**_judged(here, found, watched, direction))
            table = settled(table)
            points.append(_points(here, watched))
        summaries.append(table)
    summary = pd.concat(summaries, ignore_index=True) if summaries else pd.DataFrame()
    if len(summary):
        summary["q_value"] = q_values(summary["p_value"].to_numpy(float))
    return GapCharts(pd.concat(points, ignore_index=True) if points else pd.DataFrame(), summary)


def _site(
    keys: dict[str, Any],
    rows: pd.DataFrame,
    reference: str,
    baseline: int | pd.Timestamp | None,
    direction: Direction | None,
) -> _Site | None:
    strata = sorted(rows["stratum"].unique())
    subgroups = sorted(rows["subgroup"].unique())
    at = pd.Index(strata).get_indexer(pd.Index(rows["stratum"]))
    when = pd.Index(subgroups).get_indexer(pd.Index(rows["subgroup"]))

    def wide(name: str) -> FloatArray:
        table = np.full((len(strata), len(subgroups)), np.nan)
        if name in rows:
            table[at, when] = rows[name].to_numpy(float)
        return table

    all_ = means(*(wide(name) for name in NUMBERS))
    if isinstance(baseline, pd.Timestamp):
        length = sum(bool(day <= baseline) for day in subgroups)
    else:
        length = usual_baseline(subgroups) if baseline is None else baseline
    length = max(1, min(length, len(subgroups)))
    held = _reference(all_, strata, reference, length, direction)
    if held is None:
        return None
    labels, against = held
    days = [pd.Timestamp(day) for day in subgroups]
    return _Site(keys, strata, days, all_, Values(all_, against), labels, length)


def _reference(
    all_: Means, strata: list[str], reference: str, baseline: int, direction: Direction | None
) -> tuple[NDArray[np.object_], Means] | None:
    """Whom each stratum is held against, by name and by its measurements; None where nobody."""
    named_by = whom(reference, strata)
    if named_by == EVERYONE_ELSE:
        labels = np.full(len(strata), EVERYONE_ELSE, dtype=object)
        return labels, everyone_else(all_)
    if named_by == BEST:
        first = np.arange(all_.mean.shape[-1]) < baseline
        n = np.where(first & np.isfinite(all_.mean), all_.size, 0.0).sum(axis=-1)
        total = np.where(first, np.nan_to_num(all_.size * all_.mean), 0.0).sum(axis=-1)
        enough = n >= LEAST_OF_BEST
        if not enough.any():
            return None
        mean = np.divide(total, n, out=np.full_like(n, np.nan), where=enough)
        reference = strata[
            int(np.nanargmax(mean) if direction == "increase" else np.nanargmin(mean))
        ]
    elif named_by != A_STRATUM:
        return None
    one = all_[np.full(len(strata), strata.index(reference))]
    own = np.arange(len(strata))[:, None] == strata.index(reference)
    labels = np.full(len(strata), reference, dtype=object)
    return labels, replace(one, mean=np.where(own, np.nan, one.mean))


def _crude(here: _Site, declared: bool) -> pd.DataFrame:
    """The gap over the whole time; and in the baseline and as long at the end, if declared."""
    data, length = here.values[here.kept], len(here.subgroups)
    every = np.ones_like(data.compared)
    table = pd.DataFrame(
        {**here.keys, "stratum": [here.strata[place] for place in here.kept]}
        | {"reference": here.labels[here.kept]}
    )
    nothing, told = np.full(len(table), np.nan), level(data, every)
    phi = dispersion(ratio_scores(data, told), unsure=True)
    columns = _level_columns(data, every, phi)
    table = table.assign(numerator=nothing, denominator=nothing, **columns)
    known = data.by_readings
    for name, side in (("readings", data.own), ("reference_readings", data.reference)):
        total = np.where(data.compared, side.size, 0.0).sum(axis=-1)
        table[name] = np.where(known, total, np.nan)
    table = table.assign(
        of_means=True, reference_rate=told.reference_mean, p_value=p_values(data, told, phi)
    )
    for suffix, window in _windows(here.baseline, length, declared):
        columns = _level_columns(data, every & window, phi)
        table = table.assign(**{f"{name}_{suffix}": part for name, part in columns.items()})
    return table


def _windows(baseline: int, length: int, declared: bool) -> list[tuple[str, BoolArray]]:
    if not declared or not 0 < baseline < length:
        return []
    at = np.arange(length)
    return [("then", at < baseline), ("now", at >= max(baseline, length - baseline))]


def _level_columns(data: Values, window: BoolArray, phi: FloatArray) -> dict[str, FloatArray]:
    told = level(data, window)
    difference, ratio = intervals(data, told, phi)
    return {"rate": told.mean, **three("difference", difference), **three("ratio", ratio)}


def _judged(
    here: _Site, found: Verdicts, watched: Lines, direction: Direction | None
) -> dict[str, Any]:
    step, days = subgroup_days(list(here.subgroups)), here.subgroups
    labels = np.array([*days, None], dtype=object)
    data = here.values[here.kept]
    side = np.take_along_axis(watched.side, np.maximum(watched.first, 0)[:, None], axis=-1)[:, 0]
    return {
        "subgroups": data.compared.sum(axis=-1),
        "baseline": here.baseline,
        "verdict": found.verdict,
        **three("ratio", found.ratio),
        **three("difference", found.difference),
        **three("early_ratio", found.early_ratio),
        **three("late_ratio", found.late_ratio),
        "early_difference": found.early_difference,
        "late_difference": found.late_difference,
        "p_trend": found.p_trend,
        "p_scan": found.p_scan,
        "p_difference": found.p_difference,
        "split": as_column(labels[np.where(found.p_scan <= LEVEL, found.split, -1)], days[0]),
        "smallest_change": found.smallest_factor,
        "weeks_to_go": np.ceil(found.periods_to_go * step / WEEK),
        "dispersion": found.dispersion,
        "seed": found.seed,
        "signal": [SIDES[int(one)] for one in side],
        "established": watched.first >= 0,
        "first_established": as_column(labels[watched.first], days[0]),
        "change_estimate": as_column(labels[watched.change], days[0]),
        "false_alarms_a_year": np.where(
            np.isfinite(watched.limit).any(axis=-1), ALARMS_A_YEAR, 0.0
        ),
        **moved_columns(found, direction),
        "cautions": _cautions(data, found),
        "echo_of": _echo_of(here, found),
    }


def _cautions(data: Values, found: Verdicts) -> list[tuple[str, ...]]:
    """What to be careful of, as codes."""
    codes = {
        "few_readings": found.verdict == Verdict.TOO_FEW,
        "means_alike": ~data.by_readings,
        "not_above_zero": (data.compared & ~data.positive).any(axis=-1),
        "blocks": found.in_blocks,
    }
    return as_codes(codes | hints(found))


def _echo_of(here: _Site, found: Verdicts) -> NDArray[np.object_]:
    """The stratum whose change a gap shows again, where the change is not the gap's own."""
    changed = np.zeros(len(here.strata), dtype=bool)
    rising = np.zeros(len(here.strata), dtype=np.int64)
    changed[here.kept] = np.isin(found.verdict, CHANGED)
    moved = found.late_ratio.estimate - found.early_ratio.estimate
    rising[here.kept] = np.nan_to_num(np.sign(moved))
    groups, label = MeanGroups(here.all_), here.labels[0]
    if label == EVERYONE_ELSE:
        movers = echoes_among(groups, changed, rising)
    else:
        movers = echoes_of_one(groups, here.strata.index(label), changed)
    # Two groups that moved alike leave the third as the one without which nothing changes: it is
    # the mover only where its own mean moved.
    apart, variance = groups.moved()
    still = np.abs(apart) <= MOVED * np.sqrt(variance)
    movers = np.where((movers >= 0) & still[movers], -1, movers)
    names = np.array([*here.strata, ""], dtype=object)
    return np.asarray(names[movers[here.kept]])


def _watched(here: _Site) -> Lines:
    """The ratio of every gap, subgroup by subgroup, above the baseline's middle or below it."""
    data = here.values[here.kept]
    use = data.positive
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = np.where(use, np.log(data.own.mean / data.reference.mean), np.nan)
    number = np.cumsum(use, axis=-1)
    first = np.arange(gap.shape[-1]) < here.baseline
    early = use & (first | (number <= LEAST_VALUES))
    held = np.where(early, gap, np.nan)
    middle = np.array(
        [[np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else np.nan] for row in held]
    )
    known = use & np.isfinite(middle) & (gap != middle)
    year = WEEKS * WEEK / subgroup_days(list(here.subgroups))
    rows = len(gap)
    return watch(
        "value", (known & (gap > middle)).astype(float), known.astype(float), early, use & ~early,
        np.full(rows, ALARMS_A_YEAR), np.full(rows, year),
    )  # fmt: skip


def _points(here: _Site, watched: Lines) -> pd.DataFrame:
    """A row a subgroup of every gap: over the last subgroups, and the evidence of a change."""
    data, length = here.values[here.kept], len(here.subgroups)
    rows, window = len(here.kept), min(WINDOW, length)
    shown = {
        f"{name}{end}": np.full((rows, length), np.nan)
        for name in ("ratio", "difference")
        for end in ("", "_lower", "_upper")
    }
    at = np.arange(length)
    whole = level(data, data.compared)
    phi = dispersion(ratio_scores(data, whole), unsure=True)
    for place in range(window - 1, length):
        over = np.broadcast_to((at > place - window) & (at <= place), data.compared.shape)
        columns = _level_columns(data, over, phi)
        for name, column in shown.items():
            column[:, place] = columns[name]
    table = pd.DataFrame(here.keys, index=range(rows * length))
    table["stratum"] = np.repeat(np.array(here.strata, dtype=object)[here.kept], length)
    table["subgroup"] = list(here.subgroups) * rows
    evidence: dict[str, NDArray[Any]] = {
        "evidence_up": watched.rising,
        "evidence_down": watched.falling,
    }
    evidence |= {"evidence_limit": watched.limit, "signal": watched.side}
    for name, values in {**shown, **evidence}.items():
        table[name] = values.ravel()
    return table
