"""One reading of a measure: every view charts, compares and windows it in the same way."""

from __future__ import annotations

import ast
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import qi_equity
from qi_equity.analyse import analyse
from qi_equity.app import explore
from qi_equity.app.state import Address
from qi_equity.disclosure import protect
from qi_equity.project_file import examples, load
from qi_equity.reading import Reading, Windows
from qi_equity.spc.rules import RULES

PACKAGE = Path(qi_equity.__file__).parent
PROJECT = load(examples()["pph_reduction"])
# What only the one reading may call, and where the share of the unknown is charted.
PUBLIC = {"qi_equity.frames.chart": "chart", "qi_equity.frames.gap_chart": "gap_charts"}
CALLERS = {"reading.py", "quality/coding.py", "__init__.py"}


@pytest.fixture(scope="module")
def overlapping():
    """A measure whose points share births, in a series that every run rule would signal."""
    measure = PROJECT.measures[0].model_copy(update={"overlapping_windows": True})
    project = PROJECT.model_copy(update={"measures": (measure,)})
    weeks = pd.date_range("2024-01-01", periods=60, freq="W-MON")
    rate = np.repeat([0.04, 0.05, 0.06, 0.05], 15)
    rows = [
        {"measure": measure.id, "site": site, "stratum": stratum, "subgroup": week}
        | {"numerator": round(400 * share), "denominator": 400}
        for site, stratum in product(("site_a", "site_b"), PROJECT.strata.known)
        for week, share in zip(weeks, rate, strict=True)
    ]
    return analyse(project, pd.DataFrame(rows))


def run_signals(points: pd.DataFrame) -> int:
    marks = [name for name in RULES if name in points and name != "beyond_limits"]
    return int((points[marks] != 0).to_numpy().sum())


def test_overlapping_windows_have_no_run_signal_in_the_findings(overlapping):
    assert len(overlapping.points)
    assert run_signals(overlapping.points) == 0
    assert not overlapping.charts["runs_signal"].any()


def test_overlapping_windows_have_no_run_signal_in_what_the_network_sees(overlapping):
    seen = protect(overlapping, "hes")
    assert len(seen.points)
    assert run_signals(seen.points) == 0
    assert not seen.charts["runs_signal"].any()


@pytest.mark.parametrize(
    "rules", ["", "anhoej", "ihi", "making_data_count", "western_electric", "nelson"]
)
@pytest.mark.parametrize("lines", ["", "unfrozen", "unphased", "whole"])
@pytest.mark.parametrize("period", ["", "month", "quarter"])
def test_overlapping_windows_have_no_run_signal_however_they_are_drawn(
    overlapping, rules, lines, period
):
    measure = overlapping.project.measures[0]
    here = overlapping.points[overlapping.points["site"] == "site_a"]
    address = Address(rules=rules, lines=lines, period=period)
    drawn = explore.explored(here, Reading(overlapping.project, measure), address)
    assert run_signals(drawn.points) == 0
    assert not drawn.summary["runs_signal"].any()


def test_drawn_as_declared_the_charts_are_those_of_the_findings(overlapping):
    measure = overlapping.project.measures[0]
    here = overlapping.points[overlapping.points["site"] == "site_a"].reset_index(drop=True)
    drawn = explore.explored(here, Reading(overlapping.project, measure), Address()).points
    for name in ("value", "centre", "lower", "upper", "baseline", "signal"):
        pd.testing.assert_series_equal(drawn[name], here[name])


def test_windows_are_said_once():
    windows = Windows(11, 4)
    assert (windows.then, windows.now) == (slice(0, 4), slice(7, 11))
    assert (windows.early, windows.late) == (slice(0, 6), slice(6, 11))
    assert windows.cuts == (0, 4, 6, 7, 11)
    # A baseline of more than half: what comes after it is all there is of now.
    assert Windows(10, 7).now == slice(7, 10)
    assert not Windows(10, 10).judged
    assert not Windows(10, 0).judged


def test_nobody_but_the_one_reading_builds_the_arguments_of_a_chart():
    found = set()
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in PUBLIC:
                names = {alias.name for alias in node.names}
                if PUBLIC[node.module] in names and not place.startswith("frames/"):
                    found.add(place)
    assert found == CALLERS
