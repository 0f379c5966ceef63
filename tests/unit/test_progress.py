"""How far a team has come: each step of the scale, and that nobody is halfway who left a group."""

from datetime import date

import pandas as pd
import pytest

from qi_equity import project_file
from qi_equity.findings import Findings
from qi_equity.network.progress import progress, reached
from qi_equity.project import ALL_SITES, EVERYONE
from qi_equity.store.entries import Assessment
from qi_equity.vocabulary import Step
from qi_equity.words.progress import progress_lines

TODAY = date(2026, 1, 5)


@pytest.fixture(scope="module")
def project():
    return project_file.load(project_file.examples()["pph_reduction"])


def points_of(project, everyone, group):
    """Thirteen weeks in which so many of 1,000 had the event, and so many of the group's 200."""
    rows = [
        {"measure": project.aim.measure, "site": ALL_SITES, "stratum": name, "subgroup": day,
         "numerator": events, "denominator": births}
        for day in pd.date_range("2025-09-01", periods=13, freq="W-MON")
        for name, events, births in (
            (EVERYONE, everyone, 1000.0), (project.aim.primary.stratum, group, 200.0),
        )
    ]  # fmt: skip
    return pd.DataFrame(rows)


def charts_of(measure, *, since="2025-01-06", direction="falling"):
    row = {"measure": measure, "site": ALL_SITES, "stratum": EVERYONE, "established": True,
           "direction": direction, "first_established": pd.Timestamp(since)}  # fmt: skip
    return pd.DataFrame([row])


def found_of(project, everyone=None, group=None, **chart):
    points = pd.DataFrame() if everyone is None else points_of(project, everyone, group)
    charts = charts_of(**chart) if chart else pd.DataFrame()
    return progress(Findings(project, points=points, charts=charts, judged=True), TODAY)


def levels(project, aim, fair):
    """Events that reach such shares of the aim and of the declared equity aim."""
    whole = project.aim.from_ + aim * (project.aim.to - project.aim.from_)
    declared = project.aim.primary
    want = declared.from_ + fair * (declared.to - declared.from_)
    events = 1000 * whole
    if declared.kind == "rate":
        return events, 200 * want
    # own / 200 = want * (events - own) / 800
    return events, events * want / (4 + want)


def test_each_step_counts_where_all_before_it_are_reached(project):
    measure = project.aim.measure
    bare = project.model_copy(update={"drivers": ()})
    assert found_of(bare).missing == Step.PLAN
    assert found_of(project).score == 1.5
    start = levels(project, 0.0, 0.0)
    idle = project.model_copy(update={"cycles": ()})
    assert found_of(idle, *start).missing == Step.TESTED
    assert found_of(project, *start).score == 2.5
    assert found_of(project, *start, measure="loss_weighed", direction="rising").score == 3.0
    assert found_of(project, *levels(project, 0.3, 0.0), measure=measure).score == 3.5
    assert found_of(project, *levels(project, 0.6, 0.6), measure=measure).score == 4.5
    young = found_of(project, *levels(project, 0.6, 0.6), measure=measure, since="2025-12-01")
    assert young.score == 4.0
    assert found_of(project, *levels(project, 1.01, 1.01), measure=measure).missing is None


def test_an_average_that_leaves_the_declared_group_behind_is_not_halfway(project):
    found = found_of(project, *levels(project, 0.9, 0.1), measure=project.aim.measure)
    assert (found.score, found.missing) == (3.5, Step.HALFWAY)
    assert found.share == pytest.approx(0.9)
    assert found.fair == pytest.approx(0.1)


def test_a_change_the_wrong_way_is_no_improvement(project):
    measure = project.aim.measure
    found = found_of(project, *levels(project, -0.2, 0), measure=measure, direction="rising")
    assert found.missing == Step.IMPROVED
    said = "\n".join(progress_lines(project, found, []))
    assert "further away than at the start" in said


def test_nothing_logged_is_not_known_and_no_nought(project):
    shares = reached(Findings(project))
    assert all(one != one for one in shares)
    said = "\n".join(progress_lines(project, found_of(project), []))
    assert said.count("not known") == 2
    assert "Nobody has written down a score" in said


@pytest.mark.parametrize(
    ("score", "said"), [(1.5, "what the data would have"), (3.0, "1.5 more"), (0.5, "1.0 less")]
)
def test_where_people_and_data_differ_it_is_asked_why(project, score, said):
    own = Assessment(day=TODAY, score=score, by="adviser", why="what I saw on the ward")
    lines = "\n".join(progress_lines(project, found_of(project), [own]))
    assert said in lines
    assert "The improvement adviser, 5 Jan 2026" in lines
