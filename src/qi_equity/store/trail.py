"""The audit trail: who did and who looked, a line each, in a chain of its own. Never a count.

Lines are written by a thread of the store's own, so that nobody who reads waits for a writer's
turn; what must be on record before it happens (an export, a release) is kept at once.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from qi_equity.store import heads
from qi_equity.store.chain import canonical
from qi_equity.store.database import Database, now
from qi_equity.store.refusals import StoreError
from qi_equity.store.tables import REVISIONS, TRAIL, chain
from qi_equity.store.tables import trail as lines
from qi_equity.store.text import inert
from qi_equity.vocabulary import Act

LOOK_AGAIN = 15 * 60.0  # seconds in which the same look of the same person is one line
MOST_LOOKS = 5000  # looks remembered, of so many people and projects
MOST_A_MINUTE = 60  # lines of refusals; whoever tries more often is counted, not listed
FLOODED = (Act.SIGN_IN_REFUSED, Act.REFUSED)
WAITING = 10_000  # lines that wait for a database that is busy or full
BATCH = 200  # lines of one transaction
PATIENCE = 20.0  # seconds that a reader of the trail waits for lines under way
LONGEST = 300  # characters of one thing told

log = logging.getLogger(__name__)

About = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the trail; revisions and head say how far the history was at that moment."""

    id: int
    at: str
    who: str
    what: str
    origin: str
    project: str | None
    about: str  # canonical JSON
    revisions: int
    head: str
    hash: str

    @property
    def told(self) -> dict[str, Any]:
        """What it is about, by name."""
        found: dict[str, Any] = json.loads(self.about)
        return found


@dataclass(frozen=True, slots=True)
class Entry:
    """A line that is to be kept."""

    who: str
    what: Act
    about: str
    project: str | None
    origin: str
    at: str


def entry(
    who: str,
    what: Act,
    about: About | None = None,
    *,
    project: str | None = None,
    origin: str = "app",
    at: str | None = None,
) -> Entry:
    """A line to be kept, with everything in it made safe to show.

    >>> entry("jo", Act.EXPORTED, {"folder": "out"}, at="2026-01-05T09:00:00Z").about
    '{"folder":"out"}'
    """
    told = {name: _plain(value) for name, value in (about or {}).items() if value is not None}
    return Entry(inert(who, 200), what, canonical(told), project, origin, at or now())


def append(connection: Connection, *entries: Entry) -> tuple[int, str]:
    """Keep lines within a transaction under way: number and hash of the newest."""
    mine = select(chain).where(chain.c.id == TRAIL).with_for_update()
    found = connection.execute(mine).one()
    store = connection.execute(select(chain).where(chain.c.id == REVISIONS)).one()
    number, digest, rows = found.revisions, found.hash, []
    for one in entries:
        number += 1
        line = {
            "id": number, "at": one.at, "who": one.who, "what": one.what.value,
            "origin": one.origin, "project": one.project, "about": one.about,
            "revisions": store.revisions, "head": store.hash,
        }  # fmt: skip
        digest = link(digest, line)
        rows.append(line | {"hash": digest})
    connection.execute(lines.insert(), rows)
    connection.execute(
        chain.update().where(chain.c.id == TRAIL).values(revisions=number, hash=digest)
    )
    return number, digest


def link(previous: str, line: Mapping[str, object]) -> str:
    """The hash of a line: over all it says, and the hash of the one before."""
    names = ("id", "at", "who", "what", "origin", "project", "about", "revisions", "head")
    told = [previous, *(line[name] for name in names)]
    return hashlib.sha256(canonical(told).encode()).hexdigest()


