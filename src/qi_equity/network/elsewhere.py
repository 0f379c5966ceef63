"""A ledger passed between networks as a file: ratios of ideas, never a count nor a site's name."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import Field, ValidationError

from qi_equity.errors import UserError
from qi_equity.network.ledger import BESIDE, OUTCOME, tried
from qi_equity.parts import Name, Part, Text
from qi_equity.project import Project
from qi_equity.vocabulary import Became

# What fewer sites did is not passed on: two could each work the other's out.
FEWEST_SITES = 3
FORMAT: Literal["qi-equity ledger 1"] = "qi-equity ledger 1"


class Passed(Part):
    """One question of one idea."""

    idea: Name
    name: Text
    question: Literal["process", "outcome", "gap"]
    measure: Text
    stratum: Name
    sites: int = Field(ge=FEWEST_SITES)
    ratio: float | None = Field(default=None, gt=0)
    lower: float | None = Field(default=None, ge=0, description="none: no limit")
    upper: float | None = Field(default=None, gt=0, description="none: no limit")
    least_p: float | None = Field(default=None, ge=0, le=1)
    became: Became


class File(Part):
    """A ledger to pass on."""

    format: Literal["qi-equity ledger 1"]
    network: Name
    synthetic: bool = False
    rows: tuple[Passed, ...]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What another network's file says of the outcome of one of this project's ideas."""

    network: str
    idea: str
    sites: int
    row: Mapping[Hashable, Any]


def passed_on(project: Project, table: pd.DataFrame) -> tuple[str, int]:
    """The file's text, and how many ideas it leaves out because too few sites tried them."""
    names = {one.idea.id: one.idea.name for one in tried(project)}
    asked = table[table["question"] != BESIDE]
    enough = asked[asked["sites"] >= FEWEST_SITES]
    rows = [
        Passed(
            idea=row["idea"], name=names[row["idea"]], question=row["question"],
            measure=project.measure(row["measure"]).name, stratum=row["stratum"],
            sites=row["sites"], became=Became(row["became"]),
            **{name: _rounded(row[name]) for name in ("ratio", "lower", "upper", "least_p")},
        )
        for row in enough.to_dict("records")
        if row["became"] != Became.EARLY
    ]  # fmt: skip
    made = File(format=FORMAT, network=project.title, synthetic=project.synthetic, rows=tuple(rows))
    left = asked["idea"].nunique() - enough["idea"].nunique()
    text = json.dumps(made.model_dump(mode="json"), indent=2, ensure_ascii=False)
    return text + "\n", left


def read(path: Path, project: Project) -> list[Elsewhere]:
    """What a file of another network says of this project's ideas, by their id or their name."""
    try:
        found = File.model_validate_json(path.read_bytes())
    except OSError as fault:
        raise UserError(f"{path} cannot be read: {fault.strerror}") from None
    except ValidationError as fault:
        first = fault.errors()[0]
        place = ".".join(str(one) for one in first["loc"])
        wrong = f": {place}: {first['msg']}" if place else ""
        raise UserError(
            f"{path} is no ledger to take in{wrong}. Such a file is made with "
            "qi-equity ledger PROJECT --pass-on FILE"
        ) from None
    ours = {idea.id for one in project.drivers for idea in one.change_ideas}
    names = {idea.name.casefold() for one in project.drivers for idea in one.change_ideas}
    return [
        Elsewhere(found.network, one.name, one.sites, _row(one))
        for one in found.rows
        if one.question == OUTCOME and (one.idea in ours or one.name.casefold() in names)
    ]


def _rounded(value: float) -> float | None:
    return round(value, 2) if math.isfinite(value) else None


def _row(one: Passed) -> dict[Hashable, Any]:
    return {
        "became": one.became,
        "ratio": math.nan if one.ratio is None else one.ratio,
        "lower": one.lower or 0.0,
        "upper": math.inf if one.upper is None else one.upper,
        "least_p": math.nan if one.least_p is None else one.least_p,
    }
