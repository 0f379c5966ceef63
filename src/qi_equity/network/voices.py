"""Whose voices were heard, beside the people served, and what they raised, counted by people.

A voice is a person, once, whatever they said and however often. Nobody's ethnicity and no feeling
is told from text: both stand in the file or are not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from qi_equity.arrays import FloatArray
from qi_equity.disclosure.policy import Policy, policy_of
from qi_equity.equity.intervals import wilson
from qi_equity.equity.participation import participation
from qi_equity.errors import DataErrors
from qi_equity.findings import Findings
from qi_equity.project import EVERYONE, Project
from qi_equity.sources import cells, grid
from qi_equity.sources.labels import place, text_of
from qi_equity.store import gathered as store
from qi_equity.store.gathered import Counted, Raised

PERSON, GROUP, THEME, SERVED = "person", "group", "theme", "served"

COLUMNS = [
    "stratum", "voices", "share", "served", "served_share", "expected", "ratio", "lower", "upper",
    "p_value", "more",
]  # fmt: skip
ANSWERED = ["title", "subgroup", "stratum", "people", "asked", "value", "lower", "upper"]
THEME_COLUMNS = ["theme", "stratum", "people", "asked", "share", "lower", "upper", "measure"]


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """The people of a file: a row each with their group, and a row for each theme of each."""

    people: pd.DataFrame  # person, stratum
    raised: pd.DataFrame  # person, stratum, theme
    rows: int
    read: Mapping[str, int]  # what became of the rows; adds up to them

    def __str__(self) -> str:
        """The account: what was read, and what was not."""
        lines = [f"{self.rows:,} rows read, of {len(self.people):,} people"]
        return "\n".join([*lines, *(f"  {what:<34}{n:>8,}" for what, n in self.read.items())])


def read(path: Path, project: Project) -> Heard:
    """A table with a row for each theme that a person raised; a blank theme is a voice too.

    Columns person (any mark that is the same for one person), group, theme. Raises DataErrors
    naming every row that has no person, a group that is nobody's, or a second group of one person.
    """
    found = grid.read(path, [PERSON, GROUP], optional=[THEME])
    table = found.table.map(text_of)
    if THEME not in table:
        table[THEME] = ""
    homes = place(table[GROUP], project.strata)
    problems: list[str] = []
    for row, person, label in zip(found.row, table[PERSON], table[GROUP], strict=True):
        if not person:
            problems.append(f"row {row}: no person; give each one a mark of their own")
        home = homes[label]
        if home.group in (None, EVERYONE):
            problems.append(f"row {row}: '{label}' is no group of {project.id}. {home.remedy}")
    table["stratum"] = [homes[label].group for label in table[GROUP]]
    many = table.groupby(PERSON)["stratum"].nunique(dropna=False)
    for person in many.index[many > 1]:
        rows = ", ".join(str(one) for one in found.row[table[PERSON] == person][:5])
        problems.append(f"rows {rows}: one person ('{person}') with more than one group")
    if problems:
        raise DataErrors(problems)
    said = table[[PERSON, "stratum", THEME]]
    raised = said[said[THEME] != ""].drop_duplicates()
    blank = int((said[THEME] == "").sum())
    left = sum(len(rows) for rows in found.left_out.values())
    account = {
        "themes raised, each person once": len(raised),
        "the same theme of a person again": len(said) - blank - len(raised),
        "a voice without a theme": blank,
        "not of the table (titles, totals)": left,
    }
    people = said[[PERSON, "stratum"]].drop_duplicates(PERSON)
    return Heard(people, raised, len(said) + left, account)


def served_by(
    project: Project,
    observations: pd.DataFrame,
    since: date | None = None,
    until: date | None = None,
) -> tuple[pd.Series, str]:
    """Women or babies of each group that the aim's measure counted, and the period in words.

    The first choice of a denominator: those cared for here in the same months, by the same groups.
    """
    rows = observations[observations["measure"] == project.aim.measure]
    if since is not None:
        rows = rows[rows["subgroup"] >= pd.Timestamp(since)]
    if until is not None:
        rows = rows[rows["subgroup"] <= pd.Timestamp(until)]
    if rows.empty:
        raise DataErrors([f"no births of {project.aim.measure} were logged in that period"])
    period = f"{rows['subgroup'].min():%Y-%m-%d} to {rows['subgroup'].max():%Y-%m-%d}"
    return rows.groupby("stratum")["denominator"].sum(min_count=1), period


def served_in(path: Path, project: Project) -> pd.Series:
    """Those served, from a table of groups and numbers that is not the project's own births.

    Raises DataErrors naming every row that is no number, or no group of the project.
    """
    found = grid.read(path, [GROUP, SERVED])
    homes = place(found.table[GROUP], project.strata)
    totals: dict[str, float] = {}
    problems: list[str] = []
    for row, label, given in zip(
        found.row, found.table[GROUP].map(text_of), found.table[SERVED], strict=True
    ):
        home, cell = homes[label], cells.read(given, mark=found.mark)
        if home.group == EVERYONE:
            continue  # the total of the rows above
        if home.group is None:
            problems.append(f"row {row}: '{label}' is no group of {project.id}. {home.remedy}")
        elif cell.state != "number" or cell.number < 0:
            problems.append(f"row {row}: '{text_of(given)}' is no number of people")
        else:
            totals[home.group] = totals.get(home.group, 0.0) + cell.number
    if problems:
        raise DataErrors(problems)
    return pd.Series(totals, dtype=float)


def voices(
    project: Project, heard: Heard, served: pd.Series, policy: Policy | None = None
) -> pd.DataFrame:
    """A row a group: its voices, and what they would have been had all been heard alike.

    Shares are of those whose group is known; a group that is not known keeps its row, with no
    expectation. With a policy everything is of counts as that policy shows them. Columns: stratum,
    voices, share, served, served_share, expected, ratio with lower and upper, p_value, and more
    (further voices that would bring parity, if only this group is added).

    >>> from qi_equity import project_file
    >>> project = project_file.load(project_file.examples()["pph_reduction"])
    >>> people = pd.DataFrame({"person": range(120), "stratum": ["Black"] * 3 + ["White"] * 117})
    >>> heard = Heard(people, people.assign(theme=""), 120, {})
    >>> rows = voices(project, heard, pd.Series({"Black": 80.0, "White": 920.0}))
    >>> rows.loc[rows["stratum"] == "Black", ["expected", "ratio", "more"]].round(2).values.tolist()
    [[9.6, 0.31, 8.0]]
    """
    names = [group.name for group in project.strata.groups]
    people = heard.people["stratum"].value_counts().reindex(names, fill_value=0)
    count: FloatArray = np.asarray(people, dtype=np.float64)
    true: FloatArray = np.asarray(served.reindex(names), dtype=np.float64)
    if policy is None:
        return _beside(project, count, true, true)
    return _beside(project, policy.shown(count), policy.shown(true), true)


def voices_of(project: Project, groups: Sequence[Counted], served: pd.Series) -> pd.DataFrame:
    """The same of people who were counted before: a number that is hidden stays so."""
    names = [group.name for group in project.strata.groups]
    count = _people({one.stratum: one.people for one in groups}, names)
    born: FloatArray = np.asarray(served.reindex(names), dtype=np.float64)
    return _beside(project, count, born, born)


def _people(found: Mapping[str, int | None], names: Sequence[str]) -> FloatArray:
    """Numbers of people in the project's order: 0 where a group has no row, nan where hidden."""
    told = [found.get(name, 0) for name in names]
    return np.array([np.nan if one is None else float(one) for one in told])


