"""Pictures of packs made from the example network, real births and public figures.

    python docs/examples_of_reports.py ../shared/data            # those that docs/ keeps
    python docs/examples_of_reports.py ../shared/data pph        # of the names that begin so
    python docs/examples_of_reports.py ../shared/data --every DIR  # each pack in each format

Writes docs/examples/PROJECT-PACK-FORMAT.png, made for the network. The board paper is there in
every format: slides, Word and Excel as LibreOffice opens them, the page as Chromium shows it, the
PDF as it is. The other packs are kept in one format each, for their weight; `--every` puts all of
them, pictures and the files that they are of, into a folder to be looked at. Needs those two,
pdftoppm and letters as wide as Arial's (Debian: libreoffice, chromium, poppler-utils,
fonts-liberation).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from qi_equity import project_file, sources, store
from qi_equity.app import demo, example
from qi_equity.disclosure import Releases, release
from qi_equity.findings import Findings
from qi_equity.network.responding import signals
from qi_equity.report import FORMATS, PACKS, Asked, Pack, Provenance, made_of, pack_of
from qi_equity.store.entries import Action, Response
from qi_equity.store.rounds import written_down

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "docs" / "examples"
# Project file and table of real births and of public figures; none is the project's own table.
REAL = (
    ("projects/chds_preterm.yaml", None),
    ("tests/unit/projects/us_infant_deaths.yaml", "us_states_infant_deaths_halfyear.csv"),
    (
        "projects/msds/continuity_of_carer_by_ethnicity.yaml",
        "msds_apr2025_continuity_of_carer_by_ethnicity_imd.csv",
    ),
)
# The formats of each pack that docs/ keeps.
SHOWN = {
    "board": tuple(FORMATS), "project": ("pptx",), "session": ("pptx",), "annual": ("docx",),
}  # fmt: skip
TODAY = date(2026, 11, 28)  # the example network is moved in time to end before it
DOTS, ACROSS, MOST = 36, 4, 16  # dots to an inch (a third of a screen's), to a row, to a sheet
SCREEN = (1280, 2600)  # of a page in a browser
PRINTED = 'pdf:calc_pdf_Export:{"PageRange":{"type":"string","value":"1-6"}}'


def subjects(data: Path) -> Iterator[tuple[Findings, Asked]]:
    """What the network may see of each, and what its pages are asked for."""
    yield example_network()
    for plan, name in REAL:
        path = ROOT / plan
        project = project_file.load(path)
        table = data / name if name is not None else None
        counts = sources.load(project, table, base=path.parent).observations
        yield (
            release(project, counts),
            Asked(provenance=Provenance(policy=project.disclosure.policy)),
        )


def example_network() -> tuple[Findings, Asked]:
    """Its first release, with voices, staff, a step and an answer to a signal that are late."""
    with tempfile.TemporaryDirectory() as folder:
        network = demo.filled(Path(folder), pd.Timestamp(TODAY))
        demo.shared(network)
        network.close()
        kept = store.open(Path(folder) / "network.sqlite", protect=Releases())
        desk, name = kept.as_user(example.VISITOR), example.STORIES_OF
        found, last = desk.protected(name), desk.releases(name)[-1]
        early, late = TODAY - timedelta(days=40), TODAY - timedelta(days=12)
        for signal in signals(found, TODAY)[:1]:
            desk.write(name, Response(about=signal.id, opened=early, due=late, owner="Mo Ali"))
        step = "Put scales for weighing blood loss in every birth room"
        desk.write(name, Action(text=step, owner="Ada Grant", due=late.isoformat()))
        told: dict[str, Any] = written_down(desk, name, network=True)
        policy = str(last.record["policy"]["name"])
        provenance = Provenance(last.number, pd.Timestamp(last.day), policy)
        kept.close()
    return found, Asked(provenance=provenance, today=pd.Timestamp(TODAY), **told)


def pictured(pack: Pack, found: Findings, kind: str, place: Path, keep: bool) -> Path:
    """A pack in a format, its pages on one sheet; the file itself beside it if it is kept."""
    name = f"{found.project.id}-{pack.name}-{kind}"
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        written = folder / f"{name}.{kind}"
        written.write_bytes(made_of(pack, found, kind))
        if keep:
            shutil.copy(written, place)
        sides = [Image.open(path) for path in pages(written, folder)]
        return sheet(sides, place / f"{name}.png")


def pages(written: Path, folder: Path, most: int = MOST) -> list[Path]:
    """A picture of each page of a file, as whoever opens it sees it."""
    if written.suffix == ".html":
        browser = shutil.which("chromium") or "google-chrome"
        size = "--window-size={},{}".format(*SCREEN)
        shot = folder / "page.png"
        subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", size,
                f"--user-data-dir={folder}/browser", "--virtual-time-budget=20000",
                f"--screenshot={shot}", written.as_uri(),
            ],
            check=True, capture_output=True,
        )  # fmt: skip
        return [shot]
    paper = written.with_suffix(".pdf")
    if written != paper:
        office = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless"]
        what = PRINTED if written.suffix == ".xlsx" else "pdf"
        subprocess.run(
            [*office, "--convert-to", what, "--outdir", folder, written],
            check=True, capture_output=True,
        )  # fmt: skip
    dots = DOTS if written.suffix == ".pptx" else 2 * DOTS  # paper is read from nearer
    subprocess.run(
        ["pdftoppm", "-r", str(dots), "-png", "-l", str(most), paper, f"{folder}/side"], check=True
    )
    return sorted(folder.glob("side*.png"))


def sheet(sides: list[Image.Image], path: Path) -> Path:
    """Pictures side by side, in few colours."""
    wide, high = (max(one.size[place] for one in sides) for place in (0, 1))
    across = min(ACROSS, len(sides))
    rows = -(-len(sides) // across)
    whole = Image.new("RGB", ((wide + 4) * across, (high + 4) * rows), "#83929c")
    for place, side in enumerate(sides):
        whole.paste(side, ((place % across) * (wide + 4), (place // across) * (high + 4)))
    # Marks are few and small: of a small palette their colours would be others.
    whole.quantize(96, method=Image.Quantize.MAXCOVERAGE).save(path, optimize=True)
    return path


def main(data: Path, begins: str, every: Path | None) -> None:
    """Make every sheet."""
    shown = SHOWN if every is None else dict.fromkeys(PACKS, tuple(FORMATS))
    place = every or EXAMPLES
    place.mkdir(parents=True, exist_ok=True)
    for found, asked in subjects(data):
        for name, kinds in shown.items():
            pack = pack_of(name, found, asked)
            for kind in kinds:
                if f"{found.project.id}-{name}-{kind}".startswith(begins):
                    print(pictured(pack, found, kind, place, every is not None), flush=True)


if __name__ == "__main__":
    given = argparse.ArgumentParser(description="Pictures of packs.")
    given.add_argument("data", type=Path, help="the folder of public figures")
    given.add_argument("begins", nargs="?", default="", help="only names that begin so")
    given.add_argument("--every", type=Path, help="a folder for each pack in each format")
    main(**vars(given.parse_args()))
