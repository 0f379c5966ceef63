"""Tables laid out for slides: whole cells, and as many slides as they take; nothing is drawn here.

A figure that is cut is a wrong figure, and half a list is another list. So a table that does not
fit goes on on the next slide, under the same title and the same head.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from qi_equity.report.fitting import EMU, LEADING, clipped_to, height, lines_of, width
from qi_equity.report.parts import Block, Drawn, Listed, Page, Said
from qi_equity.view.table import Table
from qi_equity.words import say

SMALLEST = 18  # points: readable from the back of a room, and at a third of its size
BOLD = 1.07  # how much wider bold letters are
PADDING = int(0.22 * 72 * EMU)  # of a cell, both sides
HEAD, CELL = 3, 8  # lines to which a head and a cell may grow
ROWS = 2  # of a table that has to fit under what stands above it, or it begins on the next slide
BETWEEN = int(0.1 * 72 * EMU)  # two blocks, and the same under a table
AFTER_TABLE = 3 * BETWEEN


@dataclass(frozen=True, slots=True)
class Laid:
    """The cells of a table as they are shown, and how high each row is, in EMU."""

    cells: list[list[str]]
    heights: list[int]

    @property
    def high(self) -> int:
        """How high the table is."""
        return sum(self.heights)


def widths(block: Listed, across: int) -> list[int]:
    """How wide each column is; none is narrower than the longest word of its head.

    >>> table = Table("", ("A", "Administration"), ())
    >>> widths(Listed(table, shares=(0.9, 0.1)), 300 * EMU)[1] > 100 * EMU
    True
    """
    heads = block.table.header
    shares = block.shares or (1 / len(heads),) * len(heads)
    asked = [int(across * share) for share in shares]
    least = [
        min(asked_least(word_of(block.table, place)), across // len(heads))
        for place in range(len(heads))
    ]
    short = sum(max(0, need - wide) for need, wide in zip(least, asked, strict=True))
    spare = sum(max(0, wide - need) for need, wide in zip(least, asked, strict=True))
    if not short:
        return asked
    part = min(1.0, short / spare) if spare else 0.0
    return [
        need if wide < need else wide - int((wide - need) * part)
        for need, wide in zip(least, asked, strict=True)
    ]


def word_of(table: Table, column: int) -> str:
    """The longest word of a column."""
    cells = [table.header[column], *(row[column] for row in table.rows)]
    return max((word for cell in cells for word in cell.split()), key=len, default="")


def asked_least(word: str) -> int:
    """The width of a column that holds a word, in EMU."""
    return PADDING + int((width(word, SMALLEST * BOLD) + 1) * EMU)


def laid(block: Listed, across: int, most: int = CELL) -> Laid:
    """A table with each cell cut to so many lines, which is none where there are enough."""
    wide = widths(block, across)
    rows = (block.table.header, *block.table.rows)
    cells = [
        [
            clipped_to(cell, room - PADDING, size(number, place), most if number else HEAD)
            for place, (cell, room) in enumerate(zip(row, wide, strict=True))
        ]
        for number, row in enumerate(rows)
    ]
    heights = [
        max(
            lines_of(cell, room - PADDING, size(number, place))
            for place, (cell, room) in enumerate(zip(row, wide, strict=True))
        )
        for number, row in enumerate(cells)
    ]
    return Laid(cells, [int(SMALLEST * LEADING * many + 7) * EMU for many in heights])


def size(row: int, column: int) -> float:
    """The size of a cell's letters as they are measured: heads and names are bold."""
    return SMALLEST * (1.0 if row and column else BOLD)


def within(block: Listed, across: int, room: int) -> Laid:
    """A table of a page that stays one: its cells as long as the room allows."""
    for most in (4, 3, 2, 1):
        made = laid(block, across, most)
        if made.high <= room:
            break
    return made


# ------------------------------------------------------------------ one page as several slides


