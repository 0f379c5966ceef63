"""What an audit found, in sentences: codes and numbers in, words out; nothing is judged here."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from qi_equity.audit import Audited
from qi_equity.audit.beside import Pair
from qi_equity.audit.model import Audit, AuditIndicator, AuditSource, Concern, readings
from qi_equity.audit.register import ALL_PLACES, SHOWN, order
from qi_equity.audit.rows import GapRow, completeness, gaps, moves, slopes
from qi_equity.audit.used import span_words
from qi_equity.equity.intervals import wilson
from qi_equity.vocabulary import Moved, Standing
from qi_equity.words import say
from qi_equity.words.grammar import called, listed
from qi_equity.words.numbers import amount, interval, missing, month, number, share, whole

LEAST_SHOWN = 20  # women, below which no rate is printed: one of 47 is 0.5 to 113 per 1,000
MANYFOLD = 10  # so far apart the ends of a rate may be, and it is still one
BLURRED = 0.2  # of a count: if rounding may have changed it by more, its bounds are told
LATEST = 10  # years from which on a wait is no answer
DAYS_A_YEAR = 365.25


def place_of(audit: Audit, place: object) -> str:
    """A place's name, or all of them."""
    return say("audit.gap.all_places") if place == ALL_PLACES else audit.place(str(place))


def rate_of(row: GapRow, indicator: AuditIndicator) -> str:
    """A rate in its unit; of a handful, or where small numbers are hidden, what is known of it."""
    if blurred(row) or too_little(row.numerator, row.denominator):
        return count_of(row)
    return amount(row.rate * indicator.multiply, indicator.unit)


def blurred(row: GapRow) -> bool:
    """Whether rounding may have changed a count so much that what it is shown as misleads."""
    return bool(row.most - row.least > BLURRED * row.numerator)


def count_of(row: GapRow) -> str:
    """How many of how many; where small numbers are shown as others, between what and what."""
    if blurred(row):
        return say("audit.gap.bounded", low=whole(row.least), high=whole(row.most),
                   denominator=whole(row.denominator))  # fmt: skip
    return say("language.count_of", numerator=whole(row.numerator),
               denominator=whole(row.denominator))  # fmt: skip


def reference_rate_of(row: GapRow, indicator: AuditIndicator) -> str:
    """The rate that a group is held against; of a handful the numbers that it is of."""
    events = round(row.reference_rate * row.reference_size)
    if row.place != ALL_PLACES and too_little(events, row.reference_size):
        return say("language.count_of", numerator=whole(events),
                   denominator=whole(row.reference_size))  # fmt: skip
    return amount(row.reference_rate * indicator.multiply, indicator.unit)


def too_little(numerator: float, denominator: float) -> bool:
    """Whether a rate says too little to be printed: of few women, or of hardly any events.

    >>> too_little(1, 47), too_little(3, 47), too_little(5, 12)
    (True, False, True)
    """
    if not denominator >= LEAST_SHOWN:
        return True
    seen = wilson(min(numerator, denominator), denominator)
    return bool(seen.upper > MANYFOLD * seen.lower)


def ratio_of(row: GapRow) -> str:
    """A ratio with its interval."""
    if missing(row.ratio):
        return say("language.nothing")
    if blurred(row):
        return interval(row.ratio_lower, row.ratio_upper, 2)
    return say("compare.sized", ratio=number(row.ratio, 2),
               interval=interval(row.ratio_lower, row.ratio_upper, 2))  # fmt: skip


def people_of(row: GapRow) -> str:
    """How many people a gap concerns, with its interval."""
    if missing(row.people):
        return say("language.nothing")
    ends = say("language.interval", low=whole(row.people_lower), high=whole(row.people_upper))
    return say("audit.people.sized", people=whole(row.people), interval=ends)


