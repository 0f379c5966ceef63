"""A table of counts in, gap charts out: points, and one row a chart with its verdict.

The sums are done in qi_equity.equity; here labels go on, and high and low become better and worse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qi_equity.arrays import FloatArray
from qi_equity.chance import q_values
from qi_equity.equity.contrast import (
    Contrast,
    Pooled,
    contrast,
    difference_interval,
    pooled,
    ratio_interval,
    rolling,
)
from qi_equity.equity.display import LEAST_BASELINE_EVENTS, display
from qi_equity.equity.echoes import echoes, echoes_of_reference
from qi_equity.equity.gap_chart import ALARMS_A_YEAR, GapChart
from qi_equity.equity.gap_chart import gap_charts as watched
from qi_equity.equity.gaps import SIZE_FLOOR, disagree
from qi_equity.equity.intervals import Interval
from qi_equity.equity.verdict import CHANGED, LEVEL, PRACTICAL_RATIO, Verdicts, verdicts
from qi_equity.errors import DataErrors
from qi_equity.frames.counts import (
    EVERYONE_ELSE,
    Counts,
    as_column,
    check_columns,
    counted,
    reference_of,
)
from qi_equity.frames.given import any_table
from qi_equity.vocabulary import Verdict

Direction = Literal["increase", "decrease"]

WEEK, WEEKS = 7.0, 52.0  # days in a week, weeks in a year
# An exposure in pieces so small that none holds two events: the binomial of events among pieces is
# Poisson's, to four digits (the law of rare events).
PIECES = 10_000
# A quarter's worth of weeks in every point of the picture above the chart.
WINDOW = 13
# Where none is declared: half a year of weeks, a year of anything longer. Never a share of what
# there is: that would move with every week added, and an alarm with it.
WEEKS_OF_BASELINE, OTHERS_OF_BASELINE = 26, 12
EVENTS_OF_A_CALL = "the call of gap_charts()"


@dataclass(frozen=True, slots=True, eq=False)
class GapCharts:
    """Gap charts as tables: a row for each point, and a row for each chart."""

    points: pd.DataFrame
    summary: pd.DataFrame


@any_table
def gap_charts(
    data: pd.DataFrame,
    *,
    numerator: str,
    denominator: str,
    stratum: str,
    reference: object = EVERYONE_ELSE,
    by: str | Sequence[str] | None = None,
    subgroup: str,
    baseline: object = None,
    direction: Direction | None = None,
    window: int = WINDOW,
    budget: float = ALARMS_A_YEAR,
    practical_ratio: float = PRACTICAL_RATIO,
    multiply: float = 1,
    kind: Literal["proportion", "rate"] = "proportion",
) -> GapCharts:
    """The gap of every stratum to its reference over time, and what can be said of it.

    `baseline` is a number of subgroups or the last of them (the first 26 weeks, or 12 of anything
    longer, if left out). `direction` says which way is better and turns high and low into better
    and worse off. The picture is the Mantel-Haenszel ratio and difference over the last `window`
    subgroups, never a raw weekly ratio. What decides is the evidence of a change on either side,
    weighed week by week: `signal` is 1 where the stratum's odds have risen against the reference,
    -1 where they have fallen. `budget` is the chance of a false alarm in a year on one chart,
    shared by its two sides. A ``kind`` of "rate" counts over an exposure, such as bed days, which
    events may exceed.

    Returns GapCharts: ``points``, a row a subgroup, and ``summary``, a row a series and stratum,
    with columns as findings.tables describes them (GapPoint, Gap). Raises DataErrors naming all
    amiss.

    >>> weeks = pd.date_range("2025-01-06", periods=52, freq="W-MON")
    >>> log = pd.DataFrame({
    ...     "week": weeks.repeat(2), "ethnicity": ["Black", "White"] * 52,
    ...     "pph": [2, 10] * 26 + [6, 10] * 26, "births": [20, 100] * 52,
    ... })
    >>> charts = gap_charts(log, numerator="pph", denominator="births", stratum="ethnicity",
    ...                     reference="White", subgroup="week", direction="decrease")
    >>> charts.summary[["ethnicity", "verdict", "ratio", "higher_moved", "signal"]].round(2)
      ethnicity   verdict  ratio  higher_moved  signal
    0     Black  widening    2.0             1  rising
    """
    asked = of_table(
        data,
        numerator=numerator,
        denominator=denominator,
        stratum=stratum,
        reference=reference,
        by=by,
        subgroup=subgroup,
        baseline=baseline,
        direction=direction,
        multiply=multiply,
        practical_ratio=practical_ratio,
        kind=kind,
    )
    [found] = in_few_passes([asked], window=window, budget=budget)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Counts whose gaps are asked for: of one measure, held against one reference."""

    counts: Counts
    names: tuple[str, ...]  # of the columns of keys, the stratum's last
    subgroup: str
    label: Any
    against: Callable[[FloatArray], FloatArray]
    baseline: int
    direction: Direction | None
    multiply: float  # of rates and differences
    pieces: int  # of a unit of exposure
    practical_ratio: float


