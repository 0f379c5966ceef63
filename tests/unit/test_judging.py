"""Judging what changed is judging all: every table is equal, to the last digit."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

from qi_equity.analyse import analyse
from qi_equity.engines import judge
from qi_equity.findings import TABLES, Findings, Judged
from qi_equity.judging import Ask, Work, Workers, contents, judged
from qi_equity.observations import observations, with_totals
from qi_equity.project import ALL_SITES, EVERYONE, Project
from qi_equity.project_file import examples, load
from qi_equity.reading import Reading

PROJECT = load(examples()["pph_reduction"])
MEASURE = PROJECT.aim.measure
STRATA = {"Asian": 14, "Black": 9, "White": 45, "Not recorded": 4}
RATES = {"Asian": 0.06, "Black": 0.1, "White": 0.05, "Not recorded": 0.06}
COUNTS = ["numerator", "denominator"]
WEEKS = pd.date_range("2023-01-02", periods=70, freq="W-MON")


def week_of(site: str, weeks: pd.DatetimeIndex, rng: np.random.Generator) -> pd.DataFrame:
    keys = pd.MultiIndex.from_product([weeks, STRATA], names=["subgroup", "stratum"])
    rows = keys.to_frame(index=False).assign(measure=MEASURE, site=site)
    rows["denominator"] = rng.poisson(rows["stratum"].map(STRATA)) + 1
    late = rows["subgroup"] > WEEKS[45]
    rate = rows["stratum"].map(RATES) * np.where(late & (rows["stratum"] == "Black"), 2, 1)
    rows["numerator"] = rng.binomial(rows["denominator"], rate)
    return rows


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    rng = np.random.default_rng(41)
    # One site began late, and one missed some weeks.
    weeks = {"site_a": WEEKS, "site_b": WEEKS.delete([7, 8, 40]), "site_c": WEEKS[50:]}
    return pd.concat([week_of(*both, rng) for both in weeks.items()], ignore_index=True)


@pytest.fixture(scope="module")
def before(log: pd.DataFrame) -> Findings:
    return analyse(PROJECT, log)


def changed_row(log: pd.DataFrame) -> tuple[Project, pd.DataFrame]:
    log = log.copy()
    log.loc[log.index[(log["site"] == "site_b") & (log["stratum"] == "Black")][-3:], COUNTS] += 1
    return PROJECT, log


def added_week(log: pd.DataFrame) -> tuple[Project, pd.DataFrame]:
    rng = np.random.default_rng(3)
    week = week_of("site_a", pd.DatetimeIndex([WEEKS[-1] + pd.Timedelta(weeks=1)]), rng)
    return PROJECT, pd.concat([log, week], ignore_index=True)


def new_site(log: pd.DataFrame) -> tuple[Project, pd.DataFrame]:
    site = week_of("site_d", WEEKS, np.random.default_rng(4))
    return PROJECT, pd.concat([log, site], ignore_index=True)


def fewer_sites(log: pd.DataFrame) -> tuple[Project, pd.DataFrame]:
    return PROJECT, log[log["site"] != "site_a"]


def another_reference(log: pd.DataFrame) -> tuple[Project, pd.DataFrame]:
    declared = PROJECT.strata.reference.model_copy(update={"compare_with": "White"})
    strata = PROJECT.strata.model_copy(update={"reference": declared})
    return PROJECT.model_copy(update={"strata": strata}), log


def another_smallest_gap(log: pd.DataFrame) -> tuple[Project, pd.DataFrame]:
    measures = tuple(
        one.model_copy(update={"smallest_gap": one.smallest_gap * 1.2}) for one in PROJECT.measures
    )
    return PROJECT.model_copy(update={"measures": measures}), log


def nothing(log: pd.DataFrame) -> tuple[Project, pd.DataFrame]:
    return PROJECT, log.sample(frac=1, random_state=1)


CHANGES = (
    changed_row,
    added_week,
    new_site,
    fewer_sites,
    another_reference,
    another_smallest_gap,
    nothing,
)


@pytest.mark.parametrize("change", CHANGES)
def test_only_what_changed_is_judged_and_all_is_equal(
    change: Callable[[pd.DataFrame], tuple[Project, pd.DataFrame]],
    log: pd.DataFrame,
    before: Findings,
) -> None:
    project, rows = change(log)
    equal(analyse(project, rows, previous=before), analyse(project, rows))


def equal(found: Findings, expected: Findings) -> None:
    for name in TABLES:
        pd.testing.assert_frame_equal(
            getattr(found, name), getattr(expected, name), check_exact=True
        )
    assert found.cautions == expected.cautions
    assert found.chance == expected.chance


def edited(log: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A log after an edit that a team could make: one of a few kinds, at a random place."""
    log, kind = log.copy(), rng.choice(["correct", "blank", "leave out", "add", "late site"])
    some = log.index[rng.choice(len(log), size=int(rng.integers(1, 4)), replace=False)]
    if kind == "correct":
        log.loc[some, "denominator"] += rng.integers(1, 5)
    elif kind == "blank":
        log.loc[some, COUNTS] = np.nan
    elif kind == "leave out":
        log = log.drop(index=some)
    elif kind == "add":
        site = str(rng.choice(log["site"].unique()))
        own = log.loc[log["site"] == site, "subgroup"]
        week = pd.DatetimeIndex([own.max() + pd.Timedelta(weeks=1)])
        log = pd.concat([log, week_of(site, week, rng)], ignore_index=True)
    else:
        new = f"site_{rng.integers(10, 99)}"
        log = pd.concat([log, week_of(new, WEEKS[60:], rng)], ignore_index=True)
    return log


