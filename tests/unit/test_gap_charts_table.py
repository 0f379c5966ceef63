"""Gap charts as tables: labels, references, directions and what is refused."""

import numpy as np
import pandas as pd
import pytest

from qi_equity.errors import DataErrors
from qi_equity.findings import Gap, row
from qi_equity.findings.columns import columns
from qi_equity.frames.gap_chart import gap_charts
from qi_equity.vocabulary import Verdict
from qi_equity.words.verdicts import verdict_sentences

WEEKS = pd.date_range("2024-01-01", periods=80, freq="W-MON")
ARGUMENTS = {
    "numerator": "pph",
    "denominator": "births",
    "stratum": "ethnicity",
    "subgroup": "week",
}


def log(sites=("A", "B"), strata=("Asian", "Black", "White"), seed=1):
    rng = np.random.default_rng(seed)
    rows = pd.MultiIndex.from_product(
        [sites, strata, WEEKS], names=["site", "ethnicity", "week"]
    ).to_frame(index=False)
    births = rng.poisson(15, len(rows)) + 1
    return rows.assign(pph=rng.binomial(births, 0.15), births=births)


def charted(data, **more):
    return gap_charts(data, **{"by": "site", **ARGUMENTS, **more})


def same(one, other):
    pd.testing.assert_frame_equal(one.points, other.points)
    pd.testing.assert_frame_equal(one.summary, other.summary)


def test_a_row_for_each_stratum_and_a_point_for_each_week():
    found = charted(log())
    assert len(found.summary) == 6
    assert len(found.points) == 6 * len(WEEKS)
    assert list(found.summary.columns[:3]) == ["site", "ethnicity", "reference"]
    assert set(found.summary.reference) == {"everyone else"}


def test_the_reference_is_all_other_strata_of_the_same_site():
    data = log()
    point = charted(data).points.query("site == 'B' and ethnicity == 'Asian'").iloc[7]
    others = data.query("site == 'B' and ethnicity != 'Asian'").query("week == @point.week")
    assert point.reference_numerator == others.pph.sum()
    assert point.reference_denominator == others.births.sum()


def test_a_named_reference_has_no_chart_of_its_own():
    found = charted(log(), reference="White")
    assert set(found.summary.ethnicity) == {"Asian", "Black"}
    assert set(found.summary.reference) == {"White"}


def test_the_order_of_rows_does_not_matter():
    data = log()
    same(charted(data), charted(data.sample(frac=1, random_state=3)))


def test_sites_one_at_a_time_equal_all_at_once():
    data = log()
    alone = charted(data.query("site == 'B'"))
    together = charted(data)
    columns = ["verdict", "p_trend", "p_scan", "ratio", "seed", "signal", "established"]
    pd.testing.assert_frame_equal(
        alone.summary[columns],
        together.summary.query("site == 'B'")[columns].reset_index(drop=True),
    )


def test_a_missing_week_and_a_blank_count_say_nothing_and_break_nothing():
    data = log()
    blank = data.copy()
    gone = (blank.site == "A") & (blank.ethnicity == "Black") & (blank.week == WEEKS[70])
    blank["pph"] = blank.pph.astype(float).where(~gone)
    same(charted(blank), charted(data[~gone]))
    point = charted(blank).points.query("site == 'A' and ethnicity == 'Black'").iloc[70]
    assert np.isnan(point.numerator)
    assert not np.isnan(point.evidence_up)


def test_a_group_without_any_event_is_judged_without_a_warning():
    data = log(strata=("Asian", "Black"))
    data.loc[data.ethnicity == "Asian", "pph"] = 0
    assert len(charted(data).summary) == 4


def test_evidence_and_its_limit_begin_after_the_baseline():
    points = charted(log(), baseline=30).points
    later = points.week > WEEKS[29]
    assert (
        points.loc[~later, ["evidence_up", "evidence_down", "evidence_limit"]].isna().all(axis=None)
    )
    assert points.loc[later, ["evidence_up", "evidence_down"]].notna().all(axis=None)
    same(charted(log(), baseline=30), charted(log(), baseline=WEEKS[29]))


