"""One person's own account: where they are signed in, their second factor, what they may ask for.

Nobody's counts are here; who may do what with an account of somebody else is the store's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qi_equity.errors import UserError
from qi_equity.store import SignInRefused, factor
from qi_equity.store.visits import IDLE_SECONDS, Stay, id_of
from qi_equity.vocabulary import Act
from qi_equity.words import say

if TYPE_CHECKING:  # the door's pages are drawn by what draws these
    from qi_equity.app.signin import Door, Visit

Fields = Mapping[str, Any]
OFFER_SECONDS = 10 * 60.0  # how long a secret waits to be set up, and recovery codes to be noted


@dataclass(frozen=True, slots=True)
class Account:
    """Whoever asks, at the door they came in by."""

    door: Door
    visit: Visit

    @property
    def name(self) -> str:
        """Whose it is."""
        return self.visit.name

    @property
    def here(self) -> str:
        """The public name of the visit that asks."""
        return id_of(self.visit.key)

    def stays(self, name: str = "") -> tuple[Stay, ...]:
        """Where somebody is signed in: who asks, where nobody is named."""
        return self.door.visits.of(name or self.name, IDLE_SECONDS)

    def end(self, name: str, id: str | None = None, but: str | None = None) -> int:
        """End visits of somebody, and put it on record."""
        ended = self.door.visits.end(name, id, but)
        if ended:
            self.record(Act.SESSION_ENDED, {"of": name, "sessions": ended})
        return ended

    def record(self, what: Act, about: Mapping[str, object]) -> None:
        """Put on record what this person did."""
        self.door.record(self.name, what, about)

    def spend(self, kind: str) -> None:
        """Count expensive work of this person, or refuse it."""
        self.door.limits.spend(self.name, kind)

    # The second factor

    @property
    def has_password(self) -> bool:
        """Whether this person signs in here, and not through their organisation."""
        return not self.door.elsewhere

    @property
    def offer(self) -> str:
        """The secret that waits to be set up in this visit: the same until it is, or is too old."""
        offers, now = self.door.offers, self.door.now()
        for key in [key for key, (at, _) in offers.items() if now - at > OFFER_SECONDS]:
            del offers[key]
        return offers.setdefault(self.visit.key, (now, factor.new_secret()))[1]

    @property
    def fresh_codes(self) -> tuple[str, ...]:
        """Recovery codes that were made in this visit and not yet said to be written down."""
        at, codes = self.door.fresh.get(self.visit.key, (0.0, ()))
        return codes if self.door.now() - at <= OFFER_SECONDS else ()

    def prove(self, password: str) -> None:
        """See that it is still the person who signed in."""
        try:
            self.door.users.prove(self.name, password)
        except SignInRefused as refused:
            raise UserError(say("account.not_proven")) from refused


def _end(account: Account, fields: Fields) -> str:
    if not account.end(account.name, _text(fields, "session") or "-"):
        raise UserError("this session is over already; reload the page")
    return say("account.ended")


def _end_others(account: Account, fields: Fields) -> str:
    return say("account.ended_others", count=account.end(account.name, but=account.here))


def _set_up(account: Account, fields: Fields) -> str:
    if not account.has_password:
        raise UserError("who signs in through their organisation is asked for codes there")
    if account.door.users.has_factor(account.name):
        raise UserError("a second factor is set up already; stop it first")
    account.prove(str(fields.get("password") or ""))
    codes = account.door.users.set_factor(account.name, account.offer, _text(fields, "code"))
    account.door.offers.pop(account.visit.key, None)
    account.door.fresh[account.visit.key] = account.door.now(), codes
    return say("account.factor.set_up")


def _codes_noted(account: Account, fields: Fields) -> str:
    account.door.fresh.pop(account.visit.key, None)
    return say("account.factor.codes_hidden")


def _stop(account: Account, fields: Fields) -> str:
    account.prove(str(fields.get("password") or ""))
    account.door.users.stop_factor(account.name, by=account.name)
    account.door.fresh.pop(account.visit.key, None)
    return say("account.factor.stopped")


OWN: dict[str, Callable[[Account, Fields], str]] = {
    "end_session": _end,
    "end_others": _end_others,
    "set_up_factor": _set_up,
    "codes_noted": _codes_noted,
    "stop_factor": _stop,
}


def _text(fields: Fields, name: str) -> str:
    return str(fields.get(name) or "").strip()
