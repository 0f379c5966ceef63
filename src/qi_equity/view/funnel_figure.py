"""Sites by their size inside the limits of chance, as a figure; nothing is worked out or ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from qi_equity.findings import SiteRow
from qi_equity.project import Measure
from qi_equity.view.panels import Figure, layout, numbers
from qi_equity.view.theme import LIGHT
from qi_equity.words import say
from qi_equity.words.numbers import amount

MOST_NAMED = 12  # sites: names of more run into one another, and are told where one is touched
# The limits drawn, the inner ones first, and how.
LEVELS = (("95", 95.0, "dot"), ("998", 99.8, "solid"))


def funnel_figure(
    sites: Sequence[SiteRow], curve: pd.DataFrame, measure: Measure, names: Mapping[str, str]
) -> Figure:
    """Each site a point with its name; beyond the outer limits it is a square, not a dot."""
    times = measure.multiply
    place = {"xaxis": "x", "yaxis": "y", "type": "scatter", "showlegend": False}
    sizes = [float(size) for size in curve["size"].round(1)]
    data: list[dict[str, Any]] = []
    for level, share, dash in LEVELS:
        limits = say("charts.drawn.share_limits", share=amount(share))
        for edge in (f"lower_{level}", f"upper_{level}"):
            line = {"color": LIGHT["limit"], "width": 1.2, "dash": dash}
            data.append(
                place
                | {"x": sizes, "y": numbers(curve[edge] * times), "mode": "lines"}
                | {"line": line, "hoverinfo": "skip", "name": limits}
            )
    by_size = sorted(sites, key=lambda row: row.denominator)
    outside = [row.beyond_998 != 0 for row in by_size]
    # Neighbours in size have their names above and below in turn, so that both can be read.
    sides = [("top center", "bottom center")[place % 2] for place in range(len(by_size))]
    touched = say("charts.drawn.hover_site", value="%{y:.1f}", size="%{x}")
    data.append(
        place
        | {"x": [row.denominator for row in by_size]}
        | {"y": numbers(pd.Series([row.rate * times for row in by_size]))}
        | {"mode": "markers+text" if len(by_size) <= MOST_NAMED else "markers"}
        | {"text": [names.get(row.site, row.site) for row in by_size]}
        | {"textposition": sides, "name": say("charts.drawn.sites")}
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
    target = float(curve["target"].iloc[0]) * times
    line = {"color": LIGHT["centre"], "width": 2}
    across = {"type": "line", "xref": "x domain", "x0": 0, "x1": 1, "yref": "y"}
    made["shapes"] = [across | {"y0": target, "y1": target, "line": line, "layer": "below"}]
    made["annotations"] = []
    return {"data": data, "layout": made}
