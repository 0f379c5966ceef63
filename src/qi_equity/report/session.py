"""The session pack: the agenda, a page an item, and who does what by when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from qi_equity.agenda import Item, agenda
from qi_equity.findings import Findings, Gap
from qi_equity.project import Project
from qi_equity.report import charts
from qi_equity.report.measures import ROWS, markers, numbered
from qi_equity.report.parts import Asked, Block, Listed, Page, Said
from qi_equity.store import Action
from qi_equity.view.table import Table
from qi_equity.vocabulary import Topic
from qi_equity.words import say
from qi_equity.words.agenda import item_kind, item_place, item_sentences
from qi_equity.words.numbers import day
from qi_equity.words.report import footer

SAID = 2  # sentences beside a chart; all of them are in the notes
EMPTY = 4  # lines of the table of next steps, for a session that has none yet


def session_pages(findings: Findings, asked: Asked) -> Iterator[Page]:
    """All pages of the pack."""
    found = agenda(findings, asked.today)
    items = [one for one in found.items if not asked.site or one.site == asked.site]
    yield _agenda(findings, asked, items, len(found.rest))
    for item in items:
        yield _item(findings, asked, item)
    yield from steps_pages(findings, asked)


def _agenda(findings: Findings, asked: Asked, items: Sequence[Item], more: int) -> Page:
    under = footer(findings, asked.provenance, None, asked.site)
    notes = (say("session.lead"), say("session.rests_on"))
    if not items:
        return Page(say("report.title.quiet"), (Said((say("session.quiet"),)),), notes, under)
    title = say("report.title.agenda", count=len(items))
    heads = tuple(say(f"report.table.{name}") for name in ("item", "where"))
    lines = tuple((item_kind(one), item_place(one, findings)) for one in items)
    blocks: list[Block] = [Listed(Table(title, heads, lines), shares=(0.4, 0.6), said=title)]
    if more:
        blocks.append(Said((say("session.rest", count=more),)))
    return Page(title, tuple(blocks), notes, under)


def _item(findings: Findings, asked: Asked, item: Item) -> Page:
    """One item for the room: its chart, the first things to say, the rest in the notes."""
    measure = findings.project.measure(item.measure)
    said = item_sentences(item, findings)
    if isinstance(item.row, Gap):
        drawn = charts.gap_charts(findings, measure, item.site, [item.stratum])
        blocks: list[Block] = [drawn] if drawn is not None else []
    else:
        marks = [] if item.kind == Topic.LATE else markers(findings.project, item.site)
        blocks = list(charts.strata_charts(findings, measure, item.site, [item.stratum], marks))
    title = say("session.slide.title", kind=item_kind(item), where=item_place(item, findings))
    under = footer(findings, asked.provenance, measure, item.site)
    return Page(title, (*blocks, Said(tuple(said[:SAID]))), tuple(said), under)


def steps_pages(findings: Findings, asked: Asked) -> list[Page]:
    """Next steps with who and by when; empty lines to write in where none is agreed."""
    under = footer(findings, asked.provenance, None, asked.site)
    heads = tuple(say(f"report.table.{name}") for name in ("step", "who", "by", "state"))
    lines = [_step(one, findings.project) for one in asked.actions]
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


def _step(action: Action, project: Project) -> tuple[str, str, str, str]:
    state = say("session.done") if action.done else say("session.to_do")
    return (action.text, action.owner, day(action.due), state)


def overdue(actions: Sequence[Action], today: pd.Timestamp) -> list[Action]:
    """The steps that are not done though their day is past."""
    late = [one for one in actions if not one.done and one.due and pd.Timestamp(one.due) < today]
    return sorted(late, key=lambda one: (one.due, one.text))
