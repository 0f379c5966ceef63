"""A made-up network of sites whose truth is known: for the demo and for tests, never for care.

Nobody in it is real. Rates are near published figures; which site and stratum changes, when and
by how much is written beside the counts, and everything else is chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from qi_equity.errors import UserError
from qi_equity.observations import KEY, observations
from qi_equity.project import Group, Measure, Project
from qi_equity.simulation.scenario import (
    BIRTHS,
    CODING_DECAY,
    EFFECTS,
    EVERY_SITE,
    EVERY_STRATUM,
    LATE,
    LEVELS,
    MIX,
    NOT_LOGGED,
    Effect,
    Level,
)
from qi_equity.sources import calendar

START = date(2023, 1, 2)
WEEKS = 104
SEED = 20230102

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Network:
    """Made-up observations, a table for each project, and what is true of them."""

    observations: Mapping[str, pd.DataFrame]
    truth: pd.DataFrame = field(repr=False)


def network(projects: Iterable[Project], seed: int = SEED) -> Network:
    """Weekly observations of every project over the same births, and the truth behind them.

    The same projects and seed give the same network.
    """
    tables: dict[str, pd.DataFrame] = {}
    truths: list[pd.DataFrame] = []
    for project in projects:
        tables[project.id], truth = _project(project, seed)
        truths.append(truth)
    return Network(tables, pd.concat(truths, ignore_index=True) if truths else pd.DataFrame())


def write(made: Network, folder: Path) -> list[Path]:
    """The network as files in a folder: one table a project, the truth, and a note."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in made.observations.items():
        written.append(folder / f"{name}.csv")
        table.to_csv(written[-1], index=False, date_format="%Y-%m-%d")
    written.append(folder / "ground_truth.csv")
    made.truth.to_csv(written[-1], index=False, date_format="%Y-%m-%d")
    written.append(folder / "README.md")
    written[-1].write_text(
        "These data are synthetic: made up by a computer for learning and testing. No woman, "
        "baby or site in them is real.\n\nground_truth.csv says what was put in: which site, "
        "stratum and measure changes, when and by what factor. Every other cell is chance "
        "alone.\n",
        encoding="utf-8",
    )
    return written


def broad(group: Group) -> str:
    """The key of MIX a team's group belongs to, from its codes or else its name.

    >>> broad(Group(name="South Asian", codes=("H", "J", "K", "L")))
    'Asian'
    >>> broad(Group(name="Not stated or not known", codes=("Z", "99"), unknown=True))
    'Unknown'
    """
    if group.unknown:
        return "Unknown"
    letters = {"ABC": "White", "DEFG": "Mixed", "HJKL": "Asian", "MNP": "Black"}
    for code in group.codes:
        for members, name in letters.items():
            if len(code) <= 2 and code[:1].upper() in members:
                return name
    words = group.name.lower()
    return next((name for name in MIX["town"] if name.lower() in words), "Other")


def _first_day(project: Project) -> pd.Timestamp:
    """The Monday of the project's first week."""
    day = pd.Timestamp(project.start or START)
    return day - pd.Timedelta(days=day.weekday())


