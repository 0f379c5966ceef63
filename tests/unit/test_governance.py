"""What reviewers are told is held against the code: the tests it names are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "SECURITY.md", ROOT / "docs/explanation/faults.md",
         *sorted((ROOT / "docs/governance").glob("*.md"))]  # fmt: skip
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@cache
def named_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(one.name for one in tree.body if isinstance(one, ast.FunctionDef))


def rows(name: str) -> dict[str, str]:
    """The numbered rows of a page's table."""
    text = (ROOT / "docs/governance" / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^\| ([HT]\d+) \| (.*)$", text, flags=re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_a_page_names_is_there(page):
    named = TEST.findall(page.read_text(encoding="utf-8"))
    gone = [f"{path}::{name}" for path, name in named if name not in named_in(ROOT / path)]
    assert not gone


@pytest.mark.parametrize(("number", "row"), rows("threat-model.md").items())
def test_every_threat_names_the_test_that_plays_it(number, row):
    assert TEST.search(row), number


@pytest.mark.parametrize(("number", "row"), rows("hazard-log.md").items())
def test_every_hazard_names_what_shows_that_something_stands_against_it(number, row):
    cells = [cell.strip() for cell in row.rstrip("|").split("|")]
    assert len(cells) == 6, "hazard, cause, effect, what stands against it, shown by, what remains"
    assert all(cells), number
    assert TEST.search(cells[4]) or "](" in cells[4], number


def test_numbers_are_given_once_and_without_gaps():
    for name, least in (("threat-model.md", 20), ("hazard-log.md", 15)):
        numbers = [int(number[1:]) for number in rows(name)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= least


def test_no_page_signs_for_a_trust():
    for page in ("dpia.md", "hazard-log.md", "README.md"):
        text = (ROOT / "docs/governance" / page).read_text(encoding="utf-8")
        assert "for the trust" in text, page
