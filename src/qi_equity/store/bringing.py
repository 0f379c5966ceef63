"""A file of observations brought in: what of it is taken, within a turn to write somebody holds.

Who may bring in what is asked before: nothing here knows a role.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from qi_equity.errors import DataErrors
from qi_equity.project import Project
from qi_equity.store import history, saving
from qi_equity.store.chain import Draft, canonical
from qi_equity.store.history import Writer
from qi_equity.store.intake import count_in, ready
from qi_equity.store.results import Imported

REFUSED_KEPT = 1000  # refused rows quoted in the account of an import


@dataclass(frozen=True, slots=True)
class Bringing:
    """A file as it was read: its hash, what reading refused, and how it is to be kept."""

    file_hash: str
    refused: Sequence[str] = ()
    accept_valid: bool = False
    reason: str | None = None
    keep: bool = True


def brought_in(
    writer: Writer,
    project: Project,
    table: pd.DataFrame,
    file: Bringing,
    who: str,
    allowed: frozenset[str],
) -> Imported:
    """Keep the rows that are fit and new, at the sites allowed; or say what would be kept."""
    connection = writer.connection
    markers = history.current(connection, project.id, "import", keys=[file.file_hash])
    before = markers[0] if markers else None
    account = before.body if before else None
    again = account is not None
    if account and not json.loads(account)["refused"]:
        return Imported(0, 0, 0, (), True, saving.stamp(connection, project.id))
    fit = ready(project, table, allowed, typed=False)
    there = {one.key: one for one in history.current(connection, project.id, "observation")}
    stands = {key: one.body for key, one in there.items()}
    counts, stood = ({k: count_in(b) for k, b in each.items()} for each in (fit.bodies, stands))
    changed = {
        key: body
        for key, body in fit.bodies.items()
        # What was refused stands where there is no count, and never in place of one.
        if body is not None and body != stands.get(key) and not (again and key in there)
        and not (counts[key] is None and stood.get(key) is not None)
    }  # fmt: skip
    by_hand = saving.over_hand_corrections(writer, changed, there)
    changed = {key: body for key, body in changed.items() if key not in by_hand}
    odd = {key: why for key, why in by_hand.items() if counts[key] != stood[key]}
    refusals = (*file.refused, *fit.refused, *odd.values())
    if refusals and file.keep and not file.accept_valid:
        raise DataErrors(refusals, "nothing was imported: the file")
    taken = {k for k in changed if counts[k] is not None and counts[k] != stood.get(k)}
    unchanged = sum(each is not None for each in counts.values()) - len(taken) - len(odd)
    corrected = sum(stood.get(key) is not None for key in taken)
    already = again and not changed
    if file.keep and not already:
        told = {
            "taken": len(taken), "corrected": corrected, "unchanged": unchanged,
            "refused": [line[:300] for line in refusals[:REFUSED_KEPT]],
        }  # fmt: skip
        version = before.version + 1 if before else 1
        drafts = saving.drafts(project.id, "observation", changed, there)
        drafts.append(Draft(project.id, "import", file.file_hash, version, None, canonical(told)))
        writer.append(drafts, who, "import", file.reason, file.file_hash)
    stamp = saving.stamp(connection, project.id)
    return Imported(len(taken), corrected, unchanged, refusals, already, stamp)
