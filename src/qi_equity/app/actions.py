"""What people write: each action takes a form's fields to the store and says what was done."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

import pandas as pd

from qi_equity import crossed
from qi_equity.app import incoming
from qi_equity.app.account import OWN, Account
from qi_equity.app.answering import ANSWERING, OPENING
from qi_equity.app.clashes import Clashing, standing
from qi_equity.app.forms import entry, text
from qi_equity.app.gathering import GATHERING
from qi_equity.app.holding import HOLDING
from qi_equity.app.rounds import send_round
from qi_equity.app.spreading import SPREADING
from qi_equity.app.state import Choice
from qi_equity.errors import UserError, did_you_mean
from qi_equity.findings import Findings
from qi_equity.observations import COUNTS
from qi_equity.project import Measure
from qi_equity.sources import typed
from qi_equity.store import Action, Annotation, Conflict, Desk, SessionNote, User, Users
from qi_equity.store.access import RoleName
from qi_equity.store.text import inert
from qi_equity.words import say
from qi_equity.words.numbers import day

Fields = Mapping[str, Any]
MOST_ROWS = 2000  # of one save by hand
ROLES: tuple[RoleName, ...] = get_args(RoleName)
TICKED = "site."  # then the id of a site: the field of its tick box
NO_LIST = "this server has no list of users: nobody signs in to it"


def act(
    name: str,
    desk: Desk | None,
    choice: Choice | None,
    fields: Fields,
    users: Users | None = None,
    account: Account | None = None,
    findings: Callable[[], Findings] | None = None,
) -> str:
    """Do what a form asks; raises UserError with what to put right. No choice: no project yet.

    findings: as the page shows them, for what keeps them as they stand.
    """
    if account is not None:
        account.spend("file" if name in FILES else "write")
    if name in OWN:
        if account is None:
            raise UserError(NO_LIST)
        return OWN[name](account, fields)
    if desk is None:
        raise UserError("nothing can be written here: this server shows findings only")
    if name in PEOPLE:
        if users is None:
            raise UserError(NO_LIST)
        return PEOPLE[name](desk.people(users), desk, fields)
    if name in VISITORS:
        if users is None or account is None:
            raise UserError(NO_LIST)
        return VISITORS[name](desk.people(users), account, fields)
    if name in STARTS:
        return STARTS[name](desk, fields)
    if name in OF_FINDINGS and choice is not None and findings is not None:
        return OF_FINDINGS[name](desk, choice, findings(), fields)
    if name not in ACTIONS or choice is None:
        raise UserError("this page asked for something this server does not know; reload the page")
    return ACTIONS[name](desk, choice, fields)


def _log(desk: Desk, choice: Choice, fields: Fields) -> str:
    rows = fields.get("rows")
    if not isinstance(rows, list) or not rows:
        raise UserError("nothing was changed, so there is nothing to save")
    if len(rows) > MOST_ROWS or not all(isinstance(row, dict) for row in rows):
        raise UserError("these are not the rows of a log; reload the page")
    site = str(fields.get("site", ""))
    measures = {measure.id: measure for measure in choice.project.measures}
    told = [_typed(row, site, measures) for row in rows]
    wrong = [line for _, lines in told for line in lines]
    if wrong:
        raise UserError("\n".join(wrong))
    table = [row for row, _ in told]
    try:
        saved = desk.log(choice.project.id, pd.DataFrame(table), text(fields, "reason") or None)
    except Conflict as newer:
        raise Clashing(str(newer), standing(desk, choice.project.id, table)) from newer
    if not saved.written:  # sent again, since its answer was lost
        return say("log.saved_already", count=saved.unchanged)
    if saved.corrected:
        return say("log.saved_corrected", count=saved.written, corrected=saved.corrected)
    return say("log.saved", count=saved.written)


def _typed(
    row: Mapping[str, Any], site: str, measures: Mapping[str, Measure]
) -> tuple[dict[str, object], list[str]]:
    """One row as typed, for the store; and what of it cannot be read."""
    named = {name: str(row.get(name, "")) for name in ("measure", "stratum", "subgroup")}
    kept: dict[str, object] = {**named, "site": site, "revision": _revision(row.get("revision"))}
    measure, wrong = measures.get(named["measure"]), []
    for name in (*COUNTS, "value"):
        given = row.get(name)
        cell = typed.read(given, name, measure) if measure else None
        if cell is not None and cell.state == "wrong":
            wrong.append(f"{named['stratum'][:40]}, {named['measure']}: {inert(cell.said, 300)}")
        kept[name] = cell.number if cell is not None and cell.state == "number" else None
    return kept, wrong


def _upload(desk: Desk, choice: Choice, fields: Fields) -> str:
    """A table of counts, as it was shown before."""
    return incoming.keep(desk, choice.project, fields)


def _undo(desk: Desk, choice: Choice, fields: Fields) -> str:
    revision = _revision(fields.get("revision"))
    if not isinstance(revision, int):
        raise UserError("which change is to be taken back is not clear; reload the page")
    desk.undo(revision, text(fields, "reason"))
    return say("history.taken_back")


def _note(desk: Desk, choice: Choice, fields: Fields) -> str:
    note = entry(SessionNote, fields, "day", "text", "about", "item")
    desk.write(choice.project.id, note)
    return say("session.noted")


def _action(desk: Desk, choice: Choice, fields: Fields) -> str:
    action = entry(Action, fields, "text", "owner", "due", "cycle", "item")
    cycles = [cycle.id for cycle in choice.project.cycles]
    if action.cycle is not None and action.cycle not in cycles:
        raise UserError(
            f"there is no PDSA cycle '{action.cycle}'{did_you_mean(action.cycle, cycles)}"
        )
    desk.write(choice.project.id, action)
    return say("session.kept", owner=action.owner)


def _annotate(desk: Desk, choice: Choice, fields: Fields) -> str:
    about, of = text(fields, "about"), text(fields, "of")
    known = {group.name for group in choice.project.strata.groups}
    if about not in {"", *(measure.id for measure in choice.project.measures)} or (
        of and of not in known
    ):
        raise UserError("the measure or the group is no longer there; reload the page")
    note = entry(Annotation, fields, "day", "text")
    strata = (of,) if of else ()
    desk.write(
        choice.project.id, note.model_copy(update={"measure": about or None, "strata": strata})
    )
    return say("happenings.noted", day=day(note.day))


def _done(desk: Desk, choice: Choice, fields: Fields) -> str:
    key = text(fields, "key")
    kept = desk.entries(choice.project.id, Action).get(key)
    if kept is None:
        raise UserError("this action is no longer there; reload the page")
    done = kept.content.model_copy(update={"done": not kept.content.done})
    desk.write(choice.project.id, done, key, "marked on the session page", kept.revision)
    return say("session.marked_done") if done.done else say("session.marked_to_do")


def _consent(desk: Desk, choice: Choice, fields: Fields) -> str:
    site, given = text(fields, "site"), text(fields, "given")
    if site not in {one.id for one in choice.project.sites} or given not in ("yes", "no"):
        raise UserError("which site is meant, and what it says, is not clear; reload the page")
    desk.consent(choice.project.id, site, given == "yes", text(fields, "reason") or None)
    sees = "now_sees" if given == "yes" else "sees_no_more"
    return say(f"people.consent.{sees}", site=choice.site_name(site))


def sites_known(desk: Desk) -> dict[str, str]:
    """Every site of the projects this user may see, by id, as the first project names it."""
    known: dict[str, str] = {}
    for name in desk.projects():
        for site in desk.project(name).sites:
            known.setdefault(site.id, site.name)
    return known


def _person(users: Users, desk: Desk, fields: Fields) -> str:
    name = text(fields, "name")
    if users.find(name) is not None:
        raise UserError("somebody of this name is in the list already; change them there")
    role, sites = _role(fields), _ticked(fields, set(sites_known(desk)))
    user = users.save(name, role, sites, _password(fields), by=desk.user.name)
    return say("people.can_sign_in", name=user.name)


def _change(users: Users, desk: Desk, fields: Fields) -> str:
    user, role = _listed(users, fields), _role(fields)
    if _same(user, desk.user) and role != "admin":
        raise UserError("you cannot take your own role away; ask another admin to do it")
    sites = _ticked(fields, {*sites_known(desk), *user.sites})
    users.save(user.name, role, sites, by=desk.user.name)
    return say("people.changed", name=user.name)


def _new_password(users: Users, desk: Desk, fields: Fields) -> str:
    user, password = _listed(users, fields), _password(fields)
    if password is None:
        raise UserError("the password: is missing")
    users.save(user.name, user.role, user.sites, password, by=desk.user.name)
    return say("people.password_set", name=user.name)


def _remove(users: Users, desk: Desk, fields: Fields) -> str:
    user = _listed(users, fields)
    if _same(user, desk.user):
        raise UserError("you cannot remove yourself; ask another admin to do it")
    users.remove(user.name, by=desk.user.name)
    return say("people.removed", name=user.name)


def _end_sessions(users: Users, account: Account, fields: Fields) -> str:
    user = _listed(users, fields)
    ended = account.end(user.name, text(fields, "session") or None)
    return say("people.sessions.ended", name=user.name, count=ended)


def _reset_factor(users: Users, account: Account, fields: Fields) -> str:
    user = _listed(users, fields)
    users.stop_factor(user.name, by=account.name)
    return say("people.factor_reset", name=user.name)


def _forget_account(users: Users, account: Account, fields: Fields) -> str:
    user = _listed(users, fields)
    users.unbind(user.name, by=account.name)
    return say("people.account_forgotten", name=user.name)


def _release(desk: Desk, choice: Choice, fields: Fields) -> str:
    project, seen = crossed.base(choice.project.id), text(fields, "seen")
    made = desk.release(project, text(fields, "reason"), seen=seen)
    if made is None:
        raise UserError(say("release.nothing_logged"))
    return say("release.approved", number=made.number)


def _withdraw(desk: Desk, choice: Choice, fields: Fields) -> str:
    asked = text(fields, "number")
    if not re.fullmatch(r"[0-9]{1,6}", asked):
        raise UserError("this page named no release; reload it")
    found = desk.withdraw(crossed.base(choice.project.id), int(asked), text(fields, "reason"))
    return say("release.taken_back", number=found.number)


ACTIONS: dict[str, Callable[[Desk, Choice, Fields], str]] = {
    "log": _log,
    "upload": _upload,
    "undo": _undo,
    "note": _note,
    "action": _action,
    "annotate": _annotate,
    "done": _done,
    "consent": _consent,
    "release": _release,
    "withdraw": _withdraw,
    **ANSWERING,
    **GATHERING,
    **SPREADING,
}
# What needs the findings as the page shows them.
OF_FINDINGS: dict[str, Callable[[Desk, Choice, Findings, Fields], str]] = {
    **HOLDING,
    **OPENING,
    "send_round": send_round,
}
# What needs no project to be there yet.
STARTS: dict[str, Callable[[Desk, Fields], str]] = {"begin": incoming.begin}
# What an admin does with the list of users.
PEOPLE: dict[str, Callable[[Users, Desk, Fields], str]] = {
    "person": _person,
    "change": _change,
    "password": _new_password,
    "remove": _remove,
}
# What an admin does with the sign-ins of somebody.
VISITORS: dict[str, Callable[[Users, Account, Fields], str]] = {
    "end_sessions": _end_sessions,
    "reset_factor": _reset_factor,
    "forget_account": _forget_account,
}
FILES = (
    "upload",
    "begin",
    "release",
    "send_round",
    "keep_voices",
    "keep_staff",
)  # that read a file, make some, or take seconds


def _listed(users: Users, fields: Fields) -> User:
    name = text(fields, "name")
    found = users.find(name)
    if found is None:
        raise UserError(f"there is nobody called '{inert(name)}' in the list; reload the page")
    return found


def _same(one: User, other: User) -> bool:
    return one.name.casefold() == other.name.casefold()


def _role(fields: Fields) -> RoleName:
    role = text(fields, "role")
    if role not in ROLES:
        raise UserError("choose a role from the list")
    return role


def _ticked(fields: Fields, known: set[str]) -> list[str]:
    sites = [name.removeprefix(TICKED) for name in fields if str(name).startswith(TICKED)]
    if not known.issuperset(sites):
        raise UserError("one of these sites is no longer there; reload the page")
    return sites


def _password(fields: Fields) -> str | None:
    """What was typed twice, as it was typed; None where nothing was. Never part of a message."""
    typed, again = (str(fields.get(name) or "") for name in ("password", "again"))
    if typed != again:
        raise UserError("the two passwords are not the same; type both again")
    return typed or None


def _revision(given: object) -> object:
    """The revision that a page was made from, as it sends it back: nothing, a number, or a slip."""
    text = str(given if given is not None else "").strip()
    return None if not text else int(text) if re.fullmatch("[0-9]{1,18}", text) else text[:80]
