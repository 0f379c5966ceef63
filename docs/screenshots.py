"""Photographs every page of the demo, on a desktop and a phone, some of them in the dark.

python docs/screenshots.py [FOLDER]     # docs/screenshots if left out
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1366, "height": 768}
PAGES = {
    "answer": "?page=charts&project=pph_reduction&site=site_a&stratum=Black",
    "compare": "?page=compare&project=pph_reduction&stratum=Black",
    "log": "?page=log&project=pph_reduction&site=site_a",
    "session": "?page=session&project=pph_reduction",
    "slide": "?page=session&project=pph_reduction&slide=1",
    "project": "?page=project&project=pph_reduction",
    "quality": "?page=quality&project=pph_reduction",
    "history": "?page=history&project=pph_reduction",
    "people": "?page=people&project=pph_reduction",
    "begin": "?page=begin",
}
SCREENS = {
    "desktop": {"viewport": {"width": 1366, "height": 768}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1366, "height": 768}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
}
IN_THE_DARK = ("answer", "compare")


def settled(page: Any, address: str) -> None:
    """Wait for the connection, the verdicts and the figures."""
    for _ in range(60):
        page.goto(address)
        page.wait_for_selector("html[data-connected]")
        if page.get_attribute("body", "data-waiting") == "no":
            break
        page.wait_for_timeout(3000)
    if page.locator("[data-figure]").count():
        page.wait_for_selector(".plot[data-drawn]")
    page.wait_for_timeout(400)


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


# States of the log, each with what somebody does to come to it.
LOG = "?page=log&project=pph_reduction&site=site_a"
STATES: dict[str, tuple[dict[str, Any], Callable[[Any], None]]] = {
    "log-correction-phone": ({"viewport": PHONE}, _types),
    "log-offline-phone": ({"viewport": PHONE}, _offline),
    "log-clash-phone": ({"viewport": PHONE}, _clash),
    "log-story-phone": ({"viewport": PHONE}, lambda page: page.locator("#guide summary").click()),
    "log-forced-colours": (
        {"viewport": DESKTOP, "forced_colors": "active", "reduced_motion": "reduce"},
        lambda page: page.locator("tr[data-measure] input").first.focus(),
    ),
    "log-zoomed": (
        {"viewport": {"width": 683, "height": 384}},
        lambda page: page.locator("tr[data-measure] input").first.focus(),
    ),
    "log-print": ({"viewport": DESKTOP}, lambda page: page.emulate_media(media="print")),
}


def states(browser: Any, url: str, folder: Path) -> None:
    """Photograph the log in each of its states, in a browser nobody used before."""
    from pandas import Timedelta, Timestamp

    from qi_equity.app.pages.weeks import complete

    logged = complete("week", Timestamp.now().normalize()) - Timedelta(weeks=1)
    for name, (options, do) in STATES.items():
        context = browser.new_context(**options)
        page = context.new_page()
        page.set_default_timeout(120_000)
        settled(page, f"{url}{LOG}&week={logged:%Y-%m-%d}")
        do(page)
        page.wait_for_timeout(400)
        page.screenshot(path=folder / f"{name}.png")
        context.close()
        print(folder / f"{name}.png")


def main() -> None:
    """Serve the demo and photograph it."""
    from playwright.sync_api import sync_playwright

    from qi_equity.app import demo, guide
    from qi_equity.app.server import start

    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        network = demo.filled(Path(place))
        demo.shared(network)
        played = guide.Played(network)
        running = start(played, extra_patterns=guide.routes(played))
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for screen, options in SCREENS.items():
            page = browser.new_context(**options).new_page()
            page.set_default_timeout(120_000)  # a busy machine takes its time
            for name, address in PAGES.items():
                if screen == "dark" and name not in IN_THE_DARK:
                    continue
                settled(page, running.url + address)
                # The first screens of a page: a photograph of all of it would be unreadable.
                height = 1500 if screen == "phone" else 1150
                page.set_viewport_size(options["viewport"] | {"height": height})
                page.wait_for_timeout(300)
                page.screenshot(path=folder / f"{name}-{screen}.png")
                page.set_viewport_size(options["viewport"])
                print(folder / f"{name}-{screen}.png")
        states(browser, running.url, folder)
        browser.close()
        running.stop()
        network.close()


if __name__ == "__main__":
    main()
