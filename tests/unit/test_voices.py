"""Voices beside those served: people counted once, shares of the known, parity, small numbers."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

from qi_equity import project_file
from qi_equity.cli import app
from qi_equity.disclosure.policy import POLICIES
from qi_equity.equity.participation import participation
from qi_equity.errors import DataErrors
from qi_equity.network import voices as room
from qi_equity.project import Theme
from qi_equity.words.voices import voices_lines

PEOPLE = """person,group,theme
p1,Black,Not believed when in pain
p1,Black,Not believed when in pain
p1,Black,No interpreter at night
p2,Black,
p3,White,Not believed when in pain
p4,White,Food
p5,Prefer not to say,Food
"""
BIRTHS = {"Black": 200.0, "White": 700.0, "Asian": 100.0}


@pytest.fixture(scope="module")
def project():
    plan = project_file.load(project_file.examples()["pph_reduction"])
    links = (Theme(name="Not believed when in pain", measure="pph_1000"), Theme(name="Food"))
    labels = {"Prefer not to say": "Not stated or not known"}
    strata = plan.strata.model_copy(update={"labels": labels})
    return plan.model_copy(update={"themes": links, "strata": strata})


@pytest.fixture
def heard(tmp_path, project):
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE, encoding="utf-8")
    return room.read(path, project)


def test_a_person_is_one_voice_however_often_they_speak(heard):
    assert len(heard.people) == 5
    assert len(heard.raised) == 5
    assert sum(heard.read.values()) == heard.rows == 7


def test_a_blank_theme_is_a_voice_and_prefer_not_to_say_is_one_too(project, heard):
    rows = room.voices(project, heard, pd.Series(BIRTHS)).set_index("stratum")
    assert rows.loc["Black", "voices"] == 2
    assert rows.loc["Not stated or not known", "voices"] == 1
    assert np.isnan(rows.loc["Not stated or not known", "ratio"])
    # Two of the four whose group is known, where a fifth of those served are.
    assert rows.loc["Black", "ratio"] == pytest.approx(2 / 4 / 0.2)


def test_a_group_that_nobody_of_was_heard_keeps_its_row_and_its_parity(project, heard):
    row = room.voices(project, heard, pd.Series(BIRTHS)).set_index("stratum").loc["Asian"]
    assert row["voices"] == 0
    assert row["more"] == 1  # 1 of 5 is no less than a tenth


def test_two_groups_of_one_person_and_unknown_labels_are_refused_at_once(tmp_path, project):
    path = tmp_path / "people.csv"
    path.write_text(
        "person,group,theme\np1,Black,a\np1,White,a\n,Black,b\np2,Martian,c\n", encoding="utf-8"
    )
    with pytest.raises(DataErrors) as told:
        room.read(path, project)
    said = str(told.value)
    assert all(part in said for part in ("rows 2, 3", "row 4: no person", "row 5: 'Martian'"))


def test_themes_count_people_and_name_their_measure_or_say_that_there_is_none(project, heard):
    rows = room.themes(project, heard).set_index(["theme", "stratum"])
    assert rows.loc[("Not believed when in pain", "Everyone"), "people"] == 2
    assert rows.loc[("Not believed when in pain", "Black"), ["people", "asked"]].tolist() == [1, 2]
    groups = room.voices(project, heard, pd.Series(BIRTHS))
    said = "\n".join(voices_lines(project, groups, rows.reset_index(), "births", ""))
    assert "Food: 2 of 5 people. No data for this yet." in said
    assert "Not believed when in pain: 2 of 5 people. Shown by: Blood loss" in said


def test_for_the_network_small_numbers_are_hidden_and_nothing_is_made_of_them(project, heard):
    policy = POLICIES["hes"]
    rows = room.voices(project, heard, pd.Series(BIRTHS), policy)
    assert rows.loc[rows["voices"] != 0, "voices"].isna().all()
    assert rows["ratio"].isna().all()
    themes = room.themes(project, heard, policy)
    said = "\n".join(voices_lines(project, rows, themes, "births", "2025"))
    assert "fewer voices than may be shown" in said
    assert "0 voices, beside" not in said  # a number that is hidden is no nought
    assert "fewer people than may be shown" in said


def test_a_group_whose_number_served_is_not_told_is_no_group_that_nobody_served(project, heard):
    # The table of those served has no line for a group that spoke: no whole, and no share.
    rows = room.voices(project, heard, pd.Series({"White": 700.0, "Asian": 100.0}))
    assert rows["ratio"].isna().all()
    said = "\n".join(voices_lines(project, rows, room.themes(project, heard), "a table", "2025"))
    assert "Black: 2 voices. How many of this group were served is not told" in said
    assert "nobody of this group" not in said
    assert "White: 2 voices. No share is shown" in said


@pytest.mark.parametrize("seed", range(5))
def test_forty_random_figures_against_scipy(seed):
    rng = np.random.default_rng(seed)
    asked = rng.integers(1, 400, 40)
    share = rng.uniform(0.01, 0.6, 40)
    heard = rng.binomial(asked, share)
    found = participation(heard, asked, share)
    for at in range(40):
        exact = stats.binomtest(int(heard[at]), int(asked[at]), float(share[at]))
        limits = exact.proportion_ci(method="exact")
        assert found.p_value[at] == pytest.approx(exact.pvalue, rel=1e-12)
        assert found.ratio.lower[at] == pytest.approx(limits.low / share[at], rel=1e-9)
        assert found.ratio.upper[at] == pytest.approx(limits.high / share[at], rel=1e-9)
        more = int(found.more[at])
        assert (heard[at] + more) / (asked[at] + more) >= share[at] - 1e-9
        if more:
            assert (heard[at] + more - 1) / (asked[at] + more - 1) < share[at]


def test_the_worked_example_of_120_voices():
    # 3 of 120 voices of a group with 8 % of births: 9.6 expected, 0.31 (0.06 to 0.89), p 0.026.
    found = participation(3, 120, 0.08)
    figures = (found.expected, found.ratio.estimate, found.ratio.lower, found.ratio.upper)
    assert [round(float(one), 2) for one in figures] == [9.6, 0.31, 0.06, 0.89]
    assert round(float(found.p_value), 3) == 0.026
    assert pytest.approx(0.086, abs=5e-4) == (3 + 8) / (120 + 8)
    assert float(found.more) == 8


def test_the_command_says_the_account_and_the_answer(tmp_path):
    people, served = tmp_path / "people.csv", tmp_path / "served.csv"
    people.write_text(PEOPLE.replace("Prefer not to say", "Not stated"), encoding="utf-8")
    served.write_text("group,served\nBlack,200\nWhite,700\nAsian,100\n", encoding="utf-8")
    plan = project_file.examples()["pph_reduction"]
    asked = ["voices", str(plan), "--people", str(people), "--served", str(served)]
    told = CliRunner().invoke(app, [*asked, "--served-name", "Census 2021, women 15 to 44"])
    assert told.exit_code == 0, told.output
    assert "7 rows read, of 5 people" in told.output
    assert "Census 2021, women 15 to 44" in told.output
    assert "Black: 2 of 4 voices" in told.output
    without = CliRunner().invoke(app, asked)
    assert without.exit_code != 0
    assert "--served-name" in str(without.exception)
