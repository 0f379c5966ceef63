"""The arguments of chart, in the many shapes in which people hold them."""

from typing import Any

import pandas as pd
import pytest

import qi_equity
from qi_equity.errors import DataErrors
from qi_equity.tidy.chart import Charts

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
