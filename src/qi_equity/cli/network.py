"""Commands on a network's store: serve it, and bring counts in."""

from __future__ import annotations

import getpass
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qi_equity.cli.common import (
    DATABASE,
    Browser,
    Database,
    Port,
    ProjectFile,
    UsersFile,
    account,
    app,
    counted,
)
from qi_equity.errors import UserError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from qi_equity.project import Measure, Project
    from qi_equity.store import Desk, Protect

Why = Annotated[str | None, typer.Option("--reason", help="why, for the history")]


@app.command()
def demo(
    port: Port = 5006,
    browser: Browser = True,
    keep: Annotated[
        Path | None, typer.Option(help="keep the store and the ground truth in this folder")
    ] = None,
    role: Annotated[
        str, typer.Option(help="midwife, facilitator, consultant, lead or board: with its story")
    ] = "everything",
) -> None:
    """An example network of synthetic data, served on this machine only."""
    from qi_equity.app import ending
    from qi_equity.app.filling import filling

    with filling(keep) as made:
        from qi_equity.app import demo as example  # it loads while the store is filled

        kept = keep is not None
        example.run(made, port=port, open_browser=browser, keep=kept, role=role, say=typer.echo)
    ending.gone()


@app.command()
def serve(
    database: Database = DATABASE,
    users: UsersFile = None,
    port: Port = 5006,
    host: Annotated[str, typer.Option(help="the address of this machine to listen at")] = (
        "127.0.0.1"
    ),
    origin: Annotated[
        str | None, typer.Option(help="the address people type, such as qi.trust.example")
    ] = None,
) -> None:
    """The app on your own store, for the people in the users file and nobody else."""
    from qi_equity.app import ending, entrance

    entrance.serve(database, users, host=host, port=port, origin=origin, say=typer.echo)
    ending.gone()


@app.command("import")
def import_(
    project: ProjectFile,
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="counts or birth records")],
    database: Database = DATABASE,
    accept_valid: Annotated[
        bool, typer.Option(help="take the rows that are fit, and list every one refused")
    ] = False,
    reason: Why = None,
) -> None:
    """A table of counts or birth records into the store: what was taken, what refused and why."""
    from qi_equity import project_file
    from qi_equity.sources import keeping, load

    aims = project_file.load(project)
    imported = load(aims, source)
    account(imported)
    known = keeping.kept(aims, imported)
    if known.without:
        typer.echo(
            f"{counted(known.without, 'row')} without a count (left blank, withheld or marked n/a) "
            "not kept: not known, and never zero."
        )
    if not known.counted:
        typer.echo("Nothing could be taken, so there is nothing to keep.", err=True)
        raise typer.Exit(1)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    refused = keeping.refusals(imported)
    with store_of(database, aims, project) as desk:
        typer.echo(
            str(
                desk.import_table(
                    aims.id,
                    known.table,
                    digest,
                    accept_valid=accept_valid,
                    refused=refused,
                    reason=reason,
                )
            )
        )


@app.command()
def log(
    project: ProjectFile,
    site: Annotated[str, typer.Option(help="the site's id")] = "",
    week: Annotated[str, typer.Option(help="the subgroup's first day, such as 2026-01-05")] = "",
    database: Database = DATABASE,
    reason: Why = None,
) -> None:
    """One week's counts from the terminal: numerator/denominator for each measure and stratum."""
    from qi_equity import project_file
    from qi_equity.observations import KEY

    aims = project_file.load(project)
    site = site or (aims.sites[0].id if len(aims.sites) == 1 else typer.prompt("Site"))
    _known_site(aims, site)
    week = week or typer.prompt("Week (its Monday, as 2026-01-05)")
    _begins(aims, week)
    with store_of(database, aims, project) as desk:
        there = desk.observations(aims.id)
        rows = []
        typer.echo("Write numerator/denominator, such as 2/17; press Enter to leave one out.")
        for measure in aims.measures:
            typer.echo(f"\n{measure.name}")
            for group in aims.strata.cells:
                key = (measure.id, site, group.name)
                before = there[(there[KEY[:3]] == list(key)).all(axis=1)] if len(there) else there
                last = _last(before)
                typed = typer.prompt(f"  {group.name}{last}", default="", show_default=False)
                if typed.strip():
                    rows.append(dict(zip(KEY, (*key, week), strict=True)) | _counts(typed, measure))
        if not rows:
            raise UserError("nothing was typed, so nothing was saved")
        rows = [_with_revision(row, there) for row in rows]
        saved = desk.log(aims.id, rows, reason=reason)
    typer.echo(f"Saved {counted(saved.written, 'count')}, {saved.corrected} of them corrections.")


