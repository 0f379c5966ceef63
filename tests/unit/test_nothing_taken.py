"""Where nothing could be taken every command ends in 1; where little was, it says so first."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qi_equity.cli import app
from qi_equity.sources.outline import outline

CASES = Path(__file__).parents[1] / "cases"
HEAD = ["date", "eth", "ebl", "ga"]
PROJECT = CASES / "projects" / "ebl_comma.yaml"


def table(tmp_path: Path, rows: list[list[str]], head: list[str] = HEAD) -> Path:
    path = tmp_path / "births.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    return path


def ran(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    return done.exit_code, done.output


def births(unread: int, of: int) -> list[list[str]]:
    """Births of which some have a blood loss that cannot be read."""
    groups = ("Black African", "White British")
    return [
        [f"2024-{1 + at % 6:02}-01", groups[at % 2], "a lot" if at < unread else "450", "39"]
        for at in range(of)
    ]


def commands(project: Path, data: Path, tmp_path: Path) -> dict[str, list[object]]:
    return {
        "analyse": ["analyse", project, "--data", data],
        "plan": ["plan", project, "--data", data],
        "quality": ["quality", project, "--data", data],
        "import": ["import", project, data, "--database", tmp_path / "s.sqlite", "--accept-valid"],
    }


@pytest.mark.parametrize("command", ["analyse", "plan", "quality", "import"])
def test_records_of_a_group_nobody_mapped_end_in_an_error(tmp_path: Path, command: str) -> None:
    data = table(tmp_path, [[f"2024-0{month}-01", "Purple", "450", "39"] for month in range(1, 7)])
    code, said = ran(*commands(PROJECT, data, tmp_path)[command])
    assert code == 1, said
    assert "Purple" in said


def test_a_project_with_open_questions_is_written_and_ends_in_an_error(tmp_path: Path) -> None:
    code, said = ran("new", "ours", "--data", CASES / "04_dates_wk.csv", "--dir", tmp_path)
    assert code == 1, said
    assert "year" in said
    assert "year: '?'" in (tmp_path / "ours.yaml").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal is made as POSIX has them")
def test_on_a_terminal_what_a_file_leaves_open_is_asked_until_it_is_answered(
    tmp_path: Path,
) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "qi_equity.cli", "new", "ours"]
    more = ["--data", str(CASES / "04_dates_wk.csv"), "--dir", str(tmp_path)]
    os.write(ours, b"soon\n2024\n")
    done = subprocess.run([*command, *more], stdin=theirs, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "'soon' is no answer to this" in done.stdout
    assert len(done.stdout.split("Understood, for example:")[1].strip().splitlines()) == 3


def test_counts_that_are_all_withheld_are_nothing_to_go_on_with(tmp_path: Path) -> None:
    rows = [[f"2024-0{month}-01", group, "*", "20"] for month in range(1, 7) for group in "AM"]
    data = table(tmp_path, rows, ["month", "ethnicity", "pph", "births"])
    project = tmp_path / "ours.yaml"
    project.write_text(outline(data, "ours", tmp_path), encoding="utf-8")
    code, said = ran("analyse", project)
    assert (code, "Nothing could be taken" in said or "nothing to go on" in said) == (1, True)


def test_a_project_that_takes_nothing_of_its_own_file_is_written_and_ends_in_an_error(
    tmp_path: Path,
) -> None:
    rows = [[f"2024-0{month}-01", "Black", "lots", "many"] for month in range(1, 7)]
    data = table(tmp_path, rows, ["month", "ethnicity", "pph", "births"])
    code, said = ran("new", "ours", "--data", data, "--dir", tmp_path)
    assert code == 1, said


def test_an_import_of_blank_counts_only_ends_in_an_error(tmp_path: Path) -> None:
    rows = [[f"2024-0{month}-01", "Black", "", ""] for month in range(1, 7)]
    data = table(tmp_path, rows, ["month", "ethnicity", "pph", "births"])
    text = (CASES / "projects" / "codes.yaml").read_text(encoding="utf-8")
    head, _, _ = text.partition("\ndata:")
    mapping = "kind: table, path: x.csv, subgroup: month, stratum: ethnicity"
    ours = tmp_path / "ours.yaml"
    ours.write_text(
        f"{head}\ndata: {{{mapping}, numerator: pph, denominator: births}}\n", encoding="utf-8"
    )
    code, said = ran(*commands(ours, data, tmp_path)["import"])
    assert code == 1, said


@pytest.mark.parametrize("command", ["analyse", "plan", "quality"])
def test_less_than_half_of_the_births_is_said_before_any_finding(
    tmp_path: Path, command: str
) -> None:
    data = table(tmp_path, births(70, 120))
    code, said = ran(*commands(PROJECT, data, tmp_path)[command])
    assert code == 0, said
    warned = said.index("WARNING")
    assert "less than half of them" in said[warned:]
    title = {"analyse": "====", "plan": "ebl", "quality": "Completeness"}
    found = said.find(title[command], warned)
    assert found == -1 or warned < found


def test_a_measure_that_most_births_cannot_be_read_for_is_named(tmp_path: Path) -> None:
    """The births are taken for another measure, so the account's total would not tell."""
    text = PROJECT.read_text(encoding="utf-8")
    measure = text[text.index("  - id: pph") : text.index("data:\n")]
    other = measure.replace("pph", "preterm").replace("PPH", "Early")
    other = other.replace("{ebl: {at_least: 1000}}", "{ga: {below: 37}}")
    ours = tmp_path / "ours.yaml"
    ours.write_text(text.replace(measure, measure + other), encoding="utf-8")
    code, said = ran("analyse", ours, "--data", table(tmp_path, births(70, 120)))
    assert code == 0, said
    before = said.partition("====")[0]
    assert "WARNING: pph is read of 50 of 120 births only" in before
    assert "only 50 of 120" not in before  # all births were taken, for the other measure


@pytest.mark.parametrize("text", ["id: x\n", "nothing here", "id: [\n"])
def test_check_ends_in_an_error_where_a_project_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(text, encoding="utf-8")
    code, said = ran("check", path)
    assert code == 1
    assert "ours.yaml" in said
