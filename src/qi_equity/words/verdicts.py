"""A verdict in sentences: what it says of the system, how sure, and what would have been missed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from qi_equity.findings import Gap
from qi_equity.findings.sides import went
from qi_equity.project import Direction
from qi_equity.vocabulary import Verdict
from qi_equity.words import say
from qi_equity.words.gaps import counts
from qi_equity.words.grammar import called, listed, sentence
from qi_equity.words.numbers import fixed, missing, number, rounded, share
from qi_equity.words.watched import established_gap

# A factor or a wait beyond these is no help to a team: it is said in words instead.
LARGEST_FACTOR = 20
LONGEST_WAIT = 520  # ten years of weeks
# Cautions that hint at a change where the verdict sees none yet.
HINTS = {"step_seen", "difference_changed", "change_too_small_to_matter"}
CHANGED = (Verdict.WIDENING, Verdict.REVERSED, Verdict.NARROWING, Verdict.CLOSED)
WORSE_OFF, BETTER_OFF = "worse_off", "better_off"
# By which way is better: the group with the higher rate, the one with the lower, and what it is
# to fall and to rise.
MOVERS: dict[Direction, tuple[str, str, str, str]] = {
    "decrease": (WORSE_OFF, BETTER_OFF, "improved", "got_worse"),
    "increase": (BETTER_OFF, WORSE_OFF, "got_worse", "improved"),
    "none": ("higher_rate", "lower_rate", "fell", "rose"),
}


def verdict_sentences(row: Gap, multiply: float = 1, direction: Direction = "none") -> list[str]:
    """What can be said of one gap, the answer first.

    >>> from qi_equity.findings import row
    >>> found = row(Gap, verdict="steady", stratum="Black", reference="everyone else",
    ...             ratio=2.1, ratio_lower=1.4, ratio_upper=3.0, smallest_change=1.8)
    >>> said = verdict_sentences(found)
    >>> print(said[0])
    The gap is steady: the rate for Black is 2.10 times that of everyone else (1.40 to 3.00). No
    test shows a change, on the scale of the ratio or of the difference.
    >>> said[-1]
    'A change smaller than 1.8-fold would have been missed.'
    """
    if row.verdict not in SENTENCES:
        return []
    return [*SENTENCES[row.verdict](row, direction), *_besides(row, multiply)]


def _besides(row: Gap, multiply: float) -> Iterator[str]:
    """What is to be known beside the verdict, whatever it is."""
    if established := established_gap(row):
        yield established
    if row.improving_while_widening:
        yield _widens(row)
    if row.unknown_decides and not _small(row, row.unknown_ratio_lower, row.unknown_ratio_upper):
        yield say(
            "verdicts.unknown_decides",
            number=number(row.unknown_births),
            low=_ratio(row.unknown_ratio_lower),
            high=_ratio(row.unknown_ratio_upper),
        )
    if row.outcome_decides and row.verdict != Verdict.HELD_BACK:
        ends = {"low": _ratio(row.outcome_ratio_lower), "high": _ratio(row.outcome_ratio_upper)}
        if row.outcome_unknown:
            unknown = number(row.outcome_unknown)
            yield say("verdicts.outcome_decides", number=unknown, **ends)
        else:
            others = called(row.reference)
            yield say("verdicts.outcome_decides_others", reference=others, **ends)
    if row.disagree and not missing(row.ratio_then) and not missing(row.ratio_now):
        yield opposite_ways(row, multiply)


def _widens(row: Gap) -> str:
    """That everyone does better while the gap widens, on one scale or on both."""
    both = row.difference_widening_too
    if row.of_means:
        return say("verdicts.means_widen_both") if both else say("verdicts.means_widen_ratio")
    return say("verdicts.widens_both") if both else say("verdicts.widens_ratio")


def _ratio(value: float) -> str:
    """A ratio with its two decimals even where they are noughts: 1.00 is the point of it."""
    return fixed(value, 2) if math.isfinite(value) else number(value)


def _times(row: Gap) -> str:
    return say(
        "verdicts.times_mean" if row.of_means else "verdicts.times",
        stratum=called(row.stratum),
        ratio=_ratio(row.ratio),
        reference=called(row.reference),
        ratios=say("language.interval", low=_ratio(row.ratio_lower), high=_ratio(row.ratio_upper)),
    )


def _moved(row: Gap, direction: Direction) -> list[str]:
    if missing(row.early_ratio) or missing(row.late_ratio):
        return []
    early, late = row.early_ratio, row.late_ratio
    said = [say("verdicts.went", early=_ratio(early), late=_ratio(late))]
    if row.verdict == Verdict.REVERSED:
        # Worse off and better off have changed places: the names of the two would mislead.
        return said
    if (early - 1) * (late - 1) < 0:
        said.append(say("verdicts.turned"))
    return [" ".join([*said, say("verdicts.mover", who=moved_words(row, direction))])]


def moved_words(row: Gap, direction: Direction) -> str:
    """Who moved, where a gap changed: the group with the higher rate, the lower one, or both.

    >>> from qi_equity.findings import row
    >>> moved_words(row(Gap, verdict="narrowing", higher_moved=-1, lower_moved=-1), "decrease")
    'worse-off improved and better-off improved'
    >>> moved_words(row(Gap, verdict="narrowing", lower_moved=1), "decrease")
    'better-off got worse (levelling down)'
    """
    higher, lower, fell, rose = MOVERS[direction]
    moved = [
        (group, rose if way > 0 else fell)
        for group, way in ((higher, row.higher_moved), (lower, row.lower_moved))
        if way
    ]
    if not moved:
        return say("verdicts.moved.unknown")
    # The worse-off are told first.
    moved.sort(key=lambda one: one[0] != WORSE_OFF)
    said = [say(f"verdicts.moved.{group}.{way}") for group, way in moved]
    words = said[0] if len(said) == 1 else say("verdicts.moved.and", one=said[0], other=said[1])
    down = moved == [(BETTER_OFF, "got_worse")] and row.verdict != Verdict.WIDENING
    return say("verdicts.moved.levelling_down", who=words) if down else words


def _missed(row: Gap) -> str:
    if not row.smallest_change <= LARGEST_FACTOR:
        return say("verdicts.missed_all")
    return say("verdicts.missed", factor=number(row.smallest_change, 1))


def weeks_words(weeks: float) -> str:
    """How long until an answer, in words.

    >>> weeks_words(1.0), weeks_words(float("inf"))
    ('about 1 more week', 'never at this pace')
    """
    if missing(weeks):
        return say("verdicts.weeks.unknown")
    if weeks > LONGEST_WAIT:
        return say("verdicts.weeks.never")
    return say("verdicts.weeks.more", count=weeks)


def opposite_ways(row: Gap, multiply: float) -> str:
    """The sentence for a gap that narrowed on one scale and widened on the other.

    >>> from qi_equity.findings import row
    >>> print(opposite_ways(row(Gap, difference_then=0.0842, difference_now=0.0699,
    ...                         ratio_then=2.46, ratio_now=2.62), 100))
    The difference narrowed (8.42 to 6.99) while the ratio widened (2.46 to 2.62): the rates
    moved, and whether the gap is closing depends on the scale, so give both.
    """
    narrowed = abs(row.difference_now) < abs(row.difference_then)
    ends = {
        "differences": (row.difference_then * multiply, row.difference_now * multiply),
        "ratios": (row.ratio_then, row.ratio_now),
    }
    return say(
        "verdicts.narrowed_and_widened" if narrowed else "verdicts.widened_and_narrowed",
        differences=_from_to(*ends["differences"]),
        ratios=_from_to(*ends["ratios"]),
    )


def _from_to(then: float, now: float) -> str:
    return say("language.interval", low=rounded(then), high=rounded(now))


def _too_few(row: Gap, direction: Direction) -> list[str]:
    # Counts of many may still bear no verdict where they are protected.
    apart = row.ratio_lower > 1 or row.ratio_upper < 1
    fields = {"counts": counts(row), "stratum": called(row.stratum)}
    said = say("verdicts.no_verdict" if apart else "verdicts.too_few", **fields)
    return [said, *_until(row)]


def _until(row: Gap) -> Iterator[str]:
    """How long until a change by half would be seen."""
    if row.weeks_to_go > LONGEST_WAIT:
        yield say("verdicts.never")
    elif row.weeks_to_go > 0:
        yield say("verdicts.takes", weeks=weeks_words(row.weeks_to_go))


def _standing(row: Gap, direction: Direction) -> list[str]:
    """A gap that is there and is not seen to change."""
    times = _times(row)
    better = [_better_off(row)] if row.better_off else []
    if _small(row, row.ratio_lower, row.ratio_upper):
        smallest = number(row.smallest_gap, 2)
        said = say("verdicts.small", smallest=smallest, times=times)
        # Of a mean a ratio near 1 hides no people.
        return [said, *better, *([] if row.of_means else [say("verdicts.small_why")])]
    if row.verdict == Verdict.STEADY:
        # It is the others whom the system is reliably unequal to.
        why = better or [say("verdicts.steady_why")]
        return [say("verdicts.steady", times=times), *why, _missed(row)]
    if went(row):  # an established change: the sentence that tells it follows
        return [say("verdicts.gap_established", times=times), *better]
    hinted = not HINTS.isdisjoint(row.cautions)
    said = say("verdicts.gap_hint" if hinted else "verdicts.gap", times=times)
    return [said, *better, *_until(row), _missed(row)]


def _echo(row: Gap, direction: Direction) -> list[str]:
    fields = {"group": called(row.echo_of), "times": _times(row)}
    return [say("verdicts.echo_mean" if row.of_means else "verdicts.echo", **fields)]


def _better_off(row: Gap) -> str:
    stratum = called(row.stratum)
    mean = row.of_means
    return say("verdicts.better_off_mean" if mean else "verdicts.better_off", stratum=stratum)


def _changed(row: Gap, direction: Direction) -> list[str]:
    return [say(f"verdicts.{row.verdict}", times=_times(row)), *_moved(row, direction)]


def _closed(row: Gap, direction: Direction) -> list[str]:
    return [say("verdicts.closed"), *_moved(row, direction)]


def _no_gap(row: Gap, direction: Direction) -> list[str]:
    return [say("verdicts.no_gap", times=_times(row)), _missed(row)]


def _one_look(row: Gap, direction: Direction) -> list[str]:
    return [say("verdicts.one_look", times=_times(row))]


def _held_back(row: Gap, direction: Direction) -> list[str]:
    """Which outcomes are not recorded, and what the gap could be were they known."""
    own, others = (
        share(one) if not missing(one) else say("gaps.said.unknown")
        for one in (row.outcome_unknown_share, row.reference_outcome_unknown_share)
    )
    strata = {"stratum": called(row.stratum), "reference": called(row.reference)}
    said = [say("verdicts.held_back", share=own, others=others, **strata)]
    if missing(row.outcome_ratio_lower):
        return said
    ends = (row.outcome_ratio_lower, row.outcome_ratio_upper)
    fields = dict(zip(("low", "high"), map(_ratio, ends), strict=True))
    said.append(say("verdicts.held_back_ratio", **fields))
    ends = (row.outcome_ratio_least, row.outcome_ratio_most)
    if ends != (row.outcome_ratio_lower, row.outcome_ratio_upper):
        fields = dict(zip(("low", "high"), map(_ratio, ends), strict=True))
        said.append(say("verdicts.held_back_at_most", **fields))
    return said


def _small(row: Gap, lower: float, upper: float) -> bool:
    """Whether even the ends of an interval are nearer to 1 than the smallest gap that matters."""
    return 1 / row.smallest_gap < lower and upper < row.smallest_gap


# Worst news first.
SENTENCES: dict[str, Callable[[Gap, Direction], list[str]]] = {
    Verdict.WIDENING: _changed,
    Verdict.REVERSED: _changed,
    Verdict.STEADY: _standing,
    Verdict.GAP: _standing,
    Verdict.ECHO: _echo,
    Verdict.NARROWING: _changed,
    Verdict.CLOSED: _closed,
    Verdict.NO_GAP: _no_gap,
    Verdict.HELD_BACK: _held_back,
    Verdict.ONE_LOOK: _one_look,
    Verdict.TOO_FEW: _too_few,
}


def verdict_word(verdict: str) -> str:
    """A verdict as a word or two; nothing where there is none yet."""
    return say(f"verdicts.word.{verdict}") if verdict else ""


def verdicts_lead(gaps: Sequence[Gap]) -> str:
    """How many gaps have which verdict, worst news first."""
    by_verdict = {
        word: [called(row.stratum) for row in gaps if row.verdict == word] for word in SENTENCES
    }
    parts = [
        say("verdicts.lead", verdict=verdict_word(word), strata=listed(strata))
        for word, strata in by_verdict.items()
        if strata
    ]
    return sentence(say("charts.said.semicolon").join(parts))
