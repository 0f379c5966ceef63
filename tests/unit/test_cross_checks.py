"""What must hold between the parts of a project: right on one side of an edge, told on the other.

The words people write wrongly, with line and column, are in test_project_file.py.
"""

from __future__ import annotations

import pytest
from project_text import SMALLEST

from qi_equity.project import Project
from qi_equity.project_file import cross_checks, tree
from qi_equity.project_file.draft import Draft

RIGHT = tree.read(SMALLEST).value
MEASURE, AIM, STRATA = RIGHT["measures"][0], RIGHT["aim"], RIGHT["strata"]
EQUITY = AIM["equity"][0]


def told(check, **parts):
    """The places a check points to, in the smallest project with these parts instead."""
    return [
        ".".join(str(step) for step in path) for path, _ in check(Draft(Project, RIGHT | parts))
    ]


def said(check, **parts):
    return [message for _, message in check(Draft(Project, RIGHT | parts))]


def measure(**parts):
    return {"measures": (MEASURE | parts,)}


def aim(**parts):
    return {"aim": AIM | parts}


def equity(**parts):
    return aim(equity=(EQUITY | parts,))


def strata(**parts):
    return {"strata": STRATA | parts}


def compared(with_whom, reason="Nobody is the norm here.", names=("Black", "White")):
    groups = tuple({"name": name} for name in names)
    return strata(groups=groups, reference={"compare_with": with_whom, "reason": reason})


def test_the_smallest_project_passes_every_check():
    for check in cross_checks.CHECKS:
        assert told(check) == [], check.__name__


@pytest.mark.parametrize("check", cross_checks.CHECKS)
@pytest.mark.parametrize("part", RIGHT)
def test_a_part_that_is_not_there_or_not_readable_is_no_reason_to_fail(check, part):
    without = {name: value for name, value in RIGHT.items() if name != part}
    for data in (without, RIGHT | {part: 7}, RIGHT | {part: ({"id": 7},)}, RIGHT | {part: {}}):
        list(check(Draft(Project, data)))


DRIVER = {"id": "d", "name": "D"}
CYCLE = {"id": "c", "title": "C", "start": "2025-02-01", "plan": "P"}


@pytest.mark.parametrize(
    ("parts", "places"),
    [
        ({"sites": ({"id": "a", "name": "A"}, {"id": "a", "name": "B"})}, ["sites.1.id"]),
        ({"sites": ({"id": "a", "name": "North"}, {"id": "b", "name": "NORTH"})}, ["sites.1.name"]),
        ({"measures": (MEASURE, MEASURE)}, ["measures.1.id", "measures.1.name"]),
        ({"measures": (MEASURE, MEASURE | {"id": "b", "name": "Other"})}, []),
        (strata(groups=({"name": "Black"}, {"name": "black"})), ["strata.groups.1.name"]),
        ({"drivers": (DRIVER, DRIVER | {"name": "E"})}, ["drivers.1.id"]),
        ({"drivers": (DRIVER | {"change_ideas": ({"id": "t", "name": "T"},)},
                      {"id": "e", "name": "E", "change_ideas": ({"id": "t", "name": "U"},)})},
         ["drivers.1.change_ideas.0.id"]),
        ({"cycles": (CYCLE, CYCLE)}, ["cycles.1.id"]),
        ({"sites": ({"name": "A"}, {"name": "B"})}, []),
    ],
)  # fmt: skip
def test_no_two_parts_share_a_name(parts, places):
    assert told(cross_checks.unique, **parts) == places


@pytest.mark.parametrize("name", ["Everyone", "everyone", "Everyone else", "BEST AT BASELINE"])
def test_no_group_is_called_what_charts_call_all_of_them(name):
    assert told(cross_checks.names_taken, **compared("x", names=("Black", name))) == [
        "strata.groups.1.name"
    ]


def test_no_site_is_called_all_sites_and_a_group_may_be():
    sites = ({"id": "a", "name": "Everyone"}, {"id": "b", "name": "all sites"})
    assert told(cross_checks.names_taken, sites=sites) == ["sites.1.name"]
    assert told(cross_checks.names_taken, **compared("x", names=("All sites", "White"))) == []