@contextmanager
def store_of(
    database: str, project: Project, path: Path, protect: Protect | None = None
) -> Iterator[Desk]:
    """The store with this project in it, as its file now reads."""
    from qi_equity import store

    text = path.read_text(encoding="utf-8")
    opened = store.open(database, protect=protect)
    try:
        desk = opened.as_user(store.User(getpass.getuser(), "admin"), origin="cli")
        if project.id not in desk.projects():
            desk.save_project(project, text)
        else:
            kept = desk.project_file(project.id)
            if kept.content != text:
                desk.save_project(project, text, reason="the project file", seen=kept.revision)
        told = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        desk.note_file(store.Act.PROJECT_FILE, path, told, project.id)
        yield desk
    finally:
        opened.close()


def _known_site(project: Project, site: str) -> None:
    """Refuse a site that the project does not name, before anything is typed of it."""
    known = [one.id for one in project.sites]
    if site not in known:
        raise UserError(f"no site of this project is called '{site}'{did_you_mean(site, known)}")


def _begins(project: Project, week: str) -> None:
    """Refuse a day on which nothing that is logged begins, before anything is typed of it."""
    import pandas as pd

    from qi_equity.sources import calendar

    try:
        day = pd.Timestamp(date.fromisoformat(week.strip()))
    except ValueError:
        raise UserError(f"'{week}' is not a day; write it as 2026-01-05") from None
    if day > pd.Timestamp.today():
        raise UserError(f"{week} has not come yet: check its year")
    periods = dict.fromkeys(measure.subgroup for measure in project.measures)
    begins = {one: calendar.floor(pd.Series([day]), one)[0] for one in periods}
    if day not in begins.values():
        first = "; ".join(
            f"the {one} it is in begins on {at:%Y-%m-%d}" for one, at in begins.items()
        )
        raise UserError(f"{week} is a {day:%A}: {first}")


def _counts(typed: str, measure: Measure) -> dict[str, object]:
    """Counts as typed: 2/17, or one number where there is no denominator."""
    from qi_equity.sources.typed import number

    parts = [part.strip() for part in typed.split("/")]
    names = ["value"]
    if measure.data not in ("continuous", "time between", "cases between"):
        names = ["numerator"] if measure.denominator is None else ["numerator", "denominator"]
    if len(parts) != len(names):
        shape = "one number" if len(names) == 1 else "numerator/denominator, such as 2/17"
        raise UserError(f"'{typed}' is not {shape}; nothing was saved")
    try:
        return {name: number(part, name, measure) for name, part in zip(names, parts, strict=True)}
    except ValueError as wrong:
        raise UserError(f"{wrong}; nothing was saved") from wrong


def _last(before: pd.DataFrame) -> str:
    import pandas as pd

    if before.empty:
        return ""
    row = before.sort_values("subgroup").iloc[-1]
    told = [
        f"{row[name]:g}" for name in ("numerator", "denominator", "value") if pd.notna(row[name])
    ]
    return f" (last, {row['subgroup']:%Y-%m-%d}: {'/'.join(told) or 'nothing'})"


def _with_revision(row: dict[str, object], there: pd.DataFrame) -> dict[str, object]:
    """The row with the revision it was read from, so that nobody's newer save is covered."""
    import pandas as pd

    same = (
        (there["measure"] == row["measure"])
        & (there["site"] == row["site"])
        & (there["stratum"] == row["stratum"])
        & (there["subgroup"] == pd.to_datetime(str(row["subgroup"]), errors="coerce"))
    )
    found = there.loc[same, "revision"]
    return row | {"revision": int(found.iloc[0]) if len(found) else 0}
