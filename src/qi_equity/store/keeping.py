"""What an admin does with a whole store: keep it safe, read its trail; and what a look records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from qi_equity.project import Project
from qi_equity.store import heads, trail, upkeep, verifying
from qi_equity.store.chain import Noted, Verified, canonical
from qi_equity.store.rights import Seated
from qi_equity.store.tables import trail as lines
from qi_equity.store.trail import Entry, Line
from qi_equity.store.users import Users
from qi_equity.vocabulary import Act

MOST_LINES = 5000  # of the trail, in one answer


class Keeper(Seated):
    """A desk's part for whoever keeps the store."""

    def verify(
        self,
        noted: str | Sequence[Noted] | None = None,
        second: str = "",
        users: Users | None = None,
    ) -> Verified:
        """Walk both chains, and hold them against every head that was noted.

        noted: a head written down earlier; those beside the store are found by themselves. second:
        the second place where heads are noted. users: the list of users, held against what the
        trail noted of it.
        """
        self._allowed("keep")
        self._trail.flush()
        given = [Noted(noted)] if isinstance(noted, str) else list(noted or ())
        heads_known, remarks = heads.gathered(self._database.path, second, given)
        with self._database.reading() as connection:
            found = verifying.verify(connection, heads_known)
            if found.whole:
                found = verifying.of_files(connection, found, users)
        return verifying.with_remarks(found, remarks)

    def backup(self, path: Path, second: str = "") -> Verified:
        """Copy the store to a new file while it is in use, verify the copy, and note its head.

        second: where else the head is noted; UserError where it cannot be, though the copy is made.
        """
        self._allowed("keep")
        # A store whose own disk is full can be saved to another: nothing waits for this line.
        self._trail.record(self._line(Act.BACKED_UP, {"file": Path(path).name}, None))
        self._trail.flush()
        found = upkeep.backup(self._database, path)
        heads.note(self._database.path, second, found, "backup")
        return found

    def export(self, folder: Path) -> tuple[Path, ...]:
        """Write everything the network owns to a new folder, as CSV, JSON lines and YAML."""
        self._allowed("keep")
        self.record(Act.EXPORTED, {"folder": Path(folder).name, "what": "everything"})
        return upkeep.export(self._database, folder)

    def people(self, users: Users) -> Users:
        """The users file, for those who may change who gets in."""
        self._allowed("people")
        return users

    # The trail

    def record(
        self, what: Act, about: Mapping[str, object] | None = None, project: str | None = None
    ) -> None:
        """Put something that this user does on record, before it is done."""
        self._trail.keep(self._line(what, about, project))

    def note_file(
        self, what: Act, path: Path, told: Mapping[str, object], project: str = ""
    ) -> None:
        """Put on record how a file beside the store reads now, unless the newest line says so.

        From then on verify names the file where it was changed otherwise.
        """
        self._allowed("keep")
        about = {"path": str(Path(path).absolute()), **told}
        asked = (lines.c.what == what.value, lines.c.about.contains(canonical(about["path"])))
        with self._database.reading() as connection:
            newest = trail.found(connection, *asked, most=1)
        if not newest or newest[0].told != about:
            self.record(what, about, project or None)

    def looked(self, project_id: str) -> None:
        """Put on record that this user is shown true counts of a project, if they see any.

        The same look again within a quarter of an hour is no line of its own.
        """
        user = self.user
        asked = (user.name, project_id, user.role, user.sites, "asked")
        if user.may("see") is None or self._trail.lately(*asked):
            return
        with self._reading(project_id) as (connection, project):
            sites = self._where("see", project, connection)
        self._look(project, sites)

    def trail(
        self,
        who: str = "",
        what: str = "",
        since: date | None = None,
        until: date | None = None,
        most: int = 200,
    ) -> tuple[Line, ...]:
        """Who did and who looked, newest first; filtered by part of a name, an act and days."""
        self._allowed("trail")
        self._trail.flush()
        asked = []
        if who:
            asked.append(lines.c.who.icontains(who, autoescape=True))
        if what:
            asked.append(lines.c.what == what)
        if since:
            asked.append(lines.c.at >= since.isoformat())
        if until:
            asked.append(lines.c.at < f"{until.isoformat()}T99")
        with self._database.reading() as connection:
            return tuple(trail.found(connection, *asked, most=min(most, MOST_LINES)))

    def _look(self, project: Project, sites: frozenset[str]) -> None:
        if sites:
            one = self._line(Act.READ, {"sites": sites}, project.id)
            self._trail.looked(one, sites, self._origin)

    def _line(self, what: Act, about: Mapping[str, object] | None, project: str | None) -> Entry:
        return trail.entry(self.user.name, what, about, project=project, origin=self._origin)
