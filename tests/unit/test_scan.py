"""The scan of counts against full enumeration, and on data that can answer nothing."""

from functools import partial
from itertools import product

import numpy as np
import pytest
from scipy import stats

from qi_equity.chance import sequential_p
from qi_equity.spc.scan import scan


def enumerated(y, n):
    """The exact p-value: every way the events can fall, weighted by how likely it is."""
    y, n = np.array(y), np.array(n)
    total, people = y.sum(), n.sum()
    share = np.cumsum(n)[:-1] / people
    scale = np.sqrt(share * (1 - share))

    def largest(counts):
        return np.max(np.abs(np.cumsum(counts)[:-1] - total * share) / scale)

    ways = [way for way in product(*(range(k + 1) for k in n)) if sum(way) == total]
    likely = [stats.multivariate_hypergeom.pmf(way, n, total) for way in ways]
    extreme = [largest(way) >= largest(y) - 1e-9 for way in ways]
    return float(np.dot(likely, extreme))


@pytest.mark.parametrize(
    ("y", "n"), [([0, 0, 3], [4, 4, 4]), ([0, 1, 3, 3], [5, 4, 4, 3]), ([1, 1, 2], [6, 5, 6])]
)
def test_p_values_are_those_of_full_enumeration(y, n, monkeypatch):
    patient = partial(sequential_p, enough=2_000, most=20_000)
    monkeypatch.setattr("qi_equity.spc.scan.sequential_p", patient)
    found = float(scan(np.array(y), np.array(n)).p_value)
    assert found == pytest.approx(enumerated(y, n), rel=0.08)


def test_the_step_is_found_where_it_is_and_tells_its_side_apart_from_chance():
    found = scan(np.repeat([1, 5], 26), np.full(52, 20))
    assert int(found.split) == 26
    assert found.p_value == 1 / 10_000


DEGENERATE = {
    "no events": (np.zeros(20), np.full(20, 9)),
    "nothing but events": (np.full(20, 9), np.full(20, 9)),
    "one subgroup": (np.ones(1), np.full(1, 9)),
    "no subgroups": (np.ones(0), np.ones(0)),
    "no denominators": (np.zeros(20), np.zeros(20)),
    "identical values": (np.full(20, 3), np.full(20, 9)),
    "nothing logged": (np.full(20, np.nan), np.full(20, 9)),
}


@pytest.mark.parametrize("case", DEGENERATE)
@pytest.mark.parametrize("at_most_one", [True, False])
def test_degenerate_counts_never_raise_and_never_signal(case, at_most_one):
    found = scan(*DEGENERATE[case], at_most_one=at_most_one)
    assert np.isnan(found.p_value) or found.p_value == 1 or case == "nothing but events"
    assert np.isnan(found.p_value) or found.p_value > 0.5


def test_weeks_without_a_denominator_and_weeks_not_logged_change_nothing():
    rng = np.random.default_rng(1)
    n = rng.poisson(12, 52) + 1.0
    y = rng.binomial(n.astype(int), 0.2).astype(float)
    plain = scan(y, n)
    padded = scan(np.insert(y, [9, 30], [0, np.nan]), np.insert(n, [9, 30], [0, 11]))
    assert padded.p_value == plain.p_value
    assert padded.seed == plain.seed


def test_series_one_at_a_time_equal_all_at_once():
    rng = np.random.default_rng(2)
    n = rng.poisson(12, (2, 3, 40)) + 1
    y = rng.binomial(n, 0.2)
    together = scan(y, n)
    for series in product(range(2), range(3)):
        assert together.p_value[series] == scan(y[series], n[series]).p_value


def test_the_other_way_round_says_the_same():
    """Events and non-events are the same evidence: the statistic is equal to the last digits."""
    rng = np.random.default_rng(3)
    n = rng.poisson(12, 52) + 1
    y = rng.binomial(n, 0.2)
    assert scan(y, n).statistic == pytest.approx(scan(n - y, n).statistic, rel=1e-12)


def test_counts_over_exposure_may_be_above_it():
    found = scan(np.repeat([3, 9], 26), np.full(52, 2.5), at_most_one=False)
    assert found.p_value == 1 / 10_000


@pytest.mark.parametrize("batch", [1, 7, 500])
def test_a_sequential_p_value_does_not_depend_on_its_batches(batch, monkeypatch):
    def p_value():
        rng = np.random.default_rng(4)
        bar = np.array([1.2, 2.5])
        return sequential_p(bar, lambda size: rng.normal(size=(size, 2)), most=3_000)

    plain = p_value()
    monkeypatch.setattr("qi_equity.chance.FIRST_BATCH", batch)
    monkeypatch.setattr("qi_equity.chance.LARGEST_BATCH", batch)
    assert p_value().tolist() == plain.tolist()
    assert plain == pytest.approx(stats.norm.sf([1.2, 2.5]), rel=0.6)


def test_more_births_than_can_be_drawn_from_have_no_p_value() -> None:
    births = np.full(24, 1e8)
    assert np.isnan(scan(births / 10, births).p_value)
    assert scan(births / 1e6 / 10, births / 1e6).p_value == 1.0
