"""The gap chart's sums against scipy's distribution, and data on which it must stay calm."""

import numpy as np
import pytest
from scipy import stats

from qi_equity.equity.contrast import contrast
from qi_equity.equity.gap_chart import gap_charts
from qi_equity.equity.hypergeometric import estimate, outcomes

BASELINE = 52


def chart(events, total, reference_events, reference_total, baseline=BASELINE, paths=2_000, **more):
    data = contrast(events, total, reference_events, reference_total)
    return gap_charts(data, baseline, paths=paths, **more)


@pytest.mark.parametrize(
    ("n", "n0", "m"), [(5, 50, 3), (60, 50, 40), (3, 2, 4), (4_000, 9_000, 1_200)]
)
@pytest.mark.parametrize("theta", [-1.0, 0.0, 0.7])
def test_moments_are_those_of_fishers_noncentral_distribution(n, n0, m, theta):
    y = min(n, max(m - n0, m * n // (n + n0)))
    table = outcomes(contrast([y], [n], [m - y], [n0]))
    want = stats.nchypergeom_fisher.stats(n + n0, n, m, np.exp(theta), moments="mv")
    mean, variance, _ = table.moments(theta)
    assert mean[0] == pytest.approx(want[0], rel=1e-8)
    assert variance[0] == pytest.approx(want[1], rel=1e-6)


def test_the_third_moment_is_the_slope_of_the_variance():
    table = outcomes(contrast([2, 3], [10, 20], [3, 9], [40, 30]))
    step = 1e-5
    slope = (table.moments(0.3 + step)[1] - table.moments(0.3 - step)[1]) / (2 * step)
    assert table.moments(0.3)[2] == pytest.approx(slope, rel=1e-6)


def test_the_estimate_is_where_the_penalised_likelihood_is_highest():
    rng = np.random.default_rng(1)
    data = contrast(rng.binomial(6, 0.2, 40), 6, rng.binomial(30, 0.1, 40), 30)
    table = outcomes(data)
    grid = np.linspace(-1, 3, 4_001)
    height = grid * data.events.sum() - table.log_total(grid).sum(axis=-1)
    height = height + 0.5 * np.log(table.moments(grid)[1].sum(axis=-1))
    assert estimate(data.events, table) == pytest.approx(grid[np.argmax(height)], abs=1e-3)


def test_the_cusum_is_the_running_log_likelihood_ratio_held_above_nought():
    rng = np.random.default_rng(2)
    data = contrast(rng.binomial(10, 0.2, 70), 10, rng.binomial(40, 0.2, 70), 40)
    found = gap_charts(data, BASELINE, paths=500)
    odds = np.exp(found.log_odds_ratio)
    total = data.events + data.reference_events
    up, down = 0.0, 0.0
    for week in range(BASELINE, 70):
        if total[week] > 0:
            here = [
                stats.nchypergeom_fisher.logpmf(data.events[week], 50, 10, total[week], odds * r)
                for r in (1.0, 1.5, 1 / 1.5)
            ]
            up, down = max(0.0, up + here[1] - here[0]), max(0.0, down + here[2] - here[0])
        assert found.up[week] == pytest.approx(up, abs=1e-6)
        assert found.down[week] == pytest.approx(down, abs=1e-6)


def test_a_widening_and_a_closing_gap_are_found_on_their_own_side():
    late = np.arange(104) >= 60
    widening = chart(np.where(late, 8, 4), 20, 10, 50)
    closing = chart(np.where(late, 2, 8), 20, 10, 50)
    assert set(np.unique(widening.signal)) == {0, 1}
    assert set(np.unique(closing.signal)) == {-1, 0}
    assert int(widening.change) == int(closing.change) == 60
    assert 60 <= int(widening.first) < 70


DEGENERATE = {
    "no events at all": (np.zeros(80), 20, np.zeros(80), 50),
    "nothing but events": (np.full(80, 20), 20, np.full(80, 50), 50),
    "one period": (np.ones(1), 20, np.ones(1), 50),
    "no periods": (np.ones(0), 20, np.ones(0), 50),
    "nobody in the stratum": (np.zeros(80), 0, np.full(80, 5), 50),
    "an empty reference": (np.full(80, 2), 20, np.zeros(80), 0),
    "nothing was logged": (np.full(80, np.nan), 20, np.full(80, 5), 50),
    "identical values": (np.full(80, 2), 20, np.full(80, 5), 50),
    "no events in the reference": (np.full(80, 2), 20, np.zeros(80), 50),
    "all events in the stratum's baseline": (np.full(80, 20), 20, np.full(80, 5), 50),
    "too few events in the baseline": (np.arange(80) % 13 == 0, 20, np.full(80, 5), 50),
}


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_data_never_raise_and_never_signal(case):
    found = chart(*DEGENERATE[case])
    assert not found.signal.any()
    assert int(found.first) == int(found.change) == -1


@pytest.mark.parametrize("baseline", [0, 80, 200])
def test_without_a_baseline_or_anything_after_it_no_limit_is_drawn(baseline):
    found = chart(np.full(80, 2), 20, 5, 50, baseline=baseline)
    assert np.isnan(found.limit_up).all()
    assert not found.signal.any()


@pytest.mark.parametrize("seed", range(3))
def test_swapping_the_groups_swaps_the_two_sides(seed):
    rng = np.random.default_rng(seed)
    data = contrast(rng.binomial(20, 0.1, 80), 20, rng.binomial(50, 0.07, 80), 50)
    one, other = (gap_charts(side, BASELINE, paths=500) for side in (data, data.swapped()))
    assert one.log_odds_ratio == pytest.approx(-other.log_odds_ratio, abs=1e-9)
    np.testing.assert_allclose(one.up, other.down, atol=1e-8)
    np.testing.assert_allclose(one.down, other.up, atol=1e-8)


def test_weeks_without_an_event_move_no_line_and_spend_no_budget():
    rng = np.random.default_rng(3)
    y, y0 = rng.binomial(10, 0.1, 80), rng.binomial(50, 0.05, 80)
    told = y + y0 > 0
    quiet = np.concatenate([np.full(5, 10), np.full(9, 70)])
    plain = chart(y, 10, y0, 50)
    padded = chart(np.insert(y, quiet, 0), 10, np.insert(y0, quiet, 0), 50, baseline=BASELINE + 5)
    where = np.flatnonzero(np.insert(told, quiet, False))
    for line in ("up", "down", "limit_up", "limit_down"):
        np.testing.assert_array_equal(getattr(plain, line)[told], getattr(padded, line)[where])


def test_the_same_data_give_the_same_bytes_one_at_a_time_or_all_at_once():
    rng = np.random.default_rng(4)
    y, y0 = rng.binomial(10, 0.2, (3, 80)), rng.binomial(50, 0.15, (3, 80))
    together, again = chart(y, 10, y0, 50, paths=500), chart(y, 10, y0, 50, paths=500)
    for row in range(3):
        alone = chart(y[row], 10, y0[row], 50, paths=500)
        for line in ("up", "down", "limit_up", "limit_down", "signal", "seed"):
            assert getattr(together, line).tobytes() == getattr(again, line).tobytes()
            assert getattr(together, line)[row].tobytes() == getattr(alone, line).tobytes()


def test_a_larger_budget_never_raises_a_limit():
    rng = np.random.default_rng(5)
    y, y0 = rng.binomial(10, 0.2, 104), rng.binomial(50, 0.15, 104)
    calm, keen = (chart(y, 10, y0, 50, alarms=alarms) for alarms in (0.01, 0.1))
    drawn = np.isfinite(calm.limit_up)
    assert drawn.any()
    assert (keen.limit_up[drawn] <= calm.limit_up[drawn]).mean() > 0.95
    assert np.isfinite(keen.limit_up).sum() >= drawn.sum()


def test_too_small_a_budget_draws_no_limit():
    found = chart(np.full(60, 4), 20, 5, 50, alarms=0.001, paths=200)
    assert np.isnan(found.limit_up).all()
    assert not found.signal.any()
