"""Intervals against published and independently computed figures, and what they owe to theory."""

import numpy as np
import pytest
from scipy import stats

from qi_equity.equity import intervals, scores
from qi_equity.equity.intervals import (
    byar,
    byar_or_exact,
    exact_p,
    exact_rate,
    exact_rate_ratio,
    koopman,
    mee,
    mid_p,
    mid_p_rate,
    mid_p_rate_ratio,
    miettinen_nurminen,
    miettinen_nurminen_ratio,
    newcombe,
    score_rate_difference,
    score_rate_ratio,
    wilson,
)
from qi_equity.equity.scores import difference_score, rate_score, ratio_score, two_sided

Z = stats.norm.ppf(0.975)


@pytest.mark.parametrize(
    ("method", "counts", "lower", "upper", "places"),
    [
        (wilson, (12, 250), 0.02767, 0.08201, 5),
        (exact_rate, (0, 1), 0, 3.689, 3),
        (exact_rate, (5, 1), 1.623, 11.668, 3),
        (exact_rate, (10, 1), 4.795, 18.390, 3),
        (exact_rate, (20, 1), 12.217, 30.888, 3),
        (byar, (5, 1), 1.611, 11.668, 3),
        (byar, (10, 1), 4.787, 18.391, 3),
        (byar, (20, 1), 12.211, 30.890, 3),
        (byar_or_exact, (9, 1), 4.115, 17.085, 3),
        (newcombe, (56, 70, 48, 80), 0.0524, 0.3339, 4),
        (newcombe, (0, 20, 3, 30), -0.256, 0.074, 3),
        (miettinen_nurminen, (56, 70, 48, 80), 0.0528, 0.3382, 4),
        (miettinen_nurminen, (9, 10, 3, 10), 0.1700, 0.8406, 4),
        (miettinen_nurminen, (5, 56, 0, 29), -0.0326, 0.1933, 4),
        (miettinen_nurminen, (0, 20, 3, 30), -0.258, 0.071, 3),
        (mee, (56, 70, 48, 80), 0.0533, 0.3377, 4),
        (koopman, (36, 40, 16, 80), 2.940, 7.152, 3),
        (miettinen_nurminen_ratio, (36, 40, 16, 80), 2.935, 7.166, 3),
        (miettinen_nurminen_ratio, (0, 20, 3, 30), 0, 1.803, 3),
        (score_rate_ratio, (30, 1000, 60, 3000), 0.971, 2.317, 3),
        (score_rate_difference, (30, 1000, 60, 3000), -0.00067, 0.02357, 5),
    ],
)
def test_agrees_with_the_published_figure(method, counts, lower, upper, places):
    found = method(*counts)
    assert round(float(found.lower), places) == pytest.approx(lower, abs=10**-places / 2)
    assert round(float(found.upper), places) == pytest.approx(upper, abs=10**-places / 2)


TWO_SAMPLE = [
    method
    for table in (intervals.DIFFERENCE, intervals.RATIO)
    for kind in table.values()
    for method in kind.values()
]


@pytest.mark.parametrize("method", TWO_SAMPLE)
def test_nothing_against_nothing_has_no_estimate(method):
    found = method([0, 0, np.nan, 3], [20, 0, 10, 0], [0, 2, 1, 1], [30, 10, 10, 10])
    for part in (found.estimate, found.lower, found.upper):
        assert np.isnan(part).all()


@pytest.mark.parametrize("method", TWO_SAMPLE)
def test_one_zero_still_has_an_interval_on_the_other_side(method):
    found = method([0, 3], [20, 30], [3, 0], [30, 20])
    assert (found.lower <= found.estimate).all()
    assert (found.estimate <= found.upper).all()
    assert np.isfinite(found.upper[0])
    assert np.isfinite(found.lower[1])


