"""All of a project on one page: what a board asks first, then two grids and who tried what.

Measures, groups and sites stand in the order of the project and are never ranked; where nothing
can be said a cell is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from qi_equity.app.pages.glance import glance
from qi_equity.app.pages.page import Context, Page, nothing_logged
from qi_equity.findings import Chart, Gap
from qi_equity.project import EVERYONE, Cycle, Measure
from qi_equity.view import icons
from qi_equity.vocabulary import Variation, Verdict
from qi_equity.words import say
from qi_equity.words.charts import says_nothing
from qi_equity.words.grammar import called, first_up, listed
from qi_equity.words.numbers import day, missing, number
from qi_equity.words.verdicts import CHANGED, verdict_word
from qi_equity.words.watched import MEANS

MOVED = "moved"  # the filter that leaves what something is to be said of
# Verdicts that say no more than that nothing can be said.
SILENT = ("", Verdict.TOO_FEW, Verdict.ONE_LOOK, Verdict.HELD_BACK)

Place = tuple[str, str, str]  # measure, site and stratum
Cell = dict[str, Any]


def board(context: Context) -> Page:
    """What stands out first, both grids and who tried what, of one site and of one group."""
    findings, choice, address = context.findings, context.choice, context.choice.address
    if findings.charts.empty:
        return nothing_logged(context)
    cells = _cells(context)
    project = choice.project
    strata = [name for name in context.strata() if any(place[2] == name for place in cells)]
    stratum = address.stratum if address.stratum in strata else ""
    sites = [site for site in choice.sites if any(place[1] == site for place in cells)]
    moved = address.what == MOVED
    groups = _grid(
        project.measures,
        [stratum] if stratum else strata,
        lambda measure, name: cells.get((measure.id, choice.site, name)),
        moved,
    )
    by_site = _grid(
        sites,
        project.measures,
        lambda site, measure: cells.get((measure.id, site, stratum or EVERYONE)),
        moved,
    )
    where = choice.site_name(choice.site)
    lead = say("board.lead", site=where)
    values = {
        "heading": say("board.heading"),
        "lead": lead,
        "verdicts_late": context.late_words if context.failed else "",
        "waiting_words": context.late_words if context.waiting and not context.failed else "",
        "strata": [("", say("board.every_group"))] + [(name, called(name)) for name in strata],
        "stratum": stratum,
        "shown": [("", say("board.all")), (MOVED, say("board.moved"))],
        "what": MOVED if moved else "",
        "groups": _named(groups, lambda one: one.name, called),
        "by_site": _named(by_site, choice.site_name, lambda one: one.name),
        "of_group": called(stratum or EVERYONE),
        "tried": _tried(context),
        **glance(context),
    }
    title = say("board.title", project=project.title)
    return Page("board.html", values, {}, title, lead, waiting=context.waiting)


def _cells(context: Context) -> dict[Place, Cell]:
    """What is to be said of each series that was charted."""
    findings, project = context.findings, context.choice.project
    measures = {measure.id: measure for measure in project.measures}
    gaps = {(row.measure, row.site, row.stratum): row for row in findings.rows(Gap)}
    found: dict[Place, Cell] = {}
    for row in findings.rows(Chart):  # of several phases the last stays
        place = (row.measure, row.site, row.stratum)
        if row.measure in measures:
            found[place] = _cell(context, row, gaps.get(place), measures[row.measure])
    return found


def _cell(context: Context, row: Chart, gap: Gap | None, measure: Measure) -> Cell:
    judged = context.findings.judged
    settled = judged and row.established and bool(row.direction)
    variation = MEANS[measure.direction][row.direction] if settled else row.variation
    word = _word(row, variation, settled)
    verdict = gap.verdict if gap is not None and judged and gap.verdict not in SILENT else ""
    changed = verdict in CHANGED and gap is not None and (gap.established or gap.highlight)
    known = gap is not None and not missing(gap.ratio) and bool(verdict)
    return {
        "icon": icons.variation(str(variation), measure.direction) if word else "",
        "word": first_up(word),
        "gap_icon": icons.verdict(verdict),
        "gap": verdict_word(verdict),
        "size": say("board.ratio", ratio=number(gap.ratio, 2)) if gap and known else "",
        "telling": bool(settled or (judged and row.emerging) or changed),
        "link": context.choice.address.link(
            page="charts", measure=row.measure, site=row.site, stratum=row.stratum, what=""
        ),
    }


def _word(row: Chart, variation: str, settled: bool) -> str:
    """What a chart says; nothing where it is too short for its silence to say anything."""
    if settled:
        return say("report.grid.established", word=say(f"charts.word.{variation}"))
    if not variation:
        return ""
    if variation == Variation.COMMON_CAUSE:
        return "" if says_nothing(row) else say("report.grid.steady")
    return say(f"charts.word.{variation}")


def _grid(
    down: Iterable[Any], across: Sequence[Any], cell: Callable[[Any, Any], Cell | None], moved: bool
) -> tuple[list[Any], list[tuple[Any, list[Cell | None]]]]:
    """Columns, and lines of a name and its cells; moved: without those that tell of no change."""
    lines = [(one, [cell(one, other) for other in across]) for one in down]
    kept = [place for place in range(len(across)) if any(_says(cells[place]) for _, cells in lines)]
    if moved:
        told = [[bool(one and one["telling"]) for one in cells] for _, cells in lines]
        kept = [place for place in kept if any(line[place] for line in told)]
        lines = [line for line, tells in zip(lines, told, strict=True) if any(tells)]
    heads = [across[place] for place in kept]
    return heads, [(one, [cells[place] for place in kept]) for one, cells in lines]


def _says(cell: Cell | None) -> bool:
    return cell is not None and bool(cell["word"] or cell["gap"])


def _named(
    grid: tuple[list[Any], list[tuple[Any, list[Cell | None]]]],
    down: Callable[[Any], str],
    across: Callable[[Any], str],
) -> dict[str, Any]:
    heads, lines = grid
    return {
        "heads": [across(one) for one in heads],
        "lines": [(down(one), cells) for one, cells in lines] if heads else [],
    }


def _tried(context: Context) -> dict[str, Any]:
    """Change ideas by sites: when each site tried each, so that it can be asked."""
    project = context.choice.project
    names = {idea.id: idea.name for driver in project.drivers for idea in driver.change_ideas} | {
        "": say("board.no_idea")
    }
    cycles: dict[str, list[Cycle]] = {}
    for cycle in project.cycles:
        cycles.setdefault(cycle.change_idea or "", []).append(cycle)
    lines = [
        (names.get(idea, idea), [_times(own, site.id) for site in project.sites])
        for idea, own in cycles.items()
    ]
    return {"heads": [site.name for site in project.sites], "lines": lines}


def _times(cycles: list[Cycle], site: str) -> str:
    own = [one for one in cycles if not one.sites or site in one.sites]
    return listed(
        say(
            "language.interval",
            low=day(one.start),
            high=day(one.end) if one.end else say("project.now"),
        )
        for one in own
    )
