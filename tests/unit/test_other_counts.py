"""A value of a count is left if some other table of counts fits all that is told, and only then."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from qi_equity.disclosure.others import Lines, Others

ONE, TWO, THREE = (np.array([at]) for at in range(3))


def of_three(sums: list[list[float]], room: float) -> Others:
    """Three counts of 5 at one site, with sums of them told, each with so much room."""
    lines = Lines(csr_array(np.array(sums)), np.full(len(sums), -room), np.full(len(sums), room))
    low, high = np.full(3, -5), np.full(3, 5)
    return Others((1, 1, 3, 1), (("births", "denominator"),), lines, low, high)


def test_what_each_bound_leaves_and_all_together_do_not_is_not_left() -> None:
    """Three counts of which every two are told as a sum are told themselves."""
    told = of_three([[1, 1, 0], [0, 1, 1], [1, 0, 1]], 0)
    assert told.may_leave(ONE, [])
    assert not told.leave(ONE, set(), [])
    # One value more, if each sum may be one more: three counts that are none or one more.
    assert not of_three([[1, 1, 0], [0, 1, 1], [1, 0, 1]], 0).leave(ONE, {1}, [])


def test_a_count_that_can_be_more_and_fewer_in_exchange_is_open_and_so_are_its_partners() -> None:
    told = of_three([[1, 1, 1]], 0)
    assert told.leave(ONE, set(), [])
    assert told.twins
    for cells, by in told.twins:
        assert told.lines.hold((cells, by))
    assert told.leave(TWO, set(), [])


def test_values_that_are_known_already_count_and_a_known_site_changes_nothing() -> None:
    assert of_three([[1, 0, 0]], 0).leave(ONE, {1, -1}, [])
    assert not of_three([[1, 1, 1]], 0).leave(ONE, set(), [0])


def test_a_twin_that_would_be_told_as_another_number_is_not_kept() -> None:
    told = of_three([[1, 1, 0], [0, 1, 1]], 1)
    assert told.keep((np.array([0, 1]), np.array([1, -1])))
    assert not told.keep((np.array([0, 1]), np.array([1, 1])))
    assert not told.keep((np.array([2]), np.array([-6])))
    assert told.leave(THREE, set(), [])


def test_a_twin_of_which_every_cell_of_a_long_table_is_part_is_found() -> None:
    """Of each two neighbours the sum is told: what one has more, the next has less, to the end."""
    many = 300
    pairs = np.stack([np.arange(many - 1), np.arange(1, many)], axis=1)
    sums = csr_array((np.ones(pairs.size), pairs.ravel(), np.arange(0, pairs.size + 1, 2)))
    none = np.zeros(many - 1)
    low, high = np.full(many, -5), np.full(many, 5)
    told = Others((1, 1, many, 1), (("births", "denominator"),), Lines(sums, none, none), low, high)
    assert told.leave(ONE, set(), [])
    assert all(len(cells) == many for cells, _ in told.twins)
