"""runcharter: successive medians where runs on one side are sustained."""

import numpy as np
import pytest
from spc_cases import args, names, same, table

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
