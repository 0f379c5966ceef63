"""Servers of others, as far as a message needs: a mail server and a webhook on this machine."""

from __future__ import annotations

import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from threading import Thread
from typing import Any


class Mail(socketserver.StreamRequestHandler):
    """As much of SMTP as one message needs."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        lines: list[str] = []
        writing = False
        for raw in self.rfile:
            line = raw.decode().rstrip("\r\n")
            if writing:
                lines.append(line)
                if line == ".":
                    writing = False
                    self.server.got.append("\n".join(lines))  # type: ignore[attr-defined]
                    self.wfile.write(b"250 kept\r\n")
            elif line.upper() == "DATA":
                writing = True
                self.wfile.write(b"354 go on\r\n")
            elif line.upper() == "QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 well\r\n")


class Hook(BaseHTTPRequestHandler):
    """Keeps what is posted, and answers as its server was told."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(json.loads(body))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@contextmanager
def serving(server: Any) -> Iterator[Any]:
    server.got, server.status = [], 204
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
