"""Two crossed dimensions side by side give no small count away, by exact integer programming.

The attacker knows that both are sums over the same cells, and holds one against the other. The
same attack on dimensions that were protected apart must succeed.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from attacker import COUNTS, Attack, Rounding

from qi_equity import crossed
from qi_equity.analyse import analyse
from qi_equity.disclosure import protect, release
from qi_equity.findings import Findings
from qi_equity.observations import observations
from qi_equity.project import ALL_SITES, EVERYONE, Project
from qi_equity.strata import sides_of

FIRST, SECOND = ("Asian", "Black", "White"), ("Needed", "Not needed")
MEASURES = ("pph", "weighed")
SMALL = 7


def project(sites: int, weeks: int) -> Project:
    aim = {"measure": "pph", "from": 0.1, "to": 0.05, "by": "2026-12-31"}
    usual = {"compare_with": "everyone else", "reason": "no group is the norm here"}
    second = {
        "dimension": "need", "groups": [{"name": name} for name in SECOND],
        "reference": usual, "both": usual,
    }  # fmt: skip
    return Project.model_validate(
        {
            "id": "network",
            "title": "Fewer severe bleeds",
            "clinical_area": "post-partum haemorrhage",
            "network": "The network",
            "sites": [{"id": f"site_{at}", "name": f"Site {at}"} for at in range(sites)],
            "aim": aim | {"population": "every birth", "equity": [aim | {"stratum": "Black"}]},
            "strata": {
                "groups": [{"name": name} for name in FIRST],
                "reference": usual,
                "crossed_with": second,
            },
            "measures": [
                {
                    "id": name, "name": name, "role": "outcome", "numerator": "events",
                    "denominator": "births", "direction": "decrease",
                    "baseline": {"subgroups": max(2, weeks // 2)},
                }
                for name in MEASURES
            ],
        }
    )  # fmt: skip


def logged(plan: Project, weeks: int, births: tuple[float, ...], rate: float, seed: int) -> Any:
    random = np.random.default_rng(seed)
    rows = []
    cells = zip(product(FIRST, SECOND), births, strict=True)
    for site, (cell, mean), week in product(
        plan.sites, cells, pd.date_range("2025-01-06", periods=weeks, freq="W-MON")
    ):
        key = {"site": site.id, "stratum": " × ".join(cell), "subgroup": week}
        many = random.poisson(mean)
        for measure, of in zip(MEASURES, (rate, 0.8), strict=True):
            events = random.binomial(many, of)
            rows.append(key | {"measure": measure, "numerator": events, "denominator": many})
    return observations(rows)


# sites, weeks, mean births of a week in each cell, rate, seed
NETWORKS = {
    "tiny cells": (2, 6, (1, 3, 1, 6, 2, 14), 0.2, 1),
    "one site": (1, 8, (2, 5, 1, 9, 1, 30), 0.1, 2),
    "larger": (2, 6, (9, 14, 4, 20, 6, 60), 0.15, 3),
}


def cells_of(attack: Attack, name: str, site: str, stratum: str, weeks: Any) -> list[int]:
    """The cells behind a released number of either dimension."""
    if stratum == EVERYONE:
        return attack.cells(name, site, EVERYONE, weeks)
    own = [cell for cell in attack.strata if stratum in (sides_of(cell) or ())]
    return [at for cell in own for at in attack.cells(name, site, cell, weeks)]


def informed(plan: Project, table: pd.DataFrame, seen: list[Findings]) -> Attack:
    mondays = sorted(table["subgroup"].unique())
    cells = [cell.name for cell in plan.strata.cells]
    attack = Attack([site.id for site in plan.sites], cells, len(mondays), list(MEASURES))
    for row in (row for found in seen for row in found.points.to_dict("records")):
        first = mondays.index(pd.Timestamp(row["subgroup"]))
        weeks = range(first, first + int(row.get("subgroups", 1)))
        small = bool(np.isnan(row["value"]))
        for count in COUNTS:
            name = row["measure"] if count == "numerator" else "births"
            own = cells_of(attack, name, row["site"], row["stratum"], weeks)
            attack.learn(own, *Rounding().between(row[count], small))
    return attack


def caught(plan: Project, table: pd.DataFrame, attack: Attack) -> list[tuple[Any, ...]]:
    """Small counts of single weeks, of either dimension and of totals, that are known exactly."""
    found = []
    for part in crossed.margins(plan):
        sums = crossed.counts(plan, part, table)
        for (measure, site, stratum), rows in sums.groupby(["measure", "site", "stratum"]):
            for week, row in enumerate(rows.sort_values("subgroup").to_dict("records")):
                for count in COUNTS:
                    if not 0 < row[count] <= SMALL:
                        continue
                    name = measure if count == "numerator" else "births"
                    low, high = attack.values(
                        cells_of(attack, name, site, stratum, range(week, week + 1))
                    )
                    if low == high:
                        found.append((measure, site, stratum, week, count))
    return found


@pytest.mark.parametrize("name", NETWORKS)
def test_both_dimensions_together_leave_every_small_count_open(name: str) -> None:
    sites, weeks, births, rate, seed = NETWORKS[name]
    plan = project(sites, weeks)
    table = logged(plan, weeks, births, rate, seed)
    seen = [
        release(plan, table, part=part.id, judge=False) for part in crossed.margins(plan)
    ]  # fmt: skip
    assert any(len(found.points) for found in seen)
    assert caught(plan, table, informed(plan, table, seen)) == []


def one_week() -> tuple[Project, pd.DataFrame]:
    """Asian and Black 12, White 7; needed 18 and not needed 13: each alone is safe, both say 31."""
    plan, rows = project(1, 4), []
    births = {"Asian": (3, 9), "Black": (12, 0), "White": (3, 4)}
    for group, measure in product(births, MEASURES):
        for need, many in zip(SECOND, births[group], strict=True):
            cell = {"stratum": f"{group} × {need}", "site": "site_0", "subgroup": "2025-01-06"}
            rows.append(cell | {"measure": measure, "numerator": 0, "denominator": many})
    return plan, observations(rows)


def test_protected_apart_they_would_give_one_away() -> None:
    """What each count could be too is sought in its own dimension; the other one rules it out."""
    plan, table = one_week()
    apart = [
        protect(analyse(part, crossed.counts(plan, part, table), judge=False))
        for part in crossed.margins(plan)
    ]
    found = {place[2] for place in caught(plan, table, informed(plan, table, apart))}
    assert found == {"White"}
    both = [
        release(plan, table, part=part.id, judge=False) for part in crossed.margins(plan)
    ]  # fmt: skip
    assert caught(plan, table, informed(plan, table, both)) == []


def test_the_cells_stay_with_the_team_and_that_is_said() -> None:
    plan = project(2, 6)
    table = logged(plan, 6, (9, 14, 4, 20, 6, 60), 0.15, 3)
    for part in crossed.margins(plan):
        seen = release(plan, table, part=part.id, judge=False)
        groups = {*part.strata.known, EVERYONE}
        assert set(seen.points["stratum"]) <= groups
        assert seen.crossed.empty
        assert "cells_kept" in [one.code for one in seen.cautions]
        assert set(seen.points["site"]) <= {ALL_SITES, *(site.id for site in plan.sites)}
