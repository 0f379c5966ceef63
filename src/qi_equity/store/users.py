"""Who may sign in: a users file with argon2 hashes, lock-out and a limit on tries.

The file is also where a person who signs in elsewhere (OIDC) gets their role and sites: such a
user has no password here. There is no default user and no default password. Every change of it is
a link of a chain in the file itself, so that a line written by other hands is named.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from qi_equity.errors import UserError, did_you_mean
from qi_equity.store import factor
from qi_equity.store.access import RoleName, User
from qi_equity.store.chain import GENESIS, canonical
from qi_equity.store.database import now
from qi_equity.store.refusals import SignInRefused
from qi_equity.store.text import inert, problem_of_text
from qi_equity.vocabulary import Act

# Shortest password: NIST SP 800-63B asks for 8 at least, the NCSC advises three random words.
SHORTEST, LONGEST = 12, 256
FAILURES, LOCKED_SECONDS = 5, 15 * 60  # wrong passwords for a name, then how long it waits
TRIES, TRY_SECONDS = 20, 60  # tries from one address within that many seconds

REFUSED = (
    "the name and the password do not belong together, the code is missing or wrong, or the "
    "account is locked"
)

Tell = Callable[[str, Act, Mapping[str, object]], None]  # who, what, about


def _nobody(who: str, what: Act, about: Mapping[str, object]) -> None:
    """Where there is no trail to tell."""


class Users:
    """The users file, and the record of failed tries beside it.

    tell: told of every change and of every try to sign in, for the audit trail.
    """

    def __init__(
        self,
        path: str | Path,
        clock: Callable[[], float] = time.time,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self.path = Path(path)
        self.tell: Tell = _nobody
        self._clock = clock
        self._hasher = hasher or PasswordHasher()  # argon2id as RFC 9106 advises
        # Checked for names that are not there, so that they take as long as those that are.
        self._anybody = self._hasher.hash(os.urandom(16).hex())

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
            found[_folded(name)] = before | {
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

    def sign_in(self, name: str, password: str, address: str = "", code: str = "") -> User:
        """The user, if password and code are theirs; SignInRefused says no more than that.

        code: of the authenticator app or a recovery code, for whoever has set one up.
        """
        told = {"address": address}
        try:
            found = self._proven(name, password, address, code)
        except SignInRefused:
            # Somebody typed a password where the name goes: only names of the list are repeated.
            known = self.find(name[:200])
            self.tell(known.name if known else "", Act.SIGN_IN_REFUSED, told)
            raise
        self.tell(found.name, Act.SIGNED_IN, told)
        return found

    def prove(self, name: str, password: str, address: str = "") -> None:
        """See that whoever asks knows the password, counted as a try to sign in is."""
        self._proven(name, password, address, None)

    def _proven(self, name: str, password: str, address: str, code: str | None) -> User:
        """The user, if it is they; code None: it is not asked for."""
        name, moment = _folded(name)[:200], self._clock()
        with self._tries() as tries:
            failures = _counted(tries, name, address, moment)
            found = self._read().get(name)
            right = self._right(found["password"] if found else None, password)
            if right and found and code is not None and failures < FAILURES:
                right = self._second(tries, name, found, code)
            if not right or not found or failures >= FAILURES:
                raise SignInRefused(REFUSED)
            tries.execute("DELETE FROM failure WHERE name = ?", [name])
            if self._hasher.check_needs_rehash(found["password"]):
                self.save(found["name"], found["role"], found["sites"], password, by=found["name"])
        return User(found["name"], found["role"], found["sites"])

    # The second factor

    def has_factor(self, name: str) -> bool:
        """Whether this user is asked for a code too."""
        return "factor" in self._read().get(_folded(name), {})

    def codes_left(self, name: str) -> int:
        """How many recovery codes this user has not used."""
        kept = self._read().get(_folded(name), {}).get("factor", {}).get("codes", [])
        return sum(one is not None for one in kept)

    def set_factor(self, name: str, secret: str, code: str) -> tuple[str, ...]:
        """Ask this user for codes of this secret from now on; the recovery codes, shown once."""
        step = factor.step_of(secret, code, self._clock())
        if step is None:
            raise UserError("this code does not fit; wait for the next one and type that")
        codes = factor.recovery_codes()
        kept = {"secret": secret, "codes": [self._hasher.hash(one) for one in codes]}
        with self._tries() as tries:
            tries.execute("BEGIN IMMEDIATE")
            self._change(name, {"factor": kept}, name, "second factor set up", Act.FACTOR_SET)
            tries.execute("INSERT INTO step VALUES (?, ?)", [_folded(name), step])
            tries.execute("COMMIT")
        return codes

    def stop_factor(self, name: str, by: str) -> None:
        """Ask this user for no code any more: their own wish, or an admin's help."""
        own = _folded(by) == _folded(name)
        what, act = ("stopped", Act.FACTOR_STOPPED) if own else ("reset", Act.FACTOR_RESET)
        with self._tries() as tries:
            tries.execute("BEGIN IMMEDIATE")
            if not self.has_factor(name):
                raise UserError(f"{inert(name)} has set up no second factor")
            self._change(name, {"factor": None}, by, f"second factor {what}", act)
            tries.execute("COMMIT")

    def _second(
        self, tries: sqlite3.Connection, name: str, found: Mapping[str, Any], code: str
    ) -> bool:
        """Whether the code fits and was not used before; True where none is asked for."""
        kept = found.get("factor")
        if not kept:
            return True
        if factor.is_recovery(code):
            return self._recovered(tries, str(found["name"]), code)
        step = factor.step_of(kept["secret"], code, self._clock())
        if step is None:
            return False
        tries.execute("BEGIN IMMEDIATE")  # the same code twice at once: one of them is refused
        tries.execute("DELETE FROM step WHERE step < ?", [step - factor.REMEMBERED])
        newest = tries.execute("SELECT max(step) FROM step WHERE name = ?", [name]).fetchone()[0]
        fresh = newest is None or step > newest
        if fresh:
            tries.execute("INSERT INTO step VALUES (?, ?)", [name, step])
        tries.execute("COMMIT")
        return fresh

    def _recovered(self, tries: sqlite3.Connection, name: str, code: str) -> bool:
        """Whether this is a recovery code that was not used; it is used with this."""
        place = factor.place_of(code)
        tries.execute("BEGIN IMMEDIATE")
        kept = dict(self._read().get(_folded(name), {}).get("factor") or {})
        codes = list(kept.get("codes", ()))
        fits = place < len(codes) and self._right(codes[place], factor.plain(code))
        if fits:
            codes[place] = None
            told = f"recovery code {place + 1} used"
            self._change(name, {"factor": kept | {"codes": codes}}, name, told, Act.CODE_USED)
        tries.execute("COMMIT")
        return fits

    # The account elsewhere

    def bind(self, name: str, subject: str) -> User:
        """The user who signs in elsewhere as this account; the first to come is whose name it is.

        A name can be given to another person there; an account's own key never is.
        """
        with self._tries() as tries:
            tries.execute("BEGIN IMMEDIATE")
            found = self._read().get(_folded(name))
            if found is None:
                raise SignInRefused("the name is not in the list")
            kept = found.get("subject")
            if kept is None:
                self._change(name, {"subject": subject}, found["name"], "account noted", Act.PEOPLE)
            tries.execute("COMMIT")
        if kept not in (None, subject):
            raise SignInRefused("the name belongs to another account of the organisation")
        return User(found["name"], found["role"], found["sites"])

    def is_bound(self, name: str) -> bool:
        """Whether an account elsewhere was noted for this user."""
        return bool(self._read().get(_folded(name), {}).get("subject"))

    def unbind(self, name: str, by: str) -> None:
        """Let the next account that signs in under this name be theirs."""
        with self._tries() as tries:
            tries.execute("BEGIN IMMEDIATE")
            self._change(name, {"subject": None}, by, "account forgotten", Act.PEOPLE)
            tries.execute("COMMIT")

    def _right(self, kept: str | None, password: str) -> bool:
        try:
            fits = self._hasher.verify(kept or self._anybody, password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
        return fits and kept is not None

    # The file's own chain

    def head(self) -> dict[str, object]:
        """How many changes the file tells of, and its newest link: for the trail of a store."""
        changes = self._file()["changes"]
        return {"changes": len(changes), "head": _links(changes)[-1]}

    def broken(self, noted: Sequence[Mapping[str, object]] = ()) -> str | None:
        """What of the file was written by other hands; noted: heads of it that a store noted."""
        told = self._file()
        changes, links = told["changes"], _links(told["changes"])
        for number, (one, link) in enumerate(zip(changes, links[1:], strict=True), 1):
            unchained = "hash" not in one and number > 1 and "hash" in changes[number - 2]
            if one.get("hash", link) != link or unchained:
                return f"{self.path}: change {number} ({one['what']}) was altered"
        mine = [one for one in noted if one.get("path") == str(self.path.absolute())]
        for one in mine:
            count = int(str(one["changes"]))
            if count > len(changes):
                return f"{self.path}: {count - len(changes)} changes of it are missing"
            if links[count] != one["head"]:
                return f"{self.path}: change {count} is not the one that was noted"
        chained = changes and "users" in changes[-1]
        if (chained or mine) and changes[-1].get("users") != _digest(told["users"]):
            last = changes[-1]
            return (
                f"{self.path} was changed by other hands after {last['when']} "
                f"(the last change on record: {last['what']})"
            )
        return None

    def _change(self, name: str, part: dict[str, Any], by: str, what: str, act: Act) -> None:
        """Change a part of a user's entry; None takes it out. Within a turn of the tries."""
        found = self._read()
        one = found.get(_folded(name))
        if one is None:
            raise UserError(f"there is no user '{inert(name)}'{did_you_mean(name, sorted(found))}")
        for key, value in part.items():
            if value is None:
                one.pop(key, None)
            else:
                one[key] = value
        self._write(found, by, f"{one['name']}: {what}", act)

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
            raise UserError(
                f"{self.path} is no list of users; name the file that 'qi-equity users add' made"
            ) from wrong

    def changes(self) -> tuple[dict[str, str], ...]:
        """Who changed whom to what, oldest first: when (UTC), by, what."""
        return tuple(self._file()["changes"])

    def _write(
        self, users: dict[str, dict[str, Any]], by: str, what: str, act: Act = Act.PEOPLE
    ) -> None:
        changes = self._file()["changes"]
        made = {"when": now(), "by": by, "what": what, "users": _digest(users)}
        made["hash"] = _link(_links(changes)[-1], made)
        changes.append(made)
        part = self.path.with_name(f"{self.path.name}.part")
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump({"users": users, "changes": changes}, out, indent=2, ensure_ascii=False)
            out.flush()
            os.fsync(out.fileno())
        part.replace(self.path)
        self.tell(by, act, {"what": what})
        path = str(self.path.absolute())
        told = {"path": path, "changes": len(changes), "head": made["hash"]}
        self.tell(by, Act.USERS_FILE, told)

    @contextmanager
    def _tries(self) -> Iterator[sqlite3.Connection]:
        path = self.path.with_name(f"{self.path.name}.tries")
        with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as tries:
            path.chmod(0o600)
            tries.execute("CREATE TABLE IF NOT EXISTS failure (name TEXT, at REAL)")
            tries.execute("CREATE TABLE IF NOT EXISTS try (address TEXT, at REAL)")
            tries.execute("CREATE TABLE IF NOT EXISTS step (name TEXT, step INTEGER)")
            yield tries


def _counted(tries: sqlite3.Connection, name: str, address: str, moment: float) -> int:
    """Count a try, of the address and of the name: how often the name failed before."""
    tries.execute("BEGIN IMMEDIATE")
    tries.execute("DELETE FROM try WHERE at < ?", [moment - TRY_SECONDS])
    tries.execute("DELETE FROM failure WHERE at < ?", [moment - LOCKED_SECONDS])
    (count,) = tries.execute("SELECT count(*) FROM try WHERE address = ?", [address]).fetchone()
    if count >= TRIES:
        tries.execute("COMMIT")
        raise SignInRefused("too many tries from this address; wait a minute")
    tries.execute("INSERT INTO try VALUES (?, ?)", [address, moment])
    # Counted as failed before it is known, so that tries at the same time count too.
    (failures,) = tries.execute("SELECT count(*) FROM failure WHERE name = ?", [name]).fetchone()
    tries.execute("INSERT INTO failure VALUES (?, ?)", [name, moment])
    tries.execute("COMMIT")
    return int(failures)


def _digest(users: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(users).encode()).hexdigest()


def _link(previous: str, change: Mapping[str, Any]) -> str:
    told = [previous, *(change.get(name) for name in ("when", "by", "what", "users"))]
    return hashlib.sha256(canonical(told).encode()).hexdigest()


def _links(changes: Sequence[Mapping[str, Any]]) -> list[str]:
    """The link of each change after the first, which follows none; the newest last."""
    links = [GENESIS]
    for one in changes:
        links.append(_link(links[-1], one))
    return links


def _folded(name: str) -> str:
    return name.strip().casefold()


def _problem_of_password(password: str, name: str) -> str | None:
    if len(password) < SHORTEST:
        return f"is too short; {SHORTEST} characters at least (three random words will do)"
    if _folded(password) == _folded(name) or len(set(password)) < 5:
        return "is too easy to guess; three random words will do"
    return problem_of_text(password, LONGEST)
