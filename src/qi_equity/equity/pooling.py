"""Small sites borrow strength: each site's rate or gap beside the others', never instead of it.

The last axis is sites. Sites are taken to differ as a normal curve on the log odds (rates per
birth), the log (counts over an exposure) or the log ratio (gaps): a network's level and its
spread between sites, both uncertain. A site's answer is its own likelihood times that curve,
averaged over every level and spread that the network's counts allow (empirical Bayes without
plugging in: Carlin & Louis, Bayesian Methods for Data Analysis, 3rd ed. 2009, chapter 5), so that
an interval knows how little two or three sites say about how sites differ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, log_expit, logit, xlogy

from qi_equity.arrays import FloatArray
from qi_equity.equity.intervals import Interval
from qi_equity.equity.scores import second_given_ratio

# Before any site is seen the spread has Rayleigh's curve (a gamma of shape 2 with a normal tail),
# thin at nought: a spread of nothing is a boundary, and sites that look alike by chance must not
# make every interval short (Chung, Rabe-Hesketh, Dorie, Gelman & Liu 2013, Psychometrika 78:685).
# Its middle is .47: sites some 40 % above and below the network's level.
SPREAD_SCALE = 0.4
# Spreads that are tried, on a log scale; each weighs as much as the curve holds about it.
SPREADS = np.geomspace(0.02, 1.4, 24)
SPREAD_WEIGHTS = SPREADS**2 * np.exp(-0.5 * (SPREADS / SPREAD_SCALE) ** 2)
LEVELS = 31  # values of the network's level for each spread, five standard errors each way
REACH = 5.0
# A few events say little of how low a level may be: it is followed as far as one level for all
# sites has a hundred-thousandth of its greatest likelihood, at most so far from what was seen.
FAINT, FARTHEST = np.log(1e-5), 40.0
# Points of the axis on which likelihoods are worked out, eight to the narrowest of them.
MOST_POINTS, A_STEP = 3200, 8.0


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """Each site's figure with what the others say of it, and how much it leans on them."""

    shrunk: Interval
    borrowed: FloatArray  # 0: the site's own counts alone; 1: the network's level alone
    level: FloatArray  # the network's, halfway through its sites
    spread: FloatArray  # between sites: standard deviation on the log (odds) scale


def pooled_rates(
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    kind: str = "proportion",
    dispersion: ArrayLike = 1.0,
    confidence: float = 0.95,
) -> Pooled:
    """Rates of sites, each with what it borrows from the others; nan where fewer than two speak.

    ``dispersion`` is how many times more than chance the counts of a site vary (see
    `week_dispersion`): they are worth so many times fewer.

    >>> found = pooled_rates([1, 9, 60], [10, 150, 900])
    >>> found.shrunk.estimate.round(3), found.borrowed.round(2)
    (array([0.074, 0.063, 0.066]), array([0.83, 0.5 , 0.2 ]))
    """
    x, n = _effective(numerator, denominator, dispersion)
    return _each(_rate_rows(kind), _BACK[kind], (x, n), confidence, mean=True)


def pooled_ratios(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    *,
    kind: str = "proportion",
    dispersion: ArrayLike = 1.0,
    reference_dispersion: ArrayLike = 1.0,
    confidence: float = 0.95,
) -> Pooled:
    """Ratios of two rates within sites, each with what it borrows from the other sites.

    The likelihood of a site's ratio is the profile one: the reference's rate is the likeliest
    under each ratio (Koopman 1984).

    >>> found = pooled_ratios([2, 12, 9], [20, 90, 40], [9, 20, 16], [200, 250, 150])
    >>> found.shrunk.estimate.round(2)
    array([1.9 , 1.75, 1.96])
    """
    own = _effective(x1, n1, dispersion)
    other = _effective(x2, n2, reference_dispersion)
    counts = tuple(np.broadcast_arrays(*own, *other))
    return _each(_ratio_rows(kind), np.exp, counts, confidence, mean=False)


def pooled_estimates(estimate: ArrayLike, error: ArrayLike, confidence: float = 0.95) -> Pooled:
    """Logarithms of ratios with their standard errors, each with what it borrows from the others.

    For estimates whose likelihood is taken to be normal; the answer is ratios. nan where fewer
    than two sites speak.

    >>> found = pooled_estimates(np.log([0.5, 0.8, 0.7]), [0.4, 0.1, 0.15])
    >>> found.shrunk.estimate.round(2)
    array([0.62, 0.79, 0.71])
    """
    middle, spread = np.broadcast_arrays(np.asarray(estimate, float), np.asarray(error, float))
    return _each(_normal_rows, np.exp, (middle, spread), confidence, mean=False)


