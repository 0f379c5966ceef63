"""The season of a series: how its rate goes up and down with the time of year.

Fitted on the counts of many together (all strata of a site) and taken out of each. Needs two
years: in one, a season and a change are the same thing. Nothing is judged here.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from qi_equity.arrays import FloatArray

# Waves of a year and of half a year: winter, and a summer that is not its mirror image.
WAVES = 2
STEPS = 25
# Information (events that can still move) below which nothing is fitted.
LEAST = 1e-9


def season(
    numerator: FloatArray, denominator: FloatArray, year: FloatArray, *, at_most_one: bool = True
) -> FloatArray:
    """Log odds (log rates where not `at_most_one`) of each subgroup from the time of year alone.

    `year` is the time in years. A straight trend is fitted beside the waves, so that a rate that
    rises is not taken for a season; the answer is the waves.

    >>> weeks = np.arange(104)
    >>> winter = np.cos(2 * np.pi * weeks / 52)
    >>> found = season(1000 * expit(-2 + 0.3 * winter), np.full(104, 1000.0), weeks / 52)
    >>> np.abs(found - 0.3 * winter).max().round(3)
    np.float64(0.0)
    """
    used = np.isfinite(numerator) & np.isfinite(denominator) & (denominator > 0)
    y, n = np.where(used, numerator, 0.0), np.where(used, denominator, 0.0)
    turns = 2 * np.pi * year[:, np.newaxis] * np.arange(1, WAVES + 1)
    waves = np.concatenate([np.sin(turns), np.cos(turns)], axis=-1)
    design = np.column_stack([np.ones_like(year), year - year.mean(), waves])
    rate = (y.sum() + 0.5) / (n.sum() + 1)
    start = np.log(rate / (1 - rate)) if at_most_one else np.log(rate)
    fit = np.zeros(design.shape[-1])
    fit[0] = start
    for _ in range(STEPS):
        mean = n * (expit(design @ fit) if at_most_one else np.exp(design @ fit))
        held = mean * (1 - mean / np.maximum(n, 1)) if at_most_one else mean
        # A ridge of half an event on all but the level keeps a series of few events from the edge.
        ridge = np.diag(np.r_[LEAST, np.full(fit.size - 1, 0.5)])
        slope = design.T @ (y - mean) - ridge @ np.r_[0.0, fit[1:]]
        fit = fit + np.linalg.solve(design.T @ (held[:, np.newaxis] * design) + ridge, slope)
    return np.asarray(waves @ fit[2:])
