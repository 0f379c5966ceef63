"""Pictures of the example audit, as a board and a planning group would see it.

    python docs/examples_of_audit.py ../shared/data

Writes docs/examples/example_lms-audit.png (every slide of the report), -audit-board.png (the one
page), -audit-rankings.png (both rankings as a chart, and the list it is of) and -audit-paper.png
(the first pages in Word). Needs LibreOffice and pdftoppm, as examples_of_reports.py does.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from examples_of_reports import EXAMPLES, ROOT, pages, sheet
from PIL import Image
from pptx import Presentation

from qi_equity import audit as room
from qi_equity.audit.written import made
from qi_equity.words import say

AUDIT = ROOT / "audits" / "example_lms.yaml"
PAPER, ALL = 8, 99  # pages in Word, and slides


def main(data: Path) -> None:
    """Make every sheet."""
    folders = (AUDIT.parent, data)
    found = room.audited(room.load(AUDIT, folders), folders, protected=True)
    with tempfile.TemporaryDirectory() as place:
        shown = {}
        for name, kind in (("board", "pptx"), ("audit", "pptx"), ("audit", "docx")):
            written = Path(place) / f"{name}-{kind}" / f"{name}.{kind}"
            written.parent.mkdir()
            written.write_bytes(made(found, name, kind))
            shown[name, kind] = [Image.open(path) for path in pages(written, written.parent, ALL)]
        slides = Presentation(str(Path(place) / "audit-pptx" / "audit.pptx")).slides
        ranked = [nth for nth, one in enumerate(slides) if about_rankings(one.shapes.title.text)]
        for name, sides in {
            "audit": shown["audit", "pptx"],
            "audit-board": shown["board", "pptx"],
            "audit-rankings": [shown["audit", "pptx"][nth] for nth in ranked],
            "audit-paper": shown["audit", "docx"][:PAPER],
        }.items():
            print(sheet(sides, EXAMPLES / f"{found.audit.id}-{name}.png"), flush=True)


def about_rankings(title: str) -> bool:
    """Whether a slide shows both rankings, or part of one."""
    return title.startswith((say("audit.title.drawn"), say("audit.title.ranked")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
