"""What became of an idea that sites began at different times, held against figures by hand."""

import numpy as np
import pytest

from qi_equity.equity.staggered import carried, effect, p_value

NEVER = 99


def test_what_would_have_been_moves_as_the_sites_that_had_not_begun():
    # The comparator halves; so would the site that began have.
    events = [[10, 10, 7], [40, 40, 20]]
    found = carried(events, np.full((2, 3), 100), [2, NEVER])
    assert found.expected[0, 2] == pytest.approx(5.0, rel=1e-4)
    assert found.compared.tolist() == [[False, False, True], [False] * 3]


def test_a_site_that_began_is_never_a_comparator():
    # The first site's effect grows; the second begins later. Were the first a comparator, the
    # second would seem to do harm.
    births = np.full((3, 6), 100.0)
    events = np.array([[20, 20, 16, 12, 8, 4], [20, 20, 20, 20, 20, 20], [20] * 6], float)
    found = carried(events, births, [2, 4, NEVER])
    np.testing.assert_allclose(found.expected[1, 4:], 20.0, rtol=1e-4)


def test_all_beginning_together_cannot_be_told():
    found = effect([[9, 9, 4, 4]] * 4, np.full((4, 4), 100), [2] * 4)
    assert np.isnan(found.ratio.estimate)
    assert (found.p_value, found.least_p) == (1.0, 1.0)
    assert np.isnan(found.by_site).all()


def test_no_p_is_below_what_so_few_ways_of_beginning_allow():
    events = [[50, 50, 5], [50, 50, 50], [50, 50, 50]]
    found = effect(events, np.full((3, 3), 100), [2, NEVER, NEVER])
    assert found.least_p == pytest.approx(1 / 3)
    assert found.p_value >= found.least_p
    assert np.isinf(found.ratio.upper)


def test_months_in_which_it_settles_belong_to_neither_side():
    rng = np.random.default_rng(3)
    began = np.array([6, 8, 10, NEVER, NEVER, NEVER])
    shown = np.arange(18) >= began[:, None] + 3
    births = np.full((6, 18), 200)
    events = rng.binomial(births, 0.1 * 0.5**shown)
    hasty, patient = (effect(events, births, began, settling=s).ratio for s in (0, 3))
    assert patient.estimate == pytest.approx(0.5, abs=0.08)
    assert hasty.estimate > patient.estimate + 0.05


def test_the_gap_is_what_the_group_does_beyond_everyone_else():
    rng = np.random.default_rng(8)
    began = np.array([6, 8, 10, 12, NEVER, NEVER, NEVER])
    after = np.arange(18) >= began[:, None]
    births, others = np.full((7, 18), 150), np.full((7, 18), 400)
    theirs = rng.binomial(others, 0.1 * 0.6**after)
    alike = rng.binomial(births, 0.2 * 0.6**after)
    further = rng.binomial(births, 0.2 * 0.3**after)
    same = effect(alike, births, began, beside=(theirs, others))
    more = effect(further, births, began, beside=(theirs, others))
    assert same.p_value > 0.05
    assert same.ratio.estimate == pytest.approx(1.0, abs=0.15)
    assert more.p_value < 0.05
    assert more.ratio.estimate == pytest.approx(0.5, abs=0.1)


def test_limits_are_where_the_p_value_crosses():
    rng = np.random.default_rng(5)
    began = np.array([6, 8, 10, 12, NEVER, NEVER])
    births = np.full((6, 18), 150)
    events = rng.binomial(births, 0.1 * 0.7 ** (np.arange(18) >= began[:, None]))
    found = effect(events, births, began).ratio
    for limit, inward in ((found.lower, 1.05), (found.upper, 1 / 1.05)):
        assert p_value(events, births, began, ratio=float(limit)) <= 0.05
        assert p_value(events, births, began, ratio=float(limit) * inward) > 0.05


def test_what_was_not_logged_is_left_out_and_not_taken_for_nought():
    events = np.array([[10, 10, 7, 7], [40, np.nan, 40, 40]])
    births = np.where(np.isnan(events), np.nan, 100)
    found = carried(events, births, [2, NEVER])
    np.testing.assert_allclose(found.expected[0, 2:], 10.0, rtol=1e-4)


def test_where_the_largest_begin_first_the_comparison_is_as_sure_as_the_smallest_sites():
    rng = np.random.default_rng(1)
    births = np.round(np.geomspace(20, 200, 8)[::-1])[:, None] * np.ones(18)
    began = np.array([6, 7, 8, 9, 10, 11, 12, NEVER])
    found = [carried(rng.poisson(births * 0.1), births, began) for _ in range(600)]
    told = [
        np.log(each.observed[each.compared].sum() / each.expected[each.compared].sum())
        for each in found
    ]
    worked_out = np.median([each.variance(each.compared) for each in found])
    assert worked_out == pytest.approx(np.var(told), rel=0.2)
    # What the counts alone would say: far too sure.
    plain = np.mean([2 / each.observed[each.compared].sum() for each in found])
    assert worked_out > 4 * plain
