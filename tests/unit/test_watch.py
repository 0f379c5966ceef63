"""Watching own charts: against sums by hand, and what later weeks must not change."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from qi_equity.frames.chart import chart
from qi_equity.frames.watch import watched
from qi_equity.sequential import AT_ONCE, limit
from qi_equity.spc import watch as own

BASELINE, WEEKS = 26, 40


def evidence_by_hand(pmf, level, moved, ratio):
    """Mean of likelihoods over levels, scatters and starts; pmf(week, level) by scatter."""
    none = np.array([pmf(week, level) for week in range(WEEKS)])
    changed = np.array([pmf(week, moved(level, ratio)) for week in range(WEEKS)])
    total = 0.0
    for start in range(BASELINE, WEEKS):
        weight = 1 / 52 + AT_ONCE * (start == BASELINE)
        total = total + weight * none[:start].prod(axis=0) * changed[start:].prod(axis=0)
    return np.log(total.sum() / none.prod(axis=0).sum())


def shifted(level, ratio):
    return level + np.log(ratio)


@pytest.mark.parametrize("rho", [0.0, 0.05])
def test_evidence_of_a_proportion_is_that_of_the_beta_binomial(monkeypatch, rho):
    monkeypatch.setattr(own, "CORRELATIONS", (0.0, rho) if rho else (0.0,))
    rng = np.random.default_rng(1)
    n = rng.poisson(15, WEEKS).astype(float)
    y = rng.binomial(n.astype(int), 0.25).astype(float)
    weeks = np.arange(WEEKS)[None]
    found = own.watch(
        "proportion", y[None], n[None], weeks < BASELINE, weeks >= BASELINE,
        np.array([0.05]), np.array([52.0]),
    )  # fmt: skip

    def pmf(week, level):
        p = 1 / (1 + np.exp(-level))
        plain = stats.binom.pmf(y[week], n[week], p)
        if not rho:
            return plain
        whole = (1 - rho) / rho
        return np.stack([plain, stats.betabinom.pmf(y[week], n[week], p * whole, (1 - p) * whole)])

    # A state is as likely as the next: levels close together where the baseline knows more.
    wide = np.linspace(-3, 1, 2_001)
    for side, ratio in ((found.rising, 1.75), (found.falling, 1 / 1.75)):
        by_hand = evidence_by_hand(pmf, wide, shifted, ratio)
        assert side[0, -1] == pytest.approx(max(by_hand, 0.0), abs=0.2 if rho else 1e-3)


def test_evidence_of_a_rate_is_that_of_the_poisson(monkeypatch):
    monkeypatch.setattr(own, "VARIANCES", (0.0,))
    rng = np.random.default_rng(2)
    n = rng.uniform(0.5, 2.0, WEEKS)
    y = rng.poisson(n * np.where(np.arange(WEEKS) < 30, 3.0, 6.0)).astype(float)
    weeks = np.arange(WEEKS)[None]
    found = own.watch(
        "rate", y[None], n[None], weeks < BASELINE, weeks >= BASELINE,
        np.array([0.05]), np.array([52.0]),
    )  # fmt: skip
    by_hand = evidence_by_hand(
        lambda week, level: stats.poisson.pmf(y[week], n[week] * np.exp(level)),
        np.linspace(0, 2.5, 2_001), shifted, 1.75,
    )  # fmt: skip
    assert found.rising[0, -1] == pytest.approx(by_hand, abs=1e-3)


def test_a_limit_is_never_beyond_the_one_that_is_proved():
    alarms = np.array([0.05, 0.01, 0.0001])
    assert (limit(alarms, 1e9) <= np.log(2 * 1.25 / alarms) + 1e-12).all()
    assert (np.diff(limit(alarms, 2.0)) > 0).all()
    assert (np.diff(limit(0.01, np.array([0.1, 1.0, 5.0, 50.0]))) > 0).all()


def log(sites=("A", "B", "C"), weeks=90, seed=3):
    rng = np.random.default_rng(seed)
    rows = pd.MultiIndex.from_product(
        [sites, ["Asian", "Black"], pd.date_range("2024-01-01", periods=weeks, freq="W-MON")],
        names=["site", "stratum", "week"],
    ).to_frame(index=False)
    births = rng.poisson(12, len(rows))
    late = (rows.week >= "2025-01-06") & (rows.site == "B")
    return rows.assign(births=births, pph=rng.binomial(births, np.where(late, 0.35, 0.08)))


def watching(table, **more):
    drawn = chart(
        table, kind="p", subgroup="week", numerator="pph", denominator="births",
        by=["site", "stratum"],
    )  # fmt: skip
    return watched(drawn.summary, drawn.points, ["site", "stratum"], **{"baseline": 26, **more})


def test_a_change_is_established_with_its_direction_and_its_week():
    found = watching(log()).charts.set_index(["site", "stratum"])
    assert found.established.groupby("site").all().to_dict() == {"A": False, "B": True, "C": False}
    rising = found.loc["B"]
    assert set(rising.direction) == {"rising"}
    assert (
        abs(pd.to_datetime(rising.change_estimate) - pd.Timestamp("2025-01-06")).dt.days < 29
    ).all()
    assert found.false_alarms_a_year.sum() == pytest.approx(0.08)


@pytest.mark.parametrize("weeks", [60, 70, 89])
def test_weeks_added_at_the_end_change_nothing_before_them(weeks):
    table = log()
    kept = sorted(table.week.unique())[:weeks]
    part, whole = watching(table[table.week.isin(kept)]), watching(table)
    pd.testing.assert_frame_equal(
        whole.points[whole.points.subgroup.isin(kept)].reset_index(drop=True), part.points
    )
    said = ["direction", "first_established", "change_estimate", "false_alarms_a_year"]
    was = part.charts.established
    pd.testing.assert_frame_equal(whole.charts.loc[was, said], part.charts.loc[was, said])


def test_charts_do_not_depend_on_one_another_given_how_many_are_watched():
    table = log()
    together = watching(table, charts_watched=36)
    alone = watching(table[table.site == "B"], charts_watched=36)
    chosen = together.charts[together.charts.site == "B"].reset_index(drop=True)
    pd.testing.assert_frame_equal(chosen, alone.charts)


def test_a_site_that_joins_later_takes_nothing_back():
    table = log()
    joined = table[(table.site != "C") | (table.week >= "2025-03-03")]
    before, after = watching(table[table.site != "C"]), watching(joined)
    pd.testing.assert_frame_equal(before.charts, after.charts.iloc[:4])
    assert (after.charts.iloc[4:].false_alarms_a_year <= 0.08 / 6).all()


def test_what_is_not_watched_says_why():
    table = log(weeks=30)
    assert set(watching(table, baseline=40).charts.not_watched) == {"in baseline"}
    assert set(watching(table.assign(pph=0)).charts.not_watched) == {"too few"}
    assert not watching(table.assign(pph=0)).charts.established.any()
    assert set(watching(table, baseline="baseline").charts.not_watched) == {"in baseline"}


def test_a_baseline_is_drawn_out_until_it_holds_five_events():
    table = log(sites=("A",)).assign(births=10)
    table["pph"] = (table.groupby("stratum").cumcount() % 8 == 0).astype(int)
    points = watching(table).points
    first = points[points.evidence_limit.notna()].groupby("stratum").subgroup.min()
    assert (first == pd.Timestamp("2024-01-01") + pd.Timedelta(weeks=33)).all()


@pytest.mark.parametrize("kind", ["value", "rate"])
def test_measures_without_those_at_risk_are_watched_too(kind):
    rng = np.random.default_rng(4)
    weeks = pd.date_range("2024-01-01", periods=90, freq="W-MON")
    table = pd.DataFrame({"site": "A", "week": weeks})
    table["count"] = rng.poisson(np.where(np.arange(90) < 50, 5, 12)).astype(float)
    chosen = {"numerator": "count"} if kind == "rate" else {"value": "count"}
    drawn = chart(table, kind="c" if kind == "rate" else "i", subgroup="week", by="site", **chosen)
    row = watched(drawn.summary, drawn.points, ["site"], data=kind, baseline=26).charts.iloc[0]
    assert (row.established, row.direction) == (True, "rising")
    assert abs((row.change_estimate - weeks[50]).days) < 29


@pytest.mark.parametrize("kind", ["proportion", "rate", "value"])
def test_identical_values_and_blanks_never_raise_and_never_signal(kind):
    weeks = pd.date_range("2024-01-01", periods=60, freq="W-MON")
    for pph in (np.full(60, 2.0), np.zeros(60), np.full(60, 10.0), np.full(60, np.nan)):
        table = pd.DataFrame({"site": "A", "week": weeks, "births": 10, "pph": pph})
        shape = (
            {"value": "pph"} if kind == "value" else {"numerator": "pph", "denominator": "births"}
        )
        usual = {"proportion": "p", "rate": "u", "value": "i"}[kind]
        drawn = chart(table, kind=usual, subgroup="week", by="site", **shape)
        found = watched(drawn.summary, drawn.points, ["site"], data=kind, baseline=26)
        assert not found.charts.established.any()