def _project(project: Project, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One project's observations and truth, over (site, stratum, week)."""
    births, moved = _births(project, np.random.default_rng(seed))
    # A stream of its own for each project: adding one does not change the others.
    rng = np.random.default_rng([seed, crc32(project.id.encode())])
    logged = _logged(project, rng)
    tables, truths = [], []
    for measure in project.measures:
        level = _level(project, measure)
        factors = _factors(project, measure)
        rate = np.minimum(level.rate * _ratios(project, level)[:, None] * factors, 0.99)
        numerator, denominator, value = _draw(project, measure, level, births, moved, rate, rng)
        table = _table(project, measure, numerator, denominator, value, logged)
        tables.append(table)
        truths.append(_truth(project, measure, level, rate, births.mean(axis=-1)))
    return observations(pd.concat(tables)), pd.concat(truths, ignore_index=True)


def _births(project: Project, rng: np.random.Generator) -> tuple[Counts, Floats]:
    """Births a week by site and stratum, and the share whose ethnicity goes unrecorded."""
    groups = [broad(group) for group in project.strata.groups]
    sizes, mixes = [], []
    for number, _site in enumerate(project.sites):
        size, place = BIRTHS[number % len(BIRTHS)]
        sizes.append(size)
        mixes.append([MIX[place][name] / groups.count(name) for name in groups])
    mean = np.array(sizes)[:, None] * np.array(mixes)
    births = rng.poisson(np.repeat(mean[..., None], WEEKS, axis=-1))
    moved = np.zeros((len(project.sites), WEEKS))
    decays, first, share = CODING_DECAY
    ramp = np.clip((np.arange(WEEKS) - first) / (WEEKS - 1 - first), 0, 1)
    moved[[site.id == decays for site in project.sites]] = share * ramp
    return births, moved


def _logged(project: Project, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which weeks each site logged: a late site, a fortnight's leave, and odd weeks."""
    logged = rng.random((len(project.sites), WEEKS)) >= NOT_LOGGED
    for number, site in enumerate(project.sites):
        for late, weeks in LATE:
            if site.id == late:
                logged[number, weeks] = False
    return logged


def _level(project: Project, measure: Measure) -> Level:
    found = LEVELS.get((project.id, measure.id))
    if found is None:
        known = ", ".join(name for owner, name in LEVELS if owner == project.id) or "none"
        raise UserError(
            f"{project.id}: no published rate to make up data for '{measure.id}' from; "
            f"measures with one: {known}"
        )
    return found


def _ratios(project: Project, level: Level) -> Floats:
    return np.array([level.ratios.get(broad(group), 1.0) for group in project.strata.groups])


def _of(project: Project, measure: Measure) -> Sequence[Effect]:
    return [e for e in EFFECTS if (e.project, e.measure) == (project.id, measure.id)]


def _factors(project: Project, measure: Measure) -> Floats:
    """What each site, stratum and week's rate is multiplied by."""
    groups = [broad(group) for group in project.strata.groups]
    factors = np.ones((len(project.sites), len(groups), WEEKS))
    for effect in _of(project, measure):
        sites = np.array([effect.site in (EVERY_SITE, site.id) for site in project.sites])
        strata = np.array([effect.stratum in (EVERY_STRATUM, name) for name in groups])
        factors[np.ix_(sites, strata, np.arange(WEEKS) >= effect.week)] *= effect.factor
    return factors


def _draw(
    project: Project,
    measure: Measure,
    level: Level,
    births: Counts,
    moved: Floats,
    rate: Floats,
    rng: np.random.Generator,
) -> tuple[Floats, Floats, Floats]:
    """Numerator, denominator and value as logged, after some women's ethnicity is lost."""
    eligible = rng.binomial(births, level.share)
    lost = rng.binomial(eligible, moved[:, None])
    blank = np.full(births.shape, np.nan)
    if measure.data == "continuous":
        spread = level.spread / np.sqrt(np.maximum(eligible, 1))
        value = level.rate * (rate / level.rate) * np.exp(rng.normal(0, spread))
        return blank, blank, np.where(eligible > 0, value.round(1), np.nan)
    if measure.data in ("rate", "count"):
        events = rng.poisson(eligible * rate)
        lost_events = rng.binomial(events, moved[:, None])
    else:
        events = rng.binomial(eligible, rate)
        lost_events = rng.hypergeometric(events, eligible - events, lost)
    unknown = [group.unknown for group in project.strata.groups]
    if any(unknown):
        for counts, gone in ((eligible, lost), (events, lost_events)):
            counts -= gone
            counts[:, unknown.index(True)] += gone.sum(axis=1)
    denominator = blank if measure.data == "count" else eligible.astype(float)
    return events.astype(float), denominator, blank


def _table(
    project: Project,
    measure: Measure,
    numerator: Floats,
    denominator: Floats,
    value: Floats,
    logged: NDArray[np.bool_],
) -> pd.DataFrame:
    """Arrays over (site, stratum, week) as rows, summed to the measure's subgroup."""
    weeks = pd.Series(pd.date_range(_first_day(project), periods=WEEKS, freq="7D"))
    index = pd.MultiIndex.from_product(
        [
            [measure.id],
            [site.id for site in project.sites],
            [group.name for group in project.strata.groups],
            calendar.floor(weeks, measure.subgroup),
        ],
        names=KEY,
    )
    columns = {"numerator": numerator, "denominator": denominator, "value": value}
    table = pd.DataFrame({name: array.ravel() for name, array in columns.items()}, index=index)
    table = table[np.repeat(logged[:, None], len(project.strata.groups), axis=1).ravel()]
    if measure.subgroup == "week":
        return table.reset_index()
    sums = table.groupby(level=KEY)[["numerator", "denominator"]].sum(min_count=1)
    return sums.assign(value=table.groupby(level=KEY)["value"].mean()).reset_index()


def _truth(
    project: Project, measure: Measure, level: Level, rate: Floats, births: Floats
) -> pd.DataFrame:
    """A row for every site and stratum: what changes, from when, and how plainly it shows."""
    monday = _first_day(project)
    known = np.array([not group.unknown for group in project.strata.groups])
    effects = _of(project, measure)
    rows = []
    for s, site in enumerate(project.sites):
        for g, group in enumerate(project.strata.groups):
            mine = [effect for effect in effects if _touches(effect, site.id, broad(group))]
            here = [effect for effect in effects if effect.site in (EVERY_SITE, site.id)]
            week = min((effect.week for effect in mine), default=WEEKS)
            gap_week = min((effect.week for effect in here), default=WEEKS)
            others = known & (np.arange(len(known)) != g)
            weekly = births[s] * level.share
            own = rate[s, g, [0, -1]]
            rest = np.average(rate[s][others][:, [0, -1]], axis=0, weights=weekly[others])
            ratio = own / rest
            rows.append(
                {
                    "project": project.id,
                    "measure": measure.id,
                    "site": site.id,
                    "stratum": group.name,
                    "effect": " and ".join(effect.what for effect in mine) or "none",
                    "from": monday + pd.Timedelta(weeks=week) if mine else pd.NaT,
                    "factor": own[1] / own[0],
                    "before": own[0],
                    "after": own[1],
                    "power": _power(measure, [weekly[g]], [own], week),
                    "gap": "none" if group.unknown else _gap(ratio),
                    "gap_from": monday + pd.Timedelta(weeks=gap_week) if here else pd.NaT,
                    "ratio_before": ratio[0],
                    "ratio_after": ratio[1],
                    "gap_power": _power(
                        measure, [weekly[g], weekly[others].sum()], [own, rest], gap_week
                    ),
                    "eligible_a_week": weekly[g],
                    "coding_decays": site.id == CODING_DECAY[0],
                }
            )
    return pd.DataFrame(rows)


def _touches(effect: Effect, site: str, stratum: str) -> bool:
    return effect.site in (EVERY_SITE, site) and effect.stratum in (EVERY_STRATUM, stratum)


def _gap(ratio: Floats) -> str:
    """What becomes of a gap against everyone else; a ratio moves with its comparator too."""
    before, after = np.abs(np.log(ratio))
    if abs(after - before) < np.log(1.05):
        return "unchanged"
    return "widens" if after > before else "closes"


def _power(measure: Measure, weekly: Sequence[float], rates: Sequence[Floats], week: int) -> float:
    """Chance that a test at the 5% level tells after from before: of a rate, or of a ratio."""
    if measure.data == "continuous" or week >= WEEKS:
        return float("nan")
    weeks = np.array([week, WEEKS - week])
    variance, change = 0.0, 0.0
    for sign, number, rate in zip((1, -1), weekly, rates, strict=False):
        seen = 1 - rate if measure.data == "proportion" else 1.0
        variance += float((seen / (number * weeks * rate)).sum())
        change += sign * float(np.log(rate[1] / rate[0]))
    z = abs(change) / np.sqrt(variance)
    return float(ndtr(z - 1.96) + ndtr(-z - 1.96))
