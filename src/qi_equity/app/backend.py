"""What the app asks of whatever holds the data; no storage and no sums here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from qi_equity.errors import UserError
from qi_equity.findings import Findings
from qi_equity.project import Project
from qi_equity.store import Desk, User


class Backend(Protocol):
    """Projects and what was found in them; the revision changes whenever a finding could."""

    @property
    def store(self) -> Desk | None:
        """Where this user writes; None where nothing can be written, and the pages say so."""

    def projects(self) -> list[Project]:
        """Every project the app shows, in the order shown."""

    def findings(self, project_id: str) -> Findings:
        """All that this project's observations say."""

    def revision(self, project_id: str) -> str:
        """A short text that is the same as long as the findings are."""

    def release_under_way(self, project_id: str) -> bool:
        """Whether a release to the network is being made; the last one is shown meanwhile."""


# The backend of somebody who signed in.
Seats = Callable[[User], Backend]


@dataclass(frozen=True)
class FixedBackend:
    """Findings that never change: for tests, and to look at a folder of results."""

    by_project: Mapping[str, Findings] = field(default_factory=dict)
    store: Desk | None = None

    def projects(self) -> list[Project]:
        """The projects of the findings."""
        return [findings.project for findings in self.by_project.values()]

    def findings(self, project_id: str) -> Findings:
        """The findings given."""
        return self.by_project[project_id]

    def revision(self, project_id: str) -> str:
        """Always the same."""
        return "fixed"

    def release_under_way(self, project_id: str) -> bool:
        """Never: nothing changes here."""
        return False


@dataclass(frozen=True)
class Closed:
    """Shows nothing to whoever asks, and says why."""

    why: UserError
    store: Desk | None = None

    def projects(self) -> list[Project]:
        """Refused."""
        raise self.why

    def findings(self, project_id: str) -> Findings:
        """Refused."""
        raise self.why

    def revision(self, project_id: str) -> str:
        """Refused."""
        raise self.why

    def release_under_way(self, project_id: str) -> bool:
        """Refused."""
        raise self.why
