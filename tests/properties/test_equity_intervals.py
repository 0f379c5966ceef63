"""Promises of the intervals and the gap that hold for any counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qi_equity.equity.across_sites import across_sites
from qi_equity.equity.gaps import everyone_else, gap
from qi_equity.equity.intervals import (
    DIFFERENCE,
    ONE,
    RATIO,
    koopman,
    mee,
    miettinen_nurminen,
    newcombe,
)
from qi_equity.equity.scores import difference_score, ratio_score, two_sided
from qi_equity.roots import falling_root


@st.composite
def counts(draw, most=400):
    """Events and people of a stratum; sometimes none, sometimes all."""
    people = draw(st.integers(0, most))
    return draw(st.integers(0, people)), people


pairs = st.tuples(counts(), counts()).map(lambda two: (*two[0], *two[1]))
tables = st.lists(pairs, min_size=1, max_size=8).map(lambda rows: np.transpose(rows))
DIFFERENCES, RATIOS = (
    [pytest.param(kind, method, id=f"{kind}-{method}") for kind in table for method in table[kind]]
    for table in (DIFFERENCE, RATIO)
)


def parts(interval):
    return np.stack([interval.estimate, interval.lower, interval.upper])


@pytest.mark.parametrize(("kind", "method"), DIFFERENCES)
@given(table=tables)
def test_a_difference_seen_from_the_other_side_is_turned_round(kind, method, table):
    x1, n1, x2, n2 = table
    one, other = (DIFFERENCE[kind][method](*side) for side in (table, (x2, n2, x1, n1)))
    np.testing.assert_allclose(one.lower, -other.upper, atol=1e-7)
    np.testing.assert_allclose(one.estimate, -other.estimate, atol=1e-12)


@pytest.mark.parametrize(("kind", "method"), RATIOS)
@given(table=tables)
def test_a_ratio_seen_from_the_other_side_is_one_over_it(kind, method, table):
    x1, n1, x2, n2 = table
    one, other = (RATIO[kind][method](*side) for side in (table, (x2, n2, x1, n1)))
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(one.lower, 1 / other.upper, rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(one.estimate, 1 / other.estimate)


@pytest.mark.parametrize("table", [DIFFERENCE, RATIO])
@pytest.mark.parametrize("kind", ["proportion", "rate"])
@given(given_counts=tables)
def test_an_estimate_lies_in_its_interval_or_there_is_neither(table, kind, given_counts):
    for method in table[kind].values():
        found = method(*given_counts)
        known = np.isfinite(found.estimate) | np.isinf(found.estimate)
        assert (np.isnan(found.lower) == ~known).all()
        assert (found.lower[known] <= found.estimate[known] + 1e-9).all()
        assert (found.estimate[known] <= found.upper[known] + 1e-9).all()


@pytest.mark.parametrize("table", [DIFFERENCE, RATIO])
@pytest.mark.parametrize("kind", ["proportion", "rate"])
@settings(max_examples=10)
@given(given_counts=tables)
def test_all_at_once_equals_one_at_a_time(table, kind, given_counts):
    for method in table[kind].values():
        together = parts(method(*given_counts))
        alone = np.transpose([parts(method(*row)) for row in given_counts.T])
        np.testing.assert_allclose(together, alone, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("method", [newcombe, mee, miettinen_nurminen, koopman])
@given(table=tables)
def test_more_confidence_is_a_wider_interval(method, table):
    wide, narrow = method(*table, 0.99), method(*table, 0.8)
    known = np.isfinite(narrow.lower) & np.isfinite(narrow.upper)
    assert (wide.lower[known] <= narrow.lower[known] + 1e-9).all()
    assert (wide.upper[known] >= narrow.upper[known] - 1e-9).all()


@given(table=tables)
def test_the_score_interval_and_the_score_test_say_the_same(table):
    difference, ratio = mee(*table), koopman(*table)
    p = two_sided(difference_score(*table))
    np.testing.assert_allclose(p, two_sided(ratio_score(*table)), rtol=1e-9)
    # A hair's breadth from 5 % either answer is right.
    clear = np.isfinite(difference.estimate) & np.isfinite(p) & (np.abs(p - 0.05) > 1e-6)
    apart = (difference.lower > 0) | (difference.upper < 0)
    times = (ratio.lower > 1) | (ratio.upper < 1)
    assert (apart == (p < 0.05))[clear].all()
    assert (times == (p < 0.05))[clear].all()


@pytest.mark.parametrize(("kind", "method"), [(k, m) for k in ONE for m in ONE[k]])
@given(rows=st.lists(counts(), min_size=1, max_size=8))
def test_one_rate_lies_in_its_interval(kind, method, rows):
    found = ONE[kind][method](*np.transpose(rows))
    known = np.isfinite(found.estimate)
    assert (found.lower[known] >= 0).all()
    assert (found.lower[known] <= found.estimate[known]).all()
    assert (found.estimate[known] <= found.upper[known]).all()
    if kind == "proportion":
        assert (found.upper[known] <= 1).all()


@given(table=tables)
def test_a_site_alone_is_the_gap_of_its_counts(table):
    ratio = koopman(*table).estimate
    found = across_sites(*(row[:, None] for row in table))
    np.testing.assert_allclose(found.ratio.estimate, ratio)
    np.testing.assert_allclose(found.difference.estimate, newcombe(*table).estimate, atol=1e-12)


@given(table=tables, order=st.randoms(use_true_random=False))
def test_sites_come_in_any_order_and_empty_ones_change_nothing(table, order):
    places = list(range(table.shape[1]))
    order.shuffle(places)
    found = across_sites(*table)
    again = across_sites(*np.column_stack([table[:, places], [0, 0, 3, 20]]))
    for name in ("ratio", "difference"):
        np.testing.assert_allclose(
            parts(getattr(found, name)), parts(getattr(again, name)), rtol=1e-9, atol=1e-12
        )


@given(rows=st.lists(counts(), min_size=2, max_size=6))
def test_excess_events_are_what_the_reference_would_not_have_had(rows):
    x, n = np.transpose(rows).astype(float)
    found = gap(x, n, everyone_else(x, 0), everyone_else(n, 0))
    known = np.isfinite(found.excess.estimate)
    would_have = (n * found.reference_rate)[known]
    np.testing.assert_allclose(found.excess.estimate[known], x[known] - would_have, atol=1e-9)


@given(st.floats(0.01, 0.99), st.floats(-30, 30))
def test_a_falling_root_is_found_wherever_it_lies(height, place):
    found = falling_root(lambda at: height * (place - at), np.array(-40.0), np.array(40.0))
    assert found == pytest.approx(place, abs=1e-9)
