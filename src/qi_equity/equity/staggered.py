"""What became of a change idea that sites began at different times; never who or what they are.

Arrays are sites by periods. What a site would have counted without the idea is told by its own
periods before it began and by the sites that had not begun yet: site and period effects are fitted
to those cells alone and carried to the others (the imputation estimator of Borusyak, Jaravel &
Spiess, Review of Economic Studies 2024, 91:3253, here for counts). No site that began is ever a
comparator, so that an effect which grows is not taken for harm (Goodman-Bacon, J Econometrics
2021, 225:254). How sure that is, is told by giving the beginnings to the sites in every other way
(Fisher's randomisation test; for staggered beginnings Athey & Imbens, J Econometrics 2022,
226:62): weeks of a site stay together, however alike they are.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.equity.intervals import Interval

# Where there are more ways than this to give the beginnings to the sites, so many are drawn.
MOST_WAYS = 499
SEED = 20240124  # of those that are drawn; any would do
# The fit ends where no site's level moves by more than this share of itself.
CLOSE, MOST_ROUNDS = 1e-5, 200
BISECTIONS = 8  # halvings of the space between the estimate and a limit


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """What was counted after the beginnings, beside what would have been; sites by periods."""

    observed: FloatArray
    expected: FloatArray
    compared: BoolArray  # cells that have begun, settled, and have a comparator
    fitted: FloatArray  # events that the cells before the beginnings were fitted with

    def variance(self, cells: BoolArray) -> FloatArray:
        """Of the logarithm of what these cells saw over what was expected, in Poisson's law.

        What is expected is as sure as the few cells that it was fitted to: the delta method with
        the information of all levels at once, the months swept out of it (McCullagh & Nelder 1989,
        section 6.4). A network whose largest sites begin first is told by its smallest ones.
        """
        seen, told = (np.where(cells, part, 0.0) for part in (self.observed, self.expected))
        with np.errstate(all="ignore"):
            share = told / told.sum(axis=(-2, -1), keepdims=True)
            by_month = self.fitted.sum(axis=-2)
            weight = np.where(by_month > 0, 1 / by_month, 0.0)
            months = share.sum(axis=-2) * weight
            sites = share.sum(axis=-1) - (self.fitted @ months[..., np.newaxis])[..., 0]
            spread = _without_months(self.fitted, weight)
            sure = np.linalg.solve(spread, sites[..., np.newaxis])[..., 0]
            return np.asarray(
                1 / seen.sum(axis=(-2, -1))
                + (sites * sure).sum(axis=-1)
                + (share.sum(axis=-2) * months).sum(axis=-1)
            )


def _without_months(fitted: FloatArray, weight: FloatArray) -> FloatArray:
    """The information about the sites' levels once the months' are known as well as they can be.

    Levels are known up to one factor that sites and months share, and of a site without a cell
    nothing is: what is added on keeps both apart from the rest, and changes no answer.
    """
    own = np.eye(fitted.shape[-2])
    held = own * fitted.sum(axis=-1)[..., np.newaxis]
    held = held - (fitted * weight[..., np.newaxis, :]) @ np.swapaxes(fitted, -1, -2)
    scale = np.trace(held, axis1=-2, axis2=-1)[..., np.newaxis, np.newaxis]
    empty = own * (fitted.sum(axis=-1) <= 0)[..., np.newaxis]
    return np.asarray(held + np.maximum(scale, 1.0) * (1 / len(own) + 1e-9 * own + empty))


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """The ratio of what was counted to what would have been, with how sure it is."""

    ratio: Interval  # nan where it cannot be told
    p_value: float
    least_p: float  # the smallest that so many ways of giving out the beginnings allow
    by_site: FloatArray  # each site's ratio; nan where it has nothing to be compared with
    error: FloatArray  # standard error of its logarithm, by Poisson's law
    observed: FloatArray  # events of each site in the periods that were compared
    expected: FloatArray


def carried(events: ArrayLike, births: ArrayLike, began: ArrayLike, settling: int = 0) -> Carried:
    """What each site would have counted had it moved as those that had not begun.

    events, births: (sites, periods), or any leading axes before them; nan where nothing was logged.
    began: (..., sites), the first period with the idea; as many as there are periods, or more, is
    never. The first ``settling`` periods after a beginning belong to neither side.

    >>> events = [[10, 10, 5, 5], [20, 20, 20, 20]]
    >>> carried(events, np.full((2, 4), 100), [2, 9]).expected[0].round(4)
    array([10., 10., 10., 10.])
    """
    x, n = np.asarray(events, dtype=float), np.asarray(births, dtype=float)
    there = np.isfinite(x) & np.isfinite(n) & (n > 0)
    x, n = np.where(there, x, 0.0), np.where(there, n, 0.0)
    since = np.arange(x.shape[-1]) - np.asarray(began)[..., np.newaxis]
    before = there & (since < 0)
    expected = _fitted(np.where(before, x, 0.0), np.where(before, n, 0.0), n)
    fitted = np.where(before, expected, 0.0)
    alike = (n * before).sum(axis=-2, keepdims=True) > 0
    own = (n * before).sum(axis=-1, keepdims=True) > 0
    compared = there & (since >= settling) & alike & own
    return Carried(np.broadcast_to(x, compared.shape), expected, compared, fitted)


def _fitted(x: FloatArray, n: FloatArray, births: FloatArray) -> FloatArray:
    """Births times a level of the site and one of the period, fitted to the cells that have `n`.

    The likeliest levels under Poisson's law, by fitting both margins in turn (Deming & Stephan
    1940).
    """
    sites, periods = x.sum(axis=-1), x.sum(axis=-2)
    b = np.ones(periods.shape)
    a = np.zeros(sites.shape)
    with np.errstate(all="ignore"):
        for _ in range(MOST_ROUNDS):
            new = np.nan_to_num(sites / (n @ b[..., np.newaxis])[..., 0], posinf=0.0)
            b = np.nan_to_num(periods / (new[..., np.newaxis, :] @ n)[..., 0, :], posinf=0.0)
            still = np.abs(new - a) <= CLOSE * np.abs(new)
            a = new
            if still.all():
                break
    return np.asarray(births * a[..., np.newaxis] * b[..., np.newaxis, :])


def effect(
    events: ArrayLike,
    births: ArrayLike,
    began: ArrayLike,
    *,
    beside: tuple[ArrayLike, ArrayLike] | None = None,
    settling: int = 0,
    confidence: float = 0.95,
    limits: bool = True,
) -> Effect:
    """How much a rate differs from what it would have been, over all sites that began.

    With ``beside``, the events and births of those a group is compared with, it is how much more
    the group's rate differs than theirs: what became of the gap. nan, and a p of 1, where every
    site began at once or nothing can be compared. The limits are the ratios that giving out the
    beginnings in other ways does not rule out; without ``limits`` neither they nor a p-value are
    worked out.

    >>> rng = np.random.default_rng(4)
    >>> began = np.array([9, 12, 15, 18, 99, 99, 99])
    >>> rate = np.where(np.arange(27) >= began[:, None], 0.06, 0.12)
    >>> found = effect(rng.poisson(60 * rate), np.full((7, 27), 60), began)
    >>> float(found.ratio.estimate.round(1)), found.p_value < 0.05, bool(found.ratio.upper < 1)
    (0.5, True, True)
    """
    data = _sites(events, births, began, beside, settling)
    by_site, error, observed, expected = data.each()
    ways = _ways(data.began) if limits else data.began[np.newaxis]
    whole = data.statistic(data.began)[0]
    if not np.isfinite(whole) or len(ways) == 1:
        none = np.asarray(np.nan)
        return Effect(Interval(none, none, none), 1.0, 1.0, by_site, error, observed, expected)
    level = 1 - confidence
    ends = [_limit(data, ways, float(whole), side, level) for side in (-1, 1)]
    estimate = Interval(*(np.exp(np.asarray(one)) for one in (whole, *ends)))
    p_value = data.p_value(0.0, ways)
    return Effect(estimate, p_value, 1 / len(ways), by_site, error, observed, expected)


def p_value(
    events: ArrayLike,
    births: ArrayLike,
    began: ArrayLike,
    *,
    ratio: float = 1.0,
    beside: tuple[ArrayLike, ArrayLike] | None = None,
    settling: int = 0,
) -> float:
    """How well a ratio fits: the share of ways to give out the beginnings that look as far from it.

    >>> events = [[9, 11, 10, 4], [10, 9, 5, 6], [10, 11, 10, 9], [9, 10, 11, 10]]
    >>> p_value(events, np.full((4, 4), 100), [3, 2, 9, 9]).__round__(2)
    0.08
    """
    data = _sites(events, births, began, beside, settling)
    return data.p_value(math.log(ratio), _ways(data.began))


@dataclass(frozen=True, slots=True, eq=False)
class _Sites:
    """The counts of a group, and of those beside it; when each site truly began."""

    events: FloatArray  # groups (one or two) by sites by periods
    births: FloatArray
    began: IntArray
    settling: int

    def statistic(self, began: IntArray, log_ratio: float = 0.0) -> tuple[FloatArray, FloatArray]:
        """Log ratio with these beginnings, once an effect of the true ones is taken out; and z."""
        x, n = self.events, self.births
        if log_ratio:
            since = np.arange(x.shape[-1]) - self.began[:, np.newaxis]
            x = x.copy()
            x[0] = np.where(since >= self.settling, x[0] * math.exp(-log_ratio), x[0])
            # What part of an effect shows while it settles is not known.
            n = np.where((since >= 0) & (since < self.settling), 0.0, n)
        found = carried(x, n, began[..., np.newaxis, :], self.settling)
        observed, expected = (
            np.where(found.compared, part, 0.0).sum(axis=(-2, -1))
            for part in (found.observed, found.expected)
        )
        with np.errstate(all="ignore"):
            told = np.log(observed / expected)
            error = np.sqrt(found.variance(found.compared).sum(axis=-1))
            told = told[..., 0] - told[..., 1:].sum(axis=-1)
            return told, np.asarray(told / error)

    def each(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """The group's ratio at each site, how sure its logarithm is, and the events it rests on."""
        found = carried(self.events[0], self.births[0], self.began, self.settling)
        observed, expected = (
            np.where(found.compared, part, 0.0).sum(axis=-1)
            for part in (found.observed, found.expected)
        )
        alone = np.eye(len(observed), dtype=bool)[..., np.newaxis] & found.compared
        with np.errstate(all="ignore"):
            ratio = np.where(expected > 0, observed / expected, np.nan)
            return ratio, np.sqrt(found.variance(alone)), observed, expected

    def p_value(self, log_ratio: float, ways: IntArray) -> float:
        """The share of ways to give out the beginnings that look as far from this effect."""
        _, z = self.statistic(ways, log_ratio)
        seen = abs(z[0])  # the true one is the first
        # A way in which nothing can be told counts as far: never too sure.
        return float(np.mean(~(np.abs(z) < seen * (1 - 1e-9))))


