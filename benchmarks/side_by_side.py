"""Our command line beside other tools on the same made-up networks, of which the truth is known.

    python benchmarks/side_by_side.py --peers FOLDER --write     # 4 to 12 minutes of one core
    python benchmarks/side_by_side.py --quick                    # the smallest that runs at all

FOLDER is an environment that holds the peers (`python -m venv FOLDER`, then its pip installs
clinical-qikit, controlchartspy and pyqicharts without their dependencies); QI_EQUITY_PEERS says
the same. A peer that is not there is said so in the tables. Each contestant runs in a process of
its own: controlchartspy is GPL, and is run as it is. `--write` puts the tables into
docs/explanation/side-by-side.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pandas as pd
from processor import of_children
from side_by_side_tables import page_with, results, tables

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "explanation" / "side-by-side.md"

# Births a week of each group at each site: a site of 108 births a week, as units have.
GROUPS = {"White British": 60, "Asian": 20, "Black": 12, "White other": 8, "Mixed": 5, "Other": 3}
SITES, YEAR, WEEKS = 12, 52, 104
RATE = 0.10
SITES_VARY = 0.15  # standard deviation of the logarithm of the sites' rates
LOOKED_AT = ("widening", "closing")
LOOKS = range(YEAR + 4, WEEKS + 1, 4)  # weeks after which somebody looks
ALARMS_A_SIDE = 0.025  # a CUSUM's chance of a false signal in a year, up and down each
SEED = 20261128


@dataclass(frozen=True)
class World:
    """What happens: one group of each site has a ratio to the others, which may change."""

    then: float = 1.0
    now: float = 1.0
    everyone: float = 1.0  # times the rate of every group in the second year
    rho: float = 0.0  # correlation of births of one group, site and week
    season: float = 0.0  # up and down over a year, all groups alike

    @property
    def moves(self) -> float:
        """Times the rate of the planted group, from the first year to the second."""
        return self.everyone * self.now / self.then


WORLDS = {
    "chance": World(),
    "scatter": World(rho=0.02),
    "season": World(season=0.25),
    "steady": World(then=1.6, now=1.6),
    "improving": World(then=1.6, now=1.6, everyone=0.5),
    "widening": World(now=2.0),
    "closing": World(then=2.0),
    "crossing": World(then=2.0, now=0.5),
}


QUICK = ("widening",)

# -- networks ---------------------------------------------------------------------------------


def planted(site: int, network: int) -> int:
    """The group that is planted at a site: each as often as the others."""
    return (site + network) % len(GROUPS)


def network(world: World, seed: list[int], sites: int, number: int) -> tuple[pd.DataFrame, ...]:
    """Counts of a network, and the truth of every site and group."""
    rng = np.random.default_rng(seed)
    size = np.array(list(GROUPS.values()), dtype=float)
    late = np.arange(WEEKS) >= YEAR
    rate = np.full((sites, len(GROUPS), WEEKS), RATE)
    rate *= np.exp(rng.normal(0, SITES_VARY, (sites, 1, 1)))
    mark = np.zeros((sites, len(GROUPS)), dtype=bool)
    mark[np.arange(sites), [planted(site, number) for site in range(sites)]] = True
    rate *= np.where(mark[..., None], np.where(late, world.now, world.then), 1.0)
    rate *= np.where(late, world.everyone, 1.0)
    ratio = [_against_the_rest(rate[..., week], size) for week in (0, WEEKS - 1)]
    rate = rate * (1 + world.season * np.cos(2 * np.pi * np.arange(WEEKS) / YEAR))
    births = rng.poisson(size[:, None], rate.shape)
    if world.rho:
        spread = (1 - world.rho) / world.rho
        events = rng.binomial(births, rng.beta(rate * spread, (1 - rate) * spread))
    else:
        events = rng.binomial(births, rate)
    names = [f"site_{at + 1:02d}" for at in range(sites)]
    keys = pd.MultiIndex.from_product(
        [names, list(GROUPS), pd.date_range("2024-01-01", periods=WEEKS, freq="W-MON")],
        names=["site", "stratum", "week"],
    ).to_frame(index=False)
    counts = keys.assign(events=events.ravel(), births=births.ravel())
    truth = pd.MultiIndex.from_product([names, list(GROUPS)], names=["site", "stratum"])
    true = truth.to_frame(index=False).assign(
        planted=mark.ravel(), ratio_then=ratio[0].ravel(), ratio_now=ratio[1].ravel()
    )
    return counts, true


def _against_the_rest(rate: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The true ratio of each group to everyone else at its site."""
    events = rate * size
    rest = (events.sum(axis=-1, keepdims=True) - events) / (size.sum() - size)
    return rate / rest


