"""The funnel of sites is a native chart of slides and workbook, and its points are the findings."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_findings import made_findings, made_project
from openpyxl import load_workbook
from openpyxl.utils import range_boundaries
from pptx import Presentation

from qi_equity.findings import Findings
from qi_equity.project import EVERYONE
from qi_equity.report import Asked, made_of, pack_of
from qi_equity.report.charts import CURVES
from qi_equity.report.parts import Drawn, Pack

BEYOND = {"site_a": 0, "site_b": 1, "site_c": 0}
SIZES = np.array([60.0, 300.0, 900.0])
# A curve's heights are its place in the table and the size, so that none is another's.
HEIGHTS = {column: 0.01 * place + SIZES / 1e5 for place, (column, _, _) in enumerate(CURVES, 1)}


@pytest.fixture(scope="module")
def found() -> Findings:
    """Three sites of which one lies beyond the outer limits, and the curves of chance."""
    sites = pd.DataFrame(
        {"measure": "pph", "site": list(BEYOND), "stratum": EVERYONE,
         "denominator": [100.0, 100 + 1 / 3, 100 + 2 / 3], "rate": [0.1, 0.1 / 3, 0.1 / 7],
         "beyond_998": list(BEYOND.values())}
    )  # fmt: skip
    funnels = pd.DataFrame({"measure": "pph", "stratum": EVERYONE, "size": SIZES, **HEIGHTS})
    made = made_findings(made_project(sites=3), weeks=12)
    return replace(made, sites=sites, funnels=funnels)


@pytest.fixture(scope="module")
def pack(found: Findings) -> Pack:
    return pack_of("project", found, Asked())


@pytest.fixture(scope="module")
def expected(found: Findings) -> list[tuple[list[float], list[float]]]:
    """What each series of the funnel should be: the curves, sites within, sites beyond."""
    curves = [(list(SIZES), list(HEIGHTS[column] * 100)) for column, _, _ in CURVES]
    parts = (found.sites[found.sites["beyond_998"] == beyond] for beyond in (0, 1))
    return curves + [(list(part["denominator"]), list(part["rate"] * 100)) for part in parts]


def numbers(series: str, axis: str) -> list[float]:
    return [float(one) for one in re.findall(r"<c:v>([^<]*)</c:v>", within(series, axis))]


def within(series: str, axis: str) -> str:
    found = re.search(rf"<c:{axis}>(.*?)</c:{axis}>", series, re.S)
    assert found is not None
    return found[1]


def series_of(chart: str) -> list[str]:
    return re.findall(r"<c:ser>.*?</c:ser>", chart, re.S)


def test_the_funnel_of_a_workbook_reads_cells_that_are_the_findings(found, pack, expected):
    held = made_of(pack, found, "xlsx")
    with zipfile.ZipFile(io.BytesIO(held)) as book:
        charts = [book.read(one).decode() for one in book.namelist() if "charts/chart" in one]
    (funnel,) = [one for one in charts if "<c:scatterChart>" in one]
    cells = load_workbook(io.BytesIO(held), data_only=True)["data of charts"]

    def read(series: str, axis: str) -> list[float]:
        place = re.search(r"'data of charts'!([^<]*)", within(series, axis))
        left, top, right, foot = range_boundaries(place[1])
        return [one for line in cells.iter_rows(top, foot, left, right, True) for one in line]

    drawn = [(read(one, "xVal"), read(one, "yVal")) for one in series_of(funnel)]
    assert drawn == expected
    labels = re.findall(r"<a:t>(Site [A-C])</a:t>", funnel)
    assert labels == ["Site A", "Site C", "Site B"], "each site by its name"


def test_the_funnel_of_slides_holds_the_findings(found, pack, expected):
    deck = Presentation(io.BytesIO(made_of(pack, found, "pptx")))
    charts = [shape.chart for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    (funnel,) = [one._chartSpace.xml for one in charts if "<c:scatterChart>" in one._chartSpace.xml]
    drawn = [(numbers(one, "xVal"), numbers(one, "yVal")) for one in series_of(funnel)]
    assert drawn == expected


@pytest.mark.parametrize(
    ("kind", "place"), [("pptx", "ppt/charts"), ("docx", "word/charts"), ("xlsx", "xl/charts")]
)
def test_every_chart_of_a_pack_is_native_and_told_to_those_who_do_not_see_it(
    found, pack, kind, place
):
    panels = [
        panel
        for page in pack.pages
        for block in page.blocks
        if isinstance(block, Drawn)
        for panel in block.panels
    ]
    with zipfile.ZipFile(io.BytesIO(made_of(pack, found, kind))) as held:
        charts = [one for one in held.namelist() if re.fullmatch(rf"{place}/chart\d+\.xml", one)]
        texts = [held.read(one).decode() for one in held.namelist() if one.endswith(".xml")]
        assert not [one for one in held.namelist() if "/media/" in one], "no picture of a chart"
    assert len(charts) == len(panels) > 10
    told = [one for text in texts for one in re.findall(r' descr="([^"]+)"', text)]
    assert len([one for one in told if len(one) > 15]) >= len(panels)


def test_a_workbook_without_charts_has_no_empty_sheet_for_them(found):
    book = load_workbook(io.BytesIO(made_of(pack_of("board", found, Asked()), found, "xlsx")))
    assert not {"charts drawn", "data of charts"} & set(book.sheetnames)
