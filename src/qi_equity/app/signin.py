"""Who is at the door: sign-in by password or through an organisation; no permission lives here.

What a person may see and do is the store's to say; a role and its sites come from the users file.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode

from bokeh.server.auth_provider import AuthProvider
from bokeh.util.token import get_session_id
from tornado.web import HTTPError, RequestHandler
from tornado.websocket import WebSocketHandler

from qi_equity.app import shield
from qi_equity.store import Forbidden, SignInRefused, User, Users
from qi_equity.words import say
from qi_equity.words.grammar import sentence

HOURS = 12  # a day's work; then the password is asked for again
# Longer than a team looks at one chart, and shorter than a lunch break away from the screen
# makes safe; OWASP advises 15 to 30 minutes for what is worth more than counts.
IDLE_MINUTES = 60
SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
# Names of a session of Bokeh's that a request could ask for, to see what another was shown.
FOREIGN = ("bokeh-session-id", "bokeh-token")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Visit:
    """One sign-in of one person in one browser."""

    name: str
    key: str  # a random name of this sign-in
    until: float
    stamp: str  # of the password when they signed in


class Door(AuthProvider):  # type: ignore[misc]  # bokeh is not followed
    """Lets in who is in the users file and has signed in; everybody else sees the sign-in page."""

    def __init__(
        self,
        users: Users,
        secret: str,
        *,
        origin: str,
        handler: type[RequestHandler] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.users = users
        self.origin = origin  # as a browser tells it: scheme, host and port
        self.secure = origin.startswith("https://")
        self._secret = secret
        # A name that begins so is taken from this very host by https alone: nobody plants it.
        before = "__Host-" if self.secure else ""
        self.cookie, self.form_cookie = f"{before}qi-equity", f"{before}_xsrf"
        self._handler = handler or SignIn
        self._clock = clock
        self._ended: dict[str, float] = {}  # sign-ins that were ended -> when they would have
        self._active: dict[str, float] = {}  # sign-ins -> when something was last asked for
        self._owners: dict[str, str] = {}  # Bokeh's session -> whose it is
        # A password takes 64 MiB to check (argon2id): two at a time, however many try.
        self.checking = ThreadPoolExecutor(2, thread_name_prefix="sign-in")
        super().__init__()

    def options(self) -> dict[str, Any]:
        """What the server is told: who to ask, and how cookies, forms and sessions are signed."""
        return {
            "auth_provider": self,
            "cookie_secret": self._secret,
            "xsrf_cookies": True,
            "xsrf_cookie_name": self.form_cookie,
            "xsrf_cookie_kwargs": {"httponly": True, "secure": self.secure, "samesite": "Lax"},
            "sign_sessions": True,
            "secret_key": hmac.digest(self._secret.encode(), b"sessions of Bokeh", "sha256"),
        }

    # What Bokeh asks of a provider

    @property
    def get_user(self) -> Callable[[Any], str | None]:
        """Who sends a request; nobody, or a refusal."""
        return self._arrives

    @property
    def login_url(self) -> str:
        """Where who is not signed in is sent."""
        return SIGN_IN

    @property
    def login_handler(self) -> type[RequestHandler]:
        """The page to sign in."""
        return self._handler

    @property
    def logout_url(self) -> str:
        """Where one signs out."""
        return SIGN_OUT

    @property
    def logout_handler(self) -> type[RequestHandler]:
        """The page to sign out."""
        return SignOut

    # Forms

    def form_secret(self, handler: Any) -> str:
        """What a form of this browser must bring back: only this server can have made it.

        Tornado's own is any text that stands in a cookie and in the form: whoever can plant the
        cookie has it. Ours is a signature over a cookie that is signed itself.
        """
        kept = handler.get_signed_cookie(self.form_cookie)
        if kept is None:
            kept = secrets.token_urlsafe(16).encode()
            handler.set_signed_cookie(
                self.form_cookie, kept, expires_days=None, path="/",
                httponly=True, secure=self.secure, samesite="Lax",
            )  # fmt: skip
        return self._signed(kept)

    def check_form(self, handler: Any) -> None:
        """Refuse a form that another page sent, or one that this server did not make."""
        kept = handler.get_signed_cookie(self.form_cookie)
        given = handler.get_body_argument("_xsrf", "")
        ours = kept is not None and hmac.compare_digest(self._signed(kept).encode(), given.encode())
        if not ours or not self.is_ours(handler.request):
            raise HTTPError(HTTPStatus.FORBIDDEN)

    def is_ours(self, request: Any) -> bool:
        """Whether a request comes from a page of ours, by the scheme too; a program tells none."""
        told = request.headers.get("Origin")
        return told is None or told.lower() == self.origin

    def _signed(self, kept: bytes) -> str:
        return hmac.digest(self._secret.encode(), b"form of " + kept, "sha256").hex()

    # Visits

    def begin(self, handler: Any, name: str) -> None:
        """Remember in the browser that this person signed in."""
        until = self._clock() + HOURS * 3600
        visit = Visit(name, secrets.token_urlsafe(16), until, self.users.stamp(name))
        self.seen(visit)
        handler.set_signed_cookie(
            self.cookie, json.dumps(asdict(visit)), expires_days=None, path="/",
            httponly=True, secure=self.secure, samesite="Lax",
        )  # fmt: skip

    def end(self, handler: Any) -> None:
        """Forget a sign-in, here and in the browser; pages left open are refused as well."""
        visit = self.visit(handler)
        now = self._clock()
        self._ended = {key: until for key, until in self._ended.items() if until > now}
        if visit:
            self._ended[visit.key] = visit.until
        handler.clear_cookie(self.cookie, path="/", secure=self.secure, httponly=True)

    def visit(self, handler: Any) -> Visit | None:
        """The sign-in that a request's cookie tells of, if it is ours and not over."""
        told = handler.get_signed_cookie(self.cookie, max_age_days=HOURS / 24)
        visit = Visit(**json.loads(told)) if told else None
        return visit if visit and self._lasts(visit) else None

    def user(self, visit: Visit | None) -> User:
        """The user with the role and sites they have now; asked anew whenever something is done."""
        if visit is None or not self._lasts(visit):
            raise Forbidden("you are signed out: reload the page to sign in again")
        return self.known(visit.name)

    def seen(self, visit: Visit | None) -> None:
        """Remember that somebody asked for something; a page that asks by itself does not count."""
        if visit is not None and self._lasts(visit):  # what is over does not begin again
            now = self._clock()
            self._active[visit.key] = now
            for key in [key for key, at in self._active.items() if now - at > HOURS * 3600]:
                del self._active[key]

    def known(self, name: str) -> User:
        """The user of this name, if the users file has one."""
        user = self.users.find(name)
        if user is None:
            raise Forbidden(_unlisted(name))
        return user

    def owns(self, session_id: str, visit: Visit) -> None:
        """Remember whose session this is: nobody else may connect to it."""
        self._owners[session_id] = visit.name

    def leaves(self, session_id: str) -> None:
        """Forget a session that is over."""
        self._owners.pop(session_id, None)

    def _lasts(self, visit: Visit) -> bool:
        now = self._clock()
        # A restarted server counts from when it first sees a sign-in.
        idle = now - self._active.setdefault(visit.key, now)
        return (
            visit.key not in self._ended
            and idle < IDLE_MINUTES * 60
            and visit.until > now
            and visit.stamp == self.users.stamp(visit.name)
        )

    def _arrives(self, handler: Any) -> str | None:
        request = handler.request
        if any(name in request.arguments for name in FOREIGN) or FOREIGN[0] in request.headers:
            raise HTTPError(HTTPStatus.BAD_REQUEST)
        visit = self.visit(handler)
        if visit is None:
            return None
        try:
            self.user(visit)
        except Forbidden as refused:
            request.qi_refusal = str(refused).splitlines()
            raise HTTPError(HTTPStatus.FORBIDDEN) from None
        if isinstance(handler, WebSocketHandler):
            if not self.is_ours(request):
                log.warning("a page of %r tried to connect", request.headers.get("Origin"))
                raise HTTPError(HTTPStatus.FORBIDDEN)
            if self._owners.get(_session_of(request), visit.name) != visit.name:
                log.warning("%r tried another's session", visit.name)
                raise HTTPError(HTTPStatus.FORBIDDEN)
        else:
            self.seen(visit)
            request.qi_xsrf = self.form_secret(handler)
        request.qi_visit = visit
        return visit.name