@pytest.mark.parametrize(
    ("parts", "places"),
    [
        (aim(measure="sean"), ["aim.measure"]),
        (equity(measure="sean"), ["aim.equity.0.measure"]),
        (equity(stratum="Blck"), ["aim.equity.0.stratum"]),
        ({"drivers": (DRIVER | {"moves": "e"},)}, ["drivers.0.moves"]),
        ({"drivers": (DRIVER | {"moves": "d"},)}, ["drivers.0.moves"]),
        ({"drivers": (DRIVER, {"id": "e", "name": "E", "moves": "d"})}, []),
        ({"drivers": (DRIVER | {"measures": ("seen", "sean")},)}, ["drivers.0.measures.1"]),
        ({"cycles": (CYCLE | {"sites": ("one", "two")},)}, ["cycles.0.sites.1"]),
        ({"cycles": (CYCLE | {"strata": ("Blck", "White")},)}, ["cycles.0.strata.0"]),
        ({"cycles": (CYCLE | {"change_idea": "tea"},)}, ["cycles.0.change_idea"]),
        # Where one name cannot be read, any word may be right.
        (aim(measure="sean") | {"measures": (MEASURE, {"id": 7})}, []),
        ({"drivers": (DRIVER | {"change_ideas": 7},), "cycles": (CYCLE | {"change_idea": "t"},)},
         []),
        ({"drivers": 7, "cycles": (CYCLE | {"change_idea": "tea"},)}, []),
    ],
)  # fmt: skip
def test_whatever_is_named_exists(parts, places):
    assert told(cross_checks.known_words, **parts) == places


@pytest.mark.parametrize(
    ("parts", "right"),
    [
        (compared("0"), True),
        (compared("1"), True),
        (compared("1.01"), False),
        (compared("-0.01"), False),
        (compared("inf"), False),
        (compared("nan"), False),
        (compared("1.5") | measure(data="rate"), True),
        (compared("inf") | measure(data="rate"), False),
        (compared("everyone else"), True),
        (compared("best at baseline"), True),
        (compared("Black"), True),
        (compared("Asian"), False),
        (compared("White", reason="x" * 20), True),
        (compared("White", reason="x" * 19), False),
        (compared("Black", reason="x"), True),
        (compared("white british", reason="x", names=("white british", "Black")), False),
    ],
)
def test_whom_strata_are_compared_with(parts, right):
    assert (told(cross_checks.reference, **parts) == []) is right


def test_a_word_nobody_is_called_is_answered_with_all_that_can_be_compared_with():
    (message,) = said(cross_checks.reference, **compared("Asian"))
    for choice in ("Black", "White", "everyone else", "best at baseline", "or a target rate"):
        assert choice in message


def groups(*parts, **others):
    return strata(groups=tuple(parts), **others)


BLACK, WHITE, BLANK = {"name": "Black"}, {"name": "White"}, {"name": "Blank", "unknown": True}


@pytest.mark.parametrize(
    ("parts", "places"),
    [
        (groups(BLACK, WHITE, BLANK), []),
        (groups(BLACK, BLANK), ["strata.groups"]),
        (groups(BLACK, {"name": "White", "unknown": 7}), []),
        (groups(BLACK, WHITE, BLANK | {"missing": True}), []),
        (groups(BLACK, WHITE | {"missing": True}, BLANK | {"missing": True}), ["strata.groups"]),
        (groups(BLACK | {"codes": ("b", "B")}, WHITE), []),
        (groups(BLACK | {"codes": ("b",)}, WHITE | {"codes": ("w", "B")}),
         ["strata.groups.1.codes.1"]),
        (groups({"codes": ("b",)}, {"codes": ("b",)}), []),
        (groups({"codes": ("b",)}, WHITE | {"codes": ("b",)}), ["strata.groups.1.codes.0"]),
        (groups(BLACK | {"codes": ("b",)}, WHITE | {"codes": ("b",)}, code_system="nhs_5"), []),
        (groups(BLACK | {"codes": ("b",)}, WHITE | {"codes": ("b",)}, code_system="zed"), []),
    ],
)  # fmt: skip
def test_groups_can_be_told_apart(parts, places):
    assert told(cross_checks.groups, **parts) == places


