"""Whoever reads an audit, with an integer solver, learns no small count closer than its policy."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from qi_equity.audit.withheld import BLOCK, COUNTS, POLICY, told

VALUES = 3  # that an attacker is left of each small count
MOST = 10_000


def table(dimensions, indicators):
    """Counts by two or more dimensions of the same women: {dimension: {indicator: [(x, n)]}}."""
    rows = [
        ("file", dimension, indicator, "unit", f"{dimension} {nth}", x, n)
        for dimension in dimensions
        for indicator in indicators
        for nth, (x, n) in enumerate(dimensions[dimension][indicator])
    ]
    return pd.DataFrame(rows, columns=[*BLOCK, "group", *COUNTS])


def values(shown, true):
    """The least and the most that each count can be, by integer programming: what an attacker has.

    It is known that every dimension has the same women, and the same women every indicator.
    """
    many = len(shown)
    low, high = np.zeros(2 * many), np.full(2 * many, float(MOST))
    for nth, count in enumerate(COUNTS):
        for at, value in enumerate(shown[count]):
            if np.isfinite(value):
                small = value == POLICY.small
                ends = (1, 7) if small else (0, 0) if value == 0 else (max(value - 2, 8), value + 2)
                low[nth * many + at], high[nth * many + at] = ends
    lines, ends = [], []
    for at in range(many):  # nobody has an event twice
        line = np.zeros(2 * many)
        line[many + at], line[at] = 1, -1
        lines.append(line)
        ends.append((0, MOST))
    blocks = [list(rows.index) for _, rows in true.groupby(BLOCK, sort=False)]
    for first, second in combinations(blocks, 2):
        same = true.loc[first[0], "indicator"] == true.loc[second[0], "indicator"]
        for nth in (0, 1) if same else (1,):
            line = np.zeros(2 * many)
            line[[nth * many + at for at in first]] += 1
            line[[nth * many + at for at in second]] -= 1
            lines.append(line)
            ends.append((0, 0))
        if true.loc[first[0], "dimension"] == true.loc[second[0], "dimension"]:
            for a, b in zip(first, second, strict=True):  # the women of a group are the same
                line = np.zeros(2 * many)
                line[many + a], line[many + b] = 1, -1
                lines.append(line)
                ends.append((0, 0))
    known = LinearConstraint(np.array(lines), *zip(*ends, strict=True))
    found = np.zeros((2, 2 * many))
    small = np.flatnonzero(POLICY.is_small(np.concatenate([true[one] for one in COUNTS])))
    for at in small:
        for side, sign in enumerate((1, -1)):
            goal = np.zeros(2 * many)
            goal[at] = sign
            best = milp(goal, constraints=known, bounds=Bounds(low, high),
                        integrality=np.ones(2 * many))  # fmt: skip
            assert best.success, best.message  # the true counts are a solution
            found[side, at] = round(sign * best.fun)
    return {int(at): tuple(found[:, at]) for at in small}


SQUEEZED = table(
    {
        # All but the small one lie two above what is shown, and by age all lie two below.
        "ethnicity": {"late": [(7, 52), (12, 52), (12, 52), (17, 52)]},
        "age": {"late": [(48, 208), (0, 0)]},
    },
    ["late"],
)  # fmt: skip


def test_rounding_alone_would_tell_a_small_count_and_what_is_told_does_not():
    shown = {one: POLICY.shown(SQUEEZED[one].to_numpy(float)) for one in COUNTS}
    rounded = SQUEEZED.assign(**shown)
    low, high = values(rounded, SQUEEZED)[0]
    assert high - low + 1 < VALUES
    kept = told(SQUEEZED)
    assert kept.withheld
    low, high = values(kept.counts, SQUEEZED)[0]
    assert high - low + 1 >= VALUES


def drawn(seed):
    """A unit whose women are told by two dimensions, small cells among them, often squeezed."""
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(3, 6)), int(rng.integers(1, 4)))
    women = rng.integers(3, 60, shape)
    names = ["late", "smoking"]
    events = {name: rng.binomial(women, rng.uniform(0.05, 0.4)) for name in names}
    return table(
        {
            dimension: {
                name: list(zip(events[name].sum(axis=axis).tolist(),
                               women.sum(axis=axis).tolist(), strict=True)) for name in names
            }
            for axis, dimension in ((1, "ethnicity"), (0, "age"))
        },
        names,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_no_small_count_of_an_audit_is_left_with_one_or_two_values(seed):
    true = drawn(seed)
    for low, high in values(told(true).counts, true).values():
        assert high - low + 1 >= VALUES


def test_of_counts_without_small_ones_none_is_withheld():
    true = table({"ethnicity": {"late": [(20, 100), (30, 100)]}}, ["late"])
    shown = told(true)
    assert shown.withheld == 0
    assert shown.counts["numerator"].tolist() == [20.0, 30.0]
