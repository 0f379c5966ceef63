"""Evidence that adds up look by look: Bayes factors for a change at a time unknown.

What the data are lives with those who ask (spc, equity): they bring the likelihood of every
period under every state of what is not known, and get evidence that may be read at any number
of looks. Time is the last axis but one, states are the last, series come first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qi_equity.arrays import BoolArray, FloatArray, IntArray

# A baseline is set because something begins after it: a quarter on its first period, and one
# change a year afterwards, are what is expected before looking.
AT_ONCE, CHANGES_A_YEAR = 0.25, 1.0
SIDES = (1, -1)  # rising, falling
# Below this a series says next to nothing, and its limit comes no nearer.
LEAST_INFORMATION = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Hypotheses:
    """Log likelihood of every (series, period, state): no change, and after a change either way.

    `before` is what the baseline leaves open, the log weight of every state; `watched` are the
    periods after it that can say something, and `information` is what each of them can say of a
    change of one on the scale of the level (the inverse of its variance).
    """

    none: FloatArray
    rising: FloatArray
    falling: FloatArray
    before: FloatArray  # (series, states)
    watched: BoolArray  # (series, periods)


def evidence(told: Hypotheses, periods_a_year: ArrayLike) -> FloatArray:
    """Log odds of a change so far against none: (side, series, periods); nan before watching.

    Shiryaev's recursion, averaged over states: a change may begin in any period, and what comes
    later alters nothing of what was said before.

    >>> flat = np.zeros((1, 3, 1))
    >>> up = np.log(np.full((1, 3, 1), 2.0))
    >>> told = Hypotheses(flat, up, -up, np.zeros((1, 1)), np.ones((1, 3), bool))
    >>> np.exp(evidence(told, 52)[:, 0, :2]).round(3)  # 2 (1/4 + 1/52); twice that and 2/52
    array([[0.538, 1.115],
           [0.135, 0.077]])
    """
    series, periods, states = told.none.shape
    odds = np.full((2, series, periods), np.nan)
    watching = np.flatnonzero(told.watched.any(axis=0))
    if not watching.size:
        return odds
    later = slice(int(watching[0]), periods)
    watched = told.watched[:, later].T[..., np.newaxis]  # (period, series, 1)
    begins = _begins(told.watched, periods_a_year)[:, later].T[..., np.newaxis]
    each = [np.swapaxes(one[:, later], 0, 1) for one in (told.none, told.rising, told.falling)]
    likely = np.stack(each, axis=1)  # (period, hypothesis, series, state)
    likely -= likely.max(axis=(1, 3), keepdims=True)
    # A period that is not watched says nothing, of whichever series.
    np.exp(likely, out=likely)
    np.copyto(likely, 1.0, where=~watched[:, np.newaxis])
    none = np.exp(told.before - told.before.max(axis=-1, keepdims=True, initial=-np.inf))
    none = none / none.sum(axis=-1, keepdims=True)
    changed = np.zeros((2, series, states))
    weight = np.empty((len(likely), 2, series))
    for at, (same, *moved) in enumerate(likely):
        changed += begins[at] * none
        changed *= moved
        none *= same
        total = np.where(watched[at], none.sum(axis=-1, keepdims=True), 1.0)
        none /= total
        changed /= total
        changed.sum(axis=-1, out=weight[at])
    with np.errstate(divide="ignore"):
        odds[..., later] = np.where(watched[..., 0].T, np.log(np.moveaxis(weight, 0, -1)), np.nan)
    return odds


def _begins(watched: BoolArray, periods_a_year: ArrayLike) -> FloatArray:
    """Weight of a change that begins in a period; none where it would not be noticed."""
    first = watched & (np.cumsum(watched, axis=-1) == 1)
    weekly = CHANGES_A_YEAR / np.asarray(periods_a_year, dtype=np.float64)[..., None]
    return np.asarray(watched * weekly + AT_ONCE * first)


def began(told: Hypotheses, row: int, side: int, until: int) -> int:
    """The first period of a change that is likeliest to have led to the periods up to `until`."""
    changed = told.rising if side > 0 else told.falling
    stretch = slice(0, until + 1)
    use = told.watched[row, stretch, None]
    none = np.cumsum(np.where(use, told.none[row, stretch], 0.0), axis=0)
    later = np.cumsum(np.where(use, changed[row, stretch], 0.0), axis=0)
    start = np.zeros((1, none.shape[-1]))
    path = told.before[row] + np.concatenate([start, none[:-1]]) + later[-1]
    path = path - np.concatenate([start, later[:-1]])
    likely = np.where(use[:, 0], np.logaddexp.reduce(path, axis=-1), -np.inf)
    return int(np.argmax(likely))


def limit(alarms: ArrayLike, information: ArrayLike) -> FloatArray:
    """Log odds beyond which a change is established: a chance `alarms` a year, both sides.

    `information` is that of a year and its baseline, times the square of the change looked for,
    over four: how far apart the two halves could be. A series that can say little seldom has
    high odds by chance, so its limit is nearer. Fitted to simulated years
    (docs/decisions/established.md); never beyond the limit that is proved (Ville's inequality).

    >>> np.exp(limit([0.05, 0.05, 0.001], [1.0, 4.0, 4.0])).round(1)
    array([  4.8,  11.8, 120.9])
    """
    share = np.asarray(alarms, dtype=np.float64)
    keen = np.log(1 / share)
    proved = np.log((AT_ONCE + CHANGES_A_YEAR) * len(SIDES) / share)
    far = np.log(np.maximum(information, LEAST_INFORMATION))
    return np.asarray(np.minimum(proved, 0.50 + 0.36 * keen + (0.13 + 0.17 * keen) * far))


def limits(
    told: Hypotheses, information: FloatArray, alarms: ArrayLike, periods_a_year: ArrayLike
) -> FloatArray:
    """The limit of every (series, period) from what was known by then; nan before watching.

    `information` is that of the baseline's periods and of those watched, times the square of the
    change over four. A first year like the baseline is taken for granted, so that the limit is
    level in it; a series that grows faster, or is watched for longer, moves it out.
    """
    known = np.where(told.watched, 0.0, information)
    early = known.sum(axis=-1, keepdims=True)
    periods = np.maximum((known > 0).sum(axis=-1, keepdims=True), 1)
    seen = np.cumsum(np.where(told.watched, information, 0.0), axis=-1)
    year = np.asarray(periods_a_year, dtype=np.float64)[..., None]
    expected = early * (1 + year / periods)
    share = np.broadcast_to(np.asarray(alarms, dtype=np.float64)[..., None], seen.shape)
    lines = limit(share, np.maximum(expected, early + seen))
    # After a year what is expected before looking goes on rising, and with it the odds of a series
    # that says nothing: the limit rises alike.
    number = np.cumsum(told.watched, axis=-1)
    expected_changes = AT_ONCE + CHANGES_A_YEAR * np.maximum(number / year, 1.0)
    lines = lines + np.log(expected_changes / (AT_ONCE + CHANGES_A_YEAR))
    return np.where(number > 0, lines, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Evidence either way and its limit, and what they established; nan where not watched.

    Evidence is the log odds of a change so far against none, and 0 where these are below evens.
    """

    rising: FloatArray
    falling: FloatArray
    limit: FloatArray
    side: IntArray  # 1 rising and beyond the limit, -1 falling and beyond it, 0 neither
    first: IntArray  # period from which a change is established, -1 if none
    change: IntArray  # period in which it began as far as can be told, -1 if none


def lines(
    told: Hypotheses, information: FloatArray, alarms: ArrayLike, periods_a_year: ArrayLike
) -> Lines:
    """Watch every series; a period that says nothing keeps the lines where they were."""
    odds = evidence(told, periods_a_year)
    line = limits(told, information, alarms, periods_a_year)
    rising, falling = carried(np.where(np.isnan(odds), np.nan, np.maximum(odds, 0.0)))
    beyond = np.maximum(np.nan_to_num(rising), np.nan_to_num(falling)) > np.nan_to_num(
        line, nan=np.inf
    )
    # Should both stand beyond the limit at once, the stronger gives the direction.
    side = np.where(beyond, np.where(rising >= falling, 1, -1), 0)
    first = np.where(beyond.any(axis=-1), beyond.argmax(axis=-1), -1)
    change = [
        began(told, row, int(side[row, until]), int(until)) if until >= 0 else -1
        for row, until in enumerate(first)
    ]
    return Lines(rising, falling, line, side, first, np.array(change, dtype=np.int64))


def carried(values: FloatArray) -> FloatArray:
    """The last known value stands through what is missing after it.

    >>> carried(np.array([np.nan, 1.0, np.nan]))
    array([nan,  1.,  1.])
    """
    place = np.where(np.isnan(values), 0, np.arange(values.shape[-1]))
    return np.take_along_axis(values, np.maximum.accumulate(place, axis=-1), axis=-1)
