"""The example network's store, filled as of today: its projects, and counts made up or counted.

No page is here and none is loaded: a process of its own fills the store while another loads them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from qi_equity import project_file, sources, store
from qi_equity.network import voices, workforce
from qi_equity.observations import observations
from qi_equity.project import Project
from qi_equity.simulation import synthetic
from qi_equity.simulation.moved import Example, moved
from qi_equity.store import Desk, User
from qi_equity.store.entries import Engagement

STORIES_OF, HOME = "pph_reduction", "site_a"  # the project that every story is about, and where
# The demo is on one machine and signs nobody in: its visitor may do everything.
VISITOR = User("demo visitor", "admin")
STORE = "network.sqlite"
TRUTH = "ground_truth.csv"
TOLD_DAYS = ("from", "gap_from")  # columns of the truth
COUNTED = "data/counted"  # beside the example projects
YEAR = timedelta(days=365)
GENTLE = 10  # how much the projects that nobody waits for give way to pages
# How many the made-up survey was sent to, by group.
ASKED = {"Asian": 120, "Black": 130, "Mixed": 30, "Other": 28, "White": 420}


def fill(folder: Path, names: Sequence[str] = (), today: pd.Timestamp | None = None) -> None:
    """Put the shipped examples into the folder's store, or those named; what is there stays.

    What is made up is moved in time: its last week is the one before today's. Beside the store
    its counts and the truth behind them are kept as files.
    """
    day = today if today is not None else pd.Timestamp.now().normalize()
    folder.mkdir(parents=True, exist_ok=True)
    with closing(store.open(folder / STORE)) as kept:
        desk = kept.as_user(VISITOR, origin="cli")
        there = desk.projects()
        for name in names or project_file.examples():
            # Counts are put in last: of a demo that was ended amid a project there are none.
            if name not in there or desk.observations(name).empty:
                _put(desk, folder, name, day)


def fill_rest(folder: Path) -> None:
    """Put in whatever is not in yet, giving way to the pages that are open meanwhile."""
    if hasattr(os, "nice"):
        os.nice(GENTLE)
    fill(folder)


def example_network() -> tuple[list[Project], dict[str, pd.DataFrame]]:
    """The shipped examples with their observations, in their own years: the same on any day."""
    made = [_made(name)[0] for name in project_file.examples()]
    return [one.project for one in made], {one.project.id: one.counts for one in made}


def _put(desk: Desk, folder: Path, name: str, today: pd.Timestamp) -> None:
    example, truth = _living(name, today)
    project, table = example.project, example.counts
    if truth is not None:
        synthetic.write(synthetic.Network({name: table}, _beside(folder / TRUTH, truth)), folder)
    # Anew where it was of another day.
    seen = desk.project_file(name).revision if name in desk.projects() else 0
    desk.save_project(project, example.text, "the example network", seen)
    if name == STORIES_OF:
        _gather(desk, project, today.date())
    digest = hashlib.sha256(pd.util.hash_pandas_object(table).to_numpy().tobytes()).hexdigest()
    desk.import_table(name, table, digest, reason="the example network")


def _beside(path: Path, truth: pd.DataFrame) -> pd.DataFrame:
    """What is true of one project, after what was written down of the others."""
    if not path.is_file():
        return truth
    others = pd.read_csv(path, parse_dates=list(TOLD_DAYS))
    others = others[~others["project"].isin(truth["project"])]
    return pd.concat([others, truth], ignore_index=True) if len(others) else truth


def _living(name: str, today: pd.Timestamp) -> tuple[Example, pd.DataFrame | None]:
    """An example as of today, and the truth behind what is made up of it."""
    example, truth = _made(name)
    if not example.project.synthetic:
        return example, None
    example, by = moved(example, today)
    if truth is not None:
        truth = truth.assign(**{one: truth[one] + by for one in TOLD_DAYS})
    return _left_to_log(example), truth


def _made(name: str) -> tuple[Example, pd.DataFrame | None]:
    """An example in its own years: made up where its project says so and ships no data."""
    path = project_file.examples()[name]
    project, text = project_file.load(path), path.read_text(encoding="utf-8")
    if not project.synthetic or project.data is not None:
        return Example(project, text, _counted(project, path)), None
    made = synthetic.network([project])
    return Example(project, text, made.observations[name]), made.truth


def _counted(project: Project, path: Path) -> pd.DataFrame:
    """The observations of an example that ships its data; births are added up beforehand.

    So the example needs nothing that reads births; a test keeps what is added up true.
    """
    ready = path.parent / COUNTED / f"{project.id}.csv"
    if not ready.is_file():
        return sources.load(project, base=path.parent).observations
    texts = dict.fromkeys(("measure", "site", "stratum"), "str")
    return observations(pd.read_csv(ready, dtype=texts, keep_default_na=False, na_values=[""]))


def _left_to_log(example: Example) -> Example:
    """The example with last week at one site left out: the midwife's story begins by logging it."""
    if example.project.id != STORIES_OF:
        return example
    counts = example.counts
    last = (counts["site"] == HOME) & (counts["subgroup"] == counts["subgroup"].max())
    return replace(example, counts=counts[~last])


def _gather(desk: Desk, project: Project, today: date) -> None:
    """What the example network heard from women, and who works there: made up as its counts are."""
    data = project_file.examples()[project.id].parent / "data"
    heard = voices.read(data / "example_voices.csv", project)
    title, days = "Leaving-hospital survey (synthetic)", (today - YEAR, today - timedelta(days=7))
    staff = workforce.read(data / "example_staff.csv")
    met = Engagement(
        day=today - timedelta(days=90),
        met="Eleven mothers of a Somali community group",
        where="Community centre, with two interpreters",
        said="To call for help without asking the midwife in the room first",
        did="The call card hangs by every bed, in six languages",
        measure=project.aim.primary.measure,
    )
    for one in (
        voices.kept(project, heard, title, days, ASKED, ()),
        workforce.kept(project, staff, "Annual return (synthetic)", ()),
        met,
    ):
        if not desk.entries(project.id, type(one)):  # of a demo that was ended amid it some stand
            desk.write(project.id, one)
