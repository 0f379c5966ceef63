"""Figures in words: windows that are longer than a point, and thresholds; no rule, no sentence."""

from __future__ import annotations

import re

# --- Windows that overlap (rule 13) -------------------------------------------------------------
ROLLING = re.compile(
    r"\b(?:rolling|cumulative|trailing|(?:year|quarter|month)[- ]to[- ]date"
    r"|(?:moving|running) (?:average|mean|median|total|sum|annual|window)"
    r"|(?:updated|refreshed|renewed) (?:weekly|monthly|quarterly|each|every))"
)
COUNTS = {
    "a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "nine": 9, "twelve": 12,
    "thirteen": 13, "eighteen": 18, "twenty-four": 24, "fifty-two": 52,
}  # fmt: skip
N = rf"(?P<n>\d+|{'|'.join(sorted(COUNTS, key=len, reverse=True))})"
UNIT = r"(?P<unit>week|month|quarter|year)"
SUMS = r"(?:average|mean|total|sum|window|aggregate)"
LAST = r"(?:the )?(?:(?:last|past|previous|preceding|prior|latest) )?"
# A date, or one for each point: "to March", not "36 weeks to 41 weeks" or "a month to be seen".
UP_TO = (
    r"(?:ending|ended|(?:up )?to (?:the |each |every |that |end |date\b"
    r"|(?:\d{1,2}(?:st|nd|rd|th)? )?(?:jan|feb|mar|apr|may\b|jun|jul|aug|sep|oct|nov|dec)|\d{4}\b))"
)
WINDOWS = tuple(
    re.compile(way)
    for way in (
        rf"\b{N}[- ]{UNIT}(?:s|ly)?[- ]{SUMS}",
        rf"\b{SUMS}[sd]? (?:of|over|for|across|in) {LAST}(?:{N}[- ])?{UNIT}s?\b",
        rf"\b(?:averaged|added up|aggregated|summed|combined|pooled) (?:over|across|for) {LAST}"
        rf"(?:{N}[- ])?{UNIT}s?\b",
        rf"\b(?:last|past|previous|preceding|prior|latest) (?:{N}[- ])?{UNIT}s? "
        r"(?:on average|averaged|combined|added|taken together)",
        rf"\b(?:over|across) the (?:preceding|previous) (?:{N}[- ])?{UNIT}s?\b",
        rf"\b{N} {UNIT}s (?:combined|averaged|added up|added together|taken together)",
        rf"(?<!from )\b(?:{N}[- ])?{UNIT}s? {UP_TO}",
    )
)
# Weeks of a unit, roughly: only whether a window is longer than a point rests on them.
WEEKS = {"week": 1.0, "fortnight": 2.0, "month": 4.35, "quarter": 13.0, "half-year": 26.1}
A_YEAR = 52.2
MUCH = 1.1  # times a point: four weeks and a month are one length


def overlapping(text: str, subgroup: str) -> bool:
    """Whether a text speaks of a window that is longer than the points it is charted by.

    >>> [overlapping(text, "month") for text in ("year to March", "average of three months")]
    [True, True]
    >>> [overlapping(text, "month") for text in ("from year to year", "from 22 weeks to 36 weeks")]
    [False, False]
    >>> overlapping("average of three months", "quarter")
    False
    """
    told = text.casefold()
    if ROLLING.search(told):
        return True
    point = WEEKS.get(subgroup, A_YEAR)
    return any(_weeks(found) > point * MUCH for way in WINDOWS for found in way.finditer(told))


def _weeks(found: re.Match[str]) -> float:
    held = found.groupdict()
    said = held["n"] or "one"
    number = int(said) if said.isdigit() else COUNTS[said]
    return number * WEEKS.get(held["unit"], A_YEAR)


# --- Thresholds (rule 17) -----------------------------------------------------------------------
# What one unit is in the unit that its kind is compared in.
UNITS = {
    "ml": ("ml", 1.0), "millilitre": ("ml", 1.0), "litre": ("ml", 1000.0), "l": ("ml", 1000.0),
    "g": ("g", 1.0), "kg": ("g", 1000.0), "day": ("day", 1.0), "week": ("day", 7.0),
    "minute": ("minute", 1.0), "hour": ("minute", 60.0),
}  # fmt: skip
AMOUNT = (
    r"(?P<value>\d[\d,]*(?:\.\d+)?)\s*(?P<unit>ml|millilitre|litre|l|g|kg|day|week|minute|hour)s?\b"
)
OVER = r"(?:at least|more than|over|above|below|under|less than|at most|before|from|≥|>|<|≤)"
AMOUNTS = (
    re.compile(rf"{OVER}\s*{AMOUNT}"),
    re.compile(rf"{AMOUNT} (?:or|and) (?:more|over|above|less|fewer|below|under|later|earlier)"),
)


def thresholds(text: str) -> list[tuple[float, str, float]]:
    """The thresholds in a text: the number as written, then its kind and number to compare by.

    >>> thresholds("Loss of 1.5 litres or more within 24 hours")
    [(1.5, 'ml', 1500.0)]
    """
    return [_amount(found) for way in AMOUNTS for found in way.finditer(text.casefold())]


def amounts(text: str) -> list[tuple[float, str, float]]:
    """Every amount in a text, as `thresholds` has it: a citation says its own without a word more.

    >>> amounts("MBRRACE-UK, 1,500 ml")
    [(1500.0, 'ml', 1500.0)]
    """
    return [_amount(found) for found in re.finditer(rf"(?<![\d.,]){AMOUNT}", text.casefold())]


def _amount(found: re.Match[str]) -> tuple[float, str, float]:
    value = float(found["value"].replace(",", ""))
    kind, times = UNITS[found["unit"]]
    return value, kind, value * times
