"""Exact limits against the sums they stand for, and by chance: small strata are not flagged more."""

import numpy as np
import pytest
from scipy.stats import binom, norm, poisson

from qi_equity.spc.chart import BoolArray, Subgroups
from qi_equity.spc.charts import CHARTS, How, draw
from qi_equity.spc.judge import judge_runs
from qi_equity.spc.limits import binomial_limits, poisson_limits


@pytest.mark.parametrize("sigma", [1.0, 2.0, 3.0])
def test_binomial_limits_are_the_outermost_counts_inside(sigma: float) -> None:
    generator = np.random.default_rng(1)
    size = generator.integers(1, 400, 300).astype(float)
    rate = np.concatenate([generator.random(280) ** 2, np.linspace(1e-6, 1 - 1e-6, 20)])
    low, high = binomial_limits(size, rate, sigma)
    for n, p, lowest, highest in zip(size, rate, low, high, strict=True):
        count = np.arange(n + 1)
        half = binom.pmf(count, n, p) / 2
        below, above = binom.cdf(count, n, p) - half, binom.sf(count, n, p) + half
        inside = count[(below >= norm.sf(sigma)) & (above >= norm.sf(sigma))]
        assert (lowest, highest) == (inside.min(), inside.max()), (n, p)


@pytest.mark.parametrize("sigma", [1.0, 3.0])
def test_poisson_limits_are_the_outermost_counts_inside(sigma: float) -> None:
    mean = np.concatenate([np.logspace(-4, 3, 150)])
    low, high = poisson_limits(mean, sigma)
    count = np.arange(2000)
    for m, lowest, highest in zip(mean, low, high, strict=True):
        half = poisson.pmf(count, m) / 2
        below, above = poisson.cdf(count, m) - half, poisson.sf(count, m) + half
        inside = count[(below >= norm.sf(sigma)) & (above >= norm.sf(sigma))]
        assert (lowest, highest) == (inside.min(), inside.max()), m


def test_no_rate_or_nobody_at_risk_gives_no_limits() -> None:
    size, rate = np.array([0.0, np.nan, 10, 10, 10]), np.array([0.1, 0.1, np.nan, 0.0, 1.0])
    assert np.isnan(binomial_limits(size, rate)).all()
    assert np.isnan(poisson_limits(np.array([0.0, np.nan]))).all()


# -- pure noise (statistics: A4, and parity) ----------------------------------------------------


def noise(births: int, rate: float, weeks: int, charts: int, limits: str = "exact"):
    generator = np.random.default_rng(births * 1000 + int(rate * 100))
    size = generator.poisson(births, (charts, weeks))
    events = generator.binomial(size, rate)
    value = np.where(size > 0, events / np.maximum(size, 1), np.nan)
    every: BoolArray = np.ones(size.shape, dtype=bool)
    subgroups = Subgroups(value, every, every, every, events.astype(float), size.astype(float))
    chart = draw(CHARTS["p"], subgroups, How(limits=limits))
    with np.errstate(invalid="ignore"):
        beyond = (value > chart.lines.upper) | (value < chart.lines.lower)
    return beyond, judge_runs(chart, every), size > 0


@pytest.mark.parametrize("births", [5, 10, 20, 40])
@pytest.mark.parametrize("rate", [0.02, 0.05, 0.1, 0.3])
def test_points_beyond_exact_limits_are_rare_at_every_size(births: int, rate: float) -> None:
    beyond, _, there = noise(births, rate, weeks=52, charts=2000)
    assert beyond.any(axis=1).mean() <= 0.13
    assert beyond[there].mean() <= 0.0032


def test_small_strata_are_flagged_no_more_than_large_ones() -> None:
    # Three-sigma limits flag nearly every small stratum, and call it the women's difference.
    flagged, unusual = {}, {}
    for births in (3, 8, 31, 60):
        beyond, runs, _ = noise(births, 0.03, weeks=104, charts=2000)
        flagged[births] = beyond.any(axis=1).mean()
        unusual[births] = (runs.p_value <= 0.05).mean()
    assert max(flagged.values()) <= flagged[60] + 0.02, flagged
    assert max(unusual.values()) <= 0.060, unusual
    textbook = noise(3, 0.03, weeks=104, charts=500, limits="normal")[0]
    assert textbook.any(axis=1).mean() > 0.9