def of_table(
    data: pd.DataFrame,
    *,
    numerator: str,
    denominator: str,
    stratum: str,
    reference: object = EVERYONE_ELSE,
    by: str | Sequence[str] | None = None,
    subgroup: str,
    baseline: object = None,
    direction: Direction | None = None,
    multiply: float = 1,
    practical_ratio: float = PRACTICAL_RATIO,
    kind: Literal["proportion", "rate"] = "proportion",
) -> Asked:
    """What a table of counts asks for, with the words of gap_charts()."""
    groups = [by] if isinstance(by, str) else list(by or [])
    check_columns(data, numerator, denominator, [*groups, subgroup, stratum])
    counts = counted(data, numerator, denominator, stratum, groups, subgroup, kind)
    pieces = PIECES if kind == "rate" else 1
    counts = replace(counts, denominator=counts.denominator * pieces)
    if baseline is None:
        baseline = min(usual_baseline(counts.subgroups), len(counts.subgroups))
    known = counts.baseline_length(baseline, subgroup)
    told = (direction or "decrease", SIZE_FLOOR, multiply, kind, stratum)
    label, against = reference_of(reference, counts, known, *told)
    if isinstance(against, float):
        raise DataErrors(
            ["a target rate has no counts of its own to compare with; name a stratum"],
            source=EVENTS_OF_A_CALL,
        )
    return Asked(
        counts, (*groups, stratum), subgroup, label, against, known, direction,
        multiply * pieces, pieces, practical_ratio,
    )  # fmt: skip


def in_few_passes(
    asked: Sequence[Asked], *, window: int = WINDOW, budget: float = ALARMS_A_YEAR
) -> list[GapCharts]:
    """The gap charts of each; those of one calendar and baseline share one pass.

    A pass says of each what it would alone.
    """
    passes: dict[tuple[Any, ...], list[int]] = {}
    for place, one in enumerate(asked):
        alike = (tuple(one.counts.subgroups), one.names, one.subgroup, one.baseline)
        passes.setdefault((*alike, one.practical_ratio), []).append(place)
    found: dict[int, GapCharts] = {}
    for places in passes.values():
        here = _one_pass([asked[place] for place in places], window, budget)
        found.update(zip(places, here, strict=True))
    return [found[place] for place in range(len(asked))]


