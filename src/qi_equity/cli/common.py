"""What every command shares: how it prints, its usual arguments, a sign of work going on."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand
from typer.models import CommandFunctionType

from qi_equity import plain
from qi_equity.errors import UserError

if TYPE_CHECKING:
    from qi_equity.sources import Imported
    from qi_equity.store import Users


# What is said of a number, by the library that reads it and by us.
OF_NUMBERS = (
    ("Input should be a valid integer.*", "write a whole number"),
    ("Input should be a valid number.*", "write a number"),
    ("Input should be greater than or equal to (.+)", r"write \1 or more"),
    ("Input should be less than or equal to (.+)", r"write \1 or less"),
)


class Plainly(TyperCommand):
    """A command that prints plain text only: what it echoes was written by others."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Its arguments as they were given; what is wrong with a number is said in words."""
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as wrong:
            for theirs, ours in OF_NUMBERS:
                wrong.message = re.sub(theirs, ours, wrong.message)
            raise

    def invoke(self, ctx: Any) -> Any:
        """Run it; the sign of work going on is not in the way of this."""
        with plain.streams():
            return super().invoke(ctx)

    def get_short_help_str(self, limit: int = 45) -> str:
        """Its first paragraph, whole: a list of commands cut off at a width says too little."""
        return first_paragraph(self.help)


def first_paragraph(said: str | None) -> str:
    """The first paragraph of what is said of a command, in one line."""
    return " ".join((said or "").split("\n\n")[0].split())


class App(typer.Typer):
    """Commands that print plain text only, of one module or of all."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            rich_markup_mode=None,  # help without boxes: read out as it stands, nothing to draw it
            pretty_exceptions_enable=False,
            context_settings={"help_option_names": ["-h", "--help"]},
            **options,
        )

    def command(
        self, name: str | None = None, **options: Any
    ) -> Callable[[CommandFunctionType], CommandFunctionType]:
        """A command of this application, under its own name or that of its function."""

        def added(function: CommandFunctionType) -> CommandFunctionType:
            decorate = super(App, self).command(name or function.__name__, cls=Plainly, **options)
            return decorate(function)

        return added

    def summaries(self) -> dict[str, str]:
        """The first paragraph of what is said of each command; none of them is made for it."""
        said = {str(one.name): first_paragraph(one.callback.__doc__)
                for one in self.registered_commands}  # fmt: skip
        for group in self.registered_groups:
            assert group.typer_instance is not None  # what add_typer was given
            said[str(group.name)] = first_paragraph(group.typer_instance.info.help)
        return said


WIDTH = 96  # of what is printed

ProjectFile = Annotated[Path, typer.Argument(metavar="PROJECT", help="a project file (YAML)")]
DataFile = Annotated[
    Path | None, typer.Option(help="observations or records, instead of the file's own")
]
Port = Annotated[
    int, typer.Option(help="port of this machine; 0 takes a free one", min=0, max=65535)
]
Browser = Annotated[bool, typer.Option(help="open the page in a browser")]


def _told(context: typer.Context, parameter: typer.CallbackParam, value: str) -> str:
    """An argument can be read by everybody on the machine: no password there."""
    source = context.get_parameter_source(str(parameter.name))
    if source is not None and source.name == "COMMANDLINE" and plain.masked(value) != value:
        raise UserError(
            "a password in --database can be read by others on this machine: set the whole "
            "address as QI_EQUITY_DATABASE, the password alone as PGPASSWORD, or a file that "
            "holds it as QI_EQUITY_DATABASE_PASSWORD_FILE"
        )
    return value


Database = Annotated[
    str,
    typer.Option(
        envvar="QI_EQUITY_DATABASE",
        callback=_told,
        help="the store: a file, or postgresql://user@host/name",
    ),
]
DATABASE = "qi_equity.sqlite"
UsersFile = Annotated[Path | None, typer.Option(envvar="QI_EQUITY_USERS", help="the list of users")]
ListOfUsers = Annotated[
    Path, typer.Option("--users", envvar="QI_EQUITY_USERS", help="the list of users")
]


def day(text: str) -> date:
    """A day as it is written in a project file, from an option."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise UserError(f"'{text}' is not a day; write it as 2026-01-05") from None


def in_order(since: date | None, until: date | None) -> None:
    """Refuse a stretch of days that ends before it begins: nothing would be found in it."""
    if since and until and since > until:
        raise UserError(f"--since {since} comes after --until {until}")


def there(database: str) -> None:
    """Refuse a database's name at which there is none: a new one would hold nothing."""
    from qi_equity.store import heads

    if "://" in database:
        return
    path = Path(database)
    lost = heads.missing(heads.gathered(path)[0], 0)
    also = f"; {lost}" if lost else ""
    if not path.exists():
        raise UserError(f"there is no store at {database}; 'qi-equity import' makes one{also}")
    if path.is_file() and path.stat().st_size == 0:
        raise UserError(
            f"{database} is an empty file: no store, or one that lost everything{also}. "
            "Restore the last backup with 'qi-equity restore', or take the file away to begin anew"
        )


def listed(users: Path) -> Users:
    """The list of users that is there; a name misspelt is no empty list."""
    from qi_equity import store

    if not users.is_file():
        raise UserError(f"there is no list of users at {users}; 'qi-equity users add' makes one")
    return store.Users(users)


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Say on the terminal that work is going on, and take it back when it is done."""
    under = getattr(sys.stderr, "under", sys.stderr)  # a sign that moves, with nobody's words
    if not under.isatty():  # nobody watches it move
        yield
        return
    from rich.console import Console

    with Console(file=under).status(f"{what} ..."):
        yield


def digest(path: Path) -> str:
    """What tells a file from every other, for the history."""
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def counted(number: int, thing: str) -> str:
    """A number with its noun.

    >>> counted(1, "row"), counted(3, "row")
    ('1 row', '3 rows')
    """
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def account(imported: Imported) -> None:
    """Say what was taken and refused; stop with exit code 1 where no number was taken."""
    typer.echo(str(imported))
    known = imported.observations[["numerator", "value"]].notna()
    if not known.to_numpy().any():
        left = "Nothing could be taken" if not imported.taken else "Nothing is told by group"
        typer.echo(f"{left}, so there is nothing to go on with.", err=True)
        raise typer.Exit(1)


def told(lines: Iterable[str]) -> None:
    """Lines as they fit a terminal, what is indented under what it belongs to."""
    for line in lines:
        indent = " " * (len(line) - len(line.lstrip()))
        typer.echo(
            textwrap.fill(
                line.strip(), WIDTH, initial_indent=indent, subsequent_indent=indent + "  "
            )
        )
