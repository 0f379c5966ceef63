"""Who sits at a desk and where they may do what: asked by every method, before it reads or writes.

Nothing is given out from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection

from qi_equity import crossed
from qi_equity.errors import UserError
from qi_equity.project import Project
from qi_equity.store import history, saving
from qi_equity.store.access import Find, Operation, User
from qi_equity.store.database import Database
from qi_equity.store.entries import WHOLE
from qi_equity.store.history import Revision, Writer
from qi_equity.store.refusals import Forbidden
from qi_equity.store.releases import KIND, Protect
from qi_equity.store.reread import Reread
from qi_equity.store.trail import Trail


class Seated:
    """A user at a store; what may be done is for those who build on this."""

    def __init__(
        self,
        database: Database,
        user: User,
        protect: Protect | None = None,
        find: Find | None = None,
        origin: str = "app",
        trail: Trail | None = None,
        reread: Reread | None = None,
    ) -> None:
        self._signed_in = user
        self._database = database
        self._protect = protect
        self._find = find
        self._origin = origin
        self._trail = trail or Trail(database)
        self._reread = reread or Reread()

    @property
    def user(self) -> User:
        """Who looks, with the role and sites they have now: a role taken away is gone at once."""
        if self._find is None:
            return self._signed_in
        found = self._find(self._signed_in.name)
        if found is None:
            raise Forbidden("your account is no longer there; ask whoever keeps the network")
        return found

    def version(self) -> int:
        """Grows with every write, of whatever: while it stays, so does all that could be read."""
        with self._database.reading() as connection:
            return history.count(connection)

    # Who may

    @contextmanager
    def _reading(self, project_id: str) -> Iterator[tuple[Connection, Project]]:
        with self._database.reading() as connection:
            yield connection, self._project(connection, project_id)

    @contextmanager
    def _writing(self, project_id: str) -> Iterator[tuple[Writer, Project]]:
        with history.writing(self._database) as writer:
            yield writer, self._project(writer.connection, project_id)

    def _project(self, connection: Connection, project_id: str) -> Project:
        """The project, if this user may see it; one that does not exist is refused alike."""
        project = saving.current_plan(connection, crossed.base(project_id))
        if project is None or not self._plan_seen(project):
            raise Forbidden(f"there is no project '{project_id}' that you may see")
        return project

    def _plan_seen(self, project: Project) -> bool:
        return bool(self.user.where("plan", saving.sites_of(project), frozenset()))

    def _allowed(self, operation: Operation) -> None:
        if self.user.may(operation) is None:
            raise Forbidden(f"your role ({self.user.role}) does not allow: {operation}")

    def _where(
        self, operation: Operation, project: Project, connection: Connection
    ) -> frozenset[str]:
        consented = saving.consented(connection, project)
        return self.user.where(operation, saving.sites_of(project), consented)

    def _nowhere_else(self, sites: Iterable[str], allowed: frozenset[str]) -> None:
        elsewhere = sorted(set(sites) - allowed)
        if elsewhere:
            raise Forbidden(f"you may not do this for: {', '.join(elsewhere)}")

    def _everywhere(self, operation: Operation, sites: frozenset[str]) -> None:
        self._allowed(operation)
        self._nowhere_else(sites, self.user.where(operation, sites, frozenset()))

    def _may_write(self, sites: frozenset[str], project: Project, connection: Connection) -> None:
        self._allowed("write entries" if sites else "write network entries")
        self._nowhere_else(sites, self._where("write entries", project, connection))

    def _may_undo(
        self,
        targets: Sequence[Revision],
        before: str | None,
        project: Project,
        connection: Connection,
    ) -> None:
        """targets: one revision, or those of an import; before: what stood before the one."""
        one = targets[-1]
        bodies = [body for body in (one.body, before) if body]
        if one.kind in ("observation", "import"):
            self._allowed("log")
            sites = {target.site for target in targets if target.site}
            self._nowhere_else(sites, self._where("log", project, connection))
        elif one.kind == "consent":
            self._allowed("consent")
            self._nowhere_else({one.key}, self._where("consent", project, connection))
        elif one.kind == "plan":
            plans = [saving.plan_of(body) for body in bodies]
            self._everywhere("save plan", frozenset().union(*map(saving.sites_of, plans)))
            if one.version == 1:
                raise UserError("the first version of a project cannot be undone")
        else:
            for body in bodies:
                self._may_write(saving.sites_in(body), project, connection)

    def _readable(self, one: Revision, project: Project, read_at: frozenset[str]) -> bool:
        if one.kind in ("observation", "consent", "plan", KIND):
            return True  # those of other sites were not asked for
        if one.kind == "import":  # its account quotes rows that were refused, of any site
            return self.user.may("see") == "every" or one.who == self.user.name
        if one.kind in WHOLE:  # it tells of true counts: others read it as an entry
            return self.user.may("see") == "every"
        # A withdrawn entry no longer says whose it was: only who may read all sites sees it.
        sites = saving.sites_in(one.body) if one.body else saving.sites_of(project)
        return self._may_read(sites, read_at)

    def _may_read(self, sites: frozenset[str], read_at: frozenset[str]) -> bool:
        scope = self.user.may("read entries")
        if scope == "consented":  # an entry that also tells of a site that has not consented
            return sites <= read_at
        return scope is not None and (not sites or bool(sites & read_at))
