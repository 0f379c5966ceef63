"""Birth records to weekly observations: ours beside the same work in pandas on a tenth of them.

    python benchmarks/records.py                 # 20,000,000 births: makes the file, then counts
    python benchmarks/records.py --births 2e6    # a smaller trial

Each run is a process of its own, so that its peak memory is its own. The file is made once, beside
the system's temporary files, and used again.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SITES, WEEKS = 150, 260
CODES = [*"ABCDEFGHJKLMNPRSZ", "99"]
FLAGS = ("weighed", "assessed", "induced", "caesarean", "interpreter", "breast_milk", "smoker")


def make(path: Path, births: int) -> None:
    """Births as a national data set holds them: a date, a site, a code, figures and flags."""
    import duckdb

    flags = ", ".join(
        f"(hash(i * 31 + {n}) % 1000) < {share} as {name}"
        for n, (name, share) in enumerate(
            zip(FLAGS, (700, 850, 300, 350, 60, 720, 60), strict=True)
        )
    )
    codes = ", ".join(f"'{code}'" for code in CODES)
    duckdb.sql(
        f"""copy (select
            date '2020-01-06' + cast(hash(i) % {7 * WEEKS} as integer) as born,
            'site_' || cast(hash(i + 7) % {SITES} as varchar) as unit,
            [{codes}][1 + cast(floor({len(CODES)} * pow((hash(i + 13) % 10000) / 10000, 1.6))
                as integer)] as ethnicity,
            if(hash(i + 17) % 50 = 0, null, 100 + hash(i + 19) % 1500)::double as loss,
            if(hash(i + 23) % 100 = 0, null, 230 + hash(i + 29) % 65)::integer as gestation,
            {flags}
        from range({births}) t(i)) to '{path}' (format parquet)"""
    )


def project() -> object:
    """Ten measures over 150 sites and 18 ethnic codes."""
    from qi_equity.project import Project

    def measure(name: str, eligible: object, numerator: object) -> dict[str, object]:
        rule = {"eligible": eligible, "numerator": numerator}
        words = {"id": name, "name": name, "role": "outcome", "numerator": "n"}
        return {**words, "direction": "decrease", "records": rule}

    loss, gestation = {"loss": {"known": True}}, {"gestation": {"known": True}}
    aim = {"stratum": "A", "measure": "pph_1000", "from": 0.2, "to": 0.1, "by": "2026-01-01"}
    return Project.model_validate(
        {
            "id": "national",
            "title": "A national data set",
            "clinical_area": "other",
            "network": "Made up",
            "sites": [{"id": f"site_{n}", "name": f"Site {n}"} for n in range(SITES)],
            "aim": {
                "population": "women",
                **{key: aim[key] for key in ("measure", "from", "to", "by")},
                "equity": [aim],
            },
            "strata": {
                "code_system": "nhs_16_plus_1",
                "groups": [
                    {"name": code, "codes": [code], "unknown": code in ("Z", "99")}
                    | ({"missing": True} if code == "99" else {})
                    for code in CODES
                ],
                "reference": {"compare_with": "everyone else", "reason": "no group is the norm"},
            },
            "measures": [
                measure("pph_1000", loss, {"loss": {"at_least": 1000}}),
                measure("pph_1500", loss, {"loss": {"at_least": 1500}}),
                measure("preterm", gestation, {"gestation": {"below": 259}}),
                *(measure(name, {}, {name: {"is": True}}) for name in FLAGS),
            ],
            "data": {
                "kind": "records",
                "path": "births.parquet",
                "date": "born",
                "stratum": "ethnicity",
                "site": "unit",
            },
        }
    )


def ours(path: Path) -> int:
    from qi_equity import sources

    def progress(what: str, part: float) -> None:
        print(f"\r  {what}: {part:4.0%}", end="", file=sys.stderr, flush=True)

    imported = sources.load(project(), path, progress=progress)  # type: ignore[arg-type]
    print(file=sys.stderr)
    return len(imported.observations)


def pandas(path: Path) -> int:
    """The same observations as one would write them in pandas."""
    import pandas as pd

    table = pd.read_parquet(path)
    day = pd.to_datetime(table["born"])
    table["subgroup"] = day - pd.to_timedelta(day.dt.day_of_week, unit="D")
    known = {"pph_1000": "loss", "pph_1500": "loss", "preterm": "gestation"}
    events = {
        "pph_1000": table["loss"] >= 1000,
        "pph_1500": table["loss"] >= 1500,
        "preterm": table["gestation"] < 259,
        **{name: table[name] for name in FLAGS},
    }
    parts = []
    for name, event in events.items():
        eligible = table[known[name]].notna() if name in known else slice(None)
        rows = table.loc[eligible, ["unit", "ethnicity", "subgroup"]].assign(event=event)
        sums = rows.groupby(["unit", "ethnicity", "subgroup"])["event"].agg(["sum", "size"])
        parts.append(sums.reset_index().assign(measure=name))
    return len(pd.concat(parts))


WORK = {"ours": ours, "pandas": pandas}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--births", type=float, default=20e6)
    parser.add_argument("--work", choices=WORK, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        began = time.perf_counter()
        rows = WORK[asked.work](asked.path)
        wall = time.perf_counter() - began
        used = resource.getrusage(resource.RUSAGE_SELF)
        cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20
        print(f"{asked.work}: {rows:,} rows, {wall:.1f} s, {cpu:.1f} s of CPU, {peak:.2f} GiB peak")
        return
    for work, births in (("ours", int(asked.births)), ("pandas", int(asked.births / 10))):
        path = Path(tempfile.gettempdir()) / f"qi_equity_births_{births}.parquet"
        if not path.exists():
            make(path, births)
        print(f"{births:,} births ({path.stat().st_size / 2**20:,.0f} MiB)")
        command = [sys.executable, __file__, "--work", work, "--path", str(path)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
