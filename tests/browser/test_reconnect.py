"""The server goes away and comes back: the page says so, and nothing that was typed is lost."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from made_findings import made_findings, made_project
from seeing import DESKTOP, ready

from patience import PATIENCE
from qi_equity import store
from qi_equity.observations import COLUMNS
from qi_equity.project import EVERYONE

CELL = "Black: women who lost 1,000 ml or more"
USER = store.User("Asha", "admin")

# In a process of its own, so that it can die as servers do.
SERVER = """
import sys
from qi_equity import store
from qi_equity.app.live import Analyst, Network
from qi_equity.app.server import serve

if __name__ == "__main__":
    network = Network(store.open(sys.argv[1]), Analyst())
    seat = network.seat(store.User("Asha", "admin"))
    serve(seat, port=int(sys.argv[2]), started=lambda url: print(url, flush=True))
"""


def served(folder: Path, port: str = "0") -> tuple[subprocess.Popen[str], str]:
    script = folder / "server.py"
    script.write_text(SERVER, encoding="utf-8")
    command = [sys.executable, str(script), str(folder / "network.sqlite"), port]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def ended(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    process.wait(PATIENCE)
    assert process.stdout is not None
    process.stdout.close()


def test_a_restarted_server_is_waited_for_and_the_draft_is_put_back(context_of: Any, tmp_path):
    project = made_project("pph", sites=1)
    rows = made_findings(project, weeks=16).points
    rows = rows[(rows["stratum"] != EVERYONE) & rows["denominator"].notna()].copy()
    rows["value"] = float("nan")
    opened = store.open(tmp_path / "network.sqlite")
    view = opened.as_user(USER)
    view.save_project(project, "id: pph\n")
    view.import_table("pph", rows[COLUMNS], "0" * 64)
    opened.close()
    process, url = served(tmp_path)
    page = context_of(DESKTOP).new_page()
    try:
        page.goto(url + "?page=log")
        ready(page)
        page.get_by_label(CELL, exact=True).fill("4")
        ended(process)
        page.get_by_text("The connection to the server is lost").wait_for()
        assert page.get_by_label(CELL, exact=True).input_value() == "4"
        process, _ = served(tmp_path, url.rsplit(":", 1)[1].strip("/"))
        page.get_by_text("typed and not saved was put back").wait_for()
        ready(page)
        assert page.get_by_label(CELL, exact=True).input_value() == "4"
    finally:
        page.close()
        ended(process)
