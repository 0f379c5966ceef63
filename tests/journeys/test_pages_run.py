"""Every command on a page of the documentation runs as it stands there, in the order it stands in.

A command that cannot run here stands in NOT_RUN with the reason. Commands run in one process, in a
folder that has what the repository has beside README, and the files that a page says are yours.
"""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qi_equity.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])
COMMAND = re.compile(r"^(?:    )?(?:\$ )?(qi-equity .*(?:\\\n.*)*)$", re.MULTILINE)

# What a page shows and nothing here can run, each by what it begins with, and why.
NOT_RUN = {
    "qi-equity demo": "serves until stopped; tests/journeys/test_wheel.py runs it",
    "qi-equity serve": "serves until stopped, with people's passwords",
    "qi-equity watch": "looks at a folder until stopped; test_extracts_arriving.py plays it",
    "qi-equity users": "asks for a password on a terminal",
    "qi-equity log": "asks on a terminal; tests/journeys/test_cli.py answers",
    "qi-equity release": "needs a network's store; test_releases_through_the_app.py plays it",
    "qi-equity respond": "needs a network's store; test_signal_to_response.py plays it",
    "qi-equity engaged": "needs a network's store; test_signal_to_response.py plays it",
    "qi-equity progress": "needs a network's store; test_signal_to_response.py plays it",
    "qi-equity principles": "needs a project of one's own; tests/unit/test_principles.py plays it",
    "qi-equity board": "needs files of one's own; tests/unit/test_board_questions.py plays it",
    "qi-equity report": "needs LibreOffice for paper; test_report_files.py makes every format",
    "qi-equity audit": "takes minutes; tests/journeys/test_audit_example.py runs the page",
    "qi-equity new --from-audit": "of the plan above; test_audit_example.py runs the page",
    "qi-equity voices": "of people's own words; tests/unit/test_voices.py reads such files",
    "qi-equity workforce": "of a national return; tests/unit/test_workforce.py reads one",
    "qi-equity labels": "of a file that is yours; tests/unit/test_labels_mapped.py maps such",
    "qi-equity quality": "of records that are yours; tests/journeys/test_cli.py runs it",
    "qi-equity ledger": "of sites that are yours; tests/unit/test_ledger.py plays them",
    "qi-equity import my_project.yaml FILE": "FILE is yours",
    "qi-equity analyse my_project.yaml": "the file is yours; README's own are run",
    "qi-equity ": "",  # every other one is run
}


def commands(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return [re.sub(r"\s+#.*| *\\\n *", " ", found).strip() for found in COMMAND.findall(text)]


def why_not(command: str) -> str:
    return next(why for start, why in NOT_RUN.items() if command.startswith(start))


TO_RUN = {page: [one for one in commands(page) if not why_not(one)] for page in PAGES}


@pytest.mark.parametrize(
    "page", [page for page, run in TO_RUN.items() if run], ids=lambda p: p.name
)
def test_the_commands_of_a_page_run_in_its_order(page, tmp_path, monkeypatch):
    for folder in ("projects", "audits"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    for command in TO_RUN[page]:
        done = CliRunner().invoke(app, shlex.split(command)[1:])
        assert done.exit_code == 0, f"{command}\n{done.output}\n{done.exception}"


def test_nothing_is_left_out_that_no_page_shows():
    shown = [one for page in PAGES for one in commands(page)]
    unused = [start for start in NOT_RUN if not any(one.startswith(start) for one in shown)]
    assert unused == []
