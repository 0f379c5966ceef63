"""The gap as a charted series: its ratio and its difference, each with its interval, side by side.

Nothing is worked out here; the points are those of the findings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from qi_equity.findings import Gap
from qi_equity.findings.sides import went
from qi_equity.project import Measure
from qi_equity.view import panels
from qi_equity.view.theme import LIGHT
from qi_equity.vocabulary import Verdict
from qi_equity.words import say
from qi_equity.words.gaps import difference_unit
from qi_equity.words.numbers import day
from qi_equity.words.report import clipped

RATIO_TICKS = (0.1, 0.2, 0.5, 0.8, 1, 1.25, 2, 5, 10)
NAME = 20  # letters of a stratum before what a panel shows of it
LEAST_RATIO = 1.3  # times, each way: what any axis of ratios shows
WIDEST_RATIO = 10.0  # an interval beyond a tenth or ten times runs off the panel


# What each line of the decision chart says of the gap: its name, its colour.
WAYS = {"wider": "concern", "narrower": "improvement"}
HIGHEST = 3.0  # evidence beyond so many times its limit runs off the panel; the crossing does not


def gap_figure(
    points: pd.DataFrame,
    measure: Measure,
    markers: Sequence[panels.Marker] = (),
    gaps: Sequence[Gap] = (),
    *,
    ratio_alone: bool = False,
) -> panels.Figure:
    """A row of panels a stratum: ratio, difference and, where there is one, the decision chart.

    The rows of the `gaps` say which way an established change goes, so that lines and words agree.
    """
    told = {row.stratum: row for row in gaps}
    decided = bool(len(panels.finite(points, "evidence_up")))
    kinds = [_ratio, _difference, *([_decision] if decided else [])]
    if ratio_alone:
        kinds = [_ratio]
    data: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    shapes: list[dict[str, Any]] = []
    family: list[int] = []
    for stratum, rows in points.groupby("stratum", sort=False):
        name = clipped(str(stratum), NAME)
        here = [mark for mark in markers if not mark.strata or stratum in mark.strata]
        for kind, panel in enumerate(kinds):
            pair = panels.axes(len(family))
            family.append(kind)
            title, traces = panel(rows, measure, told.get(str(stratum)))
            place = {"xaxis": pair[0], "yaxis": pair[1], "type": "scatter", "showlegend": False}
            data += [place | trace for trace in traces]
            notes += [
                panels.heading(pair, say("gaps.drawn.panel", stratum=name, title=title)),
                *panels.labels(pair, here),
            ]
            shapes += [_no_gap(pair, 1 if panel is _ratio else 0), *panels.verticals(pair, here)]
            if panel is _decision:
                labelled, line = _established(pair, rows)
                notes += labelled
                shapes += line
    across = [_ratio_axis(points), _difference_axis(points, measure), _decision_axis(points)]
    made = panels.layout(len(family), len(kinds), across=across, family=family)
    return {"data": data, "layout": made | {"annotations": notes, "shapes": shapes}}


def _ratio(
    rows: pd.DataFrame, measure: Measure, gap: Gap | None
) -> tuple[str, list[dict[str, Any]]]:
    value = say("gaps.drawn.hover_ratio", value="%{y:.2f}")
    return say("gaps.drawn.ratio"), _band_and_line(rows, "ratio", 1, value)


def _difference(
    rows: pd.DataFrame, measure: Measure, gap: Gap | None
) -> tuple[str, list[dict[str, Any]]]:
    unit = difference_unit(measure)
    title = say("gaps.drawn.difference", unit=unit)
    value = panels.amount_drawn("%{y:+.1f}", unit)
    return title, _band_and_line(rows, "difference", measure.multiply, value)


def _decision(
    rows: pd.DataFrame, measure: Measure, gap: Gap | None
) -> tuple[str, list[dict[str, Any]]]:
    """Evidence that the gap has changed, summed up over time, and what establishes that it has."""
    up, down = ("wider", "narrower") if _rising_widens(rows, gap) else ("narrower", "wider")
    lines = (
        ("evidence_limit", "evidence_limit", "limit", 1),
        ("evidence_up", up, WAYS[up], 2),
        ("evidence_down", down, WAYS[down], 2),
    )
    along = panels.positions(rows["subgroup"]) | {"mode": "lines"}
    traces = [
        {**along, "y": panels.numbers(rows[column]), "name": say(f"gaps.drawn.{name}")}
        | {"line": {"color": LIGHT[colour], "width": width}}
        for column, name, colour, width in lines
        if column in rows
    ]
    return say("gaps.drawn.decision"), traces


def _rising_widens(rows: pd.DataFrame, gap: Gap | None) -> bool:
    """Whether a rise of the stratum's odds makes the gap wider: not where its rate is the lower."""
    way = went(gap) if gap is not None else ""
    if gap is not None and way:
        return (way == Verdict.WIDENING) == (gap.signal == "rising")
    ratio = panels.finite(rows, "ratio")
    return not ratio.size or float(np.median(ratio)) >= 1


