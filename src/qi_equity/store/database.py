"""One database, opened safely: how transactions begin and what its faults are called.

Nothing here knows what is stored.
"""

from __future__ import annotations

import os
import random
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from qi_equity.plain import masked
from qi_equity.store.refusals import StoreError

# The setting that names a file with the password, not the password.
PASSWORD_FILE = "QI_EQUITY_DATABASE_PASSWORD_FILE"  # nosec B105
BUSY_SECONDS = 60  # how long a writer waits for its turn before it gives up, having written nothing

UNREADABLE = "the database's address cannot be read; write postgresql://user@host/name"
ASKS_SECONDS = (0.002, 0.03)  # how long a writer sleeps between asking for its turn
ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"

# What SQLite or PostgreSQL says -> what a person can do about it. Nothing was written in any case.
FAULTS = (
    (
        ("disk is full", "no space left", "53100", "disk i/o error", "could not extend file"),
        "the disk is full or cannot be written to; free some space, then save again",
    ),
    (
        ("readonly database", "read-only transaction"),
        "the database is read-only; ask whoever keeps it for permission to write to the file "
        "and its folder",
    ),
    (
        ("database is locked", "lock timeout", "database table is locked", "queuepool limit"),
        f"the database stayed busy for {BUSY_SECONDS} seconds; try again in a moment",
    ),
    (
        ("not a database", "malformed"),
        "the file is damaged or is not a qi_equity store; restore the last backup with "
        "'qi-equity restore'",
    ),
    (
        ("unable to open database file",),
        "the database file cannot be opened; check that its folder exists and may be written to",
    ),
    # Before the next: a server that goes down says so, then closes the connection.
    (
        ("57p01", "57p02", "57p03", "terminating connection", "starting up", "shutting down",
         "in recovery mode", "connection is closed", "connection is lost", "the connection is bad",
         "consuming input failed", "server closed the connection", "connection reset",
         "broken pipe"),
        "the database server stopped or started again in the middle of this; wait a moment, then "
        "reload, and look whether it was saved before you save again",
    ),
    (
        ("connection refused", "could not translate host", "failed to resolve host",
         "password authentication failed", "connection failed", "connection is bad",
         "connection timeout", "could not connect"),
        "the database server did not answer or refused the password; try again in a moment, then "
        "check the address",
    ),
    (
        ("is append-only",),
        "a revision can never be changed or deleted; save a new one",
    ),
)  # fmt: skip


def is_sqlite_path(place: str | Path) -> bool:
    """Whether this names a file rather than a database URL.

    >>> is_sqlite_path("network.sqlite"), is_sqlite_path("postgresql://host/network")
    (True, False)
    """
    return "://" not in str(place)


# What looks like the address of a server and not like a file: 'postgresql:jo:word@host/name',
# 'jo:word@host/name' and libpq's 'host=h password=word'.
ADDRESS = re.compile(
    r"^postgres(ql)?:|[^\s/\\:]+:[^\s/\\]*@|\b(host|user|dbname|password)\s*=", re.IGNORECASE
)


def _refuse_address(place: str | Path) -> None:
    """Make no file that is called by a password: whoever gives one means a server."""
    if isinstance(place, str) and ADDRESS.search(place) and not Path(place).exists():
        raise StoreError(UNREADABLE)


class Database:
    """A SQLite file or a PostgreSQL database; every fault is raised as a StoreError."""

    def __init__(self, place: str | Path, immutable: bool = False) -> None:
        if is_sqlite_path(place):
            _refuse_address(place)
            url = make_url("sqlite://").set(database=str(Path(place).expanduser()))
        else:
            url = _address(str(place))
            if url.get_backend_name() in ("postgresql", "postgres"):
                url = url.set(drivername="postgresql+psycopg")
        self.sqlite = url.get_backend_name() == "sqlite"
        if not self.sqlite and url.get_backend_name() != "postgresql":
            raise StoreError(
                f"'{url.get_backend_name()}' is not a database the store knows; "
                "give a file name or a postgresql:// address"
            )
        if self.sqlite and url.database in (None, "", ".", ":memory:"):
            raise StoreError("a store is a file: give its name, such as network.sqlite")
        self.path = Path(str(url.database)) if self.sqlite else None
        self.name = masked(url.render_as_string()) if not self.sqlite else str(self.path)
        self.engine = _sqlite(self.path, immutable) if self.path else _server(url)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the store and changes nothing."""
        with self._faults(), self.engine.connect() as connection, connection.begin():
            if not self.sqlite:
                connection.exec_driver_sql(ONE_MOMENT)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that holds the writers' turn: kept whole on leaving, or not at all."""
        with self._faults(), self.engine.connect() as connection:
            if self.sqlite:
                connection = connection.execution_options(qi_writer=True)
            with connection.begin():
                if not self.sqlite:
                    # An acknowledged write is on the server's disk, whatever its configuration.
                    connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'")
                yield connection

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, PoolTimeout, sqlite3.Error) as fault:
            raise StoreError(f"{self.name}: {explained(fault)}") from fault


