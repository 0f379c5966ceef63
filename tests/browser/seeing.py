"""How a browser test looks at a page: when it is ready, what plotly drew, what axe objects to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import axe_playwright_python

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
DESKTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
# Colours depend on the theme and what fits on the width, so each of either is looked at once.
LOOKS = ((PHONE, "dark"), (DESKTOP, "light"))


def ready(page: Any, *, chart: bool = True) -> None:
    """Wait until the page can answer, and its first figure is drawn."""
    page.wait_for_selector("html[data-connected]")
    if chart:
        page.wait_for_selector(".plot[data-drawn]")


def drawn(page: Any) -> list[Any]:
    """What plotly drew, not what it was asked to: name and heights of every trace.

    Once no figure waits for its turn: until then what is pale is of another choice.
    """
    page.wait_for_function("() => !document.querySelector('.plot[data-stale]')")
    return page.evaluate(
        """() => [...document.querySelectorAll(".plot")].flatMap((plot) =>
            plot.calcdata.map((points) => [points[0].trace.name, points.map((one) => one.y)]))"""
    )


def choose(page: Any, label: str, option: str) -> None:
    """Choose from a list and wait for the figure to be drawn anew."""
    before = page.locator(".plot").first.get_attribute("data-drawn")
    page.get_by_label(label, exact=True).select_option(label=option)
    redrawn(page, before)


def redrawn(page: Any, before: str | None) -> None:
    page.wait_for_function(
        """(before) => document.querySelector('.plot')?.dataset.drawn !== before
            && !document.querySelector('.plot[data-stale]')""",
        arg=before,
    )


# What plotly draws is one picture with words for it: its thousands of shapes are nobody's to read,
# and lie on nothing else; they are out of the page meanwhile, and back in their places after.
AUDIT = """async () => {
    const drawings = [...document.querySelectorAll("[role=img] .main-svg")]
    const places = drawings.map((one) => document.createComment(""))
    drawings.forEach((one, at) => one.replaceWith(places[at]))
    try {
        // Only what is wrong is told of in full: the rest would take two thirds of the time.
        return (await axe.run(document, {resultTypes: ["violations"]})).violations
    } finally {
        places.forEach((one, at) => one.replaceWith(drawings[at]))
    }
}"""


def violations(page: Any) -> list[str]:
    """What axe-core finds wrong, with the first element concerned."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(AXE)
    found = page.evaluate(AUDIT)
    return [f"{one['id']} ({one['impact']}): {one['nodes'][0]['html']}" for one in found]


def fault(page: Any, step: object = "") -> None:
    """Fail where an open page has a violation or scrolls sideways, on a phone or on a desk."""
    for size, theme in LOOKS:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=theme)
        # Figures are drawn anew for another width: what they leave is what counts.
        page.wait_for_function("() => document.documentElement.scrollWidth <= innerWidth")
        assert violations(page) == [], (step, theme)
