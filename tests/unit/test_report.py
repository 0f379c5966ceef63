"""Packs for a meeting: every format shows the findings and nothing else, and can be opened."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from docx import Document
from made_findings import made_findings, made_project
from openpyxl import load_workbook
from pptx import Presentation
from pptx.util import Pt
from pydantic import BaseModel

from conftest import absent
from qi_equity import project_file, sources
from qi_equity.analyse import analyse
from qi_equity.errors import UserError
from qi_equity.findings import TABLES, Findings, Gap
from qi_equity.findings.sides import went
from qi_equity.project import ALL_SITES, EVERYONE
from qi_equity.report import (
    FORMATS,
    PACKS,
    Asked,
    Provenance,
    made,
    made_of,
    pack_of,
    paper,
    web,
    write,
)  # fmt: skip
from qi_equity.report.fitting import height
from qi_equity.report.parts import Drawn, Listed, Panel, Said, parted
from qi_equity.report.trust import _places
from qi_equity.store import Action
from qi_equity.store.entries import (
    Assessment,
    Response,
)
from qi_equity.store.gathered import Counted, Heard, Staff, Staffed
from qi_equity.store.rounds import Beside
from qi_equity.view.export import document
from qi_equity.words.grammar import called
from qi_equity.words.numbers import amount, number
from qi_equity.words.report import gap_title, measure_title
from qi_equity.words.verdicts import verdict_word

ASKED = Asked()
RELEASE = Asked(provenance=Provenance(3, pd.Timestamp("2026-01-05"), "msds"))
POLICY = "1 to 7 shown as 5 (MSDS). Release 3, 5 Jan 2026."
DAY_0 = "1899-12-30"  # of spreadsheets
SMALLEST = Pt(18)
CASES_FOLDER = Path(__file__).parents[1] / "cases"
HOSTILE = '=HYPERLINK("http://x","y")</script><script>alert(1)</script>'


def relabelled(held, names):
    """A part of a project with other names; those that a project file would refuse too."""
    if isinstance(held, BaseModel):
        given = {one: relabelled(getattr(held, one), names) for one in type(held).model_fields}
        return held.model_copy(update=given)
    if isinstance(held, tuple):
        return tuple(relabelled(one, names) for one in held)
    return names.get(held, held) if isinstance(held, str) else held


def renamed(found: Findings, names: dict[str, str]) -> Findings:
    """The same findings with other names of strata, measures, sites, of whatever is named so."""
    tables = {
        name: getattr(found, name).assign(stratum=getattr(found, name)["stratum"].replace(names))
        for name in ("points", "charts", "gaps", "gap_points")
    }
    return replace(found, project=relabelled(found.project, names), **tables)


def long_names(found: Findings) -> Findings:
    """The same where every name has 200 letters, some of them one word."""
    project = found.project
    held = [project.title, project.network, project.sites[0].name]
    held += [text for one in project.measures for text in (one.name, one.denominator)]
    names = {name: (f"{name} " * 200)[:199] + "x" for name in [*held, "Black"]}
    return renamed(found, names | {"Asian": "B" * 200})


def minutes() -> Findings:
    """A measure in minutes, of a file that tells no more than means."""
    project = project_file.load(CASES_FOLDER / "projects" / "mins.yaml")
    table = CASES_FOLDER / "17_minutes_continuous.csv"
    return analyse(project, sources.load(project, table).observations)


def many_strata(found: Findings, many: int) -> Findings:
    """The same with the rows of one stratum again and again under other names."""
    raw = found.project.model_dump(by_alias=True, mode="json", exclude_none=True)
    names = [f"Group {place}" for place in range(many - len(raw["strata"]["groups"]))]
    raw["strata"]["groups"] += [{"name": name} for name in names]
    tables = {}
    for name in ("points", "charts", "gaps", "gap_points"):
        table = getattr(found, name)
        own = table[table["stratum"] == "Asian"]
        tables[name] = pd.concat([table, *(own.assign(stratum=one) for one in names)])
    return replace(found, project=type(found.project).model_validate(raw), **tables)


def suppressed(found: Findings) -> Findings:
    """The same where no number may be shown."""
    points = found.points.assign(
        **dict.fromkeys(("numerator", "denominator", "value", "centre", "lower", "upper"), np.nan)
    )
    charts = found.charts.assign(
        status="withheld", established=False, emerging=False, variation="", centre=np.nan
    )
    empty = {"gaps": pd.DataFrame(), "gap_points": pd.DataFrame()}
    return replace(found, points=points, charts=charts, **empty)


@pytest.fixture(scope="module")
def found() -> Findings:
    return made_findings(made_project(sites=1), weeks=16)


@pytest.fixture(scope="module")
def files(found):
    """The project pack in every format; the PDF by the way that needs no browser."""
    pack = pack_of("project", found, ASKED)
    return {kind: file_of(pack, found, kind) for kind in FORMATS}


def slide_texts(deck):
    for slide in deck.slides:
        for shape in slide.shapes:
            if shape.has_text_frame:
                yield shape.text_frame.text
            if shape.has_table:
                yield from (cell.text for row in shape.table.rows for cell in row.cells)
        yield slide.notes_slide.notes_text_frame.text


def text_in(kind: str, held: bytes) -> str:
    """All text of a file, its blanks as one."""
    if kind == "pptx":
        text = "\n".join(slide_texts(Presentation(io.BytesIO(held))))
    elif kind == "docx":
        word = Document(io.BytesIO(held))
        cells = [c.text for t in word.tables for row in t.rows for c in row.cells]
        text = "\n".join([*(p.text for p in word.paragraphs), *cells])
    elif kind == "xlsx":
        book = load_workbook(io.BytesIO(held), read_only=True)
        text = "\n".join(str(c) for row in book["in words"].values for c in row if c is not None)
    elif kind == "html":
        text = unescape(re.sub(r"<script.*?</script>|<[^>]+>", " ", held.decode(), flags=re.S))
    else:
        reader = subprocess.run(
            ["pdftotext", "-layout", "-", "-"], input=held, capture_output=True, check=True
        )
        text = reader.stdout.decode()
    return " ".join(text.replace("\u00a0", " ").split())


def told(found: Findings):
    """Every rate, ratio and verdict of findings.json, as a page writes them."""
    for gap in document(found)["gaps"]:
        measure = found.project.measure(gap["measure"])
        yield amount(gap["rate"] * measure.multiply, measure.unit)
        ends = (number(gap[f"ratio_{end}"], 2) for end in ("lower", "upper"))
        yield f"×{number(gap['ratio'], 2)} ({' to '.join(ends)})"
        yield verdict_word(gap["verdict"])


def file_of(pack, found: Findings, kind: str) -> bytes:
    """A pack in a format; the PDF by the way that needs no browser."""
    return paper.drawn(pack) if kind == "pdf" else made_of(pack, found, kind)


def needs_pdftotext(kind: str) -> None:
    if kind == "pdf" and shutil.which("pdftotext") is None:
        absent("pdftotext", "install Debian's package 'poppler-utils'")


@pytest.mark.parametrize("kind", FORMATS)
def test_numbers_and_verdicts_of_each_format_are_those_of_findings_json(found, files, kind):
    needs_pdftotext(kind)
    text = text_in(kind, files[kind]).lower()
    lacking = {one for one in told(found) if one.lower() not in text}
    assert lacking == set()


def words_of_pages(pack) -> set[str]:
    """Every sentence and every cell of a pack."""
    texts: set[str] = set()
    for page in pack.pages:
        texts |= {page.title, page.footer, *page.notes}
        for block in page.blocks:
            if isinstance(block, Listed):
                texts |= {cell for row in (block.table.header, *block.table.rows) for cell in row}
            elif isinstance(block, Said):
                texts |= {block.heading, *block.lines}
    return {" ".join(one.replace("\u00a0", " ").split()) for one in texts} - {""}


@pytest.mark.parametrize("name", PACKS)
def test_every_pack_says_the_same_in_every_format(found, name):
    steps = (Action(text="Put scales in theatre", owner="Mo", due="2024-09-01"),)
    pack = pack_of(name, found, Asked(actions=steps, provenance=RELEASE.provenance))
    texts = words_of_pages(pack)
    if name in ("board", "annual"):  # of the board paper, the measure that was declared
        primary = found.project.aim.primary.measure
        gaps = found.gaps if name == "annual" else found.gaps[found.gaps["measure"] == primary]
        said = " ".join(texts).lower()
        assert {one for one in told(replace(found, gaps=gaps)) if one.lower() not in said} == set()
    for kind in FORMATS:
        needs_pdftotext(kind)
        text = text_in(kind, file_of(pack, found, kind))
        if kind == "pdf":  # cells stand beside one another on a line of paper
            words = {word for one in texts for word in one.split()}
            assert words - set(text.split()) == set()
        else:
            assert {one for one in texts if one not in text} == set(), kind


def charts_of(deck):
    for slide in deck.slides:
        for shape in slide.shapes:
            if shape.has_chart:
                yield shape


def test_the_data_of_native_charts_are_the_points(found, files):
    points = found.points.set_index(["measure", "stratum"])
    deck = Presentation(io.BytesIO(files["pptx"]))
    seen = 0
    for shape in charts_of(deck):
        for measure in found.project.measures:
            key = (measure.id, shape.name)
            if key not in points.index or measure.name not in shape._element.xml:
                continue
            own, plot = points.loc[key], shape.chart.plots[0]
            held = {series.name: list(series.values) for series in plot.series}
            assert held["Value"] == [None if np.isnan(v) else v for v in own["value"]]
            assert held["Centre line"] == pytest.approx(own["centre"].tolist(), nan_ok=True)
            days = [
                pd.Timestamp(1899, 12, 30) + pd.Timedelta(days=float(n)) for n in plot.categories
            ]
            assert days == list(own["subgroup"])
            sheet = load_workbook(io.BytesIO(shape.chart.part.chart_workbook.xlsx_part.blob)).active
            # The library writes the workbook behind a chart to sixteen digits.
            behind = pd.Series([row[1] for row in sheet.values][1:], dtype=float)
            np.testing.assert_allclose(behind, own["value"], rtol=1e-15)
            concern = own["value"].where(own["meaning"] == "concern")
            if concern.notna().any():
                assert held["Special cause: concern"] == [
                    None if np.isnan(v) else v for v in concern
                ]
            seen += 1
    assert seen == 2 * 7


def test_slides_are_wide_large_and_told_to_those_who_do_not_see_them(files):
    deck = Presentation(io.BytesIO(files["pptx"]))
    assert deck.slide_width / deck.slide_height == pytest.approx(16 / 9, rel=0.001)
    for slide in deck.slides:
        assert slide.shapes.title.text_frame.text
        assert slide.notes_slide.notes_text_frame.text
        assert "not shown (HES)" in slide.shapes[1].text_frame.text  # the footer
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.left + shape.width <= deck.slide_width
            assert shape.top + shape.height <= deck.slide_height
            if shape.has_chart or shape.has_table:
                assert len(shape._element.xpath(".//p:cNvPr")[0].get("descr")) > 15
            sizes = re.findall(r'\bsz="(\d+)"', shape._element.xml)
            sizes += re.findall(
                r'\bsz="(\d+)"', shape.chart._chartSpace.xml if shape.has_chart else ""
            )
            assert all(Pt(int(size) / 100) >= SMALLEST for size in sizes)


def test_a_workbook_read_again_holds_every_table_as_it_was(found, files):
    for name, kind in TABLES.items():
        table = found.table(kind)
        if table.empty:
            continue
        again = pd.read_excel(io.BytesIO(files["xlsx"]), sheet_name=name, keep_default_na=False)
        assert list(again.columns) == list(table.columns)
        for column in table:
            before, after = table[column], again[column].replace("", np.nan)
            if pd.api.types.is_numeric_dtype(before.dtype):
                after = pd.to_numeric(after.replace("infinity", np.inf)).astype(float)
                np.testing.assert_array_equal(after, before.to_numpy(float, na_value=np.nan))
            else:
                before = before.astype(object).where(before.notna() & (before != ""), np.nan)
                assert after.astype(object).fillna("-").tolist() == before.fillna("-").tolist()


def test_no_text_is_a_formula_or_a_script(found):
    hostile = renamed(found, {"Black": HOSTILE, "Asian": "@SUM(A1)"})
    with zipfile.ZipFile(io.BytesIO(made(hostile, "board", "xlsx", ASKED))) as book:
        sheets = [book.read(one) for one in book.namelist() if "worksheets/" in one]
    assert not any(b"<f>" in sheet or b"<hyperlink" in sheet for sheet in sheets)
    page = made(hostile, "project", "html", ASKED).decode()
    assert "</script><script>alert" not in page
    assert "default-src 'none'; script-src 'sha256-" in unescape(page)
    outside = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    assert not re.findall(r"""(?:src|href)=["'](?!#)""", outside)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_findings_give_the_same_bytes(found, kind):
    make = (
        (lambda: paper.drawn(pack_of("board", found, ASKED)))
        if kind == "pdf"
        else (lambda: made(found, "board", kind, ASKED))
    )
    assert make() == make()


