"""NHSRplotthedots 0.2.2: XmR charts, the four rules of Making Data Count, variation, assurance."""

from typing import Any

import pytest
from spc_cases import args, names, same, table

import qi_equity
from qi_equity.frames.chart import Charts

TOOL = "nhsrplotthedots"
MEANINGS = {
    "common_cause": "none",
    "special_cause_improvement": "improvement",
    "special_cause_concern": "concern",
    "special_cause_neutral_high": "high",
    "special_cause_neutral_low": "low",
}
VARIATION = {**MEANINGS, "common_cause": "common cause"}
ASSURANCE = {
    "consistent_pass": "consistent pass",
    "consistent_fail": "consistent fail",
    "inconsistent": "inconsistent",
}


def ours(case: str) -> Charts:
    given = args(TOOL, case)
    direction = given.get("improvement_direction", "increase")
    asked: dict[str, Any] = {
        "target": given.get("target"),
        "phases": given.get("rebase"),
        "freeze": given.get("fix_after_n_points"),
        "screen_moving_ranges": given.get("screen_outliers", True),
        "by": given.get("facet_field"),
        "direction": None if direction == "neutral" else direction,
    }
    return qi_equity.chart(
        table(TOOL, case, "input"), kind="i", subgroup="date", value="value",
        rules="making_data_count", guard_runs=False, **asked,
    )  # fmt: skip


@pytest.mark.parametrize("case", names(TOOL))
def test_points_meanings_and_icons_agree(case: str) -> None:
    charts = ours(case)
    theirs = table(TOOL, case, "expected").sort_values(["f", "x"]).reset_index(drop=True)
    points = charts.points
    for mine, column in (
        ("value", "y"), ("centre", "mean_col"), ("lower", "lpl"), ("upper", "upl"),
    ):  # fmt: skip
        same(points[mine], theirs[column], mine)
    assert points["meaning"].tolist() == theirs["point_type"].map(MEANINGS).tolist()
    assert points["signal"].tolist() == theirs["special_cause_flag"].tolist()

    summary = table(TOOL, case, "expected_summary")
    assert charts.summary["subgroups"].tolist() == summary["n"].tolist()
    variation = summary["variation_type"].map(VARIATION)
    assert charts.summary["variation"].tolist() == variation.tolist()
    if "assurance_type" in summary:
        assurance = summary["assurance_type"].map(ASSURANCE).fillna("")
        assert charts.summary["assurance"].tolist() == assurance.tolist()


@pytest.mark.parametrize("case", names(TOOL, "no"))
def test_limits_do_not_collapse_where_the_tool_loses_them(case: str) -> None:
    charts = ours(case)
    points = charts.points
    limited = points["upper"].notna()
    assert (points["upper"] > points["lower"])[limited].all()
    assert (points["beyond_limits"] != 0).mean() < 0.15
    if not limited.any():
        assert "no_limits_too_alike" in charts.summary["cautions"].iloc[0]
