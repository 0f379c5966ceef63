"""Ranked gaps as charts of intervals: every number is read off the register, none worked out."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from math import log2, log10
from textwrap import wrap
from typing import Any

import pandas as pd

from qi_equity.audit import Audited
from qi_equity.audit.register import ALL_PLACES
from qi_equity.audit.said import place_of
from qi_equity.report.parts import Drawn, Forest, Reach
from qi_equity.view.panels import Figure, layout
from qi_equity.view.theme import LIGHT
from qi_equity.words import say
from qi_equity.words.grammar import called
from qi_equity.words.numbers import number
from qi_equity.words.report import clipped

ROWS = 4  # of each chart: of more, LibreOffice leaves names of two lines out
ROW_HEIGHT = 58  # pixels of one interval on a screen
NAMES = 0.45  # of a chart's width that its names take
BETWEEN = 0.02  # of the whole width, between two charts
LETTERS = 28  # of a name to a line
LONGEST = 44  # letters of an indicator, a group, a place: a name beside a chart has three lines
TITLE = {
    "xref": "paper", "yref": "paper", "y": 1, "yanchor": "bottom", "xanchor": "left",
    "showarrow": False, "font": {"size": 14, "color": LIGHT["ink"]},
}  # fmt: skip


def ranked(found: Audited, sure: pd.DataFrame, many: pd.DataFrame) -> Drawn | None:
    """Both rankings side by side: how far apart by evidence, and how many by people."""
    forests = tuple(
        one
        for one in (
            _forest(found, sure, "ratio", say("audit.drawn.evidence")),
            _forest(found, many, "people", say("audit.drawn.people")),
        )
        if one is not None
    )
    if not forests:
        return None
    key = (("value", "", say("audit.drawn.key")),)
    return Drawn(forests, _figure(forests), key, len(forests))


def _forest(found: Audited, rows: pd.DataFrame, what: str, title: str) -> Forest | None:
    """The first rows whose interval has two ends."""
    ends = [what, f"{what}_lower", f"{what}_upper"]
    known = rows[rows[ends].notna().all(axis=1) & (rows[ends] < float("inf")).all(axis=1)]
    if what == "ratio":
        known = known[(known[ends] > 0).all(axis=1)]
    if known.empty:
        return None
    reaches = tuple(_reach(found, row, what) for row in known.head(ROWS).to_dict("records"))
    told = "; ".join(
        say("audit.drawn.row", name=one.name, value=f"{one.estimate:.3g}",
            low=f"{one.lower:.3g}", high=f"{one.upper:.3g}") for one in reaches
    )  # fmt: skip
    alt = say("audit.drawn.alt", title=title, rows=told)
    return Forest(title, reaches, alt, ratio=what == "ratio")


def _reach(found: Audited, row: dict[Any, Any], what: str) -> Reach:
    one = found.audit.indicator(row["indicator"])
    place = "" if row["place"] == ALL_PLACES else place_of(found.audit, row["place"])
    named = {
        "group": clipped(called(row["group"]), LONGEST),
        "indicator": clipped(one.name, LONGEST),
    }
    name = (
        say("audit.drawn.name_at", place=clipped(place, LONGEST), **named)
        if place
        else say("audit.drawn.name", **named)
    )
    ends = (float(row[what]), float(row[f"{what}_lower"]), float(row[f"{what}_upper"]))
    return Reach(name, *ends)


def _figure(forests: tuple[Forest, ...]) -> Figure:
    """Both charts for a screen, names on the left of each."""
    made = layout(1, 1)
    high = 110 + ROW_HEIGHT * max(len(one.rows) for one in forests)
    made["height"], made["meta"]["height"] = high, high
    made["margin"] |= {"l": 12, "t": 44, "b": 40}
    made["annotations"], data = [], []
    each = 1 / len(forests)
    for nth, forest in enumerate(forests):
        end = str(nth + 1) if nth else ""
        span = [each * (nth + NAMES), each * (nth + 1) - BETWEEN]
        made[f"xaxis{end}"] = _along(forest) | {"domain": span, "anchor": f"y{end}"}
        made[f"yaxis{end}"] = _names(forest) | {"anchor": f"x{end}"}
        made["annotations"].append(TITLE | {"text": forest.title, "x": each * nth})
        data += list(_traces(forest, f"x{end}", f"y{end}"))
    return {"data": data, "layout": made}


def _along(forest: Forest) -> dict[str, Any]:
    """The axis of values: of a ratio whole doublings, else from nought."""
    made: dict[str, Any] = {
        "gridcolor": LIGHT["grid"], "zeroline": False,
        "tickfont": {"size": 12, "color": LIGHT["muted"]},
    }  # fmt: skip
    low, high = forest.ends
    if not forest.ratio:
        return made | {"rangemode": "tozero"}
    ticks = [2.0**power for power in range(round(log2(low)), round(log2(high)) + 1)]
    words = [f"×{number(tick, 2)}" for tick in ticks]
    ends = [log10(low), log10(high)]
    return made | {"type": "log", "tickvals": ticks, "ticktext": words, "range": ends}


def _names(forest: Forest) -> dict[str, Any]:
    """The axis of names, the first on top."""
    return {
        "autorange": "reversed", "showgrid": False, "zeroline": False, "tickmode": "array",
        "tickvals": list(range(len(forest.rows))),
        "ticktext": ["<br>".join(map(escape, wrap(row.name, LETTERS))) for row in forest.rows],
        "tickfont": {"size": 12, "color": LIGHT["ink"]},
    }  # fmt: skip


def _traces(forest: Forest, x: str, y: str) -> Iterator[dict[str, Any]]:
    rows = forest.rows
    yield {
        "type": "scatter", "mode": "markers", "xaxis": x, "yaxis": y, "showlegend": False,
        "x": [row.estimate for row in rows], "y": list(range(len(rows))),
        "text": [row.name for row in rows],
        "customdata": [[row.lower, row.upper] for row in rows],
        "hovertemplate": "%{text}<br>%{x:.3g} (%{customdata[0]:.3g} – %{customdata[1]:.3g})"
        "<extra></extra>",
        "marker": {"size": 10, "color": LIGHT["value"]},
        "error_x": {
            "type": "data", "symmetric": False, "thickness": 2.5, "width": 5,
            "array": [row.upper - row.estimate for row in rows],
            "arrayminus": [row.estimate - row.lower for row in rows], "color": LIGHT["value"],
        },
    }  # fmt: skip
    if forest.ratio:
        yield {
            "type": "scatter", "mode": "lines", "xaxis": x, "yaxis": y, "showlegend": False,
            "x": [1, 1], "y": [-0.5, len(rows) - 0.5], "hoverinfo": "skip",
            "line": {"color": LIGHT["centre"], "width": 2},
        }  # fmt: skip
