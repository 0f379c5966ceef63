"""qicharts2 0.8.1: centre, limits, signals and runs of every chart, through the public function."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from spc_cases import args, listed, names, same, table

import qi_equity
from qi_equity.frames.chart import Charts

TOOL = "qicharts2"
LINES = {"value": "y", "centre": "cl", "lower": "lcl", "upper": "ucl"}
COUNTS = {
    "subgroups": "n.obs",
    "useful": "n.useful",
    "longest_run": "longest.run",
    "longest_run_limit": "longest.run.max",
    "crossings": "n.crossings",
    "crossings_limit": "n.crossings.min",
}


def ours(case: str) -> tuple[Charts, list[str]]:
    given, rows = args(TOOL, case), table(TOOL, case, "input")
    by = given.get("facets", [])
    labels = np.sort(rows[given["x"]].unique())
    asked: dict[str, Any] = {
        "kind": given["chart"],
        "subgroup": given["x"],
        "by": by,
        "limits": "normal",
        "guard_runs": False,
        "rules": ["beyond_limits"],
        "screen_moving_ranges": given.get("_options", {}).get("qic.screenedmr", True),
        "numerator" if "n" in given or given["chart"] in ("c", "g") else "value": given["y"],
        "denominator": given.get("n"),
        "period": given.get("x.period"),
        "aggregate": given.get("agg.fun"),
        "multiply": given.get("multiply", 1),
        "target": given.get("target"),
        # The tool takes it before it multiplies; ours as it is shown.
        "centre": given["cl"] * given.get("multiply", 1) if "cl" in given else None,
        "freeze": given.get("freeze"),
        "bounds": (None if given.get("y.neg", True) else 0, None),
    }
    if "part" in given:  # positions after which a phase begins
        asked["phases"] = [labels[at] for at in listed(given["part"])]
    if "exclude" in given:
        asked["exclude"] = [labels[at - 1] for at in listed(given["exclude"])]
    return qi_equity.chart(rows, **asked), by


@pytest.mark.parametrize("case", names(TOOL))
def test_points_and_runs_agree(case: str) -> None:
    charts, by = ours(case)
    expected = table(TOOL, case, "expected")
    facets = ["facet1", "facet2"][: len(by)]
    theirs = expected.sort_values([*facets, "x"]).reset_index(drop=True)
    points = charts.points
    assert len(points) == len(theirs)
    for mine, column in LINES.items():
        same(points[mine], theirs[column], mine)
    assert points["baseline"].tolist() == (theirs["baseline"] & theirs["include"]).tolist()
    assert points["excluded"].tolist() == (~theirs["include"]).tolist()
    # The tool looks at excluded points too; ours leaves them out of every test.
    judged = theirs["sigma.signal"] & theirs["include"]
    assert (points["beyond_limits"] != 0).tolist() == judged.tolist()

    summary = charts.summary
    runs = table(TOOL, case, "expected_summary").sort_values([*facets, "part"])
    for mine, column in COUNTS.items():
        np.testing.assert_array_equal(
            summary[mine].astype("Float64").to_numpy(float, na_value=np.nan),
            runs[column].to_numpy(float),
            err_msg=mine,
        )
    assert summary["runs_signal"].astype(int).tolist() == runs["runs.signal"].astype(int).tolist()


LOST = [
    name
    for name in names(TOOL, "no")
    if name.startswith(("zero_strata", "ind_", "degen")) and args(TOOL, name)["chart"] != "ip"
]


@pytest.mark.parametrize("case", LOST)
def test_limits_do_not_collapse_where_the_tool_loses_them(case: str) -> None:
    charts, _ = ours(case)
    points = charts.points
    limited = points["upper"].notna()
    # Either no limits at all and a reason, or limits with room between them.
    if limited.any():
        assert (points["upper"] > points["lower"])[limited].all()
        assert (points["beyond_limits"] != 0).mean() < 0.15
    else:
        assert charts.summary["cautions"].map(len).all()


def test_every_case_is_here() -> None:
    assert len(names(TOOL)) == 282
    assert isinstance(table(TOOL, "pph_weekly_p", "input")["week"].iloc[0], pd.Timestamp)
