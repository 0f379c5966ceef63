"""What people write: each action takes a form's fields to the store and says what was done."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from pydantic import ValidationError

from qi_equity.app.state import Choice
from qi_equity.errors import UserError
from qi_equity.project import TableSource
from qi_equity.sources import load
from qi_equity.sources.tables import is_tidy
from qi_equity.store import Action, SessionNote
from qi_equity.store import View as Desk
from qi_equity.view.theme import sentence

Fields = Mapping[str, Any]
MOST_ROWS = 2000  # of one save by hand
LONGEST_TABLE = 4_000_000  # characters: what one message of the connection may hold


def act(name: str, desk: Desk | None, choice: Choice, fields: Fields) -> str:
    """Do what a form asks; raises UserError with what to put right."""
    if desk is None:
        raise UserError("nothing can be written here: this server shows findings only")
    if name not in ACTIONS:
        raise UserError("this page asked for something this server does not know; reload the page")
    return ACTIONS[name](desk, choice, fields)


def _log(desk: Desk, choice: Choice, fields: Fields) -> str:
    rows = fields.get("rows")
    if not isinstance(rows, list) or not rows:
        raise UserError("nothing was changed, so there is nothing to save")
    if len(rows) > MOST_ROWS or not all(isinstance(row, dict) for row in rows):
        raise UserError("these are not the rows of a log; reload the page")
    site = str(fields.get("site", ""))
    table = [
        {
            "measure": str(row.get("measure", "")),
            "site": site,
            "stratum": str(row.get("stratum", "")),
            "subgroup": str(row.get("subgroup", "")),
            "numerator": _number(row.get("numerator")),
            "denominator": _number(row.get("denominator")),
            "value": _number(row.get("value")),
            "revision": _number(row.get("revision")),
        }
        for row in rows
    ]
    saved = desk.log(choice.project.id, pd.DataFrame(table), _text(fields, "reason") or None)
    rows_said = "1 row" if saved.written == 1 else f"{saved.written} rows"
    corrected = f", {saved.corrected} of them corrected" if saved.corrected else ""
    return f"Saved: {rows_said}{corrected}."


def _upload(desk: Desk, choice: Choice, fields: Fields) -> str:
    """A CSV table of counts; all of it is taken, or nothing and every reason is told."""
    text = str(fields.get("table") or "")
    if not text.strip():
        raise UserError("choose a CSV file first")
    if len(text) > LONGEST_TABLE:
        raise UserError(
            "this file is too large for a page; bring it in with: qi-equity import PROJECT FILE"
        )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "counts.csv"
        path.write_text(text, encoding="utf-8")
        if not (is_tidy(path) or isinstance(choice.project.data, TableSource)):
            raise UserError(
                "this page takes a table of counts with the columns measure, site, stratum, "
                "subgroup, numerator and denominator; birth records never go through a browser"
            )
        imported = load(choice.project, path)
    refused = [
        f"{row['rows']}: {row['reason']} {row['where']}".strip()
        for row in imported.refused.to_dict("records")
    ]
    digest = hashlib.sha256(text.encode()).hexdigest()
    took = desk.import_table(
        choice.project.id, imported.observations, digest, refused=refused,
        reason=_text(fields, "reason") or None,
    )  # fmt: skip
    return sentence(str(took).splitlines()[0])


def _undo(desk: Desk, choice: Choice, fields: Fields) -> str:
    number = _number(fields.get("revision"))
    if not isinstance(number, int | float):
        raise UserError("which change is to be taken back is not clear; reload the page")
    desk.undo(int(number), _text(fields, "reason"))
    return "Taken back. The history keeps both."


def _note(desk: Desk, choice: Choice, fields: Fields) -> str:
    note = _entry(
        SessionNote,
        day=_text(fields, "day"),
        text=_text(fields, "text"),
        about=_text(fields, "about") or "learnt",
        sites=_sites(fields),
    )
    desk.write(choice.project.id, note)
    return "Noted."


def _action(desk: Desk, choice: Choice, fields: Fields) -> str:
    action = _entry(
        Action,
        text=_text(fields, "text"),
        owner=_text(fields, "owner"),
        due=_text(fields, "due") or None,
        sites=_sites(fields),
    )
    desk.write(choice.project.id, action)
    return f"Kept: {action.owner} has it."


def _done(desk: Desk, choice: Choice, fields: Fields) -> str:
    key = _text(fields, "key")
    kept = desk.entries(choice.project.id, Action).get(key)
    if kept is None:
        raise UserError("this action is no longer there; reload the page")
    done = kept.content.model_copy(update={"done": not kept.content.done})
    desk.write(choice.project.id, done, key, "marked on the session page", kept.revision)
    return "Marked as done." if done.done else "Marked as still to do."


ACTIONS: dict[str, Callable[[Desk, Choice, Fields], str]] = {
    "log": _log,
    "upload": _upload,
    "undo": _undo,
    "note": _note,
    "action": _action,
    "done": _done,
}

LABELS = {"day": "the day", "text": "what it says", "owner": "who does it", "due": "by when"}


def _entry(kind: Any, **values: Any) -> Any:
    """An entry, or every problem of its fields in the words of the form."""
    try:
        return kind.model_validate(values)
    except ValidationError as wrong:
        told = [
            f"{LABELS.get(str(error['loc'][0]), str(error['loc'][0]))}: "
            + ("is missing" if not values.get(str(error["loc"][0])) else str(error["msg"]))
            for error in wrong.errors()
        ]
        raise UserError("\n".join(told)) from None


def _text(fields: Fields, name: str) -> str:
    return str(fields.get(name) or "").strip()


def _sites(fields: Fields) -> tuple[str, ...]:
    site = _text(fields, "site")
    return (site,) if site else ()


def _number(given: object) -> object:
    """A cell as typed: a number where it is one, nothing where it is blank, else left to refuse."""
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    try:
        return float(str(given).replace(",", "").strip())
    except ValueError:
        return str(given)[:80]
