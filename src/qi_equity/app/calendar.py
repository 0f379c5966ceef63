"""The release of a new month, made beside whoever looks first; the store says what is in it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from threading import Lock, Thread
from time import monotonic
from typing import Any

from qi_equity.app.aside import Worker
from qi_equity.disclosure import Releases
from qi_equity.project import Project
from qi_equity.store import Desk, Past, StoreError
from qi_equity.store.database import now

AGAIN = 60.0  # seconds until it is asked again whether one is due, or tried again after a fault
GENTLE = 10  # how much it gives way to the pages that people wait for

log = logging.getLogger(__name__)


class Calendar:
    """Which projects had their release of the month, and which are having it made now."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._asked: dict[str, tuple[str, float]] = {}  # in which month, and when
        self._under_way: set[str] = set()

    def under_way(self, project_id: str) -> bool:
        """Whether this project's release is being made."""
        return project_id in self._under_way

    def look(self, project_id: str, desk: Desk) -> None:
        """Begin to make the release of this month if it is due; nobody waits for it."""
        month, moment = now()[:7], self._clock()
        with self._lock:
            before = self._asked.get(project_id)
            if project_id in self._under_way or (
                before and before[0] == month and moment - before[1] < AGAIN
            ):
                return
            self._asked[project_id] = month, moment
        if not desk.is_due(project_id):
            return
        with self._lock:
            if project_id in self._under_way:
                return
            self._under_way.add(project_id)
        Thread(target=self._make, args=(project_id, desk), name="calendar", daemon=True).start()

    def _make(self, project_id: str, desk: Desk) -> None:
        try:
            desk.release_due(project_id)
        except StoreError as fault:
            log.error("no release of the month of %s yet: %s", project_id, fault)
        except Exception:  # a fault of ours: the last release stays, and it is tried again
            log.exception("no release of the month of %s", project_id)
        finally:
            self._under_way.discard(project_id)


def aside(project: Project, observations: Any, earlier: Sequence[Past]) -> Mapping[str, Any]:
    """A release made in a process of its own, which is gone afterwards."""
    worker = Worker(gives_way=GENTLE)
    try:
        making = worker.submit(Releases().made, project, observations, earlier)
        made: Mapping[str, Any] = making.result()
    finally:
        worker.close()
    return made
