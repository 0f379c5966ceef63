"""The example network: synthetic data in a store of its own, served on this machine only."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pandas as pd

from qi_equity.app import example, guide, live, server
from qi_equity.app.entrance import refuse_taken
from qi_equity.app.example import STORIES_OF, VISITOR
from qi_equity.app.filling import Filling
from qi_equity.app.guide import EVERYTHING
from qi_equity.app.live import Network

LABEL = "The data of this example are synthetic: made up, and nothing about any real service."


def run(
    filling: Filling,
    *,
    port: int,
    open_browser: bool,
    keep: bool = False,
    role: str = EVERYTHING,
    say: Callable[[str], None] = print,
) -> None:
    """Serve the network that is being made up, until stopped; keep: the folder is somebody's own.

    role: the part that is played first, whose story is told; it can be changed in the page.
    """
    guide.part_named(role)
    refuse_taken("127.0.0.1", port)
    say(LABEL)
    server.read_ahead()
    filling.begun()
    if keep:
        say(
            f"Kept in {filling.folder}: the store, its counts, and {example.TRUTH}, "
            "what was put in."
        )
    for number, (words, _) in enumerate(guide.steps_of(role), 1):
        say(f"  {number}. {words}")

    def started(url: str) -> None:
        say(f"Open {url}{guide.begins(role)} (Ctrl+C stops it).")
        filling.go_on()

    with closing(live.opened(filling.folder / example.STORE)) as network:
        played = guide.Played(network, role, share=lambda: shared(network))
        server.serve(
            played,
            port=port,
            open_browser=open_browser,
            opened_at=guide.begins(role),
            started=started,
            extra_patterns=guide.routes(played),
        )


def filled(folder: Path, today: pd.Timestamp | None = None) -> Network:
    """The whole example network in a folder's store, with its counts and the truth beside it."""
    example.fill(folder, today=today)
    return live.opened(folder / example.STORE)


def shared(network: Network) -> None:
    """Every site's consent to the project of the stories, and its first release, if it has none."""
    desk, name = network.store.as_user(VISITOR, origin="cli"), STORIES_OF
    if desk.releases(name):
        return
    for site in desk.project(name).sites:
        desk.consent(name, site.id, True, "the example network")
    desk.release(name, "the example network")
