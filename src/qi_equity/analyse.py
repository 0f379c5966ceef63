"""Project and observations to Findings: which function serves which measure; no sums of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from qi_equity.findings import Caution, Findings
from qi_equity.frames.chart import Charts, chart
from qi_equity.frames.counts import RESULTS
from qi_equity.frames.evidence import Evidence, evidence, in_family
from qi_equity.frames.gap_chart import gap_charts
from qi_equity.frames.gaps import gaps, opposite_ways
from qi_equity.frames.inequality import inequality
from qi_equity.frames.plan import HORIZON, plans
from qi_equity.observations import SERIES_KEY, with_totals
from qi_equity.observations import observations as checked
from qi_equity.project import ALL_SITES, EVERYONE, Measure, Project
from qi_equity.quality.checks import quality
from qi_equity.quality.unknown import unknown_bounds

COMPARED = ("proportion", "rate")  # kinds of data whose strata can be held side by side
FLOORED = ("week", "month", "quarter")  # dates within one are the same subgroup
# What a table with no rows still says of itself.
COLUMNS = {
    "charts": [*SERIES_KEY, "phase"],
    "points": [*SERIES_KEY, "subgroup"],
    "gaps": [*SERIES_KEY, *RESULTS],
    "gap_points": [*SERIES_KEY, "subgroup"],
    "inequality": ["measure", "site", "name"],
}
WINDOW = "window"
# What no one believes of the unknown, only what cannot be ruled out.
EXTREMES = ("highest possible", "lowest possible")
THEN, NOW = "then", "now"


def analyse(project: Project, observations: pd.DataFrame, *, judge: bool = True) -> Findings:
    """All that a project's observations say.

    `observations` is the tidy table of qi_equity.observations. Every site has its strata and
    Everyone; a network of more than one site has All sites too. `judge=False` leaves out what
    takes longest, the gap charts with their verdicts and the scan of every chart: lines, marks and
    gaps are the same, and nothing is highlighted.
    """
    table = checked(observations)
    declared = table["measure"].isin([measure.id for measure in project.measures])
    strange = sorted(set(table.loc[~declared, "measure"]))
    cautions = [Caution(name, "", "", "is not a measure of this project") for name in strange]
    table = table[declared]
    cautions += quality(project, table).cautions
    table = with_totals(table, "stratum", EVERYONE)
    if table["site"].nunique() > 1:
        table = with_totals(table, "site", ALL_SITES)
    parts = [
        part
        for measure in project.measures
        if (part := _measure(project, measure, table, judge)) is not None
    ]
    charts, points, gap, gap_points, spread = (_joined(parts, name) for name in COLUMNS)
    family = sentence = ""
    if parts and judge:
        weighed = _weighed(project, charts, points)
        charts, family, sentence = weighed.charts, weighed.family, _by_chance(weighed)
        if len(gap):
            totals, declared = gap["site"].eq(ALL_SITES), _declared(project, gap)
            gap = _with_unknown(gap, unknown_bounds(project, table))
            gap = in_family(gap, totals=totals, declared=declared)
    elif parts:
        charts = charts.assign(highlight=False)
    return Findings(
        project,
        points,
        charts,
        gap,
        gap_points,
        cautions=(*cautions, *(caution for part in parts for caution in part.cautions)),
        family=family,
        sentences=(sentence,) if sentence else (),
        inequality=spread,
    )


def plan(project: Project, observations: pd.DataFrame, *, horizon: int = HORIZON) -> pd.DataFrame:
    """Weeks until each stratum, gap and target can give an answer, from the baseline's counts.

    One row a measure, site, stratum and question, as qi_equity.frames.plan has them. A network
    of more than one site is planned for as a whole too.
    """
    table = checked(observations)
    if table["site"].nunique() > 1:
        table = with_totals(table, "site", ALL_SITES)
    parts = []
    for measure in project.measures:
        rows = table[(table["measure"] == measure.id) & table["stratum"].isin(project.strata.known)]
        first = rows[rows["subgroup"].isin(_baseline_of(measure, rows))]
        if measure.data != "proportion" or first["denominator"].sum() == 0:
            continue
        aims = [aim for aim in project.aim.equity if aim.measure == measure.id]
        parts.append(
            plans(
                first,
                numerator="numerator",
                denominator="denominator",
                stratum="stratum",
                subgroup="subgroup",
                reference=_reference(project),
                by=["measure", "site"],
                direction="increase" if measure.direction == "increase" else "decrease",
                target=measure.target,
                to={aim.stratum: aim.to for aim in aims if aim.kind == "rate"},
                horizon=horizon,
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _baseline_of(measure: Measure, rows: pd.DataFrame) -> list[pd.Timestamp]:
    """The baseline's subgroups; all of them where none is declared."""
    subgroups = sorted(rows["subgroup"].unique())
    freeze = _freeze(measure)
    if freeze is None:
        return subgroups
    if isinstance(freeze, int):
        return subgroups[:freeze]
    return [day for day in subgroups if day <= freeze]


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """What one measure comes to."""

    points: pd.DataFrame
    charts: pd.DataFrame
    gaps: pd.DataFrame
    gap_points: pd.DataFrame
    inequality: pd.DataFrame
    cautions: tuple[Caution, ...]


