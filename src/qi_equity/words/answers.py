"""The answer to one measure at one site, a sentence a stratum; nothing is judged here."""

from __future__ import annotations

import math

from qi_equity.findings import Chart, Gap
from qi_equity.findings.sides import went
from qi_equity.project import EVERYONE, EVERYONE_ELSE, Direction, Measure
from qi_equity.vocabulary import Verdict
from qi_equity.words import say
from qi_equity.words.grammar import called, sentence
from qi_equity.words.numbers import amount, fixed, missing, month
from qi_equity.words.verdicts import LONGEST_WAIT
from qi_equity.words.watched import MEANS

# Of these it can be asked how much longer: the others are answers.
WAITING = (Verdict.GAP, Verdict.TOO_FEW)
# What a group that is better off is told otherwise.
OF_BETTER_OFF = (Verdict.STEADY, Verdict.GAP)


def answer_sentence(
    chart: Chart | None, gap: Gap | None, measure: Measure, *, judged: bool = True
) -> str:
    """What is known of one stratum, in five seconds: its rate, its gap, and how much longer.

    >>> import pandas as pd
    >>> from qi_equity.findings import row
    >>> from qi_equity.project import Measure
    >>> measure = Measure.model_construct(multiply=100, unit="%", direction="decrease")
    >>> chart = row(Chart, stratum="Black", centre=10.4, established=True, direction="falling",
    ...             change_estimate=pd.Timestamp("2026-04-06"))
    >>> gap = row(Gap, stratum="Black", reference="everyone else", ratio=2.0, ratio_lower=1.6,
    ...           ratio_upper=2.5, rate=0.108, rate_then=0.121, rate_now=0.096, verdict="gap",
    ...           weeks_to_go=30.0)
    >>> print(answer_sentence(chart, gap, measure))
    Black: from 12.1% to 9.6%, improving since April 2026. Gap to everyone else: 2.00 times (1.60 to
    2.50), too early to say whether it is closing; about 30 more weeks to know.
    """
    fields = {
        "rate": _rate(chart, gap, measure, judged),
        "change": _change(chart, measure.direction, judged),
    }
    if gap is None or (chart is not None and chart.stratum == EVERYONE):
        return say("answers.alone", **fields)
    wait = _wait(gap) if judged else ""
    if wait:
        return say("answers.whole_wait", **fields, gap=_gap(gap, judged), wait=wait)
    return say("answers.whole", **fields, gap=sentence(_gap(gap, judged)))


def _rate(chart: Chart | None, gap: Gap | None, measure: Measure, judged: bool) -> str:
    """The level; from where to where only if a change is shown, lest chance be read as news."""
    name = chart.stratum if chart is not None else gap.stratum if gap is not None else ""
    stratum, unit = called(name), measure.unit
    if judged and chart is not None and gap is not None and _moved_as_said(chart, gap):
        then, now = (
            amount(rate * measure.multiply, unit) for rate in (gap.rate_then, gap.rate_now)
        )
        return say("answers.moved", stratum=stratum, then=then, now=now)
    if gap is not None and not missing(gap.rate):
        return say("answers.rate", stratum=stratum, rate=amount(gap.rate * measure.multiply, unit))
    if chart is not None and not missing(chart.centre):
        return say("answers.rate", stratum=stratum, rate=amount(chart.centre, unit))
    return say("answers.no_rate", stratum=stratum)


def _moved_as_said(chart: Chart, gap: Gap) -> bool:
    """Whether the rates of the baseline and of now lie the way of what is established."""
    rose = gap.rate_now - gap.rate_then
    return chart.established and (rose > 0 if chart.direction == "rising" else rose < 0)


def _change(chart: Chart | None, direction: Direction, judged: bool) -> str:
    if not judged:
        return say("answers.change.weighing")
    if chart is None:
        return say("answers.change.too_early")
    if chart.established:
        meaning = MEANS[direction].get(chart.direction)
        if meaning is None:
            return say("answers.change.established")
        if missing(chart.change_estimate):  # the network is told the word and no day
            return say(f"answers.established.{meaning}")
        return say(f"answers.since.{meaning}", month=month(chart.change_estimate))
    if chart.emerging:
        # Without its p-value nobody knows which way: the network is told no more than the word.
        if missing(chart.p_scan):
            return say("answers.change.emerging")
        return say(f"answers.emerging.{MEANS[direction]['rising' if chart.rising else 'falling']}")
    if chart.not_watched:
        return say("answers.change.too_early")
    # Points of the chart may be marked all the same: no more is said than was looked for.
    return say("answers.change.none")


def _gap(gap: Gap, judged: bool) -> str:
    """The size of the gap with its interval, and whether it closes."""
    reference = called(gap.reference or EVERYONE_ELSE)
    if missing(gap.ratio):
        if judged and gap.verdict == Verdict.TOO_FEW:
            return say("answers.gap.too few", reference=reference)
        return say("answers.gap.not_compared")
    ends = say("language.interval", low=_two(gap.ratio_lower), high=_two(gap.ratio_upper))
    fields = {"reference": reference, "ratio": _two(gap.ratio), "interval": ends}
    size = say("answers.gap.size", **fields)
    if not judged or not gap.verdict:
        return say("answers.gap.weighing", size=size)
    way = went(gap) if gap.verdict in OF_BETTER_OFF else ""
    better = "_better" if gap.better_off and gap.verdict in OF_BETTER_OFF and not way else ""
    return say(f"answers.gap.{way or gap.verdict}{better}", size=size, **fields)


def _wait(gap: Gap) -> str:
    if gap.verdict not in WAITING or went(gap) or not gap.weeks_to_go > 0:
        return ""
    if gap.weeks_to_go > LONGEST_WAIT:
        return say("answers.wait.never")
    return say("answers.wait.more", count=gap.weeks_to_go)


def _two(value: float) -> str:
    """A ratio with two decimals even where they are noughts; without a limit, in a word."""
    return fixed(value, 2) if math.isfinite(value) else say("language.no_limit")
