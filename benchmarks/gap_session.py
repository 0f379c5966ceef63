"""Time the evidence of a session: 10 sites x 4 measures x 6 strata x 104 weeks.

python benchmarks/gap_session.py
"""

from __future__ import annotations

import resource
import time

import numpy as np
import pandas as pd

from qi_equity.frames.gap_chart import gap_charts
from qi_equity.spc.scan import scan

SITES, WEEKS = 10, 104
RATES = {"stillbirth": 0.02, "haemorrhage": 0.05, "preterm": 0.1, "induction": 0.3}
BIRTHS = {"a": 5, "b": 8, "c": 12, "d": 20, "e": 30, "f": 60}


def session(seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    weeks = pd.date_range("2024-01-01", periods=WEEKS, freq="W-MON")
    rows = pd.MultiIndex.from_product(
        [range(SITES), RATES, BIRTHS, weeks], names=["site", "measure", "stratum", "week"]
    ).to_frame(index=False)
    births = rng.poisson(rows.stratum.map(BIRTHS).to_numpy(dtype=float))
    return rows.assign(
        births=births, events=rng.binomial(births, rows.measure.map(RATES).to_numpy(dtype=float))
    )


def main() -> None:
    data = session()
    start, busy = time.perf_counter(), time.process_time()
    charts = gap_charts(
        data,
        numerator="events",
        denominator="births",
        stratum="stratum",
        by=["site", "measure"],
        subgroup="week",
        baseline=52,
        direction="decrease",
    )
    gaps = time.perf_counter()
    counts = charts.points[["numerator", "denominator"]].to_numpy().reshape(-1, WEEKS, 2)
    found = scan(counts[..., 0], counts[..., 1])
    end = time.perf_counter()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(charts.summary)} charts of {WEEKS} weeks, one core, {memory:.0f} MiB")
    print(f"gap charts and verdicts {gaps - start:.1f} s, scans {end - gaps:.1f} s")
    print(f"processor time {time.process_time() - busy:.1f} s")
    alarms, scans = (charts.summary.signal != "").sum(), (found.p_value <= 0.05).sum()
    print(f"alarms {alarms}, scans with p <= .05 {scans}; nothing happens in these data")


if __name__ == "__main__":
    main()
