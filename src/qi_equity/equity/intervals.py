"""Intervals for one rate and for the gap between two: score, exact and mid-P; never a label.

Every function takes arrays that broadcast (strata, sites, subgroups) and answers an
`Interval` of the same shape. Missing counts, empty denominators and 0 v 0 are nan: where
nothing happened on either side there is nothing to compare. A `p` in a name is a proportion
(events among women or babies); a `rate` is a count over an exposure, and may be above one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from qi_equity.arrays import FloatArray
from qi_equity.equity.score_limits import about_difference, about_ratio, score_limits
from qi_equity.equity.scores import (
    counts_of,
    difference_score,
    difference_score_of,
    pairs_of,
    ratio_score_of,
)
from qi_equity.roots import falling_root


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """An estimate between its lower and upper limit."""

    estimate: FloatArray
    lower: FloatArray
    upper: FloatArray

    def times(self, factor: ArrayLike) -> "Interval":
        """The same interval on another scale, a negative factor turning it round."""
        factor = np.asarray(factor, dtype=float)
        low, high = self.lower * factor, self.upper * factor
        return Interval(self.estimate * factor, np.minimum(low, high), np.maximum(low, high))

    def less(self, fixed: ArrayLike) -> "Interval":
        """The same interval less a number that is known, not estimated."""
        fixed = np.asarray(fixed, dtype=float)
        return Interval(self.estimate - fixed, self.lower - fixed, self.upper - fixed)

    def __getitem__(self, place: int) -> "Interval":
        """One of several on the first axis."""
        return Interval(self.estimate[place], self.lower[place], self.upper[place])


OneSample = Callable[[ArrayLike, ArrayLike, float], Interval]
TwoSample = Callable[[ArrayLike, ArrayLike, ArrayLike, ArrayLike, float], Interval]


# ------------------------------------------------------------------ one proportion, one rate


def wilson(numerator: ArrayLike, denominator: ArrayLike, confidence: float = 0.95) -> Interval:
    """Score interval of a proportion (Wilson 1927).

    >>> seen = wilson(12, 250)
    >>> seen.lower.round(5), seen.upper.round(5)
    (np.float64(0.02767), np.float64(0.08201))
    """
    x, n = counts_of(numerator, denominator)
    z2 = _z(confidence) ** 2
    with np.errstate(all="ignore"):
        p = x / n
        middle = (x + z2 / 2) / (n + z2)
        half = np.sqrt(z2 * (n * p * (1 - p) + z2 / 4)) / (n + z2)
        # Where all or none had the event the limit is the bound itself, not a rounding of it.
        lower = np.where(x == 0, 0.0, middle - half)
        upper = np.where(x == n, 1.0, middle + half)
    return _kept(np.isfinite(p), p, lower, upper)


def exact_p(numerator: ArrayLike, denominator: ArrayLike, confidence: float = 0.95) -> Interval:
    """Exact interval of a proportion (Clopper & Pearson 1934); never too narrow."""
    x, n = counts_of(numerator, denominator)
    tail = (1 - confidence) / 2
    with np.errstate(all="ignore"):
        p = x / n
        # At either end the formula has no value, and the limit is the end itself.
        some, short = np.where(x == 0, 1.0, x), np.where(x == n, 1.0, n - x)
        lower = np.where(x == 0, 0.0, special.betaincinv(some, n - x + 1, tail))
        upper = np.where(x == n, 1.0, special.betaincinv(x + 1, short, 1 - tail))
    return _kept(np.isfinite(p), p, lower, upper)


def mid_p(numerator: ArrayLike, denominator: ArrayLike, confidence: float = 0.95) -> Interval:
    """Exact interval of a proportion with half the weight of what was seen (Lancaster 1949)."""
    x, n = counts_of(numerator, denominator)
    tail = (1 - confidence) / 2

    def at_least(p: FloatArray) -> FloatArray:
        reached = np.where(x == 0, 1.0, special.betainc(np.where(x == 0, 1.0, x), n - x + 1, p))
        passed = np.where(x == n, 0.0, special.betainc(x + 1, np.where(x == n, 1.0, n - x), p))
        return np.asarray((reached + passed) / 2)

    with np.errstate(all="ignore"):
        p = x / n
        zero, one = np.zeros_like(p), np.ones_like(p)
        lower = np.where(x == 0, 0.0, falling_root(lambda at: tail - at_least(at), zero, one))
        upper = np.where(x == n, 1.0, falling_root(lambda at: 1 - tail - at_least(at), zero, one))
    return _kept(np.isfinite(p), p, lower, upper)


def exact_rate(count: ArrayLike, exposure: ArrayLike, confidence: float = 0.95) -> Interval:
    """Exact interval of a count over an exposure (Garwood 1936).

    >>> seen = exact_rate(5, 1)
    >>> seen.lower.round(3), seen.upper.round(3)
    (np.float64(1.623), np.float64(11.668))
    """
    x, t = counts_of(count, exposure)
    tail = (1 - confidence) / 2
    with np.errstate(all="ignore"):
        lower = np.where(x == 0, 0.0, special.gammaincinv(np.where(x == 0, 1.0, x), tail))
        upper = special.gammaincinv(x + 1, 1 - tail)
        return _kept(np.isfinite(x / t), x / t, lower / t, upper / t)


def mid_p_rate(count: ArrayLike, exposure: ArrayLike, confidence: float = 0.95) -> Interval:
    """Exact interval of a count with half the weight of what was seen."""
    x, t = counts_of(count, exposure)
    tail = (1 - confidence) / 2

    def at_least(mean: FloatArray) -> FloatArray:
        reached = np.where(x == 0, 1.0, special.gammainc(np.where(x == 0, 1.0, x), mean))
        return np.asarray((reached + special.gammainc(x + 1, mean)) / 2)

    widest = exact_rate(x, np.ones_like(x), confidence)
    with np.errstate(all="ignore"):
        low, high = np.zeros_like(x), np.asarray(widest.upper)
        lower = np.where(x == 0, 0.0, falling_root(lambda at: tail - at_least(at), low, high))
        upper = falling_root(lambda at: 1 - tail - at_least(at), low, high)
        return _kept(np.isfinite(x / t), x / t, lower / t, upper / t)


def byar(count: ArrayLike, exposure: ArrayLike, confidence: float = 0.95) -> Interval:
    """Byar's approximate interval of a count over an exposure.

    >>> seen = byar(10, 1)
    >>> seen.lower.round(3), seen.upper.round(3)
    (np.float64(4.787), np.float64(18.391))
    """
    x, t = counts_of(count, exposure)
    z = _z(confidence)
    with np.errstate(all="ignore"):
        lower = np.where(x == 0, 0.0, x * (1 - 1 / (9 * x) - z / (3 * np.sqrt(x))) ** 3)
        upper = (x + 1) * (1 - 1 / (9 * (x + 1)) + z / (3 * np.sqrt(x + 1))) ** 3
        return _kept(np.isfinite(x / t), x / t, lower / t, upper / t)


# Byar's approximation is exact enough from ten events on (Breslow & Day 1987, volume II).
BYAR_FROM = 10


def byar_or_exact(count: ArrayLike, exposure: ArrayLike, confidence: float = 0.95) -> Interval:
    """Byar's interval, and the exact one below ten events, as England's public health tools do."""
    x, _ = counts_of(count, exposure)
    many, few = byar(count, exposure, confidence), exact_rate(count, exposure, confidence)
    small = x < BYAR_FROM
    return Interval(
        many.estimate,
        np.where(small, few.lower, many.lower),
        np.where(small, few.upper, many.upper),
    )


# ------------------------------------------------------------------ difference of two


def newcombe(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, confidence: float = 0.95
) -> Interval:
    """Difference of two proportions from their Wilson intervals (Newcombe 1998, method 10).

    >>> gap = newcombe(56, 70, 48, 80)
    >>> gap.estimate.round(4), gap.lower.round(4), gap.upper.round(4)
    (np.float64(0.2), np.float64(0.0524), np.float64(0.3339))
    """
    one, two = wilson(x1, n1, confidence), wilson(x2, n2, confidence)
    return _hybrid(one, two, np.asarray(x1, float) + np.asarray(x2, float) > 0)


def miettinen_nurminen(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, confidence: float = 0.95
) -> Interval:
    """Score interval of the difference of two proportions (Miettinen & Nurminen 1985).

    >>> gap = miettinen_nurminen(56, 70, 48, 80)
    >>> gap.lower.round(4), gap.upper.round(4)
    (np.float64(0.0528), np.float64(0.3382))
    """
    return _score_difference(x1, n1, x2, n2, confidence, corrected=True)


def mee(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, confidence: float = 0.95
) -> Interval:
    """Score interval of the difference without the N/(N-1) of Miettinen (Mee 1984)."""
    return _score_difference(x1, n1, x2, n2, confidence, corrected=False)


def gart_nam(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, confidence: float = 0.95
) -> Interval:
    """Score interval of the difference with skewness taken out (Gart & Nam 1990)."""
    a, m, b, n = pairs_of(x1, n1, x2, n2)
    with np.errstate(all="ignore"):
        estimate = np.asarray(a / m - b / n)
        # Seen from the side that is higher: of one or two people the score need not fall, and
        # which root is met would hang on the side it is sought from.
        turned = (estimate < 0) | ((estimate == 0) & (m < n))
        own = np.where(turned, b, a), np.where(turned, n, m)
        other = np.where(turned, a, b), np.where(turned, m, n)
        away = np.abs(estimate)
        score = partial(difference_score_of, small=True)
        seen, lower, upper = score_limits(
            score, (*own, *other), away, (-1.0, 1.0), _z(confidence), about_difference
        )
        # Two groups that are alike have an interval that is alike on both sides.
        alike = (estimate == 0) & (m == n)
        reach = np.maximum(np.abs(lower), np.abs(upper))
        low = np.where(alike, -reach, lower)
        high = np.where(alike, reach, upper)
    return Interval(
        np.where(seen, np.where(turned, -away, away), np.nan)[()],
        np.where(turned, -high, low),
        np.where(turned, -low, high),
    )


def score_rate_difference(
    x1: ArrayLike, t1: ArrayLike, x2: ArrayLike, t2: ArrayLike, confidence: float = 0.95
) -> Interval:
    """Score interval of the difference of two rates.

    >>> gap = score_rate_difference(30, 1000, 60, 3000)
    >>> gap.lower.round(5), gap.upper.round(5)
    (np.float64(-0.00067), np.float64(0.02357))
    """
    a, s, b, t = pairs_of(x1, t1, x2, t2)
    z = _z(confidence)
    with np.errstate(all="ignore"):
        estimate = a / s - b / t

        def score(delta: FloatArray) -> FloatArray:
            reach = (s + t) * delta - a - b
            second = (-reach + np.sqrt(reach**2 + 4 * (s + t) * b * delta)) / (2 * (s + t))
            variance = np.maximum(second + delta, 0) / s + second / t
            return np.asarray((estimate - delta) / np.sqrt(variance))

        # The limit of a count of x is never further out than a few multiples of x + z squared.
        reach = 10 * ((a + 1 + z**2) / s + (b + 1 + z**2) / t)
        lower = falling_root(lambda at: score(at) - z, estimate - reach, estimate)
        upper = falling_root(lambda at: score(at) + z, estimate, estimate + reach)
    return _kept(np.isfinite(estimate) & (a + b > 0), estimate, lower, upper)


def exact_rate_difference(
    x1: ArrayLike, t1: ArrayLike, x2: ArrayLike, t2: ArrayLike, confidence: float = 0.95
) -> Interval:
    """Difference of two rates from their exact intervals (Zou & Donner 2008)."""
    one, two = exact_rate(x1, t1, confidence), exact_rate(x2, t2, confidence)
    return _hybrid(one, two, np.asarray(x1, float) + np.asarray(x2, float) > 0)


def mid_p_rate_difference(
    x1: ArrayLike, t1: ArrayLike, x2: ArrayLike, t2: ArrayLike, confidence: float = 0.95
) -> Interval:
    """Difference of two rates from their mid-P intervals (Zou & Donner 2008)."""
    one, two = mid_p_rate(x1, t1, confidence), mid_p_rate(x2, t2, confidence)
    return _hybrid(one, two, np.asarray(x1, float) + np.asarray(x2, float) > 0)


# ------------------------------------------------------------------ ratio of two

# A log ratio beyond this is not a ratio any table of counts can bound.
LARGEST_LOG_RATIO = 60.0


def koopman(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, confidence: float = 0.95
) -> Interval:
    """Score interval of the ratio of two proportions (Koopman 1984).

    One zero is no trouble: the other limit is still found.

    >>> gap = koopman([36, 0], [40, 20], [16, 3], [80, 30])
    >>> gap.lower.round(3), gap.upper.round(3)
    (array([2.94, 0.  ]), array([7.152, 1.768]))
    """
    return _score_ratio(x1, n1, x2, n2, confidence, corrected=False)


def miettinen_nurminen_ratio(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, confidence: float = 0.95
) -> Interval:
    """Score interval of the ratio with the N/(N-1) of Miettinen & Nurminen (1985)."""
    return _score_ratio(x1, n1, x2, n2, confidence, corrected=True)


def gart_nam_ratio(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, confidence: float = 0.95
) -> Interval:
    """Score interval of the ratio with skewness taken out, for small numbers (Gart & Nam 1988).

    >>> gap = gart_nam_ratio(1, 30, 0, 150)
    >>> gap.lower.round(3), gap.upper
    (np.float64(0.425), np.float64(inf))
    """
    a, m, b, n = counts = pairs_of(x1, n1, x2, n2)
    with np.errstate(all="ignore"):
        estimate = np.asarray((a / m) / (b / n))
        start = np.clip(np.log(estimate), -LARGEST_LOG_RATIO, LARGEST_LOG_RATIO)
        known, low, high = score_limits(
            lambda a, m, b, n, at: ratio_score_of(a, m, b, n, np.exp(at), small=True),
            counts,
            start,
            (-LARGEST_LOG_RATIO, LARGEST_LOG_RATIO),
            _z(confidence),
            about_ratio,
        )
        lower, upper = np.exp(low), np.exp(high)
    return _kept(
        known & np.isfinite(low),
        estimate,
        np.where(a == 0, 0.0, lower),
        np.where(b == 0, np.inf, upper),
    )


def score_rate_ratio(
    x1: ArrayLike, t1: ArrayLike, x2: ArrayLike, t2: ArrayLike, confidence: float = 0.95
) -> Interval:
    """Score interval of the ratio of two rates, given the total count.

    >>> gap = score_rate_ratio(30, 1000, 60, 3000)
    >>> gap.lower.round(3), gap.upper.round(3)
    (np.float64(0.971), np.float64(2.317))
    """
    return _conditional_ratio(wilson, x1, t1, x2, t2, confidence)


def exact_rate_ratio(
    x1: ArrayLike, t1: ArrayLike, x2: ArrayLike, t2: ArrayLike, confidence: float = 0.95
) -> Interval:
    """Exact interval of the ratio of two rates, given the total count."""
    return _conditional_ratio(exact_p, x1, t1, x2, t2, confidence)


def mid_p_rate_ratio(
    x1: ArrayLike, t1: ArrayLike, x2: ArrayLike, t2: ArrayLike, confidence: float = 0.95
) -> Interval:
    """Mid-P interval of the ratio of two rates, given the total count; for very small counts."""
    return _conditional_ratio(mid_p, x1, t1, x2, t2, confidence)


# ------------------------------------------------------------------ what they share


def _z(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is a share between 0 and 1, such as 0.95; got {confidence}")
    return float(special.ndtri((1 + confidence) / 2))


def _kept(where: ArrayLike, *parts: ArrayLike) -> Interval:
    estimate, lower, upper = (np.asarray(np.where(where, part, np.nan))[()] for part in parts)
    return Interval(estimate, lower, upper)


def _hybrid(one: Interval, two: Interval, some_event: ArrayLike) -> Interval:
    """Difference of two estimates, each limit as far as its own side's intervals reach."""
    with np.errstate(all="ignore"):
        estimate = one.estimate - two.estimate
        down = np.hypot(one.estimate - one.lower, two.upper - two.estimate)
        up = np.hypot(one.upper - one.estimate, two.estimate - two.lower)
    return _kept(np.isfinite(estimate) & some_event, estimate, estimate - down, estimate + up)


