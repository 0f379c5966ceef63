"""Pages about one measure: its charts, its gaps, its sites; numbers and words are read off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from qi_equity.findings import Findings, Gap, SiteRow, of
from qi_equity.project import ALL_SITES, EVERYONE, Measure, Project
from qi_equity.report import charts
from qi_equity.report.parts import Asked, Block, Listed, Page, Said, parted
from qi_equity.view.panels import Marker
from qi_equity.view.table import Table
from qi_equity.words import say
from qi_equity.words.cautions import caution_text
from qi_equity.words.charts import chart_sentences
from qi_equity.words.gaps import gap_sentence
from qi_equity.words.grammar import called, first_up, listed, sentence
from qi_equity.words.numbers import amount, missing
from qi_equity.words.report import (
    FEW,
    HIDDEN,
    clipped,
    footer,
    gap_title,
    gap_word,
    in_order,
    latest_charts,
    measure_title,
    names,
    ratio_words,
    withheld,
)
from qi_equity.words.verdicts import verdict_sentences
from qi_equity.words.watched import standing_sentences

ROWS = 8  # of a table to a page
SAID = 2  # sentences under a table


def lead_site(findings: Findings, measure: Measure, asked: Asked) -> str:
    """The site asked for; else all of them, or the only one."""
    if asked.site:
        return asked.site
    points = of(findings.points, measure)
    sites = list(dict.fromkeys(points["site"])) if len(points) else []
    return ALL_SITES if ALL_SITES in sites or not sites else str(sites[0])


def strata_of(project: Project) -> list[str]:
    """Everyone, then the groups as the team orders them."""
    return [EVERYONE, *(group.name for group in project.strata.groups)]


def markers(project: Project, site: str) -> list[Marker]:
    """The PDSA cycles of a site, numbered by when they began."""
    here = [one for one in project.cycles if not one.sites or site in one.sites]
    here.sort(key=lambda cycle: (cycle.start, cycle.id))
    return [
        Marker(pd.Timestamp(cycle.start), str(place), cycle.title, cycle.strata)
        for place, cycle in enumerate(here, 1)
    ]


def numbered(pages: Sequence[Page]) -> list[Page]:
    """Pages that go on: each says which of how many it is."""
    if len(pages) < 2:
        return list(pages)
    return [
        Page(
            say("report.continued", title=page.title, place=place, total=len(pages)),
            page.blocks, page.notes, page.footer, page.opening,
        )
        for place, page in enumerate(pages, 1)
    ]  # fmt: skip


def chart_pages(findings: Findings, measure: Measure, asked: Asked) -> list[Page]:
    """The charts of all strata of a measure, so many to a page."""
    site, project = lead_site(findings, measure, asked), findings.project
    title = measure_title(findings, measure, site)
    under = footer(findings, asked.provenance, measure, site)
    strata = _there(findings, measure, site)
    drawn = charts.strata_charts(findings, measure, site, strata, markers(project, site))
    if not drawn:
        hidden = withheld(findings, measure, site)
        why = say("report.withheld" if hidden else "labels.nothing.logged")
        said = tuple(_cautions(findings, measure, site)) or (why,)
        return [Page(title, (Said(said),), (), under)]
    told = chart_notes(findings, measure, site)
    beside = (
        say(f"charts.direction.{measure.direction}"),
        *(sentence(text) for text in _cautions(findings, measure, site)),
    )
    parts = [here for _, here in parted(strata, charts.PANELS)]
    return numbered(
        [
            Page(title, (one,), (*(told[name] for name in here if name in told), *beside), under)
            for one, here in zip(drawn, parts, strict=True)
        ]
    )


def _there(findings: Findings, measure: Measure, site: str) -> list[str]:
    """The strata that have a value, in the order of the project."""
    points = of(findings.points, measure, site)
    if points.empty:
        return []
    held = set(points.loc[points["value"].notna(), "stratum"])
    known = [name for name in strata_of(findings.project) if name in held]
    return [*known, *sorted(held - set(known))]


def chart_notes(findings: Findings, measure: Measure, site: str) -> dict[str, str]:
    """What each stratum's chart shows, and what not to conclude from it."""
    points = of(findings.points, measure, site)
    told: dict[str, str] = {}
    for row in latest_charts(findings, measure, site):
        own = points[points["stratum"] == row.stratum] if len(points) else points
        if row.status in HIDDEN:
            said = [say("report.withheld")]
        else:
            said = chart_sentences(row, own, measure)
            if findings.judged:
                said += standing_sentences(row, measure.direction)
        told[row.stratum] = say("report.told_of", stratum=called(row.stratum), said=" ".join(said))
    return told


