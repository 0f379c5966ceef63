"""A pack as PowerPoint: native charts, text that can be edited, notes, alt text; no sums here."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from pptx import Presentation
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.exc import PackageNotFoundError
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls
from pptx.util import Emu, Inches, Pt

from qi_equity.errors import UserError
from qi_equity.findings import Findings
from qi_equity.report.fitting import AFTER, LEADING, clipped_to, fitted, headed, height, lines_of
from qi_equity.report.laid import BOLD, SMALLEST, Laid, laid, may_go_on, paged, widths, within
from qi_equity.report.marks import MARKS
from qi_equity.report.native import add, colour, told
from qi_equity.report.parts import Drawn, Listed, Pack, Page, Said
from qi_equity.report.steady import steady
from qi_equity.words import say

WIDE, HIGH = Inches(13.333), Inches(7.5)
TITLE, OPENING = 28, 38
LEAST_TITLE, LEAST_LINE = 22, 24  # of a title at all, and of one that so comes into one line
LEFT, RIGHT = Inches(0.5), Inches(0.5)
TOP, FOOT = Inches(0.35), Inches(0.72)
LARGER = (26, 24, 22, 20, 18)  # sizes of words on a page of nothing else, the largest that fits
BETWEEN = Inches(0.1)
KEY_LINES = 3
TITLE_ONLY = "Title Only"  # the layout's name
TEMPLATE_TYPE = b"presentationml.template.main+xml"
SLIDES_TYPE = b"presentationml.presentation.main+xml"


def written(pack: Pack, findings: Findings, template: Path | None = None) -> bytes:
    """The pack as the bytes of a .pptx, on the trust's own template where there is one."""
    deck = _deck(template)
    own = template is None
    across, foot = int(deck.slide_width - LEFT - RIGHT), int(deck.slide_height - FOOT)

    def room(page: Page) -> int:
        return foot - _begin(deck, page, across, own) - int(BETWEEN)

    for page in pack.pages:
        for part in paged(page, across, room):
            Slide(deck, part, own).fill()
    about = deck.core_properties
    about.title, about.subject, about.author = pack.title, pack.subject, say("labels.product")
    about.last_modified_by, about.revision, about.keywords = say("labels.product"), 1, pack.name
    about.language = say("language.code")
    about.created = about.modified = pack.day.to_pydatetime()
    kept = io.BytesIO()
    deck.save(kept)
    return steady(kept.getvalue(), pack.day)


def _deck(template: Path | None) -> Any:
    """An empty deck: plain and wide, or the trust's own without its slides."""
    if template is None:
        deck = Presentation()
        deck.slide_width, deck.slide_height = WIDE, HIGH
        _plain_theme(deck)
        return deck
    try:
        deck = Presentation(io.BytesIO(_as_deck(template.read_bytes())))
    except (zipfile.BadZipFile, PackageNotFoundError, KeyError, ValueError) as wrong:
        raise UserError(
            f"{template}: is no PowerPoint template; give a .potx or .pptx file"
        ) from wrong
    slides = deck.slides._sldIdLst
    for one in list(slides):
        deck.part.drop_rel(one.rId)
        slides.remove(one)
    return deck


def _as_deck(held: bytes) -> bytes:
    """A template (.potx) as a deck: it differs in one word of its table of contents."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(held)) as before, zipfile.ZipFile(made, "w") as after:
        for entry in before.infolist():
            part = before.read(entry)
            if entry.filename == "[Content_Types].xml":
                part = part.replace(TEMPLATE_TYPE, SLIDES_TYPE)
            after.writestr(entry, part)
    return made.getvalue()


def _plain_theme(deck: Any) -> None:
    """Arial, which every machine of the NHS has, in place of the library's own font."""
    master = deck.slide_master.part
    for relation in master.rels.values():
        if relation.reltype.endswith("/theme"):
            part = relation.target_part
            part._blob = part.blob.replace(b'typeface="Calibri"', b'typeface="Arial"')


