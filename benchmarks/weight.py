"""What the package weighs: the disk of a fresh install, and processor seconds until things answer.

python benchmarks/weight.py [--base FOLDER] [--install]

--base is a checkout of an earlier commit: both are asked by turns in one run, for seconds on a busy
machine say little and their ratio more. --install makes a fresh environment of each with README's
first command, says what it weighs and asks what a team with weekly counts asks in it; it needs a
registry. What it prints stands in docs/explanation/speed.md.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

from processor import as_installed, of_children

HOME = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
ROUNDS = 3
CLI = "from qi_equity.cli import main; main()"
CHDS = ("projects/chds_preterm.yaml", "projects/data/chds_births.csv")
# The commands that 4e81cc5 had.
COMMANDS = (
    *("demo", "new", "check", "plan", "import", "log", "quality", "analyse"),
    *("serve", "users", "verify", "backup", "restore", "export"),
)
# What a command imports that is not ours: nothing that it does can take less.
CHECKED = "import typer.main, yaml; from pydantic import BaseModel, TypeAdapter; TypeAdapter(str)"
FLOORS: dict[str, tuple[str, ...]] = {
    "what check imports of others": ("-c", CHECKED),
    "what commands on counts import of others": (
        "-c",
        f"{CHECKED}; import pandas, scipy.special",
    ),
    "what import of counts imports of others": ("-c", f"{CHECKED}; import pandas, sqlalchemy"),
}
# A sentence of Python, or the words of a command; run in a folder of the base's or our own.
ASKED: dict[str, tuple[str, ...]] = {
    "import qi_equity": ("-c", "import qi_equity"),
    "qi_equity.chart": ("-c", "from qi_equity import chart"),
    "qi_equity.gaps": ("-c", "from qi_equity import gaps"),
    "qi_equity.gap_charts": ("-c", "from qi_equity import gap_charts"),
    "qi_equity.analyse": ("-c", "from qi_equity import analyse"),
    "the app": ("-c", "import qi_equity.app.demo"),
    "what check imports of others": FLOORS["what check imports of others"],
    "what commands on births import of others": (
        "-c",
        f"{CHECKED}; import pandas, scipy.special, ibis; ibis.duckdb.connect()",
    ),
    "qi-equity --help": ("-c", CLI, "--help"),
    # A command imported, with what it takes, and nothing done with it.
    **{f"qi-equity {name} --help": ("-c", CLI, name, "--help") for name in COMMANDS},
    "qi-equity check": ("-c", CLI, "check", "projects/pph_reduction.yaml"),
    "qi-equity new": ("-c", CLI, "new", "ours", "--dir", "{out}"),
    "qi-equity import": ("-c", CLI, "import", *CHDS, "--database", "{out}/births.sqlite"),
    "qi-equity quality": ("-c", CLI, "quality", "projects/chds_preterm.yaml"),
    "qi-equity plan": ("-c", CLI, "plan", "projects/chds_preterm.yaml"),
    "qi-equity analyse": ("-c", CLI, "analyse", "projects/chds_preterm.yaml"),
}
# The same of a team's own environment, with two years of one site's weekly counts.
PPH = "projects/pph_reduction.yaml"
ON_COUNTS: dict[str, tuple[str, ...]] = {
    "qi_equity.chart": ("-c", "from qi_equity import chart"),
    "qi_equity.gaps": ("-c", "from qi_equity import gaps"),
    "qi_equity.analyse": ("-c", "from qi_equity import analyse"),
    **FLOORS,
    "qi-equity --help": ("-c", CLI, "--help"),
    **{f"qi-equity {name} --help": ("-c", CLI, name, "--help") for name in COMMANDS},
    "qi-equity check": ("-c", CLI, "check", PPH),
    "qi-equity import": ("-c", CLI, "import", PPH, "{counts}", "--database", "{out}/counts.sqlite"),
    **{
        f"qi-equity {name}": ("-c", CLI, name, PPH, "--data", "{counts}")
        for name in ("quality", "plan", "analyse")
    },
}


def environment(source: Path) -> dict[str, str]:
    """As installed, with one thread for sums."""
    return as_installed(source) | {"OMP_NUM_THREADS": "1"}


def seconds(
    words: tuple[str, ...],
    source: Path,
    pythons: Mapping[Path, Path] = MappingProxyType({}),
    counts: str = "",
) -> float:
    """Processor seconds of a process and what it started."""
    with tempfile.TemporaryDirectory() as out:
        filled = [word.format(out=out, counts=counts) for word in words]
        with of_children() as spent:
            told = subprocess.run(
                [pythons.get(source, sys.executable), *filled],
                env=environment(source), cwd=source, capture_output=True, text=True, check=False,
            )  # fmt: skip
    if told.returncode:  # what refuses is soon done, and no measure of what it refuses
        raise RuntimeError(f"{words} in {source}: {told.stderr}")
    return spent.seconds


def until_answered(source: Path) -> float:
    """Processor seconds of the process that serves the demo, until its first page has come."""
    server = subprocess.Popen(
        [sys.executable, "-c", CLI, "demo", "--port", "0", "--no-browser"],
        env=environment(source), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    try:
        found = (re.search(r"http://\S+", line) for line in server.stdout)
        address = next(one[0] for one in found if one)
        with urllib.request.urlopen(address) as page:
            assert page.status == 200
        told = Path(f"/proc/{server.pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        user, system = told.split()[11:13]
        return (int(user) + int(system)) / TICKS
    finally:
        server.terminate()
        server.wait()


def beside(name: str, ask: Callable[[Path], float], base: Path | None, rounds: int) -> str:
    """A row of the table: the least of some rounds, ours beside the base's, by turns."""
    sources = [HOME] if base is None else [base, HOME]
    asked = [[ask(source) for source in sources] for _ in range(rounds)]
    took = [min(one) for one in zip(*asked, strict=True)]
    if base is None:
        return f"| {name} | {took[0]:.2f} |"
    return f"| {name} | {took[0]:.2f} | {took[1]:.2f} | {took[1] / took[0]:.2f} |"


