"""Files that people bring in through a page: read as on the command line, shown, and then kept."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from qi_equity import project_file, sources
from qi_equity.app.aside import Late, Lost, Worker
from qi_equity.app.received import Received, on_disk, received
from qi_equity.errors import DataErrors, ProjectErrors, UserError
from qi_equity.project import Project
from qi_equity.sources import Imported, keeping
from qi_equity.sources.outline import ANSWERED, OPEN, not_read, outline, slug
from qi_equity.store import Desk
from qi_equity.store.text import inert
from qi_equity.words import say, words_of
from qi_equity.words.numbers import number

Fields = Mapping[str, Any]
Answer = dict[str, Any]
T = TypeVar("T")
LINES = 60  # of an account on a page; the rest is counted
LONGEST_LINE = 400
LIMIT = 180  # seconds that reading a file may take: the largest takes a minute on a busy machine
TOO_LONG = (
    f"this file takes more than {LIMIT} seconds to read, which is too long for a page; bring it in "
    "with: qi-equity import PROJECT FILE"
)

TOO_HARD = (
    "this file could not be read: it took more than this server has; nothing was kept. Bring it in "
    "with: qi-equity import PROJECT FILE"
)

# Files are read in a process of their own, one after another: reading is Python's work, and every
# page would wait for it here. A small text is read sooner than a process is asked.
_reader = Worker(LIMIT, gives_way=10)
SMALL = 20_000  # bytes


def _apart(function: Callable[..., T], file: Received, *arguments: Any) -> T:
    """What a function makes of a file, wherever it is worked out; why it refuses comes back."""
    if len(file.content) <= SMALL and file.name.endswith(".csv"):
        return function(file, *arguments)
    # A folder of this process: it is gone with all that is in it though the other one be killed.
    with tempfile.TemporaryDirectory(prefix="qi-equity-") as folder:
        try:
            reading = _reader.submit(_there, folder, function, file, *arguments)
            found: T | _Refused = reading.result()
        except Late:
            raise UserError(TOO_LONG) from None
        except Lost:
            raise UserError(TOO_HARD) from None
    if isinstance(found, _Refused):
        raise UserError(found.why)
    return found


@dataclass(frozen=True, slots=True)
class _Refused:
    why: str


def _there(folder: str, function: Callable[..., T], *arguments: Any) -> T | _Refused:
    """In the process that reads files, all of whose own lie in this folder."""
    tempfile.tempdir = folder
    try:
        return function(*arguments)
    except UserError as wrong:
        return _Refused(str(wrong))


def read(project: Project, file: Received) -> Imported:
    """Counts, or birth records added up, by the project's mapping; the file is gone afterwards."""
    return _apart(_read, file, project)


def _read(file: Received, project: Project) -> Imported:
    with on_disk(file) as path:
        return _named(sources.load(project, path), path, file)


def _named(imported: Imported, path: Path, file: Received) -> Imported:
    """The account under the name that the person knows, not that of our copy."""
    return replace(imported, source=imported.source.replace(str(path), file.name))


def looked(desk: Desk | None, project: Project, fields: Fields) -> Answer:
    """What bringing this file in would do; nothing is kept."""
    file = received(fields)
    imported = read(project, file)
    found = keeping.kept(project, imported)
    would = _kept(desk, project, found.table, file, imported, fields, keep=False)
    lines = [*str(imported).splitlines(), *_without(found.without)]
    refused = len(would.refused) - len(imported.refused)
    lines += [f"  refused by the store: {line}" for line in would.refused[-refused:] if refused > 0]
    if would.already:
        return _shown(file, imported, [say("log.file_already"), *lines], "")
    keep = ""
    if would.taken + would.unchanged:
        name = "keep_rest" if would.refused else "keep"
        left = number(int(imported.refused["rows"].sum()) + max(refused, 0))
        keep = say(f"log.file.{name}", count=would.taken + would.unchanged, refused=left)
    return _shown(file, imported, lines, keep)


def keep(desk: Desk, project: Project, fields: Fields) -> str:
    """Keep what was shown of a file, the refused rows left out; says what was done."""
    file = received(fields)
    _same(file, fields)
    imported = read(project, file)
    known = keeping.kept(project, imported).table
    would = _kept(desk, project, known, file, imported, fields, keep=False)
    if would.refused and not would.taken + would.unchanged:
        raise DataErrors(would.refused, "nothing was kept: the file")
    took = _kept(desk, project, known, file, imported, fields, keep=True)
    if took.already:
        return say("log.file_already")
    return say(
        "log.file_taken",
        count=took.taken,
        corrected=number(took.corrected),
        unchanged=number(took.unchanged),
        refused=number(len(took.refused)),
    )


