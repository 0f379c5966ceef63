"""Intervals where a closed form, or a sum of two published intervals, gives them by hand."""

import math
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from scipy import stats

from qi_equity.equity import intervals
from qi_equity.equity.intervals import (
    DIFFERENCE,
    ONE,
    RATIO,
    Interval,
    byar,
    byar_or_exact,
    exact_p,
    exact_rate,
    exact_rate_difference,
    exact_rate_ratio,
    gart_nam,
    gart_nam_ratio,
    koopman,
    mee,
    mid_p,
    mid_p_rate,
    mid_p_rate_difference,
    mid_p_rate_ratio,
    miettinen_nurminen,
    miettinen_nurminen_ratio,
    newcombe,
    score_rate_difference,
    score_rate_ratio,
    wilson,
)
from qi_equity.equity.scores import difference_score, ratio_score

Z = 1.959963984540054
Z90 = 1.6448536269514722
TAIL = 0.025
INF = math.inf


def limits(found):
    return float(found.lower), float(found.upper)


# -- one proportion, one rate -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "reach"),
    [
        # Where none of twenty had the event: p of those (1 - p)^20 leaves in the tail.
        (wilson, Z**2 / (20 + Z**2)),
        (exact_p, 1 - TAIL ** (1 / 20)),
        (mid_p, 1 - (2 * TAIL) ** (1 / 20)),
    ],
)
def test_none_or_all_of_twenty(method, reach):
    assert limits(method(0, 20)) == pytest.approx((0, reach), abs=1e-9)
    assert limits(method(20, 20)) == pytest.approx((1 - reach, 1), abs=1e-9)
    assert (method(0, 20).lower, method(20, 20).upper) == (0, 1)
    assert [float(method(x, 20).estimate) for x in (0, 5, 20)] == [0, 0.25, 1]


@pytest.mark.parametrize(
    ("method", "reach"),
    [
        (exact_rate, -math.log(TAIL)),
        (mid_p_rate, -math.log(2 * TAIL)),
        (byar, (1 - 1 / 9 + Z / 3) ** 3),
        (byar_or_exact, -math.log(TAIL)),
    ],
)
def test_no_count_in_four(method, reach):
    found = method(0, 4)
    assert limits(found) == pytest.approx((0, reach / 4), abs=1e-9)
    assert (found.lower, found.estimate) == (0, 0)
    assert method(6, 4).estimate == 1.5


@pytest.mark.parametrize("x", [1, 7, 19])
def test_wilson_s_limits_solve_its_equation(x):
    found = wilson(x, 20, 0.9)
    for limit in limits(found):
        assert abs(x / 20 - limit) == pytest.approx(Z90 * math.sqrt(limit * (1 - limit) / 20))
    assert found.lower < x / 20 < found.upper


@pytest.mark.parametrize("x", [1, 7, 19])
def test_exact_and_mid_p_leave_their_tails_on_either_side(x):
    chance, half = stats.binom(20, limits(exact_p(x, 20, 0.9))), 0.05
    assert chance.sf(x - 1)[0] == pytest.approx(half)
    assert chance.cdf(x)[1] == pytest.approx(half)
    chance = stats.binom(20, limits(mid_p(x, 20, 0.9)))
    assert (chance.sf(x) + chance.pmf(x) / 2)[0] == pytest.approx(half)
    assert (chance.cdf(x - 1) + chance.pmf(x) / 2)[1] == pytest.approx(half)
    chance = stats.poisson(np.multiply(limits(exact_rate(x, 4, 0.9)), 4))
    assert chance.sf(x - 1)[0] == pytest.approx(half)
    assert chance.cdf(x)[1] == pytest.approx(half)
    chance = stats.poisson(np.multiply(limits(mid_p_rate(x, 4, 0.9)), 4))
    assert (chance.sf(x) + chance.pmf(x) / 2)[0] == pytest.approx(half)
    assert (chance.cdf(x - 1) + chance.pmf(x) / 2)[1] == pytest.approx(half)


