"""JSON sent to an address outside, over https and with a time limit; what it says is not known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from qi_equity.errors import UserError

PATIENCE = 20.0  # seconds
THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
FAULTS = (OSError, HTTPException)  # what sending can end in


def checked(setting: str, address: str) -> str:
    """The address of a webhook, or why it is none.

    >>> checked("QI_EQUITY_WEBHOOK", "https://chat.example/hook")
    'https://chat.example/hook'
    """
    place = urlsplit(address)
    here = place.hostname in THIS_MACHINE
    if not place.hostname or not (place.scheme == "https" or (place.scheme == "http" and here)):
        raise UserError(f"{setting} must be an https:// address")
    return address


def host(address: str) -> str:
    """Whose address it is: the rest of a webhook's address is often a secret."""
    return urlsplit(address).hostname or ""


def post(address: str, body: Mapping[str, object]) -> None:
    """Send JSON; one of FAULTS where it did not arrive."""
    place = urlsplit(address)
    kind = HTTPSConnection if place.scheme == "https" else HTTPConnection
    connection = kind(place.hostname or "", place.port, timeout=PATIENCE)
    try:
        target = f"{place.path or '/'}{'?' + place.query if place.query else ''}"
        headers = {"Content-Type": "application/json"}
        connection.request("POST", target, json.dumps(body).encode(), headers)
        # A server that ends the connection leaves it to the answer, which is closed by itself.
        with connection.getresponse() as answer:
            if answer.status >= 300:
                raise HTTPException(f"it answered {answer.status}")
    finally:
        connection.close()
