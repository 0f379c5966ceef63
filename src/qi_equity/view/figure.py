"""Findings as plotly figures, made as plain dictionaries: every number is read off a table.

A graph object of plotly costs ten times as much to make and cannot be shared between sessions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qi_equity.view.notes import alt, noted, touched
from qi_equity.view.panels import (
    Figure,
    Marker,
    amount_drawn,
    axes,
    day_drawn,
    finite,
    heading,
    labels,
    layout,
    numbers,
    positions,
    stamps,
    verticals,
)
from qi_equity.view.theme import LIGHT, MEANINGS
from qi_equity.words import say
from qi_equity.words.grammar import called

FAR_ABOVE = 1.3  # times the axis: a value higher than that is marked, not scaled to
COLUMNS = (
    "subgroup", "numerator", "denominator", "value", "centre", "lower", "upper", "target",
    "baseline", "excluded", "meaning", "note",
)  # fmt: skip
# The lines of a panel: column, what it is shown as, its colour, width and dashes.
LINES = (
    ("lower", "limits", "limit", 1, "solid"),
    ("upper", "limits", "limit", 1, "solid"),
    ("target", "target", "target", 1.5, "dash"),
    ("centre", "centre", "centre", 2, "solid"),
)
ABOVE = "above"  # the group of marks at the top for values above the axis


def chart_figure(
    points: pd.DataFrame,
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
    >>> figure = chart_figure(points, [])
    >>> {trace["name"]: trace["y"] for trace in figure["data"]}
    {'Centre line': [4.0, 4.0], 'Value': [4.0, None]}
    """
    panels = list(_panels(points, list(by)))
    names = names or {}
    titles = [" · ".join(names.get(part, called(part)) for part in key) for key, _ in panels]
    ends = span(points)
    data: list[dict[str, Any]] = []
    shapes: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    for index, ((key, rows), name) in enumerate(zip(panels, titles, strict=True)):
        pair = axes(index)
        data += _traces(rows, pair, name, unit, show, legend and index == 0)
        data += _off_the_scale(rows, pair, ends) + touched(rows, pair)
        notes.append(heading(pair, name or (title or "")))
        here = [mark for mark in markers if not mark.strata or set(mark.strata) & set(key)]
        shapes += verticals(pair, here)
        notes += labels(pair, here) + noted(rows, pair)
        if "baseline" in show:
            shapes += _baseline(pair, rows)
    axis = {"ticksuffix": unit if unit == "%" else ""} | ({"range": ends} if ends else {})
    made = layout(len(panels), columns, across=[axis], legend=legend)
    made |= {"shapes": shapes, "annotations": notes}
    if title and any(titles):
        made["title"] = {"text": title, "x": 0, "xref": "paper", "font": {"size": 16}}
        made["margin"]["t"] += 30
    return {"data": data, "layout": made}


def told_figure(
    points: pd.DataFrame, summary: pd.DataFrame, by: Sequence[str], **options: Any
) -> Figure:
    """The same figure with what it shows in words, for whoever does not see it: `meta.alt`."""
    made = chart_figure(points, by, **options)
    made["layout"]["meta"]["alt"] = alt(points, summary, by, options.get("unit", ""))
    return made


def _panels(points: pd.DataFrame, by: list[str]) -> list[tuple[tuple[str, ...], pd.DataFrame]]:
    """The rows of each series, in the order in which the series stand in the table."""
    if not by:
        return [((), points)]
    needed = [name for name in (*by, *COLUMNS) if name in points]
    groups = points[needed].groupby(by, sort=False, dropna=False)
    return [(tuple(str(part) for part in key), rows) for key, rows in groups]


def _traces(
    rows: pd.DataFrame,
    pair: tuple[str, str],
    name: str,
    unit: str,
    show: Sequence[str],
    legend: bool,
) -> list[dict[str, Any]]:
    """One panel: limits and centre as steps, values as a line, signals on top in their shapes."""
    base = {"xaxis": pair[0], "yaxis": pair[1], "type": "scatter", "showlegend": False}
    along = positions(rows["subgroup"])
    values = (
        {**base, **along, **_hover(rows, name, unit), "y": numbers(rows["value"])}
        | {"mode": "lines+markers", "line": {"color": LIGHT["value"], "width": 1.2}}
        | {"marker": {"color": LIGHT["value"], "size": 4}, "connectgaps": False}
        | _called("value", legend)
    )
    return [
        *(base | line for line in _lines(rows, along, show, legend)),
        values,
        *(base | marks for marks in _marks(rows, legend)),
    ]


def _lines(
    rows: pd.DataFrame, along: dict[str, Any], show: Sequence[str], legend: bool
) -> Iterator[dict[str, Any]]:
    """Limits, target and centre as steps: those that are asked for and known."""
    for column, group, colour, width, dash in LINES:
        heights = numbers(rows[column]) if group in show and column in rows else []
        if any(height is not None for height in heights):
            style = {"color": LIGHT[colour], "width": width, "dash": dash, "shape": "hvh"}
            yield (
                {"mode": "lines", "hoverinfo": "skip", **_course(rows, heights, along)}
                | {"line": style}
                | _called(group, legend and column != "upper")  # the lower stands for both
            )


