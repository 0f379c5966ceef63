"""A made-up project moved in time, so that its last week is last week; no count changes here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from qi_equity import project_file
from qi_equity.project import Project
from qi_equity.sources.calendar import DAYS, starts

DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
WHOLE_WEEKS = ("week", "fortnight")


@dataclass(frozen=True, slots=True)
class Example:
    """A project with the file it was read from, and its counts."""

    project: Project
    text: str
    counts: pd.DataFrame


def moved(example: Example, today: pd.Timestamp) -> tuple[Example, pd.DateOffset]:
    """The example with its last subgroup the last that is over today, and by how much it moved.

    Every date of its file moves with its counts: when it began, its aims, its PDSA cycles. Weeks
    begin on the same day as before, and months on the first.

    >>> first = project_file.examples()["pph_reduction"]
    >>> counts = pd.DataFrame({"subgroup": pd.to_datetime(["2024-12-23"])})
    >>> example = Example(project_file.load(first), first.read_text(encoding="utf-8"), counts)
    >>> later, _ = moved(example, pd.Timestamp("2026-11-27"))
    >>> later.counts["subgroup"][0].date().isoformat(), later.project.start.isoformat()
    ('2026-11-16', '2024-11-25')
    """
    by = _step(example, today)
    text = DATE.sub(lambda date: f"{pd.Timestamp(date[0]) + by:%Y-%m-%d}", example.text)
    counts = example.counts.assign(subgroup=example.counts["subgroup"] + by)
    return Example(_read(text), text, counts), by


def _step(example: Example, today: pd.Timestamp) -> pd.DateOffset:
    """How far: so many days where weeks are counted, so many months where months are."""
    period = example.project.measures[0].subgroup
    last = example.counts["subgroup"].max()
    over = starts(today - pd.Timedelta(days=2 * DAYS[period]), today, period)[-2]
    if period in WHOLE_WEEKS:
        return pd.DateOffset(days=(over - last).days)
    return pd.DateOffset(months=(over.year - last.year) * 12 + over.month - last.month)


def _read(text: str) -> Project:
    with TemporaryDirectory(prefix="qi-equity-") as folder:
        path = Path(folder) / "project.yaml"
        path.write_text(text, encoding="utf-8")
        return project_file.load(path)
