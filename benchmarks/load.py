"""Fifty people at once and two hundred connections: how long pages take, and what memory grows by.

    python benchmarks/load.py [--minutes 10] [--people 50] [--connections 200] [--turns 5]
    python benchmarks/load.py --check 1.5      # exits with 1 where a ratio is larger
    python benchmarks/load.py --costs          # what one of each costs the server's processor

`qi-equity serve` runs in a process of its own on the demo network (10 sites, 104 weeks), as behind
a proxy that speaks https. Every person signs in, opens a page and its websocket, and chooses
another page, site or measure every so many seconds; the other connections are open and quiet. Quiet
turns and turns with an attack beside them alternate in one run, so that ratios hold on a machine
that does other things too. The attacker is a process of its own; people and probes are timed here.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import itertools
import json
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

HOST = "qi.trust.example"
PASSWORD = "four plain words here"
PROJECT = "pph_reduction"
SITES = [f"site_{letter}" for letter in "abcdefghij"]
MEASURES = ("pph_1000", "risk_assessed")
PAGES = ("charts", "gap", "compare", "charts", "log", "session", "quality")
ROWS = 3_300_000  # bytes of a file that a page takes, all of whose rows are refused
HUGE = 100_000_000  # bytes of an upload that is refused
QUIET = "quiet"

Waits = dict[str, dict[str, list[float]]]  # what was asked -> which turn -> milliseconds


@dataclass
class Browser:
    """One signed-in browser without a screen, behind the proxy."""

    url: str
    number: int
    cookies: dict[str, str] = field(default_factory=dict)
    socket: WebSocketClientConnection | None = None
    model: str = ""
    step: int = 0

    def headers(self) -> dict[str, str]:
        told = "; ".join(f"{name}={text}" for name, text in self.cookies.items())
        address = f"10.0.{self.number // 250}.{self.number % 250 + 1}"
        return {"Cookie": told, "Origin": f"https://{HOST}", "Host": HOST, "X-Real-Ip": address}

    async def fetch(self, address: str, body: str | None = None) -> str:
        request = HTTPRequest(
            self.url + address, method="POST" if body else "GET", body=body,
            headers=self.headers(), follow_redirects=False, request_timeout=600,
        )  # fmt: skip
        answer = await AsyncHTTPClient().fetch(request, raise_error=False)
        if answer.code >= 400:
            raise HTTPClientError(answer.code, answer=answer)
        for told in answer.headers.get_list("Set-Cookie"):
            name, _, text = told.partition(";")[0].partition("=")
            self.cookies[name] = text
        return answer.body.decode()

    async def sign_in(self, name: str) -> None:
        form = await self.fetch("sign-in")
        xsrf = re.search(r'name="_xsrf" value="([^"]+)"', form).group(1)
        told = {"name": name, "password": PASSWORD, "next": "/", "_xsrf": xsrf}
        await self.fetch("sign-in", urlencode(told))

    async def open(self) -> None:
        page = await self.fetch(f"?project={PROJECT}")
        token = re.search(r'"token":\s*"([^"]+)"', page).group(1)
        self.model = re.search(r'"roots":\s*\{"(\w+)"', page).group(1)
        request = HTTPRequest(
            self.url.replace("http", "ws") + "ws",
            headers=self.headers() | {"Sec-WebSocket-Protocol": f"bokeh, {token}"},
            request_timeout=600,
        )
        self.socket = await websocket_connect(
            request, compression_options={}, max_message_size=50_000_000
        )
        await self.read()

    async def read(self) -> dict:
        parts = [await self.socket.read_message() for _ in range(3)]
        if None in parts:
            raise ConnectionError("the server closed the connection")
        return json.loads(parts[2])

    async def ask(self, **message: object) -> float:
        """Send what a page would and wait for its answer: milliseconds."""
        self.step += 1
        entries = [["model", {"id": self.model}], ["data", message | {"number": self.step}]]
        values = {"type": "map", "entries": entries}
        data = {"type": "event", "name": "data_event", "values": values}
        event = {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": data}
        header = {"msgid": f"m{self.step}", "msgtype": "PATCH-DOC"}
        began = time.perf_counter()
        for part in (header, {}, {"events": [event]}):
            await self.socket.write_message(json.dumps(part))
        while not (await self.read()).get("events"):
            pass
        return (time.perf_counter() - began) * 1000

    async def choose(self) -> float:
        return await self.ask(address=address(self.number * 11 + self.step))


def address(number: int) -> str:
    """One of the pages that people choose."""
    asked = {"page": PAGES[number % 7], "project": PROJECT, "site": SITES[number % 10]}
    return "?" + urlencode(asked | {"measure": MEASURES[number // 70 % 2]})


# Attacks: each a function that is repeated until it is told to stop


async def huge_form(browser: Browser) -> None:
    """100 MB as a form: refused by its length."""
    head = f"POST /sign-in HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {HUGE}\r\n\r\n"
    await pushed(browser, head.encode())


async def huge_stream(browser: Browser) -> None:
    """100 MB as a form that does not say how long it is."""
    head = f"POST /sign-in HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n"
    await pushed(browser, head.encode(), chunked=True)


async def pushed(browser: Browser, head: bytes, chunked: bool = False) -> None:
    place = re.search(r"//([^:/]+):(\d+)", browser.url)
    _, out = await asyncio.open_connection(place.group(1), int(place.group(2)))
    part = b"x" * 100_000
    if chunked:
        part = b"%x\r\n" % len(part) + part + b"\r\n"
    out.write(head)
    with suppress(ConnectionError):
        for _ in range(HUGE // 100_000):
            out.write(part)
            await out.drain()
    out.close()


async def huge_message(browser: Browser) -> None:
    """100 MB over the websocket, which closes at the length."""
    await browser.open()
    with suppress(Exception):
        await browser.socket.write_message(b"x" * HUGE, binary=True)
        await browser.read()
    browser.socket.close()


async def many_rows(browser: Browser) -> None:
    """As many rows as a page takes, each to be refused."""
    await browser.open()
    weeks = [str(day)[:10] for day in np.arange("1990-01-01", "2024-01-01", 7, "datetime64[D]")]
    rows = (f"{m},{s},Black,{w},30,20\n" for w in weeks for s in SITES for m in MEASURES)
    text = "measure,site,stratum,subgroup,numerator,denominator\n" + "".join(rows)
    packed = base64.b64encode(text.encode()[:ROWS]).decode()
    await browser.ask(look="upload", address=f"?page=log&project={PROJECT}",
                      fields={"file": packed, "file_name": "rows.csv"})  # fmt: skip
    browser.socket.close()


ATTACKS: dict[str, Callable] = {
    "100 MB form": huge_form,
    "100 MB stream": huge_stream,
    "100 MB message": huge_message,
    "3.3 MB of rows": many_rows,
}


async def attack(url: str, name: str) -> None:
    """One after another until killed, with a breath between: uploads, not a flood of requests."""
    browser = Browser(url, 900)
    await browser.sign_in("person 0")
    print("ready", flush=True)
    while True:
        await ATTACKS[name](browser)
        await asyncio.sleep(2)


# What is timed


async def person(browser: Browser, waits: Waits, turn: list[str], end: float, every: float) -> None:
    await asyncio.sleep(every * (browser.number % 50) / 50)
    while time.monotonic() < end:
        began, during = time.monotonic(), turn[0]
        waits["choice"][during].append(await browser.choose())
        await asyncio.sleep(max(0.0, every - (time.monotonic() - began)))


async def probe(browser: Browser, waits: Waits, turn: list[str], end: float) -> None:
    """A new page, and whether the server is alive, every half second."""
    while time.monotonic() < end:
        for what, address in (("liveness", "liveness"), ("new page", f"?project={PROJECT}")):
            began, during = time.monotonic(), turn[0]
            await browser.fetch(address)
            waits[what][during].append((time.monotonic() - began) * 1000)
            await asyncio.sleep(0.25)


async def turns(url: str, turn: list[str], length: float, count: int, chosen: list[str]) -> None:
    """Quiet and each attack by turns; what an attack leaves behind is over before the next turn."""
    order = itertools.islice(itertools.cycle([QUIET, *chosen]), count * (len(chosen) + 1))
    for name in order:
        attacker = None
        if name != QUIET:
            turn[0] = "between"
            attacker = subprocess.Popen(
                [sys.executable, __file__, "--attack", name, url], stdout=subprocess.PIPE, text=True
            )
            await asyncio.to_thread(attacker.stdout.readline)
        turn[0] = name
        await asyncio.sleep(length)
        turn[0] = "between"
        if attacker:
            attacker.kill()
            attacker.wait()
            attacker.stdout.close()
            await asyncio.sleep(1)
    turn[0] = "over"


def memory(pid: int) -> dict[str, float]:
    """Megabytes of the server and of the processes it began."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError, AttributeError):
            text = status.read_text(encoding="utf-8")
            parent = int(re.search(r"PPid:\s+(\d+)", text).group(1))
            if pid in (int(status.parent.name), parent):
                size = int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) / 1024
                found["server" if parent != pid else f"process {status.parent.name}"] = size
    return found


