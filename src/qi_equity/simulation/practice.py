"""Made-up birth records, drawn by a project's own definition: to rehearse with, never for care.

Nobody in them is real. Who is eligible and to whom it happened is written into the columns that the
measures' rules ask about, so the rules themselves count them; the gap and the change that were put
in are told beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qi_equity import ethnicity
from qi_equity.arrays import BoolArray, FloatArray
from qi_equity.definition import Made, Practice
from qi_equity.errors import UserError
from qi_equity.project import Condition, Group, Measure, Predicate, Project, RecordsSource
from qi_equity.simulation.scenario import MIX
from qi_equity.simulation.synthetic import START, broad

SEED = 20260105
MOST = 0.98  # no made-up rate is above it: nothing is certain
PLACE = "town"  # whose mix of groups is taken where the project says none
# Made-up numbers on either side of a threshold lie within these parts of it.
BELOW, ABOVE = (0.4, 1.0), (1.0, 1.6)

Pool = tuple[list[Any], FloatArray]  # values a column may hold, and the share of each


@dataclass(frozen=True)
class Practised:
    """Made-up records, and what is true of them: a row a measure and stratum."""

    records: pd.DataFrame
    truth: pd.DataFrame = field(repr=False)


def practice(project: Project, seed: int = SEED) -> Practised:
    """Records of a project that says what to draw them by; the same seed gives the same records."""
    made, source = project.practice, project.data
    if made is None or not isinstance(source, RecordsSource):
        raise UserError(
            f"{project.id}: there is no practice part, which says what made-up records are drawn "
            "by; the projects of the library have one"
        )
    rng = np.random.default_rng(seed)
    group, week = _births(project, made, rng)
    table = _outset(project, source, group, week, rng)
    truths = []
    for name, level in made.levels.items():
        measure = project.measure(name)
        rates = np.array([level.rate * level.ratios.get(g.name, 1.0) for g in _groups(project)])
        after = rates * _factors(project, made, name)
        late = week >= made.change.week
        rate = np.minimum(np.where(late, after[group], rates[group]), MOST)
        _happen(table, measure, made, rate, rng)
        truths.append(_truth(project, name, rates, after, level.rate))
    _rest(table, project, made, rng)
    first = pd.Timestamp(project.start or START) + pd.Timedelta(weeks=made.change.week)
    truth = pd.concat(truths, ignore_index=True)
    changed = truth["after"] != truth["before"]
    return Practised(table, truth.assign(since=pd.Series(first, truth.index).where(changed)))


def write(practised: Practised, project: Project, folder: Path) -> list[Path]:
    """The records under the name the project reads them by, and the truth, in a folder."""
    assert isinstance(project.data, RecordsSource)  # or nothing could be drawn
    paths = [folder / project.data.path, folder / "truth.csv"]
    for path, table in zip(paths, (practised.records, practised.truth), strict=True):
        if path.exists():
            raise UserError(f"{path} is already there; made-up records never replace a file")
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, index=False, date_format="%Y-%m-%d")
    return paths


# --- who, when and where -----------------------------------------------------------------------


def _groups(project: Project) -> tuple[Group, ...]:
    return project.strata.groups


def _births(
    project: Project, made: Practice, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The group and the week of each record, by number."""
    groups = _groups(project)
    town = [broad(group) for group in groups]
    share = [
        made.mix.get(g.name, MIX[PLACE][b] / town.count(b))
        for g, b in zip(groups, town, strict=True)
    ]
    mean = made.a_week * np.array(share) / sum(share)
    births = rng.poisson(np.repeat(mean[:, None], made.weeks, axis=1))
    group, week = np.indices(births.shape)
    return np.repeat(group.ravel(), births.ravel()), np.repeat(week.ravel(), births.ravel())


