"""A release in words: what a person looks at before it goes out to the network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import Any

from qi_equity.project import Project
from qi_equity.store import Logged
from qi_equity.words import say
from qi_equity.words.numbers import day


def account(made: Logged, project: Project, before: int, *, out: bool) -> Iterator[str]:
    """What a person looks at before a release goes out: what is in it, what is not, and why."""
    record = made.record
    verb = "is" if out else "would"
    yield say(f"release.check.{verb}", number=made.number, project=project.title)
    yield "  " + say(
        "release.check.policy",
        policy=record["policy"]["name"],
        sites=", ".join(record["sites"]),
        to=day(date.fromisoformat(record["counts_to"])),
    )
    series = [(one, row) for part in record["parts"].values() for one in part["measures"]
              for row in one["series"]]  # fmt: skip
    yield "  " + say("release.check.series", count=len(series))
    small = sum("*" in row["numerator"] + row.get("denominator", []) for _, row in series)
    yield "  " + say("release.check.small", count=small)
    for name, widths in _widths(series).items():
        shown = ", ".join(f"{width} ({many})" for width, many in sorted(widths.items()))
        yield "  " + say("release.check.wide", measure=name, widths=shown)
    if record["withheld"]:
        yield "  " + say("release.check.withheld", count=len(record["withheld"]))
        for measure, site, stratum, why in record["withheld"]:
            because = say(f"release.why.{why}")
            yield "    " + say(
                "release.check.line", measure=measure, site=site, stratum=stratum, why=because
            )
    else:
        yield "  " + say("release.check.nothing_withheld")
    yield "  " + say(f"release.check.{'relations' if record['relations'] else 'no_relation'}")
    for keys, declared in record["relations"]:
        whole, *parts = (f"{count} of {measure}" for measure, count in keys)
        kind = "declared" if declared else "seen"
        yield "    " + say(f"release.check.{kind}", relation=f"{whole} = {' + '.join(parts)}")
    if before:
        yield "  " + say("release.check.earlier", count=before)
    yield "  " + say("release.check.hash", hash=record["content"])


def _widths(series: list[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> dict[str, Counter[int]]:
    """Of each measure, how many series are told on how wide points."""
    found: dict[str, Counter[int]] = {}
    for one, row in series:
        starts = [*one["blocks"][row["rung"]], len(one["subgroups"])]
        sizes = sorted(after - at for at, after in pairwise(starts))
        found.setdefault(one["measure"], Counter())[sizes[len(sizes) // 2]] += 1
    return found
