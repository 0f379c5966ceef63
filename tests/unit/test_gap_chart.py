"""The gap chart's sums against scipy's distribution, and data on which it must stay calm."""

import numpy as np
import pytest
from scipy import stats

from qi_equity.equity import gap_chart
from qi_equity.equity.contrast import contrast
from qi_equity.equity.gap_chart import gap_charts
from qi_equity.equity.hypergeometric import estimate, outcomes

BASELINE = 52


def chart(events, total, reference_events, reference_total, baseline=BASELINE, **more):
    data = contrast(events, total, reference_events, reference_total)
    return gap_charts(data, baseline, **more)


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
    totals = outcomes(data[np.newaxis]).log_totals(grid[np.newaxis])[:, 0]
    height = grid * data.events.sum() - totals.sum(axis=-1)
    height = height + 0.5 * np.log(table.moments(grid)[1].sum(axis=-1))
    assert estimate(data.events, table) == pytest.approx(grid[np.argmax(height)], abs=1e-3)


def test_without_scatter_the_evidence_is_a_mean_of_likelihoods_over_starts_and_levels(monkeypatch):
    monkeypatch.setattr(gap_chart, "CORRELATIONS", (0.0,))
    rng = np.random.default_rng(2)
    y, y0 = rng.binomial(10, 0.2, 60), rng.binomial(40, 0.2, 60)
    found = gap_charts(contrast(y, 10, y0, 40), BASELINE)
    theta = float(found.log_odds_ratio) + np.linspace(-1.5, 1.5, 601)

    def likely(week, ratio):
        odds = np.exp(theta) * ratio
        return stats.nchypergeom_fisher.pmf(y[week], 50, 10, y[week] + y0[week], odds)

    none = np.prod([likely(week, 1.0) for week in range(60)], axis=0)
    for side, ratio in ((found.up, 1.5), (found.down, 1 / 1.5)):
        changed = np.zeros(theta.size)
        for start in range(BASELINE, 60):
            weight = 1 / 52 + 0.25 * (start == BASELINE)
            ratios = np.where(np.arange(60) >= start, ratio, 1.0)
            changed += weight * np.prod([likely(w, ratios[w]) for w in range(60)], axis=0)
        assert side[-1] == pytest.approx(max(0, np.log(changed.sum() / none.sum())), abs=2e-3)


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
    assert np.isnan(found.limit).all()
    assert not found.signal.any()


@pytest.mark.parametrize("seed", range(3))
def test_swapping_the_groups_swaps_the_two_sides(seed):
    rng = np.random.default_rng(seed)
    data = contrast(rng.binomial(20, 0.1, 80), 20, rng.binomial(50, 0.07, 80), 50)
    one, other = (gap_charts(side, BASELINE) for side in (data, data.swapped()))
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
    for line in ("up", "down", "limit"):
        np.testing.assert_array_equal(getattr(plain, line)[told], getattr(padded, line)[where])


def test_a_series_that_says_nothing_after_its_baseline_has_no_evidence():
    found = chart([2] * 20 + [0] * 5, [20] * 25, [5] * 20 + [0] * 5, [50] * 25, baseline=20)
    assert np.isfinite(found.log_odds_ratio)
    assert not np.nan_to_num(found.up).any()
    assert not np.nan_to_num(found.down).any()


def test_the_same_data_give_the_same_bytes_one_at_a_time_or_all_at_once():
    rng = np.random.default_rng(4)
    y, y0 = rng.binomial(10, 0.2, (3, 80)), rng.binomial(50, 0.15, (3, 80))
    together, again = chart(y, 10, y0, 50), chart(y, 10, y0, 50)
    for row in range(3):
        alone = chart(y[row], 10, y0[row], 50)
        for line in ("up", "down", "limit", "signal", "change"):
            assert getattr(together, line).tobytes() == getattr(again, line).tobytes()
            assert getattr(together, line)[row].tobytes() == getattr(alone, line).tobytes()


def test_a_larger_budget_lowers_the_limit_and_alters_no_evidence():
    rng = np.random.default_rng(5)
    y, y0 = rng.binomial(10, 0.2, 104), rng.binomial(50, 0.15, 104)
    calm, keen = (chart(y, 10, y0, 50, alarms=alarms) for alarms in (0.01, 0.1))
    drawn = np.isfinite(calm.limit)
    assert drawn.sum() == 52
    assert (keen.limit[drawn] < calm.limit[drawn]).all()
    np.testing.assert_array_equal(keen.up, calm.up)


@pytest.mark.parametrize("seed", range(3))
def test_weeks_added_at_the_end_change_nothing_before_them(seed):
    rng = np.random.default_rng(seed)
    n, n0 = rng.poisson(12, 120), rng.poisson(60, 120)
    y = rng.binomial(n, np.where(np.arange(120) < 70, 0.1, 0.3))
    y0 = rng.binomial(n0, 0.1)
    whole = chart(y, n, y0, n0)
    for weeks in (60, 75, 90, 119):
        part = chart(y[:weeks], n[:weeks], y0[:weeks], n0[:weeks])
        for line in ("up", "down", "limit", "signal"):
            np.testing.assert_allclose(
                getattr(part, line), getattr(whole, line)[:weeks], rtol=1e-3, atol=1e-3
            )
        if part.first >= 0:
            assert (part.first, part.change) == (whole.first, whole.change)