def _joined(parts: list[_Part], name: str) -> pd.DataFrame:
    """One table of all measures; without rows it has its columns still."""
    tables = [table for part in parts if len(table := getattr(part, name))]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS[name])


def _measure(project: Project, measure: Measure, table: pd.DataFrame, judge: bool) -> _Part | None:
    """All of one measure; None where none was logged."""
    rows = table[table["measure"] == measure.id]
    if rows.empty:
        return None
    drawn = _charts(measure, rows)
    cautions = tuple(_chart_cautions(measure, drawn))
    known = rows[rows["stratum"].isin(project.strata.known) & rows["numerator"].notna()]
    gap = gap_points = spread = pd.DataFrame()
    if measure.data in COMPARED and not known.empty:
        gap = _gaps(project, measure, known)
        if judge and (why := _not_judged(project, measure)):
            cautions += (Caution(measure.id, "", "", why),)
        elif judge:
            gap, gap_points = _judged(project, measure, known, gap)
            cautions += tuple(_gap_cautions(measure, gap))
            spread = inequality(
                known,
                numerator="numerator",
                denominator="denominator",
                stratum="stratum",
                by=["measure", "site"],
                adverse=measure.direction != "increase",
            )
    return _Part(drawn.points, drawn.summary, gap, gap_points, spread, cautions)


def _charts(measure: Measure, rows: pd.DataFrame) -> Charts:
    # Counts that were never filled in are missing counts, of a measure that is counted still.
    unfilled = measure.data in COMPARED and not rows["value"].notna().any()
    counted = unfilled or bool(rows["numerator"].notna().any())
    rated = unfilled or (counted and bool(rows["denominator"].notna().any()))
    return chart(
        rows,
        kind=measure.kind,
        subgroup="subgroup",
        numerator="numerator" if counted else None,
        denominator="denominator" if rated else None,
        value=None if counted else "value",
        by=SERIES_KEY,
        period=measure.subgroup if counted and measure.subgroup in FLOORED else None,
        rules=["beyond_limits"] if measure.overlapping_windows else measure.rules,
        direction=None if measure.direction == "none" else measure.direction,
        target=measure.target,
        multiply=measure.multiply,
        freeze=_freeze(measure),
        phases=[pd.Timestamp(day) for day in measure.phases] or None,
    )


def _freeze(measure: Measure) -> int | pd.Timestamp | None:
    if measure.baseline is None:
        return None
    if measure.baseline.until is not None:
        return pd.Timestamp(measure.baseline.until)
    return measure.baseline.subgroups


def _chart_cautions(measure: Measure, drawn: Charts) -> Iterator[Caution]:
    for row in drawn.summary.to_dict("records"):
        if row.get("caution"):
            yield Caution(measure.id, row["site"], row["stratum"], str(row["caution"]))


def _not_judged(project: Project, measure: Measure) -> str:
    """Why the gap has no chart and verdict of its own; nothing where it has."""
    if measure.data != "proportion":
        return "the gap is shown without a verdict: that is worked out for proportions only"
    if project.strata.reference.target is not None:
        return "the gap to a target is shown without a verdict: a target has no counts that vary"
    return ""


def _gap_cautions(measure: Measure, gap: pd.DataFrame) -> Iterator[Caution]:
    for row in gap.to_dict("records"):
        # A stratum that was never logged beside its reference has no gap chart, and no cautions.
        for text in row["cautions"] if isinstance(row["cautions"], tuple) else ():
            yield Caution(measure.id, row["site"], row["stratum"], text)