def gap_sentences(audit: Audit, row: GapRow) -> Iterator[str]:
    """One gap in words: how far apart, and how many people it concerns."""
    indicator = audit.indicator(row.indicator)
    where, group = place_of(audit, row.place), called(row.group)
    rates = {
        "group": group, "place": where, "rate": rate_of(row, indicator),
        "reference_rate": reference_rate_of(row, indicator),
        "reference": called(row.reference),
    }  # fmt: skip
    if row.standing == Standing.ECHO:
        yield say("audit.gap.echo", group=group, place=where, other=called(row.echo_of))
        return
    if row.standing == Standing.BETTER:
        yield say("audit.gap.better", **rates)
        return
    if row.standing == Standing.APART:
        yield say("audit.gap.apart", **rates)
        return
    yield say("audit.gap.worse", **rates, ratio=number(row.ratio, 2),
              interval=interval(row.ratio_lower, row.ratio_upper, 2))  # fmt: skip
    if row.echo_of:
        yield say("audit.gap.beside", other=called(row.echo_of))
    if row.people > 0:
        ends = say("language.interval", low=whole(row.people_lower), high=whole(row.people_upper))
        told = {"reference": called(row.reference), "people": whole(row.people), "interval": ends}
        if indicator.direction == "decrease":
            yield say("audit.gap.people_decrease", **told)
        else:
            yield say("audit.gap.people_increase", **told)


def where_sentences(audit: Audit, rows: pd.DataFrame) -> Iterator[str]:
    """Of one indicator and group that is worse off over all places: at which, by name."""
    here = rows[rows["place"] != ALL_PLACES]
    group = called(str(rows["group"].iloc[0]))
    early = here.loc[here["standing"] == Standing.TOO_EARLY, "place"]
    for standing in (Standing.WORSE, Standing.BETTER, Standing.APART):
        found = here.loc[here["standing"] == standing, "place"]
        if len(found):
            places = listed(place_of(audit, one) for one in found)
            word = say(f"audit.standing.{standing}")
            yield say("audit.gap.where_found", group=group, word=word, places=places)
    if len(here) > 1 and not here["standing"].isin(SHOWN).any():
        yield say("audit.gap.everywhere", group=group)
    if len(early):
        places = listed(place_of(audit, one) for one in early)
        yield say("audit.gap.where_early", group=group, places=places)


def moved_sentences(audit: Audit, rows: pd.DataFrame) -> Iterator[str]:
    """What the gaps did since the period before, as far as it is shown."""
    for row in gaps(rows):
        if row.moved in (Moved.WIDENED, Moved.NARROWED, Moved.TURNED):
            indicator = audit.indicator(row.indicator)
            yield say(
                "audit.gap.moved",
                group=called(row.group),
                place=place_of(audit, row.place),
                word=say(f"audit.moved.{Moved(row.moved)}"),
                before=number(row.before * indicator.multiply),
                now=number((row.before + row.change) * indicator.multiply),
                unit=_apart(indicator),
            )
    known = int((rows["moved"] != Moved.NOT_KNOWN).sum())
    if known:
        yield say("audit.gap.still", count=known)


def _apart(indicator: AuditIndicator) -> str:
    return say("gaps.percentage_points") if indicator.unit == "%" else indicator.unit


def slope_sentences(found: Audited) -> Iterator[str]:
    """WHO's measures for dimensions with an order."""
    for (of, name), rows in found.register.slopes.groupby(["dimension", "indicator"], sort=False):
        ranked = order(found.audit.dimension(str(of)))
        indicator = found.audit.indicator(str(name))
        by = {row.measure: row for row in slopes(rows)}
        sii, rii = by["sii"], by["rii"]
        times: float = indicator.multiply
        yield say(
            "audit.gap.slope",
            indicator=indicator.name,
            first=called(ranked[0]),
            last=called(ranked[-1]),
            sii=number(sii.estimate * times),
            unit=_apart(indicator),
            sii_interval=interval(sii.lower * times, sii.upper * times),
            rii=number(rii.estimate, 2),
            rii_interval=interval(rii.lower, rii.upper, 2),
        )


