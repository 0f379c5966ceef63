"""Whether the horizon that a signal chart states is kept: years at the reference that signal.

python benchmarks/signal_system.py

Each row plays 4,000 units for four years of looking at the reference rate, once with births that
vary by themselves and once with births that cluster within a look (beta-binomial, correlation
within it as given), and 4,000 whose odds double in the first week. Printed as a Markdown table.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qi_equity.arrays import BoolArray, FloatArray
from qi_equity.spc.monitor import DOUBLING, cusum, cusum_limit

UNITS, YEARS, SEED, ALARMS = 4_000, 4, 11, 0.05
# births a look, reference, looks a year, correlation within a look of those that cluster
ROWS = (
    (20, 0.1, 52, 0.02),
    (40, 0.05, 52, 0.02),
    (130, 0.014, 52, 0.005),
    (500, 0.014, 12, 0.005),
    (300, 0.003, 52, 0.001),
    (120, 0.003, 52, 0.001),
    (60, 0.0014, 52, 0.0005),
)
HEAD = (
    "births a look", "reference", "looks a year", "year 1", "years 2 to 4", "correlation",
    "clustered, year 1", "doubling found in a year", "looks until then, median",
)  # fmt: skip


def counts(
    rng: np.random.Generator, births: int, rate: float, rho: float, looks: int
) -> FloatArray:
    """Events of every unit and look; with a correlation, each look has a rate of its own."""
    shape = (UNITS, looks)
    if rho == 0:
        return rng.binomial(births, rate, shape).astype(float)
    both = (1 - rho) / rho
    return rng.binomial(births, rng.beta(rate * both, (1 - rate) * both, shape)).astype(float)


def signals(events: FloatArray, births: int, rate: float, limit: float) -> BoolArray:
    """Where each unit signals."""
    size = np.full(events.shape, float(births))
    return cusum(events, size, np.full(UNITS, rate), np.full(UNITS, limit)).signal


def rows() -> Iterator[tuple[str, ...]]:
    """What came of each row."""
    rng = np.random.default_rng(SEED)
    for births, rate, looks, rho in ROWS:
        limit = cusum_limit(births, rate, looks, ALARMS)
        steady = signals(counts(rng, births, rate, 0, looks * YEARS), births, rate, limit)
        years = steady.reshape(UNITS, YEARS, looks).any(axis=-1).mean(axis=0)
        clustered = signals(counts(rng, births, rate, rho, looks), births, rate, limit)
        doubled = rate * DOUBLING / (1 - rate + rate * DOUBLING)
        found = signals(counts(rng, births, doubled, 0, looks), births, rate, limit)
        first = np.where(found.any(axis=-1), found.argmax(axis=-1) + 1, looks + 1)
        yield (
            f"{births}", f"{rate:g}", f"{looks}", f"{years[0]:.3f}", f"{years[1:].mean():.3f}",
            f"{rho:g}", f"{clustered.any(axis=-1).mean():.3f}",
            f"{found.any(axis=-1).mean():.2f}", f"{np.median(first):g}",
        )  # fmt: skip


def main() -> None:
    """Print the table."""
    for row in (HEAD, ("---:",) * len(HEAD), *rows()):
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
