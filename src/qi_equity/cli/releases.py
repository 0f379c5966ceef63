"""Releases to the network: checked by a person before they go out, approved, withdrawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qi_equity.cli.common import DATABASE, Database, app
from qi_equity.cli.network import Why, store_of
from qi_equity.cli.safekeeping import admin
from qi_equity.errors import UserError

if TYPE_CHECKING:
    from qi_equity.project import Project
    from qi_equity.store import Desk, Logged

WITHDRAW = "withdraw"


@app.command()
def release(
    what: Annotated[
        str, typer.Argument(metavar="PROJECT", help="a project file (YAML), or the word withdraw")
    ],
    number: Annotated[
        int | None, typer.Argument(help="with withdraw: the number of the release", min=1)
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="what the next release would hold; nothing goes out")
    ] = False,
    approve: Annotated[
        bool, typer.Option("--approve", help="let it go out: the network sees it from then on")
    ] = False,
    project: Annotated[
        str, typer.Option(help="with withdraw: the project's id, if there are several")
    ] = "",
    database: Database = DATABASE,
    reason: Why = None,
) -> None:
    """What the network sees: the releases so far, the next one to check, approve or withdraw."""
    from qi_equity import project_file
    from qi_equity.words import say

    if what == WITHDRAW:
        _withdraw(database, project, number, reason)
        return
    if number is not None or (check and approve):
        raise UserError("give a project file with --check or --approve, or: withdraw NUMBER")
    path = Path(what)
    aims = project_file.load(path)
    with store_of(database, aims, path, protect=_policy()) as desk:
        before = desk.releases(aims.id)
        if not (check or approve):
            for one in before:
                typer.echo(_line(one))
            if not before:
                typer.echo(say("release.nothing"))
            return
        made = desk.release(aims.id, reason or "", keep=approve)
    if made is None:
        raise UserError(say("release.nothing_logged"))
    for line in told(made, aims, len(before), out=approve):
        typer.echo(line)
    if not approve:
        typer.echo(say("release.check.not_out"))


def _withdraw(database: str, project: str, number: int | None, reason: str | None) -> None:
    from qi_equity.words import say

    if number is None:
        raise UserError("say which: qi-equity release withdraw NUMBER --reason WHY")
    with admin(database) as desk:
        found = desk.withdraw(_only(desk, project), number, reason or "")
    typer.echo(say("release.taken_back", number=found.number))


def _only(desk: Desk, project: str) -> str:
    known = desk.projects()
    if project and project in known:
        return project
    if project or len(known) != 1:
        raise UserError(f"say which project with --project: {', '.join(known) or 'there is none'}")
    return known[0]


def _policy() -> Any:
    from qi_equity.disclosure import Releases

    return Releases()


def _line(one: Logged) -> str:
    from qi_equity.words import say

    state = ""
    if one.withdrawn:
        state = f" ({say('release.withdrawn', who=one.withdrawn_by, why=one.withdrawn)})"
    return f"{one.number}: {one.day}, {one.who}, {say('release.counts_to')} {one.counts_to}{state}"


def told(made: Logged, project: Project, before: int, *, out: bool) -> Iterator[str]:
    """What a person looks at before a release goes out: what is in it, what is not, and why."""
    from qi_equity.words import say
    from qi_equity.words.numbers import day

    record = made.record
    verb = "is" if out else "would"
    yield say(f"release.check.{verb}", number=made.number, project=project.title)
    yield "  " + say(
        "release.check.policy",
        policy=record["policy"]["name"],
        sites=", ".join(record["sites"]),
        to=day(date.fromisoformat(record["counts_to"])),
    )
    series = [(one, row) for part in record["parts"].values() for one in part["measures"]
              for row in one["series"]]  # fmt: skip
    yield "  " + say("release.check.series", count=len(series))
    small = sum("*" in row["numerator"] + row.get("denominator", []) for _, row in series)
    yield "  " + say("release.check.small", count=small)
    for name, widths in _widths(series).items():
        shown = ", ".join(f"{width} ({many})" for width, many in sorted(widths.items()))
        yield "  " + say("release.check.wide", measure=name, widths=shown)
    if record["withheld"]:
        yield "  " + say("release.check.withheld", count=len(record["withheld"]))
        for measure, site, stratum, why in record["withheld"]:
            because = say(f"release.why.{why}")
            yield "    " + say(
                "release.check.line", measure=measure, site=site, stratum=stratum, why=because
            )
    else:
        yield "  " + say("release.check.nothing_withheld")
    yield "  " + say(f"release.check.{'relations' if record['relations'] else 'no_relation'}")
    for keys, declared in record["relations"]:
        whole, *parts = (f"{count} of {measure}" for measure, count in keys)
        kind = "declared" if declared else "seen"
        yield "    " + say(f"release.check.{kind}", relation=f"{whole} = {' + '.join(parts)}")
    if before:
        yield "  " + say("release.check.earlier", count=before)
    yield "  " + say("release.check.hash", hash=record["content"])


def _widths(series: list[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> dict[str, Counter[int]]:
    """Of each measure, how many series are told on how wide points."""
    found: dict[str, Counter[int]] = {}
    for one, row in series:
        starts = [*one["blocks"][row["rung"]], len(one["subgroups"])]
        sizes = sorted(after - at for at, after in pairwise(starts))
        found.setdefault(one["measure"], Counter())[sizes[len(sizes) // 2]] += 1
    return found
