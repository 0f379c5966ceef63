"""A network's store kept up to date as findings, and each user's seat at it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

from qi_equity import store
from qi_equity.analyse import analyse
from qi_equity.disclosure import network_findings
from qi_equity.findings import Findings
from qi_equity.project import Project
from qi_equity.store import Desk, Forbidden, User

Key = tuple[str, ...]  # whose data: true or protected, a project, and the sites that are seen


@dataclass(frozen=True, slots=True)
class Work:
    """How the findings of some data are come by."""

    quick: Callable[[], Findings]  # here and now, without verdicts
    full: Callable[[], Future[Findings]]  # later, with them


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

    def judged(self, key: Key, revision: str, work: Work) -> bool:
        """Whether the verdicts on this revision are in; asking sets the work going."""
        return self._begun(key, revision, work).done()

    def findings(self, key: Key, revision: str, work: Work) -> Findings:
        """The fullest findings there are of this revision."""
        full = self._begun(key, revision, work)
        if full.done():
            return full.result()
        with self._lock:
            held = self._quick.get(key)
            if held is None or held[0] != revision:
                held = self._quick[key] = revision, work.quick()
            return held[1]

    def true(self, project: Project, observations: pd.DataFrame, revision: str) -> Future[Findings]:
        """Begin to work out what these counts say, as of a revision of the store."""
        return self._pool.submit(analyse, project, observations, revision=revision)

    def protect(
        self, project: Project, observations: pd.DataFrame, *, later: bool = False
    ) -> Findings | Future[Findings]:
        """What may leave the sites: the policy that the store applies before it lets go of it."""
        if later:
            return self._pool.submit(network_findings, project, observations)
        return network_findings(project, observations, judge=False)

    def close(self) -> None:
        """Stop working ahead."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begun(self, key: Key, revision: str, work: Work) -> Future[Findings]:
        with self._lock:
            held = self._full.get(key)
            if held is None or held[0] != revision:
                if held is not None:
                    held[1].cancel()  # nobody waits for findings of older data
                held = self._full[key] = revision, work.full()
            return held[1]


@dataclass(frozen=True, slots=True)
class Seat:
    """One user's seat: what they may see, kept up to date; what they may write is `store`."""

    store: Desk
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
        revision = self.store.revision(project_id)
        work = self._work(project_id, revision)
        done = self.analyst.judged(self._key(project_id), revision, work)
        return f"{revision}:{'judged' if done else 'charts'}"

    def findings(self, project_id: str) -> Findings:
        """The fullest findings there are of what this user may see.

        That is the true counts of their sites; for roles that see none, it is what the sites that
        consented let the network see, with small numbers protected.
        """
        revision = self.store.revision(project_id)
        work = self._work(project_id, revision)
        return self.analyst.findings(self._key(project_id), revision, work)

    def _key(self, project_id: str) -> Key:
        if self.user.may("see"):
            return ("true", project_id, *self.store.sites(project_id))
        if self.user.may("see protected"):
            return ("protected", project_id, *self.store.consented(project_id))
        raise Forbidden(f"your role ({self.user.role}) sees no counts")

    def _work(self, project_id: str, revision: str) -> Work:
        if self.user.may("see"):
            return Work(
                lambda: analyse(*self._counts(project_id), judge=False),
                lambda: self.analyst.true(*self._counts(project_id), revision),
            )
        return Work(
            lambda: self.store.protected(project_id),
            lambda: self.store.protected(project_id, later=True),
        )

    def _counts(self, project_id: str) -> tuple[Project, pd.DataFrame]:
        table = self.store.observations(project_id)
        return self.store.project(project_id), table.drop(columns="revision")


@dataclass(frozen=True, slots=True)
class Network:
    """A store and its analyst, for a server to take seats from."""

    store: store.Store
    analyst: Analyst

    def seat(self, user: User | None) -> Seat:
        """A seat for a user who has signed in; nobody is refused."""
        return Seat(self.store.as_user(user), self.analyst)

    def close(self) -> None:
        """Stop working ahead, and let go of the store."""
        self.analyst.close()
        self.store.close()


def opened(place: str | Path, find: store.Find | None = None) -> Network:
    """The network in a store, with the disclosure policy between its sites and the others.

    find: asked for each user's role and sites as they are now, at every act.
    """
    analyst = Analyst()
    try:
        return Network(store.open(place, protect=analyst.protect, find=find), analyst)
    except BaseException:
        analyst.close()
        raise
