"""The methods page tells of every module of statistics; every constant has its source."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
MODULES = sorted(
    path
    for room in ("spc", "equity")
    for path in (ROOT / "src" / "qi_equity" / room).glob("*.py")
    if path.stem != "__init__"
)
NUMBER = re.compile(r"[A-Z][A-Z0-9_]*(, [A-Z][A-Z0-9_]*)*(: [^=]+)? = .*\d")


def name_of(path):
    return f"{path.parent.name}.{path.stem}"


def test_every_module_of_statistics_is_on_the_page():
    assert [name_of(path) for path in MODULES if f"`{name_of(path)}`" not in PAGE] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_constant_carries_its_source_or_reason(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    bare = [
        line
        for before, line in zip(["", *lines], lines, strict=False)
        if NUMBER.match(line)
        and " # " not in line
        and not before.startswith("#")
        and not NUMBER.match(before)  # one reason for constants that stand together
    ]
    assert bare == []
