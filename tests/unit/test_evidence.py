"""Whose change it is, what a season does, and what chance alone would have brought."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from qi_equity.frames.chart import chart
from qi_equity.frames.evidence import LEVEL, evidence
from qi_equity.spc.apart import apart
from qi_equity.spc.attainable import attained_by_scan
from qi_equity.spc.scan import scan
from qi_equity.spc.season import season

GROUPS = {"Asian": 20, "Black": 15, "Mixed": 8, "White": 45}
BY = ["stratum"]


def judged(rates, *, weeks=78, seed=1, declared=False, whole=True):
    """Charts of four strata and everyone, with rates as a function of stratum and week."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("2023-01-02", periods=weeks, freq="7D")
    rows = [
        pd.DataFrame(
            {
                "stratum": name,
                "subgroup": days,
                "denominator": (births := rng.poisson(size, weeks)),
                "numerator": rng.binomial(births, rates(name, np.arange(weeks))),
            }
        )
        for name, size in GROUPS.items()
    ]
    table = pd.concat(rows)
    everyone = table.groupby("subgroup", as_index=False)[["numerator", "denominator"]].sum()
    table = pd.concat([table, everyone.assign(stratum="Everyone")])
    drawn = chart(
        table, kind="p", subgroup="subgroup", numerator="numerator", denominator="denominator",
        by=BY, period="week",
    )  # fmt: skip
    charts = drawn.summary.reset_index(drop=True)
    total = charts["stratum"].eq("Everyone").to_numpy()
    place = np.where(total | (not whole), -1, int(np.flatnonzero(total)[0]))
    found = evidence(
        charts, drawn.points, BY, totals=total, whole=place, season=np.full(len(charts), declared)
    )
    return found, found.charts.set_index("stratum")


def test_a_change_of_one_stratum_is_its_own():
    found, charts = judged(
        lambda name, week: np.where((name == "Black") & (week >= 40), 0.3, 0.1), seed=2
    )
    assert charts.loc["Black", ["highlight", "shared", "split", "rising"]].tolist() == [
        True, "own", 40, True,
    ]  # fmt: skip
    assert found.highlighted == 1


def test_a_change_of_everyone_is_everyones_and_no_stratums_own():
    _, charts = judged(lambda name, week: np.where(week >= 40, 0.25, 0.12))
    strata = charts.drop(index="Everyone")
    assert charts.loc["Everyone", "highlight"]
    assert (strata["p_value"] <= 0.05).all()
    assert not strata["highlight"].any()
    assert (strata["shared"] == "shared").sum() >= 3


def test_a_stratum_that_stays_while_all_others_change_has_no_change_of_its_own():
    _, charts = judged(lambda name, week: np.where((name != "Black") & (week >= 40), 0.25, 0.12))
    assert not charts.loc["Black", "highlight"]
    assert charts.loc["Black", "shared"] == ""


def test_without_a_whole_a_chart_is_judged_by_itself():
    _, charts = judged(lambda name, week: np.where(week >= 40, 0.25, 0.12), whole=False)
    assert charts["highlight"].all()
    assert (charts["shared"] == "").all()
    assert charts["p_own"].equals(charts["p_value"])


def test_a_declared_season_is_taken_out_where_two_years_can_tell_it():
    def winter(name, week):
        return expit(-2 + 0.5 * np.cos(2 * np.pi * week / 52.18))

    words = {weeks: judged(winter, weeks=weeks, declared=True)[1] for weeks in (78, 104)}
    assert (words[78]["season"] == "too short").all()
    assert (words[104]["season"] == "taken out").all()
    assert not words[104]["highlight"].any()
    assert (judged(winter, weeks=104)[1]["season"] == "").all()


def test_a_chart_of_one_point_attains_no_level_and_expected_counts_what_is_attained():
    found, charts = judged(lambda name, week: 0.1 + 0 * week, weeks=1)
    assert (charts["attainable"] == 0).all()
    assert found.expected == 0
    found, charts = judged(lambda name, week: 0.1 + 0 * week, weeks=52)
    assert found.expected == pytest.approx(charts.drop(index="Everyone")["attainable"].sum())
    assert charts["attainable"].between(0.03, LEVEL).all()


def test_the_attained_level_is_that_of_every_way_the_events_can_fall():
    births = np.array([3.0, 2, 4, 3])
    ways = [
        np.bincount(np.repeat(np.arange(4), births.astype(int))[list(chosen)], minlength=4)
        for chosen in np.array(np.meshgrid(*[np.arange(12)] * 2)).reshape(2, -1).T
        if chosen[0] < chosen[1]
    ]
    p = scan(np.array(ways), births, scattered=False).p_value
    for level in (0.05, 0.1, 0.3):
        found = attained_by_scan(np.array([[1.0, 1, 0, 0]]), births[None], level)
        assert found[0] == pytest.approx(p[p <= level + 1e-9].max(initial=0.0), abs=1e-9)


@pytest.mark.parametrize("at_most_one", [True, False])
def test_a_rate_that_moves_for_all_is_found_apart_at_the_level_of_the_test(at_most_one):
    rng = np.random.default_rng(3)
    births = rng.poisson(15, (400, 60)) * 1.0
    rest = rng.poisson(60, (400, 60)) * 1.0
    drift = np.exp(np.linspace(0, 0.7, 60)) * 0.1
    draw = rng.binomial if at_most_one else lambda n, rate: rng.poisson(n * rate)
    y, y0 = draw(births.astype(int), drift * 1.5), draw(rest.astype(int), drift)
    found = scan(y, births, at_most_one=at_most_one)
    held = apart(
        (y * 1.0, births), (y * 1.0 + y0, births + rest), found.split, found.rising,
        at_most_one=at_most_one,
    )  # fmt: skip
    assert (found.p_value <= 0.05).mean() > 0.5
    assert (held.p_own <= 0.05).mean() <= 0.09
    assert (held.p_rest <= 0.05).mean() > 0.9


def test_a_season_is_fitted_beside_a_trend_and_little_is_made_of_few_events():
    week = np.arange(104)
    births = np.full(104, 400.0)
    winter = 0.3 * np.cos(2 * np.pi * week / 52)
    events = births * expit(-2 + 0.004 * week + winter)
    assert np.abs(season(events, births, week / 52) - winter).max() < 0.01
    assert np.abs(season(np.zeros(104), births, week / 52)).max() < 1e-9
    one = (week == 50) * 1.0
    assert np.isfinite(season(one, births, week / 52)).all()