def early_sentence(audit: Audit, row: GapRow) -> str:
    """What cannot be said yet, how many more it takes, and from when."""
    indicator = audit.indicator(row.indicator)
    return say(
        "audit.early.said",
        group=called(row.group),
        place=place_of(audit, row.place),
        indicator=indicator.name,
        count=count_of(row),
        smallest=number(indicator.smallest_gap, 2),
        births=whole(row.more),
        when=when(audit, row),
    )


def needed(row: GapRow) -> str:
    """How many more women of the group are needed."""
    if missing(row.more):
        return say("language.nothing")
    return say("audit.early.births", count=whole(row.more))


def when(audit: Audit, row: GapRow) -> str:
    """From when it could be said, at the numbers of this period."""
    if missing(row.years) or row.years == float("inf"):
        return say("audit.early.never")
    if row.years > LATEST:
        return say("audit.early.late", years=LATEST)
    last = pd.Timestamp(audit.period.to)
    return say("audit.early.when", month=month(last + pd.Timedelta(days=row.years * DAYS_A_YEAR)))


# ------------------------------------------------------------------ data


def coding_sentences(found: Audited) -> Iterator[str]:
    """Decay, conflicts, the mother's against the baby's; what is missing or was refused."""
    audit = found.audit
    for row in completeness(found.coding.decayed):
        yield say(
            "audit.coding.decay",
            source=audit.source(row.source).name,
            place=place_of(audit, row.place),
            dimension=audit.dimension(row.dimension).dimension,
            first=share(row.first),
            last=share(row.last),
        )
    for first, second, agreed in found.coding.linked:
        yield say("audit.coding.linked", period=span_words(first.period), first=first.name,
                  second=second.name, births=found.count(agreed.linked),
                  agreed=found.part(agreed.agreed * agreed.linked, agreed.linked))  # fmt: skip
        yield from _moves(found, first, second, agreed.table)
    for source, both in found.coding.both:
        sums = both.table[["births", "differ", "baby_missing", "both_missing"]].sum()
        yield say("audit.coding.baby", source=source.name, births=found.count(sums["births"]),
                  period=span_words(source.period), differ=found.count(sums["differ"]),
                  missing=found.count(sums["baby_missing"] + sums["both_missing"]))  # fmt: skip
    for source in audit.sources:
        if source.whose_ethnicity in ("baby", "not recorded") and source.reads:
            yield say("audit.coding.unrecorded", source=source.name,
                      whose=say(f"audit.whose.{source.whose_ethnicity}"))  # fmt: skip
    for (name, _), account in found.taken.accounts.items():
        refused = int(account.refused["rows"].sum()) if len(account.refused) else 0
        if refused:
            yield say(
                "audit.coding.refused", source=audit.source(name).name,
                refused=found.count(refused), read=found.count(account.read), unit=account.unit,
            )  # fmt: skip


MOST_MOVES, LEAST_MOVE = 3, 0.05


def _moves(
    found: Audited, first: AuditSource, second: AuditSource, table: pd.DataFrame
) -> Iterator[str]:
    """The groups that most often stand under another in the second source."""
    of = table.groupby("first")["births"].transform("sum")
    unknown = {g.name for d in found.audit.dimensions for g in d.groups if g.unknown}
    moved = table.assign(of=of, part=table["births"] / of)
    apart = (moved["first"] != moved["second"]) & ~moved["first"].isin(unknown)
    many = moved[apart & (moved["part"] >= LEAST_MOVE) & (moved["births"] >= LEAST_SHOWN)]
    for row in moves(many.nlargest(MOST_MOVES, "part")):
        yield say("audit.coding.moves", group=called(row.first), first=first.name,
                  share=found.part(row.births, row.of), other=called(row.second),
                  second=second.name)  # fmt: skip


