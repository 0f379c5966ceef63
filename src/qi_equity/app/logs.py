"""The server's log: a line of JSON for each thing that happened. Never a count, never a password.

What somebody typed, and the words of an exception, may hold either: neither is written.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

from qi_equity.errors import UserError, did_you_mean
from qi_equity.plain import masked, visible

SETTING = "QI_EQUITY_LOG_LEVEL"
LEVELS = ("debug", "info", "warning", "error")
USUAL = "info"
LONGEST = 2000  # characters of one text
# They tell of every request and message, with what was typed in it; only their complaints count.
TALKATIVE = ("tornado.access", "bokeh", "tornado.application", "panel", "sqlalchemy", "alembic")


class Lines(logging.Formatter):
    """A record as a line of JSON.

    >>> record = logging.LogRecord("app", logging.INFO, "", 0, "served %s", ("x",), None)
    >>> json.loads(Lines().format(record))["said"]
    'served x'
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told: dict[str, Any] = {
            "at": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "from": record.name,
            "said": _safe(record.getMessage()),
        }
        told |= getattr(record, "trail", {})
        if record.exc_info and record.exc_info[0]:
            told |= _fault(*record.exc_info[:2])
        return json.dumps(told, ensure_ascii=True)


def begin(environ: Mapping[str, str], out: TextIO | None = None) -> None:
    """Write every log of this process as lines of JSON, from the level that is set."""
    level = environ.get(SETTING, USUAL).strip().lower()
    if level not in LEVELS:
        raise UserError(f"{SETTING}: '{level}' is no level{did_you_mean(level, LEVELS)}")
    handler = logging.StreamHandler(out or sys.stderr)
    handler.setFormatter(Lines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in TALKATIVE:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(max(logging.WARNING, root.level))


def _fault(kind: type[BaseException], fault: BaseException | None) -> dict[str, Any]:
    """Where an exception was raised, without its words: they may quote what somebody typed."""
    frames = traceback.extract_tb(fault.__traceback__) if fault else []
    return {
        "fault": kind.__name__,
        "where": [f"{one.filename}:{one.lineno} {one.name}" for one in frames][-12:],
    }


def _safe(text: str) -> str:
    return masked(visible(text))[:LONGEST]
