"""Findings of random numbers, in the shape the pages expect: for tests of what is shown."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qi_equity.findings import Findings, caution
from qi_equity.project import EVERYONE, Project

STRATA = ["Asian", "Black", "Mixed", "Other", "White", "Not known"]


def made_project(name: str = "pph", sites: int = 3, *, synthetic: bool = True) -> Project:
    return Project.model_validate(
        {
            "id": name,
            "title": "Fewer severe haemorrhages" if name == "pph" else "Warm babies <34 weeks",
            "clinical_area": "post-partum haemorrhage",
            "synthetic": synthetic,
            "network": "Northern network",
            "sites": [
                {"id": f"site_{letter.lower()}", "name": f"Site {letter}"}
                for letter in "ABCDEFGHIJ"[:sites]
            ],
            "aim": {
                "population": "women giving birth",
                "measure": "pph",
                "from": 0.12,
                "to": 0.06,
                "by": "2026-03-31",
                "equity": [
                    {
                        "stratum": "Black",
                        "measure": "pph",
                        "kind": "ratio",
                        "from": 2,
                        "to": 1,
                        "by": "2026-03-31",
                        "primary": True,
                    }
                ],
            },
            "strata": {
                "groups": [{"name": s, "unknown": s == "Not known"} for s in STRATA],
                "reference": {
                    "compare_with": "everyone else",
                    "reason": "No group is the norm; each is compared with all other women here.",
                },
            },
            "measures": [
                {
                    "id": "pph",
                    "name": "Blood loss of 1,000 ml or more",
                    "role": "outcome",
                    "numerator": "women who lost 1,000 ml or more",
                    "denominator": "women giving birth",
                    "direction": "decrease",
                    "target": 0.06,
                },
                {
                    "id": "weighed",
                    "name": "Blood loss weighed",
                    "role": "process",
                    "numerator": "women whose loss was weighed",
                    "denominator": "women giving birth",
                    "direction": "increase",
                },
            ],
            "drivers": [
                {
                    "id": "notice",
                    "name": "Loss is noticed early",
                    "measures": ["weighed"],
                    "change_ideas": [{"id": "weigh", "name": "Weigh every pad"}],
                }
            ],
            "cycles": [
                {
                    "id": "c1",
                    "title": "Scales in every room",
                    "start": "2025-03-03",
                    "end": "2025-05-26",
                    "change_idea": "weigh",
                    "plan": "Put scales in all rooms",
                    "do": "Done in 8 of 9 rooms",
                },
                {
                    "id": "c2",
                    "title": "Interpreter on the call",
                    "start": "2025-09-01",
                    "strata": ["Black", "Asian"],
                    "sites": ["site_a"],
                    "plan": "Call an interpreter at admission",
                },
            ],
            "principles": [{"prompt": "Name racism", "answer": "We said it in the first meeting."}],
        }
    )


def made_watch(established: bool) -> dict[str, object]:
    return {
        "established": established,
        "first_established": pd.Timestamp("2025-08-04") if established else pd.NaT,
        "change_estimate": pd.Timestamp("2025-06-30") if established else pd.NaT,
    }


def made_findings(project: Project, weeks: int = 104, seed: int = 1) -> Findings:
    """Rates of chance alone around 6% (70% for a process), twice that in one stratum."""
    random = np.random.default_rng(seed)
    subgroups = pd.date_range("2024-07-01", periods=weeks, freq="W-MON")
    sizes = dict(zip([EVERYONE, *STRATA], [120, 18, 15, 8, 6, 60, 5], strict=True))
    points, charts, gaps, gap_points = [], [], [], []
    for measure in project.measures:
        usual = 0.06 if measure.direction == "decrease" else 0.7
        for site in project.sites:
            for stratum, size in sizes.items():
                rate = np.full(weeks, usual * (1.4 if stratum == "Black" else 1))
                if stratum == "Black" and site.id == "site_a":
                    rate[weeks // 2 :] *= 0.4
                births = random.poisson(size, weeks).astype(float)
                births[(births == 0) | (random.random(weeks) < 0.02)] = np.nan
                events = random.binomial(np.nan_to_num(births).astype(int), np.minimum(rate, 1.0))
                events = np.where(np.isnan(births), np.nan, events)
                centre = np.nansum(events) / np.nansum(births)
                sd = np.sqrt(centre * (1 - centre) / births)
                value, low, high = events / births, centre - 3 * sd, centre + 3 * sd
                beyond = (value > high).astype(int) - (value < low).astype(int)
                better = measure.direction == "increase"
                meaning = np.where(
                    beyond == 0, "none", np.where((beyond > 0) == better, "improvement", "concern")
                )
                key = {"measure": measure.id, "site": site.id, "stratum": stratum}
                points.append(
                    pd.DataFrame(
                        {
                            **key,
                            "subgroup": subgroups,
                            "phase": 1,
                            "numerator": events,
                            "denominator": births,
                            "value": 100 * value,
                            "centre": 100 * centre,
                            "lower": 100 * np.clip(low, 0, 1),
                            "upper": 100 * np.clip(high, 0, 1),
                            "target": np.nan if measure.target is None else 100 * measure.target,
                            "baseline": np.arange(weeks) < 26,
                            "excluded": False,
                            "beyond_limits": beyond,
                            "signal": beyond != 0,
                            "meaning": meaning,
                        }
                    )
                )
                found = set(meaning) - {"none"}
                charts.append(
                    {
                        **key,
                        "phase": 1,
                        "subgroups": int(np.isfinite(value).sum()),
                        "useful": int(np.isfinite(value).sum()),
                        "longest_run": 7,
                        "longest_run_limit": 10,
                        "crossings": 41,
                        "crossings_limit": 43,
                        "runs_signal": stratum == "Black",
                        "beyond_limits": int((beyond != 0).sum()),
                        "p_value": 0.2,
                        "q_value": 0.4,
                        "centre": 100 * centre,
                        "variation": (found.pop() if len(found) == 1 else "mixed")
                        if found
                        else "common cause",
                        "assurance": "inconsistent",
                        "highlight": stratum == "Black",
                        "emerging": stratum == "Black",
                        **made_watch(stratum == "Black" and site.id == "site_a"),
                        "direction": "falling",
                        "false_alarms_a_year": 0.002,
                        "shared": "own" if stratum == "Black" else "",
                    }
                )
                if stratum == EVERYONE or stratum == "Not known":
                    continue
                difference = centre - usual
                gaps.append(
                    {
                        **key,
                        "numerator": np.nansum(events),
                        "denominator": np.nansum(births),
                        "rate": centre,
                        "rate_lower": centre * 0.8,
                        "rate_upper": centre * 1.2,
                        "reference": "everyone else",
                        "difference": difference,
                        "difference_lower": difference - 0.02,
                        "difference_upper": difference + 0.02,
                        "ratio": centre / usual,
                        "ratio_lower": centre / usual * 0.8,
                        "ratio_upper": centre / usual * 1.25,
                        "excess": np.nansum(births) * difference,
                        "p_value": 0.1,
                        "q_value": 0.3,
                        "verdict": "steady" if stratum == "Black" else "no gap",
                        "sentence": "",
                        "weeks_to_go": 31.0,
                        **made_watch(stratum == "Black" and site.id == "site_a"),
                        "signal": "falling" if stratum == "Black" else "",
                        "smallest_gap": 1.1,
                    }
                )
                ratio = np.exp(random.normal(np.log(centre / usual), 0.3, 24))
                change = random.normal(difference, 0.03, 24)
                up = np.maximum.accumulate(random.normal(0, 0.6, 24).cumsum().clip(0))
                gap_points.append(
                    pd.DataFrame(
                        {
                            **key,
                            "subgroup": pd.date_range("2024-07-01", periods=24, freq="MS"),
                            "ratio": ratio,
                            "ratio_lower": ratio * 0.5,
                            "ratio_upper": ratio * 2,
                            "difference": change,
                            "difference_lower": change - 0.06,
                            "difference_upper": change + 0.06,
                            "evidence_up": up,
                            "evidence_down": up / 2,
                            "evidence_limit": 4.0,
                            "signal": up > 4,
                        }
                    )
                )
    said = caution("provisional_limits", ("pph", "site_a", "Other"))
    return Findings(
        project,
        pd.concat(points, ignore_index=True),
        pd.DataFrame(charts),
        pd.DataFrame(gaps),
        pd.concat(gap_points, ignore_index=True),
        (said,),
        judged=True,
    )


def made_long(letters: int = 80, strata: int = 18) -> Findings:
    """Findings of so many strata and of names so long that they cannot stand beside each other."""
    names = [f"Group {n:02d} " + "of people who name it so " * 9 for n in range(1, strata + 1)]
    names = [name[:letters].strip() for name in names]
    plan = made_project("long", sites=2)
    groups = tuple(plan.strata.groups[0].model_copy(update={"name": name}) for name in names)
    sites = tuple(
        one.model_copy(update={"name": f"{one.name} of the hospitals of a trust " * 3})
        for one in plan.sites
    )
    found = made_findings(plan, weeks=20)

    def spread(table: pd.DataFrame) -> pd.DataFrame:
        own = table[table["stratum"] == "Black"]
        copies = [own.assign(stratum=name) for name in names]
        return pd.concat([table[table["stratum"] == EVERYONE], *copies], ignore_index=True)

    aims = tuple(one.model_copy(update={"stratum": names[0]}) for one in plan.aim.equity)
    cycles = tuple(one.model_copy(update={"strata": ()}) for one in plan.cycles)
    told = {
        "strata": plan.strata.model_copy(update={"groups": groups}),
        "sites": sites,
        "cycles": cycles,
        "aim": plan.aim.model_copy(update={"equity": aims}),
    }
    return Findings(
        plan.model_copy(update=told),
        *(spread(one) for one in (found.points, found.charts, found.gaps, found.gap_points)),
        judged=True,
    )
