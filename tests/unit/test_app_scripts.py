"""The scripts in apps/ serve pages the way `panel serve` runs them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Event, Thread
from urllib.request import urlopen

import panel as pn
from made_findings import made_findings, made_project

from qi_equity import store
from qi_equity.observations import COLUMNS
from qi_equity.project import EVERYONE

APPS = Path(__file__).parents[2] / "apps"


def test_the_charts_of_a_store_are_served_to_read(tmp_path, monkeypatch):
    project = made_project("pph", sites=1)
    rows = made_findings(project, weeks=16).points
    rows = rows[(rows["stratum"] != EVERYONE) & rows["denominator"].notna()].copy()
    rows["value"] = float("nan")
    place = tmp_path / "network.sqlite"
    opened = store.open(place)
    view = opened.as_user(store.User("Asha", "admin"))
    view.save_project(project, "id: pph\n")
    view.import_table("pph", rows[COLUMNS], "0" * 64)
    opened.close()
    monkeypatch.setenv("QI_EQUITY_DATABASE", str(place))
    ready, held = Event(), {}

    def run() -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        server = pn.io.server.get_server({"charts": str(APPS / "charts.py")})
        server.start()
        held["server"] = server
        ready.set()
        server.io_loop.start()
        server.stop()

    thread = Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(30)
    server = held["server"]
    try:
        page = urlopen(f"http://127.0.0.1:{server.port}/charts").read().decode()
        log = urlopen(f"http://127.0.0.1:{server.port}/charts?page=log").read().decode()
        script = urlopen(
            f"http://127.0.0.1:{server.port}/static/extensions/plotly_js/plotly.min.js"
        )
        assert "Blood loss of 1,000 ml or more" in page
        assert "you may read what was logged, not log" in log
        assert len(script.read()) > 1_000_000
    finally:
        server.io_loop.add_callback(server.io_loop.stop)
        thread.join(20)
        pn.state.cache.clear()
