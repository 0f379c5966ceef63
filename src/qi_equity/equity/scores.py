"""Score tests of two proportions or rates, on which the intervals and the pooled gap stand.

How far two counts are from a stated difference or ratio, in standard errors worked out as if it
held: the likeliest proportions under it have closed forms. Arrays only; nan where nobody was
counted.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from qi_equity.arrays import FloatArray

# No root of a cubic is further off than this: the square root of what a double leaves out.
ROUGH = 1e-7


def difference_score(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    delta: ArrayLike = 0.0,
    *,
    small: bool = False,
) -> FloatArray:
    """How many standard errors two proportions are from differing by `delta`.

    `small` takes out the skewness of small numbers, and the bias of their variance.

    >>> difference_score(56, 70, 48, 80).round(4)
    np.float64(2.6502)
    """
    a, m, b, n = pairs_of(x1, n1, x2, n2)
    with np.errstate(all="ignore"):
        return difference_score_of(a, m, b, n, np.asarray(delta, dtype=float), small=small)


def difference_score_of(
    a: FloatArray,
    m: FloatArray,
    b: FloatArray,
    n: FloatArray,
    delta: FloatArray,
    *,
    small: bool = False,
) -> FloatArray:
    """The same of counts that are known to be counts: asked many times on the way to a limit."""
    second = _second_given_difference(a, m, b, n, delta)
    first = second + delta
    return _standardised(a / m - b / n - delta, (first, m), (second, n), np.ones(()), small)


def ratio_score(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    ratio: ArrayLike = 1.0,
    *,
    small: bool = False,
) -> FloatArray:
    """How many standard errors two proportions are from standing in the ratio `ratio`."""
    a, m, b, n = pairs_of(x1, n1, x2, n2)
    with np.errstate(all="ignore"):
        return ratio_score_of(a, m, b, n, np.asarray(ratio, dtype=float), small=small)


def ratio_score_of(
    a: FloatArray,
    m: FloatArray,
    b: FloatArray,
    n: FloatArray,
    ratio: FloatArray,
    *,
    small: bool = False,
) -> FloatArray:
    """The same of counts that are known to be counts: asked many times on the way to a limit."""
    second = second_given_ratio(a, m, b, n, ratio)
    return _standardised(a / m - ratio * b / n, (ratio * second, m), (second, n), ratio, small)


def _standardised(
    away: FloatArray,
    one: tuple[FloatArray, FloatArray],
    other: tuple[FloatArray, FloatArray],
    times: FloatArray,
    small: bool,
) -> FloatArray:
    """What is left of one proportion less `times` the other, in standard errors."""
    (p, m), (p0, n) = one, other
    own, reference = p * (1 - p) / m, times**2 * p0 * (1 - p0) / n
    variance = np.maximum(own + reference, 0)
    if not small:
        return np.asarray(away / np.sqrt(variance))
    # The variance is of two samples (Miettinen & Nurminen 1985), the third moment beside it.
    # Samples that count for less than they are may have no one left to take away.
    variance = variance * (m + n) / np.maximum(m + n - 1, (m + n) / 2)
    third = own * (1 - 2 * p) / m - times * reference * (1 - 2 * p0) / n
    error = np.sqrt(variance)
    return _unskewed(away / error, third / (variance * error))


def _unskewed(score: FloatArray, skewness: FloatArray) -> FloatArray:
    """A skewed score as the normal one with the same tail (Gart & Nam 1988, equation 4)."""
    sixth = skewness / 6
    moved = score + sixth
    inside = 1 + 4 * sixth * moved
    # (sqrt(inside) - 1) / (2 sixth), written so that a little skewness costs no digits.
    normal = np.where(inside < 0, -0.5 / sixth, 2 * moved / (1 + np.sqrt(inside)))
    return np.where(np.isnan(sixth), score, normal)


def rate_score(x1: ArrayLike, t1: ArrayLike, x2: ArrayLike, t2: ArrayLike) -> FloatArray:
    """How many standard errors two rates are from being equal, given the total count."""
    a, s, b, t = pairs_of(x1, t1, x2, t2)
    with np.errstate(all="ignore"):
        share = s / (s + t)
        return np.asarray((a - (a + b) * share) / np.sqrt((a + b) * share * (1 - share)))


def two_sided(score: ArrayLike) -> FloatArray:
    """The chance of a standard normal score at least this far from zero, either way."""
    return np.asarray(2 * special.ndtr(-np.abs(np.asarray(score, dtype=float))))


def counts_of(numerator: ArrayLike, denominator: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Two arrays of one shape, nan wherever there was nobody to count."""
    x, n = np.broadcast_arrays(
        np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    )
    return x, np.where(n > 0, n, np.nan)


def pairs_of(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Four arrays of one shape, nan wherever there was nobody to count on a side."""
    a, m = counts_of(x1, n1)
    b, n = counts_of(x2, n2)
    a, m, b, n = np.broadcast_arrays(a, m, b, n)
    return a, m, b, n


def _second_given_difference(
    a: FloatArray, m: FloatArray, b: FloatArray, n: FloatArray, delta: FloatArray
) -> FloatArray:
    """Likeliest second proportion if the first is `delta` above it: a cubic's middle root."""
    total, events = m + n, a + b
    square = ((m + 2 * n) * delta - total - events) / (3 * total)
    linear = ((n * delta - total - 2 * b) * delta + events) / (3 * total)
    fixed = b * delta * (1 - delta) / (2 * total)
    # Powers as products: numpy's power is slow, and slower still below 0.
    squared = square * square
    q = (squared - 1.5 * linear) * square + fixed
    size = np.maximum(squared - linear, 0)
    p = np.copysign(np.sqrt(size), q)
    cosine = np.divide(q, p * size, out=np.zeros_like(q), where=p != 0)
    angle = (np.pi + np.arccos(np.clip(cosine, -1, 1))) / 3
    least, most = np.maximum(0, -delta), np.minimum(1, 1 - delta)
    root = np.clip(2 * p * np.cos(angle) - square, least, most)
    return np.asarray(np.clip(root + _nearer(root, (a, m, b, n), delta), least, most))


def _nearer(
    second: FloatArray,
    counts: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    delta: FloatArray,
) -> FloatArray:
    """A step by the slope of the likelihood: two roots side by side cost the cubic its digits."""
    a, m, b, n = counts
    first = second + delta
    varies, own_varies = second * (1 - second), first * (1 - first)
    left, own_left = b - n * second, a - m * first
    away = own_left * varies + left * own_varies
    slope = own_left * (1 - 2 * second) + left * (1 - 2 * first) - m * varies - n * own_varies
    step = np.divide(-away, slope, out=np.zeros_like(away), where=slope != 0)
    return np.clip(step, -ROUGH, ROUGH)


def second_given_ratio(
    a: FloatArray, m: FloatArray, b: FloatArray, n: FloatArray, ratio: FloatArray
) -> FloatArray:
    """Likeliest second proportion if the first is `ratio` times it: a quadratic's lower root."""
    middle = m * ratio + a + n + b * ratio
    inside = np.maximum(middle**2 - 4 * (m + n) * ratio * (a + b), 0)
    return np.asarray(
        np.clip(2 * (a + b) / (middle + np.sqrt(inside)), 0, 1 / np.maximum(ratio, 1))
    )
