"""Charts as pictures without a browser: the panels of a page drawn on paper; no sums here."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import wrap
from typing import Any

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from qi_equity.report.parts import Cloud, Drawn, Forest, Line, Panel
from qi_equity.view.theme import LIGHT
from qi_equity.words.numbers import day, number, whole

WIDE, HIGH = 11.0, 2.5  # inches of all panels side by side, and of one row of them
MARKS = {"diamond": "D", "triangle-up": "^", "square": "s", "dot": "o", "above": "^"}
NAME = 26  # letters of a name to a line, beside an interval
SIZES = {"dot": 2.5}
# Letters as text, so that they can be read and found; one font that is part of the library.
LETTERS = {
    "font.family": "DejaVu Sans",
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "qi_equity",
}


@contextmanager
def lettered() -> Iterator[None]:
    """Draw with letters that can be read, found and made again alike."""
    with matplotlib.rc_context(LETTERS), warnings.catch_warnings():
        # A script that the font lacks is drawn as boxes; a browser has all that the machine has.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def svg(block: Drawn) -> str:
    """The charts of a page as SVG."""
    kept = io.BytesIO()
    with lettered():
        FigureCanvasSVG(figure(block)).print_svg(kept, metadata={"Date": None})
    text = kept.getvalue().decode()
    return text[text.index("<svg") :]


def figure(block: Drawn) -> Figure:
    """The panels in rows, as the slide has them."""
    rows = -(-len(block.panels) // block.across)
    high = HIGH * rows if rows > 1 else 3.6
    longest = max((len(one.rows) for one in block.panels if isinstance(one, Forest)), default=0)
    high = max(high, 0.8 + 0.55 * longest)
    made = Figure(figsize=(WIDE, high), layout="constrained")
    draw(made, block)
    return made


def draw(made: Any, block: Drawn, size: float = 10) -> None:
    """Draw the panels on a figure or a part of one."""
    rows = -(-len(block.panels) // block.across)
    for place, panel in enumerate(block.panels, 1):
        axes = made.add_subplot(rows, block.across, place)
        if isinstance(panel, Cloud):
            _cloud(axes, panel, size)
        elif isinstance(panel, Forest):
            _forest(axes, panel, size)
        else:
            _panel(axes, panel, size)
        axes.set_title(_plain(panel.title), fontsize=size + 1, loc="left", fontweight="bold")
        axes.tick_params(colors=LIGHT["muted"], labelsize=size)
        axes.grid(axis="y", color=LIGHT["grid"])
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for side in ("bottom", "left"):
            axes.spines[side].set_color(LIGHT["limit"])


def _plain(text: str) -> str:
    """Text as it is: a dollar sign begins no formula."""
    return text.replace("$", r"\$")


def _panel(axes: Any, panel: Panel, size: float) -> None:
    for line in panel.lines:
        _line(axes, panel, line)
    if panel.ratio:
        axes.set_yscale("log", base=2)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"×{number(value, 2)}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        if panel.low is not None and panel.high is not None:
            axes.set_ylim(panel.low, panel.high)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        if panel.unit == "%":
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{number(value)}%"))
    if panel.first is not None and panel.last is not None and panel.first < panel.last:
        axes.set_xlim(panel.first, panel.last)
    if panel.times[0] == panel.times[-1] == panel.last:
        axes.set_xticks([panel.times[0]], [day(panel.times[0])])  # one look has one day
        return
    dates = AutoDateLocator(minticks=2, maxticks=5)
    axes.xaxis.set_major_locator(dates)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(dates, show_offset=False))


def _line(axes: Any, panel: Panel, line: Line) -> None:
    heights = [float("nan") if one is None else one for one in line.values]
    marks_only = line.mark not in ("", "dot")
    broken = {"target": "--", "grid": "--"}.get(line.look, "-")
    axes.plot(
        panel.times,
        heights,
        linestyle="none" if marks_only else broken,
        color=LIGHT[line.look],
        linewidth=1.8 if line.look == "centre" else 1.1,
        marker=MARKS.get(line.mark, ""),
        markersize=SIZES.get(line.mark, 6),
        markerfacecolor="none" if line.mark == "above" else LIGHT[line.look],
        clip_on=not marks_only,
    )


def _forest(axes: Any, forest: Forest, size: float) -> None:
    """Intervals with their estimates, the first on top, names on the left."""
    for place, row in enumerate(forest.rows):
        shade = LIGHT[row.look]
        axes.plot([row.lower, row.upper], [place, place], "-", color=shade, linewidth=2.4)
        axes.plot([row.estimate], [place], "o", color=shade, markersize=6)
    axes.set_yticks(range(len(forest.rows)))
    names = ["\n".join(wrap(_plain(row.name), NAME)) for row in forest.rows]
    axes.set_yticklabels(names, fontsize=size - 1)
    axes.set_ylim(len(forest.rows) - 0.5, -0.5)
    low, high = forest.ends
    if forest.ratio:
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"×{number(value, 2)}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.axvline(1.0, color=LIGHT["centre"], linewidth=1.8)
        axes.set_xlim(low, high)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.set_xlim(0, high * 1.03)


def _cloud(axes: Any, cloud: Cloud, size: float) -> None:
    for _, look, pairs in cloud.curves:
        across, up = zip(*pairs, strict=True)
        shade = LIGHT["limit" if look == "grid" else look]
        axes.plot(across, up, "--" if look == "grid" else "-", color=shade, linewidth=1.2)
    for place, (_, wide, value, beyond) in enumerate(cloud.sites, 1):
        look, mark = ("other", "s") if beyond else ("value", "o")
        axes.plot([wide], [value], mark, color=LIGHT[look], markersize=7)
        if not cloud.numbered:
            continue
        axes.annotate(
            str(place),
            (wide, value),
            (0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=size,
        )
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: whole(value)))
    axes.set_xlabel(_plain(cloud.across), fontsize=size, color=LIGHT["muted"])
    if cloud.unit == "%":
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{number(value)}%"))
