"""The pages: each is a function from what is chosen to a template, its values and its figures."""

from __future__ import annotations

from collections.abc import Callable

from qi_equity.app.pages.account import account
from qi_equity.app.pages.begin import begin
from qi_equity.app.pages.board import board
from qi_equity.app.pages.charts import charts
from qi_equity.app.pages.compare import compare
from qi_equity.app.pages.history import history
from qi_equity.app.pages.log import log
from qi_equity.app.pages.page import Context, Page
from qi_equity.app.pages.people import people
from qi_equity.app.pages.project import project
from qi_equity.app.pages.quality import quality
from qi_equity.app.pages.responses import responses
from qi_equity.app.pages.session import session
from qi_equity.app.pages.spread import spread
from qi_equity.app.pages.staff import staff
from qi_equity.app.pages.trail import trail
from qi_equity.app.pages.voices import voices
from qi_equity.store.access import Operation

PAGES: dict[str, Callable[[Context], Page]] = {
    "charts": charts,
    "compare": compare,
    "board": board,
    "log": log,
    "session": session,
    "responses": responses,
    "voices": voices,
    "staff": staff,
    "spread": spread,
    "project": project,
    "quality": quality,
    "history": history,
    "people": people,
    "begin": begin,
    "trail": trail,
    "account": account,
}
# Reached from elsewhere than the menu: from the page of people, and from one's own name.
NOT_IN_MENU = ("trail", "account")
# What a role must be allowed for a page to be of use to it; of the others everybody sees something.
NEEDS: dict[str, Operation] = {
    "log": "log",
    "history": "read entries",
    "responses": "read entries",
    "voices": "read entries",
    "staff": "read entries",
    "people": "consent",
    "begin": "save plan",
}
# Pages that show no counts: whoever opens them has looked at none.
WITHOUT_COUNTS = ("people", "begin", "project", "trail", "account")
# Pages made of findings alone; the others show what the store holds now, and are made each time.
LASTING = ("charts", "compare", "quality", "spread")

__all__ = ["LASTING", "NEEDS", "NOT_IN_MENU", "PAGES", "WITHOUT_COUNTS", "Context", "Page"]
