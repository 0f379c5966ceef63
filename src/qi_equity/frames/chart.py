"""The public ``chart``: a table in, points and a summary out, any number of series at once.

It reads arguments and calls series and spc; no statistic is made here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import pandas as pd

from qi_equity.arrays import FloatArray
from qi_equity.errors import DataErrors, did_you_mean
from qi_equity.frames import select
from qi_equity.frames.chart_tables import (
    OUR_POINTS,
    OUR_SUMMARY,
    Drawn,
    Rows,
    points_of,
    summary_of,
)
from qi_equity.frames.given import any_table
from qi_equity.frames.lines import Lines, completed
from qi_equity.series import AGGREGATES, Series, arrange
from qi_equity.spc.assurance import DIRECTIONS, meaning_of
from qi_equity.spc.chart import Subgroups
from qi_equity.spc.charts import CHARTS, PER_RANGE, ChartKind, How, draw
from qi_equity.spc.judge import judge_runs
from qi_equity.spc.rules import (
    Chosen,
    Rule,
    first_mark,
    mark,
    ranges_per_limit,
    rules_of,
    zones_needed,
)
from qi_equity.vocabulary import Limits, MadeOf

if TYPE_CHECKING:
    import plotly.graph_objects as go

# What chart() is given by name beside its lines: a slip may be meant for one of these.
NAMED = [
    "kind", "subgroup", "numerator", "denominator", "value", "readings", "by", "period",
    "aggregate", "rules", "direction", "target", "multiply", "notes",
]  # fmt: skip
# What a printed chart tells of each series.
SHOWN = ("phase", "subgroups", "centre", "longest_run", "crossings", "beyond_limits", "variation")


@dataclass(frozen=True, slots=True, eq=False)
class Charts:
    """Charts of every series: a row a point, and a row a series and phase."""

    points: pd.DataFrame
    summary: pd.DataFrame
    by: tuple[str, ...]

    def figure(self, **options: Any) -> go.Figure:
        """Every series as a panel of one plotly figure; what it shows in words: `layout.meta`."""
        import plotly.graph_objects as go

        from qi_equity.view.figure import told_figure

        return go.Figure(told_figure(self.points, self.summary, list(self.by), **options))

    def __str__(self) -> str:
        """A line a series and phase, as a terminal shows it."""
        return self._shown().to_string(index=False)

    def _repr_html_(self) -> str:
        """The same as a table, as a notebook shows it; `figure()` draws the charts."""
        return self._shown().to_html(index=False, border=0)

    def _shown(self) -> pd.DataFrame:
        held = [name for name in (*self.by, *SHOWN) if name in self.summary]
        return self.summary[held]


@any_table
def chart(
    data: pd.DataFrame,
    *,
    kind: str,
    subgroup: str,
    numerator: str | None = None,
    denominator: str | None = None,
    value: str | None = None,
    readings: tuple[str, str] | None = None,
    by: str | Sequence[str] | None = None,
    period: str | None = None,
    aggregate: str | None = None,
    rules: Chosen = "anhoej",
    direction: str | None = None,
    target: Any = None,
    multiply: float = 1,
    notes: Any = None,
    **lines: Unpack[Lines],
) -> Charts:
    """Run and control charts of every series of a table.

    What is drawn: ``kind`` is run, i, mr, xbar, s, t, p, pp, c, u, up or g, of ``numerator`` and
    ``denominator``, or of a ``value``. ``by`` tells series apart, ``subgroup`` orders points;
    ``period`` adds days up to weeks, months and so on, ``aggregate`` (mean, median, sum, sd)
    readings that share a subgroup. Kinds xbar and s take a row a reading; or a row a subgroup,
    where ``value`` is the mean and ``readings=("n", "sd")`` names the columns of how many it is
    of and of their standard deviation.

    How it is judged: ``rules`` is a set or a list of rules; ``{"making_data_count": 6}`` a set
    with shifts and trends of six, ``{"shift": 7}`` a rule alone. ``direction`` is the way that
    is better, ``target`` what is aimed for.

    How it is shown: ``multiply`` (100 is per cent) and ``notes={day: words}``, on the figure, in
    its tooltip and in its words; ``{series: {day: words}}`` on the charts of some.

    How its ``lines`` are drawn, each by its own name: ``limits`` (exact, those of p, u and c, or
    normal; the other kinds have one sort only), ``centre`` given from outside, ``freeze`` (how
    many subgroups are the baseline, or the last of them), ``phases`` (where new ones begin),
    ``exclude`` (shown, in no line and no test), ``bounds`` (lowest and highest that there can
    be), ``screen_moving_ranges``, and ``guard_runs`` (no verdict on runs where the median lies on
    what most points have). Held in a dictionary they serve many charts: ``chart(..., **lines)``.

    ``centre``, ``target`` and ``bounds`` are in the unit shown, after ``multiply``: with
    ``multiply=100`` a target of 10 is ten per cent, and so it is reported.
    ``target``, ``centre``, ``freeze``, ``phases`` and ``exclude`` may be a mapping from series
    (its ``by`` value, or a tuple of them) to what holds for it; ``target``, ``phases`` and
    ``exclude`` may name a column.

    Returns Charts. ``points``, a row a point: by..., subgroup, phase, numerator, denominator,
    value, centre, lower, upper, target and note (if given), baseline, excluded, a column a rule
    (1 high, -1 low), side, signal, meaning. ``summary``, a row a series and phase: by..., phase,
    subgroups, missing, baseline, useful, longest_run, crossings and their limits, runs_signal,
    beyond_limits, p_value, q_value, highlight, centre, variation, assurance, screened, cautions.

    Raises DataErrors that names every argument or column that is not right, and what would be.

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
    roles, divided = _roles(shape, numerator, denominator, value, readings)
    chosen = rules_of(rules)
    names = [by] if isinstance(by, str) else list(by or [])
    asked = _checked(lines, direction, aggregate, names, chosen)
    held = (target, asked["phases"], asked["exclude"])
    series = arrange(
        data, kind=shape, subgroup=subgroup, roles=roles, by=names, period=period,
        aggregate=aggregate, extra=[c for c in held if isinstance(c, str) and c in data.columns],
    )  # fmt: skip

    rows = _rows(series, asked)
    level = _level(shape, rows, asked["centre"], multiply)
    goal = _shown(
        shape, select.numbers(series, target, rows.owner, rows.phase, "target"), "target", multiply
    )
    subgroups = _subgroups(shape, rows, divided)
    ranges = ranges_per_limit(rules, PER_RANGE)
    drawn = draw(shape, subgroups, _how(shape, asked, chosen, ranges, level, multiply))
    # A centre given for a run chart is a median; for the others it says nothing of halves.
    known = np.isfinite(level[:, 0]) if level is not None and shape.centre_is_median else None
    verdict = judge_runs(drawn, rows.baseline, known, asked["guard_runs"])
    marks = mark(drawn, chosen, (verdict.side, verdict.runs))
    if "long_run" in marks:
        marks["long_run"][verdict.guarded] = 0
    side, sided = first_mark(marks, chosen, drawn.value.shape)
    found = Drawn(
        rows, shape, subgroups, drawn, verdict, marks, side,
        meaning=meaning_of(side, sided, direction),
        target=goal, direction=direction, multiply=multiply, notes=select.notes(series, notes),
    )  # fmt: skip
    return Charts(points_of(found), summary_of(found), tuple(names))


