"""The signal system's CUSUM: what it adds up, when it starts again, and the horizon it states."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from qi_equity.errors import DataErrors
from qi_equity.frames.cusum_chart import cusum_chart
from qi_equity.spc.monitor import LEAST, cusum, cusum_limit


def counted(generator, kind, size, rate, shape):
    if kind == "proportion":
        return generator.binomial(int(size), rate, shape).astype(float)
    return generator.poisson(size * rate, shape).astype(float)


@pytest.mark.parametrize("kind", ["proportion", "rate"])
def test_the_sum_never_falls_below_zero_and_starts_again_after_a_signal(kind):
    generator = np.random.default_rng(1)
    size = generator.poisson(20, (5, 60)).astype(float)
    events = generator.binomial(size.astype(int), 0.15).astype(float)
    events[2, 7] = np.nan
    found = cusum(events, size, np.full(5, 0.1), np.full(5, 2.0), kind)
    for row in range(5):
        level = 0.0
        for slot in range(60):
            y, n = events[row, slot], size[row, slot]
            step = y * np.log(2) - n * (np.log1p(0.1) if kind == "proportion" else 0.1)
            level = max(0.0, level + (0.0 if np.isnan(step) else step))
            assert found.value[row, slot] == pytest.approx(level, abs=1e-9)
            assert found.signal[row, slot] == (level >= 2.0)
            level = 0.0 if level >= 2.0 else level
    assert found.signal.any()


@pytest.mark.parametrize("kind", ["proportion", "rate"])
@pytest.mark.parametrize("alarms", [0.05, 0.2])
def test_a_steady_rate_signals_in_as_many_years_as_stated_and_a_doubled_one_soon(kind, alarms):
    limit = np.full(1_000, cusum_limit(40, 0.1, 52, alarms, kind))
    size, rate = np.full((1_000, 52), 40.0), np.full(1_000, 0.1)
    generator = np.random.default_rng(2)
    steady = cusum(counted(generator, kind, 40, 0.1, size.shape), size, rate, limit, kind)
    assert steady.signal.any(axis=1).mean() == pytest.approx(alarms, abs=0.03)
    doubled = cusum(counted(generator, kind, 40, 0.2, size.shape), size, rate, limit, kind)
    assert np.median(doubled.signal.argmax(axis=1)) < 10


def in_steps(per_event, kind):
    """The reference rate at which an event weighs as much as so many births without one."""
    return np.log(2) / per_event if kind == "rate" else 2 ** (1 / per_event) - 1


def years_that_signal(births, per_event, looks, limit, kind):
    """The exact chance of a signal in each of four years at the reference rate of `in_steps`.

    A Markov chain (Brook & Evans 1972), from the definition; nothing of ours is called. An event
    adds k steps of ln 2 / k and each birth takes one away, so that the sum is a whole number of
    steps and nothing is rounded (as Reynolds & Stoumbos 1999 choose the reference).
    """
    rate, common = in_steps(per_event, kind), math.gcd(births, per_event)
    law = stats.poisson(births * rate) if kind == "rate" else stats.binom(births, rate)
    steps = math.ceil(limit * per_event / math.log(2) / common)
    moves, signals = np.zeros((steps, steps)), np.zeros(steps)
    for events in range(int(law.isf(1e-15)) + 1):
        to = np.maximum(np.arange(steps) + (per_event * events - births) // common, 0)
        stays = to < steps
        moves[stays, to[stays]] += law.pmf(events)
        signals[~stays] += law.pmf(events)
    now, found = np.eye(steps)[0], []
    for _ in range(4):
        year = np.stack([now, np.zeros(steps)])  # without a signal yet, and with one
        for _ in range(looks):
            again = (year @ signals).sum()
            year = year @ moves
            year[1, 0] += again  # after a signal from nought
        found.append(year[1].sum())
        now = year.sum(axis=0)
    return np.array(found)


@pytest.mark.parametrize(
    ("births", "per_event", "looks", "alarms", "kind"),
    [
        (20, 7, 52, 0.05, "proportion"),  # 1 in 10
        (40, 14, 52, 0.2, "proportion"),
        (130, 50, 52, 0.05, "proportion"),  # term babies with a low Apgar score
        (500, 50, 12, 0.05, "proportion"),
        (60, 500, 52, 0.05, "proportion"),  # stillbirth at term: 4 a year
        (120, 231, 52, 0.05, "rate"),
    ],
)
def test_the_limit_keeps_its_horizon_in_every_year_by_an_exact_computation(
    births, per_event, looks, alarms, kind
):
    limit = cusum_limit(float(births), in_steps(per_event, kind), looks, alarms, kind)
    chance = years_that_signal(births, per_event, looks, limit, kind)
    # A limit drawn from 24,000 years is known to a tenth of the chance that it stands for.
    assert chance.max() <= 1.1 * alarms
    # And it is no farther out than that: less by one event would break it.
    closer = years_that_signal(births, per_event, looks, limit - np.log(2), kind)
    assert closer.max() > 1.1 * alarms


def test_a_ratio_below_one_looks_for_a_fall():
    events = np.concatenate([np.full(20, 4.0), np.full(20, 1.0)])[None]
    found = cusum(events, np.full((1, 40), 40.0), np.array([0.1]), np.array([3.0]), ratio=0.5)
    assert found.signal[0, 20:].any()
    assert not found.signal[0, :20].any()


def test_the_start_of_a_climb_is_the_last_time_at_nought():
    events = np.concatenate([np.full(20, 2.0), np.full(10, 12.0)])[None]
    found = cusum(events, np.full((1, 30), 40.0), np.array([0.1]), np.array([1e9]))
    assert found.since[0, -1] == 20


def test_weeks_added_at_the_end_move_no_limit_and_no_signal():
    generator = np.random.default_rng(3)
    log = pd.DataFrame({"site": "A", "week": range(90), "births": generator.poisson(30, 90)})
    log["pph"] = generator.binomial(log.births, np.where(log.week < 50, 0.06, 0.15))
    chosen = {
        "numerator": "pph",
        "denominator": "births",
        "subgroup": "week",
        "reference": 0.06,
        "by": "site",
    }
    points, summary = cusum_chart(log, **chosen)
    early, before = cusum_chart(log[log.week < 70], **chosen)
    pd.testing.assert_frame_equal(points[points.week < 70], early)
    assert summary.first_signal[0] == before.first_signal[0]
    assert summary.false_alarms_a_year[0] == 0.05


def test_the_rows_of_a_subgroup_are_one_look():
    """The strata of a site are added up, as by every other table of counts."""
    weeks = np.repeat(np.arange(60), 2)
    log = pd.DataFrame({"site": "A", "week": weeks, "births": np.tile([10, 30], 60)})
    log["pph"] = np.where(log.week < 40, 1, 3)
    chosen = {"numerator": "pph", "denominator": "births", "subgroup": "week", "reference": 0.05}
    points, summary = cusum_chart(log, by="site", **chosen)
    summed = log.groupby(["site", "week"], as_index=False).sum()
    for found, same in zip(
        (points, summary), cusum_chart(summed, by="site", **chosen), strict=True
    ):
        pd.testing.assert_frame_equal(found, same)
    assert len(points) == 60


def test_the_limit_is_provisional_until_there_is_what_it_is_sized_by():
    log = pd.DataFrame({"week": range(30), "births": 40, "pph": [2] * 20 + [9] * 10})
    chosen = {"numerator": "pph", "denominator": "births", "subgroup": "week", "reference": 0.05}
    points, summary = cusum_chart(log, **chosen)
    _, early = cusum_chart(log[log.week < 25], **chosen)
    assert early.provisional.all()
    assert not summary.provisional.any()
    assert summary.first_signal[0] < summary.last_signal[0] == points.week[points.signal].max()
    assert summary.latest[0] == points["cusum"].iloc[-1]


def test_where_chance_hardly_lifts_the_sum_a_signal_still_needs_evidence():
    """400 births a month at 30 %: fewer than 5 years in 100 ever rise above nought."""
    limit = cusum_limit(400.0, 0.3, 12, 0.05)
    assert limit == LEAST
    assert cusum_limit(130.0, 0.014, 52, 0.05) > LEAST


def test_an_unknown_kind_is_refused():
    log = pd.DataFrame({"week": [1], "births": [2], "pph": [1]})
    with pytest.raises(DataErrors, match="choose proportion or rate"):
        cusum_chart(
            log, numerator="pph", denominator="births", subgroup="week", reference=0.1, kind="p"
        )
