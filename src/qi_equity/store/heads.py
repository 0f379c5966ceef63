"""Newest links written down outside the store, so that what is lost or rewritten can be told.

Beside a SQLite store lie two files: FILE.head holds the newest links as of the last write, and
FILE.heads a line for each backup. A second place, on another machine, is told at each backup.
Nothing is read from the store here.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from qi_equity import webhook
from qi_equity.errors import UserError
from qi_equity.store.chain import GENESIS, Noted, Verified
from qi_equity.store.database import now

SETTING = "QI_EQUITY_HEADS"  # the second place: a file, or a webhook's address
# Windows would end each line with two letters, and places in the file would shift.
AS_WRITTEN = getattr(os, "O_BINARY", 0)
WIDTH = 128  # bytes of a line of FILE.head: each link is written over in its place, at one stroke
LONGEST_LOG = 20_000  # lines of a file of heads that are read, from its end: fifty years of nights

log = logging.getLogger(__name__)


def newest_file(store: Path) -> Path:
    """The file of the newest links beside a store."""
    return store.with_name(f"{store.name}.head")


def log_file(store: Path) -> Path:
    """The file of the heads at each backup beside a store."""
    return store.with_name(f"{store.name}.heads")


def write_newest(store: Path, number: int, head: str, trail: bool = False) -> None:
    """Write down the newest link of one chain, unless a newer one stands there.

    What was acknowledged stays acknowledged where this cannot be written: that is only logged.
    """
    try:
        handle = os.open(newest_file(store), os.O_CREAT | os.O_RDWR | AS_WRITTEN, 0o600)
        try:
            os.lseek(handle, WIDTH * trail, os.SEEK_SET)
            there = _parsed(os.read(handle, WIDTH))
            if there is None or (there.number or 0) < number:
                line = f"{'trail' if trail else 'store'} {number} {head} {now()}"
                os.lseek(handle, WIDTH * trail, os.SEEK_SET)
                os.write(handle, f"{line:<{WIDTH - 1}}\n".encode())
        finally:
            os.close(handle)
    except OSError as fault:
        log.warning("the newest link could not be written down: %s", fault.strerror)


def newest(store: Path) -> list[Noted]:
    """The newest links as they were written beside a store."""
    try:
        content = newest_file(store).read_bytes()
    except OSError:
        return []
    where = newest_file(store).name
    found = (_parsed(content[WIDTH * place : WIDTH * (place + 1)], where) for place in (0, 1))
    return [one for one in found if one is not None]


def _parsed(line: bytes, where: str = "") -> Noted | None:
    parts = line.decode("ascii", "replace").split()
    if len(parts) != 4 or not parts[1].isdecimal() or len(parts[2]) != len(GENESIS):
        return None
    return Noted(parts[2], int(parts[1]), parts[3], where, parts[0] == "trail")


def line_of(found: Verified, why: str) -> str:
    """A line of a file of heads.

    >>> json.loads(line_of(Verified(2, "ab"), "backup"))["revisions"]
    2
    """
    told = {
        "at": now(), "why": why, "revisions": found.revisions, "head": found.head,
        "lines": found.lines, "line_head": found.line_head,
    }  # fmt: skip
    return json.dumps(told)


def note(store: Path | None, second: str, found: Verified, why: str) -> None:
    """Write a head down beside the store, and in the second place where there is one."""
    line = line_of(found, why)
    if store is not None:
        _append(log_file(store), line)
    if not second:
        return
    if "://" not in second:
        _append(Path(second).expanduser(), line)
        return
    try:
        webhook.post(webhook.checked(SETTING, second), json.loads(line))
    except webhook.FAULTS as fault:
        raise UserError(
            f"the head could not be told to {SETTING} ({webhook.host(second)}): {fault}. Write it "
            f"down by hand: {found.revisions} revisions, {found.head}"
        ) from fault


def _append(path: Path, line: str) -> None:
    try:
        handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as out:
            out.write(f"{line}\n")
            out.flush()
            os.fsync(out.fileno())
    except OSError as fault:
        raise UserError(f"the head could not be noted in {path}: {fault.strerror}") from fault


def noted(path: Path) -> tuple[list[Noted], list[str]]:
    """The heads of a file that hold for the store as it is now, and remarks about the others.

    A line 'restored' says that an older state was put back on purpose: what was noted before it
    is no longer asked for, and that is said.
    """
    heads: list[Noted] = []
    remarks: list[str] = []
    for told in _lines(path):
        at = str(told.get("at", ""))
        if told.get("why") == "restored":
            most = max((one.number or 0 for one in heads if not one.trail), default=0)
            lost = most - int(told["revisions"])
            if lost > 0:
                remarks.append(
                    f"a backup was restored at {at}: {lost} revisions that were noted before, the "
                    f"newest of them {most}, are not in this store"
                )
            heads = []
        heads.append(Noted(str(told["head"]), int(told["revisions"]), at, path.name))
        heads.append(Noted(str(told["line_head"]), int(told["lines"]), at, path.name, trail=True))
    return heads, remarks


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()[-LONGEST_LOG:]
    except FileNotFoundError:
        return
    for number, line in enumerate(lines, 1):
        try:
            told = json.loads(line)
            kept = {"head": str(told["head"]), "revisions": int(told["revisions"])}
            kept |= {"lines": int(told["lines"]), "line_head": str(told["line_head"])}
        except (ValueError, KeyError, TypeError) as wrong:
            raise UserError(f"{path}: line {number} is no head that 'backup' wrote") from wrong
        yield told | kept


def gathered(
    store: Path | None, second: str = "", given: Iterable[Noted] = ()
) -> tuple[list[Noted], list[str]]:
    """Every head that is written down somewhere that can be read, and remarks about older ones."""
    heads, remarks = list(given), list[str]()
    places = [] if store is None else [log_file(store)]
    if second and "://" not in second:
        places.append(Path(second).expanduser())
    for place in places:
        found, told = noted(place)
        heads += found
        remarks += [one for one in told if one not in remarks]
    if store is not None:
        heads += newest(store)
    return heads, remarks


def missing(heads: Iterable[Noted], held: int, trail: bool = False) -> str | None:
    """How much a chain lacks that was noted to be longer; None where it lacks nothing.

    >>> missing([Noted("ab", 12, "2026-01-05", "network.heads")], 10)
    '2 revisions are missing: network.heads noted 12 at 2026-01-05, and the store holds 10'
    """
    known = ((one.number, one) for one in heads if one.trail == trail and one.number is not None)
    number, most = max(known, key=lambda one: one[0], default=(0, None))
    if most is None or number <= held:
        return None
    what, where = ("lines of the audit trail", "it") if trail else ("revisions", "the store")
    return (
        f"{number - held} {what} are missing: {most.where} noted {number} at {most.at}, "
        f"and {where} holds {held}"
    )
