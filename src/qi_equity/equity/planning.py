"""How long until the counts of a team can give an answer, worked out before the team starts.

A question is a `Shift`: how far the log odds would move, and how much one week of counts tells
about it. Everything is an array; `inf` weeks means never with this baseline. No labels, no words.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from qi_equity.arrays import FloatArray
from qi_equity.equity.display import ENOUGH_PER_POINT, LADDER

POWER, LEVEL = 0.8, 0.05
# The gap chart (a CUSUM that may look every week) took this many times the weeks of one planned
# look, in four of five runs, from 200-path simulations of six cells (statistics notes, 7C).
CHART_TAKES = (1.2, 2.0)


@dataclass(frozen=True, slots=True, eq=False)
class Shift:
    """A change of log odds to be told apart from none, and what a week of counts tells of it."""

    distance: FloatArray
    information: FloatArray  # per week, the mean of before and after
    most_information: FloatArray  # per week, from a measure that half of the same people have


def gap_shift(
    size: ArrayLike,
    rate: ArrayLike,
    reference_size: ArrayLike,
    reference_rate: ArrayLike,
    rate_after: ArrayLike,
    reference_rate_after: ArrayLike | None = None,
) -> Shift:
    """A stratum's gap to its reference moving: people a week, rates before and after.

    >>> closing = gap_shift(10, 0.16, 50, 0.1, rate_after=0.1)
    >>> closing.distance.round(3), closing.information.round(3)
    (np.float64(-0.539), np.float64(0.892))
    """
    later = reference_rate if reference_rate_after is None else reference_rate_after
    before = _log_odds(rate) - _log_odds(reference_rate)
    after = _log_odds(rate_after) - _log_odds(later)
    return Shift(
        after - before,
        (
            _about_gap(size, rate, reference_size, reference_rate)
            + _about_gap(size, rate_after, reference_size, later)
        )
        / 2,
        _about_gap(size, 0.5, reference_size, 0.5),
    )


def gap_itself(
    size: ArrayLike, rate: ArrayLike, reference_size: ArrayLike, reference_rate: ArrayLike
) -> Shift:
    """A gap that is there, told from no gap: nothing has to move, only counts to come in."""
    n, n0, p, p0 = (
        np.asarray(part, dtype=float) for part in (size, reference_size, rate, reference_rate)
    )
    with np.errstate(all="ignore"):
        same = (n * p + n0 * p0) / (n + n0)
    return Shift(
        _log_odds(rate) - _log_odds(reference_rate),
        (_about_gap(n, p, n0, p0) + _about_gap(n, same, n0, same)) / 2,
        _about_gap(n, 0.5, n0, 0.5),
    )


def stratum_shift(size: ArrayLike, rate: ArrayLike, rate_after: ArrayLike) -> Shift:
    """One stratum moving from its rate to another, such as the aim, held against its own past."""
    return Shift(
        _log_odds(rate_after) - _log_odds(rate),
        (_about(size, rate) + _about(size, rate_after)) / 2,
        _about(size, 0.5),
    )


# ------------------------------------------------------------------ weeks


def weeks_after(
    shift: Shift, baseline_weeks: ArrayLike, power: float = POWER, level: float = LEVEL
) -> FloatArray:
    """Weeks after the change until one planned look sees it; `inf` where the baseline is too short.

    The baseline is only so sure of itself: with too little of it no wait afterwards is enough.

    >>> weeks_after(gap_shift(20, 0.1, 50, 0.1, rate_after=[0.15, 0.2]), 52)
    array([49.,  9.])
    >>> weeks_after(gap_shift(10, 0.03, 50, 0.03, rate_after=0.045), 104)
    np.float64(inf)
    """
    with np.errstate(all="ignore"):
        left = _told(shift) / _wanted(power, level) - 1 / np.asarray(baseline_weeks, dtype=float)
        return _weeks(1 / left, possible=left > 0, known=left)


def weeks_each_side(shift: Shift, power: float = POWER, level: float = LEVEL) -> FloatArray:
    """Weeks after the change, when the baseline is as long as what comes after it."""
    return _up(2 * _wanted(power, level), _told(shift))


def weeks_to_see(shift: Shift, power: float = POWER, level: float = LEVEL) -> FloatArray:
    """Weeks of counts until something that is there already is told from nothing.

    >>> weeks_to_see(gap_itself(17, 0.12, 68, 0.05))
    np.float64(9.0)
    """
    return _up(_wanted(power, level), _told(shift))


# ------------------------------------------------------------------ what would be seen


def smallest_factor(information_before: ArrayLike, information_after: ArrayLike) -> FloatArray:
    """Smallest change of the odds (or of a small rate) that four looks in five would see.

    >>> smallest_factor(52 * 0.5, 52 * 0.5).round(2)
    np.float64(2.17)
    """
    one, two = (np.asarray(part, dtype=float) for part in (information_before, information_after))
    with np.errstate(all="ignore"):
        known = one * two / (one + two)
        factor = np.exp(np.sqrt(_wanted(POWER, LEVEL) / known))
    return np.asarray(np.where(known > 0, factor, np.where(np.isnan(one + two), np.nan, np.inf)))[
        ()
    ]


def trend_power(shift: Shift, weeks: ArrayLike, level: float = LEVEL) -> FloatArray:
    """Chance that the trend test of the gap sees a step half-way through `weeks`.

    Periods are shuffled whole, so the step itself makes them look a little more scattered: what
    the test must reach grows with the square of the step in one week.

    >>> trend_power(gap_shift(20, 0.16, 50, 0.1, rate_after=0.1), 104).round(2)
    np.float64(0.8)
    """
    told = _told(shift)
    reach = -special.ndtri(level / 2) * np.sqrt(1 + told / 4)
    return np.asarray(
        special.ndtr(np.sqrt(0.75 * told * np.asarray(weeks, dtype=float) / 4) - reach)
    )[()]


# ------------------------------------------------------------------ what would help


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """When an answer can come, and what would bring it sooner; `inf` weeks means never."""

    weeks: FloatArray
    chart_weeks: tuple[FloatArray, FloatArray]  # the gap chart, which looks every week
    baseline_needed: FloatArray  # weeks of baseline below which no answer ever comes
    sites_needed: FloatArray  # sites like this one, together, for an answer within the horizon
    process_weeks: FloatArray  # as `weeks`, for a process measure that half of the people have
    power: FloatArray  # of the trend test over baseline and horizon together
    smallest_factor: FloatArray  # of baseline against horizon


def plan(shift: Shift, baseline_weeks: ArrayLike, horizon: ArrayLike = 52) -> Plan:
    """Everything a team should know before it starts, for each shift at once.

    >>> small = plan(gap_shift(10, 0.03, 50, 0.03, rate_after=0.045), 52)
    >>> small.weeks, small.baseline_needed, small.sites_needed
    (np.float64(inf), np.float64(155.0), np.float64(6.0))
    """
    before, after = (np.asarray(part, dtype=float) for part in (baseline_weeks, horizon))
    told = _told(shift)
    weeks = weeks_after(shift, before)
    best = Shift(shift.distance, shift.most_information, shift.most_information)
    with np.errstate(all="ignore"):
        return Plan(
            weeks=weeks,
            chart_weeks=(np.ceil(weeks * CHART_TAKES[0]), np.ceil(weeks * CHART_TAKES[1])),
            # One week more than the baseline at which the wait afterwards becomes endless.
            baseline_needed=np.floor(_wanted(POWER, LEVEL) / told) + 1,
            sites_needed=_up(_wanted(POWER, LEVEL) * (1 / before + 1 / after), told),
            process_weeks=weeks_after(best, before),
            power=trend_power(shift, before + after),
            smallest_factor=smallest_factor(before * shift.information, after * shift.information),
        )


def subgroup_weeks(events_a_week: ArrayLike) -> FloatArray:
    """Shortest rung of the display ladder with events enough to a point; `inf` where none has.

    >>> subgroup_weeks([3, 0.6, 0.01])
    array([ 1.,  4., inf])
    """
    expected = np.asarray(events_a_week, dtype=float)[..., None] * np.array(LADDER)
    reached = expected >= ENOUGH_PER_POINT
    rung = np.array(LADDER, dtype=float)[np.argmax(reached, axis=-1)]
    return np.asarray(np.where(reached.any(axis=-1), rung, np.inf))


# ------------------------------------------------------------------ what they share


def _wanted(power: float, level: float) -> float:
    """Squared distance, in standard errors, that gives this power: 7.85 for 80 % at 5 %."""
    return float((special.ndtri(power) - special.ndtri(level / 2)) ** 2)


def _told(shift: Shift) -> FloatArray:
    return np.asarray(shift.information * shift.distance**2)


def _about(size: ArrayLike, rate: ArrayLike) -> FloatArray:
    p = np.asarray(rate, dtype=float)
    return np.asarray(np.asarray(size, dtype=float) * p * (1 - p))


def _about_gap(n: ArrayLike, p: ArrayLike, n0: ArrayLike, p0: ArrayLike) -> FloatArray:
    own, other = _about(n, p), _about(n0, p0)
    with np.errstate(all="ignore"):
        return np.asarray(
            np.where((own > 0) & (other > 0), own * other / (own + other), own * other)
        )


def _log_odds(rate: ArrayLike) -> FloatArray:
    p = np.asarray(rate, dtype=float)
    # A rate of 0 or 1 has no odds to move, and there is nothing to plan with.
    return np.asarray(special.logit(np.where((p > 0) & (p < 1), p, np.nan)))


def _up(wanted: ArrayLike, told: FloatArray) -> FloatArray:
    """Whole weeks (or sites); never where nothing is told, unknown where a rate is."""
    with np.errstate(all="ignore"):
        return _weeks(np.asarray(wanted, dtype=float) / told, possible=told > 0, known=told)


def _weeks(weeks: FloatArray, *, possible: ArrayLike, known: FloatArray) -> FloatArray:
    never = np.where(np.isnan(known), np.nan, np.inf)
    return np.asarray(np.where(possible, np.ceil(weeks), never))[()]
