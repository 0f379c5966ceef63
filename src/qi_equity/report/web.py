"""A pack as one HTML file: read offline, charts that answer to the mouse, and a style for print."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from qi_equity.findings import Findings
from qi_equity.report.marks import MARKS
from qi_equity.report.parts import Drawn, Listed, Pack, Said
from qi_equity.view.theme import LIGHT
from qi_equity.words import say

HERE = Path(__file__).parent
# What makes the drawings; the figures themselves are data and never run.
DRAW = """
document.querySelectorAll("script[type='application/json']").forEach((data) => {
  const figure = JSON.parse(data.textContent), place = document.getElementById(data.dataset.for);
  place.replaceChildren();
  Plotly.newPlot(place, figure.data, figure.layout, {displayModeBar: false, responsive: true});
});
"""


def written(pack: Pack, findings: Findings, template: object = None) -> bytes:
    """The pack as the bytes of an .html file that fetches nothing."""
    return page(pack, still=False).encode()


def page(pack: Pack, *, still: bool) -> str:
    """The file's text; `still` with drawings in place of charts that move, for paper."""
    scripts = [] if still else [Markup(get_plotlyjs()), Markup(DRAW)]
    held = _templates().get_template("report.html")
    return held.render(
        pack=pack,
        say=say,
        kind=kind,
        marks=MARKS,
        theme=LIGHT,
        scripts=scripts,
        figure=_figure,
        drawing=_drawing if still else None,
        policy=_policy(scripts),
        day=pack.day,
    )


def kind(block: Said | Drawn | Listed) -> str:
    """What kind of block it is, for the template."""
    return type(block).__name__.lower()


def _policy(scripts: list[Any]) -> str:
    """What the file may do: run these two scripts and nothing else, fetch nothing at all."""
    sums = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(str(one).encode()).digest()).decode()}'"
        for one in scripts
    )
    allowed = f"script-src {sums}; " if sums else ""
    return f"default-src 'none'; {allowed}style-src 'unsafe-inline'; img-src data: blob:"


def _figure(block: Drawn) -> Markup:
    """A figure as data inside a page: no text of anybody's can end the script it stands in."""
    text = json.dumps(block.figure, allow_nan=False, separators=(",", ":"), default=_plain)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _drawing(block: Drawn) -> Markup:
    from qi_equity.report.pictures import svg

    return Markup(svg(block))


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value.item()


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
