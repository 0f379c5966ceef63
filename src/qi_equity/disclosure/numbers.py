"""Charts and gaps worked out from released counts: no true count is read here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from qi_equity.arrays import BoolArray, IntArray
from qi_equity.disclosure.release import COUNTS, Release
from qi_equity.equity.gaps import disagree
from qi_equity.frames.chart import Charts
from qi_equity.frames.sites import Sites
from qi_equity.observations import SERIES_KEY
from qi_equity.project import BEST_AT_BASELINE, EVERYONE_ELSE, Project

# What a gap says with numbers, and which of it for then and now too.
TOLD = (
    "numerator", "denominator", "rate", "difference", "ratio", "excess", "events_to_close",
)  # fmt: skip
ON_POINTS = ("numerator", "denominator", "difference", "ratio")
STRETCH = "stretch"
ALSO_THEN = ("numerator", "denominator", "rate", "difference", "ratio")


def block_table(one: Release) -> pd.DataFrame:
    """A row for each released block: its first subgroup, how many it holds, counts as shown."""
    grid, parts = one.grid, []
    logged = grid.logged
    for rung, ids in enumerate(one.blocks):
        site, stratum = np.nonzero(one.rung == rung)
        starts = np.flatnonzero(np.diff(ids, prepend=-1))
        known = np.add.reduceat(logged[site, stratum], starts, axis=-1) > 0
        columns: dict[str, Any] = {
            "measure": grid.measure.id,
            "site": np.repeat(np.array(grid.sites, object)[site], len(starts)),
            "stratum": np.repeat(np.array(grid.strata, object)[stratum], len(starts)),
            "subgroup": np.tile(grid.subgroups[starts], len(site)),
            "subgroups": np.tile(np.diff(np.append(starts, len(ids))), len(site)),
            "small": np.repeat(one.small[site, stratum], len(starts)),
            "open": np.tile(one.made_of.open[rung][starts], len(site)),
            "numerator": np.nan,
            "denominator": np.nan,
        }
        for count, sums in one.sums.items():
            shown = one.policy.shown(sums[rung][site, stratum][:, starts])
            columns[count] = np.where(known, shown, np.nan).ravel()
        made = pd.DataFrame(columns)
        parts.append(made[~made.pop("open").astype(bool)])
    return pd.concat(parts, ignore_index=True)


def drawn(one: Release, blocks: pd.DataFrame) -> Charts | None:
    """Charts of the series that are released in full; None where there are none."""
    rows = blocks[~blocks["small"] & blocks["numerator"].notna()]
    return None if rows.empty else draw(one, rows)


def draw(one: Release, rows: pd.DataFrame) -> Charts:
    """Charts of counts on blocks, as the measure is charted."""
    grid = one.grid
    rated = grid.denominator is not None
    charted = grid.reading.charted(counted=True, rated=rated)
    baseline = min(grid.windows.baseline, len(grid.subgroups))
    return replace(
        charted,
        # Blocks need not be equally long, so counts alone get no limits.
        kind=charted.kind if rated else "run",
        period=None,
        freeze=grid.subgroups[baseline - 1] if baseline else None,
    ).draw(rows)


def gap_table(one: Release, project: Project, references: Mapping[str, Any]) -> pd.DataFrame:
    """The gaps of one measure from released counts, a row a site and stratum.

    `references` says for each site whom its strata are held against.
    """
    windows = one.grid.stretches
    counts = [
        _window_counts(one, project, window).assign(**{STRETCH: place})
        for place, window in enumerate(windows.values())
    ]
    found = _compared(one, pd.concat(counts, ignore_index=True), references)
    if found.empty:
        return found
    table = pd.DataFrame()
    for place, name in enumerate(windows):
        part = found[found[STRETCH] == place].drop(columns=STRETCH)
        if name in ("early", "late"):
            part = part[[*SERIES_KEY, "ratio"]].rename(columns={"ratio": f"{name}_ratio"})
        elif name:
            kept = [column for column in part.columns if column.startswith(ALSO_THEN)]
            part = part[[*SERIES_KEY, *kept]].rename(
                columns={column: f"{column}{name}" for column in kept}
            )
        table = part if table.empty else table.merge(part, on=SERIES_KEY, how="left")
    return _both_scales(table)


def across(one: Release, blocks: pd.DataFrame) -> Sites | None:
    """Sites beside one another, from the released counts of those that are shown in full."""
    shown = blocks[~blocks["small"] & blocks["numerator"].notna()]
    if shown.empty or one.grid.denominator is None:
        return None
    keys = [*SERIES_KEY]
    counts = shown.groupby(keys, as_index=False)[list(COUNTS)].sum()
    return one.grid.reading.sites(counts, subgroup=None)


def references(one: Release, project: Project) -> dict[str, Any]:
    """Whom the strata of each site are held against; none where those were not released."""
    reading = one.grid.reading
    if not reading.compared or one.grid.denominator is None:
        return {}
    known = np.isin(one.grid.strata, project.strata.known)
    there = np.asarray((one.grid.there & known).any(axis=1))
    sites = np.array(one.grid.sites, object)[there].tolist()
    if reading.reference != BEST_AT_BASELINE:
        return dict.fromkeys(sites, reading.reference)
    windows = one.grid.stretches
    counts = _window_counts(one, project, windows.get("_then", windows[""]))
    if counts.loc[~counts["small"], list(COUNTS)].isna().any(axis=None):
        # A block reaches out of the baseline: the best is the one over the whole time.
        counts = _window_counts(one, project, windows[""])
    counts = counts[~counts["small"]].dropna(subset=list(COUNTS))
    if counts.empty:
        return {}
    found = reading.gaps(counts, by=["measure", "site"])
    return dict(zip(found["site"], found["reference"], strict=True))


def gap_series(one: Release, project: Project, references: Mapping[str, Any]) -> pd.DataFrame:
    """The gaps over time, on the widest blocks among the strata of each site."""
    rows = side_by_side(one, project)
    if rows.empty:
        return pd.DataFrame()
    counts = rows.rename(columns={"subgroup": STRETCH}).assign(small=False)
    counts = counts.assign(**{f"about_{name}": counts[name] for name in COUNTS})
    found = _compared(one, counts, references)
    if found.empty:
        return found
    shown = ~found["small"] & found["numerator"].notna()
    kept = [name for name in found.columns if name.startswith(ON_POINTS)]
    table = found.loc[shown, [*SERIES_KEY, STRETCH, *kept]].rename(columns={STRETCH: "subgroup"})
    return table.sort_values([*SERIES_KEY, "subgroup"], ignore_index=True)


def side_by_side(one: Release, project: Project) -> pd.DataFrame:
    """Counts of the strata that are shown in full, on the widest blocks among those of a site."""
    known = np.isin(one.grid.strata, project.strata.known)
    full = one.counted & known
    widest = np.where(full, one.rung, -1).max(axis=1)
    parts = [
        on_blocks(one, rung, full & (widest == rung)[:, np.newaxis])
        for rung in np.unique(widest[widest >= 0]).tolist()
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def on_blocks(one: Release, rung: int, series: BoolArray) -> pd.DataFrame:
    """Counts of these series on one row of blocks, where their own fill them without a rest."""
    ids, grid = one.blocks[rung], one.grid
    first = np.flatnonzero(np.diff(ids, prepend=-1))
    site, stratum = np.nonzero(series)
    own, free = one.ids[site, stratum], one.free[site, stratum]
    begins = np.diff(own, prepend=-1, axis=-1) != 0
    ends = np.append(first[1:], len(ids)) - 1
    closed = np.concatenate([begins[:, 1:], np.ones((len(own), 1), bool)], axis=-1)
    whole = begins[:, first] & closed[:, ends]
    whole &= np.add.reduceat(free, first, axis=-1) == 0
    whole &= ~one.made_of.open[rung][first]
    whole &= np.add.reduceat(grid.logged[site, stratum], first, axis=-1) > 0
    columns: dict[str, Any] = {
        "measure": grid.measure.id,
        "site": np.repeat(np.array(grid.sites, object)[site], len(first)),
        "stratum": np.repeat(np.array(grid.strata, object)[stratum], len(first)),
        "subgroup": np.tile(grid.subgroups[first], len(site)),
        "numerator": np.nan,
        "denominator": np.nan,
    }
    for count in one.sums:
        shown = one.policy.shown(one.true(count)[site, stratum])
        columns[count] = np.add.reduceat(np.where(begins, shown, 0.0), first, axis=-1).ravel()
    found: pd.DataFrame = pd.DataFrame(columns).loc[whole.ravel()]
    return found


def _window_counts(one: Release, project: Project, window: BoolArray) -> pd.DataFrame:
    """Released counts added up over a stretch, where whole blocks make it up.

    Beside each count stands what it is taken as where it is one of many that are added up: a
    small one as the middle of what it may be.
    """
    grid = one.grid
    there = grid.there & np.isin(grid.strata, project.strata.known)
    site, stratum = np.nonzero(there)
    columns: dict[str, Any] = {
        "measure": grid.measure.id,
        "site": np.array(grid.sites, object)[site],
        "stratum": np.array(grid.strata, object)[stratum],
        "small": one.small[site, stratum],
    }
    for count in COUNTS:
        columns[count] = np.full(len(site), np.nan)
        columns[f"about_{count}"] = np.full(len(site), np.nan)
    for rung, ids in enumerate(one.blocks):
        held = window & ~one.made_of.open[rung] if window.all() else window
        rows, chosen = one.rung[site, stratum] == rung, _inside(ids, held)
        if chosen is None or not rows.any():
            continue
        for count, sums in one.sums.items():
            true = sums[rung][site[rows], stratum[rows]][:, chosen]
            shown, small = one.policy.shown(true), one.policy.is_small(true)
            columns[count][rows] = shown.sum(axis=1)
            columns[f"about_{count}"][rows] = np.where(small, one.policy.first / 2, shown).sum(1)
    return pd.DataFrame(columns)


def _inside(ids: IntArray, window: BoolArray) -> Any:
    """One subgroup of each block in the window; None where blocks reach out of it."""
    held = np.unique(ids[window])
    if not len(held) or np.isin(ids, held).sum() != window.sum():
        return None
    return np.searchsorted(ids, held)


def _compared(one: Release, counts: pd.DataFrame, references: Mapping[str, Any]) -> pd.DataFrame:
    """Each stratum against its reference; no more than the counts where either is not known."""
    parts = [
        _against(one, counts, label, [site for site in references if references[site] == label])
        for label in dict.fromkeys(references.values())
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _against(one: Release, counts: pd.DataFrame, label: Any, sites: list[str]) -> pd.DataFrame:
    found = one.grid.reading.gaps(
        counts.drop(columns=list(COUNTS)),
        counts=("about_numerator", "about_denominator"),
        by=["measure", "site", STRETCH],
        reference=label,
    )
    told = [name for name in found.columns if name.startswith(TOLD)]
    found = found.loc[found["site"].isin(sites), [*SERIES_KEY, STRETCH, "reference", *told]]
    found = found.drop(columns=list(COUNTS)).merge(
        counts[[*SERIES_KEY, STRETCH, *COUNTS, "small"]], on=[*SERIES_KEY, STRETCH]
    )
    numbers = [name for name in told if name not in COUNTS]
    lacking = found["small"] | found[list(COUNTS)].isna().any(axis=1)
    found.loc[lacking, numbers] = np.nan
    against = [name for name in numbers if not name.startswith("rate")]
    found.loc[~_firm(found, label, one.policy.first), against] = np.nan
    return found


def _firm(found: pd.DataFrame, label: Any, first: int) -> BoolArray:
    """Where the reference is released in full, or what of it is released is not small.

    Else a word on the gap could say which of the few counts left the rest of it is.
    """
    if isinstance(label, int | float):
        return np.ones(len(found), bool)
    hidden = found["small"] | found[list(COUNTS)].isna().any(axis=1)
    keys = [found[name] for name in ("site", STRETCH)]
    parts = found[list(COUNTS)].mask(hidden, 0.0).assign(hidden=hidden.astype(float))
    if label != EVERYONE_ELSE:
        parts = parts.where(found["stratum"] == label, 0.0)
    others = parts.groupby(keys).transform("sum")
    if label == EVERYONE_ELSE:
        others -= parts
    elif not (found["stratum"] == label).any():
        return np.zeros(len(found), bool)
    few = (others[list(COUNTS)] < first).any(axis=1)
    return np.asarray((others["denominator"] >= first) & ~(few & (others["hidden"] > 0)))


def _both_scales(table: pd.DataFrame) -> pd.DataFrame:
    """With the strata marked whose difference and ratio went opposite ways from then to now."""
    if "ratio_now" not in table:
        return table
    names = ("difference", "ratio")
    then, now = ([table[f"{name}_{end}"].to_numpy() for name in names] for end in ("then", "now"))
    return table.assign(disagree=disagree(*now, *then))
