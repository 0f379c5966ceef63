"""The command that checks project files and audits, before any data are judged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qi_equity.cli.common import App, counted
from qi_equity.errors import ProjectErrors

if TYPE_CHECKING:
    from qi_equity.errors import Problem
    from qi_equity.project import Project

app = App()


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="project files (YAML)")],
    equity: Annotated[
        bool,
        typer.Option("--equity", help="what a reviewer of equity would ask too, and exit code 1"),
    ] = False,
) -> None:
    """Every problem of project files as file:line:column: message; exit code 1 if there is one."""

    read = {file: _read(file) for file in files}
    problems = [problem for _, found in read.values() for problem in found]
    for problem in problems:
        typer.echo(problem)
    if problems:
        raise typer.Exit(1)
    left = [one for file in files for one in _left_in(file)]
    for one in left:
        typer.echo(one)
    as_came = f"no mistake; still as they came: {counted(len(left), 'line')}"
    found = as_came if left else "nothing to put right"
    typer.echo(f"{counted(len(files), 'project file')} checked: {found}.")
    projects = {file: project for file, (project, _) in read.items()}
    for file, project in projects.items():
        _say_which_references_are_contradicted(file, project)
    reviewed = [_reviewed(file, project) for file, project in projects.items()] if equity else []
    if not all(reviewed):
        raise typer.Exit(1)


def _read(file: Path) -> tuple[Project | None, tuple[Problem, ...]]:
    """The project in a file, none of an audit, and every problem of either."""
    from qi_equity import project_file

    if project_file.is_audit(file):
        from qi_equity import audit

        return None, audit.check(file)
    try:
        return project_file.load(file), ()
    except ProjectErrors as wrong:
        return None, wrong.problems


def _left_in(file: Path) -> list[Problem]:
    from qi_equity import project_file

    return project_file.left_in(file)


def _say_which_references_are_contradicted(file: Path, project: Project | None) -> None:
    """Name the signal systems whose reference is far from the baseline of the data beside it."""
    asked = [measure.id for measure in project.measures if measure.signal_system] if project else []
    if project is None or project.data is None or not asked:
        return
    if (file.parent / project.data.path).is_file():
        for line in _contradicted(project, file, asked):
            typer.echo(line)


def _contradicted(project: Project, file: Path, asked: list[str]) -> list[str]:
    from qi_equity.quality.checks import SIGNAL_SYSTEM, quality
    from qi_equity.sources import load
    from qi_equity.words import say
    from qi_equity.words.cautions import caution_text

    table = load(project, base=file.parent).observations
    found = quality(project, table[table["measure"].isin(asked)]).found
    return [
        say("cusums.check", file=file, measure=one.said.measure, site=one.said.site,
            text=caution_text(one.said))
        for one in found if one.check == SIGNAL_SYSTEM
    ]  # fmt: skip


def _reviewed(file: Path, project: Project | None) -> bool:
    """Say what a reviewer of equity would ask of a project; whether nothing is left to answer."""
    from qi_equity.equity_lint import review
    from qi_equity.sources import load
    from qi_equity.words import equity_lint, say

    if project is None:
        typer.echo(say("audit.project.not_reviewed", file=file))
        return True
    path = file.parent / project.data.path if project.data else None
    if path is not None and path.is_file():
        found = review(project, load(project, base=file.parent).observations)
    else:
        if path is not None:
            typer.echo(say("equity_lint.no_data", file=file, path=path))
        found = review(project)
    typer.echo(equity_lint.report(found))
    return found.passed
