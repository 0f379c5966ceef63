"""The project pack: what was set out to do, a page a measure, gaps, sites, data, cycles."""

from __future__ import annotations

from collections.abc import Iterator

from qi_equity.findings import Findings
from qi_equity.project import Cycle, Project
from qi_equity.report.learning import score_lines
from qi_equity.report.measures import ROWS, chart_pages, gap_pages, numbered, site_pages
from qi_equity.report.parts import Asked, Listed, Page, Said
from qi_equity.report.trust import caution_lines
from qi_equity.view.table import Table
from qi_equity.words import say
from qi_equity.words.aims import aim_sentence, fair_sentence
from qi_equity.words.charts import chance_sentence
from qi_equity.words.grammar import called, first_up, listed, sentence
from qi_equity.words.numbers import day
from qi_equity.words.report import footer

CAUTIONS = 6  # to a page


def project_pages(findings: Findings, asked: Asked) -> Iterator[Page]:
    """All pages of the pack."""
    project = findings.project
    yield opening(findings, asked, say("report.pack.project"))
    for measure in project.measures:
        yield from chart_pages(findings, measure, asked)
        yield from gap_pages(findings, measure, asked)
    aim = project.measure(project.aim.measure)
    if not asked.site:
        yield from site_pages(findings, aim, asked)
    yield from quality_pages(findings, asked)
    yield progress_page(findings, asked)
    yield from cycle_pages(findings, asked)


def opening(findings: Findings, asked: Asked, pack: str) -> Page:
    """The title, whom it is about, and the aims."""
    project = findings.project
    said = [
        aim_sentence(project),
        *(fair_sentence(project, aim) for aim in project.aim.equity),
    ]
    if project.synthetic:
        said.insert(0, say("labels.synthetic_about"))
    reference = project.strata.reference
    notes = [
        say("terminal.compared", reference=called(reference.compare_with), reason=reference.reason),
        *([chance_sentence(findings.chance)] if findings.chance is not None else []),
    ]
    return Page(
        project.title,
        (Said(tuple(said), say("report.subject", pack=pack, title=project.network)),),
        tuple(notes),
        footer(findings, asked.provenance, None, asked.site),
        opening=True,
    )


def quality_pages(findings: Findings, asked: Asked) -> list[Page]:
    """What to be careful of in the data and in what is said of them."""
    lines = caution_lines(findings)
    under = footer(findings, asked.provenance, None, asked.site)
    if not lines:
        return [Page(say("report.title.clean"), (Said((say("quality.lead"),)),), (), under)]
    title = say("report.title.careful", count=len(lines))
    # The first page is shown; what else there is stands in the notes, so that a deck stays short.
    shown, rest = lines[:CAUTIONS], lines[CAUTIONS:]
    said = Said(tuple(shown), more=len(rest))
    return [Page(title, (said,), (say("quality.lead"), *lines), under)]


def progress_page(findings: Findings, asked: Asked) -> Page:
    """The improvement scale: what the data would have beside what people say, and why."""
    first, *lines = score_lines(findings, asked)
    under = footer(findings, asked.provenance, None, asked.site)
    return Page(first.rstrip("."), (Said(tuple(lines[:-1])),), (lines[-1],), under)


def cycle_pages(findings: Findings, asked: Asked) -> list[Page]:
    """The PDSA cycles: what was tried, where and for whom, and what was learnt."""
    project = findings.project
    cycles = sorted(project.cycles, key=lambda cycle: (cycle.start, cycle.id))
    under = footer(findings, asked.provenance, None, asked.site)
    if not cycles:
        ideas = [one.name for driver in project.drivers for one in driver.change_ideas]
        said = tuple(ideas) or (aim_sentence(project),)
        heading = say("compare.idea") if ideas else say("project.aim")
        title = say("project.no_cycle").rstrip(".")
        return [Page(title, (Said(said, heading),), (), under)]
    heads = tuple(say(f"report.table.{name}") for name in ("cycle", "when", "where", "learnt"))
    title = say("report.title.cycles", count=len(cycles))
    pages = []
    many = ROWS // 2  # a cycle takes two lines
    for start in range(0, len(cycles), many):
        here = cycles[start : start + many]
        lines = tuple((one.title, when(one), where(one, project), learnt(one)) for one in here)
        table = Listed(Table(title, heads, lines), shares=(0.25, 0.2, 0.22, 0.33), said=title)
        notes = tuple(
            sentence(say("report.board.careful", place=one.title, text=text))
            for one in here
            for text in (one.plan, one.do, one.study, one.act)
            if text
        )
        pages.append(Page(title, (table,), notes, under))
    return numbered(pages)


def when(cycle: Cycle) -> str:
    """From when to when a cycle ran."""
    end = day(cycle.end) if cycle.end else say("project.now")
    return say("language.interval", low=day(cycle.start), high=end)


def where(cycle: Cycle, project: Project) -> str:
    """At which sites, and for whom."""
    names = {site.id: site.name for site in project.sites}
    sites = listed(names.get(one, one) for one in cycle.sites) or say("compare.every_site")
    strata = listed(map(called, cycle.strata)) or say("project.every_stratum")
    return sentence(say("project.cycle_where", sites=first_up(sites), strata=strata))


def learnt(cycle: Cycle) -> str:
    """What came of it: the last that is written down."""
    return cycle.act or cycle.study or cycle.do or say("project.not_written")
