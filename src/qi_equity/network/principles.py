"""The anti-racism principles of a project, asked again at each session; answers are kept as notes.

What the project file answers is where a team began; what a session says stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from qi_equity.project import Project
from qi_equity.store.entries import SessionNote

ABOUT = "principle"


@dataclass(frozen=True, slots=True)
class Again:
    """A principle with what was last said of it: by a session, or, without a day, by the file."""

    prompt: str
    answer: str | None
    day: date | None
    waiting: bool  # nothing was said of it since the session began


def answered(prompt: str, text: str, day: date) -> SessionNote:
    """A session's answer to a principle, as the store keeps it."""
    return SessionNote(day=day, text=text, about=ABOUT, item=_item(prompt))


def asked_again(project: Project, notes: Iterable[SessionNote], since: date) -> tuple[Again, ...]:
    """Each principle with its last answer; those without one since the session are waiting.

    >>> from qi_equity import project_file
    >>> project = project_file.load(project_file.examples()["pph_reduction"])
    >>> note = answered("Name racism", "We did, in the morning meeting.", date(2026, 1, 5))
    >>> found = asked_again(project, [note], date(2026, 1, 5))
    >>> [one.waiting for one in found], found[0].answer
    ([False, True, True, True, True, True, True], 'We did, in the morning meeting.')
    """
    said: dict[str, SessionNote] = {}
    for note in sorted(notes, key=lambda one: one.day):
        if note.about == ABOUT and note.item:
            said[note.item] = note
    found = []
    for one in project.principles:
        last = said.get(_item(one.prompt))
        if last is None:
            found.append(Again(one.prompt, one.answer, None, waiting=True))
        else:
            found.append(Again(one.prompt, last.text, last.day, waiting=last.day < since))
    return tuple(found)


def _item(prompt: str) -> str:
    return f"{ABOUT}/{quote(prompt, safe='')}"
