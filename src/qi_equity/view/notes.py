"""Notes on the points of a chart, and a chart in words; no number is worked out here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from textwrap import shorten
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qi_equity.view.panels import numbers, stamps
from qi_equity.view.theme import LIGHT
from qi_equity.words import say
from qi_equity.words.grammar import called
from qi_equity.words.numbers import amount, day, missing

LONGEST = 28  # letters of a note that stand on the figure; the tooltip has all of it


def noted(rows: pd.DataFrame, pair: tuple[str, str]) -> list[dict[str, Any]]:
    """The words of each note above its point, cut where they are long."""
    here = rows[_with_note(rows)]
    look: dict[str, Any] = {"showarrow": True, "arrowhead": 0, "arrowwidth": 1, "ax": 0, "ay": -26}
    look |= {"arrowcolor": LIGHT["cycle"], "font": {"size": 11, "color": LIGHT["cycle"]}}
    words = [escape(shorten(note, LONGEST, placeholder="…")) for note in _notes(here)]
    return [
        {"xref": pair[0], "yref": pair[1], "x": when, "y": 0 if high is None else high}
        | {"text": text, "bgcolor": LIGHT["paper"], **look}
        for when, high, text in zip(
            stamps(here["subgroup"]), numbers(here["value"]), words, strict=True
        )
    ]


def touched(rows: pd.DataFrame, pair: tuple[str, str]) -> list[dict[str, Any]]:
    """A ring about each point with a note, which tells all of it when touched."""
    here = rows[_with_note(rows)]
    if here.empty:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": say("noted.drawn"),
            "legendgroup": "note",
            "showlegend": False,
            "xaxis": pair[0],
            "yaxis": pair[1],
            "x": stamps(here["subgroup"]),
            "y": numbers(here["value"]),
            "customdata": [escape(note) for note in _notes(here)],
            "hovertemplate": "%{customdata}<extra></extra>",
            "marker": {
                "color": "rgba(0,0,0,0)",
                "size": 13,
                "line": {"color": LIGHT["cycle"], "width": 1.5},
            },
        }
    ]


def alt(points: pd.DataFrame, summary: pd.DataFrame, by: Sequence[str], unit: str = "") -> str:
    """What the charts show, a sentence a series and phase, and every note after its series.

    >>> points = pd.DataFrame({"subgroup": [1, 2], "value": [4.0, 5.0], "note": ["", "Huddles"]})
    >>> summary = pd.DataFrame({"subgroups": [2], "centre": [4.5], "variation": ["common cause"]})
    >>> alt(points, summary, [])
    'Chart of 2 points: centre line 4.5; at its latest point common cause. Note at 2: Huddles.'
    """
    said = []
    keys = [points[name].astype(str) for name in by]
    for row in summary.to_dict("records"):
        name = " · ".join(called(str(row[one])) for one in by) or say("noted.chart")
        centre = row["centre"]
        level = say("noted.no_centre") if missing(centre) else amount(float(centre), unit)
        told = {"name": name, "points": row["subgroups"], "centre": level}
        said.append(say("noted.series", **told, variation=say(f"noted.{row['variation']}")))
        mine = np.ones(len(points), dtype=bool)
        for key, one in zip(keys, by, strict=True):
            mine &= np.asarray(key == str(row[one]))
        if "phase" in row and "phase" in points:
            mine &= np.asarray(points["phase"] == row["phase"])
        here = points[mine & _with_note(points)]
        for when, words in zip(here["subgroup"], _notes(here), strict=True):
            at = day(when) if isinstance(when, pd.Timestamp) else str(when)
            said.append(say("noted.note", when=at, words=words.rstrip(".")))
    return " ".join(said)


def _notes(rows: pd.DataFrame) -> list[str]:
    return [str(note) for note in rows["note"]] if "note" in rows else []


def _with_note(rows: pd.DataFrame) -> NDArray[np.bool_]:
    if "note" not in rows:
        return np.zeros(len(rows), dtype=bool)
    return np.array([note != "" for note in rows["note"].fillna("").astype(str)], dtype=bool)
