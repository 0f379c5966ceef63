"""Who may sign in, as what and where, and what each site lets the network see.

The list is an admin's; consent is given by those whom the store's table of roles lets give it.
"""

from __future__ import annotations

from typing import Any

from qi_equity.app.actions import ROLES, TICKED, sites_known
from qi_equity.app.pages.account import stays
from qi_equity.app.pages.page import Context, Page, told
from qi_equity.store import Desk, Forbidden, User, Users
from qi_equity.words import say
from qi_equity.words.grammar import first_up


def people(context: Context) -> Page:
    """The list of users with what can be changed, and the project's consents."""
    desk, title = context.desk, say("labels.page.people")
    if desk is None:
        return told(title, [say("people.findings_only")])
    users, why = _list(context, desk)
    consents = _consents(context, desk)
    if users is None and not consents:
        return told(title, [why, say("people.your_role", role=_words(desk.user.role))])
    values: dict[str, Any] = {
        "heading": title,
        "why": why,
        "people": [],
        "person": None,
        "missing": "",
        "roles": [(role, first_up(_words(role))) for role in ROLES],
        "consents": consents,
    }
    if users is not None:
        values |= _people(context, desk, users)
    return Page("people.html", values, title=title)


def _list(context: Context, desk: Desk) -> tuple[Users | None, str]:
    """The list if there is one and this user may have it, else why not."""
    if context.users is None:
        return None, say("people.no_list")
    try:
        return desk.people(context.users), ""
    except Forbidden:
        return None, say("people.not_yours")


def _people(context: Context, desk: Desk, users: Users) -> dict[str, Any]:
    known, asked = sites_known(desk), context.choice.address.person
    changes = users.changes()
    chosen = users.find(asked) if asked else None
    ids = dict.fromkeys([*known, *(sorted(chosen.sites) if chosen else ())])
    return {
        "people": [
            {
                "name": user.name,
                "role": _words(user.role),
                "sites": [known.get(site, site) for site in sorted(user.sites)],
                "last": _last(changes, user),
                "link": context.choice.address.link(person=user.name),
            }
            for user in users.all()
        ],
        "person": chosen,
        "missing": asked if asked and chosen is None else "",
        "ticks": [
            (TICKED + site, known.get(site, site), chosen is not None and site in chosen.sites)
            for site in ids
        ],
        "back": context.choice.address.link(person=""),
        "trail": context.choice.address.link(page="trail", person=""),
        "has_factor": chosen is not None and users.has_factor(chosen.name),
        "is_bound": chosen is not None and users.is_bound(chosen.name),
        "stays": _stays(context, chosen),
    }


def _stays(context: Context, person: User | None) -> list[dict[str, Any]]:
    mine = context.account
    return stays(mine.stays(person.name), mine) if mine and person else []


def _last(changes: tuple[dict[str, str], ...], user: User) -> str:
    """When and by whom this person was last changed."""
    own = [one for one in changes if one["what"].startswith(f"{user.name}: ")]
    if not own:
        return ""
    by = f", {own[-1]['by']}" if own[-1]["by"] else ""
    return f"{_minute(own[-1]['when'])}{by}"


def _consents(context: Context, desk: Desk) -> list[dict[str, Any]]:
    """The sites whose consent this user may give or stop: what holds, since when and why."""
    project = context.choice.project
    mine = desk.user.where("consent", frozenset(site.id for site in project.sites), frozenset())
    given = desk.consented(project.id) if mine else ()
    rows = []
    for site in (site for site in project.sites if site.id in mine):
        past = [one for one in desk.history(project.id, site.id) if one.kind == "consent"]
        last = past[-1] if past else None
        rows.append(
            {
                "id": site.id,
                "name": site.name,
                "given": site.id in given,
                "since": f"{_minute(last.at)}, {last.who}" if last else "",
                "why": (last.why or "") if last else "",
            }
        )
    return rows


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")


def _words(role: str) -> str:
    return say(f"people.roles.{role}")
