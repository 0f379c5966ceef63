"""Counts that were read before: after a save only what was written since is read again."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from qi_equity.observations import KEY, beside
from qi_equity.store import history, saving
from qi_equity.store.history import Current
from qi_equity.store.intake import BLANK, tidy
from qi_equity.store.tables import REVISIONS, chain, revision

MOST = 12  # tables held: of a project at the sites that somebody sees
FEW = 4  # a table's rows to one that changed: where more did, all are read


@dataclass(frozen=True, slots=True)
class _Held:
    table: pd.DataFrame
    upto: int  # the store's newest revision when it was read, and its link in the chain
    link: str


class Reread:
    """The tables of true counts that were last read of one store; of whom is asked by the caller.

    What is given is what `saving.true_counts` would read, row for row.
    """

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, frozenset[str]], _Held] = OrderedDict()
        self._lock = Lock()

    def counts(self, connection: Connection, project: str, sites: frozenset[str]) -> pd.DataFrame:
        """The tidy table of these sites as it stands; it is the caller's own."""
        newest = select(chain.c.revisions, chain.c.hash).where(chain.c.id == REVISIONS)
        upto, link = connection.execute(newest).one()
        with self._lock:
            held = self._held.get((project, sites))
        table = None
        if held is not None and (upto, link) == (held.upto, held.link):
            table = held.table
        elif held is not None and _goes_on(connection, held, upto):
            since = history.current(
                connection, project, "observation", sites=sites, upto=upto, since=held.upto
            )
            table = _with(held.table, since)
        if table is None:
            table = saving.true_counts(connection, project, sites)
        with self._lock:
            self._held[project, sites] = _Held(table, upto, link)
            self._held.move_to_end((project, sites))
            while len(self._held) > MOST:
                self._held.popitem(last=False)
        return table.copy()


def _goes_on(connection: Connection, held: _Held, upto: int) -> bool:
    """Whether what was held last is in the chain still: another store may be in its place."""
    there = select(revision.c.hash).where(revision.c.id == held.upto)
    return upto > held.upto and connection.execute(there).scalar() == held.link


def _with(table: pd.DataFrame, since: list[Current]) -> pd.DataFrame | None:
    """A table with rows in the place of older ones; None where all has to be read."""
    if not since:
        return table
    if FEW * len(since) > len(table):
        return None
    changed = tidy((one.key, one.body or BLANK, one.id) for one in since)
    near = table.index[table["subgroup"].isin(changed["subgroup"])]
    keys = set(changed[KEY].itertuples(index=False, name=None))
    among = table.loc[near, KEY].itertuples(index=False, name=None)
    gone = {key: place for place, key in zip(near, among, strict=True) if key in keys}
    written = {one.id for one in since if one.body}
    new = changed[changed["revision"].isin(written)]
    new = new[[name for name in new if name in KEY or name in table or new[name].notna().any()]]
    if not set(new) <= set(table):
        return None
    written_over = [key for key in new[KEY].itertuples(index=False, name=None) if key in gone]
    every = pd.concat([table, new.reindex(columns=table.columns)], ignore_index=True)
    if len(written_over) == len(new) == len(gone):  # corrected, as most are: no row moves
        order = np.arange(len(table))
        order[[gone[key] for key in written_over]] = len(table) + np.arange(len(new))
        found = every.take(order).reset_index(drop=True)
    else:
        left = every.drop(index=list(gone.values()))
        found = left.sort_values(KEY, kind="stable", ignore_index=True)
    return found if beside(found) == beside(table) else None
