"""The counts of one week from the terminal: what cannot be kept is said, and asked again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from qi_equity.cli.common import DATABASE, App, Database, ProjectFile, counted, day
from qi_equity.cli.network import Why, store_of
from qi_equity.errors import UserError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from qi_equity.project import Measure, Project
    from qi_equity.store import Desk, Saved

app = App()

Answer = TypeVar("Answer")
Row = dict[str, object]

HOW = "Write numerator/denominator, such as 2/17; press Enter to leave one out."


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

    aims = project_file.load(project)
    site = _site(aims, site)
    week = _week(aims, week)
    with store_of(database, aims, project) as desk:
        typer.echo(HOW)
        try:
            rows = list(_asked(desk, aims, site, week))
            if not rows:
                raise UserError("nothing was typed, so nothing was saved")
            saved = _saved(desk, aims, rows, reason)
        except typer.Abort:
            typer.echo("\nNothing was saved.", err=True)
            raise
    typer.echo(f"Saved {counted(saved.written, 'count')}, {saved.corrected} of them corrections.")


def _until_right(ask: Callable[[], str], read: Callable[[str], Answer]) -> Answer:
    """An answer as it is read: asked for again on a terminal until it can be.

    Of a file of answers the next line is the answer to the next question, so nothing is asked
    again: a count would be taken for another group's.
    """
    while True:
        try:
            return read(ask().strip())
        except UserError as wrong:
            if not sys.stdin.isatty():
                raise UserError(f"{wrong}; nothing was saved") from wrong
            typer.echo(f"  {wrong}. Once more:")


def _site(project: Project, given: str) -> str:
    known = [one.id for one in project.sites]

    def read(site: str) -> str:
        if site not in known:
            raise UserError(
                f"no site of this project is called '{site}'{did_you_mean(site, known)}"
            )
        return site

    if given or len(known) == 1:
        return read(given or known[0])
    return _until_right(lambda: str(typer.prompt("Site")), read)


def _week(project: Project, given: str) -> str:
    def read(week: str) -> str:
        _begins(project, week)
        return week

    if given:
        return read(given.strip())
    periods = " or ".join(dict.fromkeys(measure.subgroup for measure in project.measures))
    return _until_right(
        lambda: str(typer.prompt(f"First day of the {periods} (as 2026-01-05)")), read
    )


def _begins(project: Project, week: str) -> None:
    """Refuse a day on which nothing that is logged begins, before anything is typed of it."""
    import pandas as pd

    from qi_equity.sources import calendar

    first_day = pd.Timestamp(day(week))
    if first_day > pd.Timestamp.today():
        raise UserError(f"{week} has not come yet: check its year")
    periods = dict.fromkeys(measure.subgroup for measure in project.measures)
    begins = {one: calendar.floor(pd.Series([first_day]), one)[0] for one in periods}
    if first_day not in begins.values():
        first = "; ".join(
            f"the {one} it is in begins on {at:%Y-%m-%d}" for one, at in begins.items()
        )
        raise UserError(f"{week} is a {first_day:%A}: {first}")


def _asked(desk: Desk, project: Project, site: str, week: str) -> Iterator[Row]:
    """What is typed for each measure and group, as rows that the store will take."""
    import pandas as pd

    from qi_equity.observations import KEY
    from qi_equity.sources import calendar

    there = desk.observations(project.id)
    begins = pd.Timestamp(week)
    for measure in project.measures:
        if calendar.floor(pd.Series([begins]), measure.subgroup)[0] != begins:
            continue  # of this measure nothing begins on that day
        typer.echo(f"\n{measure.name}")
        for group in project.strata.cells:
            key = (measure.id, site, group.name)
            before = there[(there[KEY[:3]] == list(key)).all(axis=1)] if len(there) else there
            row = _seen(dict(zip(KEY, (*key, week), strict=True)), there)
            question = f"  {group.name}{_last(before, begins)}"

            def ask(question: str = question) -> str:
                return str(typer.prompt(question, default="", show_default=False))

            def read(typed: str, measure: Measure = measure, row: Row = row) -> Row | None:
                return _fit(project, row | _counts(typed, measure), typed) if typed else None

            if found := _until_right(ask, read):
                yield found


def _counts(typed: str, measure: Measure) -> Row:
    """Counts as typed: 2/17, or one number where there is no denominator."""
    from qi_equity.sources.typed import number

    parts = [part.strip() for part in typed.split("/")]
    names = ["value"]
    if measure.data not in ("continuous", "time between", "cases between"):
        names = ["numerator"] if measure.denominator is None else ["numerator", "denominator"]
    if len(parts) != len(names):
        shape = "one number" if len(names) == 1 else "numerator/denominator, such as 2/17"
        raise UserError(f"'{typed}' is not {shape}")
    try:
        return {name: number(part, name, measure) for name, part in zip(names, parts, strict=True)}
    except ValueError as wrong:
        raise UserError(str(wrong)) from wrong


def _fit(project: Project, row: Row, typed: str) -> Row:
    """The row, if the store would keep it; it is asked here so that nothing typed is lost."""
    from qi_equity.observations import KEY
    from qi_equity.store.intake import checked, key_of, named, ready

    table, _ = checked([row])
    fit = ready(project, table, frozenset({str(row["site"])}), typed=True)
    for refused in fit.refused:
        where = f"{named(key_of(*(row[name] for name in KEY)))}: "
        raise UserError(f"'{typed}': {refused.removeprefix(where)}")
    return row


def _last(before: pd.DataFrame, begins: pd.Timestamp) -> str:
    """What stands in this week or, if nothing does, in the last week that was logged."""
    import pandas as pd

    if before.empty:
        return ""
    same = before[before["subgroup"] == begins]
    row = same.iloc[-1] if len(same) else before.sort_values("subgroup").iloc[-1]
    told = [
        f"{row[name]:g}" for name in ("numerator", "denominator", "value") if pd.notna(row[name])
    ]
    when = "now" if len(same) else f"last, {row['subgroup']:%Y-%m-%d}"
    return f" ({when}: {'/'.join(told) or 'nothing'})"


def _saved(desk: Desk, project: Project, rows: list[Row], reason: str | None) -> Saved:
    """Kept; on a terminal a correction's reason is asked for, and what to do about a clash."""
    from qi_equity.store.refusals import Conflict, Unexplained

    while True:
        try:
            return desk.log(project.id, rows, reason=reason)
        except Unexplained:
            if not sys.stdin.isatty():
                raise UserError(
                    "this corrects what was logged before: say why with --reason"
                ) from None
            reason = str(typer.prompt("\nThis corrects what was logged before. Why"))
        except Conflict as newer:
            if not sys.stdin.isatty():
                raise
            typer.echo(f"\n{newer}\n")
            if not typer.confirm("Save yours in their place?"):
                raise typer.Abort from newer
            there = desk.observations(project.id)
            rows = [_seen(row, there) for row in rows]


def _seen(row: Row, there: pd.DataFrame) -> Row:
    """The row with the revision that now stands: its writer has seen it."""
    import pandas as pd

    from qi_equity.observations import KEY

    key = [*(row[name] for name in KEY[:3]), pd.Timestamp(str(row["subgroup"]))]
    same = there.loc[(there[KEY] == key).all(axis=1), "revision"]
    return row | {"revision": int(same.iloc[0]) if len(same) else 0}
