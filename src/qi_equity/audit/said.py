"""What an audit found, in sentences: codes and numbers in, words out; nothing is judged here."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from qi_equity.audit import Audited
from qi_equity.audit.beside import Pair
from qi_equity.audit.model import Audit, AuditIndicator, AuditSource, Concern, readings
from qi_equity.audit.register import ALL_PLACES, SHOWN
from qi_equity.audit.rows import GapRow, completeness, gaps, moves, slopes
from qi_equity.equity.intervals import wilson
from qi_equity.vocabulary import Moved, Standing
from qi_equity.words import say
from qi_equity.words.grammar import called, listed
from qi_equity.words.numbers import amount, day, interval, missing, month, number, share, whole

LEAST_SHOWN = 20  # women, below which no rate is printed: one of 47 is 0.5 to 113 per 1,000
LATEST = 10  # years from which on a wait is no answer
DAYS_A_YEAR = 365.25


def place_of(audit: Audit, place: object) -> str:
    """A place's name, or all of them."""
    return say("audit.gap.all_places") if place == ALL_PLACES else audit.place(str(place))


def rate_of(row: GapRow, indicator: AuditIndicator, name: str = "rate") -> str:
    """A rate in its unit; nothing of a handful of women, of whom a rate says too little."""
    if name == "rate" and row.denominator < LEAST_SHOWN:
        return say("language.count_of", numerator=whole(row.numerator),
                   denominator=whole(row.denominator))  # fmt: skip
    return amount(getattr(row, name) * indicator.multiply, indicator.unit)


def ratio_of(row: GapRow) -> str:
    """A ratio with its interval."""
    if missing(row.ratio):
        return say("language.nothing")
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
        "reference_rate": rate_of(row, indicator, "reference_rate"),
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
    found = here.loc[here["standing"].isin(SHOWN), "place"]
    early = here.loc[here["standing"] == Standing.TOO_EARLY, "place"]
    if len(found):
        places = listed(place_of(audit, one) for one in found)
        yield say("audit.gap.where_found", group=group, places=places)
    elif len(here) > 1:
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
                now=number(row.difference * indicator.multiply),
                unit=_apart(indicator),
            )
    known = int((rows["moved"] != Moved.NOT_KNOWN).sum())
    if known:
        yield say("audit.gap.still", count=known)


def _apart(indicator: AuditIndicator) -> str:
    return say("gaps.percentage_points") if indicator.unit == "%" else indicator.unit


def slope_sentences(found: Audited) -> Iterator[str]:
    """WHO's measures for dimensions with an order."""
    for (_, name), rows in found.register.slopes.groupby(["dimension", "indicator"], sort=False):
        indicator = found.audit.indicator(str(name))
        by = {row.measure: row for row in slopes(rows)}
        sii, rii = by["sii"], by["rii"]
        times: float = indicator.multiply
        yield say(
            "audit.gap.slope",
            indicator=indicator.name,
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
        numerator=whole(row.numerator),
        denominator=whole(row.denominator),
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
            first=share(row.first),
            last=share(row.last),
        )
    for first, second, agreed in found.coding.linked:
        yield say("audit.coding.linked", first=first.name, second=second.name,
                  births=found.count(agreed.linked),
                  agreed=found.part(agreed.agreed * agreed.linked, agreed.linked))  # fmt: skip
        yield from _moves(found, first, second, agreed.table)
    for source, both in found.coding.both:
        sums = both.table[["births", "differ", "baby_missing"]].sum()
        yield say("audit.coding.baby", source=source.name, births=found.count(sums["births"]),
                  differ=found.count(sums["differ"]),
                  missing=found.count(sums["baby_missing"]))  # fmt: skip
    for source in audit.sources:
        if source.whose_ethnicity in ("baby", "not recorded") and source.reads:
            yield say("audit.coding.unrecorded", source=source.name,
                      whose=say(f"audit.whose.{source.whose_ethnicity}"))  # fmt: skip
    yield from absent_sentences(found)
    for (name, _), account in found.taken.accounts.items():
        refused = int(account.refused["rows"].sum()) if len(account.refused) else 0
        if refused:
            yield say(
                "audit.coding.refused", source=audit.source(name).name,
                refused=found.count(refused), read=found.count(account.read), unit=account.unit,
            )  # fmt: skip


def absent_sentences(found: Audited) -> Iterator[str]:
    """Sources that the audit names and whose files are not here."""
    for name in found.taken.absent:
        yield say("audit.coding.absent", source=found.audit.source(name).name)


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
    said = say("audit.heard.alike", **names) if ruled_out else say("audit.heard.early", **names)
    yield say("audit.heard.beside", said=said)


def few_sentence(row: GapRow) -> str:
    """Why no rate is printed of a handful: how far it could lie."""
    seen = wilson(row.numerator, row.denominator)
    return say("audit.early.little", least=LEAST_SHOWN, numerator=whole(row.numerator),
               denominator=whole(row.denominator), low=share(float(seen.lower)),
               high=share(float(seen.upper)))  # fmt: skip


def period_of(audit: Audit) -> str:
    """The audit's period."""
    return say("language.interval", low=day(pd.Timestamp(audit.period.from_)),
               high=day(pd.Timestamp(audit.period.to)))  # fmt: skip
