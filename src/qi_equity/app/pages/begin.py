"""A new project from a file: dropped, shown as it is understood, asked about, and then kept."""

from __future__ import annotations

from qi_equity.app.pages.page import Context, Page, told
from qi_equity.app.received import LARGEST
from qi_equity.sources.grid import READERS
from qi_equity.store import Desk
from qi_equity.words import say

START_ONE = "qi-equity new my_project --from pph_reduction"


def begin(context: Context) -> Page:
    """The page for who has a project already and begins another."""
    return begin_page(context.desk, say("labels.page.begin"))


def begin_page(desk: Desk | None, heading: str) -> Page:
    """A place to drop a file, for the roles that may save a project; else how one is started."""
    if desk is None:
        return told(heading, [say("labels.empty.start_one", command=START_ONE)])
    if desk.user.may("save plan") is None:
        return told(heading, [say("begin.not_yours", role=say(f"people.roles.{desk.user.role}"))])
    values = {"heading": heading, "largest": LARGEST, "kinds": ",".join(READERS)}
    return Page("begin.html", values, title=heading)