def test_byar_by_its_formula_and_exact_below_ten():
    assert byar(4, 2, 0.9).lower == pytest.approx(2 * (1 - 1 / 36 - Z90 / 6) ** 3)
    assert byar(3, 2, 0.9).upper == pytest.approx(2 * (1 - 1 / 36 + Z90 / 6) ** 3)
    for count, same in ((9, exact_rate), (10, byar), (11, byar)):
        assert limits(byar_or_exact(count, 3, 0.9)) == limits(same(count, 3, 0.9))


ONE_SAMPLE = [method for kind in ONE.values() for method in kind.values()]


@pytest.mark.parametrize("method", [*ONE_SAMPLE, byar])
def test_nobody_and_nothing_logged_have_no_interval(method):
    found = method([0, np.nan, 3, 0, 4], [0, 10, np.nan, 20, 20])
    for part in (found.estimate, found.lower, found.upper):
        assert np.isnan(part).tolist() == [True, True, True, False, False]


# -- two ----------------------------------------------------------------------------------------


def hybrid(one, two):
    """Zou & Donner's difference of two estimates, from (lower, estimate, upper) of each."""
    (low, at, high), (low2, at2, high2) = one, two
    gap = at - at2
    return gap - math.hypot(at - low, high2 - at2), gap + math.hypot(high - at, at2 - low2)


def parts(found):
    return float(found.lower), float(found.estimate), float(found.upper)


@pytest.mark.parametrize(
    ("method", "alone"),
    [
        (newcombe, wilson),
        (exact_rate_difference, exact_rate),
        (mid_p_rate_difference, mid_p_rate),
    ],
)
@pytest.mark.parametrize("counts", [(5, 40, 20, 60), (0, 40, 20, 60), (5, 40, 0, 60)])
def test_a_hybrid_is_as_far_as_its_two_intervals_reach(method, alone, counts):
    x, n, y, m = counts
    for confidence in (0.95, 0.9):
        one, two = parts(alone(x, n, confidence)), parts(alone(y, m, confidence))
        found = method(*counts, confidence)
        assert limits(found) == pytest.approx(hybrid(one, two))
        assert found.estimate == pytest.approx(x / n - y / m)


def test_a_difference_of_published_rates():
    # Garwood: 5 is 1.623 to 11.668, 20 is 12.217 to 30.888.
    expected = hybrid((1.623, 5, 11.668), (12.217, 20, 30.888))
    assert limits(exact_rate_difference(5, 1, 20, 1)) == pytest.approx(expected, abs=0.002)


@pytest.mark.parametrize(
    ("method", "score"),
    [(mee, difference_score), (koopman, ratio_score)],
)
@pytest.mark.parametrize("counts", [(3, 30, 5, 40), (9, 10, 3, 10), (1, 200, 4, 100)])
def test_a_score_limit_is_where_the_score_is_the_quantile(method, score, counts):
    found = method(*counts, 0.9)
    assert score(*counts, found.lower) == pytest.approx(Z90, abs=1e-6)
    assert score(*counts, found.upper) == pytest.approx(-Z90, abs=1e-6)


@pytest.mark.parametrize(
    ("method", "score"),
    [(miettinen_nurminen, difference_score), (miettinen_nurminen_ratio, ratio_score)],
)
def test_miettinen_s_score_has_n_less_one(method, score):
    counts = (3, 30, 5, 40)
    found, z = method(*counts, 0.9), Z90 * math.sqrt(70 / 69)
    assert score(*counts, found.lower) == pytest.approx(z, abs=1e-6)
    assert score(*counts, found.upper) == pytest.approx(-z, abs=1e-6)


@pytest.mark.parametrize(
    ("method", "score"),
    [(gart_nam, difference_score), (gart_nam_ratio, ratio_score)],
)
@pytest.mark.parametrize("counts", [(3, 30, 5, 40), (7, 10, 3, 10)])
def test_the_score_for_small_numbers_is_the_quantile_at_its_limits(method, score, counts):
    found = method(*counts, 0.9)
    assert score(*counts, found.lower, small=True) == pytest.approx(Z90, abs=1e-5)
    assert score(*counts, found.upper, small=True) == pytest.approx(-Z90, abs=1e-5)
    at = counts[0] / counts[1], counts[2] / counts[3]
    expected = at[0] - at[1] if method is gart_nam else at[0] / at[1]
    assert found.estimate == pytest.approx(expected)


