"""From a signal to its answer: what asks for one, what is open, overdue and answered, and by whom.

An answer is opened, examined and closed here; nothing is closed without words.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import date
from typing import Any

from qi_equity.agenda import Item, agenda
from qi_equity.app.pages.page import Context, Page, told
from qi_equity.network.responding import Signal, days_left, place_of, signals, stands, unanswered
from qi_equity.reminders import calendar_of, due_soon
from qi_equity.store import Desk, Revision
from qi_equity.store.entries import Response
from qi_equity.store.results import Kept
from qi_equity.vocabulary import Stands
from qi_equity.words import say
from qi_equity.words.agenda import item_line, item_sentences
from qi_equity.words.numbers import day
from qi_equity.words.responses import ORDER, OUTCOMES, place_words

SAID = 2  # sentences of a signal
LINKED = ("https://", "http://")


def responses(context: Context) -> Page:
    """What asks for an answer, and every answer by how it stands; one of them where it is named."""
    desk, title = context.desk, say("labels.page.responses")
    if desk is None:
        return told(title, [say("responses.page.findings_only")])
    if not desk.user.may("read entries"):
        return told(title, [say("responses.page.not_yours")])
    kept = desk.entries(context.choice.project.id, Response)
    today = context.today.date()
    now = {item.id: item for item in _items(context)}
    waiting = unanswered(signals(context.findings, today), (k.content for k in kept.values()))
    asked = context.choice.address.key
    values: dict[str, Any] = {
        "heading": title,
        "late_words": context.late_words,
        "waiting_signals": [_signal(context, one, now, asked) for one in waiting],
        "lists": [(state, _listed(context, kept, state, today, now)) for state in ORDER],
        "one": _one(context, desk, asked, kept[asked], today, now) if asked in kept else None,
        "any": bool(kept),
        "calendar": _calendar(context, kept),
        "due": len(due_soon(context.choice.project, _contents(kept), today)),
        "may_remind": desk.user.may("write entries") is not None,
        "outcomes": [("", say("responses.page.choose"))]
        + [(name, say(f"responses.outcome.{name}")) for name in OUTCOMES],
        "back": context.choice.address.link(key=""),
    }
    return Page("responses.html", values, title=title, waiting=context.waiting)


def still_open(context: Context) -> list[dict[str, Any]]:
    """Answers that are overdue or open, for a session to look at."""
    desk = context.desk
    if desk is None or not desk.user.may("read entries"):
        return []
    kept, today = desk.entries(context.choice.project.id, Response), context.today.date()
    rows = [
        row
        for state in (Stands.OVERDUE, Stands.OPEN)
        for row in _listed(context, kept, state, today, {})
    ]
    address = context.choice.address
    return [row | {"link": address.link(page="responses", key=row["key"])} for row in rows]


def _items(context: Context) -> tuple[Item, ...]:
    found = agenda(context.findings) if context.findings.judged else None
    return (*found.items, *found.rest) if found else ()


def _contents(kept: Mapping[str, Kept[Response]]) -> dict[str, Response]:
    return {key: one.content for key, one in kept.items()}


def _signal(context: Context, one: Signal, now: Mapping[str, Item], asked: str) -> dict[str, Any]:
    """Something that nobody has opened an answer to, with the form for it."""
    return _place(context, one.id, now) | {
        "id": one.id,
        "may": _may_write(context, (one.site,)),
        "chosen": one.link == asked,
    }


def _place(context: Context, about: str, now: Mapping[str, Item]) -> dict[str, Any]:
    """Where a signal is, in parts and in words, what the chart says of it now, and its chart."""
    project = context.choice.project
    kind, measure, site, stratum = place_words(about, project)
    item = now.get(about)
    return {
        "kind": kind,
        "measure": measure,
        "site": site,
        "group": stratum,
        "line": item_line(item, context.findings) if item else "",
        "said": list(item_sentences(item, context.findings))[:SAID] if item else [],
        "chart": _chart(context, about),
    }


def _chart(context: Context, about: str) -> str:
    _, measure, site, stratum = place_of(about)
    return context.choice.address.link(
        page="charts", measure=measure, site=site, stratum=stratum, key=""
    )


def _listed(
    context: Context, kept: Mapping[str, Kept[Response]], state: Stands, today: date,
    now: Mapping[str, Item],
) -> list[dict[str, Any]]:  # fmt: skip
    own = {key: one for key, one in kept.items() if stands(one.content, today) == state}
    # What is due first stands first; of the answered what was answered last.
    order = sorted(own, key=lambda key: own[key].content.closed or own[key].content.due)
    if state == Stands.ANSWERED:
        order.reverse()
    return [_row(context, key, own[key].content, today, now) for key in order]


def _row(
    context: Context, key: str, one: Response, today: date, now: Mapping[str, Item]
) -> dict[str, Any]:
    answered = sum(asked.answer is not None for asked in one.asked)
    return _place(context, one.about, now) | {
        "key": key,
        "owner": one.owner,
        "state": stands(one, today),
        "clock": _clock(context, one, today),
        "questions": say("responses.page.questions", answered=answered, count=len(one.asked)),
        "outcome": say(f"responses.outcome.{one.outcome}") if one.outcome else "",
        "found": one.found or "",
        "link": context.choice.address.link(key=key),
    }


def _clock(context: Context, one: Response, today: date) -> str:
    """Working days left, or since when it is late, or when it was answered."""
    if one.closed is not None:
        return say("responses.page.on", day=day(one.closed))
    left = days_left(one, today, context.choice.project.responses)
    if left < 0:
        return say("responses.page.late", count=-left, day=day(one.due))
    return say("responses.page.left", count=left, day=day(one.due))


def _one(
    context: Context, desk: Desk, key: str, kept: Kept[Response], today: date,
    now: Mapping[str, Item],
) -> dict[str, Any]:  # fmt: skip
    """One answer with its questions, its forms, and all that was ever written of it."""
    one = kept.content
    evidence = one.evidence or ""
    past = [
        each
        for each in desk.history(context.choice.project.id, key)
        if each.kind == "response" and each.body
    ]
    return _row(context, key, one, today, now) | {
        "revision": kept.revision,
        "email": one.email or "",
        "asked": [(asked.question, asked.answer or "") for asked in one.asked],
        "evidence": evidence,
        "evidence_link": evidence if evidence.startswith(LINKED) else "",
        "opened": day(one.opened),
        "may": one.closed is None and _may_write(context, one.sites),
        "past": [_version(each, before) for before, each in zip([None, *past], past, strict=False)],
    }


def _version(one: Revision, before: Revision | None) -> dict[str, str]:
    """What one version says that the one before did not."""
    new = Response.model_validate_json(one.body or "")
    old = Response.model_validate_json(before.body or "") if before is not None else None
    told = list(_changes(new, old))
    return {
        "when": one.at[:16].replace("T", " "),
        "who": one.who,
        "said": " ".join(told) or say("history.another_version"),
        "why": one.why or "",
    }


def _changes(new: Response, old: Response | None) -> list[str]:
    if old is None:
        return [say("responses.page.was_opened", owner=new.owner, due=day(new.due))]
    told = []
    if new.owner != old.owner:
        told.append(say("responses.page.was_given", owner=new.owner))
    for asked, before in zip(new.asked, old.asked, strict=True):
        if asked.answer != before.answer:
            answer = asked.answer or say("history.nothing_said")
            told.append(say("responses.answered", question=asked.question, answer=answer))
    if new.closed and not old.closed:
        outcome = say(f"responses.outcome.{new.outcome}")
        told.append(say("responses.page.was_closed", outcome=outcome, found=new.found))
    return told


def _may_write(context: Context, sites: tuple[str, ...]) -> bool:
    """Whether this user may write of these sites; the store asks again."""
    desk, project = context.desk, context.choice.project
    if desk is None:
        return False
    known = frozenset(site.id for site in project.sites)
    own = frozenset(sites) & known
    if not own:
        return desk.user.may("write network entries") is not None
    consented = frozenset(desk.consented(project.id))
    return own <= desk.user.where("write entries", known, consented)


def _calendar(context: Context, kept: Mapping[str, Kept[Response]]) -> str:
    """The days that answers are due as a file within a link; nothing where none is."""
    still = {key: one for key, one in _contents(kept).items() if one.closed is None}
    if not still:
        return ""
    text = b64encode(calendar_of(context.choice.project, still)).decode()
    return f"data:text/calendar;base64,{text}"
