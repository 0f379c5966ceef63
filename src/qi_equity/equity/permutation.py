"""Evidence of a change in the gap: whole periods shuffled, so that over-dispersion does no harm.

Scores are "observed minus expected" of the stratum under a gap that stays what it is, on the
scale of the ratio or of the difference (Mantel-Haenszel). No verdict is given here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qi_equity.arrays import FloatArray
from qi_equity.chance import seed_of_pair, sequential_p
from qi_equity.equity.contrast import Contrast, pooled, weights

# A split is looked at where at least this share of the information lies on either side.
LEAST_SHARE = 0.1
# Neighbouring periods that resemble one another more than this are shuffled in blocks of four.
AUTOCORRELATED = 0.3
BLOCK = 4
# Residuals with less than this in them are rounding.
FLAT = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Observed minus expected of every period, and its variance; sums to zero."""

    score: FloatArray
    variance: FloatArray


def ratio_scores(data: Contrast) -> Scores:
    """Scores whose null is a constant ratio; times the reference's rate, so 0 events do no harm."""
    y, n, y0, n0 = data.parts
    a, b, _ = weights(data)
    p, p0 = _rates(data)
    variance = p0**2 * n * a**2 * p * (1 - p) + p**2 * n0 * b**2 * p0 * (1 - p0)
    return Scores(p0 * y * a - p * y0 * b, variance)


def difference_scores(data: Contrast) -> Scores:
    """Scores whose null is a constant difference."""
    y, n, y0, n0 = data.parts
    a, b, w = weights(data)
    p, p0 = _rates(data)
    variance = n * a**2 * p * (1 - p) + n0 * b**2 * p0 * (1 - p0)
    return Scores(y * a - y0 * b - (p - p0) * w, variance)


def _rates(data: Contrast) -> tuple[FloatArray, FloatArray]:
    table = pooled(data)
    rates = (table.rate, table.reference_rate)
    p, p0 = (np.nan_to_num(rate)[..., np.newaxis] for rate in rates)
    return p, p0


def dispersion(scores: Scores) -> FloatArray:
    """How much more the periods vary than chance alone would make them; never below 1."""
    used = scores.variance > 0
    z2 = np.where(used, scores.score**2 / np.where(used, scores.variance, 1.0), 0.0)
    return np.asarray(np.maximum(1.0, z2.sum(axis=-1) / np.maximum(used.sum(axis=-1) - 1, 1)))


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """How sure it is that the gap of one series changed; the signs say which way it moved."""

    p_trend: float
    p_scan: float
    p_difference: float
    p_away: float  # one-sided: the ratio moved away from 1
    p_apart: float  # one-sided: the difference moved away from 0
    rising: bool
    split: int  # period with which the clearest second part begins, -1 if there is none
    autocorrelation: float
    seed: int


def change(data: Contrast) -> Change:
    """Test one series for a change of its gap, by trend and by scan, on both scales."""
    on_ratio, on_difference = data.informative, data.compared
    told, weeks = data[on_ratio], data[on_difference]
    seed = seed_of_pair((told.events, told.total), (told.reference_events, told.reference_total))
    scores, differences = ratio_scores(told), difference_scores(weeks)
    away = np.sign(pooled(told).log_ratio) if on_ratio.any() else 0.0
    apart = np.sign(pooled(weeks).difference) if on_difference.any() else 0.0
    autocorrelation = _autocorrelation(scores)
    blocks = BLOCK if autocorrelation > AUTOCORRELATED else 1

    def of_ratio(score: FloatArray, variance: FloatArray) -> FloatArray:
        trend = _trend(score, variance)
        scan = _steps(score, variance).max(axis=-1, initial=0.0)
        return np.stack([np.abs(trend), scan, away * trend], axis=-1)

    def of_difference(score: FloatArray, variance: FloatArray) -> FloatArray:
        trend = _trend(score, variance)
        return np.stack([np.abs(trend), apart * trend], axis=-1)

    p_trend, p_scan, p_away = _permuted(scores, of_ratio, blocks, seed)
    p_difference, p_apart = _permuted(differences, of_difference, blocks, seed + 1)
    steps = _steps(scores.score, scores.variance)
    best = int(np.argmax(steps)) if steps.size else 0
    found = steps.size > 0 and steps[best] > 0
    return Change(
        p_trend=float(p_trend),
        p_scan=float(p_scan),
        p_difference=float(p_difference),
        p_away=float(p_away),
        p_apart=float(p_apart),
        rising=bool(_trend(scores.score, scores.variance) > 0),
        split=int(np.flatnonzero(on_ratio)[best + 1]) if found else -1,
        autocorrelation=autocorrelation,
        seed=seed,
    )


def _trend(score: FloatArray, variance: FloatArray) -> FloatArray:
    """Standardised slope of the scores over the order of the periods."""
    at = np.arange(score.shape[-1], dtype=np.float64)
    held, first, second = variance.sum(axis=-1), variance @ at, variance @ at**2
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = first / held
        slope = score @ at - middle * score.sum(axis=-1)
        return np.asarray(np.nan_to_num(slope / np.sqrt(second - middle * first), posinf=0.0))


def _steps(score: FloatArray, variance: FloatArray) -> FloatArray:
    """Standardised step at every split of the periods; 0 where a side holds too little."""
    held = np.cumsum(variance, axis=-1)[..., :-1]
    whole = variance.sum(axis=-1)[..., np.newaxis]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = held / whole
        excess = np.cumsum(score, axis=-1)[..., :-1] - share * score.sum(axis=-1)[..., np.newaxis]
        step = np.abs(excess) / np.sqrt(whole * share * (1 - share))
    return np.where((share >= LEAST_SHARE) & (share <= 1 - LEAST_SHARE), step, 0.0)


def _autocorrelation(scores: Scores) -> float:
    """Likeness of neighbouring periods (lag 1); 0 where there are too few to say.

    A straight trend is taken out first: a gap that changes makes neighbours alike, and would
    hide itself behind the remedy for periods that resemble one another.
    """
    used = scores.variance > 0
    z = scores.score[used] / np.sqrt(scores.variance[used])
    if z.size <= BLOCK:
        return 0.0
    at = np.arange(z.size) - (z.size - 1) / 2
    z = z - z.mean()
    z = z - at * (at @ z) / (at @ at)
    return float(z[1:] @ z[:-1] / (z @ z)) if z @ z > FLAT else 0.0


def _permuted(
    scores: Scores,
    statistics: Callable[[FloatArray, FloatArray], FloatArray],
    block: int,
    seed: int,
) -> FloatArray:
    rng = np.random.default_rng(seed)
    # In units of their own size, so that no rounding is mistaken for a difference.
    unit = scores.variance.max(initial=0.0) or 1.0
    score, variance = scores.score / np.sqrt(unit), scores.variance / unit

    def draw(size: int) -> FloatArray:
        order = _orders(rng, score.size, block, size)
        return statistics(score[order], variance[order])

    return sequential_p(statistics(score, variance), draw)


def _orders(rng: np.random.Generator, periods: int, block: int, size: int) -> NDArray[np.int64]:
    """Shuffled orders of the periods, or of blocks of neighbours, the last block being short."""
    blocks = -(-periods // block)
    shuffled = rng.permuted(np.tile(np.arange(blocks), (size, 1)), axis=1)
    if block == 1:
        return shuffled
    order = (shuffled[..., np.newaxis] * block + np.arange(block)).reshape(size, -1)
    return order[order < periods].reshape(size, periods)
