"""The answer to one stratum: what is shown and nothing beyond it, in a sentence."""

from __future__ import annotations

import json
from math import inf, nan

import pandas as pd
import pytest
from made_findings import made_findings, made_project

from qi_equity.app.backend import FixedBackend
from qi_equity.app.render import Renderer
from qi_equity.findings import Chart, Findings, Gap, row
from qi_equity.vocabulary import Verdict
from qi_equity.words.answers import answer_sentence

PROJECT = made_project("pph")
MEASURE = PROJECT.measure("pph")
SIZED = {"stratum": "Black", "reference": "everyone else", "rate": 0.1, "ratio": 2.0}
SIZED |= {"ratio_lower": 1.5, "ratio_upper": 2.6, "weeks_to_go": nan}


def said(verdict="", chart=None, judged=True, **given):
    series = row(Chart, stratum="Black", centre=10.0, **(chart or {}))
    return answer_sentence(series, row(Gap, **SIZED | {"verdict": verdict} | given), MEASURE,
                           judged=judged)  # fmt: skip


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_is_an_answer_that_names_the_reference(verdict):
    text = said(verdict, better_off=verdict == Verdict.STEADY)
    assert "everyone else" in text
    assert text.startswith("Black: 10%")
    assert text.endswith(".")


@pytest.mark.parametrize("verdict", [Verdict.NARROWING, Verdict.WIDENING, Verdict.REVERSED])
def test_of_a_gap_that_moves_the_size_is_said_to_be_of_the_whole_time(verdict):
    assert "2.00 times (1.50 to 2.60) over the whole time" in said(verdict)


def test_before_it_is_judged_nothing_is_said_of_change():
    moved = {"established": True, "direction": "falling", "emerging": True}
    text = said(Verdict.NARROWING, moved, judged=False, rate_then=0.2, rate_now=0.1)
    assert text == (
        "Black: 10%, still weighing these charts together. "
        "Gap to everyone else: 2.00 times (1.50 to 2.60); still being weighed."
    )


def test_two_rates_stand_beside_each_other_only_where_a_change_is_established():
    ends = {"rate_then": 0.2, "rate_now": 0.1}
    assert "from" not in said(Verdict.GAP, {"emerging": True}, **ends)
    fell = {"established": True, "direction": "falling"}
    assert said(Verdict.GAP, fell, **ends).startswith("Black: from 20% to 10%, improving")
    # It has moved back since: the two would say the opposite of what is established.
    assert "from" not in said(Verdict.GAP, fell, rate_then=0.1, rate_now=0.2)


def test_a_wait_is_told_only_where_something_is_waited_for():
    assert "about 30 more weeks to know." in said(Verdict.GAP, weeks_to_go=30.0)
    assert "about" not in said(Verdict.STEADY, weeks_to_go=30.0)
    assert "not to be known within ten years" in said(Verdict.TOO_FEW, weeks_to_go=inf)


def test_the_network_is_told_a_word_and_neither_day_nor_direction_it_was_not_given():
    established = {"established": True, "direction": "rising", "change_estimate": pd.NaT}
    assert "getting worse, which is established" in said(Verdict.GAP, established)
    assert "a first sign of a change" in said(Verdict.GAP, {"emerging": True, "p_scan": nan})


def test_a_chart_that_nothing_watches_is_not_said_to_be_unchanged():
    unwatched = {"not_watched": "in baseline"}
    assert "too early to say whether it changes" in said(Verdict.GAP, unwatched)
    assert "no change is established" in said(Verdict.GAP)
    assert "no change is established" in said(Verdict.GAP, {"false_alarms_a_year": 0.01})


def few(weekly):
    """Findings whose strata have so many births a week, roughly."""
    made = made_findings(PROJECT, weeks=40)
    points = made.points.copy()
    points["denominator"] = weekly
    points["numerator"] = points["numerator"].clip(upper=1)
    return Findings(PROJECT, points, made.charts, made.gaps, made.gap_points)


@pytest.mark.parametrize(("weekly", "wide"), [(6.0, True), (60.0, False)])
def test_a_small_stratum_is_drawn_so_that_it_can_be_read_with_its_weeks_a_click_away(weekly, wide):
    renderer = Renderer(FixedBackend({"pph": few(weekly)}))
    shown = renderer.answer("?stratum=Black")
    lengths = [len(one["y"]) for one in json.loads(shown["figures"]["answer"])["data"]
               if one["name"] == "Value"]  # fmt: skip
    assert (lengths[0] < 40) == wide
    assert ("Show every week" in shown["html"]) == wide
    again = renderer.answer("?stratum=Black&period=logged")
    values = [
        one for one in json.loads(again["figures"]["answer"])["data"] if one["name"] == "Value"
    ]
    assert len(values[0]["y"]) == 40
    assert "drawn otherwise" not in again["html"]


def test_a_widened_chart_marks_no_signal_that_the_weeks_did_not_show():
    shown = Renderer(FixedBackend({"pph": few(6.0)})).answer("?stratum=Black")
    names = {one["name"] for one in json.loads(shown["figures"]["answer"])["data"]}
    assert not any(name.startswith("Special cause") for name in names)
