"""How much more a series varies from subgroup to subgroup than chance makes it.

Real weeks scatter (a busy ward, a new rota) and resemble their neighbours. How much is never
known, so every amount of a table is held against the series and kept with the weight it earns.
No p-value is made here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qi_equity.arrays import BoolArray, FloatArray

# Correlation of two births of the same week: none, then doubling. Real weeks have .01 to .03.
WITHIN = np.array([0.0025 * 2**i for i in range(8)])
# Events over exposure: squared coefficient of variation of the rates of weeks, per unit of the
# correlation above (a proportion of one in eleven has the same).
EXPOSURE = 10.0
# Likeness of the rates of neighbouring weeks, and how often each is believed in beforehand.
LIKENESS, BELIEVED = np.array([0.0, 0.4, 0.7]), np.array([0.4, 0.3, 0.3])
# Belief beforehand that weeks vary by chance alone.
CHANCE_ALONE = 0.7
# A step that was looked for takes the slowest waves with it: these say nothing of the scatter.
SLOWEST = 2


@dataclass(frozen=True, slots=True, eq=False)
class Scatter:
    """Amounts of scatter with their weights: a row a series, weights of a row sum to 1.

    `factor` is how many times the variance of chance a sum of many neighbouring weeks has.
    """

    weight: FloatArray
    factor: FloatArray


def scatter(
    residual: FloatArray, size: FloatArray, kurtosis: FloatArray, used: BoolArray
) -> Scatter:
    """What standardised residuals say of the scatter, about the mean of each side of a step.

    `size` is by how much the variance of one residual grows for each unit of WITHIN, `kurtosis`
    the excess kurtosis of one residual by chance alone: where events are few a large residual
    says little. `used` are the subgroups that count; a row needs no others.
    """
    amounts = WITHIN.size * LIKENESS.size
    weight, factor = (np.zeros((len(residual), 1 + amounts)) for _ in range(2))
    counts = used.sum(axis=-1)
    for points in np.unique(counts):
        rows = np.flatnonzero(counts == points)
        series = residual[rows][used[rows]].reshape(rows.size, points)
        weight[rows], factor[rows] = _weighed(series, size[rows], kurtosis[rows])
    return Scatter(weight, factor)


def _weighed(
    series: FloatArray, size: FloatArray, kurtosis: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Weights by the likelihood of the series' waves (Whittle 1953), and the long-run factors."""
    points = series.shape[-1]
    at = np.arange(SLOWEST + 1, points)
    wave = np.cos(np.pi * at[:, np.newaxis] * (np.arange(points) + 0.5) / points)
    power = 2 / max(points, 1) * np.einsum("rt,jt->rj", series, wave) ** 2
    extra = np.concatenate([[0.0], np.repeat(WITHIN, LIKENESS.size)]) * size[:, np.newaxis]
    alike = np.concatenate([[0.0], np.tile(LIKENESS, WITHIN.size)])
    spread = np.tile(BELIEVED / WITHIN.size, WITHIN.size) * (1 - CHANCE_ALONE)
    prior = np.concatenate([[CHANCE_ALONE], spread])
    # Spectrum of an autoregression of order 1 whose variance is 1.
    shape = (1 - alike**2) / (
        1 + alike**2 - 2 * alike * np.cos(np.pi * at / max(points, 1))[:, np.newaxis]
    )
    expected = 1 + extra[:, np.newaxis] * shape
    log = -0.5 * (np.log(expected) + power[..., np.newaxis] / expected).sum(axis=1)
    log = log * (2 / (2 + np.maximum(kurtosis, 0.0)))[:, np.newaxis] + np.log(prior)
    weight = np.exp(log - log.max(axis=-1, keepdims=True))
    factor = 1 + extra * (1 + alike) / (1 - alike)
    return weight / weight.sum(axis=-1, keepdims=True), factor
