"""Findings as plotly figures, made as plain dictionaries: every number is read off a table.

A graph object of plotly costs ten times as much to make and cannot be shared between sessions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qi_equity.view.theme import FONT, LIGHT, MEANINGS

Figure = dict[str, Any]
FloatArray = NDArray[np.float64]

PANEL_HEIGHT = 230  # pixels of one small multiple, its title included
GAP_ACROSS = 0.035  # between panels, as a share of the width
HEADROOM = 0.2  # of a panel's height: its title, and the time axis of the panel above
FAR_ABOVE = 1.3  # times the axis: a value higher than that is marked, not scaled to
OFF_SCALE = "Above the scale"
HEAD, FOOT = 8, 30  # pixels above the first panel and below the last


@dataclass(frozen=True, slots=True)
class Marker:
    """Something that happened at a time: a number beside a dotted line, told in the text below."""

    when: Any
    label: str
    text: str
    strata: tuple[str, ...] = ()


def chart_figure(
    points: pd.DataFrame,
    summary: pd.DataFrame,
    by: Sequence[str],
    *,
    title: str | None = None,
    unit: str = "",
    markers: Sequence[Marker] = (),
    names: Mapping[str, str] | None = None,
    columns: int = 3,
    legend: bool = True,
    show: Sequence[str] = ("limits", "centre", "target", "baseline"),
) -> Figure:
    """Every series as a panel of one figure: one y axis for all, separate limits for each.

    >>> points = pd.DataFrame({"subgroup": [1, 2], "value": [4.0, np.nan], "centre": [4.0, 4.0]})
    >>> figure = chart_figure(points, points.iloc[:0], [])
    >>> {trace["name"]: trace["y"] for trace in figure["data"]}
    {'Centre line': [4.0, 4.0], 'Value': [4.0, None]}
    """
    panels = list(_panels(points, list(by)))
    names = names or {}
    headings = [" · ".join(names.get(part, part) for part in key) for key, _ in panels]
    span = _span(points)
    data: list[dict[str, Any]] = []
    shapes: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    for index, ((key, rows), heading) in enumerate(zip(panels, headings, strict=True)):
        axes = _axes(index)
        data += _traces(rows, axes, heading, unit, show, legend and index == 0)
        data += _off_the_scale(rows, axes, span)
        notes.append(_heading(axes, heading or (title or "")))
        here = [mark for mark in markers if not mark.strata or set(mark.strata) & set(key)]
        shapes += _verticals(axes, here)
        notes += _labels(axes, here)
        if "baseline" in show:
            shapes += _baseline(axes, rows)
    layout = _layout(len(panels), columns, unit, span, legend)
    layout |= {"shapes": shapes, "annotations": notes}
    if title and any(headings):
        layout["title"] = {"text": title, "x": 0, "xref": "paper", "font": {"size": 16}}
        layout["margin"]["t"] += 30
    return {"data": data, "layout": layout}


def _panels(points: pd.DataFrame, by: list[str]) -> list[tuple[tuple[str, ...], pd.DataFrame]]:
    """The rows of each series, in the order in which the series stand in the table."""
    if not by:
        return [((), points)]
    groups = points.groupby(by, sort=False, dropna=False)
    return [(tuple(str(part) for part in key), rows) for key, rows in groups]


def _traces(
    rows: pd.DataFrame,
    axes: tuple[str, str],
    heading: str,
    unit: str,
    show: Sequence[str],
    legend: bool,
) -> list[dict[str, Any]]:
    """One panel: limits and centre as steps, values as a line, signals on top in their shapes."""
    base = {"xaxis": axes[0], "yaxis": axes[1], "type": "scatter", "showlegend": False}
    along = positions(rows["subgroup"])
    step = {"mode": "lines", "hoverinfo": "skip"}
    traces: list[dict[str, Any]] = []

    def line(column: str, name: str, colour: str, width: float, dash: str, **extra: Any) -> None:
        if column in rows and rows[column].notna().any():
            style = {"color": LIGHT[colour], "width": width, "dash": dash, "shape": "hvh"}
            traces.append(
                {**base, **step, **along, "y": numbers(rows[column]), "name": name, "line": style}
                | {"legendgroup": name, "showlegend": legend}
                | extra
            )

    if "limits" in show:
        line("lower", "Control limits", "limit", 1, "solid")
        line("upper", "Control limits", "limit", 1, "solid", showlegend=False)
    if "target" in show:
        line("target", "Target", "target", 1.5, "dash")
    if "centre" in show:
        line("centre", "Centre line", "centre", 2, "solid")
    hover = _hover(rows, heading, unit)
    traces.append(
        {**base, **along, **hover, "y": numbers(rows["value"]), "name": "Value"}
        | {"mode": "lines+markers", "line": {"color": LIGHT["value"], "width": 1.2}}
        | {"marker": {"color": LIGHT["value"], "size": 4}, "connectgaps": False}
        | {"legendgroup": "Value", "showlegend": legend}
    )
    for wanted, (colour, symbol, name) in MEANINGS.items():
        marked = rows[_column(rows, "meaning") == wanted]
        if len(marked):
            traces.append(
                {**base, "x": list(stamps(marked["subgroup"])), "y": numbers(marked["value"])}
                | {"mode": "markers", "name": name, "hoverinfo": "skip"}
                | {"marker": {"color": LIGHT[colour], "size": 9, "symbol": symbol}}
                | {"legendgroup": name, "showlegend": legend}
            )
    left_out = rows[_column(rows, "excluded").fillna(False).astype(bool)]
    if len(left_out):
        traces.append(
            {**base, "x": list(stamps(left_out["subgroup"])), "y": numbers(left_out["value"])}
            | {"mode": "markers", "name": "Left out of the lines", "hoverinfo": "skip"}
            | {"marker": {"color": LIGHT["muted"], "size": 9, "symbol": "x-thin-open"}}
        )
    return traces


def _column(rows: pd.DataFrame, name: str) -> pd.Series:
    """A column, or nothing in every row where there is no such column."""
    return rows[name] if name in rows else pd.Series(pd.NA, index=rows.index, dtype=object)


def _hover(rows: pd.DataFrame, heading: str, unit: str) -> dict[str, Any]:
    """What is read when a point is touched: the date, the value and the counts behind it."""
    dated = pd.api.types.is_datetime64_any_dtype(rows["subgroup"])
    when = "%{x|%-d %b %Y}" if dated else "%{x}"
    value = "%{y:.1f}" + (unit if unit == "%" else f" {unit}".rstrip())
    template = f"{when}<br>{value}"
    extra: dict[str, Any] = {}
    if {"numerator", "denominator"} <= set(rows) and rows["denominator"].notna().any():
        counts = zip(numbers(rows["numerator"]), numbers(rows["denominator"]), strict=True)
        extra["customdata"] = [list(pair) for pair in counts]
        template += " (%{customdata[0]} of %{customdata[1]})"
    return {**extra, "hovertemplate": f"{template}<extra>{heading}</extra>"}


def stamps(subgroups: pd.Series) -> list[Any]:
    """Subgroups as plotly takes them: dates as text, numbers and words as they are."""
    if pd.api.types.is_datetime64_any_dtype(subgroups):
        return list(subgroups.dt.strftime("%Y-%m-%d"))
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


def _axes(index: int) -> tuple[str, str]:
    suffix = "" if index == 0 else str(index + 1)
    return f"x{suffix}", f"y{suffix}"


def _heading(axes: tuple[str, str], text: str) -> dict[str, Any]:
    place = {"xref": f"{axes[0]} domain", "yref": f"{axes[1]} domain", "x": 0, "y": 1}
    return place | {
        "text": f"<b>{text}</b>",
        "showarrow": False,
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 4,
        "font": {"size": 14, "color": LIGHT["ink"]},
    }


def _verticals(axes: tuple[str, str], markers: Sequence[Marker]) -> list[dict[str, Any]]:
    line = {"color": LIGHT["cycle"], "width": 1.5, "dash": "dot"}
    place = {"xref": axes[0], "yref": f"{axes[1]} domain", "y0": 0, "y1": 1, "type": "line"}
    return [
        {**place, "x0": _plain(mark.when), "x1": _plain(mark.when), "line": line, "layer": "below"}
        for mark in markers
    ]


def _labels(axes: tuple[str, str], markers: Sequence[Marker]) -> list[dict[str, Any]]:
    place = {"xref": axes[0], "yref": f"{axes[1]} domain", "y": 1, "showarrow": False}
    look = {"xanchor": "left", "yanchor": "top", "xshift": 1}
    font = {"size": 11, "color": LIGHT["cycle"]}
    return [
        {**place, **look, "x": _plain(mark.when), "text": f"<b>{mark.label}</b>", "font": font}
        | {"bgcolor": LIGHT["paper"], "borderpad": 1}
        for mark in markers
    ]


def _baseline(axes: tuple[str, str], rows: pd.DataFrame) -> list[dict[str, Any]]:
    """A pale ground under the subgroups that later ones are judged against, where some are not."""
    used = _column(rows, "baseline").fillna(False).astype(bool)
    if not used.any() or used.all():
        return []
    ends = stamps(rows["subgroup"][used].iloc[[0, -1]])
    place = {"xref": axes[0], "yref": f"{axes[1]} domain", "y0": 0, "y1": 1, "type": "rect"}
    look = {"fillcolor": LIGHT["grid"], "opacity": 0.55, "line": {"width": 0}, "layer": "below"}
    return [{**place, **look, "x0": ends[0], "x1": ends[1]}]


def _plain(when: Any) -> Any:
    return when.strftime("%Y-%m-%d") if hasattr(when, "strftime") else when


def _span(points: pd.DataFrame) -> list[float] | None:
    """From nought to a little above all that matters, so that tiny subgroups flatten nothing.

    Where one subgroup in a hundred is far above the rest (one event of one birth is 100%) the
    axis ends below it, and `_off_the_scale` marks it at the top.
    """
    value = _finite(points, "value")
    if not len(value) or value.min() < 0:
        return None
    tops = [float(np.quantile(value, 0.99))]
    tops += [float(np.quantile(_finite(points, "upper"), 0.75))] if _any(points, "upper") else []
    tops += [_finite(points, name).max() for name in ("target", "centre") if _any(points, name)]
    height = max(tops) * 1.08
    if value.max() <= FAR_ABOVE * height:
        height = max(height, value.max() * 1.08)
    return [0, float(f"{height:.4g}")] if height > 0 else [0, 1]


def _finite(points: pd.DataFrame, name: str) -> FloatArray:
    if name not in points:
        return np.empty(0)
    column: FloatArray = points[name].to_numpy(dtype=float, na_value=np.nan)
    return column[np.isfinite(column)]


def _any(points: pd.DataFrame, name: str) -> bool:
    return bool(len(_finite(points, name)))


def _off_the_scale(
    rows: pd.DataFrame, axes: tuple[str, str], span: list[float] | None
) -> list[dict[str, Any]]:
    """An open arrow at the top for every value above the axis; nothing is left out unseen."""
    if span is None:
        return []
    above = rows[rows["value"] > span[1]]
    if above.empty:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": OFF_SCALE,
            "showlegend": False,
            "xaxis": axes[0],
            "yaxis": axes[1],
            "x": stamps(above["subgroup"]),
            "y": [span[1]] * len(above),
            "customdata": numbers(above["value"]),
            "hovertemplate": "%{customdata:.1f}, above the scale<extra></extra>",
            "cliponaxis": False,
            "marker": {"color": LIGHT["value"], "size": 8, "symbol": "arrow-up-open"},
        }
    ]


def _layout(
    panels: int, columns: int, unit: str, span: list[float] | None, legend: bool
) -> dict[str, Any]:
    """Panels in rows of at most `columns`; `meta.panels` lets a narrow screen lay them out anew."""
    grid = places(panels, columns)
    layout: dict[str, Any] = {
        "meta": {
            "panels": panels,
            "columns": columns,
            "across": GAP_ACROSS,
            "headroom": HEADROOM,
            "height": PANEL_HEIGHT,
        },
        "height": HEAD + FOOT + PANEL_HEIGHT * -(-panels // columns) + (30 if legend else 0),
        "margin": {"l": 52, "r": 12, "t": HEAD, "b": FOOT + (30 if legend else 0)},
        "paper_bgcolor": LIGHT["paper"],
        "plot_bgcolor": LIGHT["paper"],
        "font": {"family": FONT, "size": 12, "color": LIGHT["ink"]},
        "showlegend": legend,
        "legend": {"orientation": "h", "y": 0, "yref": "container", "yanchor": "bottom", "x": 0},
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": LIGHT["paper"], "font": {"color": LIGHT["ink"], "size": 13}},
        "dragmode": False,
    }
    ticks = {"color": LIGHT["muted"], "size": 11}
    for index, (across, up) in enumerate(grid):
        x, y = _axes(index)
        layout[f"xaxis{x[1:]}"] = {
            "domain": across,
            "anchor": y,
            "showgrid": False,
            "linecolor": LIGHT["limit"],
            "ticks": "outside",
            "ticklen": 4,
            "tickcolor": LIGHT["limit"],
            "tickfont": ticks,
            "nticks": 6,
        } | ({"matches": "x"} if index else {})
        layout[f"yaxis{y[1:]}"] = {
            "domain": up,
            "anchor": x,
            "gridcolor": LIGHT["grid"],
            "zeroline": False,
            "tickfont": ticks,
            "nticks": 5,
            "ticksuffix": unit if unit == "%" else "",
        } | ({"matches": "y"} if index else {"range": span} if span else {})
    return layout


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
