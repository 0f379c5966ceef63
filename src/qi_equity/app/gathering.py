"""What a team gathers, through the pages: meetings, rounds of voices, numbers of staff.

A file of people is counted here and goes no further: what is kept are numbers by group.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from qi_equity.app.forms import Fields, entry, made, sites, text
from qi_equity.app.received import on_disk, received
from qi_equity.app.state import Choice
from qi_equity.disclosure.policy import policy_of
from qi_equity.errors import UserError, did_you_mean
from qi_equity.network import voices, workforce
from qi_equity.store import Desk
from qi_equity.store.entries import Engagement
from qi_equity.store.gathered import Heard, Makeup
from qi_equity.words import say
from qi_equity.words.workforce import wres_lines

ASKED, PEOPLE = "asked.", "people."  # then the place of a group: the field of a number of people
MOST = 10_000_000  # people of one group; more is a slip


def _engage(desk: Desk, choice: Choice, fields: Fields) -> str:
    one = entry(Engagement, fields, "day", "met", "where", "said", "did", "measure")
    known = [measure.id for measure in choice.project.measures]
    if one.measure is not None and one.measure not in known:
        raise UserError(f"there is no measure '{one.measure}'{did_you_mean(one.measure, known)}")
    desk.write(choice.project.id, one)
    return say("voices.page.met_kept")


def _did(desk: Desk, choice: Choice, fields: Fields) -> str:
    """What changed since a meeting: you said, we did."""
    key = text(fields, "key")
    kept = desk.entries(choice.project.id, Engagement).get(key)
    if kept is None:
        raise UserError("this meeting is no longer there; reload the page")
    if not text(fields, "did"):
        raise UserError("what changed since: is missing")
    measure = text(fields, "measure") or kept.content.measure
    given = {"did": text(fields, "did"), "measure": measure}
    one = made(Engagement, kept.content.model_dump() | given)
    desk.write(choice.project.id, one, key, "what changed since", kept.revision)
    return say("voices.page.did_kept")


# Files of people


def look_voices(desk: Desk | None, choice: Choice, fields: Fields) -> dict[str, object]:
    """What of a file of voices would be counted; nothing is kept."""
    heard, digest = _heard(choice, fields)
    _round(choice, heard, fields)
    people = len(heard.people)
    return _shown(digest, str(heard), say("voices.page.keep", count=people))


def look_staff(desk: Desk | None, choice: Choice, fields: Fields) -> dict[str, object]:
    """What a file of the standard's numbers says; nothing is kept."""
    file = received(fields)
    with on_disk(file) as path:
        table = workforce.read(path)
    lines = "\n".join(wres_lines(workforce.wres(table)))
    return _shown(file.digest, lines, say("workforce.page.keep", count=len(table)))


def _shown(digest: str, account: str, keep: str) -> dict[str, object]:
    return {
        "digest": digest, "questions": [], "examples": [], "account": account.splitlines()[:60],
        "keep": keep,
    }  # fmt: skip


def _keep_voices(desk: Desk, choice: Choice, fields: Fields) -> str:
    heard, digest = _heard(choice, fields)
    _looked_at(digest, fields)
    kept = _round(choice, heard, fields)
    desk.write(choice.project.id, kept)
    return say("voices.page.kept", count=len(heard.people), title=kept.title)


def _heard(choice: Choice, fields: Fields) -> tuple[voices.Heard, str]:
    file = received(fields)
    with on_disk(file) as path:
        return voices.read(path, choice.project), file.digest


def _round(choice: Choice, heard: voices.Heard, fields: Fields) -> Heard:
    title = text(fields, "title")
    if not title:
        raise UserError("what it is called: is missing")
    days = _day(fields, "since", "the first day"), _day(fields, "until", "the last day")
    if days[1] < days[0]:
        raise UserError("the last day lies before the first")
    asked = _numbers(choice, fields, ASKED)
    counted = heard.people["stratum"].value_counts()
    for name, most in asked.items():
        if counted.get(name, 0) > most:
            raise UserError(f"{name}: more people answered ({counted[name]}) than were asked")
    return voices.kept(choice.project, heard, title, days, asked, sites(fields))


def _keep_staff(desk: Desk, choice: Choice, fields: Fields) -> str:
    file = received(fields)
    _looked_at(file.digest, fields)
    with on_disk(file) as path:
        table = workforce.read(path)
    title = text(fields, "title") or Path(file.name).stem
    kept = workforce.kept(choice.project, table, title[:120], sites(fields))
    desk.write(choice.project.id, kept)
    return say("workforce.page.kept", count=len(table))


def _looked_at(digest: str, fields: Fields) -> None:
    if fields.get("digest") != digest:
        raise UserError("look at what is in the file first: nothing is kept that was not shown")


def _makeup(desk: Desk, choice: Choice, fields: Fields) -> str:
    """Who makes up the team, the community or the organisation, typed by group."""
    numbers = _numbers(choice, fields, PEOPLE)
    if not numbers:
        raise UserError("write how many people of at least one group")
    groups = [(name, people, None) for name, people in numbers.items()]
    shown = voices.shown(groups, policy_of(choice.project.disclosure))
    one = made(
        Makeup,
        {
            "of": text(fields, "of"), "name": text(fields, "name"), "day": date.today(),
            "groups": voices.shown(groups, None), "shown": shown, "sites": sites(fields),
        },
    )  # fmt: skip
    desk.write(choice.project.id, one)
    return say("workforce.page.makeup_kept")


def _numbers(choice: Choice, fields: Fields, start: str) -> dict[str, int]:
    """Numbers of people typed for each group of the project; a blank is not told."""
    found: dict[str, int] = {}
    for place, group in enumerate(choice.project.strata.groups):
        given = text(fields, f"{start}{place}").replace(",", "")
        if not given:
            continue
        if not (given.isascii() and given.isdecimal()) or int(given[:12]) > MOST:
            raise UserError(f"{group.name}: '{given[:20]}' is no number of people")
        found[group.name] = int(given)
    return found


def _day(fields: Fields, name: str, called: str) -> date:
    given = text(fields, name)
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise UserError(f"{called}: write a date such as 2026-01-31") from None


GATHERING: dict[str, Callable[[Desk, Choice, Fields], str]] = {
    "engage": _engage,
    "did": _did,
    "keep_voices": _keep_voices,
    "keep_staff": _keep_staff,
    "makeup": _makeup,
}
