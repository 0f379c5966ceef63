"""The first chart of a page as it is sent: an SVG that stands there before any script is loaded.

Plotly takes its place as soon as it can, with what answers to a touch. Lines, points, marks and
numbers of one panel are sketched; any other figure is waited for.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from qi_equity.view.panels import Figure
from qi_equity.view.theme import LIGHT
from qi_equity.words import say
from qi_equity.words.numbers import day, fixed

WIDE, HIGH = 10_000, 1_000  # units along and up; the browser stretches them to its screen
EDGE = 0.059  # of the points' span before the first and after the last, as plotly leaves it
TICKS_ALONG, TICKS_UP = 6, 5  # at most, about: as `nticks` of the axes
MONTHS = (1, 2, 3, 4, 6, 12, 24, 60, 120)  # between ticks
A_MONTH = 30.44  # days
A_DAY = 86_400e9  # nanoseconds
DASHES = {"dash": "6 4", "dot": "2 3"}
SYMBOLS = {"diamond": "◆", "triangle-up": "▲", "square": "■", "arrow-up-open": "△"}
NAMES = {colour: name for name, colour in LIGHT.items()}
TAG = re.compile(r"</?\w+[^>]*>")

Ends = tuple[float, float]


def sketch(figure: Figure) -> str:
    """A figure of one panel as HTML, or nothing where it is of another kind.

    >>> line = {"x": ["2025-01-06", "2025-01-13"], "y": [4.0, 5.0], "mode": "lines",
    ...         "line": {"color": LIGHT["value"]}}
    >>> meta = {"panels": 1, "height": 280, "headroom": 0.1}
    >>> margin = {"l": 52, "r": 12, "t": 8, "b": 30}
    >>> layout = {"meta": meta, "margin": margin, "yaxis": {"range": [0, 10]}}
    >>> 'class="value" d="M528 600L9472 500"' in sketch({"data": [line], "layout": layout})
    True
    >>> sketch({"data": [], "layout": {"meta": {"panels": 7}}})
    ''
    """
    layout = figure["layout"]
    meta, axis = layout.get("meta", {}), layout.get("yaxis", {})
    courses = [course for trace in figure["data"] if (course := _along(trace))]
    one = meta.get("panels") == 1 and "range" in axis and axis.get("type") != "log"
    if not one or not courses or len(courses) < len(figure["data"]):
        return ""
    ends = _ends(courses), (axis["range"][0], axis["range"][1])
    lines: list[str] = []
    marks: list[str] = []
    for trace, xs in zip(figure["data"], courses, strict=True):
        lines += _lines(trace, xs, ends)
        marks += _marks(trace, xs, ends)
    under = "".join([*_grounds(layout, ends), *_grid(ends), *lines])
    over = "".join([*_titles(layout, ends), *_up(ends, axis), *_below(ends, figure), *marks])
    margin, height = layout["margin"], meta["height"]
    top = margin["t"] + meta["headroom"] * height
    place = f"inset: {top:.0f}px {margin['r']}px {margin['b']}px {margin['l']}px"
    whole = f"height: {height + margin['t'] + margin['b']:.0f}px"
    return (
        f'<div class="sketch" aria-hidden="true" style="{whole}"><div style="{place}">'
        f'<svg viewBox="0 0 {WIDE} {HIGH}" preserveAspectRatio="none">{under}</svg>'
        f"<svg>{over}</svg></div></div>"
    )


def _ends(courses: Sequence[Sequence[float]]) -> Ends:
    first, last = min(map(min, courses)), max(map(max, courses))
    room = EDGE * (last - first) or 1.0
    return first - room, last + room


def _along(trace: dict[str, Any]) -> list[float] | None:
    """Where the points of a trace lie, in days or numbers; None where it is told in words."""
    if "x0" in trace:
        start, step = _place(trace["x0"]), trace["dx"] / 86_400_000
        return None if start is None else [start + step * each for each in range(len(trace["y"]))]
    places = [_place(each) for each in trace.get("x", [])]
    known = [each for each in places if each is not None]
    return known if known and len(known) == len(places) else None


def _place(where: Any) -> float | None:
    if isinstance(where, str):
        try:
            return float(np.datetime64(where, "D").astype(np.int64))
        except ValueError:
            return None
    return float(where) if isinstance(where, (int, float)) and math.isfinite(where) else None


def _x(place: float, ends: tuple[Ends, Ends]) -> int:
    low, high = ends[0]
    return round(WIDE * (place - low) / (high - low))


def _y(height: float, ends: tuple[Ends, Ends]) -> int:
    low, high = ends[1]
    return round(HIGH * (1 - (height - low) / (high - low)))


def _lines(trace: dict[str, Any], xs: Sequence[float], ends: tuple[Ends, Ends]) -> Iterator[str]:
    """A trace's line, and its points as round ends of lines without a length."""
    points = [
        (_x(x, ends), _y(y, ends)) if y is not None else None
        for x, y in zip(xs, trace["y"], strict=True)
    ]
    look = trace.get("line", {})
    if "lines" in trace["mode"]:
        dash = DASHES.get(look.get("dash", ""), "")
        drawn = _steps(points) if look.get("shape") == "hvh" else _straight(points)
        yield _path(look["color"], drawn, look.get("width", 1), dash)
    marker = trace.get("marker", {})
    if "markers" in trace["mode"] and "symbol" not in marker:
        dots = "".join(f"M{at[0]} {at[1]}h0" for at in points if at)
        yield _path(marker["color"], dots, marker["size"], more=' stroke-linecap="round"')


