"""The p-value of runs under pure noise (statistics: A2, A3), and what a shift does to it."""

import numpy as np
import pytest
from scipy.stats import kstest

from qi_equity.spc.chart import Subgroups
from qi_equity.spc.charts import CHARTS, How, draw
from qi_equity.spc.judge import RunsVerdict, judge_runs
from qi_equity.spc.runs import find_runs, runs_p_value


def judged(value: np.ndarray, baseline: int | None = None, kind: str = "run") -> RunsVerdict:
    there = np.isfinite(value)
    early = there & (np.arange(value.shape[1]) < (baseline or value.shape[1]))
    subgroups = Subgroups(value, there, early, there)
    return judge_runs(draw(CHARTS[kind], subgroups, How()), early)


@pytest.mark.parametrize("points", [24, 52, 104])
def test_noise_about_its_own_median_is_rarely_unusual(points: int) -> None:
    noise = np.random.default_rng(points).normal(size=(2000, points))
    p = judged(noise).p_value
    assert 0.010 <= (p <= 0.05).mean() <= 0.060
    assert (p <= 0.01).mean() <= 0.017


@pytest.mark.parametrize("after", [24, 52])
def test_noise_after_a_short_baseline_is_rarely_unusual(after: int) -> None:
    # The rule alone calls 17 and 25 of 100 such charts special.
    noise = np.random.default_rng(after).normal(size=(2000, 12 + after))
    found = judged(noise, baseline=12)
    assert 0.010 <= (found.p_value <= 0.05).mean() <= 0.065
    assert found.signal.mean() > 0.1


def test_a_shift_after_a_baseline_is_seen() -> None:
    noise = np.random.default_rng(3).normal(size=(500, 48))
    noise[:, 24:] -= 1.5
    found = judged(noise, baseline=24)
    assert (found.p_value <= 0.05).mean() > 0.8
    assert not found.guarded.any()


def test_p_values_spread_over_their_steps_are_uniform() -> None:
    generator = np.random.default_rng(11)
    sides = generator.permuted(np.tile([1, -1], (3000, 26)), axis=1).astype(np.int8)
    runs = find_runs(sides)
    p = runs_p_value(runs.above, runs.below, runs.crossings, runs.longest)
    steps, back = np.unique(p.round(12), return_inverse=True)
    below = np.concatenate([[0.0], steps])[back]
    spread = below + generator.random(len(p)) * (p - below)
    assert kstest(spread, "uniform").pvalue > 0.001


def test_a_median_of_zero_gives_no_verdict() -> None:
    generator = np.random.default_rng(5)
    births = generator.poisson(20, (2000, 24))
    rate = generator.binomial(births, 0.02) / np.maximum(births, 1)
    found = judged(rate)
    assert found.signal.mean() <= 0.02
    assert (found.p_value <= 0.05).mean() <= 0.02
    unguarded = draw_unguarded(rate)
    assert unguarded.signal.mean() > 0.5  # what the rule alone would say


def draw_unguarded(value: np.ndarray) -> RunsVerdict:
    there = np.isfinite(value)
    subgroups = Subgroups(value, there, there, there)
    return judge_runs(draw(CHARTS["run"], subgroups, How()), there, guard=False)