CASES = {
    "nothing to say": lambda found: Findings(found.project),
    "nothing that may be shown": suppressed,
    "18 strata": lambda found: many_strata(found, 18),
    "names of 200 letters": long_names,
    "names from right to left": lambda found: renamed(found, {"Black": "שחורה", "Asian": "آسيوية"}),
    "a measure in minutes": lambda found: minutes(),
}


def edges(shape):
    return shape.left, shape.top, shape.left + shape.width, shape.top + shape.height


def room_taken(shape) -> int:
    """How high the words of a text box are, by the letters that are measured."""
    paragraphs = shape.text_frame.paragraphs
    sizes = [run.font.size.pt for one in paragraphs for run in one.runs]
    return height([one.text for one in paragraphs], shape.width, max(sizes)) if sizes else 0


def assert_decent(slide, deck):
    """A title, something to see, the footer with policy and release; nothing runs into another."""
    shapes = list(slide.shapes)
    assert len(shapes) >= 3
    assert POLICY in " ".join(shapes[1].text_frame.text.split())
    for place, shape in enumerate(shapes):
        left, top, right, foot = edges(shape)
        assert left >= 0
        assert right <= deck.slide_width
        assert foot <= deck.slide_height
        if shape.has_text_frame and not shape.is_placeholder:
            assert room_taken(shape) <= shape.height + Pt(6), shape.text_frame.text
        for other in shapes[place + 1 :]:
            across, down, end, below = edges(other)
            apart = right <= across or end <= left or foot <= down or below <= top
            assert apart, (shape.name, other.name)


