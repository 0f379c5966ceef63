"""What was found: labelled frozen tables and cautions; nothing here draws or writes."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from qi_equity.project import Project


@dataclass(frozen=True, slots=True, order=True)
class Caution:
    """Something to be careful of, and where."""

    measure: str
    site: str
    stratum: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """All that a project's observations say.

    points      one row a measure, site, stratum and subgroup: value, centre, limits, marks, meaning
    charts      one row a measure, site, stratum and phase: runs, signals, p and q, variation
    gaps        one row a measure, site and stratum: rates, difference, ratio, intervals, verdict
    gap_points  one row a measure, site, stratum and subgroup: the gap as a charted series
    inequality  one row a measure, site and summary measure over all strata at once
    cautions    what to be careful of
    """

    project: Project
    points: pd.DataFrame
    charts: pd.DataFrame
    gaps: pd.DataFrame
    gap_points: pd.DataFrame
    cautions: tuple[Caution, ...] = ()
    family: str = ""
    sentences: tuple[str, ...] = field(default=())
    inequality: pd.DataFrame = field(default_factory=pd.DataFrame)
