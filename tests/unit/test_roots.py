"""Where a falling function crosses zero, sought by halving and the quick way."""

import numpy as np
import pytest

from qi_equity.roots import TOGETHER, falling_root, quick_root

PLACES = np.array([-3.0, 0.25, 1.0, 7.5])


def cube(at, rows):
    return (PLACES[rows] - at) ** 3 + (PLACES[rows] - at)


def kinked(at, rows):
    away = PLACES[rows] - at
    return np.where(away > 0, 40 * away, away / 40)


def stepped(at, rows):
    return np.where(at < PLACES[rows], 1.0, -np.inf)


def ends(low, high):
    return np.full(len(PLACES), low), np.full(len(PLACES), high)


@pytest.mark.parametrize("function", [cube, kinked, stepped])
@pytest.mark.parametrize(
    "near",
    [
        None,
        (PLACES - 0.5, PLACES + 0.5),
        (PLACES + 0.5, PLACES + 1.0),  # beyond the root
        (PLACES - 1.0, PLACES - 0.5),  # before it
        (PLACES - 0.5, PLACES + 99.0),  # not between the ends
        (np.full(4, np.nan), PLACES + 1.0),
    ],
)
def test_the_quick_way_ends_where_halving_does(function, near):
    found = quick_root(function, *ends(-10.0, 10.0), near)
    assert found == pytest.approx(PLACES, abs=2e-13)
    every = np.arange(len(PLACES))
    halved = falling_root(lambda at: function(at, every), *ends(-10.0, 10.0))
    assert found == pytest.approx(halved, abs=2e-13)


@pytest.mark.parametrize("near", [None, ends(1.0, 2.0)])
def test_a_function_that_does_not_cross_has_its_root_at_the_nearer_end(near):
    assert quick_root(cube, *ends(0.5, 5.0), near)[[0, 1, 3]].tolist() == [0.5, 0.5, 5.0]


def test_a_row_whose_root_lies_near_is_asked_about_no_end():
    asked = []

    def told(at, rows):
        asked.extend(at.tolist())
        return cube(at, rows)

    quick_root(told, *ends(-10.0, 10.0), (PLACES - 0.1, PLACES + 0.1))
    assert not {-10.0, 10.0} & set(asked)


def test_a_small_root_has_as_many_digits_as_a_large_one():
    places = np.array([3e-9, 3e-5, 0.3])
    found = quick_root(lambda at, rows: places[rows] - at, np.zeros(3), np.ones(3))
    assert found == pytest.approx(places, rel=1e-14)


def test_a_row_ends_in_the_same_digits_among_thousands_as_alone():
    places = np.linspace(0.1, 0.9, 2 * TOGETHER + 7)

    def seek(some):
        return quick_root(
            lambda at, rows: np.exp(some[rows]) - np.exp(at),
            np.zeros(some.size),
            np.ones(some.size),
            (some - 0.05, some + 0.07),
        )

    every = seek(places)
    assert [float(every[one]) for one in (0, 4095, 4096, 8198)] == [
        float(seek(places[[one]])[0]) for one in (0, 4095, 4096, 8198)
    ]


def test_ends_that_are_not_numbers_have_no_root():
    low, high = ends(-10.0, 10.0)
    low[1], high[2] = np.nan, np.inf
    assert np.isnan(quick_root(cube, low, high)).tolist() == [False, True, True, False]