def _beside(
    project: Project, count: FloatArray, born: FloatArray, true: FloatArray
) -> pd.DataFrame:
    groups = project.strata.groups
    known = np.array([not group.unknown for group in groups])
    # Where a number is hidden, or nobody says how many of a group that spoke were served, there is
    # no whole to take shares of.
    asked = count[known].sum()
    there = known & ((count != 0) | (true > 0))
    whole = not np.isnan(born[there]).any()
    share = np.where(known & whole, born / np.nansum(born[known]), np.nan)
    found = participation(count, asked, share)
    return pd.DataFrame(
        {
            "stratum": [group.name for group in groups],
            "voices": count,
            "share": np.where(known, count / asked if asked else np.nan, np.nan),
            "served": born,
            "served_share": share,
            "expected": found.expected,
            "ratio": found.ratio.estimate,
            "lower": found.ratio.lower,
            "upper": found.ratio.upper,
            "p_value": found.p_value,
            "more": found.more,
        },
        columns=COLUMNS,
    )


def served_here(
    findings: Findings, sites: Sequence[str], days: tuple[date, date], *, released: bool
) -> pd.Series:
    """Women or babies of each group that the aim's measure counted there, as a page's reader sees.

    released: whether a release tells of them; a group of which it hides a number has no total.
    """
    project, (since, until) = findings.project, days
    points = findings.points
    asked = set(sites or [site.id for site in project.sites])
    own = points[
        (points["measure"] == project.aim.measure)
        & points["site"].isin(asked)
        & (points["stratum"] != EVERYONE)
        & (points["subgroup"] >= pd.Timestamp(since))
        & (points["subgroup"] <= pd.Timestamp(until))
    ]
    totals = own.groupby("stratum")["denominator"]
    return totals.agg(lambda one: one.sum(skipna=not released, min_count=1))