def _cautions(findings: Findings, measure: Measure, site: str) -> list[str]:
    """What to be careful of in a measure at a site, each once with the groups it is true of."""
    found: dict[str, list[str]] = {}
    for one in findings.cautions:
        if one.measure in ("", measure.id) and one.site in ("", site):
            found.setdefault(caution_text(one), []).append(called(one.stratum))
    return [
        say("quality.place", site=first_up(text), stratum=listed(dict.fromkeys(filter(None, who))))
        if any(who)
        else first_up(text)
        for text, who in found.items()
    ]


def gap_table(gaps: Sequence[Gap], measure: Measure) -> Table:
    """Strata by what is known of their gap, the verdict last."""
    of_means = any(row.of_means for row in gaps)
    rate, ratio = ("mean", "mean_ratio") if of_means else ("rate", "ratio")
    header = ("stratum", rate, "reference", ratio, "verdict")
    lines = [
        (
            called(row.stratum),
            amount(row.rate * measure.multiply, measure.unit),
            called(row.reference) or say("language.nothing"),
            ratio_words(row),
            gap_word(row),
        )
        for row in gaps
    ]
    heads = tuple(say(f"report.table.{name}") for name in header)
    return Table(measure.name, heads, tuple(lines), frozenset({1, 3}))


GAP_SHARES = (0.21, 0.16, 0.175, 0.225, 0.23)


def gap_rows(findings: Findings, measure: Measure, site: str) -> list[Gap]:
    """The gaps of a measure at a site, in the order of the project."""
    return in_order(findings.rows(Gap, measure, site), findings.project)


def gap_pages(findings: Findings, measure: Measure, asked: Asked) -> list[Page]:
    """Every stratum's gap with its verdict in words, then the gaps over time."""
    site = lead_site(findings, measure, asked)
    gaps = gap_rows(findings, measure, site)
    if not gaps:
        return []
    title, under = gap_title(gaps, measure), footer(findings, asked.provenance, measure, site)
    told = next((row for row in gaps if row.declared and row.verdict), None)
    first = verdict_sentences(told, measure.multiply, measure.direction) if told else []
    notes = gap_notes(gaps, measure)
    pages = [
        Page(
            title,
            (
                Listed(gap_table(here, measure), shares=GAP_SHARES, said=title),
                *([Said(tuple(first[:SAID]))] if first else []),
            ),
            notes[start : start + len(here)],
            under,
        )
        for start, here in parted(gaps, ROWS)
    ]
    return [*numbered(pages), *_over_time(findings, measure, site, under)]


def gap_notes(gaps: Sequence[Gap], measure: Measure) -> tuple[str, ...]:
    """Each gap in a sentence, with what can be said of it."""
    return tuple(
        " ".join(
            [
                gap_sentence(row, measure),
                *verdict_sentences(row, measure.multiply, measure.direction),
            ]
        )
        for row in gaps
    )


def _over_time(findings: Findings, measure: Measure, site: str, under: str) -> Iterator[Page]:
    """The gap that was declared before looking, over time."""
    declared = [aim.stratum for aim in findings.project.aim.equity if aim.measure == measure.id]
    for stratum in dict.fromkeys(declared[:1]):
        drawn = charts.gap_charts(findings, measure, site, [stratum])
        if drawn is not None:
            fields = {"measure": clipped(measure.name, 60), "strata": clipped(called(stratum))}
            own = [row for row in gap_rows(findings, measure, site) if row.stratum == stratum]
            notes = tuple(
                text
                for row in own
                for text in verdict_sentences(row, measure.multiply, measure.direction)
            )
            yield Page(say("report.title.over_time", **fields), (drawn,), notes, under)


def site_pages(findings: Findings, measure: Measure, asked: Asked) -> list[Page]:
    """All sites by their size inside the limits of chance."""
    drawn = charts.funnel(findings, measure)
    if drawn is None:
        return []
    found = [row for row in findings.rows(SiteRow, measure) if row.stratum == EVERYONE]
    called_ = {site.id: site.name for site in findings.project.sites}
    beyond = [called_.get(row.site, row.site) for row in found if row.beyond_998 in (1, -1)]
    name = clipped(measure.name, 60)
    title = say("report.title.sites_alike", measure=name)
    if beyond:
        title = say("report.title.sites_differ", measure=name, strata=names(beyond))
    if len(beyond) > FEW:
        title = say("report.title.sites_many", measure=name, number=len(beyond), sites=len(found))
    notes = (
        say("compare.funnel_about", stratum=called(EVERYONE)),
        " ".join(
            say(
                "report.site_rate",
                site=called_.get(row.site, row.site),
                rate=amount(row.rate * measure.multiply, measure.unit),
            )
            for row in found
            if not missing(row.rate)
        ),
        say("compare.not_ranked"),
    )
    blocks: tuple[Block, ...] = (drawn,)
    return [Page(title, blocks, notes, footer(findings, asked.provenance, measure, ALL_SITES))]
