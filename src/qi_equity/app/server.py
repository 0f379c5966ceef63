"""The app as a server on this machine: one session a page, one process, everything local."""

from __future__ import annotations

import sys
import webbrowser
from asyncio import wrap_future
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from signal import SIGINT, SIGTERM, signal
from threading import Event, Thread
from typing import Any
from urllib.parse import urlencode

import panel as pn
from panel.io.resources import _env
from panel.io.server import DocHandler

from qi_equity.app import assets, ending, render, rounds, shield
from qi_equity.app.account import Account
from qi_equity.app.ahead import Ahead
from qi_equity.app.aside import Threads
from qi_equity.app.backend import Backend, Closed, Seats
from qi_equity.app.component import Wire
from qi_equity.app.render import Kept, Renderer
from qi_equity.app.signin import Door, Visit
from qi_equity.store import Forbidden
from qi_equity.view import icons
from qi_equity.words import say, say_html, words_of

HERE = Path(__file__).parent

AT_ONCE = 4  # pages whose messages are answered at the same time; the others wait their turn
# Seconds after which a thread that works lets another one have its turn. The event loop asks for
# one at every message: at Python's 5 ms, whoever draws a page would slow all others several times.
SHARE = 0.0005
FILES_AT_ONCE = 2  # of which one is read, in a process of its own, and one kept
ECHOED = ("number", "back", "moved", "quiet", "hash", "look")  # what a page says to itself


class PageHandler(DocHandler):  # type: ignore[misc]  # panel ships no types
    """Sends a page once a thread has worked out what is in it, so that others are not kept waiting.

    Panel calls `page` in the event loop, where it only puts together what is there.
    """

    audience: Audience

    async def get(self, *arguments: Any, **named: Any) -> None:
        """The page, or the way to the door: for nobody nothing is worked out."""
        visit: Visit | None = getattr(self.request, "qi_visit", None)
        if visit is not None or not self.audience.guarded:
            work = partial(self.audience.first, visit, self.request.arguments)
            with self.audience.threads.busy():
                self.request.qi_first = await wrap_future(self.audience.threads.submit(work))
                await self._sent(*arguments, **named)
        else:
            await self._sent(*arguments, **named)

    async def _sent(self, *arguments: Any, **named: Any) -> None:
        # Panel's own answers nothing to wait for where it sends somebody to the door.
        given = super().get(*arguments, **named)
        if given is not None:
            await given


def page(audience: Audience) -> pn.Template:
    """One session's page: complete as it is sent, live once the browser has connected."""
    visit = audience.arrived()
    request = pn.state.curdoc.session_context.request
    # Panel warms up with a request of its own, and a server of one's own has its own handlers.
    made: render.Answer | None = getattr(request, "qi_first", None)
    answer = made or audience.first(visit, getattr(request, "arguments", None) or {})

    def reply(message: dict[str, Any]) -> dict[str, Any]:
        """What a page asked for; the number lets it drop an answer that came too late."""
        renderer = audience.renderer(visit)  # for what this user may do now
        if not message.get("quiet"):
            audience.seen(visit)
        address, name = str(message.get("address", "")), message.get("act")
        fields, asked = message.get("fields"), message.get("look")
        given = fields if isinstance(fields, dict) else {}
        if name:
            answer = renderer.act(str(name), given, address)
        elif asked:
            answer = renderer.look(str(asked), given, address)
        else:
            answer = renderer.answer(address)
            if message.get("quiet") and message.get("mark") == answer["mark"]:
                answer = {"same": True, "waiting": answer["waiting"]}
        # Who is signed out is refused, and not what they typed: it can be sent again.
        again = {"again": isinstance(renderer.backend, Closed)}
        return answer | again | {name: message.get(name) for name in ECHOED}

    template = PageTemplate(_page_template())
    template.add_panel("wire", Wire(reply, audience.threads.line(audience.slow)))
    variables = {
        "page_title": answer["title"].replace("<", "&lt;"),
        "account": audience.account(visit),
        "nonce": getattr(pn.state.curdoc.session_context.request, "qi_nonce", ""),
        "main": answer["html"],
        "nav": answer["nav"],
        "waiting": "yes" if answer["waiting"] else "no",
        "stands": answer["mark"],
        "place": answer["place"],
        "user": visit.name if visit else "",
        "figures": render.script_text(answer["figures"]),
        "colours": render.colours(),
        "words": render.script_text(words_of("language") | words_of("script")),
        "say": say_html,
        "css": render.css(),
        "mark": icons.MARK,
        "favicon": icons.FAVICON,
        **assets.versions(),
    }
    for name, value in variables.items():
        template.add_variable(name, value)
    return template