class AtTheDoor(RequestHandler):  # type: ignore[misc]  # tornado is not followed
    """A page with a form that only this server's own page may send."""

    @property
    def door(self) -> Door:
        """The door this page stands at."""
        door: Door = self.application.auth_provider
        return door

    def check_xsrf_cookie(self) -> None:
        """In place of Tornado's own check, which any planted pair passes."""
        self.door.check_form(self)


class SignIn(AtTheDoor):
    """The page that asks for name and password."""

    def get(self) -> None:
        """The form; who is signed in goes on."""
        target = inside(self.get_query_argument("next", "/"))
        if self.door.visit(self):
            self.redirect(target)
        else:
            self._form(target)

    async def post(self) -> None:
        """Let in, or say no more than that it was refused."""
        name = self.get_body_argument("name", "", strip=True)[:200]
        password = self.get_body_argument("password", "", strip=False)
        target = inside(self.get_body_argument("next", "/"))
        loop = asyncio.get_running_loop()
        try:
            user = await loop.run_in_executor(
                self.door.checking, self.door.users.sign_in, name, password, self.request.remote_ip
            )
        except SignInRefused as refused:
            log.warning("sign-in refused: %r from %s", name, self.request.remote_ip)
            self.set_status(HTTPStatus.FORBIDDEN)
            self.request.qi_own_page = True
            self._form(target, name, str(refused))
            return
        log.info("signed in: %r from %s", user.name, self.request.remote_ip)
        self.door.begin(self, user.name)
        self.redirect(target, status=HTTPStatus.SEE_OTHER)

    def _form(self, target: str, name: str = "", refusal: str = "") -> None:
        form = {
            "action": SIGN_IN, "fields": True, "xsrf": self.door.form_secret(self),
            "next": target, "name": name, "button": say("signin.sign_in"),
        }  # fmt: skip
        lines = [say("signin.about")]
        refusal = sentence(refusal)
        self.set_header("Cache-Control", "no-store")
        self.finish(shield.page(say("signin.sign_in"), lines, form=form, refusal=refusal))


