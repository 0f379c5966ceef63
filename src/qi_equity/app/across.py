"""One look across sites: gaps within sites beside the pooled one, and where rates lie by chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from qi_equity.equity.across_sites import across_sites
from qi_equity.frames.funnel import funnel as funnels
from qi_equity.project import ALL_SITES, EVERYONE_ELSE, Measure, Project

DISAGREE = 0.05  # p-value below which the sites' gaps differ by more than chance


def counts(points: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """Numerator and denominator of every site and stratum over the whole time."""
    own = points[(points["measure"] == measure.id) & (points["site"] != ALL_SITES)]
    own = own[own["numerator"].notna() & own["denominator"].notna()]
    return own.groupby(["site", "stratum"], sort=False)[["numerator", "denominator"]].sum()


def within_sites(points: pd.DataFrame, measure: Measure, project: Project) -> pd.DataFrame:
    """A row a stratum: the gap to the reference within sites, and whether the sites agree.

    Empty where the reference is not a stratum or everyone else, or where there is one site.
    """
    summed = counts(points, measure)
    wide = {name: summed[name].unstack("stratum") for name in ("numerator", "denominator")}
    known = [name for name in project.strata.known if name in wide["numerator"]]
    reference = project.strata.reference.compare_with
    if len(wide["numerator"]) < 2 or (reference != EVERYONE_ELSE and reference not in known):
        return pd.DataFrame()
    strata = [name for name in known if name != reference]
    own = {name: table[strata].to_numpy(float).T for name, table in wide.items()}
    if reference == EVERYONE_ELSE:
        all_known = {name: table[known].sum(axis=1).to_numpy(float) for name, table in wide.items()}
        against = {name: all_known[name] - np.nan_to_num(own[name]) for name in own}
    else:
        against = {name: table[reference].to_numpy(float) for name, table in wide.items()}
    found = across_sites(
        own["numerator"], own["denominator"], against["numerator"], against["denominator"]
    )
    return pd.DataFrame(
        {
            "stratum": strata,
            "ratio": found.ratio.estimate,
            "ratio_lower": found.ratio.lower,
            "ratio_upper": found.ratio.upper,
            "sites": found.sites,
            "agree": ~(found.ratios_differ < DISAGREE),
        }
    )


def funnel(points: pd.DataFrame, measure: Measure, stratum: str) -> dict[str, Any]:
    """Sites' rates by their size, and the limits of chance about the rate of all of them.

    Nothing where the measure is not a proportion, or where there are fewer than two sites.
    """
    if measure.data != "proportion":
        return {}
    summed = counts(points, measure).reset_index()
    sites = summed[(summed["stratum"] == stratum) & (summed["denominator"] > 0)]
    if len(sites) < 2:
        return {}
    found = funnels(sites, numerator="numerator", denominator="denominator", site="site")
    curve = found.curve()
    shares = {0.95: "95", 0.998: "998"}
    return {
        "sites": found.sites.assign(beyond=found.sites["beyond_998"]),
        "rate": float(found.sites["target"].iloc[0]),
        "sizes": curve["size"].to_numpy(),
        "lower": {share: curve[f"lower_{name}"].to_numpy() for share, name in shares.items()},
        "upper": {share: curve[f"upper_{name}"].to_numpy() for share, name in shares.items()},
    }
