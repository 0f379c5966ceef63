"""Commands on what a network learns: the spread ledger."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated

import typer

from qi_equity.cli.common import DataFile, ProjectFile, account, app, progress

WIDTH = 96


@app.command()
def ledger(
    project: ProjectFile,
    data: DataFile = None,
    settling: Annotated[
        int, typer.Option(help="whole weeks an idea is given before it is judged", min=0, max=104)
    ] = 8,
    pass_on: Annotated[
        Path | None,
        typer.Option(help="write what may be passed to other networks here: no count, no site"),
    ] = None,
    elsewhere: Annotated[
        list[Path] | None, typer.Option("--with", help="another network's file, to lay beside")
    ] = None,
) -> None:
    """What became of each change idea at the sites that tried it, against those that had not."""
    from qi_equity import project_file
    from qi_equity.network import elsewhere as files
    from qi_equity.network import ledger as room
    from qi_equity.sources import load
    from qi_equity.words import say
    from qi_equity.words.ledger import held_back_words, ledger_lines

    aims = project_file.load(project)
    theirs = [one for path in elsewhere or () for one in files.read(path, aims)]
    imported = load(aims, data, base=project.parent)
    account(imported)
    with progress(f"Looking at what became of the ideas of {aims.title}"):
        table = room.ledger(aims, imported.observations, settling_weeks=settling)
        sites = room.ledger_sites(aims, imported.observations, settling_weeks=settling)
    if aims.synthetic:
        typer.echo(say("terminal.synthetic"))
    for line in ledger_lines(aims, table, sites, theirs):
        indent = len(line) - len(line.lstrip())
        typer.echo(
            textwrap.fill(
                line.strip(), WIDTH, initial_indent=" " * indent,
                subsequent_indent=" " * (indent + 2),
            )
        )  # fmt: skip
    if pass_on is not None:
        text, left = files.passed_on(aims, table)
        pass_on.write_text(text, encoding="utf-8")
        typer.echo(f"wrote {pass_on}")
        if left:
            typer.echo(held_back_words(left))