def week_dispersion(
    numerator: ArrayLike, denominator: ArrayLike, *, kind: str = "proportion"
) -> FloatArray:
    """How many times more than chance the total of each site varies; time is the last axis.

    Weeks of one site share a part rho of their variance beyond chance (beta-binomial: Williams
    1982, Appl Stat 31:144), one rho for all sites on the axis before time. It is seen between
    neighbouring weeks, so that a rate that moves slowly is not taken for scatter.

    >>> weeks = np.array([[[1.0, 2, 1, 2, 1, 2, 1, 2]]])
    >>> week_dispersion(weeks, np.full(weeks.shape, 10.0))
    array([[1.]])
    """
    x, n = np.broadcast_arrays(np.asarray(numerator, float), np.asarray(denominator, float))
    held = np.isfinite(x) & np.isfinite(n) & (n > 0)
    x, n = np.where(held, x, 0.0), np.where(held, n, 0.0)
    total, size = x.sum(axis=-1, keepdims=True), n.sum(axis=-1, keepdims=True)
    with np.errstate(all="ignore"):
        rate = total / size
        if kind == "proportion":
            variance, worth = rate * (size - total) / (size - 1), n - 1
        else:
            variance, worth = rate, n * rate
        step = np.diff(x / n, axis=-1) ** 2 / (1 / n[..., 1:] + 1 / n[..., :-1])
        share = (worth / n)[..., 1:] + (worth / n)[..., :-1]
        share = share / (1 / n[..., 1:] + 1 / n[..., :-1])
        both = held[..., 1:] & held[..., :-1] & np.isfinite(step + variance)
        beyond = np.where(both, step - variance, 0.0).sum(axis=(-2, -1))
        chance = np.where(both, variance * share, 0.0).sum(axis=(-2, -1))
        rho = np.where(chance > 0, np.maximum(beyond / chance, 0.0), 0.0)[..., None]
        return np.asarray(1 + np.nan_to_num(rho * (worth * n).sum(axis=-1) / size[..., 0]))


# ------------------------------------------------------------------ one row of sites at a time


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """Sites that speak: a middle and a spread of each likelihood, and the log likelihood itself."""

    middle: FloatArray
    error: FloatArray
    log_likelihood: Callable[[FloatArray], FloatArray]  # of points: (sites, points)
    said: bool = True  # whether something, and not everything, happened


Rows = Callable[..., _Row]


def _each(
    rows: Rows,
    back: Callable[[FloatArray], FloatArray],
    counts: tuple[FloatArray, ...],
    confidence: float,
    mean: bool,
) -> Pooled:
    shape = counts[0].shape
    flat = [part.reshape(-1, shape[-1]) for part in counts]
    blank = np.full(flat[0].shape, np.nan)
    parts = [blank.copy() for _ in range(4)]
    whole = [np.full(len(blank), np.nan) for _ in range(2)]
    for row in range(len(blank)):
        there = np.all([np.isfinite(part[row]) for part in flat], axis=0)
        for part in flat[1::2]:
            there &= part[row] > 0
        if there.sum() < 2:
            continue
        sites = rows(*(part[row, there] for part in flat))
        if not sites.said:
            continue
        found, level, spread = _pooled(sites, back, confidence, mean)
        for part, values in zip(parts, found, strict=True):
            part[row, there] = values
        whole[0][row], whole[1][row] = back(np.asarray(level)), spread
    estimate, lower, upper, borrowed = (part.reshape(shape) for part in parts)
    levels, spreads = (part.reshape(shape[:-1])[()] for part in whole)
    return Pooled(Interval(estimate, lower, upper), borrowed, levels, spreads)


def _pooled(
    sites: _Row, back: Callable[[FloatArray], FloatArray], confidence: float, mean: bool
) -> tuple[list[FloatArray], float, float]:
    """Estimate, limits and share borrowed of each site; the network's level and spread."""
    ends = _ends(sites)
    axis = _axis(sites, ends)
    likelihood = sites.log_likelihood(axis)
    likelihood = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
    spreads, levels, prior_weight = _network(sites, axis[1] - axis[0], ends)
    # A column of `curve` is how sites lie about one level with one spread, up to its sum.
    narrow = np.sqrt(0.5) / spreads
    curve = np.multiply.outer(axis, narrow)
    curve -= levels * narrow
    curve *= curve
    np.exp(np.negative(curve, out=curve), out=curve)
    whole = curve.sum(axis=0)
    marginal = np.maximum(likelihood @ curve / whole, np.finfo(float).tiny)
    evidence = np.log(marginal).sum(axis=0) + np.log(prior_weight)
    weight = np.exp(evidence - evidence.max())
    weight /= weight.sum()
    posterior = likelihood * ((weight / marginal / whole) @ curve.T)
    posterior /= posterior.sum(axis=1, keepdims=True)
    tail = (1 - confidence) / 2
    below = np.cumsum(posterior, axis=1) - posterior / 2
    limits = [
        back(np.array([np.interp(share, one, axis) for one in below])) for share in (tail, 1 - tail)
    ]
    middle = posterior @ back(axis) if mean else back(posterior @ axis)
    # The share of a normal mean's weight on the network: error^2 / (error^2 + spread^2).
    own = sites.error[:, None] ** 2
    borrowed = (own / (own + spreads**2)) @ weight
    return [middle, *limits, borrowed], float(levels @ weight), float(spreads @ weight)


