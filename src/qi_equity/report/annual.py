"""The part of an annual report on health inequalities, as prose with its figures, to be edited.

NHS England's statement under section 13SA of the NHS Act 2006 asks bodies to collect, analyse and
publish, to show what is not known, and to say what is done about it.
"""

from __future__ import annotations

from collections.abc import Iterator

from qi_equity.findings import Findings
from qi_equity.project import Measure
from qi_equity.report import charts
from qi_equity.report.measures import (
    GAP_SHARES,
    ROWS,
    gap_rows,
    gap_table,
    lead_site,
    numbered,
    strata_of,
)
from qi_equity.report.parts import Asked, Listed, Page, Said, parted
from qi_equity.report.project import learnt, when
from qi_equity.report.trust import caution_lines
from qi_equity.words import say
from qi_equity.words.aims import aim_sentence, fair_sentence
from qi_equity.words.gaps import gap_sentence
from qi_equity.words.grammar import called, inside, listed, sentence
from qi_equity.words.report import (
    footer,
    gap_title,
    interval_of_days,
    measure_title,
    policy_sentence,
)
from qi_equity.words.verdicts import verdict_sentences

CAREFUL = 5  # cautions that the prose names


def annual_pages(findings: Findings, asked: Asked) -> Iterator[Page]:
    """The prose, then the figures it rests on."""
    project = findings.project
    under = footer(findings, asked.provenance, None, asked.site)
    title = say("report.annual.title", title=project.title)
    yield Page(title, (Said(tuple(collected(findings))),), (), under)
    for measure in project.measures:
        title = say("report.annual.found", measure=measure.name)
        yield Page(title, (Said(found(findings, measure, asked)),), (), under)
    closing = Said(tuple(done(findings, asked)))
    yield Page(say("report.annual.closing"), (closing,), (), under)
    for measure in project.measures:
        site = lead_site(findings, measure, asked)
        gaps = gap_rows(findings, measure, site)
        under = footer(findings, asked.provenance, measure, site)
        title = measure_title(findings, measure, site)
        drawn = charts.strata_charts(findings, measure, site, strata_of(project))
        yield from numbered([Page(title, (one,), (), under) for one in drawn])
        for _, here in parted(gaps, ROWS):
            told = gap_title(gaps, measure)
            table = Listed(gap_table(here, measure), shares=GAP_SHARES, said=told)
            yield Page(told, (table,), (), under)


def collected(findings: Findings) -> Iterator[str]:
    """The paragraphs on the duty and on what was collected, of whom and by what."""
    project = findings.project
    dimension = project.strata.dimension
    yield say("report.annual.duty", area=_area(findings))
    points = findings.points
    yield say(
        "report.annual.collected",
        measures=listed(one.name for one in project.measures),
        dimension=dimension,
        population=inside(project.aim.population),
        period=interval_of_days(points, project) if len(points) else say("language.nothing"),
    )
    unknown = [group.name for group in project.strata.groups if group.unknown]
    if unknown:
        yield say("report.annual.unknown", strata=listed(unknown))
    yield say("report.annual.disaggregated", dimension=dimension)


def done(findings: Findings, asked: Asked) -> Iterator[str]:
    """The paragraphs on what was done and published, its limits, and what comes next."""
    project = findings.project
    yield say("report.annual.acted", said=_acted(findings))
    reference = project.strata.reference
    yield say(
        "report.annual.published",
        policy=policy_sentence(project, asked.provenance),
        reference=called(reference.compare_with),
        reason=reference.reason,
    )
    careful = caution_lines(findings)[:CAREFUL]
    if careful:
        yield say("report.annual.careful", said=" ".join(careful))
    fair = " ".join(fair_sentence(project, aim) for aim in project.aim.equity)
    yield say("report.annual.next", aim=aim_sentence(project), fair=fair)


def _area(findings: Findings) -> str:
    project = findings.project
    return project.title if project.clinical_area == "other" else project.clinical_area


def found(findings: Findings, measure: Measure, asked: Asked) -> tuple[str, ...]:
    """A measure's gaps with their verdicts, a paragraph a group."""
    site = lead_site(findings, measure, asked)
    said = tuple(
        " ".join(
            [
                gap_sentence(row, measure),
                *verdict_sentences(row, measure.multiply, measure.direction)[:1],
            ]
        )
        for row in gap_rows(findings, measure, site)
    )
    return said or (sentence(measure_title(findings, measure, site)),)


def _acted(findings: Findings) -> str:
    cycles = sorted(findings.project.cycles, key=lambda cycle: (cycle.start, cycle.id))
    said = [
        sentence(say("report.annual.cycle", title=one.title, when=when(one), said=learnt(one)))
        for one in cycles
    ]
    return " ".join(said) or say("report.annual.no_cycle")
