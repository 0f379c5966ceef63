"""The methods page tells of every module of statistics; every constant has its source."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

import qi_equity
from qi_equity.project import ChartKind
from qi_equity.project_file.cross_checks import FITS
from qi_equity.spc.charts import CHARTS

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


@pytest.mark.parametrize("kind", CHARTS)
def test_every_kind_of_chart_can_be_asked_for_and_looked_up(kind):
    # On the page p' stands for pp, and a row may be of two kinds.
    rows = re.findall(r"^\| ([^|]+) \|", PAGE, flags=re.MULTILINE)
    named = {{"p'": "pp", "u'": "up"}.get(name, name) for row in rows for name in row.split(", ")}
    assert kind in named
    assert kind in get_args(ChartKind)
    assert any(kind in charts for charts in FITS.values())
    told = re.search(r"``kind`` is (.*?), of ``numerator``", qi_equity.chart.__doc__, re.DOTALL)
    assert told is not None
    assert kind in re.split(r", | or ", told[1])
