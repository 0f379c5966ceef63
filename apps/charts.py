"""The app on your own store for `panel serve apps/charts.py`, where Panel's sign-in is in use.

    panel serve apps/charts.py --oauth-provider azure ... --cookie-secret ...

The store is the one named by QI_EQUITY_DATABASE; role and sites come from the list of users named
by QI_EQUITY_USERS. Nobody is shown anything without signing in. `qi-equity serve` is the usual
way: it also guards its cookies, headers and connections, which `panel serve` leaves to you.
"""

import os

import panel as pn

from qi_equity import store
from qi_equity.app.backend import Backend, Closed
from qi_equity.app.live import Network, opened
from qi_equity.app.server import Audience, page


def network() -> Network:
    """Made once for the whole server."""
    return opened(os.environ["QI_EQUITY_DATABASE"], listed().find)


def listed() -> store.Users:
    """Who may sign in, and as what."""
    return store.Users(os.environ["QI_EQUITY_USERS"])


def seat() -> Backend:
    """What the person who signed in may see."""
    user = listed().find(pn.state.user or "")
    if user is None:
        return Closed(store.Forbidden("Sign in first, as somebody in the list of users."))
    return pn.state.as_cached("qi_equity_network", network).seat(user)


page(Audience(seat(), None)).servable()
