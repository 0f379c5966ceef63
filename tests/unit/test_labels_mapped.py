"""The labels of a file: shown with their groups, and mapped without touching a comment."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from qi_equity import project_file, sources
from qi_equity.cli import app
from qi_equity.errors import UserError
from qi_equity.project_file.edited import with_labels
from qi_equity.quality.mother_and_baby import mother_and_baby
from qi_equity.sources.proposed import propose

ROWS = {"Black African": 9, "Afro-Carribean": 4, "Patient refused": 3, "Martian": 2, "Indian": 5}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A new project with a table whose labels are as people write them."""
    assert CliRunner().invoke(app, ["new", "ours", "--dir", str(tmp_path)]).exit_code == 0
    path = tmp_path / "ours.yaml"
    text = path.read_text(encoding="utf-8")
    measure = project_file.load(path).measures[0].id
    data = (
        "\ndata: # our counts\n  kind: table\n  path: t.csv\n  subgroup: week\n  stratum: group\n"
        "  measure: what\n  numerator: n\n  denominator: births\n"
    )
    path.write_text(text.rstrip() + "\n" + data, encoding="utf-8")
    rows = [
        f"2025-{1 + at // 4:02d}-{1 + 7 * (at % 4):02d},{label},{measure},0,9"
        for label, times in ROWS.items()
        for at in range(times)
    ]
    lines = ["week,group,what,n,births", *rows, ""]
    (tmp_path / "t.csv").write_text("\n".join(lines), encoding="utf-8")
    return path


def labels(*given: str) -> str:
    ran = CliRunner().invoke(app, ["labels", *given])
    assert ran.exit_code == 0, (ran.output, ran.exception)
    return ran.output


def test_every_label_is_shown_with_its_count_and_group_and_nothing_is_written(project):
    before = project.read_text(encoding="utf-8")
    said = labels(str(project))
    assert "9  Black African: Black" in said
    assert "5  Indian: Asian" in said
    assert "4  Afro-Carribean: Black (proposed)" in said or "Afro-Carribean: Black" in said
    assert "3  Patient refused: Not stated or not known" in said
    assert "No group is proposed for: Martian" in said
    assert project.read_text(encoding="utf-8") == before


def test_what_is_written_is_the_mapping_alone_and_then_nobody_is_left_out(project):
    before = project.read_text(encoding="utf-8")
    labels(str(project), "--write", "--set", "Martian=Other")
    after = project.read_text(encoding="utf-8")
    added = [line for line in after.splitlines() if line not in before.splitlines()]
    assert [line for line in after.splitlines() if line not in added] == before.splitlines()
    assert '    "Martian": "Other"' in added
    assert project_file.check(project) == ()
    imported = sources.load(project_file.load(project), base=project.parent)
    assert imported.taken == sum(ROWS.values())
    assert "no group" not in labels(str(project))
    labels(str(project), "--write")
    assert project.read_text(encoding="utf-8") == after, "a second time changes nothing"


def test_a_label_is_never_mapped_to_a_group_that_is_not_there(project):
    ran = CliRunner().invoke(app, ["labels", str(project), "--set", "Martian=Othr"])
    assert "did you mean 'Other'" in str(ran.exception)
    text = with_labels(project.read_text(encoding="utf-8"), {"Martian": "Nobody"})
    project.write_text(text, encoding="utf-8")
    (problem,) = project_file.check(project)
    assert "no stratum called 'Nobody'" in problem.message


@pytest.mark.parametrize("name", project_file.examples())
def test_labels_go_into_every_shipped_project_and_every_comment_stays(name, tmp_path):
    before = project_file.examples()[name].read_text(encoding="utf-8")
    group = project_file.load(project_file.examples()[name]).strata.groups[0].name
    text = with_labels(with_labels(before, {'Blk: "x" #1': group}), {"Café": group})
    kept = [line for line in text.splitlines() if line in before.splitlines()]
    assert kept == before.splitlines()
    path = tmp_path / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    assert project_file.load(path).strata.labels == {'Blk: "x" #1': group, "Café": group}


def test_a_flow_of_strata_is_refused_with_the_way_out():
    with pytest.raises(UserError, match="over several lines"):
        with_labels("strata: {groups: [a]}\n", {"x": "a"})


def test_new_projects_are_in_the_groups_of_the_newest_census_and_say_how_to_recode(project):
    strata = project_file.load(project).strata
    assert (strata.code_system, strata.roll_up) == ("ons_2021", "ons_5")
    assert "letters A to Z of 2001" in project.read_text(encoding="utf-8")
    assert propose("Blck Caribbean", strata) == "Black"
    assert propose("Q", strata) is None


def test_mother_and_baby_are_compared_by_group_and_every_birth_is_in_one_place(project, tmp_path):
    pairs = [("African", "African"), ("African", "White and Black African"), ("Indian", ""),
             ("", "Irish"), ("Refused", "Unknown"), ("Irish", "Irish")]  # fmt: skip
    path = tmp_path / "births.csv"
    lines = ["mother,baby", *(f"{mother},{baby}" for mother, baby in pairs), ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    found = mother_and_baby(project_file.load(project), path, mother="mother", baby="baby")
    rows = found.table.set_index("mother")
    assert rows.loc["Black", ["births", "agree", "differ"]].tolist() == [2, 1, 1]
    assert rows.loc["Asian", "baby_missing"] == 1
    unknown = rows.loc["Not stated or not known"]
    assert (unknown["mother_missing"], unknown["both_missing"]) == (1, 1)
    kinds = ["agree", "differ", "baby_missing", "mother_missing", "both_missing"]
    assert (found.table[kinds].sum(axis=1) == found.table["births"]).all()
    assert found.table["births"].sum() == len(pairs)
    assert "2 agree, 1 differ" in str(found)
