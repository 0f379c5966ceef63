"""Which subgroups an argument means: phases, baselines, exclusions, targets; nothing is estimated.

An argument holds for all series alike, or is a mapping from a series (its ``by`` value, or a tuple
of them) to what holds for that one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.errors import DataErrors, did_you_mean
from qi_equity.series import Series

# A whole number from here on, on an axis of such numbers, is a year and not a count.
YEARS = 1000


def phases(series: Series, given: Any) -> IntArray:
    """The phase of each slot, from 0; ``given`` holds the subgroups at which a new one begins."""
    none = np.zeros(series.logged.shape, dtype=np.int64)
    if given is None:
        return none
    if isinstance(given, str) and given in series.columns:
        code = pd.DataFrame(series.columns[given]).ffill(axis=1).bfill(axis=1).to_numpy()
        none[:, 1:] = np.cumsum(code[:, 1:] != code[:, :-1], axis=1)
        return none
    for starts, which in _each(series, given, "phases"):
        labels = _labels(series, which)
        begin = np.sort(_moments(series, _listed(starts), "phases"))
        begin = begin[begin > series.labels.min()]  # the first phase begins by itself
        none[which] = np.searchsorted(begin, labels, side="right")
    return none


def rows(series: Series, phase: IntArray) -> tuple[IntArray, IntArray]:
    """A row for each phase of each series in which something was logged."""
    count = int(phase.max(initial=0)) + 1
    if count == 1:
        return np.arange(len(series.keys)), np.zeros(len(series.keys), dtype=np.int64)
    used = np.zeros((len(series.keys), count), dtype=bool)
    owner, slot = np.nonzero(series.logged)
    used[owner, phase[owner, slot]] = True
    row_series, row_phase = np.nonzero(used)
    return row_series, row_phase


def baseline(series: Series, given: Any, row_series: IntArray, logged: BoolArray) -> BoolArray:
    """Slots that may make the lines: the first so many logged ones of a phase, or up to one."""
    early = np.ones(logged.shape, dtype=bool)
    for limit, which in _each(series, given, "freeze"):
        if limit is None:
            continue
        here = np.isin(row_series, which)
        counted = isinstance(limit, (int, np.integer)) and not isinstance(limit, bool)
        # Among years a year is meant; any other whole number is a number of subgroups.
        dates = series.labels.dtype.kind == "M"
        if counted and (dates or limit < YEARS or series.labels.min() < YEARS):
            if limit < 2:
                raise DataErrors([f"freeze: {limit} baseline subgroup(s); give 2 or more"])
            early[here] = np.cumsum(logged[here], axis=1) <= limit
            continue
        last = _moments(series, [limit], "freeze")[0]
        before = _labels(series, row_series[here]) <= last
        # A phase that begins after the last baseline subgroup keeps all of its own.
        early[here] = before | ~(before & logged[here]).any(axis=1, keepdims=True)
    return early


def excluded(series: Series, given: Any) -> BoolArray:
    """Slots that are shown but left out of the lines and the tests."""
    out = np.zeros(series.logged.shape, dtype=bool)
    if isinstance(given, str) and given in series.columns:
        return np.asarray(np.nan_to_num(series.columns[given]) != 0)
    unknown: list[str] = []
    for subgroups, which in _each(series, given, "exclude"):
        if subgroups is None:
            continue
        wanted = _moments(series, _listed(subgroups), "exclude")
        labels = np.broadcast_to(_labels(series, which), out[which].shape)
        out[which] = np.isin(labels, wanted)
        found = np.isin(wanted, labels[series.logged[which]])
        unknown += [str(label) for label in wanted[~found]]
    if unknown:
        raise DataErrors([f"exclude: no subgroup {label} in the data" for label in unknown])
    return out


def notes(series: Series, given: Any) -> NDArray[np.object_] | None:
    """Words for slots: {day: words}, or {series: {day: words}}; a day falls into its subgroup."""
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise DataErrors(["notes: give a dictionary from the subgroup to the words of its note"])
    out = np.full(series.logged.shape, "", dtype=object)
    strange: list[str] = []
    apart = bool(given) and all(isinstance(held, Mapping) for held in given.values())
    everyone = np.arange(len(series.keys))
    for told, which in _each(series, given, "notes") if apart else [(given, everyone)]:
        labels = np.broadcast_to(_labels(series, which), out[which].shape)
        for when, words in told.items():
            slot = _slot_of(labels[0], _moments(series, [when], "notes")[0])
            if slot is None or not series.logged[which, slot].any():
                strange.append(f"notes: no subgroup {when} in the data")
                continue
            held = out[which, slot]
            out[which, slot] = np.where(held == "", str(words), held + "; " + str(words))
    if strange:
        raise DataErrors(strange)
    return out


def _slot_of(labels: Any, moment: Any) -> int | None:
    """The subgroup that a moment falls into: the last that has begun, and is not over."""
    if moment < labels[0] or (labels.dtype.kind != "M" and moment not in labels):
        return None
    if len(labels) > 1 and moment >= _over(labels):
        return None
    return int(np.searchsorted(labels, moment, side="right")) - 1


def _over(labels: Any) -> Any:
    """When the last subgroup is over: as long after it as it is after the one before."""
    months = labels.astype("datetime64[M]") if labels.dtype.kind == "M" else labels
    whole = bool((months == labels).all())  # months are not equally long
    last = (months if whole else labels)[-2:]
    return last[1] + (last[1] - last[0])


def numbers(
    series: Series, given: Any, row_series: IntArray, row_phase: IntArray, name: str
) -> FloatArray | None:
    """A number for each row, or for each slot of it; one number, one a phase, or a column."""
    if given is None:
        return None
    if isinstance(given, str):
        if given not in series.columns:
            raise DataErrors([f"{name}: no column called '{given}'"])
        return series.columns[given][row_series]
    level = np.full((len(row_series), 1), np.nan)
    for value, which in _each(series, given, name):
        if value is None:
            continue
        here = np.isin(row_series, which)
        each = np.atleast_1d(np.asarray(value, dtype=float))
        least, most = (int(phases.max(initial=0)) + 1 for phases in (row_phase[here], row_phase))
        if len(each) > 1 and not least <= len(each) <= most:
            problem = f"{len(each)} numbers, and {least} phases: give one a phase, or name a column"
            raise DataErrors([f"{name}: {problem}"])
        level[here, 0] = each[np.minimum(row_phase[here], len(each) - 1)]
    return level


# -- reading an argument ----------------------------------------------------------------------


def _each(series: Series, given: Any, name: str) -> list[tuple[Any, IntArray]]:
    """What is given, with the series it holds for."""
    everyone = np.arange(len(series.keys))
    if not isinstance(given, Mapping):
        return [(given, everyone)]
    keys = [_alone(key) for key in series.keys.itertuples(index=False, name=None)]
    place = {key: at for at, key in enumerate(keys)}
    given = {_alone(key): held for key, held in given.items()}
    strange = [key for key in given if key not in place]
    if strange:
        choices = [str(key) for key in keys[:20]]
        raise DataErrors(
            [f"{name}: no series called '{key}'{did_you_mean(key, choices)}" for key in strange]
        )
    return [(value, np.array([place[key]])) for key, value in given.items()]


def _alone(key: Any) -> Any:
    """The key of a series told apart by one column, whether or not it comes as a tuple of one."""
    return key[0] if isinstance(key, tuple) and len(key) == 1 else key


def _listed(given: Any) -> list[Any]:
    if given is None:
        return []
    alone = isinstance(given, str) or not isinstance(
        given, (Sequence, np.ndarray, pd.Index, pd.Series, set)
    )
    return [given] if alone else list(given)


def _labels(series: Series, which: IntArray) -> Any:
    return series.labels[None, :] if series.labels.ndim == 1 else series.labels[which]


def _moments(series: Series, given: list[Any], name: str) -> Any:
    """Subgroup labels as the caller writes them, in the kind the series has them."""
    dates = series.labels.dtype.kind == "M"
    try:
        if not dates:
            return np.array([float(label) for label in given])
        if any(isinstance(label, (int, float, np.number)) for label in given):
            raise ValueError
        return np.array([pd.Timestamp(label) for label in given], dtype="datetime64[s]")
    except (TypeError, ValueError):
        wanted = "dates, as 2024-01-29" if dates else "numbers"
        raise DataErrors([f"{name}: {given} are not subgroups here; give {wanted}"]) from None
