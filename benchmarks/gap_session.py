"""What judging costs beside an earlier commit, in one run on one machine: ratios, not seconds.

python benchmarks/gap_session.py [commit]

The example network's project (10 sites and their total, 7 charts each of 4 measures, 220 gaps) is
judged by today's code and by the commit's, each in a process of its own, by turns. Judging is
analyse() less analyse(judge=False), in processor time. A saved row is told three times: the whole
second call of analyse(), with its checks, lines and tables; what judging takes of that call; and
what of that the commit judged too, like with like: evidence, gap charts, verdicts and inequality
of the row's own series and totals. Looks across sites, bounds for the unknown, CUSUMs and crossed
strata came later. (What finds out which counts are new is in the whole call only.)
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BEFORE = "4e81cc5"
ROUNDS = 3
SAVED = ("the whole second call", "all its judging", "its judging, like with like")
HOME = Path(__file__).resolve().parent.parent
# Run with either's own modules: names have moved since.
TIMED = """
import gc, inspect, sys, time
try:
    from qi_equity.simulation import synthetic
except ImportError:
    from qi_equity.sources import synthetic
from qi_equity.analyse import analyse
from qi_equity.project_file import examples, load

project = load(examples()["pph_reduction"])
log = synthetic.network([project]).observations[project.id]

def seconds(**how):
    gc.collect()  # nobody pays for what others left behind
    start = time.process_time()
    found = analyse(project, how.pop("log", log), **how)
    return time.process_time() - start, found

seconds(log=log[log["site"] == "site_a"])
quick = min(seconds(judge=False)[0] for _ in range(2))
whole, found = min((seconds() for _ in range(2)), key=lambda one: one[0])
print("drawn", quick)
print("judged", whole - quick)
if "previous" in inspect.signature(analyse).parameters:
    # All that analyse(judge=False) leaves out; and what of it the earlier commit had.
    rest = ("among", "in_family")
    parts = {
        "all its judging": ("_finished", *rest),
        "its judging, like with like": (
            "judged", "_with_evidence", "_inequality", "_beside", *rest
        ),
    }
    spent = {}

    def timing(part, what):
        def timed(*given, **named):
            start = time.process_time()
            try:
                return part(*given, **named)
            finally:
                spent[what] += time.process_time() - start
        return timed

    where = sys.modules["qi_equity.analyse"]
    for what, names in parts.items():
        for name in names:
            setattr(where, name, timing(getattr(where, name), what))
    saved, rounds = log.copy(), []
    row = saved.index[(saved["site"] == "site_b") & (saved["measure"] == "pph_1000")][-1]
    for _ in range(3):
        saved.loc[row, ["numerator", "denominator"]] += 1  # another row each time
        spent.update(dict.fromkeys(parts, 0.0))
        call = seconds(log=saved, previous=found)[0]
        rounds.append({"the whole second call": call, **spent})
    for what in rounds[0]:
        print(f"saved row, {what}", min(one[what] for one in rounds))
"""


def timed(source: Path) -> dict[str, float]:
    """Seconds by what they were spent on."""
    said = subprocess.run(
        [sys.executable, "-c", TIMED],
        env={**os.environ, "PYTHONPATH": str(source / "src"), "OMP_NUM_THREADS": "1"},
        cwd=source,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {name: float(number) for name, number in (x.rsplit(" ", 1) for x in said.splitlines())}


def checked_out(commit: str, folder: Path) -> bool:
    """The commit's files in a folder; false where git or the commit is not there."""
    if shutil.which("git") is None:
        return False
    packed = subprocess.run(
        ["git", "-C", str(HOME), "archive", commit], capture_output=True, check=False
    )
    if packed.returncode:
        return False
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)
    return True


def main() -> None:
    commit = sys.argv[1] if len(sys.argv) > 1 else BEFORE
    with tempfile.TemporaryDirectory() as folder:
        there = checked_out(commit, Path(folder))
        if not there:
            print(f"git, or commit {commit}, is not here: only today's code is timed")
        now: list[dict[str, float]] = []
        then: list[dict[str, float]] = []
        for _ in range(ROUNDS):
            now.append(timed(HOME))
            then += [timed(Path(folder))] if there else []
    # The least of the rounds: other work on the machine only ever adds.
    best = {name: min(one[name] for one in now) for name in now[0]}
    for name, seconds in best.items():
        print(f"today, {name}: {seconds:.2f} s")
    if there:
        cost = min(one["judged"] for one in then)
        print(f"{commit}, judged: {cost:.2f} s")
        print(f"judging costs 1/{cost / best['judged']:.1f} of what it did")
        for name in SAVED:
            share = cost / best[f"saved row, {name}"]
            print(f"a saved row, {name}: 1/{share:.0f} of judging all then")


if __name__ == "__main__":
    main()
