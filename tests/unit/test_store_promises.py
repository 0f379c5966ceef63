"""Every promise of docs/explanation/security.md has a test, and the test is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/explanation/security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[test for _, test in NAMED])
def test_a_test_that_stands_behind_a_promise_is_there(file, test):
    assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8")


def test_no_promise_is_without_a_test():
    tables = PAGE.split("| promise | test |")[1:]
    promises = [line for part in tables for line in part.split("\n\n")[0].splitlines()[2:]]
    assert len(promises) > 30
    assert [line for line in promises if "`tests/" not in line] == []
