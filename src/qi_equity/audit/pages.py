"""The pages of an audit's report, chapter by chapter, and the one page for a board."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from qi_equity.audit import Audited
from qi_equity.audit.drawn import ranked
from qi_equity.audit.model import AuditIndicator
from qi_equity.audit.progress import progress_sentences
from qi_equity.audit.register import ALL_PLACES, SHOWN
from qi_equity.audit.rows import completeness
from qi_equity.audit.rows import gaps as typed
from qi_equity.audit.said import (
    codes_of,
    coding_sentences,
    concern_sentences,
    count_of,
    early_sentence,
    few_sentence,
    gap_sentences,
    moved_sentences,
    needed,
    pair_sentences,
    people_of,
    period_of,
    place_of,
    rate_of,
    reference_rate_of,
    slope_sentences,
    too_little,
    when,
    where_sentences,
)
from qi_equity.audit.tables import gap_table, named, of_all_places, ranking
from qi_equity.audit.used import used_sentences
from qi_equity.report.parts import Block, Listed, Pack, Page, Said
from qi_equity.view.table import Table
from qi_equity.vocabulary import Standing
from qi_equity.words import say
from qi_equity.words.grammar import called, first_up, listed
from qi_equity.words.numbers import day, missing, share, whole

ROWS = 12  # of the nearest and of the least complete
RANKED = 8  # of each list on the page that has both
BOARD = 2  # of each list on the board's page
CHAPTERS = ("outcomes", "process", "experience", "staff")


def pack_of(found: Audited, kind: str) -> Pack:
    """The whole report (`audit`), or its one page for a board (`board`)."""
    pages = tuple(board_pages(found) if kind == "board" else report_pages(found))
    audit = found.audit
    subject = say("audit.opening.about", area=audit.area.name, period=period_of(audit),
                  population=audit.population)  # fmt: skip
    return Pack(kind, audit.title, pages, pd.Timestamp(audit.period.to), subject)


def report_pages(found: Audited) -> Iterator[Page]:
    """Every page of the whole report."""
    yield _opening(found)
    yield _population(found)
    for chapter in CHAPTERS:
        yield from _chapter(found, chapter)
    yield _assets(found)
    yield from _drawn(found)
    yield _ranked(found)
    if found.audit.concerns:
        yield _heard(found)
    if found.pairs:
        yield _beside(found)
    yield _data_gaps(found)
    yield from _early(found)
    if found.audit.progress:
        yield _progress(found)
    yield from _sources(found)


def _page(found: Audited, title: str, blocks: list[Block], notes: list[str] | None = None) -> Page:
    return Page(title, tuple(blocks), tuple(notes or ()), footer(found))


def footer(found: Audited) -> str:
    """Where the figures are from, and how they may be used."""
    audit = found.audit
    if found.protected:
        policy = say("audit.policy.network", release=found.release)
        if found.withheld:
            policy = " ".join([policy, say("audit.policy.withheld", count=found.withheld)])
    else:
        policy = say("audit.policy.team")
    if audit.synthetic:
        policy = " ".join([say("audit.policy.synthetic"), policy])
    return say("report.footer", source=audit.area.name, period=period_of(audit), policy=policy,
               counted="")  # fmt: skip


def headline(found: Audited) -> str:
    """What the whole of it comes to."""
    shown, tested = distinct(_worse(found)), whole(found.register.tested)
    if not found.register.tested:
        return say("audit.title.nothing_read")
    if not shown:
        return say("audit.title.none", tested=tested)
    return say("audit.title.opening", count=shown, tested=tested)


def _worse(found: Audited) -> pd.DataFrame:
    ranked = found.register.by_evidence()
    return ranked[ranked["standing"] != Standing.BETTER]


def family(found: Audited) -> list[str]:
    """How many comparisons were held against chance together."""
    tested = found.register.tested
    return [say("audit.opening.family", tested=whole(tested))] if tested else []


def distinct(rows: pd.DataFrame) -> int:
    """How many gaps: that of a group is one, at however many places it is shown."""
    return len(rows[["indicator", "dimension", "group"]].drop_duplicates())


def _opening(found: Audited) -> Page:
    gaps, audit = found.register.gaps, found.audit
    counts = gaps["standing"].value_counts()
    lines = [
        say("audit.opening.about", area=audit.area.name, period=period_of(audit),
            population=audit.population),
        say("audit.opening.sources", count=len({name for name, _ in found.taken.accounts})),
        *family(found),
    ]  # fmt: skip
    if counts.get(Standing.ECHO, 0):
        lines.append(say("audit.opening.echoes", count=int(counts[Standing.ECHO])))
    if counts.get(Standing.TOO_EARLY, 0):
        lines.append(say("audit.opening.early", count=int(counts[Standing.TOO_EARLY])))
    lines += [*absent_lines(found), say("audit.opening.known"), say("audit.opening.system")]
    lines += [say("audit.opening.many"), say("audit.opening.both")]
    return Page(headline(found), (Said(tuple(lines)),), (), footer(found), opening=True)


def absent_lines(found: Audited) -> list[str]:
    """Sources that the audit names and whose files are not here."""
    away = [
        say("audit.coding.absent", source=found.audit.source(name).name, file=file)
        for name, file in found.taken.absent
    ]
    return away


# ------------------------------------------------------------------ chapters


def _population(found: Audited) -> Page:
    """How many of each group, from every source that counts people."""
    audit = found.audit
    counts = [one for one in audit.indicators if one.chapter == "population"]
    table = pd.concat([found.counts.iloc[:0], *(_of_one_source(found, one) for one in counts)])
    blocks: list[Block] = []
    for dimension in audit.dimensions:
        here = table[table["dimension"] == dimension.id]
        if here.empty:
            continue
        sums = here.groupby(["group", "indicator"])["numerator"].sum(skipna=False).unstack()
        sums = sums.reindex([one.name for one in dimension.groups]).dropna(how="all")
        known = sums.loc[sums.index.isin(dimension.known)].sum()
        used = sorted((one for one in counts if one.id in sums), key=lambda one: _lives(found, one))
        rows = [
            (called(str(name)), *(_shared(held[one.id], known[one.id], name in dimension.known)
                                  for one in used))
            for name, held in sums.iterrows()
        ]  # fmt: skip
        heads = (say("audit.table.group"), *(one.name for one in used))
        blocks.append(
            Listed(Table(dimension.dimension, heads, tuple(rows), frozenset(range(1, len(heads)))))
        )
        if len(used) > 1 and not _lives(found, used[0]) and _lives(found, used[-1]):
            blocks.append(Said(tuple(_unlike(sums, known, used[0].id, used[-1].id))))
    blocks = blocks or [Said((say("labels.nothing.logged"),))]
    return _page(found, say("audit.title.population"), blocks)


def _of_one_source(found: Audited, one: AuditIndicator) -> pd.DataFrame:
    """An indicator's counts of each place, from the first of its sources that has the place."""
    rows = found.counts[found.counts["indicator"] == one.id]
    rank = rows["source"].map({name: nth for nth, name in enumerate(one.sources)})
    rows = rows[rank.notna()].assign(rank=rank)
    first = rows.groupby(["dimension", "place"])["rank"].transform("min")
    return rows[rows["rank"] == first].drop(columns="rank")


