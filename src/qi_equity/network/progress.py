"""How far a team has come on the Breakthrough Series scale, 0.5 to 5.0, as its data would have it.

The scale is the Institute for Healthcare Improvement's, for collaboratives: a person sets it, month
by month. What the data say is a proposal beside that, and where the two differ there is something
to talk about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pandas as pd

from qi_equity.findings import Chart, Findings, rows
from qi_equity.project import ALL_SITES, EVERYONE, EquityAim, Project
from qi_equity.vocabulary import Step

# Half a year of weeks in which an improvement has not been lost: a PDSA habit, and not a start.
SUSTAINED_DAYS = 182
# Rates of the last quarter of a year of weeks, since one week of few births says nothing.
LAST = 13
MODEST, HALF, WHOLE = 0.2, 0.5, 1.0


@dataclass(frozen=True, slots=True)
class Progress:
    """A proposed score, with each step that was reached and the first that was not."""

    score: float
    reached: tuple[Step, ...]
    missing: Step | None
    share: float  # of the aim; nan where it cannot be told
    fair: float  # of the declared equity aim


# In order: a step counts where it and every one before it is reached.
SCORES: dict[Step, float] = {
    Step.CHARTER: 1.0,
    Step.PLAN: 1.5,
    Step.COUNTS: 2.0,
    Step.TESTED: 2.5,
    Step.IMPROVED: 3.0,
    Step.AIM_MOVED: 3.5,
    Step.HALFWAY: 4.0,
    Step.SUSTAINED: 4.5,
    Step.REACHED: 5.0,
}


def progress(findings: Findings, today: date) -> Progress:
    """The score that a project's findings would have, and why it is no higher.

    Half of the aim counts only where half of the declared equity aim is reached too: an average
    that improves and leaves a group behind is not halfway.

    >>> from qi_equity import project_file
    >>> project = project_file.load(project_file.examples()["pph_reduction"])
    >>> progress(Findings(project), date(2026, 1, 5)).score
    1.5
    """
    share, fair = reached(findings)
    steps = dict(_steps(findings, share, fair, today))
    got: list[Step] = []
    for step in SCORES:
        if not steps[step]:
            return Progress(SCORES[got[-1]] if got else 0.5, tuple(got), step, share, fair)
        got.append(step)
    return Progress(SCORES[got[-1]], tuple(got), None, share, fair)


def _steps(
    findings: Findings, share: float, fair: float, today: date
) -> Iterator[tuple[Step, bool]]:
    project = findings.project
    better = [row for row in rows(findings.charts, Chart) if _improved(row, project)]
    own = [row for row in better if row.measure == project.aim.measure]
    since = min((row.first_established for row in own), default=pd.NaT)
    held = not pd.isna(since) and (pd.Timestamp(today) - since).days >= SUSTAINED_DAYS
    both = min(share, fair)
    yield Step.CHARTER, True  # a project file has an aim, an equity aim, sites and measures
    yield Step.PLAN, any(driver.change_ideas for driver in project.drivers)
    yield Step.COUNTS, len(findings.points) > 0
    yield Step.TESTED, any(cycle.start <= today for cycle in project.cycles)
    yield Step.IMPROVED, bool(better)
    yield Step.AIM_MOVED, bool(own) and share >= MODEST
    yield Step.HALFWAY, both >= HALF
    yield Step.SUSTAINED, held and both >= HALF
    yield Step.REACHED, held and both >= WHOLE


def _improved(row: Chart, project: Project) -> bool:
    wanted = {"increase": "rising", "decrease": "falling"}
    return row.established and row.direction == wanted.get(project.measure(row.measure).direction)


def reached(findings: Findings) -> tuple[float, float]:
    """The shares of the aim and of the declared equity aim that were reached; nan where unknown.

    What is now is the rate of the last thirteen subgroups over all sites; a gap is the group's rate
    beside everyone else's.
    """
    project = findings.project
    aim, fair = project.aim, project.aim.primary
    now = _rate(findings, aim.measure, EVERYONE)
    return _share(aim.from_, aim.to, now), _share(fair.from_, fair.to, _now(findings, fair))


def _share(start: float, end: float, now: float) -> float:
    return (start - now) / (start - end) if start != end else float("nan")


def _now(findings: Findings, aim: EquityAim) -> float:
    own = _counts(findings, aim.measure, aim.stratum)
    whole = _counts(findings, aim.measure, EVERYONE)
    rate = own[0] / own[1] if own[1] else float("nan")
    if aim.kind == "rate":
        return rate
    others = whole[1] - own[1]
    rest = (whole[0] - own[0]) / others if others else float("nan")
    if aim.kind == "difference":
        return rate - rest
    return rate / rest if rest else float("nan")


def _rate(findings: Findings, measure: str, stratum: str) -> float:
    events, out_of = _counts(findings, measure, stratum)
    return events / out_of if out_of else float("nan")


def _counts(findings: Findings, measure: str, stratum: str) -> tuple[float, float]:
    site = ALL_SITES if len(findings.project.sites) > 1 else findings.project.sites[0].id
    points = findings.points
    if points.empty:
        return 0.0, 0.0
    here = (points["measure"] == measure) & (points["site"] == site)
    own = points[here & (points["stratum"] == stratum)].dropna(subset=["denominator"])
    last = own.sort_values("subgroup").tail(LAST)
    return float(last["numerator"].sum()), float(last["denominator"].sum())
