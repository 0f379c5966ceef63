"""The board paper, at most two pages: what changed and for whom; gaps, trust, overdue, voices."""

from __future__ import annotations

from collections.abc import Iterator

from qi_equity.agenda import Item, agenda
from qi_equity.findings import Chart, Findings
from qi_equity.project import Measure
from qi_equity.report.learning import (
    late_answer_line,
    late_answers,
    learning_lines,
    learning_notes,
)
from qi_equity.report.marks import MARKS
from qi_equity.report.measures import GAP_SHARES, gap_rows, gap_table, lead_site, strata_of
from qi_equity.report.parts import Asked, Block, Listed, Page, Said
from qi_equity.report.project import caution_lines
from qi_equity.report.session import overdue
from qi_equity.view.table import Table
from qi_equity.view.theme import MEANINGS
from qi_equity.vocabulary import Topic, Variation
from qi_equity.words import say
from qi_equity.words.agenda import item_kind, item_place, item_sentences
from qi_equity.words.grammar import called, sentence
from qi_equity.words.numbers import day
from qi_equity.words.report import clipped, footer, gap_title
from qi_equity.words.verdicts import verdict_sentences
from qi_equity.words.watched import MEANS

CHANGED, TRUST, LATE = 2, 2, 2  # lines of each to a page: a board reads two pages
MEASURES, STRATA, GAPS = 4, 7, 5
GAPS_BESIDE = 2  # where voices and people stand under them

STILL = "●"


def board_pages(findings: Findings, asked: Asked) -> Iterator[Page]:
    """Both pages."""
    yield _changed(findings, asked)
    yield _gaps(findings, asked)


def _changed(findings: Findings, asked: Asked) -> Page:
    """What changed, and every group and measure at its latest point."""
    found = [one for one in agenda(findings, asked.today).items if one.kind != Topic.LATE]
    lines = [
        sentence(say("session.slide.title", kind=item_kind(one), where=item_place(one, findings)))
        for one in found
    ]
    title = lines[0].rstrip(".") if lines else say("report.title.quiet")
    shown = lines[1 : 1 + CHANGED]
    more = len(lines) - 1 - len(shown)
    blocks: list[Block] = []
    if shown:
        blocks.append(Said(tuple(shown), say("report.board.changed"), more))
    grid = grid_of(findings, asked)
    if grid is not None:
        blocks.append(grid)
    notes = [
        *(text for one in found for text in _told(one, findings)),
        *([grid.said] if grid else []),
    ]
    if not blocks:
        blocks.append(Said((say("labels.nothing.logged"),)))
    return Page(
        title, tuple(blocks), tuple(notes), footer(findings, asked.provenance, None, asked.site)
    )


def _told(item: Item, findings: Findings) -> list[str]:
    where = say("session.slide.title", kind=item_kind(item), where=item_place(item, findings))
    return [sentence(where), *item_sentences(item, findings)]


def grid_of(findings: Findings, asked: Asked) -> Listed | None:
    """Strata by measures: the mark and the word of the latest point of each chart."""
    project = findings.project
    measures = project.measures[:MEASURES]
    latest: dict[tuple[str, str], Chart] = {}
    for measure in measures:
        for row in findings.rows(Chart, measure, lead_site(findings, measure, asked)):
            latest[(measure.id, row.stratum)] = row
    strata = [
        name for name in strata_of(project) if any((one.id, name) in latest for one in measures)
    ]
    if not strata:
        return None
    # Where not all can be shown, those of whom there is something to say are.
    telling = sorted(
        strata, key=lambda name: not any(_tells(latest.get((m.id, name))) for m in measures)
    )
    kept = [name for name in strata if name in telling[:STRATA]]
    looks: dict[tuple[int, int], str] = {}
    lines, said = [], []
    for place, name in enumerate(kept):
        cells = [clipped(called(name))]
        for across, measure in enumerate(measures, 1):
            look, word = cell(latest.get((measure.id, name)), measure)
            looks[(place, across)] = look
            cells.append(word)
            said.append(
                say("report.grid.said", stratum=called(name), measure=measure.name, word=word)
            )
        lines.append(tuple(cells))
    heads = (say("report.grid.group"), *(clipped(one.name, 48) for one in measures))
    wide = 0.22
    shares = (wide, *([(1 - wide) / len(measures)] * len(measures)))
    table = Table(say("report.grid.heading"), heads, tuple(lines))
    return Listed(table, looks, shares, " ".join(said))


