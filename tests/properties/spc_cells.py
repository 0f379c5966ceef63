"""Simulated charts in which nothing happens, and what run charts and p charts make of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from measured import Figure, Play

from qi_equity.spc.chart import Subgroups
from qi_equity.spc.charts import CHARTS, How, draw
from qi_equity.spc.judge import RunsVerdict, judge_runs


def runs_of(values: np.ndarray, baseline: int | None = None) -> RunsVerdict:
    there = np.isfinite(values)
    early = there & (np.arange(values.shape[1]) < (baseline or values.shape[1]))
    return judge_runs(draw(CHARTS["run"], Subgroups(values, there, early, there), How()), early)


def beyond(births: int, rate: float, charts: int, limits: str) -> np.ndarray:
    """Points of p charts outside their limits, over a year of weeks."""
    rng = np.random.default_rng([4, births, round(rate * 100)])
    size = rng.poisson(births, (charts, 52)).astype(float)
    events = rng.binomial(size.astype(int), rate).astype(float)
    every = np.ones(size.shape, dtype=bool)
    value = np.where(size > 0, events / np.maximum(size, 1), np.nan)
    subgroups = Subgroups(value, every, every, every, events, size)
    lines = draw(CHARTS["p"], subgroups, How(limits=limits)).lines
    with np.errstate(invalid="ignore"):
        return (value > lines.upper) | (value < lines.lower)


def a2(charts: int) -> Iterator[Figure]:
    """Runs p-values of normal noise, about its own median and after a short baseline."""
    for points in (24, 52, 104):
        noise = np.random.default_rng([2, points]).normal(size=(charts, points))
        p = runs_of(noise).p_value
        cell = f"{points} points, own median"
        yield Figure("A2", f"{cell}: p <= .05", float((p <= 0.05).mean()), charts, 0.010, 0.060)
        yield Figure("A2", f"{cell}: p <= .01", float((p <= 0.01).mean()), charts, 0, 0.017)
    for points in (24, 52):
        noise = np.random.default_rng([22, points]).normal(size=(charts, 12 + points))
        found = runs_of(noise, baseline=12)
        cell = f"{points} points after a baseline of 12"
        share = float((found.p_value <= 0.05).mean())
        yield Figure("A2", f"{cell}: p <= .05", share, charts, 0.010, 0.065)
        rule = float(found.signal.mean())
        yield Figure("A2 guard", f"{cell}: the rule alone", rule, charts, 0.10, 1)


def a3(charts: int) -> Iterator[Figure]:
    """Charts whose median is nought."""
    rng = np.random.default_rng(3)
    p = runs_of(rng.binomial(20, 0.02, (charts, 24)) / 20).p_value
    yield Figure("A3", "n 20, p .02: runs p <= .05", float((p <= 0.05).mean()), charts, 0, 0.02)


def a4(charts: int) -> Iterator[Figure]:
    """Points beyond exact limits, by chart and by point."""
    for births in (5, 10, 20, 40):
        for rate in (0.02, 0.05, 0.1, 0.3):
            out = beyond(births, rate, charts, "exact")
            cell, share = f"n {births}, p {rate}", float(out.any(axis=1).mean())
            yield Figure("A4", f"{cell}: any point beyond", share, charts, 0, 0.13)
            yield Figure("A4", f"{cell}: points", float(out.mean()), charts * 52, 0, 0.0032)
    share = float(beyond(5, 0.02, charts, "normal").any(axis=1).mean())
    yield Figure("A4 guard", "n 5, p .02: any point beyond 3 sigma", share, charts, 0.3, 1)


PLAYS: dict[str, Play] = {
    "A2": (a2, 2_000, 300),
    "A3": (a3, 2_000, 300),
    "A4": (a4, 2_000, 100),
}
