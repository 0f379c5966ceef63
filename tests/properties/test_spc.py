"""Promises about every chart of counts and readings, whatever the data."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qi_equity
from qi_equity.frames.chart import Charts
from qi_equity.spc.rules import RULE_SETS

RATIOS = ("p", "pp", "u", "up")
VALUES = ("run", "i", "mr")
STATISTICS = ["value", "centre", "lower", "upper", "side", "signal"]


# A chart takes some milliseconds, whatever its size: fewer, richer examples by default.
EXAMPLES = settings(max_examples=settings.default.max_examples // 2)


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Several series of counts: missing weeks, empty weeks, nothing but zeros, all events."""
    rows = []
    for stratum in range(draw(st.integers(1, 4))):
        size = st.one_of(st.integers(0, 40), st.just(0), st.none())
        for week in range(draw(st.integers(1, 30))):
            if draw(st.integers(0, 9)) == 0:
                continue  # a week that was never logged
            births = draw(size)
            pph = None if births is None else draw(st.integers(0, births))
            rows.append((f"S{stratum}", week, births, pph))
    rows = rows or [("S0", 0, 10, 1)]
    return pd.DataFrame(rows, columns=["stratum", "week", "births", "pph"]).astype(
        {"births": float, "pph": float}
    )


def chart(data: pd.DataFrame, kind: str = "p", **more: Any) -> Charts:
    asked = {"numerator": "pph", "denominator": "births", "by": "stratum", **more}
    return qi_equity.chart(data, kind=kind, subgroup="week", **asked)


def equal(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        one.reset_index(drop=True), other.reset_index(drop=True), rtol=1e-9, atol=1e-12
    )


@EXAMPLES
@given(tables(), st.sampled_from(RATIOS + VALUES), st.sampled_from(sorted(RULE_SETS)), st.randoms())
def test_any_order_of_rows_gives_the_same(data, kind, rules, random) -> None:
    order = list(range(len(data)))
    random.shuffle(order)
    one = chart(data, kind, rules=rules)
    other = chart(data.iloc[order], kind, rules=rules)
    equal(one.points, other.points)
    equal(one.summary, other.summary)


@EXAMPLES
@given(tables(), st.sampled_from(RATIOS + VALUES), st.sampled_from(sorted(RULE_SETS)))
def test_one_series_at_a_time_equals_all_at_once(data, kind, rules) -> None:
    together = chart(data, kind, rules=rules)
    apart = [chart(rows, kind, rules=rules) for _, rows in data.groupby("stratum")]
    # One week of many logged shows no gap: how far apart weeks are is learnt from all series.
    one, other = (
        points[points["numerator"].notna()]
        for points in (together.points, pd.concat([chart.points for chart in apart]))
    )
    equal(one, other)
    # q values are about all charts of a call, and only they.
    shared = ("q_value", "highlight", "missing", "cautions")
    told = [column for column in together.summary if column not in shared]
    equal(together.summary[told], pd.concat([chart.summary for chart in apart])[told])


@EXAMPLES
@given(tables(), st.sampled_from(RATIOS + VALUES))
def test_names_of_strata_change_nothing(data, kind) -> None:
    renamed = data.assign(stratum=data["stratum"].map(lambda name: f"Z{9 - int(name[1:])}"))
    one, other = chart(data, kind).points, chart(renamed, kind).points
    other = other.assign(stratum=other["stratum"].map(lambda name: f"S{9 - int(name[1:])}"))
    equal(one, other.sort_values(["stratum", "subgroup"]))


@EXAMPLES
@given(tables(), st.sampled_from(VALUES), st.floats(0.01, 1000))
def test_scaled_values_scale_the_lines(data, kind, factor) -> None:
    asked = {"numerator": None, "denominator": None, "value": "pph"}
    one = chart(data, kind, **asked).points
    other = chart(data.assign(pph=data["pph"] * factor), kind, **asked).points
    for column in ("value", "centre", "upper"):
        np.testing.assert_allclose(
            other[column], one[column] * factor, rtol=1e-6, atol=1e-6 * factor
        )
    multiplied = chart(data, kind, multiply=factor, **asked).points
    for column in ("value", "centre", "lower", "upper"):
        np.testing.assert_allclose(multiplied[column], one[column] * factor, rtol=1e-9)


@EXAMPLES
@given(tables(), st.integers(2, 20))
def test_larger_denominators_bring_the_limits_closer(data, times) -> None:
    small = chart(data, limits="normal").points
    large = chart(
        data.assign(births=data["births"] * times, pph=data["pph"] * times), limits="normal"
    )
    both = small["upper"].notna()
    assert (large.points["upper"] <= small["upper"] + 1e-12)[both].all()
    np.testing.assert_allclose(large.points["centre"], small["centre"])


