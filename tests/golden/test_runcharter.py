"""runcharter: successive medians where runs on one side are sustained."""

import numpy as np
import pandas as pd
import pytest
from spc_cases import args, names, same, table

from qi_equity import chart, suggest_phases
from qi_equity.spc.rephase import sustained_runs

TOOL = "runcharter"


@pytest.mark.parametrize("case", names(TOOL))
def test_medians_and_dates_agree(case: str) -> None:
    given = args(TOOL, case)
    rows, expected = table(TOOL, case, "input"), table(TOOL, case, "expected")
    for group, theirs in expected.groupby("grp"):
        mine = rows[rows["grp"] == group].sort_values("date")
        dates = mine["date"].to_numpy()
        found = sustained_runs(
            mine["y"].to_numpy(float)[None], given["med_rows"], given["runlength"],
            given["direction"],
        )  # fmt: skip
        same(found.median[0], theirs["median"], "median")
        assert np.array_equal(dates[found.start[0]], theirs["start_date"].to_numpy())
        assert np.array_equal(dates[found.end[0]], theirs["end_date"].to_numpy())
        until = np.append(found.start[0][1:], len(dates) - 1)
        assert np.array_equal(dates[until], theirs["extend_to"].to_numpy())


@pytest.mark.parametrize("case", names(TOOL))
def test_new_medians_are_suggested_where_the_tool_takes_them(case: str) -> None:
    given = args(TOOL, case)
    rows, expected = table(TOOL, case, "input"), table(TOOL, case, "expected")
    drawn = chart(rows, kind="run", subgroup="date", value="y", by="grp")
    found = suggest_phases(
        drawn, first=given["med_rows"], length=given["runlength"], side=given["direction"]
    )
    for group, theirs in expected.groupby("grp"):
        mine = found[found["grp"] == group]
        later = theirs.iloc[1:]
        same(mine["median"], later["median"], "median")
        begun = [pd.to_datetime(part).tolist() for part in (mine["subgroup"], later["start_date"])]
        assert begun[0] == begun[1]
