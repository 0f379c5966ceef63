"""Releases to the network: checked by a person before they go out, approved, withdrawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qi_equity.cli.common import DATABASE, App, Database, there
from qi_equity.cli.network import Why, store_of
from qi_equity.cli.safekeeping import admin
from qi_equity.errors import UserError

if TYPE_CHECKING:
    from qi_equity.store import Desk, Logged

app = App()

WITHDRAW = "withdraw"


@app.command()
def release(
    what: Annotated[
        str, typer.Argument(metavar="PROJECT", help="a project file (YAML), or the word withdraw")
    ],
    number: Annotated[
        int | None,
        typer.Argument(metavar="NUMBER", help="with withdraw: the number of the release", min=1),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="what the next release would hold; nothing goes out")
    ] = False,
    approve: Annotated[
        bool, typer.Option("--approve", help="let it go out: the network sees it from then on")
    ] = False,
    project: Annotated[
        str, typer.Option(help="with withdraw: the project's id, if there are several")
    ] = "",
    database: Database = DATABASE,
    reason: Why = None,
) -> None:
    """What the network sees: the releases so far, the next one to check, approve or withdraw."""
    from qi_equity import project_file
    from qi_equity.words import say
    from qi_equity.words.releases import account

    if what == WITHDRAW:
        _withdraw(database, project, number, reason)
        return
    if number is not None or (check and approve):
        raise UserError("give a project file with --check or --approve, or: withdraw NUMBER")
    path = Path(what)
    aims = project_file.load(path)
    there(database)
    with store_of(database, aims, path, protect=_policy()) as desk:
        before = desk.releases(aims.id)
        if not (check or approve):
            for one in before:
                typer.echo(_line(one))
            if not before:
                typer.echo(say("release.nothing"))
            return
        made = desk.release(aims.id, reason or "", keep=approve)
    if made is None:
        raise UserError(say("release.nothing_logged"))
    for line in account(made, aims, len(before), out=approve):
        typer.echo(line)
    if not approve:
        typer.echo(say("release.check.not_out"))


def _withdraw(database: str, project: str, number: int | None, reason: str | None) -> None:
    from qi_equity.words import say

    if number is None:
        raise UserError("say which: qi-equity release withdraw NUMBER --reason WHY")
    with admin(database) as desk:
        found = desk.withdraw(_only(desk, project), number, reason or "")
    typer.echo(say("release.taken_back", number=found.number))


def _only(desk: Desk, project: str) -> str:
    known = desk.projects()
    if project and project in known:
        return project
    if project or len(known) != 1:
        raise UserError(f"say which project with --project: {', '.join(known) or 'there is none'}")
    return known[0]


def _policy() -> Any:
    from qi_equity.disclosure import Releases

    return Releases()


def _line(one: Logged) -> str:
    from qi_equity.words import say

    state = ""
    if one.withdrawn:
        state = f" ({say('release.withdrawn', who=one.withdrawn_by, why=one.withdrawn)})"
    return f"{one.number}: {one.day}, {one.who}, {say('release.counts_to')} {one.counts_to}{state}"
