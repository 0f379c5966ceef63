"""Findings, plans and the quality of data as plain text, for a terminal or an e-mail."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Hashable, Iterator
from typing import Any

import pandas as pd

from qi_equity.findings import Chart, CrossedRow, Findings, Gap, Spread, of
from qi_equity.findings import rows as typed
from qi_equity.project import ALL_SITES, EVERYONE, Measure, Project
from qi_equity.quality.checks import CHECKS, Quality
from qi_equity.vocabulary import Answer, Verdict
from qi_equity.words import say
from qi_equity.words.cautions import caution_text
from qi_equity.words.charts import chance_sentence, signal_words
from qi_equity.words.gaps import difference_unit, few_sentence, gap_sentence, signed
from qi_equity.words.grammar import called, listed
from qi_equity.words.numbers import amount, fixed, interval, missing, number
from qi_equity.words.verdicts import (
    CHANGED,
    LONGEST_WAIT,
    verdict_sentences,
    verdict_word,
    weeks_words,
)
from qi_equity.words.watched import standing_sentences

LEVEL = 0.05
WIDTH = 96
# Cautions of one kind shown before the rest are counted, and places of one of them.
SHOWN, PLACES = 12, 4
# Sites together beyond which a plan offers none: about as many maternity units as England has.
MOST_SITES = 150


def report(findings: Findings) -> str:
    """All that a person needs to read before opening the charts, the answers first."""
    return "\n".join(_lines(findings))


# Data that come one event at a time.
BETWEEN = ("time between", "cases between")


def plan_report(project: Project, plan: pd.DataFrame) -> str:
    """When each question can have an answer, the wait in words, and what would shorten it."""
    return "\n".join(_plan_lines(project, plan))


def _plan_lines(project: Project, plan: pd.DataFrame) -> Iterator[str]:
    names = _site_names(project)
    for measure in project.measures:
        rows = plan[plan["measure"] == measure.id] if len(plan) else plan
        yield ""
        yield measure.name
        if rows.empty:
            apart = measure.data in BETWEEN
            yield from _wrapped(
                say("terminal.plan.between" if apart else "terminal.plan.nothing"), 2
            )
        for site in dict.fromkeys(rows["site"] if len(rows) else ()):
            yield f"  {names.get(site, called(site))}"
            for row in rows[rows["site"] == site].to_dict("records"):
                yield from _wrapped(_plan_sentence(row, measure), 4)


def _plan_sentence(row: dict[Hashable, Any], measure: Measure) -> str:
    asked = {
        "stratum": called(row["stratum"]),
        "question": say(f"terminal.plan.question.{row['question']}"),
        "then": amount(row["rate"] * measure.multiply, measure.unit),
        "later": amount(row["rate_after"] * measure.multiply, measure.unit),
        "answer": _plan_answer(row),
    }
    births = row.get("births_a_week")
    if missing(births):
        return say("terminal.plan.asked_plainly", **asked)
    return say("terminal.plan.asked", births=number(births), **asked)


def _plan_answer(row: dict[Hashable, Any]) -> str:
    """The answer to one question: a rate beside its own past, or a gap beside its reference."""
    if row["answer"] == Answer.MET:
        return say("terminal.plan.met")
    if row["answer"] == Answer.CANNOT:
        return say(f"terminal.plan.cannot.{row['reason']}")
    if row["answer"] == Answer.WEEKS:
        weeks = weeks_words(row["weeks"])
        if row["asks"] == "rate":
            return say("terminal.plan.weeks_rate", weeks=weeks)
        low, high = number(row["chart_weeks_from"]), number(row["chart_weeks_to"])
        return say("terminal.plan.weeks", weeks=weeks, low=low, high=high)
    helps = []
    if row["baseline_needed"] <= LONGEST_WAIT:
        helps.append(say("terminal.plan.baseline", number=number(row["baseline_needed"])))
    if 1 < row["sites_needed"] <= MOST_SITES:
        helps.append(say("terminal.plan.sites", number=number(row["sites_needed"])))
    if row["process_weeks"] <= LONGEST_WAIT:
        helps.append(say("terminal.plan.process", weeks=weeks_words(row["process_weeks"])))
    baseline = number(row["baseline_weeks"])
    if not helps:
        return say("terminal.plan.never_at_all", baseline=baseline)
    return say("terminal.plan.never", baseline=baseline, helps=say("terminal.plan.or").join(helps))


def quality_report(quality: Quality) -> str:
    """What the checks of the data found, check by check, and which found nothing."""
    if not quality.found:
        return say("terminal.quality.clean", checks=listed(map(_check, CHECKS)))
    lines = []
    every = len({one.said.measure for one in quality.found})
    for check in dict.fromkeys(one.check for one in quality.found):
        lines.append(say("terminal.quality.check", check=_check(check)))
        # What is true of several measures alike is said once.
        alike: dict[tuple[str, str, str], list[str]] = {}
        for one in quality.found:
            if one.check == check:
                key = (one.said.site, called(one.said.stratum), caution_text(one.said))
                alike.setdefault(key, []).append(one.said.measure)
        for (site, stratum, text), found_in in alike.items():
            names = list(dict.fromkeys(found_in))
            all_alike = len(names) == every > 1
            measures = say("terminal.quality.every_measure") if all_alike else listed(names)
            place = listed(part for part in (site, stratum, measures) if part)
            found = say("terminal.quality.found", places=place, text=text) if place else text
            lines.append(f"  {found}")
    clean = [_check(name) for name in CHECKS if name not in {one.check for one in quality.found}]
    if clean:
        lines.append(say("terminal.quality.nothing_found", checks=listed(clean)))
    return "\n".join(lines)


def _check(name: str) -> str:
    return say(f"terminal.check.{name}")


def _lines(findings: Findings) -> Iterator[str]:
    project = findings.project
    yield ""
    yield project.title
    yield "=" * len(project.title)
    if project.synthetic:
        yield say("terminal.synthetic")
    reference = project.strata.reference
    yield from _wrapped(
        say(
            "terminal.compared",
            reference=called(reference.compare_with),
            reason=reference.reason,
        )
    )
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
        yield say("terminal.not_logged", measure=measure.name)
        return
    charts = charts[charts["measure"] == measure.id]
    sites = list(dict.fromkeys(charts["site"]))
    names = _site_names(findings.project)
    lead = ALL_SITES if ALL_SITES in sites else sites[0]
    yield ""
    yield say(
        "terminal.measure",
        measure=measure.name,
        role=say(f"project.role_of.{measure.role}"),
        site=names.get(lead, called(lead)),
    )
    denominator = measure.denominator or say("terminal.no_denominator")
    yield from _wrapped(
        say("terminal.out_of", numerator=measure.numerator, denominator=denominator), 2
    )
    yield ""
    yield from _site(findings, measure, lead, charts)
    yield from _spread(findings, measure, lead)
    yield from _slope(findings, measure, lead)
    others = [site for site in sites if site != lead]
    if others:
        yield from _other_sites(findings, measure, others, names)


def _site(findings: Findings, measure: Measure, site: str, charts: pd.DataFrame) -> Iterator[str]:
    compared = {row.stratum: row for row in findings.rows(Gap, measure, site)}
    few = {row.stratum: row for row in findings.rows(CrossedRow, measure, site)}
    points = of(findings.points, measure, site)
    groups = [EVERYONE, *(group.name for group in findings.project.strata.groups)]
    # A stratum that the project no longer names stands last, never left out.
    order = {name: place for place, name in enumerate(groups)}
    last = charts[charts["site"] == site].drop_duplicates("stratum", keep="last")
    for row in sorted(typed(last, Chart), key=lambda row: order.get(row.stratum, len(order))):
        own = points[points["stratum"] == row.stratum]
        if row.stratum in compared:
            found = compared[row.stratum]
            yield from _wrapped(gap_sentence(found, measure), 2)
            for sentence in verdict_sentences(found, measure.multiply, measure.direction):
                yield from _wrapped(sentence, 6)
            if row.stratum in few and (beside := few_sentence(few[row.stratum], measure)):
                yield from _wrapped(beside, 6)
        else:
            yield from _wrapped(_uncompared(row, own, measure), 2)
        signals = signal_words(row, own, measure.subgroup)
        if signals and row.highlight:
            yield from _wrapped(signals, 6)
        if findings.judged and (row.established or row.emerging):
            for sentence in standing_sentences(row, measure.direction):
                yield from _wrapped(sentence, 6)


def _uncompared(row: Chart, points: pd.DataFrame, measure: Measure) -> str:
    summed = points[["numerator", "denominator"]].sum(min_count=1)
    if missing(summed["numerator"]):
        centre = amount(row.centre, measure.unit)
        return say("terminal.stratum_value", stratum=called(row.stratum), centre=centre)
    counts, whole = number(summed["numerator"]), summed["denominator"]
    if not missing(whole):  # a count without one is out of nobody
        counts = say("language.count_of", numerator=counts, denominator=number(whole))
    centre = amount(row.centre, measure.unit)
    return say("terminal.stratum", stratum=called(row.stratum), counts=counts, centre=centre)


def _spread(findings: Findings, measure: Measure, site: str) -> Iterator[str]:
    """All strata at once, in one sentence, beside what chance alone would have made of it."""
    named = {row.name: row for row in findings.rows(Spread, measure, site)}
    spread = named.get("mdmw")
    if spread is None or missing(spread.seen):
        return
    said = say(
        "terminal.spread",
        unit=difference_unit(measure),
        seen=number(spread.seen * measure.multiply),
        expected=number(spread.expected * measure.multiply),
        corrected=number(spread.corrected * measure.multiply),
    )
    yield from _wrapped(said, 2)


def _slope(findings: Findings, measure: Measure, site: str) -> Iterator[str]:
    """Ordered strata in one sentence: the slope and the relative index of inequality."""
    named = {row.name: row for row in findings.rows(Spread, measure, site)}
    slope, relative = named.get("sii"), named.get("rii")
    if slope is None or relative is None or missing(slope.seen) or missing(relative.seen):
        return
    times = measure.multiply
    said = say(
        f"terminal.slope_{'higher' if slope.seen > 0 else 'lower'}",
        size=number(abs(slope.seen) * times),
        unit=difference_unit(measure),
        interval=say(
            "language.interval", low=signed(slope.lower * times), high=signed(slope.upper * times)
        ),
        ratio=number(relative.seen, 2),
        ratios=interval(relative.lower, relative.upper, 2),
    )
    yield from _wrapped(said, 2)


def _other_sites(
    findings: Findings, measure: Measure, sites: list[str], names: dict[str, str]
) -> Iterator[str]:
    yield from _standing_out(findings, measure, sites, names)
    gaps = [row for row in findings.rows(Gap, measure) if row.site in sites]
    counted = Counter(row.verdict for row in gaps if row.verdict)
    if not counted:
        return
    yield ""
    verdicts = listed(
        say("terminal.verdict_count", verdict=verdict_word(word), number=number(count))
        for word, count in counted.most_common()
    )
    yield from _wrapped(say("terminal.within", number=number(len(sites)), verdicts=verdicts), 2)
    for row in gaps:
        if row.highlight or (row.established and row.verdict != Verdict.ECHO):
            said = " ".join(verdict_sentences(row, measure.multiply, measure.direction))
            site = names.get(row.site, called(row.site))
            yield from _wrapped(say("terminal.at_site", site=site, said=said), 4)
    alone = sum(row.verdict in CHANGED and not row.highlight for row in gaps)
    if alone:
        chance = fixed(LEVEL * sum(not missing(row.p_trend) for row in gaps), 0)
        several = number(len(gaps))
        yield from _wrapped(
            say("terminal.alone", number=number(alone), chance=chance, all=several), 4
        )


def _standing_out(
    findings: Findings, measure: Measure, sites: list[str], names: dict[str, str]
) -> Iterator[str]:
    """The charts of single strata at the sites that stand out among all, and by which signals."""
    charts = [row for row in findings.rows(Chart, measure) if row.site in sites]
    found = [row for row in charts if row.highlight and row.stratum != EVERYONE]
    if not found:
        return
    yield ""
    yield "  " + say("terminal.stand_out")
    for row in found:
        points = of(findings.points, measure, row.site)
        own = points[points["stratum"] == row.stratum]
        said = signal_words(row, own, measure.subgroup) or say("terminal.no_rule")
        place = {"site": names.get(row.site, called(row.site)), "stratum": called(row.stratum)}
        yield from _wrapped(say("terminal.chart_at_site", signals=said, **place), 4)


def _cautions(findings: Findings) -> Iterator[str]:
    if not findings.cautions:
        return
    yield ""
    yield say("terminal.careful")
    by_text: dict[str, list[str]] = {}
    for caution in findings.cautions:
        parts = (caution.measure, called(caution.site), called(caution.stratum))
        by_text.setdefault(caution_text(caution), []).append(" / ".join(filter(None, parts)))
    for text, places in list(by_text.items())[:SHOWN]:
        yield from _wrapped(say("terminal.caution", text=text, places=some(places, PLACES)), 2)
    if len(by_text) > SHOWN:
        yield "  " + say("terminal.more_kinds", number=number(len(by_text) - SHOWN))


def some(places: list[str], most: int) -> str:
    """The first few places, and how many more there are.

    >>> some(["North", "South", "East"], 2)
    'North; South and 1 more'
    """
    named = say("charts.said.semicolon").join(places[:most])
    more = len(places) - most
    return named if more <= 0 else say("terminal.more_places", places=named, number=number(more))


def _site_names(project: Project) -> dict[str, str]:
    return {site.id: site.name for site in project.sites}


def _wrapped(text: str, indent: int = 0) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2)
    )
