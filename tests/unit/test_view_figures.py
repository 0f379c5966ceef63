"""Figures are tested by what they show: the traces, not the pixels."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from made_findings import made_findings, made_project

from qi_equity.findings import Gap, row
from qi_equity.view.figure import ABOVE, chart_figure
from qi_equity.view.gap_figure import gap_figure
from qi_equity.view.panels import Marker
from qi_equity.view.theme import DARK, LIGHT

WEEKS = pd.date_range("2025-01-06", periods=4, freq="W-MON")


def series(stratum: str, value: list[float], meaning: list[str] | None = None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "stratum": stratum,
            "subgroup": WEEKS[: len(value)],
            "value": value,
            "centre": 2.0,
            "lower": 0.0,
            "upper": 4.0,
            "meaning": meaning or ["none"] * len(value),
            "excluded": False,
            "baseline": [True] * 2 + [False] * (len(value) - 2),
        }
    )


def drawn(points: pd.DataFrame, **options: object) -> dict:
    return chart_figure(points, ["stratum"], **options)


def heights(figure: dict, axis: str = "y") -> dict[str, list]:
    return {t["name"]: t["y"] for t in figure["data"] if t["yaxis"] == axis}


def test_a_week_without_data_is_a_gap_in_the_line_and_never_a_nought():
    figure = drawn(series("Black", [1, np.nan, 3, 2]))
    assert heights(figure)["Value"] == [1, None, 3, 2]
    assert "NaN" not in json.dumps(figure)


def test_every_stratum_has_its_own_limits_on_one_y_axis():
    other = series("White", [2, 2, 2, 2]).assign(upper=3.0)
    figure = drawn(pd.concat([series("Black", [1, 2, 3, 2]), other]))
    limits = [t["y"][0] for t in figure["data"] if t["name"] == "Control limits"]
    assert limits == [0, 4, 0, 3]
    assert figure["layout"]["yaxis2"]["matches"] == "y"


def test_improvement_and_concern_differ_in_shape_as_well_as_colour():
    points = series("Black", [9, 1, 2, 2], ["concern", "improvement", "none", "none"])
    marks = [t["marker"] for t in drawn(points)["data"] if t["name"].startswith("Special cause")]
    assert len({mark["symbol"] for mark in marks}) == 2
    assert len({mark["color"] for mark in marks}) == 2


def test_a_mark_stands_on_the_point_that_earned_it():
    points = series("Black", [1, 2, 9, 2], ["none", "none", "concern", "none"])
    (mark,) = [t for t in drawn(points)["data"] if t["name"] == "Special cause: concern"]
    assert (mark["x"], mark["y"]) == (["2025-01-20"], [9])


def test_even_weeks_are_sent_as_start_and_step_and_uneven_ones_in_full():
    value = next(t for t in drawn(series("A", [1, 2, 3, 2]))["data"] if t["name"] == "Value")
    assert (value["x0"], value["dx"]) == ("2025-01-06", 7 * 86_400_000)
    uneven = series("A", [1, 2, 3, 2]).drop(index=1)
    value = next(t for t in drawn(uneven)["data"] if t["name"] == "Value")
    assert value["x"] == ["2025-01-06", "2025-01-20", "2025-01-27"]


def test_a_value_far_above_the_rest_is_marked_at_the_top_and_keeps_its_number():
    calm = pd.DataFrame(
        {"stratum": "A", "subgroup": pd.date_range("2020-01-06", periods=300, freq="W-MON")}
    ).assign(value=2.0, centre=2.0, upper=4.0, lower=0.0, meaning="none")
    calm.loc[7, "value"] = 100.0
    figure = drawn(calm)
    (above,) = [t for t in figure["data"] if t.get("legendgroup") == ABOVE]
    assert above["customdata"] == [100]
    assert above["y"] == [figure["layout"]["yaxis"]["range"][1]]
    assert 100 in heights(figure)["Value"]


def test_a_cycle_is_drawn_only_where_it_was_tried():
    points = pd.concat([series("Black", [1, 2, 3, 2]), series("White", [1, 2, 3, 2])])
    marker = Marker(WEEKS[1], "1", "Scales", ("Black",))
    lines = [s for s in drawn(points, markers=[marker])["layout"]["shapes"] if s["type"] == "line"]
    assert [(line["xref"], line["x0"]) for line in lines] == [("x", "2025-01-13")]


def test_what_is_left_out_is_not_drawn():
    names = {t["name"] for t in drawn(series("A", [1, 2, 3, 2]), show=["centre"])["data"]}
    assert names == {"Centre line", "Value"}


def test_a_figure_of_plotly_can_be_made_of_it():
    import plotly.graph_objects as go

    findings = made_findings(made_project(sites=1), weeks=30)
    points = findings.points[findings.points["measure"] == "pph"]
    go.Figure(chart_figure(points, ["stratum"], unit="%"))
    gaps = findings.gap_points[findings.gap_points["measure"] == "pph"]
    go.Figure(gap_figure(gaps, findings.project.measure("pph")))


def test_the_gap_is_drawn_as_ratio_and_difference_each_with_no_gap_in_its_place():
    findings = made_findings(made_project(sites=1), weeks=30)
    points = findings.gap_points
    points = points[(points["measure"] == "pph") & (points["stratum"] == "Black")]
    figure = gap_figure(points, findings.project.measure("pph"))
    assert figure["layout"]["yaxis"]["type"] == "log"
    level = {s["yref"]: s["y0"] for s in figure["layout"]["shapes"] if s["yref"] in ("y", "y2")}
    assert level == {"y": 1, "y2": 0}
    (difference,) = [t for t in figure["data"] if t["name"] == "Gap, difference"]
    assert difference["y"] == pytest.approx(list(100 * points["difference"]), rel=1e-5)


def evidence(ratio: float, up: list[float], limit: float = 2.0) -> pd.DataFrame:
    """A gap at a ratio, evidence that the stratum's odds rose, and what would establish it."""
    points = pd.DataFrame({"stratum": "Black", "subgroup": WEEKS, "evidence_up": up})
    points = points.assign(evidence_down=0.0, evidence_limit=limit, signal=np.array(up) > limit)
    for name in ("ratio", "ratio_lower", "ratio_upper"):
        points[name] = ratio
    for name in ("difference", "difference_lower", "difference_upper"):
        points[name] = 0.01
    return points


