"""Units as people write them after a number, by family; nothing here reads a number."""

from __future__ import annotations

import re

# word -> (family, how many of the family's base unit one is)
UNITS: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("ml", "mls", "millilitre", "millilitres", "cc"), ("ml", 1.0)),
    **dict.fromkeys(("l", "ltr", "litre", "litres", "liter", "liters"), ("ml", 1000.0)),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), ("min", 1.0)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), ("min", 60.0)),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), ("min", 1 / 60)),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), ("weeks", 1.0)),
    **dict.fromkeys(("d", "day", "days"), ("weeks", 1 / 7)),
    **dict.fromkeys(("g", "gram", "grams"), ("g", 1.0)),
    **dict.fromkeys(("kg", "kgs", "kilogram", "kilograms"), ("g", 1000.0)),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), ("years", 1.0)),
    **dict.fromkeys(("cm", "cms"), ("cm", 1.0)),
    "mm": ("cm", 0.1),
    "mmhg": ("mmhg", 1.0),
    "bpm": ("bpm", 1.0),
    "mmol/l": ("mmol/l", 1.0),
    "g/l": ("g/l", 1.0),
    "g/dl": ("g/l", 10.0),
    "kg/m2": ("kg/m2", 1.0),
    "%": ("%", 1.0),
    **dict.fromkeys(("women", "births", "babies", "deliveries", "cases", "events"), ("count", 1.0)),
    **dict.fromkeys(("percent", "per cent"), ("%", 1.0)),
}


def family(unit: str) -> str:
    """The base unit of a unit's family.

    >>> family("litres"), family("hrs")
    ('ml', 'min')
    """
    return UNITS[unit.casefold()][0]


def factor(unit: str, into: str) -> float:
    """How many of one unit another is; both are of one family.

    >>> factor("l", "ml"), factor("h", "mins")
    (1000.0, 60.0)
    """
    return UNITS[unit.casefold()][1] / UNITS[into.casefold()][1]


def in_name(column: str) -> str | None:
    """The unit a column's name speaks of, or None; a single letter counts in brackets only.

    >>> in_name("EBL (ml)"), in_name("gestation_days"), in_name("L"), in_name("Loss [L]")
    ('ml', 'days', None, 'l')
    """
    bracketed = re.findall(r"[(\[]\s*([^)\]]+?)\s*[)\]]", column)
    words = [word for word in re.split(r"[^A-Za-z/%0-9]+", column) if len(word) > 1 or word == "%"]
    # The words of a name that count something else: a week of birth is no unit.
    named = [word for word in words if word.casefold() not in ("week", "day", "year", "month")]
    return next((w.casefold() for w in (*bracketed, *named) if _is_unit(w)), None)


def _is_unit(word: str) -> bool:
    return word.casefold() in UNITS and family(word) != "count"
