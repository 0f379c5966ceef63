"""How much expensive work one person may ask for in a while; what it is, is not known here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock
from time import monotonic

from qi_equity.errors import UserError

# Kind of work -> so many in so many seconds: several times what a busy person does, and a small
# part of what a script would.
MOST: dict[str, tuple[int, float]] = {
    "file": (30, 600.0),  # reading a file, and keeping it
    "write": (120, 600.0),  # any other save: each may have everything judged anew
    "page": (240, 60.0),  # working out a page that nobody has asked for yet
}
TOO_MUCH = "you asked for too much in a short time: nothing was done; wait a minute, then try again"


class Limits:
    """What each person asked for lately.

    >>> limits = Limits(clock=lambda: 0.0)
    >>> for _ in range(30):
    ...     limits.spend("jo", "file")
    >>> limits.spend("jo", "file")
    Traceback (most recent call last):
    qi_equity.errors.UserError: you asked for too much in a short time: nothing was done; wait a \
minute, then try again
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._spent: dict[tuple[str, str], deque[float]] = {}
        self._lock = Lock()

    def spend(self, name: str, kind: str) -> None:
        """Count a piece of work of somebody, or refuse it."""
        most, seconds = MOST[kind]
        now = self._clock()
        with self._lock:
            spent = self._spent.setdefault((name.casefold(), kind), deque())
            while spent and now - spent[0] >= seconds:
                spent.popleft()
            if len(spent) >= most:
                raise UserError(TOO_MUCH)
            spent.append(now)