@EXAMPLES
@given(tables(), st.sampled_from(sorted(RULE_SETS)), st.sampled_from(["exact", "normal"]))
def test_counting_the_others_mirrors_the_chart(data, rules, limits) -> None:
    others = data.assign(pph=data["births"] - data["pph"])
    one = chart(data, rules=rules, limits=limits, direction="decrease")
    other = chart(others, rules=rules, limits=limits, direction="increase")
    np.testing.assert_allclose(other.points["upper"], 1 - one.points["lower"], atol=1e-12)
    apart = (one.points["value"] - one.points["centre"]).abs() > 1e-9
    clear = apart & ((one.points["value"] - one.points["upper"]).abs() > 1e-9)
    clear &= (one.points["value"] - one.points["lower"]).abs() > 1e-9
    if clear.all():  # a point on a line may fall on either side by rounding
        assert (one.points["beyond_limits"] == -other.points["beyond_limits"]).all()
        assert one.points["meaning"].tolist() == other.points["meaning"].tolist()


@EXAMPLES
@given(tables(), st.sampled_from(RATIOS + VALUES), st.sampled_from(sorted(RULE_SETS)))
def test_the_other_direction_swaps_the_meanings_only(data, kind, rules) -> None:
    down = chart(data, kind, rules=rules, direction="decrease").points
    up = chart(data, kind, rules=rules, direction="increase").points
    swap = {"improvement": "concern", "concern": "improvement"}
    assert [swap.get(word, word) for word in up["meaning"]] == down["meaning"].tolist()
    equal(down.drop(columns="meaning"), up.drop(columns="meaning"))


@EXAMPLES
@given(tables(), st.sampled_from(RATIOS + VALUES), st.sampled_from(sorted(RULE_SETS)))
def test_what_has_no_value_has_no_mark_and_lines_are_in_order(data, kind, rules) -> None:
    found = chart(data, kind, rules=rules)
    points = found.points
    assert not points["signal"][points["value"].isna()].any()
    assert (points["signal"] == (points["side"] != 0)).all()
    lined = points["upper"].notna() & points["centre"].notna()
    assert (points["lower"] <= points["upper"])[lined].all()
    if kind in ("p", "pp"):
        assert points["upper"][lined].between(0, 1).all()
        assert points["lower"][lined].between(0, 1).all()
    assert found.summary["p_value"].dropna().between(0, 1).all()
    assert (found.summary["q_value"].dropna() >= found.summary["p_value"].dropna() - 1e-12).all()
    assert found.summary["highlight"].equals(found.summary["q_value"] <= 0.10)


@EXAMPLES
@given(tables(), st.integers(2, 12), st.lists(st.integers(1, 29), max_size=3))
def test_a_phase_is_a_series_of_its_own(data, freeze, starts) -> None:
    whole = chart(data, phases=sorted(set(starts)), freeze=freeze)
    edges = [-1, *sorted(set(starts)), 99]
    for low, high in itertools.pairwise(edges):
        part = data[data["week"].between(low, high - 1)]
        if part.empty:
            continue
        inside = whole.points["subgroup"].between(low, high - 1) & whole.points["numerator"].notna()
        alone = chart(part, freeze=freeze).points
        alone = alone[alone["numerator"].notna()]
        columns = ["stratum", "subgroup", *STATISTICS]
        equal(whole.points[inside][columns], alone[columns])


DEGENERATE: dict[str, list[float | None]] = {
    "zero": [0],
    "one": [3],
    "two": [2, 5],
    "equal": [4] * 30,
    "zeros": [0] * 30,
    "odd one": [5] * 29 + [9],
    "first event": [0] * 29 + [1],
    "two levels": [2] * 15 + [6] * 15,
    "blank": [None] * 8,
    "one blank": [1, None],
}


@pytest.mark.parametrize("rules", sorted(RULE_SETS))
@pytest.mark.parametrize("kind", ["run", "i", "mr", "p", "pp", "u", "up", "c", "g", "t"])
def test_degenerate_series_neither_fail_nor_flag_the_ordinary(kind: str, rules: str) -> None:
    ratio = kind in RATIOS
    rows = [
        (name, week, 10.0, None if x is None else float(x + (kind == "t")))
        for name, numbers in DEGENERATE.items()
        for week, x in enumerate(numbers)
    ]
    data = pd.DataFrame(rows, columns=["stratum", "week", "births", "pph"])
    counted = ratio or kind in ("c", "g")
    asked = {"numerator": "pph"} if counted else {"numerator": None, "value": "pph"}
    found = chart(data, kind, rules=rules, **asked, denominator="births" if ratio else None)
    for name, points in found.points.groupby("stratum"):
        beyond, values = points["beyond_limits"] != 0, points["value"].dropna()
        ordinary = points["value"] == values.mode().iloc[0] if len(values) else False
        assert not (beyond & ordinary).any(), name
        assert beyond.sum() <= (2 if kind == "mr" else 1), name
        if values.nunique() < 2:
            assert not points["signal"].any(), name
    quiet = found.summary["stratum"].isin(["zero", "one", "two", "equal", "zeros", "blank"])
    assert not found.summary["highlight"][quiet].any()
