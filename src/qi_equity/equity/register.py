"""Many gaps at once: exact evidence, whose gap is whose echo, change, and what is needed to know.

Groups are the last axis, places the one before; what is before those comes along. No labels: what
is counted week by week, and watched, has modules of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.chance import HIGHLIGHT, q_values
from qi_equity.equity.contrast import Pooled, contrast, pooled
from qi_equity.equity.intervals import Interval
from qi_equity.equity.planning import LEVEL, POWER
from qi_equity.equity.scores import difference_score, two_sided

# The tail of a distribution is added up until what is left is this share of it.
LEFT_OVER = 1e-13
MOST_TERMS = 20_000
# So many groups of one place can be found to differ, each left out of the others' reference.
MOST_MOVERS = 3
# Exposure is cut this fine, so that a rate is as good as a proportion of very many.
FINE = 1_000.0
# A count rounded to the nearest five lies anywhere within 2.5 of the truth: the variance of a
# uniform spread five wide (Sheppard 1898).
ROUNDED_TO_FIVE = 25 / 12


def exact_p(
    numerator: ArrayLike,
    denominator: ArrayLike,
    reference_numerator: ArrayLike,
    reference_denominator: ArrayLike,
    *,
    rate: bool = False,
    half: bool = True,
) -> FloatArray:
    """Two-sided p-value of no gap given all events, twice the smaller tail.

    Fisher's exact test (1935); of a `rate`, the binomial one (Przyborowski & Wilenski 1940).
    `half` counts what was seen by half (Lancaster 1961): of many small counts the plain one finds
    too little. Where nothing happened, or to everybody, there is nothing to compare: nan.

    >>> exact_p([9, 5], [90, 90], [14, 14], [280, 280]).round(4)
    array([0.1065, 0.8129])
    """
    given = (numerator, denominator, reference_numerator, reference_denominator)
    x, n, y, m = np.broadcast_arrays(*(np.asarray(part, dtype=float) for part in given))
    seen = np.isfinite(x + y) & (n > 0) & (m > 0) & (x + y > 0)
    seen &= np.ones_like(seen) if rate else x + y < n + m
    p_value = np.full(x.shape, np.nan)
    if seen.any():
        sides = tuple(np.round(part[seen]) for part in (x, y))
        sizes = tuple(part[seen] if rate else np.round(part[seen]) for part in (n, m))
        p_value[seen] = _both_tails(*sides, *sizes, rate=rate, half=half)
    return p_value


def _both_tails(
    x: FloatArray, y: FloatArray, n: FloatArray, m: FloatArray, *, rate: bool, half: bool
) -> FloatArray:
    """Twice the tail on the side that was seen, at most one."""
    total = x + y
    here = np.exp(_log_binomial(x, total, n, m) if rate else _log_hypergeometric(x, y, n, m))
    high = x * m >= y * n  # more than its share: the tail above
    # Seen from below, events of a group are events of the other: one way of adding up is enough.
    k, rest = np.where(high, x, y), np.where(high, y, x)
    own, other = np.where(high, n, m), np.where(high, m, n)
    tail, term = here * (0.5 if half else 1.0), here.copy()
    left = np.flatnonzero((rest > 0) & (here > 0))
    for _ in range(MOST_TERMS):
        if not left.size:
            break
        if rate:
            ratio = rest[left] / (k[left] + 1) * own[left] / other[left]
        else:
            ratio = (own[left] - k[left]) * rest[left]
            ratio /= (k[left] + 1) * (other[left] - rest[left] + 1)
        term[left] *= ratio
        tail[left] += term[left]
        k[left] += 1
        rest[left] -= 1
        left = left[(rest[left] > 0) & (term[left] > LEFT_OVER * tail[left])]
    return np.asarray(np.minimum(2 * tail, 1.0))


def _log_choose(n: FloatArray, k: FloatArray) -> FloatArray:
    return np.asarray(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))


def _log_hypergeometric(x: FloatArray, y: FloatArray, n: FloatArray, m: FloatArray) -> FloatArray:
    return _log_choose(n, x) + _log_choose(m, y) - _log_choose(n + m, x + y)


def _log_binomial(x: FloatArray, total: FloatArray, n: FloatArray, m: FloatArray) -> FloatArray:
    share = n / (n + m)
    return np.asarray(
        _log_choose(total, x) + special.xlogy(x, share) + special.xlogy(total - x, 1 - share)
    )


# ------------------------------------------------------------------ counts that were rounded


def blunted(
    p_value: ArrayLike,
    numerator: ArrayLike,
    denominator: ArrayLike,
    reference_numerator: ArrayLike,
    reference_denominator: ArrayLike,
    rounded: ArrayLike,
    many: ArrayLike = 1,
    own: ArrayLike = 1,
    *,
    rate: bool = False,
) -> tuple[FloatArray, FloatArray]:
    """The p-value with what rounding may have added, and how much wider intervals are for it.

    `rounded` says which counts were rounded to five; the reference is made of `many` of those, and
    the group's own count of `own`.

    >>> p, wider = blunted([0.01], [20], [400], [50], [2000], [True], many=4)
    >>> p.round(3), wider.round(2)
    (array([0.018]), array([1.09]))
    """
    x, n, y, m = (
        np.asarray(part, dtype=float)
        for part in (numerator, denominator, reference_numerator, reference_denominator)
    )
    with np.errstate(all="ignore"):
        same = (x + y) / (n + m)
        chance = same * (1.0 if rate else np.abs(1 - same)) * (1 / n + 1 / m)
        # A numerator moves the rate by itself, a denominator by the rate.
        one, other = 1 + (x / n) ** 2, 1 + (y / m) ** 2
        added = ROUNDED_TO_FIVE * (np.asarray(own) * one / n**2 + np.asarray(many) * other / m**2)
        wider = np.where(rounded, np.sqrt(1 + added / chance), 1.0)
        z = special.ndtri(np.maximum(np.asarray(p_value, dtype=float), 1e-300) / 2) / wider
        return np.where(np.isfinite(p_value), 2 * special.ndtr(z), np.nan), wider


def widened(interval: Interval, wider: ArrayLike) -> Interval:
    """An interval whose ends are so many times as far out; the estimate stays."""
    middle = interval.estimate
    return Interval(
        middle,
        middle - (middle - interval.lower) * np.asarray(wider),
        middle + (interval.upper - middle) * np.asarray(wider),
    )


# ------------------------------------------------------------------ a family of gaps


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Counts by anything, place and group (the last two axes), and whom groups are held against.

    `against` is a group's place on the last axis; None is everyone else. What is worked out of
    them has one place more, the last: all places together, each compared within itself, so that a
    group that gives birth where everybody fares worse is not taken for one that is treated worse.
    """

    numerator: FloatArray
    denominator: FloatArray
    rounded: BoolArray  # by anything and place: counts to the nearest five
    against: int | None = None
    rate: bool = False  # counts over an exposure, and not among people
    # The least and the most that each numerator can be, where small ones are shown as another
    # number: that is no noise which evens out. None: each is what it is shown as.
    least: FloatArray | None = None
    most: FloatArray | None = None

    @property
    def corners(self) -> tuple[tuple[FloatArray, FloatArray], ...]:
        """Own numerators and the others': as shown, or as near and as far apart as they can be."""
        if self.least is None or self.most is None:
            return ((self.numerator, self.numerator),)
        return (self.least, self.most), (self.most, self.least)

    def reference(
        self, left_out: BoolArray | None = None, others: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """The counts that each group is held against, at each place."""
        x, n = self.numerator if others is None else others, self.denominator
        if left_out is not None:
            x, n = (np.where(left_out[..., :-1, :], np.nan, part) for part in (x, n))
        if self.against is not None:
            own = np.arange(x.shape[-1]) == self.against
            y, m = (np.where(own, np.nan, part[..., [self.against]]) for part in (x, n))
            return y, m
        both = np.isfinite(x) & np.isfinite(n)
        held = [np.where(both, part, 0.0) for part in (x, n)]
        y, m = (np.sum(part, axis=-1, keepdims=True) - part for part in held)
        return y, m

    def within(
        self,
        left_out: BoolArray | None = None,
        corner: tuple[FloatArray, FloatArray] | None = None,
    ) -> Pooled:
        """All places together, each compared within itself (Mantel & Haenszel 1959)."""
        own, others = corner or (self.numerator, self.numerator)
        y, m = self.reference(left_out, others)
        parts = (own, self.denominator, y, m)
        by_place = [np.swapaxes(part, -1, -2) for part in parts]
        if self.rate:  # an exposure is no people: events may be more than it
            by_place[1], by_place[3] = (part * self.fineness for part in by_place[1::2])
        return pooled(contrast(*by_place))

    def standardised(self, corner: tuple[FloatArray, FloatArray]) -> Pooled:
        """All places together, the others' rate as if they gave birth where the group does.

        Events less those expected are then the sum of what they are at each place, and the ratio
        is observed to expected (indirect standardisation; Breslow & Day 1987, IARC 82, ch. 2).
        What is expected is uncertain too, most where few others are held against many of the group
        at a place with a high rate.
        """
        x, n = corner[0], self.denominator
        y, m = self.reference(None, corner[1])
        fine, ceiling = np.asarray(self.fineness), np.inf if self.rate else 1.0
        with np.errstate(all="ignore"):
            seen = np.isfinite(x) & (n > 0) & (np.nan_to_num(m) > 0)
            x, n, y, m = (np.where(seen, part, np.nan) for part in (x, n, y, m))
            size = np.nansum(n, axis=-2)
            share = n / size[..., np.newaxis, :]
            rate = np.nansum(x, axis=-2) / size
            usual = np.nansum(share * y / m, axis=-2)
            likely = np.minimum((x + y) / ((rate / usual)[..., np.newaxis, :] * n + m), ceiling)
            worth = _worth(share, likely / fine, m * fine, usual / fine[..., 0])
        fine = fine[..., 0]
        return Pooled(rate / fine, size * fine, usual / fine, worth)

    @property
    def fineness(self) -> FloatArray:
        """How many parts an exposure is cut into, so that a rate is a share of very many.

        By anything, with axes for place and group: what else is looked at changes nothing.
        """
        if not self.rate:
            return np.ones((*self.numerator.shape[:-2], 1, 1))
        counted = np.isfinite(self.numerator) & (self.denominator > 0)
        rates = np.where(counted, self.numerator, 0.0) / np.where(counted, self.denominator, 1.0)
        return np.asarray(FINE * rates.max(axis=(-2, -1), keepdims=True, initial=0.0).clip(1e-12))

    def p_values(self, left_out: BoolArray | None = None) -> FloatArray:
        """Of no gap: exact at each place, and by a score without its skewness of all together.

        Where small counts are shown as another number, that of the reading nearest to no gap.
        """
        if self.least is None:
            return self._p_values(left_out, self.corners[0])[0]
        shown, _ = self._p_values(left_out, (self.numerator, self.numerator))
        near, far = (self._p_values(left_out, corner) for corner in self.corners)
        # Own events as few as can be and the others' as many: is the group still above? Or below?
        found = np.fmin(np.where(near[1] > 0, near[0], 1.0), np.where(far[1] < 0, far[0], 1.0))
        return np.where(np.isfinite(shown), found, np.nan)

    def _p_values(
        self, left_out: BoolArray | None, corner: tuple[FloatArray, FloatArray]
    ) -> tuple[FloatArray, FloatArray]:
        """The p-values of one reading of the counts, and on which side of the others each lies."""
        x, n = corner[0], self.denominator
        y, m = self.reference(left_out, corner[1])
        p_value = exact_p(x, n, y, m, rate=self.rate)
        one = self.within(left_out, corner)
        with np.errstate(all="ignore"):
            side = np.sign(x / n - y / m)
            together = np.sign(one.rate - one.reference_rate)
        if self.rounded.any():
            shown = np.isfinite(x) if left_out is None else np.isfinite(x) & ~left_out[..., :-1, :]
            many = shown.sum(axis=-1, keepdims=True) - shown
            many = np.ones_like(many) if self.against is not None else many
            rounded = self.rounded[..., np.newaxis]
            p_value, _ = blunted(p_value, x, n, y, m, rounded, many, rate=self.rate)
        of_all = self._together(one, corner[0] + y)
        return (
            np.concatenate([p_value, of_all[..., np.newaxis, :]], axis=-2),
            np.concatenate([side, together[..., np.newaxis, :]], axis=-2),
        )

    def _together(self, one: Pooled, events: FloatArray) -> FloatArray:
        """The p-value of all places together; nan where fewer than two can be compared."""
        score = difference_score(
            one.rate * one.size, one.size, one.reference_rate * one.reference_size,
            one.reference_size, small=True,
        )  # fmt: skip
        several = self.several & (np.nansum(events, axis=-2) > 0)
        return np.where(several, self._blunt(two_sided(score), one), np.nan)

    @property
    def several(self) -> BoolArray:
        """Whether a group is counted at two places or more, so that all together say more."""
        counted = np.isfinite(self.numerator) & (self.denominator > 0)
        return np.asarray(counted.sum(axis=-2) > 1)

    def _blunt(self, p_value: FloatArray, one: Pooled) -> FloatArray:
        if not self.rounded.any():
            return p_value
        places = np.ones_like(p_value) * self.rounded.sum(axis=-1)[..., np.newaxis]
        counts = (one.rate * one.size, one.size)
        others = (one.reference_rate * one.reference_size, one.reference_size)
        many = places * (1 if self.against is not None else self.numerator.shape[-1] - 1)
        return blunted(p_value, *counts, *others, places > 0, many, places, rate=self.rate)[0]

    def high(self) -> BoolArray:
        """Whether a group's rate is above that of everyone else."""
        x, n = self.numerator, self.denominator
        y, m = self.reference()
        one = self.within()
        with np.errstate(all="ignore"):
            here = x / n > y / m
            together = one.rate > one.reference_rate
        return np.concatenate([here, together[..., np.newaxis, :]], axis=-2)


def _worth(share: FloatArray, rate: FloatArray, size: FloatArray, usual: FloatArray) -> FloatArray:
    """The people that a rate expected from several places is worth, as if counted at one.

    By the rate of each place (if the group is so many times as high at all), and never more than
    if all places had one rate: where a place saw nothing its own rate would claim too much.
    """
    alike = 1 / np.nansum(share**2 / size, axis=-2)
    apart = usual * (1 - usual) / np.nansum(share**2 * rate * (1 - rate) / size, axis=-2)
    return np.asarray(np.fmin(alike, np.where(apart > 0, apart, np.nan)))


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Of each gap: its p-value, its q-value among all, whether it is shown, whose echo it is."""

    p_value: FloatArray
    q_value: FloatArray
    found: BoolArray
    echo_of: IntArray  # a place on the last axis; -1 where of none


def evidence(families: Sequence[Cells], highlight: float = HIGHLIGHT) -> list[Evidence]:
    """Every gap of every table as one family (Benjamini & Hochberg 1995): the register's.

    A group that bleeds more makes all others look as if they bled less than "everyone else". So
    of each place the surest gap is left out of the others' reference, and what is gone then is its
    echo: shown as such, and not as a gap.

    >>> seen = Cells(np.array([[60.0, 20, 21, 19]]), np.full((1, 4), 400.0), np.array([False]))
    >>> first, = evidence([seen])
    >>> first.found[0].tolist(), first.echo_of[0].tolist()
    ([True, False, False, False], [-1, 0, 0, 0])
    """
    p_values = [one.p_values() for one in families]
    flat = np.concatenate([part.ravel() for part in p_values]) if families else np.empty(0)
    q_all = q_values(flat)
    bar = float(np.max(flat, initial=0.0, where=q_all <= highlight))
    answers, at = [], 0
    for cells, p_value in zip(families, p_values, strict=True):
        q_value = q_all[at : at + p_value.size].reshape(p_value.shape)
        at += p_value.size
        shown = np.asarray(q_value <= highlight)
        echo_of: IntArray = np.full(p_value.shape, -1, dtype=np.intp)
        if cells.against is None and shown.any():
            echo_of = _echoes(cells, shown, bar, p_value)
        answers.append(Evidence(p_value, q_value, shown & (echo_of < 0), echo_of))
    return answers


def _echoes(cells: Cells, shown: BoolArray, bar: float, p_value: FloatArray) -> IntArray:
    """Whose gap each shown one is an echo of: gone once the surer ones are left out."""
    high, movers = cells.high(), np.zeros(p_value.shape, dtype=bool)
    surest, now = np.full(p_value.shape[:-1], -1, dtype=np.intp), p_value
    for round_ in range(MOST_MOVERS):
        left = shown & ~movers & (now <= bar)
        some = left.any(axis=-1)
        if not some.any():
            break
        chosen = np.argmin(np.where(left, now, np.inf), axis=-1)
        surest = np.where(some & (round_ == 0), chosen, surest)
        movers[(*np.nonzero(some), chosen[some])] = True
        now = _without(cells, movers)
    mover = np.broadcast_to(surest[..., np.newaxis], p_value.shape)
    # What lies on the same side as the surest gap is no echo of it.
    other_side = high != np.take_along_axis(high, np.maximum(mover, 0), axis=-1)
    gone = shown & ~movers & (mover >= 0) & other_side & ~(now <= bar)
    return np.where(gone, mover, -1)


def _without(cells: Cells, movers: BoolArray) -> FloatArray:
    """The p-values beside all others but the movers; of all together, but those found there."""
    here = cells.p_values(movers)
    together = np.broadcast_to(movers[..., [-1], :], movers.shape)
    here[..., -1, :] = cells.p_values(together)[..., -1, :]
    return here


# ------------------------------------------------------------------ change, and what is needed


def changed(now: Interval, before: Interval) -> tuple[Interval, FloatArray]:
    """How far a difference moved from one period to the next, and the p-value of no move.

    From the intervals of both (Zou & Donner 2008, Stat Med 27:1693), which need not be symmetric.

    >>> moved, p = changed(Interval(*map(np.array, (5.0, 2.0, 8.0))),
    ...                    Interval(*map(np.array, (1.0, -1.0, 3.0))))
    >>> moved.lower.round(2), moved.upper.round(2), p.round(3)
    (np.float64(0.39), np.float64(7.61), np.float64(0.03))
    """
    with np.errstate(all="ignore"):
        moved = now.estimate - before.estimate
        below = np.hypot(now.estimate - now.lower, before.upper - before.estimate)
        above = np.hypot(now.upper - now.estimate, before.estimate - before.lower)
        towards = np.where(moved > 0, below, above)  # the side that nought lies on
        z = special.ndtri(0.975) * np.abs(moved) / towards
        p_value = 2 * special.ndtr(-z)
    return Interval(moved, moved - below, moved + above), np.where(np.isfinite(z), p_value, np.nan)


def times_as_many(
    denominator: ArrayLike,
    reference_numerator: ArrayLike,
    reference_denominator: ArrayLike,
    ratio: ArrayLike,
    power: float = POWER,
    level: float = LEVEL,
) -> FloatArray:
    """So many times the counts until a gap of this ratio would be seen in four of five looks.

    By the score test of two proportions at the reference's rate (Fleiss 1981). At most 1 where
    there are enough already; infinite where the reference has had no event.

    >>> times_as_many(47, 40, 9953, 2.0).round(0)
    np.float64(53.0)
    """
    n, y, m = (
        np.asarray(part, dtype=float)
        for part in (denominator, reference_numerator, reference_denominator)
    )
    with np.errstate(all="ignore"):
        usual = y / m
        far = np.clip(usual * np.asarray(ratio), 0, 0.999)
        same = (n * far + m * usual) / (n + m)
        null = np.sqrt(same * (1 - same) * (1 / n + 1 / m))
        own = np.sqrt(far * (1 - far) / n + usual * (1 - usual) / m)
        needed = (special.ndtri(1 - level / 2) * null + special.ndtri(power) * own) / (far - usual)
        return np.asarray(np.where(usual > 0, needed**2, np.inf))


def trend(events: ArrayLike, total: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Whether a share moves steadily over time (last axis), and the p-value of none.

    Cochran 1954, Armitage 1955. The z is above nought where the share rises.

    >>> z, p = trend([1, 2, 4, 8], [100, 100, 100, 100])
    >>> z.round(2), p.round(3)
    (np.float64(2.71), np.float64(0.007))
    """
    y, n = (np.asarray(part, dtype=float) for part in (events, total))
    known = np.isfinite(y) & np.isfinite(n) & (n > 0)
    y, n = np.where(known, y, 0.0), np.where(known, n, 0.0)
    when = np.arange(y.shape[-1], dtype=float)
    with np.errstate(all="ignore"):
        size = n.sum(axis=-1, keepdims=True)
        share = y.sum(axis=-1, keepdims=True) / size
        middle = (n * when).sum(axis=-1, keepdims=True) / size
        lean = ((when - middle) * (y - n * share)).sum(axis=-1)
        spread = (share * (1 - share))[..., 0] * (n * (when - middle) ** 2).sum(axis=-1)
        z = lean / np.sqrt(spread)
    return z, np.where(np.isfinite(z), 2 * special.ndtr(-np.abs(z)), np.nan)
