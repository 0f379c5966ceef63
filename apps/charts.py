"""Charts of your own store, to read and not to write, for `panel serve apps/charts.py`.

The store is the one named by QI_EQUITY_DATABASE. Everyone who reaches this server sees every
site's true counts, so put it where only they can; `qi-equity serve` is the way with sign-in.
"""

import os

import panel as pn

from qi_equity import store
from qi_equity.app.live import Analyst, Network
from qi_equity.app.server import Audience, page


def audience() -> Audience:
    """Made once for the whole server: a seat for somebody who may read at every site."""
    network = Network(store.open(os.environ["QI_EQUITY_DATABASE"]), Analyst())
    lead = network.store.as_user(store.User("apps/charts.py", "admin"))
    sites = {site.id for name in lead.projects() for site in lead.project(name).sites}
    return Audience(network.seat(store.User("reader", "clinician", sites)), None)


page(pn.state.as_cached("qi_equity_charts", audience)).servable()
