"""What the documentation names is there: files, options, names, settings, pages of the app."""

from __future__ import annotations

import pydoc
import re
import tomllib
from pathlib import Path

import pytest
import typer.main

from qi_equity.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("benchmarks/*.md"),
    ]
)
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
CODE = re.compile(r"`([^`\n]+)`")
# Where a path on a page may begin: the repository, or the package.
HOMES = (ROOT, ROOT / "src", ROOT / "src/qi_equity", ROOT / "projects")
WITH_ENDING = re.compile(
    r"[\w.-]+(?:/[\w.-]+)+\.(?:py|md|toml|css|js|html|ya?ml)\b(?![.])(?:::\w+)?"
)
# What stands for a name of the reader's own, or is made where nobody has it yet.
OWN = ("NAME", "SUBJECT", "build/")
MENU = tomllib.loads((ROOT / "src/qi_equity/words/en/labels.toml").read_text("utf-8"))[
    "page"
].values()
READ = "\n".join(
    path.read_text("utf-8")
    for path in (*ROOT.glob("src/**/*.py"), *ROOT.glob("tests/**/*.py"), ROOT / "compose.yaml")
)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def options(command: str) -> set[str]:
    """Every option of a command, those of its parts among it."""
    held = COMMANDS[command]
    every = [held, *getattr(held, "commands", {}).values()]
    return {
        name
        for one in every
        for part in one.params
        for name in (*part.opts, *part.secondary_opts)
        if name.startswith("-")
    } | {"--help"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_and_test_that_a_page_names_is_there(page):
    lost = []
    for named in CODE.findall(text_of(page)):
        for path in WITH_ENDING.findall(named):
            if any(one in path for one in OWN):
                continue
            file, _, test = path.partition("::")
            found = next((home / file for home in HOMES if (home / file).is_file()), None)
            if found is None or (test and f"def {test}(" not in text_of(found)):
                lost.append(path)
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_a_page_gives_a_command_is_its(page):
    text = text_of(page).replace("\\\n", " ")
    said = [*CODE.findall(text), *re.findall(r"^    (.+)$", text, flags=re.MULTILINE)]
    wrong = []
    for command, rest in re.findall(r"qi-equity ([a-z]+)([^\n;&#|]*)", "\n".join(said)):
        known = options(command) if command in COMMANDS else set()
        given = re.findall(r"(?<![\w-])--[a-z][\w-]*", rest)
        wrong += [f"{command} {one}" for one in given if one not in known]
        wrong += [command] if command not in COMMANDS else []
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_name_of_ours_and_every_setting_that_a_page_gives_is_there(page):
    text = text_of(page)
    lost = [one for one in set(re.findall(r"QI_EQUITY_[A-Z_]*[A-Z]", text)) if not is_read(one)]
    for name in re.findall(r"(?<![\w./-])qi_equity(?:\.\w+)+", text):
        if pydoc.locate(name) is None and not name.endswith((".sqlite", ".py")):
            lost.append(name)
    assert lost == []


def is_read(setting: str) -> bool:
    """Whether code asks for a setting: by its whole name, or by what comes after a shared start."""
    rest = setting.removeprefix("QI_EQUITY_")
    ends = {rest, *(rest[at.end() :] for at in re.finditer("_", rest))}
    return setting in READ or any(
        re.search(rf"[\"'}}]{end}[\"']", READ, re.IGNORECASE) for end in ends
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_of_the_app_that_is_named_is_in_its_menu(page):
    said = re.findall(r"(?:[Pp]ages?|the app's) \*{0,2}([A-Z]\w+(?: [a-z]+){0,3})", text_of(page))
    said += re.findall(r"[Pp]ages [A-Z][\w ]*? and ([A-Z]\w+)", text_of(page))
    strange = [
        one for one in said if not any(re.match(rf"{re.escape(name)}\b", one) for name in MENU)
    ]
    assert strange == []