def _score_difference(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    confidence: float,
    *,
    corrected: bool,
) -> Interval:
    a, m, b, n = pairs_of(x1, n1, x2, n2)
    with np.errstate(all="ignore"):
        z = _z(confidence) * (np.sqrt((m + n) / (m + n - 1)) if corrected else 1.0)
        estimate = a / m - b / n
        end = np.ones_like(estimate)
        lower = falling_root(lambda at: difference_score(a, m, b, n, at) - z, -end, estimate)
        upper = falling_root(lambda at: difference_score(a, m, b, n, at) + z, estimate, end)
    return _kept(np.isfinite(estimate) & (a + b > 0), estimate, lower, upper)


def _score_ratio(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    confidence: float,
    *,
    corrected: bool,
) -> Interval:
    a, m, b, n = counts = pairs_of(x1, n1, x2, n2)
    with np.errstate(all="ignore"):
        z = _z(confidence) * (np.sqrt((m + n) / (m + n - 1)) if corrected else np.ones_like(m))
        estimate = np.asarray((a / m) / (b / n))
        _, low, high = score_limits(
            lambda a, m, b, n, at: ratio_score_of(a, m, b, n, np.exp(at)),
            counts,
            np.clip(np.log(estimate), -LARGEST_LOG_RATIO, LARGEST_LOG_RATIO),
            (-LARGEST_LOG_RATIO, LARGEST_LOG_RATIO),
            z,
            about_ratio,
        )
        lower = np.where(a == 0, 0.0, np.exp(low))
        upper = np.where(b == 0, np.inf, np.exp(high))
    return _kept(np.isfinite(m + n) & (a + b > 0), estimate, lower, upper)