def _one_pass(asked: list[Asked], window: int, budget: float) -> list[GapCharts]:
    held = [_held(one) for one in asked]
    ends = np.cumsum([0, *(len(kept.gap.total) for kept in held)])
    parts = [slice(*pair) for pair in pairwise(ends.tolist())]
    gap = Contrast(
        *(np.concatenate(part) for part in zip(*(k.gap.parts for k in held), strict=True))
    )
    first = asked[0]
    known, subgroups, many = first.baseline, first.counts.subgroups, np.diff(ends)
    found = verdicts(gap, practical_ratio=first.practical_ratio)
    step = subgroup_days(subgroups)
    charts = watched(gap, known, alarms=budget, periods_a_year=WEEKS * WEEK / step)
    keys = pd.DataFrame([key for kept in held for key in kept.keys], columns=list(first.names))
    multiply, pieces = (
        np.repeat([float(getattr(one, name)) for one in asked], many)
        for name in ("multiply", "pieces")
    )
    direction = np.repeat(np.array([one.direction for one in asked], dtype=object), many)
    columns = {
        "reference": np.concatenate([kept.reference for kept in held]),
        **_summary(gap, found, known, subgroups, step, multiply, parts),
        **_alarms(charts, subgroups, budget),
        **moved_columns(found, direction),
        "cautions": pd.Series(_cautions(found, charts, gap, known), dtype=object),
        "echo_of": np.concatenate(
            [
                _echo_of(one, kept, part, found)
                for one, kept, part in zip(asked, held, parts, strict=True)
            ]
        ),
    }
    # Made in one go: to put on one column after another costs more than all sums.
    labels: dict[str, Any] = {str(name): keys[name] for name in keys}
    summary = settled(pd.DataFrame(labels | columns))
    points = _points(gap, charts, keys, subgroups, first.subgroup, window, multiply)
    for table, of_one in ((summary, pieces), (points, np.repeat(pieces, len(subgroups)))):
        for name in ("denominator", "reference_denominator"):
            if name in table:
                table[name] /= of_one
    return [_cut(summary, points, part, len(subgroups)) for part in parts]


def _cut(summary: pd.DataFrame, points: pd.DataFrame, part: slice, length: int) -> GapCharts:
    """The rows of one of those asked for."""
    some = summary.iloc[part].reset_index(drop=True)
    some.attrs["family"] = f"{len(some)} gap charts in this table"
    stretch = slice(part.start * length, part.stop * length)
    return GapCharts(points.iloc[stretch].reset_index(drop=True), some)


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """Strata that were ever logged beside their reference, a row each."""

    gap: Contrast
    kept: NDArray[np.bool_]  # (series, strata) of the counts
    keys: list[tuple[Any, ...]]
    reference: NDArray[np.object_]


def _held(asked: Asked) -> _Held:
    counts = asked.counts
    shape = counts.numerator.shape
    own = (counts.numerator, counts.denominator)
    whole = contrast(*own, *(asked.against(part) for part in own))
    kept = np.asarray(whole.compared.any(axis=-1))
    keys = [
        (*counts.series[one], counts.strata[place])
        for one, place in zip(*np.nonzero(kept), strict=True)
    ]
    label = np.asarray(asked.label, dtype=object)
    named = np.broadcast_to(label, shape[:2] + label.shape[2:])
    return _Held(whole[kept], kept, keys, named.reshape(*shape[:2], -1)[..., 0][kept])


def subgroup_days(subgroups: list[Any]) -> float:
    """Days from one subgroup to the next; numbered subgroups count as weeks."""
    if len(subgroups) < 2 or not isinstance(subgroups[0], pd.Timestamp):
        return WEEK
    return float(np.median(np.diff(np.array(subgroups, dtype="datetime64[D]")).astype(float)))


def usual_baseline(subgroups: list[Any]) -> int:
    """Subgroups in the baseline where none is declared: half a year of weeks, or twelve others."""
    return WEEKS_OF_BASELINE if subgroup_days(subgroups) <= WEEK else OTHERS_OF_BASELINE


def _summary(
    gap: Contrast,
    found: Verdicts,
    known: int,
    subgroups: list[Any],
    step: float,
    multiply: FloatArray,
    families: list[slice],
) -> dict[str, Any]:
    whole, suits = pooled(gap), display(gap.events, gap.total, known)
    labels = as_column(np.array([*subgroups, None], dtype=object), subgroups[0])
    return {
        "subgroups": gap.compared.sum(axis=-1),
        "baseline": known,
        "numerator": gap.events.sum(axis=-1),
        "denominator": gap.total.sum(axis=-1),
        "rate": whole.rate * multiply,
        "reference_rate": whole.reference_rate * multiply,
        "verdict": found.verdict,
        **three("ratio", found.ratio),
        **three("difference", found.difference.times(multiply)),
        **three("early_ratio", found.early_ratio),
        **three("late_ratio", found.late_ratio),
        "early_difference": found.early_difference * multiply,
        "late_difference": found.late_difference * multiply,
        "p_trend": found.p_trend,
        "p_scan": found.p_scan,
        "p_difference": found.p_difference,
        "q_trend": np.concatenate([q_values(found.p_trend[one]) for one in families]),
        "q_scan": np.concatenate([q_values(found.p_scan[one]) for one in families]),
        "split": labels[np.where(found.p_scan <= LEVEL, found.split, -1)],
        "smallest_change": found.smallest_factor,
        "weeks_to_go": np.ceil(found.periods_to_go * step / WEEK),
        "dispersion": found.dispersion,
        "display": suits.kind,
        "display_subgroups": suits.periods,
        "decided_by": suits.decided_by,
        "seed": found.seed,
    }


