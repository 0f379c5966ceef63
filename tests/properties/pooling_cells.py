"""Simulated networks of small sites, and what borrowing from each other makes of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from equity_cells import counts
from measured import Figure, Play
from scipy.special import expit, logit

from qi_equity.equity.intervals import Interval
from qi_equity.equity.pooling import pooled_rates, pooled_ratios, week_dispersion

WEEKS, SITES = 52, (2, 3, 5, 10, 40)
FEWEST, MOST = 3, 60  # births a week at a site
# Rate, standard deviation of its log odds between sites, correlation of births within a week.
CELLS = ((0.03, 0.3, 0.0), (0.1, 0.5, 0.02))
RATIO, RATIO_SPREAD = 1.5, 0.3

Weeks = tuple[np.ndarray, np.ndarray]  # events and births of networks, sites, weeks


def births(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Births a week at sites whose size is anything from the fewest to the most."""
    size = np.exp(rng.uniform(np.log(FEWEST), np.log(MOST), shape))
    return rng.poisson(size[..., None], (*shape, WEEKS))


def drawn(rng: np.random.Generator, size: np.ndarray, rate: np.ndarray, rho: float) -> Weeks:
    return counts(rng, size, rate[..., None], rho, size.shape), size.astype(float)  # type: ignore[arg-type]


def rates(
    rng: np.random.Generator, shape: tuple[int, int], rate: float, spread: float
) -> np.ndarray:
    return np.asarray(expit(logit(rate) + spread * rng.normal(size=shape)))


def summed(weeks: Weeks, part: slice = slice(None)) -> tuple[np.ndarray, np.ndarray]:
    x, n = weeks
    return x[..., part].sum(axis=-1), n[..., part].sum(axis=-1)


def holding(found: Interval, truth: np.ndarray) -> tuple[float, int]:
    """The share of intervals that hold the truth, and how many there are."""
    told = np.isfinite(found.estimate)
    inside = (found.lower <= truth) & (truth <= found.upper)
    return float(inside[told].mean()), int(told.sum())


def a16(sites: int) -> Iterator[Figure]:
    """Intervals of shrunk rates and gaps, by how many sites a network has."""
    for many in SITES:
        for rate, spread, rho in CELLS:
            rng = np.random.default_rng([16, many, round(rate * 1000)])
            shape = (max(sites // many, 1), many)
            truth = rates(rng, shape, rate, spread)
            weeks = drawn(rng, births(rng, shape), truth, rho)
            scatter = week_dispersion(*weeks)
            cell = f"{many} sites, p {rate}, rho {rho}"
            found = pooled_rates(*summed(weeks), dispersion=scatter).shrunk
            yield Figure("A16", f"{cell}: rate held", *holding(found, truth), 0.93)
            ratio = np.minimum(RATIO * np.exp(RATIO_SPREAD * rng.normal(size=shape)), 0.95 / truth)
            own = drawn(rng, births(rng, shape) // 3, truth * ratio, rho)
            gap = pooled_ratios(
                *summed(own),
                *summed(weeks),
                dispersion=week_dispersion(*own),
                reference_dispersion=scatter,
            ).shrunk
            yield Figure("A16", f"{cell}: ratio held", *holding(gap, ratio), 0.93)


def a17(sites: int) -> Iterator[Figure]:
    """The second half of the weeks, predicted from the first: shrunk, own and pooled rates."""
    for many in SITES:
        for rate, spread, rho in CELLS:
            rng = np.random.default_rng([17, many, round(rate * 1000)])
            shape = (max(sites // many, 1), many)
            weeks = drawn(rng, births(rng, shape), rates(rng, shape, rate, spread), rho)
            first, second = slice(WEEKS // 2), slice(WEEKS // 2, None)
            x, n = summed(weeks, first)
            then, size = summed(weeks, second)
            scatter = week_dispersion(*(part[..., first] for part in weeks))
            shrunk = pooled_rates(x, n, dispersion=scatter).shrunk.estimate
            told = np.isfinite(shrunk) & (size > 0)
            with np.errstate(invalid="ignore"):
                seen = then / size
                others = {
                    "own rate": x / n,
                    "pooled rate": np.broadcast_to(
                        x.sum(-1, keepdims=True) / n.sum(-1, keepdims=True), shape
                    ),
                }
            error = (size * (shrunk - seen) ** 2)[told].sum()
            for name, other in others.items():
                theirs = (size * (other - seen) ** 2)[told].sum()
                # Half would be: no better and no worse.
                share = float(error / (error + theirs))
                cell = f"{many} sites, p {rate}, rho {rho}: error against the {name}'s"
                yield Figure("A17", cell, share, int(told.sum()), 0, 0.5)


PLAYS: dict[str, Play] = {
    "A16": (a16, 4_000, 120),
    "A17": (a17, 4_000, 120),
}