@pytest.mark.parametrize("case", CASES)
def test_a_decent_page_whatever_there_is(found, case):
    odd = CASES[case](found)
    board = pack_of("board", odd, RELEASE)
    assert len(board.pages) <= 2
    for pack in (board, pack_of("project", odd, RELEASE)):
        deck = Presentation(io.BytesIO(made_of(pack, odd, "pptx")))
        for slide in deck.slides:
            assert_decent(slide, deck)
    for kind in ("xlsx", "html", "docx"):
        text = text_in(kind, made_of(board, odd, kind))
        assert text.count(POLICY) >= len(board.pages)
        assert "nan" not in text.split()
    assert paper.drawn(board).startswith(b"%PDF")


def test_workbooks_of_several_packs_share_no_numbers_of_styles(found):
    for name in PACKS:  # a pack that uses fewer looks numbers them otherwise
        book = load_workbook(io.BytesIO(made(found, name, "xlsx", ASKED)))
        first = next(cell for cell in book["points"][1] if cell.value == "subgroup")
        assert book["points"].cell(2, first.column).number_format == "dd mmm yyyy"


def test_a_group_of_which_nothing_is_shown_has_no_chart_in_any_pack(found):
    points = found.points
    kept = points.assign(value=points["value"].where(points["stratum"] != "Mixed"))
    pack = pack_of("annual", replace(found, points=kept), RELEASE)
    drawn = [block for page in pack.pages for block in page.blocks if isinstance(block, Drawn)]
    names = {panel.title for block in drawn for panel in block.panels}
    assert {"Everyone", "Black"} <= names
    assert "Mixed" not in names
    assert made_of(pack, found, "xlsx")


