"""The tables of side_by_side.py: what every contestant said, held against what was planted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

BEGIN, END = "<!-- side by side -->", "<!-- end of side by side -->"
SITE, GROUP = "site", "stratum"

CHANGED = ("widening", "narrowing", "closed", "reversed")
# What is right of a gap, what says nothing, by what was planted; all other words are wrong.
RIGHT = {
    "no gap": ("no gap",),
    "steady": ("steady", "gap"),
    "widening": ("widening",),
    "closing": ("narrowing", "closed"),
    "crossing": ("reversed",),
}
SILENT = {
    "no gap": ("too few",),
    "steady": ("too few",),
    "widening": ("too few", "gap"),
    "closing": ("too few", "gap"),
    "crossing": ("too few", "gap"),
}
TRUTH = {
    "chance": "no gap", "scatter": "no gap", "season": "no gap", "steady": "steady",
    "improving": "steady", "widening": "widening", "closing": "closing", "crossing": "crossing",
}  # fmt: skip
SAID = {
    "chance": "nothing happens", "scatter": "nothing, weeks vary more than chance (rho .02)",
    "season": "nothing, a season of 25 % in all groups",
    "steady": "nothing, one group 1.6 times the others",
    "improving": "all groups halve", "widening": "one group doubles, from no gap",
    "closing": "one group halves, to no gap", "crossing": "one group from twice to half the others",
}  # fmt: skip
STILL = ("chance", "steady", "scatter", "season")
MOVED = ("improving", "widening", "closing", "crossing")


class Planted(Protocol):
    """What the tables ask of a world."""

    @property
    def moves(self) -> float:
        """Times the rate of the planted group from the first year to the second."""


@dataclass(frozen=True)
class Results:
    """A row a chart of every network: the truth, and columns of every contestant that ran."""

    charts: pd.DataFrame
    names: dict[str, str]  # contestant -> its title, those that did not run too
    births: dict[str, int]  # group -> births a week
    ran: tuple[str, ...]
    wholes: pd.DataFrame  # our charts of Everyone at each site

    def share(self, rows: pd.DataFrame, name: str, of: str) -> str:
        """The share of charts of which a contestant says so, as a cell."""
        if name not in self.ran:
            return "not installed here"
        return "-" if rows.empty else f"{100 * rows[f'{name}_{of}'].mean():.0f} %"

    def header(self, first: Sequence[str]) -> list[str]:
        """The head of a table with a column for each contestant."""
        return head([*first, *self.names.values()])


def head(columns: Sequence[str]) -> list[str]:
    return [row(columns), "|" + "---|" * len(columns)]


def row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


# -- reading ------------------------------------------------------------------------------------


def results(
    folders: Sequence[Path], names: dict[str, str], births: dict[str, int],
    worlds: dict[str, Planted], ran: Sequence[str],
) -> Results:  # fmt: skip
    """All that was said of all charts."""
    parts, wholes = [], []
    for folder in folders:
        world = folder.name.rpartition("-")[0]
        moves = worlds[world].moves
        rows = pd.read_csv(folder / "truth.csv").assign(world=world, network=folder.name)
        charts = _charts(folder, moves)
        wholes.append(charts[charts["stratum"] == "Everyone"].assign(world=world))
        rows = rows.merge(charts, on=[SITE, GROUP], how="left")
        rows = rows.merge(_gaps(folder), on=[SITE, GROUP], how="left")
        for name in ran:
            if name not in ("ours", "early"):
                rows = rows.merge(_peer(folder, name, moves), on=[SITE, GROUP], how="left")
        parts.append(rows)
    found, whole = (pd.concat(held, ignore_index=True) for held in (parts, wholes))
    return Results(found, names, births, tuple(ran), whole)


def _peer(folder: Path, name: str, moves: float) -> pd.DataFrame:
    found = pd.read_csv(folder / f"{name}.csv")
    toward = found["high"] if moves > 1 else found["low"]
    return found[[SITE, GROUP]].assign(
        **{
            f"{name}_any": found["high"] | found["low"] | found["whole"],
            f"{name}_found": toward | found["whole"],
            f"{name}_delay": found["delay"],
        }
    )


def _charts(folder: Path, moves: float) -> pd.DataFrame:
    """Established and emerging of our command line's charts at every site."""
    charts = pd.read_csv(folder / "ours" / "charts.csv", parse_dates=["first_established"])
    charts = charts[charts["site"] != "All sites"]
    begun = pd.Timestamp("2024-01-01") + pd.Timedelta(weeks=52)
    weeks = (charts["first_established"] - begun).dt.days // 7 + 1
    goes = "rising" if moves > 1 else "falling"
    emerging = charts["highlight"].eq(True)
    return charts[[SITE, GROUP]].assign(
        ours_any=charts["established"].eq(True),
        ours_found=charts["established"].eq(True) & charts["direction"].eq(goes),
        # Others are looked at every four weeks: so is this one.
        ours_delay=(np.ceil(weeks / 4) * 4).where(charts["direction"].eq(goes)),
        early_any=emerging,
        early_found=emerging & charts["rising"].eq(moves > 1),
        early_delay=np.nan,
    )


