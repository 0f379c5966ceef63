"""Revisions written and read, with no question of who may: only store.desk calls this."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, select

from qi_equity.store import heads, trail
from qi_equity.store.chain import GENESIS, Change, Draft, link
from qi_equity.store.database import Database, now
from qi_equity.store.tables import REVISIONS, chain, change, revision

CHUNK = 400  # keys in one statement; SQLite allows 999 variables in its oldest builds


@dataclass(frozen=True, slots=True)
class Revision(Draft):
    """One version of one thing, and the change that made it; body is None once withdrawn."""

    id: int
    hash: str
    change: int
    who: str
    at: str
    origin: str
    file_hash: str | None
    why: str | None


class Current(NamedTuple):
    """The newest version of one thing."""

    id: int
    key: str
    version: int
    site: str | None
    body: str | None


FULL: list[ColumnElement[Any]] = [
    revision.c.project, revision.c.kind, revision.c.key, revision.c.version, revision.c.site,
    revision.c.body, revision.c.id, revision.c.hash, revision.c.change,
    change.c.who, change.c.at, change.c.origin, change.c.file_hash, change.c.why,
]  # fmt: skip


KEPT = tuple(one.name for one in fields(Draft))


def _row(draft: Draft) -> dict[str, str | int | None]:
    """A draft's columns; dataclasses.asdict, which copies deeply, takes ten times as long."""
    return {name: getattr(draft, name) for name in KEPT}


class Writer:
    """The writers' turn: what is appended here is kept together or not at all."""

    def __init__(self, connection: Connection) -> None:
        # Locking the head is what puts PostgreSQL's writers in line; SQLite's already are.
        mine = select(chain).where(chain.c.id == REVISIONS).with_for_update()
        head = connection.execute(mine).one()
        self.connection = connection
        self.revisions: int = head.revisions
        self._changes: int = head.changes
        self._hash: str = head.hash
        self._before = self.revisions
        self._lines: list[trail.Entry] = []

    @property
    def written(self) -> tuple[int, str] | None:
        """Number and hash of the newest revision, if this turn made one."""
        return (self.revisions, self._hash) if self.revisions > self._before else None

    def append(
        self,
        drafts: Sequence[Draft],
        who: str,
        origin: str,
        why: str | None = None,
        file_hash: str | None = None,
    ) -> range:
        """Keep these as one change; their revision numbers."""
        act = Change(self._changes + 1, who, now(), origin, file_hash, why)
        rows = []
        for number, draft in enumerate(drafts, self.revisions + 1):
            self._hash = link(self._hash, number, act, draft)
            rows.append({"id": number, "change": act.id, "hash": self._hash, **_row(draft)})
        numbers = range(self.revisions + 1, self.revisions + len(rows) + 1)
        self.revisions += len(rows)
        self._changes = act.id
        self.connection.execute(
            change.insert(),
            {"id": act.id, "who": who, "at": act.at, "origin": origin,
             "file_hash": file_hash, "why": why},
        )  # fmt: skip
        self.connection.execute(revision.insert(), rows)
        self.connection.execute(
            chain.update()
            .where(chain.c.id == REVISIONS)
            .values(revisions=self.revisions, changes=act.id, hash=self._hash)
        )
        return numbers

    def on_record(self, one: trail.Entry) -> None:
        """Keep a line of the audit trail with what is appended here, or not at all."""
        self._lines.append(one)

    def lines(self) -> tuple[int, str] | None:
        """Put the lines into the trail, after all that they tell of: its newest link."""
        return trail.append(self.connection, *self._lines) if self._lines else None

    def told(self) -> None:
        """The same lines for the log of the server, once they are kept."""
        for one in self._lines:
            trail.tell(one)


@contextmanager
def writing(database: Database) -> Iterator[Writer]:
    """A writer's turn; the newest links are written down beside a file once they are kept."""
    with database.writing() as connection:
        writer = Writer(connection)
        yield writer
        newest_line = writer.lines()
    writer.told()
    if database.path and writer.written:
        heads.write_newest(database.path, *writer.written)
    if database.path and newest_line:
        heads.write_newest(database.path, *newest_line, trail=True)