def _ends(sites: _Row) -> tuple[float, float]:
    """The lowest and the highest level that all sites together leave likely at all."""
    apart = np.max(np.abs(sites.middle - sites.middle.mean())) + FARTHEST
    level = sites.middle.mean() + np.linspace(-apart, apart, 20 * LEVELS)
    together = sites.log_likelihood(level).sum(axis=0)
    likely = level[together >= together.max() + FAINT]
    return float(likely[0]), float(likely[-1])


def _axis(sites: _Row, ends: tuple[float, float]) -> FloatArray:
    """Evenly spaced points that hold every likelihood and how sites may lie about them."""
    low = min(ends[0], np.min(sites.middle - REACH * sites.error)) - 2.5 * SPREAD_SCALE
    high = max(ends[1], np.max(sites.middle + REACH * sites.error)) + 2.5 * SPREAD_SCALE
    step = max(float(sites.error.min()) / A_STEP, (high - low) / MOST_POINTS)
    return np.arange(low, high + step, step)


def _network(
    sites: _Row, step: float, ends: tuple[float, float]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Spreads and levels at which the network is tried, and how much each stands for."""
    # A curve narrower than the axis is fine says no more than one as wide.
    spread = np.maximum(SPREADS, 0.8 * step)
    information = 1 / (sites.error**2 + spread[:, None] ** 2)
    error = 1 / np.sqrt(information.sum(axis=1))
    centre = (information * sites.middle).sum(axis=1) * error**2
    low = np.minimum(centre - REACH * error, ends[0])
    high = np.maximum(centre + REACH * error, ends[1])
    many = int(np.ceil(np.max((high - low) / error) * (LEVELS - 1) / (2 * REACH))) + 1
    levels = np.linspace(low, high, many, axis=1)
    # The level is as likely anywhere before the counts: each point stands for its own step.
    weight = np.broadcast_to((SPREAD_WEIGHTS * (high - low))[:, None], levels.shape)
    return np.repeat(spread, many), levels.ravel(), np.ravel(weight)


# ------------------------------------------------------------------ likelihoods of a row of sites


def _rate_rows(kind: str) -> Rows:
    def proportions(x: FloatArray, n: FloatArray) -> _Row:
        middle = logit((x + 0.5) / (n + 1))
        error = 1 / np.sqrt(n * expit(middle) * expit(-middle))

        def log_likelihood(axis: FloatArray) -> FloatArray:
            return np.asarray(x[:, None] * log_expit(axis) + (n - x)[:, None] * log_expit(-axis))

        return _Row(middle, error, log_likelihood, 0 < x.sum() < n.sum())

    def rates(x: FloatArray, n: FloatArray) -> _Row:
        def log_likelihood(axis: FloatArray) -> FloatArray:
            return np.asarray(x[:, None] * axis - n[:, None] * np.exp(axis))

        return _Row(np.log((x + 0.5) / n), 1 / np.sqrt(x + 0.5), log_likelihood, x.sum() > 0)

    return proportions if kind == "proportion" else rates


def _normal_rows(middle: FloatArray, error: FloatArray) -> _Row:
    def log_likelihood(axis: FloatArray) -> FloatArray:
        return np.asarray(-0.5 * ((axis - middle[:, None]) / error[:, None]) ** 2)

    return _Row(middle, error, log_likelihood)


def _ratio_rows(kind: str) -> Rows:
    def ratios(a: FloatArray, m: FloatArray, b: FloatArray, n: FloatArray) -> _Row:
        first, second = (a + 0.5) / (m + 0.5), (b + 0.5) / (n + 0.5)
        lost = 1 / (m + 0.5) + 1 / (n + 0.5) if kind == "proportion" else 0.0
        error = np.sqrt(np.maximum(1 / (a + 0.5) + 1 / (b + 0.5) - lost, 1e-3 / (m + n)))

        def log_likelihood(axis: FloatArray) -> FloatArray:
            ratio = np.exp(axis)
            own, size, other, others = (part[:, None] for part in (a, m, b, n))
            if kind != "proportion":
                mean = (own + other) / (size * ratio + others)
                return np.asarray(xlogy(own, ratio * mean) + xlogy(other, mean))
            q = second_given_ratio(own, size, other, others, ratio)
            p = np.minimum(ratio * q, 1.0)
            return np.asarray(
                xlogy(own, p) + xlogy(size - own, 1 - p)
                + xlogy(other, q) + xlogy(others - other, 1 - q)
            )  # fmt: skip

        return _Row(np.log(first / second), error, log_likelihood, a.sum() > 0 and b.sum() > 0)

    return ratios


_BACK: dict[str, Callable[[FloatArray], FloatArray]] = {"proportion": expit, "rate": np.exp}


def _effective(
    numerator: ArrayLike, denominator: ArrayLike, dispersion: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Counts for what they are worth: a quasi-likelihood divides both by the dispersion."""
    x, n, phi = np.broadcast_arrays(
        *(np.asarray(part, dtype=float) for part in (numerator, denominator, dispersion))
    )
    return x / phi, n / phi
