"""Which rules a word stands for, and their lengths; what a rule finds is in the pictures."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from qi_equity.errors import DataErrors
from qi_equity.spc.chart import Chart, Lines
from qi_equity.spc.rules import (
    RULE_SETS,
    RULES,
    Judged,
    Rule,
    first_mark,
    mark,
    ranges_per_limit,
    rules_of,
    sides,
    zones_needed,
)
from qi_equity.spc.runs import find_runs

# name: length, ties, sigma, whether it has a direction
ALONE = {
    "beyond_limits": (1, "pass", 3.0, True),
    "shift": (8, "pass", 3.0, True),
    "trend": (6, "break", 3.0, True),
    "two_of_three": (3, "pass", 2.0, True),
    "four_of_five": (5, "pass", 1.0, True),
    "near_limits": (3, "pass", 2.0, True),
    "long_run": (1, "pass", 3.0, True),
    "hugging": (15, "pass", 1.0, False),
    "avoiding": (8, "pass", 1.0, False),
    "alternating": (14, "pass", 3.0, False),
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
        assert (rule.length, rule.ties, rule.sigma, rule.sided) == expected, name
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
    own = replace(RULES["shift"], length=11, ties="break")
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
    assert zones_needed(()) == (3.0,)
    assert zones_needed(RULE_SETS["nelson"]) == (1.0, 2.0, 3.0)
    assert zones_needed((RULES["near_limits"],)) == (2.0, 3.0)


def test_a_point_as_near_the_line_as_rounding_lies_on_it():
    centre = np.array([[1.0, -1.0, 1.0, -1.0, 1.0, 1.0, 0.0, np.nan]])
    apart = np.array([[5e-13, -5e-13, 5e-12, 5e-12, -5e-12, 1.0, -1e-300, 1.0]])
    tested = np.array([[True, True, True, True, True, False, True, True]])
    assert sides(centre + apart, centre, tested).tolist() == [[0, 0, 1, 1, -1, 0, -1, 0]]


def chart_of(value, tested=None):
    value = np.asarray(value, float)
    levels = [np.full(value.shape, level) for level in (0.0, -3.0, 3.0)]
    zones = {s: (np.full(value.shape, -s), np.full(value.shape, s)) for s in (1.0, 2.0)}
    seen = np.isfinite(value) if tested is None else np.asarray(tested)
    return Chart(value, seen, Lines(*levels, zones=zones))


@pytest.mark.parametrize("name", RULE_SETS)
def test_points_that_are_passed_over_leave_the_marks_of_the_others_as_they_are(name):
    generator = np.random.default_rng(20260105)
    value = np.cumsum(generator.normal(size=(40, 60)), axis=1) / 2
    gap = generator.random(value.shape) < 0.2
    excluded = generator.random(value.shape) < 0.1
    rules = RULE_SETS[name]
    found = mark(chart_of(np.where(gap, np.nan, value), ~excluded), rules)
    for row in range(len(value)):
        seen = ~(gap | excluded)[row]
        alone = mark(chart_of(value[row : row + 1, seen]), rules)
        for rule in rules:
            assert found[rule.name].dtype == np.int8
            assert found[rule.name][row, seen].tolist() == alone[rule.name][0].tolist()
            assert not found[rule.name][row, ~seen].any()


def test_sides_and_runs_found_already_give_the_same_marks():
    value = np.random.default_rng(7).normal(size=(5, 40)).cumsum(axis=1)
    drawn = chart_of(value)
    side = sides(value, drawn.lines.centre, drawn.tested)
    for name in RULE_SETS:
        known = mark(drawn, RULE_SETS[name], (side, find_runs(side)))
        for rule, marks in mark(drawn, RULE_SETS[name]).items():
            assert marks.tolist() == known[rule].tolist()


@pytest.mark.parametrize("name", ["hugging", "avoiding", "alternating", "four_of_five", "trend"])
@pytest.mark.parametrize("points", [1, 2, 3, 4])
def test_a_series_shorter_than_a_pattern_has_no_marks(name, points):
    value = np.array([[9.0, -9.0, 9.0, -9.0][:points]])
    assert not mark(chart_of(value / 10), (RULES[name],))[name].any()


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
    assert (own.length, own.ties, own.sigma, own.sided, own.source) == (1, "pass", 3.0, True, "")


def test_what_a_rule_sees_cannot_be_altered_and_is_itself_alone():
    side = np.array([[1, -1]], np.int8)
    seen = Judged(side, side, find_runs(side), side, side, {})
    with pytest.raises(FrozenInstanceError):
        seen.side = side
    assert not hasattr(seen, "__dict__")
    assert seen != replace(seen)