@dataclass(slots=True)
class Paging:
    """Blocks put on one slide after another, each where the last one left room."""

    across: int
    room: int  # of a slide between its title and its footer, in EMU
    slides: list[list[Block]] = field(default_factory=lambda: [[]])
    left: int = 0

    def __post_init__(self) -> None:
        self.left = self.room

    def turn(self) -> None:
        """Go on on the next slide, if there is anything on this one."""
        if self.slides[-1]:
            self.slides.append([])
            self.left = self.room

    def put(self, block: Block, high: int) -> None:
        """A block on this slide."""
        self.slides[-1].append(block)
        self.left -= high

    def words(self, block: Said, under: Listed | None) -> None:
        """Sentences whole, on the slide of the table that they head."""
        high = height([*([block.heading] * bool(block.heading)), *block.lines], self.across,
                      SMALLEST) + 2 * BETWEEN  # fmt: skip
        if high + (_begun(under, self.across) if under else 0) > self.left:
            self.turn()
        self.put(block, high)

    def table(self, block: Listed) -> None:
        """Rows whole, as many to a slide as it holds, and about as many on each."""
        made = laid(block, self.across)
        if _begun(block, self.across) > self.left:
            self.turn()
        parts = _runs(made.heights, self.left - AFTER_TABLE, self.room - AFTER_TABLE)
        for nth, (start, end) in enumerate(parts):
            if nth:
                self.turn()
            high = made.heights[0] + sum(made.heights[start + 1 : end + 1])
            self.put(_rows(block, start, end), high + AFTER_TABLE)


def _begun(block: Listed, across: int) -> int:
    """The height of a table's head and first rows: less is no beginning."""
    return sum(laid(block, across).heights[: 1 + ROWS]) + AFTER_TABLE


def _runs(heights: Sequence[int], first: int, room: int) -> list[tuple[int, int]]:
    """From which row to which each slide goes: what fits, shared evenly over as few as hold it.

    >>> _runs([1, 1, 1, 1, 1], 4, 4)
    [(0, 2), (2, 4)]
    >>> _runs([1, 3], 2, 4), _runs([1], 9, 9)
    ([(0, 1)], [(0, 0)])
    """
    many = len(heights) - 1
    fewest = len(_filled(heights, first, room, many))
    for slides in range(fewest, many + 1):
        runs = _filled(heights, first, room, -(-many // slides))
        if len(runs) <= slides:
            return runs
    return _filled(heights, first, room, many)


def _filled(heights: Sequence[int], first: int, room: int, most: int) -> list[tuple[int, int]]:
    """Slides filled one after another, none with more rows than that, each with one at least."""
    head, rows = heights[0], heights[1:]
    runs, start = list[tuple[int, int]](), 0
    while not runs or start < len(rows):
        end, held = start, head
        while end < len(rows) and end - start < most:
            if end > start and held + rows[end] > (room if start else first):
                break
            held += rows[end]
            end += 1
        runs.append((start, end))
        start = end
    return runs


def _rows(block: Listed, start: int, end: int) -> Listed:
    """Some rows of a table, with the colours of their marks."""
    looks = {
        (row - start, column): look
        for (row, column), look in block.looks.items()
        if start <= row < end
    }
    return replace(block, looks=looks, table=replace(block.table, rows=block.table.rows[start:end]))


def may_go_on(page: Page) -> bool:
    """Whether a page may take several slides: it holds tables, and nobody counts its slides."""
    tables = any(isinstance(one, Listed) for one in page.blocks)
    return tables and not page.one and not any(isinstance(one, Drawn) for one in page.blocks)


def paged(page: Page, across: int, room: Callable[[Page], int]) -> Iterator[Page]:
    """A page as the slides that hold its tables whole; most are one."""
    if not may_go_on(page):
        yield page
        return
    titled = replace(page, title=say("report.part", title=page.title, part=1, parts=2))
    paging = Paging(across, min(room(page), room(titled)))
    for block, after in zip(page.blocks, (*page.blocks[1:], None), strict=True):
        if isinstance(block, Said):
            paging.words(block, after if isinstance(after, Listed) else None)
        elif isinstance(block, Listed):
            paging.table(block)
    parts = len(paging.slides)
    for nth, blocks in enumerate(paging.slides, 1):
        told = say("report.part", title=page.title, part=nth, parts=parts)
        yield replace(page, title=told if parts > 1 else page.title, blocks=tuple(blocks))
