"""Findings hold every site, stratum and total, whatever the order of the rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qi_equity.analyse import analyse
from qi_equity.disclosure import protect
from qi_equity.findings import Gap
from qi_equity.observations import observations, with_totals
from qi_equity.plan import plan
from qi_equity.project import ALL_SITES, EVERYONE
from qi_equity.project_file import examples, load
from qi_equity.vocabulary import Verdict
from qi_equity.words.terminal import report

PROJECT = load(examples()["pph_reduction"])
MEASURE = PROJECT.aim.measure
ESTIMATED = {
    f"{name}{end}" for name in ("difference", "ratio", "excess") for end in ("", "_lower", "_upper")
}


@pytest.fixture(scope="module")
def log():
    rng = np.random.default_rng(5)
    weeks = pd.date_range(PROJECT.start or "2023-01-02", periods=60, freq="W-MON")
    rows = [
        {
            "measure": MEASURE,
            "site": site.id,
            "stratum": group.name,
            "subgroup": week,
            "numerator": rng.binomial(size, 0.06),
            "denominator": size,
        }
        for site in PROJECT.sites[:2]
        for size, group in zip((8, 12, 5, 4, 40, 3), PROJECT.strata.groups, strict=True)
        for week in weeks
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def findings(log):
    return analyse(PROJECT, log)


def test_every_site_has_its_strata_and_everyone_and_the_network_a_total(findings):
    shown = set(zip(findings.charts["site"], findings.charts["stratum"], strict=True))
    sites = [PROJECT.sites[0].id, PROJECT.sites[1].id, ALL_SITES]
    strata = [EVERYONE, *(group.name for group in PROJECT.strata.groups)]
    assert shown == {(site, stratum) for site in sites for stratum in strata}


def test_totals_are_the_sums_of_their_parts(findings):
    points = findings.points.set_index(["site", "stratum", "subgroup"])["numerator"]
    whole = points.loc[ALL_SITES, EVERYONE]
    parts = points.drop(index=ALL_SITES, level="site").drop(index=EVERYONE, level="stratum")
    assert (whole == parts.groupby("subgroup").sum()).all()


def test_unknown_ethnicity_is_charted_and_never_compared(findings):
    unknown = [group.name for group in PROJECT.strata.groups if group.unknown]
    assert unknown
    assert set(unknown) <= set(findings.points["stratum"])
    assert not set(unknown) & set(findings.gaps["stratum"])


def test_order_of_rows_changes_nothing(log, findings):
    other = analyse(PROJECT, log.sample(frac=1, random_state=3))
    for name in ("points", "charts", "gaps", "gap_points"):
        pd.testing.assert_frame_equal(getattr(findings, name), getattr(other, name))
    assert (findings.chance, findings.cautions) == (other.chance, other.cautions)


def test_without_judging_the_lines_and_gaps_are_the_same_and_nothing_is_highlighted(log, findings):
    quick = analyse(PROJECT, log, judge=False)
    shared = [name for name in findings.points if name in quick.points]
    assert set(findings.points) - set(shared) <= {"evidence_up", "evidence_down", "evidence_limit"}
    pd.testing.assert_frame_equal(quick.points[shared], findings.points[shared])
    # Once there is a verdict, the estimates are those that it rests on.
    columns = [
        name
        for name in quick.gaps.columns
        if name in findings.gaps.columns and name not in ESTIMATED
    ]
    pd.testing.assert_frame_equal(quick.gaps[columns], findings.gaps[columns])
    assert not quick.charts["highlight"].any()
    assert "verdict" not in quick.gaps
    assert (quick.judged, quick.chance) == (False, None)
    assert findings.judged


def test_a_measure_that_nobody_declared_is_a_caution(log):
    strange = log.assign(measure="tea_breaks")
    found = analyse(PROJECT, strange)
    assert found.points.empty
    assert [caution.measure for caution in found.cautions] == ["tea_breaks"]


def test_nothing_logged_is_nothing_found():
    found = analyse(PROJECT, observations([]))
    assert found.points.empty
    assert found.gaps.empty
    assert found.chance is None


def test_then_and_now_are_windows_of_the_same_length(findings):
    row = findings.gaps.iloc[0]
    length = findings.project.measure(MEASURE).baseline.subgroups
    logged = findings.points.query("site == @row.site and stratum == @row.stratum")
    first, last = logged.head(length), logged.tail(min(length, len(logged) - length))
    assert row["numerator_then"] == first["numerator"].sum()
    assert row["numerator_now"] == last["numerator"].sum()


def test_a_numerator_without_its_denominator_is_in_no_total(log):
    gone = log.copy()
    gone.loc[0, "denominator"] = np.nan
    totals = with_totals(observations(gone), "stratum", EVERYONE)
    first = totals[
        (totals["stratum"] == EVERYONE)
        & (totals["site"] == gone.loc[0, "site"])
        & (totals["subgroup"] == gone.loc[0, "subgroup"])
    ]
    same_week = log[
        (log["site"] == gone.loc[0, "site"]) & (log["subgroup"] == gone.loc[0, "subgroup"])
    ]
    assert first["numerator"].item() == same_week["numerator"].sum() - log.loc[0, "numerator"]


def test_a_plan_answers_for_every_known_stratum(log):
    found = plan(PROJECT, log)
    assert set(found["stratum"]) == set(PROJECT.strata.known)
    waits = found[found["answer"].isin(["weeks", "never"])]
    assert len(waits)
    assert (waits["weeks"] > 0).all()


def test_a_target_for_a_reference_shows_gaps_without_a_verdict_and_says_why(log):
    reference = PROJECT.strata.reference.model_copy(update={"compare_with": "0.05"})
    strata = PROJECT.strata.model_copy(update={"reference": reference})
    found = analyse(PROJECT.model_copy(update={"strata": strata}), log)
    assert np.allclose(found.gaps["rate"] - found.gaps["difference"], 0.05)
    assert set(found.gaps["verdict"]) == {""}
    assert any(caution.code == "target_reference" for caution in found.cautions)


def test_a_rate_that_can_exceed_one_has_a_verdict_as_a_proportion_has(log):
    measures = tuple(
        measure.model_copy(update={"data": "rate", "chart": "auto"})
        if measure.id == MEASURE
        else measure
        for measure in PROJECT.measures
    )
    rates = log.assign(numerator=log["numerator"] * 40)
    found = analyse(PROJECT.model_copy(update={"measures": measures}), rates)
    own = found.gaps[found.gaps["measure"] == MEASURE]
    assert own["ratio"].notna().any()
    assert "" not in set(own["verdict"])
    # Exposures are as they were logged, and so is what rests on them.
    np.testing.assert_allclose(
        own["excess"], own["difference"] * own["denominator"], equal_nan=True
    )
    assert own["denominator"].max() < 1e6


def test_what_the_data_say_of_themselves_is_a_caution(log):
    unknown = next(group.name for group in PROJECT.strata.groups if group.unknown)
    decayed = log.copy()
    late = (decayed["subgroup"] >= decayed["subgroup"].max() - pd.Timedelta(weeks=15)) & (
        decayed["stratum"] == unknown
    )
    decayed.loc[late, "denominator"] *= 30
    found = analyse(PROJECT, decayed)
    assert any(caution.code == "unknown_rose" for caution in found.cautions)


@pytest.mark.parametrize("weeks", [1, 2, 10, 52])
def test_a_team_in_its_first_year_is_told_what_there_is(log, weeks):
    # The project's baseline is a year: until it is over, all that was logged is baseline.
    assert PROJECT.aim.measure == "pph_1000"
    early = log[log["subgroup"].isin(sorted(log["subgroup"].unique())[:weeks])]
    found = analyse(PROJECT, early)
    assert len(found.gaps)
    assert found.points["baseline"].all()
    assert not found.gap_points["signal"].any()


def test_findings_of_nothing_are_tables_still(log):
    found = analyse(PROJECT, log.iloc[:0])
    assert [len(table) for table in (found.charts, found.points, found.gaps)] == [0, 0, 0]
    assert {"measure", "site", "stratum", "ratio", "p_value"} <= set(found.gaps.columns)
    unknown = log[log["stratum"] == next(g.name for g in PROJECT.strata.groups if g.unknown)]
    alone = analyse(PROJECT, unknown)
    assert len(alone.charts)
    assert list(alone.gaps.columns) == list(found.gaps.columns)


@pytest.mark.parametrize("blank", ["numerator", "denominator"])
def test_counts_that_nobody_filled_in_are_missing_and_not_a_fault(log, blank):
    found = analyse(PROJECT, log.assign(**{blank: np.nan}))
    assert found.points["value"].isna().all()
    assert not found.charts["highlight"].any()


def test_a_stratum_the_project_does_not_name_is_charted_and_written_of(log):
    renamed = log.assign(stratum=log["stratum"].replace(PROJECT.strata.known[0], "Someone else"))
    found = analyse(PROJECT, renamed)
    assert "Someone else" in set(found.charts["stratum"])
    assert "Someone else:" in report(found)


def test_a_gap_that_hangs_on_the_unknown_says_so(log):
    unknown = next(group.name for group in PROJECT.strata.groups if group.unknown)
    mostly = log.copy()
    rows = mostly["stratum"] == unknown
    mostly.loc[rows, ["numerator", "denominator"]] = [4, 60]
    found = analyse(PROJECT, mostly)
    decided = found.gaps[found.gaps["unknown_decides"]]
    assert len(decided)
    assert (decided["unknown_ratio_lower"] < decided["unknown_ratio_upper"]).all()
    births = mostly.loc[rows].groupby("site")["denominator"].sum()
    by_site = found.gaps.drop_duplicates("site").set_index("site")["unknown_births"]
    assert by_site[ALL_SITES] == births.sum()
    assert (by_site[births.index] == births).all()
    assert "whose group is not known" in report(found)


def test_the_spread_over_all_strata_stands_beside_what_chance_would_bring(findings):
    spread = findings.inequality.set_index(["site", "name"])
    everywhere = spread.loc[ALL_SITES]
    assert everywhere.loc["mdmw", "corrected"] <= everywhere.loc["mdmw", "seen"]
    assert 0 < everywhere.loc["bgsd", "p_value"] <= 1
    assert "All strata together" in report(findings)


def test_the_spread_over_strata_does_not_leave_the_site(findings):
    assert protect(findings, "hes").inequality.empty


def test_the_interval_printed_is_the_one_that_the_verdict_rests_on(findings):
    for gap in findings.rows(Gap):
        if gap.verdict in ("no gap", "too few"):
            assert gap.ratio_lower <= 1 <= gap.ratio_upper
        if gap.verdict in ("gap", "steady"):
            assert gap.ratio_lower > 1 or gap.ratio_upper < 1
    assert {gap.verdict for gap in findings.rows(Gap)} <= set(Verdict)
