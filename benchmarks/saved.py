"""From Save to the new verdicts on the page, beside what a page costs to answer: ratios.

python benchmarks/saved.py [saves]

The example network's project in a store of its own, asked in this process as a browser asks it: a
count of one site is saved on the log page, and the gap page of that site is asked for until its
verdicts are of the new counts. The page answer beside it is one that nobody has asked for before.
Times are by the clock, since people wait by the clock; the least of all saves is given too.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from time import monotonic, sleep

from qi_equity import project_file
from qi_equity.app import live
from qi_equity.app.example import VISITOR
from qi_equity.app.render import Answer, Renderer
from qi_equity.simulation import synthetic

PROJECT, MEASURE, SITE = "pph_reduction", "pph_1000", "site_b"
GAP = f"?page=gap&project={PROJECT}&measure={MEASURE}&site={SITE}"
LOOKS_AGAIN = 0.3  # seconds, as app.js does


def settled(renderer: Renderer, address: str) -> Answer:
    """The page once its verdicts are in, asked for as a browser does."""
    while (answer := renderer.answer(address))["waiting"]:
        sleep(LOOKS_AGAIN)
    return answer


def saved(renderer: Renderer, desk: live.Desk, save: int) -> tuple[float, float]:
    """Seconds until Save is answered, and until the verdicts on it are there."""
    table = desk.observations(PROJECT)
    row = table[(table["site"] == SITE) & (table["measure"] == MEASURE)].iloc[-1 - save]
    counts = {"numerator": row["numerator"], "denominator": row["denominator"] + 1}
    typed = {name: str(int(number)) for name, number in counts.items()}
    row = (
        row[["measure", "stratum", "revision"]].to_dict()
        | typed
        | {"subgroup": row["subgroup"].date().isoformat()}
    )
    begun = monotonic()
    log = GAP.replace("page=gap", "page=log")
    done = renderer.act("log", {"rows": [row], "site": SITE, "reason": "a slip"}, log)
    assert "problems" not in done, done
    answered = monotonic() - begun
    settled(renderer, GAP)
    return answered, monotonic() - begun


def answered(renderer: Renderer, sites: list[str]) -> float:
    """Seconds of a page that nobody has asked for."""
    took = []
    for site in sites:
        begun = monotonic()
        renderer.answer(GAP.replace(SITE, site))
        took.append(monotonic() - begun)
    return statistics.median(took)


def main() -> None:
    saves = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        network = live.opened(Path(folder) / "network.sqlite")
        desk = network.store.as_user(VISITOR, origin="cli")
        path = project_file.examples()[PROJECT]
        project = project_file.load(path)
        desk.save_project(project, path.read_text(encoding="utf-8"))
        table = synthetic.network([project]).observations[project.id]
        desk.import_table(project.id, table, "0" * 64, reason="the example network")
        renderer = Renderer(network.seat(VISITOR))
        settled(renderer, GAP)
        page = answered(renderer, [site.id for site in project.sites if site.id != SITE])
        took = [saved(renderer, desk, save) for save in range(saves)]
        network.close()
    print(f"a page: {page * 1000:.0f} ms")
    for name, each in zip(
        ("Save answered", "verdicts there"), zip(*took, strict=True), strict=True
    ):
        middle, least = statistics.median(each), min(each)
        print(f"{name}: {middle:.2f} s ({middle / page:.0f} pages), least {least:.2f} s")


if __name__ == "__main__":
    main()
