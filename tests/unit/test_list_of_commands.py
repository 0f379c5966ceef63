"""The list of commands says what the commands say, though it makes none of them."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

import qi_equity.cli
from qi_equity.cli.commands import HOMES, app, app_of
from qi_equity.cli.common import App, first_paragraph

MODULES = sorted(path.stem for path in Path(qi_equity.cli.__file__).parent.glob("*.py"))
MADE = typer.main.get_group(app).commands
COMPLETED = "import sys; from qi_equity.cli import main; sys.argv = ['qi-equity']; main()"


def asked(*words: str) -> str:
    return CliRunner().invoke(app, words).output


def completed(typed: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", COMPLETED], capture_output=True, text=True, check=True,
        env={"_QI_EQUITY_COMPLETE": "complete_bash", "COMP_WORDS": f"qi-equity {typed}",
             "COMP_CWORD": str(len(typed.split()) or 1), "PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    return done.stdout.split()


def test_every_command_of_a_module_is_listed_and_nothing_else() -> None:
    of_modules = {
        name: module
        for module in MODULES
        if module not in ("__main__", "commands")
        and isinstance(found := getattr(import_module(f"qi_equity.cli.{module}"), "app", None), App)
        for name in typer.main.get_group(found).commands
    }
    assert of_modules == HOMES


def test_help_lists_the_commands_in_order_with_their_first_paragraph() -> None:
    listed = " ".join(asked("--help").partition("Commands:")[2].split())
    told = ((name, first_paragraph(MADE[name].help)) for name in HOMES)
    assert listed == " ".join(f"{name} {text}" for name, text in told)
    assert asked() == asked("--help")


@pytest.mark.parametrize("name", HOMES)
def test_a_command_says_of_itself_what_the_list_says(name: str) -> None:
    said = app_of(name).summaries()[name]
    assert said
    assert said in " ".join(asked(name, "--help").split())


def test_a_name_misspelt_is_told_of() -> None:
    assert "'check'" in asked("chek")


def test_names_are_completed() -> None:
    assert completed("che") == ["check"]
    assert completed("users re") == ["remove", "reset"]
    assert completed("check --eq") == ["--equity"]
    assert completed("") == list(HOMES)
