"""How much text goes where: letters are measured, since an Office file is laid out when opened."""

from __future__ import annotations

from collections.abc import Sequence

from qi_equity.words import say
from qi_equity.words.report import whole_words

EMU = 12700  # to a point
LEADING = 1.2  # height of a line, as a multiple of its letters
AFTER = 4.0  # points between two sentences
# Widths of letters of Arial as shares of their size (its metrics, rounded up a little), so that a
# machine without Arial, which draws with a sibling of it, breaks lines no later.
NARROW = dict.fromkeys("ijl.,:;'|!", 0.28) | dict.fromkeys("ft()[]r-‐ /", 0.35)
BROAD = dict.fromkeys("mwMW%@—…―", 0.92) | dict.fromkeys("◆▲■●△×", 0.85)
SMALL, LARGE, OTHER = 0.54, 0.71, 1.0


def width(text: str, size: float) -> float:
    """How wide a text is, in points.

    >>> width("ill", 10) < width("one", 10) < width("MMM", 10)
    True
    """
    return size * sum(_letter(one) for one in text)


def _letter(one: str) -> float:
    if one in NARROW:
        return NARROW[one]
    if one in BROAD:
        return BROAD[one]
    if ord(one) > 0x2E7F:  # scripts whose letters are as wide as high
        return OTHER
    return LARGE if one.isupper() else SMALL


def wrapped(text: str, wide: int, size: float) -> list[str]:
    """A text in lines no wider than a width (in EMU); a word that is too long is broken.

    >>> wrapped("one two three", 12700 * 50, 10)
    ['one two', 'three']
    """
    room, lines = wide / EMU, list[str]()
    for part in text.split("\n"):
        line = ""
        for word in _words(part, room, size):
            longer = f"{line} {word}" if line else word
            if line and width(longer, size) > room:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines


def _words(text: str, room: float, size: float) -> list[str]:
    """The words of a text, in pieces where one is wider than a line."""
    words = []
    for word in text.split(" "):
        while width(word, size) > room and len(word) > 1:
            most = next(
                (n for n in range(1, len(word)) if width(word[: n + 1], size) > room), len(word) - 1
            )
            words.append(word[:most])
            word = word[most:]
        words.append(word)
    return words


def lines_of(text: str, wide: int, size: float) -> int:
    """How many lines a text takes."""
    return len(wrapped(text, wide, size))


def clipped_to(text: str, wide: int, size: float, lines: int) -> str:
    """A text that takes no more than so many lines; its end is cut where it would.

    >>> clipped_to("one two three four", 12700 * 50, 10, 1)
    'one two…'
    """
    held = wrapped(text, wide, size)
    if len(held) <= lines:
        return text
    rest = " ".join(held[lines - 1 :])
    last = rest
    while last and width(last, size) + size > wide / EMU:
        last = last[:-1]
    return " ".join([*held[: lines - 1], say("report.clipped", text=whole_words(last, rest))])


def height(lines: Sequence[str], wide: int, size: float) -> int:
    """The height of sentences one under the other, in EMU."""
    return int(EMU * sum(lines_of(line, wide, size) * size * LEADING + AFTER for line in lines))


def headed(heading: str, lines: Sequence[str], more: int) -> list[str]:
    """Sentences under their heading; how many more there are stands in it, or under them.

    >>> headed("Overdue", ["One."], 2), headed("", ["One."], 2)
    (['Overdue (2 more in the notes)', 'One.'], ['One.', 'and 2 more, in the notes'])
    """
    if heading and more:
        heading = say("report.heading_more", heading=heading, count=more)
        more = 0
    under = [say("report.more", count=more)] if more else []
    return [*([heading] if heading else []), *lines, *under]


def fitted(
    heading: str, lines: Sequence[str], more: int, wide: int, high: int, size: float
) -> list[str]:
    """The sentences that fit a height, each whole, and how many more stand in the notes."""
    shown = list(lines)
    while height(kept := headed(heading, shown, more), wide, size) > high and shown:
        if len(shown) == 1:
            rest = high - height(headed(heading, [], more), wide, size)
            most = max(1, int((rest / EMU - AFTER) / (size * LEADING)))
            return headed(heading, [clipped_to(shown[0], wide, size, most)], more)
        shown.pop()
        more += 1
    return kept
