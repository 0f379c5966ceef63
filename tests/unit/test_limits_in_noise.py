"""Exact limits under pure noise (statistics: A4, and parity), for small strata too."""

import numpy as np
import pandas as pd
import pytest

import qi_equity
from qi_equity.spc.chart import BoolArray, IntArray, Subgroups
from qi_equity.spc.charts import CHARTS, How, draw
from qi_equity.spc.judge import RunsVerdict, judge_runs

Noise = tuple[BoolArray, RunsVerdict, BoolArray]


def noise(births: int, rate: float, weeks: int, charts: int, limits: str = "exact") -> Noise:
    generator = np.random.default_rng(births * 1000 + int(rate * 100))
    size = generator.poisson(births, (charts, weeks))
    return judged(size, generator.binomial(size, rate), limits)


def judged(size: IntArray, events: IntArray, limits: str = "exact") -> Noise:
    value = np.where(size > 0, events / np.maximum(size, 1), np.nan)
    every: BoolArray = np.ones(size.shape, dtype=bool)
    subgroups = Subgroups(value, every, every, every, events.astype(float), size.astype(float))
    chart = draw(CHARTS["p"], subgroups, How(limits=limits))
    with np.errstate(invalid="ignore"):
        beyond = (value > chart.lines.upper) | (value < chart.lines.lower)
    return beyond, judge_runs(chart, every), size > 0


@pytest.mark.parametrize("births", [5, 10, 20, 40])
@pytest.mark.parametrize("rate", [0.02, 0.05, 0.1, 0.3])
def test_points_beyond_exact_limits_are_rare_at_every_size(births: int, rate: float) -> None:
    beyond, _, there = noise(births, rate, weeks=52, charts=2000)
    assert beyond.any(axis=1).mean() <= 0.13
    assert beyond[there].mean() <= 0.0032


def test_small_strata_are_flagged_no_more_than_large_ones() -> None:
    # Three-sigma limits flag nearly every small stratum, and call it the women's difference.
    generator = np.random.default_rng(31)
    per_week, charts, weeks = np.repeat([3, 8, 31, 60], 2000), 8000, 104
    births = generator.poisson(per_week[:, None], (charts, weeks))
    data = pd.DataFrame(
        {
            "stratum": np.repeat(np.arange(charts), weeks),
            "week": np.tile(np.arange(weeks), charts),
            "births": births.ravel(),
            "pph": generator.binomial(births, 0.03).ravel(),
        }
    )
    asked = {"kind": "p", "subgroup": "week", "numerator": "pph", "denominator": "births"}
    summary = qi_equity.chart(data, by="stratum", **asked).summary
    found = summary.assign(size=per_week, beyond=summary["beyond_limits"] > 0)
    found["unusual"] = found["p_value"] <= 0.05
    shares = found.groupby("size")[["beyond", "unusual", "highlight"]].mean()
    assert shares["beyond"].max() <= shares["beyond"][60] + 0.02, shares
    assert shares["unusual"].max() <= 0.060, shares
    assert shares["highlight"].max() <= 0.001, shares
    textbook = noise(3, 0.03, weeks=104, charts=500, limits="normal")[0]
    assert textbook.any(axis=1).mean() > 0.9


def test_a_stratum_that_grows_is_no_signal() -> None:
    generator = np.random.default_rng(7)
    size = generator.poisson(np.linspace(10, 60, 104), (2000, 104))
    _, runs, _ = judged(size, generator.binomial(size, 0.05))
    assert 0.01 <= (runs.p_value <= 0.05).mean() <= 0.060
