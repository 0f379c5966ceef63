"""Rules that need a project's counts: None where they cannot be judged; no sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import pandas as pd

from qi_equity import crossed
from qi_equity.equity_lint import groups
from qi_equity.equity_lint.of_file import Found
from qi_equity.observations import READINGS
from qi_equity.plan import plan
from qi_equity.project import ALL_SITES, EquityAim, Project
from qi_equity.reading import Reading
from qi_equity.vocabulary import Answer, Question
from qi_equity.vocabulary import EquityRule as Rule

# More than this share without a known ethnicity leaves a gap open to what the unknown are
# (Maternity Incentive Scheme, safety action 2, asks for 90 % known; to be checked).
MOST_UNKNOWN = 0.1
DAYS_A_WEEK = 7

Rows = pd.DataFrame


def planner_says_never(project: Project, observations: Rows | None) -> list[Found] | None:
    """The contrast declared first can be answered between its baseline and the day of its aim."""
    aim = project.aim.primary
    part, rows = _of(project, observations, aim.stratum, aim.measure)
    if part is None or rows is None:
        return None
    last = Reading(part, part.measure(aim.measure)).last_of_baseline(rows)
    weeks = int((pd.Timestamp(aim.by) - last).days / DAYS_A_WEEK)
    if weeks < 1:
        return [Found(Rule.PLANNER_SAYS_NEVER, "over", {"name": aim.stratum})]
    asked = _asked(plan(part, rows, horizon=weeks), aim)
    if asked is None or asked["answer"] == Answer.CANNOT:
        return None
    if asked["answer"] == Answer.NEVER:
        return [Found(Rule.PLANNER_SAYS_NEVER, facts={"name": aim.stratum, "within": weeks})]
    needed = float(asked["weeks"])
    if not math.isnan(needed) and needed > weeks:
        facts = {"name": aim.stratum, "within": weeks, "needed": math.ceil(needed)}
        return [Found(Rule.PLANNER_SAYS_NEVER, "later", facts)]
    return []


def _asked(planned: pd.DataFrame, aim: EquityAim) -> pd.Series | None:
    """The planner's answer to what the aim asks, over all sites where there are several."""
    if planned.empty:
        return None
    rows = planned[(planned["measure"] == aim.measure) & (planned["stratum"] == aim.stratum)]
    over_all = rows[rows["site"] == ALL_SITES]
    rows = over_all if len(over_all) else rows
    wanted = (
        (Question.RATE_AIM, Question.RATE_MOVES)
        if aim.kind == "rate"
        else (Question.GAP_AIM, Question.GAP_MOVES)
    )
    for question in wanted:
        found = rows[rows["question"] == question]
        if len(found):
            return found.iloc[0]
    return None


def _of(
    project: Project, observations: Rows | None, stratum: str, measure: str
) -> tuple[Project | None, Rows | None]:
    """The part of a project that has the stratum, and its rows of the measure."""
    if observations is None:
        return None, None
    for part in crossed.parts(project):
        if stratum in [group.name for group in part.strata.groups]:
            rows = crossed.counts(project, part, observations)
            rows = rows[rows["measure"] == measure]
            return part, (None if rows.empty else rows)
    return None, None


def unknown_at_baseline(project: Project, observations: Rows | None) -> list[Found] | None:
    """Few enough have no known group at baseline for a gap to be read."""
    measure = project.aim.measure
    side = next(iter(groups.sides(project)), project.strata)
    unknown = [group.name for group in side.groups if group.unknown]
    part, rows = _of(project, observations, side.groups[0].name, measure)
    if part is None or rows is None or not unknown:
        return None  # without such a group nobody can tell how many there are
    first = rows[rows["subgroup"].isin(Reading(part, part.measure(measure)).baseline_of(rows))]
    # Of what there is: cases, or events where these alone are counted, or readings of a mean.
    counted = first["denominator"].fillna(first["numerator"])
    if READINGS in first:
        counted = counted.fillna(first[READINGS])
    without = first["stratum"].isin(unknown)
    whole = float(counted.sum())
    if not whole:
        return None
    share = float(counted[without].sum()) / whole
    if share > MOST_UNKNOWN:
        return [Found(Rule.UNKNOWN_AT_BASELINE, facts={"share": share})]
    # Withheld counts are not none: with them it may be more.
    return None if counted[without].isna().any() else []


WITH_DATA: Mapping[Rule, Callable[[Project, Rows | None], list[Found] | None]] = {
    Rule.PLANNER_SAYS_NEVER: planner_says_never,
    Rule.UNKNOWN_AT_BASELINE: unknown_at_baseline,
}
