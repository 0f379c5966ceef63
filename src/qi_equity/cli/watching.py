"""The command that watches a folder for the scheduled extract, and takes it when it arrives."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qi_equity.cli.common import DATABASE, App, Database
from qi_equity.cli.network import store_of
from qi_equity.errors import UserError

if TYPE_CHECKING:
    from qi_equity.cli.arrivals import Arrivals
    from qi_equity.cli.scheduled import Schedule
    from qi_equity.mail import Settings

app = App()

EVERY = 30.0  # seconds between two looks
SETTLE = 5.0  # seconds in which a complete file does not change


@app.command()
def watch(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="where extracts arrive")],
    project: Annotated[
        Path, typer.Option(envvar="QI_EQUITY_PROJECT", help="the project file (YAML)")
    ],
    database: Database = DATABASE,
    once: Annotated[bool, typer.Option("--once", help="one pass, for cron")] = False,
    every: Annotated[float, typer.Option(help="seconds between two looks", min=1)] = EVERY,
    settle: Annotated[
        float, typer.Option(help="with --once: seconds a file must not change", min=0)
    ] = SETTLE,
    accept_valid: Annotated[
        bool, typer.Option(help="take the rows that are fit, and list every one refused")
    ] = False,
) -> None:
    """Take each extract that arrives in a folder: whole and once, or set aside with the reason.

    With QI_EQUITY_REPORT=FOLDER it writes the packs of each release there, once.
    """
    from qi_equity import project_file
    from qi_equity.cli.arrivals import Arrivals
    from qi_equity.cli.scheduled import schedule
    from qi_equity.mail import settings

    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder")
    project_file.load(project)  # later it may be in the midst of an edit; now it must be right
    asked, packs = settings(os.environ), schedule(os.environ)
    arrivals = Arrivals(folder, database)
    arrivals.complete()
    if once:
        time.sleep(settle)
        well = _pass(arrivals, project, database, accept_valid, asked, typer.echo)
        _packs(packs, project, database)
        raise typer.Exit(0 if well else 1)
    typer.echo(f"Watching {folder} (Ctrl+C stops it).")
    while True:
        time.sleep(every)
        try:
            _pass(arrivals, project, database, accept_valid, asked, typer.echo)
            _packs(packs, project, database)
        except UserError as wrong:
            # A project file in the midst of an edit, or a store that is busy: the files wait.
            typer.echo(f"nothing was taken: {wrong}", err=True)


def _packs(asked: Schedule | None, project: Path, database: str) -> None:
    """The packs that are due, where somebody asked for them."""
    if asked is None:
        return
    from qi_equity import project_file
    from qi_equity.cli.scheduled import write_due

    write_due(asked, database, project_file.load(project), typer.echo)


def _pass(
    arrivals: Arrivals,
    project: Path,
    database: str,
    accept_valid: bool,
    asked: Settings,
    say: Callable[[str], None],
) -> bool:
    """Take every complete file; whether all of them could be."""
    from qi_equity.cli.arrivals import alone

    with alone(arrivals.folder) as mine:
        complete = arrivals.complete()
        if not complete:
            return True
        if not mine:
            say("Another watcher is at this folder; its files are left to it.")
            return False
        return _take(arrivals.folder, complete, project, database, accept_valid, asked, say)


def _take(
    folder: Path,
    complete: Sequence[Path],
    project: Path,
    database: str,
    accept_valid: bool,
    asked: Settings,
    say: Callable[[str], None],
) -> bool:
    from qi_equity import project_file
    from qi_equity.cli.arrivals import noted, take
    from qi_equity.cli.telling import tell

    aims = project_file.load(project)
    well = True
    with store_of(database, aims, project) as desk:
        for path in complete:
            found = take(desk, aims, path, accept_valid=accept_valid)
            noted(folder, found, say)
            for line in tell(asked, aims.id, found):
                say(line)
            well = well and found.state in ("taken", "already")
    return well
