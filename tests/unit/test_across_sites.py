"""The pooled gap of a network: textbook sums, Simpson's trap, and tests that keep their level."""

import math

import numpy as np
import pytest

from qi_equity.equity.across_sites import across_sites


def test_agrees_with_the_textbook_sums():
    sites = [(4, 50, 10, 200), (12, 60, 20, 150), (3, 30, 9, 90)]
    own = sum(a * n / (m + n) for a, m, b, n in sites)
    other = sum(b * m / (m + n) for a, m, b, n in sites)
    spread = sum((m * n * (a + b) - a * b * (m + n)) / (m + n) ** 2 for a, m, b, n in sites)
    half = 1.959963984540054 * math.sqrt(spread / own / other)
    weight = sum(m * n / (m + n) for a, m, b, n in sites)
    apart = sum(m * n / (m + n) * (a / m - b / n) for a, m, b, n in sites) / weight
    found = across_sites(*np.transpose(sites))
    assert found.ratio.estimate == pytest.approx(own / other)
    assert found.ratio.lower == pytest.approx(own / other * math.exp(-half))
    assert found.ratio.upper == pytest.approx(own / other * math.exp(half))
    assert found.difference.estimate == pytest.approx(apart)


def test_a_gap_between_sites_is_not_a_gap_within_them():
    # Every site treats both groups alike; one serves more of the group and has a higher rate.
    found = across_sites([20, 2], [100, 40], [4, 20], [20, 400])
    assert (20 + 2) / 140 > 2 * (4 + 20) / 420
    assert found.ratio.estimate == pytest.approx(1)
    assert found.difference.estimate == pytest.approx(0)
    assert found.p_value == pytest.approx(1)


def test_sites_that_say_nothing_change_nothing():
    said = across_sites([4, 12], [50, 60], [10, 20], [200, 150])
    more = across_sites([4, 12, np.nan, 3], [50, 60, 9, 10], [10, 20, 1, 0], [200, 150, 30, 0])
    assert more.sites == said.sites == 2
    for name in ("ratio", "difference"):
        assert getattr(more, name).lower == getattr(said, name).lower
    assert more.ratios_differ == said.ratios_differ


@pytest.mark.parametrize(
    ("counts", "ratio"),
    [
        (([0, 0], [20, 30], [3, 1], [30, 40]), 0.0),
        (([3, 1], [30, 40], [0, 0], [20, 30]), np.inf),
    ],
)
def test_no_event_on_one_side_leaves_the_other_limit(counts, ratio):
    found = across_sites(*counts)
    assert found.ratio.estimate == ratio
    assert np.isfinite(found.ratio.upper if ratio == 0 else found.ratio.lower)


def test_no_event_at_all_has_no_estimate():
    found = across_sites([0, 0], [20, 30], [0, 0], [30, 40])
    for interval in (found.ratio, found.difference):
        assert np.isnan([interval.estimate, interval.lower, interval.upper]).all()
    assert np.isnan(found.p_value)


def test_one_site_cannot_disagree_with_itself():
    assert np.isnan(across_sites([4], [50], [10], [200]).ratios_differ)


def test_sites_may_lie_on_any_axis():
    counts = np.random.default_rng(3).integers(1, 20, (4, 6, 2))
    sizes = counts + 30
    one = across_sites(counts[0], sizes[1], counts[2], sizes[3], axis=0)
    other = across_sites(counts[0].T, sizes[1].T, counts[2].T, sizes[3].T)
    np.testing.assert_array_equal(one.ratio.lower, other.ratio.lower)


@pytest.mark.parametrize("rise", [0.0, 0.04])
def test_intervals_cover_and_the_test_of_agreement_keeps_its_level(rise):
    rng = np.random.default_rng(11)
    m, n, rate = np.array([20, 40, 60, 30]), np.array([90, 150, 80, 300]), 0.08
    rates = rate * np.array([0.8, 1, 1.3, 1])
    a, b = rng.binomial(m, rates + rise, (4000, 4)), rng.binomial(n, rates, (4000, 4))
    found = across_sites(a, m, b, n)
    covered = (found.difference.lower <= rise) & (rise <= found.difference.upper)
    assert 0.93 < covered.mean() < 0.97
    # The difference is the same in every site; with a rise the ratios truly differ a little.
    assert 0.03 < np.mean(found.differences_differ <= 0.05) < 0.075


def test_sites_that_differ_are_found_to():
    found = across_sites([30, 5], [100, 100], [10, 15], [100, 100])
    assert found.ratios_differ < 0.01
    assert found.differences_differ < 0.01
