"""Networks whose sites begin an idea at different times: what the ledger claims and holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from measured import Figure, Play

from qi_equity.equity.staggered import p_value
from qi_equity.network.ledger import CLAIM

MONTHS = 18
NEVER = 99
# Sites, and how many of them never begin.
NETWORKS = ((6, 1), (9, 0), (12, 2))
# Births a month of a site on average; small: a stratum of 3 to 14 births a week.
USUAL, SMALL = 120.0, 35.0


@dataclass(frozen=True)
class Truth:
    """What the idea does to the rate, how late it shows, and how much a site's months vary."""

    ratio: float = 1.0
    late: int = 0  # months from the beginning until it shows
    drift: float = 0.1  # sd of the log rate of a site's month, alike from one to the next
    alike: float = 0.6
    largest_first: bool = False  # or by lot


def network(
    rng: np.random.Generator, sites: int, never: int, truth: Truth, size: float = USUAL
) -> tuple[np.ndarray, ...]:
    """Events, births and the month in which each site began: sites by months."""
    births = rng.poisson(size * rng.lognormal(0, 0.5, (sites, 1)), (sites, MONTHS)) + 1
    began = np.linspace(MONTHS // 3, 2 * MONTHS // 3, sites - never).astype(int)
    began = np.r_[began, [NEVER] * never]
    rank = np.argsort(np.argsort(-births.sum(axis=1)))
    began = began[rank] if truth.largest_first else rng.permutation(began)
    noise = np.zeros((sites, MONTHS))
    for month in range(MONTHS):
        new = rng.normal(0, truth.drift * np.sqrt(1 - truth.alike**2), sites)
        noise[:, month] = new + (truth.alike * noise[:, month - 1] if month else 0)
    season = 0.1 * np.sin(2 * np.pi * np.arange(MONTHS) / 12)
    shown = np.arange(MONTHS) >= began[:, None] + truth.late
    rate = 0.1 * rng.lognormal(0, 0.3, (sites, 1)) * np.exp(season + noise)
    rate = np.minimum(rate * truth.ratio**shown, 0.9)
    return rng.binomial(births, rate), births, began


def found(
    sites: int, never: int, truth: Truth, seed: int, asked: float, size: float = USUAL
) -> float:
    """How well a ratio fits one network; as many months as the effect is late belong to no side."""
    rng = np.random.default_rng([41, seed, sites])
    events, births, began = network(rng, sites, never, truth, size)
    return p_value(events, births, began, ratio=asked, settling=truth.late)


def l1(networks: int) -> Iterator[Figure]:
    """Nothing happens: how often something is claimed."""
    for sites, never in NETWORKS:
        seen = [found(sites, never, Truth(), seed, 1.0) <= CLAIM for seed in range(networks)]
        share = float(np.mean(seen))
        yield Figure("L1", f"{sites} sites, {never} never: claimed", share, networks, 0, 0.05)


def l2(networks: int) -> Iterator[Figure]:
    """The rate falls to .7 of itself, at once or two months late: limits that hold it."""
    for sites, never in NETWORKS:
        for late in (0, 2):
            truth = Truth(0.7, late)
            seen = [found(sites, never, truth, seed, 0.7) > CLAIM for seed in range(networks)]
            cell = f"{sites} sites, {never} never, {late} months late: held"
            yield Figure("L2", cell, float(np.mean(seen)), networks, 0.93)
            if sites == NETWORKS[-1][0]:
                seen = [found(sites, never, truth, seed, 1.0) <= CLAIM for seed in range(networks)]
                cell = f"{sites} sites, {never} never, {late} months late: seen"
                yield Figure("L2", cell, float(np.mean(seen)), networks, 0.7)


def l3(networks: int) -> Iterator[Figure]:
    """Under sixty births a month: nothing is claimed of nothing, and limits hold a fall to .7."""
    for sites, never in NETWORKS:
        seen = [found(sites, never, Truth(), seed, 1.0, SMALL) <= CLAIM for seed in range(networks)]
        share = float(np.mean(seen))
        yield Figure(
            "L3", f"small, {sites} sites, {never} never: claimed", share, networks, 0, 0.05
        )
        for late in (0, 2):
            truth = Truth(0.7, late)
            seen = [
                found(sites, never, truth, seed, 0.7, SMALL) > CLAIM for seed in range(networks)
            ]
            cell = f"small, {sites} sites, {never} never, {late} months late: held"
            yield Figure("L3", cell, float(np.mean(seen)), networks, 0.93)


def l4(networks: int) -> Iterator[Figure]:
    """The largest sites begin first, by nobody's lot, which the test is not exact for."""
    truths = {
        "chance alone": Truth(drift=0, largest_first=True),
        "months alike": Truth(largest_first=True),
    }
    for sites, never in NETWORKS:
        for size in (USUAL, SMALL):
            for told, truth in truths.items():
                seen = [
                    found(sites, never, truth, seed, 1.0, size) <= CLAIM for seed in range(networks)
                ]
                cell = f"largest first, {sites} sites of {size:g} a month, {told}: claimed"
                yield Figure("L4", cell, float(np.mean(seen)), networks, 0, 0.06)


PLAYS: dict[str, Play] = {
    "L1": (l1, 1_000, 40),
    "L2": (l2, 600, 25),
    "L3": (l3, 600, 20),
    "L4": (l4, 1_000, 15),
}
