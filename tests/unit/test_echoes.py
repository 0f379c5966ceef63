"""Whose rate moved: one group's change is told once, and others' gaps are its echoes."""

import numpy as np
import pytest

from qi_equity.equity.echoes import echoes, echoes_of_reference

LATE = np.arange(80) >= 40
BIRTHS = np.tile([[20.0], [30.0], [60.0], [40.0]], 80)


def events(*factors):
    """Counts whose rates, a tenth at first, are multiplied in the second half."""
    rng = np.random.default_rng(7)
    rate = 0.1 * np.where(LATE, np.array(factors)[:, None], 1.0)
    return rng.binomial(BIRTHS.astype(int), rate).astype(float)


ALL = np.full(4, True)


@pytest.mark.parametrize(
    ("factors", "rising", "expected"),
    [
        ([1, 1, 0.3, 1], [1, 1, -1, 1], [2, 2, -1, 2]),
        ([1, 1, 3, 1], [-1, -1, 1, -1], [2, 2, -1, 2]),
        ([1, 0.2, 3, 1], [-1, -1, 1, -1], [2, -1, -1, 2]),
    ],
)
def test_others_are_echoes_of_the_group_that_moved(factors, rising, expected):
    assert echoes(events(*factors), BIRTHS, ALL, np.array(rising)).tolist() == expected


def test_a_gap_that_did_not_change_is_no_echo_and_one_change_has_none():
    for changed in ([False] * 4, [False, False, True, False]):
        found = echoes(events(1, 1, 0.3, 1), BIRTHS, np.array(changed), np.array([1, 1, -1, 1]))
        assert found.tolist() == [-1] * 4


def test_of_two_groups_the_one_whose_own_rate_moved_keeps_the_change():
    y, n = events(1, 1, 0.3, 1)[1:3], BIRTHS[1:3]
    assert echoes(y, n, ALL[:2], np.array([1, -1])).tolist() == [1, -1]
    assert echoes(y[::-1], n[::-1], ALL[:2], np.array([-1, 1])).tolist() == [-1, 0]


def test_a_reference_that_moved_is_named_and_told_once():
    found = echoes_of_reference(
        events(1, 1, 0.3, 1), BIRTHS, 2, np.array([True, True, False, True])
    )
    assert sorted(found.tolist()) == [-1, -1, 2, 2]
    assert found[2] == -1


def test_a_group_that_moved_is_no_echo_of_a_reference_that_did_not():
    found = echoes_of_reference(
        events(0.3, 1, 1, 1), BIRTHS, 2, np.array([True, True, False, True])
    )
    assert found.tolist() == [-1] * 4


def test_weeks_that_a_group_did_not_log_break_nothing():
    y, n = events(1, 1, 0.3, 1), BIRTHS.copy()
    y[0, 5], n[0, 5] = np.nan, np.nan
    assert echoes(y, n, ALL, np.array([1, 1, -1, 1])).tolist() == [2, 2, -1, 2]
