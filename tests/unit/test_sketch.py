"""What stands on a page before its scripts are there is what the chart shows; words stay words."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from qi_equity.view.figure import chart_figure
from qi_equity.view.panels import Marker
from qi_equity.view.sketch import sketch

WEEKS = pd.date_range("2025-01-06", periods=60, freq="W-MON")


def weeks(value, subgroup=WEEKS, name="Black"):
    table = {"stratum": name, "subgroup": subgroup[: len(value)], "value": value, "centre": 5.0}
    return pd.DataFrame(table | {"lower": 0.0, "upper": 12.0, "meaning": "none"})


def sketched(points, **options):
    made = chart_figure(points, points.iloc[:0], ["stratum"], columns=1, legend=False, **options)
    return sketch(made)


def dots(html):
    (drawn,) = re.findall(r'class="value" d="([^"]*h0)"', html)
    return drawn.count("M")


def texts(html, name):
    return re.findall(rf'<text class="{name}[^"]*"[^>]*>([^<]*)</text>', html)


def test_every_point_that_was_logged_is_there_and_a_week_without_data_breaks_the_line():
    value = [float(each % 7) for each in range(60)]
    value[10] = value[11] = np.nan
    html = sketched(weeks(value))
    assert dots(html) == 58
    line = re.search(r'class="value" d="([^"]*)" stroke-width="1.2"', html)[1]
    assert line.count("M") == 2
    assert line.count("L") == 56


def test_limits_centre_ticks_and_what_stands_out_are_there_in_their_shapes():
    points = weeks([float(each % 7) for each in range(60)], name="Mixed")
    points.loc[3, "meaning"], points.loc[4, "meaning"] = "concern", "improvement"
    html = sketched(points, unit="%", markers=[Marker(WEEKS[20], "1", "Scales")])
    assert html.count('class="limit"') == 2
    assert texts(html, "mark concern") == ["▲"]
    assert texts(html, "mark improvement") == ["◆"]
    assert texts(html, "number") == ["1"]
    assert texts(html, "head") == ["Mixed"]
    assert texts(html, "up")[0] == "0%"
    assert texts(html, "along") == ["Jan 2025", "Apr 2025", "Jul 2025", "Oct 2025", "Jan 2026"]


@pytest.mark.parametrize("name", ["<script>x</script>", "Irish & Traveller", "شرق"])
def test_a_name_is_never_markup(name):
    html = sketched(weeks([1.0, 2.0, 3.0], name=name))
    assert "<script" not in html
    assert len(texts(html, "head")) == 1


def test_three_weeks_have_days_and_a_sequence_has_numbers():
    assert texts(sketched(weeks([1.0, 2.0, 3.0])), "along") == ["6 Jan 2025", "13 Jan 2025"]
    sequence = weeks([1.0, 2.0, 3.0, 2.0], subgroup=pd.Series([1, 2, 3, 4]))
    assert texts(sketched(sequence), "along")[0] == "1"


def test_what_cannot_be_sketched_is_waited_for():
    both = pd.concat([weeks([1.0, 2.0]), weeks([1.0, 2.0], name="White")])
    assert sketched(both) == ""
    assert sketched(weeks([1.0, 2.0], subgroup=pd.Series(["first", "second"]))) == ""
    assert sketched(weeks([np.nan, np.nan]).iloc[:0]) == ""
    assert sketched(weeks([-1.0, 2.0])) == "", "an axis of its own, which plotly chooses"
