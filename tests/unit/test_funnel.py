"""Funnels: exact limits hold their level at every size, and over-dispersion widens them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, poisson

from qi_equity import funnel as funnels
from qi_equity.equity.intervals import exact_p, exact_rate
from qi_equity.errors import DataErrors
from qi_equity.spc.funnel import exact_limits, funnel


def chances(size: int, rate: float, kind: str, level: float) -> tuple[float, float]:
    """How often chance puts a site above, and below, its limits: the whole distribution summed."""
    low, high = exact_limits(np.array([float(size)]), np.array([rate]), kind, (1 - level) / 2)
    law = binom(size, rate) if kind == "proportion" else poisson(size * rate)
    count = np.arange(size + 1 if kind == "proportion" else 4 * int(size * rate) + 60)
    seen = count / size
    return float(law.pmf(count)[seen > high].sum()), float(law.pmf(count)[seen < low].sum())


def test_a_site_of_17_births_is_no_more_often_outside_than_one_of_900() -> None:
    above, below = chances(17, 0.05, "proportion", 0.998)
    assert above <= 0.002
    assert above + below <= 0.002
    assert sum(chances(900, 0.05, "proportion", 0.998)) <= 0.002


@pytest.mark.parametrize("kind", ["proportion", "rate"])
@given(size=st.integers(3, 1000), rate=st.floats(0.01, 0.5))
def test_chance_puts_a_site_of_any_size_outside_no_more_often_than_the_level_says(
    kind: str, size: int, rate: float
) -> None:
    for level in (0.95, 0.998):
        assert max(chances(size, rate, kind, level)) <= (1 - level) / 2 + 1e-9


def test_exact_limits_are_the_exact_intervals_turned_round() -> None:
    count, size, rate = np.arange(41.0), np.full(41, 40.0), np.array([0.15])
    for kind, interval in (("proportion", exact_p), ("rate", exact_rate)):
        low, high = exact_limits(size, rate, kind, 0.025)
        seen = interval(count, size, 0.95)
        assert ((count / size > high) == (seen.lower > rate)).all()
        assert ((count / size < low) == (seen.upper < rate)).all()


@pytest.mark.parametrize("size", [10, 50, 400])
@pytest.mark.parametrize("rate", [0.03, 0.3])
def test_exact_limits_hold_their_level(size: int, rate: float) -> None:
    generator = np.random.default_rng(size)
    events = generator.binomial(size, rate, (200, 60)).astype(float)
    found = funnel(events, np.full(events.shape, float(size)), target=rate)
    # 12 000 draws: three standard errors above what is promised.
    assert (found.outside(0.95) != 0).mean() <= 0.05 + 0.006
    assert (found.outside(0.998) != 0).mean() <= 0.002 + 0.0012


def test_chance_alone_is_no_over_dispersion() -> None:
    generator = np.random.default_rng(1)
    size = generator.integers(200, 2000, (300, 60)).astype(float)
    events = generator.binomial(size.astype(int), 0.2).astype(float)
    found = funnel(events, size, over_dispersion="additive")
    assert 0.5 < np.median(found.drawing.phi) < 1.0  # trimming makes it a little small
    assert (found.drawing.tau2 == 0).mean() > 0.5


@pytest.mark.parametrize("how", ["additive", "multiplicative"])
@pytest.mark.parametrize("kind", ["proportion", "rate", "ratio"])
def test_sites_that_differ_widen_the_limits(kind: str, how: str) -> None:
    generator = np.random.default_rng(2)
    size = generator.integers(200, 2000, (50, 60)).astype(float)
    rates = np.clip(generator.normal(0.2, 0.04, size.shape), 0.05, 0.4)
    events = generator.binomial(size.astype(int), rates).astype(float)
    if kind == "ratio":
        size = size * 0.2
    plain, widened = (
        funnel(events, size, kind=kind),
        funnel(events, size, kind=kind, over_dispersion=how),
    )
    assert (plain.outside(0.95) != 0).mean() > 0.2
    assert (widened.outside(0.95) != 0).mean() < (plain.outside(0.95) != 0).mean() / 2
    assert (widened.drawing.tau2 > 0).all()


def test_a_site_without_a_denominator_is_no_site() -> None:
    found = funnel(np.array([[5.0, 0.0, np.nan, 7.0]]), np.array([[50.0, 0.0, 20.0, 60.0]]))
    assert np.isnan(found.rate).tolist() == [[False, True, True, False]]
    assert found.target[0, 0] == 12 / 110
    assert found.outside().tolist() == [[0, 0, 0, 0]]


BIRTHS = pd.DataFrame(
    {
        "ethnicity": ["Black", "White"] * 4,
        "site": ["A", "A", "B", "B", "C", "C", "D", "D"],
        "pph": [9, 40, 3, 50, 1, 70, 0, 0],
        "births": [40, 800, 60, 1000, 17, 900, 0, 30],
    }
)
COLUMNS = {"numerator": "pph", "denominator": "births", "site": "site"}


def test_a_table_has_a_row_a_site_and_the_same_answer_in_any_order() -> None:
    found = funnels(BIRTHS, **COLUMNS, by="ethnicity").sites
    assert found["site"].tolist() == ["A", "B", "C", "D"] * 2
    assert found.loc[:3, "target"].unique() == pytest.approx([13 / 117])
    assert found.loc[3, ["rate", "upper_998"]].isna().all()
    assert found.loc[3, "beyond_998"] == 0
    again = funnels(BIRTHS.iloc[::-1], **COLUMNS, by=["ethnicity"]).sites
    pd.testing.assert_frame_equal(found, again)
    alone = funnels(BIRTHS[BIRTHS["ethnicity"] == "White"], **COLUMNS).sites
    pd.testing.assert_frame_equal(alone, found.loc[4:, alone.columns].reset_index(drop=True))


@pytest.mark.parametrize("limits", ["exact", "normal", "stabilised"])
@pytest.mark.parametrize("over_dispersion", [None, "additive", "multiplicative"])
def test_a_curve_goes_through_the_limits_of_the_sites(
    limits: str, over_dispersion: str | None
) -> None:
    found = funnels(
        BIRTHS, **COLUMNS, by="ethnicity", limits=limits, over_dispersion=over_dispersion
    )
    curve = found.curve(400)
    for row in found.sites.dropna().to_dict("records"):
        mine = curve[curve["ethnicity"] == row["ethnicity"]]
        for name in ("lower_95", "upper_95", "lower_998", "upper_998"):
            at = np.interp(row["denominator"], mine["size"], mine[name])
            assert at == pytest.approx(row[name], rel=0.01, abs=2e-3)


def test_over_dispersion_never_draws_a_limit_nearer_than_chance() -> None:
    plain, widened = (
        funnels(BIRTHS, **COLUMNS, by="ethnicity", over_dispersion=how).sites.dropna()
        for how in (None, "additive")
    )
    assert (widened["upper_998"] >= plain["upper_998"]).all()
    assert (widened["lower_998"] <= plain["lower_998"]).all()


def test_a_choice_that_is_none_is_named() -> None:
    with pytest.raises(DataErrors, match="did you mean 'exact'") as raised:
        funnels(BIRTHS, **COLUMNS, limits="exakt", kind="ratios", target=2)
    assert "ratios" in str(raised.value)


def test_a_stratum_that_no_site_has_is_left_blank_beside_others_without_a_warning():
    found = funnel(np.array([[3.0, 9.0], [np.nan, np.nan]]), np.array([[50.0, 90.0], [0.0, 0.0]]))
    assert np.isnan(found.rate[1]).all()
    assert np.isfinite(found.rate[0]).all()