class PageTemplate(pn.Template):  # type: ignore[misc]  # panel ships no types
    """Panel's template, without the buttons that it makes for notebooks each time."""

    def _build_layout(self) -> pn.Column:
        return pn.Column(pn.pane.Str(""))


def read_ahead() -> None:
    """Compile what the first page is filled into, where there is time before there are counts."""
    _page_template()
    for name in ("charts.html", "gap.html", "parts.html", "nav.html", "guide.html"):
        render.environment().get_template(name)


@cache
def _page_template() -> Any:
    """The page's template, read and compiled once: it takes a tenth of a page's time."""
    return _env.from_string((HERE / "templates" / "page.html").read_text(encoding="utf-8"))


class Audience:
    """Who is asking, and a renderer for what they may see now; one for all where nobody signs in.

    Answers are kept by what may be seen (role and sites), so that nobody is shown another's.
    """

    def __init__(self, backend: Backend | Seats, door: Door | None) -> None:
        if callable(backend) and door is None:
            raise TypeError("seats are for people who sign in: give a door")
        self._seats: Seats = backend if callable(backend) else lambda user: backend
        self._door = door
        self._kept = Kept()
        self.threads, self.slow = Threads(AT_ONCE), Threads(FILES_AT_ONCE)
        self.ahead = Ahead(self.threads)
        self._for_all = (
            None if callable(backend) else Renderer(backend, self._kept, ahead=self.ahead)
        )

    @property
    def guarded(self) -> bool:
        """Whether people sign in."""
        return self._door is not None

    def first(self, visit: Visit | None, arguments: Mapping[str, list[bytes]]) -> render.Answer:
        """What is in a page that is asked for at an address."""
        asked = {name: values[0].decode("utf-8", "replace") for name, values in arguments.items()}
        return self.renderer(visit).answer("?" + urlencode(asked))

    def arrived(self) -> Visit | None:
        """The sign-in that the session being made belongs to."""
        context = pn.state.curdoc.session_context
        visit: Visit | None = getattr(context.request, "qi_visit", None)
        if self._door and visit:
            self._door.owns(context.id, visit)
            pn.state.on_session_destroyed(lambda left: self._leaves(left.id))
        return visit

    def _leaves(self, session_id: str) -> None:
        if self._door:
            self._door.leaves(session_id)

    def renderer(self, visit: Visit | None) -> Renderer:
        """What this user may see; who is signed out, or no longer listed, is told so."""
        if self._door is None:
            assert self._for_all is not None
            return self._for_all
        try:
            user = self._door.user(visit)
        except Forbidden as refused:
            return Renderer(Closed(refused))
        rights = user.role, user.sites
        assert visit is not None  # who has no visit is no user
        account = Account(self._door, visit)
        seat, users = self._seats(user), self._door.users
        return Renderer(seat, self._kept, rights, users, account, self.ahead)

    def seen(self, visit: Visit | None) -> None:
        """Somebody asked for something: their sign-in is in use."""
        if self._door:
            self._door.seen(visit)

    def account(self, visit: Visit | None) -> str:
        """Who is signed in, and the button to sign out; in the example, the part that is played."""
        if self._door is None or visit is None:
            return render.guide(self._for_all.backend) if self._for_all else ""
        xsrf = getattr(pn.state.curdoc.session_context.request, "qi_xsrf", "")
        template = render.environment().get_template("signed_in.html")
        return template.render(user=self._door.user(visit), xsrf=xsrf)


