"""A table of any kind says the same as the pandas table of its columns."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
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


def weekly() -> pd.DataFrame:
    """Half a year before and after the clocks go forward, two groups at two sites."""
    weeks = pd.date_range("2024-01-01", periods=40, freq="W-MON")
    table = pd.DataFrame(
        [(site, group, week) for site in "BA" for group in ("White", "Black") for week in weeks],
        columns=["site", "ethnicity", "week"],
    )
    late = (table["week"] > weeks[25]) & (table["ethnicity"] == "Black")
    births = np.where(table["ethnicity"] == "White", 60, 20) + np.arange(len(table)) % 3
    return table.assign(births=births, pph=np.where(late, 8, 2) + np.arange(len(table)) % 2)


def as_decimals(column):
    return [Decimal(one) for one in column]


HELD = {
    "rows in another order": lambda table: table.sample(frac=1, random_state=1),
    "columns in another order": lambda table: table[table.columns[::-1]],
    "floats": lambda table: table.astype({"pph": float, "births": "float32"}),
    "nullable": lambda table: table.astype({"pph": "Int64", "births": "UInt8"}),
    "objects": lambda table: table.astype({"pph": object, "births": object}),
    "decimals": lambda table: table.assign(pph=as_decimals(table["pph"])),
    "Arrow": lambda table: table.astype({"pph": "int64[pyarrow]", "site": "string[pyarrow]"}),
    "Arrow's days": lambda table: table.astype({"week": "date32[day][pyarrow]"}),
    "days": lambda table: table.assign(week=table["week"].dt.date),
    "London": lambda table: table.assign(week=table["week"].dt.tz_localize("Europe/London")),
    "New York": lambda table: table.assign(week=table["week"].dt.tz_localize("America/New_York")),
    "categories": lambda table: table.assign(ethnicity=pd.Categorical(table["ethnicity"])),
}  # fmt: skip
COUNTED = {"numerator": "pph", "denominator": "births", "subgroup": "week"}
ANSWERS = {
    "chart": lambda data: qi_equity.chart(
        data, kind="p", by=["site", "ethnicity"], **COUNTED).summary,
    "gap_charts": lambda data: qi_equity.gap_charts(
        data, stratum="ethnicity", by="site", **COUNTED).summary,
    "gaps": lambda data: qi_equity.gaps(data, stratum="ethnicity", by="site", **COUNTED),
    "cusum_chart": lambda data: qi_equity.cusum_chart(
        data, by="site", reference=0.05, **COUNTED)[1],
    "tried": lambda data: qi_equity.tried(data, sites=["A"], since="2024-06-03", **COUNTED),
}  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("held", HELD)
def test_however_a_table_is_held_the_answer_is_the_same(held, answer):
    if "Arrow" in held:
        pytest.importorskip("pyarrow", reason="pip install 'qi-equity[records]'")
    same, other = (ANSWERS[answer](data) for data in (weekly(), HELD[held](weekly())))
    pd.testing.assert_frame_equal(same, other.astype(dict(same.dtypes)))


@pytest.mark.parametrize("data", ["counts.csv", None, 3, [1, 2], object(), pd.Series([1])])
def test_what_is_no_table_is_refused_with_what_would_be(data):
    with pytest.raises(DataErrors, match="a table was expected"):
        qi_equity.chart(data, **ASKED)


def test_columns_of_unequal_length_are_named_as_such():
    with pytest.raises(DataErrors, match="these columns make no table"):
        frame({"a": [1, 2], "b": [1]})
