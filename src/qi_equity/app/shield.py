"""What goes out with every answer: headers that a browser obeys, and our own pages for refusals.

Tornado, Bokeh and Panel answer with handlers of their own; all of them pass through here.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from panel.io.server import ComponentResourceHandler
from tornado.web import OutputTransform, RequestHandler

from qi_equity.app import render
from qi_equity.view import icons
from qi_equity.words import say

# What a page may load. Plotly and Bokeh write styles into their elements, hence 'unsafe-inline'
# for styles alone; Panel fetches and runs a component's script from a blob.
POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # a link holds the names of a site and a stratum
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# A year, as the NCSC advises for services that are only ever reached by https.
ONLY_HTTPS = {"Strict-Transport-Security": "max-age=31536000"}

# Refusals that have words of their own; any other is told as one that did not work.
TOLD = (400, 403, 404, 405, 500)


class Missing(RequestHandler):  # type: ignore[misc]  # tornado is not followed
    """Answers every address that nothing else answers."""

    def prepare(self) -> None:
        """There is no such page, whatever the method."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def check_xsrf_cookie(self) -> None:
        """Nothing is done here, so nobody's form can be forged."""


# For every server, the demo's too.
LIMITS: dict[str, Any] = {
    "websocket_max_message_size": 5_000_000,  # a file as base64; larger ones: the terminal
    # Nothing but a name and a password is ever sent as a form.
    "http_server_kwargs": {"max_body_size": 64_000, "body_timeout": 30},
    # Bokeh would write them into each page, where a script, or who is sent the page, could read
    # the cookie that signs in.
    "include_headers": [],
    "include_cookies": [],
    "default_handler_class": Missing,
}


def page(
    heading: str,
    lines: list[str],
    *,
    form: Mapping[str, Any] | None = None,
    refusal: str = "",
    link: Mapping[str, str] | None = None,
) -> str:
    """A small page of words, with a form or a link: sign-in, refusals and faults."""
    values = {"heading": heading, "lines": lines, "form": form, "refusal": refusal, "link": link}
    template = render.environment().get_template("door.html")
    return template.render(css=render.css(), icons=icons, **values)


def refused(status: int, lines: list[str] | None = None) -> str:
    """The page of a refusal or a fault."""
    name = str(status) if status in TOLD else "otherwise"
    heading = say(f"signin.refusal.heading.{name}")
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        usual = render.our_fault()
    else:
        usual = [say(f"signin.refusal.way_out.{name}")]
    link = {"href": "/", "text": say("signin.start")}
    return page(heading, lines or usual, link=link)


class Shield(OutputTransform):  # type: ignore[misc]  # tornado is not followed
    """Puts the headers on every answer, and our words in place of a server's own error page."""

    only_https = False

    def __init__(self, request: Any) -> None:
        self._request = request
        request.qi_nonce = secrets.token_urlsafe(16)

    def transform_first_chunk(
        self, status_code: int, headers: Any, chunk: bytes, finishing: bool
    ) -> tuple[int, Any, bytes]:
        """The answer with its headers."""
        for name, value in (HEADERS | (ONLY_HTTPS if self.only_https else {})).items():
            headers[name] = value
        headers["Content-Security-Policy"] = POLICY.format(nonce=self._request.qi_nonce)
        headers.pop("Server", None)
        html = headers.get("Content-Type", "").startswith("text/html")
        if status_code >= HTTPStatus.BAD_REQUEST and html and not _own(self._request):
            lines = getattr(self._request, "qi_refusal", None)
            text = refused(status_code, lines).encode()
            chunk = b"" if self._request.method == "HEAD" else text
            headers["Content-Length"] = str(len(text))
            headers["Content-Type"] = "text/html; charset=utf-8"
            headers["Cache-Control"] = "no-store"
        return status_code, headers, chunk


class OnlyHttps(Shield):
    """The same for a server that is reached by https alone."""

    only_https = True


def put_before(
    application: Any, ours: Mapping[type, type] | None = None, *, only_https: bool
) -> None:
    """Shield every answer of a tornado application, before anything compresses it.

    ours: handlers of Panel's, and those of ours that stand in their place.
    """
    application.transforms.insert(0, OnlyHttps if only_https else Shield)
    # Panel gives out files of any installed module that an address names, importing it to see.
    rules = application.wildcard_router.rules
    rules[:] = [rule for rule in rules if rule.target is not ComponentResourceHandler]
    for rule in rules:
        rule.target = (ours or {}).get(rule.target, rule.target)


def _own(request: Any) -> bool:
    return bool(getattr(request, "qi_own_page", False))