@pytest.mark.parametrize(
    ("parts", "places"),
    [
        (aim(to=0.4), ["aim.to"]),
        (aim(to=0.41), []),
        (aim(to=0.39), ["aim.to"]),
        (aim(to=0.4) | measure(direction="decrease"), ["aim.to", "aim.equity.0.to"]),
        (aim(to=0.39) | measure(direction="decrease"), ["aim.equity.0.to"]),
        (aim(to=0.39) | measure(direction="none"), []),
        (aim(to=1), []),
        (aim(to=1.01), ["aim.to"]),
        (aim(**{"from": 0}), []),
        (aim(**{"from": -0.01}), ["aim.from"]),
        (aim(**{"from": -0.01}) | measure(data="count"), ["aim.from"]),
        (aim(**{"from": 0}) | measure(data="count"), []),
        (aim(to=70) | measure(data="count"), []),
        (aim(**{"from": -1}) | measure(data="continuous"), []),
        (equity(to=0.2), ["aim.equity.0.to"]),
        (equity(kind="difference", to=0.2), []),
        (equity(kind="difference", to=0.3), ["aim.equity.0.to"]),
        (equity(kind="difference", to=-0.29), []),
        (equity(kind="difference", to=-0.3), ["aim.equity.0.to"]),
        (equity(kind="difference", to=0), []),
        (equity(kind="ratio", **{"from": 2, "to": 1}), []),
        (equity(kind="ratio", **{"from": 2, "to": 0.51}), []),
        (equity(kind="ratio", **{"from": 2, "to": 0.5}), ["aim.equity.0.to"]),
        (equity(kind="ratio", **{"from": 0, "to": 1}), ["aim.equity.0.to"]),
        (equity(kind="ratio", **{"from": 0.3, "to": -1}), ["aim.equity.0.to"]),
        (equity(kind="ratio", **{"from": 0.5, "to": 0.6}), []),
        (equity(kind="ratio", to="x"), []),
        (aim(measure="sean", to=0.1), []),
    ],
)
def test_aims_go_the_way_that_is_better_and_gaps_get_smaller(parts, places):
    assert told(cross_checks.aims, **parts) == places


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (40, "not 40; 40% is 0.4"),
        (100, "not 100; 100% is 1"),
        (1.5, "not 1.5; 1.5% is 0.015"),
        (101, "not 101"),
        (-1, "not -1"),
    ],
)
def test_per_cent_is_told_as_a_part_of_one(number, hint):
    (message,) = said(cross_checks.measures, **measure(target=number))
    assert message.endswith(hint)


def two(first=None, second=None):
    return aim(equity=(EQUITY | (first or {}), EQUITY | {"stratum": "White"} | (second or {})))


@pytest.mark.parametrize(
    ("parts", "places"),
    [
        (two(), ["aim.equity"]),
        (two({"primary": True}), []),
        (two(None, {"primary": True}), []),
        (two({"primary": True}, {"primary": True}), ["aim.equity.1.primary"]),
        (two({"primary": 7}), []),
        (equity(kind="difference") | compared("Black"), ["aim.equity.0.stratum"]),
        (equity(kind="ratio") | compared("Black"), ["aim.equity.0.stratum"]),
        (equity(kind="rate") | compared("Black"), []),
        (equity(kind="difference") | compared("White"), []),
        (groups(BLACK | {"unknown": True}, WHITE), ["aim.equity.0.stratum"]),
    ],
)
def test_equity_is_aimed_at_for_groups_that_can_be_compared(parts, places):
    assert told(cross_checks.contrasts, **parts) == places


BARE = {name: value for name, value in MEASURE.items() if name != "denominator"}


@pytest.mark.parametrize(
    ("parts", "places"),
    [
        ({"measures": (BARE,)}, ["measures.0.denominator"]),
        ({"measures": (BARE | {"data": "rate"},)}, ["measures.0.denominator"]),
        ({"measures": (BARE | {"data": "count"},)}, []),
        ({"measures": (BARE | {"data": "continuous", "target": -4},)}, []),
        (measure(chart="auto"), []),
        (measure(chart="pp"), []),
        (measure(chart="c"), ["measures.0.chart"]),
        (measure(chart="up", data="rate"), []),
        (measure(chart="p", data="rate"), ["measures.0.chart"]),
        (measure(chart="xbar", data="continuous"), ["measures.0.chart"]),
        (measure(chart="t", data="time between"), []),
        (measure(chart="g", data="time between"), ["measures.0.chart"]),
        (measure(target=0), []),
        (measure(target=1), []),
        (measure(target=-0.1), ["measures.0.target"]),
        (measure(multiply=100), []),
        (measure(multiply=1000), ["measures.0.multiply"]),
        (measure(multiply=1000, unit="per 1,000"), []),
        (measure(multiply=1000, data="count"), []),
        (measure(role="process"), ["measures"]),
        (measure(role="prozess"), []),
        ({"measures": (MEASURE, MEASURE | {"id": "b", "role": "balancing"})}, []),
    ],
)
def test_chart_denominator_and_target_suit_the_data(parts, places):
    assert told(cross_checks.measures, **parts) == places


RECORDS = {"data": {"kind": "records", "path": "a.csv", "date": "d", "stratum": "s"}}
TABLE = {"kind": "table", "path": "a.csv", "numerator": "n"}
CONDITION = {"pph": {"is": "yes"}}


