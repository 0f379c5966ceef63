"""The summary measures: worked by hand, refused without an order, and honest about chance."""

import math

import numpy as np
import pandas as pd
import pytest

from qi_equity.equity.inequality import (
    MEASURES,
    UnorderedStrata,
    fitting,
    inequality,
    strata,
    strata_from_counts,
)
from qi_equity.equity.inequality_noise import by_chance, corrected
from qi_equity.errors import UserError
from qi_equity.frames.inequality import inequality as table

COUNTS = ([12, 30, 9], [100, 300, 200])  # 12 %, 10 %, 4.5 %; 8.5 % together


def estimates(people, names=None):
    return {name: float(found.estimate) for name, found in inequality(people, names).items()}


def test_worked_by_hand():
    found = estimates(strata_from_counts(*COUNTS, reference=1))
    mean, shares = 0.085, (1 / 6, 1 / 2, 1 / 3)
    apart = (0.035, 0.015, 0.04)
    variance = sum(w * d**2 for w, d in zip(shares, apart, strict=True))
    weighted = sum(w * d for w, d in zip(shares, apart, strict=True))
    by_hand = {
        "d": 0.12 - 0.10,
        "r": 1.2,
        "bgv": variance,
        "bgsd": math.sqrt(variance),
        "cov": 100 * math.sqrt(variance) / mean,
        "mdmu": sum(apart) / 3,
        "mdmw": weighted,
        "idisw": 100 * weighted / mean,
        "mdbu": (0.075 + 0.055) / 3,
        "mdbw": 0.075 / 6 + 0.055 / 2,
        "mdru": (0.02 + 0.055) / 3,
        "mdrw": 0.02 / 6 + 0.055 / 3,
        "par": 0.045 - mean,
        "paf": 100 * (0.045 - mean) / mean,
        "mld": 1000
        * sum(-w * math.log(y / mean) for w, y in zip(shares, (0.12, 0.1, 0.045), strict=True)),
    }
    assert {name: found[name] for name in by_hand} == pytest.approx(by_hand)


def test_the_ordered_ones_by_hand():
    # Rates on a straight line through the ranks 1/6, 1/2, 5/6 of three strata of one size.
    found = estimates(strata([0.10, 0.08, 0.06], [100, 100, 100], 0.01, ordered=True))
    assert found["sii"] == pytest.approx(-0.06)
    assert found["rii"] == pytest.approx(0.05 / 0.11)
    assert found["aci"] == pytest.approx(2 * -0.04 / 3 / 3)
    assert found["rci"] == pytest.approx(found["aci"] / 0.08)
    assert found["rci_erreygers"] == pytest.approx(4 * found["aci"])
    assert found["rci_wagstaff"] == pytest.approx(found["rci"] / 0.92)


def test_strata_without_an_order_have_no_slope():
    people = strata_from_counts(*COUNTS)
    assert not {name for name in fitting(people) if MEASURES[name].ordered}
    with pytest.raises(UnorderedStrata, match=r"sii, rci.* need strata with an order"):
        inequality(people, ["bgv", "sii", "rci"])


def test_a_measure_that_is_none_names_the_nearest():
    with pytest.raises(UserError, match="no measure called 'bgvv'; did you mean 'bgv'"):
        inequality(strata_from_counts(*COUNTS), ["bgvv"])


def test_a_measure_from_a_reference_needs_one():
    with pytest.raises(UserError, match="say which"):
        inequality(strata_from_counts(*COUNTS), ["mdru"])


def test_strata_that_are_unknown_are_left_out_until_too_many_are():
    rate, people = np.array([0.1, np.nan, *[0.2] * 8]), np.full(10, 100)
    left = strata(np.delete(rate, 1), np.delete(people, 1))
    for name, value in estimates(strata(rate, people), ["bgv", "idisu", "ti"]).items():
        assert value == pytest.approx(estimates(left, [name])[name])
    rate[2] = np.nan
    assert np.isnan(estimates(strata(rate, people), ["bgv"])["bgv"])


