"""The command line as a person meets it: what is printed, what is written, the exit code."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from qi_equity.project_file import examples


def run(
    *arguments: object, cwd: Path | None = None, typed: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "qi_equity.cli", *map(str, arguments)],
        input=typed,
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


@pytest.fixture(scope="module")
def chds(tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return run("analyse", examples()["chds_preterm"], "--out", out), out


def test_analysing_the_real_births_prints_births_and_events_of_every_stratum(chds):
    done, _ = chds
    assert done.returncode == 0, done.stderr
    for figures in ("41 of 241", "47 of 860", "5 of 44", "3 of 40", "1 of 25"):
        assert figures in done.stdout
    assert "13" in done.stdout  # births whose gestation is not known are counted out loud


def test_analysing_the_real_births_gives_the_gap_with_its_interval(chds):
    done, out = chds
    gaps = pd.read_csv(out / "gaps.csv").set_index("stratum")
    black = gaps.loc["Black"]
    assert black["difference_lower"] < black["difference"] < black["difference_upper"]
    assert (black["numerator"], black["denominator"]) == (41, 241)
    assert "Too few to say: 1 of 25 for Mixed" in done.stdout


def test_out_holds_the_findings_as_tables_and_json(chds):
    _, out = chds
    names = {path.name for path in out.iterdir()}
    assert {"points.csv", "charts.csv", "gaps.csv", "findings.json"} <= names
    found = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    assert found["project"] == "chds_preterm"


def test_check_of_a_sound_file_says_so():
    done = run("check", examples()["chds_preterm"])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "1 project file checked: nothing to put right.\n"


def test_check_of_every_example_finds_no_mistake():
    done = run("check", *examples().values())
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{len(examples())} project files checked: no mistake" in done.stdout


def test_six_mistakes_are_six_lines_with_their_places(tmp_path):
    text = examples()["pph_reduction"].read_text(encoding="utf-8").splitlines()
    wrong = {
        "clinical_area:": "clinical_area: heamorrhage",
        "network:": "netwrok: Somewhere",
        "  population:": "  population: 7",
        "    role: outcome": "    role: outcom",
        "    direction:": "    direction: down",
        "    chart:": "    chart: pie",
    }
    places = []
    for start, line in wrong.items():
        row = next(i for i, old in enumerate(text) if old.startswith(start))
        text[row] = line
        places.append(row + 1)
    file = tmp_path / "wrong.yaml"
    file.write_text("\n".join(text), encoding="utf-8")
    done = run("check", file)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    reported = {
        int(line.removeprefix(str(file)).split(":")[1]) for line in done.stdout.splitlines()
    }
    assert set(places) <= reported
    assert "did you mean 'network'?" in done.stdout


def test_new_writes_a_file_that_checks(tmp_path):
    assert run("new", "our_unit", "--dir", tmp_path).returncode == 0
    assert run("check", tmp_path / "our_unit.yaml").returncode == 0
    assert (tmp_path / "project.schema.json").is_file()  # where the file's first line points
    again = run("new", "our_unit", "--dir", tmp_path)
    assert (again.returncode, "already there" in again.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check", "nowhere.yaml"], 1),
        (["analyse", "nowhere.yaml"], 1),
        (["analyse", "."], 1),
        (["new", "x y"], 1),
        (["new", "ok", "--from", "nothing"], 1),
        (["analyse"], 2),
        (["bake"], 2),
    ],
)
def test_a_mistake_has_a_sentence_and_no_traceback(tmp_path, arguments, code):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert "Traceback" not in done.stderr + done.stdout
    assert (done.stderr + done.stdout).strip()


def test_a_network_is_filled_logged_to_verified_copied_and_exported(tmp_path):
    project = examples()["chds_preterm"]
    births = project.parent / "data" / "chds_births.csv"
    first = run("import", project, births, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "318 rows taken" in first.stdout
    again = run("import", project, births, cwd=tmp_path)
    assert "already" in again.stdout
    logged = run("log", project, "--week", "1965-09-13", cwd=tmp_path, typed="1/3\n\n\n\n\n\n")
    assert "Saved 1 count" in logged.stdout, logged.stderr
    covered = run("log", project, "--week", "1965-09-13", cwd=tmp_path, typed="2/3\n\n\n\n\n\n")
    assert covered.returncode == 1  # a correction needs a reason
    assert "reason" in covered.stderr
    assert "every link holds" in run("verify", cwd=tmp_path).stdout
    assert run("backup", "copy.sqlite", cwd=tmp_path).returncode == 0
    back = run("restore", "copy.sqlite", "--database", "other.sqlite", cwd=tmp_path)
    assert back.returncode == 0, back.stderr
    assert run("export", "everything", cwd=tmp_path).returncode == 0
    assert (tmp_path / "everything" / "chds_preterm.csv").stat().st_size > 0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--week", "2024-99-01"], "'2024-99-01' is not a day; write it as 2026-01-05"),
        (["--week", "2024-01-02"], "is a Tuesday: the week it is in begins on 2024-01-01"),
        (["--week", "2999-01-07"], "has not come yet: check its year"),
        (["--week", "2024-01-01", "--site", "our_unnit"], "did you mean 'our_unit'?"),
    ],
)
def test_a_wrong_week_or_site_is_answered_before_any_count_is_asked(tmp_path, asked, said):
    assert run("new", "ours", "--dir", tmp_path).returncode == 0
    done = run("log", "ours.yaml", *asked, cwd=tmp_path, typed="1/3\n" * 40)
    assert done.returncode == 1
    assert said in " ".join(done.stderr.split())
    assert "numerator/denominator" not in done.stdout


def test_a_command_on_a_store_that_is_not_there_says_how_to_make_one(tmp_path):
    for command in (["verify"], ["backup", "b.sqlite"], ["export", "e"]):
        done = run(*command, cwd=tmp_path)
        assert (done.returncode, "import" in done.stderr) == (1, True)
    assert not list(tmp_path.iterdir())


def test_a_plan_says_never_with_this_baseline_and_what_would_help():
    done = run("plan", examples()["chds_preterm"])
    assert done.returncode == 0, done.stderr
    assert "never with this baseline" in " ".join(done.stdout.split())
    assert "What would help" in done.stdout


def test_a_plan_offers_no_baseline_of_centuries_and_no_network_of_thousands(tmp_path):
    # The first hour's own plan: its target is a hair below the rate of some groups.
    assert run("new", "ours", "--dir", tmp_path).returncode == 0
    counts = examples()["pph_reduction"].parent / "data/example_counts.csv"
    done = run("plan", tmp_path / "ours.yaml", "--data", counts)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    offered = re.findall(r"a baseline of more than ([\d,]+) weeks", said)
    together = re.findall(r"([\d,]+) sites like this one together", said)
    assert offered
    assert max(int(one.replace(",", "")) for one in offered) <= 520
    assert max(int(one.replace(",", "")) for one in together) <= 150
    assert "so small a change cannot be told from none" in said


def test_a_port_that_is_taken_is_said_before_any_work_is_done():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("demo", "--no-browser", "--port", taken.getsockname()[1])
    assert done.returncode == 1
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