def _lives(found: Audited, one: AuditIndicator) -> bool:
    """Whether an indicator counts those who live here, and not those who gave birth here."""
    return all(found.audit.source(name).whose_ethnicity == "resident" for name in one.sources)


def _shared(held: float, known: float, of_known: bool) -> str:
    if missing(held):
        return say("language.nothing")
    if not of_known or not known:
        return whole(held)
    return say("audit.table.share", count=whole(held), share=share(held / known))


UNLIKE = 0.02  # of all: shares that far apart are named


def _unlike(sums: pd.DataFrame, known: pd.Series, one: str, two: str) -> Iterator[str]:
    """Groups that are another share of births than of those who live here."""
    for name, held in sums.iterrows():
        first, second = held[one] / known[one], held[two] / known[two]
        if abs(first - second) > UNLIKE:
            yield say("audit.population.differ", group=called(str(name)), births=share(first),
                      living=share(second))  # fmt: skip


def _chapter(found: Audited, chapter: str) -> Iterator[Page]:
    """A chapter: what is shown, named by place, then every group over all places."""
    audit = found.audit
    indicators = [one for one in audit.indicators if one.chapter == chapter]
    gaps = found.register.gaps
    gaps = gaps[gaps["indicator"].isin([one.id for one in indicators])]
    if gaps.empty:
        return
    ranked = found.register.by_evidence()
    ranked = ranked[ranked["indicator"].isin([one.id for one in indicators])]
    shown = ranked[ranked["standing"] != Standing.BETTER]
    many = distinct(shown)
    said = say("audit.title.some", count=many) if many else say("audit.title.nothing")
    title = say(f"audit.title.{chapter}", said=said)
    lines = [line for one in indicators for line in _indicator(found, one, ranked)]
    lines += moved_sentences(audit, ranked)
    chosen = found.register.slopes["indicator"].isin([one.id for one in indicators])
    notes = [line for line, keep in zip(slope_sentences(found), chosen[::2], strict=True) if keep]
    lines = lines or [say("audit.gap.none")]
    yield _page(found, title, [Said(tuple(lines))], notes)
    for one in indicators:
        rows = list(typed(of_all_places(gaps[gaps["indicator"] == one.id])))
        yield _page(found, one.name, [gap_table(found, rows, one)])


