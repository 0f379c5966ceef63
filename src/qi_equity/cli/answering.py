"""Commands on what a signal asks of people: open a response, remind, close it; whom a team met."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qi_equity.cli.common import DATABASE, App, Database, ProjectFile, day, progress, there, told
from qi_equity.cli.network import Why, store_of
from qi_equity.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from qi_equity.network.responding import Signal
    from qi_equity.project import Project
    from qi_equity.store import Desk
    from qi_equity.store.entries import Response

app = App()

LOWEST, HIGHEST = 0.5, 5.0  # of the improvement scale, which goes in halves


@app.command()
def respond(
    project: ProjectFile,
    database: Database = DATABASE,
    open_: Annotated[
        bool, typer.Option("--open", help="open a response to every signal that has none")
    ] = False,
    owner: Annotated[str, typer.Option(help="with --open: who looks into it")] = "",
    close: Annotated[str, typer.Option(help="the key of a response that is answered")] = "",
    outcome: Annotated[
        str, typer.Option(help="with --close: action, cycle, examined or recording")
    ] = "",
    found: Annotated[str, typer.Option(help="with --close: what was found, in words")] = "",
    evidence: Annotated[str, typer.Option(help="with --close: where it is written down")] = "",
    remind: Annotated[
        bool, typer.Option("--remind", help="tell whoever the settings name of what is due")
    ] = False,
    calendar: Annotated[
        Path | None, typer.Option(help="write the days that answers are due as a calendar (.ics)")
    ] = None,
    reason: Why = None,
) -> None:
    """What is established and asks for an answer, by when, and how each answer stands."""
    from qi_equity import project_file
    from qi_equity.store.entries import Response
    from qi_equity.words import say
    from qi_equity.words.responses import OUTCOMES, responses_lines

    if open_ and not owner.strip():
        raise UserError(say("responses.need_owner"))
    if close and not (outcome and found.strip()):
        raise UserError(say("responses.need_words"))
    if outcome and outcome not in OUTCOMES:
        raise UserError(f"--outcome: no '{outcome}'{did_you_mean(outcome, OUTCOMES)}")
    aims, today = project_file.load(project), date.today()
    there(database)
    with store_of(database, aims, project) as desk:
        if close:
            _close(desk, aims, close, outcome, found, evidence, reason)
        waiting = _waiting(desk, aims, today)
        if open_:
            _open(desk, aims, waiting, owner.strip(), today)
            waiting = ()
        kept = {key: one.content for key, one in desk.entries(aims.id, Response).items()}
    told(responses_lines(aims, waiting, kept, today))
    if calendar is not None:
        from qi_equity.reminders import calendar_of

        calendar.write_bytes(calendar_of(aims, kept))
        typer.echo(f"wrote {calendar}")
    if remind:
        _remind(aims, kept, today)


def _waiting(desk: Desk, aims: Project, today: date) -> tuple[Signal, ...]:
    """Signals without a response; a charted store is judged for them, once."""
    from qi_equity.analyse import analyse
    from qi_equity.network.responding import signals, unanswered
    from qi_equity.store.entries import Response

    table = desk.observations(aims.id)
    if table.empty:
        return ()
    with progress(f"Looking at what is established in {aims.title}"):
        findings = analyse(desk.project(aims.id), table.drop(columns="revision"))
    kept = desk.entries(aims.id, Response)
    return unanswered(signals(findings, today), (one.content for one in kept.values()))


def _open(desk: Desk, aims: Project, waiting: Iterable[Signal], owner: str, today: date) -> None:
    from qi_equity.network.responding import opened
    from qi_equity.words import numbers, say
    from qi_equity.words.responses import where_words

    for signal in waiting:
        one = opened(aims, signal, owner, today)
        desk.write(aims.id, one)
        where = where_words(one.about, aims)
        typer.echo(say("responses.opened", where=where, owner=owner, due=numbers.day(one.due)))


def _close(
    desk: Desk, aims: Project, key: str, outcome: str, found: str, evidence: str, why: str | None
) -> None:
    from qi_equity.network.responding import closed
    from qi_equity.store.entries import Response
    from qi_equity.words import say
    from qi_equity.words.responses import where_words

    kept = desk.entries(aims.id, Response)
    if not kept:
        raise UserError(f"there is no response to close in {aims.title}; --open opens one")
    if key not in kept:
        raise UserError(say("responses.no_such", key=key, keys=", ".join(kept)))
    one = kept[key].content
    if one.closed is not None:
        raise UserError(say("responses.closed_already", key=key))
    answer = closed(one, outcome, found, evidence, date.today())
    desk.write(aims.id, answer, key=key, reason=why, seen=kept[key].revision)
    where = where_words(one.about, aims)
    typer.echo(say("responses.closed", where=where, outcome=say(f"responses.outcome.{outcome}")))


def _remind(aims: Project, kept: Mapping[str, Response], today: date) -> None:
    """Tell of what is overdue or due soon: places, names and days, and never a count."""
    from qi_equity.mail import settings
    from qi_equity.reminders import SOON, due_soon, remind
    from qi_equity.words import say

    asked = settings(os.environ)
    due = due_soon(aims, kept, today)
    owned = asked.smtp and any(one.email for one in due.values())
    if not (asked.to or asked.webhook or owned):
        raise UserError(say("responses.nobody_to_tell"))
    if not due:
        typer.echo(say("responses.nothing_due", days=SOON))
        return
    failed = remind(asked, aims, due, today)
    for line in failed:
        typer.echo(line, err=True)
    if failed:
        raise typer.Exit(1)
    typer.echo(say("responses.reminded", count=len(due)))


@app.command()
def engaged(
    project: ProjectFile,
    database: Database = DATABASE,
    when: Annotated[date | None, typer.Option("--day", parser=day, help="when")] = None,
    met: Annotated[str, typer.Option(help="who was met: a group and how many, no names")] = "",
    where: Annotated[str, typer.Option(help="where")] = "",
    said: Annotated[str, typer.Option(help="what they asked for")] = "",
    did: Annotated[str, typer.Option(help="what changed since")] = "",
    measure: Annotated[str, typer.Option(help="the measure that would show it")] = "",
    site: Annotated[str, typer.Option(help="the site's id; none: the network")] = "",
) -> None:
    """You said, we did: write down whom a team met; without --said, all that is written down."""
    from qi_equity import project_file
    from qi_equity.store.entries import Engagement
    from qi_equity.words import say
    from qi_equity.words.responses import met_lines

    aims = project_file.load(project)
    for name, given, known in (
        ("--measure", measure, [one.id for one in aims.measures]),
        ("--site", site, [one.id for one in aims.sites]),
    ):
        if given and given not in known:
            raise UserError(f"{name}: nothing is called '{given}'{did_you_mean(given, known)}")
    with store_of(database, aims, project) as desk:
        if said:
            if when is None or not (met and where):
                raise UserError("--said needs --day, --met and --where: when, whom and where")
            one = Engagement(
                day=when, met=met, where=where, said=said, did=did or None,
                measure=measure or None, sites=(site,) if site else (),
            )  # fmt: skip
            desk.write(aims.id, one)
            typer.echo(say("responses.kept"))
        kept = [one.content for one in desk.entries(aims.id, Engagement).values()]
    told(met_lines(aims, kept))


@app.command("progress")
def progress_(
    project: ProjectFile,
    database: Database = DATABASE,
    score: Annotated[float, typer.Option(help="your own score, 0.5 to 5.0")] = 0.0,
    why: Annotated[str, typer.Option(help="with --score: why")] = "",
    by: Annotated[str, typer.Option(help="with --score: team, or adviser")] = "team",
) -> None:
    """How far a team has come on the improvement scale: by its data, and by what people say."""
    from qi_equity import project_file
    from qi_equity.analyse import analyse
    from qi_equity.network.progress import progress as proposed
    from qi_equity.store.entries import Assessment
    from qi_equity.words.progress import progress_lines

    if score and not why.strip():
        raise UserError("--score needs --why: a number alone starts no conversation")
    if by not in ("team", "adviser"):
        raise UserError("--by is team or adviser")
    if score and (not LOWEST <= score <= HIGHEST or score % LOWEST):
        raise UserError(f"--score is from {LOWEST} to {HIGHEST}, in halves")
    aims, today = project_file.load(project), date.today()
    with store_of(database, aims, project) as desk:
        if score:
            desk.write(aims.id, Assessment(day=today, score=score, by=by, why=why))  # type: ignore[arg-type]
        kept = [one.content for one in desk.entries(aims.id, Assessment).values()]
        with progress(f"Looking at how far {aims.title} has come"):
            table = desk.observations(aims.id).drop(columns="revision")
            findings = analyse(desk.project(aims.id), table)
    told(progress_lines(aims, proposed(findings, today), kept))


@app.command()
def principles(
    project: ProjectFile,
    database: Database = DATABASE,
    of: Annotated[int, typer.Option(help="the number of the principle that is answered")] = 0,
    answer: Annotated[str, typer.Option(help="with --of: what this session says")] = "",
    since: Annotated[
        date | None, typer.Option(parser=day, help="the session's day; none: today")
    ] = None,
) -> None:
    """The anti-racism principles, asked again at each session: what waits, and what was said."""
    from qi_equity import project_file
    from qi_equity.network.principles import answered, asked_again
    from qi_equity.store.entries import SessionNote
    from qi_equity.words import say
    from qi_equity.words.principles import principles_lines, principles_title

    aims, session = project_file.load(project), since or date.today()
    if bool(of) != bool(answer.strip()) or not 0 <= of <= len(aims.principles):
        raise UserError(say("principles.no_such", count=len(aims.principles)))
    with store_of(database, aims, project) as desk:
        if of:
            desk.write(aims.id, answered(aims.principles[of - 1].prompt, answer, date.today()))
        notes = [one.content for one in desk.entries(aims.id, SessionNote).values()]
    found = asked_again(aims, notes, session)
    told([principles_title(found), *principles_lines(found)])
