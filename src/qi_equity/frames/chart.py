"""The public ``chart``: a table in, points and a summary out, any number of series at once.

It reads arguments, calls series and spc, and puts the labels back on; no statistic is made here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.chance import q_values
from qi_equity.errors import DataErrors, did_you_mean
from qi_equity.frames import select
from qi_equity.series import AGGREGATES, Series, arrange
from qi_equity.spc.assurance import (
    ASSURANCE,
    DIRECTIONS,
    MEANINGS,
    VARIATION,
    assured,
    meaning_of,
)
from qi_equity.spc.chart import Chart, Subgroups
from qi_equity.spc.charts import CHARTS, PER_RANGE, ChartKind, How, draw, moving_ranges
from qi_equity.spc.judge import RunsVerdict, judge_runs
from qi_equity.spc.rules import (
    RULES,
    Chosen,
    Rule,
    first_mark,
    mark,
    ranges_per_limit,
    rules_of,
    zones_needed,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

# What a page highlights: one in ten of it false at most (Benjamini & Hochberg 1995).
HIGHLIGHT = 0.10
_MEANING, _VARIATION, _ASSURANCE = (
    pd.CategoricalDtype(list(words)) for words in (MEANINGS, VARIATION, ASSURANCE)
)
# Columns of points and summary, which a column that tells series apart must not be called.
OUR_POINTS = {
    "subgroup", "phase", "numerator", "denominator", "value", "centre", "lower", "upper", "target",
    "baseline", "excluded", "side", "signal", "meaning",
}  # fmt: skip
OUR_SUMMARY = {
    "subgroups", "missing", "useful", "longest_run", "longest_run_limit", "crossings",
    "crossings_limit", "runs_signal", "beyond_limits", "p_value", "q_value", "highlight",
    "variation", "assurance", "screened", "caution",
}  # fmt: skip
# Fewer baseline subgroups than this give provisional limits (NHS England, Making Data Count).
PROVISIONAL = 12


@dataclass(frozen=True, slots=True, eq=False)
class Charts:
    """Charts of every series: a row a point, and a row a series and phase."""

    points: pd.DataFrame
    summary: pd.DataFrame
    by: tuple[str, ...]

    def figure(self, **options: Any) -> go.Figure:
        """Every series as a panel of one plotly figure."""
        import plotly.graph_objects as go

        from qi_equity.view.figure import chart_figure

        return go.Figure(chart_figure(self.points, self.summary, list(self.by), **options))


def chart(
    data: pd.DataFrame,
    *,
    kind: str,
    subgroup: str,
    numerator: str | None = None,
    denominator: str | None = None,
    value: str | None = None,
    by: str | Sequence[str] | None = None,
    period: str | None = None,
    aggregate: str | None = None,
    limits: str = "exact",
    rules: Chosen = "anhoej",
    direction: str | None = None,
    target: Any = None,
    multiply: float = 1,
    centre: Any = None,
    freeze: Any = None,
    phases: Any = None,
    exclude: Any = None,
    screen_moving_ranges: bool = True,
    guard_runs: bool = True,
    bounds: tuple[float | None, float | None] = (None, None),
) -> Charts:
    """Run and control charts of every series of a table.

    ``centre``, ``target`` and ``bounds`` are in the units of the data, before ``multiply``.
    ``target``, ``centre``, ``freeze``, ``phases`` and ``exclude`` may be a mapping from series
    (its ``by`` value, or a tuple of them) to what holds for it; ``target``, ``phases`` and
    ``exclude`` may name a column. Exact limits are those of p, u and c; the other kinds have one
    sort only, and draw it. ``rules={"making_data_count": 6}`` is a set with shifts and trends of
    six; ``rules={"shift": 7}`` a rule alone.

    >>> weeks = pd.DataFrame({"week": range(1, 13), "births": 40,
    ...                       "pph": [2, 1, 3, 2, 1, 2, 3, 1, 2, 2, 1, 12]})
    >>> charts = chart(weeks, kind="p", subgroup="week", numerator="pph", denominator="births",
    ...                direction="decrease")
    >>> charts.points[["value", "upper", "signal", "meaning"]].tail(2)
        value  upper  signal  meaning
    10  0.025    0.2   False     none
    11  0.300    0.2    True  concern
    """
    shape = _kind(kind)
    roles, divided = _roles(shape, numerator, denominator, value)
    chosen = rules_of(rules)
    names = [by] if isinstance(by, str) else list(by or [])
    _check(shape, limits, direction, aggregate, names, chosen)
    extra = [c for c in (target, phases, exclude) if isinstance(c, str) and c in data.columns]
    series = arrange(
        data, kind=shape, subgroup=subgroup, roles=roles, by=names, period=period,
        aggregate=aggregate, extra=extra,
    )  # fmt: skip

    phase = select.phases(series, phases)
    excluded = select.excluded(series, exclude)
    row_series, row_phase = select.rows(series, phase)
    member = (phase[row_series] == row_phase[:, None]) & series.shown[row_series]
    logged = member & series.logged[row_series]
    left_out = excluded[row_series]
    baseline = logged & ~left_out & select.baseline(series, freeze, row_series, logged)
    subgroups = _subgroups(shape, series, row_series, divided, logged, baseline, ~left_out)
    level = select.numbers(series, centre, row_series, row_phase, "centre")
    if level is not None and shape.needs == "counts":
        highest = 1.0 if shape.at_most_denominator else np.inf
        if (level < 0).any() or (level > highest).any():
            within = "a proportion from 0 to 1" if shape.at_most_denominator else "0 or more"
            raise DataErrors([f"centre {centre}: give {within}, before multiply="])
    how = How(
        limits=limits if shape.exact else "normal",
        zones=zones_needed(chosen),
        screen=screen_moving_ranges,
        per_range=ranges_per_limit(rules, PER_RANGE),
        centre=level,
        lowest=-np.inf if bounds[0] is None else bounds[0],
        highest=np.inf if bounds[1] is None else bounds[1],
    )
    drawn = draw(shape, subgroups, how)
    # A centre given for a run chart is a median; for the others it says nothing of halves.
    known = np.isfinite(level[:, 0]) if level is not None and shape.name == "run" else None
    verdict = judge_runs(drawn, baseline, known, guard_runs)
    marks = mark(drawn, chosen, (verdict.side, verdict.runs))
    if "long_run" in marks:
        marks["long_run"][verdict.guarded] = 0
    side, sided = first_mark(marks, chosen, drawn.value.shape)
    meaning = meaning_of(side, sided, direction)
    aims = select.numbers(series, target, row_series, row_phase, "target")

    points = _points(
        series, names, row_series, row_phase, member, subgroups, drawn, left_out, marks, side,
        meaning, aims, multiply,
    )  # fmt: skip
    summary = _summary(
        series, shape, row_series, row_phase, member, subgroups, drawn, verdict, marks, meaning,
        aims, direction, multiply,
    )  # fmt: skip
    return Charts(points, summary, tuple(names))


# -- arguments --------------------------------------------------------------------------------


def _kind(name: str) -> ChartKind:
    if name not in CHARTS:
        raise DataErrors([f"no kind of chart called '{name}'{did_you_mean(name, CHARTS)}"])
    return CHARTS[name]


def _roles(
    kind: ChartKind, numerator: str | None, denominator: str | None, value: str | None
) -> tuple[dict[str, str], bool]:
    """Which columns are read, and whether points are a ratio of two of them."""
    problems = []
    if numerator is not None and value is not None:
        problems.append("give numerator= or value=, not both")
    top = numerator if numerator is not None else value
    counted = kind.needs == "counts"
    if top is None:
        wanted = "numerator=" if counted else "value="
        problems.append(f"kind '{kind.name}' needs {wanted}: the column of what was counted")
    if kind.needs_denominator and denominator is None:
        problems.append(f"kind '{kind.name}' needs denominator=: the column of those at risk")
    ratio = kind.needs_denominator or kind.name in ("run", "i", "mr")
    if denominator is not None and not ratio:
        problems.append(f"kind '{kind.name}' takes no denominator; use kind 'u' or 'p' for rates")
    if problems:
        raise DataErrors(problems, "the call of chart")
    assert top is not None  # refused above
    if denominator is None:
        return {"numerator" if counted else "value": top}, False
    return {"numerator": top, "denominator": denominator}, True


def _check(
    kind: ChartKind,
    limits: str,
    direction: str | None,
    aggregate: str | None,
    names: list[str],
    rules: tuple[Rule, ...],
) -> None:
    problems = []
    if aggregate is not None and aggregate not in AGGREGATES:
        problems.append(f"no aggregate called '{aggregate}'{did_you_mean(aggregate, AGGREGATES)}")
    taken = OUR_POINTS | OUR_SUMMARY | {rule.name for rule in rules}
    for name in dict.fromkeys(names):
        if name in taken:
            problems.append(f"by '{name}': points have a column of that name; rename yours")
        if names.count(name) > 1:
            problems.append(f"by '{name}': named more than once; once tells series apart")
    if limits not in ("exact", "normal"):
        problems.append(f"limits '{limits}': choose exact or normal")
    if direction not in DIRECTIONS:
        words = [str(word) for word in DIRECTIONS if word]
        problems.append(f"direction '{direction}'{did_you_mean(direction, words)}")
    if problems:
        raise DataErrors(problems, "the call of chart")


# -- arrays in --------------------------------------------------------------------------------


def _subgroups(
    kind: ChartKind,
    series: Series,
    row_series: IntArray,
    divided: bool,
    logged: BoolArray,
    baseline: BoolArray,
    kept: BoolArray,
) -> Subgroups:
    """The arrays of each row: a phase is a series of its own."""

    whole = len(row_series) == len(series.keys)  # one phase each: the arrays as they are

    def of(name: str) -> FloatArray | None:
        held = series.columns.get(name)
        if held is None or whole:
            return held
        return np.where(logged, held[row_series], np.nan)

    numerator, denominator = of("numerator"), of("denominator")
    if divided:
        assert numerator is not None
        assert denominator is not None
        # Denominators of zero are subgroups with nobody eligible: no rate, not a rate of 0.
        value = np.full(numerator.shape, np.nan)
        np.divide(numerator, denominator, out=value, where=denominator > 0)
    else:
        found = numerator if numerator is not None else of("value")
        assert found is not None
        value = found
    spread = of("spread")
    if kind.name == "mr":
        value = moving_ranges(value, logged)
    elif kind.name == "s" and spread is not None:
        value = spread
    return Subgroups(
        value, logged, baseline, logged & kept, numerator, denominator, of("readings"), spread
    )


# -- tables out -------------------------------------------------------------------------------


def _points(
    series: Series,
    names: list[str],
    row_series: IntArray,
    row_phase: IntArray,
    member: BoolArray,
    subgroups: Subgroups,
    drawn: Chart,
    left_out: BoolArray,
    marks: dict[str, IntArray],
    side: IntArray,
    meaning: IntArray,
    aims: FloatArray | None,
    multiply: float,
) -> pd.DataFrame:
    every = bool(member.all())
    place = np.flatnonzero(member)

    def taken(array: Any, scale: float = 1) -> Any:
        flat = np.broadcast_to(array, member.shape).ravel()
        found = flat if every else flat[place]
        return found if scale == 1 else found * scale

    owner = taken(row_series[:, None]) if names else place
    columns: dict[str, Any] = {name: series.keys[name].array.take(owner) for name in names}
    shared = series.labels.ndim == 1
    columns["subgroup"] = taken(series.labels if shared else series.labels[row_series])
    columns["phase"] = taken(row_phase[:, None] + 1)
    for name in ("numerator", "denominator"):
        held = getattr(subgroups, name)
        columns[name] = np.full(len(place), np.nan) if held is None else taken(held)
    columns["value"] = taken(subgroups.value, multiply)
    for name in ("centre", "lower", "upper"):
        columns[name] = taken(getattr(drawn.lines, name), multiply)
    if aims is not None:
        columns["target"] = taken(aims, multiply)
    columns["baseline"] = taken(subgroups.baseline)
    columns["excluded"] = taken(left_out)
    columns |= {name: taken(found) for name, found in marks.items()}
    columns["side"] = taken(side)
    columns["signal"] = columns["side"] != 0
    columns["meaning"] = pd.Categorical.from_codes(taken(meaning), dtype=_MEANING)
    return pd.DataFrame(columns, copy=False)


def _summary(
    series: Series,
    kind: ChartKind,
    row_series: IntArray,
    row_phase: IntArray,
    member: BoolArray,
    subgroups: Subgroups,
    drawn: Chart,
    verdict: RunsVerdict,
    marks: dict[str, IntArray],
    meaning: IntArray,
    aims: FloatArray | None,
    direction: str | None,
    multiply: float,
) -> pd.DataFrame:
    rows = np.arange(len(row_series))
    seen = subgroups.tested & np.isfinite(subgroups.value)
    slot = np.arange(member.shape[1])
    latest = np.where(seen, slot, 0).max(axis=1)
    final = np.append(row_series[1:] != row_series[:-1], True)  # the last phase of its series
    centre, lower, upper = (
        getattr(drawn.lines, name)[rows, latest] for name in ("centre", "lower", "upper")
    )
    tests = kind.runs
    table = series.keys.iloc[row_series].reset_index(drop=True)
    table["phase"] = row_phase + 1
    table["subgroups"] = subgroups.tested.sum(axis=1)
    table["missing"] = (member & ~subgroups.logged).sum(axis=1)
    table["baseline"] = (subgroups.baseline & np.isfinite(subgroups.value)).sum(axis=1)
    table["useful"] = verdict.useful
    for name, number in (
        ("longest_run", verdict.runs.longest),
        ("longest_run_limit", verdict.longest_run_limit),
        ("crossings", verdict.runs.crossings),
        ("crossings_limit", verdict.crossings_limit),
    ):
        # No useful point: no run, so no number.
        table[name] = pd.Series(np.where(verdict.useful > 0, number, np.nan)).astype("Int64")
    table["runs_signal"] = verdict.signal & tests
    beyond = marks.get("beyond_limits")
    if beyond is None:
        beyond = mark(drawn, (RULES["beyond_limits"],))["beyond_limits"]
    table["beyond_limits"] = np.count_nonzero(beyond, axis=1)
    table["p_value"] = verdict.p_value if tests else np.nan
    table["q_value"] = q_values(table["p_value"].to_numpy())
    table["highlight"] = table["q_value"] <= HIGHLIGHT
    table["centre"] = centre * multiply
    said = np.where(seen[rows, latest], meaning[rows, latest], 0)
    table["variation"] = pd.Categorical.from_codes(said, dtype=_VARIATION)
    aim = np.full(len(rows), np.nan)
    if aims is not None:
        aim = np.broadcast_to(aims, member.shape)[rows, latest]
    assurance = np.where(final, assured(aim, lower, upper, direction), 0)
    table["assurance"] = pd.Categorical.from_codes(assurance, dtype=_ASSURANCE)
    table["screened"] = 0 if drawn.lines.screened is None else drawn.lines.screened
    table["caution"] = _cautions(kind, subgroups, drawn, verdict, table)
    return table


def _cautions(
    kind: ChartKind,
    subgroups: Subgroups,
    drawn: Chart,
    verdict: RunsVerdict,
    table: pd.DataFrame,
) -> list[str]:
    """What to be careful of, a row each; nothing where there is nothing."""
    values = np.isfinite(subgroups.value)
    lines = drawn.lines
    limited = np.isfinite(lines.upper).any(axis=1)
    wanted = kind.name != "run"
    few = table["baseline"].to_numpy()
    missing = table["missing"].to_numpy()
    said = (
        (~values.any(axis=1), "no subgroup has a value"),
        (wanted & ~limited & values.any(axis=1), _why_no_limits(kind)),
        (
            wanted & limited & (few < PROVISIONAL),
            "limits rest on few subgroups and are provisional",
        ),
        (
            verdict.guarded & kind.runs & (verdict.useful > 0),
            "too many points on one side or on a bound for a verdict on runs",
        ),
        (
            np.zeros(len(table), bool) if lines.from_spread is None else lines.from_spread,
            "most moving ranges are 0: sigma is the standard deviation of the points",
        ),
        (missing > 0, "subgroups are missing between the first and the last"),
    )
    cautions = np.full(len(table), "", dtype=object)
    for where, words in said:
        at = np.flatnonzero(where)
        cautions[at] = [f"{before}; {words}" if before else words for before in cautions[at]]
    return list(cautions)


def _why_no_limits(kind: ChartKind) -> str:
    if kind.exact:
        return "no event yet, or nothing but events, so there are no limits to judge by"
    return "the subgroups do not vary enough, or are too few, to estimate limits"
