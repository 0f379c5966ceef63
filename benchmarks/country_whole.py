"""A country from birth records to a page of its network: where the time goes, measure by measure.

python benchmarks/country_whole.py                          # DuckDB and this process
python benchmarks/country_whole.py --engine 'local[2]'      # records and judging on Spark
python benchmarks/country_whole.py --sites 10 --measures 2  # a smaller trial

150 sites, 20 measures, 18 groups, 156 weeks and 60 births a week and site, made up. All measures
are counted in one go; then each is judged and shown by itself, so that memory is that of one and
what was done before a run is ended is on the screen. The digests of two engines are the same where
all they found is.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qi_equity import analyse, sources
from qi_equity.app.backend import FixedBackend
from qi_equity.app.render import Renderer
from qi_equity.findings import TABLES, Findings
from qi_equity.project import ALL_SITES, Project

CODES = [*"ABCDEFGHJKLMNPRSZ", "99"]
BIRTHS = 60  # a week and site
PAGES = {"compare": "every site beside the others", "charts": "a site's charts"}


def make(path: Path, sites: int, measures: int, weeks: int) -> int:
    """Births as a national data set holds them: a day, a site, a code and what happened."""
    import duckdb

    births = sites * weeks * BIRTHS
    happened = ", ".join(
        f"(hash(i * 31 + {n}) % 1000) < {20 + 10 * n} as event_{n}" for n in range(measures)
    )
    codes = ", ".join(f"'{code}'" for code in CODES)
    place = f"cast(floor({len(CODES)} * pow((hash(i + 13) % 10000) / 10000, 1.6)) as integer)"
    duckdb.sql(
        f"""copy (select
            date '2023-01-02' + cast(hash(i) % {7 * weeks} as integer) as born,
            'site_' || cast(hash(i + 7) % {sites} as varchar) as unit,
            [{codes}][1 + {place}] as ethnicity,
            {happened}
        from range({births}) t(i)) to '{path}' (format parquet)"""
    )
    return births


def country(sites: int, measures: int) -> Project:
    aim = {"stratum": "A", "measure": "event_0", "from": 0.2, "to": 0.1, "by": "2026-01-01"}
    unknown = ("Z", "99")
    return Project.model_validate(
        {
            "id": "country",
            "title": "A country",
            "synthetic": True,
            "clinical_area": "other",
            "network": "Made up",
            "sites": [{"id": f"site_{n}", "name": f"Site {n}"} for n in range(sites)],
            "aim": {
                "population": "women",
                **{key: aim[key] for key in ("measure", "from", "to", "by")},
                "equity": [aim],
            },
            "strata": {
                "code_system": "nhs_16_plus_1",
                "groups": [
                    {"name": code, "codes": [code], "unknown": code in unknown}
                    | ({"missing": True} if code == "99" else {})
                    for code in CODES
                ],
                "reference": {"compare_with": "everyone else", "reason": "no group is the norm"},
            },
            "measures": [
                {
                    **{"id": f"event_{n}", "name": f"Event {n}", "role": "outcome"},
                    **{"numerator": "women", "direction": "decrease"},
                    "records": {"eligible": {}, "numerator": {f"event_{n}": {"is": True}}},
                }
                for n in range(measures)
            ],
            "data": {
                **{"kind": "records", "path": "births.parquet"},
                **{"date": "born", "stratum": "ethnicity", "site": "unit"},
            },
        }
    )


def alone(project: Project, measure: str) -> Project:
    """The project of one measure."""
    aim = project.aim.model_copy(
        update={
            "measure": measure,
            "equity": tuple(
                one.model_copy(update={"measure": measure}) for one in project.aim.equity
            ),
        }
    )
    return project.model_copy(update={"aim": aim, "measures": (project.measure(measure),)})


def digest(found: Findings) -> str:
    """Of every figure and word of all findings, bit for bit."""
    whole = hashlib.sha256()
    for name in TABLES:
        table = getattr(found, name)
        for column in table:
            values = table[column]
            exact = (
                values.to_numpy() if values.dtype.kind in "fiub" else values.map(repr).to_numpy()
            )
            whole.update(f"{name} {column} {values.dtype}".encode())
            whole.update(exact.tobytes() if exact.dtype != object else "\n".join(exact).encode())
    return whole.hexdigest()[:16]


@contextmanager
def timed(what: str, into: dict[str, list[float]]) -> Iterator[None]:
    """Seconds of this process's own processor, and by the clock."""
    processor, clock = time.process_time(), time.perf_counter()
    yield
    spent = (time.process_time() - processor, time.perf_counter() - clock)
    held = into.setdefault(what, [0.0, 0.0])
    held[0], held[1] = held[0] + spent[0], held[1] + spent[1]
    print(f"  {what}: {spent[0]:.1f} s of this process, {spent[1]:.1f} s by the clock", flush=True)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, size in (("sites", 150), ("measures", 20), ("weeks", 156)):
        ask.add_argument(f"--{name}", type=int, default=size)
    ask.add_argument("--engine", default="local", help="local, local[2] or spark://host:port")
    given = ask.parse_args()
    project, spent = country(given.sites, given.measures), dict[str, list[float]]()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "births.parquet"
        births = make(path, given.sites, given.measures, given.weeks)
        on_spark = given.engine != "local"
        print(f"{births:,} births, {given.measures} measures, {given.sites} sites")
        with timed("records to observations", spent):
            counts = sources.load(project, f"spark:{path}" if on_spark else path).observations
    print(f"  {len(counts):,} observations", flush=True)
    charts = gaps = 0
    for done, measure in enumerate(project.measures, start=1):
        one, rows = alone(project, measure.id), counts[counts["measure"] == measure.id]
        print(f"measure {done} of {given.measures}")
        with timed("observations to findings", spent):
            found = analyse(one, rows, engine=given.engine)
        print(f"  digest of the findings: {digest(found)}")
        charts, gaps = charts + len(found.charts), gaps + len(found.gaps)
        pages = Renderer(FixedBackend({one.id: found}))
        for page, what in PAGES.items():
            site = ALL_SITES if page == "compare" else project.sites[0].id
            with timed(f"page: {what}", spent):
                answer = pages.answer(f"?page={page}&site={site.replace(' ', '+')}")
            assert "<h1" in answer["html"]
            assert "went wrong" not in answer["html"]
    print(f"{charts:,} charts, {gaps:,} gaps, on {given.engine}")
    for what, (processor, clock) in spent.items():
        print(f"{what}: {processor:.1f} s of this process, {clock:.1f} s by the clock, in all")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"this process at its largest: {most:.0f} MiB")


if __name__ == "__main__":
    main()
