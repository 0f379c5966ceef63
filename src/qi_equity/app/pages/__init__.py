"""The pages: each is a function from what is chosen to a template, its values and its figures."""

from __future__ import annotations

from qi_equity.app.pages.charts import charts
from qi_equity.app.pages.page import Context, Page

PAGES = {"charts": charts}

__all__ = ["PAGES", "Context", "Page"]