def _outset(
    project: Project,
    source: RecordsSource,
    group: np.ndarray,
    week: np.ndarray,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The records before anything happened: when, of which group, where."""
    monday = pd.Timestamp(project.start or START)
    days = week * 7 + rng.integers(0, 7, len(week))
    columns: dict[str, Any] = {}
    if source.key:
        columns[source.key] = [f"made-up-{number:06d}" for number in range(1, len(week) + 1)]
    columns[source.date] = (monday + pd.to_timedelta(days, unit="D")).strftime("%Y-%m-%d")
    written = [_written(project, one) for one in _groups(project)]
    label = np.empty(len(group), dtype=object)
    for number, words in enumerate(written):
        mine = group == number
        label[mine] = rng.choice(words, int(mine.sum()))
    columns[source.stratum] = label
    if source.site:
        columns[source.site] = rng.choice([site.name for site in project.sites], len(week))
    return pd.DataFrame(columns)


def _written(project: Project, group: Group) -> list[str]:
    """How the group is written in records: the labels of its codes, as the code list has them."""
    strata = project.strata
    words = group.codes or (group.name,)
    if strata.code_system == ethnicity.OWN:
        return list(words)
    scheme = ethnicity.SCHEMES[strata.code_system]
    codes = [c for word in words for c in ethnicity.members(word, scheme.name, strata.roll_up)]
    return [scheme.codes[code].label for code in codes] or [""]


# --- what happened ------------------------------------------------------------------------------


def _happen(
    table: pd.DataFrame,
    measure: Measure,
    made: Practice,
    rate: FloatArray,
    rng: np.random.Generator,
) -> None:
    """Write one measure's outcome into its columns, for those who are eligible."""
    rule = measure.records
    if rule is None or rule.value is not None or not rule.numerator:
        raise UserError(f"{measure.id}: only what is counted can be made up, by a numerator rule")
    others = {name: each for name, each in rule.eligible.items() if name not in rule.numerator}
    _background(table, others, made, rng)
    eligible = _all(table, others)
    event = rng.random(len(table)) < rate
    for place, (column, condition) in enumerate(rule.numerator.items()):
        if column not in table:
            table[column] = pd.Series(None, table.index, dtype=object)
        if column in rule.eligible:
            condition = _both(rule.eligible[column], condition)
        pool = _pool(made.columns.get(column), [condition])
        # What does not happen fails at the first of several conditions.
        right = event if place == 0 else np.ones(len(table), bool)
        open_ = eligible & table[column].isna().to_numpy()
        for wanted in (True, False):
            rows = open_ & (right == wanted)
            table.loc[rows, column] = _drawn(pool, condition, wanted, int(rows.sum()), rng)
        spoken = made.columns.get(column)
        if spoken is not None and spoken.otherwise is not None:
            table.loc[~eligible & table[column].isna(), column] = spoken.otherwise


def _both(eligible: Condition, counted: Condition) -> Condition:
    """Who is eligible by a column that is counted by as well, such as a loss that is known."""
    return (
        Condition.model_validate(
            {**eligible.model_dump(exclude_none=True), **counted.model_dump(exclude_none=True)}
        )
        if not eligible.known
        else counted
    )


def _background(
    table: pd.DataFrame, predicate: Predicate, made: Practice, rng: np.random.Generator
) -> None:
    """Fill the columns that decide who is eligible, where no measure before did."""
    for column, condition in predicate.items():
        if column in table or (column not in made.columns and condition.known):
            continue
        spoken = made.columns.get(column)
        pool = _pool(spoken, [condition])
        # A column of which nothing is said makes everybody eligible.
        wanted = None if spoken is not None else True
        table[column] = pd.Series(
            _drawn(pool, condition, wanted, len(table), rng), table.index, dtype=object
        )


def _rest(table: pd.DataFrame, project: Project, made: Practice, rng: np.random.Generator) -> None:
    """Fill what is left: columns of measures that follow from the others, or that have no level."""
    for measure in project.measures:
        rule = measure.records
        if rule is None:
            continue
        _background(table, rule.eligible, made, rng)
        for column, condition in rule.numerator.items():
            if column not in table:
                pool = _pool(made.columns.get(column), [condition])
                table[column] = _drawn(pool, condition, None, len(table), rng)


def _pool(spoken: Made | None, conditions: Iterable[Condition]) -> Pool:
    """The values a column may hold: as said, or on both sides of what is asked of it."""
    if spoken is not None and spoken.shares:
        return list(spoken.shares), np.array(list(spoken.shares.values()))
    if spoken is not None and spoken.bands:
        whole = [np.arange(int(low), int(high) + 1) for low, high, _ in spoken.bands]
        weights = [
            np.full(len(w), band[2] / len(w)) for w, band in zip(whole, spoken.bands, strict=True)
        ]
        return [int(value) for values in whole for value in values], np.concatenate(weights)
    values: dict[Any, None] = {}
    for condition in conditions:
        values |= dict.fromkeys(_sides(condition))
    return list(values), np.ones(len(values))


def _sides(condition: Condition) -> list[Any]:
    """Values on both sides of one condition."""
    if isinstance(condition.is_, bool):
        return ["yes", "no"]
    named = (
        [condition.is_]
        if condition.is_ is not None
        else [*(condition.in_ or ()), *(condition.not_in or ())]
    )
    if named:
        return [*named, "no" if "yes" in named else "yes" if "no" in named else "other"]
    marks = [condition.below, condition.at_most, condition.above, condition.at_least]
    known = [mark for mark in marks if mark is not None]
    if not known:
        return ["yes", ""] if condition.known is not None else []
    low, high = min(known) * BELOW[0], max(known) * ABOVE[1]
    return [int(value) for value in np.unique(np.linspace(low, high, 60).round())]


def _drawn(
    pool: Pool, condition: Condition, wanted: bool | None, number: int, rng: np.random.Generator
) -> np.ndarray:
    """So many values of a pool that meet the condition, or do not; any where that is all one."""
    values, share = pool
    fits = np.array([wanted is None or _meets(value, condition) == wanted for value in values])
    if number and not fits.any():
        raise UserError(f"no made-up value {'meets' if wanted else 'fails'} {condition}: say some")
    chosen: np.ndarray = np.array(values, dtype=object)[fits]
    weights = share[fits]
    return rng.choice(chosen, number, p=weights / weights.sum()) if number else chosen[:0]


def _all(table: pd.DataFrame, predicate: Mapping[str, Condition]) -> BoolArray:
    """Who meets every condition of those whose columns there are."""
    met = np.ones(len(table), bool)
    for column, condition in predicate.items():
        if column in table:
            # Each distinct value once: there are few, and many records.
            codes, values = pd.factorize(table[column], use_na_sentinel=False)
            met &= np.array([_meets(value, condition) for value in values], bool)[codes]
    return met


SAYS = {True: "yes", False: "no"}


def _meets(value: Any, condition: Condition) -> bool:
    """Whether one made-up value meets a condition; one that is empty meets only that it is."""
    empty = value is None or value == "" or value != value  # nan is not itself
    if condition.known is not None and condition.known == empty:
        return False
    if empty:
        return condition.known is False
    asked = condition.model_dump(exclude_none=True, exclude={"known"})
    return all(TESTS[name](value, wanted) for name, wanted in asked.items())


def _as_written(wanted: Any) -> Any:
    return SAYS[wanted] if isinstance(wanted, bool) else wanted


TESTS: Mapping[str, Any] = {
    "is_": lambda value, wanted: value == _as_written(wanted),
    "in_": lambda value, wanted: value in [_as_written(each) for each in wanted],
    "not_in": lambda value, wanted: value not in [_as_written(each) for each in wanted],
    "below": lambda value, wanted: value < wanted,
    "at_most": lambda value, wanted: value <= wanted,
    "above": lambda value, wanted: value > wanted,
    "at_least": lambda value, wanted: value >= wanted,
}


# --- what is true -------------------------------------------------------------------------------


def _factors(project: Project, made: Practice, measure: str) -> FloatArray:
    """What each group's rate is multiplied by after the change."""
    change = made.change
    if change.measure != measure:
        return np.ones(len(_groups(project)))
    touched = [not change.strata or group.name in change.strata for group in _groups(project)]
    return np.where(touched, change.factor, 1.0)


def _truth(
    project: Project, measure: str, before: FloatArray, after: FloatArray, level: float
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "measure": measure,
            "stratum": [group.name for group in _groups(project)],
            "before": np.minimum(before, MOST),
            "after": np.minimum(after, MOST),
            "times_the_rate": before / level,
        }
    )