def three(name: str, interval: Interval) -> dict[str, Any]:
    """An estimate and its interval as three columns."""
    return {
        name: interval.estimate,
        f"{name}_lower": interval.lower,
        f"{name}_upper": interval.upper,
    }


# What the sides of the gap chart are called: of the stratum's odds, against its reference.
SIDES = {1: "rising", 0: "", -1: "falling"}


def _alarms(charts: GapChart, subgroups: list[Any], budget: float) -> dict[str, Any]:
    drawn = np.isfinite(charts.limit).any(axis=-1)
    labels = as_column(np.array([*subgroups, None], dtype=object), subgroups[0])
    side = np.take_along_axis(charts.signal, np.maximum(charts.first, 0)[:, None], axis=-1)[:, 0]
    return {
        "signal": [SIDES[int(one)] for one in side],
        # Read at any number of looks, and never taken back by later subgroups.
        "established": charts.first >= 0,
        "first_established": labels[charts.first],
        "change_estimate": labels[charts.change],
        # Their sum over the charts in view is the number of false alarms to expect in a year.
        "false_alarms_a_year": np.where(drawn, budget, 0.0),
    }


def moved_columns(
    found: Verdicts, direction: Direction | NDArray[np.object_] | None
) -> dict[str, Any]:
    """Who moved and who is better off, as codes: which way is better is known here alone."""
    falling = found.p_overall_falling
    way = np.broadcast_to(np.asarray(direction, dtype=object), falling.shape)
    down, up = way == "decrease", way == "increase"
    # Both one-sided tests at 1 in 20: the joint error is at most 1 in 20 (Berger 1982).
    improving = np.select([down, up], [falling, 1 - falling], 1.0) <= LEVEL
    low, high = found.ratio.estimate < 1, found.ratio.estimate > 1
    return {
        "higher_moved": found.higher_moved,
        "lower_moved": found.lower_moved,
        "stratum_higher": found.stratum_higher,
        "better_off": (low & down) | (high & up),
        "improving_overall": improving,
        "improving_while_widening": improving & (found.p_away <= LEVEL),
        "difference_widening_too": improving & (found.p_apart <= LEVEL),
    }


def _echo_of(asked: Asked, held: _Held, part: slice, found: Verdicts) -> NDArray[np.object_]:
    """The stratum whose change a gap shows again, where the change is not the gap's own."""
    counts, kept = asked.counts, held.kept
    changed, rising = np.zeros(kept.shape, dtype=bool), np.zeros(kept.shape, dtype=np.int64)
    changed[kept] = np.isin(found.verdict[part], CHANGED)
    early, late = found.early_ratio.estimate[part], found.late_ratio.estimate[part]
    # Compared, not taken away: where a group has no event both may be without end.
    rising[kept] = (late > early).astype(np.int64) - (late < early)
    references = np.broadcast_to(np.asarray(asked.label, dtype=object), (*kept.shape, 1))[:, 0, 0]
    names = np.array([*map(str, counts.strata), ""], dtype=object)
    movers = np.full(kept.shape, -1)
    for one in np.flatnonzero(changed.any(axis=-1)):
        events, total = counts.numerator[one], counts.denominator[one]
        if references[one] == EVERYONE_ELSE:
            movers[one] = echoes(events, total, changed[one], rising[one])
        else:
            reference = counts.strata.index(references[one])
            movers[one] = echoes_of_reference(events, total, reference, changed[one])
    return np.asarray(names[movers[kept]])


# Above this rate an odds ratio is no longer near the ratio of the rates.
HIGH_RATE = 0.2
# Subgroups vary beyond chance by more than this correlation of births within them.
OVERDISPERSED = 0.03


