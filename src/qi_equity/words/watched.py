"""Emerging and established in sentences: this look, and any number of looks; nothing is judged."""

from __future__ import annotations

from qi_equity.findings import Chart, Gap
from qi_equity.findings.sides import went
from qi_equity.project import EVERYONE, Direction
from qi_equity.vocabulary import NotWatched
from qi_equity.words import say
from qi_equity.words.grammar import called
from qi_equity.words.numbers import day, missing, rounded, whole

# What a rise and a fall mean, by which way is better.
MEANS: dict[Direction, dict[str, str]] = {
    "increase": {"rising": "improvement", "falling": "concern"},
    "decrease": {"rising": "concern", "falling": "improvement"},
    "none": {"rising": "high", "falling": "low"},
}


def standing_sentences(row: Chart, direction: Direction) -> list[str]:
    """What is emerging and what is established in one chart, whose change it is, and how sure.

    >>> from qi_equity.findings import row
    >>> said = standing_sentences(row(Chart, stratum="Black", emerging=True, shared="own",
    ...                               false_alarms_a_year=0.002), "decrease")
    >>> print(said[0], said[1], sep=chr(10))
    Emerging: this look shows a change. It may come and go, and is not established.
    This group’s own rate moved; the rest of the site did not move with it.
    """
    settled, emerging = established_sentence(row, direction), _emerging(row)
    if emerging and not (row.established or row.not_watched):
        settled = ""  # said already
    said = [settled, emerging, _whose(row), _season(row), _alarms(row)]
    return [text for text in said if text]


def established_sentence(row: Chart, direction: Direction) -> str:
    """Since when a change is established, and which way the rate moved; or that none is."""
    if not row.established:
        if row.not_watched:
            return say(f"watched.why_not.{NotWatched(row.not_watched).replace(' ', '_')}")
        # Where no false alarm is to be expected, nothing is watched.
        return say("watched.not_established") if row.false_alarms_a_year > 0 else ""
    moved = say(f"watched.moved.{row.direction}_{MEANS[direction][row.direction]}")
    if missing(row.first_established):  # the network is told the word and no day
        return say("watched.established", moved=moved)
    since, begun = day(row.first_established), day(row.change_estimate)
    return say("watched.established_since", since=since, moved=moved, begun=begun)


def meaning_of(row: Chart, direction: Direction) -> str:
    """What an established change of a chart means, as a word."""
    return say(f"charts.word.{MEANS[direction][row.direction]}") if row.direction else ""


def established_gap(row: Gap) -> str:
    """Which way the established change of a gap goes; nothing where none is established.

    >>> from qi_equity.findings import row
    >>> print(established_gap(row(Gap, established=True, signal="falling", stratum="Black",
    ...                           reference="White", ratio=2.0)))
    Established: set against White, the rate for Black has fallen, and the gap is narrower than in
    its baseline.
    """
    way = went(row)
    if not way:
        return ""
    fields = {"stratum": called(row.stratum), "reference": called(row.reference)}
    if row.of_means:
        moved = say(f"watched.mean.{row.signal}", **fields)
    else:
        moved = say(f"watched.gap.{row.signal}", **fields)
    gap = say(f"watched.gap.{way}")
    if missing(row.first_established):
        return say("watched.gap.established", moved=moved, gap=gap)
    since = day(row.first_established)
    return say("watched.gap.established_since", since=since, moved=moved, gap=gap)


def _emerging(row: Chart) -> str:
    if not row.emerging:
        return ""
    return say("watched.emerging_too" if row.established else "watched.emerging")


def _whose(row: Chart) -> str:
    return say(f"watched.whose.{row.shared}") if row.shared and row.stratum != EVERYONE else ""


def _season(row: Chart) -> str:
    return say(f"watched.season.{row.season.replace(' ', '_')}") if row.season else ""


def _alarms(row: Chart) -> str:
    if not row.false_alarms_a_year > 0:
        return ""
    rate, years = rounded(row.false_alarms_a_year), whole(1 / row.false_alarms_a_year)
    return say("watched.alarms", rate=rate, years=years)
