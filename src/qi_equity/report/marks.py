"""The marks of charts as letters, for keys and tables: the shapes of the app; no colours here."""

from __future__ import annotations

MARKS = {
    "diamond": "◆",
    "triangle-up": "▲",
    "square": "■",
    "dot": "●",
    "above": "△",
    "": "―",
    "none": "",
}
