"""Commands on a network's store: serve it, bring counts in, keep it safe."""

from __future__ import annotations

import getpass
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from qi_equity.cli.common import (
    DATABASE,
    Browser,
    Database,
    Port,
    ProjectFile,
    account,
    app,
    counted,
)
from qi_equity.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from qi_equity.project import Measure, Project
    from qi_equity.store import Desk, Protect, User

UsersFile = Annotated[Path | None, typer.Option(envvar="QI_EQUITY_USERS", help="the list of users")]
ListOfUsers = Annotated[
    Path, typer.Option("--users", envvar="QI_EQUITY_USERS", help="the list of users")
]
Why = Annotated[str | None, typer.Option("--reason", help="why, for the history")]


@app.command()
def demo(
    port: Port = 5006,
    browser: Browser = True,
    keep: Annotated[
        Path | None, typer.Option(help="keep the store and the ground truth in this folder")
    ] = None,
) -> None:
    """An example network of synthetic data, served on this machine only."""
    from qi_equity.app import demo as example

    example.run(port=port, open_browser=browser, keep=keep, say=typer.echo)


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
    from qi_equity.app import entrance

    entrance.serve(database, users, host=host, port=port, origin=origin, say=typer.echo)


people = type(app)(help="Who may sign in, with which role and at which sites.")
app.add_typer(people, name="users", no_args_is_help=True)


@people.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="as they sign in; their address, if by OAuth")],
    users: ListOfUsers,
    role: Annotated[str, typer.Option(help="what they may do; see the how-to on serving")],
    site: Annotated[
        list[str] | None, typer.Option(help="the id of a site of theirs; may be given again")
    ] = None,
    password: Annotated[
        bool, typer.Option("--password/--no-password", help="ask for one; none for OAuth")
    ] = True,
) -> None:
    """Add a user, or change their role, sites and password; the password is asked for."""
    from qi_equity import store

    typed = None
    if password:
        typed = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    listed = store.Users(users)
    user = listed.save(name, cast(Any, role), site or (), typed, by=getpass.getuser())
    typer.echo(f"{user.name} is {_described(user)}. They can sign in at once.")


@people.command("list")
def list_users(users: ListOfUsers) -> None:
    """Everyone who may sign in, with role and sites."""
    from qi_equity import store

    for user in store.Users(users).all():
        typer.echo(f"{user.name}: {_described(user)}")


@people.command("remove")
def remove_user(name: Annotated[str, typer.Argument(help="who")], users: ListOfUsers) -> None:
    """Take a user's way in away, at once; what they wrote stays in the history."""
    from qi_equity import store

    store.Users(users).remove(name, by=getpass.getuser())
    typer.echo(f"{name} can no longer sign in.")


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
    known, without = keeping.with_counts(aims, imported.observations)
    if without:
        typer.echo(
            f"{counted(without, 'row')} without a count (left blank, withheld or marked n/a) not "
            "kept: not known, and never zero."
        )
    if known.empty:
        typer.echo("Nothing could be taken, so there is nothing to keep.", err=True)
        raise typer.Exit(1)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    refused = keeping.refusals(imported)
    with store_of(database, aims, project) as desk:
        typer.echo(
            str(
                desk.import_table(
                    aims.id,
                    known,
                    digest,
                    accept_valid=accept_valid,
                    refused=refused,
                    reason=reason,
                )
            )
        )


@app.command()
def log(
    project: ProjectFile,
    site: Annotated[str, typer.Option(help="the site's id")] = "",
    week: Annotated[str, typer.Option(help="the subgroup's first day, such as 2026-01-05")] = "",
    database: Database = DATABASE,
    reason: Why = None,
) -> None:
    """One week's counts from the terminal: numerator/denominator for each measure and stratum."""
    from qi_equity import project_file
    from qi_equity.observations import KEY

    aims = project_file.load(project)
    site = site or (aims.sites[0].id if len(aims.sites) == 1 else typer.prompt("Site"))
    week = week or typer.prompt("Week (its Monday, as 2026-01-05)")
    with store_of(database, aims, project) as desk:
        there = desk.observations(aims.id)
        rows = []
        typer.echo("Write numerator/denominator, such as 2/17; press Enter to leave one out.")
        for measure in aims.measures:
            typer.echo(f"\n{measure.name}")
            for group in aims.strata.cells:
                key = (measure.id, site, group.name)
                before = there[(there[KEY[:3]] == list(key)).all(axis=1)] if len(there) else there
                last = _last(before)
                typed = typer.prompt(f"  {group.name}{last}", default="", show_default=False)
                if typed.strip():
                    rows.append(dict(zip(KEY, (*key, week), strict=True)) | _counts(typed, measure))
        if not rows:
            raise UserError("nothing was typed, so nothing was saved")
        rows = [_with_revision(row, there) for row in rows]
        saved = desk.log(aims.id, rows, reason=reason)
    typer.echo(f"Saved {counted(saved.written, 'count')}, {saved.corrected} of them corrections.")