def explained(fault: Exception) -> str:
    """A database's complaint, in words a person can act on.

    >>> explained(sqlite3.OperationalError("database or disk is full"))
    'the disk is full or cannot be written to; free some space, then save again'
    """
    cause = fault.orig if isinstance(fault, DBAPIError) else fault
    said = f"{getattr(cause, 'sqlstate', '') or ''} {cause}".lower()
    for words, meaning in FAULTS:
        if any(word in said for word in words):
            return meaning
    raise fault  # a fault of ours, not of the user's: it keeps its traceback


def now() -> str:
    """The moment in UTC, as kept with every change."""
    moment = time.time_ns() // 1000
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment // 1_000_000))
    return f"{whole}.{moment % 1_000_000:06d}Z"


def _address(place: str) -> URL:
    try:
        return make_url(place)
    except (ArgumentError, ValueError):  # they quote the address, and it may hold a password
        raise StoreError(UNREADABLE) from None


def _server(url: URL) -> Engine:
    kept = os.environ.get(PASSWORD_FILE)
    told = {"password": _password(Path(kept))} if kept and not url.password else {}
    return create_engine(
        url, connect_args=told, pool_pre_ping=True, pool_timeout=BUSY_SECONDS, max_overflow=20
    )


def _password(path: Path) -> str:
    """The password of the database, from a file that nobody else can read."""
    try:
        if os.name != "nt" and path.stat().st_mode & 0o077:
            raise StoreError(f"{PASSWORD_FILE}: others may read {path}: chmod 600 {path}")
        return path.read_text(encoding="utf-8").strip("\r\n")
    except OSError as fault:
        raise StoreError(f"{PASSWORD_FILE}: {path}: {fault.strerror}") from fault


def _sqlite(path: Path, immutable: bool) -> Engine:
    """immutable: a backup, which nobody writes to and which is read without a lock or a log."""
    name = f"{path.absolute().as_uri()}?mode=ro&immutable=1" if immutable else str(path)

    def _connect() -> sqlite3.Connection:
        if not immutable:
            _private(path)
        return sqlite3.connect(
            name, timeout=BUSY_SECONDS, check_same_thread=False, uri=immutable, isolation_level=None
        )  # isolation_level: the driver must not begin transactions; a deferred one loses saves

    engine = create_engine("sqlite://", creator=_connect, poolclass=QueuePool, max_overflow=-1)
    durable = () if immutable else ("journal_mode = WAL", "synchronous = FULL")

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        for pragma in (
            f"busy_timeout = {BUSY_SECONDS * 1000}",
            *durable,
            "foreign_keys = ON",
            "trusted_schema = OFF",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("qi_writer"):
            _take_turn(connection.connection.driver_connection)
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


def _private(path: Path) -> None:
    """See that the file is its owner's alone, whatever the umask; SQLite's logs take after it."""
    with suppress(OSError):  # what cannot be made or is another's, SQLite says in its own words
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    for rest in ("", "-wal", "-shm"):
        file = path.with_name(path.name + rest)
        with suppress(OSError):
            mode = file.stat().st_mode
            if mode & 0o077:
                file.chmod(mode & 0o700)


def _take_turn(connection: Any) -> None:
    """Begin a writer's transaction, waiting fairly.

    SQLite's own wait asks less and less often, so that whoever has waited longest is least likely
    to be next: among fifty writers one can starve. Asking at random gives each the same chance.
    """
    patience = time.monotonic() + BUSY_SECONDS
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as fault:
                busy = fault.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > patience:
                    raise
                time.sleep(random.uniform(*ASKS_SECONDS))  # nosec B311: chance, not a secret
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