def test_evidence_is_named_by_what_it_does_to_the_gap():
    measure = made_project(sites=1).measure("pph")
    for ratio, name in ((2.0, "Evidence of a wider gap"), (0.5, "Evidence of a narrower gap")):
        figure = gap_figure(evidence(ratio, [0.0, 0.5, 1.0, 1.5]), measure)
        (line,) = [t for t in figure["data"] if t["y"] == [0, 0.5, 1, 1.5]]
        assert line["name"] == name


def test_an_established_change_is_named_as_its_words_name_it():
    gap = row(Gap, stratum="Black", established=True, signal="rising", ratio_then=0.95,
              ratio_now=1.9)  # fmt: skip
    measure = made_project(sites=1).measure("pph")
    figure = gap_figure(evidence(0.98, [0.0, 1.0, 2.0, 4.0]), measure, gaps=[gap])
    (line,) = [t for t in figure["data"] if t["y"] == [0, 1, 2, 4]]
    assert line["name"] == "Evidence of a wider gap"


@pytest.mark.parametrize("up", [[0.0, 0.1, 0.1, 0.2], [0.0, 1.0, 9.0, 90.0]])
def test_what_establishes_a_change_is_always_in_view(up):
    figure = gap_figure(evidence(2.0, up), made_project(sites=1).measure("pph"))
    low, high = figure["layout"]["yaxis3"]["range"]
    assert low == 0
    assert 2.0 < high < 10


def test_the_week_in_which_a_change_is_established_is_marked_and_said():
    figure = gap_figure(evidence(2.0, [0, 1, 3, 4]), made_project(sites=1).measure("pph"))
    (note,) = [n for n in figure["layout"]["annotations"] if "Established" in n["text"]]
    assert note["text"] == "Established 20 Jan 2025"
    lines = [s for s in figure["layout"]["shapes"] if s.get("x0") == "2025-01-20"]
    assert [line["xref"] for line in lines] == ["x3"]
    quiet = gap_figure(evidence(2.0, [0, 1, 1, 1]), made_project(sites=1).measure("pph"))
    assert not [n for n in quiet["layout"]["annotations"] if "Established" in n["text"]]


def test_the_first_window_alone_is_a_point_with_its_interval():
    points = evidence(2.0, [0, 0, 0, 0])
    points.loc[:2, ["ratio", "ratio_lower", "ratio_upper"]] = np.nan
    points["ratio_lower"] *= 0.5
    figure = gap_figure(points, made_project(sites=1).measure("pph"))
    (line,) = [t for t in figure["data"] if t["xaxis"] == "x"]
    assert line["mode"] == "markers"
    assert line["error_y"]["arrayminus"][-1] == 1


# Machado, Oliveira & Fernandes 2009: what people with each form of colour blindness see.
DEFICIENCY = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


def linear(colour: str) -> np.ndarray:
    part = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    high, low = sorted([luminance(one), luminance(other)], reverse=True)
    return (high + 0.05) / (low + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_words_and_marks_stand_out_from_the_paper(palette):
    for name in ("ink", "muted", "improvement", "concern", "other", "target", "cycle", "value"):
        assert contrast(palette[name], palette["paper"]) >= 4.5, name
    assert contrast(palette["centre"], palette["paper"]) >= 3
    assert contrast(palette["limit"], palette["paper"]) >= 3


@pytest.mark.parametrize("kind", DEFICIENCY)
@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_improvement_and_concern_stay_apart_in_every_form_of_colour_blindness(palette, kind):
    seen = np.array(DEFICIENCY[kind])
    one, other = (lab(seen @ linear(palette[name])) for name in ("improvement", "concern"))
    assert np.linalg.norm(one - other) > 20  # CIE76; 2.3 is a difference just noticed


def test_each_colour_of_a_figure_has_one_in_the_dark():
    assert set(LIGHT) == set(DARK)
    assert len(set(LIGHT.values())) == len(LIGHT)
