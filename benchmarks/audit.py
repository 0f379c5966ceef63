"""What an audit costs beside judging the example network's four projects, in processor time.

    python benchmarks/audit.py

An audit of 12 indicators, 20 groups and 40 places: its register from counts with the period before,
and the whole of it from a file, of one period (9,600 rows to read and check) and of both.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from qi_equity import project_file
from qi_equity.analyse import analyse
from qi_equity.audit import audited
from qi_equity.audit.model import Audit
from qi_equity.audit.register import register
from qi_equity.simulation import synthetic

INDICATORS, GROUPS, PLACES = 12, 20, 40
NOW, BEFORE = ("2024-04-01", "2025-03-31"), ("2023-04-01", "2024-03-31")


def made(folder: Path, periods: int, seed: int = 1) -> Audit:
    """An audit of the full size whose only source is a table in the folder."""
    rng = np.random.default_rng(seed)
    names = {
        "indicator": [f"i{n}" for n in range(INDICATORS)],
        "place": [f"p{n}" for n in range(PLACES)],
        "stratum": [f"Group {n}" for n in range(GROUPS)],
        "month": ["2024-04", "2023-04"][:periods],
    }
    table = pd.MultiIndex.from_product(names.values(), names=list(names)).to_frame(index=False)
    women = rng.integers(50, 800, len(table))
    table = table.assign(events=rng.binomial(women, 0.06), women=women)
    path = folder / "counts.csv"
    table.to_csv(path, index=False)
    usual = {"compare_with": "everyone else", "reason": "No group is the norm."}
    columns = {
        "kind": "table", "path": "counts.csv", "subgroup": "month", "stratum": "stratum",
        "site": "place", "measure": "indicator", "numerator": "events", "denominator": "women",
    }  # fmt: skip
    span = {"from": NOW[0], "to": NOW[1]}
    return Audit.model_validate(
        {
            "id": "large", "title": "A large audit", "population": "Women giving birth",
            "area": {"name": "A region", "kind": "region"},
            "period": span, "previous": {"from": BEFORE[0], "to": BEFORE[1]},
            "places": [{"id": one, "name": one} for one in names["place"]],
            "dimensions": [
                {"id": "ethnicity", "reference": usual,
                 "groups": [{"name": one} for one in names["stratum"]]}
            ],
            "sources": [
                {"id": "counts", "name": "Counts", "kind": "provider extract", "publisher": "We",
                 "period": {"from": BEFORE[0], "to": NOW[1]}, "geography": "Births",
                 "whose_ethnicity": "mother", "rounding": "none", "licence": "ours",
                 "got": "2025-05-01",
                 "sha256": {"counts.csv": hashlib.sha256(path.read_bytes()).hexdigest()},
                 "reads": [{"dimension": "ethnicity", "data": columns}]}
            ],
            "indicators": [
                {"id": one, "name": one, "chapter": "outcomes", "numerator": "events",
                 "denominator": "women", "direction": "decrease", "sources": ["counts"]}
                for one in names["indicator"]
            ],
        }
    )  # fmt: skip


def cost(what: Callable[[], object], times: int) -> float:
    """The least processor time of several runs."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        what()
        taken.append(time.process_time() - start)
    return min(taken)


def judged() -> None:
    for project, table in NETWORK:
        analyse(project, table)


if __name__ == "__main__":
    paths = project_file.examples().values()
    projects = [one for one in map(project_file.load, paths) if one.synthetic and one.data is None]
    network = synthetic.network(projects)
    NETWORK = [(one, network.observations[one.id]) for one in projects]
    costs: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for periods in (1, 2):
            audit = made(folder, periods)
            found = audited(audit, (folder,))
            rows = len(found.taken.counts)
            costs[f"whole audit, {rows:,} rows read"] = cost(partial(audited, audit, (folder,)), 2)
        costs["register of both periods alone"] = cost(lambda: register(audit, found.taken), 3)
    usual = cost(judged, 1)
    print(f"judging {len(NETWORK)} projects of the example network: {usual:.1f} s")
    for what, taken in costs.items():
        print(f"{what}: {taken:.2f} s, ratio {taken / usual:.3f} (bound 0.1)")
