"""The application: its list of commands, of which each is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Annotated, Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup, TyperOption

from qi_equity.cli.common import App

# The module that each command is in, in the order in which a team comes to them.
HOMES = {
    "demo": "network",
    "new": "starting",
    "check": "checking",
    "practice": "starting",
    "labels": "labels",
    "plan": "project",
    "import": "network",
    "log": "log",
    "watch": "watching",
    "quality": "project",
    "analyse": "project",
    "report": "report",
    "respond": "answering",
    "engaged": "answering",
    "progress": "answering",
    "principles": "answering",
    "ledger": "learning",
    "voices": "learning",
    "workforce": "learning",
    "board": "board",
    "audit": "audit",
    "release": "releases",
    "serve": "network",
    "users": "people",
    "verify": "safekeeping",
    "backup": "safekeeping",
    "restore": "safekeeping",
    "export": "safekeeping",
    "trail": "safekeeping",
}


def app_of(name: str) -> App:
    """The application of the module that a command is in."""
    found: App = import_module(f"qi_equity.cli.{HOMES[name]}").app
    return found


@cache
def _made(of_module: App) -> Mapping[str, Any]:
    return typer.main.get_group(of_module).commands


class Waiting(Mapping[str, TyperCommand | TyperGroup]):
    """Every command by its name; what one takes is read when that one is asked for."""

    def __getitem__(self, name: str) -> TyperCommand | TyperGroup:
        made: TyperCommand | TyperGroup = _made(app_of(name))[name]
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(HOMES)

    def __len__(self) -> int:
        return len(HOMES)


class Listed(TyperGroup):
    """A list of commands that is told and searched without what each of them takes."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**(given | {"commands": Waiting()}))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Its flags, of which none is None: to read that, Typer loads what reads a value, and
        that is a third of what a command takes to say what it does.
        """
        for each in self.get_params(ctx):
            if isinstance(each, TyperOption) and each.is_flag and each.default is None:
                each.default = False
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names."""
        return list(HOMES)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Their names with the first paragraph of what is said of each."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, app_of(name).summaries()[name]) for name in HOMES])


app = App(cls=Listed, no_args_is_help=True)


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
