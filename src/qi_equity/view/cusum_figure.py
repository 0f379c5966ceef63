"""The CUSUM of a signal system as a figure: its sum, its limit, its signals; nothing worked out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from qi_equity.findings import Cusum
from qi_equity.project import Measure
from qi_equity.view import panels
from qi_equity.view.theme import LIGHT, MEANINGS
from qi_equity.words import say
from qi_equity.words.cusums import times
from qi_equity.words.watched import MEANS

ROOM = 1.1  # times the highest sum, or the limit
# Where the words at the limit can stand, along the weeks.
PLACES = ((0, "left"), (0.5, "center"), (1, "right"))


def cusum_figure(points: pd.DataFrame, row: Cusum, measure: Measure) -> panels.Figure:
    """One panel: evidence added up, the limit that makes it a signal, and where it was one."""
    along = {"xaxis": "x", "yaxis": "y", "type": "scatter", "showlegend": False}
    limit = along | {
        "x": panels.stamps(points["subgroup"]),
        "y": panels.numbers(points["limit"]),
        "mode": "lines",
        "name": say("cusums.drawn.limit"),
        "line": {"color": LIGHT["limit"], "width": 1.5, "dash": "dash"},
        "hoverinfo": "skip",
    }
    value = say("cusums.drawn.hover", value="%{y:.1f}")
    line = along | {
        "x": panels.stamps(points["subgroup"]),
        "y": panels.numbers(points["cusum"]),
        "mode": "lines",
        "name": say("cusums.drawn.line"),
        "line": {"color": LIGHT["value"], "width": 2},
        "hovertemplate": f"{panels.day_drawn('x')}<br>{value}<extra></extra>",
    }
    data = [limit, line]
    if points["signal"].any():
        data.append(along | _signals(points[points["signal"]], row, measure))
    made = panels.layout(1, 1)
    top = max(float(points["limit"].max()), float(points["cusum"].max()))
    made["yaxis"]["range"] = [0, round(ROOM * top, 4)]
    title = say("cusums.drawn.title", times=times(row.ratio))
    notes = [panels.heading(panels.axes(0), title), _at_limit(points)]
    return {"data": data, "layout": made | {"annotations": notes, "shapes": []}}


def _signals(marked: pd.DataFrame, row: Cusum, measure: Measure) -> dict[str, Any]:
    """Each signal in the colour and shape of what such a change would mean."""
    meaning = MEANS[measure.direction]["rising" if row.ratio > 1 else "falling"]
    colour, symbol = MEANINGS[meaning]
    return {
        "x": panels.stamps(marked["subgroup"]),
        "y": panels.numbers(marked["cusum"]),
        "mode": "markers",
        "name": say("cusums.drawn.signal"),
        "marker": {"size": 10, "color": LIGHT[colour], "symbol": symbol},
        "hovertemplate": f"{panels.day_drawn('x')}<br>{say('cusums.drawn.signal')}<extra></extra>",
    }


def _at_limit(points: pd.DataFrame) -> dict[str, Any]:
    """What the dashed line is, above it in the first third where the sum stays below, if any."""
    over = (points["cusum"] - points["limit"]).clip(lower=0).fillna(0).to_numpy()
    thirds = [part.max(initial=0.0) for part in np.array_split(over, len(PLACES))]
    along, anchor = PLACES[int(np.argmin(thirds))]
    return {
        "xref": "x domain", "yref": "y", "x": along, "y": float(f"{points['limit'].max():.6g}"),
        "text": say("cusums.drawn.limit"), "showarrow": False, "xanchor": anchor,
        "yanchor": "bottom", "yshift": 2, "font": {"size": 11, "color": LIGHT["muted"]},
    }  # fmt: skip
