"""The session pack: the agenda, a page an item, and who does what by when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from qi_equity.agenda import OF_GAPS, Item, agenda, recalled
from qi_equity.findings import Findings
from qi_equity.network.principles import ABOUT, asked_again
from qi_equity.report import charts
from qi_equity.report.grid import grid_of, quiet_title
from qi_equity.report.measures import ROWS, gap_pages, markers, numbered
from qi_equity.report.parts import Asked, Block, Listed, Page, Said, parted
from qi_equity.store import Action
from qi_equity.view.table import Table
from qi_equity.vocabulary import Topic
from qi_equity.words import say, words_of
from qi_equity.words.agenda import item_kind, item_line, item_place, item_sentences
from qi_equity.words.grammar import first_up, listed
from qi_equity.words.numbers import day
from qi_equity.words.principles import principles_lines, principles_title
from qi_equity.words.report import footer

SAID = 2  # sentences beside a chart; all of them are in the notes
NOTES = 5  # to a page: a note takes a line or two
EMPTY = 4  # lines of the table of next steps, for a session that has none yet


@dataclass(frozen=True, slots=True)
class Told:
    """An item with what is told of it: as it was held still, or as the findings say now."""

    item: Item
    line: str
    said: tuple[str, ...]
    minutes: int


def session_pages(findings: Findings, asked: Asked) -> Iterator[Page]:
    """All pages of the pack."""
    items, rest = _items(findings, asked)
    yield _agenda(findings, asked, items, rest)
    for told in items:
        yield _item(findings, asked, told)
    if not items:  # what stays the same, and for whom
        primary = findings.project.measure(findings.project.aim.primary.measure)
        yield from gap_pages(findings, primary, asked)[:1]
    yield from note_pages(findings, asked)
    yield from principle_pages(findings, asked)
    yield from steps_pages(findings, asked)


def _items(findings: Findings, asked: Asked) -> tuple[list[Told], int]:
    """What is on the agenda, of one site where one is asked for, and how many are left out."""
    found = agenda(findings, asked.today)
    told = [
        Told(one, item_line(one, findings), tuple(item_sentences(one, findings)), one.minutes)
        for one in found.items
    ]
    more, session = len(found.rest), asked.session
    if session is not None and session.held and session.items:
        measures = {one.id for one in findings.project.measures}
        told = [
            Told(recalled(one.kind, one.place, findings), one.line, one.said, one.minutes)
            for one in session.items
            if one.measure in measures
        ]
        more = len(session.rest)
    return [one for one in told if not asked.site or one.item.site == asked.site], more


def _agenda(findings: Findings, asked: Asked, items: Sequence[Told], more: int) -> Page:
    under = footer(findings, asked.provenance, None, asked.site)
    notes = (say("session.lead"), say("session.rests_on"))
    blocks: list[Block]
    if not items:
        measure = findings.project.measure(findings.project.aim.measure)
        title = quiet_title(findings, asked, measure)
        blocks = [Said((say("session.quiet"),)), *grid_of(findings, asked)]
        return Page(title, tuple(blocks), notes, under)
    title = say("report.title.agenda", count=len(items))
    heads = tuple(say(f"report.table.{name}") for name in ("item", "where", "then_now", "time"))
    lines = tuple(
        (
            item_kind(one.item), item_place(one.item, findings), one.line,
            say("session.minutes", count=one.minutes),
        )
        for one in items
    )  # fmt: skip
    shares = (0.25, 0.37, 0.24, 0.14)
    blocks = [Listed(Table(title, heads, lines), shares=shares, said=title)]
    if more:
        blocks.append(Said((say("session.rest", count=more),)))
    return Page(title, tuple(blocks), notes, under)


def _item(findings: Findings, asked: Asked, told: Told) -> Page:
    """One item for the room: its chart, the first things to say, the rest in the notes."""
    item = told.item
    measure = findings.project.measure(item.measure)
    if item.kind in OF_GAPS:
        drawn = charts.gap_charts(findings, measure, item.site, [item.stratum])
        blocks: list[Block] = [drawn] if drawn is not None else []
    else:
        marks = [] if item.kind == Topic.LATE else markers(findings.project, item.site)
        blocks = list(charts.strata_charts(findings, measure, item.site, [item.stratum], marks))
    title = say("session.slide.title", kind=item_kind(item), where=item_place(item, findings))
    under = footer(findings, asked.provenance, measure, item.site)
    line = "" if item.kind == Topic.LATE else told.line  # the sentence has its day
    said = [one for one in (line, *told.said) if one]
    return Page(title, (*blocks, Said(tuple(said[:SAID]))), tuple(said), under)


def note_pages(findings: Findings, asked: Asked) -> list[Page]:
    """What the session wrote down: of the agenda that is held, else of the last day of notes."""
    last = max((one.day for one in asked.notes), default=None)
    since = asked.session.day if asked.session is not None and asked.session.held else last
    notes = [
        one for one in asked.notes if since is not None and one.day >= since and one.about != ABOUT
    ]
    under = footer(findings, asked.provenance, None, asked.site)
    heads = tuple(say(f"report.table.{name}") for name in ("note", "where", "said"))
    names, about = {one.id: one.name for one in findings.project.sites}, words_of("session.about")
    lines = [
        (
            about.get(one.about, first_up(one.about)),
            listed(names.get(site, site) for site in one.sites) or say("session.network"),
            one.text,
        )
        for one in notes
    ]
    title = say("report.title.notes", count=len(lines))
    return numbered(
        [
            Page(
                title,
                (Listed(Table(title, heads, tuple(here)), shares=(0.16, 0.24, 0.6), said=title),),
                tuple(text for _, _, text in here),
                under,
            )
            for _, here in parted(lines, NOTES)
        ]
    )


def principle_pages(findings: Findings, asked: Asked) -> Iterator[Page]:
    """The principles, each with what was last said of it; those that wait are named as waiting."""
    session = asked.session
    held = session.day if session is not None and session.held else None
    found = asked_again(findings.project, asked.notes, held or asked.day(findings).date())
    if found:
        lines = principles_lines(found)
        under = footer(findings, asked.provenance, None, asked.site)
        yield Page(principles_title(found), (Said(tuple(lines)),), tuple(lines), under)


def steps_pages(findings: Findings, asked: Asked) -> list[Page]:
    """Next steps with who and by when; empty lines to write in where none is agreed."""
    under = footer(findings, asked.provenance, None, asked.site)
    heads = tuple(say(f"report.table.{name}") for name in ("step", "who", "by", "state"))
    lines = [_step(one) for one in asked.actions]
    title = say("report.title.steps", count=len(lines)) if lines else say("report.title.no_steps")
    lines = lines or [("", "", "", "")] * EMPTY
    return numbered(
        [
            Page(
                title,
                (
                    Listed(
                        Table(title, heads, tuple(lines[start : start + ROWS])),
                        shares=(0.5, 0.2, 0.15, 0.15),
                        said=title,
                    ),
                ),
                (),
                under,
            )
            for start in range(0, len(lines), ROWS)
        ]
    )


def _step(action: Action) -> tuple[str, str, str, str]:
    state = say("session.done") if action.done else say("session.to_do")
    return (action.text, action.owner, day(action.due), state)


def overdue(actions: Sequence[Action], today: pd.Timestamp) -> list[Action]:
    """The steps that are not done though their day is past."""
    late = [one for one in actions if not one.done and one.due and pd.Timestamp(one.due) < today]
    return sorted(late, key=lambda one: (one.due, one.text))
