"""Crossed groups of few are marked, and borrow beside their own rate; a ladder has a slope."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qi_equity import analyse, crossed, ethnicity, load_project, sources
from qi_equity.equity.inequality import inequality as by_hand
from qi_equity.equity.inequality import strata_from_counts
from qi_equity.frames.cells import cells
from qi_equity.frames.inequality import inequality
from qi_equity.project import Project
from qi_equity.project_file import examples
from qi_equity.words.terminal import report


def women(*seen: int) -> pd.DataFrame:
    groups = ["Asian", "Black", "Mixed", "White"]
    return pd.DataFrame(
        {"eth": groups, "need": "yes", "seen": seen, "women": [700, 340, 14, 550]}
    )  # fmt: skip


def found(*seen: int) -> pd.DataFrame:
    table = cells(
        women(*seen), numerator="seen", denominator="women", first="eth", second="need"
    )  # fmt: skip
    return table.set_index("eth")


def test_a_group_of_few_is_marked_borrows_most_and_keeps_its_own_rate():
    table = found(340, 140, 9, 290)
    assert table["few"].tolist() == [False, False, True, False]
    assert table["rate"].to_dict()["Mixed"] == pytest.approx(9 / 14)
    assert table["rate_borrowed"].idxmax() == "Mixed"
    assert 0.4 < table.loc["Mixed", "rate_shrunk"] < 9 / 14
    narrower = table["rate_shrunk_upper"] - table["rate_shrunk_lower"]
    assert narrower["Mixed"] < table.loc["Mixed", "rate_upper"] - table.loc["Mixed", "rate_lower"]


def test_where_groups_truly_differ_little_is_borrowed():
    apart, alike = found(100, 170, 9, 500), found(350, 170, 9, 275)
    assert apart.loc["Mixed", "rate_borrowed"] < alike.loc["Mixed", "rate_borrowed"]


def test_what_borrows_holds_the_truth_and_is_nearer_to_it_than_a_group_s_own_rate():
    """Five groups of one need, the smallest of 14; the log odds differ by .3 (400 draws)."""
    rng = np.random.default_rng(11)
    size = np.array([700, 340, 14, 550, 150])
    truth = 1 / (1 + np.exp(-rng.normal(-0.2, 0.3, (400, 5))))
    table = pd.DataFrame(
        {
            "draw": np.repeat(np.arange(400), 5),
            "eth": np.tile(list("ABCDE"), 400),
            "need": "yes",
            "seen": rng.binomial(size, truth).ravel(),
            "women": np.tile(size, 400),
        }
    )
    got = cells(
        table, numerator="seen", denominator="women", first="eth", second="need", by="draw"
    ).sort_values(["draw", "eth"])
    holds = got["rate_shrunk_lower"].to_numpy() <= truth.ravel()
    holds &= truth.ravel() <= got["rate_shrunk_upper"].to_numpy()
    for eth, held in pd.Series(holds).groupby(got["eth"].to_numpy()).mean().items():
        assert 0.92 <= held <= 0.995, eth
    smallest = (got["eth"] == "C").to_numpy()
    error = {
        name: np.square(got[name].to_numpy() - truth.ravel())[smallest].mean()
        for name in ("rate", "rate_shrunk")
    }
    assert error["rate_shrunk"] < 0.6 * error["rate"]


FIFTHS = ["Most deprived fifth", "Second fifth", "Middle fifth", "Fourth fifth", "Least deprived"]
EVENTS = [60, 50, 45, 38, 30]


def deprived(order=FIFTHS) -> pd.DataFrame:
    table = pd.DataFrame({"fifth": FIFTHS, "events": EVENTS, "births": 500})
    return inequality(
        table, numerator="events", denominator="births", stratum="fifth", order=order
    ).set_index("name")


def test_ordered_groups_have_a_slope_and_a_relative_index_with_intervals():
    table, people = deprived(), strata_from_counts(EVENTS, [500] * 5, ordered=True)
    for name, one in by_hand(people, ["sii", "rii"]).items():
        assert table.loc[name, ["seen", "lower", "upper"]].tolist() == pytest.approx(
            [one.estimate, one.lower, one.upper]
        )
    assert table.loc["sii", "seen"] < 0 < table.loc["rii", "seen"] < 1
    assert table.loc["sii", "p_value"] < 0.01
    backwards = deprived(FIFTHS[::-1])
    assert backwards.loc["sii", "seen"] == pytest.approx(-table.loc["sii", "seen"])


def test_groups_without_an_order_have_none():
    assert not {"sii", "rii"} & set(deprived(order=()).index)


def test_the_order_of_deprivation_is_read_off_its_codes_whichever_way_they_count():
    groups = {"A": ["1"], "B": ["2", "3"], "C": ["4"], "D": ["5"], "Unknown": ["Not known"]}
    assert ethnicity.in_order(groups, "imd_quintile") == ("A", "B", "C", "D")
    assert ethnicity.in_order(groups, "imd_quintile_reversed") == ("D", "C", "B", "A")
    assert ethnicity.in_order({"Asian": ["H"], "White": ["A"]}, "nhs_16_plus_1") == ()
    assert ethnicity.in_order({"1": ["1"], "2": ["2"]}) == ()


def test_a_project_by_deprivation_says_its_slope_and_no_other_does():
    path = examples()["booking_by_interpreter_need"]
    plan = load_project(path)
    strata = plan.strata.model_dump(by_alias=True)
    strata |= {
        "dimension": "deprivation", "code_system": "imd_quintile", "roll_up": None,
        "groups": [{"name": name, "codes": [str(at + 1)]} for at, name in enumerate(FIFTHS)],
        "crossed_with": None,
    }  # fmt: skip
    changed = {**plan.model_dump(by_alias=True), "strata": strata, "cycles": [], "data": None}
    by_fifth = Project.model_validate(changed)
    months = pd.date_range("2024-01-01", periods=15, freq="MS")
    rows = [
        {
            "measure": "booked_by_10", "site": "ashdown", "stratum": name, "subgroup": month,
            "numerator": 20 + 2 * at, "denominator": 40,
        }
        for month in months
        for at, name in enumerate(FIFTHS)
    ]  # fmt: skip
    said = " ".join(report(analyse(by_fifth, pd.DataFrame(rows))).split())
    assert "slope index of inequality, 95% interval" in said
    assert "the rate at the best-off end is 25.0 percentage points higher" in said or (
        "the rate at the best-off end is 25 percentage points higher" in said
    )


def test_the_shipped_crossed_project_says_what_its_group_of_few_borrows():
    path = examples()["booking_by_interpreter_need"]
    plan = load_project(path)
    loaded = sources.load(plan, base=path.parent).observations
    alone, _, both = crossed.parts(plan)
    found = analyse(both, crossed.counts(plan, both, loaded))
    few = found.crossed[found.crossed["few"] & (found.crossed["site"] == "All sites")]
    assert few["stratum"].tolist() == ["Mixed × Interpreter needed"]
    said = " ".join(report(found).split())
    assert "Of few: 6 of 14. With what the other groups of “Interpreter needed” say of it" in said
    assert analyse(alone, crossed.counts(plan, alone, loaded), judge=False).crossed.empty
