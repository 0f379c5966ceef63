"""What a report says on its pages: one message a title, and where the figures are from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

import pandas as pd

from qi_equity.disclosure.policy import threshold
from qi_equity.findings import Chart, Findings, Gap, of
from qi_equity.findings.sides import went
from qi_equity.project import EVERYONE, Measure, Project
from qi_equity.vocabulary import Status, Verdict
from qi_equity.words import say
from qi_equity.words.charts import says_nothing
from qi_equity.words.grammar import called, first_up, inside, listed
from qi_equity.words.numbers import day, interval, missing, number, whole
from qi_equity.words.verdicts import SENTENCES, verdict_word

R = TypeVar("R", Chart, Gap)

LONGEST = 34  # letters of a name in a title or a panel: whoever wants all of it finds it in words
HIDDEN = (Status.SMALL, Status.WITHHELD, Status.NOT_COUNTED)
SOURCE, OUT_OF, REASON = 48, 40, 60  # letters under a page, so that policy and release have room
FOOT = 190  # letters that two lines under a slide hold
# From the first day of one subgroup to that of the next.
STEPS: dict[str, pd.DateOffset] = {
    "week": pd.DateOffset(weeks=1),
    "fortnight": pd.DateOffset(weeks=2),
    "month": pd.DateOffset(months=1),
    "quarter": pd.DateOffset(months=3),
    "half-year": pd.DateOffset(months=6),
    "financial year": pd.DateOffset(years=1),
}
FEW = 3  # strata named in a title before the rest are counted in the text


class Source(Protocol):
    """What a report has to know of the release it is made from."""

    @property
    def number(self) -> int | None:
        """The release's number; none where it has none."""

    @property
    def date(self) -> pd.Timestamp | None:
        """The release's day."""

    @property
    def policy(self) -> str:
        """By which policy small numbers are kept."""

    @property
    def team(self) -> bool:
        """Whether the counts are the team's own, true ones."""


def clipped(text: str, most: int = LONGEST) -> str:
    """A name that is too long for a title, without its end.

    >>> clipped("Black"), clipped("a" * 40, 5)
    ('Black', 'aaaa…')
    """
    if len(text) <= most:
        return text
    return say("report.clipped", text=whole_words(text[: most - 1], text))


def whole_words(kept: str, text: str) -> str:
    """The beginning of a text without the word that it breaks off in, unless that is most of it.

    >>> whole_words("women giving bi", "women giving birth"), whole_words("abcdef", "abcdefgh")
    ('women giving', 'abcdef')
    """
    kept = kept.rstrip(" ,;:")
    whole, blank, _ = kept.rpartition(" ")
    broken = bool(text[len(kept) : len(kept) + 1].strip(" ,;:"))
    return whole.rstrip(" ,;:") if broken and blank and 2 * len(whole) >= len(kept) else kept


def names(strata: Sequence[str]) -> str:
    """The first few strata by name.

    >>> names(["Asian", "Black", "Mixed", "Other"])
    'Asian, Black, Mixed and 1 more'
    """
    said = listed(clipped(called(one)) for one in strata[:FEW])
    more = len(strata) - FEW
    return said if more <= 0 else say("terminal.more_places", places=said, number=whole(more))


def latest_charts(findings: Findings, measure: Measure, site: str) -> list[Chart]:
    """The last phase of each stratum's chart, everyone first, then in the order of the team."""
    last = {row.stratum: row for row in findings.rows(Chart, measure, site)}
    return in_order(last.values(), findings.project)


def in_order(found: Iterable[R], project: Project) -> list[R]:
    """Rows of strata in the order of the project; one that it no longer names stands last."""
    groups = [EVERYONE, *(group.name for group in project.strata.groups)]
    rank = {name: place for place, name in enumerate(groups)}
    return sorted(found, key=lambda row: rank.get(row.stratum, len(rank)))


def measure_title(findings: Findings, measure: Measure, site: str) -> str:
    """The message of a page of charts."""
    name = clipped(measure.name, 2 * LONGEST)
    points = of(findings.points, measure, site)
    last = latest_charts(findings, measure, site)
    if not len(points) or not points["value"].notna().any():
        hidden = withheld(findings, measure, site)
        return say("report.title.withheld" if hidden else "report.title.nothing", measure=name)
    if not findings.judged:
        marked = [row.stratum for row in last if row.runs_signal is True or row.beyond_limits > 0]
        if not marked:
            return say("report.title.no_signal", measure=name)
        return say("report.title.signals", measure=name, strata=names(marked))
    settled = [row.stratum for row in last if row.established]
    if settled:
        return say("report.title.established", measure=name, strata=names(settled))
    emerging = [row.stratum for row in last if row.emerging]
    if emerging:
        return say("report.title.emerging", measure=name, strata=names(emerging))
    silent = [says_nothing(row) for row in last if row.variation]
    if silent and all(silent):
        return say("report.title.early", measure=name)
    return say("report.title.none_where" if any(silent) else "report.title.none", measure=name)


