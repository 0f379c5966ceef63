"""The command line: parse arguments, call one function, print, set the exit code."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from qi_equity.errors import UserError

app = typer.Typer(
    help="Are we improving, for whom, and is the gap closing? Charts by ethnicity for maternity "
    "improvement teams.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ProjectFile = Annotated[Path, typer.Argument(metavar="PROJECT", help="a project file (YAML)")]
Port = Annotated[int, typer.Option(help="port of 127.0.0.1; 0 takes a free one", min=0, max=65535)]


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
    typer.echo(f"{_counted(len(files), 'project file')} checked: nothing to put right.")


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="the new project's id")],
    base: Annotated[str, typer.Option("--from", help="the example to start from")] = (
        "pph_reduction"
    ),
    folder: Annotated[Path, typer.Option("--dir", help="where to write it")] = Path(),
) -> None:
    """A project file to edit, with comments and a schema for the editor."""
    from qi_equity import project_file

    target = folder / f"{name}.yaml"
    if target.exists():
        raise UserError(f"{target} is already there; choose another name or move it away first")
    text = project_file.scaffold(name, base)
    folder.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    typer.echo(f"Wrote {target}. Next: edit it, then run: qi-equity check {target}")


@app.command()
def analyse(
    project: ProjectFile,
    data: Annotated[
        Path | None, typer.Option(help="observations or records, instead of the file's own")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="write points.csv, charts.csv, gaps.csv and findings.json here"),
    ] = None,
) -> None:
    """The findings in words; with --out, as tables too."""
    from qi_equity import project_file
    from qi_equity.analyse import analyse as analysed
    from qi_equity.sources import load
    from qi_equity.view import export, text

    aims = project_file.load(project)
    imported = load(aims, data, base=project.parent)
    typer.echo(str(imported))
    with _progress(f"Analysing {aims.title}"):
        findings = analysed(aims, imported.observations)
    typer.echo(text.report(findings))
    if out is not None:
        for path in export.write(findings, out):
            typer.echo(f"wrote {path}")


@app.command()
def plan(
    project: ProjectFile,
    data: Annotated[
        Path | None, typer.Option(help="observations or records, instead of the file's own")
    ] = None,
    horizon: Annotated[
        int, typer.Option(help="weeks after the change that the team means to look", min=1)
    ] = 52,
) -> None:
    """How many weeks until each stratum and gap can give an answer."""
    from qi_equity import project_file
    from qi_equity.analyse import plan as planned
    from qi_equity.sources import load
    from qi_equity.view import text

    aims = project_file.load(project)
    imported = load(aims, data, base=project.parent)
    found = planned(aims, imported.observations, horizon=horizon)
    typer.echo(text.plan_report(aims, found))


@app.command()
def demo(
    port: Port = 5006,
    browser: Annotated[bool, typer.Option(help="open the page in a browser")] = True,
    keep: Annotated[
        Path | None, typer.Option(help="keep the store and the ground truth in this folder")
    ] = None,
) -> None:
    """An example network of synthetic data, served on this machine only."""
    from qi_equity.app import demo as example

    example.run(port=port, open_browser=browser, keep=keep, say=typer.echo)


def main() -> None:
    """Run the command line: exit 0 done, 1 the input has a problem, 2 wrong usage, 3 our fault."""
    try:
        app()
    except UserError as error:
        _stop(str(error), 1)
    except OSError as error:
        if error.filename is None:
            _fault()
        _stop(f"{error.filename}: {(error.strerror or 'cannot be used').lower()}", 1)
    except Exception:
        _fault()


def _stop(message: str, code: int) -> NoReturn:
    typer.echo(message, err=True)
    sys.exit(code)


def _fault() -> NoReturn:
    traceback.print_exc()
    _stop(
        "This is a fault in qi-equity, not in what you gave it. Please report the lines above.", 3
    )


@contextmanager
def _progress(what: str) -> Iterator[None]:
    """Say on the terminal that work is going on, and take it back when it is done."""
    from rich.console import Console

    with Console(stderr=True).status(f"{what} ..."):
        yield


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


if __name__ == "__main__":
    main()