class SignOut(AtTheDoor):
    """The page that ends a sign-in."""

    def get(self) -> None:
        """Ask first: an address alone, which another site could open, signs nobody out."""
        form = {
            "action": SIGN_OUT, "fields": False, "xsrf": self.door.form_secret(self),
            "button": say("signin.sign_out"),
        }  # fmt: skip
        self.finish(shield.page(say("signin.sign_out"), [say("signin.lost")], form=form))

    def post(self) -> None:
        """End it, and clear what this browser kept: the next person may be somebody else."""
        self.application.auth_provider.end(self)
        self.set_header("Clear-Site-Data", '"storage"')
        self.set_header("Cache-Control", "no-store")
        link = {"href": SIGN_IN, "text": say("signin.again")}
        lines = [say("signin.elsewhere")]
        self.finish(shield.page(say("signin.signed_out"), lines, link=link))


def inside(target: str) -> str:
    """An address of this server to go on to after signing in, or the start page.

    >>> inside("/?page=gap"), inside("https://elsewhere.example/"), inside("//elsewhere.example")
    ('/?page=gap', '/', '/')
    """
    plain = target.isprintable() and not set(target) & set("\\ ")
    # The start page is the only one there is: what it shows is in the part after the '?'.
    path, _, asked = target.partition("?")
    if not plain or path != "/":
        return "/"
    asked = urlencode(parse_qsl(asked.partition("#")[0]))
    return f"/?{asked}" if asked else "/"


def _session_of(request: Any) -> str:
    """The session that a websocket asks for."""
    try:
        token = request.headers["Sec-WebSocket-Protocol"].split(",")[1].strip()
        return str(get_session_id(token))
    except Exception:  # whatever it is, it is no token of ours
        raise HTTPError(HTTPStatus.FORBIDDEN) from None


def _unlisted(name: str) -> str:
    return (
        f"You signed in as {name}, who is not in this server’s list of users. "
        "Nothing is shown until you are.\n"
        "Ask whoever runs the server to add you, with your role and your sites."
    )
