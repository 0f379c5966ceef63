"""Small drawings of our own as SVG text; each is said in words beside it, none stands alone."""

from __future__ import annotations

from qi_equity.view.theme import LIGHT, MEANINGS
from qi_equity.words import say

_FRAME = (
    '<svg class="icon" viewBox="0 0 {w} {h}" width="{w}" height="{h}" aria-hidden="true">{x}</svg>'
)


def drawing(inner: str, width: int = 20, height: int = 20) -> str:
    """SVG that takes its colours from the page and is silent to a screen reader."""
    return _FRAME.format(w=width, h=height, x=inner)


def _tone(name: str) -> str:
    return f"var(--{name})"


def _dots(heights: list[float], tone: str) -> str:
    """A little chart: a line of dots about a centre line, the last three in the tone."""
    points = [(4 + 5 * i, height) for i, height in enumerate(heights)]
    path = " ".join(f"{x},{y}" for x, y in points)
    last = len(points) - 3
    dots = "".join(
        f'<circle cx="{x}" cy="{y}" r="2.1" fill="{tone if i >= last else _tone("muted")}"/>'
        for i, (x, y) in enumerate(points)
    )
    rule = (
        f'<line x1="1" x2="43" y1="14" y2="14" stroke="{_tone("muted")}" stroke-dasharray="2 2"/>'
    )
    return f'{rule}<polyline points="{path}" fill="none" stroke="{_tone("muted")}"/>{dots}'


# Variation: which way the last points went, as a chart that small.
_LEVEL = [11, 17, 13, 16, 12, 16, 12, 15, 13]
_RISES = [18, 20, 17, 19, 15, 17, 7, 5, 4]
_FALLS = [10, 8, 11, 9, 13, 11, 21, 23, 24]


def variation(name: str, direction: str) -> str:
    """The drawing for a verdict on variation; improvement points the way the measure should go."""
    up_is_better = direction != "decrease"
    shapes = {
        "common cause": (_LEVEL, "muted"),
        "improvement": (_RISES if up_is_better else _FALLS, "improvement"),
        "concern": (_FALLS if up_is_better else _RISES, "concern"),
        "mixed": ([6, 5, 12, 16, 13, 15, 23, 22, 24], "other"),
        "special cause": (_RISES, "other"),
        "high": (_RISES, "other"),
        "low": (_FALLS, "other"),
    }
    if name not in shapes:
        return ""
    heights, tone = shapes[name]
    return drawing(_dots([float(y) for y in heights], _tone(tone)), 46, 28)


def assurance(name: str) -> str:
    """The drawing for whether the target will be met: a band and where the target lies in it."""
    places = {
        "consistent pass": (5, "improvement"),
        "inconsistent": (14, "muted"),
        "consistent fail": (24, "concern"),
    }
    if name not in places:
        return ""
    height, tone = places[name]
    band = f'<rect x="3" y="9" width="40" height="10" rx="2" fill="{_tone("grid")}"/>'
    wave = f'<path d="M4 14l6-3 6 6 6-5 6 4 6-5 8 4" fill="none" stroke="{_tone("muted")}"/>'
    line = (
        f'<path d="M1 {height}h44" stroke="{_tone(tone)}" stroke-width="2" stroke-dasharray="5 3"/>'
    )
    return drawing(band + wave + line, 46, 28)


# A verdict on a gap: two lines that part, meet, stay apart or lie together.
_VERDICTS = {
    "widening": ("M2 9L26 3M2 13L26 19", "concern"),
    "narrowing": ("M2 3L26 9M2 19L26 13", "improvement"),
    "closed": ("M2 3L18 11H26M2 19L18 11", "improvement"),
    "reversed": ("M2 3L26 19M2 19L26 3", "concern"),
    "steady": ("M2 5H26M2 17H26", "ink"),
    "gap": ("M2 5H26M2 17H26", "muted"),
    "echo": ("M2 5H14L26 9M2 17H26", "muted"),
    "no gap": ("M2 10H26M2 13H26", "muted"),
    "one look": ("M11 5h6M11 17h6", "muted"),
    "held back": ("M11 4v14M17 4v14", "muted"),
    "too few": ("M4 11h2M11 11h2M18 11h2M25 11h1", "muted"),
}


def verdict(name: str) -> str:
    """The drawing for a verdict on a gap."""
    if name not in _VERDICTS:
        return ""
    path, tone = _VERDICTS[name]
    line = f'<path d="{path}" fill="none" stroke="{_tone(tone)}" stroke-width="2.4"/>'
    return drawing(line, 28, 22)


