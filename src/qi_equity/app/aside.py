"""Work beside the event loop: a few threads, and one process that may die; nothing of the app here.

Threads are daemons and the process watches its parent, so that a server that stops is gone.
"""

from __future__ import annotations

import logging
import os
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from queue import Empty, SimpleQueue
from signal import SIG_IGN, SIGINT, signal
from threading import Condition, Lock, Thread
from time import monotonic
from typing import Any, TypeVar

from qi_equity.app.loading import loading

T = TypeVar("T")
Begin = Callable[[Callable[[], None]], None]

TRIES = 2  # of a job in whose midst the process died: what kills it twice would kill it again
STARTS = 5  # of a process for one job: one that dies before it has the job says nothing of the job
GRACE = 2.0  # seconds that a killed process is waited for
MOST_WAITING = 30  # requests of one page: more than anybody clicks, fewer than a script sends

log = logging.getLogger(__name__)

# A fresh interpreter: a fork would copy the server's threads and sockets.
SPAWN = get_context("spawn")


class Lost(Exception):
    """The process that did a job died, and so did those that took its place."""


class Failed(Exception):
    """A job ended in an exception in its process: its traceback there, as text."""


class Late(Exception):
    """A job took longer than it may, and was ended."""


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    future: Future[Any]
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class Worker:
    """A process that does one job after another; where it dies, a new one takes its place.

    >>> worker = Worker()
    >>> worker.submit(sum, [1, 2]).result()
    3
    >>> worker.close()
    """

    def __init__(self, limit: float | None = None, gives_way: int = 5) -> None:
        """limit: seconds that one job may take. gives_way: to pages that people wait for."""
        self._limit = limit
        self._gives_way = gives_way
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = Lock()
        self._closed = False
        self._thread: Thread | None = None
        self._process: Any = None
        self._pipe: Any = None

    @property
    def pid(self) -> int | None:
        """The process at work; None before the first job."""
        return self._process.pid if self._process is not None else None

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have a function of a module called there; the process is started for the first job."""
        future: Future[Any] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError("the worker is closed")
            if self._thread is None:
                self._thread = Thread(target=self._attend, name="worker", daemon=True)
                self._thread.start()
        self._jobs.put(_Job(future, function, arguments))
        return future

    def close(self) -> None:
        """End the process at once, whatever it does, and drop what waits."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()
                self._process.join(GRACE)
        with suppress(Empty):
            while True:
                job = self._jobs.get_nowait()
                if job is not None:
                    job.future.cancel()
        self._jobs.put(None)

    def _attend(self) -> None:
        while (job := self._jobs.get()) is not None:
            if not job.future.set_running_or_notify_cancel():
                continue
            try:
                well, answer = self._answer(job)
            except Exception as fault:  # whatever it is, whoever waits for the job is told
                job.future.set_exception(fault)
            else:
                if well:
                    job.future.set_result(answer)
                else:
                    job.future.set_exception(Failed(answer))
        with self._lock:
            self._drop()

    def _answer(self, job: _Job) -> tuple[bool, Any]:
        died = 0
        for _ in range(STARTS):
            pipe, begun = self._at_work(), False
            try:
                pipe.send((job.function, job.arguments))
                while (told := self._heard(pipe, job)) is None:
                    begun = True
                well, answer = told
                return bool(well), answer
            except (EOFError, OSError):
                if not self._closed:
                    log.warning("the process %s died at work", self.pid)
                with self._lock:
                    self._drop()
            died += begun
            if died == TRIES:
                break
        raise Lost(f"one process after another died at {job.function.__name__}")

    def _heard(self, pipe: Any, job: _Job) -> tuple[bool, Any] | None:
        """What the process says next: None as it begins the job, then how the job ended."""
        if not pipe.poll(self._limit):
            with self._lock:
                self._drop()
            raise Late(f"{job.function.__name__} took longer than {self._limit} seconds")
        told: tuple[bool, Any] | None = pipe.recv()
        return told

    def _at_work(self) -> Any:
        with self._lock:
            if self._closed:
                raise Lost("the worker was closed")
            if self._process is None or not self._process.is_alive():
                self._drop()
                ours, theirs = SPAWN.Pipe()
                process = SPAWN.Process(target=_work, args=(theirs, self._gives_way), daemon=True)
                try:
                    process.start()
                except BaseException:  # no room for one: the next job asks again
                    ours.close()
                    raise
                finally:
                    theirs.close()  # theirs alone: that it is closed tells us that they are gone
                self._process, self._pipe = process, ours
            return self._pipe

    def _drop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join(GRACE)
            self._pipe.close()
            self._process = None


