"""The exact joint distribution of crossings and longest run, against brute force."""

from dataclasses import FrozenInstanceError, replace
from itertools import permutations, product

import numpy as np
import pytest

from qi_equity.spc.runs import (
    SMALLEST_P,
    _after_baseline,
    _joint,
    _marginals,
    crossings_limit,
    find_runs,
    longest_run_limit,
    one_sided,
    runs_p_value,
    runs_p_value_about,
)

CONDITIONAL = [  # above, below, crossings, longest run, p
    (12, 12, 8, 8, 0.0217975590),
    (26, 24, 18, 9, 0.0440763903),
    (9, 15, 7, 8, 0.0729787442),
    (52, 52, 43, 10, 0.0685719613),
]
KNOWN_MEDIAN = [  # useful, crossings, longest run, p
    (24, 8, 8, 0.0947229862),
    (52, 18, 9, 0.0408447529),
    (10, 2, 6, 0.09765625),
]


def every_order(points: int) -> tuple[np.ndarray, ...]:
    sides = np.array(list(product((1, -1), repeat=points)), dtype=np.int8)
    runs = find_runs(sides)
    return runs.above, runs.below, runs.crossings, runs.longest


@pytest.mark.parametrize("points", [2, 5, 9, 12, pytest.param(16, marks=pytest.mark.long)])
def test_every_way_to_order_the_points_is_counted(points: int) -> None:
    above, _below, crossings, longest = every_order(points)
    for high in range(1, points):
        here = above == high
        total = here.sum()
        few, long = np.meshgrid(np.arange(-1, points), np.arange(1, points + 2), indexing="ij")
        few, long = few.ravel(), long.ravel()
        low = points - high
        counted = [
            (here & (crossings > c) & (longest < run)).sum()
            for c, run in zip(few, long, strict=True)
        ]
        share = _joint(np.full(few.size, high), np.full(few.size, low), few, long)
        # Shares of so few orders are whole numbers of orders: exactly these.
        np.testing.assert_array_equal(np.rint(share * total), counted)
        np.testing.assert_allclose(share * total, counted, atol=1e-8)


@pytest.mark.parametrize("points", [6, 11, 14])
def test_the_p_value_is_how_often_chance_is_as_extreme(points: int) -> None:
    above, below, crossings, longest = every_order(points)
    p = runs_p_value(above, below, crossings, longest)
    for high in range(1, points):
        here = above == high
        for level in np.unique(p[here].round(9)):
            # Exact: the orders with a p this small are as many as it says, or fewer.
            assert (p[here] <= level + 1e-9).mean() <= level + 1e-9
    np.testing.assert_array_equal(p[(above == 0) | (below == 0)], 1.0)
    about = runs_p_value_about(np.full(len(above), points), crossings, longest)
    for level in np.unique(about.round(9)):
        assert (about <= level + 1e-9).mean() <= level + 1e-9


@pytest.mark.parametrize(
    ("side", "longest", "crossings", "useful"),
    [
        ([1], 1, 0, 1),
        ([0], 0, 0, 0),
        ([0, 0, 0], 0, 0, 0),
        ([0, 1, -1], 1, 1, 2),
        ([0, 0, 1, 1, 0, -1], 2, 1, 3),
        ([1, -1, 0, 1, 0], 1, 2, 3),
        ([-1, -1, -1, 0, -1], 4, 0, 4),
        ([1, 0, -1, 0, 1, 1], 2, 2, 4),
    ],
)
def test_points_on_the_line_are_passed_over(side, longest, crossings, useful) -> None:
    found = find_runs(np.array([side, [-one for one in side]]))
    assert found.longest.tolist() == [longest, longest]
    assert found.crossings.tolist() == [crossings, crossings]
    assert found.useful.tolist() == [useful, useful]
    assert found.above.tolist() == found.below.tolist()[::-1] == [side.count(1), side.count(-1)]


def test_points_on_the_line_break_a_run_where_they_are_not_passed_over() -> None:
    found = find_runs(np.array([[1, 1, 0, 1, -1, -1, 0]]), passing=False)
    assert found.length.tolist() == [[2, 2, 0, 1, 2, 2, 0]]
    assert found.longest.tolist() == [2]


def test_rows_start_afresh_and_may_be_empty() -> None:
    found = find_runs(np.array([[-1, 1, 1], [1, 1, 1], [1, -1, -1]]))
    assert found.length.tolist() == [[1, 2, 2], [3, 3, 3], [1, 2, 2]]
    assert found.crossings.tolist() == [1, 0, 1]
    empty = find_runs(np.zeros((2, 0), dtype=np.int8))
    assert (empty.longest.tolist(), empty.crossings.tolist()) == ([0, 0], [0, 0])


