"""Time the judging of a country on several processes, and say how it grows.

python benchmarks/country.py --sites 10 --measures 1 --strata 18 --weeks 156 --grow
python benchmarks/country.py --sites 150 --measures 20      # the whole: minutes to hours

Sites of a measure are judged apart from each other, ten to a piece of work, as a cluster does it.
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
from qi_equity.judging import Work, Workers, contents, judged
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


def finished(work: Work) -> dict[str, Judged]:
    return work.done()


def timed(sites: int, measures: int, strata: int, weeks: int, do: Do) -> tuple[float, float]:
    """Seconds of drawing and of judging."""
    project = country(sites, strata)
    measure = next(one for one in project.measures if one.id == project.aim.measure)
    reading, draws, judges = Reading(project, measure), 0.0, 0.0
    for seed in range(measures):
        rows = logged(project, weeks, seed)
        start = time.perf_counter()
        drawn = reading.charted_as_logged(rows).draw(rows)
        told = contents(reading, rows).sites
        middle = time.perf_counter()
        judged(reading, rows, drawn, told, {}, Workers(do, SITES_EACH))
        draws, judges = draws + middle - start, judges + time.perf_counter() - middle
    return draws, judges


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ("sites", "measures", "strata", "weeks")
    for name, size in zip(names, COUNTRY, strict=True):
        ask.add_argument(f"--{name}", type=int, default=size)
    ask.add_argument("--processes", type=int, default=2)
    ask.add_argument("--grow", action="store_true", help="double sites, measures and weeks in turn")
    given = ask.parse_args()
    sizes = [getattr(given, name) for name in names]
    with ProcessPoolExecutor(given.processes) as pool:

        def do(works: Sequence[Work]) -> list[dict[str, Judged]]:
            return list(pool.map(finished, works))

        timed(2, 1, 3, 60, do)  # what is loaded once
        draws, judges = timed(*sizes, do)
        print(f"{sizes}: drawn in {draws:.1f} s, judged in {judges:.1f} s")
        whole = judges
        for place in (0, 1, 3) if given.grow else ():
            more = [size * (1 + (at == place)) for at, size in enumerate(sizes)]
            _, longer = timed(*more, do)
            slope = np.log2(longer / judges)
            whole *= (COUNTRY[place] / sizes[place]) ** slope
            print(f"{more}: judged in {longer:.1f} s, grows as {names[place]} to {slope:.2f}")
        if given.grow and sizes[2] == COUNTRY[2]:
            print(f"at these slopes {COUNTRY} takes {whole / 60:.0f} minutes (computed, not run)")
    memory = max(resource.getrusage(who).ru_maxrss for who in (0, resource.RUSAGE_CHILDREN))
    print(f"{given.processes} processes, the largest {memory / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
