"""Play every acceptance simulation at full size and write the figures down.

    python benchmarks/trust.py            all of them (about half an hour on one core)
    python benchmarks/trust.py A9 A10     some of them
    python benchmarks/trust.py A9 --part 4     of a quarter of the charts
    python benchmarks/trust.py --table    only the table anew, from the figures written down

The figures stand in docs/explanation/trust_figures.csv, and as a table in can-you-trust-it.md.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import re
import sys
import time
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "properties"))

from measured import Figure, Play  # noqa: E402 (the simulations live beside their tests)

PLAYS: dict[str, Play] = {
    name: play
    for cells in sorted((ROOT / "tests" / "properties").glob("*_cells.py"))
    for name, play in importlib.import_module(cells.stem).PLAYS.items()
}

FIGURES = ROOT / "docs" / "explanation" / "trust_figures.csv"
PAGE = ROOT / "docs" / "explanation" / "can-you-trust-it.md"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
COLUMNS = ["play", "criterion", "cell", "measured", "charts", "at_least", "at_most", "kept"]


def played(name: str, part: int) -> list[dict[str, object]]:
    play, full, _ = PLAYS[name]
    return [row_of(name, figure) for figure in play(full // part)]


def row_of(name: str, figure: Figure) -> dict[str, object]:
    measured = round(figure.measured, 4)
    row = {"play": name, **asdict(figure), "measured": measured, "kept": figure.kept}
    print("  " if figure.kept else "! ", figure.cell, measured, flush=True)
    return row


def known() -> dict[str, list[dict[str, object]]]:
    rows: dict[str, list[dict[str, object]]] = {}
    if FIGURES.exists():
        with FIGURES.open(newline="") as file:
            for row in csv.DictReader(file):
                rows.setdefault(row["play"], []).append(dict(row))
    # A play that is no more takes its figures with it.
    return {name: rows[name] for name in rows if name in PLAYS}


def criterion(name: str) -> tuple[int, str]:
    return int(re.sub(r"\D", "", name.split()[0])), name


def table(rows: list[dict[str, object]]) -> str:
    lines = ["| | simulated charts | measured | must lie in | of |", "|---|---|---|---|---|"]
    for row in rows:
        low, high = float(str(row["at_least"])), float(str(row["at_most"]))
        bounds = f"at least {low:g}" if high == 1 else f"at most {high:g}"
        if low and high < 1:
            bounds = f"{low:g} to {high:g}"
        mark = "" if str(row["kept"]) == "True" else " **missed**"
        measured = f"{float(str(row['measured'])):.4g}{mark}"
        lines.append(
            f"| {row['criterion']} | {row['cell']} | {measured} | {bounds} | {row['charts']} |"
        )
    return "\n".join(lines)


def main(names: list[str], part: int = 1) -> int:
    rows = known()
    if names == ["--table"]:
        names = []
        write([row for name in sorted(rows, key=criterion) for row in rows[name]])
    for name in names:
        start = time.perf_counter()
        print(name, flush=True)
        rows[name] = played(name, part)
        print(f"   {time.perf_counter() - start:.0f} s", flush=True)
        write([row for known_name in sorted(rows, key=criterion) for row in rows[known_name]])
    missed = [row for name in names for row in rows[name] if str(row["kept"]) != "True"]
    return 1 if missed else 0


def write(rows: list[dict[str, object]]) -> None:
    with FIGURES.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{after}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(PLAYS))
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--part", type=int, default=1)
    given = parser.parse_args()
    sys.exit(main(["--table"] if given.table else given.names, given.part))