def current(
    connection: Connection,
    project: str,
    kind: str,
    sites: frozenset[str] | None = None,
    keys: Sequence[str] | None = None,
    upto: int | None = None,
    since: int = 0,
) -> list[Current]:
    """The newest version of everything of a kind, withdrawn things too, in order of writing.

    upto: as it stood at this revision of the store. since: of what was written after this one.
    """
    asked: list[ColumnElement[bool]] = [revision.c.project == project, revision.c.kind == kind]
    if upto is not None:
        asked.append(revision.c.id <= upto)
    if since:
        asked.append(revision.c.id > since)
    if sites is not None:
        asked.append(revision.c.site.in_(sorted(sites)))
    columns = (
        revision.c.id, revision.c.key, revision.c.version, revision.c.site, revision.c.body,
    )  # fmt: skip

    # A window and no join: without statistics PostgreSQL joined 25,000 rows for three minutes.
    def newest_of(*more: ColumnElement[bool]) -> Select[Any]:
        place = func.row_number().over(
            partition_by=revision.c.key, order_by=revision.c.version.desc()
        )
        found = select(*columns, place.label("place")).where(*asked, *more).subquery()
        return select(*list(found.c)[:5]).where(found.c.place == 1).order_by(found.c.id)

    if keys is None:
        return [Current(*row) for row in connection.execute(newest_of())]
    return [
        Current(*row)
        for start in range(0, len(keys), CHUNK)
        for row in connection.execute(newest_of(revision.c.key.in_(keys[start : start + CHUNK])))
    ]


def revisions(
    connection: Connection,
    *where: ColumnElement[bool],
    newest_first: bool = False,
    most: int | None = None,
) -> list[Revision]:
    """Revisions with the change that made each."""
    order = revision.c.id.desc() if newest_first else revision.c.id
    query = select(*FULL).join(change).where(*where).order_by(order).limit(most)
    return [Revision(*row) for row in connection.execute(query)]


def newest(connection: Connection, project: str, kinds: Sequence[str]) -> tuple[int, str]:
    """Number and hash of a project's newest revision of these kinds."""
    last = (
        select(func.max(revision.c.id))
        .where(revision.c.project == project, revision.c.kind.in_(kinds))
        .scalar_subquery()
    )
    found = connection.execute(
        select(revision.c.id, revision.c.hash).where(revision.c.id == last)
    ).one_or_none()
    return (found.id, found.hash) if found else (0, GENESIS)


def plans(connection: Connection) -> dict[str, str]:
    """The newest plan of every project, as kept."""
    query = (
        select(revision.c.project, revision.c.body)
        .where(revision.c.kind == "plan")
        .order_by(revision.c.id)
    )
    return {row.project: row.body for row in connection.execute(query)}


def made_by(connection: Connection, numbers: Sequence[int]) -> dict[int, Revision]:
    """Revisions by number."""
    return {
        one.id: one
        for start in range(0, len(numbers), CHUNK)
        for one in revisions(connection, revision.c.id.in_(numbers[start : start + CHUNK]))
    }


def around(connection: Connection, target: Revision) -> tuple[dict[int, str | None], list[int]]:
    """What stood before a revision, or before each of its import's; and which came after any."""
    order: dict[str, Any] = {
        "partition_by": (revision.c.kind, revision.c.key),
        "order_by": revision.c.version,
    }
    query = select(
        revision.c.id, revision.c.change,
        func.lag(revision.c.body).over(**order).label("before"),
        func.lead(revision.c.id).over(**order).label("after"),
    ).where(revision.c.project == target.project)  # fmt: skip
    if target.kind != "import":
        query = query.where(revision.c.kind == target.kind, revision.c.key == target.key)
    found = query.subquery()
    column = found.c.change if target.kind == "import" else found.c.id
    wanted = target.change if target.kind == "import" else target.id
    rows = connection.execute(select(found).where(column == wanted)).all()
    return {row.id: row.before for row in rows}, [row.after for row in rows if row.after]


def count(connection: Connection) -> int:
    """How many revisions there are."""
    return int(connection.execute(select(func.max(revision.c.id))).scalar() or 0)


def every_revision(connection: Connection) -> Generator[Revision]:
    """All of the history, oldest first, a few thousand at a time."""
    walk = (
        select(*FULL)
        .outerjoin(change, change.c.id == revision.c.change)
        .order_by(revision.c.id)
        .execution_options(yield_per=5000)
    )
    with connection.execute(walk) as rows:
        for row in rows:
            yield Revision(*row)