def _sites(
    events: ArrayLike,
    births: ArrayLike,
    began: ArrayLike,
    beside: tuple[ArrayLike, ArrayLike] | None,
    settling: int,
) -> _Sites:
    groups = [(events, births)] if beside is None else [(events, births), beside]
    x, n = (np.stack([np.asarray(one[k], dtype=float) for one in groups]) for k in (0, 1))
    return _Sites(x, n, np.minimum(np.asarray(began, dtype=int), x.shape[-1]), settling)


def _limit(data: _Sites, ways: IntArray, middle: float, side: int, level: float) -> float:
    """The farthest log ratio on one side that is not ruled out; infinite where none is."""
    inside, step = middle, 0.25
    while data.p_value(middle + side * step, ways) > level:
        inside, step = middle + side * step, 2 * step
        if step > 8:
            return side * math.inf
    outside = middle + side * step
    for _ in range(BISECTIONS):
        between = (inside + outside) / 2
        if data.p_value(between, ways) > level:
            inside = between
        else:
            outside = between
    return outside


def _ways(began: IntArray) -> IntArray:
    """Ways to give the beginnings to the sites, the true one first: all, or as many as drawn."""
    counts = Counter(began.tolist())
    many = math.factorial(len(began))
    for each in counts.values():
        many //= math.factorial(each)
    if many <= MOST_WAYS:
        others = [way for way in _distinct(began.tolist()) if way != tuple(began)]
        return np.array([tuple(began), *others])
    drawn = np.random.default_rng(SEED).permuted(np.tile(began, (MOST_WAYS, 1)), axis=1)
    return np.concatenate([began[np.newaxis], drawn])


def _distinct(values: list[int]) -> Iterator[tuple[int, ...]]:
    """Every order of values, those that look alike once."""
    if len(values) <= 7:
        yield from sorted(set(permutations(values)))
        return
    for first in sorted(set(values)):
        rest = values.copy()
        rest.remove(first)
        for way in _distinct(rest):
            yield first, *way
