"""The attacker of `test_attacker` reads all files of a report for the network, and learns nothing.

All text and all numbers of each format are read, those of charts and of the workbooks inside them
too; the counts of the workbook are solved as integers. The same on true counts must succeed.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
import zlib
from functools import cache
from xml.sax.saxutils import unescape

import numpy as np
import pandas as pd
import pytest
from attacker import COUNTS, STARS_ALONE, Rounding, learn_points
from test_attacker import (
    NETWORKS,
    ROUNDINGS,
    SMALL,
    analysed,
    attack_on,
    counts_in,
    released,
    small_counts,
)

from conftest import absent
from qi_equity.findings import Findings
from qi_equity.report import PACKS, Asked, Provenance, made_of, pack_of, paper

NETWORK = NETWORKS["larger"]
# A PDF is printed by a browser where there is one, and drawn by us where there is none.
PAPER = ("pdf", "pdf, drawn")
READ = ("pptx", "docx", "xlsx", "html", *PAPER)
SCRIPT = 1_000_000  # letters: what draws the charts of a page, and tells nothing
STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.S)
VALUE = re.compile(r"<c:v>([^<]*)</c:v>|<v>([^<]*)</v>")


@cache
def files(protected: bool, kind: str) -> list[bytes]:
    """Every pack in one format, of what the network sees or of true counts."""
    found = released(NETWORK, "hes") if protected else analysed(NETWORK)
    provenance = Provenance(policy="hes") if protected else Provenance(team=True)
    asked = Asked(provenance=provenance)
    # The tables of a workbook are the same in every pack; on paper the longest says most.
    only = {"xlsx": ("board",)} | dict.fromkeys(PAPER, ("project",))
    packs = [pack_of(name, found, asked) for name in only.get(kind, tuple(PACKS))]
    if kind == "pdf, drawn":
        return [paper.drawn(pack) for pack in packs]
    return [made_of(pack, found, kind) for pack in packs]


def parts(held: bytes) -> list[str]:
    """The texts inside a file: of an archive each part, and those of workbooks in it."""
    if held[:5] == b"%PDF-":
        return on_paper(held)
    if held[:2] != b"PK":
        scripts = re.split(r"</?script[^>]*>", held.decode())
        return [part for part in scripts if len(part) < SCRIPT]
    texts = []
    with zipfile.ZipFile(io.BytesIO(held)) as archive:
        for entry in archive.infolist():
            inside = archive.read(entry)
            if entry.filename.endswith(".xlsx"):
                texts += parts(inside)
            elif entry.filename.endswith((".xml", ".rels")):
                texts.append(inside.decode())
    return texts


def on_paper(held: bytes) -> list[str]:
    """What can be read off a PDF: its pages, what it says of itself, and whatever it unpacks to."""
    if shutil.which("pdftotext") is None:
        absent("pdftotext", "install Debian's package 'poppler-utils'")
    assert b"/EmbeddedFile" not in held
    read = [
        subprocess.run([name, *how, "-", *out], input=held, capture_output=True, check=True).stdout
        for name, how, out in (("pdftotext", ["-layout"], ["-"]), ("pdftotext", ["-raw"], ["-"]))
    ]
    # Of streams that are no letters (fonts, pictures) nothing can be read but by chance.
    packed = [zlib.decompressobj() for _ in STREAM.finditer(held)]
    unpacked = [
        opened.decompress(found[1])
        for opened, found in zip(packed, STREAM.finditer(held), strict=True)
        if found[1][:1] == b"x"
    ]
    texts = [one.decode("latin-1") for one in unpacked if one.isascii()]
    return [one.decode() for one in read] + [held.decode("latin-1"), *texts]


def said(protected: bool, kind: str) -> str:
    """All that can be read in a format."""
    every = [text for held in files(protected, kind) for text in parts(held)]
    # A sentence can be in pieces: what stands between two tags is joined where nothing parts it.
    return "\n".join(unescape(re.sub(r"</?(?:a|w):(?:r|t|rPr)[^>]*>", "", one)) for one in every)


@pytest.mark.parametrize("kind", READ)
def test_no_format_names_a_count_that_was_not_released(kind: str) -> None:
    assert all(count % 5 == 0 for count in counts_in(said(True, kind)))


@pytest.mark.parametrize("kind", ["docx", *PAPER])
def test_the_same_reading_of_true_counts_names_what_no_release_holds(kind: str) -> None:
    assert any(count % 5 for count in counts_in(said(False, kind)))


def known(found: Findings) -> np.ndarray:
    """Every number of the findings, as a fraction and as the measure shows it."""
    tables = (found.points, found.charts, found.gaps, found.gap_points, found.funnels, found.sites)
    columns = [
        table[name].to_numpy(dtype=float)
        for table in tables
        for name in table.columns
        if pd.api.types.is_numeric_dtype(table[name].dtype)
    ]
    numbers = np.concatenate(columns)
    numbers = numbers[np.isfinite(numbers)]
    return np.unique(np.round(np.concatenate([numbers, 100 * numbers]), 7))


@pytest.mark.parametrize("kind", ["pptx", "docx"])
def test_the_numbers_of_native_charts_are_those_of_the_release(kind: str) -> None:
    """A chart that held one true number more would hold what a release does not."""
    shown = set()
    for held in files(True, kind):
        with zipfile.ZipFile(io.BytesIO(held)) as archive:
            for name in archive.namelist():
                if re.search(r"charts/chart\d*\.xml$", name):
                    # Categories are days; of values each stands in <c:val> or <c:yVal>.
                    text = archive.read(name).decode()
                    for series in re.findall(r"<c:(?:val|yVal)>.*?</c:(?:val|yVal)>", text, re.S):
                        shown |= {float(one or other) for one, other in VALUE.findall(series)}
    assert len(shown) > 20
    least = known(released(NETWORK, "hes"))
    places = np.searchsorted(least, np.round(sorted(shown), 7)).clip(1, len(least) - 1)
    away = np.minimum(
        np.abs(least[places] - sorted(shown)), np.abs(least[places - 1] - sorted(shown))
    )
    assert away.max() < 1e-5


def recovered(protected: bool, rounding: Rounding) -> int:
    """How many small counts the workbook's points leave with one value."""
    points = pd.read_excel(io.BytesIO(files(protected, "xlsx")[0]), sheet_name="points")
    if not protected:  # as if small counts alone were left out of it
        points["value"] = np.nan
        for count in COUNTS:
            points[count] = points[count].where(~points[count].between(1, SMALL))
    attack = attack_on(NETWORK)
    learn_points(attack, points, rounding, NETWORK.mondays)
    lost = 0
    for count, site, stratum, weeks, true in small_counts(NETWORK, 12):
        low, high = attack.values(attack.cells(count, site, stratum, np.array(weeks)))
        assert low <= true <= high
        lost += low == high
    return lost


def test_no_small_count_is_recovered_from_the_workbook() -> None:
    assert recovered(True, ROUNDINGS["hes"][1]) == 0


def test_the_same_search_recovers_them_where_small_ones_alone_are_left_out() -> None:
    assert recovered(False, STARS_ALONE) > 0
