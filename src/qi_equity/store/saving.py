"""What every save has in common: drafts, clashes, stamps, plans; no permission is asked here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

import pandas as pd
from pydantic import ValidationError
from sqlalchemy import Connection

from qi_equity.errors import UserError
from qi_equity.project import Project
from qi_equity.store import history
from qi_equity.store.chain import Draft
from qi_equity.store.history import Current, Revision, Writer
from qi_equity.store.intake import named, shown, tidy
from qi_equity.store.refusals import Clash, Conflict, StoreError
from qi_equity.store.results import Saved
from qi_equity.store.text import LONGEST_NAME, LONGEST_TEXT, inert, problem_of_text

# What a chart is drawn from: a change of any of these makes a new revision of the project.
CHARTED = ("observation", "plan", "consent", "cycle", "annotation")
CLASHES_SHOWN = 20


def stamp(connection: Connection, project_id: str) -> str:
    """A word that changes whenever what a chart of this project is drawn from changes."""
    number, digest = history.newest(connection, project_id, CHARTED)
    return f"{number}-{digest[:12]}"


@lru_cache(maxsize=256)
def plan_of(body: str) -> Project:
    """The project in a kept plan."""
    try:
        return Project.model_validate(json.loads(body)["project"])
    except ValidationError as wrong:
        raise StoreError(
            "this project was saved by an older qi_equity and no longer reads; "
            "take its text with project_file(), correct it and save it again"
        ) from wrong


def current_plan(connection: Connection, project_id: str) -> Project | None:
    """The project as last saved, or None."""
    found = history.current(connection, project_id, "plan")
    return plan_of(found[0].body) if found and found[0].body else None


def sites_of(project: Project) -> frozenset[str]:
    """The ids of a project's sites."""
    return frozenset(site.id for site in project.sites)


def sites_in(*bodies: str | None) -> frozenset[str]:
    """The sites that kept entries belong to."""
    return frozenset(site for body in bodies if body for site in json.loads(body)["sites"])


def consented(connection: Connection, project: Project) -> frozenset[str]:
    """The sites whose protected counts the network may see."""
    found = history.current(connection, project.id, "consent")
    return frozenset(one.key for one in found if one.body and json.loads(one.body)["given"])


def true_counts(
    connection: Connection, project_id: str, sites: frozenset[str] | None
) -> pd.DataFrame:
    """The tidy table of these sites (None: of all), latest revisions only."""
    found = history.current(connection, project_id, "observation", sites=sites)
    return tidy((one.key, one.body, one.id) for one in found if one.body)


@lru_cache(maxsize=4096)
def _site_of(key: str) -> str:
    """The site in the key of an observation, without its day, which is last and has no comma."""
    site: str = json.loads(f"{key}]")[1]
    return site


def drafts(
    project: str, kind: str, changed: Mapping[str, str | None], found: Mapping[str, Current]
) -> list[Draft]:
    """The next version of each thing that changed."""
    return [
        Draft(
            project, kind, key, found[key].version + 1 if key in found else 1,
            _site_of(key.rpartition(",")[0]) if kind == "observation" else None, body,
        )
        for key, body in changed.items()
    ]  # fmt: skip


def refuse_covering(
    writer: Writer,
    changed: Mapping[str, str | None],
    found: Mapping[str, Current],
    seen: Mapping[str, int],
) -> None:
    """Conflict, if a thing is not at the revision that the user saw (0: not there at all)."""
    newer = [
        found[key]
        for key in changed
        if key in found
        and found[key].id != seen.get(key, 0)
        and not (found[key].body is None and not seen.get(key))
    ]
    if not newer:
        return
    by = history.made_by(writer.connection, [one.id for one in newer[:CLASHES_SHOWN]])
    raise Conflict(
        tuple(
            Clash(named(one.key), shown(changed[one.key]), shown(one.body), by[one.id].who,
                  by[one.id].at)
            for one in newer[:CLASHES_SHOWN]
        ),
        len(newer),
    )  # fmt: skip


def over_hand_corrections(
    writer: Writer, changed: Mapping[str, str | None], found: Mapping[str, Current]
) -> dict[str, str]:
    """Those of an import's rows that stand as somebody logged them by hand, and both versions."""
    standing = {found[k].id: k for k in changed if k in found and found[k].body is not None}
    made = history.made_by(writer.connection, list(standing))
    return {
        standing[number]: f"{named(one.key)}: {one.who} logged {shown(one.body)} by hand at "
        f"{one.at}, the file has {shown(changed[one.key])}; log it by hand if the file is right"
        for number, one in made.items()
        if one.file_hash is None
    }


def refuse_undoing_covered(covered: Iterable[Revision]) -> None:
    """Conflict, if somebody changed a thing after the revision that is to be undone."""
    clashes = tuple(
        Clash(named(one.key), "what stood before", shown(one.body), one.who, one.at)
        for one in covered
    )
    if clashes:
        raise Conflict(clashes[:CLASHES_SHOWN], len(clashes))


def number_of(revision: object) -> int:
    """The number of a revision as given; what can be none is refused in words.

    >>> number_of(7)
    7
    """
    # 2^63: what a database can count to.
    if isinstance(revision, bool) or not isinstance(revision, int) or not 0 < revision < 2**63:
        told = inert(ascii(revision))
        raise UserError(
            f"{told} is no number of a revision; the history shows the numbers there are"
        )
    return revision


def checked(what: str, text: str | None, longest: int = LONGEST_NAME, lines: bool = False) -> None:
    """Refuse text that may not be kept."""
    problem = problem_of_text(text, longest, lines) if text else None
    if problem:
        raise UserError(f"{what} {problem}")


def texts(content: object, name: str = "") -> Iterable[tuple[str, str]]:
    """Every text in a nested structure, with the name of what it is the text of."""
    if isinstance(content, str):
        yield name, content
    elif isinstance(content, dict):
        for key, value in content.items():
            yield from texts(value, str(key))
    elif isinstance(content, list | tuple):
        for value in content:
            yield from texts(value, name)


def save_one(
    writer: Writer, draft: Draft, who: str, origin: str, reason: str | None, seen: int
) -> Saved:
    """Keep the next version of one thing, unless it is so already or covers what nobody saw."""
    checked("the reason", reason, LONGEST_TEXT, lines=True)
    found = history.current(writer.connection, draft.project, draft.kind, keys=[draft.key])
    if found and found[0].body == draft.body:
        return Saved(0, 0, 1, stamp(writer.connection, draft.project))
    there = {one.key: one for one in found}
    refuse_covering(writer, {draft.key: draft.body}, there, {draft.key: seen})
    version = found[0].version + 1 if found else 1
    writer.append([replace(draft, version=version)], who, origin, reason)
    return Saved(1, int(version > 1), 0, stamp(writer.connection, draft.project))