def _tells(row: Chart | None) -> bool:
    return row is not None and (
        bool(row.established) or row.variation not in ("", Variation.COMMON_CAUSE)
    )


def cell(row: Chart | None, measure: Measure) -> tuple[str, str]:
    """The look of a cell, and its mark with a word.

    >>> from qi_equity.project import Measure
    >>> from qi_equity.findings import row
    >>> measure = Measure(id="a", name="A", role="outcome", numerator="a", direction="decrease")
    >>> cell(row(Chart, variation="improvement"), measure)
    ('improvement', '◆ improvement')
    """
    if row is None or not row.variation:
        return "muted", say("language.nothing")
    # What is established holds however the latest point lies.
    settled = bool(row.established and row.direction)
    variation = MEANS[measure.direction][row.direction] if settled else row.variation
    if variation == Variation.COMMON_CAUSE:
        look, mark, word = "muted", STILL, say("report.grid.steady")
    else:
        look, symbol = MEANINGS.get(variation, ("other", "square"))
        mark, word = MARKS[symbol], say(f"charts.word.{variation}")
    if settled:
        word = say("report.grid.settled", word=word)
    return look, say("report.grid.key", mark=mark, words=word)


def _gaps(findings: Findings, asked: Asked) -> Page:
    """Gaps with their verdicts, how far the data can be trusted, what is overdue, who is heard."""
    project = findings.project
    measure = project.measure(project.aim.primary.measure)
    site = lead_site(findings, measure, asked)
    gaps = gap_rows(findings, measure, site)
    # The contrast that was declared stands first: it is what the board was promised.
    gaps.sort(key=lambda row: row.stratum != project.aim.primary.stratum)
    learned = learning_lines(findings, asked)
    blocks: list[Block] = []
    if gaps:
        title = gap_title(gaps, measure)
        shown = gaps[: GAPS_BESIDE if learned else GAPS]
        blocks.append(Listed(gap_table(shown, measure), shares=GAP_SHARES, said=title))
    else:
        title = say("report.title.gap_waiting", measure=measure.name)
        blocks.append(Said((say("gaps.page.no_gap"),)))
    lines = caution_lines(findings)
    trust = lines[: 1 if learned else TRUST] or [say("report.title.clean")]
    more = max(0, len(lines) - len(trust))
    blocks.append(Said(tuple(trust), say("report.board.trust"), more))
    blocks.append(Said(tuple(_overdue(findings, asked)), say("report.board.overdue")))
    if learned:
        blocks.append(Said(tuple(learned), say("report.board.learned")))
    notes = [
        text for row in gaps for text in verdict_sentences(row, measure.multiply, measure.direction)
    ]
    notes += [*lines, *_late(findings, asked)[LATE:], *learning_notes(findings, asked)]
    under = footer(findings, asked.provenance, measure, site)
    return Page(title, tuple(blocks), tuple(notes), under)


def _overdue(findings: Findings, asked: Asked) -> list[str]:
    """Answers and steps past their day, and sites that have stopped logging."""
    late = _late(findings, asked)
    lines = late[:LATE]
    if len(late) > LATE:
        lines.append(say("report.more", count=len(late) - LATE))
    if not late:
        if asked.beside.responses:
            lines.append(say("report.board.nobody_late"))
        lines.append(
            say("report.board.nobody_overdue" if asked.actions else "report.board.no_steps")
        )
    silent = [one for one in agenda(findings, asked.today).items if one.kind == Topic.LATE]
    for one in silent[:1]:
        said = say("session.late", day=day(one.last))
        lines.append(say("report.board.late", site=item_place(one, findings), said=said))
    return lines


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
