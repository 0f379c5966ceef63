"""Who is at the door: sign-in by password or through an organisation; no permission lives here.

What a person may see and do is the store's to say; a role and its sites come from the users file.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
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
from qi_equity.app.limits import Limits
from qi_equity.store import Forbidden, SignInRefused, User, Users
from qi_equity.store.visits import IDLE_SECONDS, Visits, file_of, id_of
from qi_equity.vocabulary import Act
from qi_equity.words import say
from qi_equity.words.grammar import sentence

HOURS = 12  # a day's work; then the password is asked for again
AT_ONCE = 2  # passwords checked at the same time: each takes 64 MiB (argon2id)
MOST_WAITING = 20  # sign-ins that wait for their turn, some ten seconds of work
SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
# Names of a session of Bokeh's that a request could ask for, to see what another was shown.
FOREIGN = ("bokeh-session-id", "bokeh-token")

Record = Callable[[str, Act, Mapping[str, object]], None]  # who, what, about


def _unrecorded(who: str, what: Act, about: Mapping[str, object]) -> None:
    """Where there is no audit trail."""


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
        self.visits = Visits(file_of(users.path), clock)
        self.limits = Limits()
        self.record: Record = _unrecorded
        self._owners: dict[str, str] = {}  # Bokeh's session -> whose it is
        # By the key of a visit: a secret to be set up, and recovery codes not yet written down.
        self.offers: dict[str, tuple[float, str]] = {}
        self.fresh: dict[str, tuple[float, tuple[str, ...]]] = {}
        self.checking = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sign-in")
        self.waiting = 0
        super().__init__()

    @property
    def elsewhere(self) -> bool:
        """Whether people sign in through their organisation."""
        return self._handler is not SignIn

    def now(self) -> float:
        """The moment, by this door's clock."""
        return self._clock()

    def recorded(self, record: Record) -> None:
        """Tell the audit trail of a store what happens here, and to the list of users."""
        self.record = record
        self.users.tell = record

    def close(self) -> None:
        """Stop checking passwords, and let go of the file of visits."""
        self.checking.shutdown(wait=False, cancel_futures=True)
        self.visits.close()

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
        request = handler.request
        agent = request.headers.get("User-Agent", "")
        self.visits.begin(visit.key, name, until, str(request.remote_ip), agent)
        handler.set_signed_cookie(
            self.cookie, json.dumps(asdict(visit)), expires_days=None, path="/",
            httponly=True, secure=self.secure, samesite="Lax",
        )  # fmt: skip

    def end(self, handler: Any) -> None:
        """Forget a sign-in, here and in the browser; pages left open are refused as well."""
        visit = self.visit(handler)
        if visit:
            self.visits.end(visit.name, id_of(visit.key))
            self.record(visit.name, Act.SIGNED_OUT, {})
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
            self.visits.used(visit.key)

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
        return (
            self.visits.lasts(visit.key, IDLE_SECONDS)
            and visit.until > self._clock()
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
                told = {"why": "a page of another origin", "origin": request.headers.get("Origin")}
                self.record(visit.name, Act.REFUSED, told)
                raise HTTPError(HTTPStatus.FORBIDDEN)
            if self._owners.get(_session_of(request), visit.name) != visit.name:
                self.record(visit.name, Act.REFUSED, {"why": "another's session"})
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
        code = self.get_body_argument("code", "")[:100]
        target = inside(self.get_body_argument("next", "/"))
        try:
            user = await self._checked(name, password, code)
        except SignInRefused as refused:
            self.set_status(HTTPStatus.FORBIDDEN)
            self.request.qi_own_page = True
            self._form(target, name, str(refused))
            return
        self.door.begin(self, user.name)
        self.redirect(target, status=HTTPStatus.SEE_OTHER)

    async def _checked(self, name: str, password: str, code: str) -> User:
        """The user, in a thread: a password takes a while to check."""
        door, loop = self.door, asyncio.get_running_loop()
        if door.waiting >= MOST_WAITING:
            raise SignInRefused("many people are signing in at this moment; wait a little")
        door.waiting += 1
        try:
            return await loop.run_in_executor(
                door.checking, door.users.sign_in, name, password, self.request.remote_ip, code
            )
        finally:
            door.waiting -= 1

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
        """End it, and clear what this browser kept: the next person may be somebody else.

        unsent: the page cleared it itself, but for counts that were saved with no connection and
        are still to be sent; they are kept under their user's name.
        """
        self.application.auth_provider.end(self)
        if not self.get_body_argument("unsent", ""):
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