@pytest.mark.parametrize("method", [koopman, miettinen_nurminen_ratio, gart_nam_ratio])
def test_a_ratio_with_no_event_on_one_side_ends_at_zero_or_nowhere(method):
    none, all_of_it = method(0, 20, 3, 30), method(3, 30, 0, 20)
    assert (none.estimate, none.lower, all_of_it.upper) == (0, 0, INF)
    assert all_of_it.estimate == INF
    # Seen from the other side, the same.
    assert none.upper == pytest.approx(1 / all_of_it.lower)
    assert 1 < none.upper < 3


def test_a_rate_difference_s_limits_are_where_its_score_is_the_quantile():
    a, s, b, t = 30.0, 1000.0, 60.0, 3000.0
    found = score_rate_difference(a, s, b, t, 0.9)
    for limit, z in ((float(found.lower), Z90), (float(found.upper), -Z90)):
        # The likeliest second rate, given the difference: of the likelihood a search finds it.
        grid = np.linspace(1e-5, 0.06, 2_000_001)
        grid = grid[grid + limit > 0]
        likely = a * np.log(grid + limit) - s * (grid + limit) + b * np.log(grid) - t * grid
        second = grid[likely.argmax()]
        error = math.sqrt((second + limit) / s + second / t)
        assert (a / s - b / t - limit) / error == pytest.approx(z, abs=1e-4)


@pytest.mark.parametrize("counts", [(30, 1000, 60, 3000), (0, 1000, 1, 6), (1, 6, 0, 1000)])
@pytest.mark.parametrize("unit", [0.01, 6, 1000])
def test_a_rate_difference_does_not_depend_on_the_unit_of_exposure(counts, unit):
    a, s, b, t = counts
    found, scaled = score_rate_difference(*counts), score_rate_difference(a, s / unit, b, t / unit)
    assert limits(scaled) == pytest.approx(np.multiply(limits(found), unit), rel=1e-7)
    assert found.lower < found.estimate < found.upper


def test_a_rate_difference_with_no_event_on_one_side():
    none, other = score_rate_difference(0, 20, 3, 30), score_rate_difference(3, 30, 0, 20)
    assert none.estimate == pytest.approx(-0.1)
    assert limits(none) == pytest.approx((-other.upper, -other.lower), abs=1e-9)
    assert -0.4 < none.lower < -0.1 < none.upper < 0.2


@pytest.mark.parametrize(
    ("method", "alone"),
    [(score_rate_ratio, wilson), (exact_rate_ratio, exact_p), (mid_p_rate_ratio, mid_p)],
)
@pytest.mark.parametrize("x", [0, 5, 12])
def test_a_ratio_of_rates_is_the_odds_of_a_share(method, alone, x):
    share = alone(x, 12, 0.9)
    found = method(x, 40, 12 - x, 100, 0.9)
    odds = [p / (1 - p) * 2.5 if p < 1 else INF for p in limits(share)]
    assert limits(found) == pytest.approx(odds)
    assert found.estimate == pytest.approx(x / (12 - x) * 2.5 if x < 12 else INF)


TWO_SAMPLE = [m for table in (DIFFERENCE, RATIO) for kind in table.values() for m in kind.values()]


@pytest.mark.parametrize("method", TWO_SAMPLE)
def test_what_has_no_interval_stands_beside_what_has(method):
    found = method([0, 2, np.nan, 4], [20, 20, 20, 20], [0, 3, 1, 5], [30, 30, 30, 0])
    for part in (found.estimate, found.lower, found.upper):
        assert np.isnan(part).tolist() == [True, False, True, True]
    table = method(np.ones((2, 3)), 20, [2, 3, 4], 30)
    assert table.lower.shape == table.upper.shape == (2, 3)
    assert limits(method(1, 20, 3, 30)) == pytest.approx((table.lower[1, 1], table.upper[1, 1]))