# -- arguments --------------------------------------------------------------------------------


def _kind(name: str) -> ChartKind:
    if name not in CHARTS:
        raise DataErrors([f"no kind of chart called '{name}'{did_you_mean(name, CHARTS)}"])
    return CHARTS[name]


def _roles(
    kind: ChartKind,
    numerator: str | None,
    denominator: str | None,
    value: str | None,
    readings: tuple[str, str] | None,
) -> tuple[dict[str, str], bool]:
    """Which columns are read, and whether points are a ratio of two of them."""
    problems = []
    if readings is not None and (isinstance(readings, str) or len(readings) != 2):
        problems.append(
            f"readings={readings!r}: give the names of two columns, how many and their standard "
            "deviation"
        )
    if readings is not None and kind.made_of != MadeOf.READINGS:
        problems.append(f"kind '{kind.name}' takes no readings=; kinds xbar and s do")
    if numerator is not None and value is not None:
        problems.append("give numerator= or value=, not both")
    top = numerator if numerator is not None else value
    counted = kind.made_of == MadeOf.COUNTS
    if top is None:
        wanted = "numerator=" if counted else "value="
        problems.append(f"kind '{kind.name}' needs {wanted}: the column of what was counted")
    if kind.needs_denominator and denominator is None:
        problems.append(f"kind '{kind.name}' needs denominator=: the column of those at risk")
    if denominator is not None and not kind.takes_denominator:
        problems.append(f"kind '{kind.name}' takes no denominator; use kind 'u' or 'p' for rates")
    if problems:
        raise DataErrors(problems, "the call of chart")
    assert top is not None  # refused above
    if readings is not None:
        return {"value": top, "readings": readings[0], "spread": readings[1]}, False
    if denominator is None:
        return {"numerator" if counted else "value": top}, False
    return {"numerator": top, "denominator": denominator}, True


