"""Funnels: many sites at one time about one target, with limits by size; no time axis here.

The last axis is sites. Over-dispersion after Spiegelhalter 2005 (Qual Saf Health Care 14:347):
on a scale where the spread hardly depends on the rate, the sites vary more than chance explains,
and limits widen by as much: all alike (additive) or in proportion (multiplicative). The outermost
tenth on each side is pulled in (proportions) or left out (ratios) before that is estimated, so
that the sites to be found do not hide themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri, ndtri

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.spc.limits import binomial_limits

# Chance alone puts a site outside once in 20, and once in 500: the two pairs funnels draw.
LEVELS = (0.95, 0.998)
# The share of the sites at each end that says nothing about ordinary over-dispersion.
TRIMMED = 0.1


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
class Funnel:
    """A funnel: the sites, the target, and limits by level, with what over-dispersion was."""

    rate: FloatArray
    target: FloatArray
    limits: dict[float, tuple[FloatArray, FloatArray]]
    phi: FloatArray  # mean squared distance in standard errors; 1 where chance explains all
    tau2: FloatArray  # variance between sites beyond chance, on the working scale

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
    target: float | None = None,
) -> Funnel:
    """Sites about their common rate (a ratio's target is 1), with exact or widened limits.

    ``over_dispersion``: None (exact binomial or Poisson limits), "additive" or "multiplicative".

    >>> sites = np.array([[12.0, 30.0, 9.0]]), np.array([[100.0, 150.0, 120.0]])
    >>> found = funnel(*sites)
    >>> found.target.round(3), found.outside(0.95)
    (array([[0.138]]), array([[ 0,  1, -1]], dtype=int8))
    """
    scale = SCALES[kind]
    held = np.isfinite(numerator) & np.isfinite(denominator) & (denominator > 0)
    events, size = np.where(held, numerator, np.nan), np.where(held, denominator, np.nan)
    rate = events / size
    common = np.nansum(events, axis=-1, keepdims=True) / np.nansum(size, axis=-1, keepdims=True)
    if kind == "ratio":
        common = np.ones_like(common)
    aim = np.full_like(common, target) if target is not None else common
    with np.errstate(divide="ignore"):
        away = scale.forth(rate) - scale.forth(aim)
    spread = scale.spread(size)
    phi, tau2 = _over_dispersion(away / spread, spread, cut=kind == "ratio")
    limits = {}
    for level in LEVELS:
        if over_dispersion is None:
            limits[level] = _exact(size, aim, kind, level)
            continue
        width = np.sqrt(spread**2 + tau2)
        if over_dispersion == "multiplicative":
            width = spread * np.sqrt(np.maximum(phi, 1.0))
        reach = float(ndtri((1 + level) / 2)) * width
        middle = scale.forth(aim)
        limits[level] = scale.back(middle - reach), scale.back(middle + reach)
    return Funnel(rate, aim, limits, phi, tau2)


def normal_limits(
    denominator: FloatArray, target: FloatArray, kind: str, level: float
) -> tuple[FloatArray, FloatArray]:
    """Limits without over-dispersion on the working scale, for comparison with other tools.

    >>> low, high = normal_limits(np.array([100.0]), np.array([0.1]), "proportion", 0.95)
    >>> low.round(3), high.round(3)
    (array([0.049]), array([0.166]))
    """
    scale = SCALES[kind]
    reach = float(ndtri((1 + level) / 2)) * scale.spread(denominator)
    return scale.back(scale.forth(target) - reach), scale.back(scale.forth(target) + reach)


def _exact(
    size: FloatArray, target: FloatArray, kind: str, level: float
) -> tuple[FloatArray, FloatArray]:
    tail = (1 - level) / 2
    if kind == "proportion":
        low, high = binomial_limits(size, target, float(ndtri(1 - tail)))
        return low / size, high / size
    # The Poisson limits as chi-square points, continuous in what is expected.
    expected = size * target
    low = chdtri(2 * expected, 1 - tail) / 2
    high = chdtri(2 * (expected + 1), tail) / 2
    return low / size, high / size


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
    if not kept.any():
        return z
    held = np.where(kept, z, np.nan)
    with np.errstate(invalid="ignore"):
        low, high = np.nanquantile(held, [TRIMMED, 1 - TRIMMED], axis=-1, keepdims=True)
    return np.clip(held, low, high)
