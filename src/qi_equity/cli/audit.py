"""The commands of an equity audit: its report, its plan, and the projects that come of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qi_equity.cli.common import app, progress
from qi_equity.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from qi_equity.audit import Audited

PLAN = "plan"
AUDIENCES = ("network", "team")
FORMATS = ("html", "docx", "xlsx", "pptx", "pdf")


@app.command()
def audit(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[plan] AUDIT", help="an audit file (YAML); after `plan` the plan is drafted"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="the folder of the report; of a plan the file, plan.md or plan.docx"),
    ] = None,
    formats: Annotated[
        str, typer.Option("--format", help="html, docx, xlsx, pptx, pdf; several with commas")
    ] = "html",
    pack: Annotated[
        str, typer.Option(help="audit, or board (one page); several with commas")
    ] = "audit,board",
    audience: Annotated[
        str,
        typer.Option(
            "--for", help="network: every count to the nearest 5; team: true counts, not to pass on"
        ),
    ] = "network",
    files: Annotated[
        list[Path] | None,
        typer.Option(help="a folder to look for files in, beside the audit's own; may be repeated"),
    ] = None,
    gaps: Annotated[
        str,
        typer.Option(help="of a plan: INDICATOR:GROUP or INDICATOR:GROUP:PLACE, several with ;"),
    ] = "",
    read: Annotated[
        Path | None, typer.Option(help="read an edited plan back, and say what is still open")
    ] = None,
) -> None:
    """The equity audit of an area: many sources, one register of gaps, a report and a plan."""
    given = list(words or ())
    planning = given[:1] == [PLAN]
    given = given[1:] if planning else given
    if read is not None:
        _read(read)
        return
    if len(given) != 1:
        raise typer.BadParameter("name one audit file: qi-equity audit [plan] AUDIT.yaml")
    path, folders = Path(given[0]), tuple(files or ())
    if planning:
        _plan(path, folders, gaps, out or Path("plan.md"))
        return
    kinds = _chosen("--format", formats, FORMATS)
    _chosen("--for", audience, AUDIENCES)
    found = _audited(path, folders, protected=audience == "network")
    _told(found)
    if out is not None:
        from qi_equity.audit.written import PACKS, write

        for file in write(found, out, kinds, _chosen("--pack", pack, PACKS)):
            typer.echo(f"wrote {file}")


def _audited(path: Path, folders: tuple[Path, ...], *, protected: bool) -> Audited:
    from qi_equity import audit as room

    held = room.load(path, folders)
    with progress(f"Auditing {held.title}"):
        return room.audited(held, (path.parent, *folders), protected=protected)


def _told(found: Audited) -> None:
    """What was found, in the words of the board's page."""
    from qi_equity.audit.pages import board_pages
    from qi_equity.report.parts import Said

    for page in board_pages(found):
        typer.echo(page.title)
        for block in page.blocks:
            if isinstance(block, Said):
                typer.echo(f"\n{block.heading}")
                for line in block.lines:
                    typer.echo(f"  {line}")
        typer.echo(f"\n{page.footer}")


def _plan(path: Path, folders: tuple[Path, ...], gaps: str, target: Path) -> None:
    from qi_equity.audit import plan

    if target.exists():
        raise UserError(f"{target} is already there; choose another name or move it away first")
    found = _audited(path, folders, protected=True)
    asked = [one.strip() for one in gaps.split(";") if one.strip()]
    lines = plan.drafted(found, plan.chosen(found, asked))
    if target.suffix.lower() == ".docx":
        target.write_bytes(plan.as_word(found.audit, lines, str(path)))
    else:
        target.write_text(plan.as_markdown(found.audit, lines, str(path)), encoding="utf-8")
    typer.echo(f"wrote {target}. Next: edit it with those it is for, then run:")
    typer.echo(f"  qi-equity audit plan --read {target}")


def _read(path: Path) -> None:
    from qi_equity import audit as room
    from qi_equity.audit import plan
    from qi_equity.words import say

    lines = plan.read_back(path)
    source = plan.source_of(path)
    if source is not None and source.is_file():
        plan.checked(room.load(source), lines)
    typer.echo(say("audit.plan.read", count=len(lines)))
    typer.echo(f"Next: qi-equity new --from-audit {path}")


def from_plan(path: Path, folder: Path, files: tuple[Path, ...] = ()) -> list[Path]:
    """Write a project file for each line of a plan; refuse to write over one that is there."""
    from qi_equity import audit as room
    from qi_equity import project_file
    from qi_equity.audit import plan, projects

    lines = plan.read_back(path)
    source = plan.source_of(path)
    if source is None:
        raise UserError(f"{path}: does not say which audit it is from; put back: Audit file: FILE")
    audit = room.load(source, files)
    plan.checked(audit, lines)
    texts = dict(projects.project_texts(audit, lines))
    there = [name for name in texts if (folder / f"{name}.yaml").exists()]
    if there:
        raise UserError(f"{folder}: already holds {', '.join(there)}; move them away first")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "project.schema.json").write_text(project_file.schema_shipped(), encoding="utf-8")
    paths = []
    for name, text in texts.items():
        paths.append(folder / f"{name}.yaml")
        paths[-1].write_text(text, encoding="utf-8")
    return paths


def _chosen(option: str, given: str, known: tuple[str, ...]) -> list[str]:
    """The words of an option, each one that there is."""
    asked = [word.strip() for word in given.split(",") if word.strip()]
    for word in asked:
        if word not in known:
            raise UserError(f"{option}: nothing is called '{word}'{did_you_mean(word, known)}")
    return list(dict.fromkeys(asked)) or list(known[:1])
