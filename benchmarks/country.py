"""Time the judging of a country on several processes, and say how it grows.

python benchmarks/country.py --sites 10 --measures 1 --strata 9 --weeks 78 --grow
python benchmarks/country.py      # the whole

Sites of a measure are judged apart from each other, ten to a piece of work, as a cluster does it.
Growth is that of processor time, which other work on the machine does not lengthen.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd

from qi_equity.findings import Judged
from qi_equity.judging import Ask, Work, Workers, contents, judged
from qi_equity.observations import observations, with_totals
from qi_equity.project import ALL_SITES, EVERYONE, Project
from qi_equity.project_file import examples, load
from qi_equity.reading import Reading

COUNTRY = (150, 20, 18, 156)
SITES_EACH = 10
BIRTHS, RATE = 60, 0.06  # births a week of a site, and how many of them have the event


def country(sites: int, strata: int) -> Project:
    """The example project with more sites and strata."""
    base = load(examples()["pph_reduction"])
    known = next(one for one in base.strata.groups if not one.unknown)
    groups = tuple(known.model_copy(update={"name": f"group {i}"}) for i in range(strata))
    declared = base.strata.reference.model_copy(update={"compare_with": "everyone else"})
    return base.model_copy(
        update={
            "sites": tuple(
                base.sites[0].model_copy(update={"id": f"site_{i}"}) for i in range(sites)
            ),
            "strata": base.strata.model_copy(update={"groups": groups, "reference": declared}),
        }
    )


def logged(project: Project, weeks: int, seed: int) -> pd.DataFrame:
    """Counts of one measure; the strata are of very different sizes, as they are."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, len(project.strata.groups) + 1)
    keys = pd.MultiIndex.from_product(
        [
            [site.id for site in project.sites],
            [group.name for group in project.strata.groups],
            pd.date_range("2023-01-02", periods=weeks, freq="W-MON"),
        ],
        names=["site", "stratum", "subgroup"],
    ).to_frame(index=False)
    size = np.tile(np.repeat(BIRTHS * share / share.sum(), weeks), len(project.sites))
    births = rng.poisson(size) + 1
    log = keys.assign(
        measure=project.aim.measure, numerator=rng.binomial(births, RATE), denominator=births
    )
    return with_totals(with_totals(observations(log), "stratum", EVERYONE), "site", ALL_SITES)


Do = Callable[[Sequence[Work]], list[dict[str, Judged]]]


def finished(work: Work) -> tuple[dict[str, Judged], float]:
    """A piece of work judged, and the processor time it took: other work cannot lengthen that."""
    start = time.process_time()
    return work.done(), time.process_time() - start


def timed(sites: int, measures: int, strata: int, weeks: int, do: Do) -> float:
    """Seconds of this process: drawing, cutting into pieces of work, putting together."""
    project = country(sites, strata)
    measure = next(one for one in project.measures if one.id == project.aim.measure)
    reading, here = Reading(project, measure), 0.0
    for seed in range(measures):
        rows = logged(project, weeks, seed)
        start = time.process_time()
        drawn = reading.charted_as_logged(rows).draw(rows)
        told = contents(reading, rows).sites
        judged([Ask(reading, rows, drawn, told, {})], Workers(do, SITES_EACH))
        here += time.process_time() - start
    return here


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ("sites", "measures", "strata", "weeks")
    for name, size in zip(names, COUNTRY, strict=True):
        ask.add_argument(f"--{name}", type=int, default=size)
    ask.add_argument("--processes", type=int, default=2)
    ask.add_argument("--grow", action="store_true", help="double each size in turn")
    given = ask.parse_args()
    sizes = [getattr(given, name) for name in names]
    with ProcessPoolExecutor(given.processes) as pool:
        spent: list[float] = []

        def do(works: Sequence[Work]) -> list[dict[str, Judged]]:
            found = list(pool.map(finished, works))
            spent.extend(seconds for _, seconds in found)
            return [one for one, _ in found]

        def both(sizes: Sequence[int]) -> tuple[float, float]:
            spent.clear()
            return timed(sizes[0], sizes[1], sizes[2], sizes[3], do), sum(spent)

        both((2, 1, 3, 60))  # what is loaded once
        start = time.perf_counter()
        here, judges = both(sizes)
        took = time.perf_counter() - start
        print(f"{sizes}: {took:.0f} s by the clock, other work included")
        print(f"processor time: {judges:.1f} s judging, {here:.1f} s drawing and handing out")
        whole = judges
        for place in range(4) if given.grow else ():
            more = [size * (1 + (at == place)) for at, size in enumerate(sizes)]
            _, longer = both(more)
            slope = np.log2(longer / judges)
            whole *= (COUNTRY[place] / sizes[place]) ** slope
            print(
                f"{more}: judged in {longer:.1f} s, grows as {names[place]} to {slope:.2f}",
                flush=True,
            )
        if given.grow:
            minutes = whole / 60 / given.processes
            print(f"at these slopes {COUNTRY} takes {minutes:.0f} minutes (computed, not run)")
    memory = max(resource.getrusage(who).ru_maxrss for who in (0, resource.RUSAGE_CHILDREN))
    print(f"{given.processes} processes, the largest {memory / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
