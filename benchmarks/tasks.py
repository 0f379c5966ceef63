"""What people come to do, by a scripted hand in a browser: steps, keys and seconds, as a table.

    python benchmarks/tasks.py [--write]    # --write: into docs/explanation/app.md

A function is a task. It is given a hand, which counts what it does: a step is a thing that somebody
would name ("tap Save"), a key is one tap of a finger or one key pressed. Seconds are those from the
first step to what the task is done for, on the machine that runs it, with no time to think.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import served  # the benchmarks beside this one
from tasks_of_sessions import TASKS as OF_SESSIONS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/explanation/app.md"
START, END = "<!-- tasks: begin -->", "<!-- tasks: end -->"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1366, "height": 768}
PATIENCE = 180_000  # milliseconds: a busy machine takes its time
PROJECT, SITE = "pph_reduction", "site_a"


@dataclass
class Hand:
    """Somebody at a page: does one thing after another, and counts."""

    page: Any
    home: str
    steps: int = 0
    keys: int = 0

    def opens(self, address: str, *, loading: bool = False) -> None:
        """Follow a link somebody sent; loading: whether what that takes is part of the task."""
        self.began = time.monotonic()
        self.page.goto(self.home + address)
        if not loading:
            self.page.wait_for_selector("html[data-connected]")
            self.began = time.monotonic()

    def taps(self, what: Any) -> None:
        """One tap, or one click."""
        what.tap() if self.page.viewport_size == PHONE else what.click()
        self.steps += 1
        self.keys += 1

    def presses(self, key: str) -> None:
        """One key."""
        self.page.keyboard.press(key)
        self.keys += 1

    def fills(self, numbers: list[int]) -> None:
        """A step: numbers one after another, going on by a key where the page does not."""
        self.steps += 1
        for place, number in enumerate(numbers, 1):
            here = self.focused()
            for digit in str(number):
                self.presses(digit)
            if place < len(numbers) and self.focused() == here:
                self.presses("Enter")

    def focused(self) -> str:
        """What has the focus."""
        return str(self.page.evaluate("() => document.activeElement.id"))


@dataclass(frozen=True, slots=True)
class Taken:
    """What a task took."""

    task: str
    where: str
    steps: int
    keys: int
    seconds: float


def log_a_week(hand: Hand) -> None:
    """Log last week's four measures for six groups."""
    hand.opens(f"?page=log&project={PROJECT}&site={SITE}")
    births = [26, 17, 9, 9, 41, 3]
    events = [[2, 0, 0, 2, 2, 0], [21, 17, 8, 7, 38, 3], [20, 14, 7, 6, 31, 2], [0, 0, 0, 0, 1, 0]]
    hand.taps(hand.page.locator(".births input").first)
    hand.fills(births + [number for row in events for number in row])
    hand.taps(hand.page.locator("#save"))
    hand.page.locator(".saved").wait_for()


def correct_a_slip(hand: Hand) -> None:
    """Correct one count that was saved a moment ago."""
    hand.opens(f"?page=log&project={PROJECT}&site={SITE}")
    hand.taps(hand.page.locator("tr[data-measure=pph_1000] input[name=numerator]").first)
    hand.fills([3])
    hand.taps(hand.page.get_by_role("button", name="Typing slip"))
    hand.page.locator(".saved").wait_for()


# Task, for whom -> the screen and the function; done in this order, in one network.
TASKS: dict[tuple[str, str], tuple[dict[str, int], Callable[[Hand], None]]] = {
    ("Midwife", "log a week of four measures"): (PHONE, log_a_week),
    ("Midwife", "correct a slip"): (PHONE, correct_a_slip),
    **OF_SESSIONS,
}


def played(home: str, only: str = "") -> list[Taken]:
    """Every task on the example network that is served there, or those whose name holds this."""
    from playwright.sync_api import sync_playwright

    taken = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for (who, what), (size, task) in TASKS.items():
            if only not in f"{who}: {what}":
                continue
            page = browser.new_context(viewport=size, has_touch=size == PHONE).new_page()
            page.set_default_timeout(PATIENCE)
            hand = Hand(page, home)
            task(hand)
            seconds = time.monotonic() - hand.began
            where = "phone" if size == PHONE else "desktop"
            taken.append(Taken(f"{who}: {what}", where, hand.steps, hand.keys, seconds))
            page.close()
        browser.close()
    return taken


def on_its_own() -> list[Taken]:
    """The same on a network of this run's own, in a process of its own."""
    with tempfile.TemporaryDirectory() as place:
        process, home = served(Path(place))
        try:
            return played(home)
        finally:
            process.terminate()
            process.wait(60)


def table(taken: list[Taken]) -> str:
    """The tasks as a table of Markdown."""
    lines = ["| task | on a | steps | keys and taps | seconds |", "|---|---|---:|---:|---:|"]
    lines += [
        f"| {one.task} | {one.where} | {one.steps} | {one.keys} | {one.seconds:.1f} |"
        for one in taken
    ]
    return "\n".join(lines)


def main() -> None:
    """Play every task; print the table, or write it into the page."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--write", action="store_true", help="write it into docs/explanation/app.md")
    asked.add_argument(
        "--at", default="", help="a demo that is served already, with last week free"
    )
    asked.add_argument("--only", default="", help="with --at: tasks whose name holds this")
    chosen = asked.parse_args()
    made = table(played(chosen.at, chosen.only) if chosen.at else on_its_own())
    print(made)
    if chosen.write:
        text = PAGE.read_text(encoding="utf-8")
        between = re.compile(f"{START}.*{END}", re.S)
        PAGE.write_text(between.sub(f"{START}\n{made}\n{END}", text), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
