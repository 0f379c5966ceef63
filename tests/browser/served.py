"""A network of ten sites, served: for tests of the pages that read and write a store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from made_findings import made_findings, made_project

from qi_equity import store
from qi_equity.app.live import Analyst, Network
from qi_equity.app.pages.weeks import complete
from qi_equity.app.server import start
from qi_equity.observations import COLUMNS
from qi_equity.project import EVERYONE


def week_before_last() -> pd.Timestamp:
    """The last week that these sites logged: one that is over is left to log, whatever the date."""
    return complete("week", pd.Timestamp.now().normalize()) - pd.Timedelta(weeks=1)


@contextmanager
def ten_sites(folder: Path) -> Iterator[str]:
    """The address of the app over a store of ten sites and thirty weeks."""
    project = made_project("pph", sites=10)
    rows = made_findings(project, weeks=30).points
    rows = rows[(rows["stratum"] != EVERYONE) & rows["denominator"].notna()].copy()
    rows["value"] = float("nan")
    rows["subgroup"] += week_before_last() - rows["subgroup"].max()
    # Two sites have stopped logging, so that a session has something to talk about.
    stopped = rows["subgroup"] > rows["subgroup"].max() - pd.Timedelta(weeks=4)
    rows = rows[~(rows["site"].isin(["site_i", "site_j"]) & stopped)]
    opened = store.open(folder / "network.sqlite")
    user = store.User("Asha", "admin")
    view = opened.as_user(user)
    view.save_project(project, "id: pph\n")
    view.import_table("pph", rows[COLUMNS], "0" * 64)
    network = Network(opened, Analyst())
    running = start(network.seat(user))
    yield running.url
    running.stop()
    network.close()
