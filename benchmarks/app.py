"""How long people wait for the app: the first chart, a filter change, and thirty people at once.

    python benchmarks/app.py [--seconds 40] [--people 30]

The demo network (10 sites, 104 weeks) is served by `qi-equity demo` in a process of its own;
browser and clients run in this one, on the same machine. Times in the browser are the browser's
own (from the start of navigation, or from the choice, until plotly has drawn); the thirty are
clients of the websocket alone, so theirs are those of the server and the wire.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

SITES = [f"site_{letter}" for letter in "abcdefghij"]
PROJECT = "pph_reduction"
MEASURES = ("pph_1000", "risk_assessed", "loss_weighed", "transfusion")
EVERY = 5.0  # seconds between one person's choices


def served(folder: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "qi_equity.cli", "demo", "--no-browser", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--keep", str(folder)], stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://\S+", line):
            return process, found.group()
    raise RuntimeError("the demo did not start")


def megabytes(process: subprocess.Popen[str]) -> float:
    text = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) / 1024  # type: ignore[union-attr]


def judged(url: str) -> None:
    """Wait until the verdicts are in: they are worked out once, in the background."""
    import urllib.request

    while True:
        with urllib.request.urlopen(f"{url}?page=gap&project={PROJECT}") as answer:
            if 'data-waiting="no"' in answer.read().decode():
                return
        time.sleep(2)


def in_a_browser(url: str, visits: int) -> tuple[list[float], list[float]]:
    """Milliseconds to the first chart of fresh visitors, and of filter changes."""
    first: list[float] = []
    changes: list[float] = []
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for visit in range(visits):
            context = browser.new_context(viewport={"width": 1366, "height": 768})
            page = context.new_page()
            page.goto(f"{url}?project={PROJECT}&site={SITES[visit % 10]}")
            page.wait_for_selector("html[data-connected]")
            marks = "performance.getEntriesByName('qi-drawn').map((mark) => mark.startTime)"
            first.append(page.evaluate(marks)[0])
            for step in range(6):
                before = page.locator(".plot").first.get_attribute("data-drawn")
                site = SITES[(visit + step + 1) % 10]
                page.get_by_label("Site", exact=True).select_option(site)
                page.wait_for_function(
                    "(before) => document.querySelector('.plot').dataset.drawn !== before",
                    arg=before,
                )
                asked = page.evaluate("performance.getEntriesByName('qi-asked').at(-1).startTime")
                changes.append(page.evaluate(marks)[-1] - asked)
            context.close()
        browser.close()
    return first, changes


async def person(url: str, number: int, seconds: float, waits: list[float]) -> None:
    """One session that chooses another site or measure every few seconds."""
    await asyncio.sleep(EVERY * number / 30)
    client = AsyncHTTPClient()
    page = (await client.fetch(f"{url}?project={PROJECT}", request_timeout=60)).body.decode()
    token = re.search(r'"token":"([^"]+)"', page).group(1)  # type: ignore[union-attr]
    request = HTTPRequest(
        url.replace("http", "ws") + "ws", headers={"Sec-WebSocket-Protocol": f"bokeh, {token}"}
    )
    socket = await websocket_connect(request, compression_options={})

    async def message() -> tuple[dict, str]:
        header = json.loads(await socket.read_message())
        await socket.read_message()
        return header, await socket.read_message()

    async def send(kind: str, content: dict) -> None:
        for part in ({"msgid": f"m{time.monotonic_ns()}", "msgtype": kind}, {}, content):
            await socket.write_message(json.dumps(part))

    await message()
    await send("PULL-DOC-REQ", {})
    _, document = await message()
    wire = re.search(r'"name":"panel.models.esm.ReactiveESM","id":"(p\d+)"', document)
    model = wire.group(1) if wire else re.search(r'ESM[^{}]*?"id":"(p\d+)"', document).group(1)
    end = time.monotonic() + seconds
    step = 0
    while time.monotonic() < end:
        step += 1
        site, measure = SITES[(number + step) % 10], MEASURES[(number * 7 + step) % 4]
        data = [["address", f"?project={PROJECT}&site={site}&measure={measure}"], ["number", step]]
        values = [["model", {"id": model}], ["data", {"type": "map", "entries": data}]]
        event = {"name": "data_event", "values": {"type": "map", "entries": values}}
        asked = time.perf_counter()
        await send(
            "PATCH-DOC",
            {
                "events": [
                    {
                        "kind": "MessageSent",
                        "msg_type": "bokeh_event",
                        "msg_data": {"type": "event"} | event,
                    }
                ]
            },
        )
        while (await message())[0]["msgtype"] != "PATCH-DOC":
            pass
        waits.append((time.perf_counter() - asked) * 1000)
        await asyncio.sleep(max(0.0, EVERY - (time.perf_counter() - asked)))
    socket.close()


async def many(url: str, people: int, seconds: float) -> list[float]:
    waits: list[float] = []
    await asyncio.gather(*(person(url, number, seconds, waits) for number in range(people)))
    return waits


def told(name: str, waits: list[float]) -> None:
    ordered = sorted(waits)
    p95 = ordered[max(0, round(0.95 * len(ordered)) - 1)]
    middle = statistics.median(ordered)
    most, count = ordered[-1], len(ordered)
    print(f"{name}: median {middle:.0f} ms, p95 {p95:.0f} ms, most {most:.0f} ms ({count} of them)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--visits", type=int, default=7)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        process, url = served(Path(folder))
        print(f"address printed after {time.monotonic() - began:.1f} s")
        try:
            judged(url)
            print(f"verdicts in after {time.monotonic() - began:.1f} s")
            first, changes = in_a_browser(url, chosen.visits)
            told("first chart, fresh browser", first)
            told("filter change in the browser", changes)
            before = megabytes(process)
            waits = asyncio.run(many(url, chosen.people, chosen.seconds))
            told(f"filter change, {chosen.people} people, one each {EVERY:.0f} s", waits)
            grown = megabytes(process) - before
            print(f"memory: {before:.0f} MB, and {grown / chosen.people:.1f} MB a person")
        finally:
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    main()
