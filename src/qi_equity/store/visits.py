"""Who is signed in, where and since when: kept in a file, so that a restart ends nobody.

The browser's cookie names a visit; what is here decides whether it lasts.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from qi_equity.store.text import inert

# Longer than a team looks at one chart, and shorter than a lunch break away from the screen
# makes safe; OWASP advises 15 to 30 minutes for what is worth more than counts.
IDLE_SECONDS = 60 * 60.0
NOTED_SECONDS = 60.0  # how often it is written down that a visit is in use
LONGEST_USED = 24 * 3600.0  # seconds that a use is remembered; no visit is longer
MOST = 20  # visits of one person at a time; the one that was used least lately makes room
LONGEST_AGENT = 200  # characters of what a browser says it is

TABLE = """CREATE TABLE IF NOT EXISTS visit (
    key TEXT PRIMARY KEY, name TEXT NOT NULL, began REAL NOT NULL, used REAL NOT NULL,
    until REAL NOT NULL, address TEXT NOT NULL, agent TEXT NOT NULL)"""


@dataclass(frozen=True, slots=True)
class Stay:
    """One visit as its owner sees it; id names it and cannot be used to take its place."""

    id: str
    name: str
    began: float
    used: float
    until: float
    address: str
    agent: str


def file_of(users: Path) -> Path:
    """The file of the visits, beside the list of users."""
    return users.with_name(f"{users.name}.visits")


def id_of(key: str) -> str:
    """The public name of a visit: from it nobody works out the key that the cookie holds.

    >>> id_of("k")
    '8254c329a92850f6'
    """
    return hashlib.sha256(key.encode()).hexdigest()[:16]


class Visits:
    """The visits under way: begun, used, listed and ended, by every process that opens the file."""

    def __init__(self, path: str | Path, clock: Callable[[], float] = time.time) -> None:
        self.path = Path(path)
        self.clock = clock
        self._lock = Lock()
        self._noted: dict[str, float] = {}  # when it was last written down
        self._used: dict[str, float] = {}  # and the last use, to the second, seen by this process
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self.path.chmod(0o600)
        self._open = sqlite3.connect(
            self.path, timeout=30, isolation_level=None, check_same_thread=False
        )
        try:
            self._open.execute(TABLE)
        except sqlite3.Error:
            self._open.close()
            raise

    def begin(self, key: str, name: str, until: float, address: str, agent: str) -> None:
        """A visit begins; of too many of one person the least used ends."""
        now = self.clock()
        told = (id_of(key), _folded(name), now, now, until, inert(address, 60),
                inert(agent, LONGEST_AGENT))  # fmt: skip
        with self._lock:
            self._open.execute("DELETE FROM visit WHERE until < ?", [now])
            self._open.execute("INSERT INTO visit VALUES (?, ?, ?, ?, ?, ?, ?)", told)
            self._open.execute(
                "DELETE FROM visit WHERE name = ? AND key NOT IN "
                "(SELECT key FROM visit WHERE name = ? ORDER BY used DESC LIMIT ?)",
                [_folded(name), _folded(name), MOST],
            )

    def lasts(self, key: str, idle: float) -> bool:
        """Whether a visit is under way and was used within so many seconds."""
        with self._lock:
            found = self._open.execute(
                "SELECT used, until FROM visit WHERE key = ?", [id_of(key)]
            ).fetchone()
            mine = self._used.get(id_of(key), 0.0)
        now = self.clock()
        return found is not None and now - max(found[0], mine) < idle and now < found[1]

    def used(self, key: str) -> None:
        """A visit is in use: written down now and then."""
        one, now = id_of(key), self.clock()
        with self._lock:
            self._used[one] = now
            if now - self._noted.get(one, 0.0) < NOTED_SECONDS:
                return
            for kept in (self._noted, self._used):
                for old in [k for k, at in kept.items() if now - at > LONGEST_USED]:
                    del kept[old]
            self._noted[one] = now
            self._open.execute("UPDATE visit SET used = ? WHERE key = ?", [now, one])

    def of(self, name: str, idle: float) -> tuple[Stay, ...]:
        """A person's visits that last, the last used first."""
        now = self.clock()
        with self._lock:
            rows = self._open.execute(
                "SELECT * FROM visit WHERE name = ? AND until > ? AND used > ? "
                "ORDER BY used DESC, began DESC",
                [_folded(name), now, now - idle],
            ).fetchall()
        return tuple(Stay(*row) for row in rows)

    def end(self, name: str, id: str | None = None, but: str | None = None) -> int:
        """End one visit of a person, or all of them (but one): how many ended."""
        asked = "name = ?" + (" AND key = ?" if id else "") + (" AND key <> ?" if but else "")
        values = [_folded(name), *([id] if id else ()), *([but] if but else ())]
        with self._lock:
            # Only our own words are joined; what was given is bound.
            return self._open.execute(f"DELETE FROM visit WHERE {asked}", values).rowcount  # nosec B608

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._open.close()


def _folded(name: str) -> str:
    return name.strip().casefold()
