"""The documentation keeps up with the code: commands exist, links lead somewhere, Python runs."""

from __future__ import annotations

import inspect
import json
import os
import re
from pathlib import Path

import pytest
import typer.main

import qi_equity
from qi_equity.cli import app
from qi_equity.project_file import examples, schema

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])
REFERENCE = ROOT / "docs/reference/command-line.md"
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_named_on_a_page_exists(page):
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"^    .*?qi-equity ([a-z]+)", text, flags=re.MULTILINE):
        assert name in COMMANDS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """A folder with the files that the pages speak of, to work in."""
    example = examples()["chds_preterm"].read_text(encoding="utf-8")
    (tmp_path / "my_project.yaml").write_text(example, encoding="utf-8")
    for name, groups in (("booking", ["black", "white"]), ("neonatal", ["black", "asian"])):
        rows = [f"{number},{group}" for number, group in enumerate(groups)]
        text = "\n".join(["birth_id,ethnicity", *rows])
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_on_a_page_runs(page):
    text = page.read_text(encoding="utf-8")
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        exec(compile(block, str(page), "exec"), names)


def test_every_page_is_reached_from_the_first():
    reached, left = set(), [ROOT / "docs/index.md"]
    while left:
        page = left.pop().resolve()
        if page.suffix != ".md" or page in reached:
            continue
        reached.add(page)
        found = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        left += [page.parent / target for target in found if "://" not in target]
    pages = {page.resolve() for page in ROOT.glob("docs/**/*.md")}
    assert {str(page.relative_to(ROOT)) for page in pages - reached} == set()


def every_command():
    for name in typer.main.get_command(app).list_commands(None):
        command = COMMANDS[name]
        yield name, command
        for other, one in getattr(command, "commands", {}).items():
            yield f"{name} {other}", one


def reference() -> str:
    """docs/reference/command-line.md, read off the commands themselves."""
    lines = [
        "# The command line",
        "",
        "Read off the commands by `QI_EQUITY_WRITE_DOCS=1 pytest tests/unit/test_docs.py`.",
        "Exit codes: 0 done, 1 what you gave it has a problem, 2 wrong usage, 3 a fault of ours.",
    ]
    for name, command in every_command():
        lines += ["", f"## qi-equity {name}", "", command.help or "", ""]
        for part in command.params:
            if part.name == "help":
                continue
            shown = (
                ", ".join(f"`{text}`" for text in part.opts)
                if part.opts[0][0] == "-"
                else (f"`{part.metavar or part.name.upper()}`")
            )
            lines.append(f"- {shown}: {getattr(part, 'help', None) or ''}")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def test_every_command_has_help_and_stands_in_the_reference():
    assert all(command.help for _, command in every_command())
    if os.environ.get("QI_EQUITY_WRITE_DOCS"):
        REFERENCE.write_text(reference(), encoding="utf-8")
    assert REFERENCE.read_text(encoding="utf-8") == reference()


def api() -> str:
    """docs/reference/api.md, read off the public functions."""
    lines = [
        "# Python",
        "",
        "Read off the public functions by `QI_EQUITY_WRITE_DOCS=1 pytest tests/unit/test_docs.py`.",
        "Arguments after the data are named. A table is pandas, polars, Arrow, a dictionary of",
        "columns or a list of rows; missing is nan. A moment in a time zone is the day and hour",
        "that its clocks wrote. What is wrong with an argument or the data",
        "raises `qi_equity.errors.DataErrors`, which names everything at once, and where.",
    ]
    for name in qi_equity.__all__:
        function = getattr(qi_equity, name)
        told = inspect.getdoc(function) or ""
        prose, mark, example = told.partition(">>> ")
        given = ", ".join(
            f"**{each}" if part.kind is part.VAR_KEYWORD else each
            for each, part in inspect.signature(function).parameters.items()
        )
        lines += ["", f"## qi_equity.{name}", "", f"`{name}({given})`", "", prose.rstrip()]
        if mark:
            lines += ["", "```", f">>> {example.rstrip()}", "```"]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def keys() -> str:
    """docs/reference/project-file.md, read off the schema."""
    held = schema()
    lines = [
        "# The project file, key by key",
        "",
        "Read off the schema by `QI_EQUITY_WRITE_DOCS=1 pytest tests/unit/test_docs.py`. The first",
        "line of a project file points an editor at the schema beside it: it completes keys, and",
        "says this of each as you type. `*`: the key has to be there.",
    ]
    for name, part in {"Project": held, **held["$defs"]}.items():
        if not part.get("properties"):
            continue
        lines += ["", f"## {name}", ""]
        lines += ["| key | what it says | for example |", "|---|---|---|"]
        for key, told in part["properties"].items():
            example = json.dumps(told["examples"][0], ensure_ascii=False).replace("|", "\\|")
            star = "\\*" if key in part.get("required", ()) else ""
            said = told["description"].replace("|", "\\|").replace("<", "&lt;")
            lines.append(f"| `{key}`{star} | {said} | `{example}` |")
    return "\n".join(lines) + "\n"


def decisions() -> str:
    """docs/decisions/README.md, the first line of each."""
    lines = [
        "# Decisions",
        "",
        "Half a page each, on what a reader might question: what was chosen, why, what it costs.",
        "Made by `QI_EQUITY_WRITE_DOCS=1 pytest tests/unit/test_docs.py`.",
        "",
    ]
    for page in sorted((ROOT / "docs/decisions").glob("*.md")):
        if page.name != "README.md":
            title = page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
            lines.append(f"- [{title}]({page.name})")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("page", "read_off"),
    [
        ("reference/api", api),
        ("reference/project-file", keys),
        ("decisions/README", decisions),
    ],
)
def test_a_reference_made_from_code_is_in_step(page, read_off):
    path = ROOT / f"docs/{page}.md"
    if os.environ.get("QI_EQUITY_WRITE_DOCS"):
        path.write_text(read_off(), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == read_off()


def test_every_public_function_says_what_it_does_and_shows_it():
    for name in qi_equity.__all__:
        told = inspect.getdoc(getattr(qi_equity, name)) or ""
        assert ">>> " in told, name
