"""Funnels: exact limits hold their level at every size, and over-dispersion widens them."""

import numpy as np
import pytest

from qi_equity.spc.funnel import funnel


@pytest.mark.parametrize("size", [10, 50, 400])
@pytest.mark.parametrize("rate", [0.03, 0.3])
def test_exact_limits_hold_their_level(size: int, rate: float) -> None:
    generator = np.random.default_rng(size)
    events = generator.binomial(size, rate, (200, 60)).astype(float)
    found = funnel(events, np.full(events.shape, float(size)), target=rate)
    assert (found.outside(0.95) != 0).mean() <= 0.056
    assert (found.outside(0.998) != 0).mean() <= 0.0035


def test_chance_alone_is_no_over_dispersion() -> None:
    generator = np.random.default_rng(1)
    size = generator.integers(200, 2000, (300, 60)).astype(float)
    events = generator.binomial(size.astype(int), 0.2).astype(float)
    found = funnel(events, size, over_dispersion="additive")
    assert 0.5 < np.median(found.phi) < 1.0  # trimming makes it a little small
    assert (found.tau2 == 0).mean() > 0.5


@pytest.mark.parametrize("how", ["additive", "multiplicative"])
@pytest.mark.parametrize("kind", ["proportion", "rate", "ratio"])
def test_sites_that_differ_widen_the_limits(kind: str, how: str) -> None:
    generator = np.random.default_rng(2)
    size = generator.integers(200, 2000, (50, 60)).astype(float)
    rates = np.clip(generator.normal(0.2, 0.04, size.shape), 0.05, 0.4)
    events = generator.binomial(size.astype(int), rates).astype(float)
    if kind == "ratio":
        size = size * 0.2
    plain, widened = (
        funnel(events, size, kind=kind),
        funnel(events, size, kind=kind, over_dispersion=how),
    )
    assert (plain.outside(0.95) != 0).mean() > 0.2
    assert (widened.outside(0.95) != 0).mean() < (plain.outside(0.95) != 0).mean() / 2
    assert (widened.tau2 > 0).all()


def test_a_site_without_a_denominator_is_no_site() -> None:
    found = funnel(np.array([[5.0, 0.0, np.nan, 7.0]]), np.array([[50.0, 0.0, 20.0, 60.0]]))
    assert np.isnan(found.rate).tolist() == [[False, True, True, False]]
    assert found.target[0, 0] == 12 / 110
    assert found.outside().tolist() == [[0, 0, 0, 0]]
