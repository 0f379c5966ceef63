"""Commands on a network's store: serve it, and bring counts in."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qi_equity.cli.common import (
    DATABASE,
    App,
    Browser,
    Database,
    Port,
    ProjectFile,
    UsersFile,
    account,
    counted,
    digest,
)

if TYPE_CHECKING:
    from qi_equity.project import Project
    from qi_equity.store import Desk, Protect

app = App()

Why = Annotated[str | None, typer.Option("--reason", help="why, for the history")]


@app.command()
def demo(
    port: Port = 5006,
    browser: Browser = True,
    keep: Annotated[
        Path | None, typer.Option(help="keep the store and the ground truth in this folder")
    ] = None,
    role: Annotated[
        str, typer.Option(help="midwife, facilitator, consultant, lead or board: with its story")
    ] = "everything",
) -> None:
    """An example network of synthetic data, served on this machine only."""
    from qi_equity.app import ending
    from qi_equity.app.filling import filling
    from qi_equity.app.loading import loading

    with filling(keep) as made:
        with loading():
            from qi_equity.app import demo as example  # it loads while the store is filled

        kept = keep is not None
        example.run(made, port=port, open_browser=browser, keep=kept, role=role, say=typer.echo)
    ending.gone()


@app.command()
def serve(
    database: Database = DATABASE,
    users: UsersFile = None,
    port: Port = 5006,
    host: Annotated[str, typer.Option(help="the address of this machine to listen at")] = (
        "127.0.0.1"
    ),
    origin: Annotated[
        str | None, typer.Option(help="the address people type, such as qi.trust.example")
    ] = None,
) -> None:
    """The app on your own store, for the people in the users file and nobody else."""
    from qi_equity.app.loading import loading

    with loading():
        from qi_equity.app import ending, entrance

    entrance.serve(database, users, host=host, port=port, origin=origin, say=typer.echo)
    ending.gone()


@app.command("import")
def import_(
    project: ProjectFile,
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="counts or birth records")],
    database: Database = DATABASE,
    accept_valid: Annotated[
        bool, typer.Option(help="take the rows that are fit, and list every one refused")
    ] = False,
    reason: Why = None,
) -> None:
    """A table of counts or birth records into the store: what was taken, what refused and why."""
    from qi_equity import project_file
    from qi_equity.sources import keeping, load

    aims = project_file.load(project)
    imported = load(aims, source)
    account(imported)
    known = keeping.kept(aims, imported)
    if known.without:
        typer.echo(
            f"{counted(known.without, 'row')} without a count (left blank, withheld or marked n/a) "
            "not kept: not known, and never zero."
        )
    if not known.counted:
        typer.echo("Nothing could be taken, so there is nothing to keep.", err=True)
        raise typer.Exit(1)
    refused = keeping.refusals(imported)
    with store_of(database, aims, project) as desk:
        kept = desk.import_table(
            aims.id,
            known.table,
            digest(source),
            accept_valid=accept_valid,
            refused=refused,
            reason=reason,
        )
        typer.echo(str(kept))


@contextmanager
def store_of(
    database: str, project: Project, path: Path, protect: Protect | None = None
) -> Iterator[Desk]:
    """The store with this project in it, as its file now reads."""
    from qi_equity import store

    text = path.read_text(encoding="utf-8")
    new = "://" not in database and not Path(database).exists()
    opened = store.open(database, protect=protect)
    if new:  # meant, or a name misspelt
        typer.echo(f"{database} is a new store.")
    try:
        desk = opened.as_user(store.User(getpass.getuser(), "admin"), origin="cli")
        if project.id not in desk.projects():
            desk.save_project(project, text)
        else:
            kept = desk.project_file(project.id)
            if kept.content != text:
                desk.save_project(project, text, reason="the project file", seen=kept.revision)
        told = {"sha256": digest(path)}
        desk.note_file(store.Act.PROJECT_FILE, path, told, project.id)
        yield desk
    finally:
        opened.close()
