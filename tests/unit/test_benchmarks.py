"""What benchmarks share is written once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.skipif(sys.platform == "win32", reason="no such count on Windows")
def test_what_a_child_takes_of_the_processor_is_counted(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    from processor import of_children

    busy = "import time\nwhile time.process_time() < 0.2: pass"
    with of_children() as spent:
        subprocess.run([sys.executable, "-c", busy], check=True)
    assert spent.seconds >= 0.2


def test_no_benchmark_counts_the_time_of_children_in_a_way_of_its_own():
    # Of a difference: side_by_side.py says what it took itself, all in all, at its end.
    told = [path.name for path in FOLDER.glob("*.py") if "- before.ru_" in path.read_text("utf-8")]
    assert told == []
