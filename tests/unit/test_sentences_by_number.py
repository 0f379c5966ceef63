"""Every sentence is made from a row of findings: each number in it is a number of that row.

A number in words has to be found among the row's own (on the scale of the measure, in hundredths,
as how many there are to one), to the digits shown, or to stand in the catalogue's own text. A
date has to be a date of the row or of its points.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd
import pytest

from qi_equity import project_file
from qi_equity.analyse import analyse
from qi_equity.chance import LEVEL
from qi_equity.disclosure import protect
from qi_equity.findings import Chart, Findings, Gap
from qi_equity.project import Measure
from qi_equity.simulation import synthetic
from qi_equity.words import catalogue
from qi_equity.words.answers import answer_sentence
from qi_equity.words.cautions import caution_text
from qi_equity.words.charts import chance_sentence, chart_sentences
from qi_equity.words.gaps import gap_sentence
from qi_equity.words.numbers import day, month
from qi_equity.words.verdicts import verdict_sentences
from qi_equity.words.watched import standing_sentences

NUMBER = re.compile(r"\d(?:[\d,]*\d)?(?:\.\d+)?")
DAY = re.compile(r"\d{1,2} [A-Z][a-z]{2} \d{4}")
PLACES = range(4)


def numerals(text: object) -> Iterator[str]:
    """The numbers that the catalogue itself has in a text."""
    parts = text.values() if isinstance(text, dict) else [text]
    for part in parts:
        yield from NUMBER.findall(re.sub(r"\{[^}]*\}", " ", str(part)))


OURS = {numeral for text in catalogue("en").values() for numeral in numerals(text)}


def shown(value: float, scales: tuple[float, ...]) -> Iterator[str]:
    """A number in every way that it may be written."""
    for scaled in (abs(value * scale) for scale in scales):
        yield from (f"{scaled:,.{places}f}" for places in PLACES)
        yield f"{float(f'{scaled:.3g}'):,.12g}"
    if value:
        yield f"{abs(1 / value):,.0f}"


def unfounded(
    sentence: str, row: object, measure: Measure, days: set[str] = frozenset()
) -> list[str]:
    """The numbers and dates of a sentence that its row does not have."""
    parts = [row.chart, row.gap] if isinstance(row, Both) else [row]
    values = dict(enumerate(v for part in parts if part for v in asdict(part).values()))
    dates = {day(each) for each in values.values() if isinstance(each, pd.Timestamp)} | days
    unknown = [found for found in DAY.findall(sentence) if found not in dates]
    names = [str(each) for each in values.values() if isinstance(each, str) and each]
    rest = DAY.sub(" ", sentence)
    for each in values.values():
        if isinstance(each, pd.Timestamp) and not pd.isna(each):
            rest = rest.replace(month(each), " ")
    for name in sorted(names, key=len, reverse=True):
        rest = rest.replace(name, " ")
    known = {
        written
        for each in values.values()
        if isinstance(each, int | float | np.number) and np.isfinite(each)
        for written in shown(float(each), (1.0, 100.0, measure.multiply))
    }
    return unknown + [found for found in NUMBER.findall(rest) if found not in known | OURS]


@pytest.fixture(scope="module")
def true() -> Findings:
    project = project_file.load(project_file.examples()["pph_reduction"])
    log = synthetic.network([project]).observations[project.id]
    return analyse(project, log[log["site"].isin(["site_a", "site_b"])])


@pytest.fixture(scope="module", params=["the team", "the network"])
def findings(request: pytest.FixtureRequest, true: Findings) -> Findings:
    return true if request.param == "the team" else protect(true, "msds")


@dataclass(frozen=True)
class Both:
    """The two rows that an answer is made from."""

    chart: Chart
    gap: Gap | None


def told(findings: Findings) -> Iterator[tuple[str, object, Measure, set[str]]]:
    """Every sentence of charts and gaps, the row that it is made from, and the days it may name."""
    for measure in findings.project.measures:
        points = findings.points[findings.points["measure"] == measure.id]
        for row in findings.rows(Gap, measure):
            for text in (
                gap_sentence(row, measure),
                *verdict_sentences(row, measure.multiply, measure.direction),
            ):
                yield text, row, measure, set()
        gap_of = {(row.site, row.stratum): row for row in findings.rows(Gap, measure)}
        for row in findings.rows(Chart, measure):
            gap = gap_of.get((row.site, row.stratum))
            answer = answer_sentence(row, gap, measure, judged=findings.judged)
            yield answer, Both(row, gap), measure, set()
            own = points[(points["site"] == row.site) & (points["stratum"] == row.stratum)]
            days = {day(each) for each in own["subgroup"]}
            for text in (
                *chart_sentences(row, own, measure),
                *standing_sentences(row, measure.direction),
            ):
                yield text, row, measure, days


def test_each_number_of_a_sentence_is_one_of_its_row(findings):
    sentences = list(told(findings))
    assert len(sentences) > 300
    wrong = [
        (text, numbers)
        for text, row, measure, days in sentences
        if (numbers := unfounded(text, row, measure, days))
    ]
    assert not wrong


def test_a_number_that_is_not_in_the_row_is_noticed(true):
    measure = true.project.measures[0]
    row = next(row for row in true.rows(Gap, measure) if row.ratio == row.ratio)
    said = gap_sentence(row, measure)
    assert not unfounded(said, row, measure)
    assert unfounded(f"{said} It was 7.77 times that.", row, measure) == ["7.77"]
    assert unfounded("It changed on 3 Mar 1999.", row, measure) == ["3 Mar 1999"]


def test_each_number_of_a_caution_and_of_what_chance_would_bring_is_told_to_it(findings):
    for one in findings.cautions:
        given = [value for _, value in one.numbers if not isinstance(value, str)]
        known = {text for value in given for text in shown(float(value), (1.0, 100.0))}
        dates = {day(pd.Timestamp(v)) for n, v in one.numbers if n in ("since", "last")}
        text = caution_text(one)
        assert set(DAY.findall(text)) <= dates
        rest = DAY.sub(" ", text).replace(one.stratum or "\n", " ")
        assert set(NUMBER.findall(rest)) <= known | OURS, text
    if findings.chance is not None:
        chance = findings.chance
        given = [getattr(chance, each.name) for each in fields(chance)]
        known = {text for value in given for text in shown(float(value), (1.0,))}
        assert set(NUMBER.findall(chance_sentence(chance))) <= known | OURS | {f"{LEVEL}"}
