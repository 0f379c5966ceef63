"""How a network's server is reached and who may come in: from arguments and the environment."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from qi_equity.app import logs, oauth, server
from qi_equity.app.live import Network, opened
from qi_equity.app.signin import Door
from qi_equity.errors import UserError
from qi_equity.store import Users, heads
from qi_equity.vocabulary import Act

# The name of the variable that tells it, not the secret.
SECRET = "QI_EQUITY_COOKIE_SECRET"  # nosec B105
SHORTEST_SECRET = 32  # characters: as many as 128 bits in base 16
THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]", "::1")


@dataclass(frozen=True, slots=True)
class Address:
    """The address that people type: everything on another machine is reached by https."""

    host: str  # with the port, if it is not the usual one
    secure: bool

    @property
    def url(self) -> str:
        """The address, as it stands in a browser."""
        return f"{'https' if self.secure else 'http'}://{self.host}"


def address(origin: str | None, host: str, port: int) -> Address:
    """Where browsers find the server that listens at this host and port.

    >>> address("qi.trust.example", "127.0.0.1", 5006).url
    'https://qi.trust.example'
    >>> address(None, "127.0.0.1", 5006).url
    'http://127.0.0.1:5006'
    """
    if origin is None:
        if host not in THIS_MACHINE:
            raise UserError(
                f"listening at {host} lets other machines in, so say which address people type, "
                "such as --origin qi.trust.example. They reach it by https: put a proxy that "
                "speaks https in front (docs/how-to/serve-a-network.md)"
            )
        if port == 0:
            raise UserError("give a --port above 0, or the --origin that people type")
        return Address(f"{host}:{port}", secure=False)
    try:
        parts = urlsplit(origin if "//" in origin else f"//{origin}")
    except ValueError:  # brackets that hold no address
        parts = urlsplit("")
    plain = parts.netloc and not (parts.path.strip("/") or parts.query or parts.username)
    if not plain or "*" in origin or parts.scheme not in ("", "http", "https"):
        raise UserError(f"--origin {origin}: give one host, such as qi.trust.example")
    here = parts.hostname in THIS_MACHINE
    if parts.scheme == "http" and not here:
        raise UserError(
            f"--origin {origin}: passwords and counts would cross the network in the clear; "
            "people must reach the server by https (docs/how-to/serve-a-network.md)"
        )
    secure = parts.scheme == "https" or not here
    # As a browser tells it: without the port that goes without saying.
    usual = ":443" if secure else ":80"
    return Address(parts.netloc.lower().removesuffix(usual), secure=secure)


def secret(users: Path, environ: Mapping[str, str]) -> str:
    """What cookies are signed with: from the environment, or kept beside the users file."""
    given = environ.get(SECRET, "")
    path = users.with_name(f"{users.name}.secret")
    if not given:
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as out:
                out.write(secrets.token_urlsafe(48))
        except FileExistsError:
            if path.stat().st_mode & 0o077:
                raise UserError(
                    f"{path} signs people in and others on this machine may read it: "
                    f"chmod 600 {path}"
                ) from None
        given = path.read_text(encoding="ascii").strip()
    if len(given) < SHORTEST_SECRET:
        where = SECRET if environ.get(SECRET) else str(path)
        raise UserError(
            f"{where} is too short: {SHORTEST_SECRET} characters at least, chosen at random "
            "(python -c 'import secrets; print(secrets.token_urlsafe(48))')"
        )
    return given


def door(
    users: Path | None, reached: Address, environ: Mapping[str, str]
) -> tuple[Door, dict[str, Any]]:
    """The door, and what else the server is told; refuses to stand open."""
    elsewhere = oauth.from_environment(environ)
    if users is None:
        raise UserError(
            "this server shows real counts, so nobody sees it without signing in: name the list of "
            "users with --users FILE (qi-equity users add makes one)"
            + (
                "; who signs in through your organisation gets their role and sites from it"
                if elsewhere
                else ". To look around without one, run: qi-equity demo"
            )
        )
    if environ.get("BOKEH_ALLOW_WS_ORIGIN"):
        raise UserError(
            "BOKEH_ALLOW_WS_ORIGIN is set, and would let pages of other addresses connect: "
            "unset it, and say --origin instead"
        )
    listed = Users(users)
    if not listed.all():
        raise UserError(
            f"{users} lists nobody, so nobody could sign in. Add the first: "
            f"qi-equity users add NAME --role admin --users {users}"
        )
    handler = elsewhere.handler if elsewhere else None
    made = Door(listed, secret(users, environ), origin=reached.url, handler=handler)
    options: dict[str, Any] = {"websocket_origin": [reached.host]}
    if reached.secure:
        options["use_xheaders"] = True  # the proxy in front tells who asks: docs/how-to
    if elsewhere:
        options |= elsewhere.options(reached.url)
    return made, options


def refuse_taken(host: str, port: int) -> None:
    """Say so before any work is done, where somebody else listens at the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            reason = (fault.strerror or "it cannot be used").lower()
            raise UserError(
                f"port {port} of {host}: {reason}; stop what listens there, or choose another "
                "with --port (0 takes a free one)"
            ) from None


def attended(
    database: str | Path, guarded: Door, say: Callable[[str], None] = lambda line: None
) -> Network:
    """The network of a store, whose audit trail is told what happens at the door.

    What is missing of the store or was changed in the list of users is said, and on record.
    """
    network = opened(database, guarded.users.find)
    users, record = guarded.users, network.store.record
    guarded.recorded(record)
    second = os.environ.get(heads.SETTING, "").strip()
    wrong = [one for one in (network.store.missing(second), users.broken()) if one]
    for line in wrong:
        say(f"Be careful: {line}. Look at it with: qi-equity verify")
    record("", Act.STARTED, {"why": wrong} if wrong else {})
    record("", Act.USERS_FILE, {"path": str(users.path.absolute()), **users.head()})
    return network


def serve(
    database: str,
    users: Path | None,
    *,
    host: str,
    port: int,
    origin: str | None,
    say: Callable[[str], None] = print,
) -> None:
    """The app on a store, behind its door, until stopped."""
    reached = address(origin, host, port)
    refuse_taken(host, port)
    guarded, options = door(users, reached, os.environ)
    logs.begin(os.environ)
    network = attended(database, guarded, say)
    try:
        server.serve(
            network.seat,
            door=guarded,
            address=host,
            port=port,
            started=lambda _: say(f"Serving at {reached.url} (Ctrl+C stops it)."),
            **options,
        )
    finally:
        guarded.close()
        network.close()