def test_score_limits_are_where_the_score_reaches_the_normal_quantile():
    x1, n1 = np.array([3, 9, 1, 40]), np.array([30, 10, 200, 55])
    x2, n2 = np.array([5, 3, 4, 20]), np.array([40, 10, 100, 50])
    found = koopman(x1, n1, x2, n2)
    assert ratio_score(x1, n1, x2, n2, found.lower) == pytest.approx(Z, abs=1e-7)
    assert ratio_score(x1, n1, x2, n2, found.upper) == pytest.approx(-Z, abs=1e-7)
    found = mee(x1, n1, x2, n2)
    assert difference_score(x1, n1, x2, n2, found.lower) == pytest.approx(Z, abs=1e-7)
    assert difference_score(x1, n1, x2, n2, found.upper) == pytest.approx(-Z, abs=1e-7)


@pytest.mark.parametrize("delta", [-0.4, -0.05, 0.02, 0.3])
def test_the_likeliest_proportions_given_a_difference_are_likelier_than_their_neighbours(delta):
    a, m, b, n = (np.asarray(value, dtype=float) for value in (4, 30, 9, 44))
    second = float(scores._second_given_difference(a, m, b, n, np.asarray(delta)))

    def log_likelihood(p2):
        return stats.binom.logpmf(4, 30, p2 + delta) + stats.binom.logpmf(9, 44, p2)

    best = log_likelihood(second)
    assert best > log_likelihood(second - 1e-4)
    assert best > log_likelihood(second + 1e-4)


def test_exact_limits_leave_the_tail_they_promise():
    x, n = np.array([1, 5, 19]), np.array([20, 20, 20])
    found = exact_p(x, n)
    assert stats.binom.sf(x - 1, n, found.lower) == pytest.approx(0.025)
    assert stats.binom.cdf(x, n, found.upper) == pytest.approx(0.025)
    found = mid_p(x, n)
    below = stats.binom.cdf(x, n, found.upper) - stats.binom.pmf(x, n, found.upper) / 2
    assert below == pytest.approx(0.025)
    found = mid_p_rate(x, 2.0)
    above = stats.poisson.sf(x, found.lower * 2) + stats.poisson.pmf(x, found.lower * 2) / 2
    assert above == pytest.approx(0.025)


def test_mid_p_lies_inside_exact():
    counts = ([2, 7], [100, 80], [5, 1], [300, 90])
    exact, middle = exact_rate_ratio(*counts), mid_p_rate_ratio(*counts)
    assert (exact.lower < middle.lower).all()
    assert (middle.upper < exact.upper).all()


def test_the_score_test_is_the_pooled_chi_square():
    chi2, p_value, *_ = stats.chi2_contingency([[56, 14], [48, 32]], correction=False)
    assert difference_score(56, 70, 48, 80) ** 2 == pytest.approx(chi2)
    assert two_sided(ratio_score(56, 70, 48, 80)) == pytest.approx(p_value)


def test_the_rate_score_is_the_binomial_score_of_the_share():
    expected = (30 - 90 * 0.25) / np.sqrt(90 * 0.25 * 0.75)
    assert rate_score(30, 1000, 60, 3000) == pytest.approx(expected)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_a_confidence_that_is_no_share_is_refused(confidence):
    with pytest.raises(ValueError, match="between 0 and 1"):
        wilson(1, 2, confidence)


@pytest.mark.parametrize("method", [newcombe, mee, miettinen_nurminen, koopman])
@pytest.mark.parametrize(
    ("n1", "p1", "n2", "p2"),
    [
        (17, 0.12, 68, 0.05),
        (25, 0.10, 60, 0.10),
        (10, 0.30, 50, 0.20),
        (5, 0.50, 50, 0.50),
        (40, 0.03, 200, 0.03),
        (30, 0.90, 60, 0.80),
        (150, 0.12, 600, 0.05),
    ],
)
def test_coverage_worked_out_exactly_is_close_to_what_is_stated(method, n1, p1, n2, p2):
    x1, x2 = np.arange(n1 + 1)[:, None], np.arange(n2 + 1)
    chance = stats.binom.pmf(x1, n1, p1) * stats.binom.pmf(x2, n2, p2)
    truth = p1 / p2 if method is koopman else p1 - p2
    found = method(x1, n1, x2, n2)
    known = np.isfinite(found.lower)
    held = (found.lower <= truth) & (truth <= found.upper)
    assert 0.94 < (chance * held).sum() / (chance * known).sum() < 0.97
