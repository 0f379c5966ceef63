"""The library: each definition is whole, passes the equity review, and finds what was put in."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from qi_equity import analyse, load_project, sources
from qi_equity.equity_lint import review
from qi_equity.errors import UserError
from qi_equity.project import EVERYONE
from qi_equity.project_file import check, examples, library, scaffold
from qi_equity.simulation.practice import practice, write

ROOT = Path(__file__).parents[2]
PROJECTS = {name: load_project(path) for name, path in library().items()}
MAPPINGS = sorted(p for at in ("msds", "national") for p in (ROOT / "projects" / at).glob("*.yaml"))
every = pytest.mark.parametrize("name", library())


def test_what_the_issue_asks_for_is_there():
    assert set(library()) == {
        "continuity_of_carer", "early_booking", "ethnicity_recording", "first_feed",
        "gestational_diabetes_pathway", "interpreter_provided", "perinatal_mental_health_cascade",
        "pph", "preterm_bundle", "robson_groups", "smoking_in_pregnancy",
        "stillbirth_and_neonatal_death", "tears", "term_apgar",
    }  # fmt: skip
    assert not set(library()) & set(examples())


@every
def test_each_is_a_whole_definition(name):
    project = PROJECTS[name]
    assert project.id == name
    assert not check(library()[name])
    roles = [measure.role for measure in project.measures]
    assert {"outcome", "process", "balancing"} <= set(roles)
    assert all(measure.chart_reason for measure in project.measures)
    assert all(measure.records or measure.sum_of for measure in project.measures)
    assert (
        any(measure.exclusions for measure in project.measures)
        or name == "ethnicity_recording"
        or name == "robson_groups"
    )
    assert project.traps
    assert all(driver.change_ideas for driver in project.drivers)
    assert all(re.search(r"\d{4}", source.dated) for source in project.sources)
    assert len(project.principles) == 7


@every
def test_words_are_respectful(name):
    text = library()[name].read_text(encoding="utf-8").casefold()
    for word in ("bame", "non-white", "caucasian", "ethnic minorit", "hard to reach", "non-compl"):
        assert word not in text


@pytest.mark.parametrize("path", [*library().values(), *examples().values(), *MAPPINGS], ids=str)
def test_what_ships_passes_the_equity_review_or_carries_its_reasons(path):
    project = load_project(path)
    there = project.data is not None and (path.parent / project.data.path).is_file()
    rows = sources.load(project, base=path.parent).observations if there else None
    found = review(project, rows)
    assert found.open == ()
    assert found.idle_reasons == ()


def row(table, measure, stratum):
    return table[(table["measure"] == measure) & (table["stratum"] == stratum)].iloc[0]


@every
def test_the_gap_and_the_change_that_were_put_in_are_found(name, tmp_path):
    project = PROJECTS[name]
    primary, change = project.aim.primary, project.practice.change
    kept = tuple(m for m in project.measures if m.id in (primary.measure, change.measure))
    write(practice(project), project, tmp_path)
    asked = project.model_copy(update={"measures": kept})
    imported = sources.load(asked, base=tmp_path)
    assert imported.refused.empty
    findings = analyse(asked, imported.observations)
    gap = row(findings.gaps, primary.measure, primary.stratum)
    worse_when_lower = project.measure(primary.measure).direction == "increase"
    assert gap["difference_upper"] < 0 if worse_when_lower else gap["difference_lower"] > 0
    chart = row(findings.charts, change.measure, EVERYONE)
    assert chart["variation"] == "improvement"
    assert chart["established"]


def test_the_same_seed_gives_the_same_records_and_another_gives_others():
    project = PROJECTS["first_feed"]
    one, again, other = practice(project, 1), practice(project, 1), practice(project, 2)
    assert one.records.equals(again.records)
    assert not one.records.equals(other.records)
    truth = one.truth.set_index(["measure", "stratum"])
    before, after = truth.loc[("skin_to_skin", "Black"), ["before", "after"]]
    assert (before, after) == pytest.approx((0.6, 0.78))


def test_made_up_records_need_something_to_be_drawn_by_and_never_replace_a_file(tmp_path):
    with pytest.raises(UserError, match="no practice part"):
        practice(load_project(examples()["pph_reduction"]))
    project = PROJECTS["preterm_bundle"]
    (tmp_path / project.data.path).write_text("ours", encoding="utf-8")
    with pytest.raises(UserError, match="already there"):
        write(practice(project), project, tmp_path)


def test_a_bundle_has_its_elements_the_opportunities_and_the_sequence(tmp_path):
    project = PROJECTS["preterm_bundle"]
    few = ("cord", "milk", "steroids", "opportunities", "babies_between_no_steroids")
    kept = tuple(
        m.model_copy(update={"sum_of": ("cord", "milk")}) if m.sum_of else m
        for m in project.measures
        if m.id in few
    )
    write(practice(project), project, tmp_path)
    rows = sources.load(project.model_copy(update={"measures": kept}), base=tmp_path).observations
    sums = rows.groupby("measure")[["numerator", "denominator"]].sum()
    assert (sums.loc["opportunities"] == sums.loc["cord"] + sums.loc["milk"]).all()
    between = rows[rows["measure"] == "babies_between_no_steroids"]
    without = sums.loc["steroids", "denominator"] - sums.loc["steroids", "numerator"]
    assert 0 < len(between) < without  # several on one day are one point, and the first has no past
    assert (between["value"] >= 0).all()
    assert between["numerator"].isna().all()
    last = tuple(m for m in kept if m.id == "babies_between_no_steroids")
    sequence = project.model_copy(update={"measures": last})
    charts = analyse(sequence, between).charts
    assert set(charts["stratum"]) == set(project.strata.known) | {project.strata.groups[-1].name}


def test_one_line_changes_a_threshold_in_name_words_and_rule(tmp_path):
    text = library()["pph"].read_text(encoding="utf-8").replace("value: 1000,", "value: 1500,")
    path = tmp_path / "pph.yaml"
    path.write_text(text, encoding="utf-8")
    measure = load_project(path).measure("pph")
    assert measure.name == "Blood loss of 1,500 ml or more"
    assert measure.records.numerator["blood_loss_ml"].at_least == 1500


@every
def test_a_copy_is_right_as_it_stands_and_passes_the_review(name, tmp_path):
    path = tmp_path / "ours.yaml"
    path.write_text(scaffold("ours", name), encoding="utf-8")
    assert not check(path)
    assert review(load_project(path)).passed
    assert path.read_text(encoding="utf-8").startswith(
        "# yaml-language-server: $schema=./project.schema.json\n"
    )


def test_what_a_team_has_to_say_takes_the_place_of_the_reason(tmp_path):
    said = {"co_production": "Six women of the partnership decide with us: they are paid."}
    path = tmp_path / "ours.yaml"
    path.write_text(scaffold("ours", "pph", said), encoding="utf-8")
    project = load_project(path)
    assert project.co_production == said["co_production"]
    assert list(project.equity_reasons) == ["principles_answered"]
    assert review(project).passed
    with pytest.raises(UserError, match="nothing called 'co_produktion'"):
        scaffold("ours", "pph", {"co_produktion": "x"})


def test_an_example_gives_nobody_its_made_up_answers():
    text = scaffold("ours", "pph_reduction")
    assert "Six mothers" not in text
    assert "equity_reasons" not in text
    assert "# co_production:" in text


def test_the_pages_say_what_the_files_say():
    spec = importlib.util.spec_from_file_location("library", ROOT / "docs" / "library_pages.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for path, text in script.pages().items():
        assert path.read_text(encoding="utf-8") == text, "python docs/library_pages.py"
