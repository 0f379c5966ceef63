"""Every part of a verdict on the gap, held against a sum that can be done by hand."""

import math
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest
from scipy import stats

from qi_equity.equity.contrast import Contrast, Pooled, contrast, pooled
from qi_equity.equity.intervals import Interval, gart_nam, gart_nam_ratio
from qi_equity.equity.permutation import dispersion, ratio_scores
from qi_equity.equity.verdict import (
    CHANGED,
    DETECTION,
    MOVED,
    Verdicts,
    _events,
    _halves,
    _information_of,
    _matters,
    _moved,
    _movers,
    _opposite,
    _overall_falling,
    _reach,
    _side,
    _spread,
    _within,
    verdicts,
    words_for,
)

WEEKS = 52
LATE = np.arange(WEEKS) >= WEEKS // 2
NAN = math.nan


def between(lower, upper):
    """An interval of one series."""
    return Interval(np.array([1.0]), np.array([float(lower)]), np.array([float(upper)]))


def numbers(*given):
    return np.array(given, dtype=float)


# -- the table of words -------------------------------------------------------------------------

PLAIN = verdicts(contrast([np.full(4, 2)], 20, 5, 50))


def word(*, few=False, compared=104, opposite=False, further=False, would_see=True, **found):
    """The word for one series: a gap of 1.5 to 3 that nothing shows to have changed, or as told."""
    told = {
        "ratio": between(1.5, 3),
        "late_ratio": between(1.5, 3),
        "smallest_factor": 1.5,
        "p_trend": 0.5,
        "p_scan": 0.5,
        "p_difference": 0.5,
        "matters": True,
        **found,
    }
    put = {name: at if isinstance(at, Interval) else np.array([at]) for name, at in told.items()}
    flags = [np.array([one]) for one in (few, compared, opposite, further, would_see)]
    return str(words_for(replace(PLAIN, **put), *flags, 1.25)[0])


SURE = {"p_trend": 0.001}


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("steady", {}),
        # A change is one that the trend test shows at one in twenty, and of a size that matters.
        ("narrowing", {"p_trend": 0.05}),
        ("steady", {"p_trend": 0.0501}),
        ("gap", {**SURE, "matters": False}),
        ("gap", {**SURE, "few": True}),
        # Where only more than threefold would be seen, at one in a hundred.
        ("narrowing", {"p_trend": 0.05, "smallest_factor": 3.0}),
        ("gap", {"p_trend": 0.05, "smallest_factor": 3.001}),
        ("narrowing", {"p_trend": 0.01, "smallest_factor": 3.001}),
        ("gap", {"p_trend": 0.0101, "smallest_factor": 3.001}),
        ("narrowing", {"p_trend": 0.01, "smallest_factor": math.inf}),
        # Of the kinds of change, the first that holds.
        ("reversed", {**SURE, "opposite": True}),
        ("reversed", {**SURE, "opposite": True, "further": True, "late_ratio": between(0.9, 1.1)}),
        ("widening", {**SURE, "further": True}),
        ("widening", {**SURE, "further": True, "late_ratio": between(0.9, 1.1)}),
        ("closed", {**SURE, "late_ratio": between(0.801, 1.249)}),
        ("narrowing", {**SURE, "late_ratio": between(0.8, 1.1)}),
        ("narrowing", {**SURE, "late_ratio": between(0.9, 1.25)}),
        # Steady only where a change would have been seen and no test shows one.
        ("gap", {"would_see": False}),
        ("gap", {"p_scan": 0.05}),
        ("steady", {"p_scan": 0.051}),
        ("gap", {"p_difference": 0.05}),
        ("steady", {"p_difference": 0.051}),
        ("steady", {"opposite": True, "further": True}),
        # The interval of the gap says whether there is one.
        ("steady", {"ratio": between(0.4, 0.8)}),
        ("steady", {"ratio": between(1.001, 4)}),
        ("too few", {"ratio": between(1.0, 4)}),
        ("no gap", {"ratio": between(0.801, 1.249)}),
        ("too few", {"ratio": between(0.8, 1.249)}),
        ("too few", {"ratio": between(0.801, 1.25)}),
        ("no gap", {"ratio": between(0.9, 1.1), "would_see": False, "p_scan": 0.001}),
        ("narrowing", {**SURE, "ratio": between(0.9, 1.1)}),
        # Nothing is said of few, unless the gap is plain; nor without an interval.
        ("too few", {"few": True, "ratio": between(0.9, 1.1)}),
        ("steady", {"few": True}),
        ("too few", {"ratio": between(NAN, NAN)}),
        ("too few", {"ratio": between(NAN, 0.5)}),
        ("too few", {"ratio": between(2, NAN)}),
        # One period is one look, whatever else; two are more.
        ("one look", {**SURE, "compared": 1}),
        ("one look", {"compared": 0}),
        ("narrowing", {**SURE, "compared": 2}),
        ("too few", {"few": True, "ratio": between(0.9, 1.1), "compared": 1}),
    ],
)
def test_the_first_word_that_holds_is_said(expected, found):
    assert word(**found) == expected


