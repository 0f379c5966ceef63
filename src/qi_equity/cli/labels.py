"""The command that shows a file's labels with their groups, and writes a mapping when asked."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qi_equity.cli.common import App, ProjectFile, counted
from qi_equity.errors import ProjectErrors, UserError, did_you_mean

if TYPE_CHECKING:
    from qi_equity.project import Project
    from qi_equity.sources.proposed import Labelled

app = App()


@app.command()
def labels(
    project: ProjectFile,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="counts or records; none: the project's")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="write the proposed groups into the project file")
    ] = False,
    given: Annotated[
        list[str] | None,
        typer.Option("--set", help="LABEL=GROUP, instead of a proposal; may be given again"),
    ] = None,
) -> None:
    """Every label of a file with its count and group; --write maps those without one."""
    from qi_equity import project_file
    from qi_equity.project_file.edited import with_labels
    from qi_equity.sources import load
    from qi_equity.sources.proposed import labelled

    aims = project_file.load(project)
    found = labelled(aims.strata, load(aims, file, base=project.parent))
    for line in _table(found):
        typer.echo(line)
    chosen: dict[str, str | None] = {one.label: one.proposed for one in found if one.proposed}
    chosen |= _chosen(given or (), aims)
    missing = [one.label for one in found if one.group is None and one.label not in chosen]
    if missing:
        typer.echo(
            f"No group is proposed for: {', '.join(missing)}. Say it with --set LABEL=GROUP."
        )
    mapping = {label: group for label, group in chosen.items() if group and label}
    if not mapping:
        return
    if not write:
        typer.echo("Nothing was written. To write these groups into the project file: --write")
        return
    text = with_labels(project.read_text(encoding="utf-8"), mapping)
    _replaced(project, text)
    typer.echo(f"Wrote {counted(len(mapping), 'label')} into {project}, below strata.labels.")


def _table(found: Iterable[Labelled]) -> Iterable[str]:
    for one in found:
        group = one.group or (f"{one.proposed} (proposed)" if one.proposed else "no group")
        kept = "" if one.status == "stated" or one.group is None else f", {one.status}"
        yield f"{one.count:>9,}  {one.label or '(empty)'}: {group}{kept}"


def _chosen(given: Iterable[str], aims: Project) -> dict[str, str]:
    names = [group.name for group in aims.strata.groups]
    chosen: dict[str, str] = {}
    for one in given:
        label, _, group = (part.strip() for part in one.rpartition("="))
        if not label:
            raise UserError(f"--set {one}: write LABEL=GROUP; groups: {', '.join(names)}")
        if group not in names:
            raise UserError(
                f"--set {one}: no group is called '{group}'{did_you_mean(group, names)}"
            )
        chosen[label] = group
    return chosen


def _replaced(project: Path, text: str) -> None:
    """The file in one step, and only where what is written can be read."""
    from tempfile import TemporaryDirectory

    from qi_equity import project_file

    with TemporaryDirectory(dir=project.parent, prefix=".labels-") as folder:
        draft = Path(folder) / project.name
        draft.write_text(text, encoding="utf-8")
        problems = project_file.check(draft)
        if problems:
            raise ProjectErrors(problems)
        shutil.copymode(project, draft)
        draft.replace(project)
