"""How likely counts are to stay within bounds on their way to their total, by counting paths.

Sums over a lattice, exact to the last digits; no statistic, no bound and no label is chosen here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.special import gammaln, ive, xlogy

from qi_equity.arrays import BoolArray, FloatArray, IntArray

Inside = Callable[[FloatArray, FloatArray], FloatArray]
# A path this many standard deviations from where it should be has no weight to speak of (1e-15).
FAR = 8.0
# Few counts are skewed, so units are added on either side (a Poisson count of mean 1 is above 15
# with 2e-14).
FEW = 14
# Above this variance of all counts together paths are counted on a lattice of this variance.
COARSE = 4_096.0
# What can still be told from the rounding of a difference from 1.
LEAST_P = 1e-12
# Widths of the lattice are rounded up to these: few tables serve many series, and a series has
# the same width, and so the same digits, in any company.
WIDTHS = np.array([8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024])
# What is less likely than this in a week alters nothing that can be told.
NEGLIGIBLE = 1e-18
# Below this a double has fewer digits.
LEAST_DOUBLE = 1e-290
# So many products are added up at once at most: a multiple of what any processor takes.
AT_ONCE = 32


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """Counts subgroup by subgroup under the null, a row a series; means sum to the total.

    `most` is the most events there can be, infinite where there is no such thing. A subgroup in
    which nothing can happen has mean and variance 0.
    """

    mean: FloatArray
    variance: FloatArray
    most: FloatArray

    def __getitem__(self, rows: NDArray[np.intp]) -> Walk:
        return Walk(self.mean[rows], self.variance[rows], self.most[rows])


# Of some series: the chances of each count, and that of their total where nothing binds.
Steps = tuple[FloatArray, FloatArray]


def leaving(
    walk: Walk, bound: FloatArray, known: dict[tuple[bool, int], Steps] | None = None
) -> FloatArray:
    """P(the running sum is ever as far from its mean as `bound` | it ends at its total).

    f_t(k) = sum over y of P_t(y) f_(t-1)(k - y), nought where k is out of bounds; the answer is 1
    less what arrives, as a share of what would arrive without bounds. Infinite bounds bind nobody.
    `known` keeps the steps of a walk that is asked about for one bound after another.

    >>> twice = np.full((1, 2), 2.0)
    >>> walk = Walk(twice, twice / 2, 2 * twice)  # 4 events of 8 people, 4 in each half
    >>> leaving(walk, np.array([[2.0, np.inf]])).round(4)  # all or none in the first: 2 in 70
    array([0.0286])
    """
    walk, bound = _told(walk, bound)
    whole = walk.variance.sum(axis=-1, keepdims=True)
    large = whole[:, 0] > COARSE
    scale = np.where(whole > COARSE, np.sqrt(COARSE / np.maximum(whole, 1.0)), 1.0)
    variance, bound = walk.variance * scale**2, bound * scale
    held = np.cumsum(variance, axis=-1)
    left = np.maximum(held[:, -1:] - held, 0.0)
    free = FAR * np.sqrt(held * left / np.maximum(held[:, -1:], 1e-300)) + FEW
    bound = np.minimum(bound, free)
    height = _width(bound.max(axis=-1) + 1)
    stride = _width(FAR * np.sqrt(variance.max(axis=-1)) + FEW)
    walk = Walk(walk.mean, variance, walk.most)
    answer = np.full(len(bound), np.nan)
    for kind, wide, high in sorted(set(zip(large, stride, height, strict=True))):
        alike = np.flatnonzero((large == kind) & (stride == wide))
        here = height[alike] == high
        rows, steps = alike[here], None
        if known is not None:
            key = bool(kind), int(wide)
            if key not in known:
                known[key] = _steps(walk[alike], int(wide), bool(kind))
            steps = known[key][0][here], known[key][1][here]
        steps = steps or _steps(walk[rows], int(wide), bool(kind))
        answer[rows] = _left(walk[rows], bound[rows], int(high), steps, bool(kind))
    return np.asarray(np.clip(answer, LEAST_P, 1.0))


def _told(walk: Walk, bound: FloatArray) -> tuple[Walk, FloatArray]:
    """The subgroups in which something can happen, moved to the front; the rest binds nobody."""
    nothing = walk.variance <= 0
    if not nothing.any():
        return walk, bound
    order = np.argsort(nothing, axis=-1, kind="stable")
    order = order[:, : (~nothing).sum(axis=-1).max(initial=0)]
    mean, variance, most, bound = (
        np.take_along_axis(part, order, axis=-1)
        for part in (walk.mean, walk.variance, walk.most, bound)
    )
    return Walk(mean, variance, most), bound


def _width(needed: FloatArray) -> IntArray:
    return WIDTHS[np.minimum(np.searchsorted(WIDTHS, needed), len(WIDTHS) - 1)]


def _steps(walk: Walk, wide: int, large: bool) -> Steps:
    """Of series whose steps are equally wide."""
    if large:
        return _skellam(walk, wide), np.asarray(ive(0, walk.variance.sum(axis=-1)))
    chance = _counts(walk, wide)
    return chance, _at_their_total(walk, chance, wide)


def _left(walk: Walk, bound: FloatArray, high: int, steps: Steps, large: bool) -> FloatArray:
    """The share of paths that leave, for series whose lattices are equally wide."""
    chance, at_their_total = steps
    mean, inside = (np.zeros_like(walk.mean), _in_part) if large else (walk.mean, _inside)
    return np.asarray(1 - _walked(mean, chance, bound, high, inside) / at_their_total)


def _walked(
    mean: FloatArray, chance: FloatArray, bound: FloatArray, high: int, inside: Inside
) -> FloatArray:
    """The weight of the paths that keep within bounds and end where their means do."""
    level = np.cumsum(mean, axis=-1)
    away = (np.rint(level) - level).T[..., np.newaxis]
    units = np.arange(-high, high + 1)
    kept = inside(np.abs(units + away), bound.T[..., np.newaxis])  # (week, series, unit)
    # One strip of paths with room for a step on either side, and the stretches each unit looks at.
    room = chance.shape[-1]
    strip = np.zeros((len(mean), units.size + room - 1))
    windows = sliding_window_view(strip, room, axis=-1)
    paths = strip[:, _centre(room) : _centre(room) + units.size]
    paths[:, high] = 1.0
    taken = _steps_taken(chance)
    steps = np.ascontiguousarray(np.moveaxis(chance[..., taken], 1, 0))
    for step, inside_now, here in zip(
        steps, kept, _stretches(np.asarray(kept.any(axis=1))), strict=True
    ):
        arrived = np.vecdot(windows[:, here, taken], step[:, np.newaxis])
        paths[...] = 0.0
        np.multiply(arrived, inside_now[:, here], out=paths[:, here])
    return paths[:, high]


def _stretches(some: BoolArray) -> list[slice]:
    """From the first to the last of some places, a row each; all places where there is none."""
    begin, end = some.argmax(axis=-1), some.shape[-1] - some[:, ::-1].argmax(axis=-1)
    return [slice(*both) for both in zip(begin.tolist(), end.tolist(), strict=True)]


def _steps_taken(chance: FloatArray) -> slice:
    """The steps that any series may take: of small counts most can be left out, below no event.

    Rounded up to so many that are added up at once, so that sums keep their last digit.
    """
    [taken] = _stretches(np.asarray(chance.any(axis=(0, 1)))[np.newaxis])
    return slice(taken.start // AT_ONCE * AT_ONCE, -(-taken.stop // AT_ONCE) * AT_ONCE)


def _centre(room: int) -> int:
    """Where the step that is expected lies among so many, those below it last.

    Up to it and beyond it are multiples of what is added up at once.
    """
    return -(-room // (2 * AT_ONCE)) * AT_ONCE - 1


def _room(wide: int) -> int:
    """How many steps are kept so that so many lie on either side of the one expected."""
    return (-(-(wide + 1) // AT_ONCE) - (-wide // AT_ONCE)) * AT_ONCE


def _inside(far: FloatArray, bound: FloatArray) -> FloatArray:
    """A path on its bound has left; the slack absorbs the last digits of sums."""
    return np.asarray(far < bound * (1 - 1e-9), dtype=np.float64)


def _in_part(far: FloatArray, bound: FloatArray) -> FloatArray:
    """The part of a unit of the coarse lattice that lies within the bound."""
    return np.clip(bound - far + 0.5, 0.0, 1.0)


def _counts(walk: Walk, wide: int) -> FloatArray:
    """P(y) of the counts about their rounded means, backwards: binomial, or Poisson.

    One probability by its formula, the others by the ratio of neighbours, away from it.
    """
    origin = np.rint(np.cumsum(walk.mean, axis=-1))
    middle = np.diff(origin, axis=-1, prepend=0.0)
    n, mean = walk.most, walk.mean
    people = np.isfinite(n)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(n > 0, mean / n, 0.0)
        chosen = gammaln(n + 1) - gammaln(n - middle + 1)
        binomial = chosen + xlogy(middle, rate) + xlogy(n - middle, 1 - rate)
        log = np.where(people, binomial, xlogy(middle, mean) - mean) - gammaln(middle + 1)
        odds = np.where(people, rate / (1 - rate), mean)[..., np.newaxis]
    likely = np.zeros((*mean.shape, _room(wide)))
    centre = _centre(likely.shape[-1])
    likely[..., centre] = np.exp(log)
    once = likely[..., centre, np.newaxis]
    start, people, n = (part[..., np.newaxis] for part in (middle, people, n))
    y = start + np.arange(wide)
    more = np.where(people, np.maximum(n - y, 0.0), 1.0) * odds / (y + 1)
    likely[..., centre - wide : centre] = (once * np.cumprod(more, axis=-1))[..., ::-1]
    fewer = min(wide, int(middle.max(initial=0.0)))
    y = np.maximum(start - np.arange(fewer), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        less = np.where(y > 0, y / (np.where(people, n - y + 1, 1.0) * odds), 0.0)
    likely[..., centre + 1 : centre + 1 + fewer] = once * np.cumprod(less, axis=-1)
    likely[likely < NEGLIGIBLE] = 0.0
    return likely


def _skellam(walk: Walk, wide: int) -> FloatArray:
    """Steps of the coarse lattice: of the right variance however small, and no skewness.

    The two furthest are Bessel functions, and the nearer ones follow from them (each from the two
    beyond it, which loses nothing; all of them sum to 1), unless these are too small for a double.
    """
    variance = walk.variance
    half = np.zeros((wide + 2, *variance.shape))
    half[wide + 1], half[wide] = ive(wide + 1, variance), ive(wide, variance)
    lost = ~(half[wide + 1] > LEAST_DOUBLE)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for order in range(wide, 0, -1):
            half[order - 1] = half[order + 1] + 2 * order / variance * half[order]
        half /= half[0] + 2 * half[1:].sum(axis=0)
    half[:, lost] = ive(np.arange(wide + 2.0)[:, np.newaxis], variance[lost])
    one_way = np.moveaxis(half[: wide + 1], 0, -1)
    steps = np.zeros((*variance.shape, _room(wide)))
    centre = _centre(steps.shape[-1])
    steps[..., centre : centre + wide + 1] = one_way
    steps[..., centre - wide : centre + 1] = one_way[..., ::-1]
    return steps


def _at_its_mean(total: FloatArray, most: FloatArray) -> FloatArray:
    """A binomial's chance of its own mean, a whole number (Loader 2000): exact for millions too."""
    left = most - total
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = np.sqrt(most / (2 * np.pi * total * left))
        middle *= np.exp(_beyond_stirling(most) - _beyond_stirling(total) - _beyond_stirling(left))
    return np.where((total > 0) & (left > 0), middle, np.where(most > 0, 1.0, np.nan))


