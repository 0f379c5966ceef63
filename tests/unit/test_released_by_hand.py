"""Numbers worked out of one small release, each by hand; no analysis is needed for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import store_network
from qi_equity.disclosure import numbers
from qi_equity.disclosure.numbers import _both_scales, _firm, _inside
from qi_equity.disclosure.policy import POLICIES
from qi_equity.disclosure.release import Release, grids, release
from qi_equity.observations import SERIES_KEY
from qi_equity.project import ALL_SITES, EVERYONE, EVERYONE_ELSE, Baseline, Project

WEEKS = pd.date_range("2024-01-01", periods=16, freq="W-MON")
# Events and births of each week. Black women of the north have 3 a week: 12 in four weeks is the
# first number not small (6 in two is), shown as 10. Those of the south have 3 in all: small.
NORTH = {"Asian": (10, 100), "Black": (3, 20), "White": (30, 200)}
SOUTH = {"Asian": (20, 100), "Black": (0, 20), "White": (25, 200)}
ALONE = ("Asian", "Black", "White")
SITES = ("north", "south", ALL_SITES)


def project(**measure: Any) -> Project:
    asked = store_network.project(sites=("north", "south"))
    of = asked.measures[0].model_copy(update={"baseline": Baseline(subgroups=4), **measure})
    return asked.model_copy(update={"measures": (of,)})


def released(policy: str = "hes", asked: Project | None = None, **change: Any) -> Release:
    """The one release; `change` puts (numerators, denominators) in for a site and stratum."""
    counts: dict[tuple[str, str], np.ndarray] = {}
    for site, strata in (("north", NORTH), ("south", SOUTH)):
        for stratum, (events, births) in strata.items():
            series = np.array([np.full(16, events), np.full(16, births)], float)
            if (site, stratum) == ("south", "Black"):
                series[0, 5] = 3
            counts[site, stratum] = np.array(change.get(f"{site}_{stratum}", series), float)
        counts[site, EVERYONE] = np.sum([counts[site, one] for one in ALONE], axis=0)
    for stratum in (*ALONE, EVERYONE):
        counts[ALL_SITES, stratum] = counts["north", stratum] + counts["south", stratum]
    points = pd.concat(
        pd.DataFrame(
            {"measure": "pph", "site": site, "stratum": stratum, "subgroup": WEEKS,
             "numerator": held[0], "denominator": held[1]}
        )
        for (site, stratum), held in counts.items()
    )  # fmt: skip
    [grid] = grids(points, asked or project())
    return release(grid, POLICIES[policy])


@pytest.fixture(scope="module")
def one() -> Release:
    return released()


@pytest.fixture(scope="module")
def blocks(one: Release) -> pd.DataFrame:
    return numbers.block_table(one)


@pytest.fixture(scope="module")
def gaps(one: Release) -> pd.DataFrame:
    return numbers.gap_table(one, project(), dict.fromkeys(SITES, EVERYONE_ELSE))


def series(table: pd.DataFrame, site: str, stratum: str) -> pd.DataFrame:
    return table[(table["site"] == site) & (table["stratum"] == stratum)]


def rows_of(table: pd.DataFrame) -> list[list[float]]:
    return table[["subgroups", "numerator", "denominator"]].to_numpy().tolist()


# -- blocks -------------------------------------------------------------------------------------


def test_a_row_for_each_block_with_its_counts_as_shown(blocks: pd.DataFrame) -> None:
    asian = series(blocks, "north", "Asian")
    assert asian["subgroup"].tolist() == list(WEEKS)
    assert (
        asian[["subgroups", "numerator", "denominator"]].to_numpy().tolist() == [[1, 10, 100]] * 16
    )
    black = series(blocks, "north", "Black")
    assert black["subgroup"].tolist() == list(WEEKS[[0, 4, 8, 12]])
    assert rows_of(black) == [[4, 10, 80]] * 4
    small = series(blocks, "south", "Black")
    assert small[["subgroup", "subgroups", "small"]].to_numpy().tolist() == [[WEEKS[0], 16, True]]
    assert small["numerator"].isna().all()
    assert small["denominator"].tolist() == [320]
    assert blocks["small"].sum() == 1
    assert blocks["measure"].unique().tolist() == ["pph"]
    assert blocks.index.tolist() == list(range(len(blocks)))
    assert blocks.columns.tolist() == [
        "measure", "site", "stratum", "subgroup", "subgroups", "small", "numerator", "denominator",
    ]  # fmt: skip


def test_a_block_of_which_nothing_is_logged_has_no_count() -> None:
    gone = np.array([np.full(16, 10), np.full(16, 100)], float)
    gone[:, 2:5] = np.nan
    asian = series(numbers.block_table(released(north_Asian=gone)), "north", "Asian")
    lacking = [False, False, True, True, True, *[False] * 11]
    assert asian["numerator"].isna().tolist() == asian["denominator"].isna().tolist() == lacking


def test_counts_alone_have_no_denominator_and_no_limits(one: Release) -> None:
    alone = replace(one, grid=replace(one.grid, denominator=None), sums={
        "numerator": one.sums["numerator"]
    })  # fmt: skip
    table = numbers.block_table(alone)
    assert table["denominator"].isna().all()
    assert table["numerator"].notna().any()
    drawn = numbers.drawn(alone, table)
    assert drawn is not None
    assert drawn.points["upper"].isna().all()
    assert numbers.across(alone, table) is None


def test_charts_are_drawn_of_what_is_released_in_full(one: Release, blocks: pd.DataFrame) -> None:
    drawn = numbers.drawn(one, blocks)
    assert drawn is not None
    kept = blocks[~blocks["small"]]
    assert len(drawn.points) == len(kept)
    black = series(drawn.points, "north", "Black")
    assert black["value"].tolist() == pytest.approx([12.5] * 4)
    assert drawn.points["upper"].notna().any()
    assert numbers.drawn(one, blocks[blocks["small"]]) is None
    assert numbers.drawn(one, blocks[:0]) is None


def test_the_centre_is_frozen_where_the_baseline_ends(one: Release) -> None:
    higher = np.array([np.where(np.arange(16) < 4, 10, 50), np.full(16, 100)], float)
    changed = released(north_Asian=higher)
    drawn = numbers.drawn(changed, numbers.block_table(changed))
    assert drawn is not None
    asian = series(drawn.points, "north", "Asian")
    assert asian["centre"].unique() == pytest.approx([10.0])


def test_sites_are_compared_on_what_each_shows_in_full(one: Release, blocks: pd.DataFrame) -> None:
    found = numbers.across(one, blocks)
    assert found is not None
    table = found.rows
    held = series(table, "north", "Black")
    assert held[["numerator", "denominator"]].to_numpy().tolist() == [[40, 320]]
    assert series(table, "south", "Black").empty
    assert numbers.across(one, blocks[:0]) is None
    assert numbers.across(one, blocks[blocks["small"]]) is None


# -- gaps ---------------------------------------------------------------------------------------


def test_a_gap_by_hand(gaps: pd.DataFrame) -> None:
    [asian] = series(gaps, "north", "Asian").to_dict("records")
    # 160 of 1600, against 40 of 320 and 480 of 3200 as they are shown.
    assert (asian["numerator"], asian["denominator"]) == (160, 1600)
    assert asian["rate"] == pytest.approx(0.1)
    assert asian["difference"] == pytest.approx(0.1 - 520 / 3520)
    assert asian["ratio"] == pytest.approx(0.1 / (520 / 3520))
    assert asian["reference"] == EVERYONE_ELSE
    for end in ("then", "now"):
        assert (asian[f"numerator_{end}"], asian[f"denominator_{end}"]) == (40, 400)
        assert asian[f"rate_{end}"] == pytest.approx(0.1)
        assert asian[f"ratio_{end}"] == pytest.approx(0.1 / (130 / 880))
    for half in ("early", "late"):
        assert asian[f"{half}_ratio"] == pytest.approx(0.1 / (260 / 1760))


def test_a_small_count_has_no_numbers_and_counts_as_four_elsewhere(gaps: pd.DataFrame) -> None:
    [black] = series(gaps, "south", "Black").to_dict("records")
    assert np.isnan(
        [black[name] for name in ("numerator", "rate", "difference", "ratio", "excess")]
    ).all()
    assert black["denominator"] == 320
    [asian] = series(gaps, "south", "Asian").to_dict("records")
    assert asian["ratio"] == pytest.approx(0.2 / (404 / 3520))
    # A stretch that the one block reaches out of is told without her: 0.2 beside 0.125.
    assert np.isnan(black["denominator_then"])
    assert asian["ratio_then"] == pytest.approx(1.6)


def test_a_row_for_each_site_and_known_stratum(gaps: pd.DataFrame) -> None:
    assert sorted(zip(gaps["site"], gaps["stratum"], strict=True)) == sorted(
        (site, stratum) for site in SITES for stratum in ALONE
    )
    assert set(SERIES_KEY) <= set(gaps)
    assert numbers.STRETCH not in gaps
    assert gaps["disagree"].dtype == bool
    assert not gaps["disagree"].any()


def test_each_site_has_the_reference_that_is_told(one: Release) -> None:
    told = {"north": "White", "south": 0.25}
    table = numbers.gap_table(one, project(), told)
    assert set(table["site"]) == {"north", "south"}
    assert series(table, "north", "Asian")["ratio"].tolist() == pytest.approx([0.1 / 0.15])
    assert series(table, "south", "Asian")["difference"].tolist() == pytest.approx([0.2 - 0.25])
    assert numbers.gap_table(one, project(), {}).empty
    assert numbers.gap_table(one, project(), {"elsewhere": "White"}).empty


def test_what_is_not_known_is_not_compared(one: Release) -> None:
    asked = project()
    groups = tuple(
        group.model_copy(update={"unknown": group.name == "White"}) for group in asked.strata.groups
    )
    asked = asked.model_copy(update={"strata": asked.strata.model_copy(update={"groups": groups})})
    table = numbers.gap_table(one, asked, {"north": EVERYONE_ELSE})
    assert set(table["stratum"]) == {"Asian", "Black"}
    assert series(table, "north", "Asian")["ratio"].tolist() == pytest.approx([0.1 / 0.125])


# -- gaps over time -----------------------------------------------------------------------------


def test_gaps_over_time_are_on_the_widest_blocks_shown_in_full(one: Release) -> None:
    found = numbers.gap_series(one, project(), dict.fromkeys(SITES, EVERYONE_ELSE))
    asian = series(found, "north", "Asian")
    assert asian["subgroup"].tolist() == list(WEEKS[[0, 4, 8, 12]])
    assert asian[["numerator", "denominator"]].to_numpy().tolist() == [[40, 400]] * 4
    assert asian["ratio"].tolist() == pytest.approx([0.1 / (130 / 880)] * 4)
    # In the south only the small are on wider blocks: the others, week by week, without them.
    south = series(found, "south", "Asian")
    assert south["subgroup"].tolist() == list(WEEKS)
    assert south["numerator"].tolist() == [20] * 16
    assert south["ratio"].tolist() == pytest.approx([1.6] * 16)
    assert series(found, "south", "Black").empty
    assert found.index.tolist() == list(range(len(found)))
    assert found.equals(found.sort_values([*SERIES_KEY, "subgroup"], ignore_index=True))
    assert not [name for name in found if name.startswith(("rate", "excess"))]


def test_where_nobody_is_shown_in_full_there_are_no_gaps_over_time(one: Release) -> None:
    told = dict.fromkeys(SITES, EVERYONE_ELSE)
    hidden = replace(one, rung=np.full_like(one.rung, len(one.blocks)))
    assert numbers.gap_series(hidden, project(), told).empty
    assert numbers.gap_series(one, project(), {}).empty


# -- the parts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ([1, 1, 0, 0, 0, 0], [0]),
        ([0, 0, 1, 1, 1, 1], [2, 4]),
        ([1, 1, 1, 1, 1, 1], [0, 2, 4]),
        ([1, 0, 0, 0, 0, 0], None),
        ([1, 1, 1, 0, 0, 0], None),
        ([0, 0, 0, 0, 0, 0], None),
    ],
)
def test_a_window_is_whole_blocks_or_nothing(window: list[int], expected: Any) -> None:
    found = _inside(np.array([0, 0, 1, 1, 2, 2]), np.array(window, bool))
    assert (None if found is None else found.tolist()) == expected


def counts(*rows: tuple[str, float, float, bool], site: str = "north") -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["stratum", "numerator", "denominator", "small"])
    return table.assign(site=site, stretch=0)


NAN = float("nan")


@pytest.mark.parametrize(
    ("label", "rows", "expected"),
    [
        (0.1, [("a", NAN, NAN, True), ("b", 10, 50, False)], [True, True]),
        # Everyone else: the others, of whom one is hidden.
        (EVERYONE_ELSE, [("a", 20, 90, False), ("b", 10, 50, False)], [True, True]),
        (EVERYONE_ELSE, [("a", 20, 90, False), ("b", NAN, 50, True)], [False, True]),
        (EVERYONE_ELSE, [("a", 20, 90, False), ("b", NAN, NAN, False)], [False, True]),
        (
            EVERYONE_ELSE,
            [("a", 20, 90, False), ("b", NAN, 50, True), ("c", 8, 30, False)],
            [True, True, True],
        ),
        (
            EVERYONE_ELSE,
            [("a", 20, 90, False), ("b", NAN, 50, True), ("c", 7, 30, False)],
            [False, True, True],
        ),
        # None of them hidden: a few events are what they are, nobody at risk is nobody.
        (EVERYONE_ELSE, [("a", 20, 90, False), ("b", 0, 50, False)], [True, True]),
        (EVERYONE_ELSE, [("a", 20, 90, False), ("b", 0, 7, False)], [False, True]),
        (EVERYONE_ELSE, [("a", 20, 90, False), ("b", 0, 8, False)], [True, True]),
        # One group is compared with: it alone counts.
        ("b", [("a", 20, 90, False), ("b", 10, 50, False)], [True, True]),
        ("b", [("a", NAN, 90, True), ("b", 10, 50, False)], [True, True]),
        ("b", [("a", 20, 90, False), ("b", NAN, 50, True)], [False, False]),
        ("c", [("a", 20, 90, False), ("b", 10, 50, False)], [False, False]),
        ("b", [("b", 10, 50, False)], [True]),
    ],
)
def test_a_gap_is_firm_where_its_reference_gives_nothing_away(
    label: Any, rows: list[Any], expected: list[bool]
) -> None:
    assert _firm(counts(*rows), label, 8).tolist() == expected


def test_sites_and_stretches_are_apart_where_a_reference_is_firm() -> None:
    shown, hidden = [("a", 20, 90, False), ("b", 10, 50, False)], [
        ("a", 20, 90, False), ("b", NAN, 50, True)
    ]  # fmt: skip
    table = pd.concat(
        [counts(*shown), counts(*hidden, site="south"), counts(*hidden).assign(stretch=1)],
        ignore_index=True,
    )
    expected = [True, True, False, True, False, True]
    assert _firm(table, EVERYONE_ELSE, 8).tolist() == expected
    assert _firm(table, "b", 8).tolist() == [True, True, False, False, False, False]


def test_scales_that_go_opposite_ways_are_marked() -> None:
    table = pd.DataFrame(
        {"difference_then": [0.1, 0.1], "difference_now": [0.05, 0.05],
         "ratio_then": [2.0, 2.0], "ratio_now": [3.0, 1.5]}
    )  # fmt: skip
    assert _both_scales(table)["disagree"].tolist() == [True, False]
    without = table[["difference_then"]]
    assert _both_scales(without) is without