def _cautions(
    found: Verdicts, charts: GapChart, gap: Contrast, known: int
) -> list[tuple[str, ...]]:
    """What to be careful of, as codes; the words are put to them where they are read."""
    whole = pooled(gap)
    early = np.minimum(
        gap.events[:, :known].sum(axis=-1), gap.reference_events[:, :known].sum(axis=-1)
    )
    p, p0 = whole.rate, whole.reference_rate
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = charts.tau2 / (1 / (p * (1 - p)) + 1 / (p0 * (1 - p0)))
        then, now = (
            np.abs(np.log(half.estimate)) for half in (found.early_ratio, found.late_ratio)
        )
    opposite = disagree(
        found.late_difference,
        found.late_ratio.estimate,
        found.early_difference,
        found.early_ratio.estimate,
    ) & (np.fmin(found.p_trend, found.p_difference) <= LEVEL)
    codes = {
        "few_events": found.verdict == Verdict.TOO_FEW,
        "few_baseline_events": early < LEAST_BASELINE_EVENTS,
        "blocks": found.in_blocks,
        "overdispersed": rho > OVERDISPERSED,
        "odds_not_ratio": np.fmax(p, p0) > HIGH_RATE,
        "difference_narrowed_ratio_widened": opposite & (now > then),
        "ratio_narrowed_difference_widened": opposite & (now < then),
    }
    return as_codes(codes | hints(found))


def hints(found: Verdicts) -> dict[str, NDArray[np.bool_]]:
    """Where a change is hinted at that the verdict does not claim, by code."""
    said = ~np.isin(found.verdict, [*CHANGED, Verdict.TOO_FEW])
    return {
        "change_too_small_to_matter": said & (found.p_trend <= LEVEL) & ~found.matters,
        "step_seen": said & (found.p_scan <= LEVEL),
        "difference_changed": said & (found.p_difference <= LEVEL),
    }


def as_codes(applies: Mapping[str, NDArray[np.bool_]]) -> list[tuple[str, ...]]:
    """The codes that apply to each series."""
    rows = zip(*(part.tolist() for part in applies.values()), strict=True)
    return [tuple(code for code, here in zip(applies, row, strict=True) if here) for row in rows]


def settled(summary: pd.DataFrame) -> pd.DataFrame:
    """An echo is called so, and what any number of looks have shown is not called steady."""
    echo, verdict = (summary[name].to_numpy(object) for name in ("echo_of", "verdict"))
    # No single look says that there is no change where all of them together have shown one.
    unsettled = summary["established"].to_numpy(bool) & (verdict == Verdict.STEADY)
    said = np.where(echo != "", str(Verdict.ECHO), np.where(unsettled, str(Verdict.GAP), verdict))
    return summary.assign(verdict=pd.Series(said, summary.index, dtype=object))


def _points(
    gap: Contrast,
    charts: GapChart,
    keys: pd.DataFrame,
    subgroups: list[Any],
    subgroup: str,
    window: int,
    multiply: FloatArray,
) -> pd.DataFrame:
    rows, length = gap.total.shape
    counted, times = gap.compared, multiply[:, np.newaxis]
    shown: Pooled = rolling(gap, min(window, length))
    ratio, difference = ratio_interval(shown), difference_interval(shown)
    columns = {
        "numerator": np.where(counted, gap.events, np.nan),
        "denominator": np.where(counted, gap.total, np.nan),
        "reference_numerator": np.where(counted, gap.reference_events, np.nan),
        "reference_denominator": np.where(counted, gap.reference_total, np.nan),
        "ratio": ratio.estimate,
        "ratio_lower": ratio.lower,
        "ratio_upper": ratio.upper,
        "difference": difference.estimate * times,
        "difference_lower": difference.lower * times,
        "difference_upper": difference.upper * times,
        "evidence_up": charts.up,
        "evidence_down": charts.down,
        "evidence_limit": charts.limit,
        "signal": charts.signal,
    }
    place = np.repeat(np.arange(rows), length)
    return pd.DataFrame(
        {
            **{str(name): keys[name].take(place).array for name in keys},
            subgroup: pd.Index(subgroups).take(np.tile(np.arange(length), rows)),
            **{name: values.ravel() for name, values in columns.items()},
        }
    )
