"""What was found: typed tables, cautions as codes with numbers; nothing here draws or writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import pandas as pd

from qi_equity.findings.cautions import Caution, Number, caution, is_shared
from qi_equity.findings.columns import Column, columns, empty, row, rows, seen_by
from qi_equity.findings.memory import remembered
from qi_equity.findings.tables import (
    Chart,
    CrossedRow,
    Curve,
    Cusum,
    CusumPoint,
    Gap,
    GapPoint,
    Point,
    SiteRow,
    Spread,
    Within,
)
from qi_equity.project import Measure, Project

__all__ = [
    "TABLES",
    "Caution",
    "Chance",
    "Chart",
    "Column",
    "CrossedRow",
    "Curve",
    "Cusum",
    "CusumPoint",
    "Findings",
    "Gap",
    "GapPoint",
    "Judged",
    "Late",
    "Measured",
    "Number",
    "Point",
    "SiteRow",
    "Spread",
    "Within",
    "caution",
    "columns",
    "empty",
    "is_shared",
    "remembered",
    "row",
    "rows",
    "seen_by",
]  # fmt: skip

R = TypeVar("R")
SHORT = 5000  # rows of a table whose rows are all made typed at the first question

# Every table of findings and the type of its rows.
TABLES: dict[str, type] = {
    "points": Point,
    "charts": Chart,
    "gaps": Gap,
    "gap_points": GapPoint,
    "inequality": Spread,
    "crossed": CrossedRow,
    "within": Within,
    "sites": SiteRow,
    "funnels": Curve,
    "cusums": Cusum,
    "cusum_points": CusumPoint,
}


@dataclass(frozen=True, slots=True)
class Chance:
    """How many charts were looked at together, and what chance alone would have made of them."""

    charts: int
    seen: int  # with p of at most 0.05
    expected: float  # of them, by chance alone
    highlighted: int
    released: bool = False  # of those that are shown to the network


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What one site's counts of one measure came to, and of which counts that was."""

    counts: str
    charts: pd.DataFrame
    points: pd.DataFrame
    gaps: pd.DataFrame = field(default_factory=pd.DataFrame)
    gap_points: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True, slots=True, eq=False)
class Measured(Judged):
    """What all sites' counts of one measure came to, and of which rows that was."""

    inequality: pd.DataFrame = field(default_factory=pd.DataFrame)
    crossed: pd.DataFrame = field(default_factory=pd.DataFrame)
    within: pd.DataFrame = field(default_factory=pd.DataFrame)
    sites: pd.DataFrame = field(default_factory=pd.DataFrame)
    funnels: pd.DataFrame = field(default_factory=pd.DataFrame)
    cusums: pd.DataFrame = field(default_factory=pd.DataFrame)
    cusum_points: pd.DataFrame = field(default_factory=pd.DataFrame)
    cautions: tuple[Caution, ...] = ()
    quality: tuple[tuple[str, Caution], ...] = ()  # what each check of the data cautions of
    judged: Mapping[str, Judged] = field(default_factory=dict)
    windows: str = ""  # in which the gaps of all its sites were worked out


@dataclass(frozen=True, slots=True, eq=False)
class Late:
    """Verdicts that are not there: whether to work them out failed, and the last there were."""

    failed: bool
    last: Findings | None = None
    when: pd.Timestamp | None = None  # the last came in


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Findings:
    """All that a project's observations say, a table for each row type of TABLES.

    judged      whether verdicts and highlights are in; where they are not, none is said
    as_of       the revision of the store that they were judged on; None where there is no store
    chance      what chance alone would have highlighted
    kept        what each measure came to, for the next time; it never leaves the team
    late        why verdicts are still to come, where somebody waits for them
    """

    project: Project
    points: pd.DataFrame = field(default_factory=partial(empty, Point))
    charts: pd.DataFrame = field(default_factory=partial(empty, Chart))
    gaps: pd.DataFrame = field(default_factory=partial(empty, Gap))
    gap_points: pd.DataFrame = field(default_factory=partial(empty, GapPoint))
    cautions: tuple[Caution, ...] = ()
    inequality: pd.DataFrame = field(default_factory=partial(empty, Spread))
    crossed: pd.DataFrame = field(default_factory=partial(empty, CrossedRow))
    within: pd.DataFrame = field(default_factory=partial(empty, Within))
    sites: pd.DataFrame = field(default_factory=partial(empty, SiteRow))
    funnels: pd.DataFrame = field(default_factory=partial(empty, Curve))
    cusums: pd.DataFrame = field(default_factory=partial(empty, Cusum))
    cusum_points: pd.DataFrame = field(default_factory=partial(empty, CusumPoint))
    judged: bool = False
    as_of: str | None = None
    chance: Chance | None = None
    kept: Mapping[str, Measured] = field(default_factory=dict)
    late: Late | None = None

    def rows(
        self, kind: type[R], measure: Measure | None = None, site: str | None = None
    ) -> Iterator[R]:
        """The rows of one table as typed ones, of one measure and site where they are named.

        The rows of a site are asked for by every page of it: they are made typed once, and of a
        short table all at once, since that costs by columns rather than by rows.
        """
        if len(self.table(kind)) > SHORT:
            key = ("rows", kind, measure.id if measure else None, site)
            here = partial(self.of, kind, measure, site)
            return iter(remembered(self, key, lambda: list(rows(here(), kind))))
        every = remembered(self, ("every row", kind), lambda: list(rows(self.table(kind), kind)))
        if measure is None and site is None:
            return iter(every)
        if measure is not None and site is not None:
            by_site = remembered(self, ("rows by site", kind), lambda: _apart(every))
            return iter(by_site.get((measure.id, site), ()))
        return (row for row in every if _is_of(row, measure, site))

    def of(
        self, kind: type, measure: Measure | None = None, site: str | None = None
    ) -> pd.DataFrame:
        """The rows of one table, of one measure and site; to be read, and changed by nobody."""
        if measure is None:
            return of(self.table(kind), None, site)
        if site is None:
            return of(self.table(kind), measure)
        found = remembered(self, ("of", kind), lambda: _by_site(self.table(kind)))
        return found.get((measure.id, site), self.table(kind).iloc[:0])

    def table(self, kind: type) -> pd.DataFrame:
        """The table whose rows are of this type."""
        name = next(name for name, declared in TABLES.items() if declared is kind)
        found: pd.DataFrame = getattr(self, name)
        return found


def _is_of(row: Any, measure: Measure | None, site: str | None) -> bool:
    of_measure = measure is None or row.measure == measure.id
    return of_measure and (site is None or row.site == site)


def _apart(every: list[R]) -> dict[tuple[str, str], list[R]]:
    """Typed rows taken apart by measure and site, in their order."""
    apart: dict[tuple[str, str], list[R]] = {}
    for one in every:
        told: Any = one
        apart.setdefault((told.measure, told.site), []).append(one)
    return apart


def _by_site(table: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """A table taken apart in one go, by measure and site."""
    if table.empty:
        return {}
    # Names of columns as objects: looked up in Arrow's own, each column read takes twice as long.
    table = table.set_axis(table.columns.astype(object), axis="columns")
    return {
        (str(key[0]), str(key[1])): part
        for key, part in table.groupby(["measure", "site"], sort=False)
    }


def of(table: pd.DataFrame, measure: Measure | None, site: str | None = None) -> pd.DataFrame:
    """The rows of a table of one measure, and of one site."""
    if table.empty:
        return table
    if measure is not None:
        table = table[table["measure"] == measure.id]
    return table if site is None else table[table["site"] == site]
