"""A table of sites' counts in, funnels out; the limits are worked out in qi_equity.spc, not here.

Sites are held against one rate, and never ranked: rows keep the sorted order of their labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from qi_equity.arrays import FloatArray
from qi_equity.errors import DataErrors, did_you_mean
from qi_equity.frames.counts import Counts, check_columns, counted
from qi_equity.frames.given import any_table
from qi_equity.spc.funnel import LEVELS, LIMITS, OVER_DISPERSION, SCALES, Drawing
from qi_equity.spc.funnel import funnel as drawn

# Sizes at which a curve is worked out: it bends most among the smallest.
POINTS = 40
# A curve begins a little before the smallest site and ends a little after the largest.
MARGINS = (0.6, 1.1)


@dataclass(frozen=True, slots=True, eq=False)
class Funnels:
    """Funnels, one for each value of ``by``.

    ``sites`` has a row a site: by..., site, numerator, denominator, rate, target, lower_95,
    upper_95, lower_998, upper_998, and beyond_95 and beyond_998 (+1 above, -1 below, 0 within).
    ``spread`` has a row a funnel: by..., sites, phi (mean squared distance in standard errors) and
    tau (standard deviation between sites beyond chance, on the working scale).
    """

    sites: pd.DataFrame
    spread: pd.DataFrame
    by: tuple[str, ...]
    _drawings: tuple[Drawing, ...]

    def curve(self, points: int = POINTS) -> pd.DataFrame:
        """The limits on a grid of sizes, to be drawn: by..., size, target, lower_95, and so on."""
        names = list(self.by)
        sized = self.sites[self.sites["denominator"] > 0]
        keys = pd.MultiIndex.from_frame(self.spread[names]) if names else None
        of = keys.get_indexer(pd.MultiIndex.from_frame(sized[names])) if keys is not None else 0
        place, at = np.unique(np.broadcast_to(of, len(sized)), return_inverse=True)
        if not place.size:
            return pd.DataFrame()
        least, most = np.full(len(place), np.inf), np.full(len(place), -np.inf)
        np.minimum.at(least, at, sized["denominator"].to_numpy(float))
        np.maximum.at(most, at, sized["denominator"].to_numpy(float))
        shown = [self._drawings[one] for one in place]
        numbers = (
            np.stack([getattr(one, name) for one in shown]) for name in ("target", "phi", "tau2")
        )
        one = Drawing(shown[0].kind, shown[0].limits, shown[0].over_dispersion, *numbers)
        floor = 1.0 if one.kind == "proportion" else 1e-9
        first = np.maximum(least * MARGINS[0], floor)
        last = np.maximum(most * MARGINS[1], first * MARGINS[1])
        grid = np.geomspace(first, last, points, axis=-1)
        edges = _limits({level: one.at(grid, level) for level in LEVELS})
        label = self.spread[names].take(place.repeat(points)).reset_index(drop=True)
        target = np.broadcast_to(one.target, grid.shape).ravel()
        return label.assign(size=grid.ravel(), target=target, **edges)


@any_table
def funnel(
    data: pd.DataFrame,
    *,
    numerator: str,
    denominator: str,
    site: str,
    by: str | Sequence[str] | None = None,
    kind: Literal["proportion", "rate", "ratio"] = "proportion",
    over_dispersion: Literal["additive", "multiplicative"] | None = None,
    limits: str = "exact",
    target: float | None = None,
) -> Funnels:
    """Each site's rate by its size, and where chance alone would leave it.

    The target is the rate of all sites together (1 for a ratio, whose denominator is what was
    expected), or a number. Limits are exact: a site is outside by chance at most once in 20
    (500) looks, however small it is. ``over_dispersion`` widens them by what sites differ in more
    than chance explains; ``limits="normal"`` is the textbook's curve. All rows of one site are
    added up, within ``by``.

    Returns Funnel. ``sites``, a row a site: by..., site, numerator, denominator, rate, target,
    lower_95 to upper_998, beyond_95, beyond_998 (+1 above, -1 below). ``spread``: by..., sites,
    phi, tau. ``curve()``: the limits along sizes.

    Raises DataErrors naming columns, counts or arguments that are not right.

    >>> births = pd.DataFrame({
    ...     "site": ["A", "B", "C"], "pph": [4, 30, 2], "births": [17, 900, 200],
    ... })
    >>> found = funnel(births, numerator="pph", denominator="births", site="site")
    >>> found.sites[["site", "rate", "upper_95", "beyond_95", "beyond_998"]].round(3)
      site   rate  upper_95  beyond_95  beyond_998
    0    A  0.235     0.164          1           0
    1    B  0.033     0.045          0           0
    2    C  0.010     0.061          0           0
    """
    _check(kind, over_dispersion, limits, target)
    groups = [by] if isinstance(by, str) else list(by or [])
    check_columns(data, numerator, denominator, [*groups, site])
    counts = counted(
        data, numerator, denominator, site, groups, None,
        "proportion" if kind == "proportion" else "rate",
    ).as_one()  # fmt: skip
    x, n = counts.numerator[..., 0], counts.denominator[..., 0]
    found = drawn(x, n, kind=kind, over_dispersion=over_dispersion, limits=limits, target=target)
    table = _labels(counts, [*groups, site]).assign(
        numerator=x.ravel(),
        denominator=n.ravel(),
        rate=found.rate.ravel(),
        target=np.broadcast_to(found.target, x.shape).ravel(),
        **_limits(found.limits),
        **{f"beyond_{_percent(level)}": found.outside(level).ravel() for level in LEVELS},
    )
    table = table[counts.present.ravel()].reset_index(drop=True)
    one = found.drawing
    spread = pd.DataFrame(counts.series, columns=groups, index=range(len(counts.series))).assign(
        sites=np.isfinite(found.rate).sum(axis=-1), phi=one.phi[:, 0], tau=np.sqrt(one.tau2[:, 0])
    )
    drawings = tuple(
        replace(one, target=target, phi=phi, tau2=tau2)
        for target, phi, tau2 in zip(one.target, one.phi, one.tau2, strict=True)
    )
    return Funnels(table, spread, tuple(groups), drawings)


def _check(kind: str, over_dispersion: str | None, limits: str, target: float | None) -> None:
    problems = [
        f"{name}: no '{given}'{did_you_mean(given, choices)}"
        for name, given, choices in (
            ("kind", kind, tuple(SCALES)),
            ("over_dispersion", over_dispersion, OVER_DISPERSION),
            ("limits", limits, tuple(LIMITS)),
        )
        if given is not None and given not in choices
    ]
    if kind == "proportion" and limits == "chi-square":
        problems.append("limits: chi-square limits are for rates and ratios")
    if target is not None and not 0 < target < (1 if kind == "proportion" else np.inf):
        problems.append(f"target={target}: a rate to be held against is above 0 and below all")
    if problems:
        raise DataErrors(problems, source="the call of funnel()")


def _labels(counts: Counts, names: list[str]) -> pd.DataFrame:
    rows = [(*series, place) for series in counts.series for place in counts.strata]
    return pd.DataFrame(rows, columns=names)


def _percent(level: float) -> str:
    """The level as a column is named by: 95, or 998 for 99.8 %."""
    return f"{1000 * level:g}".removesuffix("0")


def _limits(limits: dict[float, tuple[FloatArray, FloatArray]]) -> dict[str, FloatArray]:
    return {
        f"{side}_{_percent(level)}": edge.ravel()
        for level, pair in limits.items()
        for side, edge in zip(("lower", "upper"), pair, strict=True)
    }