def installed(source: Path, place: Path) -> Path:
    """The Python of an environment as README's first command leaves it; says what that weighs."""
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    subprocess.run(
        [str(place / "bin/pip"), "install", "-q", "-c", "constraints.txt", "."],
        cwd=source, check=True, capture_output=True,
    )  # fmt: skip
    parts = next(place.glob("lib/*/site-packages"))
    sizes = {each.name: megabytes(each) for each in parts.iterdir()}
    most = sorted(sizes, key=lambda name: -sizes[name])[:8]
    told = ", ".join(f"{name} {sizes[name]:.0f}" for name in most)
    print(f"{source}: {megabytes(place):.0f} MB, of which {told}", flush=True)
    return place / "bin/python"


def on_counts(base: Path | None, rounds: int) -> None:
    """What a team with a table of weekly counts asks, in the environment each commit leaves it."""
    from qi_equity.project_file import load
    from qi_equity.simulation import synthetic

    with tempfile.TemporaryDirectory() as folder:
        project, counts = load(HOME / PPH), f"{folder}/counts.csv"
        log = synthetic.network([project]).observations[project.id]
        log[log["site"] == "site_a"].to_csv(counts, index=False)
        sources = [HOME] if base is None else [base, HOME]
        pythons = {
            source: installed(source, Path(folder) / str(number))
            for number, source in enumerate(sources)
        }
        for name, words in ON_COUNTS.items():
            ask = partial(seconds, words, pythons=pythons, counts=counts)
            print(beside(name, ask, base, rounds), flush=True)


def megabytes(place: Path) -> float:
    """On disk, as du counts."""
    files = [place, *place.rglob("*")]
    return sum(one.lstat().st_blocks * 512 for one in files) / 2**20


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--base", type=Path)
    asked.add_argument("--install", action="store_true")
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    given = asked.parse_args()
    heads = "| what | before | now | ratio |" if given.base else "| what | processor seconds |"
    print(heads, "|" + "---|" * (heads.count("|") - 1), sep="\n")
    for name, words in ASKED.items():
        print(beside(name, partial(seconds, words), given.base, given.rounds), flush=True)
    print(beside("demo, to its first page", until_answered, given.base, 1), flush=True)
    if given.install:
        on_counts(given.base, given.rounds)


if __name__ == "__main__":
    main()
