"""How many those are whom refused rows are about, and where they belong as far as it is known.

Nothing is guessed of what the rows say: only how many they are, so that a conclusion they could
change is held back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from qi_equity.observations import KEY, READINGS, UNREAD
from qi_equity.project import EVERYONE, Project
from qi_equity.sources import calendar
from qi_equity.sources.account import TOLD
from qi_equity.sources.cells import Cell

LOST = [*KEY, UNREAD]
DECIMALS = 6


def lost(project: Project, refused: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The refused rows whose measure is known, with what else is, and of how many each is."""
    parts = [part for part in refused if "measure" in part and len(part)]
    if not parts:
        return pd.DataFrame(columns=LOST)
    table = pd.concat(parts, ignore_index=True)
    known = {measure.id for measure in project.measures}
    only = project.sites[0].id if len(project.sites) == 1 else None
    found = pd.DataFrame({name: table.get(name) for name in KEY}, index=table.index)
    found["site"] = found["site"].astype(object).where(found["site"].notna(), only)
    cells = zip(*(table[f"{name}_cell"] for name in ("numerator", "denominator", READINGS)),
                strict=True)  # fmt: skip
    found[UNREAD] = [_number(*each) for each in cells]
    return found[found["measure"].isin(known) & (found["stratum"] != EVERYONE)]


def dated(
    project: Project, refused: Sequence[pd.DataFrame], read: Callable[[pd.Series], pd.Series]
) -> list[pd.DataFrame]:
    """The refused rows with the subgroup of their date, where that was not what was wrong."""
    return [part if "subgroup" in part else _dated(project, part, read) for part in refused]


def _dated(
    project: Project, part: pd.DataFrame, read: Callable[[pd.Series], pd.Series]
) -> pd.DataFrame:
    if "measure" not in part or part.empty:
        return part
    days = read(part["date_cell"])
    for measure in project.measures:
        mine = (part["measure"] == measure.id) & days.notna()
        if mine.any():
            days[mine] = calendar.floor(days[mine], measure.subgroup)
    return part.assign(subgroup=days)


def _number(part: object, whole: object, readings: object) -> float:
    """How many a row is of, as far as its other cells say."""
    if isinstance(part, Cell) and part.state == "fraction":
        return part.of
    for cell in (whole, readings):
        if isinstance(cell, Cell) and cell.state == "number" and cell.number >= 0:
            return cell.number
    return float("nan")


def placed(found: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """How many were refused of each measure, site, stratum and subgroup.

    A row that says no number is taken for as many as those like it; one without a date is put at
    the end, where it weighs most on what changed; one without a group is shared out among those of
    its date, or among them all.
    """
    if found.empty or kept.empty:
        return pd.DataFrame(columns=LOST)
    sizes = kept.assign(size=_sizes(kept))
    rows = [row for each in found.to_dict("records") for row in _one(each, sizes)]
    table = pd.DataFrame(rows, columns=LOST)
    table["subgroup"] = table["subgroup"].astype("datetime64[ns]")
    # Rounded, so that the same file gives the same numbers wherever it is read.
    return table.groupby(KEY)[[UNREAD]].sum().round(DECIMALS).reset_index()


def _one(row: dict[Any, Any], sizes: pd.DataFrame) -> list[list[object]]:
    """Where one refused row belongs, and with how many."""
    mine = sizes[sizes["measure"] == row["measure"]]
    named = [name for name in ("site", "stratum") if pd.notna(row[name])]
    like = mine[np.logical_and.reduce([mine[n] == row[n] for n in named])] if named else mine
    like = like if len(like) else mine
    if len(named) < 2 and pd.notna(row["subgroup"]):
        same = like[like["subgroup"] == row["subgroup"]]
        like = same if len(same) else like
    if like.empty:
        return []
    number = row[UNREAD] if pd.notna(row[UNREAD]) else like["size"].mean()
    if len(named) == 2:
        day = row["subgroup"] if pd.notna(row["subgroup"]) else like["subgroup"].max()
        return [[row["measure"], row["site"], row["stratum"], day, number]]
    total = like["size"].sum()
    share = number * like["size"] / total if total else number / len(like) + 0 * like["size"]
    return [[*key, part] for key, part in zip(like[KEY].to_numpy(), share, strict=True)]


def _sizes(kept: pd.DataFrame) -> pd.Series:
    readings = kept[READINGS] if READINGS in kept else pd.Series(np.nan, kept.index)
    return kept["denominator"].fillna(readings).fillna(1.0)


def told(found: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """Of how many rows of each measure the number is known."""
    known = kept["numerator"].notna() | kept["value"].notna()
    rows = kept.groupby("measure").size().add(found.groupby("measure").size(), fill_value=0)
    counts = rows.to_frame("rows").assign(known=known.groupby(kept["measure"]).sum())
    return counts.fillna(0).astype(int).rename_axis("measure").reset_index()[TOLD]


def shared_out(number: int, kept: pd.DataFrame) -> pd.DataFrame:
    """Births refused for their date or group, shared out among those counted of each measure."""
    measures = pd.DataFrame({"measure": kept["measure"].unique(), UNREAD: float(number)})
    rest = dict.fromkeys(("site", "stratum"), None) | {"subgroup": pd.NaT}
    return placed(measures.assign(**rest) if number else measures[:0], kept)