def _marks(rows: pd.DataFrame, legend: bool) -> Iterator[dict[str, Any]]:
    """Signals in the shape of what they mean, and points that were left out."""
    meaning = _column(rows, "meaning").astype(str).to_numpy(dtype=object)
    for wanted, (colour, symbol) in MEANINGS.items():
        seen = meaning == wanted
        if seen.any():
            style = {"color": LIGHT[colour], "size": 9, "symbol": symbol}
            yield _marked_at(rows[seen], say(f"charts.meaning.{wanted}"), style) | {
                "legendgroup": wanted,
                "showlegend": legend,
            }
    left_out = _marked(rows, "excluded")
    if left_out.any():
        style = {"color": LIGHT["muted"], "size": 9, "symbol": "x-thin-open"}
        yield _marked_at(rows[left_out], say("charts.drawn.excluded"), style)


def _marked_at(rows: pd.DataFrame, name: str, style: dict[str, Any]) -> dict[str, Any]:
    return {
        "x": stamps(rows["subgroup"]), "y": numbers(rows["value"]),
        "mode": "markers", "name": name, "hoverinfo": "skip", "marker": style,
    }  # fmt: skip


def _called(group: str, legend: bool) -> dict[str, Any]:
    return {"name": say(f"charts.drawn.{group}"), "legendgroup": group, "showlegend": legend}


def groups(figure: Figure) -> set[str]:
    """What is drawn in a figure: value, centre, limits, target, above, and meanings of points."""
    return {trace.get("legendgroup", "") for trace in figure["data"]}


def _course(
    rows: pd.DataFrame, heights: list[float | None], along: dict[str, Any]
) -> dict[str, Any]:
    """Where a line runs; its two ends are enough where it never changes and never breaks off."""
    if len(heights) > 2 and heights.count(heights[0]) == len(heights):
        return {"x": stamps(rows["subgroup"].iloc[[0, -1]]), "y": [heights[0], heights[-1]]}
    return {**along, "y": heights}


def _column(rows: pd.DataFrame, name: str) -> pd.Series:
    """A column, or nothing in every row where there is no such column."""
    return rows[name] if name in rows else pd.Series(pd.NA, index=rows.index, dtype=object)


def _marked(rows: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    """Where a column of yes and no says yes; nowhere without the column."""
    return _column(rows, name).fillna(False).to_numpy(dtype=bool)


def _hover(rows: pd.DataFrame, name: str, unit: str) -> dict[str, Any]:
    """What is read when a point is touched: the date, the value and the counts behind it."""
    dated = pd.api.types.is_datetime64_any_dtype(rows["subgroup"])
    when = day_drawn("x") if dated else "%{x}"
    value = amount_drawn("%{y:.1f}", unit)
    extra: dict[str, Any] = {}
    if {"numerator", "denominator"} <= set(rows) and rows["denominator"].notna().any():
        counts = zip(numbers(rows["numerator"]), numbers(rows["denominator"]), strict=True)
        extra["customdata"] = [list(pair) for pair in counts]
        value = say(
            "charts.drawn.hover_counts",
            value=value,
            numerator="%{customdata[0]}",
            denominator="%{customdata[1]}",
        )
    return {**extra, "hovertemplate": f"{when}<br>{value}<extra>{name}</extra>"}


def _baseline(pair: tuple[str, str], rows: pd.DataFrame) -> list[dict[str, Any]]:
    """A pale ground under the subgroups that later ones are judged against, where some are not."""
    used = _marked(rows, "baseline")
    if not used.any() or used.all():
        return []
    ends = stamps(rows["subgroup"][used].iloc[[0, -1]])
    place = {"xref": pair[0], "yref": f"{pair[1]} domain", "y0": 0, "y1": 1, "type": "rect"}
    look = {"fillcolor": LIGHT["grid"], "opacity": 0.55, "line": {"width": 0}, "layer": "below"}
    return [{**place, **look, "x0": ends[0], "x1": ends[1]}]


def span(points: pd.DataFrame) -> list[float] | None:
    """From nought to a little above all that matters, so that tiny subgroups flatten nothing.

    Where one subgroup in a hundred is far above the rest (one event of one birth is 100%) the
    axis ends below it, and `_off_the_scale` marks it at the top.
    """
    value = finite(points, "value")
    if not len(value) or value.min() < 0:
        return None
    tops = [float(np.quantile(value, 0.99))]
    tops += [float(np.quantile(finite(points, "upper"), 0.75))] if _any(points, "upper") else []
    tops += [finite(points, name).max() for name in ("target", "centre") if _any(points, name)]
    height = max(tops) * 1.08
    if value.max() <= FAR_ABOVE * height:
        height = max(height, value.max() * 1.08)
    return [0, float(f"{height:.4g}")] if height > 0 else [0, 1]


def _any(points: pd.DataFrame, name: str) -> bool:
    return bool(len(finite(points, name)))


def _off_the_scale(
    rows: pd.DataFrame, pair: tuple[str, str], ends: list[float] | None
) -> list[dict[str, Any]]:
    """An open arrow at the top for every value above the axis; nothing is left out unseen."""
    if ends is None:
        return []
    over = rows["value"].to_numpy(dtype=float, na_value=np.nan) > ends[1]
    if not over.any():
        return []
    above = rows[over]
    above_words = say("charts.drawn.hover_above", value="%{customdata:.1f}")
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": say("charts.drawn.above"),
            "legendgroup": ABOVE,
            "showlegend": False,
            "xaxis": pair[0],
            "yaxis": pair[1],
            "x": stamps(above["subgroup"]),
            "y": [ends[1]] * len(above),
            "customdata": numbers(above["value"]),
            "hovertemplate": f"{above_words}<extra></extra>",
            "cliponaxis": False,
            "marker": {"color": LIGHT["value"], "size": 8, "symbol": "arrow-up-open"},
        }
    ]