def test_words_of_change_are_four():
    assert [str(one) for one in CHANGED] == ["widening", "narrowing", "closed", "reversed"]


def test_the_constants_are_those_of_the_normal_curve():
    assert pytest.approx(stats.norm.ppf(0.975) + stats.norm.ppf(0.8), abs=0.01) == DETECTION
    assert pytest.approx(stats.norm.ppf(0.95), abs=1e-12) == MOVED


def test_sides_have_changed_where_both_are_sure_or_the_two_gaps_are_of_a_size():
    def halves(early, late, size):
        rates = [np.array([0.1 * early, 0.1 * late]), np.array([0.1, 0.1])]
        sizes = np.array([size, size], dtype=float)
        return [Pooled(rates[0][[at]], sizes[[at]], rates[1][[at]], sizes[[at]]) for at in (0, 1)]

    assert _opposite(halves(0.4, 2.2, 1000)).tolist() == [True]
    assert _opposite(halves(2.2, 0.4, 1000)).tolist() == [True]
    # One-sided p of .1 at .67: enough beside 2.2, which is as far from 1, and not beside 5.
    assert _opposite(halves(0.67, 2.2, 280)).tolist() == [True]
    assert _opposite(halves(0.67, 5.0, 280)).tolist() == [False]
    # Hardly below 1, and sure of it only where there are many.
    assert _opposite(halves(0.9, 2.2, 1000)).tolist() == [False]
    assert _opposite(halves(0.9, 2.2, 20_000)).tolist() == [True]
    assert _opposite(halves(1.3, 2.2, 20_000)).tolist() == [False]


# -- the parts ----------------------------------------------------------------------------------


def test_the_middle_period_belongs_to_the_first_half_and_empty_ones_to_neither():
    total = numbers(9, 0, 9, 9, 9, 0, 9)
    early, late = _halves(contrast(np.ones(7), total, np.ones(7), 50))
    assert early.total.tolist() == [9, 0, 9, 9, 0, 0, 0]
    assert late.total.tolist() == [0, 0, 0, 0, 9, 0, 9]
    assert early.reference_events.tolist() == [1, 0, 1, 1, 0, 0, 0]
    even = [half.total.tolist() for half in _halves(contrast(np.ones(4), 9, np.ones(4), 50))]
    assert even == [[9, 9, 0, 0], [0, 0, 9, 9]]


def test_the_halves_of_each_series_are_its_own():
    early, _ = _halves(contrast(np.ones((2, 4)), [[9, 9, 9, 9], [0, 0, 9, 9]], 5, 50))
    assert early.total.tolist() == [[9, 9, 0, 0], [0, 0, 9, 0]]


def test_a_period_in_which_one_group_is_missing_is_in_neither_half():
    total = numbers(9, 0, 9, 0)
    alone = Contrast(numbers(1, 0, 1, 0), total, numbers(2, 2, 2, 2), numbers(50, 50, 50, 50))
    early, late = _halves(alone)
    assert (early.reference_total.tolist(), late.reference_total.tolist()) == (
        [50, 0, 0, 0],
        [0, 0, 50, 0],
    )


def test_the_side_of_a_ratio_is_known_beyond_its_interval():
    limits = Interval(np.ones(5), numbers(1.01, 0.5, 0.5, 1, NAN), numbers(2, 0.99, 2, 2, NAN))
    assert _side(limits).tolist() == [1, -1, 0, 0, 0]
    assert _side(between(0.5, 1)).tolist() == [0]


def test_within_is_between_the_smallest_ratios_that_matter():
    limits = Interval(np.ones(4), numbers(0.51, 0.5, 0.51, 0.51), numbers(1.99, 1.99, 2.0, NAN))
    assert _within(limits, 2.0).tolist() == [True, False, False, False]


def rates(rate, reference):
    return Pooled(numbers(rate), numbers(1e12), numbers(reference), numbers(1e12))