def _gaps(project: Project, measure: Measure, known: pd.DataFrame) -> pd.DataFrame:
    """The gap over the whole time; beside it then (the baseline) and now (as long, at the end)."""
    chosen: dict[str, Any] = {
        "numerator": "numerator",
        "denominator": "denominator",
        "stratum": "stratum",
        "reference": _reference(project),
        "by": ["measure", "site"],
        "direction": "increase" if measure.direction == "increase" else "decrease",
        "kind": measure.data,
    }
    subgroups = sorted(known["subgroup"].unique())
    length = 0 if measure.baseline is None else len(_baseline_of(measure, known))
    judged = 0 < length < len(subgroups)
    # The baseline settles who was best in it; the two windows below say what has changed since.
    table = gaps(known, **chosen, subgroup="subgroup", baseline=length if judged else None)
    table = table.drop(columns=["disagree", "sentence"])
    if not judged:
        return table
    later = subgroups[max(length, len(subgroups) - length) :]
    windows = known.assign(
        **{
            WINDOW: known["subgroup"].map(
                dict.fromkeys(subgroups[:length], 0) | dict.fromkeys(later, 1)
            )
        }
    ).dropna(subset=[WINDOW])
    both = gaps(windows, **chosen, subgroup=WINDOW, baseline=1, each_subgroup=True)
    columns = [
        name
        for name in table.columns
        if name.startswith(("numerator", "denominator", "rate", "difference", "ratio"))
    ]
    for window, suffix in ((0, THEN), (1, NOW)):
        part = both[both[WINDOW] == window]
        table = table.merge(
            part[[*SERIES_KEY, *columns]].rename(
                columns={name: f"{name}_{suffix}" for name in columns}
            ),
            on=SERIES_KEY,
            how="left",
        )
    opposite = both.loc[both[WINDOW] == 1, [*SERIES_KEY, "disagree"]]
    table = table.merge(opposite, on=SERIES_KEY, how="left")
    table["scales_sentence"] = [
        opposite_ways(
            row["difference_then"] * measure.multiply,
            row["difference_now"] * measure.multiply,
            row["ratio_then"],
            row["ratio_now"],
        )
        if row["disagree"] is True
        else ""
        for row in table.to_dict("records")
    ]
    return table


def _reference(project: Project) -> str | float:
    reference = project.strata.reference
    return reference.compare_with if reference.target is None else reference.target


def _judged(
    project: Project, measure: Measure, known: pd.DataFrame, gap: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The gaps with their verdicts, and the gap as a charted series."""
    drawn = gap_charts(
        known,
        numerator="numerator",
        denominator="denominator",
        stratum="stratum",
        reference=_reference(project),
        by=["measure", "site"],
        subgroup="subgroup",
        # A baseline that is not over yet is all there is so far.
        baseline=len(_baseline_of(measure, known)) or None if measure.baseline else None,
        direction=None if measure.direction == "none" else measure.direction,
        practical_ratio=measure.smallest_gap,
    )
    fresh = [name for name in drawn.summary.columns if name not in gap.columns]
    judged = gap.merge(drawn.summary[[*SERIES_KEY, *fresh]], on=SERIES_KEY, how="left")
    return judged.assign(smallest_gap=measure.smallest_gap), drawn.points


def _declared(project: Project, gap: pd.DataFrame) -> pd.Series:
    """The contrast declared before looking: judged by itself, not as one of many."""
    primary = project.aim.primary
    return gap["measure"].eq(primary.measure) & gap["stratum"].eq(primary.stratum)


def _with_unknown(gap: pd.DataFrame, bounds: pd.DataFrame) -> pd.DataFrame:
    """The gaps with how far they would move, were the unknown shared out in other ways."""
    plausible = bounds[~bounds["allocation"].isin(EXTREMES)]
    found = plausible.groupby(SERIES_KEY, as_index=False).agg(
        unknown_births=("unknown_births", "first"),
        unknown_ratio_lower=("ratio", "min"),
        unknown_ratio_upper=("ratio", "max"),
        unknown_decides=("changes", "any"),
    )
    merged = gap.merge(found, on=SERIES_KEY, how="left")
    return merged.assign(unknown_decides=merged["unknown_decides"].eq(True))


def _weighed(project: Project, charts: pd.DataFrame, points: pd.DataFrame) -> Evidence:
    single = charts["measure"].map(
        {measure.id: measure.data == "proportion" for measure in project.measures}
    )
    totals = charts["stratum"].eq(EVERYONE) | charts["site"].eq(ALL_SITES)
    return evidence(
        charts,
        points,
        SERIES_KEY,
        events_per_birth=single.to_numpy(bool),
        totals=totals.to_numpy(bool),
    )


def _by_chance(weighed: Evidence) -> str:
    return (
        f"{weighed.family}: {weighed.seen} with p of at most 0.05, where chance alone would bring "
        f"about {weighed.expected:.1f}; {weighed.highlighted} stand out once all are looked at "
        "together (at most one in ten of those by chance)."
    )
