"""Which packs there are, and their pages; what a page says is in the module of its pack."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from qi_equity.errors import UserError, did_you_mean
from qi_equity.findings import Findings
from qi_equity.report.annual import annual_pages
from qi_equity.report.board import board_pages
from qi_equity.report.parts import Asked, Pack, Page
from qi_equity.report.project import project_pages
from qi_equity.report.session import session_pages
from qi_equity.words import say

PACKS: dict[str, Callable[[Findings, Asked], Iterator[Page]]] = {
    "session": session_pages,
    "project": project_pages,
    "board": board_pages,
    "annual": annual_pages,
}


def pack_of(name: str, findings: Findings, asked: Asked) -> Pack:
    """A pack by its name, made from findings."""
    if name not in PACKS:
        raise UserError(f"no pack called '{name}'{did_you_mean(name, list(PACKS))}")
    title = findings.project.title
    return Pack(
        name,
        title,
        tuple(PACKS[name](findings, asked)),
        asked.day(findings),
        say("report.subject", pack=say(f"report.pack.{name}"), title=title),
    )