async def play(url: str, pid: int, chosen: argparse.Namespace) -> Waits:
    waits: Waits = defaultdict(lambda: defaultdict(list))
    people = [Browser(url, number) for number in range(chosen.people)]
    for one in people:
        await one.sign_in(f"person {one.number}")
        await one.open()
    others = [Browser(url, 200 + n, people[n % len(people)].cookies)
              for n in range(max(0, chosen.connections - chosen.people))]  # fmt: skip
    print(f"{chosen.people} people are in: {memory(pid)}")
    for one in others:
        await one.open()
    print(f"{chosen.connections} connections are open: {memory(pid)}")
    for number in range(
        70 * len(MEASURES)
    ):  # every page once, so that none is new in one turn alone
        await people[0].ask(address=address(number))
    attacks = chosen.attacks or list(ATTACKS)
    length = 60 * chosen.minutes / (chosen.turns * (len(attacks) + 1))
    turn, end = [QUIET], time.monotonic() + 60 * chosen.minutes
    work = [person(one, waits, turn, end, chosen.every) for one in people]
    probing = probe(Browser(url, 400, people[0].cookies), waits, turn, end)
    await asyncio.gather(*work, probing, turns(url, turn, length, chosen.turns, attacks))
    print(f"after {chosen.minutes:g} minutes: {memory(pid)}")
    for one in people + others:
        one.socket.close()
    return waits


