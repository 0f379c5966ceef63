"""The board paper, at most two pages: what changed and for whom; gaps, trust, overdue, voices."""

from __future__ import annotations

from collections.abc import Iterator

from qi_equity.agenda import Item, agenda
from qi_equity.findings import Findings, Gap
from qi_equity.project import Measure
from qi_equity.report.grid import grid_of, in_grid, quiet_title
from qi_equity.report.learning import (
    late_answer_line,
    late_answers,
    learning_lines,
    learning_notes,
)
from qi_equity.report.measures import (
    GAP_SHARES,
    chart_notes,
    gap_notes,
    gap_rows,
    gap_table,
    lead_site,
)
from qi_equity.report.parts import Asked, Block, Listed, Page, Said
from qi_equity.report.session import overdue
from qi_equity.report.trust import trust_lines
from qi_equity.vocabulary import Topic
from qi_equity.words import say
from qi_equity.words.agenda import item_kind, item_place, item_sentences
from qi_equity.words.grammar import sentence
from qi_equity.words.numbers import day
from qi_equity.words.report import clipped, footer, gap_title, withheld

CHANGED, TRUST, LATE, GAPS = 2, 3, 2, 5  # lines of each to a page: a board reads two pages


def board_pages(findings: Findings, asked: Asked) -> Iterator[Page]:
    """Both pages."""
    yield _changed(findings, asked)
    yield _gaps(findings, asked)


def _changed(findings: Findings, asked: Asked) -> Page:
    """What changed, and every group and measure at its latest point."""
    found = [one for one in agenda(findings, asked.today).items if one.kind != Topic.LATE]
    lines = [_line(one, findings) for one in found]
    shown = lines[1 : 1 + CHANGED]
    blocks: list[Block] = []
    if shown:
        more = len(lines) - 1 - len(shown)
        blocks.append(Said(tuple(shown), say("report.board.changed"), more))
    blocks += grid_of(findings, asked) or [Said((say("labels.nothing.logged"),))]
    notes: list[str] = []
    for one in found:
        notes += [_line(one, findings), *item_sentences(one, findings)]
    measure = findings.project.measure(findings.project.aim.measure)
    for charted in in_grid(findings):
        told = chart_notes(findings, charted, lead_site(findings, charted, asked)).values()
        notes += [say("report.board.told_of", measure=charted.name), *told] if told else []
    title = lines[0].rstrip(".") if lines else quiet_title(findings, asked, measure)
    under = footer(findings, asked.provenance, None, asked.site)
    return Page(title, tuple(blocks), tuple(notes), under, one=True)


def _line(item: Item, findings: Findings) -> str:
    where = item_place(item, findings)
    return sentence(say("session.slide.title", kind=item_kind(item), where=where))


def _gaps(findings: Findings, asked: Asked) -> Page:
    """Gaps with their verdicts, how far the data can be trusted, what is overdue, who is heard."""
    project = findings.project
    measure = project.measure(project.aim.primary.measure)
    site = lead_site(findings, measure, asked)
    gaps = gap_rows(findings, measure, site)
    # The contrast that was declared stands first: it is what the board was promised.
    gaps.sort(key=lambda row: row.stratum != project.aim.primary.stratum)
    learned = learning_lines(findings, asked)
    title = gap_title(gaps, measure)
    careful = trust_lines(findings, measure, site)
    trust = careful[:TRUST] or [say("report.title.clean")]
    late = _late(findings, asked)
    blocks: list[Block] = [
        *_gap_blocks(gaps, measure, title, withheld(findings, measure, site)),
        Said(tuple(trust), say("report.board.trust"), max(0, len(careful) - TRUST)),
        Said(
            tuple(_overdue(late, findings, asked)),
            say("report.board.overdue"),
            max(0, len(late) - LATE),
        ),
        *([Said(tuple(learned), say("report.board.learned"))] if learned else []),
    ]
    notes = [*gap_notes(gaps, measure)]
    notes += [*careful, *late[LATE:], *learning_notes(findings, asked)]
    under = footer(findings, asked.provenance, measure, site)
    return Page(title, tuple(blocks), tuple(notes), under, one=True)


def _gap_blocks(gaps: list[Gap], measure: Measure, title: str, hidden: bool) -> list[Block]:
    """The table of gaps, and how many it leaves to the notes."""
    if not gaps:
        return [Said((say("report.withheld" if hidden else "gaps.page.no_gap"),))]
    table = Listed(gap_table(gaps[:GAPS], measure), shares=GAP_SHARES, said=title)
    left = len(gaps) - GAPS
    return [table, Said((say("report.grid.more_strata", count=left),))] if left > 0 else [table]


def _overdue(late: list[str], findings: Findings, asked: Asked) -> Iterator[str]:
    """Answers and steps past their day, and the site that stopped logging longest ago."""
    yield from late[:LATE]
    if not late and asked.beside.responses:
        yield say("report.board.nobody_late")
    if not late:
        yield say("report.board.nobody_overdue" if asked.actions else "report.board.no_steps")
    silent = [one for one in agenda(findings, asked.today).items if one.kind == Topic.LATE]
    for one in silent[:1]:
        said = say("session.late", day=day(one.last))
        yield say("report.board.late", site=item_place(one, findings), said=said)


def _late(findings: Findings, asked: Asked) -> list[str]:
    """Every answer and step whose day is past; the answers to signals first."""
    steps = overdue(asked.actions, asked.day(findings))
    return [
        *(late_answer_line(one, findings) for one in late_answers(findings, asked)),
        *(
            say("report.board.step", text=clipped(one.text, 60), owner=one.owner, day=day(one.due))
            for one in steps
        ),
    ]