class Trail:
    """A store's trail: record() tells of something, at once to the log and soon to the store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: Queue[Entry | Event | None] = Queue(WAITING)
        self._lock = Lock()
        self._thread: Thread | None = None
        self._closed = False
        self._looks: dict[tuple[object, ...], float] = {}
        self._minute: dict[Act, tuple[float, int]] = {}

    def record(self, one: Entry) -> None:
        """Have a line kept; the log has it whatever becomes of the database."""
        tell(one)
        if one.what in FLOODED and not self._within(one):
            return
        self._put(one)

    def keep(self, one: Entry) -> None:
        """Keep a line before this returns; StoreError where it cannot be kept."""
        tell(one)
        self.flush()
        self._write([one])

    def looked(self, one: Entry, *where: object) -> None:
        """Record a look at true counts, once in a while for each person and place."""
        if not self.lately(one.who, one.project, *where):
            self.record(one)

    def lately(self, *key: object) -> bool:
        """Whether so much was looked at within the last quarter of an hour; from now on it was."""
        moment = monotonic()
        with self._lock:
            last = self._looks.get(key)
            if last is not None and moment - last < LOOK_AGAIN:
                return True
            if len(self._looks) >= MOST_LOOKS:
                self._looks.clear()
            self._looks[key] = moment
            return False

    def flush(self) -> None:
        """Wait until every line told so far is kept, or for as long as is sensible."""
        if self._thread is None or self._closed:
            return
        done = Event()
        with suppress(Full):
            self._waiting.put(done, timeout=PATIENCE)
            done.wait(PATIENCE)

    def close(self) -> None:
        """Keep what waits, and take no more."""
        self.flush()
        closed, self._closed = self._closed, True
        if self._thread is not None and not closed:
            self._waiting.put(None)
            self._thread.join(PATIENCE)

    def _within(self, one: Entry) -> bool:
        """Whether this minute has room; when the next begins, what was left out is told."""
        moment = monotonic()
        with self._lock:
            began, count = self._minute.get(one.what, (moment, 0))
            left = count - MOST_A_MINUTE if moment - began >= 60 else 0
            if moment - began >= 60:
                began, count = moment, 0
            self._minute[one.what] = began, count + 1
        if left > 0:
            self._put(entry("", Act.LEFT_OUT, {"of": one.what.value, "times": left}))
        return count < MOST_A_MINUTE

    def _put(self, one: Entry) -> None:
        with self._lock:
            if self._closed:
                return
            if self._thread is None:
                self._thread = Thread(target=self._attend, name="trail", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait(one)
        except Full:
            log.error("the trail is full: a line is in this log alone")

    def _attend(self) -> None:
        held: list[Entry] = []
        while True:
            arrived = [self._waiting.get(), *self._rest()]
            held += [one for one in arrived if isinstance(one, Entry)]
            try:
                while held:
                    self._write(held[:BATCH])
                    del held[:BATCH]
            except StoreError as fault:
                log.error("the trail could not be kept yet: %s", fault)
                del held[:-WAITING]  # the newest are tried again with the next
            except Exception:  # a fault of ours: tried again it would stop all that comes after
                log.exception("the trail could not be kept: %d lines stand here alone", len(held))
                held = []
            for one in arrived:
                if isinstance(one, Event):
                    one.set()
            if None in arrived:
                return

    def _rest(self) -> Iterator[Entry | Event | None]:
        with suppress(Empty):
            while True:
                yield self._waiting.get_nowait()

    def _write(self, entries: list[Entry]) -> None:
        with self._database.writing() as connection:
            number, digest = append(connection, *entries)
        if self._database.path:
            heads.write_newest(self._database.path, number, digest, trail=True)


def found(
    connection: Connection,
    *where: ColumnElement[bool],
    most: int | None = None,
    newest_first: bool = True,
) -> list[Line]:
    """Lines of the trail."""
    order = lines.c.id.desc() if newest_first else lines.c.id
    query = select(lines).where(*where).order_by(order).limit(most)
    return [Line(*row) for row in connection.execute(query)]


def tell(one: Entry) -> None:
    """Put a line into the log of the server."""
    told = {"who": one.who, "project": one.project, "origin": one.origin, "about": one.about}
    log.info("%s", one.what.value, extra={"trail": told})


def _plain(value: object) -> object:
    """What is told, cut and made safe: text, numbers, and lists of either."""
    if isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else list(value)
        return [_plain(one) for one in items[:50]]
    return inert(str(value), LONGEST)
