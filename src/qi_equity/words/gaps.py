"""A gap in sentences: its size on both scales, each with its interval; nothing is judged here."""

from __future__ import annotations

from qi_equity.findings import CrossedRow, Gap
from qi_equity.project import EVERYONE_ELSE, Measure
from qi_equity.strata import sides_of
from qi_equity.words import say
from qi_equity.words.grammar import called
from qi_equity.words.numbers import amount, interval, missing, number


def gap_sentence(row: Gap, measure: Measure) -> str:
    """One stratum's gap with its interval, in words."""
    stratum, times = called(row.stratum), measure.multiply
    if missing(row.rate):
        return say("gaps.said.nothing", stratum=stratum)
    rate = amount(row.rate * times, measure.unit)
    if row.of_means:
        said = [_mean(row, stratum, rate)]
    else:
        said = [say("gaps.said.rate", stratum=stratum, rate=rate, counts=counts(row))]
    if missing(row.difference):
        return " ".join([*said, say("gaps.said.not_compared")])
    said.append(_size(row, measure))
    if row.difference_lower <= 0 <= row.difference_upper:
        said.append(say("gaps.said.chance"))
    return " ".join(said)


def _mean(row: Gap, stratum: str, mean: str) -> str:
    """A mean, and of how many readings it is, where anybody knows."""
    if missing(row.readings):
        return say("gaps.said.mean", stratum=stratum, mean=mean)
    of = say_readings(row.readings)
    return say("gaps.said.mean_of", stratum=stratum, mean=mean, readings=of)


def say_readings(readings: float) -> str:
    """So many readings.

    >>> say_readings(1.0), say_readings(1200.0)
    ('1 reading', '1,200 readings')
    """
    return say("gaps.readings", count=readings)


def few_sentence(row: CrossedRow, measure: Measure) -> str:
    """What a crossed group of few borrows from the others, beside its own rate; else nothing."""
    sides = sides_of(row.stratum)
    if not row.few or sides is None or missing(row.rate_shrunk):
        return ""
    numerator, denominator = number(row.numerator), number(row.denominator)
    times = measure.multiply
    return say(
        "gaps.few",
        counts=say("language.count_of", numerator=numerator, denominator=denominator),
        second=sides[1],
        rate=amount(row.rate_shrunk * times, measure.unit),
        interval=interval(row.rate_shrunk_lower * times, row.rate_shrunk_upper * times),
        borrowed=amount(100 * row.rate_borrowed, "%"),
    )


def _size(row: Gap, measure: Measure) -> str:
    times, side = measure.multiply, "higher" if row.difference > 0 else "lower"
    ends = (row.difference_lower * times, row.difference_upper * times)
    fields = {
        "size": number(abs(row.difference) * times),
        "unit": difference_unit(measure),
        "reference": called(row.reference or EVERYONE_ELSE),
        "interval": say("language.interval", low=signed(ends[0]), high=signed(ends[1])),
    }
    if missing(row.ratio):
        return say(f"gaps.said.{side}", **fields)
    ratios = interval(row.ratio_lower, row.ratio_upper, 2)
    kind = "mean" if row.of_means else "ratio"
    return say(f"gaps.said.{side}_{kind}", ratio=number(row.ratio, 2), ratios=ratios, **fields)


def counts(row: Gap) -> str:
    """Events out of those they were counted among; of a mean, how many readings it is of."""
    if row.of_means:
        unknown = missing(row.readings)
        return say("gaps.said.not_known") if unknown else say_readings(row.readings)
    numerator, denominator = number(row.numerator), number(row.denominator)
    return say("language.count_of", numerator=numerator, denominator=denominator)


def difference_unit(measure: Measure) -> str:
    """The unit of a difference between two values of a measure."""
    return say("gaps.percentage_points") if measure.unit == "%" else measure.unit


def signed(value: float) -> str:
    """A number with its sign, the sign being the point.

    >>> signed(1.25), signed(-3.0), signed(float("nan"))
    ('+1.2', '−3', 'unknown')
    """
    if missing(value):
        return say("gaps.said.unknown")
    text = number(abs(value))
    return f"+{text}" if value > 0 else f"−{text}" if value < 0 else text
