"""Reports of real births by the command, opened again by a browser and by LibreOffice."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import absent
from qi_equity import cli
from qi_equity.report import paper

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The board paper of the CHDS births in every format, made for the network."""
    out = tmp_path_factory.mktemp("report")
    done = CliRunner().invoke(
        cli.app,
        [
            "report", str(ROOT / "projects" / "chds_preterm.yaml"), "--pack", "board",
            "--format", "pptx,xlsx,html,pdf,docx", "--out", str(out),
        ],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert sum(line.startswith("wrote ") for line in done.output.splitlines()) == 5
    return out


def read(paper_file: Path) -> str:
    if shutil.which("pdftotext") is None:
        absent("pdftotext", "install Debian's package 'poppler-utils'")
    done = subprocess.run(["pdftotext", paper_file, "-"], capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


def test_the_pdf_holds_both_pages_and_says_its_policy(folder):
    text = read(folder / "chds_preterm-board.pdf")
    assert "Born before 37 weeks" in text
    assert "not shown (HES)" in text


def test_a_browser_that_prints_nothing_leaves_the_pages_to_us(folder, monkeypatch):
    monkeypatch.setattr(paper, "printed", lambda pack, browser: b"")
    monkeypatch.setattr(paper, "drawn", lambda pack: b"drawn")
    assert paper.written(None, None) == b"drawn"


def test_libreoffice_opens_each_file(folder, tmp_path):
    office = shutil.which("soffice")
    if office is None:
        absent("LibreOffice", "install Debian's packages 'libreoffice-impress' and its siblings")
    names = [folder / f"chds_preterm-board.{kind}" for kind in ("pptx", "docx", "xlsx")]
    for path in names:
        subprocess.run(
            [
                office, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless",
                "--convert-to", "pdf", "--outdir", tmp_path / path.suffix[1:], path,
            ],
            check=True, capture_output=True, timeout=180,
        )  # fmt: skip
        text = read(tmp_path / path.suffix[1:] / "chds_preterm-board.pdf")
        assert "Born before 37 weeks" in text, path.suffix


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
