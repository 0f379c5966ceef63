"""Project and observations to a plan: when which question can be answered; no sums of its own."""

from __future__ import annotations

import pandas as pd

from qi_equity.crossed import of_one_dimension
from qi_equity.frames.plan import HORIZON, plans
from qi_equity.observations import observations as checked
from qi_equity.observations import with_totals
from qi_equity.project import ALL_SITES, Project
from qi_equity.reading import Reading


def plan(project: Project, observations: pd.DataFrame, *, horizon: int = HORIZON) -> pd.DataFrame:
    """Weeks until each stratum, gap and target can give an answer, from the baseline's counts.

    One row a measure, site, stratum and question, as qi_equity.frames.plan has them. A network
    of more than one site is planned for as a whole too.
    """
    of_one_dimension(project)
    table = checked(observations)
    if table["site"].nunique() > 1:
        table = with_totals(table, "site", ALL_SITES)
    parts = []
    for measure in project.measures:
        reading = Reading(project, measure)
        rows = table[(table["measure"] == measure.id) & table["stratum"].isin(project.strata.known)]
        first = rows[rows["subgroup"].isin(reading.baseline_of(rows))]
        columns = _planned_from(reading, first)
        if columns is None or (reading.compared and not reading.is_held(first)):
            continue
        aims = [aim for aim in project.aim.equity if aim.measure == measure.id]
        parts.append(
            plans(
                first,
                **columns,
                stratum="stratum",
                subgroup="subgroup",
                reference=reading.reference,
                by=["measure", "site"],
                direction=reading.direction,
                target=measure.target,
                to={aim.stratum: aim.to for aim in aims if aim.kind == "rate"},
                horizon=horizon,
                kind="rate" if measure.data == "rate" else "proportion",
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _planned_from(reading: Reading, rows: pd.DataFrame) -> dict[str, str] | None:
    """The columns a plan reads; None where there is nothing to plan from, or no way to.

    Days or cases between events come one at a time: how many weeks bring so many is not known.
    """
    if reading.compared and rows["denominator"].sum() > 0:
        return {"numerator": "numerator", "denominator": "denominator"}
    if reading.measure.data == "count" and rows["numerator"].notna().any():
        return {"numerator": "numerator"}
    if reading.measure.data == "continuous" and rows["value"].notna().any():
        return {"value": "value"}
    return None
