"""Evidence of a change in the gap: whole periods shuffled, so that over-dispersion does no harm.

Scores are "observed minus expected" of the stratum under a gap that stays what it is, on the
scale of the ratio or of the difference (Mantel-Haenszel). No verdict is given here. Every series
is answered by itself, whichever others are asked about with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.chance import ENOUGH_EXCEEDANCES, FIRST_BATCH
from qi_equity.equity.contrast import Contrast, pooled, summed, weights

# A split is looked at where at least this share of the information lies on either side.
LEAST_SHARE = 0.1
# Neighbouring periods that resemble one another more than this are shuffled in blocks; of many
# periods it is enough that chance alone makes as much one time in twenty (so many of its standard
# errors; Bartlett 1946): slow swings that nobody saw made one gap in six of theirs change.
AUTOCORRELATED, ERRORS = 0.3, 1.6448536269514722
# A block is four periods, or a thirteenth of more than a year of weeks: what is left of the
# likeness then lies between few blocks.
BLOCK, BLOCKS = 4, 13
# A step is clear where it leaves less than this share of what a straight trend leaves.
CLEAR_STEP = 0.9
# Scores that vary by less than this share of their size are rounding.
FLAT = 1e-9
# Up to so many periods every order is tried (720 of six); the tails of more are worked out.
EVERY_ORDER = 6
# Most draws of a scan; a p-value below twenty of them is told from the tail of the draws.
DRAWS = 500
# No tail is told further than this: beyond it no simulation has looked.
SMALLEST_P = 1e-5
# Orders are drawn from this seed and the number of periods alone, the same for every series.
SEED = 1991
# So many numbers are shuffled in one go, to stay in the processor's memory.
AT_ONCE = 50_000


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


def dispersion(scores: Scores, *, unsure: bool = False) -> FloatArray:
    """How much more the periods vary than chance alone would make them; never below 1.

    `unsure` allows for how little the periods tell of it: a 95% interval that is widened by the
    answer is then as wide as Student's, with the degrees of freedom that the variance of the
    squares leaves (Satterthwaite 1946): where a few wild periods make the dispersion, few. One
    period alone tells nothing, and widens nothing.
    """
    used = scores.variance > 0
    z2 = np.where(used, scores.score**2 / np.where(used, scores.variance, 1.0), 0.0)
    periods, sums = used.sum(axis=-1), summed(z2)
    freedom = np.maximum(periods - 1, 1)
    if not unsure:
        return np.asarray(np.maximum(1.0, sums / freedom))
    flat = FLAT * np.maximum(periods, 1)
    kurtosis = np.maximum(periods * summed(z2**2) / np.maximum(sums, flat) ** 2 - 3, 0.0)
    student = special.stdtrit(2 * freedom / (2 + kurtosis), 0.975) / special.ndtri(0.975)
    return np.asarray(np.maximum(1.0, student**2 * sums / freedom))


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """How sure it is that the gap of each series changed, a row a series."""

    p_trend: FloatArray
    p_scan: FloatArray
    p_difference: FloatArray
    p_away: FloatArray  # one-sided: the ratio moved away from 1
    p_apart: FloatArray  # one-sided: the difference moved away from 0
    split: IntArray  # period with which the clearest second part begins, -1 if there is none
    autocorrelation: FloatArray
    in_blocks: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class _Periods:
    """Scores that take part, in order from the left, with zeros after the last."""

    score: FloatArray
    variance: FloatArray
    length: IntArray  # how many take part
    at: IntArray  # where each was

    @property
    def used(self) -> BoolArray:
        return np.asarray(np.arange(self.score.shape[-1]) < self.length[:, np.newaxis])

    @property
    def varies(self) -> BoolArray:
        size = np.abs(self.score).max(axis=-1, initial=0.0)
        scale = np.sqrt(self.variance.max(axis=-1, initial=0.0))
        return np.asarray((self.length > 1) & (scale > 0) & (size > FLAT * scale))


def change(data: Contrast) -> Change:
    """Test every series (rows) for a change of its gap, by trend and by scan, on both scales.

    >>> from qi_equity.equity.contrast import contrast
    >>> weeks = np.arange(52)
    >>> seen = change(contrast(np.where([weeks < 26, weeks < 99], 2, 6), 20, 5, 50))
    >>> (seen.p_trend < 0.001).tolist(), (seen.p_scan < 0.001).tolist(), seen.split.tolist()
    ([True, False], [True, False], [26, -1])
    """
    told = data.only(data.informative)
    with np.errstate(invalid="ignore"):
        sides = np.sign(pooled(told).log_ratio), np.sign(pooled(data).difference)
    return changed(
        (ratio_scores(told), data.informative), (difference_scores(data), data.compared), sides
    )


Scored = tuple[Scores, BoolArray]  # and the periods that take part


def changed(
    ratio: Scored,
    difference: Scored,
    sides: tuple[FloatArray, FloatArray],
) -> Change:
    """The same of any scores; `sides` are those on which the ratio and the difference lie."""
    on_ratio, on_difference = _taking_part(*ratio), _taking_part(*difference)
    autocorrelation = _autocorrelation(on_ratio)
    blocks = _alike(autocorrelation, on_ratio.length)
    ratio_told, difference_told = (_in_blocks(one, blocks) for one in (on_ratio, on_difference))
    away, apart = sides
    on_ratio_scale, on_difference_scale = trend_p(ratio_told), trend_p(difference_told)
    return Change(
        p_trend=on_ratio_scale.p_value,
        p_scan=_scan_p(ratio_told),
        p_difference=on_difference_scale.p_value,
        p_away=_one_sided(on_ratio_scale, away),
        p_apart=_one_sided(on_difference_scale, apart),
        split=_split(on_ratio),
        autocorrelation=autocorrelation,
        in_blocks=blocks,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """How sure a trend is, and how clear: in standard deviations over all orders, with its sign."""

    p_value: FloatArray
    z: FloatArray


def trend(data: Contrast) -> Trend:
    """The trend of the ratio alone, of every series (rows)."""
    return trend_of(ratio_scores(data.only(data.informative)), data.informative)


def trend_of(scores: Scores, periods: BoolArray) -> Trend:
    """The trend of any scores, over the periods that take part."""
    told = _taking_part(scores, periods)
    return trend_p(_in_blocks(told, _alike(_autocorrelation(told), told.length)))


def _taking_part(scores: Scores, periods: BoolArray) -> _Periods:
    order = np.argsort(~periods, axis=-1, kind="stable")
    score, variance = (
        np.take_along_axis(np.where(periods, part, 0.0), order, axis=-1)
        for part in (scores.score, scores.variance)
    )
    return _Periods(score, variance, periods.sum(axis=-1), order)


def _alike(autocorrelation: FloatArray, periods: IntArray) -> BoolArray:
    """Whether so many periods resemble their neighbours enough to be shuffled in blocks."""
    error = 1 / np.sqrt(np.maximum(periods, 1))
    return np.asarray(autocorrelation > np.minimum(AUTOCORRELATED, ERRORS * error))


def _in_blocks(periods: _Periods, chosen: BoolArray) -> _Periods:
    """Neighbours added up to blocks, in the chosen series; the last block may be short."""
    if not chosen.any():
        return periods
    size = np.where(chosen, np.maximum(BLOCK, periods.length // BLOCKS), 1)
    rows, width = periods.score.shape
    place = np.arange(rows)[:, np.newaxis] * width + np.arange(width) // size[:, np.newaxis]

    def added(part: FloatArray) -> FloatArray:
        summed = np.bincount(place.ravel(), part.ravel(), rows * width)
        return np.asarray(summed.reshape(rows, width))

    length = -(-periods.length // size)
    return _Periods(added(periods.score), added(periods.variance), length, periods.at)


def _autocorrelation(periods: _Periods) -> FloatArray:
    """Likeness of neighbouring periods (lag 1); 0 where there are too few to say.

    A straight trend is taken out first, or a step where that leaves clearly less: a gap that
    changes makes neighbours alike, and would hide itself behind the remedy for periods that
    resemble one another.
    """
    used = periods.used & (periods.variance > 0)
    if used.shape[-1] <= BLOCK:
        return np.zeros(len(used))
    length = used.sum(axis=-1)[:, np.newaxis]
    z = np.where(used, periods.score / np.sqrt(np.where(used, periods.variance, 1.0)), 0.0)
    at = np.where(used, np.arange(z.shape[-1]) - (length - 1) / 2, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.where(used, z - summed(z)[:, np.newaxis] / length, 0.0)
        slope = summed(at * level) / summed(at**2)
        z, stepped = level - at * slope[:, np.newaxis], _without_step(level, used)
        clear = summed(stepped**2) < CLEAR_STEP * summed(z**2)
        z = np.where(clear[:, np.newaxis], stepped, z)
        found = summed(z[:, 1:] * z[:, :-1]) / summed(z**2)
    enough = (length[:, 0] > BLOCK) & (summed(z**2) > FLAT)
    return np.where(enough, found, 0.0)


def _without_step(z: FloatArray, used: BoolArray) -> FloatArray:
    """What is left of each series, centred, once its clearest step is taken out."""
    place, length = np.cumsum(used, axis=-1), used.sum(axis=-1, keepdims=True)
    after = length - place
    with np.errstate(divide="ignore", invalid="ignore"):
        told = np.cumsum(z, axis=-1) ** 2 * (1 / place + 1 / after)
    split = np.where(used & (after > 0), told, 0.0).argmax(axis=-1)[:, np.newaxis]
    first = np.arange(z.shape[-1]) <= split
    left = np.zeros_like(z)
    for side in (used & first, used & ~first):
        number = np.maximum(side.sum(axis=-1, keepdims=True), 1)
        mean = np.where(side, z, 0.0).sum(axis=-1, keepdims=True) / number
        left = np.where(side, z - mean, left)
    return left


# ------------------------------------------------------------------ the trend


def trend_p(periods: _Periods) -> Trend:
    """The trend when periods are shuffled.

    The sum of the scores, each times its place, has known moments over all orders (Pitman 1937).
    It is symmetric, because the places are, and bounded: a symmetric beta with its variance and
    its fourth moment gives the tail. Up to six periods every order is counted instead.
    """
    slope = _trend(periods.score, periods.variance, periods.length)
    p_value, spread = _tail(periods, slope)
    for rows, orders in _few(periods.length):
        score, variance = periods.score[rows][:, orders], periods.variance[rows][:, orders]
        length = np.full(score.shape[:-1], orders.shape[-1])
        shuffled = np.abs(_trend(score, variance, length))
        p_value[rows] = (shuffled >= _bar(np.abs(slope[rows]))[:, np.newaxis]).mean(axis=-1)
    varies = periods.varies
    return Trend(np.where(varies, p_value, 1.0), np.where(varies, slope / spread, 0.0))


def _trend(score: FloatArray, variance: FloatArray, length: IntArray) -> FloatArray:
    """Standardised slope of the scores over the order of the periods; 0 where it has no sense."""
    at = np.arange(score.shape[-1], dtype=np.float64)
    held, first, second = (summed(variance * at**power) for power in (0, 1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = first / held
        slope = summed(score * at) - middle * summed(score)
        slope = slope / np.sqrt(second - middle * first)
    return np.where((length > 1) & np.isfinite(slope), slope, 0.0)


def _tail(periods: _Periods, slope: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The chance, over all orders, of a slope as far from level, and how far slopes stray."""
    n = periods.length.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        a2, a4, u2, u4 = _moments(periods, n)
        variance = a2 * u2 / (n - 1)
        excess = _fourth(n, a2, a4, u2, u4) / variance**2 - 3
        # The slope is in units of how far it would stray by chance where the periods lie; over
        # all orders that unit is on average this, and the fourth moment is in the sum's units.
        unit = a2 * (_mean(periods, n) - _scatter(periods, n) / summed(periods.variance))
        spread = np.sqrt(variance / unit)
        z2 = (slope / spread) ** 2
        half = -3 / np.minimum(excess, -1e-4) - 1.5
        inside = np.clip(1 - z2 / (2 * half + 1), 0.0, 1.0)
        tail = special.betainc(np.maximum(half, 1e-3), 0.5, inside)
        least = np.maximum(SMALLEST_P, 2 / special.factorial(np.minimum(n, 20)))
    tail = np.clip(np.where(np.isfinite(tail), tail, 1.0), least, 1.0)
    return tail, np.where(spread > 0, spread, np.inf)