def test_a_page_says_no_more_of_a_change_than_was_looked_at(found):
    hidden = pack_of("board", suppressed(found), RELEASE).pages
    assert hidden[0].title.endswith("all numbers are withheld, for they are small")
    few = {"subgroups": 4, "variation": "common cause", "established": False, "emerging": False}
    short = replace(found, charts=found.charts.assign(**few))
    told = pack_of("board", replace(short, gaps=found.gaps.assign(established=False)), RELEASE)
    assert told.pages[0].title.startswith("Too few points yet to see a change")
    table = next(one for one in told.pages[0].blocks if isinstance(one, Listed)).table
    assert all(cell.endswith("too few points") for row in table.rows for cell in row[1:])
    unjudged = replace(found, judged=False)
    assert "No change is established" not in pack_of("board", unjudged, RELEASE).pages[0].title


def test_what_is_established_of_a_gap_is_the_message_of_its_page(found):
    row = next(one for one in found.rows(Gap) if went(one) == "widening")
    measure = found.project.measure(row.measure)
    others = replace(row, stratum="White", declared=False, established=False, verdict="steady")
    undeclared = replace(row, declared=False, verdict="no gap")
    assert gap_title([others, undeclared], measure).endswith(f"widening ({row.stratum})")


def test_strata_are_spread_evenly_over_pages(found):
    many = many_strata(found, 18)
    drawn = [
        len(block.panels)
        for page in pack_of("project", many, ASKED).pages
        for block in page.blocks
        if isinstance(block, Drawn) and isinstance(block.panels[0], Panel) and len(block.panels) > 2
    ]
    assert drawn[:4] == [5, 5, 5, 4]
    assert [len(part) for _, part in parted(range(19), 6)] == [5, 5, 5, 4]


