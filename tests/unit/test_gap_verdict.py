"""Verdicts on gaps whose answer is plain to see, and on data that can answer nothing."""

import numpy as np
import pytest

from qi_equity.equity.contrast import contrast
from qi_equity.equity.verdict import CHANGED, verdicts

WEEKS = 104
LATE = np.arange(WEEKS) >= WEEKS // 2


def judged(events, total, reference_events, reference_total):
    return verdicts(contrast(events, total, reference_events, reference_total))


@pytest.mark.parametrize(
    ("early", "late", "reference", "word", "why"),
    [
        (2, 4, 5, "widening", "from level to twice the reference"),
        (4, 2, 5, "closed", "from twice the reference to its level"),
        (6, 4, 5, "narrowing", "from three times to twice"),
        (4, 4, 5, "steady", "twice the reference all along"),
        (2, 2, 5, "no gap", "level all along"),
        (2, 1, 5, "widening", "a gap the other way round opens"),
        (1, 5, 5, "reversed", "from half to two and a half times"),
    ],
)
def test_the_word_for_a_plain_case(early, late, reference, word, why):
    found = judged(np.where(LATE, late, early), 20, reference, 50)
    assert str(found.verdict) == word, why


def test_a_gap_that_changed_sides_neither_widens_nor_narrows():
    rng = np.random.default_rng(5)
    rate = np.where(LATE, 0.066, 0.012)
    found = judged(
        rng.binomial(12, rate, (1000, WEEKS)), 12, rng.binomial(60, 0.03, (1000, WEEKS)), 60
    )
    sized = np.isin(found.verdict, ("widening", "narrowing"))
    assert (found.verdict == "reversed").mean() > 0.85  # .9 of many more: A9 words
    assert sized.mean() < 0.02
    # What has no gap over the whole time neither opened nor closed.
    told = (found.ratio.lower > 1) | (found.ratio.upper < 1)
    sides = (found.early_ratio.estimate < 1) & (found.late_ratio.estimate > 1)
    assert sides.sum() > 900
    assert not (sized & sides & ~told).any()


@pytest.mark.parametrize(
    ("before", "word", "why"),
    [
        (0.95, "widening", "less than matters on the other side"),
        (0.78, "widening", "by more than matters, and still much nearer to none"),
        (0.55, "reversed", "nearly as great on the other side"),
    ],
)
def test_a_half_that_is_nearer_to_no_gap_than_to_one_as_great_counts_as_none(before, word, why):
    # Twice as many afterwards; 8 births a week at one in ten, beside 50.
    assert str(judged(np.where(LATE, 1.6, 0.8 * before), 8, 5, 50).verdict) == word, why


def test_few_births_leave_open_that_the_gap_was_as_great_on_the_other_side():
    # The same ratios of a quarter of the births.
    found = judged(np.where(LATE, 0.4, 0.2 * 0.78), 2, 5, 50)
    assert str(found.verdict) in ("gap", "too few")


def test_few_events_are_too_few_to_say_with_the_change_that_would_be_seen():
    events = np.zeros(WEEKS)
    events[::40] = 1
    found = judged(events, 5, np.arange(WEEKS) % 4 == 0, 50)
    assert str(found.verdict) == "too few"
    assert found.smallest_factor > 3
    assert found.periods_to_go > WEEKS


def test_a_gap_that_narrows_because_the_reference_rises_is_seen_as_such():
    found = judged(6.0, 20, np.where(LATE, 12, 5), 50)
    assert str(found.verdict) == "narrowing"
    assert (int(found.higher_moved), int(found.lower_moved)) == (0, 1)
    assert bool(found.stratum_higher)


def test_a_gap_of_a_few_weeks_is_a_gap_and_not_yet_steady():
    found = judged(np.full(6, 6), 20, np.full(6, 5), 50)
    assert found.smallest_factor > 2
    assert str(found.verdict) == "gap"


def test_one_period_is_one_look():
    found = judged(np.array([300.0]), 1000, np.array([200.0]), 1000)
    assert str(found.verdict) == "one look"


def test_a_change_too_small_to_matter_is_no_news():
    rng = np.random.default_rng(1)
    data = contrast(
        rng.binomial(20_000, np.where(LATE, 0.104, 0.101)), 20_000, rng.binomial(50_000, 0.1, 104),
        50_000,
    )  # fmt: skip
    assert float(verdicts(data).p_trend) < 0.05
    assert str(verdicts(data).verdict) not in CHANGED
    assert str(verdicts(data, practical_ratio=1.01).verdict) in CHANGED


def test_of_what_happens_to_most_a_change_is_told_by_those_it_passes_by():
    found = judged(np.where(LATE, 70, 90), 100, 270, 300)
    assert 0.7 < float(found.late_ratio.estimate) < 0.8
    assert str(judged(np.where(LATE, 78, 93), 100, 270, 300).verdict) in CHANGED


@pytest.mark.parametrize("weeks", [1, 6, 20, 104])
@pytest.mark.parametrize(("size", "rate"), [(3, 0.05), (18, 0.03), (30, 0.3), (20, 0.9)])
def test_word_and_interval_never_contradict_each_other(weeks, size, rate):
    rng = np.random.default_rng([weeks, size])
    ratio = rng.choice([0.5, 1, 1, 1.1], (150, 1))
    y, y0 = rng.binomial(size, rate * ratio, (150, weeks)), rng.binomial(80, rate, (150, weeks))
    found = judged(y, size, y0, 80)
    for interval, none in ((found.ratio, 1.0), (found.difference, 0.0)):
        apart = (interval.lower > none) | (interval.upper < none)
        assert not apart[np.isin(found.verdict, ["no gap", "too few"])].any()
        assert apart[np.isin(found.verdict, ["gap", "steady"])].all()


