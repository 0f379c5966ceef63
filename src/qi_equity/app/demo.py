"""The example network: synthetic data in a store of its own, served on this machine only."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from qi_equity import project_file, sources
from qi_equity.app import guide, live, server
from qi_equity.app.entrance import refuse_taken
from qi_equity.app.guide import EVERYTHING
from qi_equity.app.live import Network
from qi_equity.observations import observations
from qi_equity.project import Project
from qi_equity.simulation import synthetic
from qi_equity.simulation.moved import Example, moved

# The demo is on one machine and signs nobody in: its visitor may do everything.
VISITOR = guide.user_of(EVERYTHING)
TOLD_DAYS = ("from", "gap_from")  # columns of the truth
COUNTED = "data/counted"  # beside the example projects
LABEL = "The data of this example are synthetic: made up, and nothing about any real service."


def run(
    *,
    port: int,
    open_browser: bool,
    keep: Path | None = None,
    role: str = EVERYTHING,
    say: Callable[[str], None] = print,
) -> None:
    """Make the network up, put it in a store (kept, if a folder is named), serve until stopped.

    role: the part that is played first, whose story is told; it can be changed in the page.
    """
    guide.part_named(role)
    refuse_taken("127.0.0.1", port)
    say(LABEL)
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(TemporaryDirectory(prefix="qi-equity-")))
        network = filled(folder)
        stack.callback(network.close)
        if keep is not None:
            say(f"Kept in {keep}: the store, its counts, and ground_truth.csv, what was put in.")
        for number, (words, _) in enumerate(guide.steps_of(role), 1):
            say(f"  {number}. {words}")
        played = guide.Played(network, role, share=lambda: shared(network))
        server.serve(
            played,
            port=port,
            open_browser=open_browser,
            opened_at=guide.begins(role),
            started=lambda url: say(f"Open {url}{guide.begins(role)} (Ctrl+C stops it)."),
            extra_patterns=guide.routes(played),
        )


def filled(folder: Path, today: pd.Timestamp | None = None) -> Network:
    """A store in the folder with the shipped examples, their counts and the truth beside it.

    What is made up is moved in time: its last week is the one before today's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    network = live.opened(folder / "network.sqlite")
    desk = network.store.as_user(VISITOR, origin="cli")
    if not desk.projects():
        day = today if today is not None else pd.Timestamp.now().normalize()
        for example in _living(folder, day):
            project, table = example.project, example.counts
            desk.save_project(project, example.text)
            digest = hashlib.sha256(table.to_csv(index=False).encode()).hexdigest()
            desk.import_table(project.id, table, digest, reason="the example network")
    return network


def _living(folder: Path, today: pd.Timestamp) -> list[Example]:
    """The examples as of today; the made-up counts and the truth behind them as files too."""
    made, projects, tables = _network()
    paths = project_file.examples()
    found, files, truths = [], {}, []
    for project in projects:
        text = paths[project.id].read_text(encoding="utf-8")
        example = Example(project, text, tables[project.id])
        if project.synthetic:
            example, by = moved(example, today)
            example = _left_to_log(example)
            if project.id in made.observations:
                files[project.id] = example.counts
                truth = made.truth[made.truth["project"] == project.id]
                truths.append(truth.assign(**{one: truth[one] + by for one in TOLD_DAYS}))
        found.append(example)
    synthetic.write(synthetic.Network(files, pd.concat(truths, ignore_index=True)), folder)
    return found


def _left_to_log(example: Example) -> Example:
    """The example with last week at one site left out: the midwife's story begins by logging it."""
    counts = example.counts
    last = (counts["site"] == guide.HOME) & (counts["subgroup"] == counts["subgroup"].max())
    if example.project.id != guide.STORIES_OF:
        return example
    return replace(example, counts=counts[~last])


def shared(network: Network) -> None:
    """Every site's consent to the project of the stories, and its first release, if it has none."""
    desk, name = network.store.as_user(VISITOR, origin="cli"), guide.STORIES_OF
    if desk.releases(name):
        return
    for site in desk.project(name).sites:
        desk.consent(name, site.id, True, "the example network")
    desk.release(name, "the example network")


def example_network() -> tuple[list[Project], dict[str, pd.DataFrame]]:
    """The shipped examples with their observations, in their own years: the same on any day."""
    _, projects, tables = _network()
    return projects, tables


def _counted(project: Project, path: Path) -> pd.DataFrame:
    """The observations of an example that ships its data; births are added up beforehand.

    So the example needs nothing that reads births; a test keeps what is added up true.
    """
    ready = path.parent / COUNTED / f"{project.id}.csv"
    if not ready.is_file():
        return sources.load(project, base=path.parent).observations
    texts = dict.fromkeys(("measure", "site", "stratum"), "str")
    return observations(pd.read_csv(ready, dtype=texts, keep_default_na=False, na_values=[""]))


def _network() -> tuple[synthetic.Network, list[Project], dict[str, pd.DataFrame]]:
    """What is made up where a project says so, every project, and the counts of each."""
    paths = project_file.examples()
    projects = {name: project_file.load(path) for name, path in paths.items()}
    # A made-up project that ships its own data brings them.
    made = synthetic.network(
        project for project in projects.values() if project.synthetic and project.data is None
    )
    tables = dict(made.observations)
    for name, project in projects.items():
        if name not in tables:
            tables[project.id] = _counted(project, paths[name])
    return made, list(projects.values()), tables
