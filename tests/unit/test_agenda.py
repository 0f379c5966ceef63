"""An agenda holds what is established, each change once, at most five, and keeps its names."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from made_findings import made_findings, made_project

from qi_equity import agenda
from qi_equity.findings import Chart, Findings, Gap
from qi_equity.vocabulary import Topic

PROJECT = made_project(sites=3)
SITE = {"measure": "pph", "site": "site_a"}
MOVED = {"established": True, "smallest_gap": 1.1, "ratio_then": 2.0, "ratio_now": 3.0}


def gap(stratum: str = "Black", **given: object) -> dict[str, object]:
    return {**SITE, "stratum": stratum, "signal": "rising", "verdict": "gap", **MOVED, **given}


def chart(stratum: str, **given: object) -> dict[str, object]:
    return {**SITE, "stratum": stratum, "established": True, "direction": "rising"} | given


def found(gaps=(), charts=(), judged=True, points=None) -> Findings:
    empty = Findings(PROJECT)
    return Findings(
        PROJECT,
        points=empty.points if points is None else points,
        charts=pd.DataFrame(charts) if charts else empty.charts,
        gaps=pd.DataFrame(gaps) if gaps else empty.gaps,
        judged=judged,
    )


def kinds(findings: Findings) -> list[tuple[str, str]]:
    return [(item.kind, item.stratum) for item in agenda(findings).items]


def logged(**last: str) -> pd.DataFrame:
    rows = [
        {"measure": "pph", "site": site, "stratum": "Everyone", "value": 1.0, "subgroup": week}
        for site, end in last.items()
        for week in pd.date_range("2025-01-06", end, freq="W-MON")
    ]
    return pd.DataFrame(rows)


def test_nothing_but_who_is_late_is_said_before_findings_are_judged():
    points = logged(site_a="2025-06-02", site_b="2025-03-03")
    early = agenda(found([gap()], [chart("Black")], judged=False, points=points))
    assert [(item.kind, item.site) for item in early.items] == [(Topic.LATE, "site_b")]


def test_what_one_look_shows_alone_is_no_item():
    assert kinds(found([gap(established=False, verdict="widening", highlight=True)])) == []
    assert kinds(found(charts=[chart("Black", established=False, emerging=True)])) == []


def test_an_established_change_is_named_by_the_side_of_its_gap():
    assert kinds(found([gap()])) == [("widening", "Black")]
    below = {"ratio_then": 0.5, "ratio_now": 0.9}
    assert kinds(found([gap(**below)])) == [("narrowing", "Black")]


def test_a_change_smaller_than_the_smallest_gap_is_not_news():
    assert kinds(found([gap(ratio_then=1.01, ratio_now=1.04)])) == []
    rare = {"rate_then": 0.98, "difference_then": 0.0, "rate_now": 0.96, "difference_now": -0.02}
    assert kinds(found([gap(signal="falling", ratio_then=1.0, ratio_now=0.98, **rare)])) == [
        ("widening", "Black")
    ]


def test_sides_that_changed_and_the_declared_contrast_count_at_one_look():
    one_look = {"established": False, "highlight": True}
    assert kinds(found([gap(verdict="reversed", **one_look)])) == [("reversed", "Black")]
    declared = gap(verdict="narrowing", declared=True, established=False)
    assert kinds(found([declared])) == [("narrowing", "Black")]
    assert kinds(found([gap(verdict="steady", declared=True, established=False)])) == []


def test_an_echo_is_named_with_the_group_that_moved_and_never_by_itself():
    echo = gap("White", verdict="echo", echo_of="Black")
    (item,) = agenda(found([gap(), echo])).items
    assert (item.stratum, item.others) == ("Black", ("White",))
    assert kinds(found([echo])) == []


def test_an_echo_that_is_established_stands_for_the_change_it_is_an_echo_of():
    mover = gap(verdict="widening", established=False)
    (item,) = agenda(found([mover, gap("White", verdict="echo", echo_of="Black")])).items
    assert (item.stratum, item.established) == ("Black", True)


def test_echoes_of_a_reference_are_named_with_its_clearest_gap():
    clear = gap(reference="White", verdict="widening")
    echo = gap("Asian", reference="White", verdict="echo", echo_of="White")
    (item,) = agenda(found([clear, echo])).items
    assert item.others == ("Asian",)


def test_a_stratum_and_its_gap_are_one_change():
    (item,) = agenda(found([gap()], [chart("Black", shared="own")])).items
    assert isinstance(item.row, Gap)
    assert isinstance(item.beside[0], Chart)
    assert item.others == ()


def test_a_change_that_all_share_is_everyones_and_one_of_its_own_is_not():
    charts = [chart("Asian", shared="shared"), chart("Everyone"), chart("Black", shared="own")]
    items = {item.stratum: item for item in agenda(found(charts=charts)).items}
    assert set(items) == {"Everyone", "Black"}
    assert items["Everyone"].others == ("Asian",)


def test_which_way_is_better_decides_what_a_moved_rate_is():
    assert kinds(found(charts=[chart("Black")])) == [("concern", "Black")]
    better = chart("Black", measure="weighed")
    assert kinds(found(charts=[better])) == [("improvement", "Black")]


def test_of_a_chart_with_phases_the_last_one_counts():
    before = chart("Black", phase=1)
    assert kinds(found(charts=[before, chart("Black", phase=2, established=False)])) == []


STRATA = ["Asian", "Black", "Mixed", "Other", "White"]


def test_at_most_five_with_a_place_for_something_to_celebrate_and_for_who_is_late():
    worse = [chart(stratum, shared="own", q_value=0.001) for stratum in STRATA]
    better = chart("Black", site="site_b", direction="falling", shared="own", q_value=0.09)
    points = logged(site_a="2025-06-02", site_b="2025-06-02", site_c="2025-01-06")
    made = agenda(found(charts=[*worse, better], points=points))
    assert [item.kind for item in made.items] == ["concern"] * 3 + ["improvement", "late"]
    assert [item.kind for item in made.rest] == ["concern"] * 2
    assert [item.rank for item in (*made.items, *made.rest)] == list(range(1, 8))


def test_established_before_declared_then_outcome_before_process_then_the_stronger():
    gaps = [
        gap("Asian", verdict="widening", declared=True, established=False, highlight=True),
        gap("White", q_trend=0.5),
        gap("Mixed", q_trend=0.2),
        gap("Other", measure="weighed", q_trend=0.1),
    ]
    order = [stratum for _, stratum in kinds(found(gaps))]
    assert order == ["Mixed", "White", "Other", "Asian"]


def test_an_item_keeps_its_name_wherever_it_stands_and_whatever_the_order_of_rows():
    gaps = [gap(stratum, q_trend=place / 10) for place, stratum in enumerate(STRATA)]
    one, other = agenda(found(gaps)), agenda(found(gaps[::-1]))
    assert [item.id for item in one.items] == [item.id for item in other.items]
    (alone,) = agenda(found(gaps[3:4])).items
    assert alone.rank != next(item.rank for item in one.items if item.id == alone.id)


def test_a_network_that_has_stopped_logging_is_late_beside_today():
    points = logged(site_a="2025-06-02", site_b="2025-06-02")
    assert agenda(found(points=points)).items == ()
    assert agenda(found(points=points), pd.Timestamp("2025-06-20")).items == ()
    late = agenda(found(points=points), pd.Timestamp("2025-07-20")).items
    assert [item.site for item in late] == ["site_a", "site_b"]


def test_wider_points_of_one_site_do_not_make_it_late():
    points = logged(site_a="2025-06-02", site_b="2025-06-02").assign(subgroups=1.0)
    late = points[(points["site"] == "site_a") | (points["subgroup"] <= "2025-05-12")].copy()
    late.loc[late["subgroup"] == "2025-05-12", "subgroups"] = 4.0
    assert agenda(found(points=late)).items == ()


def test_all_sites_together_are_no_site_that_is_late():
    points = logged(site_a="2025-06-02")
    both = pd.concat([points, points.assign(site="All sites")])
    late = agenda(found(points=both), pd.Timestamp("2025-07-20")).items
    assert [item.site for item in late] == ["site_a"]


def test_made_findings_bring_their_planted_improvement():
    made = agenda(made_findings(PROJECT))
    assert ("Black", "site_a") in {(item.stratum, item.site) for item in made.items}
    assert agenda(replace(made_findings(PROJECT), judged=False)).items == ()
