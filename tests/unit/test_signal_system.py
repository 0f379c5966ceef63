"""The CUSUM of a signal system through the rooms: file, findings, words, figure, page, release."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
from made_findings import made_project
from project_text import SMALLEST, told
from typer.testing import CliRunner

from qi_equity.analyse import analyse
from qi_equity.app.backend import FixedBackend
from qi_equity.app.render import Renderer
from qi_equity.cli import app as command_line
from qi_equity.disclosure import protect, release
from qi_equity.findings import TABLES, Chart, Cusum, CusumPoint, Findings, columns, empty, row
from qi_equity.frames.cusum_chart import cusum_chart
from qi_equity.project import ALL_SITES, EVERYONE, Project, SignalSystem
from qi_equity.project_file import library, load
from qi_equity.quality.checks import SIGNAL_SYSTEM, quality
from qi_equity.view import export
from qi_equity.view.cusum_figure import cusum_figure
from qi_equity.vocabulary import Audience
from qi_equity.words import cusums

SOURCE = "A made-up national count, May 2025"
RISES = 60  # weeks before site B doubles
BIRTHS = {"Asian": 12, "Black": 9, "White": 60}


def declared(**given: object) -> Project:
    """A project whose first measure is held against a rate from outside."""
    project = made_project(sites=2)
    system = SignalSystem(**({"reference": 0.06, "source": SOURCE} | given))
    first = project.measures[0].model_copy(update={"signal_system": system})
    return project.model_copy(update={"measures": (first, *project.measures[1:])})


@cache
def log() -> pd.DataFrame:
    """Site A at the reference all the time, site B twice as high from a week on."""
    rng = np.random.default_rng(3)
    weeks = pd.date_range("2024-01-01", periods=90, freq="W-MON")
    return pd.DataFrame(
        [
            {"measure": "pph", "site": site, "stratum": stratum, "subgroup": week}
            | {"numerator": rng.binomial(births, rate), "denominator": births}
            for site, later in (("site_a", 0.06), ("site_b", 0.13))
            for stratum, births in BIRTHS.items()
            for at, week in enumerate(weeks)
            for rate in [0.06 if at < RISES else later]
        ]
    )


@cache
def found() -> Findings:
    return analyse(declared(), log())


# --- the project file

DECLARED = "    direction: increase"
WRONG = {
    "a rate without a source": ("{reference: 0.4}", "'source' is missing"),
    "per cent for a part of one": ("{reference: 40, source: us}", "below 1.*not 40; 40% is 0.4"),
    "no change": ("{reference: 0.4, source: us, ratio: 1}", "'ratio' 1 is no change"),
    "a key mistyped": ("{referense: 0.4, source: us}", "did you mean 'reference'"),
    "a group mistyped": (
        "{reference: 0.4, source: us, strata: [Blakc]}", "strata: .*did you mean 'Black'",
    ),
    "a slip of the point": (
        "{reference: 0.04, source: us}", "'reference' is 0.04 where the aim begins at 0.4",
    ),
    "a chance that no horizon has": (
        "{reference: 0.4, source: us, alarms_a_year: 5}", "'alarms_a_year' must be at most 0.5",
    ),
}  # fmt: skip


def with_system(system: str, more: str = "") -> str:
    return SMALLEST.rstrip() + f"{more}\n    signal_system: {system}\n"


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_it_is_told_at_its_place(case, tmp_path):
    system, message = WRONG[case]
    lines = told(with_system(system), tmp_path)
    assert len(lines) == 1
    assert lines[0].startswith("28:")
    assert pd.Series(lines).str.contains(message).all(), lines


def test_a_right_one_is_right_and_of_what_has_no_rate_there_is_none(tmp_path):
    right = "{reference: 0.4, source: us, strata: [Black]}"
    assert told(with_system(right), tmp_path) == []
    [line] = told(with_system(right, "\n    data: count"), tmp_path)
    assert "count data have no rate" in line
    [line] = told(with_system(right, "\n    overlapping_windows: true"), tmp_path)
    assert "points share births" in line


def test_the_library_declares_one_with_its_source_and_has_no_other():
    systems = {name: load(path).measures[0].signal_system for name, path in library().items()}
    assert {name for name, system in systems.items() if system} == {"term_apgar"}
    assert "NHS England" in systems["term_apgar"].source


# --- the findings


def test_each_site_has_one_chart_of_everyone_and_the_network_none():
    table = found().cusums
    assert list(zip(table["site"], table["stratum"], strict=True)) == [
        ("site_a", EVERYONE),
        ("site_b", EVERYONE),
    ]
    assert ALL_SITES not in set(found().cusum_points["site"])
    assert list(table) == list(columns(Cusum))
    assert list(found().cusum_points) == list(columns(CusumPoint))
    assert table[["first_signal", "last_signal"]].dtypes.eq("datetime64[ns]").all()


def test_it_is_the_chart_of_the_library_over_the_counts_that_are_charted():
    whole = log().groupby(["site", "subgroup"], as_index=False)[["numerator", "denominator"]].sum()
    points, summary = cusum_chart(
        whole, numerator="numerator", denominator="denominator", subgroup="subgroup",
        reference=0.06, by="site", sized_by=26,
    )  # fmt: skip
    assert found().cusum_points["cusum"].tolist() == points["cusum"].tolist()
    assert found().cusums["limit"].tolist() == summary["limit"].tolist()


def test_the_site_that_doubled_signals_soon_after_and_the_other_does_not():
    steady, doubled = found().rows(Cusum)
    assert steady.signals == 0
    assert pd.isna(steady.first_signal)
    weeks = sorted(log()["subgroup"].unique())
    assert 0 <= weeks.index(doubled.first_signal) - RISES < 10
    assert doubled.change_estimate <= doubled.first_signal <= doubled.last_signal


def test_a_group_has_a_chart_only_where_it_is_asked_for():
    asked = analyse(declared(strata=["Black"]), log())
    assert set(asked.cusums["stratum"]) == {EVERYONE, "Black"}


def test_who_does_not_ask_has_no_rows_but_the_columns():
    plain = analyse(made_project(sites=2), log())
    assert plain.cusums.equals(empty(Cusum))
    assert plain.cusum_points.equals(empty(CusumPoint))


def test_a_signal_is_never_taken_back_by_later_weeks_once_the_baseline_is_over():
    weeks = sorted(log()["subgroup"].unique())
    early = analyse(declared(), log()[log()["subgroup"] <= weeks[75]])
    then = early.cusum_points.merge(found().cusum_points, on=["site", "subgroup"])
    assert (then["cusum_x"] == then["cusum_y"]).all()
    assert (then["limit_x"] == then["limit_y"]).all()
    assert not early.cusums["provisional"].any()
    short = analyse(declared(), log()[log()["subgroup"] <= weeks[10]])
    assert short.cusums["provisional"].all()


def test_judging_only_what_is_new_gives_the_same():
    weeks = sorted(log()["subgroup"].unique())
    before = analyse(declared(), log()[log()["subgroup"] < weeks[-1]])
    again = analyse(declared(), log(), previous=before)
    pd.testing.assert_frame_equal(again.cusums, found().cusums)
    pd.testing.assert_frame_equal(again.cusum_points, found().cusum_points)


def test_the_files_hold_it(tmp_path):
    export.write(found(), tmp_path)
    assert len(pd.read_csv(tmp_path / "cusum_points.csv")) == 180
    held = json.loads((tmp_path / "findings.json").read_text(encoding="utf-8"))["cusums"]
    assert [one["first_signal"] for one in held] == [
        None,
        f"{found().cusums['first_signal'][1]:%Y-%m-%d}",
    ]


# --- a reference that the baseline contradicts


@pytest.mark.parametrize(
    ("reference", "ratio", "codes"),
    [
        (0.06, 2, set()),
        (0.04, 2, set()),  # half as high again is no contradiction
        (0.02, 2, {"signals_without_change"}),
        (0.2, 2, {"signals_late"}),
        (0.2, 0.5, {"signals_without_change"}),
        (0.02, 0.5, {"signals_late"}),
    ],
)  # fmt: skip
def test_a_reference_far_from_the_baseline_is_named(reference, ratio, codes):
    told = quality(declared(reference=reference, ratio=ratio), log()[log()["site"] == "site_a"])
    own = [one.said for one in told.found if one.check == SIGNAL_SYSTEM]
    assert {one.code for one in own} == codes
    assert not any(one.shared for one in own)


def test_check_names_it_where_the_data_lie_beside_the_file(tmp_path):
    system = "{reference: 0.1, source: us}"
    counts = pd.DataFrame({"week": pd.date_range("2025-01-06", periods=30, freq="W-MON")})
    counts = counts.assign(group="Black", seen=30, births=40)
    counts.to_csv(tmp_path / "counts.csv", index=False)
    data = (
        "data: {kind: table, path: counts.csv, subgroup: week, stratum: group, "
        "numerator: seen, denominator: births}\n"
    )
    file = tmp_path / "ours.yaml"
    file.write_text(with_system(system) + data, encoding="utf-8")
    done = CliRunner().invoke(command_line, ["check", str(file)])
    assert done.exit_code == 0, done.output
    assert "seen at one: its baseline had 780 of 1,040" in " ".join(done.output.split())


# --- the words

MEASURE = declared().measures[0]
QUIET = row(
    Cusum, stratum=EVERYONE, reference=0.06, ratio=2.0, limit=4.8, latest=1.25,
    false_alarms_a_year=0.05,
)  # fmt: skip
DAY = pd.Timestamp("2025-03-03")
LOUD = row(
    Cusum, stratum=EVERYONE, reference=0.06, ratio=2.0, limit=4.8, latest=1.25, signals=2,
    first_signal=DAY, last_signal=DAY, change_estimate=DAY, false_alarms_a_year=0.05,
)  # fmt: skip
SETTLED = row(Chart, established=True, direction="rising", false_alarms_a_year=0.002)
OPEN = row(Chart, false_alarms_a_year=0.002)


def test_the_question_the_horizon_and_the_reference_are_said():
    text = " ".join(cusums.sentences(QUIET, MEASURE, OPEN, [QUIET]))
    assert "twice those of the reference, 6%" in text
    assert SOURCE in text
    assert (
        "By chance alone it signals in no more than about 5 of 100 years of looking every week"
        in text
    )
    assert "It has not signalled: the sum stands at 1.2, and 4.8 is a signal." in text
    assert "such charts" not in text
    three = cusums.sentences(QUIET, MEASURE, OPEN, [QUIET] * 3)
    assert any("at most 15 of 100 years" in sentence for sentence in three)


def test_the_date_of_a_signal_is_said():
    assert "2 times: first in the week from 3 Mar 2025" in cusums.said_sentence(LOUD, MEASURE)


@pytest.mark.parametrize("cusum", [QUIET, LOUD])
def test_beside_established_nothing_more_is_claimed_than_each_test_shows(cusum):
    settled = cusums.beside_established(cusum, MEASURE, SETTLED)
    assert "the rate has risen, a concern, against this chart’s own baseline" in settled
    none = cusums.beside_established(cusum, MEASURE, OPEN)
    assert none.startswith("Established beside it: no change.")
    assert "risen" not in none
    for chart in (None, row(Chart, not_watched="too few")):
        assert "not watched yet" in cusums.beside_established(cusum, MEASURE, chart)


# --- the figure and the page


def test_the_figure_shows_the_sum_its_limit_and_its_signals():
    doubled = list(found().rows(Cusum))[1]
    points = found().of(CusumPoint, MEASURE, "site_b")
    figure = cusum_figure(points, doubled, MEASURE)
    drawn = {trace["name"]: trace for trace in figure["data"]}
    assert list(drawn) == ["signal from here on", "evidence, added up", "signal"]
    assert len(set(drawn["signal from here on"]["y"])) == 1
    assert len(drawn["evidence, added up"]["y"]) == 90
    assert len(drawn["signal"]["x"]) == doubled.signals
    assert drawn["signal"]["x"][0] == f"{doubled.first_signal:%Y-%m-%d}"
    assert drawn["signal"]["marker"]["symbol"] == "triangle-up"  # higher is a concern here
    assert figure["layout"]["yaxis"]["range"][1] > doubled.limit


@pytest.mark.parametrize(("early", "anchor"), [(False, "left"), (True, "center")])
def test_the_words_at_the_limit_stand_where_the_sum_does_not_cross_it(early, anchor):
    points = found().of(CusumPoint, MEASURE, "site_b")
    if early:
        points = points.assign(cusum=points["cusum"].to_numpy()[::-1])
    (_, words) = cusum_figure(points, LOUD, MEASURE)["layout"]["annotations"]
    assert words["text"] == "signal from here on"
    assert words["xanchor"] == anchor


def page(findings: Findings, site: str, **more: str) -> dict[str, object]:
    asked = "".join(f"&{key}={value}" for key, value in more.items())
    renderer = Renderer(FixedBackend({"pph": findings}))
    return renderer.answer(f"?page=charts&measure=pph&site={site}{asked}")


def test_the_answer_page_shows_it_with_its_horizon_and_what_is_established():
    answer = page(found(), "site_b", stratum="Black")
    assert "answer_cusum" in answer["figures"]
    said = " ".join(answer["html"].split())
    assert "Signal chart (CUSUM): Everyone" in said  # Black has none of its own
    assert "5 of 100 years of looking every week" in said
    assert "Established beside it" in said
    both = page(analyse(declared(strata=["Black"]), log()), "site_b", stratum="Black")
    assert "Signal chart (CUSUM): Black" in both["html"]
    assert "at most 10 of 100 years" in both["html"]


def test_a_page_without_one_says_nothing_of_it():
    plain = page(analyse(made_project(sites=2), log()), "site_b")
    assert "signal-chart" not in plain["html"]
    waiting = page(analyse(declared(), log(), judge=False), "site_b")
    assert "signal-chart" not in waiting["html"]
    whole = page(found(), ALL_SITES.replace(" ", "+"))
    assert "answer_cusum" not in whole["figures"]
    assert "watches one unit by its own counts" in whole["html"]


# --- what leaves the team


def test_every_column_stays_with_the_team():
    for kind in (Cusum, CusumPoint):
        assert {each.audience for each in columns(kind).values()} == {Audience.TEAM}


@pytest.mark.parametrize("policy", ["hes", "msds"])
def test_nothing_of_it_leaves_by_a_release(policy, tmp_path):
    contradicted = declared(reference=0.02, strata=["Black"])
    true = analyse(contradicted, log())
    assert {"signals_without_change"} <= {one.code for one in true.cautions}
    for seen in (
        protect(true, policy),
        release(contradicted, log(), policy),
        release(contradicted, log(), policy, judge=False),
    ):
        assert seen.cusums.empty
        assert seen.cusum_points.empty
        assert not {one.code for one in seen.cautions} & {"signals_without_change", "signals_late"}
        answer = page(seen, "site_b")
        assert "answer_cusum" not in answer["figures"]
        assert "It has signalled" not in answer["html"]
        export.write(seen, tmp_path)
        assert pd.read_csv(tmp_path / "cusum_points.csv").empty
        assert json.loads((tmp_path / "findings.json").read_text("utf-8"))["cusums"] == []


def test_the_released_tables_are_those_of_a_project_without_one():
    """Whether a team has declared one changes no number that leaves it."""
    with_one, without = (
        release(project, log(), "hes") for project in (declared(), made_project(sites=2))
    )
    for kind in TABLES.values():
        pd.testing.assert_frame_equal(with_one.table(kind), without.table(kind))
