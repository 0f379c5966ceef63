"""The example network's store, filled by a process of its own while others load the pages.

Nothing heavy is imported here: what fills the store is loaded where it is filled.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from qi_equity.app.aside import Worker
from qi_equity.app.loading import loading
from qi_equity.errors import UserError

log = logging.getLogger(__name__)


class Filling:
    """A folder whose store is being filled: first the project of the stories, then the rest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._worker = Worker(gives_way=0)  # the first project is what everybody waits for
        self._stopped = False
        self._first = self._worker.submit(_first, folder)

    def begun(self) -> None:
        """Wait until the project that every story is about is in; raises what stood in the way."""
        problem = self._first.result()
        if problem is not None:
            raise problem

    def go_on(self) -> None:
        """Have the other projects put in, with nobody waiting for them."""
        self._worker.submit(_rest, self.folder).add_done_callback(self._told)

    def stop(self) -> None:
        """End it where it is: what is not in yet is put in when the folder is opened again."""
        self._stopped = True
        self._worker.close()

    def _told(self, rest: Future[None]) -> None:
        if not self._stopped and (fault := rest.exception()) is not None:
            log.error("the other examples could not be put in: %s", fault)


@contextmanager
def filling(keep: Path | None) -> Iterator[Filling]:
    """Begin to fill a store, in a folder that is kept or in one that is gone afterwards."""
    with TemporaryDirectory(prefix="qi-equity-") as folder:
        made = Filling(keep or Path(folder))
        try:
            yield made
        finally:
            made.stop()


def _first(folder: Path) -> UserError | OSError | None:
    """What somebody can put right, such as a folder that is a file, is told as an answer."""
    try:
        with loading():  # what is put in is as little garbage as what is loaded
            from qi_equity.app import example

            example.fill(folder, (example.STORIES_OF,))
    except UserError as problem:
        return UserError(str(problem))
    except OSError as problem:
        return problem
    return None


def _rest(folder: Path) -> None:
    from qi_equity.app import example

    example.fill_rest(folder)
