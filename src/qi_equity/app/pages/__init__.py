"""The pages: each is a function from what is chosen to a template, its values and its figures."""

from __future__ import annotations

from collections.abc import Callable

from qi_equity.app.pages.charts import charts
from qi_equity.app.pages.compare import compare
from qi_equity.app.pages.gap import gap
from qi_equity.app.pages.page import Context, Page

PAGES: dict[str, Callable[[Context], Page]] = {"charts": charts, "gap": gap, "compare": compare}

__all__ = ["PAGES", "Context", "Page"]
