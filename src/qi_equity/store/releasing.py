"""The part of a desk where releases are made, seen and withdrawn; permission is asked as anywhere.

What the network sees of a project is its last release, and no save changes it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from sqlalchemy import Connection

from qi_equity import crossed
from qi_equity.errors import UserError
from qi_equity.project import Project
from qi_equity.store import releases, saving
from qi_equity.store.database import now
from qi_equity.store.refusals import Forbidden, StoreError
from qi_equity.store.releases import Logged, Protect
from qi_equity.store.rights import Seated
from qi_equity.store.text import LONGEST_TEXT


class Releasing(Seated, ABC):
    """A desk's part where releases are made, seen and withdrawn."""

    def protected(self, project_id: str, *, due: bool = True, **options: object) -> Any:
        """What the last release says of the sites that still consent; None before the first.

        due: the release of a new month is made first, if nobody made it yet.
        """
        self._allowed("see protected")
        protect = self._policy()
        if due:
            self.release_due(project_id)
        with self._reading(project_id) as (connection, latest):
            last = releases.standing(connection, latest.id)
            if last is None:
                return None
            sites = self._where("see protected", latest, connection)
            project = releases.plan_then(connection, latest.id, last.revision)
            project = self._with_cycles(connection, project)
        if project.strata.crossed_with is not None:
            if project_id not in [one.id for one in crossed.margins(project)]:
                raise Forbidden("each dimension is shown by itself; both together stay with teams")
            options |= {"part": project_id}
        return protect.seen(project, last.record, sites=sites, **options)

    def is_due(self, project_id: str) -> bool:
        """Whether the release of this month is still to be made; what would be in it is settled."""
        with self._reading(project_id) as (connection, project):
            return releases.due(connection, project, releases.current_moment()) is not None

    def release_due(self, project_id: str) -> None:
        """Make the release of this month, of the counts as they stood when it began, if it is due.

        It takes seconds, and nobody's look chooses what is in it.
        """
        self._allowed("see protected")
        releases.by_schedule(
            lambda: self._reading(project_id), lambda: self._writing(project_id), self._policy(),
            self._origin,
        )  # fmt: skip

    def releases(self, project_id: str) -> tuple[Logged, ...]:
        """The releases that went out to the network, oldest first, those withdrawn too."""
        with self._reading(project_id) as (connection, project):
            return releases.log(connection, project.id)

    def released(self, project_id: str) -> str:
        """Changes whenever what the network sees of a project changes; never by a save."""
        with self._reading(project_id) as (connection, project):
            return releases.stamp(connection, project.id)

    def release(
        self, project_id: str, reason: str = "", keep: bool = True, seen: str | None = None
    ) -> Logged | None:
        """Freeze what is logged now as the next release; None where nobody who consents logged.

        Without keep nothing goes out: the answer is what would. seen: the `mark` that somebody
        looked at; what would go out is refused if it is not the same any more.
        """
        protect = self._policy()
        saving.checked("the reason", reason, LONGEST_TEXT, lines=True)
        with self._reading(project_id) as (connection, project):
            self._may_release(project, connection)
            if seen == "":
                raise UserError("look at what the release would hold before you let it go out")
            upto, sites = (
                releases.newest_revision(connection),
                saving.consented(connection, project),
            )
            number = len(releases.log(connection, project.id)) + 1
            record = releases.make(connection, project.id, sites, upto, protect)
        if record is None:
            return None
        would = Logged(number, now(), self.user.name, reason, record, upto)
        if not keep:
            return would
        if seen is not None and seen != would.mark:
            raise UserError(
                "what would go out is not what you looked at: something was logged or released, "
                "or a site's consent changed, meanwhile; look again"
            )
        with self._writing(project_id) as (writer, project):
            self._may_release(project, writer.connection)
            if len(releases.log(writer.connection, project.id)) >= number:
                raise UserError("another release was made meanwhile: look at it, then try again")
            return releases.keep(
                writer, project.id, record, upto, now(), self.user.name, self._origin,
                reason or None,
            )  # fmt: skip

    def withdraw(self, project_id: str, number: int, reason: str) -> Logged:
        """Show a release no longer; its record stays in the history."""
        if not (reason and reason.strip()):
            raise UserError("say why: to withdraw a release needs a reason")
        saving.checked("the reason", reason, LONGEST_TEXT, lines=True)
        with self._writing(project_id) as (writer, project):
            self._may_release(project, writer.connection)
            return releases.withdraw(
                writer, project.id, number, self.user.name, self._origin, reason
            )

    def _policy(self) -> Protect:
        if self._protect is None:
            raise StoreError("the store was opened without a disclosure policy: nothing is shown")
        return self._protect

    def _may_release(self, project: Project, connection: Connection) -> None:
        self._allowed("release")
        if not self._where("release", project, connection):
            raise Forbidden("you may not do this: it is for somebody of one of the project's sites")

    @abstractmethod
    def _with_cycles(self, connection: Connection, project: Project) -> Project: ...
