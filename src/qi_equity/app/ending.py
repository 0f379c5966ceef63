"""The end of a server's process: tidy where that is quick, and in any case within seconds.

Nothing that was acknowledged waits for it: that is in the store since before it was said.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
from contextlib import suppress
from multiprocessing import active_children
from threading import Event, Thread
from time import sleep
from typing import NoReturn

WITHIN = 3.0  # seconds from a signal, of which a busy machine makes five

log = logging.getLogger(__name__)


def bounded() -> Event:
    """Where this is set, there is so much time to put things away; then the process ends as it is.

    A signal may set it: it starts no thread and waits for nothing.
    """
    told = Event()
    Thread(target=_cut_short, args=(told,), name="ending", daemon=True).start()
    return told


def gone() -> NoReturn:
    """End this process now: all is put away, and to free its memory bit by bit takes seconds.

    What its modules leave for an exit is done: files that are for this process alone go.
    """
    _without_others()
    atexit._run_exitfuncs()
    with suppress(OSError, ValueError):  # nobody reads it any more
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)


def _cut_short(told: Event) -> None:
    told.wait()
    sleep(WITHIN)
    log.warning("ended in the midst of its work, %g seconds after it was told to stop", WITHIN)
    _without_others()
    os._exit(1)


def _without_others() -> None:
    for process in active_children():
        process.kill()
