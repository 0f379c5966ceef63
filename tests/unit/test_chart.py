"""The public function: what it takes, what it refuses and how it says so, what it gives back."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

import qi_equity
from qi_equity.errors import DataErrors
from qi_equity.frames.chart import Charts
from qi_equity.spc.rules import RULE_SETS

WEEKS = pd.date_range("2024-01-01", periods=30, freq="7D")
EVENTS = [2, 1, 3, 2, 1, 2, 3, 1, 2, 2, 1, 4, 2, 3, 1, 2, 1, 3, 2, 1, 2, 3, 1, 2, 2, 1, 4, 2, 3, 1]


def weekly(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"week": WEEKS, "births": 40, "pph": EVENTS, **columns})


def chart(data: pd.DataFrame, **asked: Any) -> Charts:
    given = {"kind": "p", "subgroup": "week", "numerator": "pph", "denominator": "births"}
    return qi_equity.chart(data, **{**given, **asked})


def refusal(data: pd.DataFrame, **asked: Any) -> str:
    with pytest.raises(DataErrors) as raised:
        chart(data, **asked)
    return str(raised.value)


# -- what comes back ----------------------------------------------------------------------------


def test_points_and_summary_have_the_promised_columns() -> None:
    found = chart(weekly(site="A", ethnicity="Asian"), by=["site", "ethnicity"], target=0.05)
    assert list(found.points.columns) == [
        "site", "ethnicity", "subgroup", "phase", "numerator", "denominator", "value", "centre",
        "lower", "upper", "target", "baseline", "excluded", "beyond_limits", "long_run", "side",
        "signal", "meaning",
    ]  # fmt: skip
    promised = [
        "site", "ethnicity", "phase", "subgroups", "useful", "longest_run", "longest_run_limit",
        "crossings", "crossings_limit", "runs_signal", "beyond_limits", "p_value", "q_value",
        "highlight", "centre", "variation", "assurance", "cautions",
    ]  # fmt: skip
    assert [column for column in found.summary if column in promised] == promised
    assert len(found.points) == 30
    assert len(found.summary) == 1


def test_the_table_given_is_left_as_it_was() -> None:
    data = weekly(site="A").iloc[::-1]
    before = data.copy(deep=True)
    chart(data, by="site", period="month", exclude=None)
    pd.testing.assert_frame_equal(data, before)


def test_a_figure_shows_the_points() -> None:
    figure = chart(weekly(site=["A", "B"] * 15), by="site").figure()
    assert isinstance(figure, go.Figure)
    drawn = [value for trace in figure.data if trace.name == "Value" for value in trace.y]
    assert len([value for value in drawn if value is not None]) == 30


def test_counts_may_be_floats_or_nullable_integers() -> None:
    plain = chart(weekly()).points
    for dtype in ("float64", "Int64", "int16"):
        same = chart(weekly().astype({"births": dtype, "pph": dtype})).points
        pd.testing.assert_frame_equal(plain, same)


def test_a_missing_count_takes_its_denominator_with_it() -> None:
    data = weekly()
    data["pph"] = data["pph"].astype("Int64")
    data.loc[3, "pph"] = pd.NA
    found = chart(data)
    assert np.isnan(found.points["value"][3])
    assert found.points["centre"][0] == (sum(EVENTS) - EVENTS[3]) / (40 * 29)


def test_nobody_at_risk_is_a_gap_and_no_zero() -> None:
    data = weekly()
    data.loc[4, ["births", "pph"]] = 0
    points = chart(data).points
    assert np.isnan(points["value"][4])
    assert points["denominator"][4] == 0
    assert not points["signal"][4]


def test_dates_may_be_text_and_in_any_order() -> None:
    written = weekly().assign(week=WEEKS.strftime("%Y-%m-%d")).sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(chart(written).points, chart(weekly()).points)


# -- the calendar -------------------------------------------------------------------------------


def test_a_missing_week_is_a_gap_and_is_reported() -> None:
    found = chart(weekly().drop(index=[5, 6]))
    assert len(found.points) == 30
    assert found.points["value"].isna().tolist() == [at in (5, 6) for at in range(30)]
    assert found.summary["missing"].tolist() == [2]
    assert "missing_subgroups" in found.summary["cautions"][0]


@pytest.mark.parametrize(
    "calendar",
    [
        pd.date_range("2024-01-01", periods=30, freq="MS"),
        pd.date_range("2024-01-31", periods=30, freq="ME"),
        pd.date_range("2019-01-01", periods=30, freq="QS"),
        pd.date_range("2024-01-01", periods=30, freq="D"),
        pd.date_range("2024-01-01", periods=30, freq="B"),
        pd.RangeIndex(1, 31),
        pd.period_range("2024-01", periods=30, freq="M"),
    ],
    ids=["months", "month ends", "quarters", "days", "working days", "numbers", "periods"],
)
def test_a_gap_is_seen_on_any_regular_calendar(calendar: pd.Index) -> None:
    found = chart(weekly(week=calendar).drop(index=[7]))
    assert found.summary["missing"].tolist() == [1]
    assert found.points["value"].isna().sum() == 1


def test_irregular_dates_have_no_gaps() -> None:
    days = np.cumsum(np.random.default_rng(0).integers(1, 60, 30))
    found = chart(weekly(week=WEEKS[0] + pd.to_timedelta(days, unit="D")))
    assert found.summary["missing"].tolist() == [0]
    assert len(found.points) == 30


def test_a_series_starts_and_ends_where_it_is_logged() -> None:
    data = pd.concat([weekly(site="A"), weekly(site="B").iloc[10:20]])
    found = chart(data, by="site")
    assert found.points.groupby("site").size().to_dict() == {"A": 30, "B": 10}
    assert found.summary["missing"].tolist() == [0, 0]


def test_counts_are_added_up_over_a_period() -> None:
    points = chart(weekly(), period="month").points
    assert points["denominator"].tolist()[:2] == [200, 160]
    assert points["subgroup"].tolist()[:2] == [
        pd.Timestamp("2024-01-01"),
        pd.Timestamp("2024-02-01"),
    ]
    days = pd.DataFrame({"day": pd.date_range("2024-01-03", periods=21), "n": 10, "x": 1})
    weeks = chart(days, subgroup="day", numerator="x", denominator="n", period="week").points
    assert weeks["subgroup"].dt.day_of_week.eq(0).all()
    assert weeks["numerator"].tolist() == [5, 7, 7, 2]


def test_readings_that_share_a_subgroup_are_combined_on_request_only() -> None:
    data = pd.DataFrame({"week": [1, 1, 2, 2, 3], "minutes": [10.0, 20, 30, 50, 70]})
    asked = {"kind": "run", "numerator": None, "denominator": None, "value": "minutes"}
    assert "more than one row for a subgroup" in refusal(data, **asked)
    for how, values in {"mean": [15, 40, 70], "median": [15, 40, 70], "sum": [30, 80, 70]}.items():
        assert chart(data, aggregate=how, **asked).points["value"].tolist() == values


# -- what is refused ----------------------------------------------------------------------------


def test_every_problem_is_named_at_once_with_its_rows() -> None:
    data = weekly(site="A").astype({"pph": float, "births": float})
    data.loc[2, "pph"] = 99
    data.loc[5, "pph"] = -1
    data.loc[7, "pph"] = 1.5
    data.loc[9, "births"] = np.inf
    said = refusal(data, by="site")
    assert said.startswith("the data has 4 things to put right")
    assert "pph above births in row 2 (2024-01-15, A)" in said
    assert "pph: below 0 in row 5" in said
    assert "pph: not a whole number in row 7" in said
    assert "births: infinite in row 9" in said


def test_duplicates_are_refused_by_name() -> None:
    said = refusal(pd.concat([weekly(), weekly().iloc[[3]]], ignore_index=True))
    assert "row 3 (2024-01-22" in said
    assert "row 30 (2024-01-22" in said
    assert "period=" in said


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"kind": "pie"}, "no kind of chart called 'pie'"),
        ({"numerator": "pphs"}, "did you mean 'pph'"),
        ({"denominator": None}, "needs denominator="),
        ({"kind": "c"}, "takes no denominator"),
        ({"value": "pph"}, "not both"),
        ({"direction": "down"}, "direction 'down'"),
        ({"limits": "fancy"}, "choose exact or normal"),
        ({"rules": "nelsen"}, "did you mean 'nelson'"),
        ({"rules": {"shift": 2}}, "make no pattern"),
        ({"period": "fortnight"}, "no period called 'fortnight'"),
        ({"aggregate": "average"}, "no aggregate called 'average'"),
        ({"by": "signal"}, "rename yours"),
        ({"exclude": ["2030-01-01"]}, "no subgroup 2030-01-01"),
        ({"freeze": 1}, "give 2 or more"),
        ({"phases": [17]}, "give dates"),
        ({"centre": 5}, "from 0 to 1"),
        ({"target": "goal"}, "no column called 'goal'"),
    ],
)
def test_a_wrong_argument_says_what_would_be_right(asked: dict[str, Any], words: str) -> None:
    assert words in refusal(weekly(), **asked)


def test_strata_without_a_name_and_empty_tables_are_refused() -> None:
    assert "Not stated" in refusal(weekly(site=["A"] * 29 + [None]), by="site")
    assert "no rows" in refusal(weekly().iloc[:0])
    assert "not a date" in refusal(weekly(week=["soon"] * 30))
    assert "no series called 'Z'" in refusal(weekly(site="A"), by="site", freeze={"Z": 12})


def test_time_between_events_is_above_zero() -> None:
    data = weekly().assign(days=[5.0] * 29 + [0.0])
    said = refusal(data, kind="t", numerator=None, denominator=None, value="days")
    assert "days: not above 0 in row 29" in said


# -- lines --------------------------------------------------------------------------------------


def test_freeze_and_phases_work_together() -> None:
    data = weekly()
    data.loc[15:, "pph"] *= 3
    found = chart(data, phases=[WEEKS[15]], freeze=8)
    points = found.points
    assert points["phase"].tolist() == [1] * 15 + [2] * 15
    assert points["baseline"].tolist() == ([True] * 8 + [False] * 7) * 2
    assert points["centre"][0] == sum(EVENTS[:8]) / 320
    assert points["centre"][29] == pytest.approx(3 * sum(EVENTS[15:23]) / 320)
    last = chart(data, phases=[WEEKS[15]], freeze=WEEKS[7]).points
    assert last["baseline"].tolist() == [True] * 8 + [False] * 7 + [True] * 15


def test_a_phase_can_be_a_column_and_a_target_one_number_a_phase() -> None:
    data = weekly(stage=["before"] * 15 + ["after"] * 15)
    by_column = chart(data, phases="stage", target=[0.08, 0.04])
    by_date = chart(data, phases=[WEEKS[15]], target=[0.08, 0.04])
    pd.testing.assert_frame_equal(by_column.points, by_date.points)
    assert by_column.points["target"].tolist() == [0.08] * 15 + [0.04] * 15


def test_a_phase_that_begins_with_the_data_is_the_first() -> None:
    plain, named = chart(weekly()), chart(weekly(), phases=["2020-01-01", WEEKS[0]])
    pd.testing.assert_frame_equal(plain.points, named.points)


def test_without_rules_there_are_lines_and_no_marks() -> None:
    found = chart(weekly(pph=[40, *EVENTS[1:]]), rules=[])
    assert not found.points["signal"].any()
    assert found.summary["beyond_limits"].tolist() == [1]


@pytest.mark.parametrize("dtype", ["category", "object", "int"])
def test_series_may_be_told_apart_by_any_kind_of_column(dtype: str) -> None:
    codes = ["10", "2"] * 15
    data = weekly(site=pd.Series(codes).astype(dtype))
    found = chart(data, by="site")
    first = [2, 10] if dtype == "int" else ["10", "2"]
    assert found.summary["site"].tolist() == first
    if dtype != "object":  # written as text, it comes back as text
        assert found.points["site"].dtype == data["site"].dtype


def test_readings_are_means_and_spreads_of_their_subgroup() -> None:
    generator = np.random.default_rng(6)
    data = pd.DataFrame({"week": np.repeat(WEEKS, 5), "grams": generator.normal(3400, 500, 150)})
    asked = {"numerator": None, "denominator": None, "value": "grams"}
    means, spreads = (chart(data, kind=kind, **asked).points for kind in ("xbar", "s"))
    by_week = data.groupby("week")["grams"]
    np.testing.assert_allclose(means["value"], by_week.mean())
    np.testing.assert_allclose(spreads["value"], by_week.std())
    # A3 and B4 of five readings (Montgomery, appendix VI).
    typical = by_week.std().mean()
    np.testing.assert_allclose(means["upper"] - means["centre"], 1.427 * typical, rtol=1e-3)
    np.testing.assert_allclose(spreads["upper"], 2.089 * typical, rtol=1e-3)


def test_an_excluded_subgroup_is_shown_and_left_out() -> None:
    data = weekly()
    data.loc[10, "pph"] = 30
    with_it, without = chart(data), chart(data, exclude=[WEEKS[10]])
    assert with_it.points["signal"][10]
    assert without.points["value"][10] == 0.75
    assert not without.points["signal"].any()
    assert without.points["centre"][0] == (sum(EVENTS) - EVENTS[10]) / (29 * 40)
    assert without.summary["subgroups"].tolist() == [29]


def test_arguments_may_differ_by_series() -> None:
    data = pd.concat([weekly(site="A"), weekly(site="B")])
    found = chart(data, by="site", target={"A": 0.02}, centre={"B": 0.1}, freeze={"A": 12})
    first, second = (points for _, points in found.points.groupby("site"))
    assert first["target"].eq(0.02).all()
    assert second["target"].isna().all()
    assert second["centre"].eq(0.1).all()
    assert (first["baseline"].sum(), second["baseline"].sum()) == (12, 30)


def test_exact_limits_are_the_default_and_hold_small_numbers() -> None:
    data = weekly(births=4, pph=[0] * 29 + [1])
    exact, normal = chart(data), chart(data, limits="normal")
    assert not exact.points["signal"].any()
    assert normal.points["signal"][29]


def test_a_rule_set_can_be_had_with_other_lengths() -> None:
    data = weekly(minutes=[5.0, 6, 4, 6, 5] * 4 + [7.0, 7.1, 7.2, 7.1, 7.2, 7.1] + [4.0, 5, 6, 4])
    asked = {"kind": "i", "numerator": None, "denominator": None, "value": "minutes"}
    seven = chart(data, rules="making_data_count", **asked).points
    six = chart(data, rules={"making_data_count": 6}, **asked).points
    assert (seven["shift"] != 0).sum() == 0
    assert (six["shift"] != 0).sum() == 6
    assert six["upper"].tolist() == seven["upper"].tolist()


def test_no_event_yet_means_no_limits_and_a_reason() -> None:
    found = chart(weekly(pph=0))
    assert found.points["upper"].isna().all()
    assert "no_limits_no_event" in found.summary["cautions"][0]
    assert not found.points["signal"].any()


def test_screening_is_said() -> None:
    value = np.array([5.0, 6, 5, 6, 5, 6, 5, 40, 5, 6, 5, 6] + [5.0, 6] * 9)
    asked = {"kind": "i", "numerator": None, "denominator": None, "value": "minutes"}
    data = weekly(minutes=value)
    on, off = chart(data, **asked), chart(data, screen_moving_ranges=False, **asked)
    assert on.summary["screened"].tolist() == [2]
    assert off.summary["screened"].tolist() == [0]
    assert on.points["upper"][0] < off.points["upper"][0]
    odd_one = chart(weekly(minutes=[5.0] * 29 + [9.0]), **asked)
    assert (odd_one.points["beyond_limits"] != 0).tolist() == [False] * 29 + [True]
    assert "sigma_from_spread" in odd_one.summary["cautions"][0]


def test_counts_of_a_chart_and_its_summary_agree() -> None:
    generator = np.random.default_rng(4)
    data = pd.concat(weekly(site=f"S{at}", pph=generator.binomial(40, 0.2, 30)) for at in range(9))
    for rules in RULE_SETS:
        found = chart(data, by="site", rules=rules, direction="decrease", target=0.2)
        last = found.points.groupby("site")["meaning"].last().astype(str)
        shown = found.summary["variation"].astype(str).replace("common cause", "none")
        assert last.tolist() == shown.tolist()
        beyond = (found.points["beyond_limits"] != 0).groupby(found.points["site"]).sum()
        assert beyond.tolist() == found.summary["beyond_limits"].tolist()


@pytest.mark.parametrize(
    ("target", "direction", "assurance"),
    [
        (0.50, "decrease", "consistent pass"),
        (0.50, "increase", "consistent fail"),
        (0.05, "increase", "inconsistent"),
        (0.05, None, ""),
        (None, "increase", ""),
    ],
)
def test_assurance(target: float | None, direction: str | None, assurance: str) -> None:
    found = chart(weekly(), target=target, direction=direction)
    assert found.summary["assurance"].tolist() == [assurance]


def test_the_guard_gives_no_verdict_and_says_so() -> None:
    data = weekly(births=5, pph=[0, 0, 0, 0, 0, 1] * 5)
    guarded = chart(data, kind="run").summary.iloc[0]
    bare = chart(data, kind="run", guard_runs=False).summary.iloc[0]
    assert not guarded["runs_signal"]
    assert np.isnan(guarded["p_value"])
    assert not guarded["highlight"]
    assert "runs_guarded" in guarded["cautions"]
    assert bare["useful"] == guarded["useful"] == 5
    assert bare["p_value"] == 1.0


def test_a_given_median_is_one_the_points_had_no_part_in() -> None:
    data = pd.concat([weekly(site="A"), weekly(site="B")])
    found = chart(data, kind="run", by="site", centre={"A": 0.2})
    a, b = found.summary.to_dict("records")
    assert a["p_value"] < 1e-6  # all thirty below 20 %: that is the news
    assert a["runs_signal"]
    assert b["p_value"] > 0.05
    assert found.points["centre"].iloc[-1] == 0.05


def test_a_real_change_is_highlighted_and_noise_is_not() -> None:
    generator = np.random.default_rng(8)
    steady = generator.binomial(60, 0.2, (20, 30))
    moved = np.concatenate([generator.binomial(60, 0.3, 15), generator.binomial(60, 0.1, 15)])
    sites = [weekly(site=f"S{at:02d}", births=60, pph=row) for at, row in enumerate(steady)]
    data = pd.concat([*sites, weekly(site="changed", births=60, pph=moved)])
    summary = chart(data, by="site", direction="decrease").summary
    assert summary.loc[summary["highlight"], "site"].tolist() == ["changed"]


def test_a_point_on_a_textbook_limit_is_inside_it() -> None:
    # 4/15 + 3 sqrt(4/15 / 15) is 10/15 to the last digit, with the root taken once.
    found = chart(weekly(births=15, pph=[4] * 29 + [10]), kind="u", limits="normal", centre=4 / 15)
    assert not found.points["signal"].any()