@pytest.mark.parametrize(
    ("direction", "better_off"), [("decrease", False), ("increase", True), (None, False)]
)
def test_better_and_worse_come_from_the_direction_alone(direction, better_off):
    data = log(sites=("A",), strata=("Black", "White"))
    late = (data.week >= WEEKS[40]) & (data.ethnicity == "Black")
    data["births"] = 20
    data["pph"] = np.where(late, 12, 4)
    row = charted(data, reference="White", direction=direction).summary.iloc[0]
    assert row.verdict == "widening"
    assert (row.higher_moved, row.lower_moved, row.stratum_higher) == (1, 0, True)
    assert row.better_off == better_off


def test_both_fall_and_the_gap_widens():
    data = log(sites=("A",), strata=("Black", "White"))
    late = data.week >= WEEKS[40]
    data["births"] = np.where(data.ethnicity == "Black", 40, 200)
    data["pph"] = np.where(data.ethnicity == "Black", 8, np.where(late, 10, 30))
    row = charted(data, reference="White", direction="decrease").summary.iloc[0]
    assert row.verdict == "widening"
    assert (row.higher_moved, row.lower_moved, row.better_off) == (0, -1, False)
    assert row.improving_overall
    assert row.improving_while_widening
    assert row.difference_widening_too


def test_a_proportionate_fall_narrows_the_difference_alone():
    data = log(sites=("A",), strata=("Black", "White"))
    late = data.week >= WEEKS[40]
    data["births"] = np.where(data.ethnicity == "Black", 100, 400)
    data["pph"] = np.where(data.ethnicity == "Black", 20, 40) // np.where(late, 2, 1)
    row = charted(data, reference="White", direction="decrease").summary.iloc[0]
    assert row.verdict == "gap", "the ratio stands still, the difference does not: not steady"
    assert "difference_changed" in row.cautions
    assert row.improving_overall
    assert not row.improving_while_widening
    assert row.p_difference < 0.01


def test_few_events_get_no_limits_and_say_so():
    data = log(sites=("A",))
    data.loc[data.ethnicity == "Asian", "pph"] = 0
    row = charted(data).summary.set_index("ethnicity").loc["Asian"]
    assert row.display == "counts"
    assert row.signal == ""
    assert "few_baseline_events" in row.cautions


def test_months_are_told_in_weeks_and_spend_a_years_budget_in_twelve():
    weekly = log(sites=("A",))
    monthly = weekly.assign(week=weekly.week.dt.to_period("M").dt.to_timestamp())
    found = charted(monthly, baseline=9)
    assert len(found.points) == 3 * monthly.week.nunique()
    wide = found.summary.weeks_to_go
    near = charted(weekly, baseline=40).summary.weeks_to_go
    assert (np.abs(np.log2((wide + 20) / (near + 20))) < 1).all()


def refused(data, **more):
    with pytest.raises(DataErrors) as problem:
        charted(data, **more)
    return str(problem.value)


def test_what_is_refused_says_what_to_do():
    data = log()
    assert "did you mean 'birth'" in refused(data.rename(columns={"births": "birth"}))
    assert "did you mean 'White'" in refused(data, reference="Whtie")
    assert "name a stratum" in refused(data, reference=0.1)
    assert "is above" in refused(data.assign(pph=data.births + 1))
    assert "there are no rows" in refused(data.iloc[:0])
    assert "80 subgroups" in refused(data, baseline=81)


def test_a_gap_whose_change_is_established_is_never_called_steady():
    # It went up for ten weeks and came back: no single look at the whole of it shows a change.
    weeks = np.arange(156)
    up = np.where((weeks >= 60) & (weeks < 70), 14, 8)
    rows = pd.DataFrame(
        {
            "ethnicity": np.repeat(["Black", "White"], 156),
            "week": np.tile(pd.date_range("2022-01-03", periods=156, freq="W-MON"), 2),
            "pph": np.concatenate([up, np.full(156, 16)]),
            "births": np.repeat([40, 160], 156),
        }
    )
    found = gap_charts(rows, **ARGUMENTS, reference="White", baseline=52).summary.iloc[0]
    assert min(found.p_trend, found.p_scan, found.p_difference) > 0.05
    assert found.smallest_change < 2
    assert found.established
    assert found.verdict == Verdict.GAP
    known = found.rename({"ethnicity": "stratum"})
    told = row(Gap, **{name: known[name] for name in columns(Gap) if name in known})
    said = " ".join(verdict_sentences(told))
    assert "Established since" in said
    assert "No test shows" not in said
    assert "too early" not in said
