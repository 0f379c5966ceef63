"""Early detection: what the sums are, how often they cry wolf, and how soon they see a change."""

import numpy as np
import pytest

from qi_equity.spc.monitor import cusum, cusum_limit, ewma, observed_less_expected


@pytest.mark.parametrize("kind", ["bernoulli", "poisson"])
def test_the_sum_never_falls_below_zero_and_adds_up_step_by_step(kind: str) -> None:
    generator = np.random.default_rng(1)
    size = generator.poisson(20, (5, 40)).astype(float)
    events = generator.binomial(size.astype(int), 0.1).astype(float)
    events[2, 7] = np.nan
    found = cusum(events, size, np.array([[0.1]]), kind, ratio=2)
    for row in range(5):
        level = 0.0
        for slot in range(40):
            y, n = events[row, slot], size[row, slot]
            if kind == "bernoulli":
                step = y * np.log(2) - n * np.log(1 + 0.1)
            else:
                step = y * np.log(2) - n * 0.1
            level = max(0.0, level + (0.0 if np.isnan(step) else step))
            assert found.rising[row, slot] == pytest.approx(level, abs=1e-9)
    assert (found.falling >= 0).all()


@pytest.mark.parametrize("kind", ["bernoulli", "poisson"])
def test_a_steady_rate_rarely_crosses_and_a_changed_one_soon_does(kind: str) -> None:
    size = np.full(52, 40.0)
    rising, falling = cusum_limit(size, 0.1, kind)
    generator = np.random.default_rng(2)
    steady = generator.binomial(40, 0.1, (1000, 52)).astype(float)
    found = cusum(steady, np.broadcast_to(size, steady.shape), np.array([[0.1]]), kind)
    cried = (found.rising > rising).any(axis=1) | (found.falling > falling).any(axis=1)
    assert cried.mean() <= 0.07
    doubled = generator.binomial(40, 0.2, (300, 52)).astype(float)
    seen = cusum(doubled, np.broadcast_to(size, doubled.shape), np.array([[0.1]]), kind)
    assert np.median(np.argmax(seen.rising > rising, axis=1)) < 10


def test_the_start_of_a_change_is_the_last_time_at_zero() -> None:
    events = np.concatenate([np.full(20, 2.0), np.full(10, 12.0)])[None]
    found = cusum(events, np.full((1, 30), 40.0), np.array([[0.1]]))
    assert found.rising_since[0, -1] == 20


def test_observed_less_expected_ends_at_the_excess() -> None:
    events = np.array([[3.0, np.nan, 5.0]])
    size = np.array([[20.0, 20.0, 30.0]])
    np.testing.assert_allclose(observed_less_expected(events, size, np.array([[0.1]])), [[1, 1, 3]])


def test_an_average_that_forgets_keeps_its_limits_under_noise() -> None:
    generator = np.random.default_rng(3)
    value = generator.normal(size=(2000, 60))
    found = ewma(value, np.zeros((1, 1)), np.ones((1, 1)))
    assert (found.outside != 0).mean() < 0.004
    # Started at the centre, its spread grows to sigma times the root of w / (2 - w).
    np.testing.assert_allclose(found.upper[0, -1], 3 * np.sqrt(0.2 / 1.8), rtol=1e-6)
    assert (ewma(value + 1, np.zeros((1, 1)), np.ones((1, 1))).outside[:, -1] == 1).mean() > 0.4


def test_a_missing_value_changes_nothing() -> None:
    found = ewma(np.array([[1.0, np.nan, 1.0]]), np.array([[0.0]]), np.array([[1.0]]), weight=0.5)
    assert found.value[0].tolist() == [0.5, 0.5, 0.75]
