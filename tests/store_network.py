"""A small network for the store's tests: its project, its counts, and its people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from qi_equity import store
from qi_equity.project import Project

SITES = ("north", "south", "east")
STRATA = ("Asian", "Black", "White")
WEEKS = ("2025-01-06", "2025-01-13", "2025-01-20")
MEASURES = ("pph", "cord")

YAML = "id: pph_network\ntitle: Fewer severe bleeds\n"
PROJECT = "pph_network"


def project(sites: tuple[str, ...] = SITES, name: str = PROJECT, **other: Any) -> Project:
    """A project of these sites, two measures and three strata."""
    aim = {
        "population": "every birth",
        "measure": "pph",
        "from": 0.1,
        "to": 0.05,
        "by": "2026-12-31",
    }
    fair = {"stratum": "Black", "measure": "pph", "from": 0.1, "to": 0.05, "by": "2026-12-31"}
    told = {
        "id": name,
        "title": "Fewer severe bleeds",
        "clinical_area": "post-partum haemorrhage",
        "network": "The network",
        "sites": [{"id": site, "name": site.title()} for site in sites],
        "aim": {**aim, "equity": [fair]},
        "strata": {
            "groups": [{"name": stratum} for stratum in STRATA],
            "reference": {"compare_with": "everyone else", "reason": "no group is the norm"},
        },
        "measures": [
            {"id": measure, "name": measure, "role": "outcome", "numerator": "bleeds",
             "denominator": "births", "direction": "decrease"}
            for measure in MEASURES
        ],
    }  # fmt: skip
    return Project.model_validate({**told, **other})


def row(
    numerator: float | None = 1,
    denominator: float | None = 20,
    *,
    measure: str = "pph",
    site: str = "north",
    stratum: str = "Black",
    week: str = WEEKS[0],
    **other: Any,
) -> dict[str, Any]:
    """One observation."""
    return {
        "measure": measure, "site": site, "stratum": stratum, "subgroup": week,
        "numerator": numerator, "denominator": denominator, **other,
    }  # fmt: skip


def table(sites: tuple[str, ...] = SITES, weeks: tuple[str, ...] = WEEKS) -> pd.DataFrame:
    """A file of counts: every site, stratum and week."""
    return pd.DataFrame(
        [
            row(number % 5, 20 + number % 7, measure=measure, site=site, stratum=stratum, week=week)
            for number, (measure, site, stratum, week) in enumerate(
                (m, s, g, w) for m in MEASURES for s in sites for g in STRATA for w in weeks
            )
        ]
    )


def user(role: Any = "admin", *sites: str, name: str | None = None) -> store.User:
    """Somebody of this role."""
    return store.User(name or role, role, sites)


def made(place: str | Path, **other: Any) -> store.Store:
    """A new store with the project in it."""
    opened = store.open(place, **other)
    opened.as_user(user()).save_project(project(), YAML)
    return opened


def kept(desk: store.Desk, project_id: str = PROJECT) -> dict[tuple[str, ...], tuple[float, ...]]:
    """The counts a desk shows: (measure, site, stratum, week) -> (numerator, denominator)."""
    shown = desk.observations(project_id)
    weeks = shown["subgroup"].dt.strftime("%Y-%m-%d")
    keys = zip(shown["measure"], shown["site"], shown["stratum"], weeks, strict=True)
    counts = zip(shown["numerator"], shown["denominator"], strict=True)
    return dict(zip(keys, counts, strict=True))


class AsLogged:
    """Releases of no policy at all: the rows, of the sites that still consent."""

    def made(self, project: Project, observations: pd.DataFrame, earlier: Any) -> dict[str, Any]:
        """The rows as they are."""
        rows = observations[["site", "measure", "numerator"]].to_dict("records")
        return {
            "sites": sorted(observations["site"].unique()), "counts_to": None, "rows": rows,
            "withheld": [], "earlier": len(earlier),
        }  # fmt: skip

    def seen(self, project: Project, record: Any, *, sites: Any, **options: Any) -> pd.DataFrame:
        """The rows again."""
        table = pd.DataFrame(record["rows"], columns=["site", "measure", "numerator"])
        return table[table["site"].isin(sites)]
