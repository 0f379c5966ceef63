"""A pack as PDF: by a browser from the HTML where there is one, else page by page on our own."""

from __future__ import annotations

import io
import re
import shutil
import subprocess  # nosec B404 - a browser found on the path, without a shell
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.backends.backend_pdf import FigureCanvasPdf, PdfPages
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from qi_equity.findings import Findings
from qi_equity.report import web
from qi_equity.report.fitting import EMU, LEADING, clipped_to, wrapped
from qi_equity.report.marks import MARKS
from qi_equity.report.parts import Drawn, Listed, Pack, Page, Said
from qi_equity.report.pictures import _plain, draw, lettered
from qi_equity.view.theme import LIGHT
from qi_equity.words import say

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
PATIENCE = 120  # seconds for a browser to print
A4 = (11.69, 8.27)  # inches, landscape
EDGE, TITLE, BODY = 0.55, 18.0, 12.0  # inches, and points
WIDE = A4[0] - 2 * EDGE


def written(pack: Pack, findings: Findings, template: object = None) -> bytes:
    """The pack as the bytes of a .pdf; there is always a file, with or without a browser."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    printed_ = printed(pack, browser) if browser is not None else b""
    return printed_ or drawn(pack)


def printed(pack: Pack, browser: str) -> bytes:
    """The HTML printed by a browser; nothing where it could not, which says no more than that."""
    with tempfile.TemporaryDirectory() as folder:
        page, paper = Path(folder) / "report.html", Path(folder) / "report.pdf"
        page.write_text(web.page(pack, still=True), encoding="utf-8")
        command = [
            browser, "--headless", "--disable-gpu", "--no-sandbox", "--no-pdf-header-footer",
            f"--user-data-dir={folder}/profile", f"--print-to-pdf={paper}", page.as_uri(),
        ]  # fmt: skip
        try:
            subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)  # nosec B603
        except subprocess.TimeoutExpired:
            return b""
        return steady(paper.read_bytes(), pack.day) if paper.exists() else b""


def steady(paper: bytes, day: pd.Timestamp) -> bytes:
    """A printed file with the day of its data in place of the time of printing."""
    stamp = f"{day:%Y%m%d}000000+00'00'".encode()
    return re.sub(
        rb"(/(?:CreationDate|ModDate) \(D:)[^)]*\)",
        lambda found: found[1] + stamp[: len(found[0]) - len(found[1]) - 1] + b")",
        paper,
    )


def drawn(pack: Pack) -> bytes:
    """The pages drawn one by one, without a browser."""
    kept = io.BytesIO()
    about = {
        "Title": pack.subject, "Author": say("labels.product"), "Creator": None, "Producer": None,
        "CreationDate": pack.day.to_pydatetime(),
    }  # fmt: skip
    with lettered(), PdfPages(kept, metadata=about) as paper:
        for page in (*pack.pages, *_notes(pack)):
            for figure in _sheets(page):
                FigureCanvasPdf(figure)
                paper.savefig(figure)
    return kept.getvalue()


def _notes(pack: Pack) -> Iterator[Page]:
    """What to say with each page, after all of them."""
    told = [Said(page.beside, page.title) for page in pack.pages if page.beside]
    if told:
        yield Page(say("report.notes_each"), tuple(told), footer=pack.pages[0].footer)


class Sheet:
    """One sheet of paper: where the next thing goes, in inches from the top."""

    def __init__(self, page: Page, first: bool):
        self.figure = Figure(figsize=A4)
        self.down = EDGE
        if first:
            size = TITLE * 1.22  # bold letters of this font are so much wider than those measured
            for line in wrapped(page.title, int(WIDE * 72 * EMU), size):
                self.text(line, TITLE, LIGHT["ink"], "bold")
            self.down += 0.1

    @property
    def left(self) -> float:
        """Inches left above the footer."""
        return A4[1] - EDGE - 0.55 - self.down

    def text(self, line: str, size: float, colour: str, weight: str = "normal") -> None:
        """A line of text."""
        self.figure.text(
            EDGE / A4[0], 1 - self.down / A4[1], _plain(line), fontsize=size, color=colour,
            va="top", fontweight=weight,
        )  # fmt: skip
        self.down += size * LEADING * 1.1 / 72

    def footer(self, text: str) -> None:
        """Where the figures are from."""
        lines = wrapped(text, int(WIDE * 72 * EMU), BODY * 1.05)[:3]
        for place, line in enumerate(reversed(lines)):
            self.figure.text(
                EDGE / A4[0], (EDGE - 0.25 + place * 0.2) / A4[1], _plain(line), fontsize=BODY - 1,
                color=LIGHT["muted"], va="bottom",
            )  # fmt: skip


def _sheets(page: Page) -> list[Figure]:
    """A page on as many sheets as its words take."""
    sheets = [Sheet(page, True)]

    def sheet(need: float) -> Sheet:
        if sheets[-1].left < need:
            sheets.append(Sheet(page, False))
        return sheets[-1]

    for block in page.blocks:
        if isinstance(block, Said):
            heading = [block.heading] if block.heading else []
            more = [say("report.more", count=block.more)] if block.more else []
            for line in (*heading, *block.lines, *more):
                _paragraph(sheet, line, "bold" if line == block.heading else "normal")
        elif isinstance(block, Drawn):
            _drawn(sheet, block)
        else:
            _listed(sheet, block)
    for one in sheets:
        one.footer(page.footer)
    return [one.figure for one in sheets]


def _paragraph(sheet: Any, text: str, weight: str) -> None:
    # The font of the library is wider than the one that is measured.
    for line in wrapped(text, int(WIDE * 72 * EMU), BODY * 1.12):
        sheet(BODY * LEADING / 72).text(line, BODY, LIGHT["ink"], weight)
    sheet(0).down += 0.06


def _drawn(sheet: Any, block: Drawn) -> None:
    """The charts in a part of the sheet of their own, and their key under them."""
    rows = -(-len(block.panels) // block.across)
    on = sheet(min(2.1 * rows, 4.6))
    high = min(on.left - 0.5, 2.3 * rows if rows > 1 else 3.4)
    top = 1 - on.down / A4[1]
    part = on.figure.add_axes((EDGE / A4[0], top - high / A4[1], WIDE / A4[0], high / A4[1]))
    part.set_axis_off()
    _panels(on.figure, block, (EDGE / A4[0], top - high / A4[1], WIDE / A4[0], high / A4[1]))
    on.down += high + 0.12
    words = "   ".join(
        f"{MARKS[mark]}\u00a0{name.replace(' ', chr(160))}".strip() for _, mark, name in block.key
    )
    for line in wrapped(words, int(WIDE * 72 * EMU), BODY * 1.12):
        on.text(line, BODY, LIGHT["ink"])


def _panels(figure: Figure, block: Drawn, place: tuple[float, float, float, float]) -> None:
    """The panels inside a rectangle of the sheet."""
    before = len(figure.axes)
    draw(figure, block)
    rows = -(-len(block.panels) // block.across)
    left, foot, wide, high = place
    each, tall = wide / block.across, high / rows
    for number, axes in enumerate(figure.axes[before:]):
        row, column = divmod(number, block.across)
        axes.set_position(
            (
                left + column * each + each * 0.09,
                foot + high - (row + 1) * tall + tall * 0.17,
                each * 0.88,
                tall * 0.66,
            )
        )


def _listed(sheet: Any, block: Listed) -> None:
    """A table, a row after another; its cells wrapped in their columns."""
    columns = len(block.table.header)
    shares = block.shares or (1 / columns,) * columns
    for number, row in enumerate((block.table.header, *block.table.rows)):
        cells = [
            wrapped(
                clipped_to(cell, int((WIDE * share - 0.12) * 72 * EMU), BODY * 1.12, 6),
                int((WIDE * share - 0.12) * 72 * EMU),
                BODY * 1.12,
            )
            for cell, share in zip(row, shares, strict=True)
        ]
        high = max(map(len, cells)) * BODY * LEADING / 72 + 0.12
        on = sheet(high)
        across = EDGE
        for column, (lines, share) in enumerate(zip(cells, shares, strict=True)):
            for place, line in enumerate(lines):
                on.figure.text(
                    across / A4[0], 1 - (on.down + place * BODY * LEADING / 72) / A4[1],
                    _plain(line), fontsize=BODY, va="top",
                    color=LIGHT[block.looks.get((number - 1, column), "ink")],
                    fontweight="bold" if number == 0 or column == 0 else "normal",
                )  # fmt: skip
            across += WIDE * share
        on.down += high
        level = 1 - (on.down - 0.05) / A4[1]
        rule = Line2D(
            [EDGE / A4[0], 1 - EDGE / A4[0]], [level, level], color=LIGHT["limit"], linewidth=0.6
        )
        on.figure.add_artist(rule)
    sheet(0).down += 0.12
