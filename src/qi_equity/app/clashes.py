"""Two people at one count: what each of them has, side by side; nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from qi_equity.errors import UserError
from qi_equity.observations import COUNTS, KEY
from qi_equity.store import Desk

Row = Mapping[str, Any]
Stands = Mapping[tuple[str, ...], Mapping[Any, Any]]  # by key


class Clashing(UserError):
    """Nothing was saved; `both` says what stands now of each row that somebody else saved."""

    def __init__(self, text: str, both: list[dict[str, Any]]) -> None:
        self.both = both
        super().__init__(text)


def standing(desk: Desk, project_id: str, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """What stands now of those rows that are not at the revision they were read from.

    rows: each with its key (measure, site, stratum, subgroup), and as revision the number it was
    read from, or nothing where nothing stood. Times are as the store keeps them, in UTC.
    """
    asked = list(rows)
    tables = {
        site: _by_key(desk.observations(project_id, site=site))
        for site in {str(row["site"]) for row in asked}
    }
    return [one for row in asked if (one := _newer(desk, project_id, row, tables))]


def _by_key(table: pd.DataFrame) -> Stands:
    days = table.assign(subgroup=table["subgroup"].dt.strftime("%Y-%m-%d"))
    return {tuple(row[name] for name in KEY): row for row in days.to_dict("records")}


def _newer(
    desk: Desk, project_id: str, row: Row, tables: Mapping[str, Stands]
) -> dict[str, Any] | None:
    """What somebody else saved of this row, if they did."""
    key = tuple(str(row[name]) for name in KEY)
    now, read_from = tables[key[1]], row.get("revision")
    stands = now.get(key)
    revision = None if stands is None else int(stands["revision"])
    if revision == read_from:
        return None
    made = desk.history(project_id, key)
    if not made:
        return None
    told = dict(zip(KEY, key, strict=True))
    cells = {name: _plain(None if stands is None else stands[name]) for name in (*COUNTS, "value")}
    return {**told, **cells, "revision": revision, "who": made[-1].who, "at": made[-1].at}


def _plain(value: Any) -> str:
    return "" if value is None or pd.isna(value) else f"{float(value):g}"
