"""Networks in states that the demo has not: for the pictures of screenshots.py.

Each is a project that nobody writes to: without a count, three weeks old, of one stratum, of
eighteen with names of eighty letters, one whose newest counts are still being weighed, and one
whose measure is held against a rate from outside as a national signal system does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pandas as pd

from qi_equity.project import Project, SignalSystem

# Name of a picture -> its address and its screen.
ODD = {
    "empty-phone": ("?page=charts&project=empty", "phone"),
    "three-weeks-desktop": ("?page=charts&project=three_weeks&site=site_a", "desktop"),
    "three-weeks-session-desktop": ("?page=session&project=three_weeks", "desktop"),
    "one-stratum-desktop": ("?page=charts&project=one_stratum&site=site_a", "desktop"),
    "eighteen-strata-desktop": ("?page=charts&project=long&site=site_a", "desktop"),
    "eighteen-strata-phone": ("?page=charts&project=long&site=site_a", "phone"),
    "eighteen-strata-board-desktop": ("?page=board&project=long&site=site_a", "desktop"),
    "weighing-desktop": (
        "?page=charts&project=weighing&site=site_a&stratum=Black",
        "desktop",
    ),
    "signal-system-desktop": ("?page=charts&project=signal&site=site_b#signal-chart", "desktop"),
    "signal-system-phone": ("?page=charts&project=signal&site=site_b#signal-chart", "phone"),
}
THREE_WEEKS = pd.Timedelta(weeks=3)
STRATA = 18
LONG = "people who name themselves by where their grandparents came from, at length"


def _long(plan: Project, rows: pd.DataFrame) -> tuple[Project, pd.DataFrame]:
    """Eighteen strata with names of eighty letters, made of those there are, by turns."""
    groups = [plan.strata.groups[place % len(plan.strata.groups)] for place in range(STRATA)]
    names = [f"{place:02} {LONG}"[:80] for place in range(1, STRATA + 1)]
    told = [
        group.model_copy(update={"name": name}) for group, name in zip(groups, names, strict=True)
    ]
    strata = plan.strata.model_copy(update={"groups": tuple(told)})
    parts = [
        rows[rows["stratum"] == group.name].assign(stratum=name)
        for group, name in zip(groups, names, strict=True)
    ]
    aims = tuple(one.model_copy(update={"stratum": names[0]}) for one in plan.aim.equity)
    update = {"strata": strata, "aim": plan.aim.model_copy(update={"equity": aims}), "cycles": ()}
    return plan.model_copy(update=update), pd.concat(parts, ignore_index=True)


@contextmanager
def odd() -> Iterator[str]:
    """The address of an app over all of them."""
    from qi_equity import project_file
    from qi_equity.analyse import analyse
    from qi_equity.app.backend import FixedBackend
    from qi_equity.app.server import start
    from qi_equity.findings import Findings, Late
    from qi_equity.simulation import synthetic

    plan = project_file.load(project_file.examples()["pph_reduction"])
    rows = synthetic.network([plan]).observations[plan.id]
    rows = rows[(rows["measure"] == "pph_1000") & rows["site"].isin(["site_a", "site_b"])]
    plan = plan.model_copy(update={"measures": plan.measures[:1], "sites": plan.sites[:2]})
    black = tuple(group for group in plan.strata.groups if group.name == "Black")
    alone = plan.model_copy(
        update={"strata": plan.strata.model_copy(update={"groups": black})},
    )
    system = SignalSystem(reference=0.045, source="A made-up national count, May 2025")
    held = plan.measures[0].model_copy(update={"signal_system": system})
    young = rows[rows["subgroup"] < rows["subgroup"].min() + THREE_WEEKS]
    whole = analyse(plan, rows)
    found = {
        "empty": Findings(plan, judged=True),
        "three_weeks": analyse(plan, young),
        "one_stratum": analyse(alone, rows[rows["stratum"] == "Black"]),
        "long": analyse(*_long(plan, rows)),
        "signal": analyse(plan.model_copy(update={"measures": (held,)}), rows),
        "weighing": replace(
            whole, judged=False, late=Late(False, whole, pd.Timestamp("2026-11-27 14:05"))
        ),
    }
    named = {
        name: replace(one, project=one.project.model_copy(update={"id": name}))
        for name, one in found.items()
    }
    running = start(FixedBackend(named))
    yield running.url
    running.stop()
