"""Who may sign in: a users file with argon2 hashes, lock-out and a limit on tries.

The file is also where a person who signs in elsewhere (OIDC) gets their role and sites: such a
user has no password here. There is no default user and no default password.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from qi_equity.errors import UserError, did_you_mean
from qi_equity.store.access import RoleName, User
from qi_equity.store.database import now
from qi_equity.store.refusals import SignInRefused
from qi_equity.store.text import problem_of_text

# Shortest password: NIST SP 800-63B asks for 8 at least, the NCSC advises three random words.
SHORTEST, LONGEST = 12, 256
FAILURES, LOCKED_SECONDS = 5, 15 * 60  # wrong passwords for a name, then how long it waits
TRIES, TRY_SECONDS = 20, 60  # tries from one address within that many seconds

REFUSED = "the name and the password do not belong together, or the account is locked"


class Users:
    """The users file, and the record of failed tries beside it."""

    def __init__(
        self,
        path: str | Path,
        clock: Callable[[], float] = time.time,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self.path = Path(path)
        self._clock = clock
        self._hasher = hasher or PasswordHasher()  # argon2id as RFC 9106 advises
        # Checked for names that are not there, so that they take as long as those that are.
        self._nobody = self._hasher.hash(os.urandom(16).hex())

    def find(self, name: str) -> User | None:
        """The user of this name with role and sites, however they signed in."""
        found = self._read().get(_folded(name))
        return User(found["name"], found["role"], found["sites"]) if found else None

    def all(self) -> tuple[User, ...]:
        """Every user, by name."""
        found = self._read()
        return tuple(
            User(one["name"], one["role"], one["sites"]) for _, one in sorted(found.items())
        )

    def stamp(self, name: str) -> str:
        """Changes when the password does: whoever signed in with the old one is out."""
        found = self._read().get(_folded(name), {})
        return hashlib.sha256(str(found.get("password")).encode()).hexdigest()[:16]

    def save(
        self,
        name: str,
        role: RoleName,
        sites: Iterable[str] = (),
        password: str | None = None,
        by: str = "",
    ) -> User:
        """Add a user or change their role and sites; without a password the old one stays.

        by: who does it, kept in the file's list of changes.
        """
        user = User(name.strip(), role, sites)
        if password is not None:
            problem = _problem_of_password(password, name)
            if problem:
                raise UserError(f"the password {problem}")
        with self._tries() as tries:
            tries.execute("BEGIN IMMEDIATE")  # two admins at once: one after the other
            found = self._read()
            before = found.get(_folded(name), {})
            kept = self._hasher.hash(password) if password else before.get("password")
            found[_folded(name)] = {
                "name": user.name, "role": role, "sites": sorted(user.sites), "password": kept,
            }  # fmt: skip
            self._write(found, by, f"{user.name}: {role} at {', '.join(sorted(user.sites)) or '-'}")
            if password:
                tries.execute("DELETE FROM failure WHERE name = ?", [_folded(name)])
            tries.execute("COMMIT")
        return user

    def remove(self, name: str, by: str = "") -> None:
        """Take a user's way in away; what they wrote stays in the history."""
        with self._tries() as tries:
            tries.execute("BEGIN IMMEDIATE")
            found = self._read()
            if _folded(name) not in found:
                raise UserError(f"there is no user '{name}'{did_you_mean(name, sorted(found))}")
            del found[_folded(name)]
            self._write(found, by, f"{name}: removed")
            tries.execute("COMMIT")

    def sign_in(self, name: str, password: str, address: str = "") -> User:
        """The user, if the password is theirs; SignInRefused says no more than that."""
        name, moment = _folded(name)[:200], self._clock()
        with self._tries() as tries:
            tries.execute("BEGIN IMMEDIATE")
            tries.execute("DELETE FROM try WHERE at < ?", [moment - TRY_SECONDS])
            tries.execute("DELETE FROM failure WHERE at < ?", [moment - LOCKED_SECONDS])
            (count,) = tries.execute(
                "SELECT count(*) FROM try WHERE address = ?", [address]
            ).fetchone()
            if count >= TRIES:
                tries.execute("COMMIT")
                raise SignInRefused("too many tries from this address; wait a minute")
            tries.execute("INSERT INTO try VALUES (?, ?)", [address, moment])
            # Counted as failed before it is known, so that tries at the same time count too.
            (failures,) = tries.execute(
                "SELECT count(*) FROM failure WHERE name = ?", [name]
            ).fetchone()
            tries.execute("INSERT INTO failure VALUES (?, ?)", [name, moment])
            tries.execute("COMMIT")
            found = self._read().get(name)
            right = self._right(found["password"] if found else None, password)
            if not right or not found or failures >= FAILURES:
                raise SignInRefused(REFUSED)
            tries.execute("DELETE FROM failure WHERE name = ?", [name])
            if self._hasher.check_needs_rehash(found["password"]):
                self.save(found["name"], found["role"], found["sites"], password)
        return User(found["name"], found["role"], found["sites"])

    def _right(self, kept: str | None, password: str) -> bool:
        try:
            fits = self._hasher.verify(kept or self._nobody, password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
        return fits and kept is not None

    def _read(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self._file()["users"]
        return found

    def _file(self) -> dict[str, Any]:
        try:
            told = json.loads(self.path.read_text(encoding="utf-8"))
            users = {str(key): dict(one) for key, one in told["users"].items()}
            return {"users": users, "changes": list(told.get("changes", ()))}
        except FileNotFoundError:
            return {"users": {}, "changes": []}
        except (ValueError, KeyError, TypeError, AttributeError) as wrong:
            raise UserError(f"{self.path} is not a users file: {wrong}") from wrong

    def changes(self) -> tuple[dict[str, str], ...]:
        """Who changed whom to what, oldest first: when (UTC), by, what."""
        return tuple(self._file()["changes"])

    def _write(self, users: dict[str, dict[str, Any]], by: str, what: str) -> None:
        changes = [*self._file()["changes"], {"when": now(), "by": by, "what": what}]
        part = self.path.with_name(f"{self.path.name}.part")
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump({"users": users, "changes": changes}, out, indent=2, ensure_ascii=False)
            out.flush()
            os.fsync(out.fileno())
        part.replace(self.path)

    @contextmanager
    def _tries(self) -> Iterator[sqlite3.Connection]:
        path = self.path.with_name(f"{self.path.name}.tries")
        with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as tries:
            path.chmod(0o600)
            tries.execute("CREATE TABLE IF NOT EXISTS failure (name TEXT, at REAL)")
            tries.execute("CREATE TABLE IF NOT EXISTS try (address TEXT, at REAL)")
            yield tries


def _folded(name: str) -> str:
    return name.strip().casefold()


def _problem_of_password(password: str, name: str) -> str | None:
    if len(password) < SHORTEST:
        return f"is too short; {SHORTEST} characters at least (three random words will do)"
    if _folded(password) == _folded(name) or len(set(password)) < 5:
        return "is too easy to guess; three random words will do"
    return problem_of_text(password, LONGEST)
