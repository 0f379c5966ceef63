"""What the runs of a chart tell: longest run, crossings, and the p-value of both together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.spc.chart import Chart
from qi_equity.spc.rules import sides
from qi_equity.spc.runs import (
    Runs,
    crossings_limit,
    find_runs,
    longest_run_limit,
    one_sided,
    runs_p_value,
    runs_p_value_about,
)


@dataclass(frozen=True, slots=True, eq=False)
class RunsVerdict:
    """A runs test a row; ``guarded`` rows have counts but no verdict."""

    side: IntArray  # of each point; 0 on the line or not tested
    runs: Runs
    longest_run_limit: FloatArray
    crossings_limit: FloatArray
    signal: BoolArray
    guarded: BoolArray
    p_value: FloatArray

    @property
    def useful(self) -> IntArray:
        """Points that lie on either side of the centre line."""
        return self.runs.useful


def judge_runs(
    chart: Chart, baseline: BoolArray, known_median: BoolArray | None = None, guard: bool = True
) -> RunsVerdict:
    """Judge the runs of each row about its centre line.

    Where the lines come from a baseline alone, the p-value is of the points after it, and the
    uncertainty of the baseline is part of it. ``known_median``: rows whose centre was given.

    >>> from qi_equity.spc.chart import Lines
    >>> value = np.array([[5.0, 3, 4, 6, 5, 2, 1, 7, 9, 8, 8, 9, 9, 8, 9, 8.0]])
    >>> level = np.full(value.shape, 7.5)
    >>> there = np.isfinite(value)
    >>> verdict = judge_runs(Chart(value, there, Lines(level, level, level, {})), there)
    >>> [x.tolist() for x in (verdict.runs.longest, verdict.runs.crossings, verdict.signal)]
    [[8], [1], [True]]
    >>> verdict.p_value.round(4)
    array([0.0002])
    """
    seen = chart.tested & np.isfinite(chart.value)
    side = sides(chart.value, chart.lines.centre, seen)
    runs = find_runs(side)
    useful = runs.useful
    limit, fewest = longest_run_limit(useful), crossings_limit(useful)

    split = _split(seen, baseline)
    frozen = split.frozen
    own = find_runs(np.where(split.early, side, 0)[frozen])

    known = np.zeros(len(useful), dtype=bool) if known_median is None else known_median
    guarded = np.zeros(len(useful), dtype=bool)
    if guard:
        # Where the points had no part in the centre, all of them on one side is news: a centre
        # from a baseline is judged by that baseline, a given one by the bounds alone.
        guarded = (one_sided(runs) & ~known) | _on_a_bound(chart.value, seen) | (useful == 0)
        lopsided = one_sided(own) & ~known[frozen]
        guarded[frozen] = lopsided | _on_a_bound(chart.value[frozen], split.early[frozen])
    with np.errstate(invalid="ignore"):
        signal = ((runs.longest > limit) | (runs.crossings < fewest)) & ~guarded

    # What the points are held against: a median that was given, their own, or the baseline's.
    p = np.full(len(useful), np.nan)
    given = known & ~guarded
    some = runs.of(given)
    p[given] = runs_p_value_about(some.useful, some.crossings, some.longest)
    plain = ~known & ~frozen & ~guarded
    some = runs.of(plain)
    p[plain] = runs_p_value(some.above, some.below, some.crossings, some.longest)
    later = frozen & ~known & ~guarded
    kept = later[frozen]
    new, before = find_runs(np.where(split.late, side, 0)[frozen]).of(kept), own.of(kept)
    p[later] = runs_p_value_about(
        new.useful, new.crossings, new.longest, before.above, before.below
    )
    return RunsVerdict(side, runs, limit, fewest, signal, guarded, p)


@dataclass(frozen=True, slots=True, eq=False)
class _Split:
    """Rows whose baseline leaves later points out, and the points before and after its end."""

    frozen: BoolArray
    early: BoolArray
    late: BoolArray


def _split(seen: BoolArray, baseline: BoolArray) -> _Split:
    early = seen & baseline
    if (early == seen).all():
        return _Split(np.zeros(len(seen), dtype=bool), early, np.zeros_like(seen))
    slot = np.arange(seen.shape[1])
    last = np.where(early, slot, -1).max(axis=1, initial=-1)
    late = seen & (slot > last[:, None])
    return _Split(late.any(axis=1) & early.any(axis=1), early, late)


def _on_a_bound(value: FloatArray, seen: BoolArray) -> BoolArray:
    """Whether half the points or more share the smallest value, or the largest."""
    count = seen.sum(axis=1)
    low = np.where(seen, value, np.inf).min(axis=1, initial=np.inf)
    high = np.where(seen, value, -np.inf).max(axis=1, initial=-np.inf)
    at_low = (seen & (value == low[:, None])).sum(axis=1)
    at_high = (seen & (value == high[:, None])).sum(axis=1)
    return np.asarray(2 * np.maximum(at_low, at_high) >= np.maximum(count, 1))
