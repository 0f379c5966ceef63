"""Commands that keep a store safe: verify, back up, restore, export, and read its audit trail."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qi_equity.cli.common import DATABASE, App, Database, UsersFile, day, in_order, listed, there
from qi_equity.errors import UserError

if TYPE_CHECKING:
    from qi_equity.store import Desk, Line, Protect

app = App()

Day = Annotated[date | None, typer.Option(parser=day, help="a day, as 2026-01-05")]


@app.command()
def verify(
    database: Database = DATABASE,
    head: Annotated[
        str | None, typer.Option(help="the newest link as it was noted earlier: 64 characters")
    ] = None,
    users: UsersFile = None,
) -> None:
    """The history is whole, as far as was ever noted; so are the audit trail and the files."""
    noted = head.strip().lower() if head is not None else None
    if noted is not None and not re.fullmatch("[0-9a-f]{64}", noted):
        raise UserError("--head: give the 64 characters that 'verify' or 'backup' printed")
    people = listed(users) if users is not None else None
    with admin(database) as desk:
        found = desk.verify(noted, second=_second(), users=people)
    typer.echo(str(found))
    if not found.whole:
        raise typer.Exit(1)


@app.command()
def backup(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="the new file")],
    database: Database = DATABASE,
) -> None:
    """A verified copy of the store, made while it is in use; its head is noted."""
    with admin(database) as desk:
        typer.echo(str(desk.backup(path, _second())))
    typer.echo(f"wrote {path}")


@app.command()
def restore(
    path: Annotated[Path, typer.Argument(metavar="BACKUP", help="a backup")],
    database: Database = DATABASE,
    replace: Annotated[
        bool, typer.Option(help="set a store that is there already aside, and take its place")
    ] = False,
) -> None:
    """A store from a backup, verified before it takes its place; and what it does not hold."""
    from qi_equity import store

    who = getpass.getuser()
    typer.echo(str(store.restore(path, database, replace=replace, second=_second(), who=who)))


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="a new folder")],
    database: Database = DATABASE,
) -> None:
    """Everything the network owns, as CSV, JSON lines and YAML."""
    with admin(database) as desk:
        for path in desk.export(folder):
            typer.echo(f"wrote {path}")


@app.command()
def trail(
    database: Database = DATABASE,
    who: Annotated[str, typer.Option(help="a name, or part of one")] = "",
    what: Annotated[str, typer.Option(help="an act, such as 'exported'")] = "",
    since: Day = None,
    until: Day = None,
    most: Annotated[int, typer.Option(help="lines at most", min=1, max=5000)] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="a line of JSON each")] = False,
) -> None:
    """Who did what and who looked, the newest first: sign-ins, looks, exports, roles."""
    from qi_equity.errors import did_you_mean
    from qi_equity.vocabulary import Act

    known = [act.value for act in Act]
    if what and what not in known:
        raise UserError(f"--what: there is no act '{what}'{did_you_mean(what, known)}")
    in_order(since, until)
    with admin(database) as desk:
        found = desk.trail(who, what, since, until, most=most)
    for one in found:
        typer.echo(_line(one, as_json))
    if not found:
        typer.echo("Nothing that was asked for is on record.", err=True)


def _line(one: Line, as_json: bool) -> str:
    if as_json:
        import json

        told = {"id": one.id, "at": one.at, "who": one.who, "what": one.what,
                "origin": one.origin, "project": one.project, "about": one.told}  # fmt: skip
        return json.dumps(told, ensure_ascii=False)
    about = "; ".join(f"{name}: {_said(value)}" for name, value in one.told.items())
    where = f" [{one.project}]" if one.project else ""
    return f"{one.at[:19].replace('T', ' ')} {one.who or '-'}: {one.what}{where} {about}".rstrip()


def _said(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _second() -> str:
    """The second place where heads are noted, if one is set."""
    from qi_equity.store import heads

    return os.environ.get(heads.SETTING, "").strip()


@contextmanager
def admin(database: str, protect: Protect | None = None) -> Iterator[Desk]:
    """The store as whoever may open its file: on the command line the file's rights decide."""
    from qi_equity import store

    there(database)
    opened = store.open(database, protect=protect)
    try:
        yield opened.as_user(store.User(getpass.getuser(), "admin"), origin="cli")
    finally:
        opened.close()
