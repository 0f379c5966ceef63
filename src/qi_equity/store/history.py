"""Revisions written and read, with no question of who may: only store.desk calls this."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, select

from qi_equity.store.chain import GENESIS, Change, Draft, Verified, link
from qi_equity.store.database import Database, now
from qi_equity.store.schema import unguarded
from qi_equity.store.tables import chain, change, revision

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


class Writer:
    """The writers' turn: what is appended here is kept together or not at all."""

    def __init__(self, connection: Connection) -> None:
        # Locking the head is what puts PostgreSQL's writers in line; SQLite's already are.
        head = connection.execute(select(chain).with_for_update()).one()
        self.connection = connection
        self.revisions: int = head.revisions
        self._changes: int = head.changes
        self._hash: str = head.hash

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
            rows.append({"id": number, "change": act.id, "hash": self._hash, **asdict(draft)})
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
            chain.update().values(revisions=self.revisions, changes=act.id, hash=self._hash)
        )
        return numbers


@contextmanager
def writing(database: Database) -> Iterator[Writer]:
    """A writer's turn."""
    with database.writing() as connection:
        yield Writer(connection)


def current(
    connection: Connection,
    project: str,
    kind: str,
    sites: frozenset[str] | None = None,
    keys: Sequence[str] | None = None,
    upto: int | None = None,
) -> list[Current]:
    """The newest version of everything of a kind, withdrawn things too, in order of writing.

    upto: as it stood at this revision of the store.
    """
    asked: list[ColumnElement[bool]] = [revision.c.project == project, revision.c.kind == kind]
    if upto is not None:
        asked.append(revision.c.id <= upto)
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


def verify(connection: Connection, noted: str | None = None) -> Verified:
    """Walk the whole chain; noted: a head written down earlier, which must be a link of it."""
    if connection.dialect.name == "sqlite":
        damage = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
        if damage != "ok":
            return Verified(0, GENESIS, f"the database file is damaged: {damage}")
    head = connection.execute(select(chain)).one_or_none()
    if head is None:
        return Verified(0, GENESIS, "the newest link is missing from the table 'chain'")
    with closing(every_revision(connection)) as walk:
        found, changes, seen = _walk(walk, noted)
    kept = connection.execute(select(func.count()).select_from(change)).scalar_one()
    broken = found.broken
    if not broken and (head.revisions, head.hash) != (found.revisions, found.head):
        broken = f"the store should hold {head.revisions} revisions, and holds {found.revisions}"
    elif not broken and not head.changes == kept == changes:
        broken = f"{kept} changes are kept for {changes} that made revisions"
    elif not broken and not seen:
        broken = (
            f"the noted head {noted} is not in the chain: the newest revisions are missing, or "
            "the history was rewritten"
        )
    elif not broken and not found.revisions:
        # An empty store and one that lost everything look the same.
        broken = "it holds no revision: nothing was ever kept in it, or all of it is lost"
    elif not broken and (missing := unguarded(connection)):
        broken = f"the database no longer refuses to rewrite it: {', '.join(missing)} missing"
    return replace(found, broken=broken)


def _walk(found: Iterable[Revision], noted: str | None) -> tuple[Verified, int, bool]:
    """The last link that holds, the changes met, and whether the noted head was among them."""
    number, previous, changes = 0, GENESIS, set[int]()
    seen = noted in (None, GENESIS)
    for one in found:
        act = Change(one.change, one.who, one.at, one.origin, one.file_hash, one.why)
        broken = None
        if one.id != number + 1:
            broken = f"revision {number + 1} is missing"
        elif one.who is None:
            broken = f"revision {one.id}: change {one.change} is missing, so nobody can say whose"
        elif link(previous, one.id, act, one) != one.hash:
            broken = (
                f"revision {one.id} ({one.kind} {one.key} of {one.project}, by {one.who} at "
                f"{one.at}) was altered, or the one before it was"
            )
        if broken:
            return Verified(number, previous, broken), len(changes), seen
        number, previous = one.id, one.hash
        seen = seen or previous == noted
        changes.add(one.change)
    return Verified(number, previous), len(changes), seen
