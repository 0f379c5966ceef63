"""Voices in words: each group beside those served, and what was raised by how many people."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from qi_equity.project import EVERYONE, Project
from qi_equity.words import say
from qi_equity.words.grammar import called
from qi_equity.words.numbers import fixed, missing, number, share, whole

Row = Mapping[Hashable, Any]


def voices_lines(
    project: Project, rows: pd.DataFrame, themes: pd.DataFrame, name: str, period: str
) -> Iterator[str]:
    """Everything: groups first, what they raised after it; what is indented stands under a line."""
    spoken = rows["voices"].isna() | (rows["voices"] > 0)
    if rows["voices"].isna().any() or rows.loc[spoken, "served"].isna().any():
        yield say("voices.lead_hidden", name=name, period=period)
    else:
        yield say(
            "voices.lead", count=int(rows["voices"].sum()), served=whole(rows["served"].sum()),
            name=name, period=period,
        )  # fmt: skip
    unknown = {group.name for group in project.strata.groups if group.unknown}
    asked = rows.loc[~rows["stratum"].isin(unknown), "voices"].sum()
    for row in rows.to_dict("records"):
        if row["voices"] or row["served"] > 0 or missing(row["voices"]):
            yield "  " + _group(row, asked, unknown)
    yield say("voices.known")
    yield say("voices.not_alone")
    if len(themes):
        yield say("voices.themes")
    names = {measure.id: measure.name for measure in project.measures}
    for row in themes.to_dict("records"):
        yield from (f"  {line}" for line in _theme(row, names))


def _group(row: Row, asked: float, unknown: set[str]) -> str:
    stratum = called(row["stratum"])
    if missing(row["voices"]):
        return say("voices.hidden", stratum=stratum)
    if row["stratum"] in unknown:
        return say("voices.unknown", stratum=stratum, voices=whole(row["voices"]))
    if missing(row["served"]):
        return say("voices.not_told", stratum=stratum, voices=whole(row["voices"]))
    if missing(row["ratio"]) and row["served"] > 0:
        return say("voices.no_share", stratum=stratum, voices=whole(row["voices"]))
    if missing(row["ratio"]):
        return say("voices.nobody_served", stratum=stratum, voices=whole(row["voices"]))
    fields = {
        "stratum": stratum,
        "voices": whole(row["voices"]),
        "asked": whole(asked),
        "share": share(row["share"]),
        "served_share": share(row["served_share"]),
        "ratio": fixed(row["ratio"], 2),
        "interval": say("voices.interval", low=fixed(row["lower"], 2), high=fixed(row["upper"], 2)),
    }
    if not row["more"]:
        return say("voices.alike", **fields)
    more = say("voices.more", count=int(row["more"]))
    return say("voices.fewer", **fields, expected=number(row["expected"], 1), more=more)


def _theme(row: Row, names: Mapping[str, str]) -> Iterator[str]:
    hidden = missing(row["people"])
    if row["stratum"] != EVERYONE:
        if not hidden and row["people"] and not missing(row["asked"]):
            yield "  " + say(
                "voices.theme_group", stratum=called(row["stratum"]), share=share(row["share"]),
                people=whole(row["people"]), asked=whole(row["asked"]),
            )  # fmt: skip
        return
    measure = names.get(row["measure"])
    linked = say("voices.linked", measure=measure) if measure else say("voices.no_data")
    if hidden:
        yield say("voices.theme_hidden", theme=row["theme"], linked=linked)
        return
    yield say(
        "voices.theme", theme=row["theme"], people=whole(row["people"]),
        asked=whole(row["asked"]), linked=linked,
    )  # fmt: skip
