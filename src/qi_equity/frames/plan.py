"""A table of counts in, how long until an answer out; the sums are done in qi_equity.equity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from qi_equity.arrays import FloatArray
from qi_equity.equity.planning import (
    Shift,
    answers,
    gap_shift,
    mean_shift,
    plan,
    spread_of,
    stratum_shift,
    subgroup_weeks,
)
from qi_equity.equity.values import everyone_else, means
from qi_equity.errors import DataErrors
from qi_equity.frames.counts import EVERYONE_ELSE, check_columns
from qi_equity.frames.gaps import gaps
from qi_equity.frames.given import any_table
from qi_equity.observations import READINGS
from qi_equity.vocabulary import Answer, Question

DAYS_A_WEEK = 7.0
# A change of the odds by half: the design change of the gap chart.
FACTOR = 1.5
HORIZON = 52
# Why something cannot be planned, as a code.
NO_ODDS, NO_EVENT, NO_SPREAD = "no odds", "no event", "no spread"


@any_table
def plans(
    data: pd.DataFrame,
    *,
    stratum: str,
    subgroup: str,
    numerator: str | None = None,
    denominator: str | None = None,
    value: str | None = None,
    reference: object = EVERYONE_ELSE,
    by: str | Sequence[str] | None = None,
    direction: Literal["increase", "decrease"] | None = "decrease",
    target: float | None = None,
    to: dict[str, float] | None = None,
    horizon: int = HORIZON,
    kind: Literal["proportion", "rate"] = "proportion",
) -> pd.DataFrame:
    """How many weeks after a change until each stratum's rate, and its gap, can be judged.

    The data given are the baseline: counts out of a number, counts alone (``numerator`` without a
    denominator, Poisson) or readings (``value``, a mean). ``question`` is one of Question, and
    ``asks`` says which of two it is: "rate", a stratum beside its own past, or "gap", beside its
    reference. ``answer`` is one of Answer: so many weeks, met already, never with this baseline,
    or it cannot be planned, and then ``reason`` says why.

    ``weeks`` is for one look with 80 % power at 5 %; ``chart_weeks_from`` and ``chart_weeks_to``
    are for the gap chart, which looks every week. Rates are fractions.

    >>> weeks = pd.date_range("2025-01-06", periods=52, freq="W-MON")
    >>> log = pd.DataFrame({
    ...     "week": weeks.repeat(2), "ethnicity": ["Black", "White"] * 52,
    ...     "pph": [1, 5] * 52, "births": [10, 50] * 52,
    ... })
    >>> plans(log, numerator="pph", denominator="births", stratum="ethnicity", subgroup="week",
    ...       reference="White", to={"Black": 0.05}, target=0.12)[
    ...     ["question", "asks", "answer", "weeks"]]
                      question  asks answer  weeks
    0        gap moves by half   gap  never    inf
    1  gap when the aim is met   gap  weeks   45.0
    2                      aim  rate  weeks   34.0
    3                   target  rate    met    NaN
    """
    groups = [by] if isinstance(by, str) else list(by or [])
    weeks = _weeks(data[subgroup])
    if numerator is not None and denominator is not None:
        rates = gaps(
            data,
            numerator=numerator,
            denominator=denominator,
            stratum=stratum,
            reference=reference,
            by=groups,
            direction=direction or "decrease",
            kind=kind,
        )
        base = _of_rates(rates, data, groups, stratum, denominator, weeks, direction, kind)
    else:
        keys = [*groups, stratum]
        base = _of_levels(data, keys, subgroup, numerator, value, weeks, direction, reference)
    level, labels = base.level, base.labels
    aim = labels[stratum].map(to or {}).to_numpy(float)
    goal = np.full(len(level), np.nan if target is None else target)
    asked = [
        (Question.GAP_MOVES, base.gap, base.moved),
        (Question.GAP_AIM, base.gap, aim),
        (Question.RATE_AIM, base.own, aim),
        (Question.RATE_TARGET, base.own, goal),
    ]
    if base.gap is None and np.isnan(goal).all():
        asked.append((Question.RATE_MOVES, base.own, base.moved))
    tables = [
        _answered(base, question, shift_to(after), after, direction, weeks, horizon)
        for question, shift_to, after in asked
        if shift_to is not None and np.isfinite(after).any()
    ]
    if not tables:
        return pd.DataFrame(columns=[*groups, stratum, "question", "asks", "answer", "weeks"])
    return pd.concat(tables, ignore_index=True)


ShiftTo = Callable[[FloatArray], Shift]


@dataclass(frozen=True, slots=True, eq=False)
class _Base:
    """What the baseline knows of each stratum, and what a move of its level would tell."""

    labels: pd.DataFrame
    level: FloatArray
    moved: FloatArray  # the level after the change that a chart is designed for
    size: FloatArray  # births (exposure) a week; nan where nothing is counted out of
    own: ShiftTo
    gap: ShiftTo | None
    events: FloatArray  # a week
    reason: str  # why one that cannot be planned cannot


def _of_rates(
    rates: pd.DataFrame,
    data: pd.DataFrame,
    groups: list[str],
    stratum: str,
    denominator: str,
    weeks: float,
    direction: str | None,
    kind: str,
) -> _Base:
    # One that is compared with nobody, being alone, still has its own past to be held against.
    compared = rates["difference"].notna()
    wanted = compared if compared.any() else pd.Series(True, index=rates.index)
    found = rates[rates["rate"].notna() & wanted].reset_index(drop=True)
    size = found["denominator"].to_numpy() / weeks
    rate, apart = found["rate"].to_numpy(), found["difference"].to_numpy()
    other_size = _reference_size(found, data, groups, stratum, denominator) / weeks
    # For the better, on whichever side of the reference: nobody plans for a group to fall back to
    # it. Where nothing says which way that is, towards the reference.
    up = {"increase": True, "decrease": False}.get(direction or "", apart <= 0)
    step = np.where(up, np.log(FACTOR), -np.log(FACTOR))
    with np.errstate(all="ignore"):
        moved = expit(logit(rate) + step) if kind == "proportion" else rate * np.exp(step)
    return _Base(
        found[[*groups, stratum]],
        rate,
        moved,
        size,
        own=lambda after: stratum_shift(size, rate, after, kind),
        gap=(lambda after: gap_shift(size, rate, other_size, rate - apart, after, kind=kind))
        if compared.any()
        else None,
        events=size * rate,
        reason=NO_ODDS if kind == "proportion" else NO_EVENT,
    )


def _of_levels(
    data: pd.DataFrame,
    keys: list[str],
    subgroup: str,
    count: str | None,
    value: str | None,
    weeks: float,
    direction: str | None,
    reference: object,
) -> _Base:
    """Counts alone and readings: each stratum beside its own past; readings beside others too."""
    column = count or value
    if column is None:
        raise DataErrors(["name a numerator, or a value"], source="the call of plans()")
    check_columns(data, column, column, [*keys, subgroup])
    each = data.dropna(subset=[column]).groupby([*keys, subgroup])[column]
    series = (each.sum() if count else each.mean()).rename("_level")
    by_key = series.groupby(level=keys, sort=True)
    level, number = by_key.mean().to_numpy(float), by_key.size().to_numpy(float)
    labels = by_key.size().rename("_n").reset_index()[keys]
    a_week = number / weeks
    blank, way = np.full(len(level), np.nan), 1 if direction == "increase" else -1
    if count:
        return _Base(
            labels, level, level * FACTOR**way, blank,
            own=lambda after: stratum_shift(a_week, level, after, "rate"),
            gap=None, events=a_week * level, reason=NO_EVENT,
        )  # fmt: skip
    spread = np.array([spread_of(part.to_numpy(float)) for _, part in by_key])
    beside = _beside_others(data, keys, subgroup, column, reference)
    if beside is None:
        return _Base(
            labels, level, level + way * np.nan_to_num(spread), blank,
            own=lambda after: mean_shift(a_week, spread, level, after),
            gap=None, events=blank, reason=NO_SPREAD,
        )  # fmt: skip
    told = beside.reindex(pd.MultiIndex.from_frame(labels)).to_numpy(float).T
    apart, apart_spread, apart_a_week = told[0], told[1], told[2] / weeks
    return _Base(
        labels, level, level - apart / 2, blank,
        own=lambda after: mean_shift(a_week, spread, level, after),
        gap=lambda after: mean_shift(apart_a_week, apart_spread, apart, apart + after - level),
        events=blank, reason=NO_SPREAD,
    )  # fmt: skip


def _beside_others(
    data: pd.DataFrame, keys: list[str], subgroup: str, value: str, reference: object
) -> pd.DataFrame | None:
    """How far each stratum lies from the reference, how that varies and how often it is known.

    None where the reference has no readings.
    """
    *groups, stratum = keys
    found: dict[tuple[Any, ...], tuple[float, float, float]] = {}
    for key, rows in data.groupby(groups) if groups else [((), data)]:
        wide, number = (
            rows.pivot_table(index=stratum, columns=subgroup, values=name, dropna=False)
            if name in rows
            else None
            for name in (value, READINGS)
        )
        if wide is None or (reference != EVERYONE_ELSE and reference not in wide.index):
            continue
        levels = wide.to_numpy(float)
        known = (
            np.full_like(levels, np.nan)
            if number is None
            else (number.reindex_like(wide).to_numpy(float))
        )
        all_ = means(levels, known, np.full_like(levels, np.nan))
        if reference == EVERYONE_ELSE:
            apart = levels - everyone_else(all_).mean
        else:
            apart = levels - levels[wide.index.get_loc(reference)]
            apart[wide.index == reference] = np.nan
        for place, name in enumerate(wide.index):
            seen = apart[place][np.isfinite(apart[place])]
            middle = float(seen.mean()) if seen.size else np.nan
            found[(*key, name)] = middle, float(spread_of(seen)), float(seen.size)
    if not found:
        return None
    index = pd.MultiIndex.from_tuples(list(found), names=keys)
    return pd.DataFrame(list(found.values()), index=index, columns=["apart", "spread", "number"])


def _answered(
    base: _Base,
    question: Question,
    shift: Shift,
    after: FloatArray,
    direction: str | None,
    weeks: float,
    horizon: int,
) -> pd.DataFrame:
    found = plan(shift, weeks, horizon)
    wanted = question in (Question.RATE_AIM, Question.GAP_AIM, Question.RATE_TARGET)
    answer = answers(found.weeks, base.level, after if wanted else np.nan, direction)
    met = answer == Answer.MET
    planned = {
        "weeks": found.weeks,
        "chart_weeks_from": found.chart_weeks[0],
        "chart_weeks_to": found.chart_weeks[1],
        "baseline_needed": found.baseline_needed,
        "sites_needed": found.sites_needed,
        "process_weeks": found.process_weeks,
    }
    table = base.labels.assign(
        question=str(question),
        asks="gap" if question in (Question.GAP_AIM, Question.GAP_MOVES) else "rate",
        answer=answer,
        reason=np.where(answer == Answer.CANNOT, base.reason, ""),
        births_a_week=base.size,
        rate=base.level,
        rate_after=after,
        baseline_weeks=weeks,
        **{name: np.where(met, np.nan, part) for name, part in planned.items()},
        smallest_factor=found.smallest_factor,
        weeks_a_point=subgroup_weeks(base.events),
    )
    return table[np.isfinite(after)]


def _reference_size(
    found: pd.DataFrame, data: pd.DataFrame, groups: list[str], stratum: str, denominator: str
) -> np.ndarray:
    """The denominator of each row's reference: a stratum's own where named, else the others'."""
    own = data.groupby([*groups, stratum])[[denominator]].sum().reset_index()
    named = found[[*groups, "reference"]].merge(
        own.rename(columns={stratum: "reference", denominator: "named"}),
        on=[*groups, "reference"],
        how="left",
    )["named"]
    if groups:
        totals = own.groupby(groups)[[denominator]].sum().reset_index()
        total = found[groups].merge(totals, on=groups, how="left")[denominator]
    else:
        total = pd.Series(own[denominator].sum(), index=found.index)
    return named.fillna(total - found["denominator"]).to_numpy(float)


def _weeks(subgroups: pd.Series) -> float:
    """Weeks that the subgroups span; numbered subgroups count as weeks."""
    distinct = np.unique(subgroups.dropna())
    if len(distinct) < 2 or not pd.api.types.is_datetime64_any_dtype(subgroups):
        return float(len(distinct))
    days = np.diff(distinct).astype("timedelta64[D]").astype(float)
    return float(np.round(len(distinct) * np.median(days) / DAYS_A_WEEK))
