"""The command on what a board asks: thirteen questions on race equality data, figure or hole."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qi_equity.cli.common import App, Database, DataFile, ProjectFile, account, told
from qi_equity.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from qi_equity.disclosure.policy import Policy
    from qi_equity.project import Project
    from qi_equity.store.gathered import Heard
    from qi_equity.store.rounds import Beside

app = App()


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
    from qi_equity.disclosure.policy import policy_of
    from qi_equity.network import workforce as standard
    from qi_equity.network.board_questions import thirteen_questions
    from qi_equity.words.board_questions import question_lines, question_rows

    if audience not in ("team", "network"):
        raise UserError("--for is team or network")
    aims = project_file.load(project)
    beside = _written(database, aims, audience)
    table = standard.read(workforce) if workforce else None
    if table is None and beside.staff is not None:
        table = standard.table_of(beside.staff)
    policy = policy_of(aims.disclosure) if audience == "network" else None
    heard = _voices(aims, people or beside.voices, data, project.parent, policy)
    answers = thirteen_questions(
        table, voices=heard, met=beside.met, responses=beside.responses, today=date.today(),
        shown_few=audience == "team",
    )  # fmt: skip
    told(question_lines(question_rows(answers)))


def _voices(
    aims: Project, given: Path | Heard | None, data: Path | None, base: Path, policy: Policy | None
) -> pd.DataFrame | None:
    """Voices of a file, or those that a store kept, beside the births of the data."""
    import pandas as pd

    from qi_equity.network import voices as room
    from qi_equity.sources import load

    if given is None:
        return None
    imported = load(aims, data, base=base)
    account(imported)
    if isinstance(given, Path):
        served, _ = room.served_by(aims, imported.observations)
        return room.voices(aims, room.read(given, aims), served, policy)
    served, _ = room.served_by(aims, imported.observations, given.since, given.until)
    if policy is not None:
        served = pd.Series(policy.shown(served.to_numpy(float)), served.index)
    return room.voices_of(aims, given.groups, served)


def _written(database: str, aims: Project, audience: str) -> Beside:
    """What a store keeps beside the counts, where one is named."""
    from qi_equity.store.rounds import Beside, written_down

    if not database:
        return Beside()
    from qi_equity.cli.safekeeping import admin

    with admin(database) as desk:
        if aims.id not in desk.projects():
            return Beside()
        told: Beside = written_down(desk, aims.id, network=audience == "network")["beside"]
        return told
