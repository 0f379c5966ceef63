"""The gap on arrays: references, what closing it takes, and what has no estimate."""

import numpy as np
import pytest
from scipy import stats

from qi_equity.chance import q_values
from qi_equity.equity.gaps import (
    Methods,
    best_at_baseline,
    disagree,
    everyone_else,
    gap,
    gap_from_target,
    named,
)


def test_excess_and_events_to_close_are_the_difference_in_events():
    found = gap([56], [70], [48], [80])
    assert found.excess.estimate == pytest.approx(14)
    assert found.excess.lower == pytest.approx(70 * found.difference.lower)
    close = found.to_close(worse_is_high=True)
    assert [close.estimate[0], close.lower[0]] == pytest.approx([14, found.excess.lower[0]])
    # Where high is better this stratum is ahead, and there is nothing to close.
    close = found.to_close(worse_is_high=False)
    assert [close.estimate[0], close.lower[0], close.upper[0]] == [0, 0, 0]


def test_a_shortfall_is_events_to_gain():
    close = gap([40], [80], [64], [80]).to_close(worse_is_high=False)
    assert close.estimate == pytest.approx(24)
    assert close.lower[0] < 24 < close.upper[0]


def test_everyone_else_leaves_oneself_out_and_the_missing_missing():
    others = everyone_else([[1, np.nan], [2, 5], [3, 6]], axis=0)
    np.testing.assert_array_equal(others, [[5, np.nan], [4, 6], [3, 5]])


def test_a_named_reference_is_nan_against_itself():
    np.testing.assert_array_equal(named([4, 5, 6], index=1, axis=0), [5, np.nan, 5])
    by_series = named([[4, 5, 6], [7, 8, 9]], index=[0, -1], axis=1)
    np.testing.assert_array_equal(by_series, [[np.nan, 4, 4], [np.nan] * 3])


def test_the_best_is_large_enough_and_best_in_the_right_direction():
    events, people = [0, 30, 24, 60], [9, 400, 200, 400]
    assert best_at_baseline(events, people, axis=0) == 1
    assert best_at_baseline(events, people, axis=0, best_is_low=False) == 3
    assert best_at_baseline(events, people, axis=0, floor=0) == 0
    assert best_at_baseline([0, 1], [5, 6], axis=0) == -1
    assert best_at_baseline([0, 0], [500, 600], axis=0) == -1
    assert best_at_baseline([[9, 30], [np.nan, 20]], [[90, 90], [90, 90]], axis=0).tolist() == [
        0,
        1,
    ]


def test_a_target_has_no_error_of_its_own():
    found = gap_from_target([12], [100], 0.06)
    assert found.difference.estimate == pytest.approx(0.06)
    assert found.difference.lower == found.rate.lower - 0.06
    assert found.ratio.upper == pytest.approx(found.rate.upper / 0.06)
    # One-sample score test: six events more than six, in standard errors of the target.
    assert found.p_value == pytest.approx(0.01153, abs=1e-4)


def test_a_rate_over_an_exposure_may_be_above_one():
    found = gap([30], [10], [20], [20], methods=Methods("rate"))
    assert found.ratio.estimate == pytest.approx(3)
    assert found.ratio.lower > 1
    assert found.p_value < 0.001


@pytest.mark.parametrize("kind", ["proportion", "rate"])
def test_what_cannot_be_estimated_is_nan_and_never_significant(kind):
    methods = Methods(kind)
    found = gap([0, 5, np.nan, 0], [20, 0, 10, 0], [0, 2, 1, 0], [30, 10, 10, 0], methods=methods)
    for part in (found.difference, found.ratio, found.excess):
        assert np.isnan([part.estimate, part.lower, part.upper]).all()
    assert np.isnan(found.p_value).all()
    same = gap([20, 5], [20, 10], [30, 10], [30, 20], methods=methods)
    assert same.p_value.tolist() == [1, 1]
    assert same.ratio.estimate.tolist() == [1, 1]


def test_a_method_that_is_none_is_refused_with_the_choices():
    with pytest.raises(ValueError, match=r"no interval 'wald'.*newcombe, miettinen-nurminen"):
        Methods(difference="wald")
    with pytest.raises(ValueError, match="no kind 'ratio'"):
        Methods("ratio")


@pytest.mark.parametrize("many", [1, 2, 40])
def test_q_values_are_those_of_scipy_to_the_last_digit(many):
    p = np.random.default_rng(many).random(many) ** 3
    assert q_values(p).tolist() == stats.false_discovery_control(p).tolist()


def test_q_values_are_of_the_finite_ones():
    found = q_values([[0.01, np.nan], [0.02, 0.5]])
    np.testing.assert_allclose(found, [[0.03, np.nan], [0.03, 0.5]])
    assert np.isnan(q_values([np.nan])).all()


def test_scales_disagree_only_when_one_widens_and_the_other_narrows():
    then = (5.87, 2.49)
    assert disagree(4.79, 3.23, *then)
    assert not disagree(4.79, 2.2, *then)
    assert not disagree(np.nan, 3.23, *then)
    # A reference that is the worse off: the gap is a ratio below one.
    assert disagree(-4.79, 1 / 3.23, -5.87, 1 / 2.49)


def test_a_gap_that_turned_round_is_no_disagreement_of_scales():
    # 0.02 worse, then 0.02 better: it neither narrowed nor widened.
    assert not disagree(-0.0225, 0.795, 0.0224, 1.26)
