"""Simulated charts whose answer is known, and what the equity engine makes of them.

Each function plays one acceptance criterion and gives its figures with the bounds they must keep.
The tests play few charts and widen the bounds by chance; `benchmarks/trust.py` plays them all.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from measured import Figure, Play

from qi_equity.chance import q_values
from qi_equity.equity.contrast import Contrast, contrast
from qi_equity.equity.echoes import echoes
from qi_equity.equity.gap_chart import GapChart, gap_charts
from qi_equity.equity.gaps import everyone_else
from qi_equity.equity.permutation import change
from qi_equity.equity.planning import gap_shift, trend_power
from qi_equity.equity.verdict import CHANGED, verdicts
from qi_equity.spc.scan import scan

REFERENCE_SIZE = 50
YEAR = 52


def counts(
    rng: np.random.Generator,
    size: np.ndarray | int,
    rate: np.ndarray | float,
    rho: float,
    shape: tuple[int, ...],
) -> np.ndarray:
    """Binomial counts, or beta-binomial with correlation `rho` of births within a week."""
    rate = np.broadcast_to(np.minimum(rate, 0.95), shape)
    if rho:
        spread = (1 - rho) / rho
        rate = rng.beta(rate * spread, (1 - rate) * spread)
    return rng.binomial(np.asarray(size).astype(int), rate).astype(float)


def weeks_of(
    seed: int,
    charts: int,
    size: int,
    rate: float,
    early: float,
    late: float,
    *,
    rho: float = 0.0,
    weeks: int = YEAR,
    change_at: int = YEAR // 2,
    reference: int = REFERENCE_SIZE,
) -> Contrast:
    """A stratum whose ratio to the reference goes from `early` to `late` at week `change_at`."""
    rng = np.random.default_rng([seed, size, round(rate * 1000), round(rho * 1000), weeks])
    ratio = np.where(np.arange(weeks) < change_at, early, late)
    shape = (charts, weeks)
    events = counts(rng, size, rate * ratio, rho, shape)
    return contrast(events, size, counts(rng, reference, rate, rho, shape), reference)


def share(found: np.ndarray) -> float:
    return float(np.mean(found))


# ------------------------------------------------------------------ counts: scan and sessions

SESSION_SIZES, SESSION_RATES, SITES = (5, 8, 12, 20, 30, 60), (0.02, 0.05, 0.1, 0.3), 10


def a5(charts: int) -> Iterator[Figure]:
    """Scan p-values of charts in which nothing happens."""
    for size in (5, 10, 20, 40):
        for rate in (0.05, 0.1, 0.3):
            rng = np.random.default_rng([5, size, round(rate * 100)])
            births = rng.poisson(size, (charts, YEAR)).astype(float)
            events = rng.binomial(births.astype(int), rate)
            p = scan(events, births, scattered=False).p_value
            cell = f"n {size}, p {rate}"
            yield Figure("A5", f"{cell}: p <= .05", share(p <= 0.05), charts, 0.034, 0.066)
            p = scan(events, births).p_value
            cell = f"{cell}, room for scatter"
            yield Figure("A5", f"{cell}: p <= .05", share(p <= 0.05), charts, 0.02, 0.066)


def a6(sessions: int) -> Iterator[Figure]:
    """Sessions of 240 charts: how often nothing is highlighted, and how true the highlights are."""
    rng = np.random.default_rng(6)
    size = np.tile(np.repeat(SESSION_SIZES, len(SESSION_RATES)), SITES)
    rate = np.tile(SESSION_RATES, len(SESSION_SIZES) * SITES)
    late = np.arange(YEAR) >= YEAR // 2
    quiet, false_share, found_share = [], [], []
    for _ in range(sessions):
        births = rng.poisson(size[:, None], (size.size, YEAR))
        for doubled in (False, True):
            changed = np.zeros(size.size, dtype=bool)
            if doubled:
                changed[rng.permutation(size.size)[: size.size // 10]] = True
            now = np.minimum(rate[:, None] * np.where(changed[:, None] & late, 2, 1), 0.95)
            p = scan(rng.binomial(births, now), births).p_value
            lit = q_values(p) <= 0.10
            if doubled:
                false_share.append((lit & ~changed).sum() / max(lit.sum(), 1))
                found_share.append(share(lit[changed]))
            else:
                quiet.append(bool(lit.any()))
    yield Figure("A6", "nothing happens: any highlight", share(np.array(quiet)), sessions, 0, 0.16)
    doubled_cell = "a tenth doubled: share of highlights that are false"
    yield Figure("A6", doubled_cell, float(np.mean(false_share)), sessions * 24, 0, 0.12)
    found = "a tenth doubled: share of them found"
    yield Figure("A6", found, float(np.mean(found_share)), sessions * 24, 0.48, 1)


# ------------------------------------------------------------------ the gap chart

A7_CELLS = [
    (size, rate, ratio) for rate in (0.03, 0.1, 0.5) for size in (5, 10, 20) for ratio in (1.0, 1.6)
]


def charted(data: Contrast) -> GapChart:
    """Charts after a year of baseline that has at least five events."""
    enough = data.events[:, :YEAR].sum(axis=-1) >= 5
    return gap_charts(data[enough], YEAR)


def a7(charts: int, cells: list[tuple[int, float, float]] | None = None) -> Iterator[Figure]:
    """False alarms of the gap chart in a year after a year of baseline."""
    signalled = []
    for size, rate, ratio in cells or A7_CELLS:
        chart = charted(weeks_of(7, charts, size, rate, ratio, ratio, weeks=2 * YEAR))
        cell, seen = f"n {size}, p {rate}, ratio {ratio:g}", len(chart.first)
        signalled.append(share(chart.first >= 0))
        yield Figure("A7", f"{cell}: any alarm", signalled[-1], seen, 0, 0.070)
        for name, side in (("rising", 1), ("falling", -1)):
            on_side = share((chart.signal == side).any(axis=-1))
            yield Figure("A7", f"{cell}: {name}", on_side, seen, 0, 0.045)
    mean = float(np.mean(signalled))
    yield Figure("A7", "mean of the cells", mean, charts * len(signalled), 0.015, 0.06)


def a7_overdispersed(charts: int) -> Iterator[Figure]:
    """The same where weeks vary beyond chance (beta-binomial, rho .02)."""
    for size, rate in ((10, 0.1), (20, 0.3)):
        chart = charted(weeks_of(72, charts, size, rate, 1, 1, rho=0.02, weeks=2 * YEAR))
        cell = f"n {size}, p {rate}, rho .02: any alarm"
        yield Figure("A7", cell, share(chart.first >= 0), len(chart.first), 0, 0.12)


def a8(charts: int) -> Iterator[Figure]:
    """Real changes from the first monitored week on."""
    data = weeks_of(8, charts, 10, 0.1, 1, 1.5, weeks=3 * YEAR, change_at=YEAR)
    chart = charted(data)
    within = (chart.first >= 0) & (chart.first < 2 * YEAR)
    seen = len(chart.first)
    yield Figure("A8", "n 10, p .1, 1 to 1.5: alarm in a year", share(within), seen, 0.36, 1)
    wrong = share((chart.signal < 0).any(axis=-1))
    yield Figure("A8", "n 10, p .1, 1 to 1.5: wrong way in two years", wrong, seen, 0, 0.04)
    data = weeks_of(8, charts, 10, 0.5, 1, 1.5, weeks=3 * YEAR, change_at=YEAR)
    chart = charted(data)
    in_time = (chart.first >= 0) & (chart.first < YEAR + 10)
    cell = "n 10, p .5, 1 to 1.5: alarm within 10 weeks (median delay at most 10)"
    yield Figure("A8", cell, share(in_time), len(chart.first), 0.5, 1)
    wrong = share((chart.signal < 0).any(axis=-1))
    cell = "n 10, p .5, 1 to 1.5: wrong way in two years"
    yield Figure("A8", cell, wrong, len(chart.first), 0, 0.04)


# ------------------------------------------------------------------ the verdict

A9_CELLS = [(size, rate) for rate in (0.03, 0.1, 0.5) for size in (5, 10, 20)]
NOT_FAR = ("closed", "no gap")
THERE = ("gap", "steady", "one look")


def a9(charts: int) -> Iterator[Figure]:
    """Verdicts where there is no gap, a small lasting gap, and a gap that opens or closes."""

    def said(data: Contrast, *words: str) -> float:
        return share(np.isin(verdicts(data).verdict, words))

    for size, rate in A9_CELLS:
        cell = f"n {size}, p {rate}"
        for rho, bound in ((0.0, 0.075), (0.02, 0.075), (0.03, 0.075)):
            word = verdicts(weeks_of(9, charts, size, rate, 1, 1, rho=rho)).verdict
            name = f"{cell}, no gap" + (f", rho {rho:g}" if rho else "")
            changed, lasting = share(np.isin(word, CHANGED)), share(np.isin(word, THERE))
            yield Figure("A9", f"{name}: any change", changed, charts, 0, bound)
            yield Figure("A9", f"{name}: a gap", lasting, charts, 0, 0.085)
        closed = said(weeks_of(91, charts, size, rate, 1.25, 1.25), *NOT_FAR)
        yield Figure("A9", f"{cell}, ratio 1.25: no gap or closed", closed, charts, 0, 0.05)
    widened = verdicts(weeks_of(92, charts, 20, 0.1, 1, 2)).verdict
    yield Figure("A9", "n 20, p .1, 1 to 2: widening", share(widened == "widening"), charts, 0.75)
    wrong = share(np.isin(widened, ("narrowing", "closed")))
    yield Figure("A9", "n 20, p .1, 1 to 2: wrong way", wrong, charts, 0, 0.01)
    closing = verdicts(weeks_of(93, charts, 20, 0.1, 2, 1)).verdict
    narrowed = share(np.isin(closing, ("narrowing", "closed")))
    yield Figure("A9", "n 20, p .1, 2 to 1: narrowing", narrowed, charts, 0.75)
    wrong = share(closing == "widening")
    yield Figure("A9", "n 20, p .1, 2 to 1: wrong way", wrong, charts, 0, 0.01)
    few = said(weeks_of(94, charts, 5, 0.03, 1, 1), "too few")
    yield Figure("A9", "n 5, p .03, no gap: too few", few, charts, 0.80)


def seasons(charts: int, size: int, rate: float, shape: np.ndarray) -> Contrast:
    """Both groups' rates rise and fall together; the ratio between them stands still."""
    rng = np.random.default_rng([95, size, round(rate * 100)])
    cells = (charts, len(shape))
    return contrast(
        counts(rng, size, 1.6 * rate * shape, 0, cells),
        size,
        counts(rng, REFERENCE_SIZE, rate * shape, 0, cells),
        REFERENCE_SIZE,
    )


