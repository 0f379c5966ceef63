"""A pack as a Word document: prose to be edited, tables, native charts; no sums here."""

from __future__ import annotations

import io
import re
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE as RELATION
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from docx.shared import Emu, Mm, Pt, RGBColor
from pptx import Presentation

from qi_equity.findings import Findings
from qi_equity.report.marks import MARKS
from qi_equity.report.native import add
from qi_equity.report.parts import Cloud, Drawn, Forest, Listed, Pack, Panel, Said
from qi_equity.report.steady import steady
from qi_equity.view.theme import LIGHT
from qi_equity.words import say

FONT, SIZE, SMALL = "Arial", 12, 10  # points
A4 = (Mm(210), Mm(297))
EDGE = Mm(18)
WHOLE = 15  # rows of a table that stands on one page
ACROSS = A4[0] - 2 * EDGE
CHART = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
BOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DRAWING = (
    '<w:drawing xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    '<wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
    '<wp:extent cx="{wide}" cy="{high}"/><wp:docPr id="{number}" name="" descr=""/>'
    '<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
    '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/chart">'
    '<c:chart xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'r:id="{relation}"/></a:graphicData></a:graphic></wp:inline></w:drawing>'
)


def written(pack: Pack, findings: Findings, template: object = None) -> bytes:
    """The pack as the bytes of a .docx."""
    document = Document()
    _styled(document)
    about = document.core_properties
    about.title, about.subject, about.author = pack.title, pack.subject, say("labels.product")
    about.comments, about.last_modified_by = "", say("labels.product")
    about.language = say("language.code")
    about.created = about.modified = pack.day.to_pydatetime()
    document.add_heading(pack.subject, 0)
    # Charts are made as those of the slides, and moved over with the workbooks of their data.
    bench = Presentation()
    desk = bench.slides.add_slide(bench.slide_layouts[6]).shapes
    number = 0
    for page in pack.pages:
        if page.title not in pack.subject:  # which stands above already
            document.add_heading(page.title, 1)
        for block in page.blocks:
            if isinstance(block, Said):
                _said(document, block)
            elif isinstance(block, Listed):
                _listed(document, block)
            else:
                number = _drawn(document, block, desk, number)
        under = document.add_paragraph()
        run = under.add_run(page.footer)
        run.font.size, run.font.color.rgb = Pt(SMALL), _colour("muted")
    _notes(document, pack)
    kept = io.BytesIO()
    document.save(kept)
    return steady(kept.getvalue(), pack.day)


def _notes(document: Any, pack: Pack) -> None:
    """What to say with each page, after all of them: two pages of a board stay two."""
    told = [(page.title, page.beside) for page in pack.pages if page.beside]
    if not told:
        return
    document.add_page_break()
    document.add_heading(say("report.notes_each"), 1)
    for title, notes in told:
        document.add_heading(title, 2)
        for note in notes:
            document.add_paragraph(note)


def _colour(look: str) -> RGBColor:
    return RGBColor.from_string(LIGHT[look][1:].upper())