def _established(
    pair: tuple[str, str], rows: pd.DataFrame
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The week in which a change was established, as a line with its day; else nothing."""
    if "signal" not in rows or not rows["signal"].any():
        return [], []
    first = int(rows["signal"].astype(bool).to_numpy().argmax())
    subgroup = rows["subgroup"].iloc[first : first + 1]
    when = panels.stamps(subgroup)[0]
    place = {"xref": pair[0], "yref": f"{pair[1]} domain"}
    line = {**place, "type": "line", "x0": when, "x1": when, "y0": 0, "y1": 1, "layer": "below"}
    text = say("gaps.drawn.established", day=day(subgroup.iloc[0]))
    note = {**place, "x": when, "y": 1, "text": text, "showarrow": False, "yanchor": "top"}
    # Below the numbers of the cycles, and towards the middle of the panel.
    side = "right" if first > len(rows) / 2 else "left"
    look = {"yshift": -14, "xanchor": side, "bgcolor": LIGHT["paper"], "borderpad": 1}
    font = {"size": 11, "color": LIGHT["ink"]}
    return [note | look | {"font": font}], [line | {"line": {"color": LIGHT["ink"], "width": 1}}]


def _band_and_line(
    rows: pd.DataFrame, name: str, multiply: float, value: str
) -> list[dict[str, Any]]:
    """The interval as a pale band, the estimate as a line over it."""
    times = panels.stamps(rows["subgroup"])
    low, high = (rows[f"{name}_{end}"] * multiply for end in ("lower", "upper"))
    both = np.isfinite(low.to_numpy(float)) & np.isfinite(high.to_numpy(float))
    around = [time for time, ok in zip(times, both, strict=True) if ok]
    band = {
        "x": around + around[::-1],
        "y": panels.numbers(high[both]) + panels.numbers(low[both])[::-1],
        "fill": "toself",
        "fillcolor": LIGHT["grid"],
        "mode": "lines",
        "line": {"width": 0, "color": LIGHT["grid"]},
        "hoverinfo": "skip",
        "name": say("gaps.drawn.interval"),
    }
    line = panels.positions(rows["subgroup"]) | {
        "y": panels.numbers(rows[name] * multiply),
        "mode": "lines",
        "line": {"color": LIGHT["value"], "width": 2},
        "name": say(f"gaps.drawn.line_{name}"),
        "hovertemplate": f"{panels.day_drawn('x')}<br>{value}<extra></extra>",
    }
    if len(around) == 1:  # the first window: a point with its interval, for no line can be drawn
        return [line | {"mode": "markers", "error_y": _whisker(rows[name] * multiply, low, high)}]
    return [band, line] if around else [line]


def _whisker(value: pd.Series, low: pd.Series, high: pd.Series) -> dict[str, Any]:
    ends = {"array": panels.numbers(high - value), "arrayminus": panels.numbers(value - low)}
    return {**ends, "type": "data", "symmetric": False, "color": LIGHT["value"]}


def _no_gap(pair: tuple[str, str], level: float) -> dict[str, Any]:
    place = {"xref": f"{pair[0]} domain", "yref": pair[1], "x0": 0, "x1": 1, "type": "line"}
    return place | {"y0": level, "y1": level, "line": {"color": LIGHT["centre"], "width": 2}}


def _together(points: pd.DataFrame, *columns: str) -> np.ndarray:
    """All finite values of some columns."""
    return np.concatenate([panels.finite(points, column) for column in columns])


def _ratio_axis(points: pd.DataFrame) -> dict[str, Any]:
    """A log scale: twice and half are equally far from no gap; as far each way as is needed."""
    ends = np.concatenate(
        [panels.finite(points, f"ratio{end}") for end in ("", "_lower", "_upper")]
    )
    ends = ends[ends > 0]
    shown = np.log10(ends) if len(ends) else np.zeros(1)
    least, most = np.log10(LEAST_RATIO), np.log10(WIDEST_RATIO)
    low = 1.05 * min(max(-float(np.quantile(shown, 0.01)), least), most)
    high = 1.05 * min(max(float(np.quantile(shown, 0.99)), least), most)
    ticks = {"tickvals": list(RATIO_TICKS), "ticktext": [f"×{tick}" for tick in RATIO_TICKS]}
    return {"type": "log", "range": [round(-low, 3), round(high, 3)], **ticks}


def _decision_axis(points: pd.DataFrame) -> dict[str, Any]:
    """From nothing to above every limit, so that limits and where they are crossed are in view."""
    limits = panels.finite(points, "evidence_limit")
    if not limits.size:
        return {}
    ends = np.concatenate(
        [panels.finite(points, "evidence_up"), panels.finite(points, "evidence_down")]
    )
    top = max(float(limits.max()), min(float(ends.max(initial=0)), HIGHEST * float(limits.max())))
    return {"range": [0, round(1.1 * top, 4)]}


def _difference_axis(points: pd.DataFrame, measure: Measure) -> dict[str, Any]:
    ends = np.concatenate(
        [panels.finite(points, f"difference{end}") for end in ("", "_lower", "_upper")]
    )
    if not len(ends):
        return {}
    low, high = (float(np.quantile(ends, share)) * measure.multiply for share in (0.01, 0.99))
    room = 0.08 * max(high - low, 1e-9)
    return {"range": [round(min(low, 0) - room, 4), round(max(high, 0) + room, 4)]}
