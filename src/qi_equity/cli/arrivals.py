"""A folder in which extracts arrive: each is taken whole or set aside with the reason.

A file is read once it is complete, counted once however often it comes, and moved when the store
has it: what ends in between is done again from the start. Nobody is told from here.
"""

from __future__ import annotations

import hashlib
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Literal

from qi_equity import sources
from qi_equity.errors import UserError
from qi_equity.plain import visible
from qi_equity.project import Project
from qi_equity.sources import keeping
from qi_equity.store import Conflict, Desk, StoreError

TAKEN, REFUSED, LOG, LOCK = "taken", "refused", "watch.log", ".watch.lock"
# Names that programs give to files they are still writing, and that lie beside documents.
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart", ".swp", ".lock")
NOT_DATA = (".yaml", ".yml", ".json", ".log", ".sqlite")
# How the names of a store's own files go on.
BESIDE = ("-wal", "-shm", "-journal", ".head", ".schema-", ".before-restore-")
DIGITS = 12  # of a file's digest in a name or a line: enough to tell extracts apart

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file; told is its account or the reason, a line each."""

    name: str
    state: Literal["taken", "already", "refused", "later"]
    digest: str
    told: tuple[str, ...]
    rows: int = 0

    def __str__(self) -> str:
        first = next((line.strip() for line in self.told if line.strip()), "")
        return visible(f"{self.state:<7} {self.name} {self.digest[:DIGITS]} {first}")


@dataclass(slots=True)
class Arrivals:
    """The files of a folder, and how each looked the last time.

    store is the database's address: what a store keeps beside itself is no extract, and to move it
    would lose its newest entries.
    """

    folder: Path
    store: str
    seen: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def complete(self) -> list[Path]:
        """The files that are as they were at the look before, the oldest first."""
        now = {path: self._looks(path) for path in self._extracts()}
        same = [path for path, looks in now.items() if self.seen.get(path) == looks]
        self.seen = now
        return sorted(same, key=lambda path: (now[path][1], path.name))

    def _extracts(self) -> list[Path]:
        stores = {Path(self.store).name, *(path.name for path in self.folder.glob("*.sqlite"))}
        beside = tuple(f"{name}{rest}" for name in stores for rest in BESIDE)
        own = {path for path in self.folder.iterdir() if path.name.startswith(beside)}
        own |= {self.folder / name for name in stores}
        return [path for path in self.folder.iterdir() if _is_extract(path) and path not in own]

    @staticmethod
    def _looks(path: Path) -> tuple[int, int]:
        found = path.stat()
        return found.st_size, found.st_mtime_ns


@contextmanager
def alone(folder: Path) -> Iterator[bool]:
    """Whether the folder is this watcher's while it takes files; another's is left alone.

    The system gives the lock back when its holder ends, however it ends: none is ever stale.
    """
    try:
        held = (folder / LOCK).open("a+b")
    except OSError as wrong:
        raise UserError(f"{folder}: files cannot be moved there: {wrong.strerror}") from wrong
    with held:
        yield _locked(held)


def _locked(held: BinaryIO) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            held.seek(0)
            msvcrt.locking(held.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another process has it
        return False
    return True


def _is_extract(path: Path) -> bool:
    unfinished = path.name.startswith((".", "~$")) or path.suffix.lower() in UNFINISHED
    return path.is_file() and not unfinished and path.suffix.lower() not in NOT_DATA


def take(desk: Desk, project: Project, path: Path, *, accept_valid: bool = False) -> Outcome:
    """One complete file into the store, then out of the way; all of it, or nothing of it."""
    try:
        before, content = path.stat(), path.read_bytes()
    except OSError as wrong:
        return Outcome(path.name, "later", "", (f"cannot be read yet: {wrong.strerror}",))
    digest = hashlib.sha256(content).hexdigest()
    found = _into(desk, project, path.name, content, digest, accept_valid)
    if found.state == "later":
        return found
    now = path.stat() if path.exists() else None
    if now is None or (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        return replace(found, told=(*found.told, "it changed meanwhile, and is looked at again"))
    _set_aside(path, found)
    return found


def _into(
    desk: Desk, project: Project, name: str, content: bytes, digest: str, accept_valid: bool
) -> Outcome:
    # What is read is a copy of the bytes that the digest is of, whatever is written meanwhile.
    with TemporaryDirectory(prefix="qi-equity-") as folder:
        copy = Path(folder) / name
        copy.write_bytes(content)
        account: list[str] = []
        try:
            imported = sources.load(project, copy)
            account = str(imported).replace(str(copy), name).splitlines()
            known = keeping.kept(project, imported)
            if not known.counted:
                raise UserError("nothing could be taken of it")
            took = desk.import_table(
                project.id,
                known.table,
                digest,
                accept_valid=accept_valid,
                refused=keeping.refusals(imported),
                reason=f"arrived as {name}",
            )
        except (StoreError, Conflict, OSError) as wrong:
            return Outcome(name, "later", digest, (str(wrong), "it is tried again"))
        except UserError as wrong:
            reason = str(wrong).replace(str(copy), name)
            return Outcome(name, "refused", digest, (*reason.splitlines(), "", *account))
        except Exception:  # a fault of ours at one file must not keep the others waiting for ever
            log.exception("a fault at %s", name)
            told = "a fault in qi-equity, not in this file; please report it with the log"
            return Outcome(name, "refused", digest, (told, "", *account))
    state: Literal["already", "taken"] = "already" if took.already else "taken"
    return Outcome(name, state, digest, (*str(took).splitlines(), *account), took.taken)


def _set_aside(path: Path, found: Outcome) -> None:
    """The file to its folder; for a refused one the reason beside it, written first."""
    home = path.parent / (REFUSED if found.state == "refused" else TAKEN)
    home.mkdir(exist_ok=True)
    target = home / path.name
    if target.exists():
        target = home / f"{path.stem}.{found.digest[:DIGITS]}{path.suffix}"
    if found.state == "refused":
        text = "\n".join(visible(line) for line in found.told)
        reason = target.with_name(f"{target.name}.reason.txt")
        half = reason.with_suffix(".part")
        half.write_text(f"{found.name} was refused; nothing of it was kept.\n\n{text}\n", "utf-8")
        half.replace(reason)
    path.replace(target)


def noted(folder: Path, found: Outcome, say: Callable[[str], None]) -> None:
    """A line for a file, on the terminal and in the folder's log."""
    line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {found}"
    say(line)
    with (folder / LOG).open("a", encoding="utf-8") as out:
        out.write(f"{line}\n")
