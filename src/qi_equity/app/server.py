"""The app as a server on this machine: one session a page, one process, everything local."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlencode

import panel as pn

from qi_equity.app import assets, render
from qi_equity.app.backend import Backend
from qi_equity.app.component import Wire
from qi_equity.app.render import Renderer
from qi_equity.view import icons

HERE = Path(__file__).parent

ECHOED = ("number", "back", "moved", "quiet", "hash")  # what a page says to itself


def page(renderer: Renderer) -> pn.Template:
    """One session's page: complete as it is sent, live once the browser has connected."""
    arguments = pn.state.session_args or {}
    asked = {name: values[0].decode("utf-8", "replace") for name, values in arguments.items()}
    address = "?" + urlencode(asked)
    answer = renderer.answer(address)

    def reply(message: dict[str, Any]) -> dict[str, Any]:
        """What a page asked for; the number lets it drop an answer that came too late."""
        answer = renderer.answer(str(message.get("address", "")))
        return answer | {name: message.get(name) for name in ECHOED}

    template = pn.Template((HERE / "templates" / "page.html").read_text(encoding="utf-8"))
    template.add_panel("wire", Wire(reply))
    variables = {
        "page_title": answer["title"].replace("<", "&lt;"),
        "main": answer["html"],
        "nav": answer["nav"],
        "waiting": "yes" if answer["waiting"] else "no",
        "figures": render.script_text(answer["figures"]),
        "colours": render.colours(),
        "css": render.css(),
        "mark": icons.MARK,
        "favicon": icons.FAVICON,
        **assets.versions(),
    }
    for name, value in variables.items():
        template.add_variable(name, value)
    return template


class Running:
    """A server that runs beside the caller until it is stopped."""

    def __init__(self, url: str, stop: Callable[[], None]) -> None:
        self.url = url
        self.stop = stop


def serve(
    backend: Backend,
    *,
    port: int = 0,
    address: str = "127.0.0.1",
    open_browser: bool = False,
    warm: bool = True,
    started: Callable[[str], None] = lambda url: None,
    **options: Any,
) -> None:
    """Serve until stopped (Ctrl+C); `started` is told the address once pages can be asked for."""
    server = _server(backend, port=port, address=address, warm=warm, **options)
    server.start()
    url = _url(server, address)
    started(url)
    if open_browser:
        server.io_loop.add_callback(webbrowser.open, url)
    server.io_loop.start()
    server.stop()


def start(
    backend: Backend, *, port: int = 0, address: str = "127.0.0.1", **options: Any
) -> Running:
    """Serve in a thread of its own until `stop` is called: for tests."""
    ready = Event()
    held: dict[str, Any] = {}

    def run() -> None:
        import asyncio

        asyncio.set_event_loop(asyncio.new_event_loop())
        server = _server(backend, port=port, address=address, warm=True, **options)
        server.start()
        held["server"], held["loop"] = server, server.io_loop
        ready.set()
        server.io_loop.start()
        server.stop()

    thread = Thread(target=run, daemon=True)
    thread.start()
    if not ready.wait(60):
        raise RuntimeError("the server did not start within a minute")

    def stop() -> None:
        held["loop"].add_callback(held["loop"].stop)
        thread.join(20)

    return Running(_url(held["server"], address), stop)


def _server(backend: Backend, *, port: int, address: str, warm: bool, **options: Any) -> Any:
    renderer = Renderer(backend)
    settings = {"compress_response": True, "websocket_compression_level": 6, "liveness": True}
    if warm:
        for name in assets.PACKED:
            assets.packed(name)
    return pn.io.server.get_server(
        {"/": lambda: page(renderer)},
        port=port,
        address=address,
        title="QI Equity",
        show=False,
        start=False,
        warm=warm,
        extra_patterns=assets.routes(),
        **(settings | options),
    )


def _url(server: Any, address: str) -> str:
    host = "127.0.0.1" if address in ("0.0.0.0", "") else address
    return f"http://{host}:{server.port}/"
