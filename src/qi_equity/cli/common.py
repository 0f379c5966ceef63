"""What every command shares: the application, its usual arguments, a sign of work going on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from qi_equity.sources import Imported

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from qi_equity import __version__

        typer.echo(f"qi-equity {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    """Are we improving, for whom, and is the gap closing? Charts by ethnicity."""


ProjectFile = Annotated[Path, typer.Argument(metavar="PROJECT", help="a project file (YAML)")]
DataFile = Annotated[
    Path | None, typer.Option(help="observations or records, instead of the file's own")
]
Port = Annotated[
    int, typer.Option(help="port of this machine; 0 takes a free one", min=0, max=65535)
]
Browser = Annotated[bool, typer.Option(help="open the page in a browser")]
Database = Annotated[
    str,
    typer.Option(
        envvar="QI_EQUITY_DATABASE",
        help="the store: a file, or postgresql://user:password@host/name",
    ),
]
DATABASE = "qi_equity.sqlite"


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Say on the terminal that work is going on, and take it back when it is done."""
    from rich.console import Console

    with Console(stderr=True).status(f"{what} ..."):
        yield


def counted(number: int, thing: str) -> str:
    """A number with its noun.

    >>> counted(1, "row"), counted(3, "row")
    ('1 row', '3 rows')
    """
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def account(imported: Imported) -> None:
    """Say what was taken and refused; stop with exit code 1 where nothing was taken."""
    typer.echo(str(imported))
    if not imported.taken:
        typer.echo("Nothing could be taken, so there is nothing to go on with.", err=True)
        raise typer.Exit(1)