def test_a_trusts_own_template_is_used_and_another_file_refused(found, tmp_path):
    own = Presentation()
    own.slide_width, own.slide_height = 12192000, 6858000
    own.slides.add_slide(own.slide_layouts[0])
    kept = io.BytesIO()
    own.save(kept)
    potx = tmp_path / "trust.potx"
    with zipfile.ZipFile(kept) as before, zipfile.ZipFile(potx, "w") as after:
        for name in before.namelist():
            part = before.read(name).replace(b'"Calibri"', b'"Trust Sans"')
            after.writestr(name, part.replace(b"presentation.main+xml", b"template.main+xml"))
    held = made(found, "board", "pptx", ASKED, potx)
    deck = Presentation(io.BytesIO(held))
    assert len(deck.slides) == 2, "its own slides are not sent round"
    with zipfile.ZipFile(io.BytesIO(held)) as made_:
        assert b"Trust Sans" in b"".join(
            made_.read(name) for name in made_.namelist() if "theme" in name
        )
    wrong = tmp_path / "notes.potx"
    wrong.write_text("no template", encoding="utf-8")
    with pytest.raises(UserError, match=r"notes\.potx: is no PowerPoint template"):
        made(found, "board", "pptx", ASKED, wrong)


def test_a_page_says_from_which_release_it_is(found):
    release = Provenance(3, pd.Timestamp("2026-01-05"), "msds")
    page = pack_of("board", found, Asked(provenance=release)).pages[0]
    assert "shown as 5 (MSDS). Release 3, 5 Jan 2026." in page.footer
    assert (
        "True counts"
        in pack_of("board", found, Asked(provenance=Provenance(team=True))).pages[0].footer
    )


