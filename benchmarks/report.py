"""All packs and formats of ten sites in four projects against one pack of one project.

    python benchmarks/report.py            # the example network; PDF without a browser too
    python benchmarks/report.py 1          # of one project alone, a quarter of the time

Prints processor seconds as they come, their ratio and the most memory held. PowerPoint and Excel
need no browser; the PDF here is the one that needs none either. The pages of a pack are made once
for all its formats, and the tables of a workbook once for all packs of the same findings.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from qi_equity.analyse import analyse
from qi_equity.app.example import example_network
from qi_equity.findings import Findings
from qi_equity.report import FORMATS, PACKS, Asked, made_of, pack_of, paper

SITES, PROJECTS, MOST = 10, 4, 45


def seconds(what: Callable[[], object]) -> float:
    start = time.process_time()
    what()
    return time.process_time() - start


def every(findings: Findings, packs: tuple[str, ...]) -> None:
    """Each pack in each format."""
    for name in packs:
        pack = pack_of(name, findings, Asked())
        for kind in FORMATS:
            if kind == "pdf":
                paper.drawn(pack)
            else:
                made_of(pack, findings, kind)


def main(many: int = PROJECTS) -> int:
    projects, tables = example_network()
    wide = [one for one in projects if len(one.sites) >= SITES][:many]
    first = analyse(wide[0], tables[wide[0].id])
    every(replace(first), ("board",))  # imports, fonts and templates are no part of the ratio
    one = seconds(lambda: every(replace(first), ("project",)))
    print(f"one project's pack, every format: {one:.1f} s", flush=True)
    whole = 0.0
    for project in wide:
        held = first if project is wide[0] else analyse(project, tables[project.id])
        whole += (took := seconds(lambda held=held: every(held, tuple(PACKS))))
        print(f"{project.id}, every pack and format: {took:.1f} s", flush=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(wide)} projects of {SITES} sites, every pack and format: {whole:.1f} s")
    print(f"ratio {whole / one:.1f} (at most {MOST}), {memory:.0f} MB at the most")
    return int(whole / one > MOST)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
