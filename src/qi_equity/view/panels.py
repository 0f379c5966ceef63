"""Panels of a figure: where each lies, its axes, its title and the markers in it; no data here.

Everything is a plain dictionary: a graph object of plotly costs ten times as much to make and
cannot be shared between sessions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from qi_equity.arrays import FloatArray
from qi_equity.view.theme import FONT, LIGHT
from qi_equity.words import say

Figure = dict[str, Any]

PANEL_HEIGHT = 230  # pixels of one small multiple, its title included
GAP_ACROSS = 0.035  # between panels, as a share of the width
HEADROOM = 0.2  # of a panel's height: its title, and the time axis of the panel above
HEAD, FOOT = 8, 30  # pixels above the first panel and below the last


@dataclass(frozen=True, slots=True)
class Marker:
    """Something that happened at a time: a number beside a dotted line, told in the text below."""

    when: Any
    label: str
    text: str
    strata: tuple[str, ...] = ()


def stamps(subgroups: pd.Series) -> list[Any]:
    """Subgroups as plotly takes them: dates as text, numbers and words as they are."""
    if pd.api.types.is_datetime64_any_dtype(subgroups):
        days = subgroups.to_numpy().astype("datetime64[D]")
        return [str(day) for day in np.datetime_as_string(days)]
    return list(subgroups)


def positions(subgroups: pd.Series) -> dict[str, Any]:
    """Where the points lie: start and step where the step never changes, else every one.

    >>> positions(pd.Series(pd.to_datetime(["2025-01-06", "2025-01-13", "2025-01-20"])))
    {'x0': '2025-01-06', 'dx': 604800000}
    """
    if pd.api.types.is_datetime64_any_dtype(subgroups) and len(subgroups) > 2:
        times = subgroups.to_numpy().astype("datetime64[ms]").astype(np.int64)
        steps = np.diff(times)
        if (steps == steps[0]).all() and steps[0] > 0:
            return {"x0": str(stamps(subgroups.iloc[:1])[0]), "dx": int(steps[0])}
    return {"x": stamps(subgroups)}


def numbers(values: pd.Series) -> list[float | None]:
    """Six significant digits, and nothing where nothing was logged: a gap in the line."""
    return [
        None if not math.isfinite(value) else float(f"{value:.6g}")
        for value in values.to_numpy(dtype=float, na_value=np.nan)
    ]


def day_drawn(axis: str) -> str:
    """The day of a point that is touched, as plotly fills it in.

    >>> day_drawn("x")
    '%{x|%-d %b %Y}'
    """
    return f"%{{{axis}|{say('language.day_drawn')}}}"


def amount_drawn(number: str, unit: str) -> str:
    """A number that plotly fills in, with its unit.

    >>> amount_drawn("%{y:.1f}", "%"), amount_drawn("%{y:.1f}", "")
    ('%{y:.1f}%', '%{y:.1f}')
    """
    if unit == "%":
        return say("language.percent", number=number)
    return say("language.amount", number=number, unit=unit) if unit else number


def axes(index: int) -> tuple[str, str]:
    """The names of a panel's axes."""
    suffix = "" if index == 0 else str(index + 1)
    return f"x{suffix}", f"y{suffix}"


def heading(pair: tuple[str, str], text: str) -> dict[str, Any]:
    """A panel's title, above its left corner."""
    place = {"xref": f"{pair[0]} domain", "yref": f"{pair[1]} domain", "x": 0, "y": 1}
    return place | {
        "text": f"<b>{text}</b>",
        "showarrow": False,
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 4,
        "font": {"size": 14, "color": LIGHT["ink"]},
    }


def verticals(pair: tuple[str, str], markers: Sequence[Marker]) -> list[dict[str, Any]]:
    """A dotted line at each marker."""
    line = {"color": LIGHT["cycle"], "width": 1.5, "dash": "dot"}
    place = {"xref": pair[0], "yref": f"{pair[1]} domain", "y0": 0, "y1": 1, "type": "line"}
    return [
        {**place, "x0": _plain(mark.when), "x1": _plain(mark.when), "line": line, "layer": "below"}
        for mark in markers
    ]


