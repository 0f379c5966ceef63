"""All packs and formats of ten sites in four projects against one pack of one project.

    python benchmarks/report.py            # the example network; PDF without a browser too

Prints processor seconds, their ratio and the most memory held. PowerPoint and Excel need no
browser; the PDF here is the one that needs none either.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable

from qi_equity.analyse import analyse
from qi_equity.app.demo import example_network
from qi_equity.findings import Findings
from qi_equity.report import FORMATS, PACKS, Asked, made, pack_of, paper

SITES, PROJECTS, MOST = 10, 4, 45


def seconds(what: Callable[[], object]) -> float:
    start = time.process_time()
    what()
    return time.process_time() - start


def every(findings: Findings, packs: tuple[str, ...]) -> None:
    """Each pack in each format."""
    for pack in packs:
        for kind in FORMATS:
            if kind == "pdf":
                paper.drawn(pack_of(pack, findings, Asked()))
            else:
                made(findings, pack, kind, Asked())


def main() -> int:
    projects, tables = example_network()
    wide = [one for one in projects if len(one.sites) >= SITES][:PROJECTS]
    found = [analyse(one, tables[one.id]) for one in wide]
    every(found[0], ("board",))  # imports, fonts and templates are no part of the ratio
    one = seconds(lambda: every(found[0], ("project",)))
    whole = sum(seconds(lambda held=held: every(held, tuple(PACKS))) for held in found)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"one project's pack, every format: {one:.1f} s")
    print(f"{len(found)} projects of {SITES} sites, every pack and format: {whole:.1f} s")
    print(f"ratio {whole / one:.1f} (at most {MOST}), {memory:.0f} MB at the most")
    return int(whole / one > MOST)


if __name__ == "__main__":
    sys.exit(main())
