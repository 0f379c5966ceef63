"""What is built and installed somewhere else runs: nothing of it hangs on the repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLI = "from qi_equity.cli import main; main()"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A folder that the built wheel was installed into, and how to run what is there."""
    folder = tmp_path_factory.mktemp("elsewhere")
    # With what builds it at hand, nothing is fetched; without, pip fetches that.
    alone = ("--no-build-isolation",) if find_spec("hatchling") else ()
    for words in (
        ("wheel", "--no-deps", *alone, "-w", str(folder / "dist"), str(ROOT)),
        ("install", "--no-deps", "--no-index", "--find-links", str(folder / "dist"),
         "--target", str(folder / "site"), "qi-equity"),
    ):  # fmt: skip
        subprocess.run(
            [sys.executable, "-m", "pip", *words], check=True, capture_output=True, text=True
        )
    return folder


def started(elsewhere, *words, **options):
    return subprocess.Popen(
        [sys.executable, "-c", CLI, *words], cwd=elsewhere, text=True,
        env=os.environ | {"PYTHONPATH": str(elsewhere / "site"), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, **options,
    )  # fmt: skip


def test_the_command_says_what_it_can_do(elsewhere):
    with started(elsewhere, "--help") as told:
        assert "analyse" in told.communicate()[0]
    assert told.returncode == 0


def test_a_project_of_a_new_user_starts_from_what_ships(elsewhere):
    for words in (("new", "ours"), ("check", "ours.yaml")):
        with started(elsewhere, *words) as told:
            said = told.communicate()[0]
    assert "1 project file checked: no mistake; still as they came: 3 lines." in said
    assert told.returncode == 0


def test_the_example_network_answers(elsewhere):
    server = started(elsewhere, "demo", "--port", "0", "--no-browser", stderr=subprocess.DEVNULL)
    try:
        found = (re.search(r"http://\S+", line) for line in server.stdout)
        with urllib.request.urlopen(next(one[0] for one in found if one)) as page:
            assert page.status == 200
            assert b"synthetic" in page.read()
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()
