"""The benchmark that plays other tools beside ours: what it plants, and that it runs."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks"
PAGE = ROOT / "docs" / "explanation" / "side-by-side.md"


@pytest.fixture(scope="module")
def played():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        import side_by_side

        yield side_by_side


def test_what_is_planted_is_in_the_counts_and_the_truth_tells_it(played):
    world = played.World(then=2.0, now=0.5)
    counts, truth = played.network(world, [1], 60, 0)
    late = counts["week"] >= counts["week"].min() + np.timedelta64(7 * played.YEAR, "D")
    named = truth.loc[truth["planted"], ["site", "stratum"]]
    assert named["site"].is_unique
    assert named["stratum"].value_counts().eq(10).all()
    planted = counts.merge(named).groupby(late, sort=True)[["events", "births"]].sum()
    rates = planted["events"] / planted["births"]
    assert rates.iloc[1] / rates.iloc[0] == pytest.approx(world.moves, rel=0.1)
    ratios = truth.loc[truth["planted"], ["ratio_then", "ratio_now"]]
    np.testing.assert_allclose(ratios, [[2.0, 0.5]] * 60)


def test_it_runs_and_says_of_a_peer_that_is_not_there_that_it_is_not():
    script = [sys.executable, str(FOLDER / "side_by_side.py"), "--quick"]
    done = subprocess.run(script, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    told, _, tables = done.stdout.partition("### Changes found")
    (found, _) = [line for line in tables.splitlines() if "| 60 | 1 |" in line]  # chart, and gap
    peers = {"clinical-qikit": "qikit", "controlchartspy": "controlchartspy"}
    absent = [name for name, module in peers.items() if find_spec(module) is None]
    assert all(f"{name} not installed here" in told for name in absent)
    assert found.count("not installed here") >= len(absent)


def test_the_page_holds_the_tables_that_the_script_writes(played):
    page = PAGE.read_text(encoding="utf-8")
    for title in ("Signals where nothing happens", "What is said of the gap", "Processor time"):
        assert page.count(f"### {title}") == 1
    assert "not installed here" not in page
    assert page.count(played.page_with("", "").splitlines()[0]) == 1
