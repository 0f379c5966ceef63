"""One gap for many sites: within-site comparisons added up, and whether the sites agree.

A network's pooled counts can show a gap that no site has, because sites differ in who they
serve; Mantel-Haenszel compares only within a site. Nothing about time, and no labels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from qi_equity.arrays import FloatArray
from qi_equity.equity.contrast import contrast, pooled, ratio_interval
from qi_equity.equity.intervals import Interval
from qi_equity.equity.scores import difference_score, ratio_score, two_sided


@dataclass(frozen=True, slots=True, eq=False)
class AcrossSites:
    """The gap within sites, pooled, with the chance of seeing sites so different if all agree."""

    ratio: Interval
    difference: Interval
    p_value: FloatArray
    sites: FloatArray  # with someone in both groups, so that they say something
    ratios_differ: FloatArray  # p-value: every site has the same ratio
    differences_differ: FloatArray  # p-value: every site has the same difference


def across_sites(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    *,
    axis: int = -1,
    confidence: float = 0.95,
) -> AcrossSites:
    """Mantel-Haenszel ratio and difference over the axis of sites.

    Intervals are Greenland & Robins' (1985) for the ratio and Sato's (1989) for the difference,
    which hold for a few large sites and for many small ones. Sites agree or not by the scores of
    each about the pooled gap (Gart & Nam 1990), so sites without an event do no harm.

    >>> found = across_sites([4, 12], [50, 60], [10, 20], [200, 150])
    >>> found.ratio.estimate.round(3), found.ratio.lower.round(3), found.ratio.upper.round(3)
    (np.float64(1.526), np.float64(0.87), np.float64(2.677))
    """
    parts = np.broadcast_arrays(*(np.asarray(part, dtype=float) for part in (x1, n1, x2, n2)))
    a, m, b, n = (np.moveaxis(part, axis, -1) for part in parts)
    both = np.isfinite(a) & np.isfinite(b) & (m > 0) & (n > 0)
    a, m, b, n = (np.where(both, part, 0.0) for part in (a, m, b, n))
    z = float(special.ndtri((1 + confidence) / 2))
    with np.errstate(all="ignore"):
        ratio = _ratio(a, m, b, n, z)
        difference = _difference(a, m, b, n, z)
        return AcrossSites(
            ratio=ratio,
            difference=difference,
            p_value=_no_gap(a, m, b, n),
            sites=both.sum(axis=-1).astype(float),
            ratios_differ=_differ(ratio_score(a, m, b, n, ratio.estimate[..., None])),
            differences_differ=_differ(
                difference_score(a, m, b, n, difference.estimate[..., None])
            ),
        )


def _ratio(a: FloatArray, m: FloatArray, b: FloatArray, n: FloatArray, z: float) -> Interval:
    total = m + n
    own, other = _sum(a * n / total), _sum(b * m / total)
    estimate = own / other
    spread = _sum((m * n * (a + b) - a * b * total) / total**2)
    factor = np.exp(z * np.sqrt(spread / (own * other)))
    # With no event on one side there is no standard error; the score limits are still there.
    score = ratio_interval(pooled(contrast(a, m, b, n)))
    some = (own > 0) & (other > 0)
    return Interval(
        np.asarray(estimate),
        np.where(some, estimate / factor, score.lower),
        np.where(some, estimate * factor, score.upper),
    )


def _difference(a: FloatArray, m: FloatArray, b: FloatArray, n: FloatArray, z: float) -> Interval:
    total = m + n
    weight = _sum(m * n / total)
    estimate = np.where(_sum(a + b) > 0, _sum((a * n - b * m) / total) / weight, np.nan)
    p = _sum((m**2 * b - n**2 * a + m * n * (n - m) / 2) / total**2)
    q = _sum((a * (n - b) + b * (m - a)) / (2 * total))
    half = z * np.sqrt(estimate * p + q) / weight
    return Interval(estimate, estimate - half, estimate + half)


def _no_gap(a: FloatArray, m: FloatArray, b: FloatArray, n: FloatArray) -> FloatArray:
    """Cochran's test with Mantel and Haenszel's variance, without continuity correction."""
    total, events = m + n, a + b
    expected = events * m / total
    variance = events * (total - events) * m * n / (total**2 * (total - 1))
    return two_sided(_sum(a - expected) / np.sqrt(_sum(variance)))


def _differ(score: FloatArray) -> FloatArray:
    """Chance of scores so scattered where every site has the pooled gap; nan for one site."""
    told = np.isfinite(score)
    freedom = told.sum(axis=-1) - 1.0
    scatter = np.where(told, score**2, 0.0).sum(axis=-1)
    return np.where(freedom > 0, special.chdtrc(np.maximum(freedom, 1), scatter), np.nan)[()]


def _sum(values: FloatArray) -> FloatArray:
    return np.asarray(np.nansum(values, axis=-1))
