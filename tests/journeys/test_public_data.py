"""Real public figures, from the file to the sentence; skipped where the files are not beside us."""

from __future__ import annotations

from pathlib import Path

import pytest

from qi_equity import project_file, sources
from qi_equity.analyse import analyse
from qi_equity.project import ALL_SITES, EVERYONE, Baseline, Reference
from qi_equity.words import terminal as text

PROJECT = Path(__file__).parents[1] / "unit" / "projects" / "us_infant_deaths.yaml"


@pytest.fixture(scope="module")
def two_groups(shared_data):
    """The states in which neither Black nor White infant deaths were ever withheld."""
    project = project_file.load(PROJECT)
    groups = tuple(group for group in project.strata.groups if group.name in ("Black", "White"))
    reference = Reference(compare_with="White", reason="the published comparison, to check it")
    strata = project.strata.model_copy(update={"groups": groups, "reference": reference})
    measure = project.measures[0].model_copy(update={"baseline": Baseline(subgroups=2)})
    project = project.model_copy(update={"strata": strata, "measures": (measure,)})
    table = sources.load(
        project_file.load(PROJECT), shared_data / "us_states_infant_deaths_halfyear.csv"
    ).observations
    table = table[table["stratum"].isin(["Black", "White"])]
    whole = table.groupby("site")["numerator"].transform(lambda counts: counts.notna().all())
    return project, table[whole]


@pytest.fixture(scope="module")
def findings(two_groups):
    return analyse(*two_groups)


def test_thirty_states_have_no_withheld_count(two_groups):
    assert two_groups[1]["site"].nunique() == 30


def test_the_difference_narrowed_while_the_ratio_widened_and_the_text_says_so(findings):
    gap = findings.gaps.set_index(["site", "stratum"]).loc[(ALL_SITES, "Black")]
    per_thousand = [round(1000 * gap[f"difference_{window}"], 2) for window in ("then", "now")]
    assert per_thousand == [8.42, 6.99]
    assert [round(gap[f"ratio_{window}"], 2) for window in ("then", "now")] == [2.46, 2.62]
    said = " ".join(text.report(findings).split())
    assert "The difference narrowed (8.42 to 6.99) while the ratio widened (2.46 to 2.62)" in said


def test_half_years_are_called_half_years(findings):
    said = " ".join(text.report(findings).split())
    assert "half-years beyond the control limits" in said
    assert "weeks beyond" not in said


def test_the_charts_that_stand_out_at_the_sites_are_named(findings):
    said = " ".join(text.report(findings).split())
    own = findings.charts[findings.charts["highlight"] & (findings.charts["stratum"] != EVERYONE)]
    named = own[own["site"] != ALL_SITES]
    assert len(named) > 3
    for state, stratum in zip(named["site"], named["stratum"], strict=True):
        assert f"{state.replace('_', ' ').title()}, {stratum}: " in said
