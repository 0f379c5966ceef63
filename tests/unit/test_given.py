"""A table of any kind says the same as the pandas table of its columns."""

from __future__ import annotations

import pandas as pd
import pytest

import qi_equity
from qi_equity.errors import DataErrors
from qi_equity.frames.given import frame

COLUMNS = {
    "week": [*range(1, 13)] * 2,
    "ethnicity": ["Black"] * 12 + ["White"] * 12,
    "pph": [1, 2, 3, 2] * 6,
    "births": [40, 30] * 12,
}
ASKED = {"kind": "p", "subgroup": "week", "numerator": "pph", "denominator": "births"}


def arrow():
    pa = pytest.importorskip("pyarrow", reason="pip install 'qi-equity[records]'")
    return pa.table(COLUMNS)


def polars():
    return pytest.importorskip("polars", reason="pip install polars").DataFrame(COLUMNS)


@pytest.mark.parametrize("made", [
    lambda: COLUMNS, arrow, polars,
    lambda: pd.DataFrame(COLUMNS).to_dict(orient="records"),
], ids=["dictionary", "arrow", "polars", "rows"])  # fmt: skip
def test_a_chart_and_its_gaps_are_those_of_the_same_columns_in_pandas(made):
    mine, data = pd.DataFrame(COLUMNS), made()
    pd.testing.assert_frame_equal(
        qi_equity.chart(data, by="ethnicity", **ASKED).summary,
        qi_equity.chart(mine, by="ethnicity", **ASKED).summary,
    )
    gap = {"numerator": "pph", "denominator": "births", "stratum": "ethnicity"}
    pd.testing.assert_frame_equal(qi_equity.gaps(data, **gap), qi_equity.gaps(mine, **gap))


@pytest.mark.parametrize("data", ["counts.csv", None, 3, [1, 2], object(), pd.Series([1])])
def test_what_is_no_table_is_refused_with_what_would_be(data):
    with pytest.raises(DataErrors, match="a table was expected"):
        qi_equity.chart(data, **ASKED)


def test_columns_of_unequal_length_are_named_as_such():
    with pytest.raises(DataErrors, match="these columns make no table"):
        frame({"a": [1, 2], "b": [1]})