def withheld(findings: Findings, measure: Measure, site: str) -> bool:
    """Whether there are charts of a measure at a site that may not be shown."""
    return any(row.status in HIDDEN for row in findings.rows(Chart, measure, site))


def gap_title(gaps: Sequence[Gap], measure: Measure) -> str:
    """The message of a page of gaps: that of the declared contrast, else the worst and of whom."""
    name = clipped(measure.name, 2 * LONGEST)
    if all(missing(row.ratio) for row in gaps):
        return say("report.title.no_gap", measure=name)
    declared = next((row for row in gaps if row.declared and row.verdict), None)
    if declared is not None:
        return say(
            "report.title.declared",
            measure=name,
            stratum=clipped(called(declared.stratum)),
            verdict=inside(gap_word(declared)),
            ratio=ratio_words(declared),
        )
    for word in SENTENCES:
        # What is established of a gap is said first, whatever this look alone would say of it.
        strata = [row.stratum for row in gaps if (went(row) or row.verdict) == word]
        if strata:
            return say(
                "report.title.gap", measure=name, verdict=verdict_word(word), strata=names(strata)
            )
    return say("report.title.gap_waiting", measure=name)


def gap_word(row: Gap) -> str:
    """A gap's verdict in a few words, and which way it is established to have gone."""
    said = first_up(verdict_word(row.verdict))
    if not said:
        return say("report.grid.uncompared" if missing(row.ratio) else "language.nothing")
    way = went(row)
    if not way:
        return said
    # What moved, however slowly, is not steady: that one look showed no change is no contradiction.
    alone = row.verdict in (way, Verdict.STEADY)
    words = first_up(verdict_word(way)) if alone else listed([said, verdict_word(way)])
    return say("report.grid.established", word=words)


def policy_sentence(project: Project, source: Source, most: int | None = None) -> str:
    """How small numbers are kept, by the policy that was used; its reason in so many letters."""
    if source.team:
        return say("report.team_none" if project.synthetic else "report.team")
    asked = project.disclosure
    reason = asked.reason or ""
    policy = source.policy or asked.policy
    first = threshold(asked.threshold).first if asked.threshold is not None else ""
    said = (
        say("report.policy.threshold", number=first)
        if policy == "threshold"
        else say("report.policy.none", reason=clipped(reason, most or len(reason)))
        if policy == "none"
        else say(f"report.policy.{policy}")
    )
    if source.number is None:
        return said
    return say("report.release", policy=said, number=source.number, day=day(source.date))


def footer(findings: Findings, source: Source, measure: Measure | None, site: str) -> str:
    """Source, period, how many, and by which policy and release."""
    project = findings.project
    names_ = {one.id: one.name for one in project.sites}
    # The only site of a project is its whole network.
    place = names_.get(site, project.network) if len(names_) > 1 else project.network
    place = clipped(place, SOURCE)
    if project.synthetic:
        place = say("report.synthetic_source", network=place)
    points = of(findings.points, measure, site or None)
    period = say("report.no_period")
    if len(points):
        period = interval_of_days(points, project)
    counted, n = "", None
    if measure is not None and len(points) and not measure.overlapping_windows:
        everyone = points[points["stratum"] == EVERYONE]
        n = everyone["denominator"].sum(min_count=1) if "denominator" in everyone else None
        if not missing(n):
            out_of = measure.denominator or ""
            out_of = inside(out_of) if len(out_of) <= OUT_OF else ""
            counted = say("report.counted", n=whole(n), denominator=out_of).rstrip()
    policy = policy_sentence(project, source, REASON)
    said = say("report.footer", source=place, period=period, counted=counted, policy=policy)
    if len(said) <= FOOT or not counted:
        return said
    # Of whom so many are stands on other pages; a line that breaks off helps nobody.
    counted = say("report.counted", n=whole(n), denominator="").rstrip()
    return say("report.footer", source=place, period=period, counted=counted, policy=policy)


def interval_of_days(points: pd.DataFrame, project: Project) -> str:
    """The first and the last subgroup that there are; of points that add several up, their last."""
    ends = points["subgroup"].min(), points["subgroup"].max()
    if "subgroups" in points:
        last = points[points["subgroup"] == ends[1]]
        steps = last["measure"].map({one.id: STEPS[one.subgroup] for one in project.measures})
        further = zip(steps, last["subgroups"], strict=True)
        ends = ends[0], max(ends[1] + (number - 1) * step for step, number in further)
    if ends[0] == ends[1]:
        return day(ends[0])
    return say("language.interval", low=day(ends[0]), high=day(ends[1]))


def ratio_words(row: Gap) -> str:
    """A ratio with its interval, as a cell of a table."""
    if missing(row.ratio):
        return say("language.nothing")
    return say(
        "compare.sized",
        ratio=number(row.ratio, 2),
        interval=interval(row.ratio_lower, row.ratio_upper, 2),
    )
