"""The planner against the printed tables it was derived beside, and against simulation."""

import numpy as np
import pytest

from qi_equity.equity.contrast import contrast
from qi_equity.equity.permutation import change
from qi_equity.equity.planning import (
    Shift,
    gap_itself,
    gap_shift,
    plan,
    smallest_factor,
    stratum_shift,
    subgroup_weeks,
    trend_power,
    weeks_after,
    weeks_to_see,
)

# Weeks after the change for 80 % power with a baseline of 52 weeks, 104 weeks and equal length, for
# five changes of the ratio; reference 50 a week. A dash: never, whatever the wait.
CHANGES = [(1, 1.5), (1, 2), (1.6, 1.2), (1.6, 1.0), (2, 1)]
PRINTED = """
0.03  5    -   - 555    - 370 163    -   - 989    -   - 399    - 370 163
0.03 10    -   - 309  405  83  93    -   - 555    -   - 223  405  83  93
0.03 20    - 847 186   63  40  57    -   - 338    - 191 135   63  40  57
0.03 40    - 152 124   32  25  40    -   - 230  341  80  91   32  25  40
 0.1  5    - 280 152   38  28  44    -   - 266    - 114 109   38  28  44
 0.1 10  221  71  85   17  15  25    - 261 149   73  43  61   17  15  25
 0.1 20   49  34  51    9   9  16  337  80  91   29  23  37    9   9  16
 0.1 40   25  20  34    6   6  11   73  43  61   16  14  25    6   6  11
 0.3  5   29  23  37    6   6  10   70  42  60   18  15  26    6   6  10
 0.3 10   13  12  21    3   3   6   24  20  33    9   8  15    3   3   6
 0.3 20    7   7  12    2   2   4   12  11  20    5   5   9    2   2   4
 0.3 40    5   4   8    2   2   3    8   7  13    3   3   6    2   2   3
"""


def printed():
    for row in PRINTED.strip().splitlines():
        rate, size, *figures = row.split()
        weeks = [np.inf if one == "-" else float(one) for one in figures]
        for place, (before, after) in enumerate(CHANGES):
            three = weeks[3 * place : 3 * place + 3]
            yield pytest.param(float(rate), float(size), before, after, three)


@pytest.mark.parametrize(("rate", "size", "before", "after", "weeks"), list(printed()))
def test_weeks_until_an_answer_are_those_printed(rate, size, before, after, weeks):
    shift = gap_shift(size, rate * before, 50, rate, rate_after=rate * after)
    *known, both = weeks
    assert [weeks_after(shift, 52), weeks_after(shift, 104)] == known
    # As many weeks before as after: the fewest with which the wait is no longer than that.
    assert weeks_after(shift, both) <= both
    assert weeks_after(shift, both - 1) > both - 1


def test_many_shifts_at_once_equal_one_at_a_time():
    size, rate = np.array([5, 20, 40]), np.array([0.03, 0.1, 0.3])
    together = plan(gap_shift(size, rate, 50, rate, rate_after=1.5 * rate), 52)
    alone = [
        plan(gap_shift(n, p, 50, p, rate_after=1.5 * p), 52)
        for n, p in zip(size, rate, strict=True)
    ]
    for name in ("weeks", "baseline_needed", "sites_needed", "process_weeks", "power"):
        assert getattr(together, name).tolist() == [getattr(one, name) for one in alone]


def test_what_would_help_does_help():
    shift = gap_shift(10, 0.03, 50, 0.03, rate_after=0.045)
    found = plan(shift, 52, horizon=52)
    assert found.weeks == np.inf
    assert weeks_after(shift, found.baseline_needed) < np.inf
    assert weeks_after(shift, found.baseline_needed - 1) == np.inf
    sites = found.sites_needed
    pooled = [gap_shift(10 * k, 0.03, 50 * k, 0.03, rate_after=0.045) for k in (sites, sites - 1)]
    assert weeks_after(pooled[0], 52) <= 52 < weeks_after(pooled[1], 52)
    assert found.process_weeks < 52


def test_a_rate_of_nothing_cannot_be_planned_with_and_no_change_is_never_seen():
    assert np.isnan(weeks_after(gap_shift(10, 0.0, 50, 0.1, rate_after=0.1), 52))
    assert weeks_after(stratum_shift(10, 0.1, 0.1), 52) == np.inf
    assert weeks_to_see(gap_itself(10, 0.1, 50, 0.1)) == np.inf
    assert weeks_after(gap_shift(0, 0.1, 50, 0.1, rate_after=0.2), 52) == np.inf
    assert smallest_factor(0, 5) == np.inf


def test_a_stratum_against_its_own_past_is_a_gap_to_a_reference_that_is_known():
    alone = stratum_shift(20, 0.1, 0.15)
    beside_many = gap_shift(20, 0.1, 1e9, 0.1, rate_after=0.15)
    assert weeks_after(alone, 52) == weeks_after(beside_many, 52)


def test_the_gap_of_the_published_project_needs_nine_weeks():
    # 12 % of 17 a week beside 5 % of 68 a week; about 150 births in the smaller stratum.
    assert weeks_to_see(gap_itself(17, 0.12, 68, 0.05)) == 9


def test_widening_stops_at_the_first_rung_with_two_events_a_point():
    assert subgroup_weeks([2, 1, 0.5, 0.16, 0.15]).tolist() == [1, 2, 4, 13, np.inf]


# People a week, rate of the reference, ratio before and after, weeks, simulated power (SE .02).
TREND = [
    (10, 0.1, 1, 2, 52, 0.61),
    (20, 0.1, 1, 1.5, 104, 0.66),
    (20, 0.1, 1.6, 1.0, 104, 0.83),
    (10, 0.3, 1, 1.5, 52, 0.72),
    (5, 0.3, 1.6, 1.0, 104, 0.91),
    (20, 0.03, 1, 2, 104, 0.58),
]


def shift_of(cell):
    size, rate, before, after, *_ = cell
    return gap_shift(size, rate * before, 50, rate, rate_after=rate * after)


@pytest.mark.parametrize("cell", TREND)
def test_power_of_the_trend_test_is_that_simulated(cell):
    assert trend_power(shift_of(cell), cell[4]) == pytest.approx(cell[5], abs=0.05)


def share_seen(cell, charts, seed):
    """Share of simulated charts in which our own trend test sees the step half-way."""
    size, rate, before, after, weeks, _ = cell
    rng = np.random.default_rng(seed)
    ratio = np.where(np.arange(weeks) < weeks // 2, before, after)
    own = rng.binomial(size, rate * ratio, (charts, weeks))
    other = rng.binomial(50, rate, (charts, weeks))
    return np.mean(change(contrast(own, size, other, 50)).p_trend <= 0.05)


def test_power_is_that_of_our_own_trend_test():
    # 120 charts: standard error .045; the band of .08 is the planner's, the rest is chance.
    cell = TREND[0]
    assert abs(share_seen(cell, 120, 7) - trend_power(shift_of(cell), cell[4])) < 0.08 + 0.09


@pytest.mark.long
@pytest.mark.parametrize("cell", TREND)
def test_power_is_that_of_our_own_trend_test_in_every_cell(cell):
    assert abs(share_seen(cell, 600, 8) - trend_power(shift_of(cell), cell[4])) < 0.08


def test_a_shift_can_be_given_as_it_is():
    known = Shift(np.array(0.5), np.array(1.0), np.array(2.0))
    assert weeks_after(known, 52) == np.ceil(1 / (0.25 / 7.8489 - 1 / 52))
