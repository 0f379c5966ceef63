"""What is worked out of released counts is what anybody works out of them with a pencil."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import store_network
from qi_equity.analyse import analyse
from qi_equity.disclosure import protect
from qi_equity.equity.gaps import disagree
from qi_equity.findings import Findings
from qi_equity.observations import SERIES_KEY, observations
from qi_equity.project import ALL_SITES, Baseline, Project, Reference

WEEKS = pd.date_range("2024-01-01", periods=52, freq="W-MON")
MEANS = {"Asian": (20, 0.15), "Black": (15, 0.2), "White": (80, 0.12)}
SMALL = MEANS | {"Black": (4, 0.02)}  # 1 to 7 events a site in the year
STRETCHES = {"": slice(None), "_then": slice(24), "_now": slice(-24, None)}
HALVES = {"early": slice(26), "late": slice(26, None)}
HES_SMALL = 4.0  # what 1 to 7 is taken as where it is one of many


def made(means: dict[str, Any], compared: str = "everyone else") -> tuple[Project, pd.DataFrame]:
    project = store_network.project(sites=("north", "south"))
    measure = project.measures[0].model_copy(update={"baseline": Baseline(subgroups=24)})
    reference = Reference(compare_with=compared, reason="for this test alone")
    strata = project.strata.model_copy(update={"reference": reference})
    project = project.model_copy(update={"measures": (measure,), "strata": strata})
    random = np.random.default_rng(11)
    rows = []
    for site in ("north", "south"):
        for stratum, (mean, rate) in means.get(site, means).items():
            for week in WEEKS:
                births = random.poisson(mean)
                events = random.binomial(births, rate)
                rows.append(
                    store_network.row(events, births, site=site, stratum=stratum, week=str(week))
                )
    return project, observations(rows)


def network_findings(project: Project, table: pd.DataFrame, **options: Any) -> Findings:
    """What one look at one table may show, of two sites too."""
    return protect(analyse(project, table, **options))


@pytest.fixture(scope="module")
def all_shown() -> Findings:
    return network_findings(*made(MEANS))


@pytest.fixture(scope="module")
def one_small() -> Findings:
    return network_findings(*made(SMALL), judge=False)


def counts(table: pd.DataFrame, suffix: str = "") -> pd.DataFrame:
    """Numerator and denominator of each series."""
    names = [f"numerator{suffix}", f"denominator{suffix}"]
    return table.set_index(SERIES_KEY)[names].set_axis(["x", "n"], axis=1)


def others(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Of each row, the counts of everyone else there."""
    return table.groupby(by)[["x", "n"]].transform("sum") - table[["x", "n"]]


def summed(found: Findings, weeks: slice) -> pd.DataFrame:
    """The points of a stretch added up."""
    within = found.points[found.points["subgroup"].isin(WEEKS[weeks])]
    return within.groupby(SERIES_KEY)[["numerator", "denominator"]].sum().set_axis(
        ["x", "n"], axis=1
    )  # fmt: skip


@pytest.mark.parametrize("suffix", STRETCHES)
def test_a_gap_is_that_of_the_points_added_up(all_shown: Findings, suffix: str) -> None:
    table = all_shown.gaps.set_index(SERIES_KEY)
    shown = counts(all_shown.gaps, suffix)
    whole = shown.xs(ALL_SITES, level="site", drop_level=False)
    assert whole.notna().all(axis=None)
    expected = summed(all_shown, STRETCHES[suffix]).reindex(shown.index)
    told = shown["x"].notna()
    pd.testing.assert_frame_equal(shown[told], expected[told], check_like=True)
    rate = whole["x"] / whole["n"]
    apart = others(whole, ["site"])
    other = apart["x"] / apart["n"]
    for name, value in (("rate", rate), ("difference", rate - other), ("ratio", rate / other)):
        np.testing.assert_allclose(table.loc[whole.index, f"{name}{suffix}"], value, err_msg=name)
        low, high = (table.loc[whole.index, f"{name}_{end}{suffix}"] for end in ("lower", "upper"))
        assert ((low < value) & (value < high)).all()


