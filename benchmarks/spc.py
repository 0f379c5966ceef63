"""Charts by the thousand: ours beside four Python peers on the same 120 charts, then a country.

    python benchmarks/spc.py            # peers that are not installed are left out, and said
    pip install clinical-qikit controlchartspy pyqicharts abspc      # to have them all

Each contestant runs in a process of its own, one after another, so that peak memory is its own
and no code of another is loaded beside it: lines and signals of p charts, no drawing. Processor
seconds are compared, since a machine is rarely idle; the best of three runs counts.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pandas as pd

STRATA = {"White British": 31, "White Other": 8, "Asian": 8, "Black": 6, "Mixed": 4, "Other": 3}


def network(charts: int, weeks: int) -> pd.DataFrame:
    """Weekly births and events of sites by stratum, in no order."""
    generator = np.random.default_rng(charts)
    sites, per_week = charts // len(STRATA), np.array(list(STRATA.values()))
    births = generator.poisson(np.tile(per_week, sites)[:, None], (charts, weeks))
    events = generator.binomial(births, generator.uniform(0.02, 0.3, (charts, 1)))
    monday = np.datetime64("2022-01-03")
    table = pd.DataFrame(
        {
            "site": np.repeat([f"Site {at:04d}" for at in range(sites)], len(STRATA) * weeks),
            "ethnicity": np.tile(np.repeat(list(STRATA), weeks), sites),
            "week": np.tile(monday + 7 * np.arange(weeks), charts),
            "births": births.ravel(),
            "pph": events.ravel(),
        }
    )
    return table.sample(frac=1, random_state=1, ignore_index=True)


# -- contestants: a table in, lines and signals of every chart made --------------------------------


def qi_equity(table: pd.DataFrame) -> None:
    import qi_equity

    qi_equity.chart(
        table, kind="p", subgroup="week", numerator="pph", denominator="births",
        by=["site", "ethnicity"], direction="decrease",
    )  # fmt: skip


def by_chart(table: pd.DataFrame) -> list[pd.DataFrame]:
    """One table a chart, in order; peers cannot take a week without births, so none is 0."""
    table = table.assign(births=table["births"].clip(lower=1)).sort_values("week")
    table = table.assign(pph=table[["births", "pph"]].min(axis=1))
    return [rows.reset_index(drop=True) for _, rows in table.groupby(["site", "ethnicity"])]


def clinical_qikit(table: pd.DataFrame) -> None:
    from qikit import qic

    for rows in by_chart(table):
        qic(data=rows, x="week", y="pph", n="births", chart="p").summary  # noqa: B018 (worked out on demand)


def controlchartspy(table: pd.DataFrame) -> None:
    from controlchartspy import spc

    rules = {"astronomical": True, "shift": True, "trend": True, "two_in_three": True}
    written = table.assign(
        births=table["births"].clip(lower=1),
        week=table["week"].dt.strftime("%Y-%m-%d"),
        series=table["site"] + table["ethnicity"],
    )
    for _, rows in written.groupby("series"):
        data = rows[["week", "pph", "births"]].to_dict("list")
        spc(
            data, keys="week", numerators="pph", denominators="births",
            spc_settings={"chart_type": "p"}, outlier_settings=rules, return_objs="limits",
        )  # fmt: skip


def pyqicharts(table: pd.DataFrame) -> None:
    from pyqicharts import qic_table

    for rows in by_chart(table):
        qic_table(rows, x="week", y="pph", denominator="births", chart="p")


def abspc(table: pd.DataFrame) -> None:
    from abspc import calculate_control_limits, detect_special_causes

    for rows in by_chart(table):
        rates = rows.assign(value=rows["pph"] / rows["births"], subgroup_size=rows["births"])
        detect_special_causes(calculate_control_limits(rates, "p"))


CONTESTANTS: dict[str, tuple[str, Callable[[pd.DataFrame], None]]] = {
    "qi_equity": ("qi-equity", qi_equity),
    "clinical-qikit": ("clinical-qikit", clinical_qikit),
    "controlchartspy": ("controlchartspy", controlchartspy),
    "pyqicharts": ("pyqicharts", pyqicharts),
    "abspc": ("abspc", abspc),
}


# -- measuring ----------------------------------------------------------------------------------


def measure(name: str, charts: int, weeks: int) -> dict[str, float]:
    """Best of three, in this process."""
    warnings.simplefilter("ignore")
    table = network(charts, weeks)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run = CONTESTANTS[name][1]
    seconds, wall = [], []
    for _ in range(3):
        start, began = time.process_time(), time.perf_counter()
        run(table)
        seconds.append(time.process_time() - start)
        wall.append(time.perf_counter() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "cpu": min(seconds), "wall": min(wall), "peak_mb": peak / 1024, "table_mb": before / 1024
    }  # fmt: skip


def apart(name: str, charts: int, weeks: int) -> dict[str, float]:
    """The same in a process of its own."""
    command = [sys.executable, __file__, "--one", name, str(charts), str(weeks)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def installed(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--charts", type=int, default=18_000, help="charts of the country")
    parser.add_argument("--weeks", type=int, default=156)
    parser.add_argument(
        "--one", nargs=3, metavar=("NAME", "CHARTS", "WEEKS"), help=argparse.SUPPRESS
    )
    given = parser.parse_args()
    if given.one:
        name, charts, weeks = given.one
        print(json.dumps(measure(name, int(charts), int(weeks))))
        return
    print(f"120 p charts of {given.weeks} weeks: lines and signals, best of three\n")
    print("| package | version | CPU ms a chart | wall ms a chart | times ours | peak MB |")
    print("|---|---|---:|---:|---:|---:|")
    country = apart("qi_equity", given.charts, given.weeks)
    rows, ours = given.charts * given.weeks, country["cpu"] / given.charts * 1000
    for name, (distribution, _) in CONTESTANTS.items():
        number = installed(distribution)
        if number is None:
            print(f"| {name} | not installed | | | | |")
            continue
        found = apart(name, 120, given.weeks)
        each = found["cpu"] / 120 * 1000
        print(
            f"| {name} | {number} | {each:.3f} | {found['wall'] / 120 * 1000:.3f} "
            f"| {each / ours:.0f} | {found['peak_mb']:.0f} |"
        )
    print(
        f"\nqi_equity, {given.charts:,} charts of {given.weeks} weeks ({rows:,} rows): "
        f"{country['wall']:.2f} s ({country['cpu']:.2f} CPU s), {ours:.3f} CPU ms a chart, "
        f"peak {country['peak_mb'] / 1024:.2f} GiB with the table itself"
    )


if __name__ == "__main__":
    main()
