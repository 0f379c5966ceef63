"""Pages of a browser that one test leaves to the next, emptied; what is wrong in a page is noted.

A new page costs Chromium seconds of processor before it shows anything: a process of its own, and
megabytes of scripts to compile. One that was used has both, and nothing else: its cookies, its
storage and its listeners are gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from seeing import DESKTOP

EMPTIED = "() => { localStorage.clear(); sessionStorage.clear() }"


@dataclass
class Tabs:
    """Pages that wait to be used, by the kind of screen and by whether they have it to themselves.

    new_context: a browser that nobody used before.
    """

    new_context: Callable[..., Any]
    shared: dict[str, Any] = field(default_factory=dict)
    waiting: dict[str, list[Any]] = field(default_factory=dict)

    def context(self, size: dict[str, int], **options: Any) -> Any:
        """One for each kind of screen, so that scripts are fetched once, as by visitors."""
        name = repr((size, options))
        if name not in self.shared:
            self.shared[name] = self.new_context(viewport=size, **options)
        return self.shared[name]

    def take(self, size: dict[str, int], alone: bool, **options: Any) -> tuple[str, Any]:
        """A page, and what it waits under; alone: no other page has its cookies and storage."""
        name = repr((size, alone, options))
        if self.waiting.get(name):
            page = self.waiting[name].pop()
            page.set_viewport_size(size)
            page.emulate_media(media="null", color_scheme="null")
            return name, page
        if alone:
            return name, self.new_context(viewport=size, **options).new_page()
        return name, self.context(size, **options).new_page()

    def give_back(self, name: str, page: Any, home: str) -> None:
        """Leave a page to the next who needs one, as if nobody had used it."""
        page.context.set_offline(False)
        page.goto(home + "liveness")  # nothing runs there, and the page's process stays
        page.evaluate(EMPTIED)
        page.context.clear_cookies()
        if page.context not in self.shared.values():
            for other in page.context.pages:
                if other is not page:
                    other.close()
        self.waiting.setdefault(name, []).append(page)

    def close(self) -> None:
        """Close all that is open."""
        for context in self.shared.values():
            context.close()
        for page in (page for pages in self.waiting.values() for page in pages):
            page.context.close()

    @contextmanager
    def opened(self, home: str, alone: bool = False) -> Iterator[Visit]:
        """Opens addresses; any error or foreign request fails the test that opened them."""
        visit = Visit(self, home, alone)
        yield visit
        for name, page, deafened in visit.taken:
            self.give_back(name, page, home)
            deafened()
        assert visit.troubles == []


@dataclass
class Visit:
    """Opens addresses of one server, and notes what is wrong in the pages.

    expected: parts of what a browser may say is wrong.
    """

    tabs: Tabs
    home: str
    alone: bool
    expected: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    taken: list[tuple[str, Any, Callable[[], None]]] = field(default_factory=list)

    def __call__(self, address: str = "", *, size: dict[str, int] = DESKTOP, **options: Any) -> Any:
        """The page at an address."""
        name, page = self.tabs.take(size, self.alone, **options)
        self.taken.append((name, page, heard(page, self.home, self.troubles, self.expected)))
        page.goto(self.home + address)
        return page


def heard(page: Any, home: str, troubles: list[str], expected: list[str]) -> Callable[[], None]:
    """Note every error in a page and every request elsewhere, until what is returned is called."""
    place = urlsplit(home).netloc

    def requested(request: Any) -> None:
        asked = urlsplit(request.url)
        if asked.scheme not in ("data", "blob") and asked.netloc != place:
            troubles.append(f"asked for {request.url}")

    def failed(error: Any) -> None:
        troubles.append(f"error in the page: {error}")

    def said(line: Any) -> None:
        if line.type == "error" and not any(one in line.text for one in expected):
            troubles.append(line.text)

    listeners = {"request": requested, "websocket": requested, "pageerror": failed, "console": said}
    for name, listener in listeners.items():
        page.on(name, listener)

    def deafened() -> None:
        for name, listener in listeners.items():
            page.remove_listener(name, listener)

    return deafened