@pytest.mark.parametrize("half", HALVES)
def test_the_halves_have_a_ratio_and_no_more(all_shown: Findings, half: str) -> None:
    whole = summed(all_shown, HALVES[half]).xs(ALL_SITES, level="site", drop_level=False)
    whole = whole[whole.index.get_level_values("stratum").isin(MEANS)]
    apart = others(whole, ["site"])
    table = all_shown.gaps.set_index(SERIES_KEY)
    expected = whole["x"] / whole["n"] / (apart["x"] / apart["n"])
    np.testing.assert_allclose(table.loc[whole.index, f"{half}_ratio"], expected)
    assert not {f"{half}_rate", f"{half}_numerator", f"rate{half}"} & set(table)


def test_what_is_told_of_a_stretch_is_counts_rate_and_gap(all_shown: Findings) -> None:
    table = all_shown.gaps
    for end in ("then", "now"):
        for name in ("rate", "difference", "ratio"):
            assert {f"{name}_{end}", f"{name}_lower_{end}", f"{name}_upper_{end}"} <= set(table)
        assert not [name for name in table if name.startswith("excess") and name.endswith(end)]
    assert {"excess", "excess_lower", "events_to_close", "events_to_close_upper"} <= set(table)
    assert "small" not in table
    whole = table[table["ratio_then"].notna()]
    arrays = [
        whole[f"{n}_{e}"].to_numpy() for e in ("now", "then") for n in ("difference", "ratio")
    ]
    assert whole["disagree"].tolist() == disagree(*arrays).tolist()


def test_blocks_that_reach_out_of_a_stretch_tell_nothing_of_it(all_shown: Findings) -> None:
    table = all_shown.gaps.set_index("site")
    asian = table[table["stratum"] == "Asian"]
    assert asian["numerator"].notna().all()
    wide = all_shown.points.groupby(["site", "stratum"])["subgroups"].max()
    for site in ("north", "south", ALL_SITES):
        reaches = not (24 % wide[site, "Asian"] == 0 or np.isfinite(asian.loc[site, "rate_then"]))
        assert np.isnan(asian.loc[site, "rate_then"]) == reaches


def test_points_of_the_gap_are_on_the_widest_blocks_of_a_site(all_shown: Findings) -> None:
    found = all_shown.gap_points
    points = all_shown.points[all_shown.points["stratum"].isin(list(MEANS))]
    for site in (ALL_SITES, "north", "south"):
        own = points[points["site"] == site]
        few = own.groupby("stratum")["subgroup"].apply(list).loc[lambda one: one.map(len).idxmin()]
        for stratum in MEANS:
            drawn = found[(found["site"] == site) & (found["stratum"] == stratum)]
            assert drawn["subgroup"].tolist() == few, (site, stratum)
    ordered = found.sort_values([*SERIES_KEY, "subgroup"], ignore_index=True)
    pd.testing.assert_frame_equal(found, ordered)
    assert found.index.tolist() == list(range(len(found)))
    assert found.columns.tolist() == [
        *SERIES_KEY, "subgroup", "difference", "difference_lower", "difference_upper",
        "ratio", "ratio_lower", "ratio_upper", "numerator", "denominator",
    ]  # fmt: skip


def test_each_point_of_the_gap_is_that_of_its_counts(all_shown: Findings) -> None:
    found = all_shown.gap_points
    named = found.rename(columns={"numerator": "x", "denominator": "n"})
    apart = others(named, ["site", "subgroup"])
    rate, other = named["x"] / named["n"], apart["x"] / apart["n"]
    full = found["ratio"].notna()
    assert full.sum() > 20
    np.testing.assert_allclose(found["difference"][full], (rate - other)[full])
    np.testing.assert_allclose(found["ratio"][full], (rate / other)[full])
    assert found.groupby(SERIES_KEY)[["numerator", "denominator"]].sum().to_numpy().tolist() == (
        counts(all_shown.gaps).loc[found.groupby(SERIES_KEY).size().index].to_numpy().tolist()
    )


