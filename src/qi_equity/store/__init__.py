"""Every count kept: revisions, who made them, and who may see what.

open() gives a Store; Store.as_user() gives a Desk, which is the only way to data.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from qi_equity.store import upkeep
from qi_equity.store.access import Find, User
from qi_equity.store.chain import Verified
from qi_equity.store.database import Database, now
from qi_equity.store.desk import Desk
from qi_equity.store.entries import Action, Annotation, SessionNote
from qi_equity.store.history import Revision
from qi_equity.store.refusals import Clash, Conflict, Forbidden, SignInRefused, StoreError
from qi_equity.store.releases import Logged, Past, Protect
from qi_equity.store.results import Imported, Kept, Saved
from qi_equity.store.schema import up_to_date
from qi_equity.store.upkeep import restore
from qi_equity.store.users import Users

__all__ = [
    "Action",
    "Annotation",
    "Clash",
    "Conflict",
    "Desk",
    "Find",
    "Forbidden",
    "Imported",
    "Kept",
    "Logged",
    "Past",
    "Protect",
    "Revision",
    "Saved",
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
    """What a store can do without knowing who asks: nothing but seat a user at a desk."""

    def as_user(self, user: User | None, origin: str = "app") -> Desk:
        """What this user may see and do; origin says where from: app or cli."""

    def close(self) -> None:
        """Give the connections back."""


class DatabaseStore:
    """The Store in a SQLite file or a PostgreSQL database."""

    def __init__(self, database: Database, protect: Protect | None, find: Find | None) -> None:
        self._database = database
        self._protect = protect
        self._find = find

    def as_user(self, user: User | None, origin: str = "app") -> Desk:
        """What this user may see and do; nobody is refused."""
        if user is None:
            raise Forbidden("sign in first: nothing is shown to, or taken from, nobody")
        return Desk(self._database, user, self._protect, self._find, origin)

    def close(self) -> None:
        """Give the connections back."""
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
