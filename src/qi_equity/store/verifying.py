"""Walking both chains, the revisions' and the trail's, and holding them against what was noted."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from sqlalchemy import Connection, func, select

from qi_equity.store import heads, trail
from qi_equity.store.chain import GENESIS, Change, Noted, Verified, link
from qi_equity.store.history import Revision, every_revision
from qi_equity.store.schema import foreign, unguarded
from qi_equity.store.tables import REVISIONS, TRAIL, chain, change
from qi_equity.store.tables import trail as lines
from qi_equity.store.trail import Line
from qi_equity.store.trail import link as link_of_line
from qi_equity.store.users import Users
from qi_equity.vocabulary import Act


@dataclass(slots=True)
class _Walk:
    """A walk along one chain: the last link that holds, and which of the looked for were met."""

    wanted: Mapping[int, frozenset[str]] = field(default_factory=dict)  # link number -> its hashes
    number: int = 0
    head: str = GENESIS
    broken: str | None = None
    unlike: tuple[int, str] | None = None  # a link that is not as it was wanted
    met: set[str] = field(default_factory=lambda: {GENESIS})

    def step(self, number: int, head: str) -> None:
        """One link further."""
        self.number, self.head = number, head
        self.met.add(head)
        for other in self.wanted.get(number, ()):
            if other != head and self.unlike is None:
                self.unlike = number, other


def verify(connection: Connection, noted: Sequence[Noted] = ()) -> Verified:
    """Walk both chains whole; noted: heads written down earlier, which must be links of them."""
    if connection.dialect.name == "sqlite":
        damage = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
        if damage != "ok":
            return Verified(0, GENESIS, f"the database file is damaged: {damage}")
    kept = {row.id: row for row in connection.execute(select(chain))}
    if REVISIONS not in kept or TRAIL not in kept:
        return Verified(0, GENESIS, "the newest link is missing from the table 'chain'")
    seen = _seen_by_trail(connection)
    history, changes = _along_revisions(connection, _wanted(noted, trail=False, seen=seen))
    told = _along_trail(connection, _wanted(noted, trail=True))
    made = connection.execute(select(func.count()).select_from(change)).scalar_one()
    head, line = kept[REVISIONS], kept[TRAIL]
    known = history.met | told.met
    checks = (
        history.broken,
        f"the store should hold {head.revisions} revisions, and holds {history.number}"
        if (head.revisions, head.hash) != (history.number, history.head)
        else None,
        f"{made} changes are kept for {changes} that made revisions"
        if not head.changes == made == changes
        else None,
        heads.missing(noted, history.number),
        _not_met(noted, known),
        _unlike(history, "revision", "the history"),
        _beyond(seen, history.number),
        # An empty store and one that lost everything look the same.
        None
        if history.number
        else "it holds no revision: nothing was ever kept in it, or all of it is lost",
        told.broken,
        f"the audit trail should hold {line.revisions} lines, and holds {told.number}"
        if (line.revisions, line.hash) != (told.number, told.head)
        else None,
        heads.missing(noted, told.number, trail=True),
        _unlike(told, "line", "the audit trail"),
        _guards(connection),
    )
    broken = next((one for one in checks if one), None)
    return Verified(history.number, history.head, broken, told.number, told.head)


def of_files(connection: Connection, found: Verified, users: Users | None) -> Verified:
    """The files that the trail vouches for, held against it: the list of users, project files."""
    broken, remarks = None, list[str]()
    if users is not None:
        broken = users.broken(tuple(one.told for one in _noted_files(connection, Act.USERS_FILE)))
    for one in _noted_files(connection, Act.PROJECT_FILE):
        path = Path(str(one.told["path"]))
        if not path.is_file():
            remarks.append(f"the project file {path} is not on this machine: it was not looked at")
        elif broken is None and digest(path) != one.told["sha256"]:
            broken = (
                f"the project file {path} was changed since {one.who} used it at {one.at}; if the "
                "change is meant, bring it in with the next import"
            )
    return with_remarks(replace(found, broken=broken), remarks)


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _noted_files(connection: Connection, what: Act) -> list[Line]:
    """The newest line about each file of a kind."""
    newest = {
        one.told["path"]: one
        for one in trail.found(connection, lines.c.what == what.value, newest_first=False)
    }
    return list(newest.values())


def with_remarks(found: Verified, remarks: Iterable[str]) -> Verified:
    """The same, with what is worth knowing beside it."""
    return replace(found, remarks=(*found.remarks, *remarks))


def _seen_by_trail(connection: Connection) -> dict[int, tuple[frozenset[str], str]]:
    """The revisions that the trail saw as the newest, as it saw them, and when it saw each last."""
    hashes: dict[int, set[str]] = defaultdict(set)
    last: dict[int, str] = {}
    query = select(lines.c.revisions, lines.c.head, func.max(lines.c.at)).group_by(
        lines.c.revisions, lines.c.head
    )
    for number, head, at in connection.execute(query):
        hashes[number].add(head)
        last[number] = max(at, last.get(number, ""))
    return {number: (frozenset(one), last[number]) for number, one in hashes.items()}


def _wanted(
    noted: Sequence[Noted],
    trail: bool,
    seen: Mapping[int, tuple[frozenset[str], str]] | None = None,
) -> dict[int, frozenset[str]]:
    found = {number: one for number, (one, _) in (seen or {}).items()}
    for one in noted:
        if one.trail == trail and one.number is not None:
            found[one.number] = found.get(one.number, frozenset()) | {one.head}
    return found


def _along_revisions(
    connection: Connection, wanted: Mapping[int, frozenset[str]]
) -> tuple[_Walk, int]:
    """The walk along the revisions, and the changes met on it."""
    walk, changes = _Walk(wanted), set[int]()
    with closing(every_revision(connection)) as found:
        for one in found:
            walk.broken = _broken(one, walk)
            if walk.broken:
                break
            walk.step(one.id, one.hash)
            changes.add(one.change)
    return walk, len(changes)


def _broken(one: Revision, walk: _Walk) -> str | None:
    act = Change(one.change, one.who, one.at, one.origin, one.file_hash, one.why)
    if one.id != walk.number + 1:
        return f"revision {walk.number + 1} is missing"
    if one.who is None:
        return f"revision {one.id}: change {one.change} is missing, so nobody can say whose"
    if link(walk.head, one.id, act, one) != one.hash:
        return (
            f"revision {one.id} ({one.kind} {one.key} of {one.project}, by {one.who} at "
            f"{one.at}) was altered, or the one before it was"
        )
    return None


def _along_trail(connection: Connection, wanted: Mapping[int, frozenset[str]]) -> _Walk:
    walk = _Walk(wanted)
    query = select(lines).order_by(lines.c.id).execution_options(yield_per=5000)
    with connection.execute(query) as rows:
        for row in rows:
            one = Line(*row)
            if one.id != walk.number + 1:
                walk.broken = f"line {walk.number + 1} of the audit trail is missing"
            elif link_of_line(walk.head, asdict(one)) != one.hash:
                walk.broken = (
                    f"line {one.id} of the audit trail ({one.what}, by {one.who or 'nobody'} at "
                    f"{one.at}) was altered, or the one before it was"
                )
            if walk.broken:
                break
            walk.step(one.id, one.hash)
    return walk


def _not_met(noted: Sequence[Noted], known: set[str]) -> str | None:
    for one in noted:
        if one.number is None and one.head not in known:
            return (
                f"the noted head {one.head} is not in the chain: the newest revisions are "
                "missing, or the history was rewritten"
            )
    return None


def _unlike(walk: _Walk, kind: str, what: str) -> str | None:
    if walk.unlike is None:
        return None
    number, head = walk.unlike
    return f"{kind} {number} is not the one that was noted ({head[:16]}...): {what} was rewritten"


def _beyond(seen: Mapping[int, tuple[frozenset[str], str]], revisions: int) -> str | None:
    most = max(seen, default=0)
    if most <= revisions:
        return None
    return (
        f"{most - revisions} revisions are missing: the audit trail saw {most} at "
        f"{seen[most][1]}, and the store holds {revisions}"
    )


def _guards(connection: Connection) -> str | None:
    if missing := unguarded(connection):
        return f"the database no longer refuses to rewrite it: {', '.join(missing)} missing"
    if others := foreign(connection):
        return f"the database may drop or change what is saved: {', '.join(others)} is not ours"
    return None