def kept(
    project: Project, heard: Heard, title: str, days: tuple[date, date],
    asked: Mapping[str, int], sites: Sequence[str],
) -> store.Heard:  # fmt: skip
    """A round of voices as the store keeps it: numbers of people, and what others are told."""
    policy = policy_of(project.disclosure)
    names = [group.name for group in project.strata.groups]
    people = heard.people["stratum"].value_counts()
    groups = [(name, int(people.get(name, 0)), asked.get(name)) for name in names]
    return store.Heard(
        title=title,
        since=days[0],
        until=days[1],
        groups=tuple(Counted(stratum=n, people=p, asked=a) for n, p, a in groups),
        shown_groups=shown(groups, policy),
        themes=_raised(themes(project, heard)),
        shown_themes=_raised(themes(project, heard, policy)),
        sites=tuple(sites),
    )


def shown(
    groups: Iterable[tuple[str, int, int | None]], policy: Policy | None
) -> tuple[Counted, ...]:
    """Numbers of people as a policy lets them out; none where they are too few."""
    return tuple(
        Counted(
            stratum=name, people=shown_people(people, policy), asked=shown_people(asked, policy)
        )
        for name, people, asked in groups
    )


def shown_people(people: int | None, policy: Policy | None) -> int | None:
    """A number of people as a policy lets it out; none where it is too small.

    >>> from qi_equity.disclosure.policy import POLICIES
    >>> shown_people(3, POLICIES["hes"]), shown_people(13, POLICIES["hes"])
    (None, 15)
    """
    if policy is None or people is None:
        return people
    told = float(policy.shown(np.array([float(people)]))[0])
    return None if np.isnan(told) else int(told)


def _raised(rows: pd.DataFrame) -> tuple[Raised, ...]:
    told = rows.astype(object).where(rows.notna(), None).to_dict("records")
    return tuple(
        Raised(
            theme=row["theme"], stratum=row["stratum"],
            **{
                name: None if row[of] is None else int(row[of])
                for name, of in (("people", "people"), ("heard", "asked"))
            },
        )
        for row in told
    )  # fmt: skip


def themes_of(project: Project, raised: Sequence[Raised]) -> pd.DataFrame:
    """Themes of people who were counted before, as `themes` gives them."""
    linked = {one.name: one.measure for one in project.themes}
    rows = []
    for one in raised:
        pair = [np.nan if part is None else float(part) for part in (one.people, one.heard)]
        share = wilson(*pair)
        limits = (float(part) for part in (share.estimate, share.lower, share.upper))
        rows.append((one.theme, one.stratum, *pair, *limits, linked.get(one.theme)))
    return pd.DataFrame(rows, columns=THEME_COLUMNS)


def answered(rounds: Sequence[store.Heard]) -> pd.DataFrame:
    """A row a round and group: who answered of those asked, with Wilson's limits, oldest first.

    Columns: title, subgroup (the day it began), stratum, people, asked, value (per cent), lower,
    upper. Groups of whom it is not told how many were asked have no row.
    """
    rows = []
    for one in sorted(rounds, key=lambda one: one.since):
        for group in one.groups:
            if group.people is None or not group.asked or group.people > group.asked:
                continue
            share = wilson(float(group.people), float(group.asked)).times(100)
            limits = (float(part) for part in (share.estimate, share.lower, share.upper))
            day = pd.Timestamp(one.since)
            rows.append((one.title, day, group.stratum, group.people, group.asked, *limits))
    return pd.DataFrame(rows, columns=ANSWERED)


def themes(project: Project, heard: Heard, policy: Policy | None = None) -> pd.DataFrame:
    """A row a theme and group: how many people raised it, of how many asked, and its measure.

    The theme's measure is what the project links it to (`themes`); none is no data yet. With a
    policy small counts are shown as it shows them. Rows of Everyone come first in each theme.
    """
    linked = {one.name: one.measure for one in project.themes}
    groups = [group.name for group in project.strata.groups]
    asked = heard.people["stratum"].value_counts()
    counts = heard.raised.groupby(["theme", "stratum"]).size()
    order = heard.raised["theme"].value_counts().index
    rows = []
    for theme in order:
        for name in (EVERYONE, *groups):
            people = counts[theme].sum() if name == EVERYONE else counts[theme].get(name, 0)
            out_of = len(heard.people) if name == EVERYONE else asked.get(name, 0)
            if not out_of:
                continue
            pair = np.array([people, out_of], dtype=float)
            shown = pair if policy is None else policy.shown(pair)
            share = wilson(shown[0], shown[1])
            limits = (float(one) for one in (share.estimate, share.lower, share.upper))
            rows.append((theme, name, *shown, *limits, linked.get(theme)))
    return pd.DataFrame(rows, columns=THEME_COLUMNS)
