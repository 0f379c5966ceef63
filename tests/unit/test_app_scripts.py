"""The scripts in apps/ serve pages the way `panel serve` runs them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Event, Thread
from urllib.request import Request, urlopen

import panel as pn
from made_findings import made_findings, made_project
from tornado.web import create_signed_value

from patience import PATIENCE
from qi_equity import store
from qi_equity.observations import COLUMNS
from qi_equity.project import EVERYONE

APPS = Path(__file__).parents[2] / "apps"


SECRET = "a secret for tests alone, never for a server"


def test_the_charts_of_a_store_are_served_to_who_signed_in_and_is_listed(tmp_path, monkeypatch):
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
    users = tmp_path / "users.json"
    monkeypatch.setenv("QI_EQUITY_USERS", str(users))
    store.Users(users).save("jo", "clinician", [project.sites[0].id])
    monkeypatch.setattr(pn.config, "cookie_secret", SECRET)
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
    assert ready.wait(PATIENCE)
    server = held["server"]
    try:
        url = f"http://127.0.0.1:{server.port}"

        def asked(address: str, cookie: str = "") -> str:
            with urlopen(Request(url + address, headers={"Cookie": cookie})) as given:
                return str(given.read().decode())

        signed = {
            name: f"user={create_signed_value(SECRET, 'user', name).decode()}"
            for name in ("jo", "unlisted")
        }
        assert "Blood loss of 1,000 ml or more" in asked("/charts", signed["jo"])
        log = asked("/charts?page=log", signed["jo"])
        assert "you may read what was logged, not log" in log
        for nobody in ("", "user=jo", "is_guest=1", signed["unlisted"]):
            page = asked("/charts", nobody)
            assert "Sign in first" in page
            assert "Blood loss" not in page
        assert len(asked("/static/extensions/plotly_js/plotly.min.js")) > 1_000_000
    finally:
        server.io_loop.add_callback(server.io_loop.stop)
        thread.join(PATIENCE)
        for network in pn.state.cache.values():
            network[0].close()
        pn.state.cache.clear()