def _path(colour: str, drawn: str, width: float, dash: str = "", more: str = "") -> str:
    if colour not in NAMES:  # the ring about a point with a note is there to be touched
        return ""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path class="{NAMES[colour]}" d="{drawn}" stroke-width="{width:g}"{dashed}{more}/>'


def _straight(points: Sequence[tuple[int, int] | None]) -> str:
    drawn, on = [], False
    for at in points:
        if at:
            drawn.append(f"{'L' if on else 'M'}{at[0]} {at[1]}")
        on = at is not None
    return "".join(drawn)


def _steps(points: Sequence[tuple[int, int] | None]) -> str:
    """Half of the way at the one height, half of it at the next."""
    drawn: list[str] = []
    before: tuple[int, int] | None = None
    for at in points:
        if at and before:
            drawn.append(f"H{(before[0] + at[0]) // 2}V{at[1]}H{at[0]}")
        elif at:
            drawn.append(f"M{at[0]} {at[1]}")
        before = at
    return "".join(drawn)


def _marks(trace: dict[str, Any], xs: Sequence[float], ends: tuple[Ends, Ends]) -> Iterator[str]:
    """What stands out, in its shape."""
    marker = trace.get("marker", {})
    if "markers" not in trace["mode"] or "symbol" not in marker:
        return
    symbol, name = SYMBOLS.get(marker["symbol"], "×"), NAMES[marker["color"]]
    for x, y in zip(xs, trace["y"], strict=True):
        if y is not None:
            yield _text(_x(x, ends) / WIDE, _y(y, ends) / HIGH, symbol, f"mark {name}")


def _grounds(layout: dict[str, Any], ends: tuple[Ends, Ends]) -> Iterator[str]:
    """The pale ground of a baseline, and the line at each thing that happened."""
    for shape in layout.get("shapes", []):
        places = [_place(shape.get(end)) for end in ("x0", "x1")]
        if any(place is None for place in places):
            continue
        left, right = (_x(place, ends) for place in places if place is not None)
        if shape["type"] == "rect":
            yield f'<path class="ground" d="M{left} 0H{right}V{HIGH}H{left}Z"/>'
        else:
            look = shape["line"]
            yield _path(look["color"], f"M{left} 0V{HIGH}", look["width"], DASHES["dot"])


def _grid(ends: tuple[Ends, Ends]) -> Iterator[str]:
    for height in _round_ones(*ends[1], TICKS_UP):
        yield f'<path class="grid" d="M0 {_y(height, ends)}H{WIDE}" stroke-width="1"/>'


def _titles(layout: dict[str, Any], ends: tuple[Ends, Ends]) -> Iterator[str]:
    """The title of the panel, above its corner, and the number at the head of each line."""
    for one in layout.get("annotations", []):
        words = html.unescape(TAG.sub("", one["text"]))
        place = _place(one["x"])
        if str(one.get("xref", "")).endswith("domain"):
            yield _text(0, 0, words, "head")
        elif place is not None and str(one.get("yref", "")).endswith("domain"):
            yield _text(_x(place, ends) / WIDE, 0, words, f"number {NAMES[one['font']['color']]}")


def _up(ends: tuple[Ends, Ends], axis: dict[str, Any]) -> Iterator[str]:
    heights = _round_ones(*ends[1], TICKS_UP)
    step = heights[1] - heights[0] if len(heights) > 1 else 1.0
    for height in heights:
        words = fixed(height, max(0, -math.floor(math.log10(step)))) + axis.get("ticksuffix", "")
        yield _text(0, _y(height, ends) / HIGH, words, "up")


def _below(ends: tuple[Ends, Ends], figure: Figure) -> Iterator[str]:
    first = figure["data"][0]
    dated = isinstance(first["x0"] if "x0" in first else first["x"][0], str)
    for place, words in _dates(*ends[0]) if dated else _numbers(*ends[0]):
        yield _text(_x(place, ends) / WIDE, 1, words, "along")


def _text(along: float, up: float, words: str, name: str) -> str:
    return (
        f'<text class="{name}" x="{along * 100:.1f}%" y="{up * 100:.1f}%">'
        f"{html.escape(words)}</text>"
    )


def _round_ones(low: float, high: float, most: int) -> list[float]:
    """Round numbers from one end to the other, at most about so many.

    >>> _round_ones(0, 46.3, 5)
    [0.0, 10.0, 20.0, 30.0, 40.0]
    """
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= rough * 0.999)
    return [
        float(each * step) for each in range(math.ceil(low / step), math.floor(high / step) + 1)
    ]


def _dates(low: float, high: float) -> list[tuple[float, str]]:
    """Firsts of months as far apart as leaves few enough of them; days where there is no month."""
    start, end = (pd.Timestamp(each, unit="D") for each in (math.ceil(low), math.floor(high)))
    months = (high - low) / A_MONTH
    step = next((each for each in MONTHS if months / each <= TICKS_ALONG), MONTHS[-1])
    firsts = pd.date_range(start, end, freq="MS")
    firsts = firsts[(firsts.year * 12 + firsts.month - 1) % step == 0]
    if len(firsts) > 1:
        short = say("language.months").split()
        return [
            (each.value / A_DAY, say("language.month", month=short[each.month - 1], year=each.year))
            for each in firsts
        ]
    days = pd.date_range(start, end, periods=3).normalize()[:2]
    return [(each.value / A_DAY, day(each)) for each in days]


def _numbers(low: float, high: float) -> list[tuple[float, str]]:
    return [(each, fixed(each, 0)) for each in _round_ones(low, high, TICKS_ALONG)]
