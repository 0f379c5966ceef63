"""Promises of the inequality measures and of the planner that hold for any strata."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qi_equity.equity.inequality import MEASURES, fitting, inequality, strata
from qi_equity.equity.planning import gap_shift, plan, weeks_after

RELATIVE = {"r", "cov", "idisu", "idisw", "ti", "mld", "paf", "rii", "rci"}
SQUARED = {"bgv"}

rates = st.floats(0.01, 0.45)
people = st.integers(1, 5000)
stratum = st.tuples(rates, people)
groups = st.lists(stratum, min_size=2, max_size=8).map(np.transpose)
threes = st.lists(stratum, min_size=3, max_size=3).map(np.transpose)


def estimates(given_strata):
    names = [name for name in fitting(given_strata) if not MEASURES[name].bounded]
    return {name: found.estimate for name, found in inequality(given_strata, names).items()}


@given(groups)
def test_a_change_of_unit_changes_absolute_measures_only(table):
    plain = estimates(strata(*table, ordered=True, reference=0))
    percent = estimates(strata(100 * table[0], table[1], ordered=True, reference=0))
    for name, value in plain.items():
        factor = 1 if name in RELATIVE | {"rii_log"} else 100**2 if name in SQUARED else 100
        assert percent[name] == pytest.approx(factor * value, rel=1e-6, abs=1e-6), name


@settings(max_examples=20)
@given(groups, st.randoms(use_true_random=False))
def test_strata_without_an_order_come_in_any(table, order):
    places = list(range(table.shape[1]))
    order.shuffle(places)
    for name, value in estimates(strata(*table)).items():
        again = estimates(strata(*table[:, places]))[name]
        assert again == pytest.approx(value, rel=1e-9, abs=1e-12)


@given(groups)
def test_an_order_read_backwards_turns_the_slope_round(table):
    forward = estimates(strata(*table, ordered=True))
    backward = estimates(strata(*table[:, ::-1], ordered=True))
    for name in ("sii", "aci", "rci"):
        assert backward[name] == pytest.approx(-forward[name], rel=1e-6, abs=1e-9)


@given(groups)
def test_spread_is_never_below_nothing(table):
    found = estimates(strata(*table))
    for name in ("d", "bgv", "bgsd", "cov", "mdmu", "mdmw", "mdbw", "idisw", "ti", "mld"):
        assert found[name] >= -1e-9


@settings(max_examples=20)
@given(st.lists(threes, min_size=1, max_size=4))
def test_all_series_at_once_equal_one_at_a_time(tables):
    stacked = np.array(tables)
    together = inequality(strata(stacked[:, 0], stacked[:, 1], 0.01, ordered=True, reference=1))
    for place, table in enumerate(stacked):
        alone = inequality(strata(*table, 0.01, ordered=True, reference=1))
        for name, found in together.items():
            for part in ("estimate", "lower", "upper"):
                one, many = getattr(alone[name], part), getattr(found, part)[place]
                assert one == pytest.approx(many, rel=1e-9, abs=1e-12, nan_ok=True)


@given(
    st.floats(1, 100),
    st.floats(0.01, 0.6),
    st.floats(0.01, 0.6),
    st.floats(0.01, 0.6),
    st.integers(4, 208),
)
def test_more_people_or_more_baseline_never_mean_a_longer_wait(size, rate, other, after, baseline):
    shift = gap_shift([size, 2 * size], rate, [50, 100], other, rate_after=after)
    wait, with_more = weeks_after(shift, baseline)
    assert with_more <= wait
    assert weeks_after(shift, 2 * baseline)[0] <= wait
    found = plan(shift, baseline)
    assert (found.process_weeks <= found.weeks).all()
    assert (found.power[0] <= found.power[1] + 0.05) or shift.distance[0] == 0
