"""Each gap again under every way the unknown could be shared out: how much hangs on coding."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qi_equity.equity import bounds
from qi_equity.equity.gaps import Methods
from qi_equity.observations import COUNTS
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
    rows = rows.dropna(subset=list(COUNTS))
    known = rows[rows["stratum"].isin(reading.project.strata.known)]
    told = reading.compared and not isinstance(reading.reference, float)
    if known.empty or not unknown or not told:
        return pd.DataFrame(columns=COLUMNS)
    counts, against = reading.held_against(known)
    sites, strata = [site for (site,) in counts.series], counts.strata
    x, n = (part[..., 0] for part in counts.over(slice(None)))
    hidden = rows[rows["stratum"].isin(unknown)].groupby("site")[list(COUNTS)].sum()
    xu, nu = (hidden[name].reindex(sites, fill_value=0.0).to_numpy()[:, None] for name in COUNTS)
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
    frames = []
    for name, gap in found.gaps.items():
        columns = {
            "difference": gap.difference.estimate,
            "difference_lower": gap.difference.lower,
            "difference_upper": gap.difference.upper,
            "ratio": gap.ratio.estimate,
            "unknown_births": np.broadcast_to(nu, x.shape),
            "unknown_share": np.broadcast_to(share, x.shape),
            "changes": found.changes,
        }
        frame = pd.DataFrame({key: np.ravel(array) for key, array in columns.items()})
        keys = pd.MultiIndex.from_product([sites, strata], names=["site", "stratum"]).to_frame()
        frame = pd.concat([keys.reset_index(drop=True), frame], axis=1)
        frames.append(frame.assign(measure=reading.measure.id, allocation=name))
    table = pd.concat(frames, ignore_index=True)[COLUMNS]
    return table[table["difference"].notna()]