def _moments(
    periods: _Periods, n: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Sums of squares and of fourth powers, of the places and of the scores, about their means."""
    used, width = periods.used, periods.score.shape[-1]
    at = np.where(used, np.arange(width) - (n[:, np.newaxis] - 1) / 2, 0.0)
    mean = summed(periods.score) / n
    u = np.where(used, periods.score - mean[:, np.newaxis], 0.0)
    a, b, c, d = (summed(part**power) for part in (at, u) for power in (2, 4))
    return a, b, c, d


def _mean(periods: _Periods, n: FloatArray) -> FloatArray:
    return np.asarray(summed(periods.variance) / n)


def _scatter(periods: _Periods, n: FloatArray) -> FloatArray:
    away = np.where(periods.used, periods.variance - _mean(periods, n)[:, np.newaxis], 0.0)
    return np.asarray(summed(away**2) / (n - 1))


def _fourth(
    n: FloatArray, a2: FloatArray, a4: FloatArray, u2: FloatArray, u4: FloatArray
) -> FloatArray:
    """Fourth moment of a sum of places times shuffled scores, by which of the four are alike."""
    two = n * (n - 1)
    three, four = two * (n - 2), two * (n - 2) * (n - 3)
    alike = a4 * u4 / n + 4 * a4 * u4 / two
    pairs = 3 * (a2**2 - a4) * (u2**2 - u4) / two
    triples = 6 * (2 * a4 - a2**2) * (2 * u4 - u2**2) / three
    different = (3 * a2**2 - 6 * a4) * (3 * u2**2 - 6 * u4) / four
    return alike + pairs + triples + different


def _one_sided(found: Trend, side: FloatArray) -> FloatArray:
    """The chance of as much to that side; 1 where there is none."""
    way, half = np.nan_to_num(side) * np.sign(found.z), found.p_value / 2
    return np.select([way > 0, way < 0], [half, 1 - half], 1.0)


# ------------------------------------------------------------------ the scan


def _steps(score: FloatArray, variance: FloatArray) -> FloatArray:
    """Standardised step at every split of the periods; 0 where a side holds too little."""
    return np.sqrt(_squares(score, variance))


def _squares(score: FloatArray, variance: FloatArray) -> FloatArray:
    """The squares of the steps: in the order of the steps, without a root of each."""
    held, seen = variance.cumsum(axis=-1), score.cumsum(axis=-1)
    whole, ends = held[..., -1:].copy(), seen[..., -1:].copy()
    held, seen = held[..., :-1], seen[..., :-1]
    room = held >= LEAST_SHARE * whole
    room &= held <= (1 - LEAST_SHARE) * whole
    with np.errstate(divide="ignore", invalid="ignore"):
        seen -= held * (ends / whole)
        seen *= seen
        # Where a side holds nothing the square would be divided by nought.
        left = held / whole
        left *= held
        np.subtract(held, left, out=left)
        seen /= left
    np.copyto(seen, 0.0, where=~room)
    return np.asarray(seen)


def _clearest(score: FloatArray, variance: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(_squares(score, variance).max(axis=-1, initial=0.0)))


def _split(periods: _Periods) -> IntArray:
    if periods.score.shape[-1] < 2:
        return np.full(len(periods.score), -1)
    steps = np.where(periods.used[:, 1:], _steps(periods.score, periods.variance), 0.0)
    best = steps.argmax(axis=-1)
    begins = np.take_along_axis(periods.at, best[:, np.newaxis] + 1, axis=-1)[:, 0]
    found = periods.varies & (steps.max(axis=-1) > 0)
    return np.where(found, begins, -1).astype(np.int64)


def _scan_p(periods: _Periods) -> FloatArray:
    """The chance of a clearest step as clear as this one, had the periods come in any order."""
    p_value = np.ones(len(periods.score))
    for rows, orders in _few(periods.length):
        score, variance = periods.score[rows][:, orders], periods.variance[rows][:, orders]
        found = _clearest(score, variance)
        # The first order is the one that was seen.
        p_value[rows] = (found >= _bar(found[:, :1])).mean(axis=-1)
    for length in np.unique(periods.length[periods.length > EVERY_ORDER]):
        rows = np.flatnonzero((periods.length == length) & periods.varies)
        if rows.size:
            p_value[rows] = _drawn(periods.score[rows, :length], periods.variance[rows, :length])
    return np.where(periods.varies, p_value, 1.0)


def _drawn(score: FloatArray, variance: FloatArray) -> FloatArray:
    """The scan's p by drawing until twenty draws are as extreme (Besag & Clifford 1991)."""
    rows, length = score.shape
    batches = iter(_orders(length))
    seen = _clearest(score, variance)
    bar, p_value, draws = _bar(seen), np.full(rows, np.nan), np.zeros((rows, 0))
    while draws.shape[-1] < DRAWS and (going := np.flatnonzero(np.isnan(p_value))).size:
        orders = next(batches)
        new = np.full((rows, len(orders)), np.nan)
        for part in np.array_split(going, math.ceil(going.size * orders.size / AT_ONCE)):
            new[part] = _clearest(
                *(np.take(each[part], orders, axis=1) for each in (score, variance))
            )
        draws = np.concatenate([draws, new], axis=-1)
        reached = np.cumsum(draws[going] >= bar[going, np.newaxis], axis=-1) >= ENOUGH_EXCEEDANCES
        stopped = ENOUGH_EXCEEDANCES / (1 + reached.argmax(axis=-1))
        p_value[going] = np.where(reached[:, -1], stopped, np.nan)
    clear = np.isnan(p_value)
    if clear.any():
        p_value[clear] = _beyond(draws[clear], seen[clear])
    return p_value


@lru_cache(maxsize=64)
def _orders(length: int) -> list[NDArray[np.int64]]:
    """The orders that are drawn for so many periods: few at first, then twice as many."""
    rng, drawn = np.random.default_rng([SEED, length]), 0
    batches = []
    while drawn < DRAWS:
        size = min(FIRST_BATCH + drawn, DRAWS - drawn)
        batches.append(rng.permuted(np.tile(np.arange(length), (size, 1)), axis=1))
        drawn += size
    return batches


def _beyond(draws: FloatArray, seen: FloatArray) -> FloatArray:
    """The chance of more than nearly all draws: their tail drawn out (Knijnenburg 2009).

    Half the square of a largest normal step has a tail that falls like an exponential; how fast
    is told by the largest tenth of the draws.
    """
    tenth = DRAWS // 10
    tail = np.sort(draws**2 / 2, axis=-1)[:, -tenth - 1 :]
    over = np.maximum((tail[:, 1:] - tail[:, :1]).mean(axis=-1), FLAT)
    p_value = tenth / DRAWS * np.exp(-np.maximum(seen**2 / 2 - tail[:, 0], 0.0) / over)
    return np.asarray(np.clip(p_value, SMALLEST_P, ENOUGH_EXCEEDANCES / DRAWS))


def _few(length: IntArray) -> Iterator[tuple[NDArray[np.intp], NDArray[np.int64]]]:
    """Series with so few periods that every order is tried, with the orders."""
    for few in range(2, EVERY_ORDER + 1):
        rows = np.flatnonzero(length == few)
        if rows.size:
            yield rows, _every_order(few)


@cache
def _every_order(length: int) -> NDArray[np.int64]:
    return np.array(list(permutations(range(length))), dtype=np.int64)


def _bar(seen: FloatArray) -> FloatArray:
    """What a draw has to reach: ties count as extreme, and the slack absorbs the last digits."""
    return np.asarray(seen - 1e-9 * np.maximum(1.0, np.abs(seen)))