def _work(pipe: Any, gives_way: int) -> None:
    """What the process does until its parent is gone or closes the pipe."""
    if hasattr(os, "nice"):  # on a machine with one core to spare a page is drawn first
        os.nice(gives_way)
    signal(SIGINT, SIG_IGN)  # Ctrl+C reaches every process of a terminal; the parent ends this one
    Thread(target=_end_with_parent, daemon=True).start()
    fresh = True
    while True:
        try:
            with loading() if fresh else nullcontext():  # the first job brings its modules
                function, arguments = pipe.recv()
            fresh = False
        except (EOFError, OSError):
            return
        except Exception:  # what cannot be understood here is the job's fault, not the process's
            pipe.send((False, traceback.format_exc()))
            continue
        pipe.send(None)
        try:
            answer = True, function(*arguments)
        except Exception:
            answer = False, traceback.format_exc()
        pipe.send(answer)


def _end_with_parent() -> None:
    """Killed parents close no pipes and send no signals: wait for the end of the parent itself."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


class Threads:
    """A few threads that serve many lines, one task of each line at a time.

    >>> Threads(1).submit(lambda: 1 + 2).result()
    3
    """

    def __init__(self, many: int) -> None:
        self._ready: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.at_work = 0  # tasks that were given and are not done
        self._free = 0.0  # when there was none left, or a new one came
        self._changed = Condition()
        for _ in range(many):
            Thread(target=self._attend, name="aside", daemon=True).start()

    def line(self, slow: Threads | None = None) -> Line:
        """A line whose tasks are done in order; slow: where those are done that take long."""
        return Line(self._begin, (slow or self)._begin)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """As long as this lasts somebody waits for an answer, as for a task of these threads."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def rest(self, quiet: float, over: Callable[[], bool]) -> bool:
        """Wait until nobody waits for an answer, nor has for so long; False once it is `over`.

        Whoever decides that it is over calls `wake`.
        """
        with self._changed:
            while not over():
                left = None if self.at_work else self._free + quiet - monotonic()
                if left is not None and left <= 0:
                    return True
                self._changed.wait(left)
            return False

    def wake(self) -> None:
        """Have those who rest see whether it is over."""
        with self._changed:
            self._changed.notify_all()

    def submit(self, function: Callable[[], T]) -> Future[T]:
        """Have a function called in its turn, in no line."""
        future: Future[T] = Future()

        def work() -> None:
            try:
                future.set_result(function())
            except BaseException as fault:  # whoever waits for the answer is told
                future.set_exception(fault)

        self._begin(work)
        return future

    def _begin(self, task: Callable[[], None]) -> None:
        self._count(1)
        self._ready.put(task)

    def _count(self, more: int) -> None:
        with self._changed:
            self.at_work += more
            self._free = monotonic()
            self._changed.notify_all()

    def _attend(self) -> None:
        while True:
            task = self._ready.get()
            try:
                task()
            finally:
                self._count(-1)


class Line:
    """What one page asks for, done one after another: nobody takes more than one thread."""

    def __init__(self, begin: Begin, begin_slow: Begin) -> None:
        self._begins = {False: begin, True: begin_slow}
        self._waiting: deque[tuple[Callable[[], None], bool]] = deque()
        self._lock = Lock()

    def put(self, task: Callable[[], None], slow: bool = False) -> bool:
        """Have a task done in its turn; False where too many wait already, and it is dropped."""
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                return False
            self._waiting.append((task, slow))
            first = len(self._waiting) == 1
        if first:
            self._begins[slow](self._next)
        return True

    def _next(self) -> None:
        try:
            self._waiting[0][0]()
        except Exception:
            log.exception("a task of a page ended in a fault")
        with self._lock:
            self._waiting.popleft()
            after = self._waiting[0] if self._waiting else None
        if after is not None:
            self._begins[after[1]](self._next)
