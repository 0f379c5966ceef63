"""The arguments of chart, in the many shapes in which people hold them."""

import inspect
from typing import Any

import pandas as pd
import pytest

import qi_equity
from qi_equity.errors import DataErrors
from qi_equity.frames.chart import NAMED, Charts
from qi_equity.frames.lines import USUAL, Lines

WEEKS = pd.date_range("2024-01-01", periods=30, freq="7D")


def weekly(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"week": WEEKS, "births": 40, "pph": [2, 1, 3, 2, 1, 2] * 5, **columns})


def chart(data: pd.DataFrame, **asked: Any) -> Charts:
    given = {"kind": "p", "subgroup": "week", "numerator": "pph", "denominator": "births"}
    return qi_equity.chart(data, **{**given, **asked})


def refusal(data: pd.DataFrame, **asked: Any) -> str:
    with pytest.raises(DataErrors) as raised:
        chart(data, **asked)
    return str(raised.value)


def test_subgroups_of_any_dtype_are_what_they_hold() -> None:
    numbered = chart(weekly(week=range(1, 31))).points
    dated = chart(weekly()).points
    for plain, held in ((numbered, range(1, 31)), (dated, WEEKS)):
        for dtype in (object, "category"):
            same = chart(weekly(week=pd.Series(held).astype(dtype))).points
            pd.testing.assert_frame_equal(same, plain)


def test_series_may_be_told_apart_by_numbers_and_words_at_once() -> None:
    data = pd.concat([weekly(site="North"), weekly(site=2)], ignore_index=True)
    found = chart(data, by="site", target={2: 0.1, ("North",): 0.2})
    assert found.summary["site"].tolist() == [2, "North"]
    assert found.points["target"].unique().tolist() == [0.1, 0.2]


def test_subgroups_may_be_given_as_a_column() -> None:
    dates = pd.Series(WEEKS)
    listed = chart(weekly(), phases=[WEEKS[15]], exclude=[WEEKS[3], WEEKS[4]]).points
    same = chart(weekly(), phases=dates[15:16], exclude=dates[3:5]).points
    pd.testing.assert_frame_equal(same, listed)


def test_one_number_a_phase_and_not_one_a_point() -> None:
    assert "30 numbers, and 1 phases" in refusal(weekly(), target=pd.Series([0.1] * 30))
    assert "2 numbers, and 3 phases" in refusal(
        weekly(), target=[0.1, 0.2], phases=[WEEKS[9], WEEKS[19]]
    )


def test_a_series_has_the_same_gaps_alone_as_among_others() -> None:
    rows = {"full": range(30), "gaps": [0, 1, 2, 4, 5, 8], "sparse": [0, 7, 19], "two": [3, 11],
            "fortnightly": range(1, 29, 2), "one": [5]}  # fmt: skip
    data = pd.concat([weekly(site=name).iloc[list(at)] for name, at in rows.items()])
    for asked in ({}, {"period": "week"}, {"period": "month"}, {"period": "quarter"}):
        together = chart(data, by="site", **asked)
        alone = [chart(part, by="site", **asked) for _, part in data.groupby("site")]
        for name in ("points", "summary"):
            parts = pd.concat([getattr(one, name) for one in alone], ignore_index=True)
            whole = getattr(together, name)
            in_family = ["q_value", "highlight"] if name == "summary" else []
            pd.testing.assert_frame_equal(
                whole.drop(columns=in_family), parts.drop(columns=in_family)
            )
    assert together.points.groupby("site").size().to_dict()["full"] == 3
    assert chart(data, by="site").summary.set_index("site")["missing"].to_dict() == {
        "fortnightly": 0, "full": 0, "gaps": 3, "one": 0, "sparse": 0, "two": 0
    }  # fmt: skip


def test_a_period_shows_every_gap_however_sparse_the_series() -> None:
    found = chart(weekly().iloc[[0, 13, 26]], period="week")
    assert len(found.points) == 27
    assert found.summary["missing"].tolist() == [24]


def test_a_column_tells_series_apart_once() -> None:
    assert "by 'site': named more than once" in refusal(weekly(site="A"), by=["site", "site"])


def test_a_slip_in_a_name_is_told_with_all_else_that_is_wrong() -> None:
    told = refusal(weekly(), freze=12, limits="exat", directions="decrease", aggregate="meen")
    assert "no argument called 'freze'; did you mean 'freeze'?" in told
    assert "no argument called 'directions'; did you mean 'direction'?" in told
    assert "limits 'exat'" in told
    assert "no aggregate called 'meen'" in told


def test_lines_held_in_a_dictionary_draw_what_they_draw_by_name() -> None:
    lines: Lines = {"freeze": 12, "limits": "normal", "exclude": [WEEKS[3]]}
    held = chart(weekly(), **lines).points
    named = chart(weekly(), freeze=12, limits="normal", exclude=[WEEKS[3]]).points
    pd.testing.assert_frame_equal(held, named)


def test_every_argument_is_known_where_slips_are_told() -> None:
    data, *named, lines = inspect.signature(qi_equity.chart).parameters
    assert (data, named, lines) == ("data", NAMED, "lines")
    assert set(USUAL) == set(Lines.__annotations__)
