"""From a signal to an answer: what asks for a response, by when, and how each stands.

What a chart shows closes no gap. A signal that is established opens a check with an owner and a
clock, as the national outcome signal system does for stillbirths; here by group.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote, unquote

import numpy as np

from qi_equity.agenda import Item, agenda, short
from qi_equity.findings import Findings, Gap
from qi_equity.project import Project, Responses
from qi_equity.store.entries import Asked, Response
from qi_equity.vocabulary import Stands, Topic, Verdict

# What asks for an answer once it is established; a site that is late needs help, and no check.
WORRYING = (Topic.WIDENING, Topic.REVERSED, Topic.CONCERN)
STILL_OPEN = (Verdict.STEADY, Verdict.GAP, Verdict.WIDENING, Verdict.REVERSED, Verdict.NARROWING)
OPEN_GAP = "open gap"


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that asks for an answer: its lasting id, and where it is."""

    id: str
    kind: str  # a Topic, or OPEN_GAP
    measure: str
    site: str
    stratum: str

    @property
    def link(self) -> str:
        """The same as short text, for an address."""
        return short(self.id)


def signals(findings: Findings, today: date) -> tuple[Signal, ...]:
    """Everything that asks for an answer: what is established and worrying, and a gap past its day.

    Only what is established, however often one looks; nothing while verdicts are not in.
    """
    if not findings.judged:
        return ()
    found = agenda(findings)
    worrying = [
        _signal(item)
        for item in (*found.items, *found.rest)
        if item.kind in WORRYING and item.established
    ]
    return (*worrying, *_past_its_day(findings, today))


def _signal(item: Item) -> Signal:
    return Signal(item.id, str(item.kind), item.measure, item.site, item.stratum)


def _past_its_day(findings: Findings, today: date) -> Iterable[Signal]:
    day = findings.project.responses.gaps_open_by
    if day is None or today <= day:
        return
    for gap in findings.rows(Gap):
        if gap.declared and gap.verdict in STILL_OPEN:
            parts = (OPEN_GAP, gap.measure, gap.site, gap.stratum)
            name = "/".join(quote(part, safe="") for part in parts)
            yield Signal(name, OPEN_GAP, gap.measure, gap.site, gap.stratum)


def unanswered(found: Iterable[Signal], responses: Iterable[Response]) -> tuple[Signal, ...]:
    """Signals that nobody has opened a response to; what was examined once is not asked again."""
    known = {one.about for one in responses}
    return tuple(one for one in found if one.id not in known)


def due_on(opened: date, asked: Responses) -> date:
    """The last day for an answer: so many working days on, weekends and holidays left out.

    >>> due_on(date(2026, 3, 30), Responses(holidays=("2026-04-03", "2026-04-06")))
    datetime.date(2026, 4, 13)
    """
    day = np.busday_offset(
        np.datetime64(opened), asked.working_days, roll="backward",
        holidays=[np.datetime64(one) for one in asked.holidays],
    )  # fmt: skip
    return day.astype("datetime64[D]").item()  # type: ignore[no-any-return]


def days_left(response: Response, today: date, asked: Responses) -> int:
    """Working days that are left for an answer; below 0 how many it is late.

    >>> one = Response(about="x", opened="2026-01-05", due="2026-01-15", owner="Mo")
    >>> [days_left(one, date(2026, 1, day), Responses()) for day in (14, 19)]
    [1, -2]
    """
    first, last = sorted((today, response.due))
    left = np.busday_count(
        np.datetime64(first) + 1, np.datetime64(last) + 1,
        holidays=[np.datetime64(one) for one in asked.holidays],
    )  # fmt: skip
    return int(left) if today <= response.due else -int(left)


def opened(
    project: Project, signal: Signal, owner: str, today: date, email: str | None = None
) -> Response:
    """A response to a signal: its clock runs from today, its questions are the project's."""
    known = {site.id for site in project.sites}
    return Response(
        about=signal.id,
        opened=today,
        due=due_on(today, project.responses),
        owner=owner,
        email=email,
        asked=tuple(Asked(question=one) for one in project.responses.questions),
        sites=(signal.site,) if signal.site in known else (),
    )


def examined(response: Response, answers: Sequence[str]) -> Response:
    """The same with what was found so far to each question; a blank leaves it unanswered."""
    asked = tuple(
        one.model_copy(update={"answer": answer.strip() or None})
        for one, answer in zip(response.asked, answers, strict=True)
    )
    return response.model_copy(update={"asked": asked})


def closed(
    response: Response, outcome: str, found: str, evidence: str | None, today: date
) -> Response:
    """The answer to a signal; raises where there are no words, or no such outcome."""
    told = {"outcome": outcome, "found": found, "evidence": evidence or None, "closed": today}
    return Response.model_validate(response.model_dump() | told)


def stands(response: Response, today: date) -> Stands:
    """Whether a response is open, overdue or answered.

    >>> one = Response(about="x", opened="2026-01-05", due="2026-01-15", owner="Mo")
    >>> str(stands(one, date(2026, 1, 15))), str(stands(one, date(2026, 1, 16)))
    ('open', 'overdue')
    """
    if response.closed is not None:
        return Stands.ANSWERED
    return Stands.OVERDUE if today > response.due else Stands.OPEN


def place_of(about: str) -> tuple[str, str, str, str]:
    """Kind, measure, site and stratum of a lasting id.

    >>> place_of("widening/pph/All%20sites/Black")
    ('widening', 'pph', 'All sites', 'Black')
    """
    kind, measure, site, stratum = (unquote(part) for part in about.split("/", 3))
    return kind, measure, site, stratum