def project(sites: int) -> str:
    """The project file of a network."""
    named = "\n".join(f"  - {{id: site_{n + 1:02d}, name: Site {n + 1}}}" for n in range(sites))
    groups = "\n".join(f"    - {{name: {name}, codes: [{name}]}}" for name in GROUPS)
    return f"""\
id: planted
title: A network whose truth is known
synthetic: true
clinical_area: other
network: Made-up network
start: 2024-01-01
sites:
{named}
aim:
  population: Women giving birth
  measure: harmed
  from: 0.1
  to: 0.05
  by: 2025-12-31
  equity:
    - {{stratum: Black, measure: harmed, kind: ratio, from: 1.6, to: 1, by: 2025-12-31}}
strata:
  code_system: own
  groups:
{groups}
  reference: {{compare_with: everyone else, reason: No group is the norm here.}}
measures:
  - id: harmed
    name: Harmed
    role: outcome
    numerator: Women harmed
    denominator: Women giving birth
    direction: decrease
    baseline: {{subgroups: {YEAR}}}
data:
  kind: table
  path: counts.csv
  subgroup: week
  site: site
  stratum: stratum
  numerator: events
  denominator: births
"""


def made(
    folder: Path, worlds: dict[str, World], networks: int, sites: int, seed: int
) -> list[Path]:
    """Every network of every world, a folder each."""
    found = []
    for name, world in worlds.items():
        place = list(WORLDS).index(name)
        for number in range(networks):
            one = folder / f"{name}-{number}"
            one.mkdir()
            counts, true = network(world, [seed, place, number], sites, number)
            counts.to_csv(one / "counts.csv", index=False)
            true.to_csv(one / "truth.csv", index=False)
            (one / "project.yaml").write_text(project(sites), encoding="utf-8")
            found.append(one)
    return found


# -- contestants: one chart in, what is marked in the second year out ------------------------------


@dataclass(frozen=True)
class Seen:
    """Marks in the second year: above the centre, below it, and a verdict of the whole chart."""

    high: bool = False
    low: bool = False
    whole: bool = False


def seen(high: np.ndarray, low: np.ndarray, whole: bool = False) -> Seen:
    return Seen(bool(np.any(high)), bool(np.any(low)), whole)


def _watched(rows: pd.DataFrame) -> np.ndarray:
    return np.asarray(rows["week_number"] >= YEAR)


def _baseline(rows: pd.DataFrame) -> tuple[float, int]:
    """The rate of the first year, and how many of its weeks had births."""
    first = rows[~_watched(rows)]
    return float(first["events"].sum() / first["births"].sum()), len(first)


def three_sigma(rows: pd.DataFrame) -> Seen:
    rate, _ = _baseline(rows)
    after = rows[_watched(rows)]
    value, half = after["events"] / after["births"], 3 * np.sqrt(rate * (1 - rate))
    room = half / np.sqrt(after["births"])
    return seen(value > rate + room, value < rate - room)


def moss_like(rows: pd.DataFrame) -> Seen:
    from qi_equity.spc.monitor import cusum

    rate, _ = _baseline(rows)
    if rate == 0:
        return Seen()
    after = rows[_watched(rows)]
    events, births = (after[name].to_numpy(float)[None] for name in ("events", "births"))
    usual = round(float(rows["births"][~_watched(rows)].mean()))
    marked = []
    for ratio in (2.0, 0.5):
        limit = np.array([_limit(usual, round(rate, 3), ratio)])
        found = cusum(events, births, np.array([rate]), limit, ratio=ratio)
        marked.append(found.signal)
    return seen(*marked)


@cache
def _limit(births: int, rate: float, ratio: float) -> float:
    from qi_equity.spc.monitor import cusum_limit

    return cusum_limit(births, rate, YEAR, ALARMS_A_SIDE, ratio=ratio)


def clinical_qikit(rows: pd.DataFrame, chart: str = "p") -> Seen:
    from qikit import qic

    _, freeze = _baseline(rows)
    found = qic(data=rows, x="week", y="events", n="births", chart=chart, freeze=freeze)
    points = found.data
    mark = points["sigma_signal"] | points["runs_signal_localized"]
    after = mark.to_numpy() & _watched(rows)
    above = (points["y"] > points["cl"]).to_numpy()
    crossings = bool(found.summary.get("crossings_signal", False))
    return seen(after & above, after & ~above, crossings)


def qikit_laney(rows: pd.DataFrame) -> Seen:
    return clinical_qikit(rows, "pp")


