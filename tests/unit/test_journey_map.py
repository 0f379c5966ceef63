"""The module map in docs/explanation/journey.md names every room, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import qi_equity

ROOT = Path(__file__).parents[2]


def test_every_room_of_the_package_stands_in_the_map_and_no_other():
    package = Path(qi_equity.__file__).parent
    rooms = {
        path.stem
        for path in package.iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").is_file()
    }
    text = (ROOT / "docs/explanation/journey.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    named = {room for row in rows for room in re.findall(r"`(\w+)`", row)}
    assert named == rooms