def processor(pid: int) -> float:
    """Seconds of processor time that the server has taken."""
    told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


async def costs(url: str, pid: int, times: int = 10) -> None:
    """What a refused upload, a page and a choice cost the server, however busy the machine."""
    browser = Browser(url, 700)
    await browser.sign_in("person 0")
    await browser.open()
    asked = {
        "liveness": lambda: browser.fetch("liveness"),
        "new page": lambda: browser.fetch(f"?project={PROJECT}"),
        "choice of a page that is kept": lambda: browser.ask(address=address(0)),
        "choice of the log page": lambda: browser.ask(address=f"?page=log&project={PROJECT}"),
    } | {name: partial(act, Browser(url, 701, browser.cookies)) for name, act in ATTACKS.items()}
    print("| asked once | processor time of the server, ms |\n|---|---:|")
    for name, ask in asked.items():
        count = 1 if "rows" in name else times
        await ask()
        before = processor(pid)
        for _ in range(count):
            await ask()
        print(f"| {name} | {(processor(pid) - before) / count * 1000:.0f} |", flush=True)


def told(waits: Waits, limit: float | None) -> bool:
    """The table; whether every ratio is within the limit."""
    within = True
    print("| asked | beside | median ms | p95 ms | most ms | asked times | p95, times the quiet |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for what, by_turn in waits.items():
        quiet = np.percentile(by_turn[QUIET], 95)
        for name, found in by_turn.items():
            if name in ("between", "over"):
                continue
            middle, high = np.percentile(found, [50, 95])
            ratio = high / quiet
            within &= limit is None or ratio <= limit
            print(f"| {what} | {name} | {middle:.0f} | {high:.0f} | {max(found):.0f} "
                  f"| {len(found)} | {ratio:.2f} |")  # fmt: skip
    return within


def prepared(folder: Path, people: int) -> None:
    """The demo network's store, and a list of people who may sign in."""
    from qi_equity.app import demo
    from qi_equity.store import Users

    demo.filled(folder).close()
    users = Users(folder / "users.json")
    for number in range(people):
        users.save(f"person {number}", "contributor", SITES, PASSWORD, by="the benchmark")


def served(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "qi_equity.cli", "serve", "--port", str(port)]
    command += ["--database", str(folder / "network.sqlite"), "--users", str(folder / "users.json")]
    process = subprocess.Popen([*command, "--origin", HOST], stdout=subprocess.PIPE)
    process.stdout.readline()
    return process, f"http://127.0.0.1:{port}/"


async def judged(url: str) -> None:
    """Wait until the verdicts are in, so that no turn has them new."""
    browser = Browser(url, 600)
    await browser.sign_in("person 0")
    while 'data-waiting="no"' not in await browser.fetch(f"?page=gap&project={PROJECT}"):
        await asyncio.sleep(2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--turns", type=int, default=5, help="of each kind")
    parser.add_argument("--every", type=float, default=5, help="seconds between a person's choices")
    parser.add_argument("--attacks", nargs="*", choices=list(ATTACKS))
    parser.add_argument("--check", type=float, help="the largest ratio allowed")
    parser.add_argument("--costs", action="store_true", help="processor time of one of each alone")
    parser.add_argument("--attack", nargs=2, metavar=("NAME", "URL"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    AsyncHTTPClient.configure(None, max_clients=500)
    if chosen.attack:
        asyncio.run(attack(chosen.attack[1], chosen.attack[0]))
        return
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    )
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepared(folder, chosen.people)
        process, url = served(folder)
        try:
            if chosen.costs:
                asyncio.run(costs(url, process.pid))
                return
            asyncio.run(judged(url))
            print(f"verdicts are in: {memory(process.pid)}")
            waits = asyncio.run(play(url, process.pid, chosen))
        finally:
            process.terminate()
            began = time.monotonic()
            process.wait(30)
            print(f"gone {time.monotonic() - began:.1f} s after SIGTERM")
    print(f"load of the machine after: {os.getloadavg()[0]:.1f}")
    if not told(waits, chosen.check):
        sys.exit(1)


if __name__ == "__main__":
    main()
