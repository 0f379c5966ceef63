"""Whatever a log may hold, gap charts, verdicts and scans answer: no error, nothing impossible."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qi_equity.equity.contrast import contrast
from qi_equity.equity.display import display
from qi_equity.equity.gap_chart import gap_charts
from qi_equity.equity.verdict import verdicts
from qi_equity.spc.scan import scan


@st.composite
def logs(draw):
    """Two groups over some weeks, with blanks, empty weeks and weeks full of events."""
    weeks = draw(st.integers(0, 24))
    largest = draw(st.sampled_from([1, 3, 20, 3_000]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rate = draw(st.sampled_from([0.0, 0.01, 0.2, 0.9, 1.0]))
    total, reference = rng.integers(0, largest + 1, (2, weeks))
    blank = rng.random(weeks) < draw(st.sampled_from([0.0, 0.3, 1.0]))
    events = np.where(blank, np.nan, rng.binomial(total, rate))
    return events, total, rng.binomial(reference, rate), reference


@settings(max_examples=60, deadline=None)
@given(logs(), st.integers(0, 26))
def test_gap_charts_answer_whatever_the_log_holds(log, baseline):
    data = contrast(*log)
    chart = gap_charts(data, baseline)
    assert (chart.up[np.isfinite(chart.up)] >= 0).all()
    assert set(np.unique(chart.signal)) <= {-1, 0, 1}
    assert not chart.signal[: min(baseline, len(chart.signal))].any()
    assert (int(chart.first) >= 0) == bool(chart.signal.any())


@settings(max_examples=60, deadline=None)
@given(logs())
def test_verdicts_answer_whatever_the_log_holds(log):
    found = verdicts(contrast(*log))
    for p in (found.p_trend, found.p_scan, found.p_difference, found.p_away, found.p_apart):
        assert 0 < p <= 1
    assert found.dispersion >= 1
    assert found.smallest_factor >= 1
    assert found.periods_to_go >= 0
    low, ratio, high = found.ratio.lower, found.ratio.estimate, found.ratio.upper
    assert np.isnan(ratio) or low <= ratio * (1 + 1e-9) <= high * (1 + 2e-9)


@settings(max_examples=60, deadline=None)
@given(logs())
def test_scans_and_displays_answer_whatever_the_log_holds(log):
    events, total, *_ = log
    found = scan(events, total)
    assert np.isnan(found.p_value) or 0 < found.p_value <= 1
    assert display(events, total, 12).periods in (1, 2, 4, 13)


def test_events_outside_their_denominator_are_refused():
    with pytest.raises(ValueError, match="between 0 and the number at risk"):
        contrast([3], [2], [1], [9])