@pytest.mark.parametrize("seed", [1, 2])
def test_after_any_edits_in_a_row_all_is_as_judged_at_once(
    seed: int, log: pd.DataFrame, before: Findings
) -> None:
    rng, found, rows = np.random.default_rng(seed), before, log
    for _ in range(3):
        rows = edited(rows, rng)
        found = analyse(PROJECT, rows, previous=found)
    equal(found, analyse(PROJECT, rows))


def test_a_site_whose_rows_are_the_same_is_not_judged_again(
    log: pd.DataFrame, before: Findings
) -> None:
    found = analyse(*changed_row(log), previous=before)
    now, then = found.kept[MEASURE].judged, before.kept[MEASURE].judged
    assert [site for site in now if now[site] is then[site]] == ["site_a", "site_c"]


def test_what_was_not_judged_is_judged(log: pd.DataFrame, before: Findings) -> None:
    unjudged = analyse(PROJECT, log, judge=False)
    found = analyse(PROJECT, log, previous=unjudged)
    pd.testing.assert_frame_equal(found.gaps, before.gaps, check_exact=True)


def test_a_few_sites_at_a_time_say_the_same(log: pd.DataFrame, before: Findings) -> None:
    """As a cluster judges them: packed, in any order, one site to a piece of work."""

    def elsewhere(works: Sequence[Work]) -> list[dict[str, Judged]]:
        packed = pd.DataFrame({"place": 0, "packed": [pickle.dumps(one) for one in works[::-1]]})
        return [pickle.loads(one) for one in judge(packed)["packed"]]

    reading = Reading(PROJECT, next(one for one in PROJECT.measures if one.id == MEASURE))
    rows = with_totals(observations(log), "stratum", EVERYONE)
    rows = with_totals(rows, "site", ALL_SITES)
    drawn = reading.charted_as_logged(rows).draw(rows)
    ask = Ask(reading, rows, drawn, contents(reading, rows), {})
    [found] = judged([ask], Workers(elsewhere, sites=1))
    for site, expected in before.kept[MEASURE].judged.items():
        for name in ("charts", "points", "gaps", "gap_points"):
            left, right = (
                getattr(one, name).reset_index(drop=True) for one in (found[site], expected)
            )
            pd.testing.assert_frame_equal(left, right, check_exact=True)
