"""The CUSUM of a signal system in sentences: its question, its horizon, what it said; no sums."""

from __future__ import annotations

from collections.abc import Sequence

from qi_equity.findings import Chart, Cusum
from qi_equity.project import Measure, SignalSystem
from qi_equity.words import say
from qi_equity.words.grammar import called
from qi_equity.words.numbers import amount, day, number
from qi_equity.words.watched import MEANS

# Changes looked for that have a word.
WORDS = {2.0: "twice", 0.5: "half"}
HUNDRED = 100  # years


def heading(row: Cusum) -> str:
    """What the chart is, and of whom."""
    return say("cusums.heading", stratum=called(row.stratum))


def times(ratio: float) -> str:
    """The change looked for.

    >>> times(2.0), times(3.0)
    ('twice', '3 times')
    """
    word = WORDS.get(ratio, "other")
    return say(f"cusums.times.{word}", ratio=number(ratio))


def sentences(
    row: Cusum, measure: Measure, chart: Chart | None, every: Sequence[Cusum]
) -> list[str]:
    """What it said, how that stands beside what is established, its question and its horizon.

    `every` are all such charts of the site, of whatever measure.
    """
    system = measure.signal_system
    assert system is not None  # or there would be no chart
    beside = beside_established(row, measure, chart)
    said = [said_sentence(row, measure), beside, _asks(row, measure, system)]
    said.append(horizon_sentence(row, measure))
    if len(every) > 1:
        years = min(HUNDRED, _years(sum(one.false_alarms_a_year for one in every)))
        said.append(say("cusums.together", count=len(every), years=number(years)))
    if row.provisional:
        said.append(say("cusums.provisional"))
    return said


def said_sentence(row: Cusum, measure: Measure) -> str:
    """When it signalled; or that it has not, and how far it is from that."""
    if row.signals < 1:
        return say("cusums.said.quiet", latest=number(row.latest), limit=number(row.limit))
    told = {"first": day(row.first_signal), "begun": day(row.change_estimate)}
    told["period"] = say(f"charts.one.{measure.subgroup}")
    if row.signals < 2:
        return say("cusums.said.signal", **told)
    return say("cusums.said.signals", count=row.signals, last=day(row.last_signal), **told)


def horizon_sentence(row: Cusum, measure: Measure) -> str:
    """How often chance alone makes it signal, and under what that holds."""
    years = number(_years(row.false_alarms_a_year))
    return say("cusums.horizon", years=years, period=say(f"charts.one.{measure.subgroup}"))


def _years(chance: float) -> float:
    """Of 100 years, in how many; without what adding up fractions leaves behind."""
    return round(HUNDRED * chance, 6)


def beside_established(row: Cusum, measure: Measure, chart: Chart | None) -> str:
    """How it stands beside what is established of the same counts: two questions, two answers."""
    here = "signal" if row.signals > 0 else "quiet"
    if chart is not None and chart.established:
        meaning = MEANS[measure.direction][chart.direction]
        moved = say(f"watched.moved.{chart.direction}_{meaning}")
        return say(f"cusums.{here}.established", moved=moved)
    watched = chart is not None and not chart.not_watched and chart.false_alarms_a_year > 0
    known = "none" if watched else "not_watched"
    return say(f"cusums.{here}.{known}", times=times(row.ratio))


def _asks(row: Cusum, measure: Measure, system: SignalSystem) -> str:
    reference = amount(row.reference * measure.multiply, measure.unit)
    told = {"times": times(row.ratio), "reference": reference, "source": system.source.rstrip(".")}
    return say(f"cusums.asks_{measure.data}", **told)
