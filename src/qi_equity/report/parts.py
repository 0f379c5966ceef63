"""What a page of a report is made of; how each format shows it is said elsewhere, no sums here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import pandas as pd

from qi_equity.findings import Findings
from qi_equity.store import Action, Session, SessionNote
from qi_equity.store.rounds import Beside
from qi_equity.view.funnel_figure import MOST_NAMED
from qi_equity.view.panels import Figure
from qi_equity.view.table import Table

T = TypeVar("T")
Value = float | None
# What a file says of its day where there is no data: the first that a zip archive can hold.
NO_DAY = pd.Timestamp(1980, 1, 1)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Which release a report is made from; without a number, whom it is for and by which policy."""

    number: int | None = None
    date: pd.Timestamp | None = None
    policy: str = ""  # hes, msds, threshold or none
    team: bool = False  # true counts: not for passing on


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a native chart: a value a time, None where nothing was logged.

    `look` is the name of a colour of the theme and of a line; `mark` the shape of its points.
    """

    name: str
    values: tuple[Value, ...]
    look: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart as a spreadsheet would hold it: times across, a series a line."""

    title: str
    times: tuple[pd.Timestamp, ...]
    lines: tuple[Line, ...]
    alt: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    ratio: bool = False  # a log scale, on which twice and half are equally far from no gap
    first: pd.Timestamp | None = None  # of all panels beside it, so that times stand together
    last: pd.Timestamp | None = None


@dataclass(frozen=True, slots=True)
class Cloud:
    """Sites by their size inside the limits of chance: (size, value) pairs."""

    title: str
    sites: tuple[tuple[str, float, float, bool], ...]  # name, size, value, beyond the outer limits
    curves: tuple[tuple[str, str, tuple[tuple[float, float], ...]], ...]  # name, look, pairs
    alt: str
    unit: str = ""
    across: str = ""

    @property
    def numbered(self) -> bool:
        """Whether each site has a number: of many they would run into one another."""
        return len(self.sites) <= MOST_NAMED


@dataclass(frozen=True, slots=True)
class Reach:
    """One estimate and how far its interval reaches, by name."""

    name: str
    estimate: float
    lower: float
    upper: float
    look: str = "value"


@dataclass(frozen=True, slots=True)
class Forest:
    """Estimates one under the other, the first on top, each with its interval."""

    title: str
    rows: tuple[Reach, ...]
    alt: str
    ratio: bool = False  # a log scale, on which twice and half are equally far from no gap

    @property
    def ends(self) -> tuple[float, float]:
        """From where to where the scale goes: whole doublings of a ratio, else from nought.

        >>> Forest("", (Reach("a", 1.5, 1.1, 3.0), Reach("b", 1.2, 0.9, 2.0)), "", True).ends
        (0.5, 4.0)
        """
        low = min(row.lower for row in self.rows)
        high = max(row.upper for row in self.rows)
        if not self.ratio:
            return 0.0, high
        return 2.0 ** math.floor(math.log2(min(low, 1.0))), 2.0 ** math.ceil(
            math.log2(max(high, 2.0))
        )


@dataclass(frozen=True, slots=True)
class Said:
    """Sentences, one under the other; `more` of them stand in the notes alone."""

    lines: tuple[str, ...]
    heading: str = ""
    more: int = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """Charts side by side, the key to their marks, and the same as one figure for a screen."""

    panels: tuple[Panel | Cloud | Forest, ...]
    figure: Figure
    key: tuple[tuple[str, str, str], ...] = ()  # look, mark, words
    across: int = 3

    @property
    def alt(self) -> str:
        """What all of it shows, in words."""
        return " ".join(panel.alt for panel in self.panels)


@dataclass(frozen=True, slots=True)
class Listed:
    """A table; `looks` gives a cell (row, column) the colour of its mark."""

    table: Table
    looks: dict[tuple[int, int], str] = field(default_factory=dict)
    shares: tuple[float, ...] = ()  # of the width that each column takes
    said: str = ""  # what all of it shows, in words


Block = Said | Drawn | Listed


@dataclass(frozen=True, slots=True)
class Page:
    """One message as its title, what shows it, what to say with it, and where it is from."""

    title: str
    blocks: tuple[Block, ...]
    notes: tuple[str, ...] = ()
    footer: str = ""
    opening: bool = False  # the first page, with a large title
    one: bool = False  # one slide whatever it holds: a board reads two

    @property
    def beside(self) -> tuple[str, ...]:
        """The notes, but for those that are no more than the page: where both can be read, once.

        >>> said = (Said(("One.", "Two.")),)
        >>> Page("", said, ("One.",)).beside, Page("", said, ("One.", "Three.")).beside
        ((), ('One.', 'Three.'))
        """
        shown = {line for block in self.blocks if isinstance(block, Said) for line in block.lines}
        # Of others a line may be the head of those after it, though the page has it too.
        return () if shown.issuperset(self.notes) else self.notes


@dataclass(frozen=True, slots=True)
class Pack:
    """The pages of a report, and what its file says of itself."""

    name: str
    title: str
    pages: tuple[Page, ...]
    day: pd.Timestamp  # the last day of the data: a file made again is the same file
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a pack is made for: one site or all, by which release, with what was written down.

    `session` is the agenda that is held still, where one is; without it the findings say what is
    on the agenda. `today` is the day it is made for; without one it is the last day of the data,
    so that the same findings give the same file whenever it is made.
    """

    site: str = ""
    provenance: Provenance = Provenance()
    actions: Sequence[Action] = ()
    today: pd.Timestamp | None = None
    notes: Sequence[SessionNote] = ()
    session: Session | None = None
    beside: Beside = field(default_factory=Beside)

    def day(self, findings: Findings) -> pd.Timestamp:
        """The day the pack is made for."""
        if self.today is not None:
            return self.today
        points = findings.points
        return pd.Timestamp(points["subgroup"].max()) if len(points) else NO_DAY


def parted(found: Sequence[T], most: int) -> Iterator[tuple[int, Sequence[T]]]:
    """Where each part begins, and the part: as few as hold them all, and as even as can be.

    >>> [part for _, part in parted("abcdefg", 6)]
    ['abcd', 'efg']
    """
    many = -(-len(found) // most)
    each = -(-len(found) // many) if many else 1
    for start in range(0, len(found), each):
        yield start, found[start : start + each]
