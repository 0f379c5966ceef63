"""Sign-in through an organisation (OAuth 2, OpenID Connect), by Panel's own login handlers.

Only the person's name is taken from it: role and sites are looked up in the users file.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NoReturn

from panel import config
from panel.auth import AUTH_PROVIDERS, CODE_COOKIE_NAME, STATE_COOKIE_NAME
from panel.util import decode_token
from tornado.web import HTTPError, RequestHandler

from qi_equity.app import shield
from qi_equity.app.signin import SIGN_IN, Door, inside
from qi_equity.errors import UserError, did_you_mean
from qi_equity.store import Forbidden, SignInRefused, User
from qi_equity.vocabulary import Act

# Provider -> the settings it needs -> what Panel calls them. A tenant is asked for, because
# without one Entra ID lets in whoever has any account, with an address they chose themselves.
NEEDS: Mapping[str, Mapping[str, str]] = {
    "azurev2": {"TENANT": "tenant"},
    "generic": {name: name for name in ("AUTHORIZE_URL", "TOKEN_URL", "USER_URL")},
    "okta": {"URL": "url"},
    "auth0": {"SUBDOMAIN": "subdomain"},
}
# The claim that is the name in the users file: in Entra ID the sign-in name, which only the
# tenant's administrators give; its 'email' is whatever a person's profile says, never verified.
NAME_KEYS = {"azurev2": "preferred_username"}
# Claims that people choose themselves (OpenID Connect Core, 5.1 and 5.7) name nobody.
CHOSEN = ("name", "given_name", "family_name", "middle_name", "nickname", "preferred_username")
# What an account is known by for ever (OpenID Connect Core, 5.7): who issued it, and its subject.
KEYS = ("iss", "sub")
BEFORE = "QI_EQUITY_OAUTH_"


@dataclass(frozen=True, slots=True)
class OAuth:
    """An organisation's sign-in, as the environment tells it."""

    provider: str
    key: str
    secret: str = field(repr=False)
    extra: Mapping[str, Any]
    name_key: str  # the claim that is the name in the users file

    def options(self, origin: str) -> dict[str, Any]:
        """What the server is told; origin is the address that people type."""
        return {
            "oauth_key": self.key,
            "oauth_secret": self.secret,
            "oauth_extra_params": dict(self.extra),
            "oauth_jwt_user": self.name_key,
            "oauth_redirect_uri": f"{origin}{SIGN_IN}",
        }

    @property
    def handler(self) -> type[RequestHandler]:
        """The page that sends people to their organisation, and takes them back."""
        base = AUTH_PROVIDERS[self.provider]
        return type("SignInElsewhere", (ByName, base), {"_login_endpoint": SIGN_IN})


def from_environment(environ: Mapping[str, str]) -> OAuth | None:
    """What QI_EQUITY_OAUTH_... says; None where it says nothing.

    >>> from_environment({}) is None
    True
    >>> from_environment({"QI_EQUITY_OAUTH_PROVIDER": "azurev2"})
    Traceback (most recent call last):
    qi_equity.errors.UserError: sign-in with azurev2 also needs: QI_EQUITY_OAUTH_KEY,
      QI_EQUITY_OAUTH_SECRET, QI_EQUITY_OAUTH_TENANT
    """
    provider = environ.get(f"{BEFORE}PROVIDER", "")
    if not provider:
        return None
    if provider not in NEEDS:
        raise UserError(
            f"{BEFORE}PROVIDER: '{provider}' is not known here{did_you_mean(provider, NEEDS)}"
        )
    needed = {name: environ.get(BEFORE + name, "") for name in ("KEY", "SECRET", *NEEDS[provider])}
    missing = [BEFORE + name for name, value in needed.items() if not value]
    if missing:
        raise UserError(f"sign-in with {provider} also needs: {', '.join(missing)}")
    if needed.get("TENANT") in ("common", "organizations", "consumers"):
        raise UserError(
            f"{BEFORE}TENANT must be your organisation's own tenant: with "
            f"'{needed['TENANT']}' anybody could sign in under any name"
        )
    for name in ("AUTHORIZE_URL", "TOKEN_URL", "USER_URL"):
        if name in needed and not _private(needed[name]):
            raise UserError(f"{BEFORE}{name} must begin with https://")
    extra: dict[str, Any] = {theirs: needed[ours] for ours, theirs in NEEDS[provider].items()}
    extra["scope"] = environ.get(f"{BEFORE}SCOPE", "openid email profile").split()
    usual = NAME_KEYS.get(provider, "email")
    name_key = environ.get(f"{BEFORE}USER_KEY", usual)
    if name_key in CHOSEN and name_key != usual:
        raise UserError(
            f"{BEFORE}USER_KEY: people choose '{name_key}' themselves, so anybody could come in "
            "under any name; use a claim that your organisation gives, such as 'sub' or 'email'"
        )
    return OAuth(provider, needed["KEY"], needed["SECRET"], extra, name_key)


