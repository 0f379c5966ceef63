"""The example network: synthetic data in a store of its own, served on this machine only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from qi_equity import project_file, sources
from qi_equity.app import server
from qi_equity.app.live import LiveBackend
from qi_equity.project import Project
from qi_equity.sources import synthetic

LABEL = "The data of this example are synthetic: made up, and nothing about any real service."


def run(
    *,
    port: int,
    open_browser: bool,
    keep: Path | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Make the network up, keep it in a folder if asked to, and serve it until stopped."""
    projects, tables = example_network(keep)
    say(LABEL)
    if keep is not None:
        say(f"Kept in {keep}; ground_truth.csv there says what was put in.")

    def started(url: str) -> None:
        say(f"Open {url} (Ctrl+C stops it).")

    backend = LiveBackend(projects, tables.__getitem__, lambda project_id: "demo")
    try:
        server.serve(backend, port=port, open_browser=open_browser, started=started)
    finally:
        backend.close()


def example_network(keep: Path | None = None) -> tuple[list[Project], dict[str, pd.DataFrame]]:
    """The shipped examples with their observations: made up where the project says so."""
    paths = project_file.examples()
    projects = {name: project_file.load(path) for name, path in paths.items()}
    made = synthetic.network(project for project in projects.values() if project.synthetic)
    if keep is not None:
        synthetic.write(made, keep)
    tables = dict(made.observations)
    for name, project in projects.items():
        if not project.synthetic:
            tables[project.id] = sources.load(project, base=paths[name].parent).observations
    # The made-up network first: it is what a session is shown.
    ordered = sorted(projects.values(), key=lambda project: not project.synthetic)
    return ordered, tables
