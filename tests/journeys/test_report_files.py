"""Reports of real births by the command, opened again by a browser and by LibreOffice."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from docx import Document
from openpyxl import load_workbook
from pptx import Presentation
from typer.testing import CliRunner

from conftest import absent
from qi_equity import cli
from qi_equity.report import PACKS, paper

# What reads each again, and how much there must be of it.
OPENED = {
    "pptx": lambda path: len(Presentation(path).slides),
    "docx": lambda path: len(Document(path).paragraphs),
    "xlsx": lambda path: len(load_workbook(path).sheetnames) > 3,
}
SAID = dict.fromkeys(PACKS, "Born before 37 weeks") | {"session": "Next steps"}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Every pack of the CHDS births in every format, made for the network."""
    out = tmp_path_factory.mktemp("report")
    done = CliRunner().invoke(
        cli.app,
        [
            "report", str(ROOT / "projects" / "chds_preterm.yaml"), "--pack", ",".join(PACKS),
            "--format", "pptx,xlsx,html,pdf,docx", "--out", str(out),
        ],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert sum(line.startswith("wrote ") for line in done.output.splitlines()) == 5 * len(PACKS)
    return out


def read(paper_file: Path) -> str:
    if shutil.which("pdftotext") is None:
        absent("pdftotext", "install Debian's package 'poppler-utils'")
    done = subprocess.run(["pdftotext", paper_file, "-"], capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


def test_each_pdf_holds_its_pages_and_says_its_policy(folder):
    for name in PACKS:
        text = read(folder / f"chds_preterm-{name}.pdf")
        assert SAID[name] in text, name
        assert "not shown (HES)" in text, name


def test_a_browser_that_prints_nothing_leaves_the_pages_to_us(folder, monkeypatch):
    monkeypatch.setattr(paper, "printed", lambda pack, browser: b"")
    monkeypatch.setattr(paper, "drawn", lambda pack: b"drawn")
    assert paper.written(None, None) == b"drawn"


@pytest.mark.parametrize("kind", ["pptx", "docx", "xlsx"])
def test_libreoffice_and_what_wrote_it_open_each_file(folder, tmp_path, kind):
    office = shutil.which("soffice")
    if office is None:
        absent("LibreOffice", "install Debian's packages 'libreoffice-impress' and its siblings")
    for name in PACKS:
        assert OPENED[kind](folder / f"chds_preterm-{name}.{kind}")
    subprocess.run(
        [
            office, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless",
            "--convert-to", "pdf", "--outdir", tmp_path,
            *(folder / f"chds_preterm-{name}.{kind}" for name in PACKS),
        ],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    for name in PACKS:
        text = read(tmp_path / f"chds_preterm-{name}.pdf")
        assert SAID[name] in text, name
        assert "not shown (HES)" in text, name


def test_a_word_that_nothing_is_called_is_named_with_the_way_out():
    project = str(ROOT / "projects" / "chds_preterm.yaml")
    for option, value, meant in (
        ("--pack", "bord", "board"),
        ("--format", "ppt", "pptx"),
        ("--for", "teem", "team"),
    ):
        done = CliRunner().invoke(cli.app, ["report", project, option, value])
        assert done.exit_code == 1
        assert f"did you mean '{meant}'" in str(done.exception)
