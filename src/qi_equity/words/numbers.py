"""Numbers, amounts and days as people read them, in the language in force; no sums here."""

from __future__ import annotations

import math

import pandas as pd

from qi_equity.words import say


def missing(value: object) -> bool:
    """Whether a cell holds nothing that can be shown.

    >>> missing(float("nan")), missing(None), missing(0)
    (True, True, False)
    """
    return value is None or bool(pd.isna(value))  # type: ignore[call-overload]


def number(value: object, digits: int = 1) -> str:
    """A number as people read it; a whole number without decimals, nothing as a dash.

    >>> number(12.04), number(12.0), number(float("nan")), number(1234567.0), number(0.034)
    ('12.0', '12', '–', '1,234,567', '0.03')
    """
    if missing(value):
        return say("language.nothing")
    size = float(value)  # type: ignore[arg-type]
    if math.isinf(size):
        return say("language.no_limit")
    places = 0 if size == round(size) else 2 if abs(size) < 1 and digits == 1 else digits
    return _written(size, places)


def whole(value: object) -> str:
    """A number to the nearest whole one, for events and people.

    >>> whole(-52.7), whole(0.2)
    ('−53', '0')
    """
    if missing(value):
        return say("language.nothing")
    return _written(round(float(value)), 0)  # type: ignore[arg-type]


def amount(value: object, unit: str = "%", digits: int = 1) -> str:
    """A number with its unit.

    >>> amount(5.25), amount(3.1, "per 1,000"), amount(float("nan"))
    ('5.2%', '3.1 per 1,000', '–')
    """
    text = number(value, digits)
    if missing(value) or not unit:
        return text
    if unit == "%":
        return say("language.percent", number=text)
    return say("language.amount", number=text, unit=unit)


def interval(low: object, high: object, digits: int = 1) -> str:
    """Two ends, as they are read aloud.

    >>> interval(1.5, 2.25, 2)
    '1.50 to 2.25'
    """
    return say("language.interval", low=number(low, digits), high=number(high, digits))


def fixed(value: float, places: int) -> str:
    """A number with so many decimals, whether they are noughts or not.

    >>> fixed(1, 2), fixed(0.05, 2)
    ('1.00', '0.05')
    """
    return _written(value, places)


def rounded(value: float) -> str:
    """A number to three significant digits.

    >>> rounded(8.4213), rounded(2.6), rounded(120.4)
    ('8.42', '2.6', '120')
    """
    text = f"{float(f'{value:.3g}'):.12g}"
    return _written(float(text), len(text.partition(".")[2]))


def share(value: float) -> str:
    """A part of a whole, in hundredths.

    >>> share(0.1), share(0.0234)
    ('10.0%', '2.3%')
    """
    return say("language.percent", number=_written(100 * value, 1))


def day(value: object) -> str:
    """A date as people write it in the NHS; anything else as it is.

    >>> day(pd.Timestamp(2025, 3, 3)), day(7)
    ('3 Mar 2025', '7')
    """
    if missing(value):
        return say("language.nothing")
    if not hasattr(value, "strftime"):
        return str(value)
    month = say("language.months").split()[value.month - 1]  # type: ignore[attr-defined]
    return say("language.day", day=value.day, month=month, year=value.year)  # type: ignore[attr-defined]


def month(value: pd.Timestamp) -> str:
    """A month in full, with its year.

    >>> month(pd.Timestamp(2026, 4, 6))
    'April 2026'
    """
    name = say("language.months_in_full").split()[value.month - 1]
    return say("language.month", month=name, year=value.year)


def _written(size: float, places: int) -> str:
    """Digits with the marks of the language; English ones are what Python writes."""
    text = f"{size:,.{places}f}".replace("-", "−")
    decimal, thousands = say("language.decimal"), say("language.thousands")
    if (decimal, thousands) == (".", ","):
        return text
    return text.replace(",", "\n").replace(".", decimal).replace("\n", thousands)