def _styled(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = A4
    section.left_margin = section.right_margin = section.top_margin = EDGE
    section.bottom_margin = EDGE
    for name, size in (("Normal", SIZE), ("Title", 22), ("Heading 1", 16), ("Heading 2", 13)):
        style = document.styles[name]
        style.font.name, style.font.size = FONT, Pt(size)
        style.font.color.rgb = _colour("ink")
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for held in list(fonts.attrib):
            if held.endswith("Theme"):
                del fonts.attrib[held]
        for script in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
            fonts.set(qn(script), FONT)


def _said(document: Any, block: Said) -> None:
    if block.heading:
        document.add_heading(block.heading, 2)
    for line in block.lines:
        document.add_paragraph(line)
    if block.more:
        document.add_paragraph(say("report.more", count=block.more))


def _listed(document: Any, block: Listed) -> None:
    """A table with a head that is repeated on every page."""
    cells = (block.table.header, *block.table.rows)
    table = document.add_table(rows=len(cells), cols=len(block.table.header), style="Table Grid")
    table.autofit = False
    shares = block.shares or (1 / len(block.table.header),) * len(block.table.header)
    for column, share in zip(table.columns, shares, strict=True):
        column.width = Emu(int(ACROSS * share))
    for number, row in enumerate(cells):
        whole = table.rows[number]._tr.get_or_add_trPr()  # a row stands on one page
        whole.append(parse_xml(f'<w:cantSplit {_space()} w:val="true"/>'))
        for column, text in enumerate(row):
            cell = table.cell(number, column)
            cell.width = Emu(int(ACROSS * shares[column]))
            paragraph = cell.paragraphs[0]
            # A short table stands on one page with what follows: each row holds on to the next.
            paragraph.paragraph_format.keep_with_next = len(cells) <= WHOLE
            run = paragraph.add_run(text)
            run.font.size, run.font.bold = Pt(SMALL), number == 0 or column == 0
            run.font.color.rgb = _colour(block.looks.get((number - 1, column), "ink"))
            if column in block.table.numeric:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    margins = "".join(f'<w:{side} w:w="90" w:type="dxa"/>' for side in ("left", "right"))
    table._tbl.tblPr.append(parse_xml(f"<w:tblCellMar {_space()}>{margins}</w:tblCellMar>"))
    about = table.rows[0]._tr.get_or_add_trPr()
    about.append(parse_xml(f'<w:tblHeader {_space()} w:val="true"/>'))
    caption = parse_xml(f"<w:tblDescription {_space()}/>")
    caption.set(qn("w:val"), block.said)
    table._tbl.tblPr.append(caption)
    document.add_paragraph().paragraph_format.keep_with_next = len(cells) <= WHOLE


def _space() -> str:
    return 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def _drawn(document: Any, block: Drawn, desk: Any, number: int) -> int:
    """The charts side by side in one paragraph, and the key to their marks."""
    across = min(block.across, 2)
    wide, high = int(ACROSS / across), int(Mm(62 if across > 1 else 80))
    longest = max((len(one.rows) for one in block.panels if isinstance(one, Forest)), default=0)
    high = max(high, int(Mm(20 + 14 * longest))) if longest else high
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.keep_with_next = True  # its key and its source
    for panel in block.panels:
        number += 1
        run = paragraph.add_run()
        run._r.append(_chart(document, panel, desk, number, (wide, high)))
    key = document.add_paragraph()
    key.paragraph_format.keep_with_next = True
    for look, mark, name in block.key:
        for text, tone in ((MARKS[mark], look), (f" {name}   ", "ink")):
            run = key.add_run(text)
            run.font.size = Pt(SMALL)
            run.font.color.rgb = _colour("limit" if tone == "grid" else tone)
    return number


def _chart(document: Any, panel: Panel | Cloud | Forest, desk: Any, number: int, size: Any) -> Any:
    """One native chart and the workbook of its data, as parts of the document."""
    frame = add(desk, panel, (0, 0, *size), SMALL)
    frame.chart.font.name = FONT
    made = frame.chart.part
    package = document.part.package
    book = Part(
        PackURI(f"/word/embeddings/chart{number}.xlsx"),
        BOOK,
        made.chart_workbook.xlsx_part.blob,
        package,
    )
    chart = Part(PackURI(f"/word/charts/chart{number}.xml"), CHART, b"", package)
    relation = chart.relate_to(book, RELATION.PACKAGE)
    held = re.sub(rb'(<c:externalData [^>]*r:id=")[^"]*', rb"\g<1>" + relation.encode(), made.blob)
    chart._blob = held
    drawing = parse_xml(
        DRAWING.format(
            wide=size[0], high=size[1], number=number,
            relation=document.part.relate_to(chart, RELATION.CHART),
        )
    )  # fmt: skip
    about = drawing.find(f".//{qn('wp:docPr')}")
    assert about is not None  # it stands in the text above
    about.set("name", panel.title)
    about.set("descr", panel.alt)
    return drawing
