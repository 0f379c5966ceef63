"""How far each source was used: which days, what it withholds, what it has no whole for.

A source that is half read in silence is worse than one that is missing.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from qi_equity.audit import Audited
from qi_equity.audit.model import AuditSource, Span
from qi_equity.mapping import RecordsSource
from qi_equity.words import say
from qi_equity.words.grammar import called, listed
from qi_equity.words.numbers import day

SLACK = 31  # days that a period may begin or end beside the audit's, and nobody needs to be told


def used_sentences(found: Audited) -> Iterator[str]:
    """What of each source is not in the audit, by source."""
    away = {name for name, _ in found.taken.absent}
    for source in found.audit.sources:
        if source.reads and source.id not in away:
            yield from _days(found, source)
            yield from _withheld(found, source)
            yield from _without_whole(found, source)
    for name, file in found.taken.absent:
        yield say("audit.coding.absent", source=found.audit.source(name).name, file=file)


def _days(found: Audited, source: AuditSource) -> Iterator[str]:
    """A source of other days than the audit's."""
    audit = found.audit
    told = {"source": source.name, "period": span_words(source.period),
            "audited": span_words(audit.period)}  # fmt: skip
    now = found.taken.within(audit)
    # The period before is compared with the same source of now, and with no other.
    if not (now["source"] == source.id).any():
        yield say("audit.coding.unused", **told)
        return
    if _one_date(source):
        if source.period != audit.period:
            yield say("audit.coding.other_period", **told)
        return
    late = (source.period.from_ - audit.period.from_).days > SLACK
    early = (audit.period.to - source.period.to).days > SLACK
    if late or early:
        yield say("audit.coding.other_days", **told)


def _one_date(source: AuditSource) -> bool:
    """Whether a source's counts are of all its days together, and cannot be parted."""
    return not any(
        isinstance(one.data, RecordsSource) or one.data.subgroup or one.data.dates_across
        for one in source.reads
    )


def span_words(span: Span) -> str:
    """From when to when."""
    ends = (day(pd.Timestamp(one)) for one in (span.from_, span.to))
    return say("language.interval", **dict(zip(("low", "high"), ends, strict=True)))


def _withheld(found: Audited, source: AuditSource) -> Iterator[str]:
    """Groups whose counts the source itself does not give."""
    rows = found.taken.counts[found.taken.counts["source"] == source.id]
    known = {name for one in found.audit.dimensions for name in one.known}
    rows = rows[rows["group"].isin(known)]
    gone = sorted({str(name) for name in rows.loc[rows["numerator"].isna(), "group"]})
    if gone:
        yield say("audit.coding.withholds", source=source.name, groups=listed(map(called, gone)))


def _without_whole(found: Audited, source: AuditSource) -> Iterator[str]:
    """Indicators that the source counts, and not out of how many."""
    rows = found.taken.counts[found.taken.counts["source"] == source.id]
    for one in found.audit.indicators:
        mine = rows[rows["indicator"] == one.id]
        if one.data != "count" and len(mine) and mine["denominator"].isna().all():
            yield say("audit.coding.no_whole", source=source.name, indicator=one.name)
