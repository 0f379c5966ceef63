"""Whose voices were heard, beside the people served, and what they raised, counted by people.

A voice is a person, once, whatever they said and however often. Nobody's ethnicity and no feeling
is told from text: both stand in the file or are not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from qi_equity.arrays import FloatArray
from qi_equity.disclosure.policy import Policy
from qi_equity.equity.intervals import wilson
from qi_equity.equity.participation import participation
from qi_equity.errors import DataErrors
from qi_equity.project import EVERYONE, Project
from qi_equity.sources import cells, grid
from qi_equity.sources.labels import place, text_of
from qi_equity.store.entries import VoiceCount, VoicesHeard

PERSON, GROUP, THEME, SERVED = "person", "group", "theme", "served"

COLUMNS = [
    "stratum", "voices", "share", "served", "served_share", "expected", "ratio", "lower", "upper",
    "p_value", "more",
]  # fmt: skip
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
    return counted(project, heard.people["stratum"].value_counts(), served, policy)


def counted(
    project: Project, heard: pd.Series, served: pd.Series, policy: Policy | None = None
) -> pd.DataFrame:
    """The same of numbers of people by group."""
    groups = project.strata.groups
    names = [group.name for group in groups]
    people = heard.reindex(names, fill_value=0)
    count: FloatArray = np.asarray(people, dtype=np.float64)
    true: FloatArray = np.asarray(served.reindex(names), dtype=np.float64)
    born = true
    if policy is not None:
        count, born = policy.shown(count), policy.shown(born)
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
            "stratum": names,
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


def kept(
    project: Project, heard: Heard, served: pd.Series, beside: str, period: str, day: date
) -> VoicesHeard:
    """What a store keeps of it: numbers of people by group, and nothing that anybody said."""
    people = heard.people["stratum"].value_counts()
    rows = []
    for group in project.strata.groups:
        born = float(served.get(group.name, np.nan))
        told = None if np.isnan(born) else born
        count = float(people.get(group.name, 0))
        rows.append(VoiceCount(stratum=group.name, voices=count, served=told))
    sites = tuple(site.id for site in project.sites)
    return VoicesHeard(day=day, beside=beside, period=period, rows=tuple(rows), sites=sites)


def recalled(
    project: Project, entry: VoicesHeard, policy: Policy | None = None
) -> pd.DataFrame | None:
    """The rows of `voices` from what a store kept; None where this reader is told no count."""
    if not entry.rows:
        return None
    people = pd.Series({one.stratum: one.voices for one in entry.rows})
    served = pd.Series({one.stratum: one.served for one in entry.rows}, dtype=float)
    return counted(project, people, served, policy)


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
