"""Pages that are likely to be asked for next, drawn while nobody waits for another one.

Whoever looks at one site's charts mostly goes on to another site, measure or group of the same.
What is drawn ahead is kept as the page itself would be; one thread does it, one page at a time, and
stands still for as long as anybody waits for an answer.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from threading import Condition, Thread

from qi_equity.app import explore
from qi_equity.app.aside import Threads
from qi_equity.app.state import Address, Choice
from qi_equity.errors import UserError

MOST = 24  # pages after one answer
WAITING = 72  # pages of all who look: newest wishes first, the oldest are dropped
# Seconds without a question of anybody: where fifty people choose, there are hardly any.
QUIET = 0.3

log = logging.getLogger(__name__)

Pause = Callable[[], None]
Draw = Callable[[Address, Pause], None]


class Ended(Exception):
    """The server stops: what is being drawn ahead is let go of."""


class Ahead:
    """The pages that were wished for, and the thread that draws them."""

    def __init__(self, threads: Threads) -> None:
        """threads: those that answer people, which are given way to."""
        self._threads = threads
        self._wished: deque[tuple[Draw, Address]] = deque()
        self._changed = Condition()
        self._thread: Thread | None = None
        self._ended = False

    def wish(self, draw: Draw, addresses: Iterable[Address]) -> None:
        """Have these pages drawn when there is time, before whatever was wished for earlier."""
        with self._changed:
            if self._ended:
                return
            self._wished.extendleft((draw, one) for one in reversed(list(addresses)))
            while len(self._wished) > WAITING:
                self._wished.pop()
            if self._thread is None:
                self._thread = Thread(target=self._attend, name="ahead", daemon=True)
                self._thread.start()
            self._changed.notify()

    def end(self, patience: float = 5.0) -> None:
        """Draw no more; what is being drawn is left where it is."""
        with self._changed:
            self._ended = True
            self._wished.clear()
            self._changed.notify()
        self._threads.wake()
        if self._thread is not None:
            self._thread.join(patience)

    def _attend(self) -> None:
        while (wish := self._next()) is not None:
            draw, address = wish
            try:
                draw(address, self._pause)
            except Ended:
                return
            except UserError:
                continue  # whoever asks for that page is told, and nobody has
            except Exception:  # nobody waits for it; whoever asks for that page is told then
                log.exception("no page could be drawn ahead for %r", address.link())

    def _next(self) -> tuple[Draw, Address] | None:
        """The newest wish, once nobody waits for anything; None when it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._wished or self._ended)
        if not self._threads.rest(QUIET, lambda: self._ended):
            return None
        with self._changed:  # this thread alone takes from it; `end` empties it
            return self._wished.popleft() if self._wished else None

    def _pause(self) -> None:
        """Stand still while somebody waits for an answer."""
        if self._threads.at_work:
            self._threads.rest(0.0, lambda: self._ended)
        if self._ended:
            raise Ended


def likely(choice: Choice) -> list[Address]:
    """The pages that are mostly asked for after this one, the likeliest first; of charts alone.

    Only as the project declares its charts, and groups only where somebody goes through them, so
    that they are few: what is never asked for costs as much as what is.
    """
    address, project = choice.address, choice.project
    if address.page != "charts" or explore.asked(address) or address.hide:
        return []
    after = choice.sites.index(choice.site) + 1
    found = [replace(address, site=one) for one in choice.sites[after:] + choice.sites[:after]]
    found += [replace(address, measure=one.id) for one in project.measures]
    if address.stratum:
        found += [replace(address, stratum=group.name) for group in project.strata.groups]
    return [one for one in found if one != address][:MOST]
