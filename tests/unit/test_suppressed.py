"""Counts known as ranges: what was shown, what it can have been, and when to say nothing."""

import numpy as np
import pytest

from qi_equity.equity.contrast import contrast
from qi_equity.equity.suppressed import (
    PROTECTIONS,
    Range,
    agreed,
    below,
    counted,
    extremes,
    protected,
)
from qi_equity.equity.verdict import verdicts


def shown(counts, rule):
    """What a publisher shows of true counts, written from the rule's own words."""
    counts = np.asarray(counts)
    small = (counts >= rule.hidden[0]) & (counts <= rule.hidden[1])
    rounded = rule.base * np.floor(counts / rule.base + 0.5)
    blank = np.nan if rule.shown_as is None else rule.shown_as
    return np.where(small, blank, rounded), small & (rule.shown_as is None)


@pytest.mark.parametrize("rule", [*PROTECTIONS.values(), below(5)])
def test_the_range_holds_the_truth_and_nothing_that_would_show_otherwise(rule):
    truth = np.arange(0, 63)  # to the end of a round of five
    values, hidden = shown(truth, rule)
    seen = protected(values, rule, hidden)
    assert (seen.low <= truth).all()
    assert (truth <= seen.high).all()
    for value, blank, low, high in zip(values, hidden, seen.low, seen.high, strict=True):
        alike = (values == value) | (np.isnan(values) & np.isnan(value))
        assert truth[alike & (hidden == blank)].tolist() == list(range(int(low), int(high) + 1))


def test_what_was_never_logged_stays_missing():
    seen = protected([np.nan, 20], PROTECTIONS["hes"], hidden=[False, False])
    assert np.isnan([seen.low[0], seen.high[0]]).all()


def test_counts_that_are_exact_have_one_extreme():
    parts = [counted([3, 4, 5]), counted([50, 60, 70]), counted([9, 9, 9]), counted([99] * 3)]
    assert counted([3]).exact.all()
    for table in extremes(*parts):
        for part, given in zip(table, parts, strict=True):
            np.testing.assert_array_equal(part, given.low)


def test_no_extreme_has_more_events_than_people():
    few = Range(np.array([1.0, 8]), np.array([7.0, 12]))
    people = Range(np.array([3.0, 8]), np.array([7.0, 12]))
    for x, n, x0, n0 in extremes(few, people, few, people):
        assert (x <= n).all()
        assert (x0 <= n0).all()


def verdict_of(tables):
    found = [verdicts(contrast(*(part[None] for part in table))).verdict for table in tables]
    return agreed(found, "too few")


def test_a_large_change_survives_rounding_and_a_small_stratum_does_not():
    rng = np.random.default_rng(4)
    months = np.arange(52)
    rate = np.where(months < 26, 0.3, 0.1)
    rule = PROTECTIONS["msds"]

    def verdict(size):
        own, other = rng.binomial(size, rate), rng.binomial(1000, 0.1, 52)
        return verdict_of(
            extremes(
                protected(shown(own, rule)[0], rule),
                counted(np.full(52, size)),
                protected(shown(other, rule)[0], rule),
                counted(np.full(52, 1000)),
            )
        )

    assert verdict(400)[0] in ("narrowing", "closed")
    assert verdict(20)[0] == "too few"
