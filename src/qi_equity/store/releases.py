"""The log of releases: what went out to the network, when, by whom, of which counts; no policy.

A release is one more revision in the append-only history, so its record stays whatever becomes of
it. Who may make, see or withdraw one is asked at the desk; how one is made, of whoever opened the
store.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import pandas as pd
from sqlalchemy import Connection, func, select

from qi_equity.errors import UserError
from qi_equity.project import Project
from qi_equity.store import history, saving
from qi_equity.store.chain import Draft, canonical
from qi_equity.store.history import Revision, Writer
from qi_equity.store.intake import tidy
from qi_equity.store.tables import change
from qi_equity.store.tables import revision as revisions
from qi_equity.store.trail import entry
from qi_equity.vocabulary import Act

KIND = "release"
# Who makes those of the schedule: nobody's save does, and nobody's look chooses the counts.
SCHEDULE = "schedule"
# Of the releases that went before, the newest so many are reckoned with: two years of months.
RECKONED_WITH = 24
# What a network page shows beside the counts of a release: a change of any is a new page.
BESIDE = ("consent", "cycle", "annotation", KIND)


@dataclass(frozen=True, slots=True)
class Past:
    """A release that went out, with the project and the counts as they were when it was made."""

    record: Mapping[str, Any]
    project: Project
    observations: pd.DataFrame


class Protect(Protocol):
    """What makes releases, and reads them for whoever may see no true count."""

    def made(
        self, project: Project, observations: pd.DataFrame, earlier: tuple[Past, ...]
    ) -> Mapping[str, Any]:
        """What is public of a release of these counts, given what went out before."""

    def seen(self, project: Project, record: Mapping[str, Any], **options: Any) -> Any:
        """What a release says; `sites` are those that still consent."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A release in the log: its number, when and by whom it was made, and of what."""

    number: int
    at: str
    who: str
    why: str | None
    record: Mapping[str, Any]
    revision: int  # of the store: the counts and the project as they stood then
    withdrawn: str = ""  # why, if it was
    withdrawn_by: str = ""

    @property
    def day(self) -> str:
        """The day it was made, as 2026-11-03."""
        return self.at[:10]

    @property
    def mark(self) -> str:
        """What tells this release from every other, of the same contents too."""
        return f"{self.number}-{self.record['content']}"

    @property
    def counts_to(self) -> str | None:
        """The last day of counts in it."""
        told: str | None = self.record["counts_to"]
        return told


def log(connection: Connection, project: str) -> tuple[Logged, ...]:
    """The releases of a project, oldest first, those withdrawn too."""
    found: dict[str, Logged] = {}
    asked = (revisions.c.project == project, revisions.c.kind == KIND)
    for one in history.revisions(connection, *asked):
        body = json.loads(one.body or "{}")
        if one.version == 1:
            found[one.key] = _logged(one, body)
        elif one.key in found:
            held = found[one.key]
            found[one.key] = Logged(
                held.number, held.at, held.who, held.why, held.record, held.revision,
                body["withdrawn"], one.who,
            )  # fmt: skip
    return tuple(found.values())


def _logged(one: Revision, body: Mapping[str, Any]) -> Logged:
    who = body.get("by") or one.who
    return Logged(body["number"], body["at"], who, one.why, body["release"], body["of"])


def standing(connection: Connection, project: str) -> Logged | None:
    """The newest release that was not withdrawn."""
    return next((one for one in reversed(log(connection, project)) if not one.withdrawn), None)


def plan_then(connection: Connection, project: str, upto: int) -> Project:
    """The project as it stood at a revision of the store."""
    (plan,) = history.current(connection, project, "plan", upto=upto)
    return saving.plan_of(plan.body or "")


def counts_then(
    connection: Connection, project: str, sites: frozenset[str], upto: int
) -> pd.DataFrame:
    """The true counts of these sites as they stood at a revision of the store."""
    found = history.current(connection, project, "observation", sites=sites, upto=upto)
    return tidy((one.key, one.body, one.id) for one in found if one.body).drop(columns="revision")


def stamp(connection: Connection, project: str) -> str:
    """A word that changes whenever what the network sees of this project does; never by a save."""
    number, digest = history.newest(connection, project, BESIDE)
    return f"{number}-{digest[:12]}"


