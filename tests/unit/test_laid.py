"""Tables of any shape on slides: every cell whole, every row once, nothing below the footer."""

from __future__ import annotations

import functools
import io
import itertools

import numpy as np
import pandas as pd
import pytest
from pptx import Presentation

from qi_equity.report.laid import CELL, laid, paged
from qi_equity.report.parts import Listed, Pack, Page, Said
from qi_equity.report.slides import written
from qi_equity.view.table import Table

WORDS = (
    "women",
    "booked",
    "late",
    "Brackenford",
    "(synthetic)",
    "x1.58",
    "(1.37",
    "to",
    "1.81)",
    "62",
)
FOOTER = "An area. 1 May 2024 to 30 April 2025. Synthetic example data."


def some_page(seed: int) -> Page:
    """Sentences and up to three tables of cells of one to fourteen words."""
    rng = np.random.default_rng(seed)

    def words(most: int) -> str:
        return " ".join(rng.choice(WORDS, rng.integers(1, most)))

    blocks: list[Said | Listed] = []
    for nth in range(rng.integers(1, 4)):
        if rng.random() < 0.6:
            blocks.append(Said(tuple(words(40) for _ in range(rng.integers(1, 4))), "A heading"))
        columns, rows = rng.integers(2, 6), rng.integers(1, 40)
        cells = [
            (f"Row {nth}.{row}", *(words(15) for _ in range(columns - 1))) for row in range(rows)
        ]
        heads = tuple(words(4) for _ in range(columns))
        looks = {(row, 1): "concern" for row in range(0, rows, 3)}
        blocks.append(Listed(Table(f"Table {nth}", heads, tuple(cells)), looks))
    return Page(words(12), tuple(blocks), ("A note.",), FOOTER)


@functools.cache
def deck_of(seed: int):
    pack = Pack("project", "A pack", (some_page(seed),), pd.Timestamp("2026-01-05"))
    return Presentation(io.BytesIO(written(pack, None)))


def tables_of(page: Page) -> list[tuple[tuple[str, ...], ...]]:
    return [one.table.rows for one in page.blocks if isinstance(one, Listed)]


@pytest.mark.parametrize("seed", range(9))
def test_every_row_stands_on_some_slide_once_and_whole(seed):
    page = some_page(seed)
    deck = deck_of(seed)
    shown = []
    for slide in deck.slides:
        for shape in slide.shapes:
            if shape.has_table:
                rows = [tuple(cell.text for cell in row.cells) for row in shape.table.rows]
                assert len(rows) > 1, "a head without a row"
                shown += rows[1:]
    assert shown == [row for rows in tables_of(page) for row in rows]


@pytest.mark.parametrize("seed", range(9))
def test_no_table_stands_on_the_footer_or_on_what_is_above_it(seed):
    for slide in deck_of(seed).slides:
        footer = next(one for one in slide.shapes if one.has_text_frame and one.text == FOOTER)
        tables = [one for one in slide.shapes if one.has_table]
        for one in tables:
            assert one.top + one.height <= footer.top
        for above, below in itertools.pairwise(tables):
            assert above.top + above.height <= below.top


def test_parts_of_a_page_say_which_they_are_and_all_keep_its_notes_and_colours():
    page = some_page(3)
    parts = list(paged(page, 11_000_000, lambda _: 4_500_000))
    assert len(parts) > 1
    assert [one.title for one in parts] == [
        f"{page.title} ({n} of {len(parts)})" for n in range(1, len(parts) + 1)
    ]
    assert all(one.notes == page.notes and one.footer == page.footer for one in parts)
    marked = [
        one.table.rows[row]
        for part in parts
        for one in part.blocks
        if isinstance(one, Listed)
        for (row, _) in sorted(one.looks)
    ]
    assert marked == [
        one.table.rows[row]
        for one in page.blocks
        if isinstance(one, Listed)
        for (row, _) in sorted(one.looks)
    ]


def test_a_page_that_a_board_reads_stays_one_slide():
    page = some_page(5)
    board = Page(page.title, page.blocks, page.notes, page.footer, one=True)
    assert list(paged(board, 11_000_000, lambda _: 4_500_000)) == [board]


def test_a_cell_longer_than_a_slide_is_cut_and_shows_that_it_is():
    block = Listed(Table("", ("A", "B"), (("Row", "word " * 400),)))
    made = laid(block, 11_000_000)
    assert made.cells[1][1].endswith("…")
    assert made.heights[1] <= made.heights[0] * CELL
