"""What the library has of an audit's indicator, as a plan writes it; no project is made here."""

from __future__ import annotations

from pathlib import Path

from qi_equity import project_file
from qi_equity.audit.model import AuditIndicator
from qi_equity.project import Project
from qi_equity.words import say

OPEN = "?"  # how a plan leaves open what only people can know


def library_of(one: AuditIndicator) -> Project | None:
    """The library project that an indicator names, if it is there."""
    name = (one.library or "").partition(".")[0]
    shelf = shelves()
    return project_file.load(shelf[name]) if name in shelf else None


def shelves() -> dict[str, Path]:
    """Every project that a line can start from: the library, and the examples."""
    return project_file.examples() | project_file.library()


def intervention_of(base: Project | None) -> str:
    """The change ideas of the library's project, with where the project says they are from."""
    ideas = [idea.name for driver in base.drivers for idea in driver.change_ideas] if base else []
    if base is None or not ideas:
        return say("audit.plan.unproven")
    return say("audit.plan.library", says="; ".join(ideas), where=base.title)


def balance_of(base: Project | None) -> str:
    """What may get worse elsewhere, as the library's project counts it."""
    held = [one.name for one in base.measures if one.role == "balancing"] if base else []
    return held[0] if held else OPEN
