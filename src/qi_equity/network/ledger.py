"""The spread ledger: what became of each change idea at the sites that tried it.

Sites begin an idea at different times; those that had not begun tell what would have been (see
`equity.staggered`). What is found is an association: sites choose when they begin.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from qi_equity.arrays import FloatArray, IntArray
from qi_equity.chance import LEVEL, q_values
from qi_equity.equity.pooling import pooled_estimates
from qi_equity.equity.staggered import Effect, effect
from qi_equity.project import EVERYONE, ChangeIdea, Cycle, Measure, Project
from qi_equity.vocabulary import Became

# Whole weeks that an idea is given before it is judged, unless a team says otherwise: PDSA cycles
# of the example network run for six to eight.
SETTLING_WEEKS = 8
# Fewer events than this, seen and expected together, are too few to say anything of.
FEWEST_EVENTS = 10.0
# What the test is exact for is a beginning given out by lot. Sites choose: where the largest or the
# highest begin first it is a little too sure, so that one in twenty-five is asked for, and its
# limits drawn for that, to claim no more than one in twenty (docs/decisions/spread-ledger.md).
CLAIM = 0.04
# Fewer months after settling than this, over all sites, and it is too early.
FEWEST_MONTHS = 3
RATE, GAP = "rate", "gap"

# What is asked of every idea before anybody looks: did its own measures move, did what the project
# is for, did the gap that it declared. All else is looked at beside, and judged as one family.
PROCESS, OUTCOME, THE_GAP, BESIDE = "process", "outcome", "gap", "beside"

COLUMNS = [
    "idea", "question", "measure", "stratum", "of", "sites", "not_yet", "first", "settled",
    "months", "observed", "expected", "gap_before", "ratio", "lower", "upper", "p_value", "q_value",
    "least_p", "became", "also",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tried:
    """Where an idea was tried: each site with the day it began, and the day it was given up."""

    idea: ChangeIdea
    own: tuple[str, ...]  # ids of the measures of its driver
    began: dict[str, pd.Timestamp]
    stopped: dict[str, pd.Timestamp]
    cycles: tuple[Cycle, ...]


SITE_COLUMNS = ["idea", "site", "ratio", "shrunk", "lower", "upper", "borrowed"]


def tried(project: Project) -> tuple[Tried, ...]:
    """Every idea of the plan that a cycle has tested, with its sites.

    >>> from qi_equity import project_file
    >>> project = project_file.load(project_file.examples()["pph_reduction"])
    >>> [(one.idea.id, sorted(one.began)) for one in tried(project)][1]
    ('call_for_help', ['site_a'])
    """
    every = [site.id for site in project.sites]
    found = []
    for driver, idea in ((one, idea) for one in project.drivers for idea in one.change_ideas):
        cycles = tuple(one for one in project.cycles if one.change_idea == idea.id)
        began: dict[str, pd.Timestamp] = {}
        stopped: dict[str, pd.Timestamp] = {}
        for cycle in sorted(cycles, key=lambda one: one.start):
            for site in cycle.sites or every:
                began.setdefault(site, pd.Timestamp(cycle.start))
                if cycle.stopped is not None:
                    stopped[site] = pd.Timestamp(cycle.stopped)
        if began:
            found.append(Tried(idea, driver.measures, began, stopped, cycles))
    return tuple(found)


def ledger(
    project: Project, observations: pd.DataFrame, *, settling_weeks: int = SETTLING_WEEKS
) -> pd.DataFrame:
    """A row an idea, measure and group: its rate, or its gap to everyone else, against not trying.

    observations: as `load` gives them. Columns: idea, question ("process": the measures of its
    driver; "outcome": the aim's; "gap": the one the project declared; or "beside"), measure,
    stratum, of ("rate" or "gap"), sites (that began), not_yet (that had not, at the end), first and
    settled (the first beginning; the month from which that site counts), months (since then),
    observed and expected events,
    gap_before (the group's rate over the others' before), ratio with its 95 per cent limits,
    p_value, q_value (over the rows of one idea's question; over all of those beside), least_p (the
    least that so many ways of beginning allow), became, a `Became`, and also, the ideas that began
    at the same sites. Counted measures alone: a ratio needs events.

    >>> from qi_equity import project_file
    >>> from qi_equity.simulation.synthetic import network
    >>> project = project_file.load(project_file.examples()["pph_reduction"])
    >>> rows = ledger(project, network([project]).observations["pph_reduction"])
    >>> asked = rows[rows["question"] == "process"].set_index("measure")
    >>> asked.loc["loss_weighed", "ratio"].round(2), str(asked.loc["loss_weighed", "became"])
    (np.float64(1.24), 'better')
    """
    rows = [
        row
        for one in tried(project)
        for measure in project.measures
        if measure.data in ("proportion", "rate")
        for row in _rows(project, measure, one, observations, settling_weeks)
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    family = np.where(table["question"] == BESIDE, "", table["idea"])
    for _, rows_of_one in table.groupby([family, table["question"]]):
        table.loc[rows_of_one.index, "q_value"] = q_values(rows_of_one["p_value"].to_numpy(float))
    table["became"] = [
        _became(row, project.measure(row["measure"])) for row in table.to_dict("records")
    ]
    return table


def ledger_sites(
    project: Project, observations: pd.DataFrame, *, settling_weeks: int = SETTLING_WEEKS
) -> pd.DataFrame:
    """What became of the aim's measure at each site that tried an idea, beside the other sites.

    Columns: idea, site, ratio (by its own counts), shrunk with lower and upper (with what the
    others say), borrowed (0 to 1). A row where the site has something to be compared with, and two
    sites or more have.
    """
    measure = project.measure(project.aim.measure)
    rows: list[dict[str, object]] = []
    for one in tried(project) if measure.data in ("proportion", "rate") else ():
        got = _laid_out(project, measure, one, observations)
        if got is None:
            continue
        x, n = got.everyone
        found = effect(x, n, got.began, settling=_settling(settling_weeks), limits=False)
        # The counts are worth what a Poisson law says; a site that counted nothing has no ratio.
        told = np.isfinite(found.by_site) & (found.observed > 0)
        middle = np.where(told, np.log(np.where(told, found.by_site, 1.0)), np.nan)
        pooled = pooled_estimates(middle, np.where(told, found.error, np.nan))
        for place in np.flatnonzero(np.isfinite(pooled.borrowed)):
            rows.append({
                "idea": one.idea.id,
                "site": got.sites[place],
                "ratio": float(found.by_site[place]),
                "shrunk": float(pooled.shrunk.estimate[place]),
                "lower": float(pooled.shrunk.lower[place]),
                "upper": float(pooled.shrunk.upper[place]),
                "borrowed": float(pooled.borrowed[place]),
            })  # fmt: skip
    return pd.DataFrame(rows, columns=SITE_COLUMNS)


@dataclass(frozen=True, slots=True, eq=False)
class _LaidOut:
    """Counts of one measure as the statistics take them, and when each site began."""

    sites: list[str]
    strata: list[str]
    months: pd.PeriodIndex
    counts: FloatArray  # numerators and denominators, strata, sites, months
    began: IntArray

    @property
    def everyone(self) -> FloatArray:
        """All strata together: (2, sites, months)."""
        logged = ~np.isnan(self.counts).all(axis=1)
        return np.where(logged, np.nansum(self.counts, axis=1), np.nan)


def _laid_out(
    project: Project, measure: Measure, one: Tried, observations: pd.DataFrame
) -> _LaidOut | None:
    own = observations[observations["measure"] == measure.id]
    if own.empty:
        return None
    sites = [site.id for site in project.sites if site.id in set(own["site"])]
    strata = [group.name for group in project.strata.groups if group.name in set(own["stratum"])]
    months = pd.period_range(own["subgroup"].min(), own["subgroup"].max(), freq="M")
    counts = _counts(own, sites, strata, months)
    for place, site in enumerate(sites):
        if site in one.stopped:  # what comes after belongs to neither side
            counts[:, :, place, months > one.stopped[site].to_period("M")] = np.nan
    return _LaidOut(sites, strata, months, counts, _began(one, sites, months))


def _rows(
    project: Project, measure: Measure, one: Tried, observations: pd.DataFrame, weeks: int
) -> Iterator[dict[str, object]]:
    got = _laid_out(project, measure, one, observations)
    if got is None:
        return
    began, months, counts = got.began, got.months, got.counts
    settling = _settling(weeks)
    shared = {
        "idea": one.idea.id,
        "also": _also(project, one),
        "measure": measure.id,
        "sites": int((began < len(months)).sum()),
        "not_yet": int((began >= len(months)).sum()),
        "first": min(one.began.values()),
    }
    for name, (x, n), beside in _asked(got.strata, counts, got.everyone):
        found = effect(x, n, began, beside=beside, settling=settling, confidence=1 - CLAIM)
        first = int(began.min()) + settling
        yield (
            shared
            | {
                "stratum": name,
                "of": RATE if beside is None else GAP,
                "question": _question(project, measure, one, name, gap=beside is not None),
                "settled": (months[0] + first).to_timestamp(),
                "months": max(len(months) - first, 0),
                "observed": float(found.observed.sum()),
                "expected": float(found.expected.sum()),
                "gap_before": np.nan if beside is None else _before((x, n), beside, began),
            }
            | _figures(found)
        )


def _question(project: Project, measure: Measure, one: Tried, stratum: str, *, gap: bool) -> str:
    declared = project.aim.primary
    if gap:
        asked = measure.id == declared.measure and stratum == declared.stratum
        return THE_GAP if asked else BESIDE
    if stratum != EVERYONE:
        return BESIDE
    if measure.id == project.aim.measure:
        return OUTCOME
    return PROCESS if measure.id in one.own else BESIDE


def _also(project: Project, one: Tried) -> tuple[str, ...]:
    """Other ideas that began at sites of this one: what is seen may be theirs."""
    others = (other for other in tried(project) if other.idea.id != one.idea.id)
    return tuple(other.idea.id for other in others if set(other.began) & set(one.began))


Counted = tuple[FloatArray, FloatArray]


def _asked(
    strata: list[str], counts: FloatArray, everyone: FloatArray
) -> Iterator[tuple[str, Counted, Counted | None]]:
    """Everyone, each group, and each group beside all others."""
    yield EVERYONE, (everyone[0], everyone[1]), None
    for place, name in enumerate(strata):
        own = (counts[0, place], counts[1, place])
        others = everyone - np.nan_to_num(counts[:, place])
        yield name, own, None
        if len(strata) > 1:
            yield name, own, (others[0], others[1])


def _counts(
    own: pd.DataFrame, sites: list[str], strata: list[str], months: pd.PeriodIndex
) -> FloatArray:
    """Numerators and denominators: (2, strata, sites, months); nan where nothing was logged."""
    rows = own.dropna(subset=["numerator", "denominator"])
    place = (
        rows["stratum"].map(strata.index).to_numpy(),
        rows["site"].map(sites.index).to_numpy(),
        (rows["subgroup"].dt.to_period("M").astype("int64") - months[0].ordinal).to_numpy(),
    )
    counts = np.zeros((2, len(strata), len(sites), len(months)))
    logged = np.zeros(counts.shape[1:], dtype=bool)
    logged[place] = True
    for row, name in zip(counts, ("numerator", "denominator"), strict=True):
        np.add.at(row, place, rows[name].to_numpy(dtype=float))
    return np.where(logged, counts, np.nan)


def _began(one: Tried, sites: list[str], months: pd.PeriodIndex) -> IntArray:
    """The month in which each site began; as many as there are months: not yet, or never."""
    first = [
        one.began[site].to_period("M").ordinal - months[0].ordinal
        if site in one.began
        else len(months)
        for site in sites
    ]
    return np.clip(first, 0, len(months))


def _settling(weeks: int) -> int:
    """Months that belong to neither side: the one it began in, and those it takes to settle."""
    return 1 + round(weeks / (52 / 12))


def _before(own: Counted, others: Counted, began: IntArray) -> float:
    """The group's rate over the others' while the sites that began had not."""
    months = np.arange(own[0].shape[-1])
    when = (months < began[:, np.newaxis]) & (began < len(months))[:, np.newaxis]
    (x, n), (x0, n0) = ((float(np.nansum(part[when])) for part in one) for one in (own, others))
    return (x / n) / (x0 / n0) if n > 0 and x0 > 0 else math.nan


def _figures(found: Effect) -> dict[str, object]:
    ratio = found.ratio
    told = bool(np.isfinite(ratio.estimate))
    return {
        "ratio": float(ratio.estimate),
        "lower": float(ratio.lower),
        "upper": float(ratio.upper),
        "p_value": found.p_value if told else np.nan,
        "least_p": found.least_p if told else np.nan,
    }


def _became(row: dict[Hashable, Any], measure: Measure) -> Became:
    """What can be said, and no more."""
    if row["months"] < FEWEST_MONTHS:
        return Became.EARLY
    if np.isnan(row["ratio"]):
        return Became.TOGETHER
    if row["observed"] + row["expected"] < FEWEST_EVENTS:
        return Became.TOO_FEW
    if row["least_p"] > CLAIM:
        return Became.FEW_WAYS
    if row["p_value"] > CLAIM or row["q_value"] > LEVEL:
        return Became.NOT_SHOWN
    if row["of"] == GAP:
        return _gap_became(row["gap_before"], row["ratio"])
    if measure.direction == "none":
        return Became.CHANGED
    better = (row["ratio"] < 1) == (measure.direction == "decrease")
    return Became.BETTER if better else Became.WORSE


def _gap_became(before: float, ratio: float) -> Became:
    if not before > 0:
        return Became.CHANGED
    nearer = abs(np.log(before * ratio)) < abs(np.log(before))
    return Became.NARROWER if nearer else Became.WIDER
