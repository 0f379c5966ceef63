"""Photographs every page and state of the demo, each small enough to be sent in a mail.

python docs/screenshots.py [FOLDER] [--only PART ...]   # docs/screenshots if left out

A picture is an address, a screen and what somebody does before it is taken. Those of networks that
the demo has not (empty, three weeks old, of one stratum) are in screenshots_of_states.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pandas import Timedelta, Timestamp
from PIL import Image

FOLDER = Path(__file__).parent / "screenshots"
PATIENCE = 240_000  # milliseconds: a busy machine takes its time
HERE = "&project=pph_reduction&site=site_a"
ANSWER = f"?page=charts{HERE}&stratum=Black"
LIGHT = {"color_scheme": "light"}
SCREENS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, **LIGHT},
    "desktop": {"viewport": {"width": 1366, "height": 768}, **LIGHT},
    "wide": {"viewport": {"width": 1920, "height": 1080}, **LIGHT},
    "dark": {"viewport": {"width": 1366, "height": 768}, "color_scheme": "dark"},
    "zoomed": {"viewport": {"width": 683, "height": 384}, **LIGHT},  # a desktop at 200 %
    "paper": {"viewport": {"width": 794, "height": 1123}, **LIGHT},  # A4 at 96 dots an inch
    "forced": {
        "viewport": {"width": 1366, "height": 768},
        "forced_colors": "active",
        "reduced_motion": "reduce",
    },
}
# How high a picture is, where it shows more than the first screenful.
HIGH = {"phone": 1300, "desktop": 1150, "dark": 1150}
Do = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Picture:
    """What is photographed; one screenful alone where it is the first that matters."""

    address: str
    screen: str
    do: Do | None = None
    screenful: bool = False


def waited(page: Any, address: str) -> None:
    """Wait for the connection, the verdicts and the figures."""
    page.goto(address)
    page.wait_for_selector("html[data-connected]")
    for _ in range(100):
        if page.get_attribute("body", "data-waiting") == "no":
            break
        page.wait_for_timeout(2000)
        page.goto(address)
        page.wait_for_selector("html[data-connected]")
    drawn(page)


def drawn(page: Any) -> None:
    """Wait until every figure is drawn."""
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-figure]')]"
        ".every((place) => place.querySelector('.plot[data-drawn]'))"
    )
    page.wait_for_timeout(300)


def _weeks_ago(weeks: int) -> str:
    from qi_equity.app.pages.weeks import complete

    return f"{complete('week', Timestamp.now().normalize()) - Timedelta(weeks=weeks):%Y-%m-%d}"


def _types(page: Any) -> None:
    page.locator("tr[data-measure=pph_1000] input[name=numerator]").first.fill("3")


def _offline(page: Any) -> None:
    page.context.set_offline(True)
    _types(page)
    page.locator("#correct [data-reason]").first.click()
    page.locator("#kept").scroll_into_view_if_needed()
    page.locator("#kept p").wait_for()


def _clash(page: Any) -> None:
    """As the page tells it, with a colleague's answer put in its place."""
    _types(page)
    page.evaluate(
        """() => {
            const row = document.querySelector("tr[data-measure=pph_1000]").dataset
            const told = { numerator: "2", denominator: "29", value: "", revision: 1, who: "Ben",
                           at: "2026-11-27T14:05:00Z" }
            qiKept.clash([{ ...told, measure: row.measure, stratum: row.stratum,
                            subgroup: row.subgroup }])
        }"""
    )


def _saves(page: Any) -> None:
    """Log last week, as nobody has yet, or correct it where somebody did."""
    births, found = page.locator(".births input"), page.locator("tr[data-measure=pph_1000]")
    cells = found.locator("input[name=numerator]")
    if births.first.is_visible():
        for place in range(births.count()):
            births.nth(place).fill("20")
    for place in range(cells.count()):
        # Another number than the picture before this one saved: the same would be no save.
        cells.nth(place).fill("2" if cells.nth(place).input_value() == "1" else "1")
        if not births.first.is_visible():
            found.locator("input[name=denominator]").nth(place).fill("20")
    reason = page.locator("#correct [data-reason]").first
    (reason if reason.is_visible() else page.locator("#save")).click()
    page.locator(".saved").wait_for()
    drawn(page)


def _printed(page: Any) -> None:
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")


def _holds(page: Any) -> None:
    hold = page.get_by_role("button", name="Hold this agenda still")
    if hold.count():
        hold.click()
        page.locator(".saved").wait_for()


def _notes(page: Any) -> None:
    """A note of a day on the chart, and its form still open."""
    page.locator("#annotate summary").click()
    page.locator("#happened-text").fill("New scales in every birth room")
    page.locator("#annotate .do").click()
    page.locator(".saved").wait_for()
    drawn(page)
    page.locator("#annotate").scroll_into_view_if_needed()


def _first_cell(page: Any) -> None:
    page.locator("tr[data-measure] input").first.focus()