@app.command()
def verify(
    database: Database = DATABASE,
    head: Annotated[
        str | None, typer.Option(help="the newest link as it was noted earlier: 64 characters")
    ] = None,
) -> None:
    """The store's history is whole: every revision follows the one before it, and the noted one."""
    noted = head.strip().lower() if head is not None else None
    if noted is not None and not re.fullmatch("[0-9a-f]{64}", noted):
        raise UserError("--head: give the 64 characters that 'verify' or 'backup' printed")
    with store_as_admin(database) as desk:
        found = desk.verify(noted)
    typer.echo(str(found))
    if not found.whole:
        raise typer.Exit(1)


@app.command()
def backup(
    path: Annotated[Path, typer.Argument(help="the new file")], database: Database = DATABASE
) -> None:
    """A verified copy of the store, made while it is in use."""
    with store_as_admin(database) as desk:
        typer.echo(str(desk.backup(path)))
    typer.echo(f"wrote {path}")


@app.command()
def restore(
    path: Annotated[Path, typer.Argument(help="a backup")],
    database: Database = DATABASE,
    replace: Annotated[
        bool, typer.Option(help="set a store that is there already aside, and take its place")
    ] = False,
) -> None:
    """A store from a backup, verified before it takes its place."""
    from qi_equity import store

    typer.echo(str(store.restore(path, database, replace=replace)))


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="a new folder")], database: Database = DATABASE
) -> None:
    """Everything the network owns, as CSV, JSON lines and YAML."""
    with store_as_admin(database) as desk:
        for path in desk.export(folder):
            typer.echo(f"wrote {path}")


def _described(user: User) -> str:
    where = ", ".join(sorted(user.sites)) or "no site of their own"
    return f"{user.role.replace('_', ' ')} ({where})"


@contextmanager
def store_as_admin(database: str) -> Iterator[Desk]:
    """The store as whoever may open its file: on the command line the file's rights decide."""
    from qi_equity import store

    if "://" not in database and not Path(database).exists():
        raise UserError(f"there is no store at {database}; 'qi-equity import' makes one")
    if "://" not in database and Path(database).stat().st_size == 0:
        raise UserError(
            f"{database} is an empty file: no store, or one that lost everything. Restore the last "
            "backup with 'qi-equity restore', or take the file away to begin anew"
        )
    opened = store.open(database)
    try:
        yield opened.as_user(store.User(getpass.getuser(), "admin"), origin="cli")
    finally:
        opened.close()


@contextmanager
def store_of(
    database: str, project: Project, path: Path, protect: Protect | None = None
) -> Iterator[Desk]:
    """The store with this project in it, as its file now reads."""
    from qi_equity import store

    text = path.read_text(encoding="utf-8")
    opened = store.open(database, protect=protect)
    try:
        desk = opened.as_user(store.User(getpass.getuser(), "admin"), origin="cli")
        if project.id not in desk.projects():
            desk.save_project(project, text)
        else:
            kept = desk.project_file(project.id)
            if kept.content != text:
                desk.save_project(project, text, reason="the project file", seen=kept.revision)
        yield desk
    finally:
        opened.close()


def _counts(typed: str, measure: Measure) -> dict[str, object]:
    """Counts as typed: 2/17, or one number where there is no denominator."""
    from qi_equity.sources.typed import number

    parts = [part.strip() for part in typed.split("/")]
    names = ["value"]
    if measure.data not in ("continuous", "time between", "cases between"):
        names = ["numerator"] if measure.denominator is None else ["numerator", "denominator"]
    if len(parts) != len(names):
        shape = "one number" if len(names) == 1 else "numerator/denominator, such as 2/17"
        raise UserError(f"'{typed}' is not {shape}; nothing was saved")
    try:
        return {name: number(part, name, measure) for name, part in zip(names, parts, strict=True)}
    except ValueError as wrong:
        raise UserError(f"{wrong}; nothing was saved") from wrong


def _last(before: pd.DataFrame) -> str:
    import pandas as pd

    if before.empty:
        return ""
    row = before.sort_values("subgroup").iloc[-1]
    told = [
        f"{row[name]:g}" for name in ("numerator", "denominator", "value") if pd.notna(row[name])
    ]
    return f" (last, {row['subgroup']:%Y-%m-%d}: {'/'.join(told) or 'nothing'})"


def _with_revision(row: dict[str, object], there: pd.DataFrame) -> dict[str, object]:
    """The row with the revision it was read from, so that nobody's newer save is covered."""
    import pandas as pd

    same = (
        (there["measure"] == row["measure"])
        & (there["site"] == row["site"])
        & (there["stratum"] == row["stratum"])
        & (there["subgroup"] == pd.to_datetime(str(row["subgroup"]), errors="coerce"))
    )
    found = there.loc[same, "revision"]
    return row | {"revision": int(found.iloc[0]) if len(found) else 0}
