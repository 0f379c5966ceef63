"""The app beside that of an earlier commit, by turns in one run: ratios, since seconds say little.

    python benchmarks/app_ratios.py OTHER [--turns 2] [--visits 4]

OTHER is a checkout of the other commit; `qi-equity demo` serves both with the packages that are
installed here, and with modules compiled as an install leaves them. By turns: start until a page is
answered, while nothing of the other runs, which would go on judging; then, with both served, the
first chart of a browser that nobody used before, as it is painted and until it answers to a touch;
filter changes in it, until the first chart and until all of them are painted, and until each
answers to a touch. Before Plotly a page weighs its HTML and our scripts, packed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app import PROJECT, SITES, judged  # the benchmarks beside this one
from processor import as_installed

OURS = Path(__file__).parents[1]
PATIENCE = 300_000  # milliseconds: a busy machine takes its time
CHANGES = 5  # of the site, a visit
# Charts may stand as drawings, until those come that answer to a touch: when all of a page were
# painted. Where some could not be, the mark says how many, and is no mark of all of them.
SKETCHED = """performance.getEntriesByName('qi-sketched')
    .filter((mark) => !mark.detail).map((mark) => mark.startTime)"""
MARKS = "performance.getEntriesByName('qi-drawn').map((mark) => mark.startTime)"


@dataclass
class Side:
    """One of the two, and what was measured of it."""

    source: Path
    process: subprocess.Popen[str] | None = None
    url: str = ""
    start: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    live: list[float] = field(default_factory=list)
    change: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    first_live: list[float] = field(default_factory=list)
    all_live: list[float] = field(default_factory=list)
    weight: float = 0.0

    def begin(self, folder: Path) -> None:
        """Start the demo, until a page of charts is answered."""
        folder.mkdir()
        began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "qi_equity.cli", "demo", "--no-browser", "--port", "0",
             "--keep", str(folder)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1,
            env=as_installed(self.source), start_new_session=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"http://[^\s?]+", line):
                self.url = found.group()
                break
        self.page(SITES[0])
        self.start.append(time.monotonic() - began)

    def end(self) -> None:
        """Stop it and all it began, however long it would take by itself."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def page(self, site: str) -> tuple[str, int]:
        """A page of charts, and the bytes that were sent for it."""
        address = f"{self.url}?page=charts&project={PROJECT}&site={site}"
        asked = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(asked) as answer:
            return address, len(answer.read())

    def weigh(self) -> None:
        """HTML and our own scripts, packed: what is there before Plotly is asked for."""
        address, sent = self.page(SITES[0])
        with urllib.request.urlopen(address) as answer:
            html = answer.read().decode()
        own = set(re.findall(r'src="(static/extensions/qi_equity/[^"]+)"', html))
        for script in own:
            asked = urllib.request.Request(self.url + script, headers={"Accept-Encoding": "gzip"})
            with urllib.request.urlopen(asked) as answer:
                sent += len(answer.read())
        self.weight = sent / 1024

    def visit(self, browser: Any, number: int) -> None:
        """A fresh browser: milliseconds to the first chart, then of changes of the site."""
        context = browser.new_context(viewport={"width": 1366, "height": 768})
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{self.url}?page=charts&project={PROJECT}&site={SITES[number % 10]}")
        page.wait_for_selector("html[data-connected]")
        page.wait_for_function(f"() => {MARKS}.length")
        self.live.append(page.evaluate(MARKS)[0])
        sketched = page.evaluate(SKETCHED)
        painted = page.evaluate("performance.getEntriesByType('paint').at(-1).startTime")
        self.first.append(max(painted, sketched[0]) if sketched else self.live[-1])
        for step in range(CHANGES):
            plot = page.locator(".plot").first
            before = plot.get_attribute("data-drawn")
            page.get_by_label("Site", exact=True).select_option(SITES[(number + step + 1) % 10])
            page.wait_for_function(
                "(before) => document.querySelector('.plot').dataset.drawn !== before", arg=before
            )
            # Every figure of the page, not only the first: each is drawn in a turn of its own.
            page.wait_for_function("() => !document.querySelector('.plot[data-stale]')")
            page.wait_for_timeout(500)
            asked = page.evaluate("performance.getEntriesByName('qi-asked').at(-1).startTime")
            stood = [mark - asked for mark in page.evaluate(MARKS) if mark > asked]
            painted = [mark - asked for mark in page.evaluate(SKETCHED) if mark > asked]
            self.change.append((painted or stood)[0])
            self.whole.append((painted or stood)[-1])
            self.first_live.append(stood[0])
            self.all_live.append(stood[-1])
        context.close()


def p95(waits: list[float]) -> float:
    """The 95th of a hundred."""
    return sorted(waits)[max(0, round(0.95 * len(waits)) - 1)]


def told(old: Side, new: Side) -> None:
    """Each as a ratio, old figure and new."""
    rows = [
        ("demo to a page answered, s", min(old.start), min(new.start), 1 / 3),
        ("first chart, ms", statistics.median(old.first), statistics.median(new.first), 1 / 2),
        ("the same, live, ms", statistics.median(old.live), statistics.median(new.live), 1 / 2),
        ("filter change, first chart, 95th of 100, ms", p95(old.change), p95(new.change), 0.5),
        ("all charts, 95th of 100, ms", p95(old.whole), p95(new.whole), 0.5),
        ("first live, 95th of 100, ms", p95(old.first_live), p95(new.first_live), 0.5),
        ("all live, 95th of 100, ms", p95(old.all_live), p95(new.all_live), 0.5),
        ("before Plotly, kB packed", old.weight, new.weight, 60 / old.weight),
    ]
    print("| what | before | now | ratio | asked |\n|---|---:|---:|---:|---:|")
    for name, before, now, asked in rows:
        print(f"| {name} | {before:.1f} | {now:.1f} | {now / before:.2f} | {asked:.2f} |")
    print(f"starts: {old.start} and {new.start}; load {os.getloadavg()}")


def main() -> None:
    """Both by turns."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--visits", type=int, default=4)
    chosen = parser.parse_args()
    old, new = Side(chosen.other), Side(OURS)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        try:
            # The first turn compiles what is loaded, and is not counted.
            for turn in range(chosen.turns + 1):
                for name, side in (("old", old), ("new", new)):
                    side.begin(Path(place) / f"{name}-{turn}")
                    side.end()
            for name, side in (("old", old), ("new", new)):
                side.start = side.start[1:]
                side.begin(Path(place) / name)
                side.start.pop()  # beside the other
            for side in (old, new):
                judged(side.url)
                side.weigh()
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            for number in range(chosen.visits):
                for side in (old, new):
                    side.visit(browser, number)
            browser.close()
        finally:
            old.end()
            new.end()
    told(old, new)


if __name__ == "__main__":
    main()