def test_a_small_count_is_taken_as_the_middle_of_what_it_may_be(one_small: Findings) -> None:
    table = one_small.gaps.set_index(SERIES_KEY)
    shown = counts(one_small.gaps)
    small = shown["x"].isna()
    assert small.index[small].get_level_values("stratum").unique().tolist() == ["Black"]
    assert table.loc[small, ["rate", "difference", "ratio", "excess"]].isna().all(axis=None)
    taken = shown.fillna({"x": HES_SMALL})
    apart = others(taken, ["site"])
    rate, other = taken["x"] / taken["n"], apart["x"] / apart["n"]
    np.testing.assert_allclose(table["difference"][~small], (rate - other)[~small])
    np.testing.assert_allclose(table["ratio"][~small], (rate / other)[~small])
    assert np.isfinite(table["ratio"][~small]).all()


@pytest.mark.parametrize("means", [MEANS, SMALL], ids=["all shown", "one small"])
def test_a_target_rate_is_compared_with_as_it_is(means: dict[str, Any]) -> None:
    table = network_findings(*made(means, "0.1"), judge=False).gaps
    shown = table[table["rate"].notna()]
    assert len(shown) == (9 if means is MEANS else 6)
    np.testing.assert_allclose(shown["difference"], shown["numerator"] / shown["denominator"] - 0.1)
    np.testing.assert_allclose(shown["ratio"], shown["rate"] / 0.1)


def test_a_group_that_is_compared_with_is_itself_released_in_full() -> None:
    shown = network_findings(*made(MEANS, "Black"), judge=False).gaps.set_index(SERIES_KEY)
    rate = shown["rate"]
    black = rate.xs("Black", level="stratum").reindex(shown.index.droplevel("stratum")).to_numpy()
    apart = shown.index.get_level_values("stratum") != "Black"
    np.testing.assert_allclose(shown["ratio"][apart], (rate / black)[apart])
    assert np.isfinite(shown["ratio"][apart]).all()
    small = network_findings(*made(SMALL, "Black"), judge=False).gaps
    assert small["difference"].isna().all()
    assert (small["rate"].notna() == (small["stratum"] != "Black")).all()


def test_each_site_is_compared_with_its_own_best_group() -> None:
    north, south = MEANS | {"Asian": (20, 0.3)}, MEANS | {"Asian": (20, 0.05)}
    project, table = made({"north": north, "south": south}, "best at baseline")
    found = network_findings(project, table, judge=False).gaps
    assert not found.duplicated(SERIES_KEY).any()
    assert len(found) == 9
    rates = found.set_index(["site", "stratum"])["rate"]
    chosen = found.groupby("site")["reference"].first()
    assert chosen["north"] != chosen["south"] == "Asian"
    for one in found.itertuples():
        if one.stratum != one.reference:
            assert one.ratio == pytest.approx(one.rate / rates[one.site, one.reference])


def test_weeks_without_a_count_are_shown_as_such() -> None:
    project, table = made(MEANS)
    gone = table["subgroup"].isin(WEEKS[8:20]) & (table["stratum"] == "White")
    found = network_findings(project, table[~gone], judge=False)
    white = found.points[(found.points["stratum"] == "White") & (found.points["site"] == "north")]
    within = white["subgroup"].isin(WEEKS[8:20])
    whole = white["subgroup"] + pd.to_timedelta(7 * white["subgroups"], unit="D") <= WEEKS[20]
    assert (within & whole).any()
    assert white.loc[within & whole, ["numerator", "denominator"]].isna().all(axis=None)
    assert white.loc[~within, ["numerator", "denominator"]].notna().all(axis=None)