def _indicator(found: Audited, one: AuditIndicator, ranked: pd.DataFrame) -> Iterator[str]:
    """Each group of which a gap is shown: over all places if there, and where by name."""
    mine = ranked[ranked["indicator"] == one.id]
    gaps = found.register.gaps
    for (dimension, group), rows in mine.groupby(["dimension", "group"], sort=False):
        together = rows[rows["place"] == ALL_PLACES]
        chosen = together if len(together) else rows
        for row in typed(chosen):
            said = " ".join(gap_sentences(found.audit, row))
            yield say("report.told_of", stratum=one.name, said=said)
        if len(together):
            every = (gaps["indicator"] == one.id) & (gaps["dimension"] == dimension)
            yield " ".join(where_sentences(found.audit, gaps[every & (gaps["group"] == group)]))


def _assets(found: Audited) -> Page:
    lines = []
    for one in found.audit.assets:
        said = [say("audit.asset.said", name=one.name, what=one.what)]
        if one.place:
            said.append(say("audit.asset.where", place=found.audit.place(one.place)))
        if one.for_:
            said.append(say("audit.asset.for_", groups=listed(map(called, one.for_))))
        lines.append(" ".join(said))
    title = say("audit.title.assets", count=len(lines))
    return _page(found, title, [Said(tuple(lines) or (say("audit.asset.none"),))])


# ------------------------------------------------------------------ both rankings


def rankings(found: Audited, most: int) -> tuple[Listed, Listed]:
    """By how sure, and by how many: never the one without the other."""
    sure = _worse(found).head(most)
    many = found.register.by_people().head(most)
    return (
        ranking(found, sure, say("audit.table.evidence")),
        ranking(found, many, say("audit.table.most")),
    )


def _ranked(found: Audited) -> Page:
    sure, many = rankings(found, RANKED)
    blocks: list[Block] = [
        Said(tuple(family(found)), sure.said),
        sure,
        Said((say("audit.opening.system"),), many.said),
        many,
    ]
    return _page(found, say("audit.title.ranked"), blocks)


def _drawn(found: Audited) -> Iterator[Page]:
    """Both rankings as intervals, where a gap is shown."""
    chart = ranked(found, _worse(found), found.register.by_people())
    if chart is not None:
        yield _page(found, say("audit.title.drawn"), [chart])


# ------------------------------------------------------------------ what was heard, and the data


def _heard(found: Audited) -> Page:
    lines = [
        line for one in found.audit.concerns for line in concern_sentences(found, one)
    ]  # fmt: skip
    lines += [
        say("audit.heard.evidence", source=one.name, says=one.says)
        for one in found.audit.sources
        if one.says
    ]
    title = say("audit.title.heard", count=len(found.audit.concerns))
    return _page(found, title, [Said(tuple(lines))])


def _beside(found: Audited) -> Page:
    lines = [" ".join(pair_sentences(found, pair)) for pair in found.pairs]
    return _page(found, say("audit.title.beside"), [Said(tuple(lines))])


def data_gaps(found: Audited) -> list[str]:
    """Everything about the data that somebody has to put right."""
    lines = [*coding_sentences(found), *used_sentences(found)]
    lines += [
        " ".join(list(concern_sentences(found, one)))
        for one in found.audit.concerns
        if one.no_data_yet
    ]
    return lines


def _data_gaps(found: Audited) -> Page:
    lines = data_gaps(found)
    table = found.coding.completeness
    rows = [
        (
            found.audit.source(row.source).name,
            place_of(found.audit, row.place),
            found.audit.dimension(row.dimension).dimension,
            share(row.share),
            say("language.interval", low=share(row.first), high=share(row.last))
            if not missing(row.first)
            else say("language.nothing"),
        )
        for row in completeness(table[table["unknown"] > 0].nlargest(ROWS, "share"))
    ]
    heads = tuple(say(f"audit.table.{name}") for name in HEADS)
    blocks: list[Block] = [Said(tuple(lines))] if lines else []
    if rows:
        held = Table(say("audit.table.unknown"), heads, tuple(rows), frozenset({3}))
        blocks.append(Listed(held, shares=(0.34, 0.2, 0.16, 0.12, 0.18)))
    return _page(found, say("audit.title.gaps_in_data", count=len(lines)), blocks)


HEADS = ("source", "place", "indicator_of", "unknown", "first_last")


