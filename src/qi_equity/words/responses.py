"""Responses and meetings in words: what asks for an answer, how each stands, what was said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from qi_equity.network.responding import Signal, place_of, stands
from qi_equity.project import Project
from qi_equity.store.entries import Engagement, Response
from qi_equity.vocabulary import Stands
from qi_equity.words import say
from qi_equity.words.grammar import called
from qi_equity.words.numbers import day

OUTCOMES = ("action", "cycle", "examined", "recording")
# What wants somebody first.
ORDER = (Stands.OVERDUE, Stands.OPEN, Stands.ANSWERED)


def where_words(about: str, project: Project) -> str:
    """What a response is about, with the project's own names.

    >>> from qi_equity import project_file
    >>> project = project_file.load(project_file.examples()["pph_reduction"])
    >>> where_words("widening/pph_1000/All%20sites/Black", project)
    'The gap widens: Blood loss of 1,000 ml or more, All sites, Black'
    """
    kind, *place = place_words(about, project)
    return say("responses.signal", kind=kind, where=", ".join(place))


def place_words(about: str, project: Project) -> tuple[str, str, str, str]:
    """What a response is about: its kind, measure, site and group, as the project names them."""
    kind, measure, site, stratum = place_of(about)
    measures = {one.id: one.name for one in project.measures}
    sites = {one.id: one.name for one in project.sites}
    site = sites.get(site) or called(site)
    return say(f"responses.kind.{kind}"), measures.get(measure, measure), site, called(stratum)


def responses_lines(
    project: Project,
    waiting: Sequence[Signal],
    responses: Mapping[str, Response],
    today: date,
) -> Iterator[str]:
    """What asks for an answer and has none, then the responses: overdue, open, answered."""
    if not waiting and not responses:
        yield say("responses.none")
    if waiting:
        yield say("responses.waiting")
        yield from (f"  {where_words(one.id, project)}" for one in waiting)
    for state in ORDER:
        some = {key: one for key, one in responses.items() if stands(one, today) == state}
        if some:
            yield say(f"responses.list.{state}")
        for key, one in some.items():
            yield from (f"  {line}" for line in _one(key, one, project))


def _one(key: str, one: Response, project: Project) -> Iterator[str]:
    where = where_words(one.about, project)
    if one.closed is None:
        yield say("responses.line", key=key, where=where, owner=one.owner, due=day(one.due))
    else:
        yield say(
            "responses.line_answered", key=key, where=where, day=day(one.closed),
            outcome=say(f"responses.outcome.{one.outcome}"), found=one.found,
        )  # fmt: skip
    for asked in one.asked:
        if asked.answer:
            yield "  " + say("responses.answered", question=asked.question, answer=asked.answer)
        elif one.closed is None:
            yield "  " + say("responses.asks", question=asked.question)
    if one.evidence:
        yield "  " + say("responses.evidence", evidence=one.evidence)


def reminder(one: Response, project: Project, today: date) -> str:
    """One line of a reminder: names, a place and a day, and no count."""
    where = where_words(one.about, project)
    return say(
        f"responses.remind.{stands(one, today)}", due=day(one.due), where=where, owner=one.owner
    )


def met_lines(project: Project, met: Sequence[Engagement]) -> Iterator[str]:
    """You said, we did: each meeting, the newest first."""
    names = {one.id: one.name for one in project.measures}
    if not met:
        yield say("responses.nobody_met")
    for one in sorted(met, key=lambda one: one.day, reverse=True):
        yield say("responses.met", day=day(one.day), where=one.where, met=one.met, said=one.said)
        yield "  " + (
            say("responses.did", did=one.did) if one.did else say("responses.did_nothing")
        )
        if one.measure:
            yield "  " + say("responses.shown_by", measure=names.get(one.measure, one.measure))
