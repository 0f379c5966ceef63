"""What was read off findings once and is asked for again; it goes when they do, and says no more.

Findings never change, and belong to those who may see them: what is kept beside them does too.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, MutableMapping
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

_kept: MutableMapping[Any, dict[Hashable, Any]] = WeakKeyDictionary()


def remembered(findings: Any, key: Hashable, make: Callable[[], T]) -> T:
    """What `make` gives for these findings, made once; nobody may change it.

    It must hold nothing of the findings themselves, or they would keep one another for ever.

    >>> class Found: pass
    >>> found = Found()
    >>> remembered(found, "rows", lambda: [1]) is remembered(found, "rows", lambda: [1])
    True
    >>> remembered(Found(), "rows", lambda: [2])
    [2]
    """
    held = _kept.setdefault(findings, {})
    if key not in held:
        held[key] = make()  # two that ask at once both make it, and both are right
    made: T = held[key]
    return made