class Slide:
    """One page on one slide: the title, the blocks one under the other, the footer, the notes."""

    def __init__(self, deck: Any, page: Page, own: bool):
        self.page, self.own = page, own
        self.wide, self.high = int(deck.slide_width), int(deck.slide_height)
        self.size = SMALLEST
        self.cut: list[str] = []  # sentences that did not fit, for the notes
        self.slide = deck.slides.add_slide(_layout(deck, TITLE_ONLY))
        self.across = self.wide - int(LEFT) - int(RIGHT)
        self.whole = may_go_on(page)

    def fill(self) -> None:
        """Put everything in its place."""
        top = self._title()
        foot = self.high - int(FOOT)
        self._footer(foot)
        self.size = self._size(foot - top)
        rest = self._heights(foot - top - int(BETWEEN))
        for block, tall in zip(self.page.blocks, rest, strict=True):
            place = (int(LEFT), top, self.across, tall - int(BETWEEN))
            if isinstance(block, Said):
                self._said(block, place)
            elif isinstance(block, Drawn):
                self._drawn(block, place)
            else:
                self._listed(block, place)
            top += tall
        notes = [self.page.title, *self.cut, *self.page.notes]
        self.slide.notes_slide.notes_text_frame.text = "\n".join(notes)

    def _title(self) -> int:
        """The message; where the blocks may begin."""
        box = self.slide.shapes.title
        if self.own:
            box.left, box.top, box.width = LEFT, TOP, self.across
        text, size, high = titled(self.page, int(box.width))
        if self.own:
            box.height = high
        frame = box.text_frame
        frame.word_wrap = True
        frame.text = text
        frame.vertical_anchor = MSO_ANCHOR.TOP
        paragraph = frame.paragraphs[0]
        paragraph.alignment = PP_ALIGN.LEFT if self.own else None
        run = paragraph.runs[0] if paragraph.runs else paragraph.add_run()
        run.font.size = Pt(size)
        if self.own:
            run.font.bold, run.font.color.rgb = True, colour("ink")
            _tight(frame)
        return int(box.top) + int(box.height) + int(BETWEEN)

    def _footer(self, top: int) -> None:
        text = clipped_to(self.page.footer, self.across, SMALLEST, 2)
        frame = self._box((int(LEFT), top, self.across, int(FOOT) - int(BETWEEN)))
        frame.text = text
        self._dress(frame, "muted")

    def _heights(self, room: int) -> list[int]:
        """How the room is shared: tables take what they need, charts at least half, words the rest.

        Words that do not fit are cut to whole sentences; all of them stand in the notes.
        """
        blocks = self.page.blocks
        charts = sum(isinstance(block, Drawn) for block in blocks)
        spare = room - (room // 2 if charts else 0)
        least = sum(self._tall(block, 1) for block in blocks if isinstance(block, Said))
        most = max(spare - least - 2 * int(BETWEEN), spare // 3)
        tables = {
            place: self._fit(one, most).high + 2 * int(BETWEEN)
            for place, one in enumerate(blocks)
            if isinstance(one, Listed)
        }
        left = spare - sum(tables.values())
        held = tables | self._shared(max(left, room // 5))
        drawn = (room - sum(held.values())) // max(1, charts)
        return [held.get(place, drawn) for place in range(len(blocks))]

    def _shared(self, left: int) -> dict[int, int]:
        """The room that each block of words gets: a sentence each in turn, while there is room."""
        said = {n: one for n, one in enumerate(self.page.blocks) if isinstance(one, Said)}
        shown = dict.fromkeys(said, 1)
        high = {place: self._tall(block, 1) for place, block in said.items()}
        if (least := sum(high.values())) > left:
            return {place: left * tall // least for place, tall in high.items()}
        waiting = list(reversed(said))  # the last of a page are the shortest
        while waiting:
            place = waiting.pop(0)
            taller = self._tall(said[place], shown[place] + 1)
            fits = sum(high.values()) - high[place] + taller <= left
            if fits and shown[place] < len(said[place].lines):
                shown[place] += 1
                high[place] = taller
                waiting.append(place)
        return high

    def _tall(self, block: Said, shown: int) -> int:
        """How high words are with so many of their sentences, and how many more there are."""
        more = block.more + max(0, len(block.lines) - shown)
        lines = headed(block.heading, block.lines[:shown], more)
        return height(lines, self.across, self.size) + int(BETWEEN) + int(Pt(AFTER))

    def _size(self, room: int) -> int:
        """How large words are: larger on a page of nothing else."""
        blocks = [block for block in self.page.blocks if isinstance(block, Said)]
        if len(blocks) < len(self.page.blocks):
            return SMALLEST
        lines = [line for block in blocks for line in (*block.lines, block.heading)]
        fits = (size for size in LARGER if height(lines, self.across, size) < room * 0.9)
        return next(fits, SMALLEST)

    def _said(self, block: Said, place: tuple[int, int, int, int]) -> None:
        frame = self._box(place)
        lines = fitted(block.heading, block.lines, block.more, *place[2:], self.size)
        held = {*lines, *self.page.notes}
        self.cut += [line for line in block.lines if line not in held]
        frame.text = "\n".join(lines)
        self._dress(frame, "ink", self.size)
        for paragraph in frame.paragraphs:
            paragraph.space_after = Pt(AFTER)
        if block.heading and frame.paragraphs[0].runs:
            frame.paragraphs[0].runs[0].font.bold = True

    def _box(self, place: tuple[int, int, int, int]) -> Any:
        box = self.slide.shapes.add_textbox(*map(Emu, place))
        box.text_frame.word_wrap = True
        _tight(box.text_frame)
        return box.text_frame

    def _dress(self, frame: Any, look: str, size: int = SMALLEST) -> None:
        for paragraph in frame.paragraphs:
            for run in paragraph.runs:
                run.font.size = Pt(size)
                if self.own or look != "ink":
                    run.font.color.rgb = colour(look)

    def _drawn(self, block: Drawn, place: tuple[int, int, int, int]) -> None:
        """The charts in rows, and under them the key to their marks."""
        left, top, wide, high = place
        key = "   ".join(map("".join, keyed(block)))
        lines = min(KEY_LINES, lines_of(key, wide, SMALLEST)) if key else 0
        high -= int(Pt(lines * SMALLEST * LEADING))
        rows, many = -(-len(block.panels) // block.across), len(block.panels)
        # Panels over one another share their times: the lowest has the dates, and room for them.
        dates = int(Pt(SMALLEST * LEADING)) if rows > 1 else 0
        each, tall = wide // block.across, (high - dates) // rows
        for place_, panel in enumerate(block.panels):
            row, column = divmod(place_, block.across)
            lowest = place_ + block.across >= many
            here = (left + column * each, top + row * tall, each, tall + dates * lowest)
            add(self.slide.shapes, panel, here, SMALLEST, dated=lowest)
        if key:
            self._key(block, (left, top + high, wide, place[3] - high))

    def _key(self, block: Drawn, place: tuple[int, int, int, int]) -> None:
        paragraph = self._box(place).paragraphs[0]
        for (look, _, _), (mark, name) in zip(block.key, keyed(block), strict=True):
            for text, tone in ((mark, look), (f"{name}   ", "ink")):
                run = paragraph.add_run()
                run.text = text
                run.font.size = Pt(SMALLEST)
                run.font.color.rgb = colour("limit" if tone == "grid" else tone)

    def _fit(self, block: Listed, room: int) -> Laid:
        """The cells of a table: whole, but on a page that stays one whatever it holds."""
        if self.whole:
            return laid(block, self.across)
        return within(block, self.across, room)

    def _listed(self, block: Listed, place: tuple[int, int, int, int]) -> None:
        made = self._fit(block, place[3] + 2 * int(BETWEEN))
        wide, high = widths(block, self.across), Emu(made.high)
        size = (len(made.cells), len(wide))
        frame = self.slide.shapes.add_table(*size, *map(Emu, place[:3]), high)
        told(frame, block.table.caption, block.said)
        table = frame.table
        _plain_table(frame)
        whole = (cell for row in (block.table.header, *block.table.rows) for cell in row)
        shown = (cell for row in made.cells for cell in row)
        self.cut += [one for one, cut in zip(whole, shown, strict=True) if one != cut]
        for column, each in zip(table.columns, wide, strict=True):
            column.width = Emu(each)
        for number, row in enumerate(made.cells):
            table.rows[number].height = Emu(made.heights[number])
            for place_, text in enumerate(row):
                self._cell(table.cell(number, place_), text, block, number, place_)

    def _cell(self, cell: Any, text: str, block: Listed, row: int, column: int) -> None:
        cell.text = text
        _ruled(cell)
        cell.margin_top = cell.margin_bottom = Pt(3)
        cell.margin_left = cell.margin_right = Inches(0.1)
        cell.fill.solid()
        cell.fill.fore_color.rgb = colour("paper" if row else "grid")
        look = block.looks.get((row - 1, column), "ink")
        for paragraph in cell.text_frame.paragraphs:
            if column in block.table.numeric:
                paragraph.alignment = PP_ALIGN.RIGHT
            for run in paragraph.runs:
                run.font.size = Pt(SMALLEST)
                run.font.bold = row == 0 or column == 0
                run.font.color.rgb = colour(look)


def keyed(block: Drawn) -> list[tuple[str, str]]:
    """The key to the marks as letters: each mark and its words, which no line end parts."""
    return [
        (MARKS[mark], ("\u00a0" if MARKS[mark] else "") + name.replace(" ", "\u00a0"))
        for _, mark, name in block.key
    ]


def titled(page: Page, wide: int) -> tuple[str, int, int]:
    """A title as it is shown, the size of its letters, and how high it stands.

    The largest letters that one line holds; two lines where one would be of small ones.
    """
    text = clipped_to(page.title, wide, LEAST_TITLE * BOLD, 2)
    sizes = range(OPENING if page.opening else TITLE, LEAST_TITLE - 1, -2)
    fits = (
        size
        for lines, least in ((1, LEAST_LINE), (2, LEAST_TITLE))
        for size in sizes
        if size >= least and lines_of(text, wide, size * BOLD) <= lines
    )
    size = next(fits, LEAST_TITLE)
    lines = lines_of(text, wide, size * BOLD)
    return text, size, int(Pt(size * LEADING * lines)) + int(BETWEEN)


def _begin(deck: Any, page: Page, across: int, own: bool) -> int:
    """Where the blocks of a page begin, under its title."""
    if own:
        return int(TOP) + titled(page, across)[2] + int(BETWEEN)
    box = next(held for held in _layout(deck, TITLE_ONLY).placeholders if _is_title(held))
    return int(box.top) + int(box.height) + int(BETWEEN)


def _layout(deck: Any, name: str) -> Any:
    """The layout with a title alone: by its name, else any with a title."""
    layouts = list(deck.slide_layouts)
    named = next((one for one in layouts if one.name.lower() == name.lower()), None)
    if named is not None:
        return named
    alone = [one for one in layouts if any(_is_title(held) for held in one.placeholders)]
    alone.sort(key=lambda one: len(list(one.placeholders)))
    if not alone:
        raise UserError("the template has no layout with a title")
    return alone[0]


def _is_title(held: Any) -> bool:
    return int(held.placeholder_format.idx) == 0


def _tight(frame: Any) -> None:
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0


def _ruled(cell: Any) -> None:
    """A thin rule under a cell, so that empty ones can be written in."""
    about = cell._tc.get_or_add_tcPr()
    rule = parse_xml(
        f'<a:lnB {nsdecls("a")} w="9525"><a:solidFill><a:srgbClr val="{colour("limit")}"/>'
        "</a:solidFill></a:lnB>"
    )
    about.insert(0, rule)


def _plain_table(frame: Any) -> None:
    """A table without the library's banded style: our own ground, thin rules."""
    held = frame._element.graphic.graphicData.tbl
    style = held.tblPr
    style.set("bandRow", "0")
    style.set("firstRow", "1")
    for one in list(style):
        style.remove(one)
