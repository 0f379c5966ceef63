"""Sentences say what is there and what not to conclude, and never more."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from made_findings import made_findings, made_project

from qi_equity.findings import Chart, Gap, row
from qi_equity.view.table import gaps_table, points_table, summary_table
from qi_equity.vocabulary import NotWatched, Verdict
from qi_equity.words.charts import chart_sentences, lead_sentence
from qi_equity.words.gaps import gap_sentence
from qi_equity.words.report import interval_of_days
from qi_equity.words.verdicts import verdict_sentences
from qi_equity.words.watched import established_sentence, standing_sentences

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


def test_points_that_add_several_weeks_up_are_not_called_weeks():
    wide = pd.DataFrame({"subgroup": pd.to_datetime(["2025-01-06", "2025-07-14"]),
                         "subgroups": [27, 28], "beyond_limits": [False, True],
                         "measure": "pph"})  # fmt: skip
    chart = replace(QUIET, subgroups=2.0, beyond_limits=1.0)
    said = " ".join(chart_sentences(chart, wide, MEASURE))
    assert "Over 2 points the centre line" in said
    assert "1 point beyond the control limits" in said
    assert "week" not in said
    # The last of 28 weeks from 14 July 2025.
    assert interval_of_days(wide, made_project()) == "6 Jan 2025 to 19 Jan 2026"
    assert interval_of_days(wide.drop(columns="subgroups"), made_project()).endswith("14 Jul 2025")


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


def test_the_lead_names_what_is_established_before_what_is_emerging():
    charts = list(FINDINGS.rows(Chart, MEASURE))
    lead = lead_sentence(charts, judged=True, direction="decrease")
    assert lead == "Established, however often one looks: Black (improvement)."
    both = [
        replace(chart, emerging=chart.stratum == "Asian", variation="concern") for chart in charts
    ]
    lead = lead_sentence(both, judged=True, direction="decrease")
    assert lead.endswith("(improvement). Emerging at this look: Asian (concern).")
    quiet = [replace(chart, emerging=False, established=False) for chart in charts]
    assert "none of the 6 strata stands out" in lead_sentence(quiet, judged=True)


def test_before_charts_are_judged_together_neither_word_is_said():
    charts = list(FINDINGS.rows(Chart, MEASURE))
    for signalling in (set(), {"Black"}):
        lead = lead_sentence(charts, judged=False, signalling=signalling).lower()
        assert not any(word in lead for word in ("stand", "established", "emerging"))


WATCHED = row(
    Chart, stratum="Black", established=True, direction="rising", false_alarms_a_year=0.0025,
    first_established=pd.Timestamp("2025-03-03"), change_estimate=pd.Timestamp("2025-01-06"),
)  # fmt: skip


def test_a_card_says_since_when_a_change_is_established_and_how_often_that_would_be_false():
    said = standing_sentences(WATCHED, "decrease")
    assert said[0].startswith("Established since 3 Mar 2025: the rate has risen, a concern")
    assert "about 6 Jan 2025" in said[0]
    assert "0.0025 a year, or one in about 400 years" in said[-1]
    assert "an improvement" in standing_sentences(WATCHED, "increase")[0]
    neither = standing_sentences(WATCHED, "none")[0]
    assert "concern" not in neither
    assert "improvement" not in neither


def test_the_network_hears_the_word_without_the_day():
    told = replace(WATCHED, first_established=pd.NaT, change_estimate=pd.NaT)
    assert established_sentence(told, "decrease").startswith("Established: the rate has risen")


def test_why_a_chart_is_not_watched_is_said():
    for why in NotWatched:
        said = established_sentence(row(Chart, not_watched=str(why)), "decrease")
        assert said.startswith("Not watched") == (why is not NotWatched.WATCHED)


def test_whose_change_it_is_is_told_apart_and_so_is_a_season():
    def said(**given):
        return " ".join(standing_sentences(replace(WATCHED, **given), "decrease"))

    assert "This group’s own rate moved" in said(shared="own")
    assert "Everyone’s rate moved here" in said(shared="shared")
    assert "moved" not in said(shared="shared", stratum="Everyone")
    assert "has been taken out" in said(season="taken out")
    assert "cannot be told from a change" in said(season="too short")


GAP = row(
    Gap, stratum="White", reference="everyone else", ratio=0.66, ratio_lower=0.5, ratio_upper=0.87,
    smallest_gap=1.1, smallest_change=1.7, early_ratio=0.7, late_ratio=0.62, weeks_to_go=23.0,
)  # fmt: skip


def verdict_said(verdict, **given):
    return " ".join(verdict_sentences(replace(GAP, verdict=verdict, **given), 100, "decrease"))


def test_a_better_off_group_is_not_told_that_the_system_is_unequal_to_it():
    for verdict in ("steady", "gap"):
        said = verdict_said(verdict, better_off=True)
        assert "White is the better-off side" in said
        assert "reliably unequal" not in said
    assert "reliably unequal" in verdict_said("steady")


@pytest.mark.parametrize(("low", "high"), [(0.51, 0.72), (1.2, 3.0)])
def test_counts_that_bear_no_verdict_are_not_said_to_be_few_beside_a_clear_interval(low, high):
    said = verdict_said(Verdict.TOO_FEW, ratio_lower=low, ratio_upper=high)
    assert "wholly on one side of no difference, but these counts bear no verdict" in said
    assert "Too few" not in said
    assert "Too few to say" in verdict_said(Verdict.TOO_FEW, ratio_lower=0.9, ratio_upper=1.2)


def test_a_gap_too_early_to_judge_says_how_long_until_it_can_be():
    said = verdict_said("gap")
    assert "too early to say" in said
    assert "about 23 more weeks" in said
    assert "hints" in verdict_said("gap", cautions=("step_seen",))


def test_sides_that_changed_are_told_by_their_ratios_and_never_as_wider_or_narrower():
    said = verdict_said("reversed", early_ratio=0.4, late_ratio=2.2, higher_moved=-1)
    assert "changed sides" in said
    assert "from 0.40 in the first half to 2.20" in said
    for word in ("widening", "narrowing", "worse-off", "levelling"):
        assert word not in said


def test_an_echo_names_the_group_whose_rate_moved_and_claims_no_change_of_its_own():
    said = verdict_said("echo", echo_of="Black")
    assert "The rate of another group, Black, moved; this gap moved with it" in said


@pytest.mark.parametrize(
    ("signal", "then", "now", "words"),
    [
        ("rising", 1.5, 2.4, "wider"),
        ("falling", 1.8, 1.2, "narrower"),
        ("rising", 0.5, 0.8, "narrower"),
        ("falling", 0.8, 0.5, "wider"),
        ("rising", 0.95, 1.9, "wider"),
        ("falling", 2.2, 2.3, "narrower"),  # it has moved back since
    ],
)
def test_an_established_change_is_wider_or_narrower_by_the_side_of_the_gap(
    signal, then, now, words
):
    moved = {"signal": signal, "ratio_then": then, "ratio_now": now, "established": True}
    said = verdict_said("gap", **moved, first_established=pd.Timestamp("2025-03-03"))
    assert "Established since 3 Mar 2025" in said
    assert f"the gap is {words} than in its baseline" in said


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
