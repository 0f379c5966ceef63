"""What a board sees first: what changed, gaps, answers, data, voices, people, thirteen questions.

A part of the page of the board; each part says what is known, or that nothing is.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from qi_equity.agenda import agenda
from qi_equity.app.pages.page import Context
from qi_equity.app.pages.voices import served
from qi_equity.findings import Gap
from qi_equity.network import voices as room
from qi_equity.network import workforce
from qi_equity.network.board_questions import thirteen_questions
from qi_equity.network.responding import signals, stands, unanswered
from qi_equity.store import Desk
from qi_equity.store.entries import Engagement, Response
from qi_equity.store.gathered import Heard, Staff
from qi_equity.vocabulary import Stands, Topic
from qi_equity.words import say
from qi_equity.words.agenda import item_kind, item_line, item_place
from qi_equity.words.board_questions import lead, question_rows
from qi_equity.words.cautions import caution_text
from qi_equity.words.charts import chance_sentence
from qi_equity.words.grammar import called, first_up, listed, sentence
from qi_equity.words.numbers import fixed, interval, missing
from qi_equity.words.responses import where_words
from qi_equity.words.verdicts import verdict_word
from qi_equity.words.workforce import ALL_STAFF, said

CHANGED, CAUTIONS, NAMED = 5, 3, 4  # lines of each: a board reads one page
# Where a question's figure comes from, as a page of the app; all others are of staff.
PAGES = {12: "voices", 13: "responses"}

Part = dict[str, Any]


def glance(context: Context) -> dict[str, Any]:
    """The six parts, and the thirteen questions."""
    desk = context.desk
    known = desk if desk is not None and desk.user.may("read entries") else None
    rounds, staff = _newest(context, known)
    beside = _beside(context, known, rounds)
    table = _standard(staff)
    rows = question_rows(
        thirteen_questions(
            table, voices=beside, met=_contents(context, known, Engagement),
            responses=_contents(context, known, Response), today=context.today.date(),
            shown_few=staff is None or staff.team,
        )
    )  # fmt: skip
    parts = (
        _changed(context), _gaps(context), _responses(context, known), _trust(context),
        _voices(context, rounds, beside), _people(context, table),
    )  # fmt: skip
    asked = [
        {
            "number": row.number,
            "question": row.question,
            "figure": row.figure,
            "hole": row.hole,
            "source": row.source,
            "link": context.choice.address.link(page=PAGES.get(row.number, "staff"), what=""),
        }
        for row in rows
    ]
    return {"glance_parts": parts, "questions": asked, "questions_lead": lead(rows)}


def _part(context: Context, name: str, lines: list[str], page: str) -> Part:
    return {
        "heading": say(f"board.part.{name}"),
        "lines": lines,
        "link": context.choice.address.link(page=page, what="", stratum=""),
        "open": say(f"labels.page.{page}"),
    }


def _changed(context: Context) -> Part:
    """What is established, and how much of what stands out chance alone would bring."""
    findings, lines = context.findings, []
    if not findings.judged:
        return _part(context, "changed", [context.late_words], "session")
    found = agenda(findings)
    items = [one for one in (*found.items, *found.rest) if one.kind != Topic.LATE]
    for one in items[:CHANGED]:
        where = say("session.slide.title", kind=item_kind(one), where=item_place(one, findings))
        line = item_line(one, findings)
        lines.append(sentence(say("responses.signal", kind=where, where=line) if line else where))
    if len(items) > CHANGED:
        lines.append(say("report.more", count=len(items) - CHANGED))
    if not items:
        lines.append(say("board.nothing_changed"))
    if findings.chance is not None:
        lines.append(chance_sentence(findings.chance))
    return _part(context, "changed", lines, "session")


def _gaps(context: Context) -> Part:
    """The gaps of the measure that was declared, at the site in view, each with its verdict."""
    measure = context.choice.project.aim.primary.measure
    found = context.findings.gaps
    own = found[(found["measure"] == measure) & (found["site"] == context.choice.site)]
    lines: list[str] = []
    for row in context.findings.rows(Gap) if len(own) else ():
        if (row.measure, row.site) != (measure, context.choice.site) or missing(row.ratio):
            continue
        size = say(
            "board.gap_size", ratio=fixed(row.ratio, 2),
            interval=interval(row.ratio_lower, row.ratio_upper, 2),
        )  # fmt: skip
        word = verdict_word(row.verdict) if context.findings.judged and row.verdict else ""
        text = say("board.gap", stratum=called(row.stratum), size=size, word=first_up(word))
        # The contrast that was declared stands first: it is what was promised.
        lines.insert(0 if row.declared else len(lines), text)
    return _part(context, "gaps", lines or [say("gaps.page.no_gap")], "charts")


def _responses(context: Context, desk: Desk | None) -> Part:
    """Open, overdue and answered, the overdue by name; and what nobody has opened yet."""
    project, today = context.choice.project, context.today.date()
    if desk is None:
        return _part(context, "responses", [say("board.not_kept")], "responses")
    kept = _contents(context, desk, Response)
    states = [stands(one, today) for one in kept]
    count = {str(state): states.count(state) for state in Stands}
    lines = [say("board.responses", **count)]
    late = [one for one, state in zip(kept, states, strict=True) if state == Stands.OVERDUE]
    for one in sorted(late, key=lambda one: one.due)[:NAMED]:
        where = where_words(one.about, project)
        lines.append(say("board.overdue", where=where, owner=one.owner))
    waiting = len(unanswered(signals(context.findings, today), kept))
    if waiting:
        lines.append(say("board.unopened", count=waiting))
    return _part(context, "responses", lines, "responses")


def _trust(context: Context) -> Part:
    """What to be careful of in the data, each once."""
    texts = dict.fromkeys(
        sentence(first_up(caution_text(one))) for one in context.findings.cautions
    )
    lines = list(texts)[:CAUTIONS] or [say("report.title.clean")]
    if len(texts) > CAUTIONS:
        lines.append(say("report.more", count=len(texts) - CAUTIONS))
    return _part(context, "trust", lines, "quality")


def _voices(context: Context, last: Heard | None, beside: pd.DataFrame | None) -> Part:
    """Whose voices are missing: how many more of each group would bring parity."""
    if last is None or beside is None:
        return _part(context, "voices", [say("board.no_voices")], "voices")
    short = beside[beside["more"] > 0]
    if beside["ratio"].isna().all():
        lines = [say("board.voices_untold", title=last.title)]
    elif short.empty:
        lines = [say("board.voices_alike", title=last.title)]
    else:
        names = listed(
            say("board.voices_of", stratum=called(row["stratum"]), count=int(row["more"]))
            for row in short.to_dict("records")
        )
        lines = [say("board.voices_missing", title=last.title, names=names)]
    return _part(context, "voices", lines, "voices")


def _people(context: Context, table: pd.DataFrame | None) -> Part:
    """Appointment, discipline and the board's own members, each in its last years together."""
    lines: list[str] = []
    if table is None or table.empty:
        return _part(context, "people", [say("workforce.page.nothing")], "staff")
    found = workforce.wres(table)
    for number in (2, 3, 9):
        own = found[(found["indicator"] == number) & (found["part"] == ALL_STAFF)]
        own = own[own["recruits"] == workforce.RECRUITS[0]]
        if len(own):
            row = own.iloc[-1].to_dict()  # the years together, where there are several
            words = say(f"workforce.short.{number}")
            lines.append(say("board.people", words=words, years=row["years"], said=said(row)))
    return _part(context, "people", lines or [say("workforce.page.nothing")], "staff")


