"""How far the data can be trusted, as lines of a page: cautions and whose group is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qi_equity.findings import Caution, Findings, Number, of
from qi_equity.project import ALL_SITES, EVERYONE, Measure
from qi_equity.quality.coding import of_whom
from qi_equity.words import say
from qi_equity.words.cautions import caution_text
from qi_equity.words.grammar import called, sentence
from qi_equity.words.report import names

WHOLE = ("", ALL_SITES)  # what is true of no single site


def trust_lines(findings: Findings, measure: Measure, site: str) -> list[str]:
    """Whose group is not known, then what else to be careful of: what a board reads first."""
    return [*_unknown(findings, measure, site), *caution_lines(findings)]


def _unknown(findings: Findings, measure: Measure, site: str) -> Iterator[str]:
    """The share whose group is not known; nothing where a part of it is not shown."""
    project = findings.project
    unknown = [group.name for group in project.strata.groups if group.unknown]
    points = of(findings.points, measure, site)
    told = any(one.code.startswith("unknown") for one in findings.cautions)
    if told or points.empty or measure.overlapping_windows or "denominator" not in points:
        return
    size, strata = of_whom(points), points["stratum"]
    own = size[strata.isin(unknown)]
    # A week without a numerator is not in Everyone's; a group that is withheld is only there.
    every = float(max(size[strata == EVERYONE].sum(), size[strata != EVERYONE].sum()))
    if own.empty or own.isna().any() or not every:
        return
    count = float(own.sum())
    numbers: tuple[tuple[str, Number], ...] = (
        ("dimension", project.strata.dimension),
        ("count", count),
        ("of", every),
        ("share", count / every),
    )
    said = Caution("unknown", measure.id, numbers=numbers)
    yield sentence(caution_text(said))


def caution_lines(findings: Findings) -> list[str]:
    """What to be careful of, each once with where it is true: of the aim and all sites first."""
    project = findings.project
    found: dict[str, dict[str, list[str]]] = {}
    first = sorted(
        findings.cautions,
        key=lambda one: (one.measure not in ("", project.aim.measure), one.site not in WHOLE),
    )
    for one in first:
        strata = found.setdefault(caution_text(one), {}).setdefault(one.site, [])
        if one.stratum and one.stratum not in strata:
            strata.append(one.stratum)
    called_ = {site.id: site.name for site in project.sites}
    lines = []
    for text, sites in found.items():
        for place in _places(sites, called_):
            lines.append(say("report.board.careful", place=place, text=text) if place else text)
    return [sentence(line) for line in lines]


def _places(sites: Mapping[str, list[str]], called_: Mapping[str, str]) -> Iterator[str]:
    """Where a caution is true, a line each: of all, of groups of the whole, at sites besides."""
    if any(site in sites and not sites[site] for site in WHOLE):
        yield ""  # true of everything: no place is to be told of it alone
        return
    whole = list(dict.fromkeys(name for site in WHOLE for name in sites.get(site, [])))
    others = [site for site in sites if site not in WHOLE]
    if len(called_) == 1:
        yield names(list(dict.fromkeys([*whole, *(name for one in others for name in sites[one])])))
        return
    same = [one for one in others if sites[one] and set(sites[one]) <= set(whole)]
    if whole:
        strata = names(whole)
        yield say("report.board.also", strata=strata, count=len(same)) if same else strata
    left = [one for one in others if one not in same]
    whole_sites = [one for one in left if not sites[one]]
    if whole_sites:
        yield names([called_.get(one, called(one)) for one in whole_sites])
    parts = [one for one in left if sites[one]]
    if len(parts) == 1:
        site = called_.get(parts[0], called(parts[0]))
        yield say("quality.place", site=site, stratum=names(sites[parts[0]]))
    elif parts:
        strata = names(list(dict.fromkeys(name for one in parts for name in sites[one])))
        yield say("report.board.at_sites", strata=strata, count=len(parts))