def controlchartspy(rows: pd.DataFrame) -> Seen:
    from controlchartspy import spc

    _, freeze = _baseline(rows)
    names = ("astronomical", "shift", "trend", "two_in_three")
    rules = dict.fromkeys(names, True) | {"shift_n": 7, "trend_n": 7}
    settings = {"chart_type": "p", "num_points_subset": freeze, "subset_points_from": "Start"}
    written = rows.assign(week=rows["week"].dt.strftime("%Y-%m-%d"))
    found = spc(
        written[["week", "events", "births"]].to_dict("list"), keys="week", numerators="events",
        denominators="births", outlier_settings=rules, return_objs="limits",
        spc_settings=settings,
    )  # fmt: skip
    points = pd.DataFrame(found.limits)
    marks = points[["astpoint", "shift", "trend", "two_in_three"]]
    after = _watched(rows)
    # Its words are of a rise as an improvement, which is what it takes for granted.
    high, low = ((marks == word).any(axis=1) for word in ("improvement", "deterioration"))
    return seen(after & high, after & low)


def pyqicharts(rows: pd.DataFrame) -> Seen:
    from pyqicharts import qic_table

    _, freeze = _baseline(rows)
    points = qic_table(
        rows, x="week", y="events", denominator="births", chart="p", baseline_points=freeze
    )
    after = points["signal"].to_numpy(bool) & _watched(rows)
    above = (points["plot_value"] > points["centre"]).to_numpy()
    return seen(after & above, after & ~above)


@dataclass(frozen=True)
class Contestant:
    """A way to judge one chart: what it is called in the tables, its package, and the call."""

    title: str
    package: str | None
    judge: Callable[[pd.DataFrame], Seen]


CONTESTANTS = {
    "qikit": Contestant("clinical-qikit, p", "clinical-qikit", clinical_qikit),
    "laney": Contestant("clinical-qikit, p′", "clinical-qikit", qikit_laney),
    "controlchartspy": Contestant("controlchartspy", "controlchartspy", controlchartspy),
    "pyqicharts": Contestant("pyqicharts", "pyqicharts", pyqicharts),
    "sigma": Contestant("3 sigma", None, three_sigma),
    "moss": Contestant("CUSUM", None, moss_like),
}
# Columns of the tables, ours first; "early" is what this one look shows.
TITLES = {"ours": "ours, established", "early": "ours, emerging"} | {
    name: one.title for name, one in CONTESTANTS.items()
}
Spent = dict[str, float]


def charts_of(folder: Path) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    """The weeks with births of every site and group, in order: peers cannot take the others."""
    counts = pd.read_csv(folder / "counts.csv", parse_dates=["week"])
    first = counts["week"].min()
    counts["week_number"] = (counts["week"] - first).dt.days // 7
    for key, rows in counts[counts["births"] > 0].groupby(["site", "stratum"], sort=False):
        yield (str(key[0]), str(key[1])), rows.reset_index(drop=True)


def played(name: str, folder: Path) -> dict[str, float]:
    """Every chart of every network judged at the end, and the planted ones at each look."""
    warnings.simplefilter("ignore")
    judge, spent, many = CONTESTANTS[name].judge, 0.0, 0
    judge(next(charts_of(next(folder.iterdir())))[1])  # what is loaded once is not timed
    for one in sorted(folder.iterdir()):
        truth = pd.read_csv(one / "truth.csv").set_index(["site", "stratum"])["planted"]
        world = one.name.rpartition("-")[0]
        moves = WORLDS[world].moves
        rows = []
        for (site, stratum), weeks in charts_of(one):
            start = time.process_time()
            found = judge(weeks)
            spent, many = spent + time.process_time() - start, many + 1
            delay = np.nan
            if truth[site, stratum] and world in LOOKED_AT:
                delay = _first_look(judge, weeks, moves)
            rows.append([site, stratum, found.high, found.low, found.whole, delay])
        columns = ["site", "stratum", "high", "low", "whole", "delay"]
        pd.DataFrame(rows, columns=columns).to_csv(one / f"{name}.csv", index=False)
    return {"cpu": spent, "charts": many}


def _first_look(judge: Callable[[pd.DataFrame], Seen], weeks: pd.DataFrame, moves: float) -> float:
    """Weeks from the change to the first look that shows it, in its direction."""
    for look in LOOKS:
        found = judge(weeks[weeks["week_number"] < look].reset_index(drop=True))
        if found.high if moves > 1 else found.low:
            return float(look - YEAR)
    return np.nan


# -- running ------------------------------------------------------------------------------------