def _early(found: Audited) -> Iterator[Page]:
    """What cannot be said yet, and from when it could be; the nearest first."""
    gaps = found.register.gaps
    early = gaps[gaps["standing"].isin([Standing.TOO_EARLY, Standing.NOT_COMPARED])]
    early = early[early["place"] != ALL_PLACES] if (early["place"] != ALL_PLACES).any() else early
    if early.empty:
        return
    waiting = early[early["more"] >= 1]
    every = list(typed(waiting.sort_values(["years", "more"])))
    few = [row for row in typed(early) if too_little(row.numerator, row.denominator)]
    rows = [
        (
            named(found, row),
            count_of(row),
            needed(row),
            when(found.audit, row),
        )
        for row in every[:ROWS]
    ]  # fmt: skip
    heads = tuple(say(f"audit.table.{name}") for name in ("gap", "rate", "more", "when"))
    lines = [say("audit.early.these", shown=len(rows), count=len(every))] if rows else []
    lines += [few_sentence(few[0])] if few else []
    blocks: list[Block] = [Said(tuple(lines))] if lines else []
    title = say("audit.title.too_early")
    if rows:
        shares = (0.45, 0.13, 0.19, 0.23)
        blocks.append(Listed(Table(title, heads, tuple(rows)), shares=shares))
    yield _page(found, title, blocks, [early_sentence(found.audit, row) for row in every])


def _progress(found: Audited) -> Page:
    lines = tuple(progress_sentences(found))
    return _page(found, say("audit.title.progress", count=len(lines)), [Said(lines)])


def _sources(found: Audited) -> Iterator[Page]:
    """Every source with all that is needed to judge it."""
    every = found.audit.sources
    title = say("audit.title.sources", count=len(every))
    heads = tuple(say(f"audit.table.{name}") for name in SOURCE_HEADS)
    rows = [
        (
            say("audit.table.by", source=one.name, kind=say(f"audit.kind.{one.kind}"),
                publisher=one.publisher),
            say("language.interval", low=day(pd.Timestamp(one.period.from_)),
                high=day(pd.Timestamp(one.period.to))),
            first_up(say(f"audit.whose.{one.whose_ethnicity}")),
            first_up(listed(codes_of(found.audit, one))) or say("language.nothing"),
            first_up(say(f"audit.rounding.{one.rounding}")),
            say("audit.table.got", licence=one.licence, day=day(pd.Timestamp(one.got))),
        )
        for one in every
    ]  # fmt: skip
    shares = (0.26, 0.14, 0.1, 0.16, 0.14, 0.2)
    yield _page(found, title, [Listed(Table(title, heads, tuple(rows)), shares=shares)])


SOURCE_HEADS = ("source", "period", "whose", "codes", "rounding", "licence")


# ------------------------------------------------------------------ one page for the board


def board_pages(found: Audited) -> Iterator[Page]:
    """One page: both rankings, how far the data can be trusted, what nobody records."""
    shown = distinct(_worse(found))
    area = found.audit.area.name
    title = say("audit.title.board", area=area, count=shown) if shown else headline(found)
    sure, many = (_short(found, rows) for rows in (
        _worse(found).head(BOARD), found.register.by_people().head(BOARD),
    ))  # fmt: skip
    trust = data_gaps(found)
    blocks: list[Block] = [
        Said(tuple(sure) or (headline(found),), say("audit.table.evidence")),
        Said(tuple(many) or (say("audit.people.none"),), say("audit.table.most")),
        Said(tuple(_most_telling(found)[:2]), say("report.board.trust")),
    ]
    notes = [
        *(" ".join(gap_sentences(found.audit, row)) for row in typed(_worse(found))),
        *trust,
        *family(found),
        say("audit.opening.system"),
    ]
    yield _page(found, title, blocks, notes)


def _most_telling(found: Audited) -> list[str]:
    """Of the data: decay first, then what was heard and nobody records, then the rest."""
    lines = data_gaps(found)
    without = [one for one in found.audit.concerns if one.no_data_yet]
    heard = [say("audit.board.nothing", heard=one.heard) for one in without]
    decayed = list(coding_sentences(found))[: len(found.coding.decayed)]
    return list(dict.fromkeys([*decayed[:1], *heard[:1], *lines]))


def _short(found: Audited, rows: pd.DataFrame) -> Iterator[str]:
    """A line a gap: what, who, where, how much, how many."""
    for row in typed(rows):
        one = found.audit.indicator(row.indicator)
        yield say(
            "audit.board.line",
            indicator=one.name,
            group=called(row.group),
            place=place_of(found.audit, row.place),
            rate=rate_of(row, one),
            reference_rate=reference_rate_of(row, one),
            people=people_of(row),
            fewer=say(f"audit.board.{one.direction}"),
        )


__all__ = ["SHOWN", "board_pages", "footer", "headline", "pack_of", "rankings", "report_pages"]
