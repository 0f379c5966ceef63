"""Pictures of packs made from real births, public figures and the example network.

    python docs/examples_of_reports.py ../shared/data

Writes docs/examples/*.png: each sheet holds the slides of one pack, made for the network. Needs
LibreOffice and pdftoppm (Debian: libreoffice-impress, poppler-utils).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from qi_equity import project_file, sources
from qi_equity.app.example import example_network
from qi_equity.disclosure import network_findings
from qi_equity.findings import Findings
from qi_equity.report import Provenance, write

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "docs" / "examples"
# Project file and table of public figures, both of another's making.
PUBLIC = (
    ("tests/unit/projects/us_infant_deaths.yaml", "us_states_infant_deaths_halfyear.csv"),
    (
        "projects/msds/continuity_of_carer_by_ethnicity.yaml",
        "msds_apr2025_continuity_of_carer_by_ethnicity_imd.csv",
    ),
)
MADE_UP, REAL = "pph_reduction", "chds_preterm"
DOTS, ACROSS, MOST = 36, 4, 16  # dots to an inch, slides to a row and to a sheet


def findings(data: Path) -> list[Findings]:
    """What the network may see of each."""
    projects, tables = example_network()
    found = [network_findings(one, tables[one.id]) for one in projects if one.id in (MADE_UP, REAL)]
    for mapping, name in PUBLIC:
        project = project_file.load(ROOT / mapping)
        found.append(network_findings(project, sources.load(project, data / name).observations))
    return found


def pictured(held: Findings, pack: str) -> Path:
    """The slides of a pack on one sheet."""
    with tempfile.TemporaryDirectory() as folder:
        provenance = Provenance(policy=held.project.disclosure.policy)
        (deck,) = write(held, folder, pack=pack, provenance=provenance)
        office = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless"]
        subprocess.run(
            [*office, "--convert-to", "pdf", "--outdir", folder, deck],
            check=True, capture_output=True,
        )  # fmt: skip
        paper = deck.with_suffix(".pdf")
        subprocess.run(
            ["pdftoppm", "-r", str(DOTS), "-png", "-l", str(MOST), paper, f"{folder}/slide"],
            check=True,
        )
        slides = [Image.open(path) for path in sorted(Path(folder).glob("slide*.png"))]
        return sheet(slides, EXAMPLES / f"{held.project.id}-{pack}.png")


def sheet(slides: list[Image.Image], path: Path) -> Path:
    """Pictures side by side, in few colours."""
    wide, high = slides[0].size
    across = min(ACROSS, len(slides))
    rows = -(-len(slides) // across)
    whole = Image.new("RGB", ((wide + 4) * across, (high + 4) * rows), "#83929c")
    for place, slide in enumerate(slides):
        whole.paste(slide, ((place % across) * (wide + 4), (place // across) * (high + 4)))
    whole.quantize(48).save(path, optimize=True)
    return path


def main(data: Path) -> None:
    """Make every sheet."""
    EXAMPLES.mkdir(exist_ok=True)
    for held in findings(data):
        for pack in ("board", "project"):
            print(pictured(held, pack))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