def pair_sentences(found: Audited, pair: Pair) -> Iterator[str]:
    """What two sources say of one indicator, and why they may differ."""
    names = {"first": pair.first.name, "second": pair.second.name}
    indicator = pair.indicator.name
    if pair.rounding_alone:
        yield say("audit.beside.agree", indicator=indicator, **names)
    elif pair.differ:
        groups = listed(map(called, pair.differ))
        yield say("audit.beside.differ", indicator=indicator, groups=groups, **names)
    else:
        yield say("audit.beside.alike", indicator=indicator, **names)
    if pair.turned:
        yield say("audit.beside.turned", groups=listed(map(called, pair.turned)))
    for row in pair.placed_elsewhere.to_dict("records"):
        yield say(
            "audit.beside.placing",
            group=called(str(row["group"])),
            first_count=found.count(row["denominator_1"]),
            second_count=found.count(row["denominator_2"]),
            **names,
        )
    reasons = [reason(found.audit, pair, one) for one in pair.reasons]
    if reasons:
        yield say("audit.beside.why", reasons=listed(reasons))
    else:
        yield say("audit.beside.why_none")


def reason(audit: Audit, pair: Pair, code: str) -> str:
    """One reason why two sources may differ."""
    ends = {"first": "", "second": ""}
    for name, source in (("first", pair.first), ("second", pair.second)):
        said: dict[str, str] = {
            "rounding": say(f"audit.rounding.{source.rounding}"),
            "whose": say(f"audit.whose.{source.whose_ethnicity}"),
            "codes": listed(codes_of(audit, source, pair.dimension)),
        }
        ends[name] = said.get(code, "")
    if code in ("rounding", "whose", "codes"):
        return say(f"audit.reason.{code}", **ends)
    return say(f"audit.reason.{code}")


def codes_of(audit: Audit, source: AuditSource, dimension: str = "") -> list[str]:
    """The code sets of a source by name, of one dimension or of all."""
    held = [
        say(f"audit.codes.{one.reading.code_set}")
        for one in readings(audit)
        if one.source is source and dimension in ("", one.reading.dimension)
    ]
    return list(dict.fromkeys(held))


# ------------------------------------------------------------------ what was heard


def concern_sentences(found: Audited, concern: Concern) -> Iterator[str]:
    """What was heard, and what there is to hold beside it."""
    yield say("audit.heard.said", heard=concern.heard, from_=concern.from_)
    if concern.no_data_yet:
        yield say("audit.heard.nothing", what=concern.no_data_yet)
        return
    for name in concern.indicators:
        yield from _held(found, concern, found.audit.indicator(name))


def _held(found: Audited, concern: Concern, indicator: AuditIndicator) -> Iterator[str]:
    """The figures beside a concern: what is shown of its group, or of any."""
    every = found.register.gaps
    rows = every[every["indicator"] == indicator.id]
    if concern.group is not None:
        rows = rows[rows["group"] == concern.group]
    rows = rows[rows["standing"] != Standing.REFERENCE]
    group = called(concern.group) if concern.group else say("audit.heard.anybody")
    for standing in (Standing.WORSE, Standing.APART, Standing.BETTER, Standing.ECHO):
        there = rows[rows["standing"] == standing].sort_values(["place", "q_value"])
        for row in gaps(there.head(2)):
            told = " ".join([f"{indicator.name}.", *gap_sentences(found.audit, row)])
            yield say("audit.heard.beside", said=told)
        if len(there):
            return
    # Ruled out is what is ruled out of every row; anything less has not been shown.
    ruled_out = len(rows) > 0 and (rows["standing"] == Standing.NO_GAP).all()
    names = {"indicator": indicator.name, "group": group}
    if ruled_out:
        said = say("audit.heard.alike", **names)
    elif (rows["standing"] == Standing.NO_GAP).any():
        said = say("audit.heard.not_all", indicator=indicator.name)
    else:
        said = say("audit.heard.early", **names)
    yield say("audit.heard.beside", said=said)


def few_sentence(row: GapRow) -> str:
    """Why no rate is printed of a handful: how far it could lie."""
    low, high = (wilson(end, row.denominator) for end in (row.least, row.most))
    return say("audit.early.little", least=LEAST_SHOWN, count=count_of(row),
               low=share(float(low.lower)), high=share(float(high.upper)))  # fmt: skip


def period_of(audit: Audit) -> str:
    """The audit's period."""
    return span_words(audit.period)
