"""How much more a series varies from subgroup to subgroup than chance makes it.

Real weeks scatter (a busy ward, a new rota) and resemble their neighbours. How much is never
known, so every amount of a table is held against the series and kept with the weight it earns.
No p-value is made here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from qi_equity.arrays import BoolArray, FloatArray, IntArray

# Correlation of two births of the same week: none, then doubling. Real weeks have .01 to .03.
WITHIN = np.array([0.0025 * 2**i for i in range(8)])
# Events over exposure: squared coefficient of variation of the rates of weeks, per unit of the
# correlation above (a proportion of one in eleven has the same).
EXPOSURE = 10.0
# Likeness of the rates of neighbouring weeks, and how often each is believed in beforehand.
LIKENESS, BELIEVED = np.array([0.0, 0.4, 0.7]), np.array([0.4, 0.3, 0.3])
# Belief beforehand that weeks vary by chance alone.
CHANCE_ALONE = 0.7
# The same of strata that are told of it by the others of their site: they can afford to doubt.
TOLD_BELIEVED, TOLD_CHANCE_ALONE = np.array([0.2, 0.4, 0.4]), 0.5
# Belief that a stratum scatters as the others of its site do: what one does may be its own.
ALIKE = 0.5
# A step that was looked for takes the slowest waves with it: these say nothing of the scatter.
SLOWEST = 2
# Every amount, with the likeness of neighbours it comes with, and the belief in it beforehand.
AMOUNTS = np.r_[0.0, np.repeat(WITHIN, LIKENESS.size)]
NEIGHBOURS = np.r_[0.0, np.tile(LIKENESS, WITHIN.size)]
PRIOR, TOLD = (
    np.r_[alone, np.tile(believed / WITHIN.size, WITHIN.size) * (1 - alone)]
    for alone, believed in ((CHANCE_ALONE, BELIEVED), (TOLD_CHANCE_ALONE, TOLD_BELIEVED))
)


@dataclass(frozen=True, slots=True, eq=False)
class Scatter:
    """Amounts of scatter with their weights: a row a series, weights of a row sum to 1.

    `factor` is how many times the variance of chance a sum of many neighbouring weeks has.
    """

    weight: FloatArray
    factor: FloatArray


def scatter(
    residual: FloatArray,
    size: FloatArray,
    kurtosis: FloatArray,
    used: BoolArray,
    together: IntArray | None = None,
    *,
    given_totals: bool = False,
) -> Scatter:
    """What standardised residuals say of the scatter, about the mean of each side of a step.

    `size` is by how much the variance of one residual grows for each unit of WITHIN, `kurtosis`
    the excess kurtosis of one residual by chance alone: where events are few a large residual
    says little. `used` are the subgroups that count. Rows of one number in `together` are the
    strata of one whole, and learn from each other; otherwise a row needs no others.
    """
    log = np.zeros((len(residual), AMOUNTS.size))
    counts = used.sum(axis=-1)
    for points in np.unique(counts):
        rows = np.flatnonzero(counts == points)
        series = residual[rows][used[rows]].reshape(rows.size, points)
        log[rows] = _likelihood(series, size[rows], kurtosis[rows])
    log = log + np.log(PRIOR) if together is None else _told(log, together, given_totals)
    factor = 1 + AMOUNTS * size[:, np.newaxis] * (1 + NEIGHBOURS) / (1 - NEIGHBOURS)
    return Scatter(np.exp(log - logsumexp(log, axis=-1, keepdims=True)), factor)


def _likelihood(series: FloatArray, size: FloatArray, kurtosis: FloatArray) -> FloatArray:
    """Log likelihood of the series' waves at every amount of scatter (Whittle 1953)."""
    points = series.shape[-1]
    at = np.arange(SLOWEST + 1, points)
    wave = np.cos(np.pi * at[:, np.newaxis] * (np.arange(points) + 0.5) / points)
    power = 2 / max(points, 1) * np.einsum("rt,jt->rj", series, wave) ** 2
    # Spectrum of an autoregression of order 1 whose variance is 1.
    turn = np.cos(np.pi * at / max(points, 1))[:, np.newaxis]
    shape = (1 - NEIGHBOURS**2) / (1 + NEIGHBOURS**2 - 2 * NEIGHBOURS * turn)
    expected = 1 + (AMOUNTS * size[:, np.newaxis])[:, np.newaxis] * shape
    log = -0.5 * (np.log(expected) + power[..., np.newaxis] / expected).sum(axis=1)
    return np.asarray(log * (2 / (2 + np.maximum(kurtosis, 0.0)))[:, np.newaxis])


def _told(log: FloatArray, together: IntArray, given_totals: bool) -> FloatArray:
    """Each row's own likelihood and its prior, with what the others of its whole say of an amount.

    Any of the others may scatter in a way of its own, so none rules an amount out. Given the
    totals, the last of the strata says nothing that the others have not said.
    """
    mean = logsumexp(log + np.log(TOLD), axis=-1, keepdims=True)
    says = np.logaddexp(np.log(1 - ALIKE), np.log(ALIKE) + log - mean)
    _, place, many = np.unique(together, return_inverse=True, return_counts=True)
    said = np.zeros((many.size, AMOUNTS.size))
    np.add.at(said, place, says)
    strata = many[place][:, np.newaxis]
    new = (strata - 2) / np.maximum(strata - 1, 1) if given_totals else 1.0
    prior = np.where(strata > 1, TOLD, PRIOR)
    return np.asarray(log + np.log(prior) + (said[place] - says) * new)