def _gaps(folder: Path) -> pd.DataFrame:
    """The verdict of every gap, and its intervals."""
    gaps = pd.read_csv(folder / "ours" / "gaps.csv")
    kept = [f"ratio{end}{when}" for when in ("", "_then", "_now") for end in ("_lower", "_upper")]
    held = gaps[[SITE, GROUP, "verdict", *kept]]
    return held.rename(columns={name: f"our_{name}" for name in kept})


# -- tables -------------------------------------------------------------------------------------


def tables(found: Results, speed: dict[str, dict[str, float]]) -> str:
    """Every table, each under its heading."""
    made = {
        "Signals where nothing happens": false_signals,
        "Changes found at the end of the second year": power,
        "Weeks until a change is shown": delays,
        "What is said of the gap": verdicts,
        "Intervals of the ratio": coverage,
    }
    parts = [f"### {title}\n\n{make(found)}" for title, make in made.items()]
    parts.append(f"### Processor time\n\n{times(found, speed)}")
    return "\n\n".join(parts) + "\n"


def by_size(found: Results, worlds: Sequence[str], of: str, planted: bool) -> str:
    lines = found.header(["what happens", "births a week", "charts"])
    rows = found.charts[found.charts["planted"]] if planted else found.charts
    for world in worlds:
        for group, births in reversed(found.births.items()):
            these = rows[(rows["world"] == world) & (rows["stratum"] == group)]
            if not these.empty:
                shares = [found.share(these, name, of) for name in found.names]
                lines.append(row([SAID[world], births, len(these), *shares]))
    return "\n".join(lines)


def false_signals(found: Results) -> str:
    """Charts with any signal where nothing happens, by size, and networks with any."""
    lines = [by_size(found, STILL, "any", False)]
    for world in STILL:
        rows = found.charts[found.charts["world"] == world]
        if rows.empty:
            continue
        marked = [f"{name}_any" for name in found.ran]
        whole = rows.groupby("network")[marked].any()
        shares = [found.share(whole, name, "any") for name in found.names]
        lines.append(row([f"{SAID[world]}: networks with any", "108 a site", len(whole), *shares]))
    return "\n".join(lines)


def power(found: Results) -> str:
    """Changes that are shown in their direction, by size; what all groups share, in its place."""
    text = by_size(found, MOVED, "found", True)
    rows = found.wholes[found.wholes["world"] == "improving"]
    if rows.empty:
        return text
    sure, early = (f"{100 * rows[name].mean():.0f} %" for name in ("ours_found", "early_found"))
    return (
        f"{text}\n\nWhere all groups halve, our *emerging* is of the chart that tells it once, "
        f"Everyone's at the site: {early} of {len(rows)}; established there: {sure}."
    )


def delays(found: Results) -> str:
    """The median of all changes, those that are not found too, and how many are by half a year."""
    lines = found.header(["what happens", "charts"])
    for world in ("widening", "closing"):
        rows = found.charts[(found.charts["world"] == world) & found.charts["planted"]]
        if rows.empty:
            continue
        cells = [_delay(found, rows, name) for name in found.names]
        lines.append(row([SAID[world], len(rows), *cells]))
    return "\n".join(lines)


