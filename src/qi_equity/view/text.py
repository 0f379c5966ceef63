"""Findings as plain text, for a terminal or an e-mail."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Hashable, Iterator
from typing import Any

import pandas as pd

from qi_equity.findings import Chart, Findings, Gap, Spread, of
from qi_equity.findings import rows as typed
from qi_equity.project import ALL_SITES, EVERYONE, Measure, Project
from qi_equity.quality.checks import CHECKS, Quality
from qi_equity.view.cautions import caution_text
from qi_equity.view.narrative import chance_sentence, gap_sentence, signal_words
from qi_equity.view.verdicts import LONGEST_WAIT, verdict_sentences, weeks_words
from qi_equity.words.numbers import amount, missing, number

CHANGED = ("widening", "narrowing", "closed")
LEVEL = 0.05
WIDTH = 96
# Cautions of one kind shown before the rest are counted.
SHOWN = 12


def report(findings: Findings) -> str:
    """All that a person needs to read before opening the charts, the answers first."""
    return "\n".join(_lines(findings))


def plan_report(project: Project, plan: pd.DataFrame) -> str:
    """When each question can have an answer, the wait in words, and what would shorten it."""
    return "\n".join(_plan_lines(project, plan))


def _plan_lines(project: Project, plan: pd.DataFrame) -> Iterator[str]:
    names = {site.id: site.name for site in project.sites}
    for measure in project.measures:
        rows = plan[plan["measure"] == measure.id] if len(plan) else plan
        yield ""
        yield measure.name
        if rows.empty:
            yield "  Nothing to plan from: no counts out of a number have been logged yet."
        for site in dict.fromkeys(rows["site"] if len(rows) else ()):
            yield f"  {names.get(site, site)}"
            for row in rows[rows["site"] == site].to_dict("records"):
                yield from _wrapped(_plan_sentence(row, measure), 4)


def _plan_sentence(row: dict[Hashable, Any], measure: Measure) -> str:
    births = f"{number(row['births_a_week'])} a week"
    then = amount(row["rate"] * measure.multiply, measure.unit)
    later = amount(row["rate_after"] * measure.multiply, measure.unit)
    said = f"{row['stratum']}, {row['question']} ({births}, {then} to {later}): "
    weeks = row["weeks"]
    if missing(weeks):
        return said + "cannot be planned, since a rate of nothing or of all has no odds to move."
    if math.isfinite(weeks):
        return (
            f"{said}{weeks_words(weeks)} for one look; on the gap chart "
            f"{number(row['chart_weeks_from'])} to {number(row['chart_weeks_to'])}."
        )
    helps = [f"a baseline of more than {number(row['baseline_needed'])} weeks"]
    if math.isfinite(row["sites_needed"]) and row["sites_needed"] > 1:
        helps.append(f"{number(row['sites_needed'])} sites like this one together")
    if row["process_weeks"] <= LONGEST_WAIT:
        helps.append(
            "a process measure that about half of the same women have "
            f"({weeks_words(row['process_weeks'])})"
        )
    return (
        f"{said}never with this baseline of {number(row['baseline_weeks'])} weeks. "
        f"What would help: {'; or '.join(helps)}."
    )


def quality_report(quality: Quality) -> str:
    """What the checks of the data found, check by check, and which found nothing."""
    if not quality.found:
        return "no problem found in what was checked: " + ", ".join(CHECKS)
    lines = []
    every = len({one.said.measure for one in quality.found})
    for check in dict.fromkeys(one.check for one in quality.found):
        lines.append(f"{check}:")
        # What is true of several measures alike is said once.
        alike: dict[tuple[str, str, str], list[str]] = {}
        for one in quality.found:
            if one.check == check:
                key = (one.said.site, one.said.stratum, caution_text(one.said))
                alike.setdefault(key, []).append(one.said.measure)
        for (site, stratum, text), found_in in alike.items():
            names = list(dict.fromkeys(found_in))
            measures = "every measure" if len(names) == every > 1 else ", ".join(names)
            place = ", ".join(part for part in (site, stratum, measures) if part)
            lines.append(f"  {place}: {text}" if place else f"  {text}")
    clean = [name for name in CHECKS if name not in {one.check for one in quality.found}]
    return "\n".join([*lines, f"nothing found: {', '.join(clean)}" if clean else ""]).rstrip()


def _lines(findings: Findings) -> Iterator[str]:
    project = findings.project
    yield ""
    yield project.title
    yield "=" * len(project.title)
    if project.synthetic:
        yield "SYNTHETIC DATA: made up for this example; it says nothing about any real service."
    reference = project.strata.reference
    yield from _wrapped(f"Each group is compared with {reference.compare_with}: {reference.reason}")
    for measure in project.measures:
        yield from _measure(findings, measure)
    if findings.chance is not None:
        yield ""
        yield from _wrapped(chance_sentence(findings.chance))
    yield from _cautions(findings)


def _measure(findings: Findings, measure: Measure) -> Iterator[str]:
    charts = findings.charts
    if charts.empty or not (charts["measure"] == measure.id).any():
        yield ""
        yield f"{measure.name}: nothing logged yet."
        return
    charts = charts[charts["measure"] == measure.id]
    sites = list(dict.fromkeys(charts["site"]))
    names = {site.id: site.name for site in findings.project.sites}
    lead = ALL_SITES if ALL_SITES in sites else sites[0]
    yield ""
    yield f"{measure.name} ({measure.role}), {names.get(lead, lead)}"
    yield from _wrapped(
        f"{measure.numerator}, out of: {measure.denominator or 'no denominator'}", 2
    )
    yield ""
    yield from _site(findings, measure, lead, charts)
    yield from _spread(findings, measure, lead)
    others = [site for site in sites if site != lead]
    if others:
        yield from _other_sites(findings, measure, others, names)


def _site(findings: Findings, measure: Measure, site: str, charts: pd.DataFrame) -> Iterator[str]:
    compared = {row.stratum: row for row in findings.rows(Gap, measure, site)}
    points = of(findings.points, measure, site)
    groups = [EVERYONE, *(group.name for group in findings.project.strata.groups)]
    # A stratum that the project no longer names stands last, never left out.
    order = {name: place for place, name in enumerate(groups)}
    last = charts[charts["site"] == site].drop_duplicates("stratum", keep="last")
    for row in sorted(typed(last, Chart), key=lambda row: order.get(row.stratum, len(order))):
        stratum = row.stratum
        own = points[points["stratum"] == stratum]
        if stratum in compared:
            found = compared[stratum]
            yield from _wrapped(gap_sentence(found, measure), 2)
            for sentence in verdict_sentences(found, measure.multiply):
                yield from _wrapped(sentence, 6)
        else:
            counts = own[["numerator", "denominator"]].sum(min_count=1)
            some = f"{number(counts['numerator'])} of {number(counts['denominator'])}"
            line = f"{stratum}: {some}, centre line {amount(row.centre, measure.unit)}."
            yield from _wrapped(line, 2)
        signals = signal_words(row, own, measure.subgroup)
        if signals and row.highlight:
            yield from _wrapped(signals, 6)


def _spread(findings: Findings, measure: Measure, site: str) -> Iterator[str]:
    """All strata at once, in one sentence, beside what chance alone would have made of it."""
    named = {row.name: row for row in findings.rows(Spread, measure, site)}
    spread = named.get("mdmw")
    if spread is None or missing(spread.seen):
        return
    unit = "percentage points" if measure.unit == "%" else measure.unit
    seen, expected, clean = (
        number(part * measure.multiply) for part in (spread.seen, spread.expected, spread.corrected)
    )
    yield from _wrapped(
        f"All strata together, weighed by their size: on average {seen} {unit} from the mean. With "
        f"no inequality at all, chance would bring {expected}; {clean} is left once chance is "
        "taken off.",
        2,
    )


def _other_sites(
    findings: Findings, measure: Measure, sites: list[str], names: dict[str, str]
) -> Iterator[str]:
    gaps = [row for row in findings.rows(Gap, measure) if row.site in sites]
    counted = Counter(row.verdict for row in gaps if row.verdict)
    if not counted:
        return
    yield ""
    parts = ", ".join(f"{word} {count}" for word, count in counted.most_common())
    yield from _wrapped(f"Gaps within the {len(sites)} sites: {parts}.", 2)
    for row in gaps:
        if row.highlight:
            said = " ".join(verdict_sentences(row, measure.multiply))
            yield from _wrapped(f"{names.get(row.site, row.site)}: {said}", 4)
    alone = sum(row.verdict in CHANGED and not row.highlight for row in gaps)
    if alone:
        chance = LEVEL * sum(not missing(row.p_trend) for row in gaps)
        yield from _wrapped(
            f"{alone} of these changes would count if looked at alone, but not among so many: "
            f"chance alone brings about {chance:.0f} in {len(gaps)}.",
            4,
        )


def _cautions(findings: Findings) -> Iterator[str]:
    if not findings.cautions:
        return
    yield ""
    yield "To be careful of:"
    by_text: dict[str, list[str]] = {}
    for caution in findings.cautions:
        place = " / ".join(
            part for part in (caution.measure, caution.site, caution.stratum) if part
        )
        by_text.setdefault(caution_text(caution), []).append(place)
    for text, places in list(by_text.items())[:SHOWN]:
        more = f" and {len(places) - 4} more" if len(places) > 4 else ""
        yield from _wrapped(f"- {text} ({'; '.join(places[:4])}{more})", 2)
    if len(by_text) > SHOWN:
        yield f"  and {len(by_text) - SHOWN} more kinds"


def _wrapped(text: str, indent: int = 0) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2)
    )
