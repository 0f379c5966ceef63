"""Commands on a project file: check it, start one, analyse and plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qi_equity.cli.common import DataFile, ProjectFile, app, counted, progress
from qi_equity.errors import UserError


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="project files (YAML)")],
) -> None:
    """Every problem of project files as file:line:column: message; exit code 1 if there is one."""
    from qi_equity import project_file

    problems = [problem for file in files for problem in project_file.check(file)]
    for problem in problems:
        typer.echo(problem)
    if problems:
        raise typer.Exit(1)
    typer.echo(f"{counted(len(files), 'project file')} checked: nothing to put right.")


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="the new project's id")],
    base: Annotated[str, typer.Option("--from", help="the example to start from")] = (
        "pph_reduction"
    ),
    data: Annotated[
        Path | None, typer.Option(help="a table of counts to draw the mapping from, instead")
    ] = None,
    folder: Annotated[Path, typer.Option("--dir", help="where to write it")] = Path(),
) -> None:
    """A project file to edit, with comments and a schema for the editor."""
    from qi_equity import project_file
    from qi_equity.sources.outline import outline

    target = folder / f"{name}.yaml"
    if target.exists():
        raise UserError(f"{target} is already there; choose another name or move it away first")
    text = outline(data, name, folder) if data else project_file.scaffold(name, base)
    folder.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    # The file's first line points an editor at the schema beside it.
    (folder / "project.schema.json").write_text(project_file.schema_text(), encoding="utf-8")
    typer.echo(f"Wrote {target}. Next: edit it, then run: qi-equity check {target}")


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
    from qi_equity import project_file
    from qi_equity.analyse import analyse as analysed
    from qi_equity.sources import load
    from qi_equity.view import export
    from qi_equity.words import terminal

    aims = project_file.load(project)
    imported = load(aims, data, base=project.parent)
    typer.echo(str(imported))
    with progress(f"Analysing {aims.title}"):
        findings = analysed(aims, imported.observations, engine=engine)
    typer.echo(terminal.report(findings))
    if out is not None:
        for path in export.write(findings, out):
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
    from qi_equity import project_file
    from qi_equity.analyse import plan as planned
    from qi_equity.sources import load
    from qi_equity.words import terminal

    aims = project_file.load(project)
    imported = load(aims, data, base=project.parent)
    found = planned(aims, imported.observations, horizon=horizon)
    typer.echo(terminal.plan_report(aims, found))


@app.command()
def quality(project: ProjectFile, data: DataFile = None) -> None:
    """Completeness and consistency of the data, ethnicity coding first."""
    from qi_equity import project_file
    from qi_equity.quality.checks import quality as checked
    from qi_equity.sources import load
    from qi_equity.words import terminal

    aims = project_file.load(project)
    imported = load(aims, data, base=project.parent)
    typer.echo(str(imported))
    typer.echo(terminal.quality_report(checked(aims, imported.observations, imported)))
