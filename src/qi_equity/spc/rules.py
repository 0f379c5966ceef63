"""The rules: which points of a chart are special cause, and on which side; never better or worse.

A mark is +1 (high, rising), -1 (low, falling) or 0. Points without a value and excluded points
are passed over: a run or a trend goes on across them. A phase break ends every pattern, since a
phase is a row of its own. Points on the centre line are passed over or break a run, as the source
of each rule set has it. A point can carry the marks of several rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.errors import DataErrors, did_you_mean
from qi_equity.spc.chart import Chart, Lines, Zone
from qi_equity.spc.runs import Runs, carried, find_runs, longest_run_limit
from qi_equity.vocabulary import Ties

# Relative difference that is the rounding of sums, not of data.
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The tested points of a chart, moved together: what a rule sees."""

    value: FloatArray
    side: IntArray  # +1 above the centre, -1 below, 0 on it or no point
    runs: Runs  # of those sides, points on the line passed over
    lines: Lines


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with its length, the zone it looks at, and what it does with ties."""

    name: str
    find: Callable[[Judged, Rule], IntArray]
    length: int = 1
    ties: Ties = Ties.PASS
    zone: Zone = Zone.LIMITS
    sided: bool = True  # whether high and low mean anything for it
    source: str = ""


def sides(value: FloatArray, centre: FloatArray, tested: BoolArray) -> IntArray:
    """Which side of the centre line each tested point lies on.

    A point that differs from the line by the rounding of its sum lies on it: the mean of thirty
    times 0.1 is not 0.1.

    >>> level = np.full((1, 30), 0.1)
    >>> sides(level, level.sum(axis=1, keepdims=True) / 30, level > 0).any()
    np.False_
    """
    with np.errstate(invalid="ignore"):
        apart = np.where(tested, value - centre, 0.0)
        near = ROUNDING * np.abs(centre)
        return (apart > near).astype(np.int8) - (apart < -near).astype(np.int8)


def _beyond(judged: Judged, zone: Zone) -> IntArray:
    low, high = judged.lines.band(zone)
    with np.errstate(invalid="ignore"):
        return (judged.value > high).astype(np.int8) - (judged.value < low).astype(np.int8)


def beyond_limits(judged: Judged, rule: Rule) -> IntArray:
    """A point outside the limits; a point on a limit is inside."""
    return _beyond(judged, Zone.LIMITS)


def shift(judged: Judged, rule: Rule) -> IntArray:
    """So many points in a row on one side of the centre line."""
    runs = judged.runs if rule.ties == Ties.PASS else find_runs(judged.side, passing=False)
    return np.where(runs.length >= rule.length, judged.side, 0).astype(np.int8)


def long_run(judged: Judged, rule: Rule) -> IntArray:
    """A run longer than chance explains in so many useful points."""
    limit = longest_run_limit(judged.runs.useful)[:, None]
    return np.where(judged.runs.length > limit, judged.side, 0).astype(np.int8)


def trend(judged: Judged, rule: Rule) -> IntArray:
    """So many points in a row, each higher than the one before (or each lower)."""
    with np.errstate(invalid="ignore"):
        step = np.sign(np.diff(judged.value, axis=1))
    step = np.nan_to_num(step).astype(np.int8)
    passing = rule.ties == Ties.PASS
    runs = find_runs(step, passing)
    way = np.where(runs.length >= rule.length - 1, step, 0).astype(np.int8)
    marks = np.zeros(judged.value.shape, dtype=np.int8)
    marks[:, 1:] = way
    # The point a trend starts from is part of it, and takes the direction it sets off in.
    starts = way != 0
    starts[:, 1:] &= (carried(step) if passing else step)[:, :-1] != way[:, 1:]
    marks[:, :-1][starts] = way[starts]
    return marks


def _windows(found: BoolArray, length: int) -> IntArray:
    """How many of the ``length`` points that end at each one are found; -1 before that many."""
    total = np.cumsum(found, axis=1, dtype=np.int32)
    count = np.full(found.shape, -1, dtype=np.int32)
    if found.shape[1] >= length:
        count[:, length - 1 :] = total[:, length - 1 :]
        count[:, length:] -= total[:, :-length]
    return count


def _within(ends: BoolArray, length: int) -> BoolArray:
    """Points that belong to a window of ``length`` which ends where ``ends`` says."""
    part = ends.copy()
    for back in range(1, min(length, ends.shape[1])):  # a window's length, not a point each
        part[:, :-back] |= ends[:, back:]
    return part


def most_beyond(judged: Judged, rule: Rule) -> IntArray:
    """All but one of so many points in a row beyond the zone on one side."""
    beyond = _beyond(judged, rule.zone)
    marks = np.zeros(beyond.shape, dtype=np.int8)
    for way in (1, -1):
        there = beyond == way
        ends = _windows(there, rule.length) >= rule.length - 1
        marks[_within(ends, rule.length) & there] = way
    return marks


def near_limits(judged: Judged, rule: Rule) -> IntArray:
    """Two of three in a row between zone and limit, all three on one side of the centre."""
    near = np.where(_beyond(judged, Zone.LIMITS) == 0, _beyond(judged, rule.zone), 0)
    marks = np.zeros(near.shape, dtype=np.int8)
    for way in (1, -1):
        there = near == way
        together = _windows(judged.side == way, rule.length) == rule.length
        ends = together & (_windows(there, rule.length) >= rule.length - 1)
        marks[_within(ends, rule.length) & there] = way
    return marks


def hugging(judged: Judged, rule: Rule) -> IntArray:
    """So many points in a row inside the zone on both sides of the centre line."""
    low, high = judged.lines.band(rule.zone)
    with np.errstate(invalid="ignore"):
        inside = (judged.value >= low) & (judged.value <= high)
    ends = _windows(inside, rule.length) == rule.length
    return np.where(_within(ends, rule.length), judged.side, 0).astype(np.int8)


def avoiding(judged: Judged, rule: Rule) -> IntArray:
    """So many points in a row outside the zone, on either side."""
    outside = _beyond(judged, rule.zone) != 0
    ends = _windows(outside, rule.length) == rule.length
    return np.where(_within(ends, rule.length), judged.side, 0).astype(np.int8)


def alternating(judged: Judged, rule: Rule) -> IntArray:
    """So many points in a row, up and down by turns."""
    with np.errstate(invalid="ignore"):
        step = np.nan_to_num(np.sign(np.diff(judged.value, axis=1)))
    turns = np.zeros(judged.value.shape, dtype=bool)
    turns[:, 2:] = step[:, 1:] * step[:, :-1] < 0
    ends = _windows(turns, rule.length - 2) == rule.length - 2
    return np.where(_within(ends, rule.length), judged.side, 0).astype(np.int8)


_PERLA = "Perla, Provost & Murray 2011, BMJ Qual Saf 20:46"
_MDC = "NHS England, Making Data Count; NHSRplotthedots 0.2.2"
_WE = "Western Electric, Statistical Quality Control Handbook, 1956"
_NELSON = "Nelson 1984, J Qual Tech 16:237"

RULES = {
    rule.name: rule
    for rule in (
        Rule("beyond_limits", beyond_limits, source="Shewhart 1931"),
        Rule("shift", shift, 8, source=_WE),
        Rule("trend", trend, 6, Ties.BREAK, source=_NELSON),
        Rule("two_of_three", most_beyond, 3, zone=Zone.TWO_SIGMA, source=_WE),
        Rule("four_of_five", most_beyond, 5, zone=Zone.ONE_SIGMA, source=_WE),
        Rule("near_limits", near_limits, 3, zone=Zone.TWO_SIGMA, source=_MDC),
        Rule("long_run", long_run, source="Anhøj & Olesen 2014, PLoS ONE 9:e113825"),
        Rule("hugging", hugging, 15, zone=Zone.ONE_SIGMA, sided=False, source=_NELSON),
        Rule("avoiding", avoiding, 8, zone=Zone.ONE_SIGMA, sided=False, source=_NELSON),
        Rule("alternating", alternating, 14, sided=False, source=_NELSON),
    )
}


def _as(name: str, length: int, ties: Ties, source: str) -> Rule:
    return replace(RULES[name], length=length, ties=ties, source=source)


# Making Data Count draws its limits at this many mean moving ranges, where 3 / 1.128 is 2.6596.
RANGES_PER_LIMIT = {"making_data_count": 2.66}

# Within a set the first rule that marks a point gives it its direction.
RULE_SETS: dict[str, tuple[Rule, ...]] = {
    "anhoej": (RULES["beyond_limits"], RULES["long_run"]),
    "ihi": (
        RULES["beyond_limits"],
        _as("shift", 6, Ties.PASS, _PERLA),
        _as("trend", 5, Ties.PASS, _PERLA),
    ),
    "making_data_count": (
        RULES["beyond_limits"],
        _as("trend", 7, Ties.BREAK, _MDC),
        RULES["near_limits"],
        _as("shift", 7, Ties.BREAK, _MDC),
    ),
    "western_electric": (
        RULES["beyond_limits"],
        RULES["two_of_three"],
        RULES["four_of_five"],
        _as("shift", 8, Ties.BREAK, _WE),
    ),
    "nelson": (
        RULES["beyond_limits"],
        _as("shift", 9, Ties.BREAK, _NELSON),
        RULES["trend"],
        RULES["alternating"],
        RULES["two_of_three"],
        RULES["four_of_five"],
        RULES["hugging"],
        RULES["avoiding"],
    ),
}


Chosen = str | Sequence[str | Rule] | Mapping[str, int]


def rules_of(chosen: Chosen) -> tuple[Rule, ...]:
    """The rules that are meant: sets or rules by name, with a length of their own where given.

    The length given to a set is that of its shifts and trends.

    >>> [(rule.name, rule.length) for rule in rules_of({"shift": 7, "trend": 7})]
    [('shift', 7), ('trend', 7)]
    >>> [(rule.name, rule.length) for rule in rules_of({"making_data_count": 6})]
    [('beyond_limits', 1), ('trend', 6), ('near_limits', 3), ('shift', 6)]
    """
    lengths = chosen if isinstance(chosen, Mapping) else {}
    found: dict[str, Rule] = {}
    problems = []
    for name in [chosen] if isinstance(chosen, str) else chosen:
        if isinstance(name, Rule):
            found[name.name] = name
            continue
        if name not in RULE_SETS and name not in RULES:
            known = [*RULE_SETS, *RULES]
            problems.append(f"no rule called '{name}'{did_you_mean(name, known)}")
            continue
        length = lengths.get(name)
        if length is not None and length < 3:
            problems.append(f"rule '{name}': {length} points make no pattern; give 3 or more")
            continue
        for rule in RULE_SETS.get(name) or (RULES[name],):
            # A set's other rules keep their lengths: two of three is not two of six.
            own = length is None or (name in RULE_SETS and rule.find not in (shift, trend))
            found[rule.name] = rule if own or length is None else replace(rule, length=length)
    if problems:
        raise DataErrors(problems, "rules")
    return tuple(found.values())


def ranges_per_limit(chosen: Chosen, otherwise: float) -> float:
    """Mean moving ranges from centre to limit, where a chosen rule set has its own number."""
    names = [chosen] if isinstance(chosen, str) else chosen
    own = (
        RANGES_PER_LIMIT[name]
        for name in names
        if isinstance(name, str) and name in RANGES_PER_LIMIT
    )
    return next(own, otherwise)


def zones_needed(rules: tuple[Rule, ...]) -> tuple[Zone, ...]:
    """Bands a chart must carry for these rules, the limits always among them."""
    return tuple(sorted({Zone.LIMITS, *(rule.zone for rule in rules)}))


def mark(
    chart: Chart, rules: tuple[Rule, ...], known: tuple[IntArray, Runs] | None = None
) -> dict[str, IntArray]:
    """The marks of each rule, by its name; ``known``: sides and runs found already.

    >>> from qi_equity.spc.chart import Lines
    >>> lines = Lines(*(np.full((1, 9), level) for level in (0.0, -3.0, 3.0)), nearer={})
    >>> value = np.array([[-1, 1, 1, 1, 0, 1, 1, 1, 4.0]])
    >>> found = mark(Chart(value, np.isfinite(value), lines), RULE_SETS["ihi"])
    >>> found["shift"], found["beyond_limits"]
    (array([[0, 1, 1, 1, 0, 1, 1, 1, 1]], dtype=int8),
     array([[0, 0, 0, 0, 0, 0, 0, 0, 1]], dtype=int8))
    """
    seen = chart.tested & np.isfinite(chart.value)
    lines = chart.lines
    side = sides(chart.value, lines.centre, seen) if known is None else known[0]
    if seen.all() or all(_passes_gaps(rule) for rule in rules):
        value = np.where(seen, chart.value, np.nan)
        runs = find_runs(side) if known is None else known[1]
        judged = Judged(value, side, runs, lines)
        return {rule.name: rule.find(judged, rule) for rule in rules}
    return _mark_together(chart, rules, side, seen)


def _mark_together(
    chart: Chart, rules: tuple[Rule, ...], side: IntArray, seen: BoolArray
) -> dict[str, IntArray]:
    """Marks where points are passed over: the others are moved together, judged, and put back.

    A gap would be in the way of every rule that looks at neighbours.
    """
    row, slot = np.nonzero(seen)
    place = (np.cumsum(seen, axis=1) - 1)[row, slot]

    def together(values: FloatArray) -> FloatArray:
        moved = np.full(values.shape, np.nan)
        moved[row, place] = values[row, slot]
        return moved

    moved_side = np.zeros_like(side)
    moved_side[row, place] = side[row, slot]
    lines = chart.lines
    moved_lines = Lines(
        together(lines.centre),
        together(lines.lower),
        together(lines.upper),
        {zone: (together(low), together(high)) for zone, (low, high) in lines.nearer.items()},
    )
    judged = Judged(together(chart.value), moved_side, find_runs(moved_side), moved_lines)
    marks = {}
    for rule in rules:
        marks[rule.name] = np.zeros_like(side)
        marks[rule.name][row, slot] = rule.find(judged, rule)[row, place]
    return marks


def _passes_gaps(rule: Rule) -> bool:
    """Whether a rule finds the same with gaps among the points as without."""
    return rule.find in (beyond_limits, long_run) or (rule.find is shift and rule.ties == Ties.PASS)


def first_mark(
    marks: dict[str, IntArray], rules: tuple[Rule, ...], shape: tuple[int, ...]
) -> tuple[IntArray, BoolArray]:
    """The direction of each point's signal, and whether that direction means anything."""
    side = np.zeros(shape, dtype=np.int8)
    sided = np.zeros(side.shape, dtype=bool)
    for rule in rules:
        fresh = (side == 0) & (marks[rule.name] != 0)
        side[fresh] = marks[rule.name][fresh]
        if rule.sided:
            sided |= fresh
    return side, sided
