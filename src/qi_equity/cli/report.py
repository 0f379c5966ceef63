"""The command that makes packs for a meeting: slides, workbook, page, paper, prose."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qi_equity.cli.common import (
    DATABASE,
    App,
    Database,
    DataFile,
    ProjectFile,
    account,
    counted,
    digest,
    progress,
)
from qi_equity.errors import UserError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from qi_equity.findings import Findings
    from qi_equity.project import Project
    from qi_equity.report import Provenance

app = App()

AUDIENCES = ("network", "team")
NO_RELEASE = (
    "{database} holds no release of '{project}', so there is nothing for the network yet; make one "
    "with: qi-equity release PROJECT --approve, or report to the team with --for team"
)
RELEASED = (
    "Careful: {database} holds {released} of this project, and this pack is of none of them. "
    "Whoever has both can compare them and may work small counts out. To make it of what the "
    "network saw last: --database {database}"
)
ANOTHER = (
    "Careful: {folder} held an earlier pack that was not the same. If that one went out, whoever "
    "has both can compare them and may work small counts out. Packs that go out again and again "
    "are best made of a store's releases: qi-equity release, then report with --database."
)


@app.command()
def report(
    project: ProjectFile,
    data: DataFile = None,
    pack: Annotated[
        str, typer.Option(help="session, project, board or annual; several with commas")
    ] = "project",
    formats: Annotated[
        str, typer.Option("--format", help="pptx, xlsx, html, pdf, docx; several with commas")
    ] = "pptx",
    out: Annotated[Path, typer.Option(help="the folder to write to")] = Path("report"),
    audience: Annotated[
        str,
        typer.Option(
            "--for", help="network: small numbers protected; team: true counts, not to be passed on"
        ),
    ] = "network",
    database: Database = "",
    site: Annotated[str, typer.Option(help="one site's pages, by its id; none: all sites")] = "",
    template: Annotated[
        Path | None, typer.Option(help="the trust's own PowerPoint template (.potx or .pptx)")
    ] = None,
) -> None:
    """Packs for a meeting, ready to send round: the same findings give the same files."""
    from qi_equity import crossed, project_file
    from qi_equity import report as room

    packs = _chosen("--pack", pack, list(room.PACKS))
    kinds = _chosen("--format", formats, list(room.FORMATS))
    _chosen("--for", audience, AUDIENCES)
    aims = project_file.load(project)
    if site and site not in [one.id for one in aims.sites]:
        ways = did_you_mean(site, [one.id for one in aims.sites])
        raise UserError(f"--site: the project has no site '{site}'{ways}")
    observations = _observations(aims, project, data, audience, database)
    # The groups of both dimensions together stay with the team.
    entries = written(database, aims, audience)
    alone = audience == "network" and not database  # of a release made here and kept nowhere
    if alone:
        _say_what_went_out(aims)
    another = False
    parts = crossed.parts(aims) if audience == "team" else crossed.margins(aims)
    for part in parts:
        found, provenance = _findings(aims, part, observations, audience, database)
        folder = out / part.id if len(parts) > 1 else out
        for name in packs:
            before = _held(folder.glob(f"{found.project.id}-{name}.*"))
            with progress(f"Making the {name} pack"):
                paths = room.write(
                    found, folder, pack=name, formats=kinds, site=site, provenance=provenance,
                    template=template, **entries,
                )  # fmt: skip
            for path in paths:
                typer.echo(f"wrote {path}")
            another |= any(before.get(path, now) != now for path, now in _held(paths).items())
    if alone and another:
        typer.echo(ANOTHER.format(folder=out), err=True)


def _observations(
    aims: Project, project: Path, data: Path | None, audience: str, database: str
) -> pd.DataFrame:
    """The counts of the file; none where a release is told; the store's, where no file is known."""
    from qi_equity.cli.safekeeping import admin
    from qi_equity.observations import observations
    from qi_equity.sources import load

    if database and data is None and audience == "network":
        return observations([])
    if database and data is None and aims.data is None:
        with admin(database) as desk:
            return desk.observations(aims.id)
    imported = load(aims, data, base=project.parent)
    account(imported)
    return imported.observations


def _held(paths: Iterable[Path]) -> dict[Path, str]:
    """Files, each with the digest of what it holds."""
    return {one: digest(one) for one in paths if one.is_file()}


def _say_what_went_out(aims: Project) -> None:
    """Warn where the store of this folder, which was not named, let releases go out."""
    from qi_equity.cli.safekeeping import admin

    if not Path(DATABASE).is_file():
        return
    with admin(DATABASE) as desk:
        out = desk.releases(aims.id) if aims.id in desk.projects() else ()
    if out:
        released = counted(len(out), "release")
        typer.echo(RELEASED.format(database=DATABASE, released=released), err=True)


def _findings(
    aims: Project, part: Project, observations: pd.DataFrame, audience: str, database: str
) -> tuple[Findings, Provenance]:
    """What the audience may see, and how a page says so.

    The network sees the store's last release where a store is named; else one made here and kept
    nowhere, which no earlier one was reckoned with for.
    """
    from qi_equity import crossed
    from qi_equity.analyse import analyse
    from qi_equity.disclosure import release
    from qi_equity.report import Provenance

    with progress(f"Analysing {part.title}"):
        if audience == "team":
            counts = crossed.counts(aims, part, observations)
            return analyse(part, counts), Provenance(team=True)
        name = "" if part is aims else part.id
        if database:
            found = last_release(database, aims, name)
            if found is None:
                raise UserError(NO_RELEASE.format(database=database, project=aims.id))
            return found
        return release(aims, observations, part=name), Provenance(policy=aims.disclosure.policy)


def last_release(database: str, aims: Project, part: str) -> tuple[Findings, Provenance] | None:
    """The last release of a store, with the project as it was when that was made, if there is one.

    The release of a new month is made first.
    """
    import pandas as pd

    from qi_equity.cli.safekeeping import admin
    from qi_equity.disclosure import Releases
    from qi_equity.report import Provenance

    with admin(database, Releases()) as desk:
        known = aims.id in desk.projects()
        found = desk.protected(part or aims.id) if known else None
        log = desk.releases(aims.id) if known else ()
    if found is None:
        return None
    last = next(one for one in reversed(log) if not one.withdrawn)
    policy = str(last.record["policy"]["name"])
    return found, Provenance(number=last.number, date=pd.Timestamp(last.day), policy=policy)


def written(database: str, aims: Project, audience: str) -> dict[str, Any]:
    """What sessions wrote down, from the store where one is named; for the network what it may see.

    Words can hold counts: those of a site go to others once the site shares its counts.
    """
    if not database:
        return {}
    from qi_equity.cli.safekeeping import admin
    from qi_equity.store.rounds import written_down

    with admin(database) as desk:
        if aims.id not in desk.projects():
            return {}
        return written_down(desk, aims.id, network=audience == "network")


def _chosen(option: str, given: str, known: list[str] | tuple[str, ...]) -> list[str]:
    """The words of an option, each one that there is."""
    words = [word.strip() for word in given.split(",") if word.strip()]
    for word in words:
        if word not in known:
            raise UserError(f"{option}: nothing is called '{word}'{did_you_mean(word, known)}")
    if not words:
        raise UserError(f"{option}: choose from {', '.join(known)}")
    return list(dict.fromkeys(words))