def labels(pair: tuple[str, str], markers: Sequence[Marker]) -> list[dict[str, Any]]:
    """The number of each marker, at the head of its line."""
    place = {"xref": pair[0], "yref": f"{pair[1]} domain", "y": 1, "showarrow": False}
    look = {"xanchor": "left", "yanchor": "top", "xshift": 1}
    font = {"size": 11, "color": LIGHT["cycle"]}
    return [
        {**place, **look, "x": _plain(mark.when), "text": f"<b>{mark.label}</b>", "font": font}
        | {"bgcolor": LIGHT["paper"], "borderpad": 1}
        for mark in markers
    ]


def _plain(when: Any) -> Any:
    return when.strftime("%Y-%m-%d") if hasattr(when, "strftime") else when


def layout(
    panels: int,
    columns: int,
    *,
    across: Sequence[dict[str, Any]] = ({},),
    family: Sequence[int] | None = None,
    legend: bool = False,
) -> dict[str, Any]:
    """Panels in rows of at most `columns`; `meta` lets a narrow screen lay them out anew.

    `across` describes the y axis of each family of panels: all panels of a family share it.
    """
    family = family or [0] * panels
    below = FOOT + (30 if legend else 0)
    made: dict[str, Any] = {
        "meta": {
            "panels": panels,
            "columns": columns,
            "across": GAP_ACROSS,
            "headroom": HEADROOM,
            "height": PANEL_HEIGHT,
        },
        "height": HEAD + below + PANEL_HEIGHT * -(-panels // columns),
        "margin": {"l": 52, "r": 12, "t": HEAD, "b": below},
        "paper_bgcolor": LIGHT["paper"],
        "plot_bgcolor": LIGHT["paper"],
        "font": {"family": FONT, "size": 12, "color": LIGHT["ink"]},
        "showlegend": legend,
        "legend": {"orientation": "h", "y": 0, "yref": "container", "yanchor": "bottom", "x": 0},
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": LIGHT["paper"], "font": {"color": LIGHT["ink"], "size": 13}},
        "dragmode": False,
    }
    for index, (wide, high) in enumerate(places(panels, columns)):
        x, y = axes(index)
        first = list(family).index(family[index])
        made[f"xaxis{x[1:]}"] = X_AXIS | {"domain": wide, "anchor": y}
        made[f"yaxis{y[1:]}"] = Y_AXIS | {"domain": high, "anchor": x}
        if index:
            made[f"xaxis{x[1:]}"]["matches"] = "x"
        if index != first:
            made[f"yaxis{y[1:]}"]["matches"] = axes(first)[1]
        made[f"yaxis{y[1:]}"] |= across[family[index]]
    return made


TICKS = {"color": LIGHT["muted"], "size": 11}
# Days are written as elsewhere on the page; longer ticks are months and years anyway.
DAYS_DRAWN = [{"dtickrange": [None, 14 * 86_400_000], "value": "%-d %b"}]
X_AXIS = {
    "tickformatstops": DAYS_DRAWN,
    "showgrid": False,
    "linecolor": LIGHT["limit"],
    "ticks": "outside",
    "ticklen": 4,
    "tickcolor": LIGHT["limit"],
    "tickfont": TICKS,
    "nticks": 6,
}
Y_AXIS = {"gridcolor": LIGHT["grid"], "zeroline": False, "tickfont": TICKS, "nticks": 5}


def places(panels: int, columns: int) -> list[tuple[list[float], list[float]]]:
    """The share of the width and height that each panel takes, row by row from the top.

    >>> places(3, 2)[2]
    ([0.0, 0.4825], [0.0, 0.4])
    """
    rows = -(-panels // columns)
    across = (1 - GAP_ACROSS * (columns - 1)) / columns
    made = []
    for index in range(panels):
        row, column = divmod(index, columns)
        left, foot = column * (across + GAP_ACROSS), (rows - row - 1) / rows
        top = foot + (1 - HEADROOM) / rows
        made.append(([round(left, 4), round(left + across, 4)], [round(foot, 4), round(top, 4)]))
    return made


def finite(points: pd.DataFrame, name: str) -> FloatArray:
    """The numbers of a column that are numbers; none where there is no such column."""
    if name not in points:
        return np.empty(0)
    column: FloatArray = points[name].to_numpy(dtype=float, na_value=np.nan)
    return column[np.isfinite(column)]
