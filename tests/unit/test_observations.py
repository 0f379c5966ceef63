"""The tidy table of observations refuses what cannot be counted, all at once, by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qi_equity.errors import DataErrors
from qi_equity.observations import COLUMNS, observations

GOOD = {
    "measure": "pph",
    "site": "A",
    "stratum": "Black",
    "subgroup": "2025-01-06",
    "numerator": 1,
    "denominator": 9,
}


def test_every_problem_is_named_at_once():
    rows = [
        GOOD,
        GOOD | {"subgroup": "13/01/2025"},
        GOOD | {"subgroup": "2025-01-13", "numerator": -1},
        GOOD | {"subgroup": "2025-01-20", "numerator": 1.5},
        GOOD | {"subgroup": "2025-01-27", "denominator": "many"},
        GOOD | {"subgroup": "2025-02-03", "stratum": None},
        GOOD,
    ]
    with pytest.raises(DataErrors) as caught:
        observations(rows)
    text = str(caught.value)
    for part in (
        "below zero",
        "not a whole number",
        "not a number",
        "'stratum' is empty",
        "not a date",
        "more than once",
    ):
        assert part in text
    assert "pph / A / Black / 2025-01-06" in text


def test_a_blank_stays_blank():
    table = observations([GOOD | {"numerator": None}])
    assert np.isnan(table["numerator"][0])
    assert table["denominator"][0] == 9


def test_the_order_of_rows_and_columns_does_not_matter():
    rows = pd.DataFrame([GOOD | {"subgroup": f"2025-01-{day:02}"} for day in (6, 13, 20)])
    shuffled = rows.sample(frac=1, random_state=1)[rows.columns[::-1]]
    pd.testing.assert_frame_equal(observations(rows), observations(shuffled))


def test_an_empty_table_has_the_columns_all_the_same():
    assert list(observations([]).columns) == COLUMNS


def test_a_missing_column_is_named():
    with pytest.raises(DataErrors, match="no column called 'stratum'"):
        observations([{k: v for k, v in GOOD.items() if k != "stratum"}])


@pytest.mark.parametrize(
    "day", ["0001-01-01", "9999-12-31", "2025-01-06T00:00Z", "2025-01-06T00:00+01:00"]
)
def test_a_day_that_does_not_fit_or_is_told_in_a_time_zone_is_refused(day):
    row = {"measure": "m", "site": "A", "stratum": "x", "subgroup": day, "numerator": 1}
    with pytest.raises(DataErrors, match="'subgroup' is not a date"):
        observations([row])