def test_no_inequality_is_nothing_on_every_scale():
    people = strata(np.full(4, 0.1), [10, 20, 30, 40], 0.01, ordered=True, reference=2)
    for name, value in estimates(people).items():
        assert value == pytest.approx(1 if MEASURES[name].ratio else 0, abs=1e-9)


@pytest.mark.parametrize("name", ["bgv", "cov", "idisw", "mdbw", "mld", "ti", "paf", "sii", "rci"])
def test_intervals_cover_the_truth(name):
    # Large strata that truly differ: the standard error must be on the scale of the estimate.
    rng = np.random.default_rng(5)
    rates, people = np.array([0.30, 0.22, 0.18, 0.10]), np.array([2000, 3000, 1500, 2500])
    ordered = MEASURES[name].ordered
    truth = estimates(strata(rates, people, ordered=ordered), [name])[name]
    seen = strata_from_counts(rng.binomial(people, rates, (2000, 4)), people, ordered=ordered)
    found = inequality(seen, [name])[name]
    assert 0.93 < np.mean((found.lower <= truth) & (truth <= found.upper)) < 0.97


SIZES = np.array([25, 40, 60, 100, 150, 300])


def test_the_noise_of_small_strata_is_taken_off():
    rng = np.random.default_rng(6)
    rates = np.array([0.10, 0.26, 0.2, 0.22, 0.18, 0.2])
    truth = estimates(strata(rates, SIZES))
    seen = strata_from_counts(rng.binomial(SIZES, rates, (4000, 6)), SIZES)
    raw = inequality(seen, ["bgv", "bgsd", "mdmw", "idisw", "idisu"])
    for name in raw:
        excess = np.mean(raw[name].estimate) - truth[name]
        left = np.mean(corrected(seen)[name]) - truth[name]
        assert excess > 0
        assert abs(left) < excess / 3, name


def test_the_variance_without_its_floor_has_no_bias():
    rng = np.random.default_rng(7)
    rates = np.array([0.05, 0.5, 0.2, 0.3, 0.1, 0.4])
    truth = estimates(strata(rates, SIZES))["bgv"]
    seen = strata_from_counts(rng.binomial(SIZES, rates, (20000, 6)), SIZES)
    found = corrected(seen)["bgv"]
    assert (found > 0).all()
    assert abs(found.mean() - truth) < 4 * found.std() / math.sqrt(len(found))


def test_chance_alone_is_called_chance_at_the_stated_rate():
    rng = np.random.default_rng(8)
    counts = rng.binomial(SIZES, 0.2, (400, 6))
    found = by_chance(counts, SIZES, ["bgv", "idisw"], draws=199)
    for measure in found.values():
        assert np.mean(measure.p_value <= 0.05) < 0.085
        assert measure.seen.mean() == pytest.approx(measure.expected.mean(), rel=0.1)


def test_a_real_difference_is_more_than_chance_and_one_series_equals_many():
    counts = np.array([[3, 20, 10, 15, 20, 40], [4, 5, 8, 12, 19, 37]])
    together = by_chance(counts, SIZES, ["bgv"])["bgv"]
    alone = [by_chance(row, SIZES, ["bgv"])["bgv"] for row in counts]
    assert together.p_value.tolist() == [float(one.p_value) for one in alone]
    assert together.p_value[0] < 0.001
    assert together.p_value[1] > 0.2


def test_where_no_row_is_whole_there_is_no_measure() -> None:
    rows = pd.DataFrame({"site": ["A", "A"], "ethnicity": ["Black", "White"], "pph": [1.0, 2.0]})
    found = table(rows.assign(births=np.nan), numerator="pph", denominator="births", by=["site"])
    assert found.empty
    assert {"site", "name", "seen", "expected", "p_value"} <= set(found)


def test_one_stratum_alone_is_not_said_to_be_equal() -> None:
    rows = pd.DataFrame({"ethnicity": ["Black", "White"], "pph": [3, 0], "births": [20, 0]})
    found = table(rows, numerator="pph", denominator="births")
    assert found[["seen", "expected", "p_value", "corrected"]].isna().to_numpy().all()