@pytest.mark.parametrize(
    ("parts", "places"),
    [
        (RECORDS, ["measures.0.records"]),
        ({"data": TABLE}, []),
        (measure(records={"numerator": CONDITION}) | RECORDS, []),
        (measure(records={"numerator": CONDITION}), []),
        (measure(records={"eligible": CONDITION}), ["measures.0.records.numerator"]),
        (measure(records={"value": "days"}), []),
        (measure(records={"value": "days", "numerator": CONDITION}), ["measures.0.records.value"]),
    ],
)
def test_a_measure_of_records_says_how_it_is_counted(parts, places):
    assert told(cross_checks.measures, **parts) == places


SITES = {"sites": ({"id": "one", "name": "One"}, {"id": "two", "name": "Two"})}
MEASURES = {"measures": (MEASURE, MEASURE | {"id": "b", "name": "B"})}
WIDE = ({"stratum": "Black", "measure": "seen", "numerator": "n"},)


@pytest.mark.parametrize(
    ("parts", "places"),
    [
        ({"data": TABLE} | SITES, ["data.site"]),
        ({"data": TABLE | {"site": "unit"}} | SITES, []),
        (RECORDS | SITES, ["data.site"]),
        (RECORDS | MEASURES, []),
        ({"data": TABLE, "measures": ()}, []),
        ({"data": TABLE} | MEASURES, ["data.measure"]),
        ({"data": TABLE | {"measure": "what"}} | MEASURES, []),
        ({"data": TABLE | {"columns": WIDE}} | MEASURES, []),
        ({"data": TABLE | {"columns": (WIDE[0] | {"measure": "sean"},)}},
         ["data.columns.0.measure"]),
        ({"data": TABLE | {"indicators": {"S": {"measure": "sean"}}}},
         ["data.indicators.S.measure"]),
        ({"data": TABLE | {"indicators": {"S": {"measure": "seen"}}}}, []),
        ({"data": TABLE | {"indicators": {"S": {"measure": "sean"}}}, "measures": ({"id": 7},)},
         []),
    ],
)  # fmt: skip
def test_the_data_say_which_site_and_measure_each_row_is_of(parts, places):
    assert told(cross_checks.source, **parts) == places


@pytest.mark.parametrize(
    ("parts", "places"),
    [
        ({"start": "2025-12-30"}, []),
        ({"start": "2025-12-31"}, ["aim.by", "aim.equity.0.by"]),
        ({"cycles": (CYCLE | {"end": "2025-02-01"},)}, []),
        ({"cycles": (CYCLE | {"end": "2025-01-31"},)}, ["cycles.0.end"]),
        ({"cycles": (CYCLE,), "start": "2025-02-01"}, []),
        ({"cycles": (CYCLE,), "start": "2025-02-02"}, ["cycles.0.start"]),
        (measure(baseline={"until": "2025-02-01"}) | {"start": "2025-02-01"},
         ["measures.0.baseline.until"]),
        (measure(baseline={"until": "2025-02-02"}) | {"start": "2025-02-01"}, []),
        (measure(baseline={"subgroups": 9}) | {"start": "2025-02-01"}, []),
        (measure(phases=("2025-02-01",)) | {"start": "2025-02-01"}, ["measures.0.phases.0"]),
        (measure(phases=("2025-02-02",)) | {"start": "2025-02-01"}, []),
        (measure(phases=("2025-02-01", "2025-02-01")), ["measures.0.phases.1"]),
        (measure(phases=("2025-02-01", "2025-02-02")), []),
        (measure(phases=("2025-02-01",), baseline={"until": "2025-02-01"}),
         ["measures.0.phases.0"]),
    ],
)  # fmt: skip
def test_things_happen_in_the_order_they_can(parts, places):
    assert told(cross_checks.dates, **parts) == places


def test_what_a_day_comes_before_is_named_and_not_after_where_the_same_day_is_too_soon():
    assert said(cross_checks.dates, start="2025-12-31")[0] == (
        "2025-12-31 is not after the project's start (2025-12-31)"
    )
    early = said(cross_checks.dates, cycles=(CYCLE,), start="2025-03-01")
    assert early == ["2025-02-01 is before the project's start (2025-03-01)"]
    phases = measure(phases=("2025-02-01", "2025-01-01"), baseline={"until": "2025-03-01"})
    first, second = said(cross_checks.dates, **phases)
    assert first.endswith("is not after the baseline (2025-03-01)")
    assert second.endswith("is not after the phase before it (2025-02-01)")
    (begun,) = said(cross_checks.dates, start="2025-03-01", **measure(phases=("2025-02-01",)))
    assert begun.endswith("is not after the project's start (2025-03-01)")


