"""Findings kept up to date: charts at once, verdicts as soon as they are worked out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

import pandas as pd

from qi_equity.analyse import analyse
from qi_equity.findings import Findings
from qi_equity.project import Project

Observations = Callable[[str], pd.DataFrame]
Revision = Callable[[str], str]


class LiveBackend:
    """What the app asks of: findings of the newest data, worked out once a revision.

    Charts and gaps take a fraction of a second and are worked out when first asked for. Gap
    charts and verdicts take longer: another process does them, so that no page waits; until then
    the findings say nothing of verdicts, and the revision changes when they are in.
    """

    def __init__(
        self, projects: list[Project], observations: Observations, revision: Revision
    ) -> None:
        self._projects = {project.id: project for project in projects}
        self._observations = observations
        self._revision = revision
        self._quick: dict[str, tuple[str, Findings]] = {}
        self._full: dict[str, tuple[str, Future[Findings]]] = {}
        self._lock = threading.RLock()
        # A fresh interpreter: a fork would copy the server's threads and sockets.
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))

    def projects(self) -> list[Project]:
        """Every project, in the order given."""
        return list(self._projects.values())

    def revision(self, project_id: str) -> str:
        """Changes with the data, and once more when the verdicts are in."""
        data, full = self._state(project_id)
        return f"{data}:{'judged' if full.done() else 'charts'}"

    def findings(self, project_id: str) -> Findings:
        """The fullest findings there are of the newest data."""
        data, full = self._state(project_id)
        if full.done():
            return full.result()
        with self._lock:
            held = self._quick.get(project_id)
            if held is None or held[0] != data:
                project = self._projects[project_id]
                held = data, analyse(project, self._observations(project_id), judge=False)
                self._quick[project_id] = held
            return held[1]

    def close(self) -> None:
        """Stop working ahead."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _state(self, project_id: str) -> tuple[str, Future[Findings]]:
        data = self._revision(project_id)
        with self._lock:
            held = self._full.get(project_id)
            if held is None or held[0] != data:
                work = self._pool.submit(
                    analyse, self._projects[project_id], self._observations(project_id)
                )
                held = self._full[project_id] = data, work
            return held