def ours(folder: Path) -> float:
    """Our command line on one network; processor seconds, the start included."""
    command = [sys.executable, "-m", "qi_equity.cli", "analyse", str(folder / "project.yaml")]
    with of_children() as spent:
        _run([*command, "--out", str(folder / "ours")], str(folder))
    return spent.seconds


def _run(command: list[str], what: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{what} failed:\n{done.stderr}")
    return done.stdout


def chart_alone(folder: Path) -> dict[str, float]:
    """`qi_equity.chart` on the same charts: lines and rules, as the peers draw them."""
    spent, many = 0.0, 0
    _drawn(pd.read_csv(next(folder.iterdir()) / "counts.csv", parse_dates=["week"]))  # loads
    for one in sorted(folder.iterdir()):
        counts = pd.read_csv(one / "counts.csv", parse_dates=["week"])
        start = time.process_time()
        drawn = _drawn(counts)
        spent, many = spent + time.process_time() - start, many + drawn
    return {"cpu": spent, "charts": many}


def _drawn(counts: pd.DataFrame) -> int:
    import qi_equity

    found = qi_equity.chart(
        counts, kind="p", subgroup="week", numerator="events", denominator="births",
        by=["site", "stratum"], freeze=YEAR,
    )  # fmt: skip
    return len(found.summary)


def reach(peers: Path | None) -> None:
    """Peers come last on the path: numpy and pandas are those of this environment."""
    if peers is not None:
        held = sorted(peers.glob("lib*/python3.*/site-packages")) or [peers]
        sys.path.extend(str(one) for one in held)


def installed(package: str | None) -> str | None:
    if package is None:
        return "here"
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    told = os.environ.get("QI_EQUITY_PEERS")
    parser.add_argument("--peers", type=Path, default=Path(told) if told else None)
    parser.add_argument("--networks", type=int, default=4, help="of each world")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--quick", action="store_true", help="one network of three sites")
    parser.add_argument("--write", action="store_true", help=f"the tables into {PAGE.name}")
    parser.add_argument("--one", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    return parser.parse_args()


def raced(folder: Path, folders: list[Path], given: argparse.Namespace) -> dict[str, Spent]:
    """Every contestant on every network, each in a process of its own; who is not there is not."""
    charts = sum(len(pd.read_csv(one / "truth.csv")) for one in folders)
    spent = {"ours": {"cpu": sum(map(ours, folders)), "charts": charts}}
    own = [sys.executable, __file__, *(["--peers", str(given.peers)] if given.peers else [])]
    for name in ("chart", *CONTESTANTS):
        if name == "chart" or installed(CONTESTANTS[name].package):
            said = _run([*own, "--one", name, str(folder)], name)
            spent[name] = json.loads(said.splitlines()[-1])
    return spent


def told_of(given: argparse.Namespace, folders: list[Path], minutes: float) -> str:
    """When, with what seed and with which versions it was run."""
    packages = ("numpy", "pandas", *dict.fromkeys(one.package for one in CONTESTANTS.values()))
    numbers = [f"{one} {installed(one) or 'not installed here'}" for one in packages if one]
    day = datetime.now(UTC).date()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    busy = sum(one.ru_utime + one.ru_stime for one in used) / 60
    return (
        f"Run on {day}: {busy:.0f} minutes of processor time, {minutes:.0f} by the clock of a busy "
        f"machine; seed {given.seed}, {len(folders)} networks. "
        f"qi_equity {installed('qi-equity') or 'from its sources'}, "
        f"Python {sys.version.split()[0]}, {', '.join(numbers)}.\n\n"
    )


def main() -> None:
    given = _asked()
    reach(given.peers)
    if given.one:
        name, where = given.one[0], Path(given.one[1])
        alone = name == "chart"
        print(json.dumps(chart_alone(where) if alone else played(name, where)))
        return
    start = time.perf_counter()
    worlds = {name: WORLDS[name] for name in QUICK} if given.quick else WORLDS
    networks, sites = (1, 3) if given.quick else (given.networks, SITES)
    with tempfile.TemporaryDirectory() as where:
        folders = made(Path(where), worlds, networks, sites, given.seed)
        spent = raced(Path(where), folders, given)
        ran = [name for name in TITLES if name == "early" or name in spent]
        found = results(folders, TITLES, GROUPS, WORLDS, ran)
        minutes = (time.perf_counter() - start) / 60
        text = told_of(given, folders, minutes) + tables(found, spent)
    print(text)
    if given.write:
        PAGE.write_text(page_with(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")


if __name__ == "__main__":
    main()
