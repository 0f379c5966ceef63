"""Colours and shapes, in one place; nothing here knows a chart."""

from __future__ import annotations

# Chosen so that text has a contrast of 4.5 and marks one of 3 against the paper (WCAG 2.2), and
# so that improvement and concern stay apart in every common form of colour blindness; shapes and
# words carry the same message without colour.
LIGHT = {
    "paper": "#ffffff",
    "ink": "#16262f",
    "muted": "#4f5f69",
    "grid": "#e4eaed",
    "value": "#34495a",
    "centre": "#147a7e",
    "limit": "#83929c",
    "target": "#8a5a00",
    "improvement": "#0a5fb4",
    "concern": "#c43e00",
    "other": "#71389c",
    "cycle": "#5d6d34",
}
DARK = {
    "paper": "#101b21",
    "ink": "#eef3f5",
    "muted": "#aebcc4",
    "grid": "#2a3a43",
    "value": "#c4d2da",
    "centre": "#5fc9c9",
    "limit": "#7d8f9a",
    "target": "#e2b23c",
    "improvement": "#7db8ff",
    "concern": "#ff9a5c",
    "other": "#cf9df2",
    "cycle": "#b3c675",
}
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

# A point's meaning -> (colour, plotly symbol); the order is that of the key under a chart.
MEANINGS = {
    "improvement": ("improvement", "diamond"),
    "concern": ("concern", "triangle-up"),
    "high": ("other", "square"),
    "low": ("other", "square"),
    "special cause": ("other", "square"),
}