def test_next_steps_stand_with_owner_and_day_and_overdue_ones_are_named(found):
    steps = (
        Action(text="Put scales in theatre", owner="Mo", due="2024-09-01"),
        Action(text="Ring the interpreters", owner="Ada", due="2030-01-01"),
    )
    asked = Asked(actions=steps)
    table = next(
        block.table
        for block in pack_of("session", found, asked).pages[-1].blocks
        if isinstance(block, Listed)
    )
    assert table.rows[0] == ("Put scales in theatre", "Mo", "1 Sep 2024", "To do")
    board = " ".join(
        line
        for block in pack_of("board", found, asked).pages[1].blocks
        for line in getattr(block, "lines", ())
    )
    assert "Put scales in theatre (Mo, due 1 Sep 2024)" in board
    assert "Ring the interpreters" not in board


def test_files_are_named_by_project_and_pack(found, tmp_path):
    released = Provenance(policy="hes")
    paths = write(found, tmp_path, pack="board", formats=("html", "xlsx"), provenance=released)
    assert [path.name for path in paths] == ["pph-board.html", "pph-board.xlsx"]
    # True counts are not to be found where the pack to send round is looked for.
    (path,) = write(found, tmp_path, pack="board", formats=("html",))
    assert path.name == "pph-board-team.html"
    with pytest.raises(UserError, match="no format called 'ppt'; did you mean 'pptx'"):
        write(found, tmp_path, formats=("ppt",))


