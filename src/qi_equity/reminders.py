"""Answers that are due, as messages to whoever has them and as a calendar; nothing is kept here.

Places, names and days leave this machine, and never a count.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from qi_equity.mail import Settings, send, send_to
from qi_equity.network.responding import due_on
from qi_equity.project import Project
from qi_equity.store.entries import Response
from qi_equity.words import say
from qi_equity.words.responses import reminder, where_words

SOON = 2  # working days before its day that a reminder goes out


def due_soon(aims: Project, kept: Mapping[str, Response], today: date) -> dict[str, Response]:
    """What is overdue, or due within two working days, by key."""
    soon = due_on(today, aims.responses.model_copy(update={"working_days": SOON}))
    return {key: one for key, one in kept.items() if one.closed is None and one.due <= soon}


def remind(asked: Settings, aims: Project, due: Mapping[str, Response], today: date) -> list[str]:
    """Tell whoever the settings name of all of it, and each owner of their own; what failed."""
    lines = {key: reminder(one, aims, today) for key, one in due.items()}
    subject = say("responses.subject", count=len(due), project=aims.title)
    failed = send(asked, subject, "\n".join(lines.values()), {"project": aims.id, "due": len(due)})
    own: dict[str, list[str]] = {}
    for key, one in due.items():
        if one.email and one.email not in asked.to:
            own.setdefault(one.email, []).append(lines[key])
    for address, theirs in own.items():
        if asked.sender and not asked.reaches(address):
            failed.append(
                f"not told by mail: {address} is of no domain of ours; who keeps this server can "
                "add it to QI_EQUITY_MAIL_DOMAINS"
            )
            continue
        subject = say("responses.subject", count=len(theirs), project=aims.title)
        failed += send_to(asked, [address], subject, "\n".join(theirs))
    return failed


def calendar_of(aims: Project, kept: Mapping[str, Response]) -> bytes:
    """The days that answers are due, as a calendar that any mail program opens (RFC 5545)."""
    from icalendar import Calendar, Event  # for whoever takes the file, and nobody else

    made = Calendar()
    made.add("prodid", "-//qi_equity//responses//EN")
    made.add("version", "2.0")
    for key, one in kept.items():
        if one.closed is not None:
            continue
        event = Event()
        event.add("uid", f"{key}@{aims.id}.qi-equity")
        event.add("dtstamp", datetime.combine(one.opened, time(), UTC))
        event.add("dtstart", one.due)
        event.add("dtend", one.due + timedelta(days=1))
        where = where_words(one.about, aims)
        event.add("summary", say("responses.calendar", where=where, owner=one.owner))
        made.add_component(event)
    return bytes(made.to_ical())
