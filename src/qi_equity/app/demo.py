"""The example network: synthetic data in a store of its own, served on this machine only."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from qi_equity import project_file, sources, store
from qi_equity.app import live, server
from qi_equity.app.entrance import refuse_taken
from qi_equity.app.live import Network
from qi_equity.project import Project
from qi_equity.simulation import synthetic

# The demo is on one machine and signs nobody in: its visitor may do everything.
VISITOR = store.User("demo visitor", "admin")
# A release takes seconds to make, and a visitor waits for it: of the first project it is made.
RELEASED = 1
LABEL = "The data of this example are synthetic: made up, and nothing about any real service."


def run(
    *,
    port: int,
    open_browser: bool,
    keep: Path | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Make the network up, put it in a store (kept, if a folder is named), serve until stopped."""
    refuse_taken("127.0.0.1", port)
    say(LABEL)
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(TemporaryDirectory(prefix="qi-equity-")))
        network = filled(folder)
        stack.callback(network.close)
        shared(network)
        if keep is not None:
            say(f"Kept in {keep}: the store, its counts, and ground_truth.csv, what was put in.")
        server.serve(
            network.seat(VISITOR),
            port=port,
            open_browser=open_browser,
            started=lambda url: say(f"Open {url} (Ctrl+C stops it)."),
        )


def filled(folder: Path) -> Network:
    """A store in the folder with the shipped examples, their counts and the truth beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    network = live.opened(folder / "network.sqlite")
    desk = network.store.as_user(VISITOR, origin="cli")
    if not desk.projects():
        projects, tables = example_network(folder)
        paths = project_file.examples()
        for project in projects:
            text = paths[project.id].read_text(encoding="utf-8")
            desk.save_project(project, text)
            table = tables[project.id]
            digest = hashlib.sha256(table.to_csv(index=False).encode()).hexdigest()
            desk.import_table(project.id, table, digest, reason="the example network")
    return network


def shared(network: Network, most: int = RELEASED) -> None:
    """Every site's consent, and a first release of so many made-up projects, if there is none."""
    desk = network.store.as_user(VISITOR, origin="cli")
    made_up = [name for name in desk.projects() if desk.project(name).synthetic]
    for name in made_up[:most]:
        if desk.releases(name):
            continue
        for site in desk.project(name).sites:
            desk.consent(name, site.id, True, "the example network")
        desk.release(name, "the example network")


def example_network(keep: Path | None = None) -> tuple[list[Project], dict[str, pd.DataFrame]]:
    """The shipped examples with their observations: made up where the project says so."""
    paths = project_file.examples()
    projects = {name: project_file.load(path) for name, path in paths.items()}
    # A made-up project that ships its own data brings them.
    made = synthetic.network(
        project for project in projects.values() if project.synthetic and project.data is None
    )
    if keep is not None:
        synthetic.write(made, keep)
    tables = dict(made.observations)
    for name, project in projects.items():
        if name not in tables:
            tables[project.id] = sources.load(project, base=paths[name].parent).observations
    return list(projects.values()), tables