@pytest.mark.parametrize(
    ("early", "late", "matters"),
    [
        ((0.1, 0.1), (0.124, 0.1), False),
        ((0.1, 0.1), (0.126, 0.1), True),
        ((0.126, 0.1), (0.1, 0.1), True),
        ((0.1, 0.1), (0.1, 0.126), True),
        ((0.2, 0.1), (0.4, 0.2), False),
        # Those it passes by: from level to 0.7 of the reference.
        ((0.9, 0.9), (0.93, 0.9), True),
        ((0.9, 0.9), (0.915, 0.9), False),
        ((NAN, NAN), (0.1, 0.1), False),
    ],
)
def test_a_ratio_that_moves_by_a_quarter_matters(early, late, matters):
    assert _matters(rates(*early), rates(*late), 1.25).tolist() == [matters]


def test_the_smallest_change_that_matters_is_the_project_s():
    assert _matters(rates(0.1, 0.1), rates(0.124, 0.1), 1.2).tolist() == [True]


@pytest.mark.parametrize(
    ("counts", "whole", "events"),
    [
        ((3, 100, 40, 400), (0.03, 0.1), 10),  # 100 at the reference's 0.1 would have had ten
        ((30, 100, 40, 400), (0.3, 0.1), 30),
        ((3, 100, 4, 400), (0.03, 0.01), 3),
        ((9, 100, 0, 10), (0.09, 0.0), 0.9),  # 10 at the stratum's 0.09
        ((9, 100, 4, 10), (NAN, NAN), 4),
    ],
)
def test_the_events_that_count_are_those_of_the_group_with_fewer(counts, whole, events):
    data = Contrast(*(np.array([[part / 2, part / 2]]) for part in counts))
    assert _events(data, rates(*whole)) == pytest.approx(events)


def test_information_of_a_half_is_at_the_rates_of_the_whole():
    half = Pooled(numbers(0.5), numbers(520), numbers(0.5), numbers(1300))
    held = _information_of(half, rates(0.2, 0.1))
    assert held == pytest.approx(1 / (0.8 / (520 * 0.2) + 0.9 / (1300 * 0.1)))


def reached(phi=1.0, own=520.0, periods=52):
    half = Pooled(numbers(0.2), numbers(own), numbers(0.1), numbers(1300))
    factor, to_go = _reach(half, half, rates(0.2, 0.1), numbers(phi), np.array([periods]))
    return float(factor[0]), float(to_go[0])


def test_reach_by_hand():
    # 1 / (0.8 / 104 + 0.9 / 130) = 68.42 a half, 34.21 of their difference; e^(2.8 / 5.849).
    assert reached()[0] == pytest.approx(1.61400, abs=1e-5)
    assert reached(phi=4)[0] == pytest.approx(math.exp(2 * 2.8 / 5.8489), abs=1e-4)
    # Half as much again takes (2.8 / 0.40547)^2 = 47.69: 52 weeks, and 21 more.
    assert reached()[1] == 21
    assert reached(phi=2)[1] == 93
    assert reached(periods=26)[1] == 11
    assert reached(phi=0.5)[1] == 0
    assert reached(own=0.0) == (math.inf, math.inf)
    assert reached(phi=math.inf) == (math.inf, math.inf)


def test_two_unequal_halves_see_what_the_smaller_lets_them():
    small = Pooled(numbers(0.2), numbers(52), numbers(0.1), numbers(130))
    large = Pooled(numbers(0.2), numbers(520), numbers(0.1), numbers(1300))
    expected = math.exp(2.8 / math.sqrt(1 / (1 / 6.84211 + 1 / 68.4211)))
    for one, two in ((small, large), (large, small)):
        factor, _ = _reach(one, two, rates(0.2, 0.1), np.ones(1), np.array([52]))
        assert factor == pytest.approx(expected, rel=1e-4)


def spread_out(events, periods=10):
    """So many events over the periods, as evenly as whole numbers allow."""
    return np.diff(np.floor(np.linspace(0, events, periods + 1) + 1e-9))


