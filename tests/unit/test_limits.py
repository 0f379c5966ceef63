"""Exact limits against the sums they stand for."""

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, norm, poisson

from qi_equity.spc import limits
from qi_equity.spc.limits import (
    BINOMIAL,
    POISSON,
    _poisson_above,
    _poisson_below,
    _smallest,
    binomial_limits,
    poisson_limits,
)


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


def test_no_rate_gives_no_limits_beside_rates_that_do() -> None:
    low, high = binomial_limits(np.array([[10.0], [60.0]]), np.array([np.nan, 0.3]))
    assert np.isnan(low[:, 0]).all()
    assert low[:, 1].tolist() == [0, 8]
    assert high[:, 1].tolist() == [7, 29]
    low, high = poisson_limits(np.array([[np.nan, 20.0]]))
    assert (low[0, 1], high[0, 1]) == (8, 34)


def test_a_binomial_rate_varies_by_p_q_and_ends_at_one() -> None:
    variance = BINOMIAL.variance(np.array([0.0, 0.2, 1.0, 1.5]))
    assert variance == pytest.approx([0, 0.16, 0, 0])
    assert BINOMIAL.limits(np.array([60.0]), np.array([0.3]), 3.0) == (8, 29)
    assert BINOMIAL.limits(np.array([60.0]), np.array([0.3]), 2.0) == (12, 25)
    assert BINOMIAL.highest_rate == 1.0


def test_a_poisson_count_varies_by_its_mean_exposure_times_rate() -> None:
    assert POISSON.variance(np.array([0.0, 0.2, 1.5])).tolist() == [0.0, 0.2, 1.5]
    assert POISSON.limits(np.array([200.0]), np.array([0.1]), 3.0) == (8, 34)
    assert POISSON.limits(np.array([200.0]), np.array([0.1]), 2.0) == (12, 29)
    assert POISSON.highest_rate == np.inf


def test_what_chance_does_cannot_be_altered() -> None:
    with pytest.raises(FrozenInstanceError):
        BINOMIAL.highest_rate = 2.0  # type: ignore[misc]
    assert not hasattr(BINOMIAL, "__dict__")


@pytest.mark.parametrize(
    ("mean", "spread", "sigma", "first"),
    [
        # 20 - 13.42 + 8/6, of a Poisson count; 30 - 13.42 + 8/6 * (1 - 2 * 1/3), of a binomial.
        (20.0, 20.0, 3.0, 7.0),
        (30.0, 20.0, 3.0, 17.0),
        # 20 - 8.94 + 3/6, and at one sigma nothing is added.
        (20.0, 20.0, 2.0, 11.0),
        (20.2, 20.2, 1.0, 15.0),
        # On the mirrored axis the curve is taken as it is.
        (-20.0, 20.0, 3.0, -34.0),
    ],
)
def test_the_search_begins_at_the_quantile_of_a_skewed_curve(
    mean: float, spread: float, sigma: float, first: float
) -> None:
    looked: list[float] = []

    def below(count: np.ndarray, mean: np.ndarray) -> np.ndarray:
        looked.append(float(count[0]))
        return _poisson_below(count, mean) if mean > 0 else _poisson_above(count, -mean)

    at = np.array([mean])
    _smallest(below, at, np.sqrt([spread]), (at,), sigma, floor=-np.inf)
    assert looked[:2] == [first, first - 1]


def test_from_wherever_the_search_begins_it_ends_at_the_same_limit() -> None:
    mean = np.array([20.0, 20.0, 20.0, 2.0, 40.0])
    spread = np.array([0.0, 4.5, 9.0, 0.0, 0.0])  # begins at 18, 7, 0, 0, 38
    found = _smallest(_poisson_below, mean, spread, (mean,), 3.0)
    assert found.tolist() == [8, 8, 8, 0, 23]


@pytest.mark.parametrize("size", [10.0, 1e3, 1e5])
@pytest.mark.parametrize("rate", [0.01, 0.3, 0.5, 0.9])
def test_a_limit_is_a_step_or_two_from_where_the_search_begins(
    size: float, rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    def counted(tail: Any) -> Any:
        def below(count: np.ndarray, *parameters: np.ndarray) -> np.ndarray:
            looked.append(count.size)
            return np.asarray(tail(count, *parameters))

        return below

    for name in ("_binomial_below", "_poisson_below", "_poisson_above"):
        monkeypatch.setattr(limits, name, counted(getattr(limits, name)))
    binomial_limits(np.array([size]), np.array([rate]))
    # Two looks for each of two limits, and what it steps.
    assert len(looked) <= 4 + 6
    looked.clear()
    poisson_limits(np.array([size * rate]))
    assert len(looked) <= 4 + 8
