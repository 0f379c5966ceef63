"""One user's desk in the store: the only way to data, and where every permission is asked.

What a user may not do is refused here, whatever the page or the command in front of it shows.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from typing import TypeVar, cast

import pandas as pd
from sqlalchemy import Connection, or_

from qi_equity import crossed
from qi_equity.errors import DataErrors, UserError
from qi_equity.parts import Part
from qi_equity.project import ALL_SITES, Cycle, Project
from qi_equity.store import history, saving
from qi_equity.store.bringing import Bringing, brought_in
from qi_equity.store.chain import Draft, canonical
from qi_equity.store.entries import KINDS, Entry, Session
from qi_equity.store.gathered import Gathered
from qi_equity.store.history import Revision, Writer
from qi_equity.store.intake import carried, checked, count_in, key_of, ready
from qi_equity.store.keeping import Keeper
from qi_equity.store.refusals import Forbidden, Unexplained
from qi_equity.store.releasing import Releasing
from qi_equity.store.results import Imported, Kept, Saved
from qi_equity.store.tables import revision as revisions
from qi_equity.store.text import LONGEST_FILE, LONGEST_TEXT

AnyEntry = TypeVar("AnyEntry", bound=Part)


class Desk(Releasing, Keeper):
    """What one user may see and do; every method asks PERMISSIONS first, and raises Forbidden."""

    # Projects

    def projects(self) -> tuple[str, ...]:
        """The ids of the projects this user may see, in order."""
        with self._database.reading() as connection:
            plans = history.plans(connection)
        return tuple(
            sorted(name for name, body in plans.items() if self._plan_seen(saving.plan_of(body)))
        )

    def project(self, project_id: str) -> Project:
        """The project as last saved, with the PDSA cycles that were written down since.

        Of a project that crosses two dimensions a part may be asked for here ('ours.both'); every
        other method means the whole by it, whose counts are of the groups of both.
        """
        with self._reading(project_id) as (connection, project):
            whole = self._with_cycles(connection, project)
        return whole if project_id == whole.id else crossed.part(whole, project_id)

    def project_file(self, project_id: str) -> Kept[str]:
        """The project's YAML as last saved."""
        with self._reading(project_id) as (connection, project):
            (plan,) = history.current(connection, project.id, "plan")
            made = history.made_by(connection, [plan.id])[plan.id]
            text = json.loads(plan.body or "{}")["text"]
            return Kept(text, plan.id, made.who, made.at)

    def save_project(
        self, project: Project, text: str, reason: str | None = None, seen: int = 0
    ) -> Saved:
        """Keep a project and the YAML it was read from; every version stays in the history.

        seen: the revision of project_file() that was edited; 0 for a new project.
        """
        with history.writing(self._database) as writer:
            return self._plan(writer, project, text, reason, seen)

    def _plan(
        self, writer: Writer, project: Project, text: str, reason: str | None, seen: int
    ) -> Saved:
        self._allowed("save plan")
        saving.checked("the project file", text, LONGEST_FILE, lines=True)
        body = canonical({"project": project.model_dump(mode="json", by_alias=True), "text": text})
        before = saving.current_plan(writer.connection, project.id)
        touched = saving.sites_of(project) | (saving.sites_of(before) if before else set())
        self._everywhere("save plan", touched)
        return self._save_one(writer, project.id, "plan", "plan", None, body, reason, seen)

    def revision(self, project_id: str) -> str:
        """Changes whenever what a chart of this project is drawn from changes; the cache's key."""
        with self._reading(project_id) as (connection, project):
            return saving.stamp(connection, project.id)

    def sites(self, project_id: str) -> tuple[str, ...]:
        """The project's sites whose true counts this user sees, in order."""
        with self._reading(project_id) as (connection, project):
            return tuple(sorted(self._where("see", project, connection)))

    # Observations

    def observations(self, project_id: str, *, site: str | None = None) -> pd.DataFrame:
        """The tidy table of true counts at this user's sites (or one of them), newest alone.

        Its last column, revision, is the number of the revision each row is from: keep it in the
        rows given back to log, so that nobody's newer save is covered.
        """
        self._allowed("see")
        with self._reading(project_id) as (connection, project):
            sites = self._where("see", project, connection)
            sites = sites if site is None else sites & {site}
            found = self._reread.counts(connection, project.id, sites)
        self._look(project, sites)
        return found

    def log(
        self,
        project_id: str,
        rows: pd.DataFrame | Iterable[dict[str, object]],
        reason: str | None = None,
    ) -> Saved:
        """Keep counts typed by hand: all of the rows, or none.

        A row without numbers withdraws what was logged. A row that changes what is there needs
        the revision it was read from (observations' column 'revision') and a reason; if somebody
        saved another since, that is a Conflict showing both.
        """
        self._allowed("log")
        saving.checked("the reason", reason, LONGEST_TEXT, lines=True)
        table, seen = checked(rows)
        with self._writing(project_id) as (writer, project):
            allowed = self._where("log", project, writer.connection)
            self._nowhere_else(set(table["site"]) & saving.sites_of(project), allowed)
            fit = ready(project, table, allowed, typed=True)
            if fit.refused:
                raise DataErrors(fit.refused, "the log")
            found = history.current(
                writer.connection, project.id, "observation", keys=list(fit.bodies)
            )
            there = {one.key: one for one in found}
            stands = {one.key: one.body for one in found}
            bodies = {k: carried(body, stands.get(k)) for k, body in fit.bodies.items()}
            changed = {k: body for k, body in bodies.items() if body != stands.get(k)}
            saving.refuse_covering(writer, changed, there, seen)
            corrected = sum(count_in(stands.get(key)) is not None for key in changed)
            if corrected and not (reason and reason.strip()):
                raise Unexplained
            if changed:
                drafts = saving.drafts(project.id, "observation", changed, there)
                writer.append(drafts, self.user.name, self._origin, reason)
            unchanged = len(fit.bodies) - len(changed)
            stamp = saving.stamp(writer.connection, project.id)
        return Saved(len(changed), corrected, unchanged, stamp)

    def import_table(
        self,
        project_id: str,
        rows: pd.DataFrame | Iterable[dict[str, object]],
        file_hash: str,
        accept_valid: bool = False,
        refused: Sequence[str] = (),
        reason: str | None = None,
        keep: bool = True,
    ) -> Imported:
        """Keep a file of observations: all of it, or nothing unless accept_valid.

        Without keep nothing is written: the answer says what would be. refused: what reading the
        file already refused, a line a row. The same file again (by its SHA-256) changes nothing,
        unless the import was undone; if rows of it were refused before, those that are fit now and
        were never logged since are taken. What somebody logged by hand is not covered by a file:
        such a row is refused, with both.
        """
        table = self._of_file(rows, file_hash)
        saving.checked("the reason", reason, LONGEST_TEXT, lines=True)
        file = Bringing(file_hash, refused, accept_valid, reason, keep)
        with self._writing(project_id) as (writer, project):
            allowed = self._where("log", project, writer.connection)
            return brought_in(writer, project, table, file, self.user.name, allowed)

    def begin(
        self,
        project: Project,
        text: str,
        rows: pd.DataFrame | Iterable[dict[str, object]],
        file_hash: str,
        refused: Sequence[str] = (),
    ) -> Imported:
        """Keep a new project and the file it was drawn from: both, or neither."""
        table = self._of_file(rows, file_hash)
        with history.writing(self._database) as writer:
            self._plan(writer, project, text, None, 0)
            allowed = self._where("log", project, writer.connection)
            file = Bringing(file_hash, refused, accept_valid=True)
            return brought_in(writer, project, table, file, self.user.name, allowed)

    def _of_file(
        self, rows: pd.DataFrame | Iterable[dict[str, object]], file_hash: str
    ) -> pd.DataFrame:
        self._allowed("log")
        saving.checked("the file's hash", file_hash, 64)
        table, _ = checked(rows)
        return table

    # History

    def history(
        self, project_id: str, key: Sequence[object] | str | None = None, most: int = 200
    ) -> tuple[Revision, ...]:
        """The revisions of one thing, oldest first; or of everything, newest first.

        key: (measure, site, stratum, subgroup) of an observation, or the key of an entry.
        """
        with self._reading(project_id) as (connection, project):
            true_at = self._where("see", project, connection)
            asked = [
                revisions.c.project == project.id,
                or_(revisions.c.site.is_(None), revisions.c.site.in_(sorted(true_at))),
            ]
            if key is not None:
                one = key if isinstance(key, str) else key_of(*key)
                asked.append(revisions.c.key == one)
            newest_first = key is None
            found = history.revisions(
                connection, *asked, newest_first=newest_first, most=most if newest_first else None
            )
            read_at = self._where("read entries", project, connection)
            seen = tuple(one for one in found if self._readable(one, project, read_at))
        self._look(
            project, frozenset(one.site for one in seen if one.kind == "observation" and one.site)
        )
        return seen

    def undo(self, revision_id: int, reason: str) -> Saved:
        """Take a revision back, by a new one that says what stood before it.

        Undoing the revision of an import takes back all that the import brought.
        """
        if not (reason and reason.strip()):
            raise UserError("say why: an undo needs a reason")
        saving.checked("the reason", reason, LONGEST_TEXT, lines=True)
        number = saving.number_of(revision_id)
        with history.writing(self._database) as writer:
            connection = writer.connection
            target = history.made_by(connection, [number]).get(number)
            project = saving.current_plan(connection, target.project) if target else None
            if target is None or project is None or not self._plan_seen(project):
                raise Forbidden(f"there is no revision {revision_id} that you may undo")
            before, after = history.around(connection, target)
            targets = list(history.made_by(connection, sorted(before)).values())
            self._may_undo(targets, before[target.id], project, connection)
            saving.refuse_undoing_covered(history.made_by(connection, after).values())
            drafts = [
                Draft(
                    one.project, one.kind, one.key, one.version + 1, one.site, before[one.id],
                )
                for one in targets
            ]  # fmt: skip
            # A file's undone rows are the file's still, not counts that somebody logged by hand.
            file_hash = target.file_hash if target.kind == "import" else None
            writer.append(drafts, self.user.name, self._origin, reason, file_hash)
            stamp = saving.stamp(connection, target.project)
        return Saved(len(drafts), len(drafts), 0, stamp)

    # Cycles, annotations, session notes and actions

    def write(
        self,
        project_id: str,
        entry: Entry,
        key: str | None = None,
        reason: str | None = None,
        seen: int = 0,
    ) -> str:
        """Keep a PDSA cycle, annotation, session note or action; its key, for revising it.

        To revise: its key, and as seen the revision that entries() gave.
        """
        for name, text in saving.texts(entry.model_dump(mode="json")):
            saving.checked(f"'{name}'", text, LONGEST_TEXT, lines=True)
        kind = KINDS[type(entry)]
        new = key is None
        if isinstance(entry, Cycle):
            key, new = entry.id, True
        key = key or secrets.token_hex(8)
        saving.checked("the key", key)
        with self._writing(project_id) as (writer, project):
            found = history.current(writer.connection, project.id, kind, keys=[key])
            if not found and not new:
                raise UserError(f"there is no {kind} with the key '{key}'")
            self._may_write(frozenset(entry.sites), project, writer.connection)
            if found and found[0].body:
                self._may_write(saving.sites_in(found[0].body), project, writer.connection)
            body = canonical(entry.model_dump(mode="json"))
            self._save_one(writer, project.id, kind, key, None, body, reason, seen)
        return key

    def entries(self, project_id: str, kind: type[AnyEntry]) -> dict[str, Kept[AnyEntry]]:
        """The entries of a kind that this user may read, by key, in order of writing."""
        self._allowed("read entries")
        with self._reading(project_id) as (connection, project):
            return self._entries(connection, project, kind)

    # Consent

    def consent(self, project_id: str, site: str, given: bool, reason: str | None = None) -> Saved:
        """Let the network see this site's protected counts, or stop it."""
        self._allowed("consent")
        with self._writing(project_id) as (writer, project):
            self._nowhere_else({site}, self._where("consent", project, writer.connection))
            body = canonical({"given": given})
            found = history.current(writer.connection, project.id, "consent", keys=[site])
            seen = found[0].id if found else 0
            return self._save_one(writer, project.id, "consent", site, site, body, reason, seen)

    def consented(self, project_id: str) -> tuple[str, ...]:
        """The sites whose protected counts the network may see, in order."""
        with self._reading(project_id) as (connection, project):
            return tuple(sorted(saving.consented(connection, project)))

    def _entries(
        self, connection: Connection, project: Project, kind: type[AnyEntry]
    ) -> dict[str, Kept[AnyEntry]]:
        read_at = self._where("read entries", project, connection)
        found = [
            one
            for one in history.current(connection, project.id, KINDS[kind])
            if one.body and self._may_read(saving.sites_in(one.body), read_at)
        ]
        made = history.made_by(connection, [one.id for one in found])
        read = {one.key: kind.model_validate_json(one.body or "") for one in found}
        told = self._told(read, project, connection)
        return {
            one.key: Kept(told[one.key], one.id, made[one.id].who, made[one.id].at) for one in found
        }

    def _told(
        self, read: dict[str, AnyEntry], project: Project, connection: Connection
    ) -> dict[str, AnyEntry]:
        """Entries as this user may be told them: of an agenda, the items whose counts they see."""
        own = self._where("see", project, connection)
        every, released = self.user.may("see") == "every", frozenset[str]()
        if self.user.may("see protected"):
            released = self._where("see protected", project, connection) | {ALL_SITES}
        told = dict(read)
        for key, one in read.items():
            if isinstance(one, Session):
                told[key] = cast(AnyEntry, one.told(own, released, every=every))
            elif isinstance(one, Gathered) and not (
                every or (one.sites and own.issuperset(one.sites))
            ):
                told[key] = cast(AnyEntry, one.to_others())
        return told

    def _with_cycles(self, connection: Connection, project: Project) -> Project:
        written = self._entries(connection, project, Cycle)
        cycles = {cycle.id: cycle for cycle in project.cycles}
        cycles |= {key: kept.content for key, kept in written.items()}
        return project.model_copy(update={"cycles": tuple(cycles.values())})

    def _save_one(
        self, writer: Writer, project_id: str, kind: str, key: str, site: str | None,
        body: str, reason: str | None, seen: int,
    ) -> Saved:  # fmt: skip
        draft = Draft(project_id, kind, key, 1, site, body)
        return saving.save_one(writer, draft, self.user.name, self._origin, reason, seen)
