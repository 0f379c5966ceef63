"""A table of sites' counts in, funnels out; the limits are worked out in qi_equity.spc, not here.

Sites are held against one rate, and never ranked: rows keep the sorted order of their labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from qi_equity.arrays import FloatArray, IntArray
from qi_equity.errors import DataErrors, did_you_mean
from qi_equity.frames.counts import Counts, cells, check_columns, counted
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
    _of: IntArray  # the place of each site's funnel

    def curve(self, points: int = POINTS) -> pd.DataFrame:
        """The limits on a grid of sizes, to be drawn: by..., size, target, lower_95, and so on."""
        names = list(self.by)
        size = self.sites["denominator"].to_numpy(float)
        sized = size > 0
        place, at = np.unique(self._of[sized], return_inverse=True)
        if not place.size:
            return pd.DataFrame()
        least, most = np.full(len(place), np.inf), np.full(len(place), -np.inf)
        np.minimum.at(least, at, size[sized])
        np.maximum.at(most, at, size[sized])
        shown = [self._drawings[one] for one in place]
        numbers = (
            np.stack([getattr(one, name) for one in shown]) for name in ("target", "phi", "tau2")
        )
        one = Drawing(shown[0].kind, shown[0].limits, shown[0].over_dispersion, *numbers)
        floor = 1.0 if one.kind == "proportion" else 1e-9
        first = np.maximum(least * MARGINS[0], floor)
        last = np.maximum(most * MARGINS[1], first * MARGINS[1])
        grid = np.geomspace(first, last, points, axis=-1)
        edges = _limits(one.at(grid))
        label = {name: self.spread[name].array.take(place.repeat(points)) for name in names}
        target = np.broadcast_to(one.target, grid.shape).ravel()
        return pd.DataFrame(label | {"size": grid.ravel(), "target": target, **edges})


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
    asked = {"over_dispersion": over_dispersion, "limits": limits, "target": target}
    return of_counts(counts, [*groups, site], kind=kind, **asked)


def of_counts(counts: Counts, names: list[str], *, kind: str, **asked: Any) -> Funnels:
    """The funnels of counts that were added up already: the sites stand where strata do."""
    groups = names[:-1]
    x, n = counts.numerator[..., 0], counts.denominator[..., 0]
    found = drawn(x, n, kind=kind, **asked)
    numbers = {
        "numerator": x,
        "denominator": n,
        "rate": found.rate,
        "target": np.broadcast_to(found.target, x.shape),
        **_limits(found.limits),
        **{f"beyond_{_percent(level)}": found.outside(level) for level in LEVELS},
    }
    here = np.flatnonzero(counts.present)
    labels = cells(names, counts.series, counts.strata)
    table = pd.DataFrame(
        {name: labels[name].take(here) for name in names}
        | {name: part.ravel()[here] for name, part in numbers.items()}
    )
    one = found.drawing
    spread = pd.DataFrame(
        {
            **cells(groups, counts.series),
            "sites": np.isfinite(found.rate).sum(axis=-1),
            "phi": one.phi[:, 0],
            "tau": np.sqrt(one.tau2[:, 0]),
        }
    )
    drawings = tuple(
        replace(one, target=target, phi=phi, tau2=tau2)
        for target, phi, tau2 in zip(one.target, one.phi, one.tau2, strict=True)
    )
    return Funnels(table, spread, tuple(groups), drawings, here // len(counts.strata))


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


def _percent(level: float) -> str:
    """The level as a column is named by: 95, or 998 for 99.8 %."""
    return f"{1000 * level:g}".removesuffix("0")


def _limits(limits: dict[float, tuple[FloatArray, FloatArray]]) -> dict[str, FloatArray]:
    return {
        f"{side}_{_percent(level)}": edge.ravel()
        for level, pair in limits.items()
        for side, edge in zip(("lower", "upper"), pair, strict=True)
    }
