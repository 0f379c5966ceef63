"""The made-up network: the same each time, labelled, and true to its own ground truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qi_equity.errors import UserError
from qi_equity.observations import COLUMNS, SERIES_KEY
from qi_equity.project import Project
from qi_equity.project_file import load
from qi_equity.simulation import synthetic
from qi_equity.simulation.synthetic import Network

PROJECTS = Path(__file__).parents[2] / "projects"
NAMES = (
    "pph_reduction",
    "preterm_optimisation",
    "perinatal_mental_health_referrals",
    "gestational_diabetes",
)


@pytest.fixture(scope="module")
def projects() -> list[Project]:
    return [load(PROJECTS / f"{name}.yaml") for name in NAMES]


@pytest.fixture(scope="module")
def made(projects: list[Project]) -> Network:
    return synthetic.network(projects)


def test_ten_sites_four_projects_six_strata_104_weeks(made: Network) -> None:
    assert list(made.observations) == list(NAMES)
    table = made.observations["pph_reduction"]
    assert list(table.columns) == COLUMNS
    assert table["site"].nunique() == 10
    assert table["stratum"].nunique() == 6
    assert table["subgroup"].nunique() == 104
    assert table["subgroup"].min() == pd.Timestamp(2023, 1, 2)


def test_the_same_seed_gives_the_same_network_in_any_order_of_projects(
    projects: list[Project], made: Network
) -> None:
    again = synthetic.network(reversed(projects))
    for name, table in made.observations.items():
        pd.testing.assert_frame_equal(table, again.observations[name])
    other = synthetic.network(projects[:1], seed=1).observations["pph_reduction"]
    assert not other["numerator"].equals(made.observations["pph_reduction"]["numerator"])


def test_no_more_events_than_women(made: Network) -> None:
    for name in ("pph_reduction", "preterm_optimisation", "gestational_diabetes"):
        table = made.observations[name]
        assert (table["numerator"] <= table["denominator"]).all()


def test_most_cells_are_chance_and_several_changes_can_and_cannot_be_detected(
    made: Network,
) -> None:
    changed = made.truth[made.truth["effect"] != "none"]
    assert len(changed) < 0.15 * len(made.truth)
    assert (changed["power"] > 0.9).sum() >= 5
    assert (changed["power"] < 0.3).sum() >= 5
    gaps = made.truth[made.truth["gap_power"] > 0.85].set_index(SERIES_KEY)
    assert gaps.loc[("pph_1000", "site_a", "Black"), "gap"] == "closes"
    assert gaps.loc[("pph_1000", "site_e", "Black"), "gap"] == "widens"


def test_counts_follow_the_truth(made: Network) -> None:
    """Before and after every change, events are within five standard errors of the truth."""
    truth = made.truth[made.truth["effect"] != "none"]
    for row in truth[~truth["coding_decays"]].to_dict("records"):
        table = made.observations[row["project"]]
        cell = table[
            (table[SERIES_KEY] == [row["measure"], row["site"], row["stratum"]]).all(axis=1)
        ]
        # A month that holds the change is neither before nor after.
        apart = (cell["subgroup"] - row["from"]).dt.days
        for rate, part in ((row["before"], cell[apart < -31]), (row["after"], cell[apart >= 0])):
            expected = part["denominator"].sum() * rate
            assert abs(part["numerator"].sum() - expected) < 5 * np.sqrt(expected), row


def test_the_decaying_site_loses_ethnicity_and_no_birth(made: Network) -> None:
    table = made.observations["pph_reduction"]
    cell = table[(table["site"] == "site_g") & (table["measure"] == "pph_1000")]
    births = cell.pivot(index="subgroup", columns="stratum", values="denominator")
    share = births["Not stated or not known"] / births.sum(axis=1)
    assert share.iloc[:60].mean() < 0.08
    assert share.iloc[-6:].mean() > 0.25
    assert births.sum(axis=1).iloc[-20:].mean() > 0.85 * births.sum(axis=1).iloc[:60].mean()


def test_a_late_site_and_missing_weeks_have_no_rows(made: Network) -> None:
    table = made.observations["pph_reduction"]
    weeks = table.groupby("site")["subgroup"].agg(["max", "nunique"])
    assert weeks.loc["site_j", "max"] == weeks["max"].max() - pd.Timedelta(weeks=4)
    assert 95 <= weeks["nunique"].min() < 104


def test_written_files_say_that_they_are_synthetic(made: Network, tmp_path: Path) -> None:
    written = synthetic.write(made, tmp_path / "network")
    assert [path.name for path in written] == [
        *(f"{name}.csv" for name in NAMES),
        "ground_truth.csv",
        "README.md",
    ]
    assert "synthetic" in written[-1].read_text(encoding="utf-8")
    back = pd.read_csv(written[0])
    assert len(back) == len(made.observations[NAMES[0]])


def test_a_measure_without_a_published_rate_is_refused_by_name(projects: list[Project]) -> None:
    project = projects[0]
    odd = project.measures[0].model_copy(update={"id": "made_up"})
    with pytest.raises(UserError, match=r"made_up.*pph_1000"):
        synthetic.network([project.model_copy(update={"measures": (odd,)})])
