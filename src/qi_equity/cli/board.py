"""The command on what a board asks: thirteen questions on race equality data, figure or hole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qi_equity.cli.common import Database, DataFile, ProjectFile, account, app, told
from qi_equity.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from qi_equity.project import Project
    from qi_equity.store.entries import Engagement, Response


@app.command()
def board(
    project: ProjectFile,
    workforce: Annotated[
        Path | None, typer.Option(help="the table of the Workforce Race Equality Standard")
    ] = None,
    people: Annotated[
        Path | None, typer.Option(help="a row for each theme a person raised: person, group, theme")
    ] = None,
    data: DataFile = None,
    database: Database = "",
    audience: Annotated[
        str, typer.Option("--for", help="team, or network: small numbers protected")
    ] = "team",
) -> None:
    """Thirteen questions that a board asks of its data on race equality: the figure or the hole."""
    from qi_equity import project_file
    from qi_equity.network import workforce as standard
    from qi_equity.network.board_questions import thirteen_questions
    from qi_equity.words.board_questions import question_lines, question_rows

    if audience not in ("team", "network"):
        raise UserError("--for is team or network")
    aims = project_file.load(project)
    table = standard.read(workforce) if workforce else None
    met, responses = _written(database, aims)
    answers = thirteen_questions(
        table,
        voices=_voices(aims, people, data, project.parent, audience) if people else None,
        met=met, responses=responses, today=date.today(), shown_few=audience == "team",
    )  # fmt: skip
    told(question_lines(question_rows(answers)))


def _voices(
    aims: Project, people: Path, data: Path | None, base: Path, audience: str
) -> pd.DataFrame:
    from qi_equity.disclosure.policy import policy_of
    from qi_equity.network import voices as room
    from qi_equity.sources import load

    heard = room.read(people, aims)
    imported = load(aims, data, base=base)
    account(imported)
    served, _ = room.served_by(aims, imported.observations)
    policy = policy_of(aims.disclosure) if audience == "network" else None
    return room.voices(aims, heard, served, policy)


def _written(database: str, aims: Project) -> tuple[Sequence[Engagement], Sequence[Response]]:
    """Meetings and responses of a store, where one is named."""
    from qi_equity.store.entries import Engagement, Response

    if not database:
        return (), ()
    from qi_equity.cli.safekeeping import admin

    with admin(database) as desk:
        if aims.id not in desk.projects():
            return (), ()
        met, responses = desk.entries(aims.id, Engagement), desk.entries(aims.id, Response)
        return [one.content for one in met.values()], [one.content for one in responses.values()]
