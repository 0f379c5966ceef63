"""Commands that a project begins with: its file, and made-up records to rehearse with."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from qi_equity.cli.common import App, ProjectFile, account
from qi_equity.errors import UserError

app = App()


@app.command()
def new(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="the new project's id; none: --from-audit")
    ] = None,
    base: Annotated[
        str | None,
        typer.Option("--from", help="a library project or an example; none: pph_reduction"),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="a table or birth records to draw it from, instead")
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option("--from-audit", help="an audit's plan: each of its lines becomes a project"),
    ] = None,
    files: Annotated[
        list[Path] | None, typer.Option(help="with --from-audit: where the audit's files lie")
    ] = None,
    folder: Annotated[Path, typer.Option("--dir", help="where to write it")] = Path(),
) -> None:
    """A project file to edit, with comments and a schema for the editor."""
    from qi_equity import project_file

    if [base, data, plan].count(None) < 2:
        raise UserError("--from, --data and --from-audit each begin a project: give one of them")
    if plan is not None:
        if name is not None:
            raise UserError(f"{name}: with --from-audit the lines of the plan name the projects")
        from qi_equity.cli.audit import from_plan

        for path in from_plan(plan, folder, tuple(files or ())):
            typer.echo(f"Wrote {path}. Next: edit it, then run: qi-equity check {path}")
        return
    if name is None:
        raise typer.BadParameter("name the new project, or an audit's plan with --from-audit")

    target = folder / f"{name}.yaml"
    if target.exists():
        raise UserError(f"{target} is already there; choose another name or move it away first")
    if data:
        from qi_equity.sources.outline import outline

        text = outline(data, name, folder, _asking())
    else:
        text = project_file.scaffold(name, base or "pph_reduction")
    folder.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    # The file's first line points an editor at the schema beside it.
    (folder / "project.schema.json").write_text(project_file.schema_shipped(), encoding="utf-8")
    typer.echo(f"Wrote {target}. Next: edit it, then run: qi-equity check {target}")
    if data:
        _understood(target)


def _asking() -> Callable[[str, str], str] | None:
    """Questions on a terminal, until they are answered; None where nobody is there to answer."""
    from qi_equity.sources.outline import ANSWERED

    if not sys.stdin.isatty():
        return None

    def ask(key: str, question: str) -> str:
        while True:
            given = str(typer.prompt(f"{question} ({HINTS[key]})")).strip()
            if ANSWERED[key].fullmatch(given):
                return given
            typer.echo(f"'{given}' is no answer to this: write {HINTS[key]}")

    return ask


# How the answers to what a file leaves open are written.
HINTS = {
    "year": "such as 2024",
    "week_1": "such as 2024-04-01",
    "dates": "day first, month first, or year first",
    "decimal": "point, or comma",
}


def _understood(target: Path) -> None:
    """Show what the drawn project reads of its file: the account, and some rows of it."""
    from qi_equity import project_file
    from qi_equity.sources import keeping, load
    from qi_equity.sources.outline import not_read

    problems = project_file.check(target)
    for problem in problems:
        typer.echo(problem)
    if problems:
        typer.echo("Nothing could be read yet: put right the lines above first.", err=True)
        raise typer.Exit(1)
    imported = load(project_file.load(target), base=target.parent)
    account(imported)
    for line in not_read(target.read_text(encoding="utf-8")):
        typer.echo(line)
    typer.echo("Understood, for example:")
    for line in keeping.examples(imported):
        typer.echo(f"  {line}")


@app.command()
def practice(
    project: ProjectFile,
    out: Annotated[Path, typer.Option(help="a folder for the records and what is true of them")],
    seed: Annotated[int | None, typer.Option(help="the same seed gives the same records")] = None,
) -> None:
    """Made-up birth records by a project's own definition, to rehearse with before the real ones.

    truth.csv says which gap and which change were put in. Nobody in the records is real.
    """
    from qi_equity import project_file
    from qi_equity.simulation import practice as made_up

    aims = project_file.load(project)
    made = made_up.practice(aims, made_up.SEED if seed is None else seed)
    for path in made_up.write(made, aims, out):
        typer.echo(f"wrote {path}")