def test_what_makes_reports_is_imported_only_when_used():
    code = (
        "import sys, qi_equity, qi_equity.cli, qi_equity.analyse;"
        "print([one for one in ('pptx', 'docx', 'xlsxwriter', 'matplotlib') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_declared_contrast_is_the_message_of_the_gaps(found):
    gaps = found.gaps.assign(declared=found.gaps["stratum"] == "Black")
    page = pack_of("board", replace(found, gaps=gaps), ASKED).pages[1]
    row = next(one for one in replace(found, gaps=gaps).rows(Gap) if one.stratum == "Black")
    assert page.title.startswith(
        f"Blood loss of 1,000 ml or more: widening, established for Black, ×{number(row.ratio, 2)}"
    )
    assert EVERYONE not in page.title


def test_the_board_paper_names_late_answers_missing_voices_people_and_score(found):
    sites = tuple(site.id for site in found.project.sites)
    rows = tuple(
        Staffed(indicator=2, year="2025", part="all staff", recruits="all", group=group,
                events=x, out_of=n)
        for group, x, n in (("White", 160, 1000), ("BME", 24, 210))
    )  # fmt: skip
    groups = tuple(
        Counted(stratum=name, people=n)
        for name, n in (("Black", 3), ("White", 40), ("Asian", 40), ("Mixed", 40), ("Other", 40))
    )
    hidden = tuple(one.model_copy(update={"people": None}) for one in groups)
    late = Response(
        about="widening/pph/All%20sites/Black",
        opened="2024-01-01",
        due="2024-01-11",
        owner="Mo Ali",
    )
    score = Assessment(day="2024-04-01", score=3.5, by="team", why="Scales are in use")
    beside = Beside(
        responses=(late,), scores=(score,), staff=Staff(title="wres", rows=rows, shown=rows),
        voices=Heard(title="Survey", since="2024-07-01", until="2026-06-22", groups=groups,
                     shown_groups=hidden, sites=sites),
    )  # fmt: skip
    whose = Provenance(team=True)
    team = pack_of("board", found, Asked(beside=beside, provenance=whose))
    assert len(team.pages) == 2
    said = " ".join(line for block in team.pages[1].blocks for line in getattr(block, "lines", ()))
    assert "Answer to a signal: The gap widens" in said
    assert "(Mo Ali, due 11 Jan 2024)" in said
    assert "Further voices that would bring parity: Black" in said
    assert "for 1 there are too few to say" in said
    assert "The team, 1 Apr 2024: 3.5" in said
    assert any(note.startswith("13. What was heard") for note in team.pages[1].notes)
    network = pack_of("board", found, Asked(beside=beside, provenance=Provenance(policy="hes")))
    lines = [line for block in network.pages[1].blocks for line in getattr(block, "lines", ())]
    told = " ".join([*network.pages[1].notes, *lines])
    assert "parity: Black" not in told


def test_the_project_pack_has_a_page_on_how_far_the_team_has_come(found):
    titles = [page.title for page in pack_of("project", found, ASKED).pages]
    assert any(title.startswith("The data would have") for title in titles)


@pytest.mark.parametrize(
    ("true_of", "told"),
    [
        ({"a": ["Black"], "b": ["Asian"]}, ["Black, Asian; at 2 sites"]),
        ({ALL_SITES: ["Black"], "a": ["Asian"]}, ["Black", "Ash: Asian"]),
        ({ALL_SITES: ["Black"], "a": ["Black"]}, ["Black; also at 1 site"]),
        ({"": [], "a": []}, [""]),
        ({"a": [], "b": ["Asian"]}, ["Ash", "Birch: Asian"]),
    ],
)
def test_a_caution_stands_where_it_is_true_and_nowhere_else(true_of, told):
    assert list(_places(true_of, {"a": "Ash", "b": "Birch"})) == told


def test_groups_left_to_the_notes_stand_there(found):
    gaps = pd.concat([found.gaps] * 2, ignore_index=True).assign(verdict="")
    page = pack_of("board", replace(found, gaps=gaps, judged=False), ASKED).pages[1]
    rows = replace(found, gaps=gaps).rows(Gap)
    strata = {one.stratum for one in rows if one.measure == found.project.aim.primary.measure}
    assert all(any(called(name) in note for note in page.notes) for name in strata)


def test_a_chart_that_nothing_watches_yet_is_not_said_to_have_no_signal(found):
    charts = found.charts.assign(
        variation="common cause", established=False, not_watched="in baseline"
    )
    first = pack_of("board", replace(found, charts=charts), ASKED).pages[0]
    assert "no signal" not in str(first.blocks)


def test_notes_say_of_what_is_not_shown_that_it_is_not(found):
    hidden = suppressed(found)
    hidden = replace(hidden, charts=hidden.charts.assign(subgroups=np.nan))
    notes = pack_of("board", hidden, RELEASE).pages[0].notes
    assert any(note.startswith("Black. These counts are small") for note in notes)
    assert not any("nan" in note.split() for note in notes)


def test_on_paper_what_to_say_stands_after_all_pages_and_once(found):
    pack = pack_of("board", found, ASKED)
    word = [one.text for one in Document(io.BytesIO(made_of(pack, found, "docx"))).paragraphs]
    printed = web.page(pack, still=True)
    printed = unescape(re.sub(r"<[^>]+>", "\n", printed)).split("\n")
    for lines in (word, printed):
        begin = lines.index("Notes: what to say with each page")
        assert all(lines.index(page.title) < begin for page in pack.pages)
        rest = [line for line in lines[begin:] if line]
        told = [text for page in pack.pages for text in (page.title, *page.notes)]
        assert rest[1 : 1 + len(told)] == told, "in their order: a line may head those after it"


def test_a_page_of_charts_says_where_it_is_too_early_to_see_a_change(found):
    still = {"established": False, "emerging": False, "variation": "common cause"}
    charts = found.charts.assign(subgroups=20, **still)
    few = charts["stratum"] == "Mixed"

    def title(table):
        measure = found.project.measures[0]
        return measure_title(replace(found, charts=table), measure, found.project.sites[0].id)

    assert title(charts).endswith("no change stands out in any group")
    one = charts.assign(subgroups=charts["subgroups"].mask(few, 4))
    assert title(one).endswith("no change stands out where there is enough to see one")
    assert title(charts.assign(subgroups=4)).endswith("too early to see a change")


def test_a_session_without_an_agenda_shows_what_stays_the_same(found):
    quiet = {"established": False, "emerging": False, "variation": "common cause"}
    still = replace(found, charts=found.charts.assign(**quiet), gaps=found.gaps.assign(
        established=False, verdict="steady"))  # fmt: skip
    first, second, *_ = pack_of("session", still, ASKED).pages
    assert any(isinstance(block, Listed) for block in first.blocks)
    assert second.title.startswith("Blood loss of 1,000 ml or more: steady")
