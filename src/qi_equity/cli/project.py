"""Commands on a project and its data: what they say, what they can say, how good they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qi_equity.cli.common import App, DataFile, ProjectFile, account, progress
from qi_equity.errors import UserError

if TYPE_CHECKING:
    from qi_equity.project import Project
    from qi_equity.quality.linkage import Agreement
    from qi_equity.quality.mother_and_baby import Both

app = App()


@app.command()
def analyse(
    project: ProjectFile,
    data: DataFile = None,
    engine: Annotated[
        str, typer.Option(help="where it is judged: local, local[2] or spark://host:port")
    ] = "local",
    out: Annotated[
        Path | None,
        typer.Option(help="write points.csv, charts.csv, gaps.csv and findings.json here"),
    ] = None,
) -> None:
    """The findings in words; with --out, as tables too."""
    from qi_equity import crossed, project_file
    from qi_equity.analyse import analyse as analysed
    from qi_equity.sources import load
    from qi_equity.view import export
    from qi_equity.words import terminal

    aims = project_file.load(project)
    imported = load(aims, data, base=project.parent)
    account(imported)
    parts = crossed.parts(aims)
    for part in parts:
        counts = crossed.counts(aims, part, imported.with_doubt)
        with progress(f"Analysing {part.title}"):
            findings = analysed(part, counts, engine=engine)
        typer.echo(terminal.report(findings))
        if out is not None:
            # Of a project that crosses two dimensions each part has a folder of its own.
            for path in export.write(findings, out / part.id if len(parts) > 1 else out):
                typer.echo(f"wrote {path}")


@app.command()
def plan(
    project: ProjectFile,
    data: DataFile = None,
    horizon: Annotated[
        int, typer.Option(help="weeks after the change that the team means to look", min=1)
    ] = 52,
) -> None:
    """How many weeks until each stratum and gap can give an answer."""
    from qi_equity import crossed, project_file
    from qi_equity.plan import plan as planned
    from qi_equity.sources import load
    from qi_equity.words import terminal

    aims = project_file.load(project)
    imported = load(aims, data, base=project.parent)
    if imported.warns or imported.observations.empty:
        account(imported)
    for part in crossed.parts(aims):
        counts = crossed.counts(aims, part, imported.observations)
        typer.echo(terminal.plan_report(part, planned(part, counts, horizon=horizon)))


@app.command()
def quality(
    project: ProjectFile,
    data: DataFile = None,
    linked: Annotated[
        Path | None,
        typer.Option(help="a second extract of the same births: whose group changes between them"),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="the column that links the two; none: the project's key")
    ] = None,
    stratum: Annotated[
        str | None, typer.Option(help="the second extract's column of groups, if named otherwise")
    ] = None,
    baby: Annotated[
        str | None, typer.Option(help="the column of the baby's ethnicity, beside the mother's")
    ] = None,
) -> None:
    """Completeness and consistency of the data, ethnicity coding first."""
    from qi_equity import crossed, project_file
    from qi_equity.quality.checks import quality as checked
    from qi_equity.sources import load
    from qi_equity.words import terminal

    aims = project_file.load(project)
    imported = load(aims, data, base=project.parent)
    account(imported)
    beside = [] if baby is None else [str(_with_baby(aims, project, data, baby))]
    if linked is not None:
        beside.append(str(_agreement(aims, project, data, linked, key, stratum)))
    for part in crossed.margins(aims):
        counts = crossed.counts(aims, part, imported.observations)
        found = checked(part, counts, imported)
        typer.echo(terminal.quality_report(found))
    for text in beside:
        typer.echo(f"\n{text}")


def _with_baby(aims: Project, project: Path, data: Path | None, baby: str) -> Both:
    """The mother's ethnicity beside the baby's, in one file of birth records."""
    from qi_equity.project import RecordsSource
    from qi_equity.quality.mother_and_baby import mother_and_baby

    source = aims.data
    if not isinstance(source, RecordsSource):
        raise UserError("--baby compares birth records: the project's data part is a table")
    path = data if data is not None else project.parent / source.path
    return mother_and_baby(aims, path, mother=source.stratum, baby=baby)


def _agreement(
    aims: Project,
    project: Path,
    data: Path | None,
    linked: Path,
    key: str | None,
    stratum: str | None,
) -> Agreement:
    """Whose recorded group changes between the project's records and a second extract."""
    from qi_equity.project import RecordsSource
    from qi_equity.quality.linkage import agreement

    source = aims.data
    if not isinstance(source, RecordsSource):
        raise UserError("--linked compares birth records: the project's data part is a table")
    by = key or source.key
    if by is None:
        raise UserError("--linked needs the column that links the two extracts: give --key COLUMN")
    first = data if data is not None else project.parent / source.path
    return agreement(aims, first, linked, key=by, stratum=source.stratum, second_stratum=stratum)