def a9_words(charts: int) -> Iterator[Figure]:
    """Sides that change, rates that move together, and how soon a gap may be called steady."""
    weeks = np.arange(2 * YEAR)
    for rate in (0.03, 0.06, 0.1):
        rng = np.random.default_rng([96, round(rate * 100)])
        ratio, cells = np.where(weeks < YEAR, 0.4, 2.2), (charts, 2 * YEAR)
        data = contrast(
            counts(rng, 12, rate * ratio, 0, cells), 12, counts(rng, 60, rate, 0, cells), 60
        )
        word = verdicts(data).verdict
        cell = f"n 12 v 60, p {rate}, .4 to 2.2 in two years"
        yield Figure("A9", f"{cell}: reversed", share(word == "reversed"), charts, 0.9)
        other = share(np.isin(word, ("widening", "narrowing", "closed")))
        yield Figure("A9", f"{cell}: widening or narrowing", other, charts, 0, 0.02)
    together = {
        "a season": 1 + 0.25 * np.sin(2 * np.pi * weeks / YEAR),
        "a drift": np.linspace(1.3, 0.7, 2 * YEAR),
    }
    for name, shape in together.items():
        for size, rate in ((10, 0.1), (20, 0.3)):
            word = verdicts(seasons(charts, size, rate, shape)).verdict
            cell = f"n {size}, p {rate}, ratio 1.6 through {name}: any change"
            yield Figure("A9", cell, share(np.isin(word, CHANGED)), charts, 0, 0.075)
    for length, at_most in ((6, 0.0), (12, 0.01), (20, 0.02)):
        data = weeks_of(97, charts, 18, 0.06, 1.8, 1.8, weeks=length, change_at=length // 2)
        word = verdicts(data).verdict
        cell = f"n 18, p .06, ratio 1.8 in {length} weeks: steady"
        yield Figure("A9", cell, share(word == "steady"), charts, 0, at_most)
    word = verdicts(weeks_of(97, charts, 18, 0.06, 1.8, 1.8, weeks=2 * YEAR)).verdict
    yield Figure(
        "A9", "n 18, p .06, ratio 1.8 in 104 weeks: steady", share(word == "steady"), charts, 0.7
    )


# Births a week of the stratum and of its reference, rate of both.
COVERED = [(5, 50, 0.1), (10, 50, 0.03), (18, 50, 0.03), (20, 50, 0.5), (30, 150, 0.01)]


def a9_intervals(charts: int) -> Iterator[Figure]:
    """The interval that is printed holds the truth, on both scales, however short the series."""
    for size, reference, rate in COVERED:
        for rho in (0.0, 0.03):
            for length in (6, 12, YEAR):
                ratio = 1.0 if rho else 1.5
                found = verdicts(
                    weeks_of(
                        98, charts, size, rate, ratio, ratio, rho=rho, weeks=length,
                        reference=reference,
                    )
                )  # fmt: skip
                for name, interval, truth in (
                    ("ratio", found.ratio, ratio),
                    ("difference", found.difference, rate * (ratio - 1)),
                ):
                    told = np.isfinite(interval.lower)
                    holds = (interval.lower <= truth) & (interval.upper >= truth)
                    cell = f"n {size} v {reference}, p {rate}, rho {rho:g}, {length} weeks"
                    seen = int(told.sum())
                    yield Figure(
                        "A9 interval", f"{cell}: {name} held", share(holds[told]), seen, 0.93
                    )


SITE = np.array([5, 8, 12, 18, 25, 60])


def headlines(seed: int, sites: int, factors: list[float], rho: float) -> tuple[float, float, int]:
    """Sites where a planted change is found: headlined alone, all planted kept, and how many."""
    rng, late = np.random.default_rng(seed), np.arange(2 * YEAR) >= YEAR
    births = rng.poisson(SITE[:, None], (sites, len(SITE), 2 * YEAR)).astype(float)
    rate = np.broadcast_to(np.where(late, 0.1 * np.array(factors)[:, None], 0.1), births.shape)
    if rho:
        rate = rng.beta(rate * (1 - rho) / rho, (1 - rate) * (1 - rho) / rho)
    events = rng.binomial(births.astype(int), rate).astype(float)
    found = verdicts(contrast(events, births, everyone_else(events, 1), everyone_else(births, 1)))
    changed = np.isin(found.verdict, CHANGED)
    rising = np.sign(found.late_ratio.estimate - found.early_ratio.estimate).astype(int)
    planted, alone, kept = np.array(factors) != 1, [], []
    for site in np.flatnonzero(changed[:, planted].all(axis=-1)):
        lit = changed[site] & (echoes(events[site], births[site], changed[site], rising[site]) < 0)
        alone.append((lit == planted).all())
        kept.append(lit[planted].all())
    return float(np.mean(alone)), float(np.mean(kept)), len(kept)


def a9_echoes(sites: int) -> Iterator[Figure]:
    """One group's change is headlined once, and two groups' changes are both kept."""
    for seed, (factors, rho, what) in enumerate(
        [
            ([1, 1, 1, 1, 1, 0.5], 0.0, "the largest falls by half"),
            ([1, 1, 1, 1, 1, 2], 0.0, "the largest doubles"),
            ([1, 1, 1, 0.4, 1, 1], 0.0, "a smaller falls to .4"),
            ([1, 1, 1, 1, 1, 0.5], 0.02, "the largest falls by half, rho .02"),
        ]
    ):
        once, _, seen = headlines(seed, sites, factors, rho)
        yield Figure("A9 echo", f"six groups, {what}: headlined, and alone", once, seen, 0.9)
    _, both, seen = headlines(9, sites, [1, 1, 1, 0.3, 1, 2], 0.0)
    yield Figure("A9 echo", "six groups, one falls and one doubles: both kept", both, seen, 0.85)


def a10(charts: int) -> Iterator[Figure]:
    """Permutation p-values where weeks vary far beyond chance (rho .05)."""
    for size, rate in ((10, 0.1), (20, 0.1), (20, 0.3), (10, 0.5)):
        found = verdicts(weeks_of(10, charts, size, rate, 1, 1, rho=0.05))
        for name, p in (("trend", found.p_trend), ("scan", found.p_scan)):
            cell = f"n {size}, p {rate}, rho .05: {name} p <= .05"
            yield Figure("A10", cell, share(p <= 0.05), charts, 0.030, 0.070)


def a10_guard(charts: int) -> Iterator[Figure]:
    """A scan that trusts the binomial is fooled by the same charts."""
    data = weeks_of(10, charts, 20, 0.3, 1, 1, rho=0.05)
    p = scan(data.events, data.total, scattered=False).p_value
    cell = "n 20, p .3, rho .05: exact scan p <= .05"
    yield Figure("A10 guard", cell, share(p <= 0.05), charts, 0.10, 1)


# People a week, rate of the reference, ratio before and after, weeks.
A15_CELLS = [
    (10, 0.1, 1, 2, 52),
    (20, 0.1, 1, 1.5, 104),
    (20, 0.1, 1.6, 1.0, 104),
    (10, 0.3, 1, 1.5, 52),
    (5, 0.3, 1.6, 1.0, 104),
    (20, 0.03, 1, 2, 104),
]


def a15(charts: int) -> Iterator[Figure]:
    """The planner's power of the trend test, beside the trend test itself."""
    for size, rate, early, late, weeks in A15_CELLS:
        shift = gap_shift(size, rate * early, REFERENCE_SIZE, rate, rate_after=rate * late)
        promised = float(trend_power(shift, weeks))
        data = weeks_of(15, charts, size, rate, early, late, weeks=weeks, change_at=weeks // 2)
        seen = share(change(data).p_trend <= 0.05)
        cell = f"n {size}, p {rate}, {early:g} to {late:g} in {weeks} weeks: power"
        low, high = round(promised - 0.08, 4), round(min(promised + 0.08, 1.0), 4)
        yield Figure("A15", f"{cell} (promised {promised:.2f})", seen, charts, low, high)


PLAYS: dict[str, Play] = {
    "A5": (a5, 2_000, 200),
    "A6": (a6, 200, 4),
    "A7": (a7, 1_000, 12),
    "A7 over-dispersed": (a7_overdispersed, 1_000, 60),
    "A8": (a8, 500, 40),
    "A9": (a9, 1_000, 60),
    "A9 words": (a9_words, 1_000, 60),
    "A9 intervals": (a9_intervals, 2_000, 60),
    "A9 echoes": (a9_echoes, 300, 25),
    "A10": (a10, 2_000, 150),
    "A10 guard": (a10_guard, 500, 150),
    "A15": (a15, 500, 20),
}