def _checked(
    lines: Lines,
    direction: str | None,
    aggregate: str | None,
    names: list[str],
    rules: tuple[Rule, ...],
) -> Lines:
    """Every setting of the lines, once these arguments are known to be right."""
    asked, problems = completed(lines, NAMED)
    if aggregate is not None and aggregate not in AGGREGATES:
        problems.append(f"no aggregate called '{aggregate}'{did_you_mean(aggregate, AGGREGATES)}")
    taken = OUR_POINTS | OUR_SUMMARY | {rule.name for rule in rules}
    for name in dict.fromkeys(names):
        if name in taken:
            problems.append(f"by '{name}': points have a column of that name; rename yours")
        if names.count(name) > 1:
            problems.append(f"by '{name}': named more than once; once tells series apart")
    if direction not in DIRECTIONS:
        words = [str(word) for word in DIRECTIONS if word]
        problems.append(f"direction '{direction}'{did_you_mean(direction, words)}")
    if problems:
        raise DataErrors(problems, "the call of chart")
    return asked


def _how(
    kind: ChartKind,
    asked: Lines,
    rules: tuple[Rule, ...],
    ranges: float,
    level: FloatArray | None,
    multiply: float,
) -> How:
    """What the statistics are asked for: in the unit of the sums, before ``multiply``."""
    lowest, highest = asked["bounds"]
    return How(
        limits=Limits(asked["limits"]) if kind.exact else Limits.NORMAL,
        zones=zones_needed(rules),
        screen=asked["screen_moving_ranges"],
        per_range=ranges,
        centre=level,
        lowest=-np.inf if lowest is None else lowest / multiply,
        highest=np.inf if highest is None else highest / multiply,
    )


# -- arrays in --------------------------------------------------------------------------------


def _rows(series: Series, asked: Lines) -> Rows:
    """A row for each phase: no line, and no rule, reaches from one phase into the next."""
    phase = select.phases(series, asked["phases"])
    excluded = select.excluded(series, asked["exclude"])
    owner, of_row = select.rows(series, phase)
    member = (phase[owner] == of_row[:, None]) & series.shown[owner]
    logged = member & series.logged[owner]
    left_out = excluded[owner]
    baseline = logged & ~left_out & select.baseline(series, asked["freeze"], owner, logged)
    return Rows(series, owner, of_row, member, logged, baseline, left_out)


def _level(kind: ChartKind, rows: Rows, centre: Any, multiply: float) -> FloatArray | None:
    """The centre that was given for each row, as the sums have it: before ``multiply``."""
    given = select.numbers(rows.series, centre, rows.owner, rows.phase, "centre")
    level = _shown(kind, given, "centre", multiply)
    return None if level is None else level / multiply


def _shown(
    kind: ChartKind, given: FloatArray | None, name: str, multiply: float
) -> FloatArray | None:
    """What was given in the unit shown; refused where counts cannot have it."""
    if given is None or kind.made_of != MadeOf.COUNTS:
        return given
    highest = multiply if kind.at_most_denominator else np.inf
    wrong = given[(given < 0) | (given > highest)]
    if wrong.size:
        within = f"from 0 to {multiply:g}" if kind.at_most_denominator else "of 0 or more"
        way_out = "; with multiply=100 both are per cent" if highest == 1 else ""
        problem = f"{name} {wrong[0]:g}: give a number {within}, as the chart shows it"
        raise DataErrors([problem + way_out])
    return given


def _subgroups(kind: ChartKind, rows: Rows, divided: bool) -> Subgroups:
    """The arrays of each row, with the points that its kind of chart draws."""
    whole = len(rows.owner) == len(rows.series.keys)  # one phase each: the arrays as they are

    def of(name: str) -> FloatArray | None:
        held = rows.series.columns.get(name)
        if held is None or whole:
            return held
        return np.where(rows.logged, held[rows.owner], np.nan)

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
    tested = rows.logged & ~rows.left_out
    logged = Subgroups(
        value, rows.logged, rows.baseline, tested, numerator, denominator, of("readings"),
        of("spread"),
    )  # fmt: skip
    return replace(logged, value=kind.points(logged))
