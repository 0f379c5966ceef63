"""A visitor without a browser: HTTP with cookies, and the app's websocket, message by message."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

from argon2 import PasswordHasher
from tornado.httpclient import HTTPRequest
from tornado.websocket import (
    WebSocketClientConnection,
    WebSocketClosedError,
    websocket_connect,
)

from patience import PATIENCE
from qi_equity.app import entrance, server
from qi_equity.app.live import Network
from qi_equity.app.signin import Door
from qi_equity.store import Users

PASSWORD = "correct horse staple"
SECRET = "a secret for tests alone, never for a server"
WEAK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # quick, for tests alone


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass
class Answer:
    status: int
    headers: Any
    text: str


@dataclass
class Visitor:
    """Somebody at a browser; `url` ends in a slash."""

    url: str
    cookies: HTTPCookieProcessor = field(default_factory=HTTPCookieProcessor)

    def ask(
        self, address: str, form: dict[str, str] | None = None, method: str = "", **headers: str
    ) -> Answer:
        """One request, redirects not followed."""
        body = urlencode(form).encode() if form is not None else None
        request = Request(self.url + address.lstrip("/"), body, headers)
        if method:
            request.method = method
        opener = build_opener(self.cookies, _Stay)
        try:
            with opener.open(request, timeout=PATIENCE) as given:
                return Answer(given.status, given.headers, given.read().decode())
        except HTTPError as given:
            with given:
                return Answer(given.code, given.headers, given.read().decode())

    def sign_in(
        self, name: str, password: str = PASSWORD, target: str = "/", code: str = ""
    ) -> Answer:
        """Fill in the form and send it."""
        form = self.ask("sign-in").text
        filled = {"name": name, "password": password, "next": target, "code": code}
        return self.ask("sign-in", filled | {"_xsrf": xsrf(form)})

    def cookie(self, name: str = "qi-equity") -> Any:
        """A cookie this browser has, or None."""
        return next((one for one in self.cookies.cookiejar if one.name == name), None)

    def cookie_header(self) -> str:
        """The cookies as they are sent."""
        return "; ".join(f"{one.name}={one.value}" for one in self.cookies.cookiejar)

    @contextmanager
    def open(self, address: str = "", **options: Any) -> Iterator[Page]:
        """A page with its connection."""
        given = self.ask(address)
        assert given.status == 200, given.status
        page = Page(self, given.text)
        page.connect(**options)
        try:
            yield page
        finally:
            page.close()


class Page:
    """A page and its websocket, as app.js and Bokeh's script talk over it."""

    def __init__(self, visitor: Visitor, html: str) -> None:
        self.html = html
        self.token = re.search(r'"token":\s*"([^"]+)"', html).group(1)  # type: ignore[union-attr]
        self.wire = re.search(r'"roots":\s*\{"(\w+)"', html).group(1)  # type: ignore[union-attr]
        self._visitor = visitor
        # A loop in a thread of its own: Playwright keeps this thread's for itself.
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._socket: WebSocketClientConnection | None = None
        self._number = 0
        self._over = False

    def connect(self, *, visitor: Visitor | None = None, origin: str | None = None) -> None:
        """Open the websocket, as this visitor and from this origin."""
        place = urlsplit(self._visitor.url)
        headers = {
            "Origin": origin or f"{place.scheme}://{place.netloc}",
            "Cookie": (visitor or self._visitor).cookie_header(),
        }
        request = HTTPRequest(
            f"ws://{place.netloc}/ws",
            headers=headers,
            connect_timeout=PATIENCE,
            request_timeout=PATIENCE,
        )

        async def begin() -> WebSocketClientConnection:
            return await websocket_connect(
                request, subprotocols=["bokeh", self.token], max_message_size=50_000_000
            )

        self._socket = self._run(begin())
        assert self._read() is not None, "the server acknowledges"

    def send(self, **message: Any) -> dict[str, Any]:
        """Send what app.js would, and wait for its answer."""
        self._number += 1
        self.push(json.dumps(self._event(message | {"number": self._number})))
        while True:
            content = self._read()
            assert content is not None, "the server closed the connection"
            for event in content.get("events", ()):
                told = plain(event.get("msg_data", {})).get("values", {}).get("data")
                if isinstance(told, dict) and told.get("number") == self._number:
                    return told

    def push(self, content: str) -> None:
        """Send one message of Bokeh's protocol."""

        async def go() -> None:
            assert self._socket is not None
            for fragment in (
                json.dumps({"msgid": f"m{self._number}", "msgtype": "PATCH-DOC"}), "{}", content,
            ):  # fmt: skip
                await self._socket.write_message(fragment)

        with suppress(WebSocketClosedError):  # told by closed()
            self._run(go())

    def closed(self) -> int | None:
        """Wait until the server closes the connection: the code it gave."""
        assert self._socket is not None
        while self._run(self._next()) is not None:
            pass
        return self._socket.close_code

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._loop.call_soon_threadsafe(self._socket.close)
            if not self._over:
                self.closed()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def _event(self, message: dict[str, Any]) -> dict[str, Any]:
        entries = [["model", {"id": self.wire}], ["data", message]]
        values = {"type": "map", "entries": entries}
        data = {"type": "event", "name": "data_event", "values": values}
        return {"events": [{"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": data}]}

    def _read(self) -> dict[str, Any] | None:
        """The content of the next message."""
        fragments = []
        for _ in range(3):
            assert self._socket is not None
            told = self._run(self._next())
            if told is None:
                return None
            fragments.append(told)
        return json.loads(fragments[2])

    async def _next(self) -> Any:
        assert self._socket is not None
        told = await self._socket.read_message()
        self._over = told is None
        return told

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        bounded = asyncio.wait_for(work, PATIENCE)
        return asyncio.run_coroutine_threadsafe(bounded, self._loop).result()


def plain(told: Any) -> Any:
    """Bokeh's maps as dictionaries."""
    if isinstance(told, dict):
        if told.get("type") == "map":
            return {plain(key): plain(value) for key, value in told.get("entries", ())}
        return {key: plain(value) for key, value in told.items()}
    return [plain(one) for one in told] if isinstance(told, list) else told


def xsrf(html: str) -> str:
    """The form's own secret."""
    return re.search(r'name="_xsrf" value="([^"]+)"', html).group(1)  # type: ignore[union-attr]


@dataclass
class Served:
    """A running server with its network and its users."""

    url: str
    network: Network
    users: Users
    door: Door

    def visitor(self) -> Visitor:
        """Somebody new."""
        return Visitor(self.url)

    def signed_in(self, name: str) -> Visitor:
        """Somebody who signed in."""
        visitor = self.visitor()
        assert visitor.sign_in(name).status == 303
        return visitor


@contextmanager
def served(
    folder: Path,
    place: str | Path,
    clock: Callable[[], float] | None = None,
    environ: dict[str, str] | None = None,
    people: Callable[[Users], None] = lambda users: None,
) -> Iterator[Served]:
    """`qi-equity serve` in this process, with passwords that are quick to check."""
    users = Users(folder / "users.json", hasher=WEAK, **({"clock": clock} if clock else {}))
    people(users)
    with socket.socket() as probe:  # the address must be known before the server listens
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    reached = entrance.address(None, "127.0.0.1", port)
    door, options = entrance.door(users.path, reached, {entrance.SECRET: SECRET} | (environ or {}))
    door.users = users
    if clock:
        door._clock = door.visits.clock = clock
    network = entrance.attended(place, door)
    running = server.start(network.seat, door=door, port=port, **options)
    try:
        yield Served(running.url, network, users, door)
    finally:
        running.stop()
        door.close()
        network.close()
