"""Each gap again under every way the unknown could be shared out: how much hangs on coding."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qi_equity.equity import bounds
from qi_equity.equity.gaps import Methods, best_at_baseline, everyone_else, named
from qi_equity.observations import SERIES_KEY, with_totals
from qi_equity.project import (
    ALL_SITES,
    BEST_AT_BASELINE,
    EVERYONE,
    EVERYONE_ELSE,
    Measure,
    Project,
)

COLUMNS = [
    "measure",
    "site",
    "stratum",
    "allocation",
    "difference",
    "difference_lower",
    "difference_upper",
    "ratio",
    "ratio_lower",
    "ratio_upper",
    "unknown_births",
    "unknown_share",
    "changes",
]


def unknown_bounds(project: Project, observations: pd.DataFrame) -> pd.DataFrame:
    """A row for each measure, site (and all sites), stratum and allocation of the unknown.

    changes is true where the interval of the difference would lie on another side of zero under
    one of the plausible allocations: only then does the reader need to see it. A reference that
    is a target has no unknown side, and is left out.
    """
    parts = [
        _measure(project, measure, observations)
        for measure in project.measures
        if measure.data in ("proportion", "rate")
    ]
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)


def sentences(project: Project, table: pd.DataFrame) -> list[str]:
    """What to say where the unknown could change the answer, one sentence a gap."""
    said = []
    plausible = list(bounds.ALLOCATIONS)[: bounds.PLAUSIBLE]
    decisive = table[table["changes"] & table["allocation"].isin(plausible)]
    for (name, site, stratum), rows in decisive.groupby(SERIES_KEY):
        measure = project.measure(str(name))
        gaps = measure.multiply * rows["difference"]
        said.append(
            f"{measure.name}, {site}, {stratum}: whether the gap is more than chance depends on "
            f"who the {rows['unknown_births'].iloc[0]:,.0f} women of unknown "
            f"{project.strata.dimension} are; it lies between {gaps.min():.1f} and "
            f"{gaps.max():.1f} ({measure.unit})"
        )
    return said


def _measure(project: Project, measure: Measure, observations: pd.DataFrame) -> pd.DataFrame:
    strata = [group.name for group in project.strata.groups]
    unknown = np.array([group.unknown for group in project.strata.groups])
    counts = _counts(measure, observations)
    if counts.empty or not unknown.any():
        return pd.DataFrame(columns=COLUMNS)
    sites = list(counts.index.get_level_values("site").unique())
    arrays = [
        counts[name].unstack("stratum").reindex(index=sites, columns=strata).to_numpy(float)
        for name in ("numerator", "denominator")
    ]
    x, n = (array[:, ~unknown] for array in arrays)
    xu, nu = (np.nansum(array[:, unknown], axis=1, keepdims=True) for array in arrays)
    known = [name for name, hidden in zip(strata, unknown, strict=True) if not hidden]
    reference = _reference(project, measure, known, x, n)
    if reference is None:
        return pd.DataFrame(columns=COLUMNS)
    total = np.nansum(n, axis=1, keepdims=True)
    found = bounds.unknown_bounds(
        (x, n), reference, (xu, nu), total, methods=Methods(kind=measure.data)
    )
    share = np.divide(nu, nu + total, out=np.full_like(nu, np.nan), where=nu + total > 0)
    frames = []
    for name, gap in found.gaps.items():
        columns = {
            "difference": gap.difference.estimate,
            "difference_lower": gap.difference.lower,
            "difference_upper": gap.difference.upper,
            "ratio": gap.ratio.estimate,
            "ratio_lower": gap.ratio.lower,
            "ratio_upper": gap.ratio.upper,
            "unknown_births": np.broadcast_to(nu, x.shape),
            "unknown_share": np.broadcast_to(share, x.shape),
            "changes": found.changes,
        }
        frame = pd.DataFrame({key: np.ravel(array) for key, array in columns.items()})
        keys = pd.MultiIndex.from_product([sites, known], names=["site", "stratum"]).to_frame()
        frame = pd.concat([keys.reset_index(drop=True), frame], axis=1)
        frames.append(frame.assign(measure=measure.id, allocation=name))
    table = pd.concat(frames, ignore_index=True)[COLUMNS]
    return table[table["difference"].notna()]


def _counts(measure: Measure, observations: pd.DataFrame) -> pd.DataFrame:
    """Events and births over the whole period, where both were logged, with all sites together."""
    rows = observations[observations["measure"] == measure.id]
    rows = rows.dropna(subset=["numerator", "denominator"])
    # Totals that the table brings with it would be counted beside what they add up.
    rows = rows[(rows["stratum"] != EVERYONE) & (rows["site"] != ALL_SITES)]
    if rows["site"].nunique() > 1:
        rows = with_totals(rows, "site", ALL_SITES)
    return rows.groupby(["site", "stratum"])[["numerator", "denominator"]].sum()


def _reference(
    project: Project, measure: Measure, known: list[str], x: np.ndarray, n: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """The counts each stratum is held against, as the project declares."""
    declared = project.strata.reference
    if declared.target is not None:
        return None
    if declared.compare_with == EVERYONE_ELSE:
        return everyone_else(x, axis=1), everyone_else(n, axis=1)
    if declared.compare_with == BEST_AT_BASELINE:
        low = measure.direction != "increase"
        best = best_at_baseline(x, n, axis=1, best_is_low=low)
        return named(x, best, axis=1), named(n, best, axis=1)
    place = known.index(declared.compare_with)
    return named(x, place, axis=1), named(n, place, axis=1)
