"""Figures as they are sketched before plotly has the time for them: they show what it will draw."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from seeing import drawn, ready

from qi_equity.app.pages.page import text_of
from qi_equity.view.figure import chart_figure
from qi_equity.view.panels import Marker

WEEKS = pd.date_range("2025-01-06", periods=60, freq="W-MON")


def weeks(value, subgroup=WEEKS, name="Black"):
    table = {"stratum": name, "subgroup": subgroup[: len(value)], "value": value, "centre": 5.0}
    return pd.DataFrame(table | {"lower": 0.0, "upper": 12.0, "meaning": "none"})


def texts(svg, name):
    return re.findall(rf'<text class="{name}[^"]*"[^>]*>([^<]*)</text>', svg)


def lines(svg, name):
    return re.findall(rf'class="{name}" d="([^"]*)"', svg)


@pytest.fixture
def sketched(visit):
    page = visit()
    ready(page)

    def sketch(points, **options):
        made = chart_figure(points, ["stratum"], legend=False, **options)
        return page.evaluate("(text) => qiSketch.of(text, 700)", text_of(made))

    return sketch


def test_every_point_that_was_logged_is_there_and_a_week_without_data_breaks_the_line(sketched):
    value = [float(each % 7) for each in range(60)]
    value[10] = value[11] = np.nan
    line, dots = lines(sketched(weeks(value)), "value")
    assert dots.count("h0") == 58
    assert line.count("M") == 2
    assert line.count("L") == 56


def test_limits_centre_ticks_and_what_stands_out_are_there_in_their_shapes(sketched):
    points = weeks([float(each % 7) for each in range(60)], name="Mixed")
    points.loc[3, "meaning"], points.loc[4, "meaning"] = "concern", "improvement"
    svg = sketched(points, unit="%", markers=[Marker(WEEKS[20], "1", "Scales")])
    assert len([one for one in lines(svg, "limit") if "M0" not in one and "v4" not in one]) == 2
    assert texts(svg, "mark concern") == ["▲"]
    assert texts(svg, "mark improvement") == ["◆"]
    assert texts(svg, "head cycle") == ["1"]
    assert texts(svg, "head ink") == ["Mixed"]
    assert "0%" in texts(svg, "muted")
    months = [said for said in texts(svg, "muted") if "20" in said and "%" not in said]
    assert months == ["Jan 2025", "Apr 2025", "Jul 2025", "Oct 2025", "Jan 2026"]


@pytest.mark.parametrize("name", ["<script>x</script>", "Irish & Traveller", "شرق"])
def test_a_name_is_never_markup(sketched, name):
    svg = sketched(weeks([1.0, 2.0, 3.0], name=name))
    assert "<script" not in svg
    assert len(texts(svg, "head")) == 1


def test_three_weeks_have_days_and_a_sequence_has_numbers(sketched):
    days = texts(sketched(weeks([1.0, 2.0, 3.0])), "muted")[-2:]
    assert days == ["6 Jan 2025", "20 Jan 2025"]
    sequence = weeks([1.0, 2.0, 3.0, 2.0], subgroup=pd.Series([1, 2, 3, 4]))
    assert "3" in texts(sketched(sequence), "muted")


def test_every_panel_has_its_own_values_on_the_axis_of_all(sketched):
    both = pd.concat([weeks([1.0, 2.0]), weeks([4.0, 8.0], name="White")])
    svg = sketched(both)
    assert texts(svg, "head ink") == ["Black", "White"]
    heights = [
        [float(part) for part in re.findall(r"[ML][\d.]+ ([\d.]+)", line)]
        for line in lines(svg, "value")[::2]
    ]
    foot = heights[0][0] + (heights[0][0] - heights[0][1])  # where nought lies
    assert [foot - height for height in heights[1]] == pytest.approx(
        [4 * (foot - heights[0][0]), 8 * (foot - heights[0][0])], abs=1
    )


def test_what_cannot_be_sketched_is_waited_for(sketched):
    assert sketched(weeks([1.0, 2.0], subgroup=pd.Series(["first", "second"]))) == ""
    assert sketched(weeks([np.nan, np.nan]).iloc[:0]) == ""
    assert sketched(weeks([-1.0, 2.0])) == "", "an axis of its own, which plotly chooses"


def test_all_charts_of_a_choice_stand_before_plotly_draws_the_first_of_them(visit):
    page = visit("?stratum=Black")
    ready(page)
    drawn(page)
    page.evaluate("() => { Plotly.react = () => new Promise(() => {}) }")  # it never comes to it
    page.evaluate("""() => {
        const seen = new MutationObserver(() => {
            const sketches = [...document.querySelectorAll("[data-figure] > .sketch")]
            if (!sketches.length || window.stood) return
            window.stood = [...document.querySelectorAll("[data-figure]")].map((place) => [
                place.dataset.figure,
                place.querySelectorAll(":scope > .sketch").length,
                place.querySelector(".plot").hidden,
                place.querySelector(".sketch")?.textContent.includes("Jan"),
            ])
        })
        seen.observe(document.getElementById("main"), { childList: true, subtree: true })
    }""")
    page.get_by_label("Site", exact=True).select_option(label="Site B")
    page.wait_for_function("() => window.stood")
    stood = page.evaluate("() => window.stood")
    assert {name for name, *_ in stood} >= {"answer", "answer_gap", "charts", "gaps"}
    assert all(one[1:] == [1, True, True] for one in stood)
