"""Simulated gaps of measurements whose answer is known: skewed readings, few a month.

As in `equity_cells`: the tests play few gaps and widen the bounds by chance; `benchmarks/trust.py`
plays them all.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from measured import Figure, Play

from qi_equity.equity.value_verdict import value_verdicts
from qi_equity.equity.values import Means, Values, means
from qi_equity.equity.verdict import CHANGED
from qi_equity.frames.value_gaps import value_gaps

LEVEL, SKEW = 50.0, 0.6  # minutes; standard deviation of the log of a reading
MONTHS = 24
# Readings a month of the stratum and of its reference.
SIZES = ((3, 20), (8, 30))
FEWEST = (2, 20)


def group(
    rng: np.random.Generator, shape: tuple[int, int], size: int, level: np.ndarray, tau: float
) -> Means:
    """Months of log-normal readings, Poisson many; `tau` is how far months stray beyond them."""
    number = rng.poisson(size, shape)
    middle = np.log(LEVEL * level) + tau * rng.normal(size=shape)
    most = int(number.max())
    drawn = np.exp(middle[..., None] + SKEW * rng.normal(size=(*shape, most)))
    drawn = np.where(np.arange(most) < number[..., None], drawn, np.nan)
    held = np.isfinite(drawn)
    total = np.where(held, drawn, 0.0).sum(axis=-1)
    mean = np.where(number > 0, total / np.maximum(number, 1), np.nan)
    apart = np.where(held, drawn - mean[..., None], 0.0)
    freedom = np.maximum(number - 1, 1)
    spread = np.where(number > 1, np.sqrt((apart**2).sum(axis=-1) / freedom), np.nan)
    return means(mean, number.astype(float), spread)


def gaps_of(
    seed: int,
    gaps: int,
    sizes: tuple[int, int],
    early: float,
    late: float,
    *,
    tau: float = 0.0,
    months: int = MONTHS,
    known: bool = True,
) -> Values:
    """A stratum whose mean goes from `early` to `late` times its reference's at half the time."""
    rng = np.random.default_rng([seed, *sizes, months, round(100 * tau)])
    ratio = np.where(np.arange(months) < months / 2, early, late)
    own = group(rng, (gaps, months), sizes[0], ratio, tau)
    other = group(rng, (gaps, months), sizes[1], np.ones(months), tau)
    if known:
        return Values(own, other)
    blank = np.full((gaps, months), np.nan)
    return Values(*(means(side.mean, blank, blank) for side in (own, other)))


def v1(gaps: int) -> Iterator[Figure]:
    """Where nothing changes, no test of a change finds more than chance."""
    for known in (True, False):
        for sizes in SIZES:
            for tau in (0.0, 0.2):
                found = value_verdicts(gaps_of(11, gaps, sizes, 1.3, 1.3, tau=tau, known=known))
                cell = f"{sizes[0]} a month, tau {tau:g}, {'readings' if known else 'means'}"
                for name, p in (("trend", found.p_trend), ("scan", found.p_scan)):
                    yield Figure("V1", f"{cell}: {name}", float(np.mean(p <= 0.05)), gaps, 0, 0.075)
                said = float(np.mean(np.isin(found.verdict, CHANGED)))
                yield Figure("V1", f"{cell}: called changed", said, gaps, 0, 0.06)


def v2(gaps: int) -> Iterator[Figure]:
    """The interval that is printed holds the truth, however short the series."""
    for known in (True, False):
        for sizes in SIZES if known else (FEWEST, *SIZES):
            for months in (6, MONTHS):
                for tau in (0.0, 0.2):
                    data = gaps_of(12, gaps, sizes, 1.3, 1.3, tau=tau, months=months, known=known)
                    found = value_verdicts(data).ratio
                    told = np.isfinite(found.lower)
                    holds = (found.lower <= 1.3) & (found.upper >= 1.3)
                    cell = f"{sizes[0]} a month, {months} months, tau {tau:g}"
                    cell += ", readings" if known else ", means"
                    share = float(np.mean(holds[told]))
                    yield Figure("V2 interval", cell, share, int(told.sum()), 0.93)


def v3(gaps: int) -> Iterator[Figure]:
    """A change of half as much again is found, and a large one keeps its word."""
    for known in (True, False):
        for late, least in ((1.5, 0.55), (2.0, 0.75)):
            found = value_verdicts(gaps_of(13, gaps, SIZES[1], 1.0, late, known=known))
            seen = float(np.mean(found.verdict == "widening"))
            cell = f"8 a month, 1 to {late:g}, {'readings' if known else 'means'}"
            yield Figure("V3", cell, seen, gaps, least)


def v4(gaps: int) -> Iterator[Figure]:
    """Established by chance in the year after a year of baseline; and where the ratio doubles."""
    for early, late, low, high in ((1.3, 1.3, 0.0, 0.06), (1.0, 2.0, 0.4, 1.0)):
        data = gaps_of(14, gaps, SIZES[1], early, late)
        days = pd.date_range("2024-01-01", periods=MONTHS, freq="MS")
        parts = []
        for name, side in (("Black", data.own), ("White", data.reference)):
            flat = {"value": side.mean.ravel(), "readings": side.size.ravel()}
            with np.errstate(divide="ignore", invalid="ignore"):
                flat["spread"] = np.sqrt(side.within / (side.size - 1)).ravel()
            keys = {"measure": "m", "stratum": name, "subgroup": np.tile(days, gaps)}
            site = np.repeat([f"s{place:04}" for place in range(gaps)], MONTHS)
            parts.append(pd.DataFrame(keys | flat).assign(site=site))
        table = pd.concat(parts, ignore_index=True).dropna(subset=["value"])
        found = value_gaps(table, reference="White", baseline=12).summary
        own = found[found["stratum"] == "Black"]
        yield Figure("V4", f"ratio {early:g} to {late:g}", float(own["established"].mean()), gaps,
                     low, high)  # fmt: skip


PLAYS: dict[str, Play] = {
    "V1": (v1, 1_000, 40),
    "V2": (v2, 1_000, 30),
    "V3": (v3, 500, 40),
    "V4": (v4, 400, 8),
}