def test_a_step_is_found_where_it_is():
    found = judged(np.where(LATE, 4, 2), 20, 5, 50)
    assert int(found.split) == WEEKS // 2


DEGENERATE = {
    "no events at all": (np.zeros(52), 20, np.zeros(52), 50),
    "nothing but events": (np.full(52, 20), 20, np.full(52, 50), 50),
    "one period": (np.ones(1), 20, np.ones(1), 50),
    "no periods": (np.ones(0), 20, np.ones(0), 50),
    "nobody in the stratum": (np.zeros(52), 0, np.full(52, 5), 50),
    "an empty reference": (np.full(52, 2), 20, np.zeros(52), 0),
    "nothing was logged": (np.full(52, np.nan), 20, np.full(52, 5), 50),
    "identical values": (np.full(52, 2), 20, np.full(52, 5), 50),
    "no events in the reference": (np.full(52, 2), 20, np.zeros(52), 50),
    "no events in the stratum": (np.zeros(52), 20, np.full(52, 5), 50),
}


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_data_never_raise_and_never_change(case):
    found = judged(*DEGENERATE[case])
    assert str(found.verdict) in {"steady", "gap", "one look", "no gap", "too few"}
    assert found.p_trend == 1
    assert found.p_scan == 1


@pytest.mark.parametrize("seed", range(5))
def test_swapping_the_groups_turns_the_ratio_over_and_nothing_else(seed):
    rng = np.random.default_rng(seed)
    data = contrast(rng.binomial(20, 0.1, 52), 20, rng.binomial(50, 0.07, 52), 50)
    one, other = verdicts(data), verdicts(data.swapped())
    assert one.ratio.estimate == pytest.approx(1 / other.ratio.estimate)
    assert one.ratio.upper == pytest.approx(1 / other.ratio.lower)
    assert one.difference.estimate == pytest.approx(-other.difference.estimate)
    assert str(one.verdict) == str(other.verdict)
    for name in ("p_trend", "p_scan", "p_difference", "p_away", "smallest_factor", "seed"):
        assert getattr(one, name) == pytest.approx(getattr(other, name)), name


def test_weeks_without_an_event_change_nothing_that_is_said_of_the_ratio():
    rng = np.random.default_rng(3)
    y, y0 = rng.binomial(10, 0.1, 52), rng.binomial(50, 0.05, 52)
    gaps = np.sort(rng.integers(0, 53, 20))
    plain = judged(y, 10, y0, 50)
    padded = judged(np.insert(y, gaps, 0), 10, np.insert(y0, gaps, 0), 50)
    for name in ("p_trend", "p_scan", "p_away", "seed", "autocorrelation"):
        assert getattr(plain, name) == getattr(padded, name), name
    assert plain.ratio.estimate == pytest.approx(padded.ratio.estimate, rel=1e-12)


def test_the_same_data_give_the_same_bytes_one_at_a_time_or_all_at_once():
    rng = np.random.default_rng(4)
    y, y0 = rng.binomial(10, 0.2, (6, 52)), rng.binomial(50, 0.15, (6, 52))
    together, again = judged(y, 10, y0, 50), judged(y, 10, y0, 50)
    alone = [judged(y[row], 10, y0[row], 50) for row in range(6)]
    for name in ("p_trend", "p_scan", "p_difference", "p_away", "split", "verdict"):
        assert getattr(together, name).tobytes() == getattr(again, name).tobytes()
        assert getattr(together, name).tolist() == [getattr(one, name).item() for one in alone]


def test_neighbours_that_resemble_one_another_are_shuffled_in_blocks():
    rng = np.random.default_rng(5)
    wave = np.repeat(rng.uniform(0.05, 0.5, 13), 8)
    found = judged(rng.binomial(20, wave), 20, 10, 50)
    assert bool(found.in_blocks)
    assert found.autocorrelation > 0.3


def swinging(weeks, many):
    """Gaps that stay what they are, in weeks whose rates swing slowly and far."""
    rng = np.random.default_rng(52)
    sway = rng.normal(size=(many, weeks))
    for week in range(1, weeks):
        sway[:, week] = 0.6 * sway[:, week - 1] + 0.8 * sway[:, week]
    rate = np.minimum(0.86 * np.exp(0.25 * sway), 0.98)
    return judged(rng.binomial(20, rate), 20, rng.binomial(60, 0.86, rate.shape), 60)


def test_likeness_is_seen_sooner_in_many_weeks_than_in_few():
    many, few = swinging(104, 300), swinging(24, 300)
    assert many.in_blocks[many.autocorrelation > 0.2].all()
    assert not few.in_blocks[few.autocorrelation < 0.3].any()
    assert (few.autocorrelation > 0.2)[~few.in_blocks].any()


def test_slow_swings_of_two_years_are_seldom_called_a_change_of_the_gap():
    # A test of 5 %, of which slow swings make a little more.
    assert np.isin(swinging(104, 1000).verdict, CHANGED).mean() < 0.09