class ByName(RequestHandler):  # type: ignore[misc]  # tornado is not followed
    """Takes the name a login handler of Panel's found, and begins a visit of ours with it.

    The organisation's tokens are not kept: they could do more than is needed here.
    """

    _user: User | None = None
    _refused = False
    _claims: Mapping[str, Any] = MappingProxyType({})

    def set_secure_cookie(self, name: str, value: str | bytes, **options: Any) -> None:
        """Begin a visit instead of Panel's own; keep what the way there and back needs."""
        door: Door = self.application.auth_provider
        if name == "user":
            self._known(door, value.decode() if isinstance(value, bytes) else value)
        elif name == "id_token":
            self._refuse_unverified(value)
        elif name in (STATE_COOKIE_NAME, CODE_COOKIE_NAME):
            # Only as long as signing in takes; sent along when the organisation sends people back.
            options |= {"samesite": "Lax", "secure": door.secure, "expires_days": None}
            self.set_signed_cookie(name, value, **options)

    def redirect(self, url: str, *arguments: Any, **options: Any) -> None:
        """Go on to the organisation; or, once all it said is looked at, in."""
        if self._refused:  # Panel goes on to ask elsewhere who it is; a refusal stays one
            raise HTTPError(HTTPStatus.FORBIDDEN)
        if self._user is None:
            super().redirect(url, *arguments, **options)
            return
        door: Door = self.application.auth_provider
        self._refuse_another_account(door, self._user.name)
        told = {"address": self.request.remote_ip, "elsewhere": True}
        door.record(self._user.name, Act.SIGNED_IN, told)
        door.begin(self, self._user.name)
        super().redirect(inside(url), *arguments, **options)

    def write_error(self, status_code: int, **about: Any) -> None:
        """Our own page; the particulars are in the server's log."""
        self.clear_all_cookies()
        self.request.qi_own_page = True
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        usual = [
            "Your organisation’s sign-in did not let you through.",
            "Try again; if it stays, tell whoever runs this server.",
        ]
        lines = getattr(self.request, "qi_refusal", usual)
        link = {"href": SIGN_IN, "text": "Try again"}
        self.finish(shield.page("You are not signed in", lines, link=link))

    def _known(self, door: Door, name: str) -> None:
        try:
            self._user = door.known(name)
        except Forbidden as refused:
            self._refuse("", str(refused).splitlines(), f"{name} is not in the list of users")

    def _refuse_unverified(self, token: str | bytes) -> None:
        """An address that nobody says is verified is one that its holder only claims to have."""
        self._claims = _claims(token.decode() if isinstance(token, bytes) else token)
        claim = self._claims.get("email_verified")
        verified = claim is True or claim == "true"  # a 1 is equal to True, and says nothing
        if config.oauth_jwt_user == "email" and not verified:
            lines = ["Your organisation has not verified your email address."]
            self._refuse(self._name, lines, "the address is not verified")

    def _refuse_another_account(self, door: Door, name: str) -> None:
        """A name or an address can be given to somebody else; an account's own key never is."""
        keys = [str(self._claims.get(key) or "") for key in KEYS]
        subject = " ".join(keys)
        if not keys[-1]:
            lines = ["Your organisation did not say which account this is."]
            self._refuse(name, lines, "no 'sub' claim")
        try:
            door.users.bind(name, subject)
        except SignInRefused:
            lines = [
                f"The name {name} belongs to another account of your organisation.",
                "Ask whoever runs the server to look at it.",
            ]
            self._refuse(name, lines, "the name belongs to another account")

    def _refuse(self, who: str, lines: list[str], why: str) -> NoReturn:
        self._refused = True
        door: Door = self.application.auth_provider
        told = {"address": self.request.remote_ip, "why": why}
        door.record(who, Act.SIGN_IN_REFUSED, told)
        self.request.qi_refusal = lines
        raise HTTPError(HTTPStatus.FORBIDDEN) from None

    @property
    def _name(self) -> str:
        return self._user.name if self._user else ""


def _claims(token: str) -> Mapping[str, Any]:
    """What a token says, or the answer of the address that was asked who it is."""
    try:
        told = decode_token(token) if token.count(".") == 2 else _plain_claims(token)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _plain_claims(token: str) -> Any:
    return json.loads(urlsafe_b64decode(f"{token}{'=' * (-len(token) % 4)}"))


def _private(url: str) -> bool:
    return url.startswith(("https://", "http://127.0.0.1:", "http://localhost:"))
