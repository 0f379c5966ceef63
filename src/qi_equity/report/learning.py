"""What a network learned beside its charts, as lines of a pack: answers, voices, people, score."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pandas as pd

from qi_equity.findings import Findings
from qi_equity.network import voices, workforce
from qi_equity.network.board_questions import thirteen_questions
from qi_equity.network.progress import progress
from qi_equity.network.responding import stands
from qi_equity.report.parts import Asked
from qi_equity.store.entries import Response
from qi_equity.vocabulary import Stands
from qi_equity.words import say
from qi_equity.words.board_questions import Row, lead, question_rows
from qi_equity.words.grammar import called, listed
from qi_equity.words.numbers import day, whole
from qi_equity.words.progress import progress_lines, score_line
from qi_equity.words.report import clipped
from qi_equity.words.responses import answer_line, where_words
from qi_equity.words.voices import voices_lines
from qi_equity.words.workforce import wres_lines

MISSING = 3  # groups that are named before the rest are counted


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """Voices and staff as the audience of a pack may see them; None where there are none."""

    voices: pd.DataFrame | None
    staff: pd.DataFrame | None


def heard(findings: Findings, asked: Asked) -> Heard:
    """What was kept of voices and staff, as the audience of the pack is told it."""
    beside, team = asked.beside, asked.provenance.team
    kept = beside.voices if team or beside.voices is None else beside.voices.to_others()
    staff = beside.staff if team or beside.staff is None else beside.staff.to_others()
    rows = None
    if kept is not None:
        days = (kept.since, kept.until)
        served = voices.served_here(findings, kept.sites, days, released=not team)
        rows = voices.voices_of(findings.project, kept.groups, served)
    return Heard(rows, workforce.table_of(staff) if staff is not None else None)


def on_day(findings: Findings, asked: Asked) -> date:
    """The day the pack is made for, without its time."""
    told: date = asked.day(findings).date()
    return told


def late_answers(findings: Findings, asked: Asked) -> list[Response]:
    """Answers to signals whose day is past, the longest first."""
    today = on_day(findings, asked)
    late = [one for one in asked.beside.responses if stands(one, today) == Stands.OVERDUE]
    return sorted(late, key=lambda one: (one.due, one.about))


def late_answer_line(one: Response, findings: Findings) -> str:
    """An answer that is overdue: what it is about, who has it, since when."""
    where = clipped(where_words(one.about, findings.project), 60)
    return say("report.board.answer", where=where, owner=one.owner, day=day(one.due))


def learning_lines(findings: Findings, asked: Asked) -> list[str]:
    """Voices, people, score and the board's questions, a line each; what is not there has none."""
    found = heard(findings, asked)
    lines = [*_voices_line(found), *_staff_line(found), *_score_line(findings, asked)]
    if found.voices is not None or found.staff is not None or lines:
        rows = questions(findings, asked)
        answered = sum(bool(row.figure and not row.hole) for row in rows)
        lines.append(say("report.board.questions", answered=answered, count=len(rows)))
    return lines


def learning_notes(findings: Findings, asked: Asked) -> Iterator[str]:
    """All of it, for whoever speaks to the page: answers, voices, people, questions."""
    found, beside = heard(findings, asked), asked.beside
    for one in beside.responses:
        yield answer_line(one, findings.project, on_day(findings, asked))
    if found.voices is not None and beside.voices is not None:
        empty = pd.DataFrame(columns=voices.THEME_COLUMNS)
        period = say(
            "language.interval", low=day(beside.voices.since), high=day(beside.voices.until)
        )
        told = voices_lines(findings.project, found.voices, empty, say("voices.births"), period)
        yield from (line.strip() for line in told)
    if found.staff is not None and asked.provenance.team:
        yield from (line.strip() for line in wres_lines(workforce.wres(found.staff)) if line)
    if learning_lines(findings, asked):
        yield lead(questions(findings, asked))
        for row in questions(findings, asked):
            yield say("board_questions.line", number=row.number, question=row.question)
            if row.figure:
                yield say("board_questions.figure", figure=row.figure)
            if row.hole:
                yield say("board_questions.hole", hole=row.hole)


def questions(findings: Findings, asked: Asked) -> tuple[Row, ...]:
    """The board's thirteen questions with what there is to say to each."""
    found = heard(findings, asked)
    return question_rows(
        thirteen_questions(
            found.staff, voices=found.voices, met=asked.beside.met,
            responses=asked.beside.responses, today=on_day(findings, asked),
            shown_few=asked.provenance.team,
        )
    )  # fmt: skip


def score_lines(findings: Findings, asked: Asked) -> list[str]:
    """The improvement scale: what the data would have, and what people say."""
    proposed = progress(findings, on_day(findings, asked))
    return list(progress_lines(findings.project, proposed, asked.beside.scores))


def _voices_line(found: Heard) -> Iterator[str]:
    if found.voices is None:
        return
    rows = found.voices
    short = [row for row in rows.to_dict("records") if row["more"] > 0]
    named = listed(
        say("board_questions.missing.voices_of", stratum=called(row["stratum"]),
            count=whole(row["more"]))
        for row in short[:MISSING]
    )  # fmt: skip
    if len(short) > MISSING:
        named = say("terminal.more_places", places=named, number=whole(len(short) - MISSING))
    if named:
        yield say("report.board.voices", names=named)
    elif rows["voices"].isna().any():
        yield say("report.board.voices_hidden")
    else:
        yield say("report.board.voices_alike")


def _staff_line(found: Heard) -> Iterator[str]:
    if found.staff is None:
        return
    rows = workforce.wres(found.staff)
    favours = [row["favours"] for row in _last(rows).to_dict("records")]
    counts = {name: favours.count(name) for name in ("White", "BME", "unclear")}
    yield say(
        "report.board.people", count=sum(counts.values()), white=counts["White"],
        bme=counts["BME"], unclear=counts["unclear"],
    )  # fmt: skip


def _last(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each indicator of all staff its years together, or the one year there is."""
    own = rows[(rows["part"] == "all staff") & (rows["recruits"] == workforce.RECRUITS[0])]
    return own.drop_duplicates("indicator", keep="last")


def _score_line(findings: Findings, asked: Asked) -> Iterator[str]:
    if asked.beside.scores:
        proposed = progress(findings, on_day(findings, asked))
        yield score_line(proposed, asked.beside.scores)
