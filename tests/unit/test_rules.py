"""Which rules a word stands for, and their lengths; what a rule finds is in the pictures."""

from __future__ import annotations

import random
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from rule_pictures import found

from qi_equity.errors import DataErrors
from qi_equity.spc.chart import Subgroups
from qi_equity.spc.charts import CHARTS, How, draw
from qi_equity.spc.rules import (
    RULE_SETS,
    RULES,
    Rule,
    first_mark,
    mark,
    ranges_per_limit,
    rules_of,
    sides,
    zones_needed,
)
from qi_equity.spc.runs import find_runs
from qi_equity.vocabulary import Ties

# name: length, ties, whether it has a direction
ALONE = {
    "beyond_limits": (1, "pass", True),
    "shift": (8, "pass", True),
    "trend": (6, "break", True),
    "two_of_three": (3, "pass", True),
    "four_of_five": (5, "pass", True),
    "near_limits": (3, "pass", True),
    "long_run": (1, "pass", True),
    "hugging": (15, "pass", False),
    "avoiding": (8, "pass", False),
    "alternating": (14, "pass", False),
}
SETS = {
    "anhoej": "beyond_limits 1, long_run 1",
    "ihi": "beyond_limits 1, shift 6, trend 5",
    "making_data_count": "beyond_limits 1, trend 7, near_limits 3, shift 7",
    "western_electric": "beyond_limits 1, two_of_three 3, four_of_five 5, shift 8",
    "nelson": "beyond_limits 1, shift 9, trend 6, alternating 14, two_of_three 3, "
    "four_of_five 5, hugging 15, avoiding 8",
}


def lengths(chosen):
    return ", ".join(f"{rule.name} {rule.length}" for rule in rules_of(chosen))


def test_every_rule_by_its_name_has_the_length_of_its_source():
    assert list(RULES) == list(ALONE)
    for name, expected in ALONE.items():
        (rule,) = rules_of(name)
        assert (rule.length, rule.ties, rule.sided) == expected, name
        assert rule.source, name


def test_every_set_has_the_rules_and_lengths_of_its_source():
    assert {name: lengths(name) for name in RULE_SETS} == SETS
    ties = {name: {rule.ties for rule in rules if rule.name in ("shift", "trend")}
            for name, rules in RULE_SETS.items()}  # fmt: skip
    breaking = ("making_data_count", "western_electric", "nelson")
    assert ties == {"anhoej": set(), "ihi": {"pass"}} | {name: {"break"} for name in breaking}


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ([], ""),
        ("shift", "shift 8"),
        (["shift", "trend"], "shift 8, trend 6"),
        ({"shift": 3}, "shift 3"),
        ({"two_of_three": 4}, "two_of_three 4"),
        ({"ihi": 9}, "beyond_limits 1, shift 9, trend 9"),
        ({"nelson": 10}, "beyond_limits 1, shift 10, trend 10, alternating 14, two_of_three 3, "
         "four_of_five 5, hugging 15, avoiding 8"),
        (["ihi", "long_run"], SETS["ihi"] + ", long_run 1"),
        (["ihi", "western_electric"], "beyond_limits 1, shift 8, trend 5, two_of_three 3, "
         "four_of_five 5"),
    ],
)  # fmt: skip
def test_rules_are_chosen_by_name_by_set_and_with_a_length(chosen, expected):
    assert lengths(chosen) == expected


def test_a_rule_of_ones_own_is_taken_as_it_is():
    own = replace(RULES["shift"], length=11, ties=Ties.BREAK)
    assert rules_of([own, "trend"]) == (own, RULES["trend"])
    assert rules_of(["shift", own]) == (own,)


def test_every_word_that_is_no_rule_is_told_at_once():
    with pytest.raises(DataErrors) as caught:
        rules_of({"shfit": 6, "trend": 2, "ihi": 1, "shift": 6})
    assert str(caught.value).startswith("rules has 3 things")
    first, second, third = caught.value.problems
    assert first.startswith("no rule called 'shfit'; did you mean 'shift'?")
    assert second == "rule 'trend': 2 points make no pattern; give 3 or more"
    assert "'ihi': 1 points" in third
    for known in (*RULES, *RULE_SETS):
        assert known in first


def test_only_making_data_count_has_a_number_of_its_own_from_ranges_to_limits():
    assert ranges_per_limit("making_data_count", 2.6596) == 2.66
    assert ranges_per_limit([RULES["trend"], "making_data_count"], 2.6596) == 2.66
    assert ranges_per_limit({"making_data_count": 6}, 2.6596) == 2.66
    assert ranges_per_limit("ihi", 2.6596) == 2.6596
    assert ranges_per_limit([RULES["trend"]], 2.6596) == 2.6596


def test_a_chart_carries_the_zones_its_rules_look_at_and_the_limits():
    (limits,) = zones_needed(())
    assert zones_needed(RULE_SETS["ihi"]) == (limits,)
    one, two, three = zones_needed(RULE_SETS["nelson"])
    assert one < two < three
    assert three == limits
    assert zones_needed((RULES["near_limits"],)) == (two, limits)
    assert zones_needed((RULES["hugging"],)) == (one, limits)