class Running:
    """A server that runs beside the caller until it is stopped."""

    def __init__(self, url: str, stop: Callable[[], None]) -> None:
        self.url = url
        self.stop = stop


def serve(
    backend: Backend | Seats,
    *,
    door: Door | None = None,
    port: int = 0,
    address: str = "127.0.0.1",
    open_browser: bool = False,
    opened_at: str = "",
    warm: bool = True,
    started: Callable[[str], None] = lambda url: None,
    **options: Any,
) -> None:
    """Serve until stopped (Ctrl+C); `started` is told the address once pages can be asked for."""
    audience = Audience(backend, door)
    server = _server(audience, door, port=port, address=address, warm=warm, **options)
    sys.setswitchinterval(SHARE)
    _stops_at_a_signal(server)
    server.start()
    url = _url(server, address)
    started(url)
    if open_browser:
        server.io_loop.add_callback(webbrowser.open, url + opened_at)
    server.io_loop.start()
    audience.ahead.end()
    server.stop()


def _stops_at_a_signal(server: Any) -> None:
    """A service manager stops it as tidily as Ctrl+C does, and neither has to wait for long."""
    end = ending.bounded()

    def stop(*_: Any) -> None:
        end.set()
        server.io_loop.asyncio_loop.call_soon_threadsafe(server.io_loop.stop)

    signal(SIGINT, stop)
    signal(SIGTERM, stop)


def start(
    backend: Backend | Seats,
    *,
    door: Door | None = None,
    port: int = 0,
    address: str = "127.0.0.1",
    warm: bool = True,
    **options: Any,
) -> Running:
    """Serve in a thread of its own until `stop` is called: for tests."""
    ready = Event()
    held: dict[str, Any] = {}
    audience = Audience(backend, door)

    def run() -> None:
        import asyncio

        asyncio.set_event_loop(asyncio.new_event_loop())
        server = _server(audience, door, port=port, address=address, warm=warm, **options)
        server.start()
        held["server"], held["loop"] = server, server.io_loop
        ready.set()
        server.io_loop.start()
        audience.ahead.end()
        server.stop()

    thread = Thread(target=run, daemon=True)
    thread.start()
    if not ready.wait(60):
        raise RuntimeError("the server did not start within a minute")

    def stop() -> None:
        held["loop"].add_callback(held["loop"].stop)
        thread.join(20)

    return Running(_url(held["server"], address), stop)


def _server(
    audience: Audience,
    door: Door | None,
    *,
    port: int,
    address: str,
    warm: bool,
    **options: Any,
) -> Any:
    settings = {"compress_response": True, "websocket_compression_level": 6, "liveness": True}
    server = pn.io.server.get_server(
        {"/": lambda: page(audience)},
        port=port,
        address=address,
        title=say("labels.product"),
        show=False,
        start=False,
        warm=warm,
        extra_patterns=[
            *assets.routes(),
            *rounds.routes(door),
            *options.pop("extra_patterns", ()),
        ],
        **(settings | shield.LIMITS | (door.options() if door else {}) | options),
    )
    if warm:  # a page is ready now; scripts are asked for after it
        assets.pack_ahead()
    handler = type("PageHandlerOfThis", (PageHandler,), {"audience": audience})
    shield.put_before(server._tornado, {DocHandler: handler}, only_https=bool(door and door.secure))
    return server


def _url(server: Any, address: str) -> str:
    # Asked about here, not listened at.
    host = "127.0.0.1" if address in ("0.0.0.0", "") else address  # nosec B104
    return f"http://{host}:{server.port}/"
