"""Packs of pages for a meeting, from findings or a release; each format is a module of its own.

Nothing is worked out or judged here: numbers are read off findings, sentences are those of words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pandas as pd

from qi_equity.errors import UserError, did_you_mean
from qi_equity.findings import Findings
from qi_equity.report.packs import PACKS, pack_of
from qi_equity.report.parts import Asked, Pack, Provenance
from qi_equity.store import Action, Session, SessionNote
from qi_equity.store.rounds import Beside

__all__ = ["FORMATS", "PACKS", "Asked", "Pack", "Provenance", "made", "made_of", "write", "writer"]

# The module that writes each format; imported when one is asked for.
FORMATS = {
    "pptx": "slides",
    "xlsx": "workbook",
    "html": "web",
    "pdf": "paper",
    "docx": "prose",
}
LACKING = "report: '{name}' needs packages that are not here: pip install 'qi-equity[report]'"


def made(
    findings: Findings, pack: str, kind: str, asked: Asked, template: Path | None = None
) -> bytes:
    """One pack in one format, as the bytes of a file; the same findings give the same bytes."""
    return made_of(pack_of(pack, findings, asked), findings, kind, template)


def made_of(pack: Pack, findings: Findings, kind: str, template: Path | None = None) -> bytes:
    """The same of a pack whose pages are there already: formats share them."""
    written: bytes = writer(kind).written(pack, findings, template)
    return written


def writer(kind: str) -> ModuleType:
    """The module that writes a format."""
    if kind not in FORMATS:
        raise UserError(f"report: no format called '{kind}'{did_you_mean(kind, list(FORMATS))}")
    try:
        return import_module(f"qi_equity.report.{FORMATS[kind]}")
    except ModuleNotFoundError as missing:
        raise UserError(LACKING.format(name=kind)) from missing


def write(
    findings: Findings,
    folder: Path | str,
    *,
    pack: str = "project",
    formats: Sequence[str] = ("pptx",),
    site: str = "",
    provenance: Provenance | None = None,
    actions: Sequence[Action] = (),
    notes: Sequence[SessionNote] = (),
    session: Session | None = None,
    beside: Beside | None = None,
    today: pd.Timestamp | None = None,
    template: Path | None = None,
    telling: Callable[[str], None] = lambda name: None,
) -> list[Path]:
    """Write a pack in each format to a folder; the paths.

    `findings` are the team's own or a release; `provenance` says which, and every page does. So
    does the name of a file with true counts: it never lies where the other is looked for.
    """
    asked = Asked(
        site, provenance or Provenance(team=True), tuple(actions), today, tuple(notes), session,
        beside or Beside(),
    )  # fmt: skip
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    pages = pack_of(pack, findings, asked)
    paths, whose = [], "-team" if asked.provenance.team else ""
    for kind in formats:
        path = folder / f"{findings.project.id}-{pack}{whose}.{kind}"
        telling(path.name)
        path.write_bytes(made_of(pages, findings, kind, template))
        paths.append(path)
    return paths