def _conditional_ratio(
    one_sample: OneSample,
    x1: ArrayLike,
    t1: ArrayLike,
    x2: ArrayLike,
    t2: ArrayLike,
    confidence: float,
) -> Interval:
    """Given the total, the first count is binomial: its interval, as a ratio of rates."""
    a, s, b, t = pairs_of(x1, t1, x2, t2)
    share = one_sample(a, a + b, confidence)
    with np.errstate(all="ignore"):
        lower, upper = (part / (1 - part) * t / s for part in (share.lower, share.upper))
        return _kept(np.isfinite(s + t) & (a + b > 0), (a / s) / (b / t), lower, upper)


# The ways to an interval, by the kind of denominator and by what is estimated.
ONE: dict[str, dict[str, OneSample]] = {
    "proportion": {"wilson": wilson, "exact": exact_p, "mid-p": mid_p},
    "rate": {
        "byar": byar_or_exact,
        "exact": exact_rate,
        "mid-p": mid_p_rate,
    },
}


def ratio_alone(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, confidence: float = 0.95
) -> Interval:
    """The ratio without an interval (the ends are nan), where none will be read."""
    a, m, b, n = pairs_of(x1, n1, x2, n2)
    with np.errstate(all="ignore"):
        return _kept(np.isfinite(m + n) & (a + b > 0), (a / m) / (b / n), np.nan, np.nan)


DIFFERENCE: dict[str, dict[str, TwoSample]] = {
    "proportion": {
        "newcombe": newcombe,
        "miettinen-nurminen": miettinen_nurminen,
        "mee": mee,
        "gart-nam": gart_nam,
    },
    "rate": {
        "score": score_rate_difference,
        "exact": exact_rate_difference,
        "mid-p": mid_p_rate_difference,
    },
}
RATIO: dict[str, dict[str, TwoSample]] = {
    "proportion": {
        "koopman": koopman,
        "miettinen-nurminen": miettinen_nurminen_ratio,
        "gart-nam": gart_nam_ratio,
    },
    "rate": {
        "score": score_rate_ratio,
        "exact": exact_rate_ratio,
        "mid-p": mid_p_rate_ratio,
    },
}
