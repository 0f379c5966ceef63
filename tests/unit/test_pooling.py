"""Small sites borrow strength: what they lean on, how far, and where there is nothing to borrow."""

import numpy as np
import pytest

from qi_equity.equity.pooling import pooled_rates, pooled_ratios, week_dispersion


def test_a_small_site_leans_on_the_others_and_a_large_one_hardly():
    found = pooled_rates([0, 60, 130], [12, 900, 1000])
    assert np.all(np.diff(found.borrowed) < 0)
    assert found.borrowed[0] > 0.8
    assert found.borrowed[2] < 0.4
    assert 0.05 < found.shrunk.estimate[0] < 0.15
    assert found.shrunk.estimate[2] == pytest.approx(0.13, abs=0.005)
    assert found.shrunk.lower[0] > 0


def test_a_shrunk_rate_lies_between_the_site_s_own_and_the_network_s():
    rng = np.random.default_rng(4)
    n = rng.integers(20, 2000, (40, 6)).astype(float)
    x = rng.binomial(n.astype(int), rng.beta(5, 45, n.shape)).astype(float)
    found, own = pooled_rates(x, n), x / n
    apart = np.abs(own - found.level[:, None]) > 0.02
    pulled = np.abs(found.shrunk.estimate - found.level[:, None])
    assert (pulled < np.abs(own - found.level[:, None]))[apart].all()


def test_sites_that_are_alike_lend_more_than_sites_that_differ():
    size = np.full(8, 400.0)
    alike = pooled_rates([40, 41, 39, 40, 42, 38, 40, 41], size)
    apart = pooled_rates([20, 80, 39, 60, 10, 38, 90, 41], size)
    assert alike.spread < apart.spread / 3
    assert alike.borrowed.min() > apart.borrowed.max()


@pytest.mark.parametrize("kind", ["proportion", "rate"])
def test_many_networks_at_once_equal_one_at_a_time_in_any_order(kind):
    rng = np.random.default_rng(5)
    n = rng.integers(30, 900, (3, 2, 5)).astype(float)
    x, b = rng.binomial(n.astype(int), 0.1), rng.binomial(n.astype(int), 0.07)
    many, gaps = pooled_rates(x, n, kind=kind), pooled_ratios(x, n, b, n, kind=kind)
    one = pooled_rates(x[1, 0], n[1, 0], kind=kind)
    gap = pooled_ratios(*(part[1, 0, ::-1] for part in (x, n, b, n)), kind=kind)
    for name in ("estimate", "lower", "upper"):
        np.testing.assert_array_equal(getattr(many.shrunk, name)[1, 0], getattr(one.shrunk, name))
        np.testing.assert_allclose(
            getattr(gaps.shrunk, name)[1, 0], getattr(gap.shrunk, name)[::-1], rtol=1e-9
        )


@pytest.mark.parametrize(
    ("x", "n"),
    [
        ([3.0], [40]),
        ([3, np.nan], [40, 50]),
        ([3, 0], [40, 0]),
        ([0, 0], [40, 50]),
        ([40, 9], [40, 9]),
    ],
)
def test_where_there_is_nothing_to_borrow_nothing_is_said(x, n):
    found = pooled_rates(x, n)
    assert np.isnan(found.shrunk.estimate).all()
    assert np.isnan(found.borrowed).all()
    assert np.isnan(found.level)


def test_a_site_that_is_missing_changes_nothing_for_the_others():
    here, there = pooled_rates([9, 20, 14], [90, 150, 160]), pooled_rates(
        [9, np.nan, 20, 14, 0], [90, 20, 150, 160, 0]
    )  # fmt: skip
    np.testing.assert_array_equal(here.shrunk.upper, there.shrunk.upper[[0, 2, 3]])
    assert np.isnan(there.shrunk.upper[[1, 4]]).all()


def test_a_ratio_of_a_site_without_an_event_is_still_a_ratio():
    found = pooled_ratios([0, 12, 9], [20, 90, 40], [9, 20, 16], [200, 250, 150])
    assert np.isfinite(found.shrunk.estimate).all()
    assert (found.shrunk.lower > 0).all()
    assert (found.shrunk.lower < found.shrunk.estimate).all()
    assert (found.shrunk.estimate < found.shrunk.upper).all()


def test_a_count_over_an_exposure_and_a_rare_proportion_agree():
    x, n = [9, 20, 14], [9000, 15000, 16000]
    share, rate = pooled_rates(x, n), pooled_rates(x, n, kind="rate")
    np.testing.assert_allclose(share.shrunk.upper, rate.shrunk.upper, rtol=2e-3)
    pair = (x, n, [4, 9, 8], n)
    share, rate = pooled_ratios(*pair), pooled_ratios(*pair, kind="rate")
    np.testing.assert_allclose(share.shrunk.upper, rate.shrunk.upper, rtol=5e-3)


def test_the_normal_answer_is_met_where_counts_are_large():
    # Five sites of the same size: precision-weighted means, averaged over the spread's posterior.
    x, n = np.array([900, 1000, 1100, 1000, 1200.0]), np.full(5, 10_000.0)
    found = pooled_rates(x, n)
    y, s2 = np.log(x / (n - x)), n / (x * (n - x))
    tau = (np.arange(4000) + 0.5) / 2000
    total = s2[0] + tau[:, None] ** 2
    mean = y.mean()
    log = -0.5 * np.log(total[:, 0]) * 4 - 0.5 * ((y - mean) ** 2).sum() / total[:, 0]
    weight = np.exp(log - log.max() - tau**2 / (2 * 0.25))
    kept = (s2 / total * weight[:, None]).sum(axis=0) / weight.sum()
    np.testing.assert_allclose(found.borrowed, kept, rtol=0.03)
    logit = np.log(found.shrunk.estimate / (1 - found.shrunk.estimate))
    np.testing.assert_allclose(logit, y - kept * (y - mean), atol=0.002)


@pytest.mark.parametrize("rho", [0.0, 0.02, 0.1])
def test_scatter_beyond_chance_is_found_and_slow_drift_is_none(rho):
    rng = np.random.default_rng(6)
    n = np.broadcast_to(np.array([20, 40, 60])[:, None], (3, 2000))
    rate = np.broadcast_to(np.linspace(0.08, 0.12, 2000), n.shape)
    if rho:
        rate = rng.beta(rate * (1 - rho) / rho, (1 - rate) * (1 - rho) / rho)
    found = week_dispersion(rng.binomial(n, rate), n)
    np.testing.assert_allclose(found, 1 + rho * (n[:, 0] - 1), rtol=0.12)


def test_weeks_that_scatter_make_intervals_wider():
    plain, loose = (pooled_rates([30, 50, 44], [300, 450, 500], dispersion=d) for d in (1.0, 3.0))
    assert (loose.shrunk.upper - loose.shrunk.lower > plain.shrunk.upper - plain.shrunk.lower).all()
