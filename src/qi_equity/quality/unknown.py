"""Each gap again under every way the unknown could be shared out: how much hangs on coding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qi_equity.equity import bounds
from qi_equity.equity.gaps import Methods
from qi_equity.frames.counts import cells
from qi_equity.reading import Reading

COLUMNS = [
    "measure",
    "site",
    "stratum",
    "allocation",
    "difference",
    "difference_lower",
    "difference_upper",
    "ratio",
    "unknown_births",
    "unknown_share",
    "changes",
]


def unknown_bounds(reading: Reading, rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each site (and all sites), stratum and allocation of a measure's unknown.

    `rows` are the measure's, with the totals of all sites where there is more than one.

    changes is true where the interval of the difference would lie on another side of zero under
    one of the plausible allocations: only then does the reader need to see it. A reference that
    is a target has no unknown side, and is left out.
    """
    groups = reading.project.strata.groups
    unknown = [group.name for group in groups if group.unknown]
    rows = rows[rows["numerator"].notna() & rows["denominator"].notna()]
    known = rows[rows["stratum"].isin(reading.project.strata.known)]
    told = reading.compared and not isinstance(reading.reference, float)
    if known.empty or not unknown or not told:
        return pd.DataFrame(columns=COLUMNS)
    counts, against = reading.held_against(known)
    sites, strata = [site for (site,) in counts.series], counts.strata
    x, n = (part[..., 0] for part in counts.over(slice(None)))
    hidden = rows[rows["stratum"].isin(unknown) & rows["site"].isin(sites)]
    place = pd.Index(sites).get_indexer(hidden["site"])
    xu, nu = np.zeros((2, len(sites), 1))
    np.add.at(xu[:, 0], place, hidden["numerator"].to_numpy(float))
    np.add.at(nu[:, 0], place, hidden["denominator"].to_numpy(float))
    x0, n0 = (against(part[..., None])[..., 0] for part in (x, n))
    total = np.nansum(n, axis=1, keepdims=True)
    found = bounds.unknown_bounds(
        (x, n),
        (x0, n0),
        (xu, nu),
        total,
        methods=Methods(kind=reading.measure.data, ratio_alone=True),
    )
    share = np.divide(nu, nu + total, out=np.full_like(nu, np.nan), where=nu + total > 0)
    gaps = found.gaps

    def flat(arrays: Iterable[NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate([np.broadcast_to(array, x.shape).ravel() for array in arrays])

    every = gaps.values()
    ways = [(reading.measure.id, way) for way in gaps]
    columns = {
        **cells(["measure", "allocation", "site", "stratum"], ways, sites, strata),
        **{
            "difference": flat(gap.difference.estimate for gap in every),
            "difference_lower": flat(gap.difference.lower for gap in every),
            "difference_upper": flat(gap.difference.upper for gap in every),
            "ratio": flat(gap.ratio.estimate for gap in every),
            "unknown_births": flat(nu for _ in every),
            "unknown_share": flat(share for _ in every),
            "changes": flat(found.changes for _ in every),
        },
    }
    table = pd.DataFrame({name: columns[name] for name in COLUMNS})
    return table[table["difference"].notna()]