def test_a_point_as_near_the_line_as_rounding_lies_on_it():
    centre = np.array([[1.0, -1.0, 1.0, -1.0, 1.0, 1.0, 0.0, np.nan]])
    apart = np.array([[5e-13, -5e-13, 5e-12, 5e-12, -5e-12, 1.0, -1e-300, 1.0]])
    tested = np.array([[True, True, True, True, True, False, True, True]])
    assert sides(centre + apart, centre, tested).tolist() == [[0, 0, 1, 1, -1, 0, -1, 0]]


@pytest.mark.parametrize("name", RULE_SETS)
def test_points_that_are_passed_over_leave_the_marks_of_the_others_as_they_are(name):
    chance = random.Random(20260105)
    for _ in range(20):
        weights = [6, 6, 2, 2, 2, 2, 1, 1, 1, 4, 2]
        points = "".join(chance.choices("+-MmNnLl= x", weights, k=40))
        seen = "".join(point for point in points if point not in " x")
        for rule in RULE_SETS[name]:
            marks = found(rule, points)
            kept = "".join(
                mark for mark, point in zip(marks, points, strict=True) if point not in " x"
            )
            assert kept == found(rule, seen), (rule.name, points)
            assert marks.count(".") - kept.count(".") == len(points) - len(seen)


def drawn():
    value = np.random.default_rng(7).normal(size=(5, 40)).cumsum(axis=1)
    there = np.ones(value.shape, dtype=bool)
    return draw(CHARTS["run"], Subgroups(value, there, there, there), How())


def test_sides_and_runs_found_already_give_the_same_marks():
    chart = drawn()
    side = sides(chart.value, chart.lines.centre, chart.tested)
    known = mark(chart, RULE_SETS["ihi"], (side, find_runs(side)))
    for name, marks in mark(chart, RULE_SETS["ihi"]).items():
        assert marks.any() == (name != "beyond_limits")
        assert marks.tolist() == known[name].tolist()
    turned = mark(chart, RULE_SETS["ihi"], (-side, find_runs(-side)))
    assert turned["shift"].tolist() == (-known["shift"]).tolist()


def test_a_gap_in_one_series_is_nothing_to_the_others():
    value = np.random.default_rng(7).normal(size=(3, 40)).cumsum(axis=1)
    value[1, 5:9] = np.nan
    there = np.isfinite(value)
    rules = RULE_SETS["ihi"]
    together = mark(draw(CHARTS["run"], Subgroups(value, there, there, there), How()), rules)
    for row in range(3):
        own = Subgroups(value[[row]], *[there[[row]]] * 3)
        alone = mark(draw(CHARTS["run"], own, How()), rules)
        for name, marks in together.items():
            assert marks[row].tolist() == alone[name][0].tolist(), (name, row)
    assert together["trend"].any()


@pytest.mark.parametrize("name", ["hugging", "avoiding", "alternating", "four_of_five", "trend"])
@pytest.mark.parametrize("points", ["+", "+-", "+-+", "+-+-"])
def test_a_series_shorter_than_a_pattern_has_no_marks(name, points):
    assert found(RULES[name], points) == "." * len(points)


@pytest.mark.parametrize(
    ("name", "points", "marks"),
    [
        # Of the lines at 2 to 8, one sigma each: a point on the edge of a zone is inside it.
        ("beyond_limits", "8282", "...."),
        ("two_of_three", "777333", "......"),
        ("four_of_five", "6666644444", ".........."),
        ("near_limits", "888222", "^^^vvv"),
        ("near_limits", "777333", "......"),
        ("hugging", "646464646464646", "^v^v^v^v^v^v^v^"),
        ("avoiding", "6464646464", ".........."),
    ],
)
def test_a_point_on_an_edge_is_inside(name, points, marks):
    assert found(RULES[name], points) == marks


def test_the_first_rule_that_marks_a_point_gives_its_direction():
    sided, unsided = RULES["shift"], RULES["hugging"]
    marks = {
        "shift": np.array([[0, 1, 0, -1, 0]], np.int8),
        "hugging": np.array([[1, -1, -1, 0, 0]], np.int8),
    }
    side, means = first_mark(marks, (sided, unsided), (1, 5))
    assert side.tolist() == [[1, 1, -1, -1, 0]]
    assert means.tolist() == [[False, True, False, True, False]]
    side, means = first_mark(marks, (unsided, sided), (1, 5))
    assert side.tolist() == [[1, -1, -1, -1, 0]]
    assert means.tolist() == [[False, False, False, True, False]]


def test_a_rule_cannot_be_altered():
    with pytest.raises(FrozenInstanceError):
        RULES["shift"].length = 7
    assert not hasattr(RULES["shift"], "__dict__")
    assert RULES["shift"] == replace(RULES["shift"])
    own = Rule("own", RULES["shift"].find)
    assert (own.length, own.ties, own.sided, own.source) == (1, "pass", True, "")
    assert zones_needed((own,)) == zones_needed(())


def test_what_a_rule_sees_cannot_be_altered_and_is_itself_alone():
    held = []

    def look(judged, rule):
        held.append(judged)
        return judged.side

    mark(drawn(), (Rule("own", look),))
    (seen,) = held
    with pytest.raises(FrozenInstanceError):
        seen.side = seen.value
    assert not hasattr(seen, "__dict__")
    assert seen != replace(seen)
