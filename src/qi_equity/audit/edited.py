"""An edited plan as pieces of text with their places, out of Markdown or Word; no line is read.

Everything that somebody wrote becomes a piece: what of it belongs where is `plan`'s to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qi_equity.errors import UserError
from qi_equity.plain import REORDERING, UNSEEN, problem_of
from qi_equity.project_file.tree import not_text

HEADING = re.compile(r"(?P<marks>#(?= )|#{2,6}) *(?P<text>.+?) *#*")
BULLET = re.compile(r"\s*(?:[-*+•–—‣▪]|\d+[.)])\s+(?P<text>.*)")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
ROW = re.compile(r"\s*\|(?P<cells>.+)\|\s*")
# A rule across the page, or what parts the head of a table from its rows.
RULED = re.compile(r"\s*(?:([-*_]\s*){3,}|[|:\s-]*-[|:\s-]*)")
# A list's paragraphs have the style of one, or are numbered; those of headings tell their level.
LISTED = re.compile(r"List\b.*")
LEVEL = re.compile(r"Heading (\d)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of text: a heading of a level, a bullet, or text that runs on from the one before."""

    at: int  # the line of a text, the paragraph of a Word document
    text: str
    level: int = 0
    bullet: bool = False
    apart: bool = False  # a paragraph of its own
    joint: str = " "  # between it and what it runs on from


def pieces(path: Path) -> list[Piece]:
    """Every piece of an edited plan, in order; empty ones are left out."""
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")
    found = _of_word(path) if path.suffix.lower() == ".docx" else _of_text(path)
    plainly = [replace(one, text=_plain(one.text)) for one in found]
    return [one for one in plainly if one.text]


def _plain(text: str) -> str:
    """Text without what cannot be seen and what a project file refuses; Word leaves both behind.

    >>> _plain("Induction\\x0bwaits\\u200b")
    'Induction waits'
    """
    seen = "".join(one for one in text if one not in UNSEEN | REORDERING)
    return "".join(" " if problem_of(one, lines=False) else one for one in seen).strip()


def document_maker() -> Any:
    """What makes and reads Word documents; it comes with an extra."""
    try:
        from docx import Document
    except ModuleNotFoundError as missing:
        raise UserError("a plan in Word needs: pip install 'qi-equity[report]'") from missing
    return Document


# ------------------------------------------------------------------ Markdown


def _of_text(path: Path) -> Iterator[Piece]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise UserError(f"{path}: {not_text(wrong)}") from wrong
    apart = True
    # A comment is not shown to a reader; its lines stay, so that places are right.
    for at, line in enumerate(COMMENT.sub(lambda c: "\n" * c[0].count("\n"), text).split("\n"), 1):
        if not line.strip() or RULED.fullmatch(line):
            apart = True
            continue
        heading, bullet = HEADING.fullmatch(line.rstrip()), BULLET.fullmatch(line)
        row = ROW.fullmatch(line)
        if heading:
            yield Piece(at, heading["text"].strip(), level=len(heading["marks"]))
        elif row:
            cells = re.split(r"(?<!\\)\|", row["cells"])
            yield Piece(at, _row(cells), apart=True, joint="\n")
        elif bullet:
            yield Piece(at, bullet["text"].strip(), bullet=True, joint="\n")
        else:
            # Text that is set in belongs to what stands above it, after an empty line too.
            yield Piece(at, line.strip(), apart=apart and not line.startswith((" ", "\t")))
        apart = False


def _row(cells: list[str]) -> str:
    """A row of a table as a key and what is said of it."""
    first, *rest = (" ".join(cell.split()) for cell in cells)
    return f"{first}: {' | '.join(rest)}" if any(rest) else first


# ------------------------------------------------------------------ Word

GONE = ("del", "moveFrom", "Fallback", "instrText")  # taken out, or there twice
BREAKS = {"br": "\n", "cr": "\n", "tab": " ", "noBreakHyphen": "-"}


def _of_word(path: Path) -> Iterator[Piece]:
    from docx.text.paragraph import Paragraph

    document = _opened(path)
    for at, block in enumerate(_blocks(document.element.body), 1):
        if _name(block) == "tr":
            cells = [" ".join(_paragraphs(cell)) for cell in block if _name(cell) == "tc"]
            if cells and not _taken_out(block):
                yield Piece(at, _row(cells).strip(), apart=True, joint="\n")
            continue
        style = str(Paragraph(block, document).style.name)
        level = LEVEL.fullmatch(style)
        numbered = block.pPr is not None and block.pPr.numPr is not None
        first, *more = (" ".join(line.split()) for line in _text(block).split("\n"))
        if level or style == "Title":
            told = " ".join([first, *more]).strip()
            yield Piece(at, told, level=int(level[1]) if level else 1)
            continue
        bullet = bool(LISTED.fullmatch(style)) or numbered
        yield Piece(at, first, bullet=bullet, apart=not bullet, joint="\n")
        for line in more:  # a line broken within its paragraph
            yield Piece(at, line, joint="\n")


def _opened(path: Path) -> Any:
    from zipfile import BadZipFile

    make = document_maker()
    from docx.opc.exceptions import PackageNotFoundError

    try:
        return make(str(path))
    except (BadZipFile, PackageNotFoundError, KeyError, ValueError) as wrong:
        raise UserError(f"{path}: this is no Word document (.docx)") from wrong


def _name(element: Any) -> str:
    """The name of an element, without the long one of its kind."""
    return str(element.tag).rpartition("}")[2]


def _blocks(parent: Any) -> Iterator[Any]:
    """Paragraphs and rows of tables in their order, those tracked or in a control among them."""
    for block in parent:
        name = _name(block)
        if name in ("p", "tr"):
            yield block
        elif name not in GONE:
            yield from _blocks(block)


def _taken_out(row: Any) -> bool:
    marks = (one for part in row if _name(part) == "trPr" for one in part)
    return any(_name(one) == "del" for one in marks)


def _paragraphs(parent: Any) -> Iterator[str]:
    yield from (" ".join(_text(block).split()) for block in parent.iter() if _name(block) == "p")


def _text(element: Any) -> str:
    """The text of a paragraph as it stands once every tracked change is accepted."""
    parts = []
    for one in element:
        name = _name(one)
        if name in GONE:
            continue
        parts.append(str(one.text or "") if name == "t" else BREAKS.get(name) or _text(one))
    return "".join(parts)
