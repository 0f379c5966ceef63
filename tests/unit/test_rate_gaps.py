"""Gaps of rates: a count over an exposure, judged as the limit of a proportion of small pieces."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qi_equity.frames.gap_chart import gap_charts
from qi_equity.frames.gaps import gaps

WEEKS = pd.date_range("2024-01-01", periods=104, freq="7D")


def log(black: np.ndarray, *, exposure: float = 12.0, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    parts = [("Black", np.broadcast_to(black, 104), exposure), ("White", np.full(104, 0.9), 60.0)]
    return pd.DataFrame(
        [
            {"stratum": name, "week": week, "events": rng.poisson(rate * days), "days": days}
            for name, rates, days in parts
            for week, rate in zip(WEEKS, rates, strict=True)
        ]
    )


def judged(table: pd.DataFrame) -> pd.Series:
    columns = {"numerator": "events", "denominator": "days", "stratum": "stratum"}
    found = gap_charts(table, **columns, subgroup="week", reference="White", kind="rate")
    return found.summary.set_index("stratum").loc["Black"]


def test_the_interval_is_that_of_two_poisson_rates() -> None:
    table = log(np.full(104, 1.5))
    plain = gaps(
        table, numerator="events", denominator="days", stratum="stratum", reference="White",
        kind="rate",
    ).set_index("stratum").loc["Black"]  # fmt: skip
    told = judged(table)
    assert told["ratio"] == pytest.approx(plain["ratio"])
    assert told["ratio_lower"] == pytest.approx(plain["ratio_lower"], rel=0.01)
    assert told["ratio_upper"] == pytest.approx(plain["ratio_upper"], rel=0.01)
    assert told["difference_lower"] == pytest.approx(plain["difference_lower"], rel=0.03)


def test_exposures_come_back_as_they_were_logged() -> None:
    told = judged(log(np.full(104, 1.5)))
    assert told["denominator"] == 104 * 12
    assert told["rate"] == pytest.approx(told["numerator"] / told["denominator"])


@pytest.mark.parametrize(
    ("black", "word"),
    [
        (np.full(104, 1.8), "steady"),
        (np.where(np.arange(104) < 52, 2.7, 1.3), "narrowing"),
        (np.where(np.arange(104) < 52, 1.2, 2.7), "widening"),
    ],
)
def test_a_rate_above_one_has_its_verdict(black: np.ndarray, word: str) -> None:
    assert judged(log(black))["verdict"] == word


def test_the_unit_of_the_exposure_does_not_matter() -> None:
    table = log(np.full(104, 1.5))
    hours = table.assign(days=table["days"] * 24)
    one, other = judged(table), judged(hours)
    assert other["ratio"] == pytest.approx(one["ratio"])
    assert other["p_trend"] == pytest.approx(one["p_trend"])
    assert other["verdict"] == one["verdict"]
    assert other["difference"] == pytest.approx(one["difference"] / 24)
