"""Everything that can go wrong under a store, played at full size: the table of faults.

    python benchmarks/faults.py [--share 1.0] [--only disk] [--write]

Each fault is played on a store of its own, on SQLite or on a PostgreSQL server of this run's own.
--write puts the rows into docs/explanation/faults.md, those not played keep theirs; --share plays a
part of the times only.
The plays are those of tests/journeys/fault_plays.py.
"""

from __future__ import annotations

import argparse
import datetime
import re
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/journeys")]

from fault_plays import FAULTS, Ground, Played  # noqa: E402

import postgres_server  # noqa: E402

PAGE = ROOT / "docs/explanation/faults.md"
BEGIN, END = "<!-- the table, made by benchmarks/faults.py -->", "<!-- its end -->"
HEAD = (
    "| fault | times | on | acknowledged writes kept | works again after, s | what is said |\n"
    "|---|---:|---|---|---:|---|"
)


def line(name: str, times: int, found: Played) -> str:
    """A row of the table; links and moments are left out of the words."""
    said = re.sub(r"[0-9a-f]{64}|\d{4}-\d\d-\d\dT[\d:.]+Z", "…", found.said)
    said = re.sub(r"\s+", " ", said).strip() or "nothing: nobody notices"
    seconds = f"{found.seconds:.2f}" if found.seconds is not None else "–"
    today = datetime.date.today()
    return f"| {name} | {times} | {today} | {found.share} | {seconds} | {said} |"


def write(lines: dict[str, str]) -> None:
    """Put these rows into the page; a fault that was not played now keeps its row of before."""
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    there = text.partition(BEGIN)[2].partition(END)[0]
    rows = {row[2:].partition(" | ")[0]: row for row in there.splitlines() if row[:2] == "| "}
    rows |= lines
    table = "\n".join([HEAD, *(rows[one.name] for one in FAULTS if one.name in rows)])
    PAGE.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--only", default="")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    faults = [one for one in FAULTS if chosen.only in one.name]
    lines: dict[str, str] = {}
    lost = []
    with ExitStack() as stack:
        programs = postgres_server.programs()
        server = None
        if programs and any(one.server for one in faults):
            server = stack.enter_context(postgres_server.running(programs))
        for fault in faults:
            times = max(1, round(fault.times * chosen.share))
            if fault.server and server is None:
                print(f"{fault.name}: no PostgreSQL on this machine, not played", file=sys.stderr)
                continue
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="qi-equity-")))
            found = fault.play(Ground(folder, server, times))
            lines[fault.name] = line(fault.name, times, found)
            print(lines[fault.name], flush=True)
            if chosen.write:
                write(lines)
            if found.kept != found.acknowledged or fault.said not in found.said:
                lost.append(fault.name)
    if lost:
        sys.exit(f"not as promised: {', '.join(lost)}")


if __name__ == "__main__":
    main()
