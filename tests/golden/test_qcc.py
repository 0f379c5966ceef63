"""qcc: limits of attribute and individuals charts, and of charts of readings by their spread.

qcc estimates sigma of means from ranges and draws a chart of ranges; ours use standard
deviations throughout (docs/decisions/reference-tools.md), so `xbar` agrees in its centre and
values, and `R` has no counterpart.
"""

import numpy as np
import pytest
from spc_cases import names, same, table

import qi_equity

TOOL = "qcc"
ASKED = {
    "p": {"kind": "p", "numerator": "x", "denominator": "n"},
    "u": {"kind": "u", "numerator": "x", "denominator": "n"},
    "c": {"kind": "c", "numerator": "x"},
    "xbar_one": {"kind": "i", "value": "x", "screen_moving_ranges": False},
}


@pytest.mark.parametrize("case", ASKED)
def test_attribute_and_individuals_charts_agree(case: str) -> None:
    rows = table(TOOL, case, "input").assign(at=lambda d: np.arange(len(d)))
    expected = table(TOOL, case, "expected")
    points = qi_equity.chart(rows, subgroup="at", limits="normal", **ASKED[case]).points
    same(points["value"], expected["stat"], "value")
    same(points["centre"], expected["center"], "centre")
    same(points["lower"], expected["lcl"], "lower")
    same(points["upper"], expected["ucl"], "upper")
    assert (points["beyond_limits"] != 0).tolist() == expected["beyond"].tolist()


@pytest.mark.parametrize(("case", "kind"), [("S", "s"), ("xbar", "xbar")])
def test_charts_of_readings_agree(case: str, kind: str) -> None:
    wide = table(TOOL, case, "input").assign(at=lambda d: np.arange(len(d)))
    readings = wide.melt(id_vars="at", value_name="reading")
    expected = table(TOOL, case, "expected")
    points = qi_equity.chart(readings, kind=kind, subgroup="at", value="reading").points
    same(points["value"], expected["stat"], "value")
    same(points["centre"], expected["center"], "centre")
    if kind == "s":
        same(points["lower"], expected["lcl"], "lower")
        same(points["upper"], expected["ucl"], "upper")
    else:
        # From ranges 2.534, from standard deviations c4: two estimates of one sigma.
        np.testing.assert_allclose(points["upper"], expected["ucl"], rtol=0.01)


def test_cases_between_events_differ_for_a_known_reason() -> None:
    # The variance of the cases before an event is m (m + 1); theirs is m (m - 1), that of cases
    # with the event itself counted in, although zeros are among the data. Ours follows Benneyan.
    expected = table(TOOL, "g", "expected")
    rows = table(TOOL, "g", "input").assign(at=lambda d: np.arange(len(d)))
    points = qi_equity.chart(rows, kind="g", subgroup="at", numerator="x").points
    mean = rows["x"].mean()
    same([mean], [expected["center"].iloc[0]], "the mean behind the limits")
    same(mean + 3 * np.sqrt(mean * (mean - 1)), expected["ucl"].iloc[0], "theirs")
    same(mean + 3 * np.sqrt(mean * (mean + 1)), points["upper"].iloc[0], "ours")
    # And theirs draws that skewed mean as its centre; ours is the median, half the points above.
    assert points["centre"].iloc[0] == rows["x"].median()


def test_every_case_has_its_place() -> None:
    assert set(names(TOOL)) == {*ASKED, "S", "xbar", "g", "R"}
