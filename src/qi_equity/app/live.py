"""A network's store kept up to date as findings, and each user's seat at it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import pandas as pd

from qi_equity.analyse import analyse
from qi_equity.findings import Findings
from qi_equity.project import Project
from qi_equity.store import Store as AnyStore
from qi_equity.store import User, View

Key = tuple[str, ...]  # whose data: a project and the sites that are seen
Load = Callable[[], tuple[Project, pd.DataFrame]]


class Analyst:
    """Findings of the newest data, worked out once a revision and shared by all who may see them.

    Charts and gaps take a fraction of a second and are worked out when first asked for. Gap
    charts and verdicts take longer: another process does them, so that no page waits; until then
    the findings say nothing of verdicts, and `judged` turns true when they are in.
    """

    def __init__(self) -> None:
        self._quick: dict[Key, tuple[str, Findings]] = {}
        self._full: dict[Key, tuple[str, Future[Findings]]] = {}
        self._lock = threading.RLock()
        # A fresh interpreter: a fork would copy the server's threads and sockets.
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))

    def judged(self, key: Key, revision: str, load: Load) -> bool:
        """Whether the verdicts on this revision are in; asking sets the work going."""
        return self._work(key, revision, load).done()

    def findings(self, key: Key, revision: str, load: Load) -> Findings:
        """The fullest findings there are of this revision."""
        full = self._work(key, revision, load)
        if full.done():
            return full.result()
        with self._lock:
            held = self._quick.get(key)
            if held is None or held[0] != revision:
                held = self._quick[key] = revision, analyse(*load(), judge=False)
            return held[1]

    def close(self) -> None:
        """Stop working ahead."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, key: Key, revision: str, load: Load) -> Future[Findings]:
        with self._lock:
            held = self._full.get(key)
            if held is None or held[0] != revision:
                if held is not None:
                    held[1].cancel()  # nobody waits for findings of older data
                held = self._full[key] = revision, self._pool.submit(analyse, *load())
            return held[1]


@dataclass(frozen=True, slots=True)
class Seat:
    """One user's seat: what they may see, kept up to date; what they may write is `store`."""

    store: View
    analyst: Analyst

    @property
    def user(self) -> User:
        """Who sits here."""
        return self.store.user

    def projects(self) -> list[Project]:
        """Every project this user may see, made-up ones first, since a session is shown those."""
        found = [self.store.project(name) for name in self.store.projects()]
        return sorted(found, key=lambda project: not project.synthetic)

    def revision(self, project_id: str) -> str:
        """Changes with the data, and once more when the verdicts are in."""
        key, revision = self._key(project_id), self.store.revision(project_id)
        done = self.analyst.judged(key, revision, lambda: self._load(project_id))
        return f"{revision}:{'judged' if done else 'charts'}"

    def findings(self, project_id: str) -> Findings:
        """The fullest findings there are of the counts this user may see."""
        key, revision = self._key(project_id), self.store.revision(project_id)
        return self.analyst.findings(key, revision, lambda: self._load(project_id))

    def _key(self, project_id: str) -> Key:
        return (project_id, *self.store.sites(project_id))

    def _load(self, project_id: str) -> tuple[Project, pd.DataFrame]:
        table = self.store.observations(project_id)
        return self.store.project(project_id), table.drop(columns="revision")


@dataclass(frozen=True, slots=True)
class Network:
    """A store and its analyst, for a server to take seats from."""

    store: AnyStore
    analyst: Analyst

    def seat(self, user: User | None) -> Seat:
        """A seat for a user who has signed in; nobody is refused."""
        return Seat(self.store.as_user(user), self.analyst)

    def close(self) -> None:
        """Stop working ahead, and let go of the store."""
        self.analyst.close()
        self.store.close()