def _same(file: Received, fields: Fields) -> None:
    if fields.get("digest") != file.digest:
        raise UserError("look at what is in the file first: nothing is kept that was not shown")


def _kept(
    desk: Desk | None, project: Project, known: pd.DataFrame, file: Received, imported: Imported,
    fields: Fields, *, keep: bool,
) -> Any:  # fmt: skip
    if desk is None:
        raise UserError("nothing can be written here: this server shows findings only")
    reason = str(fields.get("reason") or "").strip() or None
    return desk.import_table(
        project.id, known, file.digest, accept_valid=True, refused=keeping.refusals(imported),
        reason=reason, keep=keep,
    )  # fmt: skip


def _without(count: int) -> list[str]:
    return [say("log.file.without", count=count)] if count else []


def _shown(
    file: Received, imported: Imported, lines: list[str], keep: str, **other: object
) -> Answer:
    """What a page shows of a file before it is kept."""
    told = [inert(line, LONGEST_LINE) for line in lines[:LINES]]
    told += [say("log.file.more", count=len(lines) - LINES)] if len(lines) > LINES else []
    examples = [inert(line, LONGEST_LINE) for line in keeping.examples(imported)]
    rows = {"account": told, "examples": examples, "keep": keep}
    return {"digest": file.digest, "questions": [], **rows, **other}


# A project drawn from a file


@dataclass(frozen=True, slots=True)
class Drawn:
    """A project file's text with what it reads of its file; or the questions that are open."""

    file: Received
    text: str = ""
    project: Project | None = None
    imported: Imported | None = None
    asks: Mapping[str, str] = field(default_factory=dict)


def drawn(desk: Desk, fields: Fields) -> Drawn:
    """The project that a file suggests, with the answers given so far."""
    if desk.user.may("save plan") is None:
        raise UserError(say("begin.not_yours", role=say(f"people.roles.{desk.user.role}")))
    file = received(fields)
    answers = {key: str(fields.get(f"answer.{key}") or "").strip() for key in ANSWERED}
    name = str(fields.get("name") or "").strip() or slug(Path(file.name).stem)
    return _apart(_draw, file, name, answers, _site(desk))


def _draw(file: Received, name: str, answers: Mapping[str, str], site: str | None) -> Drawn:
    asks: dict[str, str] = {}

    def answer(key: str, question: str) -> str:
        if not ANSWERED[key].fullmatch(answers[key]):
            asks[key] = question
            return OPEN
        return answers[key]

    with on_disk(file) as path:
        text = outline(path, name, path.parent, answer, site=site)
        if asks:
            return Drawn(file, asks=asks)
        target = path.with_name("project.yaml")
        target.write_text(text, encoding="utf-8")
        try:
            project = project_file.load(target)
        except ProjectErrors as wrong:
            raise UserError("\n".join(one.message for one in wrong.problems)) from wrong
        imported = sources.load(project, base=path.parent)
        return Drawn(file, text, project, _named(imported, path, file))


def _site(desk: Desk) -> str | None:
    """The site of a file that names none: the one of who begins the project, where it is theirs."""
    own = sorted(desk.user.sites)
    return own[0] if own and desk.user.may("save plan") == "own" else None


def outlined(desk: Desk | None, fields: Fields) -> Answer:
    """What a new project would read of a file, or what it has to ask first."""
    if desk is None:
        raise UserError("nothing can be written here: this server shows findings only")
    found = drawn(desk, fields)
    if found.project is None or found.imported is None:
        hints = words_of("begin.hint")
        asked = [
            {"key": key, "question": question, "hint": hints[key]}
            for key, question in found.asks.items()
        ]
        return {"digest": found.file.digest, "questions": asked, "account": [], "keep": ""}
    counted = keeping.kept(found.project, found.imported).counted
    keep = say("begin.keep", count=found.imported.taken) if counted else ""
    lines = [*str(found.imported).splitlines(), *(f"  {line}" for line in not_read(found.text))]
    return _shown(found.file, found.imported, lines, keep, project=found.project.id)


def begin(desk: Desk, fields: Fields) -> str:
    """Keep a project and its file, as they were shown."""
    found = drawn(desk, fields)
    _same(found.file, fields)
    if found.project is None or found.imported is None:
        raise UserError("this file is not ready yet: look at it, and answer what is asked")
    known = keeping.kept(found.project, found.imported)
    if not known.counted:
        raise UserError("nothing could be taken of this file, so there is nothing to begin with")
    if found.project.id in desk.projects():
        raise UserError(f"there is a project called '{found.project.id}': choose another name")
    refused = keeping.refusals(found.imported)
    took = desk.begin(found.project, found.text, known.table, found.file.digest, refused)
    return say("begin.begun", count=took.taken, refused=number(len(took.refused)))