def test_what_was_found_cannot_be_altered_and_is_itself_alone() -> None:
    found = find_runs(np.array([[1, -1]]))
    with pytest.raises(FrozenInstanceError):
        found.longest = found.above  # type: ignore[misc]
    assert not hasattr(found, "__dict__")
    assert found != replace(found)


@pytest.mark.parametrize(
    ("above", "below", "told"),
    [(1, 3, False), (1, 4, True), (3, 1, False), (4, 1, True), (0, 0, False), (0, 1, True)],
)
def test_fewer_than_a_quarter_on_one_side_are_too_few(above: int, below: int, told: bool) -> None:
    found = find_runs(np.array([[1] * above + [-1] * below]))
    assert one_sided(found).tolist() == [told]


def test_the_smallest_p_value_is_where_rounding_begins() -> None:
    count = np.array([100])
    assert runs_p_value(count, count, np.array([1]), count).tolist() == [SMALLEST_P]
    assert runs_p_value_about(count, np.array([0]), count).tolist() == [SMALLEST_P]
    assert SMALLEST_P == 1e-13


def test_no_points_have_no_p_value_and_points_on_one_side_one_of_1() -> None:
    above, below = np.array([0, 5, 0, 6]), np.array([0, 0, 5, 6])
    crossings, longest = np.array([0, 0, 0, 5]), np.array([0, 5, 5, 2])
    p = runs_p_value(above, below, crossings, longest)
    np.testing.assert_array_equal(p[:3], [np.nan, 1.0, 1.0])
    assert 0 < p[3] <= 1
    np.testing.assert_array_equal(
        runs_p_value(above[:3], below[:3], crossings[:3], longest[:3]), p[:3]
    )
    about = runs_p_value_about(above + below, crossings, longest)
    assert np.isnan(about).tolist() == [True, False, False, False]


def test_the_baseline_of_a_centre_is_part_of_the_sum() -> None:
    # Every order of four values before and four after, and the centre at the median of the first.
    orders = np.array(list(permutations(range(8))))
    centre = np.median(orders[:, :4], axis=1)
    runs = find_runs(np.sign(orders[:, 4:] - centre[:, None]).astype(np.int8))
    two = np.full_like(runs.above, 2)
    p = runs_p_value_about(runs.useful, runs.crossings, runs.longest, two, two)
    for level in np.unique(p.round(9)):
        assert level - 0.17 <= (p <= level + 1e-9).mean() <= level
    known = runs_p_value_about(runs.useful, runs.crossings, runs.longest)
    assert known.min() == 0.125  # all four on one side: twice in sixteen
    assert p.min() == pytest.approx(2 / 7)


def test_published_values() -> None:
    *given, p = (np.array(column) for column in zip(*CONDITIONAL, strict=True))
    np.testing.assert_allclose(runs_p_value(*given), p, atol=1e-9 / 2)
    *given, p = (np.array(column) for column in zip(*KNOWN_MEDIAN, strict=True))
    np.testing.assert_allclose(runs_p_value_about(*given), p, atol=1e-9 / 2)


def test_probabilities_of_long_series_add_up() -> None:
    high, low = np.array([250, 125]), np.array([250, 375])
    cdf, survival = _marginals(high, low)
    np.testing.assert_allclose(cdf[:, -1], 1.0, atol=1e-12)
    assert (np.diff(cdf, axis=1) >= -1e-15).all()
    assert (np.diff(survival, axis=1) <= 1e-15).all()
    assert 0 < runs_p_value(*np.array([[250], [250], [230], [12]]))[0] < 1


def test_critical_values() -> None:
    useful = np.array([0, 1, 5, 10, 12, 24, 100])
    np.testing.assert_array_equal(longest_run_limit(useful), [np.nan, 3, 5, 6, 7, 8, 10])
    np.testing.assert_array_equal(crossings_limit(useful), [np.nan, 0, 0, 2, 3, 8, 41])


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [
        # Between two points of a baseline, half of each: 3, 2, 1 of six and 1, 2, 3 of six.
        (1, 1, [1 / 3, 1 / 3, 1 / 3]),
        # Below both of its points: half of 1, 2, 3 of six, and half that all lie above.
        (2, 0, [1 / 12, 2 / 12, 9 / 12]),
        (0, 2, [9 / 12, 2 / 12, 1 / 12]),
    ],
)
def test_two_later_points_about_a_centre_a_baseline_gave(above, below, expected) -> None:
    assert _after_baseline(2, above, below) == pytest.approx(expected)
