"""Data quality: every check finds what was broken, and nothing in data that are whole."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qi_equity import sources
from qi_equity.equity import bounds
from qi_equity.errors import DataErrors
from qi_equity.findings import caution
from qi_equity.observations import observations, with_totals
from qi_equity.project import ALL_SITES, Project
from qi_equity.project_file import load
from qi_equity.quality.checks import CHECKS, Quality, quality
from qi_equity.quality.linkage import agreement
from qi_equity.quality.unknown import unknown_bounds
from qi_equity.reading import Reading
from qi_equity.simulation import synthetic
from qi_equity.words import say
from qi_equity.words.cautions import caution_text
from qi_equity.words.terminal import quality_report

PROJECTS = Path(__file__).parents[2] / "projects"
UNKNOWN = "Not stated or not known"


@pytest.fixture(scope="module")
def project() -> Project:
    return load(PROJECTS / "pph_reduction.yaml")


def whole(project: Project, rate: float = 0.1, seed: int = 5) -> pd.DataFrame:
    """Forty weeks of three sites and one measure with nothing wrong with them."""
    rng = np.random.default_rng(seed)
    sizes = {"Asian": 20, "Black": 15, "White": 40, UNKNOWN: 4}
    weeks = pd.date_range("2024-01-01", periods=40, freq="7D")
    table = pd.DataFrame(
        [
            ("pph_1000", site, stratum, week, n)
            for site in ("site_a", "site_b", "site_c")
            for stratum, n in sizes.items()
            for week in weeks
        ],
        columns=["measure", "site", "stratum", "subgroup", "denominator"],
    )
    table["denominator"] = rng.poisson(table["denominator"])
    table["numerator"] = rng.binomial(table["denominator"], rate)
    return observations(table)


def found(report: Quality) -> set[str]:
    """The checks that found something worth a caution."""
    return {one.check for one in report.found if one.caution}


def test_whole_data_give_no_caution(project: Project) -> None:
    for seed in range(5):
        report = quality(project, whole(project, seed=seed))
        assert report.cautions == ()
        assert {one.check for one in report.found} == {"ethnicity not known"}


def unlogged(table: pd.DataFrame) -> pd.DataFrame:
    gone = table["subgroup"].between("2024-03-01", "2024-05-01") & (table["site"] == "site_b")
    return table[~gone]


def late(table: pd.DataFrame) -> pd.DataFrame:
    return table[~((table["subgroup"] > "2024-08-15") & (table["site"] == "site_b"))]


def zeros(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(numerator=table["numerator"].mask(table["site"] == "site_b", 0.0))


def zeros_for_a_while(table: pd.DataFrame) -> pd.DataFrame:
    quiet = (table["site"] == "site_b") & table["subgroup"].between("2024-04-01", "2024-05-31")
    return table.assign(numerator=table["numerator"].mask(quiet, 0.0))


def everyone(table: pd.DataFrame) -> pd.DataFrame:
    own = table["site"] == "site_b"
    return table.assign(numerator=table["numerator"].mask(own, table["denominator"]))


def above(table: pd.DataFrame) -> pd.DataFrame:
    odd = table.index == 17
    return table.assign(numerator=table["numerator"].mask(odd, table["denominator"] + 1))


def copied(table: pd.DataFrame) -> pd.DataFrame:
    wide = table.copy()
    own = wide["site"] == "site_b"
    week, before = pd.Timestamp("2024-04-08"), pd.Timestamp("2024-04-01")
    for name in ("numerator", "denominator"):
        wide.loc[own & (wide["subgroup"] == week), name] = wide.loc[
            own & (wide["subgroup"] == before), name
        ].to_numpy()
    return wide


def doubled(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, table.iloc[[3]]])


def jumped(table: pd.DataFrame) -> pd.DataFrame:
    odd = (table["site"] == "site_b") & (table["subgroup"] == "2024-04-08")
    return table.assign(denominator=table["denominator"].mask(odd, 4 * table["denominator"]))


def stepped(table: pd.DataFrame) -> pd.DataFrame:
    after = (table["site"] == "site_b") & (table["subgroup"] > "2024-05-01")
    return table.assign(denominator=table["denominator"].mask(after, 2 * table["denominator"]))


def unfinished(table: pd.DataFrame) -> pd.DataFrame:
    last = (table["site"] == "site_b") & (table["subgroup"] == table["subgroup"].max())
    few = (table["denominator"] // 5).clip(lower=table["numerator"])
    return table.assign(denominator=table["denominator"].mask(last, few))


def uncoded(table: pd.DataFrame) -> pd.DataFrame:
    """In the last weeks of one site half of each group's women are of unknown ethnicity."""
    late = (table["site"] == "site_b") & (table["subgroup"] > "2024-07-01")
    lost = (table["denominator"] // 2).where(late & (table["stratum"] != UNKNOWN), 0)
    table = table.assign(denominator=table["denominator"] - lost)
    table["numerator"] = table["numerator"].clip(upper=table["denominator"])
    sums = lost.groupby([table["site"], table["subgroup"]]).transform("sum")
    unknown = table["stratum"] == UNKNOWN
    return table.assign(denominator=table["denominator"] + sums.where(unknown, 0))


def withheld(table: pd.DataFrame) -> pd.DataFrame:
    small = (table["stratum"] == "Black") & (table["numerator"] < 2)
    return table.assign(numerator=table["numerator"].mask(small))


@pytest.mark.parametrize(
    ("damage", "check", "words"),
    [
        (unlogged, "calendar", "9 of 40 weeks were not logged"),
        (late, "calendar", "behind the others"),
        (zeros, "implausible zeros", "no event in"),
        (zeros_for_a_while, "implausible zeros", "weeks running"),
        (everyone, "implausible zeros", "counts as an event"),
        (above, "more events than births", "events in"),
        (copied, "repeated", "8 Apr 2024 are those of the point before"),
        (doubled, "repeated", "more than once"),
        (jumped, "births that jump", "births from 8 Apr 2024"),
        (stepped, "births that jump", "and stayed"),
        (unfinished, "births that jump", "unfinished?"),
        (uncoded, "ethnicity not known", "no longer coded"),
        (withheld, "withheld", "counts are withheld"),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_each_fault_is_found_by_its_check_and_by_no_other(
    project: Project, damage: Callable[[pd.DataFrame], pd.DataFrame], check: str, words: str
) -> None:
    report = quality(project, damage(whole(project)))
    assert found(report) == {check}
    texts = [caution_text(one) for one in report.cautions]
    assert any(words in text for text in texts), texts
    assert f"{check}:" in quality_report(report)
    assert {one.site for one in report.cautions} <= {"site_a", "site_b", ""}


def test_measures_still_filling_up_and_overlapping_are_said(project: Project) -> None:
    measure = project.measures[0].model_copy(
        update={"incomplete_weeks": 4, "overlapping_windows": True}
    )
    odd = project.model_copy(update={"measures": (measure,)})
    report = quality(odd, whole(project))
    assert found(report) == {"still filling up", "overlapping windows"}
    assert caution("filling_up", (measure.id, "", ""), weeks=4.0) in report.cautions


def test_completeness_is_a_measure_to_chart(project: Project) -> None:
    table = whole(project)
    share = quality(project, table).completeness
    assert list(share.columns) == ["measure", "site", "subgroup", "numerator", "denominator"]
    assert len(share) == 3 * 40
    assert share["denominator"].sum() == table["denominator"].sum()
    own = table.loc[table["stratum"] == UNKNOWN, "denominator"].sum()
    assert share["numerator"].sum() == own


def test_the_decaying_site_of_the_made_up_network_is_the_only_one_found(project: Project) -> None:
    table = synthetic.network([project]).observations[project.id]
    cautions = quality(project, table).cautions
    coding = {one.site for one in cautions if one.code == "unknown_rose"}
    assert coding == {"site_g"}
    late = {one.site for one in cautions if one.code == "behind"}
    assert late == {"site_j"}


def test_codes_and_exclusions_of_an_import(tmp_path: Path, project: Project) -> None:
    rng = np.random.default_rng(2)
    size = 4000
    ethnicity = rng.choice(
        ["A", "M", "H", "Z", "99", "", "Q"], size, p=[0.5, 0.2, 0.2, *[0.025] * 4]
    )
    # Weighed loss is left blank far more often for one group.
    blank = rng.random(size) < np.where(ethnicity == "M", 0.3, 0.05)
    pd.DataFrame(
        {
            "born": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 280, size), "D"),
            "unit": rng.choice(["site_a", "site_b"], size),
            "ethnicity": ethnicity,
            "loss": np.where(blank, "", rng.integers(100, 1500, size).astype(str)),
        }
    ).to_csv(tmp_path / "births.csv", index=False)
    rule = {"eligible": {"loss": {"known": True}}, "numerator": {"loss": {"at_least": 1000}}}
    mapping = {"kind": "records", "path": "births.csv", "date": "born", "stratum": "ethnicity"}
    content = project.model_dump(by_alias=True, mode="json")
    content["measures"] = [content["measures"][0] | {"records": rule}]
    content["data"] = mapping | {"site": "unit"}
    content["drivers"] = []
    plan = Project.model_validate(content)
    imported = sources.load(plan, base=tmp_path)
    report = quality(plan, imported.observations, imported)
    codes = [one for one in report.found if one.check == "codes"]
    for status in ("not stated", "not known", "missing", "invalid"):
        (said,) = (one for one in codes if ("status", status) in one.said.numbers)
        assert caution_text(said.said).startswith(f"ethnicity {status} in")
        assert said.caution is (status == "invalid")
    (uneven,) = (one.said for one in report.found if one.check == "differential exclusion")
    assert uneven.stratum == "Black"
    assert "may not be the gap among all" in caution_text(uneven)


def test_bounds_are_worked_out_by_hand() -> None:
    result = bounds.unknown_bounds(([30], [200]), ([60], [800]), ([25], [150]), [1000])
    rates = {
        "as recorded": 30 / 200 - 60 / 800,
        "all in this stratum": 55 / 350 - 60 / 800,
        "all in the reference": 30 / 200 - 85 / 950,
        "in proportion": 35 / 230 - 80 / 920,
        "highest possible": 55 / 225 - 60 / 925,
        "lowest possible": 30 / 325 - 85 / 825,
    }
    for name, difference in rates.items():
        assert result.gaps[name].difference.estimate[0] == pytest.approx(difference)
    plausible = list(rates.values())[:4]
    assert (result.lowest[0], result.highest[0]) == pytest.approx((min(plausible), max(plausible)))
    assert not result.changes[0]


def test_the_furthest_bounds_are_those_of_every_way_to_share_the_unknown_out() -> None:
    """Each of 4 events and 5 others to one side or the other, one after the other."""
    result = bounds.unknown_bounds(([3], [20]), ([6], [40]), ([4], [9]), [60])
    ways = [
        (3 + events) / (20 + events + others) - (10 - events) / (49 - events - others)
        for events, others in product(range(5), range(6))
    ]
    furthest = [
        result.gaps[name].difference.estimate[0] for name in ("lowest possible", "highest possible")
    ]
    assert furthest == pytest.approx([min(ways), max(ways)])
    # What is told to a reader is a range of four ways, and says that it is no bound.
    assert min(ways) < result.lowest[0] < result.highest[0] < max(ways)
    assert "further out" in say("verdicts.unknown_decides", number="9", low="1", high="2")
    of_outcomes = bounds.outcome_bounds(([3], [20]), ([6], [40]), ([4], [9]))
    ways = [(3 + own) / 20 - (6 + other) / 40 for own, other in product(range(5), range(10))]
    furthest = [
        of_outcomes.gaps[name].difference.estimate[0]
        for name in ("lowest possible", "highest possible")
    ]
    assert furthest == pytest.approx([min(ways), max(ways)])


def test_bounds_without_unknowns_are_the_gap_itself() -> None:
    result = bounds.unknown_bounds(([30], [200]), ([60], [800]), ([0], [0]), [1000])
    estimates = {float(gap.difference.estimate[0]) for gap in result.gaps.values()}
    assert len(estimates) == 1
    assert not result.changes[0]


def test_bounds_say_when_the_unknown_decide(project: Project) -> None:
    """A gap that is there as recorded and could be gone, were the unknown all of one group."""
    rows = [
        ("Black", 30, 200),
        ("White", 60, 800),
        (UNKNOWN, 2, 300),
    ]
    table = observations(
        [
            {
                "measure": "pph_1000",
                "site": "site_a",
                "stratum": stratum,
                "subgroup": "2025-01-06",
                "numerator": x,
                "denominator": n,
            }
            for stratum, x, n in rows
        ]
    )
    measure = next(one for one in project.measures if one.id == "pph_1000")
    found = unknown_bounds(Reading(project, measure), table).set_index(["stratum", "allocation"])
    assert found.loc[("Black", "as recorded"), "difference"] == pytest.approx(0.075)
    assert found.loc[("Black", "all in this stratum"), "difference"] == pytest.approx(
        32 / 500 - 60 / 800
    )
    assert found.loc[("Black", "as recorded"), "unknown_share"] == pytest.approx(300 / 1300)
    assert found.loc["Black", "changes"].all()
    plausible = found.loc["Black"].iloc[: bounds.PLAUSIBLE]
    assert (plausible["unknown_births"] == 300).all()
    assert plausible["difference"].min() == pytest.approx(-0.011)
    assert plausible["difference"].max() == pytest.approx(30 / 200 - 62 / 1100)


def test_bounds_of_the_made_up_network_cover_every_gap(project: Project) -> None:
    table = synthetic.network([project]).observations[project.id]
    table = with_totals(table, "site", ALL_SITES)
    readings = [Reading(project, measure) for measure in project.measures]
    found = pd.concat(
        [unknown_bounds(one, table[table["measure"] == one.measure.id]) for one in readings]
    )
    assert set(found["allocation"]) == set(bounds.ALLOCATIONS)
    assert found["site"].nunique() == 11
    recorded = found[found["allocation"] == "as recorded"]
    assert len(recorded) == 4 * 11 * 5
    assert UNKNOWN not in set(found["stratum"])


def test_codes_that_change_between_two_extracts(tmp_path: Path, project: Project) -> None:
    first, second = tmp_path / "booking.csv", tmp_path / "neonatal.csv"
    first.write_text("id,eth\n1,M\n2,M\n3,A\n4,A\n5,H\n6,Z\n9,A\n9,A\n", encoding="utf-8")
    second.write_text("id,baby\n1,M\n2,A\n3,A\n4,A\n5,99\n6,M\n7,A\n", encoding="utf-8")
    linked = agreement(project, first, second, key="id", stratum="eth", second_stratum="baby")
    pairs = linked.table.set_index(["first", "second"])["births"].to_dict()
    assert pairs == {
        ("Asian", UNKNOWN): 1,
        ("Black", "Black"): 1,
        ("Black", "White"): 1,
        (UNKNOWN, "Black"): 1,
        ("White", "White"): 2,
    }
    assert (linked.linked, linked.alone, linked.repeated) == (6, (0, 1), (2, 0))
    assert linked.agreed == pytest.approx(0.5)
    assert "Black in the first is White in the second: 1 (50.0% of Black)" in str(linked)
    with pytest.raises(DataErrors, match="no column called 'nhs'"):
        agreement(project, first, second, key="nhs", stratum="eth", second_stratum="baby")


def test_every_check_is_named_in_the_report(project: Project) -> None:
    text = quality_report(quality(project, whole(project)))
    assert all(name in text for name in CHECKS)
