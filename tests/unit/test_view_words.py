"""Sentences say what is there and what not to conclude, and never more."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from made_findings import made_findings, made_project

from qi_equity.findings import Chart, Gap, row
from qi_equity.view.table import gaps_table, points_table, summary_table
from qi_equity.words.charts import chart_sentences, lead_sentence
from qi_equity.words.gaps import gap_sentence

PROJECT = made_project(sites=1)
MEASURE = PROJECT.measure("pph")
FINDINGS = made_findings(PROJECT, weeks=40)
QUIET = row(
    Chart, subgroups=40.0, useful=40.0, centre=6.0, beyond_limits=0.0, longest_run=5.0,
    longest_run_limit=8.0, crossings=20.0, crossings_limit=15.0,
)  # fmt: skip
NONE = pd.DataFrame({"subgroup": [], "beyond_limits": []})


def test_no_signal_is_not_told_as_no_problem():
    said = " ".join(chart_sentences(QUIET, NONE, MEASURE))
    assert "No signal" in said
    assert "steadily unfair" in said


def test_a_run_is_told_with_what_chance_would_bring():
    chart = replace(QUIET, runs_signal=True, longest_run=11.0)
    said = " ".join(chart_sentences(chart, NONE, MEASURE))
    assert "a run of 11 on one side of the centre line (chance alone: up to 8)" in said
    assert "crosses" not in said


def test_few_points_are_said_to_be_few():
    said = " ".join(chart_sentences(replace(QUIET, useful=6.0), NONE, MEASURE))
    assert "could easily go unseen" in said


def test_without_a_centre_nothing_is_judged():
    said = chart_sentences(replace(QUIET, centre=float("nan")), NONE, MEASURE)
    assert len(said) == 1
    assert "no centre line yet" in said[0]


def test_a_gap_is_told_on_both_scales_with_intervals():
    gap = row(
        Gap, stratum="Black", numerator=41.0, denominator=241.0, rate=0.1701,
        reference="everyone else", difference=0.1135, difference_lower=0.0686,
        difference_upper=0.1671, ratio=3.0, ratio_lower=2.08, ratio_upper=4.31,
    )  # fmt: skip
    said = gap_sentence(gap, MEASURE)
    assert "17.0% (41 of 241)" in said
    assert "11.3 percentage points higher than everyone else" in said
    assert "+6.9 to +16.7" in said
    assert "3 times the rate (2.08 to 4.31)" in said
    assert "chance could explain it" not in said


def test_an_interval_that_includes_no_difference_is_said_to():
    gap = next(FINDINGS.rows(Gap))
    gap = replace(gap, difference=0.01, difference_lower=-0.01, difference_upper=0.03)
    assert "chance could explain it" in gap_sentence(gap, MEASURE)


def test_a_gap_without_numbers_is_not_invented():
    assert gap_sentence(row(Gap, stratum="Mixed"), MEASURE) == "Mixed: nothing to compare yet."


def test_the_lead_names_what_stands_out_among_all_and_nothing_else():
    charts = list(FINDINGS.rows(Chart, MEASURE))
    assert "Black" in lead_sentence(charts, judged=True)
    quiet = [replace(chart, highlight=False) for chart in charts]
    assert "None of the 6 strata stands out" in lead_sentence(quiet, judged=True)


def test_before_charts_are_judged_together_nothing_is_said_of_which_stand_out():
    charts = list(FINDINGS.rows(Chart, MEASURE))
    for signalling in (set(), {"Black"}):
        assert "stand" not in lead_sentence(charts, judged=False, signalling=signalling).lower()


def test_tables_hold_every_point_and_show_a_dash_where_nothing_was_logged():
    points = FINDINGS.points
    own = points[(points["measure"] == "pph") & (points["stratum"] == "Black")].copy()
    own.loc[own.index[3], ["numerator", "denominator", "value"]] = float("nan")
    table = points_table(own, MEASURE, "Black")
    assert len(table.rows) == 40
    assert table.rows[3][1:4] == ("–", "–", "–")
    assert all(len(row) == len(table.header) for row in table.rows)


def test_a_table_of_gaps_has_a_row_a_stratum_and_the_verdict_where_there_is_one():
    gaps = list(FINDINGS.rows(Gap, MEASURE))
    assert gaps_table(gaps, MEASURE, "", judged=True).header[-1] == "Verdict"
    assert gaps_table(gaps, MEASURE, "", judged=False).header[-1] == "95% interval"


def test_the_summary_tells_the_latest_value_of_each_stratum():
    charts = list(FINDINGS.rows(Chart, MEASURE))
    points = FINDINGS.points[FINDINGS.points["measure"] == "pph"]
    table = summary_table(charts, points, MEASURE, "")
    assert [row[0] for row in table.rows] == [chart.stratum for chart in charts]
    assert all("2025" in row[3] for row in table.rows)
