"""Estimates with their intervals over years or rounds, a panel each; nothing is worked out here."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from qi_equity.view import panels
from qi_equity.view.theme import LIGHT


def years_figure(
    rows: pd.DataFrame,
    by: str,
    along: str,
    names: Mapping[str, str],
    *,
    middle: float | None = None,
    columns: int = 3,
    unit: str = "",
) -> panels.Figure:
    """A panel for each value of `by`: estimate, lower and upper in the order of `along`.

    middle: where the two sides are alike, drawn as a line.

    >>> rows = pd.DataFrame({"of": ["a", "a"], "year": ["2024", "2025"], "estimate": [1.0, 1.2],
    ...                      "lower": [0.8, 1.0], "upper": [1.3, 1.5]})
    >>> years_figure(rows, "of", "year", {"a": "A"})["data"][0]["y"]
    [1.0, 1.2]
    """
    data, notes, shapes = [], [], []
    # Every panel has all years, in their order, whether or not it has an estimate for each.
    ticks = [str(one) for one in dict.fromkeys(rows.sort_values(along)[along])]
    for index, (name, own) in enumerate(rows.groupby(by, sort=False)):
        pair = panels.axes(index)
        above, below = own["upper"] - own["estimate"], own["estimate"] - own["lower"]
        data.append({
            "xaxis": pair[0], "yaxis": pair[1], "type": "scatter", "showlegend": False,
            "x": [str(one) for one in own[along]], "y": panels.numbers(own["estimate"]),
            "mode": "lines+markers", "name": names.get(str(name), str(name)),
            "line": {"color": LIGHT["value"], "width": 1.2},
            "marker": {"color": LIGHT["value"], "size": 8},
            "error_y": {
                "type": "data", "symmetric": False, "array": panels.numbers(above),
                "arrayminus": panels.numbers(below), "color": LIGHT["limit"], "thickness": 2,
            },
        })  # fmt: skip
        notes.append(panels.heading(pair, names.get(str(name), str(name))))
        if middle is not None:
            shapes.append({
                "type": "line", "xref": f"{pair[0]} domain", "yref": pair[1], "x0": 0, "x1": 1,
                "y0": middle, "y1": middle, "layer": "below",
                "line": {"color": LIGHT["centre"], "width": 2},
            })  # fmt: skip
    count = len(data)
    made = panels.layout(count, columns, across=[{"ticksuffix": unit if unit == "%" else ""}])
    for index in range(count):
        axis = f"xaxis{panels.axes(index)[0][1:]}"
        made[axis] |= {"type": "category", "categoryorder": "array", "categoryarray": ticks}
    return {"data": data, "layout": made | {"annotations": notes, "shapes": shapes}}
