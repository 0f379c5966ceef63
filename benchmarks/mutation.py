"""How many small faults, put into a module on purpose, its own fast tests notice.

Cosmic Ray's operators make the faults: a number one larger, < for <=, "not" before a condition,
a loop that never runs, a decorator taken away. A fixed sample of them is tried, each in a copy of
the tree, with the tests of the module and its own examples. Cosmic Ray's runner starts Python
anew for every fault, which takes longer than the tests: here each runs in a fork of a process
that has numpy and pandas loaded. Every fault tried stands in docs/explanation/mutation.csv, where
the reason of one that is not noticed is filled in by hand and kept; the page mutation.md is
written from it. Ends with 1 where fewer than 90 of 100 are noticed.

    pip install -c constraints.txt -e ".[dev,mutation]"
    python benchmarks/mutation.py                     # all modules, about ten minutes
    python benchmarks/mutation.py --only spc/rules.py --mutants 60 --seed 7
"""

from __future__ import annotations

import argparse
import ast
import csv
import importlib
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "explanation" / "mutation.md"
TRIED = PAGE.with_suffix(".csv")
COLUMNS = ("module", "seed", "line", "was", "now", "noticed", "reason")

# Each module's own fast tests; the examples in its docstrings run too.
TESTS = {
    "spc/rules.py": ("unit/test_rules.py", "spec/test_rules.py"),
    "spc/limits.py": ("unit/test_limits.py",),
    "spc/runs.py": ("unit/test_runs.py",),
    "equity/intervals.py": ("unit/test_intervals_by_hand.py", "unit/test_intervals.py"),
    "equity/verdict.py": ("unit/test_gap_words.py", "unit/test_gap_verdict.py"),
    "disclosure/numbers.py": ("unit/test_released_by_hand.py", "unit/test_released_numbers.py"),
    "project_file/cross_checks.py": ("unit/test_cross_checks.py", "unit/test_project_file.py"),
    "sources/dates.py": ("unit/test_dates.py",),
    "store/chain.py": ("unit/test_chain_links.py",),
}
ENOUGH = 0.9
MUTANTS, SEED = 25, 20260105
PATIENCE = 5  # times as long as without a fault, and ten seconds: then it never ends, a notice

