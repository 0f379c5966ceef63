"""The commands of an equity audit: its report, its plan, and the projects that come of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qi_equity.cli.common import App, progress
from qi_equity.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from qi_equity.audit import Audited

app = App()

PLAN = "plan"
PLANS = (".md", ".docx")
AUDIENCES = ("network", "team")
FORMATS = ("html", "docx", "xlsx", "pptx", "pdf")


# What is given and of no use would be taken for done: true counts asked of a plan, for one.
OPTIONS = {
    "out": "--out", "formats": "--format", "pack": "--pack", "audience": "--for",
    "gaps": "--gaps", "read": "--read",
}  # fmt: skip
UNUSED = {
    "a report": ("gaps", "read"),
    "a plan": ("formats", "pack", "audience"),
    "reading a plan back": ("out", "formats", "pack", "audience", "gaps"),
}


@app.command()
def audit(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="AUDIT", help="an audit file (YAML); after the word plan, the plan is drafted"
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
        typer.Option(help="of a plan: INDICATOR:GROUP, or with :PLACE behind it; several with ;"),
    ] = "",
    read: Annotated[
        Path | None,
        typer.Option(help="of a plan: read it back, hold it against its audit, say what is open"),
    ] = None,
) -> None:
    """The equity audit of an area: many sources, one register of gaps, a report and a plan."""
    given = list(words or ())
    planning = given[:1] == [PLAN]
    given = given[1:] if planning else given
    folders = tuple(files or ())
    asked = "a report" if not planning else "a plan" if read is None else "reading a plan back"
    _all_used(context, asked)
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"--files {folder}: there is no such folder")
    if read is not None and len(given) < 2:
        _read(read, Path(given[0]) if given else None, folders)
        return
    if len(given) > 1 and not Path(given[0]).exists():
        raise UserError(f"{given[0]}: neither an audit file nor the word plan")
    if len(given) != 1:
        raise typer.BadParameter("name one audit file: qi-equity audit [plan] AUDIT.yaml")
    path = Path(given[0])
    if planning:
        _plan(path, folders, gaps, out or Path("plan.md"))
        return
    kinds = _chosen("--format", formats, FORMATS)
    if audience not in AUDIENCES:
        raise UserError(f"--for: nobody is called '{audience}'{did_you_mean(audience, AUDIENCES)}")
    found = _audited(path, folders, protected=audience != "team")
    _told(found)
    if out is not None:
        from qi_equity.audit.written import PACKS, write

        for file in write(found, out, kinds, _chosen("--pack", pack, PACKS)):
            typer.echo(f"wrote {file}")


def _all_used(context: typer.Context, asked: str) -> None:
    """Refuse an option that what is asked for does not use."""
    for name in UNUSED[asked]:
        source = context.get_parameter_source(name)
        if source is not None and source.name != "DEFAULT":
            hint = "; a plan has it: qi-equity audit plan" if asked == "a report" else ""
            raise UserError(f"{OPTIONS[name]} is of no use to {asked}; leave it out{hint}")


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

    if target.suffix.lower() not in PLANS:
        raise UserError(f"--out {target}: a plan is written as {' or '.join(PLANS)}")
    if target.exists():
        raise UserError(f"{target} is already there; choose another name or move it away first")
    found = _audited(path, folders, protected=True)
    # A group's name may hold a semicolon; behind one that parts two gaps stands an indicator.
    asked = [one.strip() for one in re.split(r";\s*(?=[a-z]\w*:|$)", gaps) if one.strip()]
    lines = plan.drafted(found, plan.chosen(found, asked))
    if target.suffix.lower() == ".docx":
        target.write_bytes(plan.as_word(found.audit, lines, str(path)))
    else:
        target.write_text(plan.as_markdown(found.audit, lines, str(path)), encoding="utf-8")
    typer.echo(f"wrote {target}. Next: edit it with those it is for, then run:")
    typer.echo(f"  qi-equity audit plan --read {target}")


def _read(path: Path, named: Path | None, folders: tuple[Path, ...]) -> None:
    from qi_equity import audit as room
    from qi_equity.audit import returned
    from qi_equity.words import say

    lines = returned.read_back(path)
    source = returned.audit_of(path, named)
    returned.checked(room.load(source, folders), lines)
    typer.echo(say("audit.plan.read", count=len(lines), audit=source))
    typer.echo(f"Next: qi-equity new --from-audit {path}")


def from_plan(path: Path, folder: Path, files: tuple[Path, ...] = ()) -> list[Path]:
    """Write a project file for each line of a plan; refuse to write over one that is there."""
    from qi_equity import audit as room
    from qi_equity import project_file
    from qi_equity.audit import projects, returned

    lines = returned.read_back(path)
    audit = room.load(returned.audit_of(path), files)
    returned.checked(audit, lines)
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
