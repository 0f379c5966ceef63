"""A network whose truth is known: what was put in is found, and chance alone stays silent."""

from __future__ import annotations

import pandas as pd
import pytest
from scipy import stats

from qi_equity.analyse import analyse
from qi_equity.project_file import examples, load
from qi_equity.simulation import synthetic

KEYS = ["project", "measure", "site", "stratum"]
CHANGED = ("widening", "narrowing", "closed")
DETECTABLE = 0.8  # power, worked out from what was put in


@pytest.fixture(scope="module")
def network():
    projects = [load(path) for path in examples().values()]
    made = synthetic.network(
        project for project in projects if project.synthetic and project.data is None
    )
    found = {
        project.id: analyse(project, made.observations[project.id])
        for project in projects
        if project.id in made.observations
    }
    gaps = pd.concat([f.gaps.assign(project=name) for name, f in found.items()])
    charts = pd.concat([f.charts.assign(project=name) for name, f in found.items()])
    judged = made.truth.merge(gaps[[*KEYS, "verdict", "p_trend", "highlight"]], on=KEYS, how="left")
    weighed = made.truth.merge(charts[[*KEYS, "p_value", "highlight"]], on=KEYS, how="left")
    return judged, weighed


def test_planted_gaps_of_detectable_size_are_found_in_their_direction(network):
    gaps = network[0]
    planted = gaps[gaps["gap"].isin(["closes", "widens"]) & (gaps["gap_power"] >= DETECTABLE)]
    assert len(planted) >= 5
    # A gap that moved with another group's rate is told as that group's change, and headlined once.
    planted = planted[planted["verdict"] != "echo"]
    right = (
        planted["verdict"]
        .where(planted["verdict"] != "closed", "narrowing")
        .eq(planted["gap"].map({"closes": "narrowing", "widens": "widening"}))
    )
    # So few are planted that only a share that such power hardly ever gives would tell of a fault.
    assert stats.binom.cdf(right.sum(), len(right), DETECTABLE) > 0.05
    assert not planted.loc[~right, "verdict"].isin(CHANGED).any()


def test_gaps_that_do_not_change_are_called_changing_at_the_stated_rate_and_never_headlined(
    network,
):
    gaps = network[0]
    still = gaps[(gaps["gap"] == "unchanged") & gaps["verdict"].notna()]
    assert len(still) > 500
    assert still["verdict"].isin(CHANGED).mean() <= 0.05
    assert still["highlight"].sum() <= 1


def test_charts_of_chance_alone_have_small_p_values_at_the_stated_rate(network):
    charts = network[1]
    noise = charts[(charts["effect"] == "none") & charts["p_value"].notna()]
    assert len(noise) > 500
    assert (noise["p_value"] <= 0.05).mean() <= 0.065
    highlighted = charts[charts["highlight"].eq(True)]
    assert (highlighted["effect"] == "none").mean() <= 0.20


def test_changes_of_detectable_size_are_found_on_the_charts(network):
    charts = network[1]
    planted = charts[(charts["effect"] != "none") & (charts["power"] >= DETECTABLE)]
    assert len(planted) >= 20
    assert (planted["p_value"] <= 0.05).mean() >= DETECTABLE
