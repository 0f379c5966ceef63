"""How long until the counts of a team can give an answer, worked out before the team starts.

A question is a `Shift`: how far the log odds (log rate, mean) would move, and how much one week
tells about it. Everything is an array; `inf` weeks means never with this baseline, and `answers`
says so in a code. No labels, no sentences.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from qi_equity.arrays import FloatArray
from qi_equity.equity.display import ENOUGH_PER_POINT, LADDER
from qi_equity.vocabulary import Answer

# As trials are planned: four in five of what is there found, one false in twenty (Cohen 1988).
POWER, LEVEL = 0.8, 0.05
# The gap chart (a CUSUM that may look every week) took this many times the weeks of one planned
# look, in four of five runs, from 200-path simulations of six cells (statistics notes, 7C).
CHART_TAKES = (1.2, 2.0)


@dataclass(frozen=True, slots=True, eq=False)
class Shift:
    """A change (of log odds, unless said) to be told apart from none, and what a week tells."""

    distance: FloatArray
    information: FloatArray  # per week, the mean of before and after
    most_information: (
        FloatArray  # per week, from a measure that half of the same people have; or nan
    )


def gap_shift(
    size: ArrayLike,
    rate: ArrayLike,
    reference_size: ArrayLike,
    reference_rate: ArrayLike,
    rate_after: ArrayLike,
    reference_rate_after: ArrayLike | None = None,
    kind: str = "proportion",
) -> Shift:
    """A stratum's gap to its reference moving: people (or exposure) a week, rates before and after.

    >>> closing = gap_shift(10, 0.16, 50, 0.1, rate_after=0.1)
    >>> closing.distance.round(3), closing.information.round(3)
    (np.float64(-0.539), np.float64(0.892))
    """
    later = reference_rate if reference_rate_after is None else reference_rate_after
    place, about = SCALES[kind]
    before = place(rate) - place(reference_rate)
    after = place(rate_after) - place(later)
    told = _both(about(size, rate), about(reference_size, reference_rate))
    told_after = _both(about(size, rate_after), about(reference_size, later))
    best = _both(_most(size, kind), _most(reference_size, kind))
    return Shift(after - before, (told + told_after) / 2, best)


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
        (_both(_about(n, p), _about(n0, p0)) + _both(_about(n, same), _about(n0, same))) / 2,
        _both(_most(n), _most(n0)),
    )


def stratum_shift(
    size: ArrayLike, rate: ArrayLike, rate_after: ArrayLike, kind: str = "proportion"
) -> Shift:
    """One stratum moving from its rate to another, such as the aim, held against its own past.

    A Poisson count is a rate over as many exposures as there are counts a week.

    >>> weeks_after(stratum_shift(1, 4.0, 2.0, kind="rate"), 26)
    np.float64(7.0)
    """
    place, about = SCALES[kind]
    told = (about(size, rate) + about(size, rate_after)) / 2
    return Shift(place(rate_after) - place(rate), told, _most(size, kind))


def mean_shift(
    readings: ArrayLike, spread: ArrayLike, mean: ArrayLike, mean_after: ArrayLike
) -> Shift:
    """The mean of a continuous measure moving, in its own unit: readings a week and their spread.

    The spread is taken as known: with fewer than about 12 readings the wait is too short by a week
    or two (Student's curve).

    >>> weeks_after(mean_shift(1, 20.0, 90.0, 75.0), 26)
    np.float64(31.0)
    """
    n, one, then, now = (np.asarray(part, float) for part in (readings, spread, mean, mean_after))
    with np.errstate(all="ignore"):
        told = np.where(one > 0, n / one**2, np.nan)
    return Shift(now - then, told, np.full(np.shape(told), np.nan))


def spread_of(values: ArrayLike) -> FloatArray:
    """Standard deviation of readings about a level that may move: from neighbours, time last.

    The mean square successive difference (von Neumann 1941, Ann Math Stat 12:367).

    >>> spread_of([10.0, 12, 10, 12, np.nan, 30, 32]).round(2)
    np.float64(1.41)
    """
    steps = np.diff(np.asarray(values, dtype=float), axis=-1)
    seen = np.isfinite(steps)
    with np.errstate(all="ignore"):
        square = np.sum(np.where(seen, steps, 0.0) ** 2, axis=-1) / seen.sum(axis=-1)
        return np.asarray(np.sqrt(square / 2))[()]


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


def weeks_to_see(shift: Shift, power: float = POWER, level: float = LEVEL) -> FloatArray:
    """Weeks of counts until something that is there already is told from nothing.

    >>> weeks_to_see(gap_itself(17, 0.12, 68, 0.05))
    np.float64(9.0)
    """
    return _up(_wanted(power, level), _told(shift))


def answers(
    weeks: ArrayLike, level: ArrayLike, wanted: ArrayLike, better: str | None
) -> NDArray[np.str_]:
    """What is to be said of each wait: so many weeks, met already, never, or it cannot be planned.

    A level at or beyond the wanted one, on the side that is better ("increase", "decrease"), is
    met: no wait is worked out for a step back.

    >>> answers([9, 5, np.inf, np.nan], [0.1, 0.04, 0.1, 0.0], 0.05, "decrease").tolist()
    ['weeks', 'met', 'never', 'met']
    """
    wait, now, then = np.broadcast_arrays(*(np.asarray(a, float) for a in (weeks, level, wanted)))
    met = {"decrease": now <= then, "increase": now >= then}.get(better or "", now == then)
    said = np.where(np.isnan(wait), Answer.CANNOT, np.where(np.isinf(wait), Answer.NEVER, "weeks"))
    return np.where(met, Answer.MET, said)


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


def _about_log(size: ArrayLike, rate: ArrayLike) -> FloatArray:
    return np.asarray(np.asarray(size, dtype=float) * np.asarray(rate, dtype=float))


def _most(size: ArrayLike, kind: str = "proportion") -> FloatArray:
    """What a measure that half of the people have would tell; an exposure has no half of people."""
    n = np.asarray(size, dtype=float)
    return n / 4 if kind == "proportion" else np.full(n.shape, np.nan)


def _both(own: FloatArray, other: FloatArray) -> FloatArray:
    """What two groups tell of the gap between them: the harmonic sum."""
    with np.errstate(all="ignore"):
        return np.asarray(
            np.where((own > 0) & (other > 0), own * other / (own + other), own * other)
        )


def _log_odds(rate: ArrayLike) -> FloatArray:
    p = np.asarray(rate, dtype=float)
    # A rate of 0 or 1 has no odds to move, and there is nothing to plan with.
    return np.asarray(special.logit(np.where((p > 0) & (p < 1), p, np.nan)))


def _log(rate: ArrayLike) -> FloatArray:
    r = np.asarray(rate, dtype=float)
    return np.asarray(np.log(np.where(r > 0, r, np.nan)))


Placed = Callable[[ArrayLike], FloatArray]
Told = Callable[[ArrayLike, ArrayLike], FloatArray]
# Where a kind of rate is additive, and what one week tells of it there.
SCALES: dict[str, tuple[Placed, Told]] = {
    "proportion": (_log_odds, _about),
    "rate": (_log, _about_log),
}


def _up(wanted: ArrayLike, told: FloatArray) -> FloatArray:
    """Whole weeks (or sites); never where nothing is told, unknown where a rate is."""
    with np.errstate(all="ignore"):
        return _weeks(np.asarray(wanted, dtype=float) / told, possible=told > 0, known=told)


def _weeks(weeks: FloatArray, *, possible: ArrayLike, known: FloatArray) -> FloatArray:
    never = np.where(np.isnan(known), np.nan, np.inf)
    return np.asarray(np.where(possible, np.ceil(weeks), never))[()]
