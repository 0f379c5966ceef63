"""A verdict in sentences: what it says of the system, how sure, and what would have been missed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from qi_equity.findings import Gap
from qi_equity.words import say
from qi_equity.words.gaps import counts
from qi_equity.words.grammar import called, listed, sentence
from qi_equity.words.numbers import fixed, missing, number, rounded

# A factor or a wait beyond these is no help to a team: it is said in words instead.
LARGEST_FACTOR = 20
LONGEST_WAIT = 520  # ten years of weeks
LEVELLING_DOWN = " (levelling down)"


def verdict_sentences(row: Gap, multiply: float = 1) -> list[str]:
    """What can be said of one gap, the answer first.

    >>> from qi_equity.findings import row
    >>> found = row(Gap, verdict="persistent", stratum="Black", reference="everyone else",
    ...             ratio=2.1, ratio_lower=1.4, ratio_upper=3.0, smallest_change=1.8)
    >>> said = verdict_sentences(found)
    >>> print(said[0].partition(",")[0])
    The gap is persistent: the rate for Black is 2.10 times that of everyone else (1.40 to 3.00)
    >>> said[-1]
    'A change smaller than 1.8-fold would have been missed.'
    """
    if row.verdict not in SENTENCES:
        return []
    return [*SENTENCES[row.verdict](row), *_besides(row, multiply)]


def _besides(row: Gap, multiply: float) -> Iterator[str]:
    """What is to be known beside the verdict, whatever it is."""
    if row.improving_while_widening:
        both = row.difference_widening_too
        yield say("verdicts.widens_both") if both else say("verdicts.widens_ratio")
    if row.unknown_decides and not _small(row, row.unknown_ratio_lower, row.unknown_ratio_upper):
        yield say(
            "verdicts.unknown_decides",
            number=number(row.unknown_births),
            low=_ratio(row.unknown_ratio_lower),
            high=_ratio(row.unknown_ratio_upper),
        )
    if row.disagree and not missing(row.ratio_then) and not missing(row.ratio_now):
        yield opposite_ways(row, multiply)


def _ratio(value: float) -> str:
    """A ratio with its two decimals even where they are noughts: 1.00 is the point of it."""
    return fixed(value, 2) if math.isfinite(value) else number(value)


def _times(row: Gap) -> str:
    return say(
        "verdicts.times",
        stratum=called(row.stratum),
        ratio=_ratio(row.ratio),
        reference=called(row.reference),
        ratios=say("language.interval", low=_ratio(row.ratio_lower), high=_ratio(row.ratio_upper)),
    )


def _moved(row: Gap) -> list[str]:
    if missing(row.early_ratio) or missing(row.late_ratio):
        return []
    early, late = row.early_ratio, row.late_ratio
    said = [say("verdicts.went", early=_ratio(early), late=_ratio(late))]
    if (early - 1) * (late - 1) < 0:
        said.append(say("verdicts.turned"))
    if row.who_moved:
        said.append(say("verdicts.mover", who=moved_words(row.who_moved)))
    return [" ".join(said)]


def moved_words(moved: str) -> str:
    """Who moved, in the language in force.

    >>> moved_words("worse-off improved and better-off improved")
    'worse-off improved and better-off improved'
    >>> moved_words("better-off got worse (levelling down)")
    'better-off got worse (levelling down)'
    """
    one, *others = moved.removesuffix(LEVELLING_DOWN).split(" and ")
    said = say(f"verdicts.moved.{one}")
    for other in others:
        said = say("verdicts.moved.and", one=said, other=say(f"verdicts.moved.{other}"))
    down = moved.endswith(LEVELLING_DOWN)
    return say("verdicts.moved.levelling_down", who=said) if down else said


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


def _too_few(row: Gap) -> list[str]:
    said = [say("verdicts.too_few", counts=counts(row), stratum=called(row.stratum))]
    if row.weeks_to_go > LONGEST_WAIT:
        said.append(say("verdicts.never"))
    elif row.weeks_to_go > 0:
        said.append(say("verdicts.takes", weeks=weeks_words(row.weeks_to_go)))
    return said


def _persistent(row: Gap) -> list[str]:
    if _small(row, row.ratio_lower, row.ratio_upper):
        smallest = number(row.smallest_gap, 2)
        said = say("verdicts.small", smallest=smallest, times=_times(row))
        return [said, say("verdicts.small_why")]
    said = say("verdicts.persistent", times=_times(row))
    return [said, say("verdicts.persistent_why"), _missed(row)]


def _small(row: Gap, lower: float, upper: float) -> bool:
    """Whether even the ends of an interval are nearer to 1 than the smallest gap that matters."""
    return 1 / row.smallest_gap < lower and upper < row.smallest_gap


SENTENCES: dict[str, Callable[[Gap], list[str]]] = {
    "widening": lambda row: [say("verdicts.widening", times=_times(row)), *_moved(row)],
    "persistent": _persistent,
    "narrowing": lambda row: [say("verdicts.narrowing", times=_times(row)), *_moved(row)],
    "closed": lambda row: [say("verdicts.closed"), *_moved(row)],
    "no gap seen": lambda row: [say("verdicts.no_gap", times=_times(row)), _missed(row)],
    "too few to say": _too_few,
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