# Loaded once, before the forks; nothing of qi_equity, which must be read with its fault.
LOADED = (
    "numpy", "pandas", "scipy.stats", "scipy.special", "scipy.optimize", "pydantic", "yaml",
    "sqlalchemy", "sqlite3", "hypothesis.strategies", "argon2", "duckdb", "plotly.graph_objects",
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One fault: the module's whole text with it, and the line it is on, before and after."""

    text: str
    line: int
    was: str
    now: str


def sample_of(text: str, most: int, seed: int) -> list[Mutant]:
    """Some of the faults Cosmic Ray can put into a module; none in types, which never run."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names

    # Operators with arguments swap variables by name; the others need nothing told.
    chosen = [get_operator(name) for name in sorted(operator_names())]
    operators = [operator() for operator in chosen if not operator.arguments()]
    nodes = list(ast_nodes(get_ast(text)))
    places = [
        (operator, occurrence)
        for operator in operators
        for occurrence in range(sum(len(list(operator.mutation_positions(n))) for n in nodes))
    ]
    random.Random(seed).shuffle(places)
    seen, found = {_meaning(text)}, []
    for operator, occurrence in places:
        mutated = mutate_code(text, operator, occurrence)
        if mutated is not None and (meaning := _meaning(mutated)) not in seen:
            seen.add(meaning)
            found.append(_mutant(text, mutated))
        if len(found) == most:
            break
    return sorted(found, key=lambda one: one.line)


def _meaning(text: str) -> str:
    """The program without its annotations; its text where it is none any more."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    for node in ast.walk(tree):
        for field in ("annotation", "returns"):
            if getattr(node, field, None) is not None:
                setattr(node, field, ast.Constant(None))
    return ast.dump(tree)


def _mutant(text: str, mutated: str) -> Mutant:
    before, after = text.splitlines(), mutated.splitlines()
    same = next(
        (n for n, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), 0
    )
    extra = len(before) - len(after)  # a decorator taken away is a line less
    now = "(taken away)" if extra > 0 else after[same].strip()
    return Mutant(mutated, same + 1, before[same].strip(), now)


def copied(folder: Path) -> Path:
    """The tree without what is not read, in a folder of its own."""
    left_out = shutil.ignore_patterns(".git", "__pycache__", ".hypothesis", ".*_cache")
    return Path(shutil.copytree(ROOT, folder / "tree", ignore=left_out))


def noticed(tree: Path, module: str, mutant: Mutant | None, longest: float | None) -> bool:
    """Whether the tests fail, or do not end, with this fault (or, with None, with none)."""
    place = tree / "src" / "qi_equity" / module
    right = place.read_text(encoding="utf-8")
    for kept in (place.parent / "__pycache__").glob(f"{place.stem}.*.pyc"):
        kept.unlink()
    if mutant:
        place.write_text(mutant.text, encoding="utf-8")
    shutil.rmtree(tree / ".hypothesis", ignore_errors=True)
    chosen = [f"tests/{name}" for name in TESTS[module]]
    arguments = [*chosen, f"src/qi_equity/{module}"]
    try:
        child = multiprocessing.get_context("fork").Process(
            target=_tested, args=(tree, arguments, mutant is None)
        )
        child.start()
        child.join(longest)
        if child.is_alive():
            child.kill()
            child.join()
        return child.exitcode != 0
    finally:
        place.write_text(right, encoding="utf-8")


def _tested(tree: Path, arguments: list[str], keep_compiled: bool) -> None:
    os.setsid()
    os.chdir(tree)
    # Kept by time and size, the compiled module could be that of another fault.
    sys.dont_write_bytecode = not keep_compiled
    sys.path[:0] = [str(tree / "src")]
    os.environ["PYTHONPATH"] = str(tree / "src")
    with (tree / "told.txt").open("w", encoding="utf-8") as told:
        for stream in (1, 2):
            os.dup2(told.fileno(), stream)
        import pytest

        options = ["-q", "-x", "-o", "addopts=", "--doctest-modules", "--import-mode=importlib"]
        options += ["-m", "not long", "-p", "no:cacheprovider", "-p", "no:xdist", "--assert=plain"]
        code = pytest.main([*options, *arguments])
        told.flush()
    os._exit(int(code))


def tried(tree: Path, module: str, most: int, seed: int) -> list[dict[str, str]]:
    """A sample of the module's faults, each with whether its tests notice."""
    began = time.monotonic()
    if noticed(tree, module, None, None):
        told = (tree / "told.txt").read_text(encoding="utf-8")
        raise SystemExit(f"{module}: its tests fail without any fault\n{told[-3000:]}")
    alone = time.monotonic() - began
    text = (tree / "src" / "qi_equity" / module).read_text(encoding="utf-8")
    rows = []
    for one in sample_of(text, most, seed):
        seen = noticed(tree, module, one, PATIENCE * alone + 10)
        if not seen:
            print(f"  not noticed: {module}:{one.line}: {one.was}  ->  {one.now}", flush=True)
        row = (module, str(seed), str(one.line), one.was, one.now, "yes" if seen else "no", "")
        rows.append(dict(zip(COLUMNS, row, strict=True)))
    print(f"{module:32} {len(rows):5} {share(rows):7.0%}   {alone:4.1f} s", flush=True)
    return rows


def share(rows: list[dict[str, str]]) -> float:
    return sum(row["noticed"] == "yes" for row in rows) / len(rows)


def kept() -> list[dict[str, str]]:
    """What was tried before."""
    if not TRIED.exists():
        return []
    with TRIED.open(encoding="utf-8", newline="") as rows:
        return list(csv.DictReader(rows))


def write(fresh: list[dict[str, str]]) -> None:
    """Put these in the place of the same samples of the same modules, and write the page anew."""
    before, again = kept(), {(row["module"], row["seed"]) for row in fresh}
    reasons = {(row["module"], row["was"], row["now"]): row["reason"] for row in before}
    for row in fresh:
        if row["noticed"] == "no":
            row["reason"] = reasons.get((row["module"], row["was"], row["now"]), "")
    others = [row for row in before if (row["module"], row["seed"]) not in again]
    rows = fresh + [row for row in others if row["module"] in TESTS]
    # Lines are in order already.
    rows.sort(key=lambda row: (list(TESTS).index(row["module"]), int(row["seed"])))
    with TRIED.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    PAGE.write_text(page(rows), encoding="utf-8")


def page(rows: list[dict[str, str]]) -> str:
    """What was found, as the page in docs/explanation has it."""
    lines = [
        "# Do the tests notice?",
        "",
        "Written by `python benchmarks/mutation.py` from `mutation.csv`: small faults are put into",
        "a module, one at a time, and its own fast tests are run. At least nine of ten must fail.",
        "",
        "| module | seed | tried | noticed | share |",
        "|---|---|---|---|---|",
    ]
    for module, seed in dict.fromkeys((row["module"], row["seed"]) for row in rows):
        own = [row for row in rows if (row["module"], row["seed"]) == (module, seed)]
        seen = sum(row["noticed"] == "yes" for row in own)
        lines.append(f"| `{module}` | {seed} | {len(own)} | {seen} | {share(own):.0%} |")
    lines += ["", "## What is not noticed, and why", "", "| line | was | is | why |"]
    lines.append("|---|---|---|---|")
    for row in rows:
        if row["noticed"] == "no":
            was, now = (f"`{row[name]}`".replace("|", "\\|") for name in ("was", "now"))
            why = row["reason"] or "no reason yet"
            lines.append(f"| `{row['module']}`:{row['line']} | {was} | {now} | {why} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=TESTS, default=list(TESTS))
    parser.add_argument("--mutants", type=int, default=MUTANTS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--dry", action="store_true", help="write nothing")
    asked = parser.parse_args()
    for name in LOADED:
        importlib.import_module(name)
    print(f"{'module':32} {'tried':>5} {'noticed':>7}   tests alone")
    shares = []
    with tempfile.TemporaryDirectory(prefix="qi-equity-mutation-") as folder:
        tree = copied(Path(folder))
        for module in asked.only:
            rows = tried(tree, module, asked.mutants, asked.seed)
            shares.append(share(rows))
            if not asked.dry:
                write(rows)
    return 0 if min(shares) >= ENOUGH else 1


if __name__ == "__main__":
    raise SystemExit(main())