@pytest.mark.parametrize("method", TWO_SAMPLE)
def test_more_confidence_is_a_wider_interval_and_95_where_none_is_told(method):
    counts = (4, 40, 9, 60)
    low, high = limits(method(*counts))
    assert (low, high) == limits(method(*counts, 0.95))
    narrow, wide = limits(method(*counts, 0.9)), limits(method(*counts, 0.99))
    assert wide[0] < low < narrow[0] < narrow[1] < high < wide[1]


@pytest.mark.parametrize("method", [*ONE_SAMPLE, byar])
def test_95_where_no_confidence_is_told(method):
    low, high = limits(method(12, 40))
    assert (low, high) == limits(method(12, 40, 0.95))
    narrow = limits(method(12, 40, 0.9))
    assert low < narrow[0] < narrow[1] < high


def test_the_ways_to_an_interval_are_these():
    names = {
        (title, kind): list(table[kind])
        for title, table in (("one", ONE), ("difference", DIFFERENCE), ("ratio", RATIO))
        for kind in table
    }
    assert names == {
        ("one", "proportion"): ["wilson", "exact", "mid-p"],
        ("one", "rate"): ["byar", "exact", "mid-p"],
        ("difference", "proportion"): ["newcombe", "miettinen-nurminen", "mee", "gart-nam"],
        ("difference", "rate"): ["score", "exact", "mid-p"],
        ("ratio", "proportion"): ["koopman", "miettinen-nurminen", "gart-nam"],
        ("ratio", "rate"): ["score", "exact", "mid-p"],
    }


# -- an interval itself -------------------------------------------------------------------------


def test_an_interval_on_another_scale():
    found = Interval(np.array([2.0]), np.array([1.0]), np.array([5.0]))
    assert [part.item() for part in (found.times(3).lower, found.times(3).upper)] == [3, 15]
    turned = found.times(-1)
    assert (turned.estimate, turned.lower, turned.upper) == (-2, -5, -1)
    less = found.less(1.5)
    assert (less.estimate, less.lower, less.upper) == (0.5, -0.5, 3.5)
    assert found.times([1, 2]).upper.tolist() == [5, 10]
    assert found.less([1, 2]).lower.tolist() == [0, -1]


def test_an_interval_cannot_be_altered_and_is_itself_alone():
    found = wilson(1, 20)
    with pytest.raises(FrozenInstanceError):
        found.lower = found.upper
    assert not hasattr(found, "__dict__")
    assert found != replace(found)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 1.5, -0.1])
def test_a_confidence_lies_between_none_and_all(confidence):
    with pytest.raises(ValueError, match=f"between 0 and 1, such as 0.95; got {confidence}"):
        intervals._z(confidence)
    assert intervals._z(0.95) == pytest.approx(Z)


@pytest.mark.parametrize("method", [koopman, miettinen_nurminen_ratio, gart_nam_ratio])
@pytest.mark.parametrize("both", [(1, 1), (2, 1), (3, 7), (500, 40)])
def test_where_all_had_the_event_the_ratio_has_ends_on_both_sides(method, both):
    m, n = both
    one, other = method(m, m, n, n), method(n, n, m, m)
    assert one.lower < 1 < one.upper < 1e6
    assert one.lower == pytest.approx(1 / other.upper)


def test_koopman_where_all_had_the_event_by_hand():
    """Above 1 the chance of the second is 1 over the ratio r: its score squared is (r - 1) n."""
    found = koopman(30, 30, 50, 50)
    assert found.upper == pytest.approx(1 + Z**2 / 50, rel=1e-9)
    assert found.lower == pytest.approx(1 / (1 + Z**2 / 30), rel=1e-9)


@pytest.mark.parametrize("both", [(1, 2), (3, 7), (500, 40)])
def test_where_all_had_the_event_a_difference_has_ends_on_both_sides(both):
    m, n = both
    one, other = gart_nam(m, m, n, n), gart_nam(n, n, m, m)
    assert one.lower < 0 < one.upper
    assert one.lower == pytest.approx(-other.upper)
