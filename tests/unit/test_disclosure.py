"""What the network sees: policies, blocks wide enough, words kept and numbers worked out anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from attacker import Rounding, of_rate, pairs
from pydantic import ValidationError

import store_network
from qi_equity import project_file, store
from qi_equity.analyse import analyse
from qi_equity.disclosure import POLICIES, Releases, protect, threshold
from qi_equity.errors import UserError
from qi_equity.findings import TABLES, Findings, caution, columns
from qi_equity.observations import SERIES_KEY, observations
from qi_equity.project import ALL_SITES, EVERYONE, Disclosure, Project
from qi_equity.spc.rules import RULES

KEY = SERIES_KEY
WEEKS = pd.date_range("2024-01-01", periods=52, freq="W-MON")
# Births and events of a week: White and Asian are seen by the month, Black is always small.
MEANS = {"Asian": (20, 0.15), "Black": (4, 0.02), "White": (80, 0.12)}


def made(**of_measure: Any) -> tuple[Project, pd.DataFrame]:
    project = store_network.project(sites=("north", "south"))
    measure = project.measures[0].model_copy(update=of_measure)
    project = project.model_copy(update={"measures": (measure,)})
    random = np.random.default_rng(11)
    rows = []
    for site in ("north", "south"):
        for stratum, (mean, rate) in MEANS.items():
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
def true() -> Findings:
    return analyse(*made())


@pytest.fixture(scope="module")
def seen(true: Findings) -> Findings:
    return protect(true)


def row(table: pd.DataFrame, site: str, stratum: str) -> dict[Any, Any]:
    (found,) = table[(table["site"] == site) & (table["stratum"] == stratum)].to_dict("records")
    return found


# -- policies ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        ("hes", [0, None, None, 10, 10, 15, 105]),
        ("msds", [0, 5, 5, 10, 10, 15, 105]),
    ],
)
def test_counts_are_shown_as_nhs_england_shows_them(policy: str, shown: list[Any]) -> None:
    found = POLICIES[policy].shown(np.array([0, 1, 7, 8, 12, 13, 104.0]))
    np.testing.assert_array_equal(found, np.array(shown, float))


@pytest.mark.parametrize("policy", [*POLICIES.values(), *map(threshold, range(5, 61))])
def test_every_number_shown_stands_for_three_counts_or_more(policy: Any) -> None:
    counts = np.arange(1.0, 200)
    shown = policy.shown(counts)
    _, behind = np.unique(np.where(policy.is_small(counts), -1, shown), return_counts=True)
    assert (behind[:-1] >= 3).all()  # the last is cut off by where we stop
    least, most = policy.between(counts)
    assert ((least <= counts) & (counts <= most)).all()


def test_no_policy_needs_a_reason_and_a_threshold_its_number() -> None:
    with pytest.raises(ValidationError, match="give the reason"):
        Disclosure(policy="none")
    with pytest.raises(ValidationError, match="needs a threshold"):
        Disclosure(policy="threshold")
    with pytest.raises(ValidationError, match="no other policy has one"):
        Disclosure(policy="hes", threshold=10)


def test_a_project_file_says_which_policy(tmp_path: Path) -> None:
    text = project_file.examples()["pph_reduction"].read_text(encoding="utf-8")
    path = tmp_path / "project.yaml"
    path.write_text(f"{text}\ndisclosure: {{policy: threshold, threshold: 10}}\n", encoding="utf-8")
    assert project_file.load(path).disclosure == Disclosure(policy="threshold", threshold=10)
    path.write_text(f"{text}\ndisclosure: {{policy: none}}\n", encoding="utf-8")
    (problem,) = project_file.check(path)
    assert "give the reason" in problem.message
    assert project_file.load(project_file.examples()["chds_preterm"]).disclosure.policy == "hes"


def test_a_policy_by_name_must_be_one_that_needs_nothing_else(true: Findings) -> None:
    with pytest.raises(UserError, match="did you mean 'msds'"):
        protect(true, "mdsd")
    with pytest.raises(UserError, match="a reason"):
        protect(true, "none")


def test_without_a_policy_findings_are_the_same_and_carry_the_reason(true: Findings) -> None:
    found = protect(true, Disclosure(policy="none", reason="The data are synthetic."))
    assert found.points is true.points
    assert found.cautions[-1] == caution("not_protected", reason="The data are synthetic.")


# -- the release ---------------------------------------------------------------------------------


def test_no_point_that_is_shown_is_a_small_number(true: Findings, seen: Findings) -> None:
    shown = seen.points.dropna(subset="value")
    assert len(shown) > 20
    counts = true.points.set_index([*KEY, "subgroup"]).sort_index()
    for point in shown.to_dict("records"):
        start = WEEKS.get_loc(pd.Timestamp(point["subgroup"]))
        weeks = WEEKS[start : start + point["subgroups"]]
        behind = counts.loc[tuple(point[key] for key in KEY)].loc[weeks]
        for count in ("numerator", "denominator"):
            exact = behind[count].sum()
            assert exact == 0 or exact >= 8
            assert abs(exact - point[count]) <= 2


def test_points_add_up_to_the_table_so_that_nothing_is_told_twice(seen: Findings) -> None:
    points = seen.points.groupby(KEY)[["numerator", "denominator"]].sum()
    gaps = seen.gaps.dropna(subset="rate").set_index(KEY)[["numerator", "denominator"]]
    assert len(gaps) >= 6
    pd.testing.assert_frame_equal(points.loc[gaps.index], gaps)


def test_the_points_cover_all_that_was_logged(seen: Findings) -> None:
    covered = seen.points.groupby(KEY)["subgroups"].sum()
    assert (covered == len(WEEKS)).all()


def test_a_small_stratum_is_told_as_small_and_nothing_is_said_of_it(true: Findings) -> None:
    exact = row(true.gaps, "north", "Black")
    assert 1 <= exact["numerator"] <= 7
    for policy, shown in (("hes", np.nan), ("msds", 5.0)):
        found = protect(true, policy)
        gap, chart = row(found.gaps, "north", "Black"), row(found.charts, "north", "Black")
        np.testing.assert_equal(gap["numerator"], shown)
        assert abs(gap["denominator"] - exact["denominator"]) <= 2
        assert np.isnan(gap["rate"])
        assert pd.isna(gap["verdict"])
        assert chart["status"] == "small"
        assert pd.isna(chart["variation"])
        assert any(
            (one.code, one.numbers) == ("series_small", (("most", 7.0),))
            for one in found.cautions
            if (one.site, one.stratum) == ("north", "Black")
        )


def test_words_are_those_of_the_released_counts(true: Findings, seen: Findings) -> None:
    """Worked out of what is shown, they agree as far as that is as fine as the true counts."""
    charts = seen.charts[seen.charts["status"] == "shown"].merge(true.charts, on=[*KEY, "phase"])
    assert len(charts) >= 8
    points = seen.points[seen.points["value"].notna()].groupby(KEY).size()
    useful = charts.set_index(KEY)["useful_x"]
    assert (useful <= points.reindex(useful.index)).all()
    weekly = charts["width"] == 1
    assert (charts["highlight_x"] == charts["highlight_y"])[weekly].all()
    gaps = seen.gaps.dropna(subset="ratio").merge(true.gaps, on=KEY)
    assert len(gaps) >= 4
    assert gaps["verdict_x"].notna().all()
    np.testing.assert_allclose(gaps["ratio_x"], gaps["ratio_y"], rtol=0.15)


def test_signals_stand_on_the_points_they_are_in() -> None:
    project, table = made()
    late = (table["stratum"] == "White") & (table["site"] == "north") & (
        table["subgroup"] == WEEKS[30]
    )  # fmt: skip
    table.loc[late, "numerator"] = table.loc[late, "denominator"]
    found = network_findings(project, table, judge=False)
    white = found.points[(found.points["stratum"] == "White") & (found.points["site"] == "north")]
    (marked,) = white[white["beyond_limits"] != 0].to_dict("records")
    start = WEEKS.get_loc(pd.Timestamp(marked["subgroup"]))
    assert start <= 30 < start + marked["subgroups"]
    assert marked["meaning"] == "concern"


def test_no_caution_of_the_team_is_passed_on(true: Findings) -> None:
    white = ("pph", "north", "White")
    told = replace(
        true,
        cautions=(caution("not_given", white, count=3.0, of=40.0), caution("a_new_one", white)),
    )
    seen = {one.code for one in protect(told).cautions}
    assert not seen & {"not_given", "a_new_one"}
    assert seen == {one.code for one in protect(true).cautions}


def test_a_column_that_nobody_classified_stays_with_the_team(true: Findings) -> None:
    extra = {
        name: table.assign(new_number=1.5, new_word="secret", new_mark=np.int8(1))
        for name in TABLES
        if len(table := getattr(true, name))
    }
    seen = protect(replace(true, **extra))
    for name in TABLES:
        assert not {"new_number", "new_word", "new_mark"} & set(getattr(seen, name)), name


@pytest.mark.parametrize("name", TABLES)
def test_every_column_of_findings_is_declared(true: Findings, name: str) -> None:
    marks = set(RULES) if name == "points" else set()
    assert set(getattr(true, name)) - marks <= set(columns(TABLES[name]))


def test_what_is_not_counted_is_not_shown() -> None:
    project, table = made(data="continuous", unit="minutes", multiply=1)
    table = table.assign(value=table["numerator"] * 10.0, numerator=np.nan, denominator=np.nan)
    found = network_findings(project, table)
    assert found.points.empty
    assert set(found.charts["status"]) == {"not counted"}
    assert found.charts[["centre", "variation", "p_value"]].isna().all(axis=None)


def test_overlapping_windows_are_never_added_up() -> None:
    project, table = made(overlapping_windows=True)
    found = network_findings(project, table, judge=False)
    assert set(found.points["subgroups"]) <= {1}
    assert (found.points["numerator"] > 0).all()


def test_one_site_alone_has_no_totals_over_sites() -> None:
    project, table = made()
    found = network_findings(project, table[table["site"] == "north"], judge=False)
    assert ALL_SITES not in set(found.points["site"])
    assert EVERYONE in set(found.points["stratum"])


def test_nothing_logged_is_nothing_shown() -> None:
    project, table = made()
    found = network_findings(project, table.iloc[:0])
    assert found.points.empty
    assert found.gaps.empty


# -- where it is used ----------------------------------------------------------------------------


def test_the_network_gets_a_release_out_of_the_store_and_no_save_changes_it(
    tmp_path: Path,
) -> None:
    kept = store_network.made(tmp_path / "network.sqlite", protect=Releases())
    admin = kept.as_user(store_network.user())
    admin.log(store_network.PROJECT, store_network.table())
    for site in store_network.SITES:
        admin.consent(store_network.PROJECT, site, True)
    facilitator = kept.as_user(store_network.user("facilitator"))
    assert facilitator.protected(store_network.PROJECT) is None, "nothing went out yet"
    checked = admin.release(store_network.PROJECT, keep=False)
    made = admin.release(store_network.PROJECT, "the first")
    assert checked is not None
    assert made is not None
    assert checked.record == made.record
    found = facilitator.protected(store_network.PROJECT, judge=False)
    assert set(found.points["site"]) == {*store_network.SITES, ALL_SITES}
    counts = found.points[["numerator", "denominator"]].to_numpy()
    assert (counts[np.isfinite(counts)] % 5 == 0).all()
    with pytest.raises(store.Forbidden):
        facilitator.observations(store_network.PROJECT)
    stamp = facilitator.released(store_network.PROJECT)
    admin.log(store_network.PROJECT, [store_network.row(9, 30, week="2025-01-27")])
    again = facilitator.protected(store_network.PROJECT, judge=False)
    pd.testing.assert_frame_equal(again.points, found.points)
    assert facilitator.released(store_network.PROJECT) == stamp
    admin.release(store_network.PROJECT, "the second")
    admin.withdraw(store_network.PROJECT, 2, "a week was wrong")
    back = facilitator.protected(store_network.PROJECT, judge=False)
    pd.testing.assert_frame_equal(back.points, found.points)
    log = facilitator.releases(store_network.PROJECT)
    assert [(one.number, one.withdrawn) for one in log] == [(1, ""), (2, "a week was wrong")]
    assert log[1].record["content"] != log[0].record["content"]
    with pytest.raises(UserError, match="withdrawn already"):
        admin.withdraw(store_network.PROJECT, 2, "again")
    admin.consent(store_network.PROJECT, "south", False, "the board has not met")
    rest = facilitator.protected(store_network.PROJECT, judge=False)
    assert set(rest.points["site"]) == {"north", "east"}, "no total that the south is in"
    assert admin.verify().whole
    kept.close()


# -- an example from the public record -----------------------------------------------------------


def test_rates_from_exact_counts_undo_the_rounding_of_a_public_file(shared_data: Path) -> None:
    """Counts to the nearest 5 beside rates of exact counts: the figures of disclosure.md."""
    table = pd.read_csv(shared_data / "msds_apr2025_cqim_rates.csv")
    table = table[table["Org_Level"] == "Provider"]
    numbers = table[["Numerator", "Denominator", "Rate", "Rate per Thousand"]].apply(
        pd.to_numeric, errors="coerce"
    )
    rounding = Rounding(small=5)
    won: dict[str, list[tuple[bool, bool]]] = {}
    for name, x, n, hundred, thousand in zip(
        table["Indicator"], *numbers.to_numpy().T, strict=True
    ):
        if np.isnan([x, n]).any() or np.isnan([hundred, thousand]).all():
            continue
        both = pairs((rounding.between(x, x == 5), rounding.between(n, n == 5)))
        rate, digit = (thousand / 1000, 1e-3) if np.isnan(hundred) else (hundred / 100, 1e-3)
        left = of_rate(both, rate, digit / 2 + 1e-9)
        won.setdefault(name, []).append((len(set(left[:, 0])) == 1, x == 5))
        # The rate of the rounded counts fits nothing but what was known already.
        assert len(set(both[:, 0])) > 1 or x == 0
    told = {name: (sum(one for one, _ in rows), len(rows)) for name, rows in won.items()}
    assert told["CQIMSmokingDelivery"] == (104, 106)
    assert told["CQIMTears"] == (84, 87)
    assert told["CQIMPPH"] == (75, 104)
    masked = [one for rows in won.values() for one, small in rows if small]
    assert (sum(masked), len(masked)) == (69, 70)