def moved(early, late, total=100):
    early, late = (np.concatenate(halves) for halves in ((early, 0 * late), (0 * early, late)))
    at = np.repeat([1.0, 0.0], len(early) // 2)
    return int(_moved((early, total * at), (late, total * (1 - at))))


@pytest.mark.parametrize(("late", "way"), [(123, 0), (124, 1), (100, 0), (79, -1), (80, 0)])
def test_a_rate_moved_where_chance_would_do_as_much_one_time_in_ten(late, way):
    # Of 1000 before and 1000 after, 100 before.
    assert moved(spread_out(100), spread_out(late)) == way
    table = [[100, 900], [late, 1000 - late]]
    chi2 = stats.chi2_contingency(table, correction=False).statistic
    assert (chi2 > stats.chi2.ppf(0.9, 1)) == (way != 0)


def test_a_rate_that_varies_more_than_chance_must_move_further():
    early = np.tile([0.0, 20.0], 5)
    assert moved(early, spread_out(124)) == 0
    # From 100 of 1000 to 230 is 7.8 times its error by chance alone, and to 240 is 8.3 times;
    # the periods vary by 4.89 and 5.04 times that (the root of their spread).
    wide = {late: moved(early, np.tile([late / 5 - 2, 2.0], 5)) for late in (230, 240)}
    assert wide == {230: 0, 240: 1}


def test_nobody_at_risk_has_not_moved():
    assert moved(np.zeros(4), np.zeros(4), total=0) == 0
    assert moved(np.zeros(4), np.zeros(4)) == 0
    assert moved(np.full(4, 100.0), np.full(4, 100.0)) == 0


def test_the_spread_of_a_rate_by_hand():
    # Each of four periods lies ten from its mean of ten, with variance 9: 400/9 over three.
    events, total = numbers(0, 20, 0, 20, 0), numbers(100, 100, 100, 100, 0)
    assert _spread(events, total, np.array(0.1)) == pytest.approx(400 / 27)
    assert _spread(numbers(0), numbers(100), np.array(0.1)) == pytest.approx(100 / 9)
    assert _spread(numbers(10, 10), numbers(100, 100), np.array(0.1)) == 1
    assert _spread(numbers(0, 0), numbers(0, 0), np.array(NAN)) == 1
    rows = _spread(np.stack([events, events / 2]), np.stack([total, total]), numbers(0.1, 0.05))
    assert rows == pytest.approx([400 / 27, 4 * 25 / 4.75 / 3])


def test_the_higher_group_is_that_of_the_half_with_the_larger_gap():
    flat, rising = spread_out(100), spread_out(200)
    none = np.zeros(10)
    early = Contrast(*(np.append(part, none) for part in (flat, none + 100, flat, none + 100)))
    late = Contrast(*(np.append(none, part) for part in (rising, none + 100, flat, none + 100)))
    above, below = rates(0.2, 0.1), rates(0.1, 0.2)
    for widened, then, now, expected in (
        (True, below, above, (True, 1, 0)),
        (False, above, below, (True, 1, 0)),
        (True, above, below, (False, 0, 1)),
        (False, below, above, (False, 0, 1)),
        (False, rates(NAN, NAN), above, (False, 0, 1)),
    ):
        higher, high, low = _movers([early, late], np.array([widened]), then, now)
        assert (bool(higher[0]), int(high[0]), int(low[0])) == expected


# -- both groups together -----------------------------------------------------------------------

UNEVEN = np.array([20, 4, 18, 9, 14, 3, 16, 5, 11, 2, 9, 4], dtype=float)


def falling(events, total=40.0, reference=0.0):
    return float(_overall_falling(contrast(events, total, reference, 60)))


def test_whether_all_fall_is_the_t_test_of_the_slope():
    # Equal sizes and more scatter than chance: the quasi-binomial test is that of a straight line.
    for events in (UNEVEN, UNEVEN[::-1], np.roll(UNEVEN, 3)):
        line = stats.linregress(np.arange(12), events, alternative="less")
        assert falling(events) == pytest.approx(line.pvalue)
    assert falling(UNEVEN) < 0.1 < 0.9 < falling(UNEVEN[::-1])


def test_less_scatter_than_chance_counts_as_chance():
    events = np.array([12, 12, 11, 11, 10, 10, 9, 9], dtype=float)
    p = events.mean() / 100
    at = np.arange(8) - 3.5
    z = (at * events).sum() / math.sqrt(100 * p * (1 - p) * (at**2).sum())
    assert falling(events) == pytest.approx(stats.t.cdf(z, 6))


def test_both_groups_are_taken_together_and_empty_weeks_left_out():
    together = falling(UNEVEN)
    assert falling(np.ones(12), reference=UNEVEN - 1) == pytest.approx(together)
    gaps = contrast(np.insert(UNEVEN, [3, 7], 5), np.insert(np.full(12, 40), [3, 7], 0), 0, 60)
    assert float(_overall_falling(gaps)) == pytest.approx(together)


def test_what_never_changes_does_not_fall():
    assert falling(np.full(6, 5)) == pytest.approx(0.5)
    assert falling(np.zeros(6)) == 1
    assert falling(np.full(2, 5)) == pytest.approx(0.5)
    assert falling(np.array([9.0, 1.0])) == pytest.approx(
        stats.t.cdf(-4 / math.sqrt(5 * 0.95) * math.sqrt(2), 1)
    )


# -- all of it together -------------------------------------------------------------------------


def test_what_is_said_of_a_series_is_what_its_parts_say():
    rng = np.random.default_rng(8)
    data = contrast(
        rng.binomial(20, rng.uniform(0.05, 0.4, (1, WEEKS))), 20, rng.binomial(50, 0.1, WEEKS), 50
    )
    found, scores = verdicts(data), ratio_scores(data)
    phi, unsure = dispersion(scores), dispersion(scores, unsure=True)
    assert unsure > phi > 1.5
    assert found.dispersion == phi
    early, late = (pooled(half) for half in _halves(data))
    for name, window in (("", pooled(data)), ("early_", early), ("late_", late)):
        table = window.inflated(unsure)
        n, n0 = table.size, table.reference_size
        counts = (table.rate * n, n, table.reference_rate * n0, n0)
        ratio = getattr(found, f"{name}ratio")
        same(ratio, gart_nam_ratio(*counts))
        assert ratio.lower < ratio.estimate == pytest.approx(window.ratio)
    same(found.difference, gart_nam(*counts_of(pooled(data).inflated(unsure))))
    assert found.early_difference == early.difference
    assert found.late_difference == late.difference
    factor, to_go = _reach(early, late, pooled(data), phi, np.array([WEEKS]))
    assert (found.smallest_factor, found.periods_to_go) == (factor, to_go)
    assert found.information == pooled(data).information
    assert found.p_overall_falling == _overall_falling(data)
    assert found.seed.tolist() == [1991]
    assert found.in_blocks.tolist() == [False]


def counts_of(table):
    return (
        table.rate * table.size, table.size,
        table.reference_rate * table.reference_size, table.reference_size,
    )  # fmt: skip


def same(one, other):
    for field in fields(one):
        assert getattr(one, field.name) == getattr(other, field.name), field.name


def test_series_keep_their_places():
    events = np.array([[[2] * 8, [6] * 8, [0] * 8], [[5] * 8, [1] * 8, [3] * 8]])
    together = verdicts(contrast(events, 20, 5, 50))
    for place in np.ndindex(2, 3):
        alone = verdicts(contrast(events[place], 20, 5, 50))
        for field in fields(Verdicts):
            held, own = getattr(together, field.name), getattr(alone, field.name)
            if isinstance(own, Interval):
                held, own = held.lower, own.lower
            assert held.shape == (2, 3)
            np.testing.assert_array_equal(held[place], own, field.name)


def said(events, total, reference, reference_total, **asked):
    return str(verdicts(contrast(events, total, reference, reference_total), **asked).verdict)


@pytest.mark.parametrize(
    ("early", "late", "expected"),
    [(5, 1, "reversed"), (1, 5, "reversed"), (1, 2, "closed"), (2, 1, "widening")],
)
def test_a_gap_is_reversed_where_both_halves_are_apart_and_opposite(early, late, expected):
    events = np.repeat([early, late], 52)
    assert said(events, 20, 5, 50) == expected


@pytest.mark.parametrize(
    ("own", "total", "reference", "reference_total", "expected"),
    [
        # Information: 1 / (1 / 8 + 1 / 8) is 4; of 7 and 7 it is 3.5.
        (8, 1000, 8, 1000, "no gap"),
        (7, 1000, 7, 1000, "too few"),
        # Of a group in which it happens to half, a few tell much; five events are needed still.
        (5, 10, 5000, 10_000, "no gap"),
        (4, 8, 4000, 8000, "too few"),
        (5000, 10_000, 5, 10, "no gap"),
        (4000, 8000, 4, 8, "too few"),
    ],
)
def test_few_events_or_little_information_say_nothing(
    own, total, reference, reference_total, expected
):
    halves = [np.full(2, part / 2) for part in (own, total, reference, reference_total)]
    assert said(*halves, practical_ratio=6) == expected


def test_a_gap_is_steady_where_twofold_or_the_project_s_own_would_be_seen():
    events, reference = np.full(12, 8), np.full(12, 10)
    found = verdicts(contrast(events, 40, reference, 100))
    assert found.smallest_factor > 2
    assert str(found.verdict) == "gap"
    assert said(events, 40, reference, 100, practical_ratio=4) != "gap"


def test_no_more_than_is_told_can_be_put_in():
    found = verdicts(contrast(np.full(4, 2), 20, 5, 50))
    with pytest.raises(FrozenInstanceError):
        found.split = found.seed
    assert not hasattr(found, "__dict__")
    assert found != replace(found)
