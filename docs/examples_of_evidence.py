"""What is said at week 6, 12, 20 and after two years: the page of examples and its pictures.

python docs/examples_of_evidence.py             # the page and, through Chromium, its pictures
python docs/examples_of_evidence.py --words     # the page alone
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from qi_equity.analyse import analyse
from qi_equity.findings import Chart, Findings, Gap, of
from qi_equity.observations import observations
from qi_equity.project import EVERYONE_ELSE, Project
from qi_equity.view.figure import chart_figure
from qi_equity.view.gap_figure import gap_figure
from qi_equity.words.verdicts import verdict_sentences
from qi_equity.words.watched import standing_sentences

HERE = Path(__file__).parent / "explanation"
PAGE, PICTURES = HERE / "emerging-and-established.md", HERE / "pictures"
SEED, YEAR = 2026, 52
# Births a week. One group has twice the rate of the others; in one story it halves after a year.
BIRTHS = {"Asian": 12, "Black": 12, "White": 48}
RATE, HIGHER = 0.10, 2.0
SHOWN = "Black"
PROJECT = {
    "id": "example",
    "title": "Fewer severe haemorrhages",
    "clinical_area": "post-partum haemorrhage",
    "synthetic": True,
    "network": "Example network",
    "sites": [{"id": "site_a", "name": "Site A"}],
    "aim": {
        "population": "women giving birth",
        "measure": "pph",
        "from": 0.12,
        "to": 0.06,
        "by": "2026-12-31",
        "equity": [
            {
                "stratum": SHOWN,
                "measure": "pph",
                "kind": "ratio",
                "from": 2,
                "to": 1,
                "by": "2026-12-31",
                "primary": True,
            }
        ],
    },
    "strata": {
        "groups": [{"name": name} for name in BIRTHS],
        "reference": {"compare_with": EVERYONE_ELSE, "reason": "No group is the norm."},
    },
    "measures": [
        {
            "id": "pph",
            "name": "Blood loss of 1,000 ml or more",
            "role": "outcome",
            "numerator": "women who lost 1,000 ml or more",
            "denominator": "women giving birth",
            "direction": "decrease",
        }
    ],
}


@dataclass(frozen=True, slots=True)
class Example:
    """One moment at which a team looks."""

    name: str
    title: str
    weeks: int
    closes: bool
    about: str


EXAMPLES = (
    Example("week-06", "Week 6", 6, True, "Six weeks of logging. Nothing can be watched yet."),
    Example("week-12", "Week 12", 12, True, "A quarter of a year."),
    Example("week-20", "Week 20", 20, True, "The baseline, half a year of weeks, is not over yet."),
    Example(
        "month-24",
        "24 months, and the rate of one group halved after the first year",
        104,
        True,
        "From week 53 on the rate of this group is that of the others: the change has worked.",
    ),
    Example(
        "month-24-unchanged",
        "24 months, and nothing has changed",
        104,
        False,
        "The same group at twice the rate for two years: points go up and down by chance alone.",
    ),
)


def counts(example: Example) -> pd.DataFrame:
    """Made-up weeks: what comes later never changes what came before."""
    chance = np.random.default_rng(SEED).random((104, len(BIRTHS)))
    rows = []
    for week, day in enumerate(pd.date_range("2024-01-01", periods=example.weeks, freq="W-MON")):
        for place, (stratum, births) in enumerate(BIRTHS.items()):
            higher = stratum == SHOWN and not (example.closes and week >= YEAR)
            rate = RATE * (HIGHER if higher else 1)
            events = int(_binomial(chance[week, place], births, rate))
            rows.append(("pph", "site_a", stratum, day, events, births))
    names = ["measure", "site", "stratum", "subgroup", "numerator", "denominator"]
    return observations(pd.DataFrame(rows, columns=names))


def _binomial(chance: float, births: int, rate: float) -> float:
    from scipy import stats

    return float(stats.binom.ppf(chance, births, rate))


def found(example: Example) -> Findings:
    """All that the weeks of an example say."""
    return analyse(Project.model_validate(PROJECT), counts(example))


def said(findings: Findings) -> tuple[list[str], list[str]]:
    """What is said of the group's chart, and of its gap."""
    measure = findings.project.measure("pph")
    chart = next(row for row in findings.rows(Chart, measure) if row.stratum == SHOWN)
    gap = next(row for row in findings.rows(Gap, measure) if row.stratum == SHOWN)
    return (
        standing_sentences(chart, measure.direction),
        verdict_sentences(gap, measure.multiply, measure.direction),
    )


HEAD = """# Emerging and established, by example

Two words say how sure a change is. **Emerging**: this look shows it; next week it may be gone.
**Established**: it holds however often you have looked, and new weeks do not take it back. Reports
and the session rest on what is established; a team sees both.

The weeks below are made up: 12 births a week in the group shown, 12 and 48 in two others. Its
rate is 20 in 100, theirs 10 in 100. The sentences are those of the pages. `python
docs/examples_of_evidence.py` writes this page and its pictures.
"""


def page() -> str:
    """The page, its sentences made by the same words as every other page's."""
    parts = [HEAD]
    for example in EXAMPLES:
        chart, gap = said(found(example))
        parts += [
            f"## {example.title}\n",
            f"{example.about}\n",
            f"![{example.title}: chart and gap of the group](pictures/{example.name}.png)\n",
            f"Its chart:\n\n> {' '.join(chart)}\n",
            f"Its gap:\n\n> {' '.join(gap)}\n",
        ]
    return "\n".join(parts)


def figures(findings: Findings) -> list[dict[str, object]]:
    """The chart of the group, and its gap."""
    measure = findings.project.measure("pph")
    points, gap_points = of(findings.points, measure), of(findings.gap_points, measure)
    points = points[points["stratum"] == SHOWN]
    gap_points = gap_points[gap_points["stratum"] == SHOWN]
    chart = chart_figure(points, ["stratum"], unit=measure.unit, columns=1, legend=False)
    return [chart, gap_figure(gap_points, measure, gaps=list(findings.rows(Gap, measure)))]


def photograph() -> None:
    """Draw every example in Chromium and keep the picture."""
    import plotly
    from playwright.sync_api import sync_playwright

    PICTURES.mkdir(exist_ok=True)
    library = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        sheet = browser.new_page(viewport={"width": 1100, "height": 560})
        for example in EXAMPLES:
            drawn = json.dumps(figures(found(example)), default=str)
            file = Path(folder) / f"{example.name}.html"
            file.write_text(
                f"<!doctype html><meta charset='utf-8'><script src='{library.as_uri()}'></script>"
                "<div id='f0' style='height: 270px'></div><div id='f1' style='height: 270px'></div>"
                f"<script>Promise.all({drawn}.map((f, i) => Plotly.newPlot('f' + i, f.data, "
                "f.layout, {staticPlot: true}))).then(() => document.body.id = 'drawn');</script>",
                encoding="utf-8",
            )
            sheet.goto(file.as_uri())
            sheet.wait_for_selector("#drawn", timeout=120_000)
            sheet.screenshot(path=PICTURES / f"{example.name}.png")
        browser.close()


def main() -> None:
    """Write the page, and its pictures unless only words are asked for."""
    PAGE.write_text(page(), encoding="utf-8")
    if "--words" not in sys.argv:
        photograph()


if __name__ == "__main__":
    main()
