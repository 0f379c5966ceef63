"""Funnels: many sites at one time about one target, with limits by size; no time axis here.

The last axis is sites. Limits are exact unless others are asked for: chance alone puts a site
outside at most as often as the level says, however small it is. Over-dispersion after
Spiegelhalter 2005 (Qual Saf Health Care 14:347): on a scale where the spread hardly depends on
the rate, the sites vary more than chance explains, and limits widen by as much: all alike
(additive) or in proportion (multiplicative). The outermost tenth on each side is pulled in
(proportions) or left out (ratios) before that is estimated, so that the sites to be found do not
hide themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, chdtri, gammainc, gammaincc, ndtri

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.roots import quick_root

# Chance alone puts a site outside once in 20, and once in 500: the two pairs funnels draw.
LEVELS = (0.95, 0.998)
# The share of the sites at each end that says nothing about ordinary over-dispersion.
TRIMMED = 0.1
# Most exact limits lie between so many times as far out as a normal curve has them.
NEARER, BEYOND = 0.8, 1.3
OVER_DISPERSION = ("additive", "multiplicative")

Pair = tuple[FloatArray, FloatArray]
Tail = float | FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """Where a kind of figure has nearly the same spread at every level, and the way back."""

    forth: Callable[[FloatArray], FloatArray]
    back: Callable[[FloatArray], FloatArray]
    spread: Callable[[FloatArray], FloatArray]  # of a site, from its denominator


SCALES = {
    "proportion": Scale(
        lambda rate: np.arcsin(np.sqrt(rate)),
        lambda y: np.sin(np.clip(y, 0.0, np.pi / 2)) ** 2,
        lambda size: 1 / (2 * np.sqrt(size)),
    ),
    "rate": Scale(np.sqrt, lambda y: np.maximum(y, 0.0) ** 2, lambda size: 1 / (2 * np.sqrt(size))),
    "ratio": Scale(np.log, np.exp, lambda size: 1 / np.sqrt(size)),
}


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """What limits at any size are drawn from, so that sites and curves share one reckoning."""

    kind: str
    limits: str
    over_dispersion: str | None
    target: FloatArray
    phi: FloatArray  # mean squared distance in standard errors; 1 where chance explains all
    tau2: FloatArray  # variance between sites beyond chance, on the working scale

    def at(self, size: FloatArray) -> dict[float, Pair]:
        """Lower and upper limit of sites of these sizes, by level; all are sought at once."""
        tail = np.expand_dims((1 - np.array(LEVELS)) / 2, tuple(range(1, size.ndim + 1)))
        low, high = LIMITS[self.limits](size[np.newaxis], self.target, self.kind, tail)
        return {
            level: self._widened(size, level, limits)
            for level, *limits in zip(LEVELS, low, high, strict=True)
        }

    def _widened(self, size: FloatArray, level: float, limits: Sequence[FloatArray]) -> Pair:
        """Over-dispersion can only widen limits."""
        low, high = limits
        if self.over_dispersion is None:
            return low, high
        scale = SCALES[self.kind]
        spread = scale.spread(size)
        width = np.sqrt(spread**2 + self.tau2)
        if self.over_dispersion == "multiplicative":
            width = spread * np.sqrt(np.maximum(self.phi, 1.0))
        reach = float(ndtri((1 + level) / 2)) * width
        middle = scale.forth(self.target)
        return (
            np.minimum(low, scale.back(middle - reach)),
            np.maximum(high, scale.back(middle + reach)),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Funnel:
    """A funnel: the sites, the limits by level, and what these are drawn from at other sizes."""

    rate: FloatArray
    limits: dict[float, Pair]
    drawing: Drawing

    @property
    def target(self) -> FloatArray:
        """The rate that the sites are held against."""
        return self.drawing.target

    def outside(self, level: float = 0.998) -> IntArray:
        """+1 where a site lies above the limits of a level, -1 below, 0 within."""
        low, high = self.limits[level]
        with np.errstate(invalid="ignore"):
            return (self.rate > high).astype(np.int8) - (self.rate < low).astype(np.int8)


def funnel(
    numerator: FloatArray,
    denominator: FloatArray,
    *,
    kind: str = "proportion",
    over_dispersion: str | None = None,
    limits: str = "exact",
    target: float | None = None,
) -> Funnel:
    """Sites about their common rate (a ratio's target is 1), with exact or widened limits.

    ``limits`` is a name in LIMITS; ``over_dispersion``: None, "additive" or "multiplicative".

    >>> sites = np.array([[12.0, 36.0, 8.0]]), np.array([[100.0, 150.0, 120.0]])
    >>> found = funnel(*sites)
    >>> found.target.round(3), found.outside(0.95)
    (array([[0.151]]), array([[ 0,  1, -1]], dtype=int8))
    """
    scale = SCALES[kind]
    held = np.isfinite(numerator) & np.isfinite(denominator) & (denominator > 0)
    events, size = np.where(held, numerator, np.nan), np.where(held, denominator, np.nan)
    rate = events / size
    with np.errstate(invalid="ignore"):
        common = np.nansum(events, axis=-1, keepdims=True) / np.nansum(size, axis=-1, keepdims=True)
    if kind == "ratio":
        common = np.ones_like(common)
    aim = np.full_like(common, target) if target is not None else common
    with np.errstate(divide="ignore"):
        away = scale.forth(rate) - scale.forth(aim)
    spread = scale.spread(size)
    phi, tau2 = _over_dispersion(away / spread, spread, cut=kind == "ratio")
    drawing = Drawing(kind, limits, over_dispersion, aim, phi, tau2)
    return Funnel(rate, drawing.at(size), drawing)


# ------------------------------------------------------------------ limits without over-dispersion


def exact_limits(size: FloatArray, target: FloatArray, kind: str, tail: Tail) -> Pair:
    """Rates beyond which binomial (Poisson) chance is less than ``tail`` on each side.

    The tail of a count is an incomplete beta (gamma) function, which goes on between whole counts:
    the limits are smooth in size, and a whole count is outside exactly when its own tail is
    smaller than ``tail`` (Clopper & Pearson 1934, Garwood 1936, turned round).

    >>> low, high = exact_limits(np.array([17.0]), np.array([0.05]), "proportion", 0.001)
    >>> float(low[0]), float(np.floor(17 * high[0]))
    (0.0, 5.0)
    """
    n, p, rare = np.broadcast_arrays(size, target, tail)
    known = np.isfinite(n) & (n > 0) & (p > 0) & (p < (1 if kind == "proportion" else np.inf))
    n, p, rare = n[known], p[known], rare[known]
    most = n if kind == "proportion" else n * p + 40 * (np.sqrt(n * p) + 1)
    # Sought as shares of the most there can be, first about where a normal curve has its limits;
    # those below and those above at once.
    middle, reach = n * p / most, -ndtri(rare) * np.sqrt(n * p) / most
    inner, out = (
        np.concatenate([middle - times * reach, middle + times * reach])
        for times in (NEARER, BEYOND)
    )
    below = np.arange(inner.size) < len(n)
    near = np.where(below, out, inner), np.where(below, inner, out)

    def falling(share: FloatArray, rows: NDArray[np.intp]) -> FloatArray:
        low, some = rows < len(n), rows % len(n)
        x, size, rate = share * most[some], n[some], p[some]
        if kind == "proportion":  # the others of at most x are at least size - x
            count, other = np.where(low, size - x, x), np.where(low, x, size - x)
            beyond = betainc(count, other + 1, np.where(low, 1 - rate, rate))
        else:
            beyond = np.where(low, gammaincc(x + 1, size * rate), gammainc(x, size * rate))
        with np.errstate(divide="ignore"):
            above = np.log(beyond / rare[some])  # nearly straight, where the tail itself is steep
        return np.asarray(np.where(low, -above, above))

    found = quick_root(falling, np.zeros(inner.shape), np.ones(inner.shape), near)
    low, high = np.full((2, *known.shape), np.nan)
    low[known], high[known] = most / n * found.reshape(2, -1)
    return low, high


def normal_limits(size: FloatArray, target: FloatArray, kind: str, tail: Tail) -> Pair:
    """The textbook's: target and so many standard errors, as public health funnels draw them.

    >>> low, high = normal_limits(np.array([9.0, 900.0]), np.array([0.1]), "proportion", 0.025)
    >>> high.round(3)
    array([0.296, 0.12 ])
    """
    variance = target * (1 - target) if kind == "proportion" else target
    half = -ndtri(tail) * np.sqrt(variance / size)
    top = 1.0 if kind == "proportion" else np.inf
    return np.maximum(target - half, 0.0), np.minimum(target + half, top)


def stabilised_limits(size: FloatArray, target: FloatArray, kind: str, tail: Tail) -> Pair:
    """Normal limits on the scale of SCALES (Spiegelhalter 2005), for comparison with other tools.

    >>> low, high = stabilised_limits(np.array([100.0]), np.array([0.1]), "proportion", 0.025)
    >>> low.round(3), high.round(3)
    (array([0.049]), array([0.166]))
    """
    scale = SCALES[kind]
    reach = -ndtri(tail) * scale.spread(size)
    return scale.back(scale.forth(target) - reach), scale.back(scale.forth(target) + reach)


def chi_square_limits(size: FloatArray, target: FloatArray, kind: str, tail: Tail) -> Pair:
    """Chi-square points at what is expected, as some tools draw ratios; for rates and ratios only.

    They swap the roles of count and expectation, so they are too far out above and too near below.
    """
    if kind == "proportion":
        raise ValueError("chi-square limits are for rates and ratios")
    expected = size * target
    low, high = chdtri(2 * expected, 1 - tail) / 2, chdtri(2 * (expected + 1), tail) / 2
    return low / size, high / size


LIMITS: dict[str, Callable[[FloatArray, FloatArray, str, Tail], Pair]] = {
    "exact": exact_limits,
    "normal": normal_limits,
    "stabilised": stabilised_limits,
    "chi-square": chi_square_limits,
}


# ------------------------------------------------------------------ over-dispersion


def _over_dispersion(z: FloatArray, spread: FloatArray, cut: bool) -> tuple[FloatArray, FloatArray]:
    """Mean squared z of the trimmed sites, and the variance beyond chance it implies."""
    kept = np.isfinite(z)
    if cut:
        kept &= ~_outermost(z, kept)
    else:
        z = _pulled_in(z, kept)
    count = kept.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        phi = np.where(kept, z**2, 0.0).sum(axis=-1, keepdims=True) / count
        weight = np.where(kept, 1 / spread**2, 0.0)
        total = weight.sum(axis=-1, keepdims=True)
        scale = total - (weight**2).sum(axis=-1, keepdims=True) / total
        tau2 = (count * phi - (count - 1)) / scale
    return phi, np.where(tau2 > 0, tau2, 0.0)


def _outermost(z: FloatArray, kept: BoolArray) -> BoolArray:
    """Sites in the first or the last tenth by rank."""
    order = np.argsort(np.where(kept, z, np.inf), axis=-1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(1, z.shape[-1] + 1), axis=-1)
    tenth = np.floor(rank / TRIMMED / (kept.sum(axis=-1, keepdims=True) + 1))
    return np.asarray((tenth < 1) | (tenth >= 1 / TRIMMED - 1))


def _pulled_in(z: FloatArray, kept: BoolArray) -> FloatArray:
    """Values beyond the first and last tenth moved to them."""
    held = np.where(kept, z, np.nan)
    some = kept.any(axis=-1, keepdims=True)  # of a row without a site there is nothing to pull in
    low, high = np.nanquantile(
        np.where(some, held, 0.0), [TRIMMED, 1 - TRIMMED], axis=-1, keepdims=True
    )
    return np.clip(held, low, high)
