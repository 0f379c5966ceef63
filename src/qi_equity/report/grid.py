"""Every group and measure at its latest point, as marks with words; nothing is judged here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qi_equity.findings import Chart, Findings, Gap
from qi_equity.project import Measure
from qi_equity.report.marks import MARKS
from qi_equity.report.measures import lead_site, strata_of
from qi_equity.report.parts import Asked, Block, Listed, Said
from qi_equity.view.table import Table
from qi_equity.view.theme import MEANINGS
from qi_equity.vocabulary import Variation
from qi_equity.words import say
from qi_equity.words.charts import is_short, says_nothing
from qi_equity.words.grammar import called
from qi_equity.words.numbers import amount, missing
from qi_equity.words.report import HIDDEN, clipped, measure_title
from qi_equity.words.watched import MEANS

MEASURES, STRATA = 4, 7  # of a page: what is left out is counted under it
LEVELS = 2  # measures beside which there is room for the level too
NAMES = 0.22  # of the width for the names of groups
STILL = "●"
Latest = Mapping[tuple[str, str], Chart]


def grid_of(findings: Findings, asked: Asked) -> list[Block]:
    """Strata by measures: the mark and the word of the latest point of each chart."""
    measures = in_grid(findings)
    latest: dict[tuple[str, str], Chart] = {}
    for measure in measures:
        for row in findings.rows(Chart, measure, lead_site(findings, measure, asked)):
            latest[(measure.id, row.stratum)] = row
    there = [
        name
        for name in strata_of(findings.project)
        if any((one.id, name) in latest for one in measures)
    ]
    if not there:
        return []
    kept = _kept(there, measures, latest)
    grid: list[Block] = [_listed(kept, measures, latest)]
    strata = len(there) - len(kept)
    others = len(findings.project.measures) - len(measures)
    left = [("strata", strata), ("measures", others)]
    lines = [say(f"report.grid.more_{name}", count=count) for name, count in left if count]
    return [*grid, Said((" ".join(lines),))] if lines else grid


def in_grid(findings: Findings) -> Sequence[Measure]:
    """The measures that there is room for."""
    return findings.project.measures[:MEASURES]


def _kept(there: Sequence[str], measures: Sequence[Measure], latest: Latest) -> list[str]:
    """The strata that a page holds: where not all can be shown, those that there is a word on."""
    telling = sorted(
        there, key=lambda name: not any(_tells(latest.get((m.id, name))) for m in measures)
    )
    return [name for name in there if name in telling[:STRATA]]


def _listed(strata: Sequence[str], measures: Sequence[Measure], latest: Latest) -> Listed:
    looks: dict[tuple[int, int], str] = {}
    lines, said = [], []
    for place, name in enumerate(strata):
        cells = [clipped(called(name))]
        for across, measure in enumerate(measures, 1):
            row = latest.get((measure.id, name))
            look, mark, word = cell(row, measure)
            if len(measures) <= LEVELS and row is not None and not missing(row.centre):
                level = amount(row.centre, measure.unit)
                word = say("report.grid.level", level=level, word=word)
            looks[(place, across)] = look
            cells.append(say("report.grid.key", mark=mark, words=word) if mark else word)
            told = {"stratum": called(name), "measure": measure.name, "word": word}
            said.append(say("report.grid.said", **told))
        lines.append(tuple(cells))
    settled = any(_settled(row) for row in latest.values() if row.stratum in strata)
    group = say("report.grid.group_settled" if settled else "report.grid.group")
    heads = (group, *(one.name for one in measures))
    shares = (NAMES, *([(1 - NAMES) / len(measures)] * len(measures)))
    table = Table(say("report.grid.heading"), heads, tuple(lines))
    return Listed(table, looks, shares, " ".join(said))


def _tells(row: Chart | None) -> bool:
    return row is not None and (
        bool(row.established) or row.variation not in ("", Variation.COMMON_CAUSE)
    )


def cell(row: Chart | None, measure: Measure) -> tuple[str, str, str]:
    """The look of a cell, its mark and its word.

    >>> from qi_equity.project import Measure
    >>> from qi_equity.findings import row
    >>> measure = Measure(id="a", name="A", role="outcome", numerator="a", direction="decrease")
    >>> cell(row(Chart, variation="improvement"), measure)
    ('improvement', '◆', 'improvement')
    >>> cell(row(Chart, variation="common cause", subgroups=1.0), measure)
    ('muted', '', 'too few points')
    """
    if row is None or not row.variation:
        hidden = row is not None and row.status in HIDDEN
        return "muted", "", say("report.grid.hidden" if hidden else "language.nothing")
    settled = _settled(row)
    variation = MEANS[measure.direction][row.direction] if settled else row.variation
    if variation == Variation.COMMON_CAUSE:
        if says_nothing(row):
            return "muted", "", say(f"report.grid.{'short' if is_short(row) else 'early'}")
        return "muted", STILL, say("report.grid.steady")
    look, symbol = MEANINGS.get(variation, ("other", "square"))
    word = say(f"charts.word.{variation}")
    if settled:
        word = say("report.grid.settled", word=word)
    return look, MARKS[symbol], word


def _settled(row: Chart) -> bool:
    """What is established holds however the latest point lies, if it is shown and known whither."""
    return bool(row.variation and row.established and row.direction)


def quiet_title(findings: Findings, asked: Asked, measure: Measure) -> str:
    """The message where nothing asks for a board or a session: no more than was looked at."""
    if all_short(findings):
        return say("report.title.short")
    if findings.judged and any(row.variation for row in findings.rows(Chart)):
        small = any(row.established for row in findings.rows(Gap))
        return say("report.title.quiet_but_small" if small else "report.title.quiet")
    return measure_title(findings, measure, lead_site(findings, measure, asked))


def all_short(findings: Findings) -> bool:
    """Whether every chart that is shown has too few points to see a change in."""
    found = [row for row in findings.rows(Chart) if row.variation]
    return bool(found) and all(says_nothing(row) for row in found)
