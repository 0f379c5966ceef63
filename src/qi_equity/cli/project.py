"""Commands on a project file: check it, start one, analyse and plan."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qi_equity.cli.audit import from_plan
from qi_equity.cli.common import DataFile, ProjectFile, account, app, counted, progress
from qi_equity.errors import UserError

if TYPE_CHECKING:
    from qi_equity.errors import Problem
    from qi_equity.project import Project
    from qi_equity.quality.linkage import Agreement
    from qi_equity.quality.mother_and_baby import Both


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="project files (YAML)")],
    equity: Annotated[
        bool,
        typer.Option("--equity", help="what a reviewer of equity would ask too, and exit code 1"),
    ] = False,
) -> None:
    """Every problem of project files as file:line:column: message; exit code 1 if there is one."""

    problems = [problem for file in files for problem in _problems(file)]
    for problem in problems:
        typer.echo(problem)
    if problems:
        raise typer.Exit(1)
    typer.echo(f"{counted(len(files), 'project file')} checked: nothing to put right.")
    _say_what_is_left_in(files)
    _say_which_references_are_contradicted(files)
    reviewed = [_reviewed(file) for file in files] if equity else []
    if not all(reviewed):
        raise typer.Exit(1)


def _say_what_is_left_in(files: list[Path]) -> None:
    from qi_equity import project_file

    for left in (one for file in files for one in project_file.left_in(file)):
        typer.echo(left)


def _say_which_references_are_contradicted(files: list[Path]) -> None:
    """Name the signal systems whose reference is far from the baseline of the data beside it."""
    from qi_equity import project_file

    for file in files:
        if project_file.is_audit(file):
            continue
        project = project_file.load(file)
        asked = [measure.id for measure in project.measures if measure.signal_system]
        path = file.parent / project.data.path if project.data else None
        if not asked or path is None or not path.is_file():
            continue
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


def _problems(file: Path) -> tuple[Problem, ...]:
    from qi_equity import project_file

    if project_file.is_audit(file):
        from qi_equity import audit

        return audit.check(file)
    return project_file.check(file)


def _reviewed(file: Path) -> bool:
    """Say what a reviewer of equity would ask of a project; whether nothing is left to answer."""
    from qi_equity import project_file
    from qi_equity.equity_lint import review
    from qi_equity.sources import load
    from qi_equity.words import equity_lint, say

    if project_file.is_audit(file):
        typer.echo(say("audit.project.not_reviewed", file=file))
        return True
    project = project_file.load(file)
    path = file.parent / project.data.path if project.data else None
    if path is not None and path.is_file():
        found = review(project, load(project, base=file.parent).observations)
    else:
        if path is not None:
            typer.echo(say("equity_lint.no_data", file=file, path=path))
        found = review(project)
    typer.echo(equity_lint.report(found))
    return found.passed


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
    from qi_equity.analyse import plan as planned
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
