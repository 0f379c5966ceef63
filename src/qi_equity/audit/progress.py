"""What became of the projects of the last plan: their findings read back; nothing is judged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from qi_equity.audit import Audited
from qi_equity.audit.file import found as lies
from qi_equity.audit.model import Outcome
from qi_equity.errors import UserError
from qi_equity.vocabulary import Verdict
from qi_equity.words import say
from qi_equity.words.grammar import called, sentence
from qi_equity.words.verdicts import verdict_word


def progress_sentences(found: Audited) -> Iterator[str]:
    """A line a project: the verdict of its own charts on the gap that the plan chose."""
    for one in found.audit.progress:
        path = lies(one.findings, found.folders)
        if path is None:
            yield say("audit.progress.missing", project=one.project)
            continue
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
        except json.JSONDecodeError as wrong:
            raise UserError(f"{path}: is no findings.json: {wrong}") from wrong
        yield say(
            "audit.progress.said",
            project=one.project,
            indicator=found.audit.indicator(one.indicator).name,
            group=called(one.group),
            verdict=sentence(_verdict(held, one)),
        )


def _verdict(held: Mapping[str, Any], one: Outcome) -> str:
    """The verdict on the group's gap: that of all sites together where there is one."""
    rows = [row for row in held.get("gaps", ()) if row.get("stratum") == one.group]
    rows = [row for row in rows if row.get("verdict") in set(Verdict)]
    # The declared contrast is what the plan promised.
    rows.sort(key=lambda row: (not row.get("declared"), row.get("measure") != one.indicator))
    return verdict_word(Verdict(rows[0]["verdict"])) if rows else say("audit.progress.none")