def _beyond_stirling(n: FloatArray) -> FloatArray:
    """What log n! is beyond Stirling's formula, by its series from 16 on."""
    with np.errstate(divide="ignore", invalid="ignore"):
        series = 1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / n**2) / n**2) / n**2) / n**2
        exact = gammaln(n + 1) - (n + 0.5) * np.log(n) + n - 0.5 * np.log(2 * np.pi)
        return np.asarray(np.where(n < 16, exact, series / n))


def _at_their_total(walk: Walk, chance: FloatArray, wide: int) -> FloatArray:
    """P(the counts sum to their total) where nothing binds."""
    total, most = np.rint(walk.mean.sum(axis=-1)), walk.most.sum(axis=-1)
    answer: FloatArray = np.exp(xlogy(total, total) - gammaln(total + 1) - total)
    people = np.isfinite(most)
    answer[people] = _at_its_mean(total[people], most[people])
    # Rates that differ (a season) have no formula for their sum: their paths are counted.
    rate = walk.mean / np.where(walk.most > 0, walk.most, np.nan)
    spread = np.nanmax(rate, axis=-1) - np.nanmin(rate, axis=-1)
    for row in [np.flatnonzero(people & (spread > 1e-9))]:
        held = np.cumsum(walk.variance[row], axis=-1)
        reach = _width(FAR * np.sqrt(held.max(axis=-1, initial=0.0) / 4) + FEW)
        for high in sorted(set(reach)):
            some = row[reach == high]
            free = np.full(walk.mean[some].shape, np.inf)
            answer[some] = _walked(walk.mean[some], chance[some], free, int(high), _inside)
    return answer