def month_start(now: datetime) -> str:
    """The first moment of this month, as the store writes moments.

    >>> month_start(datetime(2026, 11, 27, tzinfo=UTC))
    '2026-11-01T00:00:00.000000Z'
    """
    return f"{now:%Y-%m}-01T00:00:00.000000Z"


def due(connection: Connection, project: Project, now: datetime) -> int | None:
    """The revision that the release of this month is made of; None where none is due.

    It is of the counts as they stood when the month began, whoever looks first and whenever.
    """
    if project.disclosure.release != "month":
        return None
    begins = month_start(now)
    if any(one.at >= begins for one in log(connection, project.id)):
        return None
    latest = (
        select(func.max(revisions.c.id))
        .join(change)
        .where(change.c.at < begins, revisions.c.project == project.id)
    )
    upto = connection.execute(latest).scalar()
    if upto is None or not history.current(connection, project.id, "plan", upto=upto):
        return None
    return int(upto)


def make(
    connection: Connection, project: str, sites: frozenset[str], upto: int, protect: Protect
) -> Mapping[str, Any] | None:
    """A release of the counts of these sites as they stood then; None where there are none."""
    plan = plan_then(connection, project, upto)
    table = counts_then(connection, project, sites & saving.sites_of(plan), upto)
    if table.empty:
        return None
    earlier = tuple(
        Past(one.record, plan_then(connection, project, one.revision),
             counts_then(connection, project, frozenset(one.record["sites"]), one.revision))
        for one in log(connection, project)[-RECKONED_WITH:]
    )  # fmt: skip
    return protect.made(plan, table, earlier)


def keep(
    writer: Writer, project: str, record: Mapping[str, Any], upto: int, at: str, who: str,
    origin: str, why: str | None,
) -> Logged:  # fmt: skip
    """Freeze a release as the next in the log."""
    number = len(log(writer.connection, project)) + 1
    by = SCHEDULE if who == SCHEDULE else ""
    body = {"number": number, "at": at, "by": by, "of": upto, "release": record}
    draft = Draft(project, KIND, f"{number:06d}", 1, None, canonical(body))
    writer.append([draft], who, origin, why)
    about = {"number": number, "sites": record.get("sites"), "contents": record.get("content")}
    writer.on_record(entry(who, Act.RELEASED, about, project=project, origin=origin))
    return Logged(number, at, who, why, record, upto)


def withdraw(writer: Writer, project: str, number: int, who: str, origin: str, why: str) -> Logged:
    """Say of a release that it is no longer shown; its record stays."""
    found = next((one for one in log(writer.connection, project) if one.number == number), None)
    if found is None:
        raise UserError(f"there is no release {number}")
    if found.withdrawn:
        raise UserError(f"release {number} was withdrawn already: {found.withdrawn}")
    body = canonical({"number": number, "withdrawn": why})
    writer.append([Draft(project, KIND, f"{number:06d}", 2, None, body)], who, origin, why)
    about = {"number": number}
    writer.on_record(entry(who, Act.WITHDRAWN, about, project=project, origin=origin))
    return found


Reading = Callable[[], AbstractContextManager[tuple[Connection, Project]]]
Writing = Callable[[], AbstractContextManager[tuple[Writer, Project]]]


def current_moment() -> datetime:
    """The moment it is."""
    return datetime.now(UTC)


def by_schedule(reading: Reading, writing: Writing, protect: Protect, origin: str) -> None:
    """Make this month's release if it is due; what two make at once is kept once."""
    now = current_moment()
    with reading() as (connection, project):
        upto = due(connection, project, now)
        if upto is None:
            return
        many = len(log(connection, project.id))
        sites = saving.consented(connection, project)
        record = make(connection, project.id, sites, upto, protect)
    if record is None:
        return
    with writing() as (writer, project):
        if len(log(writer.connection, project.id)) == many:
            keep(writer, project.id, record, upto, month_start(now), SCHEDULE, origin,
                 "made by the month")  # fmt: skip


def newest_revision(connection: Connection) -> int:
    """The number of the store's newest revision."""
    return int(connection.execute(select(func.max(revisions.c.id))).scalar() or 0)