def moving(**moves):
    # Words of a file that are alike are not one and the same object.
    return tuple(
        {"id": f"{one}{1}", "name": one, "moves": f"{other}{1}"} for one, other in moves.items()
    )


@pytest.mark.parametrize(
    ("drivers", "places"),
    [
        (moving(a="b", b="c", c="a"), ["drivers.0.moves", "drivers.1.moves", "drivers.2.moves"]),
        (moving(a="b", b="c", c="b"), ["drivers.1.moves", "drivers.2.moves"]),
        (moving(a="a"), []),  # told as one that moves itself
        (moving(a="b", b="c", c="away"), []),
        ((*moving(a="b"), {"id": "b1", "name": "b"}), []),
    ],
)
def test_following_what_a_driver_moves_ends_at_the_aim(drivers, places):
    assert told(cross_checks.drivers_in_a_ring, drivers=drivers) == places


NHS = {"code_system": "nhs_16_plus_1"}
B = {"name": "Black", "codes": ("M", "N", "P")}
OTHERS = {"name": "Others", "codes": tuple("ABCDEFGHJKLRS")}
UNSAID = {"name": "Unknown", "codes": ("Z", "99", "X"), "unknown": True, "missing": True}


@pytest.mark.parametrize(
    ("parts", "places"),
    [
        (groups(B, OTHERS, UNSAID, **NHS), []),
        (groups(B, OTHERS, UNSAID, code_system="own"), []),
        (strata(roll_up="nhs_5"), ["strata.roll_up"]),
        (groups(B, OTHERS, UNSAID, code_system="nhs_17"), ["strata.code_system"]),
        (groups(B, OTHERS, UNSAID, roll_up="nhs_55", **NHS), ["strata.roll_up"]),
        (groups(B | {"codes": ("M", "N")}, OTHERS, UNSAID, **NHS), ["strata.groups"]),
        (groups(B | {"codes": ("M", "N", "P", "Q")}, OTHERS, UNSAID, **NHS),
         ["strata.groups.0.codes.3"]),
        (groups(B | {"codes": ("M", "N", "P", "A")}, OTHERS, UNSAID, **NHS),
         ["strata.groups.1.codes.0"]),
        (groups(B | {"codes": ("M", "N", "P", "P")}, OTHERS, UNSAID, **NHS), []),
        (groups(B, OTHERS, UNSAID | {"missing": False}, **NHS), ["strata.groups"]),
        (groups(B, OTHERS, UNSAID | {"unknown": False}, **NHS),
         [f"strata.groups.2.codes.{place}" for place in range(3)]),
        (groups(B, OTHERS | {"codes": 7}, UNSAID | {"missing": False}, **NHS),
         ["strata.groups.1.name"]),
        (groups(B, {"codes": OTHERS["codes"]}, UNSAID, **NHS), []),
    ],
)  # fmt: skip
def test_every_code_has_one_group_so_that_nobody_goes_uncounted(parts, places):
    assert told(cross_checks.code_system, **parts) == places


def test_records_left_empty_need_no_code():
    blank = {"name": "Left empty", "unknown": True, "missing": True}
    parts = groups(B, OTHERS, UNSAID | {"missing": False}, blank, **NHS)
    assert told(cross_checks.code_system, **parts) == []


@pytest.mark.parametrize(
    ("parts", "places"),
    [
        (measure(data="count") | equity(kind="ratio"), ["aim.equity.0.kind"]),
        (measure(data="time between") | equity(kind="difference"), ["aim.equity.0.kind"]),
        (measure(data="count") | equity(kind="rate"), []),
        (measure(data="continuous") | equity(kind="ratio"), []),
        (measure(data="rate") | equity(kind="ratio"), []),
        (
            measure(data="continuous") | equity(kind="ratio") | compared("0.05"),
            ["aim.equity.0.kind"],
        ),
    ],
)
def test_a_gap_is_aimed_at_where_strata_can_be_held_side_by_side(parts, places):
    assert told(cross_checks.gaps_that_can_be, **parts) == places


def test_a_count_without_a_denominator_is_told_the_way_out():
    (message,) = said(cross_checks.gaps_that_can_be, **measure(data="count") | equity(kind="ratio"))
    assert "data: rate, with a denominator" in message


@pytest.mark.parametrize("chart", ["xbar", "s"])
def test_charts_of_readings_need_a_file_of_readings(chart):
    parts = measure(data="continuous", chart=chart)
    assert told(cross_checks.measures, **parts) == ["measures.0.chart"]
    table = {"kind": "table", "path": "readings.csv", "value": "Minutes"}
    assert told(cross_checks.measures, **parts, data=table) == []
