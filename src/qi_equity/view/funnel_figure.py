"""Sites by their size inside the limits of chance, as a figure; nothing is worked out or ranked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from qi_equity.project import Measure
from qi_equity.view.panels import Figure, layout, numbers
from qi_equity.view.theme import LIGHT
from qi_equity.words import say
from qi_equity.words.numbers import amount

DASHES = ("dot", "solid")  # the inner limits, then the outer


def funnel_figure(found: Mapping[str, Any], measure: Measure, names: Mapping[str, str]) -> Figure:
    """Each site a point with its name; beyond the outer limits it is a square, not a dot."""
    times = measure.multiply
    place = {"xaxis": "x", "yaxis": "y", "type": "scatter", "showlegend": False}
    sizes = [float(size) for size in np.round(found["sizes"], 1)]
    data: list[dict[str, Any]] = []
    for (share, lower), dash in zip(found["lower"].items(), DASHES, strict=True):
        limits = say("charts.drawn.share_limits", share=amount(100 * share))
        for edge in (lower, found["upper"][share]):
            line = {"color": LIGHT["limit"], "width": 1.2, "dash": dash}
            data.append(
                place
                | {"x": sizes, "y": numbers(pd.Series(edge * times)), "mode": "lines"}
                | {"line": line, "hoverinfo": "skip", "name": limits}
            )
    sites = found["sites"]
    sites = sites.sort_values("denominator", kind="stable")
    outside = sites["beyond"].to_numpy() != 0
    called = [names.get(site, site) for site in sites["site"]]
    # Neighbours in size have their names above and below in turn, so that both can be read.
    sides = [("top center", "bottom center")[place % 2] for place in range(len(called))]
    touched = say("charts.drawn.hover_site", value="%{y:.1f}", size="%{x}")
    data.append(
        place
        | {"x": numbers(sites["denominator"]), "y": numbers(sites["rate"] * times)}
        | {
            "mode": "markers+text",
            "text": called,
            "textposition": sides,
            "name": say("charts.drawn.sites"),
        }
        | {
            "textfont": {"size": 11, "color": LIGHT["ink"]},
            "hovertemplate": f"%{{text}}<br>{touched}<extra></extra>",
        }
        | {
            "marker": {
                "size": 9,
                "color": [LIGHT["other"] if out else LIGHT["value"] for out in outside],
                "symbol": ["square" if out else "circle" for out in outside],
            }
        }
    )
    made = layout(1, 1, across=[{"ticksuffix": "%" if measure.unit == "%" else ""}])
    made["meta"] |= {"height": 420, "headroom": 0.04}
    made["height"], made["yaxis"]["domain"] = 480, [0, 0.96]
    made["margin"]["b"] = 52
    about = say(
        "charts.drawn.over_time", counted=measure.denominator or say("charts.drawn.counted")
    )
    made["xaxis"]["title"] = {"text": about, "font": {"size": 12, "color": LIGHT["muted"]}}
    level = float(found["rate"]) * times
    line = {"color": LIGHT["centre"], "width": 2}
    across = {"type": "line", "xref": "x domain", "x0": 0, "x1": 1, "yref": "y"}
    made["shapes"] = [across | {"y0": level, "y1": level, "line": line, "layer": "below"}]
    made["annotations"] = []
    return {"data": data, "layout": made}
