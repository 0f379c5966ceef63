"""Colours, shapes and number formats, in one place; nothing here knows a chart."""

from __future__ import annotations

import math

import pandas as pd

# Chosen so that text has a contrast of 4.5 and marks one of 3 against the paper (WCAG 2.2), and
# so that improvement and concern stay apart in every common form of colour blindness; shapes and
# words carry the same message without colour.
LIGHT = {
    "paper": "#ffffff",
    "ink": "#16262f",
    "muted": "#4f5f69",
    "grid": "#e4eaed",
    "value": "#34495a",
    "centre": "#147a7e",
    "limit": "#83929c",
    "target": "#8a5a00",
    "improvement": "#0a5fb4",
    "concern": "#c43e00",
    "other": "#71389c",
    "cycle": "#5d6d34",
}
DARK = {
    "paper": "#101b21",
    "ink": "#eef3f5",
    "muted": "#aebcc4",
    "grid": "#2a3a43",
    "value": "#c4d2da",
    "centre": "#5fc9c9",
    "limit": "#7d8f9a",
    "target": "#e2b23c",
    "improvement": "#7db8ff",
    "concern": "#ff9a5c",
    "other": "#cf9df2",
    "cycle": "#b3c675",
}
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

# A point's meaning -> (colour, plotly symbol, words); the order is that of the key under a chart.
MEANINGS = {
    "improvement": ("improvement", "diamond", "Special cause: improvement"),
    "concern": ("concern", "triangle-up", "Special cause: concern"),
    "high": ("other", "square", "Special cause: high"),
    "low": ("other", "square", "Special cause: low"),
    "special cause": ("other", "square", "Special cause"),
}


def missing(value: object) -> bool:
    """Whether a cell holds nothing that can be shown.

    >>> missing(float("nan")), missing(None), missing(0)
    (True, True, False)
    """
    return value is None or bool(pd.isna(value))  # type: ignore[call-overload]


def number(value: object, digits: int = 1, nothing: str = "–") -> str:
    """A number as people read it; a whole number without decimals, nothing as a dash.

    >>> number(12.04), number(12.0), number(float("nan")), number(1234567.0), number(0.034)
    ('12.0', '12', '–', '1,234,567', '0.03')
    """
    if missing(value):
        return nothing
    size = float(value)  # type: ignore[arg-type]
    if math.isinf(size):
        return "no limit"
    places = 0 if size == round(size) else 2 if abs(size) < 1 and digits == 1 else digits
    return f"{size:,.{places}f}".replace("-", "−")


def whole(value: object) -> str:
    """A number to the nearest whole one, for events and people.

    >>> whole(-52.7), whole(0.2)
    ('−53', '0')
    """
    if missing(value):
        return "–"
    return f"{round(float(value)):,}".replace("-", "−")  # type: ignore[arg-type]


def amount(value: object, unit: str = "%", digits: int = 1) -> str:
    """A number with its unit.

    >>> amount(5.25), amount(3.1, "per 1,000"), amount(float("nan"))
    ('5.2%', '3.1 per 1,000', '–')
    """
    text = number(value, digits)
    if missing(value) or not unit:
        return text
    return f"{text}{unit}" if unit == "%" else f"{text} {unit}"


def day(value: object) -> str:
    """A date as people write it in the NHS; anything else as it is.

    >>> day(pd.Timestamp(2025, 3, 3)), day(7)
    ('3 Mar 2025', '7')
    """
    if missing(value):
        return "–"
    if hasattr(value, "strftime"):
        return f"{value.day} {value.strftime('%b %Y')}"  # type: ignore[attr-defined]
    return str(value)


def sentence(text: str, stop: str = ".") -> str:
    """Words as a sentence: a capital first, a stop last.

    >>> sentence("too few events"), sentence("Done.")
    ('Too few events.', 'Done.')
    """
    text = text[:1].upper() + text[1:]
    return text if not text or text.endswith((".", "!", "?")) else text + stop


def inside(text: str) -> str:
    """A name as it stands within a sentence; abbreviations keep their capitals.

    >>> inside("Labour induced"), inside("HbA1c known"), inside("PPH")
    ('labour induced', 'HbA1c known', 'PPH')
    """
    first, _, _ = text.partition(" ")
    return text if first[1:] != first[1:].lower() else text[:1].lower() + text[1:]
