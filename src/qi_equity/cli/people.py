"""Commands on the list of users: who may sign in, with what, and where they are signed in."""

from __future__ import annotations

import getpass
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from qi_equity.cli.common import App, ListOfUsers, counted, listed

if TYPE_CHECKING:
    from qi_equity.store import User

app = App()
people = App(help="Who may sign in, with which role and at which sites.")
app.add_typer(people, name="users", no_args_is_help=True)

Who = Annotated[str, typer.Argument(metavar="NAME", help="who")]


@people.command("add")
def add_user(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="as they sign in; their address, if by OAuth")
    ],
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
    user = store.Users(users).save(name, cast(Any, role), site or (), typed, by=getpass.getuser())
    typer.echo(f"{user.name} is {_described(user)}. They can sign in at once.")


@people.command("list")
def list_users(users: ListOfUsers) -> None:
    """Everyone who may sign in, with role and sites."""
    known = listed(users)
    for user in known.all():
        second = "; asked for a code too" if known.has_factor(user.name) else ""
        typer.echo(f"{user.name}: {_described(user)}{second}")


@people.command("remove")
def remove_user(name: Who, users: ListOfUsers) -> None:
    """Take a user's way in away, at once; what they wrote stays in the history."""
    listed(users).remove(name, by=getpass.getuser())
    typer.echo(f"{name} can no longer sign in.")


@people.command("reset")
def reset_user(
    name: Who,
    users: ListOfUsers,
    factor: Annotated[bool, typer.Option("--factor", help="ask for no code any more")] = False,
    account: Annotated[
        bool, typer.Option("--account", help="let another account of the organisation be theirs")
    ] = False,
) -> None:
    """Help somebody who lost their authenticator app, or whose account is a new one."""
    if not (factor or account):
        raise typer.BadParameter("say what to reset: --factor, --account, or both")
    known, by = listed(users), getpass.getuser()
    if factor:
        known.stop_factor(name, by)
        typer.echo(f"{name} is asked for no code any more, until they set one up again.")
    if account:
        known.unbind(name, by)
        typer.echo(f"The next account that signs in as {name} is theirs.")


@people.command("sessions")
def sessions(
    name: Who,
    users: ListOfUsers,
    end: Annotated[bool, typer.Option("--end", help="end all of them")] = False,
) -> None:
    """Where somebody is signed in; or end it everywhere, at once."""
    from qi_equity.store import visits

    listed(users)
    with closing(visits.Visits(visits.file_of(users))) as kept:
        if end:
            typer.echo(f"Ended {counted(kept.end(name), 'session')} of {name}.")
            return
        found = kept.of(name, visits.IDLE_SECONDS)
    for one in found:
        began, used = (f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}" for at in
                       (one.began, one.used))  # fmt: skip
        typer.echo(f"since {began}, last used {used} (UTC), from {one.address}: {one.agent}")
    if not found:
        typer.echo(f"{name} is signed in nowhere.")


def _described(user: User) -> str:
    where = ", ".join(sorted(user.sites)) or "no site of their own"
    return f"{user.role.replace('_', ' ')} ({where})"
