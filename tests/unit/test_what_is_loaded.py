"""A name or a command loads what it uses, and leaves alone what others use."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from qi_equity.cli.checking import check
from qi_equity.cli.commands import HOMES
from qi_equity.project_file import examples, words

COMMAND = """
import sys
from qi_equity.cli import main
sys.argv = ["qi-equity", *{words!r}]
try:
    main()
except SystemExit as done:
    assert not done.code, done.code
"""
LEFT_ALONE = "import json, sys; print(json.dumps([one for one in {names!r} if one in sys.modules]))"
SCREENS = ("plotly", "panel", "bokeh", "sqlalchemy", "tornado")
COUNTS = str(examples()["booking_by_interpreter_need"])


def loaded(code: str, names: tuple[str, ...]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{LEFT_ALONE.format(names=names)}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize(
    ("code", "others"),
    [
        ("import qi_equity", ("numpy", "pandas", "pydantic")),
        ("from qi_equity import chart, gaps, gap_charts", (*SCREENS, "pydantic", "scipy.stats")),
        ("from qi_equity import load_project", (*SCREENS, "numpy", "pandas")),
        ("from qi_equity import analyse", (*SCREENS, "ibis", "scipy.stats", "openpyxl")),
        # What reads a file of counts or births is for whoever reads one.
        ("from qi_equity import analyse", ("qi_equity.sources.tables", "qi_equity.sources.dates")),
        # The solver is for whoever makes a release, a calendar for whoever takes one.
        ("import qi_equity.app.demo", ("scipy.optimize", "scipy.stats", "icalendar")),
        # What makes packs is for who sends some round.
        ("import qi_equity.app.demo", ("qi_equity.report",)),
    ],
)
def test_a_public_name_loads_what_it_uses(code: str, others: tuple[str, ...]) -> None:
    assert loaded(code, others) == []


@pytest.mark.parametrize(
    ("words", "others"),
    [
        (["--help"], ("rich", "numpy", "pandas", "pydantic", "yaml", "hashlib")),
        (["check", COUNTS], (*SCREENS, "rich", "numpy", "pandas")),
        # A command's module is for whoever asks for it, and so is what its arguments are made of.
        (["check", COUNTS], ("qi_equity.cli.project", "qi_equity.cli.network")),
        (["quality", COUNTS], (*SCREENS, "rich", "ibis", "scipy.stats")),
        (["plan", COUNTS], (*SCREENS, "rich", "ibis", "scipy.stats", "qi_equity.judging")),
        (["analyse", COUNTS], (*SCREENS, "rich", "ibis", "scipy.stats")),
    ],
)
def test_a_command_loads_what_it_uses(words: list[str], others: tuple[str, ...]) -> None:
    assert loaded(COMMAND.format(words=words), others) == []


@pytest.mark.parametrize("name", HOMES)
def test_a_command_says_what_it_takes_before_anything_that_does_it_is_loaded(name: str) -> None:
    others = ("rich", "numpy", "pandas", "pydantic", "yaml", "sqlalchemy", "qi_equity.project")
    assert loaded(COMMAND.format(words=[name, "--help"]), others) == []


@pytest.mark.parametrize(
    "code",
    [
        "from qi_equity.project import Project as one; made = one.__pydantic_complete__",
        "from qi_equity import ethnicity as one; made = one._rows.cache_info().currsize",
        "from qi_equity.words import _subject, say; say('script.pending', count=2); "
        "made = _subject.cache_info().currsize - len(('script', 'language'))",
    ],
)
def test_what_is_read_is_read_when_it_is_asked_for(code: str) -> None:
    assert loaded(f"{code}; assert not made", ()) == []


def test_a_file_is_validated_once_by_the_command_that_checks_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    times: list[object] = []
    real = words.unread
    monkeypatch.setattr(words, "unread", lambda value: times.append(value) or real(value))
    check([Path(COUNTS)])
    assert len(times) == 1
    assert "nothing to put right" in capsys.readouterr().out


def test_the_list_of_commands_says_what_each_does_to_the_end() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "qi_equity.cli", "--help"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "..." not in done.stdout.partition("Commands:")[2]
