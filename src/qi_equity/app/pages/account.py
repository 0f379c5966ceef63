"""One's own account: where one is signed in, and the second factor. Nobody else's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import segno

from qi_equity.app.account import Account
from qi_equity.app.pages.page import Context, Page, told
from qi_equity.store import factor
from qi_equity.store.visits import Stay
from qi_equity.words import say


def account(context: Context) -> Page:
    """The page of whoever asks."""
    return account_page(context.account)


def account_page(mine: Account | None) -> Page:
    """The same, which needs no project: a second factor can be set up before the first one."""
    title = say("labels.page.account")
    if mine is None:
        return told(title, [say("people.no_list")])
    users = mine.door.users
    has_factor = users.has_factor(mine.name)
    values: dict[str, Any] = {
        "heading": title,
        "name": mine.name,
        "stays": stays(mine.stays(), mine),
        "has_password": mine.has_password,
        "has_factor": has_factor,
        "codes": mine.fresh_codes,
        "codes_left": users.codes_left(mine.name),
    }
    if mine.has_password and not has_factor:
        secret = mine.offer
        picture = segno.make(factor.address_of(secret, mine.name), error="m")
        values |= {
            "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
            # Dark on light in dark pages too: not every camera reads it otherwise.
            "picture": picture.svg_data_uri(scale=5, border=4, light="#fff", dark="#000"),
        }
    return Page("account.html", values, title=title)


def stays(found: tuple[Stay, ...], mine: Account) -> list[dict[str, Any]]:
    """Visits as rows of a table."""
    return [
        {
            "id": one.id,
            "began": _minute(one.began),
            "used": _minute(one.used),
            "address": one.address,
            "agent": one.agent,
            "here": one.id == mine.here,
        }
        for one in found
    ]


def _minute(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}"
