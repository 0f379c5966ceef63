"""The spread ledger of a project: what it asks, what it says, and what it passes on."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from qi_equity import project_file
from qi_equity.errors import UserError
from qi_equity.network import elsewhere
from qi_equity.network.ledger import BESIDE, ledger, ledger_sites, tried
from qi_equity.simulation.synthetic import network
from qi_equity.vocabulary import Became
from qi_equity.words.ledger import became_words, ledger_lines


@pytest.fixture(scope="module")
def project():
    return project_file.load(project_file.examples()["pph_reduction"])


@pytest.fixture(scope="module")
def observations(project):
    return network([project]).observations[project.id]


@pytest.fixture(scope="module")
def table(project, observations):
    return ledger(project, observations)


def lines_of(project, table, observations, theirs=()):
    return "\n".join(ledger_lines(project, table, ledger_sites(project, observations), theirs))


def test_the_planted_rise_in_weighing_is_found_and_nothing_that_was_not_planted(table):
    asked = table[table["question"] != BESIDE].set_index(["idea", "measure", "of"])
    weighed = asked.loc[("weigh_all", "loss_weighed", "rate")]
    # 1.25 was planted at both sites; see scenario.EFFECTS.
    assert weighed["became"] == Became.BETTER
    assert weighed["lower"] < 1.25 < weighed["upper"]
    assert asked.loc[("weigh_all", "risk_assessed", "rate"), "became"] == Became.NOT_SHOWN
    assert asked.loc[("weigh_all", "pph_1000", "rate"), "became"] == Became.NOT_SHOWN


def test_one_site_alone_is_said_to_tell_nothing(table):
    rows = table[(table["idea"] == "call_for_help") & (table["question"] != BESIDE)]
    assert set(rows["became"]) == {Became.FEW_WAYS}


def test_ideas_begun_at_the_same_sites_are_named_beside_what_is_seen(project, table, observations):
    said = lines_of(project, table, observations)
    row = table[(table["idea"] == "review_1000") & (table["question"] == "gap")].iloc[0]
    assert row["also"] == ("weigh_all", "call_for_help")
    assert "What is seen may be theirs" in said
    assert "associations" in said


def test_where_it_is_not_written_down_whether_it_is_still_done_that_is_said(
    project, table, observations
):
    assert "Whether it is still done at Ashdown" in lines_of(project, table, observations)
    done = project.cycles[0].model_copy(update={"still_done": pd.Timestamp("2024-12-02").date()})
    told = project.model_copy(update={"cycles": (done, *project.cycles[1:])})
    assert "Known to be still done at Ashdown" in lines_of(told, table, observations)


def test_what_came_after_an_idea_was_given_up_belongs_to_neither_side(project, observations):
    stopped = pd.Timestamp("2024-04-01").date()
    cycles = tuple(
        one.model_copy(update={"stopped": stopped}) if one.change_idea == "weigh_all" else one
        for one in project.cycles
    )
    bleeds = observations[observations["measure"] == "pph_1000"]
    short = ledger(project.model_copy(update={"cycles": cycles}), bleeds)
    row = short[(short["idea"] == "weigh_all") & (short["question"] == "outcome")].iloc[0]
    assert row["observed"] < 100  # nine months of two sites are 380


def test_an_idea_that_has_just_begun_is_too_early_and_no_failure(project, observations):
    last = observations["subgroup"].max()
    cycles = tuple(
        one.model_copy(update={"start": (last - pd.Timedelta(weeks=10)).date(), "end": None})
        for one in project.cycles
    )
    young = ledger(project.model_copy(update={"cycles": cycles}), observations)
    assert set(young[young["question"] != BESIDE]["became"]) == {Became.EARLY}
    assert "too early" in lines_of(project, young, observations)


def test_all_sites_together_cannot_be_told(project, observations):
    cycles = tuple(one.model_copy(update={"sites": ()}) for one in project.cycles[:1])
    together = ledger(project.model_copy(update={"cycles": cycles}), observations)
    assert set(together["became"]) == {Became.TOGETHER}
    assert "none is left to compare with" in became_words(together.iloc[0].to_dict())


def test_a_site_borrows_from_the_others_and_keeps_its_own_figure(project, observations):
    rows = ledger_sites(project, observations)
    both = rows[rows["idea"] == "review_1000"].set_index("site")
    assert both.loc["site_c", "ratio"] < both.loc["site_c", "shrunk"] < both.loc["site_a", "shrunk"]
    assert rows["borrowed"].between(0, 1).all()


def test_a_plan_without_cycles_says_how_an_idea_is_named(project, observations):
    bare = project.model_copy(update={"cycles": ()})
    assert tried(bare) == ()
    assert "change_idea" in lines_of(bare, ledger(bare, observations), observations)


# Passed on to other networks


def spread(project, table):
    """The same ledger had three sites or more tried each idea."""
    return table.assign(sites=table["sites"] + 2)


def test_a_file_to_pass_on_holds_no_count_and_no_site(project, table):
    text, left = elsewhere.passed_on(project, spread(project, table))
    assert left == 0
    found = json.loads(text)
    held = set().union(*(row for row in found["rows"]))
    assert held == set(elsewhere.Passed.model_fields)
    assert not any(site.name in text or site.id in text for site in project.sites)
    assert found["synthetic"] is True


def test_what_fewer_than_three_sites_did_is_not_passed_on(project, table):
    text, left = elsewhere.passed_on(project, table)
    assert (json.loads(text)["rows"], left) == ([], 3)


def test_a_file_of_another_network_is_laid_beside(tmp_path, project, table, observations):
    path = tmp_path / "theirs.json"
    path.write_text(elsewhere.passed_on(project, spread(project, table))[0], encoding="utf-8")
    theirs = elsewhere.read(path, project)
    assert [one.sites for one in theirs] == [4, 3, 4]
    own = table[table["question"] == "outcome"].iloc[0]
    assert theirs[0].row["ratio"] == pytest.approx(own["ratio"], abs=0.005)
    assert "In other networks:" in lines_of(project, table, observations, theirs)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{}", "format"),
        ("not json", "is no ledger"),
        ('{"format": "qi-equity ledger 1", "network": "N", "rows": [{"sites": 2}]}', "rows.0"),
    ],
)
def test_what_is_no_ledger_is_refused_with_the_way_out(tmp_path, project, text, place):
    path = tmp_path / "wrong.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=rf"(?s){place}.*--pass-on"):
        elsewhere.read(path, project)


def test_a_limit_that_nothing_bounds_is_said_to_be_none():
    row = {"became": "not shown", "ratio": 0.5, "lower": 0.0, "upper": math.inf}
    assert became_words(row).count("no limit") == 2
    assert np.isinf(row["upper"])
