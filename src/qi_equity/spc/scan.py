"""Evidence of a change in a series of counts: a scan over split points, judged by chance alone.

Given the total, how the events fall over the subgroups depends on the denominators only: no rate
has to be known, and small counts are treated exactly. Over-dispersed measures are not for this
module: their whole subgroups are permuted instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qi_equity.arrays import FloatArray
from qi_equity.chance import seed_of, sequential_p

# A split is looked at where at least this share of the denominators lies on either side.
LEAST_SHARE = 0.1
# Draws without replacement are from fewer than this many (numpy); no site has as many births.
MOST_PEOPLE = 1e9


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """The largest step in each series, where it lies, and how often chance does as much."""

    statistic: FloatArray
    split: NDArray[np.int64]  # subgroup at which the second part begins; -1 where none stands out
    p_value: FloatArray
    seed: NDArray[np.int64]


def scan(numerator: ArrayLike, denominator: ArrayLike, *, at_most_one: bool = True) -> Scan:
    """Scan every series for one step in its rate; exact given the total (Besag-Clifford).

    `at_most_one` says that a unit of the denominator has at most one event (births with or
    without a haemorrhage); otherwise events spread over the denominator as over exposure time.
    A subgroup that is missing or has no denominator contributes nothing.

    >>> births = np.full(24, 20.0)
    >>> events = np.repeat([1.0, 5.0], 12)
    >>> found = scan(events, births)
    >>> int(found.split), float(found.p_value)
    (12, 0.0001)
    """
    y, n = np.broadcast_arrays(
        np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    )
    shape, subgroups = y.shape[:-1], y.shape[-1]
    rows = (math.prod(shape), subgroups)
    y, n = y.reshape(rows), n.reshape(rows)
    results = [_scan_one(*row, at_most_one) for row in zip(y, n, strict=True)]
    statistic, split, p_value, seed = zip(*results, strict=True) if results else ((),) * 4
    return Scan(
        np.array(statistic, dtype=np.float64).reshape(shape),
        np.array(split, dtype=np.int64).reshape(shape),
        np.array(p_value, dtype=np.float64).reshape(shape),
        np.array(seed, dtype=np.int64).reshape(shape),
    )


def _scan_one(
    numerator: FloatArray, denominator: FloatArray, at_most_one: bool
) -> tuple[float, int, float, int]:
    counted = np.flatnonzero(np.isfinite(numerator) & np.isfinite(denominator) & (denominator > 0))
    y, n = numerator[counted], denominator[counted]
    seed = seed_of(y, n)
    events, total = y.sum(), n.sum()
    share = np.cumsum(n)[:-1] / total if total else np.empty(0)
    splits = np.flatnonzero((share >= LEAST_SHARE) & (share <= 1 - LEAST_SHARE))
    spread = events * (1 - events / total) * total / (total - 1) if total > 1 else 0.0
    if not at_most_one:
        spread = events
    # No event, nothing but events, or no room for a split: chance explains it all.
    if splits.size == 0 or spread <= 0:
        return np.nan, -1, 1.0 if counted.size else np.nan, seed
    if at_most_one and total >= MOST_PEOPLE:
        return np.nan, -1, np.nan, seed
    share = share[splits]
    scale = 1 / np.sqrt(spread * share * (1 - share))

    def steps(counts: FloatArray) -> FloatArray:
        excess: FloatArray = np.cumsum(counts, axis=-1)[..., splits] - events * share
        return np.abs(excess) * scale

    observed = steps(y)
    best = int(np.argmax(observed))
    draw = _draws(np.random.default_rng(seed), round(events), n, at_most_one)
    p_value = sequential_p(
        observed[[best]], lambda size: steps(draw(size)).max(axis=-1, keepdims=True)
    )
    return float(observed[best]), int(counted[splits[best] + 1]), float(p_value[0]), seed


def _draws(
    rng: np.random.Generator, events: int, n: FloatArray, at_most_one: bool
) -> Callable[[int], FloatArray]:
    """How the events would fall by chance alone: hypergeometric for people, multinomial else."""
    if at_most_one:
        people = np.rint(n).astype(np.int64)
        return lambda size: rng.multivariate_hypergeometric(
            people, events, size=size, method="marginals"
        ).astype(np.float64)
    return lambda size: rng.multinomial(events, n / n.sum(), size=size).astype(np.float64)
