"""Every count kept: revisions, who made them, and who may see what.

open() gives a Store; Store.as_user() gives a Desk, which is the only way to data.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from qi_equity.store import heads, history, upkeep
from qi_equity.store.access import Find, User
from qi_equity.store.chain import Noted, Verified
from qi_equity.store.database import Database, now
from qi_equity.store.desk import Desk
from qi_equity.store.entries import Action, Annotation, HeldItem, Session, SessionNote
from qi_equity.store.history import Revision
from qi_equity.store.refusals import Clash, Conflict, Forbidden, SignInRefused, StoreError
from qi_equity.store.releases import Logged, Past, Protect
from qi_equity.store.reread import Reread
from qi_equity.store.results import Imported, Kept, Saved
from qi_equity.store.schema import up_to_date
from qi_equity.store.trail import Line, Trail, entry
from qi_equity.store.upkeep import restore
from qi_equity.store.users import Users
from qi_equity.vocabulary import Act

__all__ = [
    "Act",
    "Action",
    "Annotation",
    "Clash",
    "Conflict",
    "Desk",
    "Find",
    "Forbidden",
    "HeldItem",
    "Imported",
    "Kept",
    "Line",
    "Logged",
    "Noted",
    "Past",
    "Protect",
    "Revision",
    "Saved",
    "Session",
    "SessionNote",
    "SignInRefused",
    "Store",
    "StoreError",
    "User",
    "Users",
    "Verified",
    "open",
    "restore",
]  # fmt: skip


class Store(Protocol):
    """What a store can do without knowing who asks: seat a user at a desk, and take things down."""

    def as_user(self, user: User | None, origin: str = "app") -> Desk:
        """What this user may see and do; origin says where from: app or cli."""

    def record(
        self,
        who: str,
        what: Act,
        about: Mapping[str, object] | None = None,
        *,
        project: str | None = None,
        origin: str = "app",
        at: str | None = None,
    ) -> None:
        """Put on record who did what: soon in the trail, at once in the log. Never a count."""

    def missing(self, second: str = "") -> str | None:
        """How many revisions are not here that were noted beside the store or in a second place."""

    def close(self) -> None:
        """Give the connections back."""


class DatabaseStore:
    """The Store in a SQLite file or a PostgreSQL database."""

    def __init__(self, database: Database, protect: Protect | None, find: Find | None) -> None:
        self._database = database
        self._protect = protect
        self._find = find
        self.trail = Trail(database)
        self._reread = Reread()

    def as_user(self, user: User | None, origin: str = "app") -> Desk:
        """What this user may see and do; nobody is refused."""
        if user is None:
            raise Forbidden("sign in first: nothing is shown to, or taken from, nobody")
        return Desk(
            self._database, user, self._protect, self._find, origin, self.trail, self._reread
        )

    def record(
        self,
        who: str,
        what: Act,
        about: Mapping[str, object] | None = None,
        *,
        project: str | None = None,
        origin: str = "app",
        at: str | None = None,
    ) -> None:
        """Put on record who did what: soon in the trail, at once in the log. Never a count.

        Within a transaction of the store's own: trail.append(connection, trail.entry(...)).
        """
        self.trail.record(entry(who, what, about, project=project, origin=origin, at=at))

    def missing(self, second: str = "") -> str | None:
        """How many revisions are not here that were noted beside the store or in a second place."""
        known, _ = heads.gathered(self._database.path, second)
        with self._database.reading() as connection:
            return heads.missing(known, history.count(connection))

    def close(self) -> None:
        """Keep what waits to be recorded, and give the connections back."""
        self.trail.close()
        self._database.close()


def open(
    place: str | Path,
    protect: Protect | None = None,
    find: Find | None = None,
    backups: Path | None = None,
) -> Store:
    """Open the store in a SQLite file (made if there is none) or at a postgresql:// address.

    protect: the disclosure policy, which makes releases and reads them. find: asked by name, at
    every act, for the user's role and sites as they are now (Users.find); without it a user keeps
    what they signed in with. backups: the folder for the copy made before an older store is
    brought up to date (beside the file, or the working folder for a server).

    >>> import tempfile
    >>> place = tempfile.mkdtemp() + "/network.sqlite"
    >>> store = open(place)
    >>> store.as_user(User("jo", "admin")).projects()
    ()
    >>> store.close()
    """
    database = Database(place)
    if database.path:
        _refuse_lost(database.path)

    def _back_up(version: str) -> Path:
        folder = backups or (database.path.parent if database.path else Path.cwd())
        name = database.path.name if database.path else "qi_equity"
        moment = now().replace(":", "").replace(".", "")
        path = folder / f"{name}.schema-{version}.{moment}.backup"
        upkeep.copy(database, path)
        return path

    try:
        up_to_date(database, _back_up)
    except BaseException:
        database.close()
        raise
    return DatabaseStore(database, protect, find)


def _refuse_lost(path: Path) -> None:
    """Refuse to begin anew where a store was: a file of no bytes, or none, and heads beside it."""
    if path.exists() and path.stat().st_size:
        return
    known, _ = heads.gathered(path)
    if lost := heads.missing(known, 0):
        what = "is an empty file" if path.exists() else "is not there"
        raise StoreError(
            f"{path} {what}, and {lost}. Restore the last backup with 'qi-equity restore'; to "
            f"begin anew on purpose take {heads.newest_file(path).name} and "
            f"{heads.log_file(path).name} away"
        )
