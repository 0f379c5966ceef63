"""The tables of ``chart``: points and a summary, off what was drawn and found of every row.

The labels are put back on here; no statistic is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.chance import HIGHLIGHT, q_values
from qi_equity.series import Series
from qi_equity.spc.assurance import assured
from qi_equity.spc.chart import Chart, Subgroups
from qi_equity.spc.charts import ChartKind
from qi_equity.spc.judge import RunsVerdict
from qi_equity.spc.rules import RULES, mark
from qi_equity.vocabulary import Assurance, ChartCaution, Meaning, Variation

_MEANING, _VARIATION, _ASSURANCE = (
    pd.CategoricalDtype([word.value for word in words]) for words in (Meaning, Variation, Assurance)
)
# Columns of points and summary, which a column that tells series apart must not be called.
OUR_POINTS = {
    "subgroup", "phase", "numerator", "denominator", "value", "centre", "lower", "upper", "target",
    "baseline", "excluded", "side", "signal", "meaning", "note",
}  # fmt: skip
OUR_SUMMARY = {
    "subgroups", "missing", "useful", "longest_run", "longest_run_limit", "crossings",
    "crossings_limit", "runs_signal", "beyond_limits", "p_value", "q_value", "highlight",
    "variation", "assurance", "screened", "cautions",
}  # fmt: skip
# Fewer baseline subgroups than this give provisional limits (NHS England, Making Data Count).
PROVISIONAL = 12


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What is drawn, a row a phase of a series, and the part each slot plays in it."""

    series: Series
    owner: IntArray  # the series of each row
    phase: IntArray  # from 0
    member: BoolArray  # belongs to the row, and is shown
    logged: BoolArray
    baseline: BoolArray
    left_out: BoolArray

    @property
    def last(self) -> BoolArray:
        """Whether a row is the last phase of its series."""
        return np.append(self.owner[1:] != self.owner[:-1], True)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Everything that was found of the rows, before the labels are put back on."""

    rows: Rows
    kind: ChartKind
    subgroups: Subgroups
    chart: Chart
    verdict: RunsVerdict
    marks: dict[str, IntArray]
    side: IntArray
    meaning: IntArray
    target: FloatArray | None  # as it is shown, as the caller gave it
    direction: str | None
    multiply: float
    notes: Any  # words of every series and slot, or None


def points_of(drawn: Drawn) -> pd.DataFrame:
    """A row a point: keys and labels, what was logged, the lines, and what the rules found."""
    rows, series, multiply = drawn.rows, drawn.rows.series, drawn.multiply
    every = bool(rows.member.all())
    place = np.flatnonzero(rows.member)

    def taken(array: Any, scale: float = 1) -> Any:
        flat = np.broadcast_to(array, rows.member.shape).ravel()
        found = flat if every else flat[place]
        return found if scale == 1 else found * scale

    owner = taken(rows.owner[:, None]) if len(series.keys.columns) else place
    columns: dict[Any, Any] = {name: series.keys[name].array.take(owner) for name in series.keys}
    shared = series.labels.ndim == 1
    columns["subgroup"] = taken(series.labels if shared else series.labels[rows.owner])
    columns["phase"] = taken(rows.phase[:, None] + 1)
    for name in ("numerator", "denominator"):
        held = getattr(drawn.subgroups, name)
        columns[name] = np.full(len(place), np.nan) if held is None else taken(held)
    columns["value"] = taken(drawn.subgroups.value, multiply)
    for name in ("centre", "lower", "upper"):
        columns[name] = taken(getattr(drawn.chart.lines, name), multiply)
    if drawn.target is not None:
        columns["target"] = taken(drawn.target)
    if drawn.notes is not None:
        columns["note"] = taken(drawn.notes[rows.owner])
    columns["baseline"] = taken(drawn.subgroups.baseline)
    columns["excluded"] = taken(rows.left_out)
    columns |= {name: taken(found) for name, found in drawn.marks.items()}
    columns["side"] = taken(drawn.side)
    columns["signal"] = columns["side"] != 0
    columns["meaning"] = pd.Categorical.from_codes(taken(drawn.meaning), dtype=_MEANING)
    return pd.DataFrame(columns, copy=False)


def summary_of(drawn: Drawn) -> pd.DataFrame:
    """A row a series and phase."""
    rows, subgroups, screened = drawn.rows, drawn.subgroups, drawn.chart.lines.screened
    keys = rows.series.keys.take(rows.owner).reset_index(drop=True)
    columns: dict[Any, Any] = {name: keys[name] for name in keys}
    columns["phase"] = rows.phase + 1
    columns["subgroups"] = subgroups.tested.sum(axis=1)
    columns["missing"] = (rows.member & ~rows.logged).sum(axis=1)
    columns["baseline"] = (subgroups.baseline & np.isfinite(subgroups.value)).sum(axis=1)
    columns |= _signals(drawn) | _at_the_latest(drawn)
    columns["screened"] = 0 if screened is None else screened
    columns["cautions"] = _cautions(drawn, columns["baseline"], columns["missing"])
    # Made in one go: to put on one column after another costs more than the sums.
    return pd.DataFrame(columns, index=pd.RangeIndex(len(rows.owner)))


def _signals(drawn: Drawn) -> dict[str, Any]:
    """What the tests found in each row as a whole."""
    verdict, tests = drawn.verdict, drawn.kind.runs
    # No useful point: no run, so no number.
    counts = {
        name: pd.Series(np.where(verdict.useful > 0, number, np.nan)).astype("Int64")
        for name, number in (
            ("longest_run", verdict.runs.longest),
            ("longest_run_limit", verdict.longest_run_limit),
            ("crossings", verdict.runs.crossings),
            ("crossings_limit", verdict.crossings_limit),
        )
    }
    beyond = drawn.marks.get("beyond_limits")
    if beyond is None:  # counted even where the chosen rules do not mark it
        beyond = mark(drawn.chart, (RULES["beyond_limits"],))["beyond_limits"]
    p_value = verdict.p_value if tests else np.full(len(beyond), np.nan)
    q_value = q_values(p_value)
    return {
        "useful": verdict.useful,
        **counts,
        "runs_signal": verdict.signal & tests,
        "beyond_limits": np.count_nonzero(beyond, axis=1),
        "p_value": p_value,
        "q_value": q_value,
        "highlight": q_value <= HIGHLIGHT,
    }


def _at_the_latest(drawn: Drawn) -> dict[str, Any]:
    """What holds at the latest tested point that has a value: centre, variation and assurance."""
    rows, lines = drawn.rows, drawn.chart.lines
    seen = drawn.subgroups.tested & np.isfinite(drawn.subgroups.value)
    row = np.arange(len(seen))
    latest = np.where(seen, np.arange(seen.shape[1]), 0).max(axis=1)
    centre, lower, upper = (line[row, latest] for line in (lines.centre, lines.lower, lines.upper))
    # A row without a value has no latest point: its first slot stands in, and says nothing.
    said = np.where(seen[row, latest], drawn.meaning[row, latest], 0)
    target = np.full(len(row), np.nan)
    if drawn.target is not None:
        target = np.broadcast_to(drawn.target, seen.shape)[row, latest]
    # Only the phase that runs now can promise anything of a target.
    ends = lower * drawn.multiply, upper * drawn.multiply
    assurance = np.where(rows.last, assured(target, *ends, drawn.direction), 0)
    return {
        "centre": centre * drawn.multiply,
        # Variation lists the same words as Meaning, in the same order, but for "none".
        "variation": pd.Categorical.from_codes(said, dtype=_VARIATION),
        "assurance": pd.Categorical.from_codes(assurance, dtype=_ASSURANCE),
    }


def _cautions(drawn: Drawn, baseline: IntArray, missing: IntArray) -> list[tuple[str, ...]]:
    """What to be careful of, codes of ChartCaution, a row each."""
    kind, lines, verdict = drawn.kind, drawn.chart.lines, drawn.verdict
    values = np.isfinite(drawn.subgroups.value).any(axis=1)
    drawn_limits = np.isfinite(lines.upper).any(axis=1)
    # Counts always give limits, unless all of nothing was counted; others must vary to.
    no_limits = ChartCaution.NO_LIMITS_NO_EVENT if kind.exact else ChartCaution.NO_LIMITS_TOO_ALIKE
    few = baseline < PROVISIONAL
    said: dict[ChartCaution, Any] = {
        ChartCaution.NO_VALUE: ~values,
        no_limits: kind.limited & ~drawn_limits & values,
        ChartCaution.PROVISIONAL_LIMITS: kind.limited & drawn_limits & few,
        ChartCaution.RUNS_GUARDED: verdict.guarded & kind.runs & (verdict.useful > 0),
        ChartCaution.SIGMA_FROM_SPREAD: lines.from_spread,
        ChartCaution.MISSING_SUBGROUPS: missing > 0,
    }
    cautions: list[tuple[str, ...]] = [()] * len(baseline)
    for code, where in said.items():
        for row in np.flatnonzero(where) if where is not None else ():
            cautions[row] = (*cautions[row], code.value)
    return cautions