_SHAPES = {
    "diamond": "M8 2l6 6-6 6-6-6z",
    "triangle-up": "M8 2l6.5 11.5h-13z",
    "square": "M3 3h10v10h-10z",
}


def _stroke(tone: str, width: float, dash: str = "") -> str:
    style = f'stroke="{_tone(tone)}" stroke-width="{width}" stroke-dasharray="{dash}"'
    return drawing(f'<path d="M0 8h26" {style}/>', 26, 16)


def _upright(tone: str) -> str:
    style = f'stroke="{_tone(tone)}" stroke-width="1.5" stroke-dasharray="2 3"'
    return drawing(f'<path d="M13 0v16" {style}/>', 26, 16)


def _upright_line(tone: str) -> str:
    return drawing(f'<path d="M13 0v16" stroke="{_tone(tone)}" stroke-width="1"/>', 26, 16)


def key(
    meanings: list[str], *, target: bool, limits: bool, cycles: bool, above: bool, baseline: bool
) -> list[tuple[str, str]]:
    """The key under a chart: each mark as drawn and in words, only what is there."""
    value = drawing(
        f'<path d="M0 8h26" stroke="{_tone("value")}"/>'
        f'<circle cx="13" cy="8" r="3" fill="{_tone("value")}"/>',
        26,
        16,
    )
    items = [(value, say("charts.key.value")), (_stroke("centre", 2), say("charts.key.centre"))]
    if limits:
        items.append((_stroke("limit", 1), say("charts.key.limits")))
    if target:
        items.append((_stroke("target", 1.5, "6 4"), say("charts.key.target")))
    for name, (tone, symbol) in MEANINGS.items():
        if name in meanings:
            path = f'<path d="{_SHAPES[symbol]}" fill="{_tone(tone)}"/>'
            items.append((drawing(path, 16, 16), say(f"charts.meaning.{name}")))
    if above:
        arrow = f'<path d="M8 2l5 8H10v4H6v-4H3z" fill="none" stroke="{_tone("value")}"/>'
        items.append((drawing(arrow, 16, 16), say("charts.key.above")))
    if baseline:
        ground = f'<rect width="26" height="16" fill="{_tone("grid")}"/>'
        items.append((drawing(ground, 26, 16), say("charts.key.baseline")))
    if cycles:
        items.append((_upright("cycle"), say("charts.key.cycle")))
    return items


def gap_key(decided: bool) -> list[tuple[str, str]]:
    """The key under gap charts; `decided` where the chart of the evidence is drawn too."""
    band = f'<rect y="2" width="26" height="12" fill="{_tone("grid")}"/>'
    evidence = [
        (_stroke("concern", 2), say("gaps.key.wider")),
        (_stroke("improvement", 2), say("gaps.key.narrower")),
        (_stroke("limit", 1), say("gaps.key.limits")),
        (_upright_line("ink"), say("gaps.key.established")),
    ]
    return [
        (_stroke("value", 2), say("gaps.key.gap")),
        (drawing(band, 26, 16), say("gaps.key.interval")),
        (_stroke("centre", 2), say("gaps.key.none")),
        (_upright("cycle"), say("gaps.key.cycle")),
        *(evidence if decided else []),
    ]


def funnel_key() -> list[tuple[str, str]]:
    """The key under a funnel."""
    square = f'<path d="{_SHAPES["square"]}" fill="{_tone("other")}"/>'
    dot = f'<circle cx="8" cy="8" r="4.5" fill="{_tone("value")}"/>'
    return [
        (drawing(dot, 16, 16), say("compare.key.site")),
        (drawing(square, 16, 16), say("compare.key.beyond")),
        (_stroke("centre", 2), say("compare.key.all")),
        (_stroke("limit", 1.2, "2 3"), say("compare.key.inner")),
        (_stroke("limit", 1.2), say("compare.key.outer")),
    ]


# Three strata and the distance between them: the mark of the app.
MARK = (
    '<svg class="mark" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">'
    '<rect width="32" height="32" rx="7" fill="currentColor" opacity="0.16"/>'
    '<path d="M5 10l6 3 6-2 10 4M5 23l6-3 6 1 10-4" fill="none" stroke="currentColor" '
    'stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/></svg>'
)
FAVICON = (
    "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' "
    "height='32' rx='7' fill='%23" + LIGHT["centre"][1:] + "'/%3E%3Cpath d='M5 10l6 3 6-2 10 4M5 "
    "23l6-3 6 1 10-4' fill='none' stroke='white' stroke-width='2.6'/%3E%3C/svg%3E"
)
