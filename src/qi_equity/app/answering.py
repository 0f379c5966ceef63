"""What people do about a signal, through the pages: open an answer, examine, remind, close.

What asks for one and when it is due is `network.responding`'s to say; who may write it the store's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date

from pydantic import ValidationError

from qi_equity.app.forms import Fields, made, text
from qi_equity.app.state import Choice
from qi_equity.errors import UserError, did_you_mean
from qi_equity.findings import Findings
from qi_equity.mail import settings
from qi_equity.network.responding import closed as answered
from qi_equity.network.responding import examined, opened, signals, unanswered
from qi_equity.reminders import SOON, due_soon, remind
from qi_equity.store import Desk
from qi_equity.store.entries import Response
from qi_equity.store.results import Kept
from qi_equity.words import say
from qi_equity.words.numbers import day
from qi_equity.words.responses import OUTCOMES

ANSWER = "answer."  # then the place of a question: the field of what was found to it
STALE = "this response is no longer there; reload the page"


def _open(desk: Desk, choice: Choice, findings: Findings, fields: Fields) -> str:
    project, about = choice.project, text(fields, "about")
    if not findings.judged:
        raise UserError(say("responses.page.too_soon"))
    today = date.today()
    kept = (one.content for one in desk.entries(project.id, Response).values())
    asked = {one.id: one for one in unanswered(signals(findings, today), kept)}
    if about not in asked:
        raise UserError(say("responses.page.no_signal"))
    one = opened(project, asked[about], text(fields, "owner") or "-", today)
    given = {"owner": text(fields, "owner"), "email": text(fields, "email") or None}
    one = made(Response, one.model_dump() | given)
    desk.write(project.id, one)
    return say("responses.page.opened", owner=one.owner, due=day(one.due))


def _examine(desk: Desk, choice: Choice, fields: Fields) -> str:
    key, kept = _still_open(desk, choice, fields)
    answers = [text(fields, f"{ANSWER}{place}") for place in range(len(kept.content.asked))]
    given = {"owner": text(fields, "owner"), "email": text(fields, "email") or None}
    one = made(Response, examined(kept.content, answers).model_dump() | given)
    if one == kept.content:
        raise UserError("nothing was changed, so there is nothing to save")
    desk.write(choice.project.id, one, key, text(fields, "reason") or None, kept.revision)
    return say("responses.page.examined")


def _close(desk: Desk, choice: Choice, fields: Fields) -> str:
    key, kept = _still_open(desk, choice, fields)
    outcome, found = text(fields, "outcome"), text(fields, "found")
    if outcome not in OUTCOMES:
        raise UserError(f"choose an outcome{did_you_mean(outcome, OUTCOMES)}")
    if not found:
        raise UserError(say("responses.page.need_words"))
    try:
        one = answered(kept.content, outcome, found, text(fields, "evidence"), date.today())
    except ValidationError as wrong:
        raise UserError(str(wrong.errors()[0]["msg"])) from None
    desk.write(choice.project.id, one, key, text(fields, "reason") or None, kept.revision)
    return say("responses.page.closed", outcome=say(f"responses.outcome.{outcome}"))


def _still_open(desk: Desk, choice: Choice, fields: Fields) -> tuple[str, Kept[Response]]:
    key = text(fields, "key")
    kept = desk.entries(choice.project.id, Response).get(key)
    if kept is None:
        raise UserError(STALE)
    if kept.content.closed is not None:
        raise UserError(say("responses.page.closed_already"))
    # What the page showed: nobody's newer words are covered.
    seen = text(fields, "seen")
    return key, Kept(kept.content, int(seen) if seen.isdecimal() else 0, kept.who, kept.at)


def _remind(desk: Desk, choice: Choice, fields: Fields) -> str:
    """Tell of what is due now, and not only when the machine's scheduler does."""
    if not desk.user.may("write entries"):
        raise UserError(f"your role ({desk.user.role}) does not allow: write entries")
    asked, today = settings(os.environ), date.today()
    kept = {k: one.content for k, one in desk.entries(choice.project.id, Response).items()}
    due = due_soon(choice.project, kept, today)
    if not due:
        raise UserError(say("responses.nothing_due", days=SOON))
    if not (asked.to or asked.webhook or (asked.smtp and any(one.email for one in due.values()))):
        raise UserError(say("responses.page.nobody_to_tell"))
    failed = remind(asked, choice.project, due, today)
    if failed:
        raise UserError("\n".join(failed))
    return say("responses.reminded", count=len(due))


OPENING: dict[str, Callable[[Desk, Choice, Findings, Fields], str]] = {"open_response": _open}
ANSWERING: dict[str, Callable[[Desk, Choice, Fields], str]] = {
    "examine_response": _examine,
    "close_response": _close,
    "remind": _remind,
}
