"""Every picture of the app is shown in the gallery, and none that is not taken any more."""

from __future__ import annotations

import re
import sys
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_every_page_and_state_is_in_the_gallery_and_is_one_that_is_photographed(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    from screenshots import FOLDER, pictures
    from screenshots_of_states import ODD

    for name in ("screenshots", "screenshots_of_states"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    there = {path.stem for path in FOLDER.glob("*.png")}
    shown = set(
        re.findall(r"screenshots/([\w-]+)\.png", (DOCS / "gallery.md").read_text(encoding="utf-8"))
    )
    assert there == shown
    assert there == {*pictures(), *ODD}