# What is read of the store


def _contents(context: Context, desk: Desk | None, kind: Any) -> list[Any]:
    if desk is None:
        return []
    return [one.content for one in desk.entries(context.choice.project.id, kind).values()]


def _newest(context: Context, desk: Desk | None) -> tuple[Heard | None, Staff | None]:
    if desk is None:
        return None, None
    rounds = _contents(context, desk, Heard)
    staff = desk.entries(context.choice.project.id, Staff).values()
    last = max(staff, key=lambda one: one.revision, default=None)
    return (
        max(rounds, key=lambda one: (one.until, one.since), default=None),
        last.content if last is not None else None,
    )


def _beside(context: Context, desk: Desk | None, last: Heard | None) -> pd.DataFrame | None:
    if desk is None or last is None:
        return None
    births, _ = served(context, desk, last.sites, (last.since, last.until))
    return room.voices_of(context.choice.project, last.groups, births)


def _standard(staff: Staff | None) -> pd.DataFrame | None:
    """The standard's table without what of it is hidden from this reader."""
    if staff is None:
        return None
    table = workforce.table_of(staff)
    whole = table.groupby(["indicator", "year", "part", "recruits"])["events"].transform(
        lambda one: one.notna().all()
    )
    return table[whole.astype(bool) & table["out_of"].notna()]
