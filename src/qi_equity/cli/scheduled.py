"""Packs of each release, written once to a folder where whoever keeps a watcher asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qi_equity.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from qi_equity.project import Project

PACKS, FORMATS = "session,project,board", "pptx,xlsx,pdf"


@dataclass(frozen=True, slots=True)
class Schedule:
    """Where packs are written, which, and in which formats."""

    folder: Path
    packs: tuple[str, ...]
    formats: tuple[str, ...]


def schedule(environ: Mapping[str, str]) -> Schedule | None:
    """What the environment asks for; None where no folder is named.

    >>> schedule({"QI_EQUITY_REPORT": "packs", "QI_EQUITY_REPORT_PACKS": "board"}).packs
    ('board',)
    """
    folder = environ.get("QI_EQUITY_REPORT", "").strip()
    if not folder:
        return None
    from qi_equity import report as room

    packs = _words(environ, "QI_EQUITY_REPORT_PACKS", PACKS, list(room.PACKS))
    formats = _words(environ, "QI_EQUITY_REPORT_FORMATS", FORMATS, list(room.FORMATS))
    return Schedule(Path(folder), packs, formats)


def _words(environ: Mapping[str, str], name: str, usual: str, known: list[str]) -> tuple[str, ...]:
    words = [one.strip() for one in (environ.get(name) or usual).split(",") if one.strip()]
    for word in words:
        if word not in known:
            raise UserError(f"{name}: nothing is called '{word}'{did_you_mean(word, known)}")
    return tuple(words)


def write_due(asked: Schedule, database: str, aims: Project, say: Callable[[str], None]) -> None:
    """The packs of the last release, unless they were written: one folder a release.

    The release of a new month is made first where nobody has looked yet.
    """
    from qi_equity import crossed
    from qi_equity import report as room
    from qi_equity.cli.report import last_release, written

    for part in crossed.margins(aims):
        last = last_release(database, aims, "" if part is aims else part.id)
        if last is None:
            continue
        found, provenance = last
        folder = asked.folder / f"{part.id}-release-{provenance.number}"
        if folder.exists():
            continue
        # A folder that is whole or not there: what stops in the midst is made again.
        making = folder.with_name(f"{folder.name}.part")
        for name in asked.packs:
            room.write(
                found, making, pack=name, formats=asked.formats, provenance=provenance,
                **written(database, aims, "network"),
            )  # fmt: skip
        making.rename(folder)
        say(f"{folder}: packs of release {provenance.number}")
