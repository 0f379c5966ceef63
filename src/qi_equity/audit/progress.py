"""What became of the projects of the last plan: their findings read back; nothing is judged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from qi_equity.audit import Audited
from qi_equity.audit.file import found as lies
from qi_equity.audit.model import Outcome
from qi_equity.errors import UserError
from qi_equity.project import ALL_SITES
from qi_equity.vocabulary import Verdict
from qi_equity.words import say
from qi_equity.words.grammar import called, sentence
from qi_equity.words.verdicts import verdict_word


def progress_sentences(found: Audited) -> Iterator[str]:
    """A line a project: the verdict of its own charts on the gap that the plan chose."""
    names = {place.id: place.name for place in found.audit.places}
    for one in found.audit.progress:
        path = lies(one.findings, found.folders)
        if path is None:
            yield say("audit.progress.missing", project=one.project)
            continue
        rows = _gaps(path, one)
        yield say(
            "audit.progress.said",
            project=one.project,
            indicator=found.audit.indicator(one.indicator).name,
            group=called(one.group),
            verdict=sentence(_verdict(rows, names)),
        )


def _gaps(path: Path, one: Outcome) -> list[Mapping[str, Any]]:
    """The rows of a project's findings that are of the indicator and group of the plan."""
    try:
        held = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as wrong:
        raise UserError(f"{path}: is no findings.json: {wrong}") from wrong
    rows = held.get("gaps") if isinstance(held, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UserError(f"{path}: is no findings.json: it has no list of gaps")
    if held.get("project") != one.project:
        whose = held.get("project") or "no project that it names"
        raise UserError(
            f"{path}: holds the findings of {whose}, and progress says '{one.project}'; name that "
            "project there, or the findings.json of this one"
        )
    wanted = (one.indicator, one.group)
    return [row for row in rows if (row.get("measure"), row.get("stratum")) == wanted]


def _verdict(rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    """The verdict on the group's gap: that of all sites where there is one, or each site's own."""
    rows = [row for row in rows if row.get("verdict") in list(Verdict)]
    for better in ({"site": ALL_SITES}, {"declared": True}):  # what the plan promised
        named = [row for row in rows if better.items() <= row.items()]
        rows = named or list(rows)
    words = [verdict_word(Verdict(str(row["verdict"]))) for row in rows]
    if len(rows) < 2:
        return words[0] if words else say("audit.progress.none")
    sites = [names.get(str(row.get("site")), str(row.get("site"))) for row in rows]
    pairs = zip(sites, words, strict=True)
    return "; ".join(say("audit.progress.at", site=site, verdict=word) for site, word in pairs)