def _at(page: str, more: str = "") -> str:
    return f"?page={page}&project=pph_reduction{more}"


def pictures() -> dict[str, Picture]:
    """Every picture of the demo, in the order they are taken: the last ones write."""
    before, log = f"{_at('log')}&site=site_a&week={_weeks_ago(1)}", f"{_at('log')}&site=site_a"
    both = {
        "answer": ANSWER, "compare": _at("compare", "&stratum=Black"), "board": _at("board"),
        "log": log, "session": _at("session"), "project": _at("project"),
        "quality": _at("quality"), "spread": _at("spread"), "people": _at("people"),
        "history": _at("history"),
    }  # fmt: skip
    every = {
        f"{name}-{screen}": Picture(address, screen)
        for name, address in both.items()
        for screen in ("desktop", "phone")
    }
    return every | {
        "responses-desktop": Picture(_at("responses"), "desktop", screenful=True),
        "voices-desktop": Picture(_at("voices"), "desktop", screenful=True),
        "staff-desktop": Picture(_at("staff"), "desktop", screenful=True),
        "answer-dark": Picture(ANSWER, "dark"),
        "answer-zoomed": Picture(ANSWER, "zoomed"),
        "answer-print": Picture(ANSWER, "paper", _printed),
        "answer-minutes": Picture("?page=charts&project=time_to_antibiotics", "desktop"),
        "answer-monthly": Picture("?page=charts&project=preterm_optimisation", "desktop"),
        "compare-print": Picture(both["compare"], "paper", _printed),
        "slide-wide": Picture(_at("session", "&slide=1"), "wide", screenful=True),
        "slide-phone": Picture(_at("session", "&slide=1"), "phone"),
        "begin-desktop": Picture("?page=begin", "desktop", screenful=True),
        "log-correction-phone": Picture(before, "phone", _types, screenful=True),
        "log-offline-phone": Picture(before, "phone", _offline, screenful=True),
        "log-clash-phone": Picture(before, "phone", _clash, screenful=True),
        "log-story-phone": Picture(
            log, "phone", lambda page: page.locator("#guide summary").click(), screenful=True
        ),
        "log-forced-colours": Picture(before, "forced", _first_cell, screenful=True),
        "log-print": Picture(before, "paper", _printed),
        "history-print": Picture(both["history"], "paper", _printed),
        "session-held-desktop": Picture(both["session"], "desktop", _holds, screenful=True),
        "log-saved-phone": Picture(log, "phone", _saves, screenful=True),
        "log-saved-desktop": Picture(log, "desktop", _saves, screenful=True),
        "answer-note-desktop": Picture(ANSWER, "desktop", _notes, screenful=True),
    }  # fmt: skip


def kept(page: Any, place: Path) -> None:
    """The picture in 128 colours: a third of the bytes, and nobody sees which third."""
    taken = Image.open(io.BytesIO(page.screenshot()))
    taken.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(place, optimize=True)
    print(place, place.stat().st_size // 1000, "kB", flush=True)


def photographed(browser: Any, home: str, wanted: Mapping[str, Picture], folder: Path) -> None:
    """Each picture, in a browser nobody used before."""
    for name, one in wanted.items():
        options = SCREENS[one.screen]
        context = browser.new_context(**options)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        waited(page, home + one.address)
        if one.do:
            one.do(page)
        if not one.screenful:
            high = HIGH.get(one.screen, options["viewport"]["height"])
            page.set_viewport_size(options["viewport"] | {"height": high})
        page.wait_for_timeout(500)
        kept(page, folder / f"{name}.png")
        context.close()


@contextmanager
def demo() -> Iterator[str]:
    """The address of the example network, with what its sites share."""
    from qi_equity.app import demo as example
    from qi_equity.app import guide
    from qi_equity.app.server import start

    with tempfile.TemporaryDirectory() as place:
        network = example.filled(Path(place))
        example.shared(network)
        played = guide.Played(network)
        running = start(played, extra_patterns=guide.routes(played))
        yield running.url
        running.stop()
        network.close()


def main() -> None:
    """Serve the demo and the odd networks, and photograph them."""
    from playwright.sync_api import sync_playwright
    from screenshots_of_states import ODD, odd  # the file beside this one

    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    asked.add_argument(
        "--only", nargs="+", default=[""], help="those whose name holds one of these"
    )
    asked.add_argument("--at", default="", help="a demo that is served already")
    chosen = asked.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)

    def some(every: Mapping[str, Picture]) -> dict[str, Picture]:
        return {
            name: one for name, one in every.items() if any(part in name for part in chosen.only)
        }

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        if mine := some(pictures()):
            if chosen.at:
                photographed(browser, chosen.at, mine, chosen.folder)
            else:
                with demo() as home:
                    photographed(browser, home, mine, chosen.folder)
        if mine := some({name: Picture(*one) for name, one in ODD.items()}):
            with odd() as home:
                photographed(browser, home, mine, chosen.folder)
        browser.close()


if __name__ == "__main__":
    main()
