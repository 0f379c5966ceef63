"""The example network for `panel serve apps/demo.py`; `qi-equity demo` is the usual way."""

import tempfile
from pathlib import Path

import panel as pn

from qi_equity.app.demo import filled
from qi_equity.app.example import VISITOR
from qi_equity.app.server import Audience, page


def audience() -> Audience:
    """Made once for the whole server; the data are synthetic, so its visitor may do everything."""
    folder = Path(tempfile.mkdtemp(prefix="qi-equity-"))
    return Audience(filled(folder).seat(VISITOR), None)


page(pn.state.as_cached("qi_equity_demo", audience)).servable()
