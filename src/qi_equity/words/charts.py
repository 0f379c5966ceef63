"""A chart in sentences: what it shows, and what not to conclude from it; nothing is judged here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import pandas as pd

from qi_equity.findings import Chance, Chart
from qi_equity.project import EVERYONE, Direction, Measure
from qi_equity.vocabulary import Variation
from qi_equity.words import say, words_of
from qi_equity.words.grammar import called, listed
from qi_equity.words.numbers import amount, day, fixed, missing, number
from qi_equity.words.watched import meaning_of

FEW_USEFUL = 10  # points off the centre line below which the tests of runs see little (Anhøj 2015)


def chart_sentences(row: Chart, points: pd.DataFrame, measure: Measure) -> list[str]:
    """What one chart shows and what not to conclude from it."""
    period = counted(row.subgroups, _point_of(points, measure.subgroup))
    if missing(row.centre):
        return [say("charts.said.no_centre", period=period)]
    signals = signal_words(row, points, measure.subgroup)
    return [
        say("charts.said.centre", period=period, centre=amount(row.centre, measure.unit)),
        signals or say("charts.said.too_few" if is_short(row) else "charts.said.no_signal"),
        *([] if not signals and is_short(row) else [_not_to_conclude(row, bool(signals), measure)]),
    ]


def is_short(row: Chart) -> bool:
    """Whether a chart has fewer points than tests of runs need: their silence says nothing."""
    return row.subgroups < FEW_USEFUL


def says_nothing(row: Chart) -> bool:
    """Whether the silence of a chart says nothing: it is short, or nothing watches it yet."""
    return is_short(row) or bool(row.not_watched)


def signal_words(row: Chart, points: pd.DataFrame, subgroup: str) -> str:
    """The signals of one chart in a sentence, or nothing where there is none."""
    parts = list(_signals(row, points, subgroup))
    if not parts:
        return ""
    return say("charts.said.signal", signals=say("charts.said.semicolon").join(parts))


def _point_of(points: pd.DataFrame, subgroup: str) -> str:
    """What a point of a chart is called: of a release it may add several subgroups up."""
    return "point" if "subgroups" in points and (points["subgroups"] > 1).any() else subgroup


def _signals(row: Chart, points: pd.DataFrame, subgroup: str) -> Iterator[str]:
    if row.beyond_limits > 0:
        last = _last_marked(points, "beyond_limits")
        period = counted(row.beyond_limits, _point_of(points, subgroup))
        if last is None:
            yield say("charts.said.beyond", period=period)
        else:
            yield say("charts.said.beyond_last", period=period, day=day(last))
    for rule, words in words_of("charts.rule").items():
        last = _last_marked(points, rule)
        if last is not None:
            yield say("charts.said.rule", rule=words, day=day(last))
    if row.runs_signal and row.longest_run > row.longest_run_limit:
        longest, limit = number(row.longest_run), number(row.longest_run_limit)
        yield say("charts.said.long_run", number=longest, limit=limit)
    if row.runs_signal and row.crossings < row.crossings_limit:
        crossings, limit = number(row.crossings), number(row.crossings_limit)
        yield say("charts.said.crossings", number=crossings, limit=limit)


def _not_to_conclude(row: Chart, signal: bool, measure: Measure) -> str:
    if signal and measure.direction == "none":
        return say("charts.said.changed_neither")
    if signal:
        return say("charts.said.changed")
    if row.useful < FEW_USEFUL:
        return say("charts.said.few_points")
    return say("charts.said.steady")


def _last_marked(points: pd.DataFrame, column: str) -> object:
    if column not in points:
        return None
    marked = points.loc[points[column].fillna(0).astype(float) != 0, "subgroup"]
    return marked.iloc[-1] if len(marked) else None


def lead_sentence(
    charts: Sequence[Chart],
    judged: bool = False,
    signalling: Collection[str] = (),
    direction: Direction = "none",
) -> str:
    """The first thing to read on a page of charts: what is established, then what is emerging.

    Before the charts are judged together nothing is said of either, and signals are named.
    """
    own = [row for row in charts if row.stratum != EVERYONE]
    if not own:
        return ""
    if judged:
        return _judged_lead(charts, len(own), direction)
    marked = [row.stratum for row in own if row.stratum in signalling]
    if marked:
        return say("charts.lead.signals", strata=listed(marked))
    return say("charts.lead.none_signals", number=number(len(own)))


def _judged_lead(charts: Sequence[Chart], own: int, direction: Direction) -> str:
    settled = [_named(row, meaning_of(row, direction)) for row in charts if row.established]
    emerging = [_named(row, _latest(row)) for row in charts if row.emerging and not row.established]
    said = [say("watched.lead_established", strata=listed(settled))] if settled else []
    said += [say("watched.lead_emerging", strata=listed(emerging))] if emerging else []
    return " ".join(said) or say("charts.lead.none_stands", number=number(own))


def _latest(row: Chart) -> str:
    if row.variation in ("", Variation.COMMON_CAUSE):
        return ""
    return say(f"charts.word.{row.variation}")


def _named(row: Chart, meaning: str) -> str:
    name = called(row.stratum)
    return say("charts.lead.stands", stratum=name, variation=meaning) if meaning else name


def chance_sentence(found: Chance) -> str:
    """How many charts would stand out by chance alone.

    >>> chance_sentence(Chance(40, 3, 2.0, 1))[:49]
    '40 charts of single strata: 3 with p of at most 0'
    """
    return say(
        "charts.chance.released" if found.released else "charts.chance.seen",
        count=found.charts,
        seen=number(found.seen),
        level=fixed(0.05, 2),
        expected=fixed(found.expected, 1),
        highlighted=number(found.highlighted),
    )


def variation_words(variation: str) -> str:
    """What the latest point of a chart says, or nothing where it says nothing."""
    return say(f"charts.variation.{variation}") if variation else ""


def assurance_words(assurance: str) -> str:
    """Whether the target will be met, or nothing where that cannot be said."""
    return say(f"charts.assurance.{assurance}") if assurance else ""


def counted(count: float, period: str) -> str:
    """So many weeks, or whatever a point stands for.

    >>> counted(1, "week"), counted(3, "month")
    ('1 week', '3 months')
    """
    return say(f"charts.count_of.{period}", count=count)
