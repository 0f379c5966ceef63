"""YAML to Project, every problem at once with its line and column; nothing here reads data.

A file goes through three steps: its text as a tree with places (`tree`), each part on its own
(`project`, in our words by `words`), and what must hold between parts (`cross_checks`, on a
`draft` of whatever could be read, so that one mistake does not hide another).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from qi_equity.errors import Problem, ProjectErrors, UserError, did_you_mean
from qi_equity.project import Project
from qi_equity.project_file import new_file, tree, words
from qi_equity.project_file.cross_checks import CHECKS
from qi_equity.project_file.draft import Draft
from qi_equity.project_file.new_file import scaffold_from

__all__ = [
    "check",
    "examples",
    "is_audit",
    "left_in",
    "library",
    "load",
    "scaffold",
    "schema",
    "schema_shipped",
    "schema_text",
]

PACKAGE = Path(__file__).parents[1]


def load(path: str | os.PathLike[str]) -> Project:
    """The project in a file; raises ProjectErrors naming every problem there is.

    >>> load(examples()["chds_preterm"]).aim.primary.stratum
    'Black'
    """
    text, unread = _text(path)
    read = tree.read(text)
    problems = unread or set(_problems(read, str(path)))
    if problems:
        raise ProjectErrors(problems)
    return Project.model_validate(read.value, by_alias=True, by_name=False)


def check(path: str | os.PathLike[str]) -> tuple[Problem, ...]:
    """Every problem of a project file, in the order of its lines; none where it is right."""
    text, unread = _text(path)
    return unread or tuple(sorted(set(_problems(tree.read(text), str(path)))))


def is_audit(path: str | os.PathLike[str]) -> bool:
    """Whether a file is meant as an audit, and not as a project; the audit's own room is slow."""
    return _of_an_audit(tree.read(_text(path)[0]).value)


def _of_an_audit(value: object) -> bool:
    return isinstance(value, dict) and "area" in value and "indicators" in value


def schema() -> dict[str, Any]:
    """The JSON Schema of a project file, for editors that complete and check as one types."""
    from qi_equity.project_file import described

    seen: described.Seen = {}
    for path in (*examples().values(), *library().values()):
        described.seen_in(load(path), tree.read(_text(path)[0]).value, seen)
    made = described.described(Project.model_json_schema(by_alias=True), seen)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:qi-equity:project",
        **made,
        "title": "qi_equity project",
    }


def schema_text() -> str:
    """The same as the text of project.schema.json, which stands beside project files."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def schema_shipped() -> str:
    """The same as it ships: a test keeps it in step, and nothing has to be worked out."""
    return (_shipped() / "project.schema.json").read_text(encoding="utf-8")


def examples() -> dict[str, Path]:
    """The projects that ship with the package, by id."""
    return {path.stem: path for path in sorted(_shipped().glob("*.yaml"))}


def library() -> dict[str, Path]:
    """The definitions to start a project from, by id: projects without a team, and no example.

    >>> load(library()["early_booking"]).measures[0].role
    'outcome'
    """
    return {path.stem: path for path in sorted((_shipped() / "library").glob("*.yaml"))}


def _shipped() -> Path:
    # Installed they lie in the package; in the repository at its top, where people look.
    homes = (PACKAGE / "projects", PACKAGE.parents[1] / "projects")
    return next(home for home in homes if home.is_dir())


def scaffold(
    name: str,
    base: str = "pph_reduction",
    said: Mapping[str, str] | None = None,
    today: date | None = None,
) -> str:
    """A new project file with comments, from an example or the library; a schema goes beside it.

    `said` is what its team has to say, by key: co_production, language, share_back or note.

    >>> scaffold("our_project").splitlines()[0]
    '# yaml-language-server: $schema=./project.schema.json'
    """
    shipped = examples() | library()
    if base not in shipped:
        raise UserError(f"there is no example called '{base}'{did_you_mean(base, shipped)}")
    text = shipped[base].read_text(encoding="utf-8")
    return scaffold_from(
        text, name, base, today or date.today(), definition=base in library(), said=said or {}
    )


def left_in(path: str | os.PathLike[str]) -> list[Problem]:
    """What of a new file still stands as it came; it may be right, so it is no problem."""
    text, _ = _text(path)
    return [Problem(str(path), *one) for one in new_file.left_in(text)]


def _text(path: str | os.PathLike[str]) -> tuple[str, tuple[Problem, ...]]:
    """The text of a file, or why there is none."""
    try:
        # A byte order mark is what Windows editors leave behind: no part of the text.
        return Path(path).read_text(encoding="utf-8-sig"), ()
    except UnicodeDecodeError as wrong:
        told = tree.not_text(wrong)
        before = wrong.object[: wrong.start]
        line, column = before.count(b"\n") + 1, wrong.start - before.rfind(b"\n")
        return "", (Problem(str(path), line, column, told),)
    except OSError as wrong:
        reason = (wrong.strerror or "it cannot be opened").lower()
        return "", (Problem(str(path), 0, 0, f"the file cannot be read: {reason}"),)


def _problems(read: tree.Tree, file: str) -> Iterator[Problem]:
    for (line, column), message in read.problems:
        yield Problem(file, line, column, message)
    if read.value is None and read.problems:
        return
    if not isinstance(read.value, dict):
        told = "a project file has keys such as id, title and aim; this one has none"
        yield Problem(file, 1, 1, told)
        return
    if _of_an_audit(read.value):
        told = f"this is an audit and not a project; run: qi-equity audit {file}"
        yield Problem(file, 1, 1, told)
        return
    unread = words.unread(read.value)
    for path, message in unread.messages:
        if path not in read.refused:
            yield Problem(file, *read.place(path, path in unread.keys), message)
    draft = Draft(Project, read.value)
    for each in CHECKS:
        for path, message in each(draft):
            if path not in unread.meant:
                found = f"{words.where(path[:-1], read.value)}{message}"
                yield Problem(file, *read.place(path), found)
