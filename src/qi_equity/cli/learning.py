"""Commands on what a network learns: what ideas did, whose voices were heard, who gives care."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qi_equity.cli.common import (
    DATABASE,
    App,
    Database,
    DataFile,
    ProjectFile,
    account,
    day,
    in_order,
    progress,
    told,
)
from qi_equity.cli.network import store_of
from qi_equity.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from qi_equity.project import Project

app = App()


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
    told(ledger_lines(aims, table, sites, theirs))
    if pass_on is not None:
        text, left = files.passed_on(aims, table)
        pass_on.write_text(text, encoding="utf-8")
        typer.echo(f"wrote {pass_on}")
        if left:
            typer.echo(held_back_words(left))


@app.command()
def voices(
    project: ProjectFile,
    people: Annotated[
        Path, typer.Option(help="a row for each theme a person raised: person, group, theme")
    ],
    data: DataFile = None,
    since: Annotated[date | None, typer.Option(parser=day, help="births from this day")] = None,
    until: Annotated[date | None, typer.Option(parser=day, help="births to this day")] = None,
    served: Annotated[
        Path | None, typer.Option(help="those served by group (group, served), instead of births")
    ] = None,
    served_name: Annotated[
        str, typer.Option(help="what --served is, such as: Census 2021, women aged 15 to 44")
    ] = "",
    audience: Annotated[
        str, typer.Option("--for", help="team, or network: small numbers protected")
    ] = "team",
    keep: Annotated[
        str, typer.Option(help="keep the numbers by group in the store, under this title")
    ] = "",
    database: Database = DATABASE,
) -> None:
    """Whose voices were heard beside those served, and what was raised, counted by people."""
    from qi_equity import project_file
    from qi_equity.disclosure.policy import policy_of
    from qi_equity.network import voices as room
    from qi_equity.words import say
    from qi_equity.words.voices import voices_lines

    if audience not in ("team", "network"):
        raise UserError("--for is team or network")
    if (served is None) == bool(served_name):
        raise UserError("--served needs --served-name, and that needs --served: say what it is")
    if keep and (since is None or until is None):
        raise UserError("--keep needs --since and --until: when these people were heard")
    in_order(since, until)
    aims = project_file.load(project)
    heard = room.read(people, aims)
    typer.echo(str(heard))
    by_group, name, period = (
        (room.served_in(served, aims), served_name, "")
        if served
        else _births(aims, project, data, since, until)
    )
    policy = policy_of(aims.disclosure) if audience == "network" else None
    if aims.synthetic:
        typer.echo(say("terminal.synthetic"))
    rows = room.voices(aims, heard, by_group, policy)
    told(voices_lines(aims, rows, room.themes(aims, heard, policy), name, period))
    if keep and since is not None and until is not None:
        days = (since, until)
        entry = room.kept(aims, heard, keep, days, {}, [site.id for site in aims.sites])
        with store_of(database, aims, project) as desk:
            desk.write(aims.id, entry)
        typer.echo(say("responses.kept"))


@app.command()
def workforce(
    table: Annotated[
        Path,
        typer.Argument(
            metavar="TABLE", help="indicator, year, group, events, out_of; part, recruits if told"
        ),
    ],
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="PROJECT", help="keep it in this project's store"),
    ] = None,
    database: Database = DATABASE,
) -> None:
    """The Workforce Race Equality Standard: its nine indicators with intervals, year by year."""
    from qi_equity.network import workforce as room
    from qi_equity.words import say
    from qi_equity.words.workforce import wres_lines

    rows = room.read(table)
    typer.echo(f"{len(rows):,} rows read")
    told(wres_lines(room.wres(rows)))
    if keep is not None:
        from qi_equity import project_file

        aims = project_file.load(keep)
        sites = [site.id for site in aims.sites]
        with store_of(database, aims, keep) as desk:
            desk.write(aims.id, room.kept(aims, rows, table.name, sites))
        typer.echo(say("responses.kept"))


def _births(
    aims: Project, path: Path, data: Path | None, since: date | None, until: date | None
) -> tuple[pd.Series, str, str]:
    from qi_equity.network import voices as room
    from qi_equity.sources import load
    from qi_equity.words import say

    imported = load(aims, data, base=path.parent)
    account(imported)
    by_group, period = room.served_by(aims, imported.observations, since, until)
    return by_group, say("voices.births"), period