def _delay(found: Results, rows: pd.DataFrame, name: str) -> str:
    if name not in found.ran:
        return "not installed here"
    if name == "early":
        return "-"  # one look: only what is established is made for looking again and again
    weeks = rows[f"{name}_delay"].fillna(np.inf)
    middle = float(weeks.sort_values().iloc[(len(weeks) - 1) // 2])
    told = f"{middle:.0f} weeks" if np.isfinite(middle) else "over a year"
    return f"{told}; {100 * (weeks <= 26).mean():.0f} % in 26"


def verdicts(found: Results) -> str:
    """Whether the word for each gap is the right one; nobody else has a word for it."""
    lines = head(
        ["planted", "births a week", "gaps", "right", "too early", "wrong", "wrong words", "others"]
    )
    small = max(found.births.values())
    bands = {"3 to 8": (0, 8), "12 and 20": (9, 20), "60": (21, small)}
    for world, truth in TRUTH.items():
        for name, (low, high) in bands.items():
            of = {group for group, births in found.births.items() if low <= births <= high}
            rows = found.charts[(found.charts["world"] == world) & found.charts["stratum"].isin(of)]
            rows = rows[rows["planted"] | (truth == "no gap")]
            rows = rows[rows["verdict"].notna()]
            if not rows.empty:
                words = rows["verdict"]
                right, silent = words.isin(RIGHT[truth]), words.isin(SILENT[truth])
                wrong = ~right & ~silent
                parts = [f"{100 * part.mean():.0f} %" for part in (right, silent, wrong)]
                said = [f"{word} {many}" for word, many in words[wrong].value_counts().items()]
                lines.append(row([SAID[world], name, len(rows), *parts, ", ".join(said), "-"]))
    for world in MOVED[1:]:
        rows = found.charts[(found.charts["world"] == world) & ~found.charts["planted"]]
        rows = rows[rows["verdict"].notna()]
        if not rows.empty:
            wrong = f"{100 * rows['verdict'].isin(CHANGED).mean():.0f} %"
            about = f"{SAID[world]}: the other groups"
            lines.append(row([about, "all", len(rows), "", "", f"{wrong} called changed", "", "-"]))
    return "\n".join(lines)


def coverage(found: Results) -> str:
    """How often the printed interval holds the true ratio."""
    lines = head(["what happens", "interval", "gaps", "holds the truth", "others"])
    looks = {"whole time": ("", STILL), "first year": ("_then", MOVED), "now": ("_now", MOVED)}
    for title, (when, worlds) in looks.items():
        for world in worlds:
            rows = found.charts[found.charts["world"] == world]
            low, high = (rows[f"our_ratio{end}{when}"] for end in ("_lower", "_upper"))
            true = rows["ratio_now" if when == "_now" else "ratio_then"]
            told = low.notna() & high.notna()
            if told.any():
                held = ((low <= true) & (true <= high))[told].mean()
                lines.append(row([SAID[world], title, int(told.sum()), f"{100 * held:.1f} %", "-"]))
    return "\n".join(lines)


def times(found: Results, speed: dict[str, dict[str, float]]) -> str:
    """Processor milliseconds a chart, and how many times `qi_equity.chart`'s."""
    each = {name: 1000 * told["cpu"] / told["charts"] for name, told in speed.items()}
    titles = found.names | {
        "ours": "`qi-equity analyse`, started for each network: charts, gaps, verdicts, tables",
        "chart": "`qi_equity.chart`: lines and rules",
    }
    lines = head(["contestant", "ms a chart", "times `qi_equity.chart`"])
    for name in ("chart", *[one for one in titles if one not in ("chart", "early")]):
        if name in each:
            lines.append(
                row([titles[name], f"{each[name]:.2f}", f"{each[name] / each['chart']:.1f}"])
            )
        else:
            lines.append(row([titles[name], "not installed here", ""]))
    return "\n".join(lines)


def page_with(page: str, text: str) -> str:
    """The page with the tables between their marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{text}{END}{after}"
